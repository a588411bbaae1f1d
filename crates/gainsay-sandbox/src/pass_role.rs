//! `iam:PassRole`: the second question of every operation that hands a role to a service.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>. It is asked about
//! the caller, on the role's ARN, whether or not there is such a role.

use super::{
    authorize::{Permit, Question, Refusal, Scope},
    state::World,
};

/// Whether the caller may pass a role to a service, such as `batchoperations.s3.amazonaws.com`.
///
/// # Errors
/// A refusal as by any policy. The page says that a role of another account cannot be passed; the
/// words for it are assumed.
pub(super) fn pass_role(
    world: &World,
    scope: &Scope,
    role_arn: &str,
    service: &str,
) -> Result<Permit, Refusal> {
    let account = role_arn.split(':').nth(4).unwrap_or_default();
    let mut context = scope.context(account);
    context.set("iam:PassedToService", service);
    // Whether a service sends what the role will work on is its own affair.
    context.set_unmodelled("iam:AssociatedResourceArn");
    if let Some(role) = world.roles.get(role_arn) {
        for (key, value) in &role.tags {
            context.set(&format!("aws:ResourceTag/{key}"), value.as_str());
            context.set(&format!("iam:ResourceTag/{key}"), value.as_str());
        }
    }
    let permit = scope.authorize(&Question {
        action: "iam:PassRole",
        resource: role_arn,
        resource_account: account,
        resource_policy: None,
        context: &context,
        settings: &[],
        restrict_public: false,
    });
    match permit {
        Err(Refusal::Denied(_)) if scope.account().is_some_and(|own| own != account) => {
            Err(Refusal::Denied("Cross-account pass role is not allowed.".to_owned()))
        }
        other => other,
    }
}
