//! The condition keys that follow from who asks and from whose resource it is: AWS sends them with
//! every request, so a question need not have them, and one that has others is wrong.
//!
//! Follows "AWS global condition context keys"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>) and,
//! for `aws:userid` and `aws:PrincipalType`, the table of principal values in "Policy variables"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>).

use std::borrow::Cow;

use crate::context::{Context, ContextValue};
use crate::input::EvaluationInputError;
use crate::principal::Principal;

/// What the caller says of a key.
enum Says<'a> {
    /// Its value.
    Is(Cow<'a, str>),
    /// That it is there and ends with this, but not how it begins.
    EndsWith(&'a str),
    /// That it is there, but not with which value.
    Present,
    /// That it is not there.
    Absent,
    /// Nothing: the pages do not say what this kind of caller has.
    Nothing,
}

/// The keys: as the pages write them, and in lower case.
const KEYS: [(&str, &str); 8] = [
    ("aws:PrincipalArn", "aws:principalarn"),
    ("aws:PrincipalAccount", "aws:principalaccount"),
    ("aws:PrincipalType", "aws:principaltype"),
    ("aws:userid", "aws:userid"),
    ("aws:username", "aws:username"),
    ("aws:PrincipalIsAWSService", "aws:principalisawsservice"),
    ("aws:PrincipalServiceName", "aws:principalservicename"),
    ("aws:PrincipalServiceNamesList", "aws:principalservicenameslist"),
];

/// What the caller says of each of [`KEYS`], in their order.
fn says(principal: &Principal) -> [Says<'_>; 8] {
    use Says::{Absent, EndsWith, Is, Nothing, Present};
    let is = |value| Is(Cow::Borrowed(value));
    let account = principal.account().unwrap_or_default();
    let (is_no_service, no_name) = (is("false"), [Absent, Absent]);
    let [name, names] = no_name;
    match principal {
        // Without a signature: the page has `anonymous` as the account.
        Principal::Anonymous => [
            Absent,
            is("anonymous"),
            is("Anonymous"),
            is("anonymous"),
            Absent,
            Nothing,
            name,
            names,
        ],
        Principal::Root { .. } => [
            principal.to_arn().map_or(Nothing, Is),
            is(account),
            is("Account"),
            is(account),
            Absent,
            is_no_service,
            name,
            names,
        ],
        Principal::User { arn } => match arn.split_once(":federated-user/") {
            Some((_, user)) => [
                is(arn),
                is(account),
                is("FederatedUser"),
                Is(Cow::Owned(format!("{account}:{user}"))),
                Absent,
                is_no_service,
                name,
                names,
            ],
            None => [
                is(arn),
                is(account),
                is("User"),
                Present,
                is(arn.rsplit('/').next().unwrap_or_default()),
                is_no_service,
                name,
                names,
            ],
        },
        Principal::Session { role, arn } => [
            is(role),
            is(account),
            is("AssumedRole"),
            EndsWith(arn.rsplit('/').next().unwrap_or_default()),
            Absent,
            is_no_service,
            name,
            names,
        ],
        // A web identity or SAML assertion is no signature of AWS.
        Principal::Federated(_) => {
            [Nothing, Nothing, Nothing, Nothing, Nothing, Nothing, Nothing, Nothing]
        }
        Principal::Service(service) => {
            [Nothing, Nothing, Nothing, Nothing, Absent, is("true"), is(service), Present]
        }
    }
}

/// Sets the keys that follow from the caller and that the context does not have.
///
/// # Errors
///
/// [`EvaluationInputError::Contradiction`] if the context has another value.
pub(super) fn set_principal(
    context: &mut Context,
    principal: &Principal,
) -> Result<(), EvaluationInputError> {
    for ((key, lower), says) in KEYS.into_iter().zip(says(principal)) {
        let unsaid = match &says {
            Says::Is(value) => context.set_unless_said(lower, || Some(value.clone().into_owned())),
            Says::EndsWith(_) | Says::Present => context.set_unless_said(lower, || None),
            Says::Absent | Says::Nothing => !context.says(lower),
        };
        if unsaid {
            continue;
        }
        let agrees = match (&says, context.find(lower)) {
            (Says::Nothing, _) => true,
            (Says::Present, found) => found != ContextValue::Absent,
            (Says::Absent, found) => found == ContextValue::Absent,
            (Says::Is(value), ContextValue::Values([found])) => value == found,
            (Says::EndsWith(end), ContextValue::Values([found])) => {
                found.strip_suffix(end).is_some_and(|start| start.ends_with(':'))
            }
            (
                Says::Is(_) | Says::EndsWith(_),
                ContextValue::Values(_)
                | ContextValue::Absent
                | ContextValue::Unmodelled
                | ContextValue::Unknown(_),
            ) => false,
        };
        if !agrees {
            let expected = match says {
                Says::Is(value) => format!("`{value}`"),
                Says::EndsWith(end) => format!("the id of its role with `:{end}`"),
                Says::Present => "a value".to_owned(),
                Says::Absent | Says::Nothing => "no such key".to_owned(),
            };
            return Err(EvaluationInputError::Contradiction {
                key,
                found: words(context, lower),
                of: format!("the principal `{principal}`"),
                expected,
            });
        }
    }
    Ok(())
}

/// Sets the account that KMS sees as the caller's
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-caller-account>).
///
/// # Errors
///
/// [`EvaluationInputError::Contradiction`] if the context has another account.
pub(super) fn set_kms_caller(
    context: &mut Context,
    action: &str,
    principal: &Principal,
) -> Result<(), EvaluationInputError> {
    const ACCOUNT: &str = "kms:calleraccount";
    let is_of_kms = action.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("kms:"));
    let Some(account) = principal.account().filter(|_| is_of_kms) else { return Ok(()) };
    if context.set_unless_said(ACCOUNT, || Some(account.to_owned())) {
        return Ok(());
    }
    let agrees = match context.find(ACCOUNT) {
        ContextValue::Values([found]) => found == account,
        ContextValue::Values(_) | ContextValue::Absent => false,
        ContextValue::Unmodelled | ContextValue::Unknown(_) => true,
    };
    if agrees {
        return Ok(());
    }
    Err(EvaluationInputError::Contradiction {
        key: "kms:CallerAccount",
        found: words(context, ACCOUNT),
        of: format!("the principal `{principal}`"),
        expected: format!("`{account}`"),
    })
}

/// The account that owns the resource, and sets the keys that have it: as the question says, else
/// as the ARN or the context does, else the caller's.
///
/// # Errors
///
/// [`EvaluationInputError::Contradiction`] if the context has another account.
pub(super) fn set_resource_account(
    context: &mut Context,
    action: &str,
    resource: &str,
    said: Option<String>,
    principal: &Principal,
) -> Result<String, EvaluationInputError> {
    const ACCOUNT: &str = "aws:resourceaccount";
    const OF_S3: &str = "s3:resourceaccount";
    let in_arn = || {
        let account = resource.split(':').nth(4).filter(|account| !account.is_empty());
        account.map(str::to_owned)
    };
    let in_context = |context: &Context| match context.find(ACCOUNT) {
        ContextValue::Values([account]) => Some(account.clone()),
        ContextValue::Values(_)
        | ContextValue::Absent
        | ContextValue::Unmodelled
        | ContextValue::Unknown(_) => None,
    };
    let account = said
        .or_else(in_arn)
        .or_else(|| in_context(context))
        .or_else(|| principal.account().map(str::to_owned))
        .unwrap_or_default();
    let is_of_s3 = action.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("s3:"));
    for (key, lower) in [("aws:ResourceAccount", ACCOUNT), ("s3:ResourceAccount", OF_S3)] {
        // Without a resource there is no account.
        let has_key = resource != "*" && !account.is_empty() && (lower == ACCOUNT || is_of_s3);
        if has_key && context.set_unless_said(lower, || Some(account.clone())) {
            continue;
        }
        let agrees = match context.find(lower) {
            ContextValue::Values([found]) => *found == account,
            ContextValue::Values(_) => false,
            ContextValue::Absent | ContextValue::Unmodelled | ContextValue::Unknown(_) => true,
        };
        if !agrees {
            return Err(EvaluationInputError::Contradiction {
                key,
                found: words(context, lower),
                of: format!("the resource `{resource}`"),
                expected: format!("`{account}`"),
            });
        }
    }
    Ok(account)
}

/// What a context has, for people.
fn words(context: &Context, lower: &str) -> String {
    match context.find(lower) {
        ContextValue::Values([value]) => format!("`{value}`"),
        ContextValue::Values(values) => format!("{} values", values.len()),
        ContextValue::Absent => "no value".to_owned(),
        ContextValue::Unmodelled | ContextValue::Unknown(_) => "a value".to_owned(),
    }
}
