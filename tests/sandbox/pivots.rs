//! Whole scenarios about becoming more than one is: they pass, and no longer do once a policy is
//! weakened.

use std::{path::Path, sync::Arc};

use gainsay::{
    files::load,
    plan::{Plan, Selection},
    record::RunRecord,
    runner::{self, Options, Stop},
    suite,
    verdict::Verdict,
};
use gainsay_model::Source;

/// Runs `tests/sandbox/scenarios`, with one text of one file replaced.
fn run(change: Option<(&str, &str, &str)>) -> Arc<RunRecord> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sandbox/scenarios");
    let mut folders = load::load(&folder).expect("the scenarios can be read");
    if let Some((path, from, to)) = change {
        let text = folders[0].file(path).expect("the file").text().to_owned();
        assert!(text.contains(from), "{path} has no `{from}`");
        folders[0].insert(path, Ok(Source::new(path, text.replace(from, to))));
    }
    let (architectures, _) =
        suite::resolve(&folders).unwrap_or_else(|problems| panic!("{problems}"));
    let everything = Selection::default();
    let plan = Plan::new(&architectures, &everything);
    let options = Options {
        jobs: 2,
        fail_fast: false,
        run: "r".to_owned(),
        scenarios: String::new(),
        share: true,
        wrap: None,
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(runner::run(&plan, &options, &Stop::default(), |_| {}))
}

/// Every attempt that does not pass: its id's last part, verdict and reason.
fn lines(record: &RunRecord) -> Vec<String> {
    let failed = record.results.iter().filter(|result| result.verdict != Verdict::Pass);
    let line = |result: &gainsay::record::ResultRecord| {
        let name = result.id.rsplit('/').next().unwrap_or_default();
        let reason = result.reason.map_or("-", gainsay::verdict::Reason::as_str);
        format!("{name}: {} {reason}", result.verdict.as_str())
    };
    failed.map(line).collect()
}

#[test]
fn what_must_be_refused_is_refused() {
    let record = run(None);
    assert_eq!(lines(&record), [] as [&str; 0]);
    assert_eq!(record.results.len(), 30);
}

#[test]
fn a_weaker_policy_is_noticed() {
    let rows = [
        (
            "policies/team.json",
            "{{role.jobs.arn}}",
            "*",
            "with-the-replication-role: fail got-through",
        ),
        (
            "policies/team.json",
            "\"sts:AssumeRole\"]",
            "\"sts:AssumeRole\", \"sts:TagSession\"]",
            "the-team-passes-tags: fail got-through",
        ),
        (
            "policies/trust-tags.json",
            "\"Deny\"",
            "\"Allow\"",
            "with-another-team-s-tag: fail got-through",
        ),
        (
            "policies/team.json",
            "s3:ListJobs",
            "s3:*AccessPoint*\",\"s3:ListJobs",
            "the-team-puts-a-policy: fail got-through",
        ),
        (
            "policies/team.json",
            "s3:ListJobs",
            "s3:PutAccount*\",\"s3:ListJobs",
            "the-team-replaces-the-account-s-block: fail got-through",
        ),
        (
            "policies/team.json",
            "${aws:PrincipalTag/team}",
            "*",
            "under-another-team: fail got-through",
        ),
        (
            "policies/team.json",
            "s3:ListJobs",
            "s3:GetDataAccess\",\"s3:ListJobs",
            "to-the-team: fail wrong-reason",
        ),
        (
            "grants.yaml",
            "grantee: operator,",
            "grantee: admin,",
            "to-the-admin-who-has-no-grant: fail got-through",
        ),
        (
            "policies/operator.json",
            "s3:GetDataAccess",
            "s3:*Access*",
            "the-operator-grants-itself-more: fail got-through",
        ),
        (
            "policies/team.json",
            "\"{{role.jobs.arn}}\"",
            "[\"{{role.jobs.arn}}\",\"{{role.data.arn}}\"]",
            "the-team-registers-it-with-a-role-that-is-not-its-own: fail got-through",
        ),
        // Refused all the same, but for the job and not for the role.
        (
            "policies/team.json",
            "\"s3:CreateJob\",",
            "",
            "with-the-replication-role: inconclusive no-witness",
        ),
        // A role whose way there is closed has no session.
        (
            "environment.yaml",
            "via: admin",
            "via: team",
            "under-another-team: inconclusive no-session",
        ),
    ];
    for (path, from, to, expected) in rows {
        let lines = lines(&run(Some((path, from, to))));
        assert!(lines.iter().any(|line| line == expected), "{path} {to}: {lines:?}");
    }
}
