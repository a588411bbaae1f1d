//! What is said of an API operation: how it is called, what it takes, acts on and does, what its
//! success leaves. The operations themselves are below `service`.

use std::fmt;

use futures::future::BoxFuture;
use gainsay_model::Service;
use serde_json::Value;

use super::{
    Answer, Call, FillError, Leaves, Param, RunContext, command::CommandLine, service::OPERATIONS,
};
use crate::{attempt::Request, cloud::Clients};

/// What an operation's resource is, in the sense of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// An object: `arn:aws:s3:::bucket/key`.
    Object,
    /// A bucket: `arn:aws:s3:::bucket`.
    Bucket,
    /// A KMS key.
    Key,
    /// An alias of a KMS key, in the caller's own account.
    Alias,
    /// A role.
    Role,
    /// No resource of its own: policies are asked about `*`.
    Anything,
    /// An access point.
    AccessPoint,
    /// A job of Batch Operations.
    Job,
    /// The jobs of the account.
    Jobs,
    /// The Access Grants instance of the account.
    AccessGrants,
    /// The locations of the account's Access Grants.
    Locations,
    /// A location of Access Grants.
    Location,
    /// A trail.
    Trail,
    /// The account.
    Account,
    /// Nothing: the call names no resource.
    Nothing,
}

/// What a success of the operation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Reads,
    /// It adds or replaces something.
    Writes,
    /// It takes something away, so that a second call may find it gone.
    Consumes,
    /// It changes the configuration of a bucket, a key or an account.
    Configures,
}

/// Makes a call with the clients of its principal.
pub type MakeCall = for<'a> fn(&'a Clients, &'a Call) -> BoxFuture<'a, Answer>;

/// The document that the environment declares for a request; nothing where it declares none.
pub type Declared = fn(&Request, &RunContext<'_>) -> Result<Option<String>, FillError>;

/// An API operation: one row of the catalogue.
#[derive(Debug)]
pub struct Operation {
    /// The name in a scenario: `s3:PutObject`.
    pub name: &'static str,
    /// Its service.
    pub service: Service,
    /// The action AWS authorizes it as, by default.
    pub action: &'static str,
    /// The action when the request names a version.
    pub action_with_version: Option<&'static str>,
    /// Its resource.
    pub on: On,
    /// What its success changes.
    pub effect: Effect,
    /// What its success leaves on a target that nobody restores, and so how it is undone there.
    pub leaves: Leaves,
    /// Parameters without which it cannot be called.
    pub needs: &'static [Param],
    /// Parameters it may have besides.
    pub may: &'static [Param],
    /// Makes the call.
    pub(super) call: MakeCall,
    /// How the same call is written for a shell.
    pub(super) command: CommandLine,
    /// The document it writes where the scenario gives none: what is declared, so that an attempt
    /// that succeeds against expectation changes nothing.
    pub(super) declared: Option<Declared>,
    /// The document it writes where nothing is declared: one that does no harm.
    pub(super) harmless: Option<fn(&Call) -> Value>,
}

impl Operation {
    /// An operation that is authorized as the action of its own name, takes no parameters and, if
    /// it changes anything, cannot be undone. What differs is said in the operation's own file.
    pub(super) const fn new(
        service: Service,
        name: &'static str,
        on: On,
        effect: Effect,
        call: MakeCall,
    ) -> Self {
        Self {
            name,
            service,
            action: name,
            action_with_version: None,
            on,
            effect,
            leaves: match effect {
                Effect::Reads => Leaves::Nothing,
                Effect::Writes | Effect::Consumes | Effect::Configures => Leaves::Lasting,
            },
            needs: &[],
            may: &[],
            call,
            command: CommandLine::USUAL,
            declared: None,
            harmless: None,
        }
    }

    /// Whether the operation has this parameter. Who asks and how the request travels belong to
    /// every one.
    #[must_use]
    pub fn takes(&self, param: Param) -> bool {
        match param {
            Param::As | Param::Session | Param::SourceVpce | Param::SourceVpc | Param::SourceIp => {
                true
            }
            Param::Transport | Param::Presigned | Param::SignedAgo => self.service == Service::S3,
            other => self.needs.contains(&other) || self.may.contains(&other),
        }
    }

    /// Whether a fixture made by it is a state that every attempt of the row meets, named or not: a
    /// disabled key, a moved alias.
    #[must_use]
    pub fn sets_the_scene(&self) -> bool {
        self.effect == Effect::Configures
            || (self.effect == Effect::Consumes && self.service == Service::Kms)
    }

    /// The operation of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.name == name)
    }

    /// The name without its service.
    #[must_use]
    pub fn short_name(&self) -> &'static str {
        self.name.split_once(':').map_or(self.name, |(_, short)| short)
    }
}

impl PartialEq for Operation {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Operation {}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_begin_with_their_service() {
        let names: HashSet<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
        assert_eq!(names.len(), OPERATIONS.len());
        for operation in OPERATIONS {
            let (names, action): (&[&str], &str) = match operation.service {
                Service::S3 => (&["s3:"], "s3:"),
                // A name that S3 has too begins with the service's own.
                Service::S3Control => (&["s3:", "s3control:"], "s3:"),
                Service::Kms => (&["kms:"], "kms:"),
                Service::Sts => (&["sts:"], "sts:"),
                Service::Iam => (&["iam:"], "iam:"),
                Service::CloudTrail => (&["cloudtrail:"], "cloudtrail:"),
                // Of these nothing is attempted.
                Service::Logs
                | Service::CloudWatch
                | Service::AccessAnalyzer
                | Service::Macie
                | Service::Config => (&[], ""),
            };
            assert!(
                names.iter().any(|name| operation.name.starts_with(name))
                    && operation.action.starts_with(action),
                "{operation}"
            );
        }
    }

    #[test]
    fn an_operation_on_an_object_needs_a_bucket_and_a_key() {
        for operation in OPERATIONS {
            let needs = |param| operation.needs.contains(&param);
            match operation.on {
                On::Object => assert!(needs(Param::Bucket) && needs(Param::Key), "{operation}"),
                On::Bucket => assert!(needs(Param::Bucket), "{operation}"),
                On::Key => assert!(needs(Param::KeyId), "{operation}"),
                On::Role => assert!(needs(Param::Role), "{operation}"),
                On::Alias => assert!(needs(Param::Alias), "{operation}"),
                On::Anything | On::Nothing => assert!(operation.needs.is_empty(), "{operation}"),
                On::AccessPoint => assert!(needs(Param::AccessPoint), "{operation}"),
                On::Job => assert!(needs(Param::Job), "{operation}"),
                On::Trail => assert!(needs(Param::Trail), "{operation}"),
                On::Location => assert!(needs(Param::Location), "{operation}"),
                On::Jobs | On::Locations | On::AccessGrants | On::Account => {}
            }
        }
    }
}
