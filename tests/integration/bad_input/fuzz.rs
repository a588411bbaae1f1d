//! Whatever a file holds, reading it ends: in a value or in a problem with a place.

use std::sync::{Arc, LazyLock};

use gainsay::{
    files::{RawBaseline, RawEnvironment, load, yaml},
    scenario::{self, RawScenario, Sample},
    suite::{self, Architecture},
};
use gainsay_model::Source;
use proptest::prelude::*;

/// The shipped architecture: its environment and baseline, to resolve changed scenarios with.
static SHIPPED: LazyLock<Arc<Architecture>> = LazyLock::new(|| {
    let folders =
        load::load(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios")))
            .unwrap();
    let (architectures, _) = suite::resolve(&folders).unwrap();
    Arc::new(architectures.into_iter().next().unwrap())
});

const ENCRYPTION: &str = include_str!("../../../scenarios/secure-bucket/encryption.yaml");
const ENVIRONMENT: &str = include_str!("../../../scenarios/secure-bucket/environment.yaml");

/// Reads and resolves; every problem is printed, so that printing is tried too.
fn read(text: &str) {
    let source = Source::new("fuzz.yaml", text);
    let rendered = match yaml::read::<RawScenario>(&source) {
        Err(problem) => problem.render(false),
        Ok(raw) => match scenario::resolve(
            "fuzz",
            "fuzz",
            &source,
            &raw,
            &SHIPPED.environment,
            &SHIPPED.baseline,
            Sample::All,
        ) {
            Ok(scenario) => {
                assert!(
                    scenario.attempts().count() > 0,
                    "a scenario that attempts nothing was accepted:\n{text}"
                );
                return;
            }
            Err(problems) => {
                assert!(problems.has_errors(), "refused without a reason");
                problems.to_string()
            }
        },
    };
    assert!(rendered.contains("error[") && rendered.contains("fuzz.yaml:"), "{rendered}");
    assert!(rendered.contains("help: "), "no help:\n{rendered}\n{text}");
    assert!(super::copy::is_plain(&rendered), "{rendered:?}");
    let other =
        yaml::read::<RawEnvironment>(&source).is_ok() && yaml::read::<RawBaseline>(&source).is_ok();
    assert!(!other, "a scenario that is an environment and a baseline");
}

/// A change of a line.
#[derive(Clone, Debug)]
enum Change {
    Delete(usize),
    Repeat(usize),
    Swap(usize, usize),
    Indent(usize, usize),
    Cut(usize, usize),
    Insert(usize, String),
}

fn change(lines: usize) -> impl Strategy<Value = Change> {
    let line = move || 0..lines;
    prop_oneof![
        line().prop_map(Change::Delete),
        line().prop_map(Change::Repeat),
        (line(), line()).prop_map(|(a, b)| Change::Swap(a, b)),
        (line(), 1..5_usize).prop_map(|(a, by)| Change::Indent(a, by)),
        (line(), 0..60_usize).prop_map(|(a, at)| Change::Cut(a, at)),
        (line(), r#"[ \-:{}\[\],"'&*!|>#%@`~?a-z<\t\u{1b}\u{202e}é]{0,12}"#)
            .prop_map(|(a, text)| Change::Insert(a, text)),
    ]
}

fn changed(text: &str, changes: &[Change]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for change in changes {
        let count = lines.len().max(1);
        if lines.is_empty() {
            break;
        }
        match change {
            Change::Delete(line) => _ = lines.remove(line % count),
            Change::Repeat(line) => lines.insert(line % count, lines[line % count].clone()),
            Change::Swap(a, b) => lines.swap(a % count, b % count),
            Change::Indent(line, by) => lines[line % count].insert_str(0, &" ".repeat(*by)),
            Change::Cut(line, at) => {
                let line = &mut lines[line % count];
                *line = line.chars().take(*at).collect();
            }
            Change::Insert(line, text) => {
                let line = &mut lines[line % count];
                let at =
                    (0..=line.len() / 2).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
                line.insert_str(at, text);
            }
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn signs_of_yaml(text in r#"[ \n\-:{}\[\],"'&*!|>#%@~?a-c<\t]{0,120}"#) {
        read(&text);
    }

    #[test]
    fn changed_lines_of_a_shipped_scenario(changes in proptest::collection::vec(change(60), 1..5)) {
        read(&changed(ENCRYPTION, &changes));
    }

    #[test]
    fn changed_lines_of_a_shipped_environment(changes in proptest::collection::vec(change(60), 1..5)) {
        let source = Source::new("environment.yaml", changed(ENVIRONMENT, &changes));
        if let Err(problem) = yaml::read::<RawEnvironment>(&source) {
            let rendered = problem.render(false);
            prop_assert!(rendered.contains("environment.yaml:") && rendered.contains("help: "), "{rendered}");
        }
    }
}
