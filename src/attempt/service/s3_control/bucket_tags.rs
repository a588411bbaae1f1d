//! The tags of a bucket, by its ARN.

use gainsay_model::xml::{element, wrap};

use super::{Exchange, encoded, exchange};
use crate::attempt::{
    Call, Effect, On, Operation, Param, Service,
    command::{CommandLine, Spelling, quote, tag_list},
    content::tags,
    service::send::tag_elements,
};

/// `TagResource`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_TagResource.html>.
pub const TAG: Operation = Operation {
    needs: &[Param::Bucket, Param::Tags],
    command: CommandLine {
        options: &[(Param::Bucket, Spelling::Nowhere), (Param::Tags, Spelling::Own(tag_list))],
        more: resource_option,
        ..CommandLine::USUAL
    },
    ..Operation::new(
        Service::S3Control,
        "s3:TagResource",
        On::Bucket,
        Effect::Configures,
        exchange!(tag),
    )
};

/// `UntagResource`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_UntagResource.html>.
pub const UNTAG: Operation = Operation {
    needs: &[Param::Bucket, Param::TagKeys],
    command: CommandLine {
        options: &[(Param::Bucket, Spelling::Nowhere)],
        more: resource_option,
        ..CommandLine::USUAL
    },
    ..Operation::new(
        Service::S3Control,
        "s3:UntagResource",
        On::Bucket,
        Effect::Configures,
        exchange!(untag),
    )
};

/// `ListTagsForResource`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_ListTagsForResource.html>.
pub const LIST: Operation = Operation {
    needs: &[Param::Bucket],
    command: CommandLine {
        options: &[(Param::Bucket, Spelling::Nowhere)],
        more: resource_option,
        ..CommandLine::USUAL
    },
    ..Operation::new(
        Service::S3Control,
        "s3:ListTagsForResource",
        On::Bucket,
        Effect::Reads,
        exchange!(list_tags),
    )
};

fn resource_option(call: &Call) -> String {
    format!("--resource-arn {}", quote(&call.resource))
}

fn path(call: &Call) -> String {
    format!("/tags/{}", encoded(&call.resource))
}

fn tag(call: &Call) -> Exchange {
    let tags = tags(&call.get(Param::Tags).unwrap_or_default()).into_iter();
    let tags = tags
        .map(|(key, value)| wrap("Tag", &(element("Key", &key) + &element("Value", &value))))
        .collect::<String>();
    Exchange::new("POST", path(call)).sends("TagResourceRequest", &wrap("Tags", &tags))
}

fn untag(call: &Call) -> Exchange {
    let keys = call.get(Param::TagKeys).unwrap_or_default();
    let keys: Vec<String> =
        keys.split(',').map(|key| format!("tagKeys={}", encoded(key))).collect();
    Exchange::new("DELETE", format!("{}?{}", path(call), keys.join("&")))
}

fn list_tags(call: &Call) -> Exchange {
    Exchange::new("GET", path(call)).answers("ListTagsForResourceResult", |result| {
        tag_elements(&result.child("Tags").cloned().unwrap_or_default())
    })
}
