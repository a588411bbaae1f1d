//! The stable code of every kind of problem.

use gainsay_iam::Lint;

use super::Severity;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $severity:ident;)+) => {
        /// What kind of problem a diagnostic is. The names are stable: scripts may rely on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name printed in brackets.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Whether it stops the program.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }
        }
    };
}

codes! {
    /// A file or folder cannot be read.
    Unreadable = "unreadable", Error;
    /// A file is not UTF-8.
    NotUtf8 = "not-utf8", Error;
    /// A file is larger, deeper or more repetitive than any scenario needs.
    TooLarge = "too-large", Error;
    /// There is no scenario to be found where one was asked for.
    NothingHere = "nothing-here", Error;
    /// A path leads out of the scenarios folder.
    OutsidePath = "outside-path", Error;
    /// The text is not YAML as gainsay reads it.
    Syntax = "syntax", Error;
    /// A key that this place does not have.
    UnknownKey = "unknown-key", Error;
    /// One key written twice.
    DuplicateKey = "duplicate-key", Error;
    /// A value of another type than the key wants.
    WrongType = "wrong-type", Error;
    /// A null or empty value, which would assert nothing.
    EmptyValue = "empty-value", Error;
    /// A key that must be there is not.
    MissingKey = "missing-key", Error;
    /// YAML anchors, aliases, merges and tags hide what a file says.
    Anchor = "anchor", Error;
    /// A name that the environment, the row or the fixtures do not have.
    UnknownName = "unknown-name", Error;
    /// A name of the environment that stands for nothing on the target.
    Unbound = "unbound", Error;
    /// A control id that the baseline does not choose or the catalogue does not have.
    UnknownControl = "unknown-control", Error;
    /// A value that its parameter cannot take.
    BadValue = "bad-value", Error;
    /// A template that cannot be filled in.
    BadTemplate = "bad-template", Error;
    /// A parameter that none of the operations takes, or one they need and lack.
    BadParameter = "bad-parameter", Error;
    /// A `but` or `without` that changes nothing.
    ChangesNothing = "changes-nothing", Error;
    /// A deny that no witness could prove.
    NoWitness = "no-witness", Error;
    /// Two things of one name.
    DuplicateName = "duplicate-name", Error;
    /// A scenario, row or list that asserts nothing.
    EmptyScenario = "empty-scenario", Error;
    /// A fixture that no request uses.
    UnusedFixture = "unused-fixture", Error;
    /// A policy document that is not JSON.
    PolicySyntax = "policy-syntax", Error;
    /// A policy document that AWS would refuse.
    PolicyRefused = "policy-refused", Error;
    /// A control of the baseline that neither an attempt nor a check proves, or one that is proved
    /// and said not to be testable.
    UnprovedControl = "unproved-control", Error;
    /// A statement of a policy whose conditions contradict each other: [`Lint::NeverMatches`].
    NeverMatches = "never-matches", Warning;
    /// An Allow everything of which a Deny of the same policy denies: [`Lint::ShadowedAllow`].
    ShadowedAllow = "shadowed-allow", Warning;
    /// A condition on a key that no request for the statement's actions has:
    /// [`Lint::KeyNeverCarried`].
    KeyNeverCarried = "key-never-carried", Warning;
    /// `...IfExists` in a Deny: [`Lint::IfExistsInDeny`].
    IfExistsInDeny = "if-exists-in-deny", Warning;
    /// A wildcard in a value that is compared letter by letter: [`Lint::WildcardInEquals`].
    WildcardInEquals = "wildcard-in-equals", Warning;
    /// An action on a resource of a type that it is never asked for on:
    /// [`Lint::WrongResourceType`].
    WrongResourceType = "wrong-resource-type", Warning;
    /// A policy variable in a document without version 2012-10-17: [`Lint::VariableIn2008`].
    VariableIn2008 = "variable-in-2008", Warning;
    /// `ForAllValues` in an Allow, which an absent key satisfies: [`Lint::ForAllValuesInAllow`].
    ForAllValuesInAllow = "for-all-values-in-allow", Warning;
    /// An action that the service does not have: [`Lint::UnknownAction`].
    UnknownAction = "unknown-action", Warning;
    /// A Deny for sessions without MFA that spares who has no session at all:
    /// [`Lint::MfaKeyAbsent`].
    MfaKeyAbsent = "mfa-key-absent", Warning;
    /// A resource whose ARN is that of no resource of S3 or KMS: [`Lint::InvalidArn`].
    InvalidArn = "invalid-arn", Warning;
    /// A partition that AWS does not have, or not in that Region: [`Lint::InvalidPartition`].
    InvalidPartition = "invalid-partition", Warning;
    /// A Region that no service has: [`Lint::InvalidRegion`].
    InvalidRegion = "invalid-region", Warning;
    /// The prefix of a service that AWS does not have: [`Lint::UnknownService`].
    UnknownService = "unknown-service", Warning;
    /// An action in a resource-based policy that does not apply to the resource:
    /// [`Lint::UnsupportedAction`].
    UnsupportedAction = "unsupported-action", Warning;
    /// A condition key that AWS does not document: [`Lint::UnknownConditionKey`].
    UnknownConditionKey = "unknown-condition-key", Warning;
    /// A condition key in two spellings in one condition block: [`Lint::DuplicateKeyCase`].
    DuplicateKeyCase = "duplicate-key-case", Warning;
    /// A condition operator that is not for the type of the key: [`Lint::OperatorType`].
    OperatorType = "operator-type", Warning;
    /// A multivalued condition key without `ForAllValues` or `ForAnyValue`:
    /// [`Lint::MissingQualifier`].
    MissingQualifier = "missing-qualifier", Warning;
    /// `ForAllValues` or `ForAnyValue` on a condition key that has one value:
    /// [`Lint::SingleValuedSet`].
    SingleValuedSet = "single-valued-set", Warning;
    /// `Null` with `ForAllValues` or `ForAnyValue`: [`Lint::NullWithQualifier`].
    NullWithQualifier = "null-with-qualifier", Warning;
    /// `Bool` or `Null` with several values: [`Lint::SeveralBooleans`].
    SeveralBooleans = "several-booleans", Warning;
    /// A private address in `aws:SourceIp`, which has public ones only: [`Lint::PrivateSourceIp`].
    PrivateSourceIp = "private-source-ip", Warning;
    /// An address range with bits set behind its mask: [`Lint::IpRangeHostBits`].
    IpRangeHostBits = "ip-range-host-bits", Warning;
    /// An id of a VPC or a VPC endpoint that none can have: [`Lint::MalformedVpcId`].
    MalformedVpcId = "malformed-vpc-id", Warning;
    /// `aws:VpcSourceIp` without the VPC it belongs to: [`Lint::MissingPairedKey`].
    MissingPairedKey = "missing-paired-key", Warning;
    /// A service principal of another form than the condition key has:
    /// [`Lint::ServicePrincipalFormat`].
    ServicePrincipalFormat = "service-principal-format", Warning;
    /// A pattern of an ARN that has not the six fields of one: [`Lint::IncompleteArnPattern`].
    IncompleteArnPattern = "incomplete-arn-pattern", Warning;
    /// A date as seconds since 1970: [`Lint::EpochDate`].
    EpochDate = "epoch-date", Warning;
    /// A tag condition with `NotAction`: [`Lint::TagKeyWithNotAction`].
    TagKeyWithNotAction = "tag-key-with-not-action", Warning;
    /// `iam:PassRole` for every role: [`Lint::PassRoleAnywhere`].
    PassRoleAnywhere = "pass-role-anywhere", Warning;
    /// A service as principal for whatever account it acts: [`Lint::UnrestrictedService`].
    UnrestrictedService = "unrestricted-service", Warning;
    /// A key policy that lets everyone use the key: [`Lint::OpenToEveryone`].
    OpenToEveryone = "open-to-everyone", Warning;
    /// An action that another of the statement covers: [`Lint::RedundantAction`].
    RedundantAction = "redundant-action", Warning;
    /// A resource that another of the statement covers: [`Lint::RedundantResource`].
    RedundantResource = "redundant-resource", Warning;
    /// A value of a condition that another covers: [`Lint::RedundantValue`].
    RedundantValue = "redundant-value", Warning;
    /// A statement that is in the policy already: [`Lint::RedundantStatement`].
    RedundantStatement = "redundant-statement", Warning;
    /// Two statements with one `Sid`: [`Lint::DuplicateSid`].
    DuplicateSid = "duplicate-sid", Warning;
    /// A document without `Version`: [`Lint::MissingVersion`].
    MissingVersion = "missing-version", Warning;
    /// An element or a list with nothing in it: [`Lint::EmptyElement`].
    EmptyElement = "empty-element", Warning;
    /// More text than AWS stores as a customer's managed policy: [`Lint::LargePolicy`].
    LargePolicy = "large-policy", Warning;
    /// A `deny` that says nothing about who refuses.
    UnattributedDeny = "unattributed-deny", Warning;
    /// A control of the baseline that is said to be testable by nothing.
    NotTestable = "not-testable", Warning;
    /// A waiver of more than a year.
    LongWaiver = "long-waiver", Warning;
    /// Waivers that leave no result that could fail.
    WaivesEverything = "waives-everything", Warning;
    /// A number that makes no sense where it stands.
    OutOfRange = "out-of-range", Warning;
    /// A control of the user's own that may be taken for one of the catalogue.
    LookalikeControl = "lookalike-control", Warning;
    /// An expectation that holds for every answer there can be.
    VacuousExpect = "vacuous-expect", Warning;
    /// A request of a service that delivers to a bucket, which the policies refuse.
    ServiceRefused = "service-refused", Warning;
}

impl Code {
    /// The code of a finding in a policy.
    #[must_use]
    pub const fn of(lint: Lint) -> Self {
        match lint {
            Lint::NeverMatches => Self::NeverMatches,
            Lint::ShadowedAllow => Self::ShadowedAllow,
            Lint::KeyNeverCarried => Self::KeyNeverCarried,
            Lint::IfExistsInDeny => Self::IfExistsInDeny,
            Lint::WildcardInEquals => Self::WildcardInEquals,
            Lint::WrongResourceType => Self::WrongResourceType,
            Lint::VariableIn2008 => Self::VariableIn2008,
            Lint::ForAllValuesInAllow => Self::ForAllValuesInAllow,
            Lint::UnknownAction => Self::UnknownAction,
            Lint::MfaKeyAbsent => Self::MfaKeyAbsent,
            Lint::InvalidArn => Self::InvalidArn,
            Lint::InvalidPartition => Self::InvalidPartition,
            Lint::InvalidRegion => Self::InvalidRegion,
            Lint::UnknownService => Self::UnknownService,
            Lint::UnsupportedAction => Self::UnsupportedAction,
            Lint::UnknownConditionKey => Self::UnknownConditionKey,
            Lint::DuplicateKeyCase => Self::DuplicateKeyCase,
            Lint::OperatorType => Self::OperatorType,
            Lint::MissingQualifier => Self::MissingQualifier,
            Lint::SingleValuedSet => Self::SingleValuedSet,
            Lint::NullWithQualifier => Self::NullWithQualifier,
            Lint::SeveralBooleans => Self::SeveralBooleans,
            Lint::PrivateSourceIp => Self::PrivateSourceIp,
            Lint::IpRangeHostBits => Self::IpRangeHostBits,
            Lint::MalformedVpcId => Self::MalformedVpcId,
            Lint::MissingPairedKey => Self::MissingPairedKey,
            Lint::ServicePrincipalFormat => Self::ServicePrincipalFormat,
            Lint::IncompleteArnPattern => Self::IncompleteArnPattern,
            Lint::EpochDate => Self::EpochDate,
            Lint::TagKeyWithNotAction => Self::TagKeyWithNotAction,
            Lint::PassRoleAnywhere => Self::PassRoleAnywhere,
            Lint::UnrestrictedService => Self::UnrestrictedService,
            Lint::OpenToEveryone => Self::OpenToEveryone,
            Lint::RedundantAction => Self::RedundantAction,
            Lint::RedundantResource => Self::RedundantResource,
            Lint::RedundantValue => Self::RedundantValue,
            Lint::RedundantStatement => Self::RedundantStatement,
            Lint::DuplicateSid => Self::DuplicateSid,
            Lint::MissingVersion => Self::MissingVersion,
            Lint::EmptyElement => Self::EmptyElement,
            Lint::LargePolicy => Self::LargePolicy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, Lint};
    use std::collections::HashSet;

    #[test]
    fn a_finding_has_the_same_word_everywhere() {
        for lint in Lint::ALL {
            assert_eq!(Code::of(*lint).as_str(), lint.code());
        }
    }

    #[test]
    fn names_are_unique_and_kebab_case() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(names.iter().all(|name| {
            name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        }));
    }
}
