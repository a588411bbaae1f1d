//! Configurations of a bucket that are files of their own: lifecycle, access logging, inventory. A
//! file is the XML that the API takes
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html> and
//! its like).

use gainsay_model::{PublicAccessBlock, SETTING_KINDS, Setting, Source, xml::Element};

use super::{
    raw::RawPublicAccess,
    template::{self, TemplateNames},
};
use crate::files::{
    diag::{Code, Diagnostic},
    yaml::Located,
};

/// Reads one.
///
/// # Errors
/// There is no such kind, a name in it that the environment does not have, or a file that is not
/// the document it should be.
pub(super) fn read(
    name: &Located<String>,
    yaml: &Source,
    file: &Source,
    known: &TemplateNames<'_>,
) -> Result<Setting, Diagnostic> {
    let Some(kind) = SETTING_KINDS.iter().find(|kind| kind.name == name.value) else {
        return Err(Diagnostic::new(
            Code::UnknownName,
            format!("no configuration is called `{}`", name.value),
        )
        .at(yaml, name.span.clone())
        .suggest(&name.value, SETTING_KINDS.iter().map(|kind| kind.name)));
    };
    let text = template::text(file.text(), known).map_err(|problem| {
        let at = file.text().find(problem.written()).unwrap_or_default();
        problem.diagnostic(known).at(file, at..at + problem.written().len())
    })?;
    let document =
        Element::read(text.trim().as_bytes()).filter(|document| document.name == kind.root);
    let Some(document) = document else {
        return Err(Diagnostic::new(
            Code::BadValue,
            format!("the {} configuration is not a whole `{}` document", kind.name, kind.root),
        )
        .at(file, 0..0)
        .help("write it as the API takes it: XML with this root element"));
    };
    let id = document.get("Id").unwrap_or_default();
    if kind.by_id && id.is_empty() {
        return Err(Diagnostic::new(
            Code::MissingKey,
            format!("the {} configuration has no `Id`", kind.name),
        )
        .at(file, 0..0)
        .help("add `<Id>`"));
    }
    Ok(Setting {
        kind,
        id: if kind.by_id { id.to_owned() } else { String::new() },
        text: text.trim().into(),
    })
}

/// After how many days a key is rotated
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html>).
pub(super) fn rotation(text: &str) -> Result<u32, Diagnostic> {
    let days = text.parse().ok().filter(|days| (90..=2560).contains(days));
    days.ok_or_else(|| {
        Diagnostic::new(
            Code::BadValue,
            format!("`{text}` is not after how many days a key can be rotated"),
        )
        .help("write a number of days from 90 to 2560")
    })
}

/// How many days ago a key was made.
pub(super) fn age(text: &str) -> Result<u32, Diagnostic> {
    let days = text.parse().ok().filter(|days| *days <= 4000);
    days.ok_or_else(|| {
        Diagnostic::new(Code::BadValue, format!("`{text}` is not how many days ago a key was made"))
            .help("write a number of days up to 4000")
    })
}

impl From<RawPublicAccess> for PublicAccessBlock {
    fn from(raw: RawPublicAccess) -> Self {
        Self {
            block_public_acls: raw.block_public_acls,
            ignore_public_acls: raw.ignore_public_acls,
            block_public_policy: raw.block_public_policy,
            restrict_public_buckets: raw.restrict_public_buckets,
        }
    }
}
