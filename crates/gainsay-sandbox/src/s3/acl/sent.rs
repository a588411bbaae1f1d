//! An ACL as it is sent: by headers or by a body, whose form is checked before anything is said of
//! the bucket's Object Ownership
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html>).

use gainsay_model::xml::Element;
use quick_xml::{Reader, events::Event};
use s3s::{
    S3Result,
    dto::{Grant, Grantee, Permission, Type},
};

use super::{AclHeaders, canonical_id};
use crate::s3::{WithDetail as _, error, raw_request::RawRequest};

/// The headers that grant, in the order of [`AclHeaders::grants`].
const GRANTS: [(&str, &str); 5] = [
    ("FULL_CONTROL", "x-amz-grant-full-control"),
    ("READ", "x-amz-grant-read"),
    ("WRITE", "x-amz-grant-write"),
    ("READ_ACP", "x-amz-grant-read-acp"),
    ("WRITE_ACP", "x-amz-grant-write-acp"),
];
const TYPES: [&str; 3] = ["CanonicalUser", "Group", "AmazonCustomerByEmail"];

/// The headers of a request that are about an ACL.
pub(in crate::s3) struct SentHeaders {
    canned: Option<String>,
    grants: [Option<String>; 5],
}

impl SentHeaders {
    pub(in crate::s3) fn of(raw: &RawRequest<'_>) -> Self {
        let header = |name: &str| raw.header(name).map(str::to_owned);
        Self { canned: header("x-amz-acl"), grants: GRANTS.map(|(_, name)| header(name)) }
    }

    pub(in crate::s3) fn headers(&self) -> AclHeaders<'_> {
        let mut grants = GRANTS.map(|(word, _)| (word, None));
        for ((_, place), value) in grants.iter_mut().zip(&self.grants) {
            *place = value.as_ref();
        }
        AclHeaders { canned: self.canned.as_deref(), grants }
    }
}

/// The header by which a permission is granted.
pub(super) fn header_of(permission: &str) -> &'static str {
    let found = GRANTS.iter().find(|(word, _)| *word == permission);
    found.map_or("x-amz-acl", |(_, header)| header)
}

pub(super) fn malformed_acl() -> s3s::S3Error {
    error(
        400,
        "MalformedACLError",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

/// An argument that is none of those that there are.
pub(super) fn invalid(message: &'static str, name: &'static str, value: &str) -> s3s::S3Error {
    let error = error(400, "InvalidArgument", message);
    error.with_detail("ArgumentName", name).with_detail("ArgumentValue", value)
}

/// The grants of a body; nothing where there is no body.
///
/// # Errors
/// It is no `AccessControlPolicy`, or its owner is nobody's canonical user id.
pub(super) fn grants(body: &[u8], accounts: &[String]) -> S3Result<Option<Vec<Grant>>> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let root = Element::read(body).filter(|root| root.name == "AccessControlPolicy");
    let root = root.ok_or_else(malformed_acl)?;
    let (Some(owner), Some(list)) = (root.child("Owner"), root.child("AccessControlList")) else {
        return Err(malformed_acl());
    };
    let id = owner.get("ID").filter(|id| !id.is_empty()).ok_or_else(malformed_acl)?;
    if !accounts.iter().any(|account| canonical_id(account) == id) {
        return Err(invalid("Invalid id", "CanonicalUser/ID", id));
    }
    let types = grantee_types(body).ok_or_else(malformed_acl)?;
    if types.len() != list.children.len() {
        return Err(malformed_acl());
    }
    let grants = list.children.iter().zip(types);
    grants.map(|(grant, kind)| read(grant, &kind)).collect::<S3Result<_>>().map(Some)
}

fn read(grant: &Element, kind: &str) -> S3Result<Grant> {
    let grantee = grant.child("Grantee").ok_or_else(malformed_acl)?;
    let permission = grant.get("Permission").ok_or_else(malformed_acl)?;
    let known = GRANTS.iter().any(|(word, _)| *word == permission);
    if grant.name != "Grant" || !known || !TYPES.contains(&kind) {
        return Err(malformed_acl());
    }
    let member = |name: &str, of: &str| {
        let value = grantee.get(name).filter(|_| kind == of).map(str::to_owned);
        if kind == of && value.is_none() { Err(malformed_acl()) } else { Ok(value) }
    };
    Ok(Grant {
        grantee: Some(Grantee {
            display_name: None,
            email_address: member("EmailAddress", "AmazonCustomerByEmail")?,
            id: member("ID", "CanonicalUser")?,
            type_: Type::from(kind.to_owned()),
            uri: member("URI", "Group")?,
        }),
        permission: Some(Permission::from(permission.to_owned())),
    })
}

/// The `xsi:type` of every grantee, in their order; nothing if one has none.
fn grantee_types(body: &[u8]) -> Option<Vec<String>> {
    let mut reader = Reader::from_reader(body);
    let mut found = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) | Event::Empty(element)
                if element.local_name().as_ref() == b"Grantee" =>
            {
                let mut attributes = element.attributes().filter_map(Result::ok);
                let kind = attributes.find(|one| one.key.local_name().as_ref() == b"type")?;
                found.push(String::from_utf8(kind.value.into_owned()).ok()?);
            }
            Event::Eof => return Some(found),
            _ => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const ACCOUNT: &str = "111122223333";

    fn outcome(owner: &str, grants_xml: &str) -> String {
        let body = format!(
            "<AccessControlPolicy xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
             {owner}<AccessControlList>{grants_xml}</AccessControlList></AccessControlPolicy>"
        );
        match grants(body.as_bytes(), &[ACCOUNT.to_owned()]) {
            Ok(grants) => format!("{} grants", grants.map_or(0, |grants| grants.len())),
            Err(error) => error.code().as_str().to_owned(),
        }
    }

    #[test]
    fn only_whole_grants_are_read() {
        let owner = format!("<Owner><ID>{}</ID></Owner>", canonical_id(ACCOUNT));
        let whole = "<Grant><Grantee xsi:type=\"Group\"><URI>u</URI></Grantee>\
                     <Permission>READ</Permission></Grant>";
        assert_eq!(outcome(&owner, whole), "1 grants");
        assert_eq!(outcome(&owner, ""), "0 grants");
        assert_eq!(outcome("", whole), "MalformedACLError");
        assert_eq!(outcome("<Owner><ID>x</ID></Owner>", whole), "InvalidArgument");
        for (from, to) in [
            ("READ", "read"),
            ("Group", "group"),
            ("Group", "CanonicalUser"),
            (" xsi:type=\"Group\"", ""),
            ("<Permission>READ</Permission>", ""),
            ("<Grant>", "<Grand>"),
        ] {
            let broken = whole.replace(from, to).replace("</Grant>", &to.replace('<', "</"));
            assert_eq!(outcome(&owner, &broken), "MalformedACLError", "{from} {to}");
        }
        assert_eq!(grants(b" \n", &[]).unwrap(), None);
    }
}
