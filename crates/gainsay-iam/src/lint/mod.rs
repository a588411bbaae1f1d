//! Lints of a policy that AWS accepts: statements that cannot do what they seem to say, and what
//! IAM Access Analyzer finds in policies of S3, KMS, STS, roles and organizations
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html>).

mod arn;
mod check;
mod conditions;
mod document;
mod network;
mod operations;
mod redundant;
mod resources;
mod review;
mod services;
mod size;
mod statements;

#[cfg(test)]
mod tests;

pub(crate) use arn::is_partition;
pub use check::lint;
pub use document::lint_document;
pub use review::{Review, review};

use crate::error::PathStep;
use crate::policy::condition::Condition;

macro_rules! lints {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, reads $reads:expr;)+) => {
        /// A kind of [`Finding`]. The codes are stable: scripts may rely on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Lint { $($(#[doc = $doc])+ $variant,)+ }

        impl Lint {
            /// Every lint, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable code of the lint, such as `shadowed-allow`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The elements of the statement that it reads besides the one it points at.
            const fn reads(self) -> &'static [&'static str] {
                match self { $(Self::$variant => $reads,)+ }
            }
        }
    };
}

const ALL: &[&str] = &["Effect", "Principal", "Action", "Resource", "Condition"];

lints! {
    /// A statement whose conditions contradict each other.
    NeverMatches = "never-matches", reads &["Condition"];
    /// An Allow everything of which a Deny of the same policy denies.
    ShadowedAllow = "shadowed-allow", reads ALL;
    /// A condition on a key that no request for the statement's actions has.
    KeyNeverCarried = "key-never-carried", reads &["Action"];
    /// `...IfExists` in a Deny.
    IfExistsInDeny = "if-exists-in-deny", reads &["Effect"];
    /// A wildcard in a value that is compared letter by letter.
    WildcardInEquals = "wildcard-in-equals", reads &[];
    /// An action on a resource of a type that no request for it has.
    WrongResourceType = "wrong-resource-type", reads &["Action", "Resource"];
    /// A policy variable in a document without version 2012-10-17.
    VariableIn2008 = "variable-in-2008", reads &[];
    /// `ForAllValues` in an Allow, which an absent key satisfies.
    ForAllValuesInAllow = "for-all-values-in-allow", reads &["Effect", "Condition"];
    /// An action that the service does not have.
    UnknownAction = "unknown-action", reads &[];
    /// A Deny for sessions without MFA that does not apply to long-term access keys, whose requests
    /// lack the key.
    MfaKeyAbsent = "mfa-key-absent", reads &["Effect"];
    /// A resource whose ARN is that of no resource of S3 or KMS.
    InvalidArn = "invalid-arn", reads &[];
    /// A partition that AWS does not have, or not in that Region.
    InvalidPartition = "invalid-partition", reads &[];
    /// A Region that no service has.
    InvalidRegion = "invalid-region", reads &[];
    /// The prefix of a service that AWS does not have.
    UnknownService = "unknown-service", reads &[];
    /// An action in a resource-based policy that does not apply to the resource.
    UnsupportedAction = "unsupported-action", reads &[];
    /// A condition key that AWS does not document.
    UnknownConditionKey = "unknown-condition-key", reads &[];
    /// A condition key in two spellings in one condition block.
    DuplicateKeyCase = "duplicate-key-case", reads &[];
    /// A condition operator that is not for the type of the key.
    OperatorType = "operator-type", reads &[];
    /// A multivalued condition key without `ForAllValues` or `ForAnyValue`.
    MissingQualifier = "missing-qualifier", reads &[];
    /// `ForAllValues` or `ForAnyValue` on a condition key that has one value.
    SingleValuedSet = "single-valued-set", reads &[];
    /// `Null` with `ForAllValues` or `ForAnyValue`.
    NullWithQualifier = "null-with-qualifier", reads &[];
    /// `Bool` or `Null` with several values.
    SeveralBooleans = "several-booleans", reads &[];
    /// A private address in `aws:SourceIp`, which has public ones only.
    PrivateSourceIp = "private-source-ip", reads &[];
    /// An address range with bits set behind its mask.
    IpRangeHostBits = "ip-range-host-bits", reads &[];
    /// An id of a VPC or a VPC endpoint that none can have.
    MalformedVpcId = "malformed-vpc-id", reads &[];
    /// `aws:VpcSourceIp` without the VPC it belongs to.
    MissingPairedKey = "missing-paired-key", reads &["Condition"];
    /// A service principal of another form than the condition key has.
    ServicePrincipalFormat = "service-principal-format", reads &[];
    /// A pattern of an ARN that has not the six fields of one.
    IncompleteArnPattern = "incomplete-arn-pattern", reads &[];
    /// A date as seconds since 1970.
    EpochDate = "epoch-date", reads &[];
    /// A tag condition with `NotAction`.
    TagKeyWithNotAction = "tag-key-with-not-action", reads &["Action"];
    /// `iam:PassRole` for every role.
    PassRoleAnywhere = "pass-role-anywhere", reads ALL;
    /// A service as principal for whatever account it acts.
    UnrestrictedService = "unrestricted-service", reads ALL;
    /// A key policy that lets everyone use the key.
    OpenToEveryone = "open-to-everyone", reads ALL;
    /// An action that another of the statement covers.
    RedundantAction = "redundant-action", reads &[];
    /// A resource that another of the statement covers.
    RedundantResource = "redundant-resource", reads &[];
    /// A value of a condition that another covers.
    RedundantValue = "redundant-value", reads &[];
    /// A statement that is in the policy already.
    RedundantStatement = "redundant-statement", reads ALL;
    /// Two statements with one `Sid`.
    DuplicateSid = "duplicate-sid", reads &[];
    /// A document without `Version`.
    MissingVersion = "missing-version", reads &[];
    /// An element or a list with nothing in it.
    EmptyElement = "empty-element", reads &[];
    /// More text than AWS stores as a customer's managed policy.
    LargePolicy = "large-policy", reads ALL;
}

/// A statement that cannot do what it seems to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of finding it is.
    pub lint: Lint,
    /// Where in the document; [`locate`](crate::locate) turns it into a line of the text.
    pub path: Vec<PathStep>,
    /// What is wrong with this statement, for people.
    pub message: String,
}

/// Where findings of one statement go.
struct At<'f> {
    statement: usize,
    findings: &'f mut Vec<Finding>,
}

impl At<'_> {
    fn add(&mut self, lint: Lint, element: &[&str], message: String) {
        let mut path = vec![PathStep::Key("Statement".to_owned()), PathStep::Index(self.statement)];
        path.extend(element.iter().map(|key| PathStep::Key((*key).to_owned())));
        self.findings.push(Finding { lint, path, message });
    }

    /// A finding about one entry of an element.
    fn entry(&mut self, lint: Lint, element: &str, index: usize, message: String) {
        self.add(lint, &[element], message);
        if let Some(finding) = self.findings.last_mut() {
            finding.path.push(PathStep::Index(index));
        }
    }

    fn condition(&mut self, lint: Lint, condition: &Condition, message: String) {
        self.add(lint, &["Condition", condition.name(), &condition.key], message);
    }
}
