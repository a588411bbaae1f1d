//! A page for each control and each architecture, in Markdown, from the same data that is run.
//! Pure.

use std::{collections::BTreeSet, fmt::Write as _};

use crate::{
    control::{Check, On, Reading},
    files::{Control, Remediation, catalogue},
    report::{detail::mechanism, one_line, terminal::counted},
    scenario::{Attempt, Kind, Scenario},
    suite::Architecture,
};

/// What stands where a control has neither attempts nor checks.
const NOT_ASSESSED: &str = "Not assessed by any baseline documented here.";

/// A page, and where it lies below the folder of all pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// `controls/ENC-01.md`.
    pub path: String,
    /// The text.
    pub text: String,
}

/// The pages of the controls that the architectures choose, then of the architectures, and one that
/// leads to them all.
#[must_use]
pub fn pages(architectures: &[Architecture]) -> Vec<Page> {
    let mut pages = vec![index(architectures)];
    pages.extend(controls(architectures).into_iter().map(|control| Page {
        path: format!("controls/{}.md", file_name(&control.id)),
        text: of_control(control, architectures),
    }));
    pages.extend(architectures.iter().map(|architecture| Page {
        path: format!("architectures/{}.md", file_name(&architecture.name)),
        text: of_architecture(architecture),
    }));
    pages
}

/// Every control of the catalogue, and those of the architectures' own, sorted by id.
fn controls(architectures: &[Architecture]) -> Vec<&Control> {
    let own = architectures.iter().flat_map(|architecture| &architecture.baseline.controls);
    let mut controls: Vec<&Control> = catalogue().iter().collect();
    for control in own {
        if !controls.iter().any(|known| known.id == control.id) {
            controls.push(control);
        }
    }
    controls.sort_by(|a, b| a.id.cmp(&b.id));
    controls
}

/// An id or a name as the name of a file: a control of one's own may be called anything.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    name.chars().map(plain).collect()
}

/// A text that cannot be taken for Markdown of ours: on one line, and without what would end a
/// cell, begin a tag or, beside code, emphasize: actions as `s3:*` have stars.
fn plain(text: &str) -> String {
    let text = one_line(text).trim().replace('|', "\\|").replace('<', "&lt;");
    let parts = text.split('`').enumerate().map(|(at, part)| match at % 2 {
        0 => part.replace('*', "\\*"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}

fn index(architectures: &[Architecture]) -> Page {
    let mut text = "# Controls and architectures\n\n## Architectures\n\n".to_owned();
    text.push_str("| Architecture | Description | Controls |\n|---|---|---|\n");
    for architecture in architectures {
        let (name, title) = (plain(&architecture.name), plain(&architecture.environment.title));
        let count = architecture.baseline.controls.len();
        _ = writeln!(
            text,
            "| [{name}](architectures/{}.md) | {title} | {count} |",
            file_name(&architecture.name)
        );
    }
    text.push_str("\n## Controls\n\n");
    text.push_str("Controls marked *not assessed* are neither attempted nor read by any baseline ");
    text.push_str("documented here.\n\n");
    text.push_str("| Control | Title | Severity | Attempts | Checks |\n|---|---|---|---|---|\n");
    for control in controls(architectures) {
        _ = writeln!(
            text,
            "| [{}](controls/{}.md) | {} | {} | {} |",
            plain(&control.id),
            file_name(&control.id),
            plain(&control.title),
            plain(&control.severity),
            evidence(&control.id, architectures)
        );
    }
    Page { path: "README.md".to_owned(), text }
}

/// How many attempts and checks assess a control in these architectures, as two cells of a table;
/// or why there are none.
fn evidence(control: &str, architectures: &[Architecture]) -> String {
    let attempts: usize =
        architectures.iter().map(|architecture| attempts_of(control, architecture).count()).sum();
    let readings: usize =
        architectures.iter().map(|architecture| readings_of(control, architecture).count()).sum();
    let reasons = architectures
        .iter()
        .filter_map(|architecture| architecture.baseline.not_testable.get(control));
    let reasons: BTreeSet<&str> = reasons.map(String::as_str).collect();
    if attempts + readings > 0 {
        format!("{attempts} | {readings}")
    } else if reasons.is_empty() {
        "not assessed | ".to_owned()
    } else {
        let reasons: Vec<String> = reasons.into_iter().map(plain).collect();
        format!("not testable: {} | ", reasons.join("; "))
    }
}

fn attempts_of<'a>(
    control: &'a str,
    architecture: &'a Architecture,
) -> impl Iterator<Item = &'a Attempt> {
    let attempts = architecture.scenarios.iter().flat_map(Scenario::attempts);
    attempts.map(AsRef::as_ref).filter(move |attempt| proves(attempt, control))
}

fn readings_of<'a>(
    control: &'a str,
    architecture: &'a Architecture,
) -> impl Iterator<Item = &'a Reading> {
    let readings = architecture.checks.iter().map(AsRef::as_ref);
    readings.filter(move |reading: &&Reading| reading.control == control)
}

fn proves(attempt: &Attempt, control: &str) -> bool {
    attempt.controls.iter().any(|id| id == control)
}

fn of_control(control: &Control, architectures: &[Architecture]) -> String {
    let mut text = format!(
        "# {}: {}\n\n{}\n\n",
        plain(&control.id),
        plain(&control.title),
        plain(&control.statement)
    );
    _ = writeln!(text, "Severity: {}\n", plain(&control.severity));
    if !control.rationale.is_empty() {
        _ = writeln!(text, "## Rationale\n\n{}\n", plain(&control.rationale));
    }
    _ = writeln!(text, "## Evidence\n\nProved by: {}.\n", control.proved_by);
    if let Some(check) = &control.check {
        text.push_str(&criterion(check));
    }
    let mut assessed = false;
    for architecture in architectures {
        let part = in_architecture(control, architecture);
        if !part.is_empty() {
            assessed = true;
            let name = plain(&architecture.name);
            _ = writeln!(
                text,
                "### In [{name}](../architectures/{}.md)\n\n{}\n",
                file_name(&architecture.name),
                part.trim_end()
            );
        }
    }
    if !assessed {
        _ = writeln!(text, "{NOT_ASSESSED}\n");
    }
    if !control.serves.is_empty() {
        text.push_str("## Requirements covered\n\n");
        for served in &control.serves {
            _ = writeln!(text, "- {}: {}", plain(&served.architecture), plain(&served.row));
        }
        text.push('\n');
    }
    if let Some(remediation) = &control.remediation {
        text.push_str(&of_remediation(remediation));
    }
    if !control.mappings.is_empty() {
        text.push_str("## Framework mappings\n\n| Framework | Requirements |\n|---|---|\n");
        for mapping in &control.mappings {
            _ = writeln!(
                text,
                "| {} | {} |",
                plain(&mapping.framework),
                plain(&mapping.ids.join(", "))
            );
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}

fn of_remediation(remediation: &Remediation) -> String {
    let mut text = format!("## Remediation\n\n{}\n\n", plain(&remediation.summary));
    if let Some(document) = &remediation.document {
        let language = if document.trim_start().starts_with('<') { "xml" } else { "json" };
        _ = writeln!(text, "`document.{language}`:\n\n{}\n", fenced(language, document));
    }
    _ = writeln!(text, "AWS CLI:\n\n{}\n", fenced("sh", &remediation.cli));
    _ = writeln!(text, "Terraform:\n\n{}\n", fenced("hcl", &remediation.terraform));
    text
}

/// A text in a code block. The fence is longer than every run of backticks in it, so that nothing
/// in the text ends the block.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let lines = text.trim_end().trim_start_matches('\n').lines();
    let lines: Vec<String> = lines.map(one_line).collect();
    format!("{fence}{language}\n{}\n{fence}", lines.join("\n"))
}

/// What a check reads, and what must hold of the answer.
fn criterion(check: &Check) -> String {
    let parameters = match check.parameters.as_slice() {
        [] => String::new(),
        names => format!("; parameters from the baseline: `{}`", names.join("`, `")),
    };
    let read = plain(&check.read);
    match (&check.holds, check.search) {
        (Some(expression), _) => format!(
            "The check reads `{read}`: the answer must satisfy this JMESPath \
             expression{parameters}.\n\n{}\n\n",
            fenced("", &in_lines(expression))
        ),
        (None, Some(search)) => format!(
            "The check reads `{read}`: the policy engine must find no request of this kind: \
             {}{parameters}.\n\n",
            search.words()
        ),
        (None, None) => format!("The check reads `{read}` and asks nothing of the answer.\n\n"),
    }
}

/// An expression with each part of its conjunctions on a line of its own, indented by the brackets
/// around it. The texts in it stay as they are.
fn in_lines(expression: &str) -> String {
    let (mut out, mut depth, mut text, mut escaped) = (String::new(), 0_usize, None, false);
    for c in expression.trim().replace('\n', " ").chars() {
        if text.is_none() && c == ' ' && out.ends_with(' ') {
            continue;
        }
        match text {
            None => match c {
                '\'' | '`' | '"' => text = Some(c),
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                '&' if out.ends_with(" &") => {
                    out.truncate(out.len() - 2);
                    out.push('\n');
                    out.push_str(&"  ".repeat(depth));
                    out.push('&');
                }
                _ => {}
            },
            Some(delimiter) if c == delimiter && !escaped => text = None,
            Some(_) => {}
        }
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}

/// The proofs of a control in one architecture, or nothing.
fn in_architecture(control: &Control, architecture: &Architecture) -> String {
    let mut text = String::new();
    if let Some(why) = architecture.baseline.not_testable.get(&control.id) {
        _ = writeln!(text, "Not testable: {}.\n", plain(why));
    }
    for scenario in &architecture.scenarios {
        let attempts: Vec<&Attempt> = scenario
            .attempts()
            .map(AsRef::as_ref)
            .filter(|attempt| proves(attempt, &control.id))
            .collect();
        if !attempts.is_empty() {
            _ = writeln!(
                text,
                "**{}** (`{}`, {})\n",
                plain(&scenario.title),
                plain(scenario.source.name()),
                counted(attempts.len(), "attempt")
            );
            text.push_str(&in_words(&attempts));
            text.push('\n');
        }
    }
    let readings: Vec<&Reading> = readings_of(&control.id, architecture).collect();
    if !readings.is_empty() {
        let reader = readings.first().map_or("", |reading| reading.reader.name.as_str());
        let of: Vec<String> = readings.iter().map(|reading| of_subject(reading)).collect();
        _ = writeln!(text, "Configuration read by `{}` of {}.\n", plain(reader), of.join(", "));
    }
    text
}

fn of_subject(reading: &Reading) -> String {
    let name = plain(&reading.subject.name);
    let subject = match reading.check.on {
        On::Bucket => format!("bucket `{name}`"),
        On::Key => format!("key `{name}`"),
        On::Trail => format!("trail `{name}`"),
        On::Account => "the account".to_owned(),
    };
    let parameters = reading.parameters.iter();
    let parameters: Vec<String> =
        parameters.map(|(name, value)| format!("{}: `{}`", plain(name), plain(value))).collect();
    if parameters.is_empty() { subject } else { format!("{subject} ({})", parameters.join(", ")) }
}

/// Attempts of one file in words: what each is called, once, with the operations it is made with.
fn in_words(attempts: &[&Attempt]) -> String {
    let mut text = String::new();
    let mut shown = BTreeSet::new();
    for attempt in attempts {
        if !shown.insert((attempt.kind as u8, attempt.label.as_str())) {
            continue;
        }
        let same = attempts
            .iter()
            .filter(|other| other.kind == attempt.kind && other.label == attempt.label);
        let operations: BTreeSet<&str> = same.map(|other| other.request.operation.name).collect();
        let operations: Vec<&str> = operations.into_iter().collect();
        let must = match attempt.kind {
            Kind::Allow => "must succeed",
            Kind::Deny => "must be refused",
            Kind::Reject => "must be rejected",
        };
        _ = writeln!(
            text,
            "- {}: {must}{} (`{}`)",
            plain(&attempt.label),
            by(attempt),
            operations.join("`, `")
        );
    }
    text
}

/// By what an attempt must be refused, and with which answer.
fn by(attempt: &Attempt) -> String {
    let words = attempt.refusals.iter().map(|refusal| {
        let layers: Vec<String> = refusal.layers.iter().map(|layer| mechanism(*layer)).collect();
        let by = (!layers.is_empty()).then(|| format!("by {}", layers.join(" or ")));
        let sids = refusal.sid.iter().map(|sid| format!("statement {sid}"));
        let codes = refusal.codes.iter().map(|code| format!("with code {code}"));
        let messages = refusal.says.iter();
        let messages = messages.map(|says| format!("with a message containing \"{says}\""));
        let unnamed = refusal
            .unnamed
            .iter()
            .map(|why| format!("not always named in the answer of AWS: {why}"));
        let words = by.into_iter().chain(sids).chain(codes);
        words.chain(messages).chain(unnamed).collect::<Vec<_>>().join(", ")
    });
    let words: Vec<String> = words.filter(|words| !words.is_empty()).collect();
    if words.is_empty() { String::new() } else { format!(" {}", plain(&words.join("; or "))) }
}

fn of_architecture(architecture: &Architecture) -> String {
    let environment = &architecture.environment;
    let mut text = format!("# {}\n\n{}.\n\n", plain(&architecture.name), plain(&environment.title));
    _ = writeln!(text, "Baseline: {}.\n", plain(&architecture.baseline.title));
    text.push_str("## Controls\n\n| Control | Title | Attempts | Checks |\n|---|---|---|---|\n");
    for control in &architecture.baseline.controls {
        let attempts = attempts_of(&control.id, architecture).count();
        let readings = readings_of(&control.id, architecture).count();
        let proved = match architecture.baseline.not_testable.get(&control.id) {
            Some(why) => format!("not testable: {} | ", plain(why)),
            None => format!("{attempts} | {readings}"),
        };
        let id = plain(&control.id);
        _ = writeln!(
            text,
            "| [{id}](../controls/{}.md) | {} | {proved} |",
            file_name(&control.id),
            plain(&control.title)
        );
    }
    text.push_str("\n## Deployed resources\n\n| Type | Name | Account |\n|---|---|---|\n");
    let roles = environment.deployed.roles.iter().map(|role| ("role", &role.name, &role.account));
    let buckets = environment
        .deployed
        .buckets
        .iter()
        .map(|bucket| ("bucket", &bucket.logical, &bucket.account));
    let keys = environment.deployed.keys.iter().map(|key| ("KMS key", &key.name, &key.account));
    for (what, name, account) in roles.chain(buckets).chain(keys) {
        _ = writeln!(text, "| {what} | {} | {account} |", plain(name));
    }
    text.push_str("\n## Scenarios\n\n| File | Scenario | Attempts |\n|---|---|---|\n");
    for scenario in &architecture.scenarios {
        let (file, title) = (plain(scenario.source.name()), plain(&scenario.title));
        _ = writeln!(text, "| `{file}` | {title} | {} |", scenario.attempts().count());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text() {
        assert_eq!(
            plain(" a|b\n<script>\u{1b}[1m "),
            one_line(" a\\|b\n&lt;script>\u{1b}[1m ").trim()
        );
        assert!(!plain("a\n# b").contains('\n'));
        assert_eq!(plain("s3:* and kms:*, not `s3:*`"), "s3:\\* and kms:\\*, not `s3:*`");
        assert_eq!(file_name("../a b/\u{1b}ü"), ".._a_b___");
    }

    #[test]
    fn a_code_block_ends_where_it_should() {
        assert_eq!(fenced("sh", "aws s3 ls\n"), "```sh\naws s3 ls\n```");
        assert_eq!(fenced("json", "\n{\n  \"a\": 1\n}\n"), "```json\n{\n  \"a\": 1\n}\n```");
        assert_eq!(fenced("", "a\n```\n# b\n````c"), "`````\na\n```\n# b\n````c\n`````");
        assert_eq!(fenced("", "a\u{1b}[1m\u{2028}b"), "```\na\\u{1b}[1m\\u{2028}b\n```");
    }

    #[test]
    fn an_expression_is_written_in_lines_where_that_changes_no_text() {
        assert_eq!(
            in_lines("a[?b == 'x'\n  && (c || d && e)] && f"),
            "a[?b == 'x'\n  && (c || d\n    && e)]\n&& f"
        );
        assert_eq!(
            in_lines("a == 'x && (y' && b == `\"  && \\`\"` && c"),
            "a == 'x && (y'\n&& b == `\"  && \\`\"`\n&& c"
        );
    }

    #[test]
    fn every_control_of_the_catalogue_has_a_page_without_any_architecture() {
        let pages = pages(&[]);
        assert_eq!(pages.len(), 1 + catalogue().len());
        for control in catalogue() {
            let path = format!("controls/{}.md", control.id);
            let page = pages.iter().find(|page| page.path == path);
            let text = page.map_or("", |page| page.text.as_str());
            let parts = [NOT_ASSESSED, "## Rationale", "## Evidence", "## Remediation"];
            for part in parts.into_iter().chain(["```sh\n", "```hcl\n"]) {
                assert!(text.contains(part), "{}: {part}", control.id);
            }
        }
    }
}
