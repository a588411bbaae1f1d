//! S3 Access Grants: the instance of an account, its locations, grants, and what they give.

use gainsay_model::xml::{element, wrap};

use super::{Exchange, arn, encoded, exchange, optional};
use crate::attempt::{
    Call, Effect, Field, On, Operation, Output, Param, Service,
    command::{CommandLine, Spelling, quote},
    service::send::fields,
};

/// `GetDataAccess`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetDataAccess.html>.
pub const GET_DATA_ACCESS: Operation = Operation {
    needs: &[Param::Bucket],
    may: &[Param::Prefix, Param::Permission],
    command: CommandLine {
        options: &[(Param::Bucket, Spelling::Nowhere), (Param::Prefix, Spelling::Nowhere)],
        more: |call| format!("--target {} --permission {}", quote(&target(call)), permission(call)),
        ..CommandLine::USUAL
    },
    ..Operation::new(
        Service::S3Control,
        "s3:GetDataAccess",
        On::AccessGrants,
        Effect::Reads,
        exchange!(get_data_access),
    )
};

/// `CreateAccessGrantsLocation`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateAccessGrantsLocation.html>.
pub const CREATE_LOCATION: Operation = Operation {
    needs: &[Param::Role, Param::Bucket],
    may: &[Param::Prefix],
    command: CommandLine {
        options: &[
            (Param::Bucket, Spelling::Nowhere),
            (Param::Prefix, Spelling::Nowhere),
            (Param::Role, Spelling::Option("--iam-role-arn")),
        ],
        more: |call| format!("--location-scope {}", quote(&scope(call))),
        ..CommandLine::USUAL
    },
    ..Operation::new(
        Service::S3Control,
        "s3:CreateAccessGrantsLocation",
        On::Locations,
        Effect::Configures,
        exchange!(create_location),
    )
};

/// `CreateAccessGrant`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateAccessGrant.html>.
pub const CREATE_GRANT: Operation = Operation {
    needs: &[Param::Location, Param::Grantee],
    may: &[Param::Prefix, Param::Permission],
    command: CommandLine {
        options: &[(Param::Grantee, Spelling::Nowhere), (Param::Prefix, Spelling::Nowhere)],
        more: grant_options,
        ..CommandLine::USUAL
    },
    ..Operation::new(
        Service::S3Control,
        "s3:CreateAccessGrant",
        On::Location,
        Effect::Configures,
        exchange!(create_grant),
    )
};

/// `CreateAccessGrantsInstance`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateAccessGrantsInstance.html>.
pub const CREATE_INSTANCE: Operation = Operation::new(
    Service::S3Control,
    "s3:CreateAccessGrantsInstance",
    On::AccessGrants,
    Effect::Configures,
    exchange!(create_instance),
);

/// `GetAccessGrantsInstance`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetAccessGrantsInstance.html>.
pub const GET_INSTANCE: Operation = Operation::new(
    Service::S3Control,
    "s3:GetAccessGrantsInstance",
    On::AccessGrants,
    Effect::Reads,
    exchange!(get_instance),
);

/// `DeleteAccessGrantsInstance`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_DeleteAccessGrantsInstance.html>.
pub const DELETE_INSTANCE: Operation = Operation::new(
    Service::S3Control,
    "s3:DeleteAccessGrantsInstance",
    On::AccessGrants,
    Effect::Configures,
    exchange!(delete_instance),
);

/// Where everything of an instance is.
const INSTANCE: &str = "/accessgrantsinstance";

/// What is requested or granted; reading where nothing is said.
fn permission(call: &Call) -> String {
    call.get(Param::Permission).unwrap_or_else(|| "READ".to_owned())
}

/// The keys of a bucket that begin with the prefix, as a location names them.
fn scope(call: &Call) -> String {
    let text = |param| call.get(param).unwrap_or_default();
    format!("s3://{}/{}", text(Param::Bucket), text(Param::Prefix))
}

/// The keys of a bucket that begin with the prefix, as credentials for them are requested.
fn target(call: &Call) -> String {
    scope(call) + "*"
}

/// The keys below its location that a grant is for.
fn sub_prefix(call: &Call) -> String {
    call.get(Param::Prefix).unwrap_or_default() + "*"
}

fn grant_options(call: &Call) -> String {
    let grantee = call.get(Param::Grantee).unwrap_or_default();
    format!(
        "--grantee {} --access-grants-location-configuration {} --permission {}",
        quote(&format!("GranteeType=IAM,GranteeIdentifier={grantee}")),
        quote(&format!("S3SubPrefix={}", sub_prefix(call))),
        permission(call)
    )
}

fn get_data_access(call: &Call) -> Exchange {
    let path = format!(
        "{INSTANCE}/dataaccess?permission={}&target={}",
        encoded(&permission(call)),
        encoded(&target(call))
    );
    Exchange::new("GET", path).answers("GetDataAccessResult", |_| Output::new())
}

fn create_location(call: &Call) -> Exchange {
    let role = optional("IAMRoleArn", call.get(Param::Role).as_deref());
    let scope = element("LocationScope", &scope(call));
    Exchange::new("POST", format!("{INSTANCE}/location"))
        .sends("CreateAccessGrantsLocationRequest", &(role + &scope))
        .answers("CreateAccessGrantsLocationResult", |result| {
            fields([
                (Field::LocationId, result.get("AccessGrantsLocationId")),
                (Field::Arn, result.get("AccessGrantsLocationArn")),
            ])
        })
}

fn create_grant(call: &Call) -> Exchange {
    let grantee = optional("GranteeIdentifier", call.get(Param::Grantee).as_deref());
    let below = element("S3SubPrefix", &sub_prefix(call));
    let grant = [
        wrap("AccessGrantsLocationConfiguration", &below),
        optional("AccessGrantsLocationId", call.get(Param::Location).as_deref()),
        wrap("Grantee", &(element("GranteeType", "IAM") + &grantee)),
        element("Permission", &permission(call)),
    ];
    Exchange::new("POST", format!("{INSTANCE}/grant"))
        .sends("CreateAccessGrantRequest", &grant.concat())
        .answers("CreateAccessGrantResult", |result| {
            fields([
                (Field::GrantId, result.get("AccessGrantId")),
                (Field::Arn, result.get("AccessGrantArn")),
            ])
        })
}

fn create_instance(_: &Call) -> Exchange {
    Exchange::new("POST", INSTANCE.to_owned())
        .sends("CreateAccessGrantsInstanceRequest", "")
        .answers("CreateAccessGrantsInstanceResult", |result| {
            arn(result, "AccessGrantsInstanceArn")
        })
}

fn get_instance(_: &Call) -> Exchange {
    Exchange::new("GET", INSTANCE.to_owned())
        .answers("GetAccessGrantsInstanceResult", |result| arn(result, "AccessGrantsInstanceArn"))
}

fn delete_instance(_: &Call) -> Exchange {
    Exchange::new("DELETE", INSTANCE.to_owned())
}
