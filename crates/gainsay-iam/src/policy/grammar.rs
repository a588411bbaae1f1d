//! The grammar of actions, resources and principals, and the limits of each kind of policy.
//!
//! Follows "Grammar of the IAM JSON policy language", "IAM and AWS STS quotas", and the pages on
//! policies of S3, KMS, Organizations and VPC endpoints.

use std::borrow::Cow;

use crate::layer::PolicyKind;
use crate::principal::Entry;

/// Whether a kind of policy has an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Required,
    Forbidden,
}

/// Whether statements name principals.
pub(crate) fn principals(kind: PolicyKind) -> Rule {
    match kind {
        PolicyKind::Bucket
        | PolicyKind::Resource
        | PolicyKind::KeyPolicy
        | PolicyKind::TrustPolicy
        | PolicyKind::Rcp
        | PolicyKind::VpcEndpoint => Rule::Required,
        PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session | PolicyKind::Scp => {
            Rule::Forbidden
        }
    }
}

/// Whether statements may have `NotPrincipal`.
pub(crate) fn may_exclude_principals(kind: PolicyKind) -> bool {
    matches!(
        kind,
        PolicyKind::Bucket | PolicyKind::Resource | PolicyKind::KeyPolicy | PolicyKind::VpcEndpoint
    )
}

/// Whether statements name resources; a trust policy is about its role.
pub(crate) fn resources(kind: PolicyKind) -> Rule {
    if kind == PolicyKind::TrustPolicy { Rule::Forbidden } else { Rule::Required }
}

/// Whether a `Sid` may be used once only. S3 stores bucket policies that use one twice.
pub(crate) fn sids_are_unique(kind: PolicyKind) -> bool {
    matches!(kind, PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session)
}

/// Whether a `Sid` may have letters and digits only.
pub(crate) fn sids_are_alphanumeric(kind: PolicyKind) -> bool {
    matches!(kind, PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session)
}

/// The most bytes a document of this kind may have, white space between elements not counted. An
/// identity policy has none: AWS's own are larger than what a customer may store, and that depends
/// on where it is stored ([`crate::put::Quota`]).
pub(crate) fn size_limit(kind: PolicyKind) -> Option<usize> {
    crate::put::quota(kind).map(crate::put::Quota::max)
}

/// Whether KMS stores no key policy that applies a set operator to this key: the keys of an
/// encryption context and of tags have one value
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>).
pub(crate) fn is_never_a_set(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    lower.starts_with("kms:encryptioncontext:") || lower.starts_with("aws:requesttag/")
}

/// Checks an action pattern; the error says what to write.
pub(crate) fn action(kind: PolicyKind, action: &str) -> Result<(), &'static str> {
    let everything = matches!(action, "*" | "*:*");
    if !everything {
        let (service, name) = action
            .split_once(':')
            .ok_or("write `service:Name`, such as `s3:GetObject`, or `*` for every action")?;
        if service.is_empty() || !service.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(
                "the service before the colon has letters, digits and hyphens, and no wildcards",
            );
        }
        if name.is_empty()
            || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'?'))
        {
            return Err("the name after the colon has letters, digits and wildcards");
        }
    }
    let of = |service: &str| {
        action.split_once(':').is_some_and(|(own, _)| own.eq_ignore_ascii_case(service))
    };
    if kind == PolicyKind::Bucket && !everything && !S3_SERVICES.iter().any(|own| of(own)) {
        return Err("a bucket policy takes `s3:` actions only");
    }
    if kind == PolicyKind::TrustPolicy && !of("sts") {
        return Err("a trust policy takes `sts:` actions only");
    }
    Ok(())
}

fn is_identity(kind: PolicyKind) -> bool {
    matches!(kind, PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session)
}

/// The services whose buckets and access points have policies of one kind: S3, directory buckets,
/// S3 on Outposts, S3 Object Lambda
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-arn-format.html>).
pub(crate) const S3_SERVICES: &[&str] = &["s3", "s3express", "s3-outposts", "s3-object-lambda"];

/// A resource pattern whole: in an identity policy the fields that an ARN lacks are taken as
/// asterisks (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>).
pub(crate) fn complete(kind: PolicyKind, resource: &str) -> Cow<'_, str> {
    let of_identity = is_identity(kind);
    let missing = 5_usize.saturating_sub(resource.matches(':').count());
    if of_identity && resource.starts_with("arn:") && !resource.ends_with(['*', ':']) && missing > 0
    {
        Cow::Owned(format!("{resource}{}", ":*".repeat(missing)))
    } else {
        Cow::Borrowed(resource)
    }
}

/// Checks a resource pattern, its variables replaced by letters; the error says what to write.
pub(crate) fn resource(kind: PolicyKind, resource: &str) -> Result<(), &'static str> {
    const BUCKET_HELP: &str = "a bucket policy names S3 ARNs, such as `arn:aws:s3:::bucket/*`";
    let is_bucket = kind == PolicyKind::Bucket;
    if resource == "*" {
        return if is_bucket { Err(BUCKET_HELP) } else { Ok(()) };
    }
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let ["arn", partition, rest @ ..] = parts.as_slice() else {
        return Err("write an ARN, `arn:partition:service:region:account:resource`, or `*`");
    };
    // A `*` at the end may stand for the segments behind it.
    if partition.is_empty() || (parts.len() < 6 && !resource.ends_with('*')) {
        return Err("an ARN has six segments, `arn:partition:service:region:account:resource`");
    }
    if let [service, _, ..] | [service] = rest
        && (service.is_empty() || (service.contains(['*', '?']) && parts.len() == 6))
    {
        return Err("the service of an ARN is named in full, without wildcards");
    }
    // AWS's own AmazonDevOpsGuruOrganizationsAccess names nothing after a fifth colon, and lint
    // warns of it.
    if let [_, _, _, last] = rest
        && last.is_empty()
        && !is_identity(kind)
    {
        return Err("the ARN names nothing after its fifth colon");
    }
    if is_bucket && !rest.first().is_some_and(|service| S3_SERVICES.contains(service)) {
        return Err(BUCKET_HELP);
    }
    Ok(())
}

/// The types a `Principal` object may have.
pub(crate) const PRINCIPAL_TYPES: &[&str] = &["AWS", "Service", "Federated", "CanonicalUser"];

/// Reads a principal of one of the [`PRINCIPAL_TYPES`]; the error says what to write.
pub(crate) fn principal(of: &str, value: &str) -> Result<Entry, &'static str> {
    if value == "*" && of == "AWS" {
        return Ok(Entry::Everyone);
    }
    if value.contains(['*', '?', '$']) {
        return Err(
            "a principal is named in full: no wildcards or variables, only `*` for everyone",
        );
    }
    match of {
        "AWS" => aws_principal(value),
        "Service" if value.contains('.') => Ok(Entry::Service(value.to_owned())),
        "Service" => Err("write a service principal, such as `logging.s3.amazonaws.com`"),
        // Those of CloudFront's origin access identities have 96.
        "CanonicalUser"
            if [64, 96].contains(&value.len()) && value.bytes().all(|b| b.is_ascii_hexdigit()) =>
        {
            Ok(Entry::CanonicalUser)
        }
        "CanonicalUser" => Err("a canonical user id has 64 hexadecimal digits"),
        _ if value.is_empty() => {
            Err("write the provider, such as `cognito-identity.amazonaws.com` or its ARN")
        }
        _ => Ok(Entry::Federated(value.to_owned())),
    }
}

fn aws_principal(value: &str) -> Result<Entry, &'static str> {
    const HELP: &str =
        "write an account id, or the ARN of an account root, a user, a role, or a session";
    if is_account(value) {
        return Ok(Entry::Account(value.to_owned()));
    }
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let ["arn", partition, service, "", account, name] = parts.as_slice() else {
        return Err(HELP);
    };
    if !partition.starts_with("aws") {
        return Err("the partition of an ARN is `aws`, `aws-cn` or another of AWS");
    }
    // CloudFront's origin access identities are users of no account.
    if !is_account(account) && *account != "cloudfront" {
        return Err("an account id has twelve digits");
    }
    let after = |kind: &str| name.strip_prefix(kind).is_some_and(|rest| !rest.is_empty());
    match *service {
        "iam" if *name == "root" => Ok(Entry::Account((*account).to_owned())),
        "iam" if after("user/") || after("role/") => Ok(Entry::Arn(value.to_owned())),
        "iam" if after("group/") => Err("a group is no principal: name its users or a role"),
        "sts" if after("federated-user/") => Ok(Entry::Arn(value.to_owned())),
        "sts" if after("assumed-role/") => match name.split('/').collect::<Vec<_>>().as_slice() {
            [_, role, session] if !role.is_empty() && !session.is_empty() => {
                Ok(Entry::Arn(value.to_owned()))
            }
            _ => Err("write a session as `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`"),
        },
        _ => Err(HELP),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions() {
        for ok in ["*", "*:*", "s3:*", "S3:getobject", "s3:Get*", "s3:?et*"] {
            assert_eq!(action(PolicyKind::Bucket, ok), Ok(()), "{ok}");
        }
        for bad in ["", "s3", "s3:", ":Get", "s*:Get", "s3:Get Object", "kms:Decrypt", "s3:Get/x"] {
            assert!(action(PolicyKind::Bucket, bad).is_err(), "{bad}");
        }
        assert_eq!(action(PolicyKind::TrustPolicy, "sts:AssumeRole"), Ok(()));
        assert!(action(PolicyKind::TrustPolicy, "*").is_err());
    }

    #[test]
    fn resource_arns() {
        let ok = [
            "*",
            "arn:aws:s3:::b/*",
            "arn:aws:kms:*:*:key/*",
            "arn:aws:s3:*",
            "arn:aws:logs:r:1:log-group:x:*",
        ];
        for ok in ok {
            assert_eq!(resource(PolicyKind::Identity, ok), Ok(()), "{ok}");
        }
        let bad = ["", "b/*", "arn:aws:s3", "arn::s3:::b", "arn:aws:s*:::b", "aws:s3:::b/x:y:z"];
        for bad in bad {
            assert!(resource(PolicyKind::Identity, bad).is_err(), "{bad}");
        }
        // As AWS's own AmazonDevOpsGuruOrganizationsAccess has it.
        assert_eq!(resource(PolicyKind::Identity, "arn:aws:organizations::*:"), Ok(()));
        for ok in [
            "arn:aws:s3express:r:111122223333:bucket/b--r-az1--x-s3",
            "arn:aws:s3-outposts:r:111122223333:outpost/op-1/bucket/b",
            "arn:aws:s3-object-lambda:r:111122223333:accesspoint/a",
        ] {
            assert_eq!(resource(PolicyKind::Bucket, ok), Ok(()), "{ok}");
        }
        for bad in ["*", "arn:aws:kms:r:1:key/x", "arn:aws:s3:::"] {
            assert!(resource(PolicyKind::Bucket, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn principals_are_named_in_full() {
        for ok in [
            "*",
            "111122223333",
            "arn:aws:iam::111122223333:root",
            "arn:aws-cn:iam::111122223333:role/path/r",
            "arn:aws:sts::111122223333:assumed-role/r/s",
            "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1",
        ] {
            assert!(principal("AWS", ok).is_ok(), "{ok}");
        }
        for bad in [
            "",
            "11112222333",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam::1:root",
            "arn:aws:sts::111122223333:assumed-role/r",
            "arn:aws:sts::111122223333:assumed-role/p/r/s",
            "AIDAEXAMPLE",
        ] {
            assert!(principal("AWS", bad).is_err(), "{bad}");
        }
        assert!(principal("Service", "*").is_err());
    }
}
