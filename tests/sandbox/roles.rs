//! STS: who may become whom.

use gainsay::attempt::{Answer, Field, Param};
use serde_json::{Value, json};

use crate::place::{ACCOUNT, Place, Setup, Table, allow, field, message, root_may, run, seen};

fn setup() -> Place {
    let asks = |condition: Value| {
        let mut trust = root_may("sts:AssumeRole");
        trust["Condition"] = condition;
        trust
    };
    let nobody = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:role/admin") }, "Action": "sts:AssumeRole" });
    let denied = json!({ "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole" });
    let external = asks(json!({ "StringEquals": { "sts:ExternalId": "secret" } }));
    Setup::new()
        .role_with("external", external, json!([allow("s3:*", "*")]), ", external_id: secret")
        .role_with("chained", nobody, json!([allow("s3:*", "*")]), "")
        .role_with("closed", denied, json!([allow("s3:*", "*")]), "")
        .role("weak", json!([allow("s3:*", "*")]))
        .build()
}

#[test]
fn a_trust_policy_decides_who_becomes_whom() {
    run(async {
        let place = setup();
        let arn = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
        let denied = "403 AccessDenied denied by -: sts:AssumeRole";
        let rows = [
            ("the right external id", "caller", "external", Some("secret"), "allowed"),
            ("a wrong external id", "caller", "external", Some("guess"), denied),
            ("no external id", "caller", "external", None, denied),
            ("an external id that is not asked for", "caller", "weak", Some("any"), "allowed"),
            ("a role that does not exist", "caller", "missing", None, denied),
            ("a role that trusts another", "caller", "chained", None, denied),
            ("a role that refuses everyone", "admin", "closed", None, denied),
            ("chaining", "admin", "chained", None, "allowed"),
            ("chaining by a role that may not", "weak", "admin", None, denied),
        ];
        let mut table = Table::default();
        for (name, who, role, id, expected) in rows {
            let role = arn(role);
            let mut params = vec![(Param::Role, role.as_str())];
            params.extend(id.map(|id| (Param::ExternalId, id)));
            let answer = place.ask(who, "sts:AssumeRole", &params).await;
            table.row(name, &seen("sts:AssumeRole", &answer), expected);
            if expected == denied {
                let asker = if who == "caller" {
                    format!("arn:aws:iam::{ACCOUNT}:user/tester")
                } else {
                    format!("arn:aws:sts::{ACCOUNT}:assumed-role/{who}/tester")
                };
                let words = format!(
                    "User: {asker} is not authorized to perform: sts:AssumeRole on resource: {role}"
                );
                table.row(&format!("{name}: message"), &message(&answer), &words);
            }
        }
    });
}

#[test]
fn a_session_lasts_between_fifteen_minutes_and_an_hour() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        for (who, role, seconds, expected) in [
            ("caller", "weak", 899, "400 ValidationError rejected"),
            ("caller", "weak", 900, "allowed"),
            ("caller", "weak", 3600, "allowed"),
            ("caller", "weak", 3601, "400 ValidationError rejected"),
            ("admin", "chained", 3600, "allowed"),
            ("admin", "chained", 3601, "400 ValidationError rejected"),
        ] {
            let sts = place.clients(who, false).await.sts;
            let request = sts.assume_role().role_arn(format!("arn:aws:iam::{ACCOUNT}:role/{role}"));
            let sent = request.role_session_name("tester").duration_seconds(seconds).send().await;
            let answer = match &sent {
                Ok(_) => place.ask("caller", "sts:GetCallerIdentity", &[]).await,
                Err(error) => Answer::from_error(error),
            };
            table.row(
                &format!("{who} for {seconds} s"),
                &seen("sts:AssumeRole", &answer),
                expected,
            );
        }
    });
}

#[test]
fn everybody_is_told_who_they_are() {
    run(async {
        let place = setup();
        for (who, arn) in [
            ("caller", format!("arn:aws:iam::{ACCOUNT}:user/tester")),
            ("weak", format!("arn:aws:sts::{ACCOUNT}:assumed-role/weak/tester")),
        ] {
            let answer = place.ask(who, "sts:GetCallerIdentity", &[]).await;
            assert_eq!(field(&answer, Field::Arn), arn);
        }
    });
}
