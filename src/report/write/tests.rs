#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::report::sample;

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The message without the folder, which is another one each time.
fn message(error: &ReportError, folder: &Path) -> String {
    error.to_string().replace(&folder.display().to_string(), "reports")
}

#[test]
fn writes_both_and_reads_the_latest() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = sample::record();
    let paths = write(folder.path(), &record).unwrap();
    assert_eq!(paths, [RECORD, JUNIT].map(|name| folder.path().join("0198c0de").join(name)));
    let [json, xml] = <[PathBuf; 2]>::try_from(paths).unwrap();
    assert_eq!(files(&folder.path().join("0198c0de")), [JUNIT, RECORD]);
    let json = fs::read_to_string(json).unwrap();
    assert!(json.starts_with("{\n  \"run\"") && json.ends_with("}\n"));
    junit::check(&fs::read(xml).unwrap(), &record).unwrap();

    record.run.id = "0198c0df".to_owned();
    write(folder.path(), &record).unwrap();
    assert_eq!(files(folder.path()), ["0198c0de", "0198c0df", LATEST]);
    assert_eq!(read_latest(folder.path()).unwrap().run.id, "0198c0df");
}

#[cfg(unix)]
#[test]
fn latest_is_a_relative_link() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &sample::record()).unwrap();
    assert_eq!(fs::read_link(folder.path().join(LATEST)).unwrap(), Path::new("0198c0de"));
}

#[test]
fn a_latest_of_somebody_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(LATEST)).unwrap();
    fs::write(folder.path().join(LATEST).join("mine"), "mine").unwrap();
    let error = write(folder.path(), &sample::record()).unwrap_err();
    insta::assert_snapshot!(message(&error, folder.path()), @"`reports/latest` is not a link that gainsay made, so it is left alone; move it away, or choose another folder with `--report-dir`");
    assert_eq!(fs::read_to_string(folder.path().join(LATEST).join("mine")).unwrap(), "mine");
    assert_eq!(
        files(&folder.path().join("0198c0de")),
        [JUNIT, RECORD],
        "the reports are there all the same"
    );
}

#[test]
fn a_report_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &sample::record()).unwrap();
    let before = fs::read(folder.path().join("0198c0de").join(RECORD)).unwrap();
    let mut other = sample::record();
    other.run.calls = 0;
    insta::assert_snapshot!(message(&write(folder.path(), &other).unwrap_err(), folder.path()), @"`reports/0198c0de/record.json` exists already: a report is never overwritten; move it away, or choose another folder with `--report-dir`");
    assert_eq!(fs::read(folder.path().join("0198c0de").join(RECORD)).unwrap(), before);
}

#[test]
fn a_run_id_stays_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    for id in ["", ".", "..", "../x", "a/b", "/x", "a\\b", "latest", LATEST, "x\n"] {
        let mut record = sample::record();
        id.clone_into(&mut record.run.id);
        assert!(matches!(write(folder.path(), &record), Err(ReportError::RunId { .. })), "{id}");
    }
    assert!(files(folder.path()).is_empty());
}

#[test]
fn what_cannot_be_read_back_is_not_published() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = sample::record();
    record.run.duration_ms = f64::NAN;
    assert!(matches!(write(folder.path(), &record), Err(ReportError::Record { .. })));
    let mut record = sample::record();
    record.summary.counts.pass += 1;
    record.summary.counts.total += 1;
    record.run.id = "b".to_owned();
    insta::assert_snapshot!(message(&write(folder.path(), &record).unwrap_err(), folder.path()), @"`reports/b/junit.xml` was not written: the JUnit report has 7 tests, the record has 8; this is a bug in gainsay, please report it");
    assert!(files(&folder.path().join("0198c0de")).is_empty());
    assert_eq!(files(&folder.path().join("b")), [RECORD]);
    assert_eq!(files(folder.path()), ["0198c0de", "b"], "nothing points to what is not there");
}

#[test]
fn problems_name_the_path_and_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(message(&read_latest(folder.path()).unwrap_err(), folder.path()), @"there is no earlier run in `reports`; run once without `--rerun-failed`, or name its folder with `--report-dir`");
    write(folder.path(), &sample::record()).unwrap();
    fs::write(folder.path().join("0198c0de").join(RECORD), "{}").unwrap();
    insta::assert_snapshot!(message(&read_latest(folder.path()).unwrap_err(), folder.path()), @"`reports/latest/record.json` is not a record of this version of gainsay: missing field `run` at line 1 column 2; run once without `--rerun-failed`");
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    insta::assert_snapshot!(message(&write(&file, &sample::record()).unwrap_err(), folder.path()), @"cannot make the folder `reports/file/0198c0de`: Not a directory (os error 20); choose another folder with `--report-dir`");
}
