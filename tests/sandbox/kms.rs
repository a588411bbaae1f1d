//! KMS beyond encryption: grants, states, aliases, policies, tags; each as KMS answers it and as S3
//! sees it.

use std::time::Duration;

use gainsay::attempt::{Answer, Field, Output, Param};
use serde_json::json;

use crate::place::{ACCOUNT, Place, Setup, Table, allow, delegated, message, run};

/// The operations of one key, and what each needs besides.
const ADMINISTRATION: &[(&str, &[(Param, &str)])] = &[
    ("kms:DescribeKey", &[]),
    ("kms:GetKeyPolicy", &[]),
    ("kms:EnableKey", &[]),
    ("kms:DisableKey", &[]),
    ("kms:ScheduleKeyDeletion", &[(Param::PendingDays, "7")]),
    ("kms:EnableKeyRotation", &[]),
    ("kms:DisableKeyRotation", &[]),
    ("kms:GetKeyRotationStatus", &[]),
    ("kms:TagResource", &[(Param::Tags, "team=red")]),
    ("kms:UntagResource", &[(Param::TagKeys, "team")]),
    ("kms:ListResourceTags", &[]),
    ("kms:ListGrants", &[]),
    ("kms:Encrypt", &[]),
    ("kms:GenerateDataKey", &[]),
    ("kms:GenerateDataKeyWithoutPlaintext", &[]),
];

pub fn setup() -> Place {
    let owner_only = json!([
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:role/owner") }, "Action": "kms:*", "Resource": "*" }
    ]);
    let protected = {
        let mut statements = delegated();
        let deny = json!({
            "Sid": "NobodyDeletes", "Effect": "Deny", "Principal": "*",
            "Action": ["kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy", "kms:DeleteAlias", "kms:CreateGrant"], "Resource": "*",
            "Condition": { "StringNotLike": { "aws:PrincipalArn": "*/owner" } }
        });
        statements.as_array_mut().expect("a list").push(deny);
        statements
    };
    let foreign = json!([
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": "kms:*", "Resource": "*" }
    ]);
    Setup::new()
        .role("owner", json!([allow("kms:*", "*")]))
        .role("app", json!([allow("s3:*", "*")]))
        .role("idle", json!([allow("s3:ListBucket", "*")]))
        .bucket("kept", ", encryption: { algorithm: aws:kms, key: k, bucket_key: true }", None)
        .bucket("free", "", None)
        .key("k", "", delegated())
        .key("other", "", delegated())
        .key("closed", "", owner_only)
        .key("protected", "", protected)
        .key("foreign", ", account: partner", foreign)
        .build()
}

pub fn arn(place: &Place, key: &str) -> String {
    place.environment.deployed.key(key).expect("the key").arn.clone()
}

pub fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

pub fn first(output: &Output, field: Field) -> String {
    output.get(&field).and_then(|values| values.first().cloned()).unwrap_or_default()
}

/// Makes a grant, and answers it as a fixture's whole is sent.
async fn grant(
    place: &Place,
    key: &str,
    to: &str,
    operations: &str,
    more: &[(Param, &str)],
) -> String {
    let (arn, to) = (arn(place, key), role(to));
    let mut params = vec![
        (Param::KeyId, arn.as_str()),
        (Param::Grantee, to.as_str()),
        (Param::GrantOperations, operations),
    ];
    params.extend(more);
    let made = place.done("owner", "kms:CreateGrant", &params).await;
    format!("{}:{}", first(&made, Field::GrantId), first(&made, Field::GrantToken))
}

pub async fn blob(place: &Place, key: &str) -> String {
    let made = place.done("owner", "kms:Encrypt", &[(Param::KeyId, &arn(place, key))]).await;
    first(&made, Field::Ciphertext)
}

pub async fn state(place: &Place, key: &str) -> String {
    let made = place.ask("owner", "kms:DescribeKey", &[(Param::KeyId, &arn(place, key))]).await;
    match made {
        Answer::Success { output, .. } => first(&output, Field::KeyState),
        refused => message(&refused),
    }
}

#[test]
fn each_operation_is_allowed_and_refused_by_its_own_action() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        for (operation, more) in ADMINISTRATION {
            for (key, denied_by) in [("k", "identity"), ("closed", "key-policy")] {
                let place = place.fork();
                let arn = arn(&place, key);
                let mut params = vec![(Param::KeyId, arn.as_str())];
                params.extend(*more);
                let refused =
                    format!("400 AccessDeniedException denied by {denied_by}: {operation}");
                table.row(
                    &format!("app {operation} {key}"),
                    &place.seen("app", operation, &params).await,
                    &refused,
                );
                table.row(
                    &format!("owner {operation} {key}"),
                    &place.seen("owner", operation, &params).await,
                    "allowed",
                );
            }
        }
    });
}

#[test]
fn a_key_policys_deny_beats_every_permission() {
    run(async {
        let place = setup();
        let arn = arn(&place, "protected");
        let policy =
            place.environment.deployed.key("protected").expect("the key").policy.text.to_string();
        let grantee = role("app");
        let mut table = Table::default();
        let rows: [(&str, &[(Param, &str)], &str); 5] = [
            ("kms:ScheduleKeyDeletion", &[], "kms:ScheduleKeyDeletion"),
            ("kms:DisableKey", &[], "kms:DisableKey"),
            ("kms:PutKeyPolicy", &[(Param::Document, &policy)], "kms:PutKeyPolicy"),
            (
                "kms:CreateGrant",
                &[(Param::Grantee, &grantee), (Param::GrantOperations, "Decrypt")],
                "kms:CreateGrant",
            ),
            ("kms:DeleteAlias", &[(Param::Alias, "alias/protected")], "kms:DeleteAlias"),
        ];
        for (operation, more, action) in rows {
            let mut params = vec![(Param::KeyId, arn.as_str())];
            params.extend(more);
            let place = place.fork();
            let refused = format!("400 AccessDeniedException denied by key-policy: {action}");
            table.row(
                &format!("admin {operation}"),
                &place.seen("admin", operation, &params).await,
                &refused,
            );
            table.row(
                &format!("owner {operation}"),
                &place.seen("owner", operation, &params).await,
                "allowed",
            );
        }
    });
}

#[test]
fn another_accounts_key_is_not_administered() {
    run(async {
        let place = setup();
        let arn = arn(&place, "foreign");
        let key = [(Param::KeyId, arn.as_str())];
        let mut table = Table::default();
        // Its policy lets this account; AWS says that these cannot be called across accounts
        // whatever it says.
        for operation in [
            "kms:DisableKey",
            "kms:GetKeyPolicy",
            "kms:ScheduleKeyDeletion",
            "kms:ListResourceTags",
        ] {
            table.row(
                operation,
                &place.seen("owner", operation, &key).await,
                "501 NotImplemented not-implemented",
            );
            let refused = format!("400 AccessDeniedException denied by -: {operation}");
            table.row(
                &format!("app {operation}"),
                &place.seen("app", operation, &key).await,
                &refused,
            );
        }
        for operation in
            ["kms:DescribeKey", "kms:ListGrants", "kms:GetKeyRotationStatus", "kms:Encrypt"]
        {
            table.row(operation, &place.seen("owner", operation, &key).await, "allowed");
        }
    });
}

#[test]
fn a_grant_is_enough_where_no_policy_is() {
    run(async {
        let place = setup();
        for key in ["k", "closed"] {
            let place = place.fork();
            let (target, blob) = (arn(&place, key), blob(&place, key).await);
            let decrypt = [(Param::KeyId, target.as_str()), (Param::Ciphertext, blob.as_str())];
            let encrypt = [(Param::KeyId, target.as_str())];
            let by = if key == "k" { "identity" } else { "key-policy" };
            let refused =
                |action: &str| format!("400 AccessDeniedException denied by {by}: {action}");
            let mut table = Table::default();
            table.row(
                "before",
                &place.seen("app", "kms:Decrypt", &decrypt).await,
                &refused("kms:Decrypt"),
            );
            let made = grant(&place, key, "app", "Decrypt", &[]).await;
            table.row("granted", &place.seen("app", "kms:Decrypt", &decrypt).await, "allowed");
            let with_token = [decrypt[0], decrypt[1], (Param::Grant, made.as_str())];
            table.row(
                "by its token",
                &place.seen("app", "kms:Decrypt", &with_token).await,
                "allowed",
            );
            table.row(
                "another operation",
                &place.seen("app", "kms:Encrypt", &encrypt).await,
                &refused("kms:Encrypt"),
            );
            table.row(
                "another role",
                &place.seen("idle", "kms:Decrypt", &decrypt).await,
                &refused("kms:Decrypt"),
            );
            let other = [(Param::KeyId, arn(&place, "other"))];
            let other = [(other[0].0, other[0].1.as_str())];
            table.row(
                "another key",
                &place.seen("app", "kms:Encrypt", &other).await,
                "400 AccessDeniedException denied by identity: kms:Encrypt",
            );
            let listed = place.done("owner", "kms:ListGrants", &encrypt).await;
            table.row(
                "listed",
                &first(&listed, Field::Grants),
                made.split(':').next().expect("an id"),
            );
            let revoke = [encrypt[0], (Param::Grant, made.as_str())];
            table.row(
                "the grantee cannot revoke it",
                &place.seen("app", "kms:RevokeGrant", &revoke).await,
                &refused("kms:RevokeGrant"),
            );
            table.row("revoked", &place.seen("owner", "kms:RevokeGrant", &revoke).await, "allowed");
            table.row(
                "after",
                &place.seen("app", "kms:Decrypt", &decrypt).await,
                &refused("kms:Decrypt"),
            );
            table.row(
                "twice",
                &place.seen("owner", "kms:RevokeGrant", &revoke).await,
                "400 NotFoundException absent",
            );
        }
    });
}

#[test]
fn who_retires_a_grant_is_said_by_the_grant() {
    run(async {
        let place = setup();
        let idle = role("idle");
        let retiring = [(Param::RetiringPrincipal, idle.as_str())];
        let rows: [(&str, &str, &[(Param, &str)], &[(&str, bool)]); 3] = [
            (
                "the retiring principal",
                "Decrypt",
                &retiring,
                &[("app", false), ("admin", true), ("idle", true)],
            ),
            (
                "the grantee, if it may",
                "Decrypt,RetireGrant",
                &[],
                &[("idle", false), ("app", true)],
            ),
            (
                "the account that made it",
                "Decrypt",
                &[],
                &[("app", false), ("idle", false), ("owner", true)],
            ),
        ];
        let mut table = Table::default();
        for (name, operations, more, who) in rows {
            for (who, may) in who {
                let place = place.fork();
                let made = grant(&place, "k", "app", operations, more).await;
                let arn = arn(&place, "k");
                let params = [(Param::KeyId, arn.as_str()), (Param::Grant, made.as_str())];
                let seen = place.seen(who, "kms:RetireGrant", &params).await;
                let refused = "400 AccessDeniedException denied by identity: kms:RetireGrant";
                table.row(&format!("{name}: {who}"), &seen, if *may { "allowed" } else { refused });
                let left = place.done("owner", "kms:ListGrants", &params[..1]).await;
                table.row(
                    &format!("{name}: {who}, left"),
                    &left[&Field::Grants].len().to_string(),
                    if *may { "0" } else { "1" },
                );
            }
        }
        // One grant says nothing of another.
        let first = grant(&place, "k", "app", "Decrypt", &[]).await;
        grant(&place, "k", "app", "RetireGrant", &retiring).await;
        let arn = arn(&place, "k");
        let params = [(Param::KeyId, arn.as_str()), (Param::Grant, first.as_str())];
        for who in ["app", "idle"] {
            table.row(
                &format!("another grant: {who}"),
                &place.seen(who, "kms:RetireGrant", &params).await,
                "400 AccessDeniedException denied by identity: kms:RetireGrant",
            );
        }
    });
}

#[test]
fn a_constraint_binds_a_grant_to_an_encryption_context() {
    run(async {
        let place = setup();
        let arn = arn(&place, "k");
        let rows: [(Param, &str, &str, bool); 7] = [
            (Param::ContextEquals, "team=red", "team=red", true),
            (Param::ContextEquals, "team=red", "team=red&more=1", false),
            (Param::ContextEquals, "team=red", "", false),
            (Param::ContextSubset, "team=red", "team=red&more=1", true),
            (Param::ContextSubset, "team=red", "team=blue&more=1", false),
            (Param::ContextSubset, "team=red", "TEAM=red", false),
            (Param::ContextSubset, "team=red", "", false),
        ];
        let mut table = Table::default();
        for (constraint, asked, context, may) in rows {
            let place = place.fork();
            grant(&place, "k", "app", "Encrypt", &[(constraint, asked)]).await;
            let mut params = vec![(Param::KeyId, arn.as_str())];
            params.extend((!context.is_empty()).then_some((Param::EncryptionContext, context)));
            let refused = "400 AccessDeniedException denied by identity: kms:Encrypt";
            let seen = place.seen("app", "kms:Encrypt", &params).await;
            table.row(
                &format!("{constraint} {asked}: {context}"),
                &seen,
                if may { "allowed" } else { refused },
            );
        }
        // The context binds what is encrypted, too.
        let sealed = place
            .done(
                "owner",
                "kms:Encrypt",
                &[(Param::KeyId, &arn), (Param::EncryptionContext, "a=1")],
            )
            .await;
        let sealed = first(&sealed, Field::Ciphertext);
        for (context, expected) in
            [("a=1", "allowed"), ("a=2", "400 InvalidCiphertextException rejected")]
        {
            let params = [
                (Param::KeyId, arn.as_str()),
                (Param::Ciphertext, sealed.as_str()),
                (Param::EncryptionContext, context),
            ];
            table.row(context, &place.seen("owner", "kms:Decrypt", &params).await, expected);
        }
    });
}

#[test]
fn s3_sees_grants() {
    run(async {
        let place = setup();
        let at = [(Param::Bucket, "gs-kept"), (Param::Key, "k")];
        let no_key = |action: &str| format!("403 AccessDenied denied by identity: {action}");
        let mut table = Table::default();
        table.row(
            "without",
            &place.seen("app", "s3:PutObject", &at).await,
            &no_key("kms:GenerateDataKey"),
        );
        // The bucket has a bucket key, so the context is the bucket's ARN.
        let rows: [(&str, &[(Param, &str)], bool); 3] = [
            ("any context", &[], true),
            ("this bucket's", &[(Param::ContextSubset, "aws:s3:arn=arn:aws:s3:::gs-kept")], true),
            ("another's", &[(Param::ContextSubset, "aws:s3:arn=arn:aws:s3:::gs-free")], false),
        ];
        for (name, more, may) in rows {
            let place = place.fork();
            grant(&place, "k", "app", "GenerateDataKey", more).await;
            let put = place.seen("app", "s3:PutObject", &at).await;
            let refused = no_key("kms:GenerateDataKey");
            table.row(name, &put, if may { "allowed" } else { &refused });
            place.done("admin", "s3:PutObject", &at).await;
            table.row(
                &format!("{name}, to read"),
                &place.seen("app", "s3:GetObject", &at).await,
                &no_key("kms:Decrypt"),
            );
        }
    });
}

#[test]
fn states_refuse_as_kms_and_through_s3() {
    run(async {
        let place = setup();
        let arn = arn(&place, "k");
        let key = [(Param::KeyId, arn.as_str())];
        let object = [(Param::Bucket, "gs-kept"), (Param::Key, "k")];
        place.done("admin", "s3:PutObject", &object).await;
        let ciphertext = blob(&place, "k").await;
        let decrypt = [key[0], (Param::Ciphertext, ciphertext.as_str())];
        let grantee = role("app");
        let granting =
            [key[0], (Param::Grantee, grantee.as_str()), (Param::GrantOperations, "Decrypt")];
        let tags = [key[0], (Param::Tags, "a=1")];
        let alias = [key[0], (Param::Alias, "alias/more")];
        let disabled = "400 DisabledException rejected";
        let pending = "400 KMSInvalidStateException rejected";
        let rows: [(&str, &[(Param, &str)], &str, &str); 14] = [
            ("kms:Decrypt", &decrypt, disabled, pending),
            ("kms:Encrypt", &key, disabled, pending),
            ("kms:GenerateDataKey", &key, disabled, pending),
            ("kms:CreateGrant", &granting, disabled, pending),
            ("kms:EnableKeyRotation", &key, disabled, pending),
            ("kms:TagResource", &tags, "allowed", pending),
            ("kms:CreateAlias", &alias, "allowed", pending),
            ("kms:EnableKey", &key, "allowed", pending),
            ("kms:ScheduleKeyDeletion", &key, "allowed", pending),
            ("kms:CancelKeyDeletion", &key, pending, "allowed"),
            ("kms:DescribeKey", &key, "allowed", "allowed"),
            ("kms:ListGrants", &key, "allowed", "allowed"),
            (
                "s3:PutObject",
                &object,
                "400 KMS.DisabledException rejected",
                "400 KMS.KMSInvalidStateException rejected",
            ),
            (
                "s3:GetObject",
                &object,
                "400 KMS.DisabledException rejected",
                "400 KMS.KMSInvalidStateException rejected",
            ),
        ];
        let (off, leaving) = (place.fork(), place.fork());
        off.done("owner", "kms:DisableKey", &key).await;
        leaving.done("owner", "kms:ScheduleKeyDeletion", &key).await;
        let mut table = Table::default();
        for (operation, params, when_disabled, when_pending) in rows {
            for (place, expected) in [(&off, when_disabled), (&leaving, when_pending)] {
                let place = place.fork();
                table.row(
                    &format!("{operation}: {expected}"),
                    &place.seen("admin", operation, params).await,
                    expected,
                );
            }
        }
        // Permission is asked before the state is told.
        table.row(
            "a stranger is told nothing",
            &off.seen("app", "kms:Encrypt", &key).await,
            "400 AccessDeniedException denied by identity: kms:Encrypt",
        );
        let told = message(&off.ask("admin", "kms:Encrypt", &key).await);
        table.row("the message", &told, &format!("{arn} is disabled."));
    });
}

#[test]
fn a_key_goes_and_comes_back() {
    run(async {
        let place = setup();
        let arn = arn(&place, "k");
        let key = [(Param::KeyId, arn.as_str())];
        let object = [(Param::Bucket, "gs-kept"), (Param::Key, "k")];
        place.done("admin", "s3:PutObject", &object).await;
        let mut table = Table::default();
        for (days, expected) in [
            ("6", "400 ValidationException rejected"),
            ("31", "400 ValidationException rejected"),
            ("-1", "400 ValidationException rejected"),
            ("7", "allowed"),
            ("30", "allowed"),
        ] {
            let place = place.fork();
            let params = [key[0], (Param::PendingDays, days)];
            table.row(
                days,
                &place.seen("owner", "kms:ScheduleKeyDeletion", &params).await,
                expected,
            );
        }
        let scheduled = place
            .done("owner", "kms:ScheduleKeyDeletion", &[key[0], (Param::PendingDays, "7")])
            .await;
        table.row("scheduled", &first(&scheduled, Field::KeyState), "PendingDeletion");
        let back = place.fork();
        back.done("owner", "kms:CancelKeyDeletion", &key).await;
        table.row("cancelled", &state(&back, "k").await, "Disabled");
        back.done("owner", "kms:EnableKey", &key).await;
        table.row("enabled", &back.seen("admin", "s3:GetObject", &object).await, "allowed");
        place.sandbox.advance(Duration::from_hours(6 * 24));
        table.row("six days later", &state(&place, "k").await, "PendingDeletion");
        place.sandbox.advance(Duration::from_hours(2 * 24));
        table.row(
            "eight days later",
            &state(&place, "k").await,
            &format!("Key '{arn}' does not exist"),
        );
        table.row(
            "and its objects",
            &place.seen("admin", "s3:GetObject", &object).await,
            "400 KMS.NotFoundException absent",
        );
    });
}
