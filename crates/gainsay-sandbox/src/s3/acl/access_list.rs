//! An ACL: what it can say, how it is written, and the policy it is equal to.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>. Every object here
//! belongs to the owner of its bucket: an upload after which it would not is refused as not
//! modelled.

use gainsay_iam::{Policy, PolicyKind};
use gainsay_model::{Document, Source};
use s3s::{
    S3Error, S3Result,
    dto::{Grant, Grantee as WrittenGrantee, Permission as WrittenPermission, Type},
};
use serde_json::{Value, json};

use super::{
    AclHeaders, canonical_id,
    sent::{header_of, invalid, malformed_acl},
};
use crate::s3::{WithDetail as _, error, error_detail, not_modelled};

/// The ACL that everything begins with grants its owner full control, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AccessList {
    /// What others are granted.
    grants: Vec<Granted>,
    /// Whether the owner's full control was left out. It changes what is read back: who belongs to
    /// the owner's account may what policies let him.
    without_owner: bool,
}

/// Who is granted something.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Grantee {
    /// An account, by its canonical user id.
    Account {
        id: String,
        account: String,
    },
    Everyone,
    Authenticated,
    LogDelivery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Permission {
    FullControl,
    Read,
    Write,
    ReadAcp,
    WriteAcp,
}

/// What an ACL is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::s3) enum AclResource {
    Bucket,
    Object,
}

const GROUPS: [(&str, Grantee); 3] = [
    ("http://acs.amazonaws.com/groups/global/AllUsers", Grantee::Everyone),
    ("http://acs.amazonaws.com/groups/global/AuthenticatedUsers", Grantee::Authenticated),
    ("http://acs.amazonaws.com/groups/s3/LogDelivery", Grantee::LogDelivery),
];

const PERMISSIONS: [(&str, Permission); 5] = [
    ("FULL_CONTROL", Permission::FullControl),
    ("READ", Permission::Read),
    ("WRITE", Permission::Write),
    ("READ_ACP", Permission::ReadAcp),
    ("WRITE_ACP", Permission::WriteAcp),
];

type Granted = (Grantee, Permission);

/// The canned ACLs, what they can be of where that is not both, and what they add to the owner's
/// full control.
const CANNED: [(&str, Option<AclResource>, &[Granted]); 7] = [
    ("private", None, &[]),
    ("bucket-owner-read", Some(AclResource::Object), &[]),
    ("bucket-owner-full-control", Some(AclResource::Object), &[]),
    ("public-read", None, &[(Grantee::Everyone, Permission::Read)]),
    (
        "public-read-write",
        None,
        &[(Grantee::Everyone, Permission::Read), (Grantee::Everyone, Permission::Write)],
    ),
    ("authenticated-read", None, &[(Grantee::Authenticated, Permission::Read)]),
    (
        "log-delivery-write",
        Some(AclResource::Bucket),
        &[(Grantee::LogDelivery, Permission::Write), (Grantee::LogDelivery, Permission::ReadAcp)],
    ),
];

/// The actions that each permission is, on a bucket and on an object, by the table at
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>.
const ACTIONS: [(Permission, &[&str], &[&str]); 4] = [
    (
        Permission::Read,
        &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"],
        &["s3:GetObject", "s3:GetObjectVersion"],
    ),
    (Permission::Write, &["s3:PutObject"], &[]),
    (Permission::ReadAcp, &["s3:GetBucketAcl"], &["s3:GetObjectAcl", "s3:GetObjectVersionAcl"]),
    (Permission::WriteAcp, &["s3:PutBucketAcl"], &["s3:PutObjectAcl", "s3:PutObjectVersionAcl"]),
];

/// The headers that grant, each with what it grants.
pub(in crate::s3) type GrantHeaders<'a> = [(&'static str, Option<&'a String>); 5];

/// An ACL as a request gives it.
pub(in crate::s3) struct AclRequest<'a> {
    pub resource: AclResource,
    pub headers: AclHeaders<'a>,
    /// The body's, where there is a body.
    pub body: S3Result<Option<Vec<Grant>>>,
    /// The accounts that there are.
    pub accounts: &'a [String],
    /// The owner, whose full control goes without saying.
    pub owner: &'a str,
}

impl AclRequest<'_> {
    /// The ACL.
    ///
    /// # Errors
    /// It is given in two ways, or in none that can be read.
    pub(in crate::s3) fn read(&self) -> S3Result<AccessList> {
        let by_headers = self.headers.has_grants();
        let has_body = !matches!(self.body, Ok(None));
        match (self.headers.canned, by_headers, has_body) {
            (Some(_), true, _) => Err(error(
                400,
                "InvalidRequest",
                "Specifying both Canned ACLs and Header Grants is not allowed",
            )),
            (Some(_), _, true) | (_, true, true) => {
                Err(error(400, "UnexpectedContent", "This request does not support content"))
            }
            (Some(canned), false, false) => self.canned(canned),
            (None, true, false) => self.by_headers(),
            (None, false, true) => match &self.body {
                Ok(grants) => self.by_body(grants.as_deref().unwrap_or_default()),
                Err(problem) => Err(again(problem)),
            },
            (None, false, false) => {
                let message = "Your request was missing a required header";
                let error = error(400, "MissingSecurityHeader", message);
                Err(error.with_detail("MissingHeaderName", "x-amz-acl"))
            }
        }
    }

    fn canned(&self, word: &str) -> S3Result<AccessList> {
        // What a canned ACL of objects says of a bucket is ignored:
        // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl>.
        let of = |of: &Option<AclResource>| match of {
            None | Some(AclResource::Object) => true,
            Some(AclResource::Bucket) => self.resource == AclResource::Bucket,
        };
        match CANNED.iter().find(|(name, place, _)| *name == word && of(place)) {
            Some((_, _, grants)) => Ok(self.of(grants.to_vec())),
            None if word == "aws-exec-read" => Err(not_modelled("the canned ACL aws-exec-read")),
            // AWS says nothing of it but its place (recorded by LocalStack,
            // `test_s3_bucket_acl_exceptions`).
            None => Err(invalid("", "x-amz-acl", word)),
        }
    }

    fn by_headers(&self) -> S3Result<AccessList> {
        let mut grants = Vec::new();
        for (word, value) in self.headers.grants {
            let Some(value) = value else { continue };
            for grantee in value.split(',').map(str::trim) {
                let unknown =
                    || invalid("Argument format not recognized", header_of(word), grantee);
                let (kind, name) = grantee.split_once('=').ok_or_else(unknown)?;
                let (kind, name) = (kind.trim(), name.trim().trim_matches('"'));
                if !["id", "uri", "emailAddress"].contains(&kind) {
                    return Err(unknown());
                }
                let found = self.grantee(kind, name, ["id", "uri"])?;
                grants.push((found, permission(word).ok_or_else(unknown)?));
            }
        }
        Ok(self.of(grants))
    }

    fn by_body(&self, written: &[Grant]) -> S3Result<AccessList> {
        let mut grants = Vec::new();
        for grant in written {
            let (Some(grantee), Some(word)) = (&grant.grantee, &grant.permission) else {
                return Err(malformed_acl());
            };
            let (kind, name) = match (&grantee.id, &grantee.uri, &grantee.email_address) {
                (Some(id), None, None) => ("id", id),
                (None, Some(uri), None) => ("uri", uri),
                (None, None, Some(address)) => ("emailAddress", address),
                _ => return Err(malformed_acl()),
            };
            let found = self.grantee(kind, name, ["CanonicalUser/ID", "Group/URI"])?;
            grants.push((found, permission(word.as_str()).ok_or_else(malformed_acl)?));
        }
        Ok(self.of(grants))
    }

    /// Who is meant; `arguments` are AWS's names for an id and a group where there is none such.
    fn grantee(&self, kind: &str, name: &str, arguments: [&'static str; 2]) -> S3Result<Grantee> {
        let [id, uri] = arguments;
        match kind {
            "id" => {
                let account = self.accounts.iter().find(|account| canonical_id(account) == name);
                let account = account.ok_or_else(|| invalid("Invalid id", id, name))?.clone();
                Ok(Grantee::Account { id: name.to_owned(), account })
            }
            "uri" => {
                let group = GROUPS.iter().find(|(uri, _)| *uri == name);
                let (_, group) = group.ok_or_else(|| invalid("Invalid group uri", uri, name))?;
                Ok(group.clone())
            }
            _ => Err(not_modelled("grants by e-mail address")),
        }
    }

    fn of(&self, grants: Vec<Granted>) -> AccessList {
        let is_owner = |grantee: &Grantee| match grantee {
            Grantee::Account { account, .. } => account == self.owner,
            Grantee::Everyone | Grantee::Authenticated | Grantee::LogDelivery => false,
        };
        let owns = |granted: &Granted| is_owner(&granted.0) && granted.1 == Permission::FullControl;
        AccessList {
            without_owner: self.headers.canned.is_none() && !grants.iter().any(owns),
            grants: grants.into_iter().filter(|(grantee, _)| !is_owner(grantee)).collect(),
        }
    }
}

fn permission(word: &str) -> Option<Permission> {
    PERMISSIONS.iter().find(|(name, _)| *name == word).map(|(_, permission)| *permission)
}

/// A copy of an error, which the wire layer's type does not offer.
fn again(problem: &S3Error) -> S3Error {
    let status = problem.status_code().map_or(500, |status| status.as_u16());
    let mut copy = error(status, "InternalError", problem.message().unwrap_or_default().to_owned());
    copy.set_code(problem.code().clone());
    copy.set_source(Box::new(error_detail::of(problem)));
    copy
}

impl AccessList {
    /// Whether it grants nothing to anyone but the owner.
    pub(in crate::s3) fn is_private(&self) -> bool {
        self.grants.is_empty()
    }

    /// Whether it grants anything to everyone or to whoever has an account, which is what Block
    /// Public Access calls public
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>).
    pub(in crate::s3) fn is_public(&self) -> bool {
        let public =
            |grantee: &Grantee| matches!(grantee, Grantee::Everyone | Grantee::Authenticated);
        self.grants.iter().any(|(grantee, _)| public(grantee))
    }

    /// As it is read back, the owner's full control first.
    pub(in crate::s3) fn to_grants(&self, owner: &str) -> Vec<Grant> {
        let id = canonical_id(owner);
        let own = Grantee::Account { id, account: owner.to_owned() };
        let own = (!self.without_owner).then_some((own, Permission::FullControl));
        own.iter()
            .chain(&self.grants)
            .map(|(grantee, permission)| to_grant(grantee, *permission))
            .collect()
    }

    /// The policy that grants the same, apart from what the owner may; nothing if there is nothing
    /// in it. `ignores_public` leaves out what Block Public Access has S3 ignore.
    pub(in crate::s3) fn policy(
        &self,
        resource: AclResource,
        arn: &str,
        ignores_public: bool,
    ) -> Option<Document> {
        let public =
            |grantee: &Grantee| matches!(grantee, Grantee::Everyone | Grantee::Authenticated);
        let grants = self.grants.iter().filter(|(grantee, _)| !(ignores_public && public(grantee)));
        let statements: Vec<Value> = grants
            .flat_map(|(grantee, permission)| statements(resource, arn, grantee, *permission))
            .collect();
        if statements.is_empty() {
            return None;
        }
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let policy = Policy::from_text(PolicyKind::Bucket, &text).ok()?;
        Some(Document::new(
            Source::new("the ACL, as a policy", text.as_str()),
            policy,
            text.clone(),
        ))
    }
}

fn statements(
    resource: AclResource,
    arn: &str,
    grantee: &Grantee,
    permission: Permission,
) -> Vec<Value> {
    let (principal, condition) = match grantee {
        Grantee::Account { account, .. } => (json!({ "AWS": account }), None),
        Grantee::Everyone => (json!("*"), None),
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>:
        // who has no account is `anonymous`.
        Grantee::Authenticated => (
            json!("*"),
            Some(json!({ "StringNotEquals": { "aws:PrincipalAccount": "anonymous" } })),
        ),
        // A service of AWS, which is no caller here.
        Grantee::LogDelivery => return Vec::new(),
    };
    let granted = ACTIONS
        .iter()
        .filter(|(word, ..)| permission == Permission::FullControl || *word == permission);
    granted
        .filter_map(|(word, bucket, object)| {
            let (actions, resource) = match resource {
                AclResource::Object => (object, arn.to_owned()),
                AclResource::Bucket if *word == Permission::Write => (bucket, format!("{arn}/*")),
                AclResource::Bucket => (bucket, arn.to_owned()),
            };
            let mut statement = json!({
                "Effect": "Allow",
                "Principal": principal,
                "Action": actions,
                "Resource": resource,
            });
            if let (Some(condition), Some(members)) = (&condition, statement.as_object_mut()) {
                members.insert("Condition".to_owned(), condition.clone());
            }
            (!actions.is_empty()).then_some(statement)
        })
        .collect()
}

fn to_grant(grantee: &Grantee, permission: Permission) -> Grant {
    let mut written = WrittenGrantee {
        display_name: None,
        email_address: None,
        id: None,
        type_: Type::from_static(Type::GROUP),
        uri: None,
    };
    if let Grantee::Account { id, .. } = grantee {
        written.type_ = Type::from_static(Type::CANONICAL_USER);
        written.id = Some(id.clone());
    } else {
        let group = GROUPS.iter().find(|(_, group)| group == grantee);
        written.uri = group.map(|(uri, _)| (*uri).to_owned());
    }
    let word = PERMISSIONS.iter().find(|(_, known)| *known == permission);
    Grant {
        grantee: Some(written),
        permission: word.map(|(word, _)| WrittenPermission::from_static(word)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const ACCOUNTS: [&str; 2] = ["111122223333", "222233334444"];

    fn read(
        canned: Option<&str>,
        read: Option<&str>,
        body: Option<Vec<Grant>>,
    ) -> S3Result<AccessList> {
        let read = read.map(str::to_owned);
        AclRequest {
            resource: AclResource::Object,
            headers: AclHeaders {
                canned,
                grants: [
                    ("FULL_CONTROL", None),
                    ("READ", read.as_ref()),
                    ("WRITE", None),
                    ("READ_ACP", None),
                    ("WRITE_ACP", None),
                ],
            },
            body: Ok(body),
            accounts: &ACCOUNTS.map(str::to_owned),
            owner: ACCOUNTS[0],
        }
        .read()
    }

    #[test]
    fn what_is_read_back_reads_as_the_same() {
        for canned in ["private", "public-read", "public-read-write", "authenticated-read"] {
            let list = read(Some(canned), None, None).unwrap();
            let written = list.to_grants(ACCOUNTS[0]);
            assert_eq!(read(None, None, Some(written)).unwrap(), list, "{canned}");
        }
    }

    #[test]
    fn a_policy_says_what_the_list_says() {
        let other = format!("id={}", canonical_id(ACCOUNTS[1]));
        for (canned, header, ignores, principals) in [
            (Some("private"), None, false, ""),
            (Some("public-read"), None, false, r#""*""#),
            (Some("public-read"), None, true, ""),
            (None, Some(other.as_str()), true, r#"{"AWS":"222233334444"}"#),
            (Some("authenticated-read"), None, true, ""),
        ] {
            let list = read(canned, header, None).unwrap();
            let policy = list.policy(AclResource::Object, "arn:aws:s3:::b/k", ignores);
            let found = policy.map(|policy| serde_json::from_str::<Value>(&policy.text).unwrap());
            let principal = found.map(|found| found["Statement"][0]["Principal"].to_string());
            assert_eq!(principal.unwrap_or_default(), principals, "{canned:?} {header:?}");
        }
    }

    #[test]
    fn what_is_no_acl_is_an_error() {
        for (canned, header) in [
            (Some("none"), None),
            (Some("log-delivery-write"), None),
            (None, Some("nobody")),
            (None, Some("id=\u{0}\"'")),
            (None, Some("uri=\"http://example.org\"")),
            (None, Some("emailAddress=a@example.org")),
            (None, Some(",")),
            (None, None),
            (Some("private"), Some("id=1")),
        ] {
            assert!(read(canned, header, None).is_err(), "{canned:?} {header:?}");
        }
    }
}
