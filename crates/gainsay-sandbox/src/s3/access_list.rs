//! An ACL: what it can say, how it is written, and the policy it is equal to.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>. Every object here
//! belongs to the owner of its bucket: an upload after which it would not is refused as not
//! modelled.

use gainsay_iam::{Policy, PolicyKind};
use gainsay_model::{Document, Source};
use s3s::dto::{Grant, Grantee as WrittenGrantee, Permission as WrittenPermission, Type};
use serde_json::{Value, json};

use super::{S3Result, acl::canonical_id, error, not_modelled};

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
pub(super) enum Of {
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
const CANNED: [(&str, Option<Of>, &[Granted]); 7] = [
    ("private", None, &[]),
    ("bucket-owner-read", Some(Of::Object), &[]),
    ("bucket-owner-full-control", Some(Of::Object), &[]),
    ("public-read", None, &[(Grantee::Everyone, Permission::Read)]),
    (
        "public-read-write",
        None,
        &[(Grantee::Everyone, Permission::Read), (Grantee::Everyone, Permission::Write)],
    ),
    ("authenticated-read", None, &[(Grantee::Authenticated, Permission::Read)]),
    (
        "log-delivery-write",
        Some(Of::Bucket),
        &[(Grantee::LogDelivery, Permission::Write), (Grantee::LogDelivery, Permission::ReadAcp)],
    ),
];

/// The same page's table of the actions that each permission is: on a bucket, on an object.
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
pub(super) type Headers<'a> = [(&'static str, Option<&'a String>); 5];

/// The headers of an input that grant. What inputs have in common is the names of their members.
macro_rules! grant_headers {
    ($input:expr) => {
        [
            ("FULL_CONTROL", $input.grant_full_control.as_ref()),
            ("READ", $input.grant_read.as_ref()),
            ("WRITE", $input.grant_write.as_ref()),
            ("READ_ACP", $input.grant_read_acp.as_ref()),
            ("WRITE_ACP", $input.grant_write_acp.as_ref()),
        ]
    };
}
pub(super) use grant_headers;

/// An ACL as a request gives it.
pub(super) struct Written<'a> {
    pub of: Of,
    pub canned: Option<&'a str>,
    /// By the words of permissions.
    pub headers: Headers<'a>,
    /// The body's.
    pub body: Option<&'a [Grant]>,
    /// The accounts that there are.
    pub accounts: &'a [String],
    /// The owner, whose full control goes without saying.
    pub owner: &'a str,
}

impl Written<'_> {
    /// The ACL; an error if it is said in two ways, or in none that can be read.
    pub(super) fn read(&self) -> S3Result<AccessList> {
        let by_headers = self.headers.iter().any(|(_, value)| value.is_some());
        match (self.canned, by_headers, self.body) {
            (Some(canned), false, None) => self.canned(canned),
            (None, true, None) => self.by_headers(),
            (None, false, Some(grants)) => self.by_body(grants),
            (None, false, None) => Err(error(
                400,
                "MissingSecurityHeader",
                "Your request was missing a required header",
            )),
            _ => Err(error(
                400,
                "InvalidRequest",
                "Specifying both Canned ACLs and Header Grants is not allowed",
            )),
        }
    }

    fn canned(&self, word: &str) -> S3Result<AccessList> {
        let found =
            CANNED.iter().find(|(name, of, _)| *name == word && of.is_none_or(|of| of == self.of));
        match found {
            Some((_, _, grants)) => Ok(self.of(grants.to_vec())),
            None if word == "aws-exec-read" => Err(not_modelled("the canned ACL aws-exec-read")),
            None => Err(invalid()),
        }
    }

    fn by_headers(&self) -> S3Result<AccessList> {
        let mut grants = Vec::new();
        for (word, value) in self.headers {
            let Some(value) = value else { continue };
            for grantee in value.split(',') {
                let (kind, name) = grantee.trim().split_once('=').ok_or_else(invalid)?;
                grants.push((
                    self.grantee(kind.trim(), name.trim().trim_matches('"'))?,
                    permission(word)?,
                ));
            }
        }
        Ok(self.of(grants))
    }

    fn by_body(&self, written: &[Grant]) -> S3Result<AccessList> {
        let mut grants = Vec::new();
        for grant in written {
            let malformed = || {
                error(
                    400,
                    "MalformedACLError",
                    "The XML you provided was not well-formed or did not validate against our published schema",
                )
            };
            let (Some(grantee), Some(word)) = (&grant.grantee, &grant.permission) else {
                return Err(malformed());
            };
            let (kind, name) = match (&grantee.id, &grantee.uri, &grantee.email_address) {
                (Some(id), None, None) => ("id", id),
                (None, Some(uri), None) => ("uri", uri),
                (None, None, Some(address)) => ("emailAddress", address),
                _ => return Err(malformed()),
            };
            grants.push((
                self.grantee(kind, name)?,
                permission(word.as_str()).map_err(|_| malformed())?,
            ));
        }
        Ok(self.of(grants))
    }

    fn grantee(&self, kind: &str, name: &str) -> S3Result<Grantee> {
        match kind {
            "id" => {
                let account = self.accounts.iter().find(|account| canonical_id(account) == name);
                let account =
                    account.ok_or_else(|| error(400, "InvalidArgument", "Invalid id"))?.clone();
                Ok(Grantee::Account { id: name.to_owned(), account })
            }
            "uri" => {
                let group = GROUPS.iter().find(|(uri, _)| *uri == name);
                Ok(group
                    .ok_or_else(|| error(400, "InvalidArgument", "Invalid group uri"))?
                    .1
                    .clone())
            }
            "emailAddress" => Err(not_modelled("grants to addresses of mail")),
            _ => Err(invalid()),
        }
    }

    fn of(&self, grants: Vec<Granted>) -> AccessList {
        let is_owner = |grantee: &Grantee| matches!(grantee, Grantee::Account { account, .. } if account == self.owner);
        let owns = |granted: &Granted| is_owner(&granted.0) && granted.1 == Permission::FullControl;
        AccessList {
            without_owner: self.canned.is_none() && !grants.iter().any(owns),
            grants: grants.into_iter().filter(|(grantee, _)| !is_owner(grantee)).collect(),
        }
    }
}

fn permission(word: &str) -> S3Result<Permission> {
    let found = PERMISSIONS.iter().find(|(name, _)| *name == word);
    Ok(found.ok_or_else(invalid)?.1)
}

fn invalid() -> s3s::S3Error {
    error(400, "InvalidArgument", "Argument format not recognized")
}

impl AccessList {
    pub(super) fn is_private(&self) -> bool {
        self.grants.is_empty()
    }

    /// Whether it grants anything to everyone or to whoever has an account, which is what Block
    /// Public Access calls public
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>).
    pub(super) fn is_public(&self) -> bool {
        let public =
            |grantee: &Grantee| matches!(grantee, Grantee::Everyone | Grantee::Authenticated);
        self.grants.iter().any(|(grantee, _)| public(grantee))
    }

    /// As it is read back, the owner's full control first.
    pub(super) fn written(&self, owner: &str) -> Vec<Grant> {
        let id = canonical_id(owner);
        let own = Grantee::Account { id, account: owner.to_owned() };
        let own = (!self.without_owner).then_some((own, Permission::FullControl));
        own.iter()
            .chain(&self.grants)
            .map(|(grantee, permission)| shown(grantee, *permission))
            .collect()
    }

    /// The policy that grants the same, apart from what the owner may; nothing if there is nothing
    /// in it. `ignores_public` leaves out what Block Public Access has S3 ignore.
    pub(super) fn policy(&self, of: Of, arn: &str, ignores_public: bool) -> Option<Document> {
        let public =
            |grantee: &Grantee| matches!(grantee, Grantee::Everyone | Grantee::Authenticated);
        let grants = self.grants.iter().filter(|(grantee, _)| !(ignores_public && public(grantee)));
        let statements: Vec<Value> = grants
            .flat_map(|(grantee, permission)| statements(of, arn, grantee, *permission))
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

fn statements(of: Of, arn: &str, grantee: &Grantee, permission: Permission) -> Vec<Value> {
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
            let (actions, resource) = match (of, word) {
                (Of::Bucket, Permission::Write) => (bucket, format!("{arn}/*")),
                (Of::Bucket, _) => (bucket, arn.to_owned()),
                (Of::Object, _) => (object, arn.to_owned()),
            };
            let mut statement = json!({ "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": resource });
            if let (Some(condition), Some(members)) = (&condition, statement.as_object_mut()) {
                members.insert("Condition".to_owned(), condition.clone());
            }
            (!actions.is_empty()).then_some(statement)
        })
        .collect()
}

fn shown(grantee: &Grantee, permission: Permission) -> Grant {
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
        body: Option<&[Grant]>,
    ) -> S3Result<AccessList> {
        let read = read.map(str::to_owned);
        Written {
            of: Of::Object,
            canned,
            headers: [
                ("FULL_CONTROL", None),
                ("READ", read.as_ref()),
                ("WRITE", None),
                ("READ_ACP", None),
                ("WRITE_ACP", None),
            ],
            body,
            accounts: &ACCOUNTS.map(str::to_owned),
            owner: ACCOUNTS[0],
        }
        .read()
    }

    #[test]
    fn what_is_read_back_reads_as_the_same() {
        for canned in ["private", "public-read", "public-read-write", "authenticated-read"] {
            let list = read(Some(canned), None, None).unwrap();
            let written = list.written(ACCOUNTS[0]);
            assert_eq!(read(None, None, Some(&written)).unwrap(), list, "{canned}");
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
            let policy = list.policy(Of::Object, "arn:aws:s3:::b/k", ignores);
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
