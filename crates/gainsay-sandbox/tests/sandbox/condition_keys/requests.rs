//! The requests that carry condition keys.

use gainsay_model::Service;

use crate::support::{ACCOUNT, Param, REGION, Request, operation_request};

/// A request, and how it is sent.
#[derive(Clone, Copy)]
pub enum Sent {
    /// An operation of the tests' own, with further headers.
    Call(&'static str, &'static [(Param, &'static str)], &'static [(&'static str, &'static str)]),
    /// An operation of the tests' own, sent as a presigned URL.
    Presigned(&'static str, &'static [(Param, &'static str)]),
    /// A request of S3 by method, bucket, path with query, headers and body.
    S3(
        &'static str,
        &'static str,
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static str,
    ),
    /// A call of KMS with its input.
    Kms(&'static str, &'static str),
    /// A call of STS or IAM with its form.
    Query(Service, &'static str),
}

pub use Sent::{Call, Kms, Presigned, Query, S3};

pub const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000001";
pub const PLAIN: &[(Param, &str)] = &[(Param::Bucket, "gs-b"), (Param::Key, "k")];
pub const TAGGED: &[(Param, &str)] =
    &[(Param::Bucket, "gs-b"), (Param::Key, "k"), (Param::Tags, "team=a")];
pub const LISTED: Sent =
    S3("GET", "gs-b", "/?list-type=2&prefix=a/&delimiter=/&max-keys=7", &[], "");
pub const PUT: Sent = Call("s3:PutObject", PLAIN, &[]);
pub const WITH_KEY: &[(Param, &str)] = &[
    (Param::Bucket, "gs-b"),
    (Param::Key, "k"),
    (Param::Encryption, "aws:kms"),
    (Param::KmsKey, KEY),
];
pub const ENCRYPT: Sent =
    Call("kms:Encrypt", &[(Param::KeyId, "alias/one"), (Param::EncryptionContext, "a=b")], &[]);
pub const GRANT: Sent = Call(
    "kms:CreateGrant",
    &[
        (Param::KeyId, KEY),
        (Param::Grantee, "arn:aws:iam::111122223333:role/admin"),
        (Param::RetiringPrincipal, "arn:aws:iam::111122223333:role/admin"),
        (Param::GrantOperations, "Encrypt"),
        (Param::ContextEquals, "a=b"),
    ],
    &[],
);
pub const NEW_KEY: Sent = Kms(
    "CreateKey",
    r#"{"MultiRegion": true, "Tags": [{"TagKey": "team", "TagValue": "a"}], "BypassPolicyLockoutSafetyCheck": true}"#,
);
pub const ASSUME: Sent = Call(
    "sts:AssumeRole",
    &[
        (Param::Role, "arn:aws:iam::111122223333:role/admin"),
        (Param::ExternalId, "e1"),
        (Param::SourceIdentity, "someone"),
        (Param::SessionTags, "team=a"),
        (Param::TransitiveTags, "team"),
    ],
    &[],
);
pub const JOB: Sent = Call(
    "s3:CreateJob",
    &[(Param::Bucket, "gs-b"), (Param::Role, "arn:aws:iam::111122223333:role/admin")],
    &[],
);
pub const POINT: Sent =
    Call("s3:CreateAccessPoint", &[(Param::AccessPoint, "point"), (Param::Bucket, "gs-b")], &[]);
pub const LOCKED: Sent = S3(
    "PUT",
    "gs-locked",
    "/k",
    &[
        ("x-amz-object-lock-mode", "GOVERNANCE"),
        ("x-amz-object-lock-retain-until-date", "2100-01-01T00:00:00Z"),
        ("x-amz-object-lock-legal-hold", "OFF"),
    ],
    "",
);
pub const NEW_ROLE: Sent = Query(
    Service::Iam,
    "Action=CreateRole&Version=2010-05-08&RoleName=new&AssumeRolePolicyDocument=%7B%7D&PermissionsBoundary=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess",
);
pub const ATTACH: Sent = Query(
    Service::Iam,
    "Action=AttachRolePolicy&Version=2010-05-08&RoleName=admin&PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess",
);
pub const OWNED: &str = "gs-owned";
pub const NEW_BUCKET: Sent = S3(
    "PUT",
    "gs-new",
    "/",
    &[("x-amz-grant-write", "id=\"x\""), ("x-amz-object-ownership", "ObjectWriter")],
    "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>",
);
pub const INVENTORY: Sent = S3(
    "PUT",
    "gs-b",
    "/?inventory&id=one",
    &[],
    "<InventoryConfiguration><Destination><S3BucketDestination><Bucket>arn:aws:s3:::gs-b</Bucket><Format>CSV</Format></S3BucketDestination></Destination><IsEnabled>true</IsEnabled><Id>one</Id><IncludedObjectVersions>All</IncludedObjectVersions><OptionalFields><Field>Size</Field></OptionalFields><Schedule><Frequency>Daily</Frequency></Schedule></InventoryConfiguration>",
);

/// The request as it is signed, with the names that an environment gives its keys.
pub fn request(sent: Sent, names: &[(&str, String)]) -> Request {
    match sent {
        Call(operation, params, headers) => {
            let request = operation_request(operation, params, REGION);
            headers
                .iter()
                .fold(request, |request, (name, value)| request.header(name, Some(*value)))
        }
        Presigned(operation, params) => operation_request(operation, params, REGION),
        S3(method, bucket, target, headers, body) => {
            let host = format!("{bucket}.{}", Service::S3.host(REGION));
            let request = Request::new(Service::S3, method, host, target.to_owned());
            let request = if body.starts_with('<') {
                request.document("application/xml", body)
            } else {
                request.body("text/plain", body)
            };
            headers
                .iter()
                .fold(request, |request, (name, value)| request.header(name, Some(*value)))
        }
        Kms(operation, input) => {
            let known = [("\"KEY\"", KEY.to_owned())];
            let names = if names.is_empty() { known.as_slice() } else { names };
            let named = |input: String, (name, value): &(&str, String)| {
                input.replace(name, &format!("\"{value}\""))
            };
            let input = names.iter().fold(input.to_owned(), named);
            let host = Service::Kms.host(REGION);
            Request::new(Service::Kms, "POST", host, "/".to_owned())
                .body("application/x-amz-json-1.1", input)
                .header("x-amz-target", Some(format!("TrentService.{operation}")))
        }
        Query(Service::S3Control, body) => {
            let host = format!("{ACCOUNT}.{}", Service::S3Control.host(REGION));
            let target = "/v20180820/accesspoint/point".to_owned();
            Request::new(Service::S3Control, "PUT", host, target)
                .document("application/xml", body)
                .header("x-amz-account-id", Some(ACCOUNT))
        }
        Query(service, form) => {
            let host = if service == Service::Iam {
                "iam.amazonaws.com".to_owned()
            } else {
                service.host(REGION)
            };
            Request::new(service, "POST", host, "/".to_owned())
                .body("application/x-www-form-urlencoded", form)
        }
    }
}
