//! The public access block of an account.

use gainsay_model::xml::element;

use super::{Exchange, exchange};
use crate::attempt::{Call, Effect, On, Operation, Output, Service, command::CommandLine};

/// `PutPublicAccessBlock`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html>.
pub const PUT: Operation = Operation {
    action: "s3:PutAccountPublicAccessBlock",
    command: CommandLine { more: |_| block_option(), ..CommandLine::USUAL },
    ..Operation::new(
        Service::S3Control,
        "s3control:PutPublicAccessBlock",
        On::Account,
        Effect::Configures,
        exchange!(put),
    )
};

/// `GetPublicAccessBlock`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html>.
pub const GET: Operation = Operation {
    action: "s3:GetAccountPublicAccessBlock",
    ..Operation::new(
        Service::S3Control,
        "s3control:GetPublicAccessBlock",
        On::Account,
        Effect::Reads,
        exchange!(get),
    )
};

/// `DeletePublicAccessBlock`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_DeletePublicAccessBlock.html>.
pub const DELETE: Operation = Operation {
    action: "s3:PutAccountPublicAccessBlock",
    ..Operation::new(
        Service::S3Control,
        "s3control:DeletePublicAccessBlock",
        On::Account,
        Effect::Configures,
        exchange!(delete),
    )
};

/// The settings, of which all are on in what is written: an unexpected success opens nothing.
const SETTINGS: [&str; 4] =
    ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

fn block_option() -> String {
    let settings = SETTINGS.map(|name| format!("{name}=true"));
    format!("--public-access-block-configuration {}", settings.join(","))
}

fn path() -> String {
    "/configuration/publicAccessBlock".to_owned()
}

fn put(_: &Call) -> Exchange {
    let settings = SETTINGS.map(|name| element(name, "true")).concat();
    Exchange::new("PUT", path()).sends("PublicAccessBlockConfiguration", &settings)
}

fn get(_: &Call) -> Exchange {
    Exchange::new("GET", path()).answers("PublicAccessBlockConfiguration", |_| Output::new())
}

fn delete(_: &Call) -> Exchange {
    Exchange::new("DELETE", path())
}
