//! Headers of an object whose text is not ASCII: the wire layer reads ASCII only, so they come
//! through it in hexadecimal digits.

/// Marks a value in hexadecimal digits. A value that begins so by itself is written so, too.
const MARK: &str = "gainsay-hex:";

/// The value as the wire layer reads it, if it has to be another than it is.
pub(crate) fn kept(sent: &str) -> Option<String> {
    (!sent.is_ascii() || sent.starts_with(MARK)).then(|| format!("{MARK}{}", hex::encode(sent)))
}

/// The value as it was sent.
pub(crate) fn as_sent(kept: String) -> String {
    let digits = kept.strip_prefix(MARK).and_then(|digits| hex::decode(digits).ok());
    digits.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_as_it_was() {
        for text in ["a", "", "Ä — b", "gainsay-hex:", "gainsay-hex:41"] {
            let through = kept(text).unwrap_or_else(|| text.to_owned());
            assert!(through.is_ascii());
            assert_eq!(as_sent(through), text);
        }
    }
}
