//! KMS: input that is not as it should be.

use serde_json::{Value, json};

use crate::{
    kms_requests::arn,
    support::{ACCOUNT, Place, Setup, Table, delegated, run},
};

const UNMODELLED: &str = "501 NotImplemented";

/// What KMS answers to a request as it is written here.
async fn raw(place: &Place, who: &str, operation: &str, body: impl Into<String>) -> String {
    let (target, body) = (format!("TrentService.{operation}"), body.into());
    let clients = place.clients(who, false).await;
    let call = clients.kms.list_aliases().customize().mutate_request(move |request| {
        request.headers_mut().insert("x-amz-target", target.clone());
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = body.clone().into();
    });
    match call.send().await {
        Ok(_) => "200".to_owned(),
        Err(error) => {
            use aws_sdk_kms::error::ProvideErrorMetadata as _;
            let status = error.raw_response().map(|raw| raw.status().as_u16()).unwrap_or_default();
            format!("{status} {}", error.code().unwrap_or_default())
        }
    }
}

#[test]
fn what_is_not_as_it_should_be_is_refused_as_such() {
    run(async {
        let place = Setup::new().key("k", "", delegated()).build();
        let k = arn(&place, "k");
        let with = |more: Value| {
            let mut body = json!({ "KeyId": k });
            for (name, value) in more.as_object().expect("members") {
                body[name] = value.clone();
            }
            body.to_string()
        };
        let tags = |tags: Value| with(json!({ "Tags": tags }));
        let many: Vec<Value> =
            (0..51).map(|n| json!({ "TagKey": format!("t{n}"), "TagValue": "" })).collect();
        let alias = |name: &str| json!({ "AliasName": name, "TargetKeyId": k }).to_string();
        let grant = |more: Value| {
            let mut body = json!({ "KeyId": k, "GranteePrincipal": format!("arn:aws:iam::{ACCOUNT}:role/admin"), "Operations": ["Decrypt"] });
            for (name, value) in more.as_object().expect("members") {
                body[name] = value.clone();
            }
            body.to_string()
        };
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let invalid = "400 ValidationException";
        let wrong_type = "400 SerializationException";
        let rows: Vec<(&str, String, &str)> = vec![
            ("ListKeys", "{}".to_owned(), "200"),
            ("ListKeys", json!({ "Limit": 0 }).to_string(), invalid),
            ("ListKeys", json!({ "Limit": 1001 }).to_string(), invalid),
            ("ListKeys", json!({ "Limit": -1 }).to_string(), "400 ValidationException"),
            ("ListKeys", json!({ "Marker": "\u{0}" }).to_string(), "400 InvalidMarkerException"),
            ("ListKeys", json!({ "Marker": format!("after-{}", usize::MAX) }).to_string(), "200"),
            ("GenerateRandom", json!({ "NumberOfBytes": 1024 }).to_string(), "200"),
            ("GenerateRandom", json!({ "NumberOfBytes": 1025 }).to_string(), invalid),
            ("GenerateRandom", "{}".to_owned(), invalid),
            ("UpdateKeyDescription", with(json!({ "Description": "\u{0}<é" })), "200"),
            ("UpdateKeyDescription", with(json!({ "Description": "x".repeat(8193) })), invalid),
            ("UpdateKeyDescription", with(json!({})), invalid),
            ("ListKeyRotations", with(json!({ "IncludeKeyMaterial": "SOME" })), invalid),
            ("ReplicateKey", with(json!({ "ReplicaRegion": "eu-west-9" })), invalid),
            (
                "ReplicateKey",
                with(json!({ "ReplicaRegion": "us-west-2" })),
                "400 UnsupportedOperationException",
            ),
            ("ReplicateKey", with(json!({})), invalid),
            (
                "UpdatePrimaryRegion",
                with(json!({ "PrimaryRegion": "us-west-2" })),
                "400 UnsupportedOperationException",
            ),
            ("GenerateMac", with(json!({})), UNMODELLED),
            ("EnableKey", with(json!({})), "200"),
            ("EnableKey", with(json!({ "Force": true })), UNMODELLED),
            ("EnableKey", "{}".to_owned(), invalid),
            ("EnableKey", "[]".to_owned(), wrong_type),
            ("EnableKey", "null".to_owned(), wrong_type),
            ("EnableKey", String::new(), wrong_type),
            ("EnableKey", "{\"KeyId\": 7}".to_owned(), wrong_type),
            ("EnableKey", "{\"KeyId\": \"a\", \"KeyId\": \"b\"}".to_owned(), wrong_type),
            ("EnableKey", "\u{0}\u{ffff}".to_owned(), wrong_type),
            ("EnableKey", deep, wrong_type),
            ("EnableKey", with(json!({ "Force": "x".repeat(1 << 20) })), invalid),
            ("EnableKey", json!({ "KeyId": "alias/k" }).to_string(), "400 NotFoundException"),
            ("EnableKey", json!({ "KeyId": "\u{0}\n../*" }).to_string(), "400 NotFoundException"),
            ("EnableKey", json!({ "KeyId": "" }).to_string(), invalid),
            ("ScheduleKeyDeletion", with(json!({ "PendingWindowInDays": "7" })), wrong_type),
            ("ScheduleKeyDeletion", with(json!({ "PendingWindowInDays": 1e300 })), wrong_type),
            ("ScheduleKeyDeletion", with(json!({ "PendingWindowInDays": i64::MAX })), invalid),
            ("EnableKeyRotation", with(json!({ "RotationPeriodInDays": 89 })), invalid),
            ("EnableKeyRotation", with(json!({ "RotationPeriodInDays": 90 })), "200"),
            ("TagResource", tags(json!([{ "TagKey": "a", "TagValue": "" }])), "200"),
            ("TagResource", tags(json!({ "a": "b" })), wrong_type),
            ("TagResource", tags(json!([{ "TagKey": "", "TagValue": "" }])), invalid),
            (
                "TagResource",
                tags(json!([{ "TagKey": "a\u{7}", "TagValue": "" }])),
                "400 TagException",
            ),
            (
                "TagResource",
                tags(json!([{ "TagKey": "AWS:x", "TagValue": "" }])),
                "400 TagException",
            ),
            ("TagResource", tags(json!([{ "TagKey": "é".repeat(129), "TagValue": "" }])), invalid),
            ("TagResource", tags(json!([{ "TagKey": "a", "TagValue": "x".repeat(257) }])), invalid),
            (
                "TagResource",
                tags(json!([{ "TagKey": "a", "TagValue": "" }, { "TagKey": "a", "TagValue": "" }])),
                "400 TagException",
            ),
            (
                "TagResource",
                tags(json!([{ "TagKey": "a", "TagValue": "" }, { "TagKey": "A", "TagValue": "" }])),
                UNMODELLED,
            ),
            ("TagResource", tags(json!(many)), "400 TagException"),
            ("TagResource", tags(json!(many[..50])), "200"),
            ("CreateAlias", alias("alias/a/b-c_d"), "200"),
            ("CreateAlias", alias("alias/"), invalid),
            ("CreateAlias", alias("a"), invalid),
            ("CreateAlias", alias("alias/a\u{1}b"), invalid),
            ("CreateAlias", alias("alias/a:key/b"), invalid),
            ("CreateAlias", alias("alias/é"), invalid),
            ("CreateAlias", alias(&format!("alias/{}", "x".repeat(251))), invalid),
            ("CreateAlias", alias("alias/aws/s3"), "400 NotAuthorizedException"),
            ("CreateAlias", alias("alias/k"), "400 AlreadyExistsException"),
            ("UpdateAlias", alias("alias/none"), "400 NotFoundException"),
            (
                "DeleteAlias",
                json!({ "AliasName": "alias/aws/s3" }).to_string(),
                "400 NotAuthorizedException",
            ),
            ("CreateGrant", grant(json!({})), "200"),
            ("CreateGrant", grant(json!({ "Name": "n:/_-" })), "200"),
            ("CreateGrant", grant(json!({ "Name": "a b" })), invalid),
            ("CreateGrant", grant(json!({ "Name": "" })), invalid),
            ("CreateGrant", grant(json!({ "Operations": [] })), invalid),
            ("CreateGrant", grant(json!({ "Operations": ["*"] })), invalid),
            ("CreateGrant", grant(json!({ "Operations": ["PutKeyPolicy"] })), invalid),
            ("CreateGrant", grant(json!({ "Operations": "Decrypt" })), wrong_type),
            ("CreateGrant", grant(json!({ "GranteePrincipal": "*" })), invalid),
            (
                "CreateGrant",
                grant(json!({ "GranteePrincipal": format!("arn:aws:iam::{ACCOUNT}:root") })),
                UNMODELLED,
            ),
            (
                "CreateGrant",
                grant(json!({ "GranteePrincipal": format!("arn:aws:iam::{ACCOUNT}:role/nobody") })),
                "400 InvalidArnException",
            ),
            (
                "CreateGrant",
                grant(json!({ "GrantTokens": ["x"] })),
                "400 InvalidGrantTokenException",
            ),
            (
                "CreateGrant",
                grant(
                    json!({ "Constraints": { "EncryptionContextEquals": {}, "EncryptionContextSubset": {} } }),
                ),
                UNMODELLED,
            ),
            ("CreateGrant", grant(json!({ "Constraints": { "SourceArn": "x" } })), UNMODELLED),
            (
                "CreateGrant",
                grant(
                    json!({ "Operations": ["CreateGrant"], "Constraints": { "EncryptionContextEquals": { "a": "1" } } }),
                ),
                UNMODELLED,
            ),
            ("RevokeGrant", with(json!({ "GrantId": "\u{0}" })), "400 NotFoundException"),
            ("RetireGrant", with(json!({ "GrantId": "none" })), "400 NotFoundException"),
            (
                "RetireGrant",
                json!({ "GrantToken": "AAAA" }).to_string(),
                "400 InvalidGrantTokenException",
            ),
            ("RetireGrant", with(json!({ "GrantToken": "AAAA" })), invalid),
            ("GetKeyPolicy", with(json!({ "PolicyName": "other" })), "400 NotFoundException"),
            ("CreateKey", json!({ "KeySpec": "RSA_2048" }).to_string(), UNMODELLED),
            ("CreateKey", json!({ "Tags": [] }).to_string(), "200"),
            (
                "CreateKey",
                json!({ "Tags": [{ "TagKey": "aws:a", "TagValue": "" }] }).to_string(),
                "400 TagException",
            ),
            ("CreateKey", json!({ "MultiRegion": true }).to_string(), "200"),
            ("CreateKey", json!({ "Description": "x".repeat(8193) }).to_string(), invalid),
            ("CreateKey", json!({ "Origin": "EXTERNAL" }).to_string(), "200"),
            ("CreateKey", json!({ "Origin": "AWS_CLOUDHSM" }).to_string(), UNMODELLED),
            (
                "Encrypt",
                with(json!({ "Plaintext": "AAAA", "EncryptionContext": { "a": "1", "A": "1" } })),
                UNMODELLED,
            ),
            ("Encrypt", with(json!({ "Plaintext": "not base64" })), wrong_type),
            ("Encrypt", with(json!({ "CiphertextBlob": "AAAA", "Plaintext": "AAAA" })), UNMODELLED),
            ("Decrypt", with(json!({ "CiphertextBlob": "" })), invalid),
            (
                "Decrypt",
                with(json!({ "CiphertextBlob": "Af//" })),
                "400 InvalidCiphertextException",
            ),
            ("Decrypt", with(json!({ "DryRun": true, "DryRunModifiers": ["OTHER"] })), UNMODELLED),
            (
                "Decrypt",
                json!({ "DryRun": true, "DryRunModifiers": ["IGNORE_CIPHERTEXT"] }).to_string(),
                invalid,
            ),
        ];
        let mut table = Table::default();
        for (operation, body, expected) in rows {
            let place = place.fork();
            let shown: String = body.chars().take(120).collect();
            table.row(
                &format!("{operation} {shown}"),
                &raw(&place, "admin", operation, body).await,
                expected,
            );
        }
    });
}
