//! Access points.

use gainsay_model::xml::element;

use super::{Exchange, arn, encoded, exchange, optional};
use crate::attempt::{Call, Effect, On, Operation, Param, Service, command::CommandLine};

/// `CreateAccessPoint`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateAccessPoint.html>.
pub const CREATE: Operation = Operation {
    needs: &[Param::AccessPoint, Param::Bucket],
    command: CommandLine { more: bucket_account_option, ..CommandLine::USUAL },
    ..Operation::new(
        Service::S3Control,
        "s3:CreateAccessPoint",
        On::AccessPoint,
        Effect::Configures,
        exchange!(create),
    )
};

/// `GetAccessPoint`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetAccessPoint.html>.
pub const GET: Operation = Operation {
    needs: &[Param::AccessPoint],
    ..Operation::new(
        Service::S3Control,
        "s3:GetAccessPoint",
        On::AccessPoint,
        Effect::Reads,
        exchange!(get),
    )
};

/// `DeleteAccessPoint`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_DeleteAccessPoint.html>.
pub const DELETE: Operation = Operation {
    needs: &[Param::AccessPoint],
    ..Operation::new(
        Service::S3Control,
        "s3:DeleteAccessPoint",
        On::AccessPoint,
        Effect::Consumes,
        exchange!(delete),
    )
};

fn bucket_account_option(call: &Call) -> String {
    let owner = call.bucket_owner.as_ref();
    owner.map(|owner| format!("--bucket-account-id {owner}")).unwrap_or_default()
}

/// The path of the access point that a call names.
pub(super) fn path(call: &Call) -> String {
    format!("/accesspoint/{}", encoded(&call.get(Param::AccessPoint).unwrap_or_default()))
}

fn create(call: &Call) -> Exchange {
    let bucket = element("Bucket", &call.get(Param::Bucket).unwrap_or_default());
    let owner = optional("BucketAccountId", call.bucket_owner.as_deref());
    Exchange::new("PUT", path(call))
        .sends("CreateAccessPointRequest", &(bucket + &owner))
        .answers("CreateAccessPointResult", |result| arn(result, "AccessPointArn"))
}

fn get(call: &Call) -> Exchange {
    Exchange::new("GET", path(call))
        .answers("GetAccessPointResult", |result| arn(result, "AccessPointArn"))
}

fn delete(call: &Call) -> Exchange {
    Exchange::new("DELETE", path(call))
}
