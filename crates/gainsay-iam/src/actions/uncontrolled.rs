//! The calls that no policy of the caller, of its organization or of a resource controls, as data.

use super::begins;
use crate::principal::Principal;

/// A call that needs no permission, and that a `Deny` does not forbid either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UncontrolledCall {
    /// Its action, such as `sts:GetCallerIdentity`.
    pub action: &'static str,
    /// Whether the service takes the temporary credentials of a role's session.
    pub by_sessions: bool,
    /// The page of AWS that says so.
    pub source: &'static str,
}

impl UncontrolledCall {
    /// Whether a caller of this kind may make the call: whoever signs it, with credentials that the
    /// service takes.
    #[must_use]
    pub fn is_open_to(self, principal: &Principal) -> bool {
        match principal {
            Principal::Anonymous | Principal::Federated(_) => false,
            Principal::Session { .. } => self.by_sessions,
            Principal::User { arn } => self.by_sessions || !arn.contains(":federated-user/"),
            Principal::Root { .. } | Principal::Service(_) => true,
        }
    }
}

/// Every call of S3, KMS and STS that AWS names as one that needs no permission.
pub const UNCONTROLLED: &[UncontrolledCall] = &[
    UncontrolledCall {
        action: "sts:GetCallerIdentity",
        by_sessions: true,
        source: "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html",
    },
    // Policies cannot control authentication; credentials that are temporary get no others.
    UncontrolledCall {
        action: "sts:GetSessionToken",
        by_sessions: false,
        source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html",
    },
];

/// The call of this name, if no policy controls it; case does not matter.
#[must_use]
pub fn uncontrolled(action: &str) -> Option<&'static UncontrolledCall> {
    UNCONTROLLED
        .iter()
        .find(|call| call.action.len() == action.len() && begins(action, call.action))
}

/// The ARN that policies are matched with, where a request says `*`. `s3:ListAllMyBuckets` has no
/// type of resource and is authorized on all buckets of the partition: the walkthrough at
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/walkthrough1.html> allows it on
/// `arn:aws:s3:::*`, and messages of refusal name that ARN. Of every other action without a type of
/// resource the service authorization reference says that only `*` matches.
pub(crate) fn matched_resource<'a>(
    lower_action: &str,
    resource: &'a str,
    principal: &Principal,
) -> &'a str {
    if resource != "*" || lower_action != "s3:listallmybuckets" {
        return resource;
    }
    match principal.partition() {
        Some("aws-cn") => "arn:aws-cn:s3:::*",
        Some("aws-us-gov") => "arn:aws-us-gov:s3:::*",
        _ => "arn:aws:s3:::*",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_documented_actions_of_any_case() {
        for call in UNCONTROLLED {
            assert!(crate::actions::action(call.action).is_some(), "{}", call.action);
            assert!(call.source.starts_with("https://docs.aws.amazon.com/"), "{}", call.action);
        }
        let call = uncontrolled("STS:getcalleridentity").map(|call| call.action);
        assert_eq!(call, Some("sts:GetCallerIdentity"));
        assert_eq!(uncontrolled("sts:GetCallerIdentity2"), None);
        assert_eq!(uncontrolled("sts:AssumeRole"), None);
    }

    #[test]
    fn temporary_credentials_get_no_others() {
        let [identity, token] = UNCONTROLLED else { panic!("{UNCONTROLLED:?}") };
        let arn = |name: &str| format!("arn:aws:sts::111122223333:{name}");
        let session = Principal::Session {
            role: "arn:aws:iam::111122223333:role/app".to_owned(),
            arn: arn("assumed-role/app/s"),
        };
        let federated = Principal::User { arn: arn("federated-user/ann") };
        let user = Principal::User { arn: "arn:aws:iam::111122223333:user/ann".to_owned() };
        for caller in [&session, &federated, &user] {
            assert!(identity.is_open_to(caller), "{caller}");
            assert_eq!(token.is_open_to(caller), caller == &user, "{caller}");
        }
        assert!(!identity.is_open_to(&Principal::Anonymous));
    }
}
