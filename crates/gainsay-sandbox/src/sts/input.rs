//! What parameters of STS must be, as the API reference's pages say
//! (<https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>).

use crate::{
    constraint::{Member, Rule, is_name, is_tag, is_word},
    query::Model,
};

const ARN: &[Rule] = &[
    Rule::Length(20, 2048),
    Rule::Pattern(
        "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+",
        |c| matches!(c, '\t' | '\n' | '\r' | '\u{85}') || !c.is_control(),
    ),
];
const NAME: Rule = Rule::Pattern("[\\w+=,.@-]*", is_name);

pub(super) const MODEL: Model = Model {
    required: &[
        ("AssumeRole", &["RoleArn", "RoleSessionName"]),
        ("GetFederationToken", &["Name"]),
        ("GetAccessKeyInfo", &["AccessKeyId"]),
        ("DecodeAuthorizationMessage", &["EncodedMessage"]),
    ],
    members: &[
        Member::new("RoleArn", ARN),
        Member::new("PolicyArns.arn", ARN),
        Member::new("RoleSessionName", &[Rule::Length(2, 64), NAME]),
        Member::new("SourceIdentity", &[Rule::Length(2, 64), NAME]),
        Member::new("Name", &[Rule::Length(2, 32), NAME]),
        Member::new("Policy", &[Rule::Length(1, 2048)]),
        Member::new("DurationSeconds", &[Rule::Range(900, 129_600)]),
        Member::new(
            "ExternalId",
            &[
                Rule::Length(2, 1224),
                Rule::Pattern("[\\w+=,.@:\\/-]*", |c| is_name(c) || ":/".contains(c)),
            ],
        ),
        Member::new(
            "SerialNumber",
            &[
                Rule::Length(9, 256),
                Rule::Pattern("[\\w+=/:,.@-]*", |c| is_name(c) || ":/".contains(c)),
            ],
        ),
        Member::new(
            "TokenCode",
            &[Rule::Length(6, 6), Rule::Pattern("[\\d]*", |c| c.is_ascii_digit())],
        ),
        Member::new("AccessKeyId", &[Rule::Length(16, 128), Rule::Pattern("[\\w]*", is_word)]),
        Member::new("EncodedMessage", &[Rule::Length(1, 10_240)]),
        Member::new(
            "Tags.Key",
            &[Rule::Length(1, 128), Rule::Pattern("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+", is_tag)],
        ),
        Member::new(
            "Tags.Value",
            &[Rule::Length(0, 256), Rule::Pattern("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", is_tag)],
        ),
    ],
    only: &[("AssumeRole", Member::new("DurationSeconds", &[Rule::Range(900, 43_200)]))],
    lists: &[Member::new(
        "TransitiveTagKeys",
        &[Rule::Length(1, 128), Rule::Pattern("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+", is_tag)],
    )],
    counts: &[("Tags", 50), ("TransitiveTagKeys", 50), ("PolicyArns", 10)],
};
