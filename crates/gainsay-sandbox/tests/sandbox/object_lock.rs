//! Object Lock: what keeps a version, what may be weakened and by whom, and what a policy may ask.

use std::time::Duration;

use aws_sdk_s3::{
    error::ProvideErrorMetadata,
    primitives::DateTime,
    types::{
        DefaultRetention, Delete, ObjectIdentifier, ObjectLockConfiguration, ObjectLockEnabled,
        ObjectLockLegalHold, ObjectLockLegalHoldStatus, ObjectLockMode, ObjectLockRetention,
        ObjectLockRetentionMode, ObjectLockRule,
    },
};
use serde_json::json;

use crate::support::{Clients, Place, Setup, allow, run};

const DAY: Duration = Duration::from_hours(24);
const PROTECTED: &str = "AccessDenied Access Denied because object protected by object lock.";

fn setup() -> Place {
    let writes = json!([
        "s3:PutObject",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:DeleteObject*",
        "s3:PutObjectRetention",
        "s3:GetObjectRetention"
    ]);
    Setup::new()
        .bucket("kept", ", versioning: enabled", None)
        .bucket("loose", ", versioning: enabled", None)
        .bucket("bare", "", None)
        .role("writer", json!([allow(writes, "*")]))
        .role(
            "short",
            json!([
                allow("s3:*", "*"),
                {
                    "Effect": "Deny", "Action": "s3:PutObjectRetention", "Resource": "*",
                    "Condition": { "NumericGreaterThan": { "s3:object-lock-remaining-retention-days": "10" } },
                },
            ]),
        )
        .build()
}

/// The code and the message of an error, or `ok`.
fn said<T, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
    answer: Result<T, aws_sdk_s3::error::SdkError<E, R>>,
) -> String {
    match answer {
        Ok(_) => "ok".to_owned(),
        Err(error) => {
            format!("{} {}", error.code().unwrap_or_default(), error.message().unwrap_or_default())
        }
    }
}

fn code(said: &str) -> &str {
    said.split(' ').next().unwrap()
}

async fn lock(clients: &Clients, bucket: &str, days: Option<i32>) -> String {
    let mut configuration =
        ObjectLockConfiguration::builder().object_lock_enabled(ObjectLockEnabled::Enabled);
    if let Some(days) = days {
        let retention = DefaultRetention::builder()
            .mode(ObjectLockRetentionMode::Governance)
            .days(days)
            .build();
        configuration =
            configuration.rule(ObjectLockRule::builder().default_retention(retention).build());
    }
    let put = clients.s3.put_object_lock_configuration().bucket(bucket);
    said(put.object_lock_configuration(configuration.build()).send().await)
}

fn until(place: &Place, days: u32) -> DateTime {
    DateTime::from(place.sandbox.now() + DAY * days)
}

async fn retain(clients: &Clients, key: &str, mode: &str, until: DateTime, bypass: bool) -> String {
    let retention = ObjectLockRetention::builder()
        .mode(ObjectLockRetentionMode::from(mode))
        .retain_until_date(until)
        .build();
    let mut put = clients.s3.put_object_retention().bucket("gs-kept").key(key).retention(retention);
    if bypass {
        put = put.bypass_governance_retention(true);
    }
    said(put.send().await)
}

async fn put(clients: &Clients, key: &str) -> String {
    let put =
        clients.s3.put_object().bucket("gs-kept").key(key).content_md5("XUFAKrxLKna5cZ2REBfFkg==");
    put.body(b"hello".to_vec().into()).send().await.unwrap().version_id.unwrap()
}

async fn remove(clients: &Clients, key: &str, version: &str, bypass: bool) -> String {
    let mut delete = clients.s3.delete_object().bucket("gs-kept").key(key).version_id(version);
    if bypass {
        delete = delete.bypass_governance_retention(true);
    }
    said(delete.send().await)
}

#[test]
fn a_lock_needs_versions_and_is_told_of() {
    run(async {
        let place = setup();
        let admin = place.clients("admin", false).await;
        let absent = admin.s3.get_object_lock_configuration().bucket("gs-kept").send().await;
        assert_eq!(code(&said(absent)), "ObjectLockConfigurationNotFoundError");
        assert_eq!(code(&lock(&admin, "gs-bare", None).await), "InvalidBucketState");
        assert_eq!(lock(&admin, "gs-kept", Some(3)).await, "ok");
        let read = admin.s3.get_object_lock_configuration().bucket("gs-kept").send().await.unwrap();
        let retention =
            read.object_lock_configuration.unwrap().rule.unwrap().default_retention.unwrap();
        assert_eq!(
            (retention.mode, retention.days),
            (Some(ObjectLockRetentionMode::Governance), Some(3))
        );
        let writer = place.clients("writer", false).await;
        assert_eq!(code(&lock(&writer, "gs-kept", None).await), "AccessDenied");
        let suspended = aws_sdk_s3::types::VersioningConfiguration::builder()
            .status("Suspended".into())
            .build();
        let suspend =
            admin.s3.put_bucket_versioning().bucket("gs-kept").versioning_configuration(suspended);
        assert_eq!(code(&said(suspend.send().await)), "InvalidBucketState");
    });
}

#[test]
fn a_retained_version_is_removed_by_nobody_or_by_who_may_bypass() {
    run(async {
        let place = setup();
        let (admin, writer) =
            (place.clients("admin", false).await, place.clients("writer", false).await);
        lock(&admin, "gs-kept", None).await;
        let version = put(&writer, "governed").await;
        assert_eq!(retain(&writer, "governed", "GOVERNANCE", until(&place, 5), false).await, "ok");
        assert_eq!(remove(&writer, "governed", &version, false).await, PROTECTED);
        // The header asks for a permission of its own.
        let refused = remove(&writer, "governed", &version, true).await;
        assert!(
            refused.starts_with("AccessDenied ")
                && refused.contains("s3:BypassGovernanceRetention"),
            "{refused}"
        );
        // Without a version a marker is set, which takes nothing away.
        let marker =
            writer.s3.delete_object().bucket("gs-kept").key("governed").send().await.unwrap();
        assert_eq!(marker.delete_marker, Some(true));
        let many = Delete::builder()
            .objects(
                ObjectIdentifier::builder().key("governed").version_id(&version).build().unwrap(),
            )
            .build()
            .unwrap();
        let many = writer.s3.delete_objects().bucket("gs-kept").delete(many).send().await.unwrap();
        assert_eq!(
            many.errors()[0].message(),
            Some("Access Denied because object protected by object lock.")
        );
        assert_eq!(remove(&admin, "governed", &version, false).await, PROTECTED);
        assert_eq!(remove(&admin, "governed", &version, true).await, "ok");

        let version = put(&writer, "sealed").await;
        assert_eq!(retain(&writer, "sealed", "COMPLIANCE", until(&place, 5), false).await, "ok");
        assert_eq!(remove(&admin, "sealed", &version, true).await, PROTECTED);
        place.sandbox.advance(DAY * 6);
        let admin = place.clients("admin", false).await;
        assert_eq!(remove(&admin, "sealed", &version, false).await, "ok");
        let loose = admin
            .s3
            .delete_object()
            .bucket("gs-loose")
            .key("k")
            .version_id("x")
            .bypass_governance_retention(true);
        assert_eq!(code(&said(loose.send().await)), "InvalidArgument");
    });
}

#[test]
fn a_retention_is_made_stricter_by_who_may_and_weaker_only_by_a_bypass() {
    run(async {
        let place = setup();
        let (admin, writer) =
            (place.clients("admin", false).await, place.clients("writer", false).await);
        lock(&admin, "gs-kept", None).await;
        put(&writer, "k").await;
        let none = writer.s3.get_object_retention().bucket("gs-kept").key("k").send().await;
        assert_eq!(code(&said(none)), "NoSuchObjectLockConfiguration");
        for (who, mode, days, bypass, expected) in [
            (&writer, "GOVERNANCE", 5, false, "ok"),
            (&writer, "GOVERNANCE", 4, false, PROTECTED),
            (&writer, "GOVERNANCE", 6, false, "ok"),
            (&admin, "GOVERNANCE", 2, false, PROTECTED),
            (&admin, "GOVERNANCE", 2, true, "ok"),
            // Another mode takes a bypass, even the stricter one (ceph/ceph#42505).
            (&writer, "COMPLIANCE", 7, false, PROTECTED),
            (&admin, "COMPLIANCE", 7, false, PROTECTED),
            (&admin, "COMPLIANCE", 7, true, "ok"),
            (&admin, "COMPLIANCE", 6, true, PROTECTED),
            (&admin, "GOVERNANCE", 9, true, PROTECTED),
            (&writer, "COMPLIANCE", 8, false, "ok"),
        ] {
            assert_eq!(
                retain(who, "k", mode, until(&place, days), bypass).await,
                expected,
                "{mode} {days} {bypass}"
            );
        }
        let past = retain(&writer, "k", "COMPLIANCE", DateTime::from_secs(1), false).await;
        assert_eq!(past, "InvalidArgument The retain until date must be in the future!");
        let read =
            writer.s3.get_object_retention().bucket("gs-kept").key("k").send().await.unwrap();
        assert_eq!(read.retention.unwrap().mode, Some(ObjectLockRetentionMode::Compliance));
    });
}

#[test]
fn a_policy_may_limit_how_long_something_is_retained() {
    run(async {
        let place = setup();
        let (admin, short) =
            (place.clients("admin", false).await, place.clients("short", false).await);
        lock(&admin, "gs-kept", None).await;
        put(&admin, "k").await;
        assert_eq!(retain(&short, "k", "GOVERNANCE", until(&place, 9), false).await, "ok");
        let refused = retain(&short, "k", "GOVERNANCE", until(&place, 20), false).await;
        assert!(
            refused.contains("s3:PutObjectRetention")
                && refused.contains("explicit deny in an identity-based policy"),
            "{refused}"
        );
    });
}

#[test]
fn a_legal_hold_keeps_a_version_until_it_is_lifted() {
    run(async {
        let place = setup();
        let (admin, writer) =
            (place.clients("admin", false).await, place.clients("writer", false).await);
        lock(&admin, "gs-kept", None).await;
        let version = put(&writer, "k").await;
        let hold = |s3: aws_sdk_s3::Client, status| async move {
            let hold = ObjectLockLegalHold::builder().status(status).build();
            said(
                s3.put_object_legal_hold().bucket("gs-kept").key("k").legal_hold(hold).send().await,
            )
        };
        assert_eq!(
            code(&hold(writer.s3.clone(), ObjectLockLegalHoldStatus::On).await),
            "AccessDenied"
        );
        assert_eq!(hold(admin.s3.clone(), ObjectLockLegalHoldStatus::On).await, "ok");
        assert_eq!(remove(&admin, "k", &version, true).await, PROTECTED);
        let head = admin.s3.head_object().bucket("gs-kept").key("k").send().await.unwrap();
        assert_eq!(head.object_lock_legal_hold_status, Some(ObjectLockLegalHoldStatus::On));
        // Who may not ask for it is not told by a read either.
        let head = writer.s3.head_object().bucket("gs-kept").key("k").send().await.unwrap();
        assert_eq!(head.object_lock_legal_hold_status, None);
        let never = admin.s3.get_object_legal_hold().bucket("gs-kept").key("other");
        put(&writer, "other").await;
        assert_eq!(code(&said(never.send().await)), "NoSuchObjectLockConfiguration");
        assert_eq!(hold(admin.s3.clone(), ObjectLockLegalHoldStatus::Off).await, "ok");
        // Off is not the same as never set (recorded by LocalStack,
        // `test_s3_legal_hold_lock_versioned`, 2025-01-21).
        let off = Some(ObjectLockLegalHoldStatus::Off);
        let read = admin.s3.get_object_legal_hold().bucket("gs-kept").key("k").send().await;
        assert_eq!(read.unwrap().legal_hold.unwrap().status, off);
        let head = admin.s3.head_object().bucket("gs-kept").key("k").send().await.unwrap();
        assert_eq!(head.object_lock_legal_hold_status, off);
        let get = admin.s3.get_object().bucket("gs-kept").key("k").send().await.unwrap();
        assert_eq!(get.object_lock_legal_hold_status, off);
        let get = writer.s3.get_object().bucket("gs-kept").key("k").send().await.unwrap();
        assert_eq!(get.object_lock_legal_hold_status, None);
        assert_eq!(remove(&writer, "k", &version, false).await, "ok");
    });
}

#[test]
fn uploads_bring_a_lock_or_get_the_buckets_own() {
    run(async {
        let place = setup();
        let (admin, writer) =
            (place.clients("admin", false).await, place.clients("writer", false).await);
        let until = until(&place, 2);
        let locked = |clients: &Clients, bucket: &str| {
            let put = clients
                .s3
                .put_object()
                .bucket(bucket)
                .key("k")
                .object_lock_mode(ObjectLockMode::Governance);
            put.object_lock_retain_until_date(until)
                .content_md5("XUFAKrxLKna5cZ2REBfFkg==")
                .body(b"hello".to_vec().into())
        };
        let missing = said(locked(&admin, "gs-kept").send().await);
        // One word for uploads (https://github.com/versity/versitygw/issues/1751 quotes AWS).
        assert_eq!(missing, "InvalidRequest Bucket is missing ObjectLockConfiguration");
        lock(&admin, "gs-kept", Some(3)).await;
        assert_eq!(said(locked(&writer, "gs-kept").send().await), "ok");
        let half = locked(&writer, "gs-kept").set_object_lock_retain_until_date(None);
        assert_eq!(code(&said(half.send().await)), "InvalidArgument");
        let version = put(&writer, "defaulted").await;
        assert_eq!(remove(&writer, "defaulted", &version, false).await, PROTECTED);
        let bare = writer.s3.put_object().bucket("gs-kept").key("k").body(b"hello".to_vec().into());
        assert_eq!(code(&said(bare.send().await)), "InvalidRequest");
    });
}

/// Recorded by `LocalStack`, `test_delete_object_with_no_locking`, 2025-01-21.
#[test]
fn a_bypass_is_asked_for_of_buckets_with_a_lock_only() {
    const NO_LOCK: &str = "InvalidArgument x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.";
    run(async {
        let place = setup();
        let admin = place.clients("admin", false).await;
        lock(&admin, "gs-kept", None).await;
        put(&admin, "k").await;
        let body = b"hello".to_vec();
        let put = admin.s3.put_object().bucket("gs-loose").key("k").body(body.into());
        put.send().await.unwrap();
        for (bucket, bypass, expected) in [
            ("gs-loose", Some(true), NO_LOCK),
            ("gs-loose", Some(false), NO_LOCK),
            ("gs-kept", Some(true), "ok"),
            ("gs-loose", None, "ok"),
        ] {
            let object = ObjectIdentifier::builder().key("k").build().unwrap();
            let many = Delete::builder().objects(object).build().unwrap();
            let many = admin.s3.delete_objects().bucket(bucket).delete(many);
            let many = many.set_bypass_governance_retention(bypass).send().await;
            assert_eq!(said(many), expected, "{bucket} {bypass:?}");
            let one = admin.s3.delete_object().bucket(bucket).key("k");
            let one = one.set_bypass_governance_retention(bypass).send().await;
            assert_eq!(said(one), expected, "{bucket} {bypass:?}");
        }
    });
}

/// What policies see of a write is what will hold, the bucket's default included; a legal hold that
/// is said to be off leaves the default out (recorded by third parties).
#[test]
fn policies_see_the_default_retention_and_a_hold_that_is_off_leaves_it_out() {
    run(async {
        let deny = json!({
            "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*",
            "Condition": { "StringEquals": { "s3:object-lock-mode": "GOVERNANCE" } },
        });
        let place = Setup::new()
            .bucket("kept", ", versioning: enabled", None)
            .role("ungoverned", json!([allow("s3:*", "*"), deny]))
            .build();
        let admin = place.clients("admin", false).await;
        let ungoverned = place.clients("ungoverned", false).await;
        let write = |clients: &Clients| {
            let put = clients.s3.put_object().bucket("gs-kept").key("k");
            put.content_md5("XUFAKrxLKna5cZ2REBfFkg==").body(b"hello".to_vec().into())
        };
        lock(&admin, "gs-kept", None).await;
        assert_eq!(said(write(&ungoverned).send().await), "ok");
        lock(&admin, "gs-kept", Some(3)).await;
        assert_eq!(code(&said(write(&ungoverned).send().await)), "AccessDenied");
        let off = ObjectLockLegalHoldStatus::Off;
        let unheld = write(&ungoverned).object_lock_legal_hold_status(off);
        assert_eq!(said(unheld.send().await), "ok");
        let head = admin.s3.head_object().bucket("gs-kept").key("k").send().await.unwrap();
        assert_eq!(head.object_lock_mode, None);
    });
}
