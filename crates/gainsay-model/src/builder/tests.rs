#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error as _;

use gainsay_iam::PolicyKind;
use serde_json::json;

use super::*;
use crate::{AWS_MANAGED_KEY, DefaultEncryption, Ownership, Versioning};

fn builder() -> EnvironmentBuilder {
    Environment::builder("111122223333", "eu-west-1")
}

fn allow(action: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }]
    })
}

#[test]
fn what_is_not_said_is_as_aws_makes_it() {
    let environment = builder()
        .role(RoleBuilder::new("app"))
        .bucket(BucketBuilder::new("reports"))
        .key(KeyBuilder::new("data"))
        .build()
        .unwrap();
    assert_eq!(environment.block_public_access, None);
    assert_eq!(environment.managed_key.as_ref().unwrap().name, AWS_MANAGED_KEY);
    assert_eq!(environment.caller.arn, "arn:aws:iam::111122223333:user/caller");
    assert!(environment.caller.policies[0].text.contains("sts:AssumeRole"));

    let role = environment.role("app").unwrap();
    assert_eq!(role.arn, "arn:aws:iam::111122223333:role/app");
    assert_eq!(role.max_session_duration, 3600);
    assert!(role.trust.text.contains("arn:aws:iam::111122223333:root"));
    assert!(role.policies.is_empty() && role.boundary.is_none() && role.tags.is_empty());

    let bucket = environment.bucket("reports").unwrap();
    assert_eq!((&*bucket.name, &*bucket.account), ("reports", "111122223333"));
    assert_eq!(bucket.public_access, PublicAccessBlock::ALL);
    assert_eq!(bucket.ownership, Ownership::BucketOwnerEnforced);
    assert_eq!(bucket.versioning, Versioning::Off);
    assert!(matches!(bucket.encryption, DefaultEncryption::S3));
    assert!(bucket.blocks_customer_keys && bucket.policy.is_none());

    let key = environment.key("data").unwrap();
    assert_eq!(key.arn, format!("arn:aws:kms:eu-west-1:111122223333:key/{}", key.id));
    assert_eq!(&*key.policy.text, default_text());
    assert!(key.alias.is_none() && key.rotation.is_none() && !key.multi_region && key.age == 0);
}

fn default_text() -> String {
    crate::default_key_policy("111122223333").to_string()
}

#[test]
fn what_is_said_is_there() {
    let environment = builder()
        .caller("ci", [allow("sts:*")])
        .block_public_access(PublicAccessBlock::ALL)
        .other_account("partner", "444455556666")
        .role(
            RoleBuilder::new("app")
                .account("444455556666")
                .policy(allow("s3:*"))
                .policy(allow("kms:*").to_string())
                .boundary(allow("s3:GetObject"))
                .tag("team", "payments")
                .max_session_duration(43_200),
        )
        .key(
            KeyBuilder::new("data")
                .alias("alias/data")
                .with_id("1234abcd-12ab-34cd-56ef-1234567890ab")
                .multi_region()
                .rotation(90)
                .age(10),
        )
        .bucket(
            BucketBuilder::new("reports-2026")
                .with_logical_name("reports")
                .encryption(BucketEncryption::kms("data").with_bucket_key())
                .versioning(Versioning::Enabled)
                .ownership(Ownership::ObjectWriter)
                .allow_customer_keys(),
        )
        .bucket(
            BucketBuilder::new("logs")
                .encryption(BucketEncryption::kms_dual_layer(AWS_MANAGED_KEY).with_bucket_key()),
        )
        .build()
        .unwrap();
    assert_eq!(environment.caller.arn, "arn:aws:iam::111122223333:user/ci");
    assert_eq!(environment.accounts, [("partner".to_owned(), "444455556666".to_owned())]);
    let role = environment.role("app").unwrap();
    assert_eq!(role.arn, "arn:aws:iam::444455556666:role/app");
    assert!(role.trust.text.contains("arn:aws:iam::444455556666:root"));
    assert_eq!(role.policies.len(), 2);
    assert_eq!(role.boundary.as_ref().unwrap().policy.kind(), PolicyKind::Boundary);
    let key = environment.key("data").unwrap();
    assert_eq!(key.id, "mrk-1234abcd12ab34cd56ef1234567890ab");
    assert_eq!(key.alias_arn().unwrap(), "arn:aws:kms:eu-west-1:111122223333:alias/data");
    let bucket = environment.bucket("reports").unwrap();
    assert_eq!((&*bucket.name, bucket.blocks_customer_keys), ("reports-2026", false));
    assert!(matches!(
        &bucket.encryption,
        DefaultEncryption::Kms { key: Some(of), bucket_key: true, dual_layer: false }
            if of.name == "data"
    ));
    assert!(matches!(
        environment.bucket("logs").unwrap().encryption,
        DefaultEncryption::Kms { key: None, bucket_key: false, dual_layer: true }
    ));
    // Each policy has a source of its own, so none hides another.
    assert_eq!(environment.documents().len(), 6);
}

#[test]
fn a_bad_policy_is_named_with_its_kind_and_what_the_engine_says() {
    let bad = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Permit"}]}"#;
    let key = || KeyBuilder::new("data").policy(bad);
    for (builder, kind, owner) in [
        (builder().caller("ci", [bad]), PolicyKind::Identity, "user `ci`"),
        (builder().role(RoleBuilder::new("a").trust(bad)), PolicyKind::TrustPolicy, "role `a`"),
        (builder().role(RoleBuilder::new("a").policy(bad)), PolicyKind::Identity, "role `a`"),
        (builder().role(RoleBuilder::new("a").boundary(bad)), PolicyKind::Boundary, "role `a`"),
        (
            builder().bucket(BucketBuilder::new("logs").policy(bad)),
            PolicyKind::Bucket,
            "bucket `logs`",
        ),
        (builder().key(key()), PolicyKind::KeyPolicy, "key `data`"),
    ] {
        let error = builder.build().unwrap_err();
        let BuildError::Policy { owner: found, kind: of, error: why } = &error else {
            unreachable!("{error}")
        };
        assert_eq!((found.as_str(), *of), (owner, kind));
        assert_eq!(error.source().unwrap().to_string(), why.to_string());
        assert!(error.to_string().starts_with(&format!("the {kind} of {owner} is not valid: ")));
    }
    let twice = r#"{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}"#;
    let error = builder().key(KeyBuilder::new("data").policy(twice)).build().unwrap_err();
    assert!(error.to_string().contains("is written twice"), "{error}");
}

#[test]
fn wrong_values_are_named() {
    let role = |name: &str| RoleBuilder::new(name);
    let bucket = |name: &str| BucketBuilder::new(name);
    let key = |name: &str| KeyBuilder::new(name);
    for (builder, words) in [
        (Environment::builder("1", "eu-west-1"), "`1` is not an account id"),
        (Environment::builder("111122223333", "EU"), "`EU` is not a Region"),
        (builder().other_account("partner", "x"), "`x` is not an account id"),
        (builder().role(role("a").account("x")), "`x` is not an account id"),
        (builder().role(role("a/b")), "`a/b` is not a valid role name"),
        (builder().bucket(bucket("A")), "`A` is not a valid bucket name"),
        (builder().bucket(bucket("-ab")), "`-ab` is not a valid bucket name"),
        (builder().key(key("")), "`` is not a valid key name"),
        (builder().key(key("a").alias("data")), "`data` is not a valid alias name"),
        (builder().key(key("a").alias("alias/aws/s3")), "is not a valid alias name"),
        (builder().key(key("a").with_id("b")), "`b` is not the id of key `a`"),
        (builder().key(key("a").rotation(89)), "cannot be rotated every 89 days"),
        (builder().role(role("a").max_session_duration(60)), "cannot last 60 seconds"),
        (builder().role(role("a")).role(role("a")), "two role entries have the name `a`"),
        (builder().key(key("a")).key(key("a")), "two key entries have the name `a`"),
        (builder().bucket(bucket("abc")).bucket(bucket("abc")), "two bucket entries"),
        (
            builder()
                .key(key("a").alias("alias/data"))
                .key(key("b").alias("alias/data").account("111122223333")),
            "two alias entries have the name `alias/data`",
        ),
        (
            builder().bucket(bucket("abc").encryption(BucketEncryption::kms("data"))),
            "bucket `abc` is encrypted with key `data`, which the environment does not have",
        ),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    // Names are of their own account.
    let both = builder()
        .key(key("a").alias("alias/data"))
        .key(key("b").alias("alias/data").account("444455556666"));
    assert!(both.build().is_ok());
}
