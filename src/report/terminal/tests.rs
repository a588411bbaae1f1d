#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use proptest::prelude::*;

use super::*;
use crate::{
    record::RunRecord,
    report::sample::{self, HOSTILE},
};

fn shown(record: &RunRecord, format: Format, colour: bool) -> String {
    shown_events(&sample::events(record), format, colour)
}

fn shown_events(events: &[Event], format: Format, colour: bool) -> String {
    let mut out = Vec::new();
    let mut terminal =
        Terminal::new(&mut out, Options { format, colour, progress: false, columns: None });
    for event in events {
        terminal.report(event).unwrap();
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn pretty() {
    insta::assert_snapshot!(shown(&sample::record(), Format::Pretty, false), @r"

    running 7 attempts of secure-bucket on the sandbox
    test secure-bucket/encryption/app/s3:PutObject/without-an-encryption-header ... ok (refused by DenyMissingEncryptionHeader)
    test secure-bucket/encryption/app/s3:PutObject/with-the-team's-key ... ok
    test secure-bucket/encryption/app/s3:PutObject/with-S3-managed-keys ... FAILED (got-through)
    test secure-bucket/encryption/app/s3:CopyObject/with-another-key ... inconclusive (no-witness)
    test secure-bucket/transport/-/s3:GetObject/over-plain-http ... ERROR (no-fixture)
    test secure-bucket/transport/-/s3:GetObject/by-a-user-of-another-account ... skipped (there is no other account)
    test secure-bucket/transport/-/s3:ListObjectsV2/over-plain-http ... waived (by storage team until 2026-06-30 (SEC-118): the importer speaks plain HTTP until release 4: wrong-reason: refused, but not by the statement `DenyInsecureTransport`)

    failures:

    ---- secure-bucket/encryption/app/s3:PutObject/with-S3-managed-keys FAILED ----
      controls: ENC-01, ENC-02
      expected: refused by resource policy, statement DenyNotKms
      came back: allowed, encryption = AES256
      fail: got-through: a forbidden act succeeded
      at: scenarios/secure-bucket/encryption.yaml:31
      try: aws s3api put-object --bucket b --key k

    ---- secure-bucket/encryption/app/s3:CopyObject/with-another-key inconclusive ----
      controls: ENC-01, ENC-02
      expected: refused by resource policy or key-policy
      came back: 403 AccessDenied User is not authorized, with an explicit deny in a resource-based policy
      decided by: resource scenarios/secure-bucket/policies/bucket.json:30 DenyWrongKey
      inconclusive: no-witness: the witness `with the team's key` (actor) did not succeed
      witness: target `base request`: before allowed, after allowed; differs in encryption, kms_key
      witness: actor `base request`: before allowed, after denied; differs in encryption, kms_key
      tries: 3: 503 SlowDown (throttled), 503 SlowDown (throttled), 403 AccessDenied (denied)
      at: scenarios/secure-bucket/encryption.yaml:40
      try: aws s3api put-object --bucket b --key k

    ---- secure-bucket/transport/-/s3:GetObject/over-plain-http ERROR ----
      controls: NET-01
      expected: refused by resource policy, statement DenyInsecureTransport
      came back: nothing, the attempt was not made
      error: no-fixture: the fixture `source` could not be made
      at: scenarios/secure-bucket/transport.yaml:9
      try: aws s3api put-object --bucket b --key k

    ---- secure-bucket/transport/-/s3:GetObject/by-a-user-of-another-account skipped ----
      controls: NET-01
      expected: refused by resource policy, statement DenyInsecureTransport
      came back: nothing, the attempt was not made
      skipped: there is no other account
      at: scenarios/secure-bucket/transport.yaml:14
      try: aws s3api put-object --bucket b --key k

    ---- secure-bucket/transport/-/s3:ListObjectsV2/over-plain-http waived ----
      controls: NET-01
      expected: refused by resource policy, statement DenyInsecureTransport
      came back: 403 AccessDenied User is not authorized, with an explicit deny in a resource-based policy
      decided by: resource scenarios/secure-bucket/policies/bucket.json:44 DenyOthers
      waived: by storage team until 2026-06-30 (SEC-118): the importer speaks plain HTTP until release 4: wrong-reason: refused, but not by the statement `DenyInsecureTransport`
      at: scenarios/secure-bucket/transport.yaml:19
      try: aws s3api put-object --bucket b --key k
      assumed: the transport is looked at first

    controls:
      fail          ENC-01  Objects are encrypted with the team's key: 4 attempts, 1 failed, 1 inconclusive
          secure-bucket/encryption/app/s3:PutObject/with-S3-managed-keys
          secure-bucket/encryption/app/s3:CopyObject/with-another-key
      fail          ENC-02  No other encryption is accepted: 3 attempts, 1 failed, 1 inconclusive
          secure-bucket/encryption/app/s3:PutObject/with-S3-managed-keys
          secure-bucket/encryption/app/s3:CopyObject/with-another-key
      error         NET-01  Only TLS: 3 attempts, 1 error, 1 skipped, 1 waived
          secure-bucket/transport/-/s3:GetObject/over-plain-http
          secure-bucket/transport/-/s3:GetObject/by-a-user-of-another-account
          secure-bucket/transport/-/s3:ListObjectsV2/over-plain-http

    controls: 2 fail; 1 error
    result: FAILED. 2 passed; 1 failed; 1 inconclusive; 1 error; 1 skipped; 1 waived; finished in 0.05s, 412 calls
    exit 1: a forbidden act succeeded, a permitted one failed, something was refused for the wrong reason, or what was read is not as it must be
    reports: reports/0198c0de/junit.xml
    ");
}

#[test]
fn a_pass_that_took_several_tries_says_so() {
    let shown = shown(&sample::of(sample::run(), vec![sample::retried()]), Format::Pretty, false);
    assert!(
        shown.contains("... ok (refused by DenyMissingEncryptionHeader, at try 3)\n"),
        "{shown}"
    );
}

#[test]
fn terse() {
    let terse = shown(&sample::record(), Format::Terse, false);
    let (head, tail) = terse.split_once("failures:").unwrap();
    assert_eq!(head, "\nrunning 7 attempts of secure-bucket on the sandbox\n..F?Esw\n\n");
    let pretty = shown(&sample::record(), Format::Pretty, false);
    assert_eq!(
        tail,
        pretty.split_once("failures:").unwrap().1,
        "what did not pass is told in full"
    );
}

#[test]
fn an_attempt_and_a_check_that_disagree() {
    let mut run = sample::run();
    for control in run.architectures.iter_mut().flat_map(|architecture| &mut architecture.controls)
    {
        control.not_testable = (control.id == "NET-01")
            .then(|| "every request of this network is encrypted".to_owned());
    }
    let record = sample::of(run, vec![sample::passed(), sample::does_not_hold()]);
    insta::assert_snapshot!(shown(&record, Format::Pretty, false), @r#"

    running 1 attempt and 1 check of secure-bucket on the sandbox
    test secure-bucket/encryption/app/s3:PutObject/without-an-encryption-header ... ok (refused by DenyMissingEncryptionHeader)
    test secure-bucket/checks/evidence/s3:GetBucketPolicy/ENC-02 ... FAILED (does-not-hold)

    failures:

    ---- secure-bucket/checks/evidence/s3:GetBucketPolicy/ENC-02 FAILED ----
      controls: ENC-02
      expected: An upload that asks for anything but aws:kms is refused.
      came back: 200 {"Policy":"{}"} (allowed)
      fail: does-not-hold: a request of the forbidden kind is not denied
      at: scenarios/secure-bucket/baseline.yaml:6
      try: aws s3api get-bucket-policy --bucket b

    controls:
      pass          ENC-01  Objects are encrypted with the team's key: 1 attempt
      fail          ENC-02  No other encryption is accepted: 1 attempt; 1 check, 1 failed
          the methods disagree: attempted pass, read fail
          secure-bucket/checks/evidence/s3:GetBucketPolicy/ENC-02
      not testable  NET-01  Only TLS: every request of this network is encrypted

    controls: 1 pass; 1 fail; 1 not testable
    result: FAILED. 1 passed; 1 failed; 0 inconclusive; 0 errors; 0 skipped; finished in 0.05s, 412 calls
    exit 1: a forbidden act succeeded, a permitted one failed, something was refused for the wrong reason, or what was read is not as it must be
    reports: reports/0198c0de/junit.xml
    "#);
}

#[test]
fn json() {
    let events = [
        Event::RunStarted { run: Box::new(sample::run()), attempts: 1, checks: 0 },
        Event::Result { result: sample::got_through().into() },
        Event::Stopping,
        Event::ReportWritten { path: "reports/0198c0de/junit.xml".to_owned() },
    ];
    insta::assert_snapshot!(shown_events(&events, Format::Json, true), @r#"
    {"event":"run-started","run":{"id":"0198c0de","gainsay":"0.1.0","target":"sandbox","started":"2026-03-01T12:00:00Z","duration_ms":51.5,"scenarios":"scenarios","calls":412,"interrupted":false,"architectures":[{"name":"secure-bucket","title":"A bucket that takes encrypted objects only.","account":"111122223333","region":"eu-central-1","controls":[{"id":"ENC-01","title":"Objects are encrypted with the team's key","proved_by":["refusal"],"planned":1,"chosen":1},{"id":"ENC-02","title":"No other encryption is accepted","proved_by":["refusal"],"planned":1,"chosen":1},{"id":"NET-01","title":"Only TLS","proved_by":["refusal"],"planned":1,"chosen":1}]}]},"attempts":1,"checks":0}
    {"event":"result","result":{"id":"secure-bucket/encryption/app/s3:PutObject/with-S3-managed-keys","architecture":"secure-bucket","scenario":"encryption","title":"Every write path uses the team's own key","row":"app","operation":"s3:PutObject","attempt":"with S3-managed keys","kind":"deny","controls":["ENC-01","ENC-02"],"principal":"app","verdict":"fail","reason":"got-through","detail":"a forbidden act succeeded","outcome":"allowed","expected":{"effect":"deny","layer":["resource"],"sid":"DenyNotKms"},"observed":{"fields":{"encryption":["AES256"]}},"tries":[{"outcome":"denied","status":403,"code":"AccessDenied"}],"started":"2026-03-01T12:00:00.25Z","duration_ms":1.5,"file":"scenarios/secure-bucket/encryption.yaml","line":31,"command":"aws s3api put-object --bucket b --key k"}}
    {"event":"stopping"}
    {"event":"report-written","path":"reports/0198c0de/junit.xml"}
    "#);
}

#[test]
fn a_run_without_a_failure() {
    let record = sample::of(sample::run(), vec![sample::passed()]);
    insta::assert_snapshot!(shown(&record, Format::Pretty, false), @r"

    running 1 attempt of secure-bucket on the sandbox
    test secure-bucket/encryption/app/s3:PutObject/without-an-encryption-header ... ok (refused by DenyMissingEncryptionHeader)

    controls:
      pass          ENC-01  Objects are encrypted with the team's key: 1 attempt
      pass          ENC-02  No other encryption is accepted: 1 attempt

    controls: 2 pass
    result: ok. 1 passed; 0 failed; 0 inconclusive; 0 errors; 0 skipped; finished in 0.05s, 412 calls
    reports: reports/0198c0de/junit.xml
    ");
    insta::assert_snapshot!(shown(&record, Format::Terse, false), @r"

    running 1 attempt of secure-bucket on the sandbox
    .

    controls: 2 pass
    result: ok. 1 passed; 0 failed; 0 inconclusive; 0 errors; 0 skipped; finished in 0.05s, 412 calls
    reports: reports/0198c0de/junit.xml
    ");
}

#[test]
fn a_stopped_run_counts_what_it_did_not_attempt() {
    let mut run = sample::run();
    run.interrupted = true;
    run.left_behind = vec!["s3://b/k".to_owned()];
    let record = sample::of(run, vec![sample::passed(), sample::cancelled(), sample::cancelled()]);
    let mut events = sample::events(&record);
    events.insert(3, Event::Stopping);
    insta::assert_snapshot!(shown_events(&events, Format::Terse, false), @r"

    running 3 attempts of secure-bucket on the sandbox
    .
    stopping: no new attempts are made
    EE

    not made: 2 attempts, because the run was stopped

    controls:
      error         NET-01  Only TLS: 2 attempts, 2 errors
          secure-bucket/transport/-/s3:GetObject/over-plain-http
          secure-bucket/transport/-/s3:GetObject/over-plain-http

    left behind, remove by hand:
      s3://b/k

    controls: 2 pass; 1 error
    result: STOPPED. 1 passed; 0 failed; 0 inconclusive; 2 errors; 0 skipped; finished in 0.05s, 412 calls
    exit 2: the run was stopped before its end
    reports: reports/0198c0de/junit.xml
    ");
}

#[test]
fn colour_only_where_wanted() {
    for format in [Format::Pretty, Format::Terse, Format::Json] {
        assert!(!shown(&sample::record(), format, false).contains('\u{1b}'));
    }
    let pretty = shown(&sample::record(), Format::Pretty, true);
    for word in [
        " ... \u{1b}[32mok\u{1b}[0m \u{1b}[90m(refused by DenyMissingEncryptionHeader)\u{1b}[0m\n",
        " ... \u{1b}[31mFAILED\u{1b}[0m",
        " ... \u{1b}[33minconclusive\u{1b}[0m",
        " ... \u{1b}[31mERROR\u{1b}[0m",
        "result: \u{1b}[31mFAILED\u{1b}[0m. 2 passed",
        "  \u{1b}[31mfail\u{1b}[0m          ENC-01",
    ] {
        assert!(pretty.contains(word), "{word:?} is not in\n{pretty}");
    }
    assert!(
        shown(&sample::record(), Format::Terse, true)
            .contains("\u{1b}[32m.\u{1b}[0m\u{1b}[32m.\u{1b}[0m\u{1b}[31mF\u{1b}[0m")
    );
}

#[test]
fn terse_breaks_its_lines() {
    let record = sample::of(sample::run(), vec![sample::passed(); 90]);
    let shown = shown(&record, Format::Terse, false);
    assert!(
        shown.contains(&format!(
            "\n{} 88/90\n..\n\ncontrols: 2 pass\nresult: ok. 90 passed;",
            ".".repeat(88)
        )),
        "{shown}"
    );
    let record = sample::of(sample::run(), vec![sample::passed(); 88]);
    let shown = self::shown(&record, Format::Terse, false);
    assert!(shown.contains(" 88/88\n\ncontrols: 2 pass\nresult: ok."), "{shown}");
}

#[test]
fn each_exit_code_has_its_words() {
    let mut record = sample::record();
    for (code, interrupted, words) in [
        (1, true, "result: FAILED. "),
        (2, false, "result: UNDECIDED. "),
        (2, true, "result: STOPPED. "),
        (4, false, "result: NOTHING RUN. "),
        (5, false, "result: UNFINISHED. "),
    ] {
        record.summary.exit_code = code;
        record.run.interrupted = interrupted;
        let shown = shown(&record, Format::Terse, false);
        assert!(shown.contains(words) && shown.contains(&format!("\nexit {code}: ")), "{shown}");
    }
    record.summary.exit_code = 0;
    let shown = shown(&record, Format::Terse, false);
    assert!(shown.contains("result: ok. ") && !shown.contains("exit 0"), "{shown}");
}

#[test]
fn the_progress_line_stays_out_of_the_output() {
    let mut out = Vec::new();
    let mut terminal = Terminal::new(
        &mut out,
        Options { format: Format::Pretty, colour: false, progress: true, columns: None },
    );
    // Hidden: the test's standard error may be a terminal.
    for event in sample::events(&sample::record()) {
        terminal.report(&event).unwrap();
        if let Some(bar) = &terminal.bar {
            bar.set_draw_target(ProgressDrawTarget::hidden());
            assert_eq!(bar.position(), terminal.seen as u64);
            assert!(terminal.seen == 0 || bar.message() == "secure-bucket/encryption/app");
        }
    }
    assert!(terminal.bar.is_none());
    assert_eq!(String::from_utf8(out).unwrap(), shown(&sample::record(), Format::Pretty, false));
}

#[test]
fn characters_are_their_own_progress() {
    let mut terminal = Terminal::new(
        Vec::new(),
        Options { format: Format::Terse, colour: false, progress: true, columns: None },
    );
    for event in sample::events(&sample::record()) {
        terminal.report(&event).unwrap();
        assert!(terminal.bar.is_none());
    }
    assert_eq!(
        String::from_utf8(terminal.out).unwrap(),
        shown(&sample::record(), Format::Terse, false)
    );
}

#[test]
fn a_line_of_characters_fits_the_terminal_with_its_count() {
    let text = |columns| {
        let mut terminal = Terminal::new(
            Vec::new(),
            Options { format: Format::Terse, columns, ..Options::default() },
        );
        let (record, mut events) = (sample::record(), Vec::new());
        for _ in 0..40 {
            events.extend(
                sample::events(&record)
                    .into_iter()
                    .filter(|event| matches!(event, Event::Result { .. })),
            );
        }
        terminal.results = events.len();
        for event in &events {
            terminal.report(event).unwrap();
        }
        String::from_utf8(terminal.out).unwrap()
    };
    let longest = |columns| text(columns).lines().map(str::len).max().unwrap();
    assert_eq!(longest(Some(50)), 50);
    assert!(longest(None) > TERSE_WIDTH);
    assert_eq!(text(None), text(Some(500)));
    assert!(
        text(Some(0)).lines().all(|line| line.starts_with(|first: char| !first.is_ascii_digit()))
    );
}

/// What no text from outside may do: begin a line of its own, or reach the terminal as a control.
fn assert_inert(shown: &str, record: &RunRecord) -> Result<(), TestCaseError> {
    prop_assert!(!shown.chars().any(|c| c != '\n' && gainsay_model::text::is_deceptive(c)));
    let lines = |start: &str| shown.lines().filter(|line| line.starts_with(start)).count();
    prop_assert_eq!(lines("test "), record.results.len());
    prop_assert_eq!(
        lines("---- "),
        record.results.iter().filter(|result| result.verdict != Verdict::Pass).count()
    );
    prop_assert_eq!(lines("result: "), 1);
    prop_assert_eq!(lines("reports: "), 1);
    Ok(())
}

#[test]
fn hostile_text_forges_no_line() {
    let record = sample::filled(
        &[HOSTILE.to_owned()],
        &[Verdict::Pass, Verdict::Fail, Verdict::Error, Verdict::Skipped],
    );
    assert_inert(&shown(&record, Format::Pretty, false), &record).unwrap();
    let json = shown(&record, Format::Json, false);
    assert_eq!(json.lines().count(), sample::events(&record).len());
    assert!(!json.chars().any(|c| c != '\n' && gainsay_model::text::is_deceptive(c)));
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(first.pointer("/run/target").and_then(|target| target.as_str()), Some(HOSTILE));
}

proptest! {
    #[test]
    fn any_text_is_inert(record in sample::arbitrary()) {
        assert_inert(&shown(&record, Format::Pretty, false), &record)?;
        for line in shown(&record, Format::Json, false).lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            prop_assert!(value.get("event").is_some());
        }
    }
}
