//! Where the statements of a policy stand in its text, as the simulator tells it
//! (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_Position.html>).
//!
//! A statement begins behind the sign before it (`:`, `[` or `,`) and ends behind its brace, lines
//! and columns counted from 1: so AWS answers for `AdministratorAccess` (3:17 to 8:6) and
//! for a policy of one line
//! (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html>).

/// From where to where a statement stands: line and column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub start: (usize, usize),
    pub end: (usize, usize),
}

/// The places of the statements of a policy that can be read.
pub(super) fn places(text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    let (mut line, mut column, mut depth) = (1, 1, 0_usize);
    let (mut in_string, mut escaped, mut string) = (false, false, String::new());
    // The depth at which statements stand, once the member was found.
    let (mut level, mut before) = (None, (1, 1));
    let mut start = None;
    for c in text.chars() {
        let behind = (line, column + 1);
        if in_string {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = false,
                _ => string.push(c),
            }
        } else {
            match c {
                '"' => {
                    in_string = true;
                    string.clear();
                }
                ':' if depth == 1 => {
                    level = (string == "Statement").then_some(1);
                    before = behind;
                }
                '[' | '{' => {
                    if c == '[' && depth == 1 && level == Some(1) {
                        (level, before) = (Some(2), behind);
                    } else if c == '{' && level == Some(depth) {
                        start = Some(before);
                    }
                    depth += 1;
                }
                ']' | '}' => {
                    depth = depth.saturating_sub(1);
                    if c == '}' && level == Some(depth) {
                        let place = start.take().map(|start| Place { start, end: behind });
                        places.extend(place);
                    }
                }
                ',' if level == Some(depth) => before = behind,
                _ => {}
            }
        }
        (line, column) = if c == '\n' { (line + 1, 1) } else { behind };
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_stand_where_aws_says() {
        let administrator = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}";
        let one_line = r#"{"Version":"2012-10-17","Statement":[{"Sid":"[{:,\"","Effect":"Allow"},{"a":{"b":[]}}],"Id":"{}"}"#;
        let alone = "{\"Statement\":\n {\"Effect\":\"Allow\"}}";
        for (text, expected) in [
            (administrator, vec![((3, 17), (8, 6))]),
            (one_line, vec![((1, 38), (1, 71)), ((1, 72), (1, 86))]),
            (alone, vec![((1, 14), (2, 20))]),
            ("{}", vec![]),
            ("[{}", vec![]),
        ] {
            let expected: Vec<Place> =
                expected.into_iter().map(|(start, end)| Place { start, end }).collect();
            assert_eq!(places(text), expected, "{text}");
        }
    }
}
