//! Any bytes under any status, through the real clients, their parsers and the raw one: read,
//! classified and judged. Whatever is put together from the pieces of AWS's grammar, a pass needs
//! the four testimonies and the one refusal that was meant.

use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use gainsay::{
    attempt::{self, Call, Principal, RunContext, fill},
    cloud::{Clients, Target, WrapConnector},
    outcome::{Outcome, classify},
    scenario::Kind,
    suite::Architecture,
    verdict::{
        Expected, ForbiddenAttempt, Verdict, WitnessAnswer, WitnessResult, WitnessResults,
        judge_refusal,
    },
};
use gainsay_iam::Layer;
use gainsay_sandbox::Sandbox;
use libtest_mimic::Failed;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{
    place::{self, KEY, NOBODY, READ, SEALED, Stem, URL},
    scenario,
};

/// What comes back next.
#[derive(Clone, Debug)]
struct Scripted(Arc<Mutex<(u16, Vec<u8>)>>);

impl HttpConnector for Scripted {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let (status, body) = self.0.lock().expect("no test thread panics here").clone();
        let status = status.try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}

/// A forbidden call, and the answer that refuses it.
struct Forbidden {
    stem: Stem,
    call: Call,
    clients: Clients,
    next: Scripted,
    expected: Expected,
}

impl Forbidden {
    fn new(architecture: &Architecture, stem: Stem) -> Self {
        let next = Scripted(Arc::default());
        let scripted = next.clone();
        let between = WrapConnector::new(move |_| SharedHttpConnector::new(scripted.clone()));
        let target = Target::sandbox(
            &Sandbox::new(&architecture.environment.deployed),
            &architecture.environment.deployed.region,
            Some(&between),
        );
        let row = scenario(architecture, stem).rows.first().expect("a row");
        let attempt =
            row.attempts.iter().find(|attempt| attempt.kind == Kind::Deny).expect("a deny");
        let facts = RunContext {
            environment: &architecture.environment,
            run: "run",
            fixtures: &row.fixtures,
            outputs: &[],
        };
        let call = fill(&attempt.request, &facts).expect("a call");
        let credentials = matches!(call.principal, Principal::Role(_))
            .then(|| Credentials::new("ASIAX", "x", Some("x".to_owned()), None, "a test"));
        let expected = Expected {
            layers: match stem {
                SEALED => vec![Layer::Resource, Layer::BlockPublicAccess],
                NOBODY => Vec::new(),
                _ => vec![Layer::Identity],
            },
            action: call.action.to_owned(),
            resource: call.resource.clone(),
            ..Expected::default()
        };
        Self { stem, clients: target.clients(credentials.as_ref(), false), call, next, expected }
    }

    /// Who asks, as its sessions are called here.
    fn session(&self) -> Option<String> {
        let role =
            matches!(self.call.principal, Principal::Role(_)).then(|| self.call.principal.name());
        role.map(|role| format!("arn:aws:sts::111122223333:assumed-role/{role}/s"))
    }

    fn who(&self) -> String {
        format!(
            "User: arn:aws:sts::111122223333:assumed-role/{}/s is not authorized to perform: ",
            self.call.principal.name()
        )
    }

    /// AWS's words for it.
    fn words(&self) -> String {
        let Call { action, resource, .. } = &self.call;
        let clause = match self.stem {
            SEALED => "with an explicit deny in a resource-based policy".to_owned(),
            _ => format!("because no identity-based policy allows the {action} action"),
        };
        format!("{}{action} on resource: \"{resource}\" {clause}", self.who())
    }

    /// Whether a message is AWS's refusal of this very call, read by other means than the
    /// program's: from its first letter to its last it names who, what, on what and one reason of
    /// the right kind, and tells no more than the policy.
    fn is_meant(&self, message: &str) -> bool {
        if self.stem == NOBODY {
            let bare = message.trim_end_matches('.').to_lowercase() == "access denied";
            let of_nobody = "User: anonymous is not authorized to perform: s3:GetObject ";
            return bare || message.starts_with(of_nobody);
        }
        let Call { action, resource, .. } = &self.call;
        let right: &[String] = match self.stem {
            SEALED => &[
                "with an explicit deny in a resource-based policy".to_owned(),
                format!("because no resource-based policy allows the {action} action"),
            ],
            _ => &[
                "with an explicit deny in an identity-based policy".to_owned(),
                format!("because no identity-based policy allows the {action} action"),
            ],
        };
        let who = self.who();
        let named = [
            format!("{who}{action} on resource: \"{resource}\" "),
            format!("{who}{action} on resource: {resource} "),
        ];
        let reason = named.iter().find_map(|named| message.strip_prefix(named.as_str()));
        reason.is_some_and(|reason| {
            let mut ends =
                right.iter().filter_map(|right| reason.trim_start().strip_prefix(right.as_str()));
            ends.any(|end| ENDS.contains(&end))
        })
    }
}

/// How AWS may go on behind a reason.
const ENDS: &[&str] = &[
    "",
    ".",
    ": arn:aws:iam::111122223333:policy/x",
    ", with policy ARN: arn:aws:iam::111122223333:policy/x",
];

/// A body, and the message in it where it is an error of the service, whole.
#[derive(Clone, Debug)]
struct Body {
    bytes: Vec<u8>,
    code: String,
    message: String,
    proper: bool,
}

const CODES: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "SlowDown",
    "NoSuchKey",
    "Forbidden",
    "",
];

fn pieces(forbidden: &Forbidden) -> Vec<String> {
    let Call { action, resource, .. } = &forbidden.call;
    let mut pieces: Vec<String> = [
        "Access Denied",
        "User: arn:aws:sts::111122223333:assumed-role/other/s is not authorized to perform: ",
        "User: anonymous is not authorized to perform: ",
        "is not authorized to perform: ",
        "s3:PutObjectAcl on resource: \"arn:aws:s3:::gs-data/run/report.csv\" ",
        "kms:Decrypt on resource: arn:aws:kms:eu-west-1:111122223333:key/0e71de9c-e000-4000-8000-000000000009 ",
        "on resource: ",
        "\"",
        " ",
        "with an explicit deny in a resource-based policy",
        "with an explicit deny in an identity-based policy",
        "with an explicit deny in a service control policy",
        "because no identity-based policy allows the s3:GetObject action",
        "because no resource-based policy allows the kms:GenerateDataKey action",
        "on this resource because the resource does not exist in this Region, no resource-based policies allow access",
        "Request has expired",
        "by the BlockPublicAcls setting",
        "<html>denied</html>",
    ]
    .map(str::to_owned)
    .to_vec();
    let who = forbidden.who();
    pieces.extend([
        who.clone(),
        format!("{who}{action} on resource: \"{resource}\" "),
        format!("{who}{action} on resource: {resource} "),
        format!("{who}{action} on resource: \"{resource}x\" "),
        format!("{action} on resource: \"{resource}\" "),
        format!("{who}{action} "),
    ]);
    pieces
}

fn body(forbidden: &Forbidden) -> impl Strategy<Value = Body> + use<> {
    let kms = forbidden.stem == KEY;
    let piece = prop_oneof![12 => prop::sample::select(pieces(forbidden)), 1 => ".{0,12}"];
    let ends = ENDS.iter().map(|end| (*end).to_owned());
    let behind: Vec<String> = pieces(forbidden).into_iter().chain(ends).collect();
    let right = prop::sample::select(behind).prop_map({
        let right = forbidden.words();
        move |piece| format!("{right}{piece}")
    });
    let message = prop_oneof![2 => Just("Access Denied".to_owned()), 4 => right, 6 => vec(piece, 1..4).prop_map(|pieces| pieces.concat())];
    // Mostly as the service says it.
    let own_code = if kms { "AccessDeniedException" } else { "AccessDenied" };
    let code = prop_oneof![1 => Just(own_code), 1 => prop::sample::select(CODES)];
    let shape = prop_oneof![5 => Just(0_u8), 4 => 1..6_u8];
    (shape, code, message, any::<prop::sample::Index>()).prop_map(
        move |(shape, code, message, cut)| {
            let escaped = message.replace('&', "&amp;").replace('<', "&lt;");
            let xml = format!("<Error><Code>{code}</Code><Message>{escaped}</Message></Error>");
            let json = serde_json::json!({ "__type": code, "message": message }).to_string();
            let own = if kms { json.clone() } else { xml.clone() };
            let text = match shape {
                0 => own.clone(),
                1 => {
                    if kms {
                        xml
                    } else {
                        json
                    }
                }
                2 => format!("<html>{xml}</html>"),
                3 => message.clone(),
                4 => String::new(),
                _ => own.chars().take(cut.index(own.chars().count())).collect(),
            };
            Body { bytes: text.into_bytes(), code: code.to_owned(), message, proper: shape == 0 }
        },
    )
}

/// What the witnesses answered: nearly always that they succeeded.
fn outcomes() -> impl Strategy<Value = [Outcome; 4]> {
    let outcome = prop_oneof![
        60 => Just(Outcome::Allowed),
        1 => Just(Outcome::Denied(gainsay::outcome::Denial::default())),
        1 => Just(Outcome::Throttled),
        1 => Just(Outcome::Unclear),
    ];
    prop::array::uniform4(outcome)
}

fn testimonies(outcomes: [Outcome; 4]) -> WitnessResults {
    let [target_before, target_after, actor_before, actor_after] =
        outcomes.map(|outcome| WitnessAnswer { outcome, came_back: String::new() });
    let witness = |before, after| WitnessResult { label: "a witness".to_owned(), before, after };
    WitnessResults {
        target: witness(target_before, target_after),
        actor: witness(actor_before, actor_after),
    }
}

/// No bytes of any kind make a deny pass that was not refused as meant, between its witnesses.
pub fn no_bytes_pass() -> Result<(), Failed> {
    let architecture = place::place(&[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for stem in [SEALED, READ, URL, NOBODY, KEY] {
        let forbidden = Forbidden::new(&architecture, stem);
        let own_status = if stem == KEY { 400 } else { 403 };
        let status = prop_oneof![6 => Just(own_status), 1 => prop::sample::select(vec![200_u16, 301, 400, 401, 403, 404, 429, 500, 503]), 1 => 200..600_u16];
        let mut runner = TestRunner::new(Config {
            cases: 1_500,
            failure_persistence: None,
            ..Config::default()
        });
        let outcome =
            runner.run(&(status, body(&forbidden), outcomes()), |(status, body, outcomes)| {
                *forbidden.next.0.lock().expect("no test thread panics here") =
                    (status, body.bytes.clone());
                let answer = runtime.block_on(attempt::call(&forbidden.clients, &forbidden.call));
                let outcome = classify(forbidden.call.operation.service, &answer);
                let session = forbidden.session();
                let attempted = ForbiddenAttempt {
                    kind: Kind::Deny,
                    call: &forbidden.call,
                    session: session.as_deref(),
                    answer: &answer,
                    outcome: &outcome,
                    expected: std::slice::from_ref(&forbidden.expected),
                };
                let judged = judge_refusal(&attempted, &testimonies(outcomes.clone()));
                if judged.verdict() != Verdict::Pass {
                    return Ok(());
                }
                PASSED.with(|passed| passed.set(passed.get() + 1));
                prop_assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Allowed));
                prop_assert_eq!(status, own_status);
                prop_assert!(body.proper, "not an error of the service");
                prop_assert_eq!(
                    body.code,
                    if stem == KEY { "AccessDeniedException" } else { "AccessDenied" }
                );
                // The clients read XML without the space at its ends, so that nobody can see it.
                let message = if stem == KEY { &body.message } else { body.message.trim() };
                prop_assert!(forbidden.is_meant(message), "another refusal: {message}");
                Ok(())
            });
        outcome.map_err(|problem| format!("{stem}: {problem}"))?;
        let passed = PASSED.with(|passed| passed.replace(0));
        if passed < 5 {
            return Err(format!("{stem}: only {passed} passes, so little was tried").into());
        }
    }
    Ok(())
}

thread_local! {
    /// How many passes there were: a property that nothing meets holds of nothing.
    static PASSED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
