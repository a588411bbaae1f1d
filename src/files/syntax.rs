//! What names, account ids, Regions and names of buckets look like.

use crate::files::diag::{Code, Diagnostic};

/// Logical names appear in templates, ids and file names, so they are kept plain.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// What is wrong with a text that is none.
pub(super) fn bad_name(name: &str) -> Diagnostic {
    Diagnostic::new(Code::BadValue, format!("`{name}` cannot be a name"))
        .help("up to 64 letters, digits, `-` and `_`")
}

/// Twelve digits.
pub(super) fn is_account(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// As `eu-west-1`.
pub(super) fn is_region(region: &str) -> bool {
    !region.is_empty()
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>; dots are left
/// out because virtual-hosted HTTPS cannot serve them.
pub(super) fn is_bucket_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let edge =
        |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
        && edge(bytes.first())
        && edge(bytes.last())
}
