//! Records for the tests of the reporters.

use gainsay_iam::Layer;
use proptest::{collection::vec, option, prelude::*};

use crate::{
    files::ProvedBy,
    outcome::OutcomeKind,
    record::{
        ArchitectureInfo, ControlInfo, Event, ExpectedRecord, GapInfo, GapRecord, GapState,
        ObservedRecord, PartInfo, ResultKind, ResultRecord, RunInfo, RunRecord, StatementRecord,
        Summary, TryRecord, WaiverRecord, WitnessRecord,
    },
    verdict::{Reason, Verdict},
};

/// Text that forges an element, a line, a colour or an order, wherever it is not made inert.
pub(super) const HOSTILE: &str = "]]></system-out></testcase><testcase name=\"x\"/>\u{0}\u{1b}[2K\u{1b}]0;t\u{7}\u{fffe}\u{ffff}\u{9b}A\u{202e}\u{2028}\
                                  &#0;&x;<!--\r\ntest forged/x ... ok\nresult: ok. 9 passed\n";

const FILE: &str = "scenarios/secure-bucket/encryption.yaml";
const POLICY: &str = "scenarios/secure-bucket/policies/bucket.json";

/// One result of each verdict.
pub(super) fn record() -> RunRecord {
    of(run(), vec![passed(), allowed(), got_through(), undecided(), broken(), skipped(), waived()])
}

/// A record of these results, and of the controls that they are of.
pub(super) fn of(mut run: RunInfo, results: Vec<ResultRecord>) -> RunRecord {
    for architecture in &mut run.architectures {
        architecture.controls.retain(|control| {
            let own = results.iter().any(|result| result.controls.contains(&control.id));
            own || control.not_testable.is_some()
        });
    }
    let summary = Summary::of(&run, &results);
    RunRecord { run, summary, results }
}

/// The events of a run that ended with this record.
pub(super) fn events(record: &RunRecord) -> Vec<Event> {
    let mut events = vec![Event::RunStarted {
        run: Box::new(record.run.clone()),
        attempts: record.results.iter().filter(|result| result.kind != ResultKind::Check).count(),
        checks: record.results.iter().filter(|result| result.kind == ResultKind::Check).count(),
    }];
    events.push(Event::RowStarted { row: "secure-bucket/encryption/app".to_owned() });
    events.extend(
        record.results.iter().map(|result| Event::Result { result: result.clone().into() }),
    );
    events.push(Event::RunFinished { record: record.clone().into() });
    events.push(Event::ReportWritten { path: format!("reports/{}/junit.xml", record.run.id) });
    events
}

pub(super) fn run() -> RunInfo {
    let control = |id: &str, title: &str| ControlInfo {
        id: id.to_owned(),
        title: title.to_owned(),
        proved_by: ProvedBy::refusal(),
        planned: 1,
        chosen: 1,
        sampled: false,
        not_testable: None,
    };
    RunInfo {
        id: "0198c0de".to_owned(),
        gainsay: "0.1.0".to_owned(),
        target: "sandbox".to_owned(),
        started: "2026-03-01T12:00:00Z".to_owned(),
        duration_ms: 51.5,
        scenarios: "scenarios".to_owned(),
        calls: 412,
        interrupted: false,
        architectures: vec![ArchitectureInfo {
            name: "secure-bucket".to_owned(),
            title: "A bucket that takes encrypted objects only.".to_owned(),
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            controls: vec![
                control("ENC-01", "Objects are encrypted with the team's key"),
                control("ENC-02", "No other encryption is accepted"),
                control("NET-01", "Only TLS"),
            ],
        }],
        part: None,
        gaps: Vec::new(),
        sample: None,
        left_behind: Vec::new(),
        waivers: Vec::new(),
        not_deployed: Vec::new(),
    }
}

/// A deny that was refused by the right statement.
pub(super) fn passed() -> ResultRecord {
    let mut result = base("encryption", "app", "s3:PutObject", "without an encryption header", 21);
    result.outcome = Some(OutcomeKind::Denied);
    result.expected = deny("DenyMissingEncryptionHeader");
    result.observed = Some(refused("DenyMissingEncryptionHeader", 12));
    result.witnesses =
        vec![witness("target", OutcomeKind::Allowed), witness("actor", OutcomeKind::Allowed)];
    result
}

fn allowed() -> ResultRecord {
    let mut result = base("encryption", "app", "s3:PutObject", "with the team's key", 18);
    result.kind = ResultKind::Allow;
    result.outcome = Some(OutcomeKind::Allowed);
    result.expected = ExpectedRecord { effect: "allow".to_owned(), ..ExpectedRecord::default() };
    result.controls = vec!["ENC-01".to_owned()];
    result
}

pub(super) fn got_through() -> ResultRecord {
    let mut result = base("encryption", "app", "s3:PutObject", "with S3-managed keys", 31);
    result.verdict = Verdict::Fail;
    result.reason = Some(Reason::GotThrough);
    result.detail = "a forbidden act succeeded".to_owned();
    result.outcome = Some(OutcomeKind::Allowed);
    result.expected = deny("DenyNotKms");
    let fields = [("encryption".to_owned(), vec!["AES256".to_owned()])].into();
    result.observed = Some(ObservedRecord { fields, ..ObservedRecord::default() });
    result
}

pub(super) fn undecided() -> ResultRecord {
    let mut result = base("encryption", "app", "s3:CopyObject", "with another key", 40);
    result.verdict = Verdict::Inconclusive;
    result.reason = Some(Reason::NoWitness);
    result.detail = "the witness `with the team's key` (actor) did not succeed".to_owned();
    result.outcome = Some(OutcomeKind::Denied);
    result.expected =
        ExpectedRecord { sid: None, layer: vec![Layer::Resource, Layer::KeyPolicy], ..deny("") };
    result.observed = Some(refused("DenyWrongKey", 30));
    result.witnesses =
        vec![witness("target", OutcomeKind::Allowed), witness("actor", OutcomeKind::Denied)];
    result.tries = three_tries();
    result
}

/// A deny that was refused at the third try.
pub(super) fn retried() -> ResultRecord {
    let mut result = passed();
    result.tries = three_tries();
    result
}

fn three_tries() -> Vec<TryRecord> {
    vec![
        tried(OutcomeKind::Throttled, 503, "SlowDown"),
        tried(OutcomeKind::Throttled, 503, "SlowDown"),
        tried(OutcomeKind::Denied, 403, "AccessDenied"),
    ]
}

fn broken() -> ResultRecord {
    let mut result = base("transport", "-", "s3:GetObject", "over plain http", 9);
    result.verdict = Verdict::Error;
    result.reason = Some(Reason::NoFixture);
    result.detail = "the fixture `source` could not be made".to_owned();
    result.expected = deny("DenyInsecureTransport");
    result.controls = vec!["NET-01".to_owned()];
    result
}

pub(super) fn skipped() -> ResultRecord {
    let mut result = base("transport", "-", "s3:GetObject", "by a user of another account", 14);
    result.verdict = Verdict::Skipped;
    result.detail = "there is no other account".to_owned();
    result.controls = vec!["NET-01".to_owned()];
    result
}

fn waived() -> ResultRecord {
    let mut result = base("transport", "-", "s3:ListObjectsV2", "over plain http", 19);
    result.verdict = Verdict::Waived;
    result.waiver = Some(WaiverRecord {
        owner: "storage team".to_owned(),
        reason: "the importer speaks plain HTTP until release 4".to_owned(),
        ticket: "SEC-118".to_owned(),
        expires: "2026-06-30".to_owned(),
    });
    result.reason = Some(Reason::WrongReason);
    result.detail = "refused, but not by the statement `DenyInsecureTransport`".to_owned();
    result.outcome = Some(OutcomeKind::Denied);
    result.expected = deny("DenyInsecureTransport");
    result.observed = Some(refused("DenyOthers", 44));
    result.assumed = Some("the transport is looked at first".to_owned());
    result.controls = vec!["NET-01".to_owned()];
    result
}

/// A check that found something else than its control says.
pub(super) fn does_not_hold() -> ResultRecord {
    let mut result = base("checks", "evidence", "s3:GetBucketPolicy", "ENC-02", 6);
    result.kind = ResultKind::Check;
    result.title = "An upload that asks for anything but aws:kms is refused.".to_owned();
    result.controls = vec!["ENC-02".to_owned()];
    result.principal = "auditor".to_owned();
    result.verdict = Verdict::Fail;
    result.reason = Some(Reason::DoesNotHold);
    result.detail = "a request of the forbidden kind is not denied".to_owned();
    result.outcome = Some(OutcomeKind::Allowed);
    result.expected = ExpectedRecord { effect: "check".to_owned(), ..ExpectedRecord::default() };
    result.observed = Some(ObservedRecord {
        status: Some(200),
        document: Some(r#"{"Policy":"{}"}"#.to_owned()),
        ..ObservedRecord::default()
    });
    result.tries = vec![TryRecord { outcome: OutcomeKind::Allowed, status: Some(200), code: None }];
    result.file = "scenarios/secure-bucket/baseline.yaml".to_owned();
    result.command = "aws s3api get-bucket-policy --bucket b".to_owned();
    result
}

/// A result that a stop prevented.
pub(super) fn cancelled() -> ResultRecord {
    let mut result = broken();
    result.reason = Some(Reason::Cancelled);
    result.detail = "the run was stopped".to_owned();
    result
}

fn base(scenario: &str, row: &str, operation: &str, attempt: &str, line: usize) -> ResultRecord {
    ResultRecord {
        id: format!("secure-bucket/{scenario}/{row}/{operation}/{}", attempt.replace(' ', "-")),
        architecture: "secure-bucket".to_owned(),
        scenario: scenario.to_owned(),
        title: "Every write path uses the team's own key".to_owned(),
        row: row.to_owned(),
        operation: operation.to_owned(),
        attempt: attempt.to_owned(),
        kind: ResultKind::Deny,
        controls: vec!["ENC-01".to_owned(), "ENC-02".to_owned()],
        principal: "app".to_owned(),
        principal_arn: None,
        verdict: Verdict::Pass,
        reason: None,
        detail: String::new(),
        waiver: None,
        gap: None,
        offline: None,
        outcome: None,
        expected: deny("DenyInsecureTransport"),
        observed: None,
        witnesses: Vec::new(),
        assumed: None,
        tries: vec![tried(OutcomeKind::Denied, 403, "AccessDenied")],
        started: "2026-03-01T12:00:00.25Z".to_owned(),
        duration_ms: 1.5,
        file: FILE.replace("encryption", scenario),
        line,
        command: "aws s3api put-object --bucket b --key k".to_owned(),
    }
}

pub(super) fn tried(outcome: OutcomeKind, status: u16, code: &str) -> TryRecord {
    TryRecord { outcome, status: Some(status), code: Some(code.to_owned()) }
}

fn deny(sid: &str) -> ExpectedRecord {
    ExpectedRecord {
        effect: "deny".to_owned(),
        layer: vec![Layer::Resource],
        sid: Some(sid.to_owned()),
        ..ExpectedRecord::default()
    }
}

fn refused(sid: &str, line: usize) -> ObservedRecord {
    ObservedRecord {
        status: Some(403),
        code: Some("AccessDenied".to_owned()),
        message: Some(
            "User is not authorized, with an explicit deny in a resource-based policy".to_owned(),
        ),
        request_id: Some("4442587FB7D0A2F9".to_owned()),
        layer: vec![Layer::Resource],
        statements: vec![StatementRecord {
            layer: Layer::Resource,
            file: POLICY.to_owned(),
            line,
            sid: Some(sid.to_owned()),
        }],
        ..ObservedRecord::default()
    }
}

fn witness(role: &str, after: OutcomeKind) -> WitnessRecord {
    WitnessRecord {
        role: role.to_owned(),
        attempt: "base request".to_owned(),
        differences: vec!["encryption".to_owned(), "kms_key".to_owned()],
        before: OutcomeKind::Allowed,
        after: Some(after),
    }
}

/// A record with one result of each verdict, and `texts` in turn in every text that comes from
/// files or servers.
pub(super) fn filled(texts: &[String], verdicts: &[Verdict]) -> RunRecord {
    let mut texts = texts.iter().cycle().cloned();
    let mut next = move || texts.next().unwrap_or_default();
    let mut run = run();
    for text in [&mut run.gainsay, &mut run.target, &mut run.started, &mut run.scenarios] {
        *text = next();
    }
    run.left_behind = vec![next()];
    run.not_deployed = vec![next()];
    run.part = Some(PartInfo { chosen: 1, of: 2, by: vec![next()], left_out: vec![next()] });
    run.gaps = vec![GapInfo {
        architecture: next(),
        controls: vec![next()],
        results: vec![next()],
        state: GapState::InForce,
        closed: vec![next()],
        gap: GapRecord { owner: next(), reason: next(), expires: next() },
    }];
    for architecture in &mut run.architectures {
        architecture.name = next();
        for control in &mut architecture.controls {
            *control = ControlInfo {
                id: next(),
                title: next(),
                // One has no proof: it has a test case of its own.
                not_testable: Some(next()).filter(|_| control.id != "NET-01"),
                ..control.clone()
            };
        }
    }
    let results = verdicts.iter().map(|verdict| filled_result(*verdict, &mut next)).collect();
    of(run, results)
}

fn filled_result(verdict: Verdict, next: &mut impl FnMut() -> String) -> ResultRecord {
    let mut statement =
        StatementRecord { layer: Layer::Scp, file: next(), line: 1, sid: Some(next()) };
    let mut twin = witness("target", OutcomeKind::Denied);
    for text in [&mut statement.file, &mut twin.role, &mut twin.attempt] {
        *text = next();
    }
    twin.differences = vec![next()];
    let mut result = undecided();
    result.verdict = verdict;
    for text in [
        &mut result.id,
        &mut result.architecture,
        &mut result.scenario,
        &mut result.title,
        &mut result.row,
        &mut result.operation,
        &mut result.attempt,
        &mut result.principal,
        &mut result.detail,
        &mut result.started,
        &mut result.file,
        &mut result.command,
        &mut result.expected.effect,
    ] {
        *text = next();
    }
    for this in &mut result.tries {
        this.code = Some(next());
    }
    result.controls = vec![next(), next()];
    result.principal_arn = Some(next());
    result.assumed = Some(next());
    result.expected.unnamed = Some(next());
    result.expected.sid = Some(next());
    result.expected.code = vec![next()];
    result.expected.says = Some(next());
    result.expected.action = Some(next());
    result.expected.resource = Some(next());
    result.expected.fields = [(next(), vec![next(), next()])].into();
    result.witnesses = vec![twin];
    result.observed = Some(ObservedRecord {
        status: Some(403),
        code: Some(next()),
        message: Some(next()),
        request_id: Some(next()),
        action: Some(next()),
        resource: Some(next()),
        layer: vec![Layer::Resource],
        statements: vec![statement],
        document: Some(next()),
        fields: [(next(), vec![next()])].into(),
    });
    result
}

/// Records with arbitrary texts, few of them, so that names collide as well.
pub(super) fn arbitrary() -> impl Strategy<Value = RunRecord> {
    let nasty = prop::sample::select(vec![
        '\0', '\u{1b}', '\u{9b}', '\n', '\r', '\t', '<', '>', '&', ']', '"', '\'', '\u{fffe}',
        '\u{ffff}', '/', ' ',
    ]);
    let character = prop_oneof![any::<char>(), nasty, prop::char::range('a', 'c')];
    let text = prop_oneof![
        8 => vec(character, 0..12).prop_map(String::from_iter),
        1 => Just(HOSTILE.to_owned()),
        1 => "[a-c&]{480,540}",
    ];
    let verdict = prop::sample::select(vec![
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Inconclusive,
        Verdict::Error,
        Verdict::Skipped,
        Verdict::Waived,
    ]);
    let interrupted = option::of(Just(()));
    (vec(text, 1..60), vec(verdict, 0..12), interrupted).prop_map(
        |(texts, verdicts, interrupted)| {
            let mut record = filled(&texts, &verdicts);
            record.run.interrupted = interrupted.is_some();
            record
        },
    )
}
