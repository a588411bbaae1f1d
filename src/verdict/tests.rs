//! The rules of verdicts, row by row, and the one law: no pass without both witnesses and the right
//! refusal.

mod sessions;

use std::{collections::BTreeMap, sync::Arc};

use gainsay_iam::{Decision, Policy, PolicyKind};
use gainsay_model::{Document, Role, Service, Source};
use gainsay_sandbox::{Decider, StatementRef};
use proptest::prelude::*;

use super::*;
use crate::{attempt::Operation, outcome::classify};

mod unnamed;

const BUCKET: &str = "arn:aws:s3:::b";
const OBJECT: &str = "arn:aws:s3:::b/k";
const OWNER: &str = "111122223333";

fn document(kind: PolicyKind, text: &str) -> Document {
    Document::new(
        Source::new("policies/bucket.json", text),
        Policy::from_text(kind, text).unwrap(),
        text.to_owned(),
    )
}

fn role(account: &str) -> Principal {
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#;
    Principal::Role(Arc::new(Role {
        name: "app".to_owned(),
        account: account.to_owned(),
        arn: format!("arn:aws:iam::{account}:role/app"),
        trust: document(PolicyKind::TrustPolicy, trust),
        policies: Vec::new(),
        boundary: None,
        tags: Vec::new(),
        max_session_duration: 3600,
    }))
}

fn call(principal: Principal) -> Call {
    Call {
        operation: Operation::named("s3:PutObject").unwrap(),
        principal,
        plain: false,
        network: gainsay_iam::Network::default(),
        old_session: false,
        presigned: None,
        account: OWNER.to_owned(),
        bucket_owner: Some(OWNER.to_owned()),
        values: BTreeMap::new(),
        action: "s3:PutObject",
        resource: OBJECT.to_owned(),
    }
}

/// AWS's words for an explicit deny of the bucket policy.
fn denied() -> Answer {
    Answer::refused(
        403,
        "AccessDenied",
        &words("s3:PutObject", OBJECT, "with an explicit deny in a resource-based policy"),
    )
}

fn words(action: &str, resource: &str, clause: &str) -> String {
    words_to(&format!("arn:aws:sts::{OWNER}:assumed-role/app/s"), action, resource, clause)
}

fn words_to(user: &str, action: &str, resource: &str, clause: &str) -> String {
    format!(
        "User: {user} is not authorized to perform: {action} on resource: \"{resource}\" {clause}"
    )
}

/// What the target witness answered before and after, and the actor.
fn witness_results(outcomes: [Outcome; 4]) -> WitnessResults {
    let [target_before, target_after, actor_before, actor_after] =
        outcomes.map(|outcome| WitnessAnswer { outcome, came_back: "a success".to_owned() });
    let witness =
        |before, after| WitnessResult { label: "the base request".to_owned(), before, after };
    WitnessResults {
        target: witness(target_before, target_after),
        actor: witness(actor_before, actor_after),
    }
}

fn silent() -> WitnessResults {
    witness_results([const { Outcome::Unclear }; 4])
}

fn witnessed() -> WitnessResults {
    witness_results([const { Outcome::Allowed }; 4])
}

fn expected(layers: &[Layer], sid: Option<&str>) -> Expected {
    Expected {
        layers: layers.to_vec(),
        sid: sid.map(str::to_owned),
        action: "s3:PutObject".to_owned(),
        resource: OBJECT.to_owned(),
        ..Expected::default()
    }
}

fn judge(
    kind: Kind,
    principal: Principal,
    answer: &Answer,
    expected: &Expected,
    witnesses: &WitnessResults,
) -> (Verdict, Option<Reason>) {
    let outcome = classify(Service::S3, answer);
    let judgement = judged(kind, &call(principal), answer, &outcome, expected, witnesses);
    (judgement.verdict(), judgement.reason())
}

fn judged(
    kind: Kind,
    call: &Call,
    answer: &Answer,
    outcome: &Outcome,
    expected: &Expected,
    witnesses: &WitnessResults,
) -> Judgement {
    let session = format!("arn:aws:sts::{OWNER}:assumed-role/app/s");
    let attempted = ForbiddenAttempt {
        kind,
        call,
        session: matches!(call.principal, Principal::Role(_)).then_some(session.as_str()),
        answer,
        outcome,
        expected: std::slice::from_ref(expected),
    };
    judge_refusal(&attempted, witnesses)
}

fn ruled(answer: Answer, action: &str, resource: &str, layer: Layer, sid: Option<&str>) -> Answer {
    let text = r#"{"Version":"2012-10-17","Statement":{"Sid":"DenyNotKms","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}"#;
    let ruling = Ruling {
        action: action.to_owned(),
        resource: resource.to_owned(),
        decision: Decision::ExplicitDeny,
        deciders: vec![Decider {
            layer,
            statement: sid.map(|sid| StatementRef {
                document: document(PolicyKind::Bucket, text),
                index: 0,
                sid: Some(sid.into()),
            }),
        }],
        silent: Vec::new(),
        other_session: None,
        input: None,
    };
    match answer {
        Answer::Refused(refused) => {
            Answer::Refused(Refused { rulings: Some(Rulings(vec![ruling].into())), ..refused })
        }
        other => other,
    }
}

#[test]
fn a_proved_refusal_passes_and_each_silent_witness_makes_it_inconclusive() {
    let resource = expected(&[Layer::Resource, Layer::BlockPublicAccess], None);
    assert_eq!(
        judge(Kind::Deny, role(OWNER), &denied(), &resource, &witnessed()),
        (Verdict::Pass, None)
    );
    for silent in 0..4 {
        for outcome in [
            Outcome::Denied(Denial::default()),
            Outcome::Unclear,
            Outcome::Throttled,
            Outcome::Absent,
        ] {
            let mut outcomes = [const { Outcome::Allowed }; 4];
            outcomes[silent] = outcome;
            let verdict =
                judge(Kind::Deny, role(OWNER), &denied(), &resource, &witness_results(outcomes));
            assert_eq!(verdict, (Verdict::Inconclusive, Some(Reason::NoWitness)), "{silent}");
        }
    }
}

#[test]
fn a_forbidden_act_that_succeeds_fails_even_without_witnesses() {
    let success = Answer::success(200, None, BTreeMap::new());
    let verdict = judge(Kind::Deny, role(OWNER), &success, &expected(&[], None), &silent());
    assert_eq!(verdict, (Verdict::Fail, Some(Reason::GotThrough)));
    let verdict = judge(Kind::Reject, role(OWNER), &success, &expected(&[], None), &silent());
    assert_eq!(verdict, (Verdict::Fail, Some(Reason::GotThrough)));
}

#[test]
fn without_the_sandboxs_knowledge_doubt_is_inconclusive() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/k";
    let explicit = "with an explicit deny in a resource-based policy";
    let rows = [
        (
            "another layer",
            words(
                "s3:PutObject",
                OBJECT,
                "because no identity-based policy allows the s3:PutObject action",
            ),
        ),
        ("another action", words("s3:PutObjectAcl", OBJECT, explicit)),
        ("a KMS key", words("kms:GenerateDataKey", key, explicit)),
        ("another resource", words("s3:PutObject", BUCKET, explicit)),
        ("bare", "Access Denied".to_owned()),
    ];
    for (what, message) in rows {
        let asked = expected(&[Layer::Resource, Layer::BlockPublicAccess], None);
        let verdict = judge(
            Kind::Deny,
            role(OWNER),
            &Answer::refused(403, "AccessDenied", &message),
            &asked,
            &witnessed(),
        );
        assert_eq!(verdict, (Verdict::Inconclusive, Some(Reason::Unproved)), "{what}");
    }
    // The clause may also mean RestrictPublicBuckets, so it does not prove the bucket policy alone.
    let verdict = judge(
        Kind::Deny,
        role(OWNER),
        &denied(),
        &expected(&[Layer::Resource], None),
        &witnessed(),
    );
    assert_eq!(verdict, (Verdict::Inconclusive, Some(Reason::Unproved)));
    // No target but the sandbox tells a statement.
    let verdict =
        judge(Kind::Deny, role(OWNER), &denied(), &expected(&[], Some("DenyNotKms")), &witnessed());
    assert_eq!(verdict, (Verdict::Inconclusive, Some(Reason::Unproved)));
}

#[test]
fn a_bare_refusal_counts_only_for_those_whom_s3_tells_nothing_and_where_no_layer_is_asked_for() {
    let bare = Answer::refused(403, "AccessDenied", "Access Denied");
    let anyone = expected(&[], None);
    assert_eq!(
        judge(Kind::Deny, Principal::Anonymous, &bare, &anyone, &witnessed()),
        (Verdict::Pass, None)
    );
    assert_eq!(
        judge(Kind::Deny, role("444455556666"), &bare, &anyone, &witnessed()),
        (Verdict::Pass, None)
    );
    let verdict = judge(Kind::Deny, role(OWNER), &bare, &anyone, &witnessed());
    assert_eq!(verdict, (Verdict::Inconclusive, Some(Reason::Unproved)));
    let verdict = judge(
        Kind::Deny,
        Principal::Anonymous,
        &bare,
        &expected(&[Layer::Resource], None),
        &witnessed(),
    );
    assert_eq!(verdict, (Verdict::Inconclusive, Some(Reason::Unproved)));
}

#[test]
fn a_refusal_of_somebody_else_proves_nothing() {
    let message = |user: &str| {
        words_to(user, "s3:PutObject", OBJECT, "with an explicit deny in a resource-based policy")
    };
    let asked = expected(&[Layer::Resource, Layer::BlockPublicAccess], None);
    let judge = |principal, user: &str, asked: &Expected| {
        let answer = Answer::refused(403, "AccessDenied", &message(user));
        judge(Kind::Deny, principal, &answer, asked, &witnessed())
    };
    let own = format!("arn:aws:sts::{OWNER}:assumed-role/app/s");
    assert_eq!(judge(role(OWNER), &own, &asked), (Verdict::Pass, None));
    for other in [
        format!("arn:aws:sts::{OWNER}:assumed-role/app/another"),
        format!("arn:aws:sts::{OWNER}:assumed-role/app"),
        format!("arn:aws:sts::{OWNER}:assumed-role/application/s"),
        format!("arn:aws:sts::{OWNER}:assumed-role/other/app/s"),
        "arn:aws:sts::444455556666:assumed-role/app/s".to_owned(),
        format!("arn:aws:iam::{OWNER}:user/app"),
        "anonymous".to_owned(),
    ] {
        assert_eq!(judge(role(OWNER), &other, &asked).1, Some(Reason::Unproved), "{other}");
    }
    assert_eq!(judge(role(OWNER), "", &asked).1, Some(Reason::NoAnswer), "nobody");
    assert_eq!(judge(Principal::Anonymous, &own, &expected(&[], None)).1, Some(Reason::Unproved));
    assert_eq!(
        judge(Principal::Anonymous, "anonymous", &expected(&[], None)),
        (Verdict::Pass, None)
    );
}

#[test]
fn a_mechanism_named_to_nobody_without_what_it_refused_proves_nothing() {
    let clause = Answer::refused(403, "AccessDenied", "explicit deny in a resource-based policy");
    let judged =
        judge(Kind::Deny, Principal::Anonymous, &clause, &expected(&[], None), &witnessed());
    assert_eq!(judged.1, Some(Reason::NoAnswer));
}

#[test]
fn what_a_bare_refusal_does_not_say_it_does_not_prove() {
    // HEAD has no code: an expired URL looks the same.
    let head = Call {
        operation: Operation::named("s3:HeadObject").unwrap(),
        action: "s3:GetObject",
        ..call(Principal::Anonymous)
    };
    let answer = Answer::refused(403, "", "");
    let wanted = Expected { action: "s3:GetObject".to_owned(), ..expected(&[], None) };
    let outcome = classify(Service::S3, &answer);
    let judgement = judged(Kind::Deny, &head, &answer, &outcome, &wanted, &witnessed());
    assert_eq!(judgement.reason(), Some(Reason::Unproved));
    // Another action than the operation's own was asked for, and the message names none.
    let bare = Answer::refused(403, "AccessDenied", "Access Denied");
    let key = Expected { action: "kms:Decrypt".to_owned(), ..expected(&[], None) };
    assert_eq!(
        judge(Kind::Deny, Principal::Anonymous, &bare, &key, &witnessed()).1,
        Some(Reason::Unproved)
    );
    // A copy is refused for its source, too.
    let copy = Call {
        operation: Operation::named("s3:CopyObject").unwrap(),
        ..call(Principal::Anonymous)
    };
    let outcome = classify(Service::S3, &bare);
    let judgement = judged(Kind::Deny, &copy, &bare, &outcome, &expected(&[], None), &witnessed());
    assert_eq!(judgement.reason(), Some(Reason::Unproved));
}

#[test]
fn the_sandbox_knows_the_statement_so_another_is_a_fail() {
    let named = expected(&[Layer::Resource], Some("DenyNotKms"));
    let right = ruled(denied(), "s3:PutObject", OBJECT, Layer::Resource, Some("DenyNotKms"));
    assert_eq!(judge(Kind::Deny, role(OWNER), &right, &named, &witnessed()), (Verdict::Pass, None));
    let wrong = [
        (
            "statement",
            ruled(denied(), "s3:PutObject", OBJECT, Layer::Resource, Some("DenyWrongKey")),
        ),
        ("layer", ruled(denied(), "s3:PutObject", OBJECT, Layer::Identity, Some("DenyNotKms"))),
        ("no statement", ruled(denied(), "s3:PutObject", OBJECT, Layer::BlockPublicAccess, None)),
        ("resource", ruled(denied(), "s3:PutObject", BUCKET, Layer::Resource, Some("DenyNotKms"))),
    ];
    for (what, answer) in wrong {
        let verdict = judge(Kind::Deny, role(OWNER), &answer, &named, &witnessed());
        assert_eq!(verdict, (Verdict::Fail, Some(Reason::WrongReason)), "{what}");
    }
    // Where neither layer nor statement is asked for, a refusal of something else proves nothing.
    let elsewhere = ruled(denied(), "s3:PutObject", BUCKET, Layer::Resource, None);
    let verdict = judge(Kind::Deny, role(OWNER), &elsewhere, &expected(&[], None), &witnessed());
    assert_eq!(verdict, (Verdict::Inconclusive, Some(Reason::Unproved)));
}

#[test]
fn a_reject_wants_its_code_and_its_witnesses() {
    let wanted =
        Expected { codes: vec!["AccessControlListNotSupported".to_owned()], ..expected(&[], None) };
    let right =
        Answer::refused(400, "AccessControlListNotSupported", "The bucket does not allow ACLs");
    assert_eq!(
        judge(Kind::Reject, role(OWNER), &right, &wanted, &witnessed()),
        (Verdict::Pass, None)
    );
    assert_eq!(
        judge(Kind::Reject, role(OWNER), &right, &wanted, &silent()).0,
        Verdict::Inconclusive
    );
    // The same answer is no authorization refusal, so it never makes a deny pass.
    let verdict = judge(Kind::Deny, role(OWNER), &right, &expected(&[], None), &witnessed());
    assert_eq!(verdict, (Verdict::Inconclusive, Some(Reason::NotAuthorization)));
    let other = Answer::refused(400, "InvalidRequest", "");
    assert_eq!(
        judge(Kind::Reject, role(OWNER), &other, &wanted, &witnessed()).0,
        Verdict::Inconclusive
    );
}

/// Bad credentials prove nothing, unless the attempt is made with a session that has ended and the
/// answer says so.
#[test]
fn an_ended_session_is_refused_as_ended() {
    let wanted = Expected { codes: vec!["ExpiredToken".to_owned()], ..expected(&[], None) };
    let ended = Answer::refused(400, "ExpiredToken", "The provided token has expired.");
    let other = Answer::refused(403, "InvalidAccessKeyId", "");
    for (kind, old_session, answer, verdict) in [
        (Kind::Reject, true, &ended, Verdict::Pass),
        (Kind::Reject, true, &other, Verdict::Inconclusive),
        (Kind::Reject, false, &ended, Verdict::Inconclusive),
        (Kind::Deny, true, &ended, Verdict::Inconclusive),
    ] {
        let call = Call { old_session, ..call(role(OWNER)) };
        let outcome = classify(Service::S3, answer);
        let judgement = judged(kind, &call, answer, &outcome, &wanted, &witnessed());
        assert_eq!(judgement.verdict(), verdict, "{kind} {old_session} {answer:?}");
    }
}

#[test]
fn a_rejects_layer_is_proved_by_the_sandbox_only() {
    let disabled = || Answer::refused(400, "KMS.DisabledException", "is disabled.");
    let wanted =
        |layer, code: &str| Expected { codes: vec![code.to_owned()], ..expected(&[layer], None) };
    let state = wanted(Layer::KeyState, "KMS.DisabledException");
    let explained = ruled(disabled(), "s3:PutObject", OBJECT, Layer::KeyState, None);
    let on_another = ruled(disabled(), "s3:PutObject", BUCKET, Layer::KeyState, None);
    let for_another = ruled(disabled(), "s3:GetObject", OBJECT, Layer::KeyState, None);
    let wrong = (Verdict::Fail, Some(Reason::WrongReason));
    let unproved = (Verdict::Inconclusive, Some(Reason::Unproved));
    for (name, answer, expected, verdict) in [
        ("the right one", &explained, &state, (Verdict::Pass, None)),
        ("another layer", &explained, &wanted(Layer::KeyPolicy, "KMS.DisabledException"), wrong),
        ("another resource", &on_another, &state, wrong),
        ("another action", &for_another, &state, wrong),
        (
            "another code",
            &explained,
            &wanted(Layer::KeyState, "KMS.KMSInvalidStateException"),
            unproved,
        ),
        ("no rulings", &disabled(), &state, unproved),
        (
            "a statement of no policy",
            &explained,
            &Expected { sid: Some("DenyNotKms".to_owned()), ..state.clone() },
            wrong,
        ),
    ] {
        assert_eq!(
            judge(Kind::Reject, role(OWNER), answer, expected, &witnessed()),
            verdict,
            "{name}"
        );
    }
    let silent = judge(Kind::Reject, role(OWNER), &explained, &state, &silent());
    assert_eq!(silent, (Verdict::Inconclusive, Some(Reason::NoWitness)));
    // It is still no authorization refusal, so it never makes a deny pass.
    let deny = judge(
        Kind::Deny,
        role(OWNER),
        &explained,
        &expected(&[Layer::KeyState], None),
        &witnessed(),
    );
    assert_eq!(deny, (Verdict::Inconclusive, Some(Reason::NotAuthorization)));
}

#[test]
fn a_permitted_act_that_fails_is_a_fail_and_one_without_an_answer_is_undecided() {
    let judge = |answer: &Answer| {
        let outcome = classify(Service::S3, answer);
        judge_allow(answer, &outcome, &[]).verdict()
    };
    assert_eq!(judge(&denied()), Verdict::Fail);
    assert_eq!(judge(&Answer::refused(404, "NoSuchKey", "")), Verdict::Fail);
    assert_eq!(judge(&Answer::refused(400, "InvalidArgument", "")), Verdict::Fail);
    for (status, code) in [
        (503, "SlowDown"),
        (500, "InternalError"),
        (403, "InvalidAccessKeyId"),
        (501, "NotImplemented"),
        (301, "PermanentRedirect"),
    ] {
        assert_eq!(judge(&Answer::refused(status, code, "")), Verdict::Inconclusive, "{code}");
    }
    let unreachable = Answer::Unreachable { message: String::new() };
    assert_eq!(judge(&unreachable), Verdict::Inconclusive);
    let wrong = judge_allow(
        &Answer::success(200, None, BTreeMap::new()),
        &Outcome::Allowed,
        &["`kms_key` is nothing".to_owned()],
    );
    assert_eq!(wrong.verdict(), Verdict::Fail);
}

#[test]
fn a_policys_refusal_is_not_the_answer_that_a_reject_names() {
    let bare = Expected { codes: vec!["AccessDenied".to_owned()], ..expected(&[], None) };
    let wanted = Expected { says: Some("request has expired".to_owned()), ..bare.clone() };
    let expired = Answer::refused(403, "AccessDenied", "Request has expired");
    assert_eq!(
        judge(Kind::Reject, role(OWNER), &expired, &wanted, &witnessed()),
        (Verdict::Pass, None)
    );
    // The code alone, which stands for more than that.
    assert_eq!(
        judge(Kind::Reject, role(OWNER), &expired, &bare, &witnessed()),
        (Verdict::Inconclusive, Some(Reason::Unproved))
    );
    let unsigned = "There were headers present in the request which were not signed";
    for answer in [
        denied(),
        Answer::refused(403, "AccessDenied", "Access Denied"),
        Answer::refused(403, "AccessDenied", unsigned),
    ] {
        let verdict = judge(Kind::Reject, role(OWNER), &answer, &wanted, &witnessed());
        assert_eq!(verdict, (Verdict::Inconclusive, Some(Reason::Unproved)));
    }
    let layered = Expected { layers: vec![Layer::Resource, Layer::BlockPublicAccess], ..bare };
    assert_eq!(
        judge(Kind::Reject, role(OWNER), &denied(), &layered, &witnessed()),
        (Verdict::Pass, None)
    );
}

fn any_answer() -> impl Strategy<Value = Answer> {
    let codes = prop_oneof![
        Just("AccessDenied".to_owned()),
        Just("AccessDeniedException".to_owned()),
        Just("NoSuchKey".to_owned()),
        Just("ExpiredToken".to_owned()),
        Just("SlowDown".to_owned()),
        Just("InvalidArgument".to_owned()),
        Just(String::new()),
        ".{0,20}",
    ];
    let messages = prop_oneof![
        Just("Access Denied".to_owned()),
        Just(words("s3:PutObject", OBJECT, "with an explicit deny in a resource-based policy")),
        Just(words("s3:PutObject", OBJECT, "")),
        Just(words(
            "s3:GetObject",
            OBJECT,
            "because no identity-based policy allows the s3:GetObject action"
        )),
        Just("Request has expired".to_owned()),
        Just("<html>denied</html>".to_owned()),
        ".{0,60}",
    ];
    let statuses = prop_oneof![Just(403_u16), Just(400), Just(200), 100..600_u16];
    prop_oneof![
        8 => (statuses, codes, messages).prop_map(|(status, code, message)| Answer::refused(status, &code, &message)),
        1 => ".{0,20}".prop_map(|message| Answer::Unreachable { message }),
        1 => (100..600_u16, ".{0,20}").prop_map(|(status, message)| Answer::Malformed { status, message }),
        1 => Just(Answer::success(200, None, BTreeMap::new())),
    ]
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        6 => Just(Outcome::Allowed),
        1 => Just(Outcome::Denied(Denial::default())),
        1 => Just(Outcome::Throttled),
        1 => Just(Outcome::Absent),
        1 => Just(Outcome::BadCredentials),
        1 => Just(Outcome::Unclear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever comes back, a deny passes only with all four witness_results and S3's own 403
    /// AccessDenied.
    #[test]
    fn no_deny_passes_without_both_witnesses_and_an_authorization_refusal(
        answer in any_answer(),
        outcomes in proptest::array::uniform4(any_outcome()),
        layer in proptest::option::of(Just(Layer::Resource)),
        anonymous in any::<bool>(),
    ) {
        let principal = if anonymous { Principal::Anonymous } else { role(OWNER) };
        let wanted = expected(layer.as_slice(), None);
        let (verdict, _) = judge(Kind::Deny, principal, &answer, &wanted, &witness_results(outcomes.clone()));
        if verdict == Verdict::Pass {
            prop_assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Allowed));
            let Answer::Refused(refused) = &answer else { return Err(TestCaseError::fail("passed without a refusal")) };
            prop_assert_eq!(refused.status, 403);
            prop_assert_eq!(refused.code.as_deref(), Some("AccessDenied"));
        }
    }
}

/// A target that does not tell its statement, with what the engine finds deciding over its
/// policies.
fn found(message: &str, layer: Layer, sid: &str) -> Answer {
    let answer = Answer::refused(403, "AccessDenied", message);
    let ruled = ruled(answer, "s3:PutObject", OBJECT, layer, Some(sid));
    match ruled {
        Answer::Refused(refused) => {
            Answer::Refused(Refused { found: refused.rulings, rulings: None, ..refused })
        }
        other => other,
    }
}

#[test]
fn what_the_engine_finds_narrows_what_the_message_says_and_adds_nothing() {
    let says = |clause: &str| {
        format!(
            "User: arn:aws:sts::{OWNER}:assumed-role/app/s is not authorized to perform: s3:PutObject on resource: \"{OBJECT}\" with an \
             explicit deny in {clause}"
        )
    };
    let statement = expected(&[Layer::Resource], Some("DenyNotKms"));
    let judged = |answer: &Answer, expected: &Expected| {
        judge(Kind::Deny, role(OWNER), answer, expected, &witnessed())
    };
    let unproved = (Verdict::Inconclusive, Some(Reason::Unproved));
    let by_bucket = says("a resource-based policy");
    // The message may mean Block Public Access, and names no statement: the engine settles both.
    let answer = found(&by_bucket, Layer::Resource, "DenyNotKms");
    assert_eq!(judged(&answer, &statement), (Verdict::Pass, None));
    assert_eq!(judged(&answer, &expected(&[Layer::Resource], None)), (Verdict::Pass, None));
    assert_eq!(judged(&Answer::refused(403, "AccessDenied", &by_bucket), &statement), unproved);
    // Another statement, another layer than the target says, and a target that says nothing.
    assert_eq!(judged(&found(&by_bucket, Layer::Resource, "Another"), &statement), unproved);
    assert_eq!(
        judged(
            &found(&by_bucket, Layer::BlockPublicAccess, "DenyNotKms"),
            &expected(&[Layer::Resource], None)
        ),
        unproved
    );
    let by_identity = says("an identity-based policy");
    assert_eq!(judged(&found(&by_identity, Layer::Resource, "DenyNotKms"), &statement), unproved);
    assert_eq!(
        judged(&found("Access Denied", Layer::Resource, "DenyNotKms"), &statement),
        unproved
    );
}
