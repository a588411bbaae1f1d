//! Jobs of Batch Operations. One that an attempt creates would copy a bucket's objects with the
//! role, and waits to be confirmed: an unexpected success does nothing.

use gainsay_model::xml::{Element, element, wrap};
use uuid::Uuid;

use super::{Exchange, encoded, exchange, optional};
use crate::attempt::{
    Call, Effect, Field, On, Operation, Output, Param, Service,
    command::{CommandLine, Spelling, quote},
    service::send::fields,
};

/// Where the manifest would be.
const MANIFEST: &str = "gainsay-manifest.csv";

/// `CreateJob`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateJob.html>.
pub const CREATE: Operation = Operation {
    needs: &[Param::Role, Param::Bucket],
    command: CommandLine {
        options: &[(Param::Bucket, Spelling::Nowhere)],
        more: job_options,
        ..CommandLine::USUAL
    },
    ..Operation::new(
        Service::S3Control,
        "s3:CreateJob",
        On::Jobs,
        Effect::Writes,
        exchange!(create),
    )
};

/// `DescribeJob`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_DescribeJob.html>.
pub const DESCRIBE: Operation = Operation {
    needs: &[Param::Job],
    ..Operation::new(
        Service::S3Control,
        "s3:DescribeJob",
        On::Job,
        Effect::Reads,
        exchange!(describe),
    )
};

/// `ListJobs`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_ListJobs.html>.
pub const LIST: Operation = Operation::new(
    Service::S3Control,
    "s3:ListJobs",
    On::Jobs,
    Effect::Reads,
    exchange!(list_jobs),
);

fn bucket_arn(call: &Call) -> String {
    format!("arn:aws:s3:::{}", call.get(Param::Bucket).unwrap_or_default())
}

/// The entity tag of the manifest, which nobody has made.
fn etag() -> String {
    "0".repeat(32)
}

fn job_options(call: &Call) -> String {
    let bucket = bucket_arn(call);
    let copy = format!("{{\"S3PutObjectCopy\":{{\"TargetResource\":\"{bucket}\"}}}}");
    let manifest = format!(
        "Spec={{Format=S3BatchOperations_CSV_20180820,Fields=[Bucket,Key]}},\
         Location={{ObjectArn={bucket}/{MANIFEST},ETag={}}}",
        etag()
    );
    format!(
        "--operation {} --manifest {} --report Enabled=false --priority 1 --confirmation-required",
        quote(&copy),
        quote(&manifest)
    )
}

fn create(call: &Call) -> Exchange {
    let bucket = bucket_arn(call);
    let columns = element("member", "Bucket") + &element("member", "Key");
    let spec = element("Format", "S3BatchOperations_CSV_20180820") + &wrap("Fields", &columns);
    let location =
        element("ObjectArn", &format!("{bucket}/{MANIFEST}")) + &element("ETag", &etag());
    let job = [
        element("ClientRequestToken", &Uuid::new_v4().to_string()),
        element("ConfirmationRequired", "true"),
        wrap("Manifest", &(wrap("Spec", &spec) + &wrap("Location", &location))),
        wrap("Operation", &wrap("S3PutObjectCopy", &element("TargetResource", &bucket))),
        element("Priority", "1"),
        wrap("Report", &element("Enabled", "false")),
        optional("RoleArn", call.get(Param::Role).as_deref()),
    ];
    Exchange::new("POST", "/jobs".to_owned())
        .sends("CreateJobRequest", &job.concat())
        .answers("CreateJobResult", |result| fields([(Field::JobId, result.get("JobId"))]))
}

fn describe(call: &Call) -> Exchange {
    let id = call.get(Param::Job).unwrap_or_default();
    Exchange::new("GET", format!("/jobs/{}", encoded(&id))).answers("DescribeJobResult", described)
}

fn described(result: &Element) -> Output {
    let job = result.child("Job");
    let text = |name| job.and_then(|job| job.get(name));
    fields([
        (Field::JobId, text("JobId")),
        (Field::JobStatus, text("Status")),
        (Field::Arn, text("RoleArn")),
    ])
}

fn list_jobs(_: &Call) -> Exchange {
    Exchange::new("GET", "/jobs".to_owned()).answers("ListJobsResult", |_| Output::new())
}
