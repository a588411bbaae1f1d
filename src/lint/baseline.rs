//! What is suspicious in a baseline.

use super::about;
use crate::{
    files::{
        RawBaseline, RawControlChoice, catalogue,
        diag::{Code, Diagnostics, suggestion},
    },
    suite::{Architecture, Written},
};

pub(super) fn check(
    architecture: &Architecture,
    (source, raw): &Written<RawBaseline>,
    found: &mut Diagnostics,
) {
    for choice in &raw.controls {
        let id = &choice.value.id;
        if let Some(why) = &choice.value.not_testable {
            let message = format!("control `{}` is not proved: {}", id.value, why.value);
            found.push(about(source, why, Code::NotTestable, message));
        }
        if choice.value.title.is_some()
            && let Some(other) =
                looks_like(&id.value, catalogue().iter().map(|control| control.id.as_str()))
        {
            let message =
                format!("your control `{}` looks like `{other}` of the catalogue", id.value);
            let warning = about(source, id, Code::LookalikeControl, message);
            found.push(match suggestion(&id.value, [other]) {
                Some(help) => warning.help(help),
                None => warning,
            });
        }
        for (parameter, message) in out_of_range(architecture, &choice.value) {
            found.push(
                match choice.value.with.0.iter().find(|(name, _)| name.value == parameter) {
                    Some((_, value)) => about(source, value, Code::OutOfRange, message),
                    None => about(source, id, Code::OutOfRange, message),
                },
            );
        }
    }
}

/// Each parameter of a control's check that is told something out of its range, and what is to be
/// said of it.
fn out_of_range(architecture: &Architecture, choice: &RawControlChoice) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for reading in architecture.checks.iter().filter(|reading| reading.control == choice.id.value) {
        for (name, range) in &reading.check.ranges {
            let Some(value) = reading.parameters.get(name) else { continue };
            if range.holds(value) || found.iter().any(|(known, _)| known == name) {
                continue;
            }
            let message = format!(
                "`{name}` of `{}` is {value}, which is not {range}: {}",
                reading.control, range.source
            );
            found.push((name.clone(), message));
        }
    }
    found
}

/// The first id that one may be taken for: the same but for its case, a letter for a digit, a
/// leading zero, or one letter. Another number in the same family is another control.
fn looks_like<'a>(id: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (family, number) = parts(id);
    known.into_iter().find(|other| {
        let (other_family, other_number) = parts(other);
        let families = strsim::osa_distance(&family, &other_family);
        number == other_number && families <= 1
    })
}

/// An id as it is read: its family, and its number. `Enc-O1` is `enc` and `1`.
fn parts(id: &str) -> (String, String) {
    let lower = id.to_lowercase();
    let first_digit = lower.find(|c: char| c.is_ascii_digit()).unwrap_or(lower.len());
    let end = lower.rfind(['-', '_', '.', ' ']).unwrap_or(first_digit);
    let (family, number) = lower.split_at(end);
    let read = |text: &str, as_read: fn(char) -> char| {
        let plain = text.chars().filter(|c| c.is_alphanumeric());
        plain.map(as_read).collect::<String>()
    };
    let family = read(family, |c| match c {
        '0' => 'o',
        '1' | 'i' => 'l',
        other => other,
    });
    let number = read(number, |c| match c {
        'o' => '0',
        'l' | 'i' => '1',
        other => other,
    });
    (family, number.trim_start_matches('0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::looks_like;

    #[test]
    fn an_id_that_may_be_taken_for_another_looks_like_it() {
        let known = ["ENC-01", "TLS-01", "ALI-01", "ROT-10"];
        for (id, like) in [
            ("ENC-O1", Some("ENC-01")),
            ("ENC-0l", Some("ENC-01")),
            ("ENC-I", Some("ENC-01")),
            ("enc-01", Some("ENC-01")),
            ("ENC01", Some("ENC-01")),
            ("ENC_01", Some("ENC-01")),
            ("TLS-1", Some("TLS-01")),
            ("TSL-01", Some("TLS-01")),
            ("TLSS-01", Some("TLS-01")),
            ("ALI-O1", Some("ALI-01")),
            ("ALl-01", Some("ALI-01")),
            ("ROT-1O", Some("ROT-10")),
            // Somebody's own control beside those of the catalogue, and somebody's own family.
            ("ENC-50", None),
            ("ROT-01", None),
            ("ACME-01", None),
            ("DATA-ENC-01", None),
            ("backups-are-kept", None),
        ] {
            assert_eq!(looks_like(id, known), like, "{id}");
        }
    }
}
