//! Text from files, clients and servers, made safe to show.

/// The text on one line, with every character visible that could make it look like something else:
/// control characters, line ends, and what reorders or hides text become `\u{..}`.
#[must_use]
pub fn one_line(text: &str) -> String {
    // Nearly all of a report, and three times as fast.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_deceptive(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that control a terminal, reorder text on it (Unicode TR 9), break its lines or cannot
/// be seen: they could make a file look like another.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_shows_what_could_deceive() {
        assert_eq!(
            one_line("a\nb\r\t\u{1b}[2K\u{9b}\u{0}"),
            r"a\u{a}b\u{d}\u{9}\u{1b}[2K\u{9b}\u{0}"
        );
        assert_eq!(
            one_line("\u{202e}\u{2066}\u{200b}\u{2028}\u{feff}"),
            r"\u{202e}\u{2066}\u{200b}\u{2028}\u{feff}"
        );
        assert_eq!(
            one_line("Schlüssel für 日本 \u{1f511} <&>\"'"),
            "Schlüssel für 日本 \u{1f511} <&>\"'"
        );
    }
}
