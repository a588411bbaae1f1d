//! The sessions that a run opens.

use aws_credential_types::Credentials;
use gainsay::{
    attempt::{Answer, Field, Param},
    session::Sessions,
};
use gainsay_iam::Layer;
use serde_json::{Value, json};

use crate::place::{ACCOUNT, How, Place, Setup, all, allow, field, outcome, root_may, run, send};

const ALL: [&str; 3] = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];

fn trust(actions: &[&str], condition: Value) -> Value {
    let mut trust = root_may("sts:AssumeRole");
    trust["Action"] = json!(actions);
    if !condition.is_null() {
        trust["Condition"] = condition;
    }
    trust
}

/// What came back, and for a refusal the layers that refused.
fn by_layers(operation: &str, answer: &Answer) -> String {
    let said = outcome(operation, answer);
    let Answer::Refused(refused) = answer else { return said };
    let ruling = refused.rulings.as_ref().and_then(|rulings| rulings.refusal());
    let layers: Vec<&str> =
        ruling.iter().flat_map(|ruling| ruling.layers()).map(Layer::as_str).collect();
    if layers.is_empty() { said } else { format!("{said} ({})", layers.join("|")) }
}

async fn put(place: &Place, session: &Credentials, key: &str) -> String {
    let params = [(Param::Bucket, "gs-teams"), (Param::Key, key)];
    let answer =
        send(&place.target.clients(Some(session), false), "s3:PutObject", &params, How::default())
            .await;
    by_layers("s3:PutObject", &answer)
}

#[test]
fn a_role_is_assumed_as_the_environment_says() {
    run(async {
        let anything = json!([allow("*", "*")]);
        let by_hub = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:role/hub") }, "Action": ALL });
        let place = Setup::new()
            .caller(json!([allow(ALL.as_slice(), "*")]))
            .role_with(
                "spoke",
                by_hub,
                anything.clone(),
                ", via: hub, session_tags: { team: team-a }",
            )
            .role_with("hub", trust(&ALL, json!(null)), anything, "")
            .bucket(
                "teams",
                "",
                Some(json!([all(
                    "Deny",
                    "s3:PutObject",
                    "arn:aws:s3:::gs-teams/*",
                    json!({ "StringNotEquals": { "aws:PrincipalTag/team": "team-a" } }),
                )])),
            )
            .build();
        let spoke = [place.environment.deployed.role("spoke").expect("the role").clone()];
        let caller: Credentials = place.sandbox.caller_credentials().into();
        let sessions =
            Sessions::open(&place.target, &caller, &place.environment, &spoke, "r").await;
        assert_eq!(sessions.calls(), 4, "the hub is assumed too");
        let session = sessions.get("spoke").expect("a session");
        assert_eq!(put(&place, &session.credentials, "k").await, "allowed");
        let hub = sessions.get("hub").expect("a session");
        let denied =
            "403 AccessDenied denied by resource|block-public-access: s3:PutObject (resource)";
        assert_eq!(put(&place, &hub.credentials, "k").await, denied);
        let direct = format!("arn:aws:iam::{ACCOUNT}:role/spoke");
        let direct = place.outcome("caller", "sts:AssumeRole", &[(Param::Role, &direct)]).await;
        assert!(direct.starts_with("403 AccessDenied"), "the caller itself may not: {direct}");
        let who = place.target.clients(Some(&session.credentials), false);
        let who = send(&who, "sts:GetCallerIdentity", &[], How::default()).await;
        assert_eq!(
            field(&who, Field::Arn),
            format!("arn:aws:sts::{ACCOUNT}:assumed-role/spoke/gainsay-r")
        );
    });
}
