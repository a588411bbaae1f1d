//! S3 Control.

use aws_sdk_s3control::{
    error::BuildError,
    operation::{RequestId as _, create_job::builders::CreateJobFluentBuilder},
    types::{
        AccessGrantsLocationConfiguration, Grantee, GranteeType, JobManifest, JobManifestFieldName, JobManifestFormat, JobManifestLocation,
        JobManifestSpec, JobOperation, JobReport, Permission, PublicAccessBlockConfiguration, S3CopyObjectOperation, Tag,
    },
};

use super::{fields, send};
use crate::{
    attempt::{Answer, Call, Field, Op, Output, Param, cli::tags},
    cloud::Clients,
};

/// Makes a call of S3 Control.
pub(super) async fn control(clients: &Clients, call: &Call) -> Answer {
    match call.operation.op {
        Op::CreateJob | Op::DescribeJob | Op::ListJobs => job(clients, call).await,
        Op::CreateAccessPoint | Op::GetAccessPoint | Op::DeleteAccessPoint => access_point(clients, call).await,
        Op::PutAccessPointPolicy | Op::GetAccessPointPolicy | Op::DeleteAccessPointPolicy => policy(clients, call).await,
        Op::TagBucket | Op::UntagBucket | Op::ListTagsForResource => tagging(clients, call).await,
        Op::CreateAccessGrantsLocation | Op::CreateAccessGrant => granting(clients, call).await,
        Op::GetDataAccess | Op::CreateAccessGrantsInstance | Op::GetAccessGrantsInstance | Op::DeleteAccessGrantsInstance => {
            grants(clients, call).await
        }
        _ => public_access(clients, call).await,
    }
}

fn not_built(error: &BuildError) -> Answer {
    Answer::NotSent {
        message: error.to_string(),
    }
}

async fn job(clients: &Clients, call: &Call) -> Answer {
    let client = &clients.s3control;
    match call.operation.op {
        Op::CreateJob => match new_job(clients, call) {
            Ok(request) => send!(clients, request, |answer| fields([(Field::JobId, answer.job_id())])),
            Err(error) => not_built(&error),
        },
        Op::DescribeJob => {
            let request = client.describe_job().account_id(&call.account).set_job_id(call.get(Param::Job));
            send!(clients, request, |answer| {
                let job = answer.job();
                fields([
                    (Field::JobId, job.and_then(|job| job.job_id())),
                    (
                        Field::JobStatus,
                        job.and_then(|job| job.status()).map(aws_sdk_s3control::types::JobStatus::as_str),
                    ),
                    (Field::Arn, job.and_then(|job| job.role_arn())),
                ])
            })
        }
        _ => send!(clients, client.list_jobs().account_id(&call.account), |_answer| Output::new()),
    }
}

/// A job that would copy a bucket's objects with the role, and that waits to be confirmed: an unexpected success does nothing.
fn new_job(clients: &Clients, call: &Call) -> Result<CreateJobFluentBuilder, BuildError> {
    let bucket = format!("arn:aws:s3:::{}", call.get(Param::Bucket).unwrap_or_default());
    let spec = JobManifestSpec::builder()
        .format(JobManifestFormat::S3BatchOperationsCsv20180820)
        .fields(JobManifestFieldName::Bucket)
        .fields(JobManifestFieldName::Key);
    let location = JobManifestLocation::builder()
        .object_arn(format!("{bucket}/gainsay-manifest.csv"))
        .e_tag("0".repeat(32));
    let manifest = JobManifest::builder().spec(spec.build()?).location(location.build()?);
    let copy = S3CopyObjectOperation::builder().target_resource(bucket);
    Ok(clients
        .s3control
        .create_job()
        .account_id(&call.account)
        .confirmation_required(true)
        .operation(JobOperation::builder().s3_put_object_copy(copy.build()).build())
        .manifest(manifest.build())
        .report(JobReport::builder().enabled(false).build())
        .priority(1)
        .set_role_arn(call.get(Param::Role)))
}

async fn access_point(clients: &Clients, call: &Call) -> Answer {
    let client = &clients.s3control;
    let name = call.get(Param::AccessPoint);
    match call.operation.op {
        Op::CreateAccessPoint => {
            let request = client
                .create_access_point()
                .account_id(&call.account)
                .set_name(name)
                .set_bucket(call.get(Param::Bucket))
                .set_bucket_account_id(call.bucket_owner.clone());
            send!(clients, request, |answer| fields([(Field::Arn, answer.access_point_arn())]))
        }
        Op::GetAccessPoint => {
            let request = client.get_access_point().account_id(&call.account).set_name(name);
            send!(clients, request, |answer| fields([(Field::Arn, answer.access_point_arn())]))
        }
        _ => {
            let request = client.delete_access_point().account_id(&call.account).set_name(name);
            send!(clients, request, |_answer| Output::new())
        }
    }
}

async fn policy(clients: &Clients, call: &Call) -> Answer {
    let client = &clients.s3control;
    let name = call.get(Param::AccessPoint);
    match call.operation.op {
        Op::PutAccessPointPolicy => {
            let policy = call.get(Param::Document).unwrap_or_else(|| denies_nothing(&call.resource));
            let request = client
                .put_access_point_policy()
                .account_id(&call.account)
                .set_name(name)
                .policy(policy);
            send!(clients, request, |_answer| Output::new())
        }
        Op::GetAccessPointPolicy => {
            let request = client.get_access_point_policy().account_id(&call.account).set_name(name);
            send!(clients, request, |answer| fields([(Field::Policy, answer.policy())]))
        }
        _ => {
            let request = client.delete_access_point_policy().account_id(&call.account).set_name(name);
            send!(clients, request, |_answer| Output::new())
        }
    }
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

async fn tagging(clients: &Clients, call: &Call) -> Answer {
    let client = &clients.s3control;
    match call.operation.op {
        Op::TagBucket => {
            let written = tags(&call.get(Param::Tags).unwrap_or_default()).into_iter();
            let tags: Result<Vec<Tag>, _> = written.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
            match tags {
                Ok(tags) => {
                    let request = client.tag_resource().account_id(&call.account).resource_arn(&call.resource);
                    send!(clients, request.set_tags(Some(tags)), |_answer| Output::new())
                }
                Err(error) => not_built(&error),
            }
        }
        Op::UntagBucket => {
            let keys = call.get(Param::TagKeys).unwrap_or_default();
            let keys = keys.split(',').map(str::to_owned).collect();
            let request = client.untag_resource().account_id(&call.account).resource_arn(&call.resource);
            send!(clients, request.set_tag_keys(Some(keys)), |_answer| Output::new())
        }
        _ => {
            let request = client
                .list_tags_for_resource()
                .account_id(&call.account)
                .resource_arn(&call.resource);
            send!(clients, request, |answer| {
                let tags = answer.tags().iter().map(|tag| format!("{}={}", tag.key(), tag.value()));
                Output::from([(Field::Tags, vec![tags.collect::<Vec<_>>().join("&")])])
            })
        }
    }
}

async fn granting(clients: &Clients, call: &Call) -> Answer {
    let client = &clients.s3control;
    let prefix = call.get(Param::Prefix).unwrap_or_default();
    if call.operation.op == Op::CreateAccessGrantsLocation {
        let bucket = call.get(Param::Bucket).unwrap_or_default();
        let request = client.create_access_grants_location().account_id(&call.account);
        let request = request
            .location_scope(format!("s3://{bucket}/{prefix}"))
            .set_iam_role_arn(call.get(Param::Role));
        return send!(clients, request, |answer| fields([
            (Field::LocationId, answer.access_grants_location_id()),
            (Field::Arn, answer.access_grants_location_arn()),
        ]));
    }
    let grantee = Grantee::builder().grantee_type(GranteeType::Iam);
    let configuration = AccessGrantsLocationConfiguration::builder().s3_sub_prefix(format!("{prefix}*"));
    let request = client.create_access_grant().account_id(&call.account);
    let request = request
        .set_access_grants_location_id(call.get(Param::Location))
        .access_grants_location_configuration(configuration.build())
        .grantee(grantee.set_grantee_identifier(call.get(Param::Grantee)).build())
        .permission(permission(call));
    send!(clients, request, |answer| fields([
        (Field::GrantId, answer.access_grant_id()),
        (Field::Arn, answer.access_grant_arn()),
    ]))
}

fn permission(call: &Call) -> Permission {
    let word = call.get(Param::Permission);
    word.map_or(Permission::Read, |word| Permission::from(word.as_str()))
}

async fn grants(clients: &Clients, call: &Call) -> Answer {
    let client = &clients.s3control;
    match call.operation.op {
        Op::GetDataAccess => {
            let bucket = call.get(Param::Bucket).unwrap_or_default();
            let prefix = call.get(Param::Prefix).unwrap_or_default();
            let request = client
                .get_data_access()
                .account_id(&call.account)
                .target(format!("s3://{bucket}/{prefix}*"))
                .permission(permission(call));
            send!(clients, request, |_answer| Output::new())
        }
        Op::CreateAccessGrantsInstance => {
            let request = client.create_access_grants_instance().account_id(&call.account);
            send!(clients, request, |answer| fields([(
                Field::Arn,
                answer.access_grants_instance_arn()
            )]))
        }
        Op::GetAccessGrantsInstance => {
            let request = client.get_access_grants_instance().account_id(&call.account);
            send!(clients, request, |answer| fields([(
                Field::Arn,
                answer.access_grants_instance_arn()
            )]))
        }
        _ => {
            let request = client.delete_access_grants_instance().account_id(&call.account);
            send!(clients, request, |_answer| Output::new())
        }
    }
}

async fn public_access(clients: &Clients, call: &Call) -> Answer {
    let client = &clients.s3control;
    match call.operation.op {
        // All four are on in what is written: an unexpected success opens nothing.
        Op::PutAccountPublicAccessBlock => {
            let block = PublicAccessBlockConfiguration::builder()
                .block_public_acls(true)
                .ignore_public_acls(true)
                .block_public_policy(true)
                .restrict_public_buckets(true);
            let request = client.put_public_access_block().account_id(&call.account);
            send!(clients, request.public_access_block_configuration(block.build()), |_answer| {
                Output::new()
            })
        }
        Op::GetAccountPublicAccessBlock => {
            let request = client.get_public_access_block().account_id(&call.account);
            send!(clients, request, |_answer| Output::new())
        }
        _ => {
            let request = client.delete_public_access_block().account_id(&call.account);
            send!(clients, request, |_answer| Output::new())
        }
    }
}
