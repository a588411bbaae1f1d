//! KMS: what requests may say. Re-encrypting, dry runs, key policies, condition keys, and input
//! that is not as it should be.

use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, Field, Param, Place, Setup, Table, allow, delegated, field, message, run,
};

pub fn arn(place: &Place, key: &str) -> String {
    place.environment.key(key).expect("the key").arn.clone()
}

fn key_arn(number: usize) -> String {
    format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/00000000-0000-4000-8000-00000000000{number}")
}

async fn blob(place: &Place, key: &str) -> String {
    field(
        &place.ask("admin", "kms:Encrypt", &[(Param::KeyId, &arn(place, key))]).await,
        Field::Ciphertext,
    )
}

#[test]
fn re_encrypting_takes_a_permission_on_each_key() {
    run(async {
        let (from, to) =
            (allow("kms:ReEncryptFrom", key_arn(1)), allow("kms:ReEncryptTo", key_arn(2)));
        let place = Setup::new()
            .role("from", json!([from]))
            .role("to", json!([to]))
            .role("both", json!([from, to]))
            .role(
                "crossed",
                json!([
                    allow("kms:ReEncryptFrom", key_arn(2)),
                    allow("kms:ReEncryptTo", key_arn(1))
                ]),
            )
            .key("k", "", delegated())
            .key("other", "", delegated())
            .build();
        let (k, other, sealed) = (arn(&place, "k"), arn(&place, "other"), blob(&place, "k").await);
        let whole = [
            (Param::SourceKey, k.as_str()),
            (Param::KeyId, other.as_str()),
            (Param::Ciphertext, sealed.as_str()),
        ];
        // Without a ciphertext, the same permissions.
        let with = [whole[0], whole[1], (Param::DryRun, "true"), (Param::IgnoreCiphertext, "true")];
        let dry = [whole[0], whole[1], whole[2], (Param::DryRun, "true")];
        let no_from = "400 AccessDeniedException denied by identity: kms:ReEncryptFrom";
        let no_to = "400 AccessDeniedException denied by identity: kms:ReEncryptTo";
        let mut table = Table::default();
        for (params, success) in [
            (whole.as_slice(), "allowed"),
            (with.as_slice(), "400 DryRunOperationException allowed"),
            (dry.as_slice(), "400 DryRunOperationException allowed"),
        ] {
            for (who, expected) in
                [("from", no_to), ("to", no_from), ("crossed", no_from), ("both", success)]
            {
                table.row(who, &place.outcome(who, "kms:ReEncrypt", params).await, expected);
            }
        }
        // The key of the ciphertext counts, whatever the request says.
        let wrong = [(Param::SourceKey, other.as_str()), whole[1], whole[2]];
        table.row(
            "another source",
            &place.outcome("admin", "kms:ReEncrypt", &wrong).await,
            "400 IncorrectKeyException rejected",
        );
        let made = field(&place.ask("both", "kms:ReEncrypt", &whole).await, Field::Ciphertext);
        let opened = place
            .ask("admin", "kms:Decrypt", &[(Param::KeyId, &other), (Param::Ciphertext, &made)])
            .await;
        table.row("it is under the other key", &field(&opened, Field::Arn), &other);
        place.done("admin", "kms:DisableKey", &whole[1..2]).await;
        table.row(
            "to a disabled key",
            &place.outcome("both", "kms:ReEncrypt", &whole).await,
            "400 DisabledException rejected",
        );
    });
}

#[test]
fn a_dry_run_says_what_would_be_and_does_nothing() {
    run(async {
        let place = Setup::new()
            .role("none", json!([allow("s3:*", "*")]))
            .key("k", "", delegated())
            .build();
        let (k, sealed, grantee) = (
            arn(&place, "k"),
            blob(&place, "k").await,
            format!("arn:aws:iam::{ACCOUNT}:role/none"),
        );
        let granting = [
            (Param::KeyId, k.as_str()),
            (Param::Grantee, grantee.as_str()),
            (Param::GrantOperations, "DescribeKey"),
        ];
        let made = place.done("admin", "kms:CreateGrant", &granting).await;
        let grant = format!("{}:{}", made[&Field::GrantId][0], made[&Field::GrantToken][0]);
        let dry = (Param::DryRun, "true");
        let key = granting[0];
        let rows: [(&str, &[(Param, &str)]); 8] = [
            ("kms:Encrypt", &[key, dry]),
            ("kms:Decrypt", &[key, dry, (Param::Ciphertext, &sealed)]),
            ("kms:Decrypt", &[key, dry, (Param::IgnoreCiphertext, "true")]),
            ("kms:GenerateDataKey", &[key, dry]),
            ("kms:GenerateDataKeyWithoutPlaintext", &[key, dry]),
            ("kms:CreateGrant", &[key, granting[1], granting[2], dry]),
            ("kms:RevokeGrant", &[key, (Param::Grant, &grant), dry]),
            ("kms:RetireGrant", &[key, (Param::Grant, &grant), dry]),
        ];
        let mut table = Table::default();
        for (operation, params) in rows {
            table.row(
                operation,
                &place.outcome("admin", operation, params).await,
                "400 DryRunOperationException allowed",
            );
            table.row(
                operation,
                &place.outcome("none", operation, params).await,
                &format!("400 AccessDeniedException denied by identity: {operation}"),
            );
            let grants = place.done("admin", "kms:ListGrants", &[key]).await;
            table.row(operation, &grants[&Field::Grants].join(" "), &made[&Field::GrantId][0]);
        }
        // What a dry run looks at: the ciphertext too, and the state.
        let broken = [key, dry, (Param::Ciphertext, "AAAA")];
        table.row(
            "a broken ciphertext",
            &place.outcome("admin", "kms:Decrypt", &broken).await,
            "400 InvalidCiphertextException rejected",
        );
        let without_dry = [key, (Param::IgnoreCiphertext, "true")];
        table.row(
            "no dry run",
            &place.outcome("admin", "kms:Decrypt", &without_dry).await,
            "400 ValidationException rejected",
        );
        place.done("admin", "kms:DisableKey", &[key]).await;
        table.row(
            "a disabled key",
            &place.outcome("admin", "kms:Encrypt", &[key, dry]).await,
            "400 DisabledException rejected",
        );
    });
}

#[test]
fn a_key_policy_is_replaced_and_holds_at_once() {
    run(async {
        let may = |who: &str| json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:{who}") }, "Action": "kms:*", "Resource": "*" });
        let document = |statements: Value| {
            json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
        };
        let place = Setup::new()
            .role("app", json!([allow("kms:Encrypt", "*")]))
            .role("named", json!([allow("s3:*", "*")]))
            .key("k", "", json!([may("root"), may("role/named")]))
            .build();
        let k = arn(&place, "k");
        let key = (Param::KeyId, k.as_str());
        let mut table = Table::default();
        let deny =
            json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*" });
        let closing = document(json!([may("root"), deny]));
        table.row("before", &place.outcome("app", "kms:Encrypt", &[key]).await, "allowed");
        let shut = place.fork();
        shut.done("admin", "kms:PutKeyPolicy", &[key, (Param::Document, &closing)]).await;
        table.row(
            "after",
            &shut.outcome("app", "kms:Encrypt", &[key]).await,
            "400 AccessDeniedException denied by key-policy: kms:Encrypt",
        );
        let read = shut.ask("admin", "kms:GetKeyPolicy", &[key]).await;
        table.row("read", &field(&read, Field::Policy), &closing);
        table.row("the other world", &place.outcome("app", "kms:Encrypt", &[key]).await, "allowed");
        // The caller must be able to put the next one.
        let out = document(json!([may("role/named")]));
        let never = document(
            json!([may("root"), { "Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*" }]),
        );
        let delegating = document(json!([may("root")]));
        let malformed = "400 MalformedPolicyDocumentException rejected";
        let rows: [(&str, &str, &str, &str); 7] = [
            ("admin", "itself out", &out, malformed),
            ("admin", "everyone out", &never, malformed),
            ("named", "its own", &out, "allowed"),
            // Whether AWS takes this is not documented: the identity does not allow what the policy
            // leaves to it.
            ("named", "to the account", &delegating, "501 NotImplemented not-implemented"),
            ("admin", "no JSON", "{", malformed),
            ("admin", "no policy", "[]", malformed),
            ("admin", "nothing", "", "400 ValidationException rejected"),
        ];
        for (who, name, policy, expected) in rows {
            let params = [key, (Param::Document, policy)];
            let place = place.fork();
            table.row(name, &place.outcome(who, "kms:PutKeyPolicy", &params).await, expected);
        }
        let bypass = [key, (Param::Document, out.as_str()), (Param::BypassLockoutCheck, "true")];
        table.row(
            "bypassed",
            &place.outcome("admin", "kms:PutKeyPolicy", &bypass).await,
            "allowed",
        );
        table.row(
            "locked out",
            &place.outcome("admin", "kms:GetKeyPolicy", &[key]).await,
            "400 AccessDeniedException denied by key-policy: kms:GetKeyPolicy",
        );
    });
}

#[test]
fn a_key_is_made_by_whom_an_identity_policy_lets() {
    run(async {
        let place = Setup::new()
            .role("maker", json!([allow("kms:*", "*")]))
            .role("none", json!([allow("kms:*", key_arn(1))]))
            .role("no-policies", json!([allow("kms:CreateKey", "*")]))
            .key("k", "", delegated())
            .build();
        let mut table = Table::default();
        let policy = place.environment.key("k").expect("the key").policy.text.to_string();
        for (who, expected) in
            [("maker", "allowed"), ("no-policies", "501 NotImplemented not-implemented")]
        {
            table.row(
                who,
                &place.outcome(who, "kms:CreateKey", &[(Param::Document, &policy)]).await,
                expected,
            );
        }
        table.row(
            "none",
            &message(&place.ask("none", "kms:CreateKey", &[]).await),
            &format!(
                "User: arn:aws:sts::{ACCOUNT}:assumed-role/none/tester is not authorized to perform: kms:CreateKey on resource: * because no identity-based policy allows the kms:CreateKey action"
            ),
        );
        let one = field(&place.ask("maker", "kms:CreateKey", &[]).await, Field::Arn);
        let two = field(&place.ask("maker", "kms:CreateKey", &[]).await, Field::Arn);
        assert!(
            one != two && one.starts_with(&format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/")),
            "{one} {two}"
        );
        let key = [(Param::KeyId, one.as_str())];
        table.row("it works", &place.outcome("maker", "kms:Encrypt", &key).await, "allowed");
        table.row(
            "its policy delegates",
            &place.outcome("none", "kms:Encrypt", &key).await,
            "400 AccessDeniedException denied by identity: kms:Encrypt",
        );
        let own = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:role/none") }, "Action": "kms:*", "Resource": "*" }
        ] })
        .to_string();
        table.row(
            "locked out",
            &place.outcome("maker", "kms:CreateKey", &[(Param::Document, &own)]).await,
            "400 MalformedPolicyDocumentException rejected",
        );
        let bypass = [(Param::Document, own.as_str()), (Param::BypassLockoutCheck, "true")];
        let three = field(&place.ask("maker", "kms:CreateKey", &bypass).await, Field::Arn);
        table.row(
            "for another",
            &place.outcome("none", "kms:Encrypt", &[(Param::KeyId, &three)]).await,
            "allowed",
        );
    });
}

fn granting<'a>(grantee: &'a str, operations: &'a str) -> Params<'a> {
    vec![(Param::Grantee, grantee), (Param::GrantOperations, operations)]
}

type Params<'a> = Vec<(Param, &'a str)>;

/// What policies see of a request: a permission under a condition, met and not.
#[test]
fn conditions_see_what_the_request_says() {
    run(async {
        let app = format!("arn:aws:iam::{ACCOUNT}:role/admin");
        let other = format!("arn:aws:iam::{ACCOUNT}:role/when");
        let bypass = "kms:BypassPolicyLockoutSafetyCheck";
        let days = "kms:ScheduleKeyDeletionPendingWindowInDays";
        let policy = json!({ "Version": "2012-10-17", "Statement": delegated() }).to_string();
        let rows: Vec<(&str, Value, Params<'_>, Params<'_>)> = vec![
            (
                "kms:CreateGrant",
                json!({ "ForAllValues:StringEquals": { "kms:GrantOperations": ["Decrypt"] } }),
                granting(&app, "Decrypt"),
                granting(&app, "Decrypt,Encrypt"),
            ),
            (
                "kms:CreateGrant",
                json!({ "ArnEquals": { "kms:GranteePrincipal": app } }),
                granting(&app, "Decrypt"),
                granting(&other, "Decrypt"),
            ),
            (
                "kms:CreateGrant",
                json!({ "ArnEquals": { "kms:RetiringPrincipal": app } }),
                [granting(&app, "Decrypt"), vec![(Param::RetiringPrincipal, app.as_str())]]
                    .concat(),
                granting(&app, "Decrypt"),
            ),
            (
                "kms:CreateGrant",
                json!({ "StringEquals": { "kms:GrantConstraintType": "EncryptionContextSubset" } }),
                [granting(&app, "Decrypt"), vec![(Param::ContextSubset, "a=1")]].concat(),
                [granting(&app, "Decrypt"), vec![(Param::ContextEquals, "a=1")]].concat(),
            ),
            (
                "kms:ScheduleKeyDeletion",
                json!({ "NumericGreaterThanEquals": { days: "14" } }),
                vec![(Param::PendingDays, "14")],
                vec![(Param::PendingDays, "13")],
            ),
            (
                "kms:PutKeyPolicy",
                json!({ "Bool": { bypass: "false" } }),
                vec![(Param::Document, &policy)],
                vec![(Param::Document, &policy), (Param::BypassLockoutCheck, "true")],
            ),
            (
                "kms:TagResource",
                json!({ "StringEquals": { "aws:RequestTag/team": "red" } }),
                vec![(Param::Tags, "team=red")],
                vec![(Param::Tags, "team=blue")],
            ),
            (
                "kms:TagResource",
                json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } }),
                vec![(Param::Tags, "team=red")],
                vec![(Param::Tags, "team=red&more=1")],
            ),
            (
                "kms:UntagResource",
                json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } }),
                vec![(Param::TagKeys, "team")],
                vec![(Param::TagKeys, "team,more")],
            ),
            (
                "kms:Encrypt",
                json!({ "StringEquals": { "kms:EncryptionContext:team": "red" } }),
                vec![(Param::EncryptionContext, "team=red")],
                vec![],
            ),
            (
                "kms:Encrypt",
                json!({ "ForAnyValue:StringEquals": { "kms:EncryptionContextKeys": ["team"] } }),
                vec![(Param::EncryptionContext, "team=red&more=1")],
                vec![(Param::EncryptionContext, "more=1")],
            ),
        ];
        let mut table = Table::default();
        for (operation, condition, met, not_met) in rows {
            let mut statement = allow(operation, "*");
            statement["Condition"] = condition.clone();
            let place =
                Setup::new().role("when", json!([statement])).key("k", "", delegated()).build();
            let k = arn(&place, "k");
            for (params, expected) in [
                (met, "allowed".to_owned()),
                (not_met, format!("400 AccessDeniedException denied by identity: {operation}")),
            ] {
                let mut params = params;
                params.push((Param::KeyId, &k));
                let place = place.fork();
                let found = place.outcome("when", operation, &params).await;
                // With this permission alone the next policy could not be put, which is another
                // question.
                let found = if operation == "kms:PutKeyPolicy" && found.starts_with("400 Malformed")
                {
                    "allowed".to_owned()
                } else {
                    found
                };
                table.row(&format!("{operation} {condition}"), &found, &expected);
            }
        }
    });
}

#[test]
fn conditions_see_aliases_and_tags_of_the_key() {
    run(async {
        let by = |key: &str, value: &str| {
            let mut statement = allow(json!(["kms:Encrypt", "kms:DescribeKey"]), "*");
            let operator = if key == "kms:ResourceAliases" {
                "ForAnyValue:StringEquals"
            } else {
                "StringEquals"
            };
            statement["Condition"] = json!({ operator: { key: value } });
            json!([statement])
        };
        let place = Setup::new()
            .role("by-alias", by("kms:ResourceAliases", "alias/k"))
            .role("by-name", by("kms:RequestAlias", "alias/k"))
            .role("by-tag", by("aws:ResourceTag/team", "red"))
            .key("k", "", delegated())
            .key("other", "", delegated())
            .build();
        let (k, other) = (arn(&place, "k"), arn(&place, "other"));
        let alias_arn = format!("arn:aws:kms:eu-west-1:{ACCOUNT}:alias/k");
        place
            .done("admin", "kms:TagResource", &[(Param::KeyId, &k), (Param::Tags, "team=red&a=b")])
            .await;
        let refused =
            |operation: &str| format!("400 AccessDeniedException denied by identity: {operation}");
        let mut table = Table::default();
        for operation in ["kms:Encrypt", "kms:DescribeKey"] {
            for (who, key, may) in [
                ("by-alias", k.as_str(), true),
                ("by-alias", "alias/k", true),
                ("by-alias", &other, false),
                ("by-name", "alias/k", true),
                ("by-name", &alias_arn, true),
                ("by-name", &k, false),
                ("by-tag", &k, true),
                ("by-tag", &other, false),
            ] {
                let expected = if may { "allowed".to_owned() } else { refused(operation) };
                table.row(
                    &format!("{who} {operation} {key}"),
                    &place.outcome(who, operation, &[(Param::KeyId, key)]).await,
                    &expected,
                );
            }
        }
        let listed = place.ask("admin", "kms:ListResourceTags", &[(Param::KeyId, &k)]).await;
        table.row("the tags", &field(&listed, Field::Tags), "a=b&team=red");
        place
            .done("admin", "kms:UntagResource", &[(Param::KeyId, &k), (Param::TagKeys, "team")])
            .await;
        table.row(
            "untagged",
            &place.outcome("by-tag", "kms:Encrypt", &[(Param::KeyId, &k)]).await,
            &refused("kms:Encrypt"),
        );
        place
            .done("admin", "kms:UpdateAlias", &[(Param::KeyId, &other), (Param::Alias, "alias/k")])
            .await;
        table.row(
            "moved away",
            &place.outcome("by-alias", "kms:Encrypt", &[(Param::KeyId, &k)]).await,
            &refused("kms:Encrypt"),
        );
        table.row(
            "moved to",
            &place.outcome("by-alias", "kms:Encrypt", &[(Param::KeyId, &other)]).await,
            "allowed",
        );
    });
}
