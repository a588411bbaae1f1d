//! Aliases of keys.

use gainsay::attempt::{Answer, Field, Param};
use serde_json::{Value, json};

use crate::kms::{arn, first, setup};
use crate::place::{ACCOUNT, Setup, Table, allow, delegated, field, message, run};

#[test]
fn an_alias_moves_and_what_was_stored_stays() {
    run(async {
        let place = setup();
        let (k, other) = (arn(&place, "k"), arn(&place, "other"));
        let moved = [(Param::Alias, "alias/k"), (Param::KeyId, other.as_str())];
        let put = |key| {
            [
                (Param::Bucket, "gs-free"),
                (Param::Key, key),
                (Param::Encryption, "aws:kms"),
                (Param::KmsKey, "alias/k"),
            ]
        };
        let mut table = Table::default();
        table.row(
            "before",
            &field(&place.ask("admin", "s3:PutObject", &put("old")).await, Field::KmsKey),
            &k,
        );
        table.row("moved", &place.seen("owner", "kms:UpdateAlias", &moved).await, "allowed");
        table.row(
            "after",
            &field(&place.ask("admin", "s3:PutObject", &put("new")).await, Field::KmsKey),
            &other,
        );
        let described = place.done("owner", "kms:DescribeKey", &[(Param::KeyId, "alias/k")]).await;
        table.row("KMS, too", &first(&described, Field::Arn), &other);
        let old = place.ask("admin", "s3:GetObject", &put("old")[..2]).await;
        table.row("what was stored", &field(&old, Field::KmsKey), &k);
        // Two aliases are now of one key.
        let listed = place.done("owner", "kms:ListAliases", &[(Param::KeyId, &other)]).await;
        table.row("listed", &listed[&Field::Aliases].join(" "), "alias/k alias/other");
        table.row(
            "deleted",
            &place.seen("owner", "kms:DeleteAlias", &[(Param::Alias, "alias/k")]).await,
            "allowed",
        );
        table.row(
            "gone",
            &place.seen("admin", "s3:PutObject", &put("new")).await,
            "400 KMS.NotFoundException absent",
        );
    });
}

#[test]
fn an_alias_takes_permission_on_itself_and_its_keys() {
    run(async {
        let alias = format!("arn:aws:kms:eu-west-1:{ACCOUNT}:alias/*");
        let keys = |ids: &[&str]| -> Vec<Value> {
            ids.iter()
                .map(|id| {
                    json!(format!(
                        "arn:aws:kms:eu-west-1:{ACCOUNT}:key/00000000-0000-4000-8000-00000000000{id}"
                    ))
                })
                .collect()
        };
        let place = Setup::new()
            .role("alias-only", json!([allow("kms:*", alias.as_str())]))
            .role("key-only", json!([allow("kms:*", keys(&["1", "2"]))]))
            .role("old-only", json!([allow("kms:*", alias.as_str()), allow("kms:*", keys(&["1"]))]))
            .role("new-only", json!([allow("kms:*", alias.as_str()), allow("kms:*", keys(&["2"]))]))
            .role(
                "both",
                json!([allow("kms:*", alias.as_str()), allow("kms:*", keys(&["1", "2"]))]),
            )
            .key("k", "", delegated())
            .key("other", "", delegated())
            .build();
        let (k, other) = (arn(&place, "k"), arn(&place, "other"));
        let update = [(Param::Alias, "alias/k"), (Param::KeyId, other.as_str())];
        let create = [(Param::Alias, "alias/new"), (Param::KeyId, other.as_str())];
        let delete = [(Param::Alias, "alias/k")];
        let all_alias = format!("arn:aws:kms:eu-west-1:{ACCOUNT}:alias/k");
        let new_alias = format!("arn:aws:kms:eu-west-1:{ACCOUNT}:alias/new");
        let rows: [(&str, &str, &[(Param, &str)], &str); 11] = [
            ("key-only", "kms:UpdateAlias", &update, &all_alias),
            ("alias-only", "kms:UpdateAlias", &update, &k),
            ("old-only", "kms:UpdateAlias", &update, &other),
            ("new-only", "kms:UpdateAlias", &update, &k),
            ("both", "kms:UpdateAlias", &update, ""),
            ("key-only", "kms:CreateAlias", &create, &new_alias),
            ("old-only", "kms:CreateAlias", &create, &other),
            ("new-only", "kms:CreateAlias", &create, ""),
            ("key-only", "kms:DeleteAlias", &delete, &all_alias),
            ("new-only", "kms:DeleteAlias", &delete, &k),
            ("old-only", "kms:DeleteAlias", &delete, ""),
        ];
        let mut table = Table::default();
        for (who, operation, params, on) in rows {
            let place = place.fork();
            let answer = place.ask(who, operation, params).await;
            let seen = match &answer {
                Answer::Success { .. } => String::new(),
                refused => message(refused),
            };
            let expected = if on.is_empty() {
                String::new()
            } else {
                format!(
                    "User: arn:aws:sts::{ACCOUNT}:assumed-role/{who}/tester is not authorized to perform: {operation} on resource: {on} because no identity-based policy allows the {operation} action"
                )
            };
            table.row(&format!("{who} {operation}"), &seen, &expected);
        }
        table.row(
            "ListAliases has no resource",
            &place.seen("both", "kms:ListAliases", &[]).await,
            "400 AccessDeniedException denied by identity: kms:ListAliases",
        );
        table.row("by all", &place.seen("admin", "kms:ListAliases", &[]).await, "allowed");
    });
}
