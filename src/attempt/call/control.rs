//! S3 Control:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_AWS_S3_Control.html>.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gainsay_model::{
    Service,
    xml::{Element, element, wrap},
};
use md5::{Digest as _, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use super::{asked, fields, forgotten};
use crate::{
    attempt::{Answer, Ask, Call, Field, Op, Output, Param, cli::tags},
    cloud::{Clients, Told},
};

/// What may stand in a part of a path or of a query as it is (RFC 3986, section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The namespace of every body.
const NAMESPACE: &str = "http://awss3control.amazonaws.com/doc/2018-08-20/";

/// How an operation is asked for, and what its answer holds.
struct Shape {
    method: &'static str,
    /// Path and query below the version.
    path: String,
    body: String,
    /// The root element of the answer; nothing where there is no body.
    root: &'static str,
    /// What of the answer is read.
    read: fn(&Element) -> Output,
}

/// Makes a call of S3 Control.
pub(super) async fn control(clients: &Clients, call: &Call) -> Answer {
    let Some(shape) = shape(call) else {
        return forgotten(call);
    };
    let ask = Ask {
        method: shape.method,
        prefix: format!("{}.", call.account),
        path: format!("/v20180820{}", shape.path),
        headers: vec![
            ("content-type", "application/xml".to_owned()),
            ("content-md5", STANDARD.encode(Md5::digest(&shape.body))),
            ("x-amz-account-id", call.account.clone()),
        ],
        body: shape.body,
    };
    asked(clients, Service::S3Control, &ask, |told: &Told| {
        if shape.root.is_empty() {
            return told.nothing(Service::S3Control);
        }
        Ok((shape.read)(&told.element(Service::S3Control, shape.root)?))
    })
    .await
}

#[expect(clippy::too_many_lines, reason = "an arm for each operation")]
fn shape(call: &Call) -> Option<Shape> {
    let text = |param| call.get(param).unwrap_or_default();
    let point = || format!("/accesspoint/{}", encoded(&text(Param::AccessPoint)));
    let tags_of = || format!("/tags/{}", encoded(&call.resource));
    let block = || "/configuration/publicAccessBlock".to_owned();
    let instance = || "/accessgrantsinstance".to_owned();
    Some(match call.operation.op {
        Op::CreateJob => Shape::new("POST", "/jobs".to_owned())
            .sends("CreateJobRequest", &new_job(call))
            .answers("CreateJobResult", |result| fields([(Field::JobId, result.get("JobId"))])),
        Op::DescribeJob => Shape::new("GET", format!("/jobs/{}", encoded(&text(Param::Job))))
            .answers("DescribeJobResult", described_job),
        Op::ListJobs => {
            Shape::new("GET", "/jobs".to_owned()).answers("ListJobsResult", |_| Output::new())
        }
        Op::CreateAccessPoint => Shape::new("PUT", point())
            .sends(
                "CreateAccessPointRequest",
                &(element("Bucket", &text(Param::Bucket))
                    + &optional("BucketAccountId", call.bucket_owner.as_deref())),
            )
            .answers("CreateAccessPointResult", |result| arn(result, "AccessPointArn")),
        Op::GetAccessPoint => Shape::new("GET", point())
            .answers("GetAccessPointResult", |result| arn(result, "AccessPointArn")),
        Op::DeleteAccessPoint => Shape::new("DELETE", point()),
        Op::PutAccessPointPolicy => {
            let policy =
                call.get(Param::Document).unwrap_or_else(|| denies_nothing(&call.resource));
            Shape::new("PUT", point() + "/policy")
                .sends("PutAccessPointPolicyRequest", &element("Policy", &policy))
        }
        Op::GetAccessPointPolicy => Shape::new("GET", point() + "/policy")
            .answers("GetAccessPointPolicyResult", |result| {
                fields([(Field::Policy, result.get("Policy"))])
            }),
        Op::DeleteAccessPointPolicy => Shape::new("DELETE", point() + "/policy"),
        Op::TagBucket => {
            let tags = tags(&text(Param::Tags)).into_iter();
            let tags = tags.map(|(key, value)| {
                wrap("Tag", &(element("Key", &key) + &element("Value", &value)))
            });
            Shape::new("POST", tags_of())
                .sends("TagResourceRequest", &wrap("Tags", &tags.collect::<String>()))
        }
        Op::UntagBucket => {
            let keys = text(Param::TagKeys);
            let keys: Vec<String> =
                keys.split(',').map(|key| format!("tagKeys={}", encoded(key))).collect();
            Shape::new("DELETE", format!("{}?{}", tags_of(), keys.join("&")))
        }
        Op::ListTagsForResource => {
            Shape::new("GET", tags_of()).answers("ListTagsForResourceResult", |result| {
                let tags = result.child("Tags").cloned().unwrap_or_default();
                super::listed_tags(&tags)
            })
        }
        Op::CreateAccessGrantsLocation => Shape::new("POST", instance() + "/location")
            .sends(
                "CreateAccessGrantsLocationRequest",
                &(optional("IAMRoleArn", call.get(Param::Role).as_deref())
                    + &element(
                        "LocationScope",
                        &format!("s3://{}/{}", text(Param::Bucket), text(Param::Prefix)),
                    )),
            )
            .answers("CreateAccessGrantsLocationResult", |result| {
                fields([
                    (Field::LocationId, result.get("AccessGrantsLocationId")),
                    (Field::Arn, result.get("AccessGrantsLocationArn")),
                ])
            }),
        Op::CreateAccessGrant => Shape::new("POST", instance() + "/grant")
            .sends("CreateAccessGrantRequest", &new_grant(call))
            .answers("CreateAccessGrantResult", |result| {
                fields([
                    (Field::GrantId, result.get("AccessGrantId")),
                    (Field::Arn, result.get("AccessGrantArn")),
                ])
            }),
        Op::GetDataAccess => {
            let target = format!("s3://{}/{}*", text(Param::Bucket), text(Param::Prefix));
            let path = format!(
                "{}/dataaccess?permission={}&target={}",
                instance(),
                encoded(&permission(call)),
                encoded(&target)
            );
            Shape::new("GET", path).answers("GetDataAccessResult", |_| Output::new())
        }
        Op::CreateAccessGrantsInstance => Shape::new("POST", instance())
            .sends("CreateAccessGrantsInstanceRequest", "")
            .answers("CreateAccessGrantsInstanceResult", |result| {
                arn(result, "AccessGrantsInstanceArn")
            }),
        Op::GetAccessGrantsInstance => Shape::new("GET", instance())
            .answers("GetAccessGrantsInstanceResult", |result| {
                arn(result, "AccessGrantsInstanceArn")
            }),
        Op::DeleteAccessGrantsInstance => Shape::new("DELETE", instance()),
        // All four are on in what is written: an unexpected success opens nothing.
        Op::PutAccountPublicAccessBlock => {
            let four = [
                "BlockPublicAcls",
                "IgnorePublicAcls",
                "BlockPublicPolicy",
                "RestrictPublicBuckets",
            ];
            let four: String = four.map(|name| element(name, "true")).concat();
            Shape::new("PUT", block()).sends("PublicAccessBlockConfiguration", &four)
        }
        Op::GetAccountPublicAccessBlock => {
            Shape::new("GET", block()).answers("PublicAccessBlockConfiguration", |_| Output::new())
        }
        Op::DeleteAccountPublicAccessBlock => Shape::new("DELETE", block()),
        _ => return None,
    })
}

impl Shape {
    fn new(method: &'static str, path: String) -> Self {
        Self { method, path, body: String::new(), root: "", read: |_| Output::new() }
    }

    /// Under a root element.
    fn sends(self, root: &str, inner: &str) -> Self {
        Self { body: format!("<{root} xmlns=\"{NAMESPACE}\">{inner}</{root}>"), ..self }
    }

    fn answers(self, root: &'static str, read: fn(&Element) -> Output) -> Self {
        Self { root, read, ..self }
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn optional(name: &str, text: Option<&str>) -> String {
    text.map(|text| element(name, text)).unwrap_or_default()
}

fn arn(result: &Element, name: &str) -> Output {
    fields([(Field::Arn, result.get(name))])
}

fn described_job(result: &Element) -> Output {
    let job = result.child("Job");
    let text = |name| job.and_then(|job| job.get(name));
    fields([
        (Field::JobId, text("JobId")),
        (Field::JobStatus, text("Status")),
        (Field::Arn, text("RoleArn")),
    ])
}

/// A job that would copy a bucket's objects with the role, and that waits to be confirmed: an
/// unexpected success does nothing.
fn new_job(call: &Call) -> String {
    let bucket = format!("arn:aws:s3:::{}", call.get(Param::Bucket).unwrap_or_default());
    let columns = element("member", "Bucket") + &element("member", "Key");
    let spec = element("Format", "S3BatchOperations_CSV_20180820") + &wrap("Fields", &columns);
    let location = element("ObjectArn", &format!("{bucket}/gainsay-manifest.csv"))
        + &element("ETag", &"0".repeat(32));
    [
        element("ClientRequestToken", &Uuid::new_v4().to_string()),
        element("ConfirmationRequired", "true"),
        wrap("Manifest", &(wrap("Spec", &spec) + &wrap("Location", &location))),
        wrap("Operation", &wrap("S3PutObjectCopy", &element("TargetResource", &bucket))),
        element("Priority", "1"),
        wrap("Report", &element("Enabled", "false")),
        optional("RoleArn", call.get(Param::Role).as_deref()),
    ]
    .concat()
}

fn new_grant(call: &Call) -> String {
    let prefix = call.get(Param::Prefix).unwrap_or_default();
    let grantee = optional("GranteeIdentifier", call.get(Param::Grantee).as_deref());
    [
        wrap("AccessGrantsLocationConfiguration", &element("S3SubPrefix", &format!("{prefix}*"))),
        optional("AccessGrantsLocationId", call.get(Param::Location).as_deref()),
        wrap("Grantee", &(element("GranteeType", "IAM") + &grantee)),
        element("Permission", &permission(call)),
    ]
    .concat()
}

/// What a grant permits; reading where nothing is said.
fn permission(call: &Call) -> String {
    call.get(Param::Permission).unwrap_or_else(|| "READ".to_owned())
}

/// A policy for an access point that grants nothing and denies one key that nobody has.
fn denies_nothing(arn: &str) -> String {
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": format!("{arn}/object/gainsay-synthetic"),
        }
    })
    .to_string()
}
