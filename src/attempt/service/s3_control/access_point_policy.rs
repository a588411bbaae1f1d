//! The policy of an access point.

use gainsay_model::xml::element;
use serde_json::{Value, json};

use super::{Exchange, access_point, exchange};
use crate::attempt::{
    Call, Effect, Field, On, Operation, Param, Service,
    command::{CommandLine, Spelling},
    content::{SYNTHETIC, document},
    service::send::fields,
};

/// `PutAccessPointPolicy`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutAccessPointPolicy.html>.
pub const PUT: Operation = Operation {
    needs: &[Param::AccessPoint],
    may: &[Param::Document],
    harmless: Some(denies_nobody),
    command: CommandLine {
        options: &[(Param::Document, Spelling::Option("--policy"))],
        more: policy_option,
        ..CommandLine::USUAL
    },
    ..Operation::new(
        Service::S3Control,
        "s3:PutAccessPointPolicy",
        On::AccessPoint,
        Effect::Configures,
        exchange!(put),
    )
};

/// `GetAccessPointPolicy`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetAccessPointPolicy.html>.
pub const GET: Operation = Operation {
    needs: &[Param::AccessPoint],
    ..Operation::new(
        Service::S3Control,
        "s3:GetAccessPointPolicy",
        On::AccessPoint,
        Effect::Reads,
        exchange!(get),
    )
};

/// `DeleteAccessPointPolicy`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_DeleteAccessPointPolicy.html>.
pub const DELETE: Operation = Operation {
    needs: &[Param::AccessPoint],
    ..Operation::new(
        Service::S3Control,
        "s3:DeleteAccessPointPolicy",
        On::AccessPoint,
        Effect::Configures,
        exchange!(delete),
    )
};

/// A policy that grants nothing and denies one key that nobody has.
fn denies_nobody(call: &Call) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": format!("{}/object/{SYNTHETIC}", call.resource),
        }
    })
}

fn policy_option(call: &Call) -> String {
    match call.get(Param::Document) {
        Some(_) => String::new(),
        None => "--policy file://policy".to_owned(),
    }
}

fn path(call: &Call) -> String {
    access_point::path(call) + "/policy"
}

fn put(call: &Call) -> Exchange {
    Exchange::new("PUT", path(call))
        .sends("PutAccessPointPolicyRequest", &element("Policy", &document(call)))
}

fn get(call: &Call) -> Exchange {
    Exchange::new("GET", path(call)).answers("GetAccessPointPolicyResult", |result| {
        fields([(Field::Policy, result.get("Policy"))])
    })
}

fn delete(call: &Call) -> Exchange {
    Exchange::new("DELETE", path(call))
}
