#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::report::sample::{self, HOSTILE};

fn render(record: &RunRecord) -> Result<Vec<u8>, JunitError> {
    let mut xml = Vec::new();
    super::render(record, &mut xml)?;
    Ok(xml)
}

fn rendered(record: &RunRecord) -> String {
    String::from_utf8(render(record).unwrap()).unwrap()
}

/// Checks the report after a change that the change must not survive.
fn problem(change: impl Fn(&str) -> String) -> String {
    let record = sample::record();
    let xml = rendered(&record);
    check(xml.as_bytes(), &record).unwrap();
    let changed = change(&xml);
    assert_ne!(changed, xml, "nothing was changed");
    check(changed.as_bytes(), &record).unwrap_err().to_string()
}

#[test]
fn a_report() {
    let results = vec![sample::passed(), sample::got_through(), sample::skipped()];
    insta::assert_snapshot!(rendered(&sample::of(sample::run(), results)), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="gainsay" tests="4" skipped="1" failures="1" errors="1" timestamp="2026-03-01T12:00:00.000+00:00" time="0.051">
        <testsuite name="secure-bucket.encryption" tests="2" skipped="0" errors="0" failures="1" timestamp="2026-03-01T12:00:00.250+00:00" time="0.003" file="scenarios/secure-bucket/encryption.yaml">
            <properties>
                <property name="title" value="Every write path uses the team&apos;s own key"/>
                <property name="control ENC-01" value="attempted fail, read nothing"/>
                <property name="control ENC-02" value="attempted fail, read nothing"/>
            </properties>
            <testcase name="ENC-01+ENC-02 app s3:PutObject without an encryption header" classname="secure-bucket.encryption" timestamp="2026-03-01T12:00:00.250+00:00" time="0.002" file="scenarios/secure-bucket/encryption.yaml" line="21">
                <properties>
                    <property name="id" value="secure-bucket/encryption/app/s3:PutObject/without-an-encryption-header"/>
                    <property name="controls" value="ENC-01, ENC-02"/>
                    <property name="principal" value="app"/>
                    <property name="operation" value="s3:PutObject"/>
                    <property name="expected" value="refused by resource policy, statement DenyMissingEncryptionHeader"/>
                    <property name="outcome" value="denied"/>
                    <property name="status" value="403"/>
                    <property name="code" value="AccessDenied"/>
                    <property name="request_id" value="4442587FB7D0A2F9"/>
                    <property name="layer" value="resource"/>
                    <property name="sid" value="DenyMissingEncryptionHeader"/>
                    <property name="witnesses" value="target=base request before=allowed after=allowed; actor=base request before=allowed after=allowed"/>
                    <property name="verdict" value="pass"/>
                </properties>
            </testcase>
            <testcase name="ENC-01+ENC-02 app s3:PutObject with S3-managed keys" classname="secure-bucket.encryption" timestamp="2026-03-01T12:00:00.250+00:00" time="0.002" file="scenarios/secure-bucket/encryption.yaml" line="31">
                <properties>
                    <property name="id" value="secure-bucket/encryption/app/s3:PutObject/with-S3-managed-keys"/>
                    <property name="controls" value="ENC-01, ENC-02"/>
                    <property name="principal" value="app"/>
                    <property name="operation" value="s3:PutObject"/>
                    <property name="expected" value="refused by resource policy, statement DenyNotKms"/>
                    <property name="outcome" value="allowed"/>
                    <property name="verdict" value="fail"/>
                </properties>
                <failure message="got-through: a forbidden act succeeded" type="got-through">controls: ENC-01, ENC-02
    expected: refused by resource policy, statement DenyNotKms
    came back: allowed, encryption = AES256
    fail: got-through: a forbidden act succeeded
    at: scenarios/secure-bucket/encryption.yaml:31
    try: aws s3api put-object --bucket b --key k
    </failure>
            </testcase>
        </testsuite>
        <testsuite name="secure-bucket.transport" tests="1" skipped="1" errors="0" failures="0" timestamp="2026-03-01T12:00:00.250+00:00" time="0.002" file="scenarios/secure-bucket/transport.yaml">
            <properties>
                <property name="title" value="Every write path uses the team&apos;s own key"/>
                <property name="control NET-01" value="attempted skipped, read nothing; not proved: 0 of 1 proofs made; the target left out 1"/>
            </properties>
            <testcase name="NET-01 s3:GetObject by a user of another account" classname="secure-bucket.transport" timestamp="2026-03-01T12:00:00.250+00:00" time="0.002" file="scenarios/secure-bucket/transport.yaml" line="14">
                <properties>
                    <property name="id" value="secure-bucket/transport/-/s3:GetObject/by-a-user-of-another-account"/>
                    <property name="controls" value="NET-01"/>
                    <property name="principal" value="app"/>
                    <property name="operation" value="s3:GetObject"/>
                    <property name="expected" value="refused by resource policy, statement DenyInsecureTransport"/>
                    <property name="verdict" value="skipped"/>
                </properties>
                <skipped message="there is no other account" type="skipped">controls: NET-01
    expected: refused by resource policy, statement DenyInsecureTransport
    came back: nothing, the attempt was not made
    skipped: there is no other account
    at: scenarios/secure-bucket/transport.yaml:14
    try: aws s3api put-object --bucket b --key k
    </skipped>
            </testcase>
        </testsuite>
        <testsuite name="secure-bucket.controls" tests="1" skipped="0" errors="1" failures="0" time="0.000">
            <testcase name="NET-01 Only TLS" classname="secure-bucket.controls" time="0.000">
                <properties>
                    <property name="controls" value="NET-01"/>
                    <property name="verdict" value="not-proved"/>
                </properties>
                <error message="not proved: 0 of 1 proofs made; the target left out 1" type="not-proved">not proved: 0 of 1 proofs made; the target left out 1</error>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
}

#[test]
fn the_tries_before_the_last_are_told_and_checked() {
    let record = sample::of(sample::run(), vec![sample::retried(), sample::undecided()]);
    let xml = rendered(&record);
    check(xml.as_bytes(), &record).unwrap();
    let flaky = r#"<flakyError message="503 SlowDown (throttled)" type="throttled"><stackTrace>503 SlowDown (throttled)</stackTrace>"#;
    let rows = [flaky.to_owned(), flaky.replace("flaky", "rerun")];
    let squeezed: String = xml.split('\n').map(str::trim).collect();
    assert!(rows.iter().all(|row| squeezed.matches(row).count() == 2), "{xml}");
    for (from, to, problem) in [
        ("flakyError", "rerunError", "the JUnit report has `rerunError` inside `testcase`"),
        ("rerunError", "flakyError", "the JUnit report has `flakyError` inside `testcase`"),
        (
            "</flakyError>",
            "</flakyError><flakyError/>",
            "the JUnit report has 3 earlier tries of `ENC-01+ENC-02 app s3:PutObject without an encryption header`, the record has 2",
        ),
        (
            "</flakyError>",
            "</flakyError><failure/>",
            "the JUnit report has `failure` inside `testcase`",
        ),
        (
            "<stackTrace>",
            "<stackTrace><stackTrace/>",
            "the JUnit report has `stackTrace` inside `stackTrace`",
        ),
    ] {
        let changed =
            if from.starts_with('<') { xml.replacen(from, to, 1) } else { xml.replace(from, to) };
        assert_eq!(
            check(changed.as_bytes(), &record).unwrap_err().to_string(),
            problem,
            "{from} {to}"
        );
    }
}

#[test]
fn an_empty_run() {
    let record = sample::of(sample::run(), Vec::new());
    check(&render(&record).unwrap(), &record).unwrap();
}

#[test]
fn a_stopped_run_is_cancelled_not_skipped() {
    let record = sample::of(sample::run(), vec![sample::cancelled()]);
    let xml = rendered(&record);
    assert!(
        xml.contains(r#"<error message="cancelled: the run was stopped" type="cancelled">"#),
        "{xml}"
    );
}

#[test]
fn repeated_names_get_the_end_of_the_id_and_then_a_number() {
    let mut results = vec![sample::passed(); 4];
    for (result, id) in results.iter_mut().zip([
        "a/b/-/op/other-key-team-a",
        "a/b/-/op/other-key-team-b",
        "a/b/-/op/same",
        "x/same",
    ]) {
        id.clone_into(&mut result.id);
    }
    let record = sample::of(sample::run(), results);
    let suites = names::suites(&record);
    let names: Vec<&str> =
        suites.iter().flat_map(|suite| &suite.cases).map(|case| case.name.as_str()).collect();
    let plain = "ENC-01+ENC-02 app s3:PutObject without an encryption header";
    let ends = [" [other-key-team-a]", " [other-key-team-b]", " [same]", " [same] #2"];
    assert_eq!(names, ends.map(|end| format!("{plain}{end}")));
}

#[test]
fn no_name_is_empty() {
    let mut result = sample::passed();
    result.controls.clear();
    for text in [&mut result.row, &mut result.operation, &mut result.attempt] {
        " ".clone_into(text);
    }
    let record = sample::of(sample::run(), vec![result]);
    assert!(rendered(&record).contains(r#"<testcase name="-" "#));
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    let mut results = vec![sample::passed(); 3];
    for result in &mut results {
        result.attempt = "ä".repeat(600);
        result.id = format!("a/{}", "ö".repeat(600));
    }
    let record = sample::of(sample::run(), results);
    check(&render(&record).unwrap(), &record).unwrap();
    let suites = names::suites(&record);
    let names: HashSet<&str> =
        suites.iter().flat_map(|suite| &suite.cases).map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), 3);
    assert!(names.iter().all(|name| name.chars().count() <= 500), "{names:?}");
}

#[test]
fn hostile_text_forges_nothing() {
    let record = sample::filled(
        &[HOSTILE.to_owned()],
        &[Verdict::Pass, Verdict::Fail, Verdict::Error, Verdict::Skipped],
    );
    let xml = rendered(&record);
    check(xml.as_bytes(), &record).unwrap();
    assert_eq!(xml.matches("<testcase ").count(), 4);
    assert!(!xml.chars().any(|c| c != '\n' && gainsay_model::text::is_deceptive(c)));
}

const CASE: &str = r#"<testcase name="ENC-01 app s3:PutObject with the team&apos;s key""#;

/// The report with the text of one passing test case replaced.
fn with_case(xml: &str, change: impl Fn(&str) -> String) -> String {
    let (before, rest) = xml.split_once(CASE).unwrap();
    let (inside, after) = rest.split_once("</testcase>").unwrap();
    format!("{before}{}{after}", change(&format!("{CASE}{inside}</testcase>")))
}

#[test]
fn check_sees_a_removed_case() {
    insta::assert_snapshot!(problem(|xml| with_case(xml, |_| String::new())), @"the JUnit report lacks the test case `ENC-01 app s3:PutObject with the team's key` of `secure-bucket.encryption`");
}

#[test]
fn check_sees_an_added_case() {
    let added =
        |case: &str| format!("{case}<testcase name=\"x\" classname=\"secure-bucket.encryption\"/>");
    insta::assert_snapshot!(problem(|xml| with_case(xml, added)), @"the JUnit report has a test case `x` too many in `secure-bucket.encryption`");
    insta::assert_snapshot!(problem(|xml| with_case(xml, |case| case.repeat(2))), @"the JUnit report has a test case `ENC-01 app s3:PutObject with the team's key` too many in `secure-bucket.encryption`");
}

#[test]
fn check_sees_a_flipped_case() {
    let failed = |case: &str| case.replace("</testcase>", "<failure/></testcase>");
    insta::assert_snapshot!(problem(|xml| with_case(xml, failed)), @"the JUnit report says failure for `ENC-01 app s3:PutObject with the team's key` of `secure-bucket.encryption`, the record says success");
    let passed = |xml: &str| {
        let (before, rest) = xml.split_once("<failure").unwrap();
        let (_, after) = rest.split_once("</failure>").unwrap();
        format!("{before}{after}")
    };
    insta::assert_snapshot!(problem(passed), @"the JUnit report says success for `ENC-01+ENC-02 app s3:PutObject with S3-managed keys` of `secure-bucket.encryption`, the record says failure");
    insta::assert_snapshot!(problem(|xml| xml.replace("failure", "skipped")), @"the JUnit report says skipped for `ENC-01+ENC-02 app s3:PutObject with S3-managed keys` of `secure-bucket.encryption`, the record says failure");
}

#[test]
fn check_sees_two_flips_that_leave_the_counts_alone() {
    let swapped = |xml: &str| {
        let (before, rest) = xml.split_once("<failure").unwrap();
        let (_, after) = rest.split_once("</failure>").unwrap();
        with_case(&format!("{before}{after}"), |case| {
            case.replace("</testcase>", "<failure/></testcase>")
        })
    };
    insta::assert_snapshot!(problem(swapped), @"the JUnit report says failure for `ENC-01 app s3:PutObject with the team's key` of `secure-bucket.encryption`, the record says success");
}

#[test]
fn check_sees_other_counts() {
    insta::assert_snapshot!(problem(|xml| xml.replacen("tests=\"7\"", "tests=\"8\"", 1)), @"the JUnit report has 8 tests declared in all, the record has 7");
    insta::assert_snapshot!(problem(|xml| xml.replacen(" errors=\"2\"", "", 1)), @"the JUnit report has none errors declared in all, the record has 2");
    insta::assert_snapshot!(problem(|xml| xml.replacen("tests=\"4\"", "tests=\"5\"", 1)), @"the JUnit report has 5 tests declared in the suite `secure-bucket.encryption`, the record has 4");
    let mut record = sample::record();
    let xml = render(&record).unwrap();
    record.summary.counts.fail += 1;
    insta::assert_snapshot!(check(&xml, &record).unwrap_err(), @"the JUnit report has 1 failures, the record has 2");
}

#[test]
fn check_sees_another_suite_or_classname() {
    insta::assert_snapshot!(problem(|xml| xml.replace("</testsuites>", "<testsuite name=\"x\"/></testsuites>")), @"the JUnit report has 3 testsuite elements, the record has 2");
    insta::assert_snapshot!(problem(|xml| xml.replacen("suite name=\"secure-bucket.transport\"", "suite name=\"x\"", 1)), @"the JUnit report has a suite `x` too many");
    insta::assert_snapshot!(problem(|xml| xml.replacen("classname=\"secure-bucket.transport\"", "classname=\"x\"", 1)), @"the JUnit report has a test case `NET-01 s3:GetObject over plain http` too many in `secure-bucket.transport`");
}

#[test]
fn check_sees_what_is_no_xml_or_no_part_of_a_report() {
    for (from, to) in [
        ("</testsuites>", ""),
        ("</testsuites>", "</testsuites><testsuites/>"),
        ("</testsuites>", "</testsuites>x"),
        ("</testcase>", "</testsuite>"),
        ("</testcase>", "<system-out>x</system-out></testcase>"),
        ("</testcase>", "<testcase/></testcase>"),
        ("</testcase>", "<skipped/><skipped/></testcase>"),
        ("</testcase>", "<![CDATA[x]]></testcase>"),
        ("</testcase>", "<!-- x --></testcase>"),
        ("</testcase>", "&amp;</testcase>"),
        ("</failure>", "]]></failure>"),
        ("</failure>", "&#0;</failure>"),
        ("</failure>", "&x;</failure>"),
        ("</failure>", "\u{fffe}</failure>"),
        ("</failure>", "\u{1b}</failure>"),
        ("name=\"gainsay\"", "name=\"<\""),
        ("name=\"gainsay\"", "name=\"&#xfffe;\""),
        ("name=\"gainsay\"", "name=\"gainsay\" name=\"gainsay\""),
        ("<testsuites", "<!DOCTYPE x><testsuites"),
    ] {
        let problem = problem(|xml| xml.replacen(from, to, 1));
        assert!(
            problem.contains("not well-formed") || problem.contains("inside"),
            "{from} -> {to}: {problem}"
        );
    }
}

proptest! {
    #[test]
    fn any_record_is_rendered_and_checked(record in sample::arbitrary()) {
        let xml = render(&record).unwrap();
        check(&xml, &record).unwrap();
        let suites = names::suites(&record);
        for suite in &suites {
            let names: HashSet<&str> = suite.cases.iter().map(|case| case.name.as_str()).collect();
            prop_assert_eq!(names.len(), suite.cases.len());
            prop_assert!(names.iter().all(|name| !name.is_empty() && name.chars().count() <= 500));
        }
    }
}
