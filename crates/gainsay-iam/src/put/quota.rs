//! How large a document may be, by what it is stored for.

use super::AwsError;
use crate::layer::PolicyKind;

/// A place where a policy document is stored, which has a size of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// All inline policies of a user together.
    InlineUser,
    /// All inline policies of a role together.
    InlineRole,
    /// All inline policies of a group together.
    InlineGroup,
    /// A customer's managed policy.
    Managed,
    /// The trust policy of a role, unless the account has a larger quota.
    Trust,
    /// A session policy.
    Session,
    /// A bucket policy, and one of another resource.
    Bucket,
    /// A key policy.
    Key,
    /// A service control policy.
    Scp,
    /// A resource control policy.
    Rcp,
    /// The policy of a VPC endpoint.
    Endpoint,
}

/// Place, most characters, whether white space between elements counts, error, message (`{}` is
/// what the policy is of), source.
struct Row(Quota, usize, bool, &'static str, &'static str, &'static str);

const IAM: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html";
const ORGANIZATIONS: &str =
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html";

const ROWS: &[Row] = &[
    Row(
        Quota::InlineUser,
        2_048,
        false,
        "LimitExceeded",
        "Maximum policy size of 2048 bytes exceeded for user {}",
        IAM,
    ),
    Row(
        Quota::InlineRole,
        10_240,
        false,
        "LimitExceeded",
        "Maximum policy size of 10240 bytes exceeded for role {}",
        IAM,
    ),
    Row(
        Quota::InlineGroup,
        5_120,
        false,
        "LimitExceeded",
        "Maximum policy size of 5120 bytes exceeded for group {}",
        IAM,
    ),
    Row(
        Quota::Managed,
        6_144,
        false,
        "LimitExceeded",
        "Cannot exceed quota for PolicySize: 6144",
        IAM,
    ),
    Row(
        Quota::Trust,
        2_048,
        false,
        "LimitExceeded",
        "Cannot exceed quota for ACLSizePerRole: 2048",
        IAM,
    ),
    Row(
        Quota::Session,
        2_048,
        true,
        "ValidationError",
        "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048",
        IAM,
    ),
    // The words are assumed.
    Row(
        Quota::Bucket,
        20_480,
        true,
        "MalformedPolicy",
        "Policy exceeds the maximum allowed document size.",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html",
    ),
    // The words are assumed.
    Row(
        Quota::Key,
        32_768,
        true,
        "LimitExceededException",
        "The request was rejected because a length constraint or quota was exceeded.",
        "https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html",
    ),
    Row(
        Quota::Scp,
        10_240,
        true,
        "ConstraintViolationException",
        "You have exceeded the maximum policy size.",
        ORGANIZATIONS,
    ),
    Row(
        Quota::Rcp,
        5_120,
        true,
        "ConstraintViolationException",
        "You have exceeded the maximum policy size.",
        ORGANIZATIONS,
    ),
    // The words are assumed.
    Row(
        Quota::Endpoint,
        20_480,
        true,
        "InvalidParameter",
        "The policy document exceeds the maximum size of 20480 characters.",
        "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html",
    ),
];

impl Quota {
    fn row(self) -> &'static Row {
        const NONE: Row = Row(Quota::Bucket, 0, true, "", "", "");
        ROWS.iter().find(|row| row.0 == self).unwrap_or(&NONE)
    }

    /// The most characters it may have.
    #[must_use]
    pub fn max(self) -> usize {
        self.row().1
    }

    /// How much of the quota a text takes: where white space between elements does not count, all
    /// white space is left out, as IAM does.
    #[must_use]
    pub fn size_of(self, text: &str) -> usize {
        let counts = self.row().2;
        text.chars().filter(|c| counts || !c.is_whitespace()).count()
    }

    /// What AWS answers where it is exceeded; `of` is the user, role or group.
    #[must_use]
    pub fn error(self, of: &str) -> AwsError {
        let Row(_, _, _, code, message, _) = self.row();
        AwsError { code, message: message.replace("{}", of) }
    }

    /// The page that has the size.
    #[must_use]
    pub fn source(self) -> &'static str {
        self.row().5
    }
}

/// The quota of a kind of document, where the kind alone has one.
pub(crate) fn quota(kind: PolicyKind) -> Option<Quota> {
    match kind {
        PolicyKind::Identity => None,
        PolicyKind::Boundary => Some(Quota::Managed),
        PolicyKind::Bucket | PolicyKind::Resource => Some(Quota::Bucket),
        PolicyKind::VpcEndpoint => Some(Quota::Endpoint),
        PolicyKind::KeyPolicy => Some(Quota::Key),
        PolicyKind::TrustPolicy => Some(Quota::Trust),
        PolicyKind::Session => Some(Quota::Session),
        PolicyKind::Scp => Some(Quota::Scp),
        PolicyKind::Rcp => Some(Quota::Rcp),
    }
}

impl Quota {
    /// The quota of a kind of document; an identity policy has none of its own, as that depends on
    /// what it is attached to.
    #[must_use]
    pub fn of(kind: PolicyKind) -> Option<Self> {
        quota(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_one_row() {
        for Row(quota, max, ..) in ROWS {
            assert_eq!(ROWS.iter().filter(|row| row.0 == *quota).count(), 1, "{quota:?}");
            assert_eq!(quota.max(), *max);
        }
        assert_eq!(ROWS.len(), 11);
    }

    #[test]
    fn white_space_counts_where_the_service_counts_it() {
        assert_eq!(Quota::Managed.size_of("{ \"a\":\n 1 }"), 7);
        assert_eq!(Quota::Rcp.size_of("{ \"a\":\n 1 }"), 11);
    }
}
