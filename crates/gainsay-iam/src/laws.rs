//! Laws that hold for every policy and request.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{
    Context, Decision, Effect, Matched, Policies, Policy, PolicyKind, Principal, Reason, Request,
    evaluate, explain, wildcard_match,
};

const ACCOUNT: &str = "111122223333";

fn principal() -> impl Strategy<Value = Principal> {
    select(vec![
        Principal::Anonymous,
        Principal::Root { account: ACCOUNT.to_owned() },
        Principal::User { arn: "arn:aws:iam::111122223333:user/ann".to_owned() },
        Principal::Session {
            role: "arn:aws:iam::111122223333:role/app".to_owned(),
            arn: "arn:aws:sts::111122223333:assumed-role/app/s1".to_owned(),
        },
        Principal::Service("logging.s3.amazonaws.com".to_owned()),
    ])
}

fn condition() -> impl Strategy<Value = Value> {
    let operator = select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLikeIfExists",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringNotLike",
    ]);
    let key = select(vec!["aws:username", "aws:TagKeys", "s3:prefix"]);
    let value = select(vec!["a", "b*", "${aws:username}", "${s3:prefix, 'a'}", ""]);
    prop_oneof![
        2 => Just(json!({})),
        3 => (operator, key, value).prop_map(|(operator, key, value)| json!({operator: {key: value}})),
        1 => any::<bool>().prop_map(|absent| json!({"Null": {"s3:prefix": absent}})),
    ]
}

/// A statement; `in_bucket` ones have principals.
fn statement(effect: &'static str, in_bucket: bool) -> impl Strategy<Value = Value> {
    let principal = select(vec![
        json!("*"),
        json!({"AWS": ACCOUNT}),
        json!({"AWS": "arn:aws:iam::111122223333:role/app"}),
        json!({"AWS": "arn:aws:sts::111122223333:assumed-role/app/s1"}),
        json!({"AWS": "arn:aws:iam::111122223333:user/ann"}),
        json!({"Service": "logging.s3.amazonaws.com"}),
    ]);
    let action = select(vec!["s3:*", "s3:GetObject", "s3:Put*", "*"]);
    let resource =
        select(vec!["arn:aws:s3:::*", "arn:aws:s3:::b/x", "arn:aws:s3:::b/${aws:username}"]);
    let parts = (principal, action, resource, condition(), any::<bool>(), any::<bool>());
    parts.prop_map(move |(principal, action, resource, condition, not_action, not_resource)| {
        let mut statement = json!({"Effect": effect, "Condition": condition});
        statement[if not_action { "NotAction" } else { "Action" }] = json!(action);
        statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resource);
        if in_bucket {
            statement["Principal"] = principal;
        }
        statement
    })
}

fn statements(in_bucket: bool) -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(
        prop_oneof![2 => statement("Allow", in_bucket), 1 => statement("Deny", in_bucket)],
        1..5,
    )
}

fn context() -> impl Strategy<Value = Context> {
    let values = || prop::option::of(prop::collection::vec(select(vec!["a", "bb", "x", ""]), 0..3));
    (values(), values(), values(), any::<u8>()).prop_map(|(names, tags, prefixes, unmodelled)| {
        let mut context = Context::new();
        for (key, values) in
            [("aws:username", names), ("aws:TagKeys", tags), ("s3:prefix", prefixes)]
        {
            if let Some(values) = values {
                context.set_all(key, values.into_iter().map(str::to_owned));
            }
        }
        if unmodelled < 20 {
            context.set_unmodelled("s3:prefix");
        }
        context
    })
}

fn read(kind: PolicyKind, statements: &[Value]) -> Policy {
    Policy::from_value(kind, &json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
}

#[derive(Clone, Debug)]
struct Case {
    principal: Principal,
    owner: &'static str,
    context: Context,
    identity: Vec<Value>,
    resource: Vec<Value>,
    boundary: Option<Vec<Value>>,
}

fn case() -> impl Strategy<Value = Case> {
    let owner = select(vec![ACCOUNT, "999999999999"]);
    let boundary = prop::option::of(statements(false));
    (principal(), owner, context(), statements(false), statements(true), boundary).prop_map(
        |(principal, owner, context, identity, resource, boundary)| Case {
            principal,
            owner,
            context,
            identity,
            resource,
            boundary,
        },
    )
}

impl Case {
    /// The decision, or none if there is a doubt. The explanation of it says nothing else.
    fn decide(&self) -> Option<Decision> {
        let identity = [read(PolicyKind::Identity, &self.identity)];
        let resource = read(PolicyKind::Bucket, &self.resource);
        let boundary =
            self.boundary.as_ref().map(|statements| read(PolicyKind::Boundary, statements));
        let request = Request {
            principal: &self.principal,
            action: "s3:GetObject",
            resource: "arn:aws:s3:::b/a",
            resource_account: self.owner,
            context: &self.context,
        };
        let policies = Policies {
            identity: &identity,
            resource: Some(&resource),
            boundary: boundary.as_ref(),
            ..Policies::default()
        };
        let answer = evaluate(&request, &policies).ok();
        let explanation = explain(&request, &policies);
        assert_eq!(explanation.decision, answer.as_ref().map(|answer| answer.decision));
        for view in &explanation.layers {
            for (policy, statement) in view.policies.iter().flat_map(|policy| {
                policy.statements.iter().map(move |statement| (policy, statement))
            }) {
                let said = |matched: Matched| {
                    statement.elements.iter().any(|element| element.matched == matched)
                };
                let by_elements = match (said(Matched::No), said(Matched::Undecided)) {
                    (true, _) => Matched::No,
                    (false, true) => Matched::Undecided,
                    (false, false) => Matched::Yes,
                };
                assert_eq!(statement.matched, by_elements, "{statement:?}");
                let decides = |reason: &Reason| {
                    (reason.layer, reason.policy, reason.statement)
                        == (view.layer, policy.policy, statement.statement)
                };
                if let Some(answer) =
                    answer.as_ref().filter(|answer| answer.decision == Decision::ExplicitDeny)
                {
                    let denies =
                        statement.effect == Effect::Deny && statement.matched == Matched::Yes;
                    assert_eq!(answer.by.iter().any(decides), denies, "{statement:?}");
                }
            }
        }
        answer.map(|answer| answer.decision)
    }

    /// The same with everything written another way: lists for single values, statements with what
    /// is the same in another case.
    fn written_out(&self) -> Self {
        let list = |value: &mut Value| {
            if !value.is_array() {
                *value = json!([value.take()]);
            }
        };
        let mut other = self.clone();
        let all = other
            .identity
            .iter_mut()
            .chain(&mut other.resource)
            .chain(other.boundary.iter_mut().flatten());
        for statement in all {
            for (element, value) in statement.as_object_mut().unwrap() {
                match element.as_str() {
                    "Action" | "NotAction" => {
                        list(value);
                        *value = serde_json::from_str(&value.to_string().to_uppercase()).unwrap();
                    }
                    "Resource" | "NotResource" => list(value),
                    "Principal" if *value == json!("*") => *value = json!({"AWS": ["*"]}),
                    "Condition" => {
                        for keys in value.as_object_mut().unwrap().values_mut() {
                            let written: Vec<(String, Value)> =
                                keys.as_object().unwrap().clone().into_iter().collect();
                            let written = written.into_iter().map(|(key, mut values)| {
                                list(&mut values);
                                // A boolean is the word for it.
                                let words = values
                                    .as_array()
                                    .unwrap()
                                    .iter()
                                    .map(|v| v.as_str().map_or(v.to_string(), str::to_owned));
                                (key.to_uppercase(), json!(words.collect::<Vec<_>>()))
                            });
                            *keys = Value::Object(written.collect());
                        }
                    }
                    _ => {}
                }
            }
        }
        other
    }
}

/// The plainest definition of a wildcard match.
fn reference(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => {
            reference(rest, text) || matches!(text, [_, behind @ ..] if reference(pattern, behind))
        }
        (['?', rest @ ..], [_, behind @ ..]) => reference(rest, behind),
        ([p, rest @ ..], [t, behind @ ..]) if p == t => reference(rest, behind),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_deny_never_widens(case in case(), in_resource: bool, identity in statement("Deny", false), resource in statement("Deny", true)) {
        let mut more = case.clone();
        if in_resource { more.resource.push(resource) } else { more.identity.push(identity) }
        if more.decide() == Some(Decision::Allow) {
            prop_assert_eq!(case.decide(), Some(Decision::Allow));
        }
    }

    #[test]
    fn an_allow_never_narrows(case in case(), in_resource: bool, identity in statement("Allow", false), resource in statement("Allow", true)) {
        let mut more = case.clone();
        if in_resource { more.resource.push(resource) } else { more.identity.push(identity) }
        match (case.decide(), more.decide()) {
            (Some(Decision::Allow), after) => prop_assert!(after.is_none_or(|after| after == Decision::Allow)),
            (Some(before @ Decision::ExplicitDeny), after) => prop_assert_eq!(after, Some(before)),
            _ => {}
        }
    }

    #[test]
    fn the_order_of_statements_does_not_matter(case in case()) {
        let mut turned = case.clone();
        turned.identity.reverse();
        turned.resource.reverse();
        prop_assert_eq!(case.decide(), turned.decide());
    }

    #[test]
    fn a_policy_is_the_same_however_it_is_written(case in case()) {
        prop_assert_eq!(case.decide(), case.written_out().decide());
    }

    #[test]
    fn wildcards_match_as_defined(pattern in "[ab?*é]{0,8}", text in "[abé]{0,8}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(wildcard_match(&pattern, &text), reference(&chars(&pattern), &chars(&text)));
    }

    #[test]
    fn long_segments_match_as_defined(segment in "[ab?]{60,70}", before in "[ab]{0,40}", after in "[ab]{0,40}", change in 0..70_usize) {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let pattern = format!("*{segment}*?");
        let mut text = chars(&format!("{before}{}{after}", segment.replace('?', "b")));
        if let Some(c) = text.get_mut(before.len() + change) {
            *c = 'a';
        }
        let text: String = text.into_iter().collect();
        prop_assert_eq!(wildcard_match(&pattern, &text), reference(&chars(&pattern), &chars(&text)));
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,60}", pieces in prop::collection::vec(piece(), 0..14)) {
        for text in [text, pieces.concat()] {
            for kind in [PolicyKind::Identity, PolicyKind::Bucket, PolicyKind::TrustPolicy] {
                if let Err(error) = Policy::from_text(kind, &text) {
                    let _ = super::locate(&text, error.path());
                    let _ = error.help();
                }
            }
        }
    }

    #[test]
    fn any_value_of_a_condition_is_decided_or_refused(operator in operator(), value in ".{0,12}", asked in ".{0,12}") {
        let document = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {"k": value}}}});
        if let Ok(policy) = Policy::from_value(PolicyKind::Identity, &document) {
            let mut context = Context::new();
            context.set("k", asked);
            let principal = Principal::User { arn: "arn:aws:iam::111122223333:user/ann".to_owned() };
            let request = Request { principal: &principal, action: "é", resource: "", resource_account: "", context: &context };
            let _ = evaluate(&request, &Policies { identity: &[policy], ..Policies::default() });
        }
    }
}

fn piece() -> impl Strategy<Value = String> {
    let words = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"Statement\"",
        "\"Effect\"",
        "\"Allow\"",
        "\"Action\"",
        "\"*\"",
        "\"Resource\"",
        "\"Condition\"",
        "\"Bool\"",
        "\"Principal\"",
        "null",
        "1e999",
        "\"${\"",
        "\"\\ud800\"",
    ];
    select(words.map(str::to_owned).to_vec())
}

fn operator() -> impl Strategy<Value = &'static str> {
    select(vec![
        "StringLike",
        "NumericLessThan",
        "DateEquals",
        "Bool",
        "BinaryEquals",
        "IpAddress",
        "NotIpAddress",
        "ArnLike",
        "Null",
        "ForAllValues:StringNotEqualsIgnoreCase",
    ])
}
