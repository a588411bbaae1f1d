//! Where each condition key of a request comes from: every key that the engine knows is set, marked
//! as not modelled, not known from outside the request, refused with what carries it, or carried by
//! no request here. A key that is none of these would let a Deny on it pass in silence.
//!
//! Which actions have which keys stands at
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>,
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html>
//! and
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html>;
//! the global ones at
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.

mod origins;
mod requests;
mod rows;

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gainsay_iam::{ContextValue, Decision, KeyType, condition_key, keys::KEYS};
use gainsay_model::Service;
use gainsay_sandbox::Ruling;
use serde_json::{Value, json};

use self::{
    origins::{
        ORIGINS,
        Origin::{External, Never, Refused, Set, Unmodelled},
    },
    requests::{Call, KEY, Kms, PUT, Presigned, Query, S3, Sent, request},
    rows::{CARRIED, REFUSED, UNMODELLED},
};
use crate::support::{ACCOUNT, Place, REGION, Request, Setup, Table, allow, delegated, run};

/// The name of a key in the engine's table: what follows a prefix is the user's.
fn known(key: &str) -> &'static str {
    condition_key(key).map_or_else(|| panic!("no key: {key}"), |known| known.name)
}

#[test]
fn every_key_of_the_engine_has_an_origin() {
    let listed: BTreeSet<String> = ORIGINS.iter().map(|(key, _)| key.to_lowercase()).collect();
    assert_eq!(listed.len(), ORIGINS.len(), "a key is listed twice");
    let all: BTreeSet<String> = KEYS.iter().map(|key| key.name.to_lowercase()).collect();
    assert_eq!(listed, all);
    let carried: BTreeSet<_> = CARRIED.iter().map(|(key, ..)| known(key)).collect();
    let unmodelled: BTreeSet<_> = UNMODELLED.iter().map(|(key, ..)| known(key)).collect();
    let refused: BTreeSet<_> =
        REFUSED.iter().map(|(key, _)| key.trim_end_matches(['/', ':'])).collect();
    for (key, origin) in ORIGINS {
        let stated = match origin {
            // The caller of the environment shows it: a session has none.
            Set if *key == "aws:username" => true,
            Set => carried.contains(key),
            Unmodelled => unmodelled.contains(key) && !carried.contains(key),
            Refused => refused.contains(key.trim_end_matches(['/', ':'])) && !carried.contains(key),
            External => condition_key(key).is_some_and(|key| key.determined_by.is_some()),
            Never(reason) => !reason.is_empty() && !carried.contains(key),
        };
        assert!(stated, "{key} has no request that shows its origin");
    }
}

/// The caller and the sessions of `tester` may do everything but what a statement denies.
fn setup(deny: Option<&Value>, of_caller: bool) -> Place {
    let mut statements = vec![allow("*", "*")];
    statements.extend(deny.cloned());
    let trust = json!([
        { "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"] },
    ]);
    let open = ", encryption: { algorithm: AES256, blocked: [NONE] }";
    Setup::new()
        .caller(if of_caller { json!(statements) } else { json!([allow("*", "*")]) })
        .role_with("tester", trust.clone(), json!(statements), ", tags: { team: a }")
        .role_with("receiver", trust, json!([allow("*", "*")]), ", tags: { team: a }")
        .bucket("b", open, None)
        .bucket("owned", ", ownership: ObjectWriter", None)
        .bucket("locked", ", versioning: enabled", None)
        .key("one", "", delegated())
        .build()
}

/// What the requests need that is not in an environment.
async fn prepare(place: &Place) -> Vec<(&'static str, String)> {
    let admin = place.clients("admin", false).await;
    for sent in [
        S3("PUT", "gs-b", "/k", &[("x-amz-tagging", "team=a")], "a"),
        S3(
            "PUT",
            "gs-locked",
            "/?object-lock",
            &[],
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>",
        ),
        Kms("TagResource", r#"{"KeyId": "KEY", "Tags": [{"TagKey": "team", "TagValue": "a"}]}"#),
        Query(
            Service::Iam,
            "Action=TagRole&Version=2010-05-08&RoleName=admin&Tags.member.1.Key=team&Tags.member.1.Value=a",
        ),
        Call("s3:CreateAccessGrantsInstance", &[], &[]),
    ] {
        let response = admin.respond(&request(sent, &[]), None).await;
        assert!(response.status < 300, "{response:?}");
    }
    let made = admin.kms.create_key().multi_region(true).send().await.expect("a key");
    let family = made.key_metadata.expect("what it is").arn.expect("its ARN");
    let sealed = admin
        .kms
        .encrypt()
        .key_id(KEY)
        .plaintext(aws_sdk_kms::primitives::Blob::new(b"a".to_vec()))
        .send()
        .await
        .expect("a ciphertext");
    let sealed = sealed.ciphertext_blob.expect("a ciphertext").into_inner();
    let sealed = STANDARD.encode(sealed);
    vec![("\"KEY\"", KEY.to_owned()), ("\"FAMILY\"", family), ("\"CIPHERTEXT\"", sealed)]
}

/// The session that asks: tagged, and with a source identity.
async fn tester(place: &Place) -> crate::support::Clients {
    let caller = place.clients("caller", false).await;
    let session = caller
        .sts
        .assume_role()
        .role_arn(format!("arn:aws:iam::{ACCOUNT}:role/tester"))
        .role_session_name("tester")
        .source_identity("someone")
        .send()
        .await
        .expect("a session")
        .credentials
        .expect("credentials");
    let credentials = aws_credential_types::Credentials::new(
        session.access_key_id,
        session.secret_access_key,
        Some(session.session_token),
        None,
        "test",
    );
    place.clients_of(Some(&credentials), false)
}

/// The status of the answer and what was decided of it.
async fn asked(place: &Place, sent: Sent) -> (u16, Vec<Ruling>) {
    let place = place.fork();
    let names = prepare(&place).await;
    let presigned = matches!(sent, Presigned(..)).then_some((600, 5));
    let clients = tester(&place).await;
    clients.explain(&request(sent, &names), presigned).await
}

fn value_of<'a>(rulings: &'a [Ruling], action: &str, key: &str) -> ContextValue<'a> {
    let ruling = rulings.iter().find(|ruling| ruling.action == action);
    let ruling = ruling.unwrap_or_else(|| panic!("{action} was not asked: {rulings:?}"));
    ruling.input.as_ref().expect("an explained ruling").input.request.context.value(key)
}

#[test]
fn what_a_request_carries_is_in_its_context() {
    run(async {
        let place = setup(None, false);
        let mut table = Table::default();
        for (key, sent, action, expected) in CARRIED {
            let (_, rulings) = asked(&place, *sent).await;
            let ContextValue::Values(values) = value_of(&rulings, action, key) else {
                table.row(&format!("{key} of {action}"), "absent", "set");
                continue;
            };
            if let Some(expected) = expected {
                table.row(&format!("{key} of {action}"), &values.join(" "), expected);
            }
        }
        for (key, sent, action) in UNMODELLED {
            let (_, rulings) = asked(&place, *sent).await;
            let found = value_of(&rulings, action, key);
            table.row(&format!("{key} of {action}"), &format!("{found:?}"), "Unmodelled");
        }
        for (key, sent) in REFUSED {
            let (status, rulings) = asked(&place, *sent).await;
            let name =
                format!("{key} {:?}", rulings.iter().map(|of| &of.action).collect::<Vec<_>>());
            table.row(
                &name,
                if matches!(status, 400 | 501) { "refused" } else { "taken" },
                "refused",
            );
        }
        let (_, rulings) = asked(&place, PUT).await;
        for (key, origin) in ORIGINS {
            let value = format!("{:?}", value_of(&rulings, "s3:PutObject", key));
            match origin {
                External => table.row(key, value.split('(').next().unwrap(), "Unknown"),
                Never(_) | Refused => table.row(key, &value, "Absent"),
                Set | Unmodelled => {}
            }
        }
    });
}

/// The operator that compares a key's values for equality.
fn operator(key: &str) -> &'static str {
    let known = condition_key(key).expect("a key");
    match (known.value_type, known.multivalued) {
        (KeyType::String | KeyType::Binary | KeyType::IpAddress, false) => "StringEquals",
        (_, true) => "ForAnyValue:StringEquals",
        (KeyType::Arn, false) => "ArnEquals",
        (KeyType::Bool, false) => "Bool",
        (KeyType::Numeric, false) => "NumericEquals",
        (KeyType::Date, false) => "DateEquals",
    }
}

/// Another value of the same type.
fn another(key: &str, value: &str) -> String {
    match condition_key(key).expect("a key").value_type {
        KeyType::Bool => (value != "true").to_string(),
        KeyType::Numeric => "123456".to_owned(),
        KeyType::Date => "2001-01-01T00:00:00Z".to_owned(),
        KeyType::Arn => "arn:aws:kms:eu-west-1:111122223333:key/other".to_owned(),
        KeyType::String | KeyType::Binary | KeyType::IpAddress => "another".to_owned(),
    }
}

fn deny(action: &str, condition: Value) -> Value {
    json!({ "Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition })
}

/// Each key in a Deny: refused where the request has the value, allowed where it has another, and
/// not decided where it is not modelled to what the request has it.
#[test]
fn a_deny_on_any_key_refuses_what_carries_it_and_nothing_else() {
    run(async {
        let mut table = Table::default();
        for (key, sent, action, value) in CARRIED {
            let (this, other) = match value {
                Some(value) => (
                    json!({ operator(key): { *key: value } }),
                    json!({ operator(key): { *key: another(key, value) } }),
                ),
                None => (json!({ "Null": { *key: "false" } }), json!({ "Null": { *key: "true" } })),
            };
            for (condition, expected) in [(this, Decision::ExplicitDeny), (other, Decision::Allow)]
            {
                let name = format!("{action} {condition}");
                let place = setup(Some(&deny(action, condition)), false);
                let (_, rulings) = asked(&place, *sent).await;
                let ruling = rulings.iter().find(|ruling| ruling.action == *action);
                let decision = ruling.map(|ruling| ruling.decision);
                table.row(&name, &format!("{decision:?}"), &format!("{:?}", Some(expected)));
            }
        }
        for (key, sent, action) in UNMODELLED {
            let condition = json!({ operator(key): { *key: another(key, "true") } });
            let place = setup(Some(&deny(action, condition)), false);
            let (status, rulings) = asked(&place, *sent).await;
            assert!(rulings.iter().all(|ruling| ruling.action != *action), "{key}: {rulings:?}");
            table.row(
                &format!("{action} {key}"),
                if matches!(status, 400 | 501) { "undecided" } else { "decided" },
                "undecided",
            );
        }
    });
}

/// Of users only.
#[test]
fn a_users_name_is_a_key() {
    run(async {
        for (name, expected) in [("tester", 403), ("another", 200)] {
            let condition = json!({ "StringEquals": { "aws:username": name } });
            let place = setup(Some(&deny("s3:ListAllMyBuckets", condition)), true);
            let caller = place.clients("caller", false).await;
            let host = Service::S3.host(REGION);
            let list = Request::new(Service::S3, "GET", host, "/".to_owned());
            assert_eq!(caller.respond(&list, None).await.status, expected, "{name}");
        }
    });
}
