//! The same call as an `aws` command, for a failure's reader to try.

use std::fmt::Write as _;

use super::{Call, Op, Param, Service, fill::host};
use crate::scenario::Principal;

/// The command, with the principal as a profile of that name.
#[must_use]
pub fn command(call: &Call, region: &str) -> String {
    let operation = call.operation;
    if let Some((lifetime, _)) = call.presigned {
        let method = match operation.op {
            Op::PutObject | Op::UploadPart => "-X PUT --data-binary @body ",
            Op::DeleteObject => "-X DELETE ",
            Op::HeadObject => "-I ",
            _ => "",
        };
        let bucket = call.get(Param::Bucket).unwrap_or_default();
        let key = call.get(Param::Key).unwrap_or_default();
        let scheme = if call.plain { "http" } else { "https" };
        return format!(
            "curl {method}\"$(aws s3 presign {} --expires-in {lifetime} --profile {} --region {region} --endpoint-url {scheme}://{})\"",
            quote(&format!("s3://{bucket}/{key}")),
            quote(call.principal.name()),
            host(Service::S3, region),
        );
    }
    let mut text = format!("aws {}", operation.cli);
    match &call.principal {
        Principal::Role(role) => _ = write!(text, " --profile {}", quote(&role.name)),
        Principal::Anonymous => text.push_str(" --no-sign-request"),
    }
    _ = write!(text, " --region {region}");
    if call.plain {
        _ = write!(text, " --endpoint-url http://{}", host(operation.service, region));
    }
    for (param, value) in &call.values {
        if let Some(option) = option(operation.op, *param, value) {
            _ = write!(text, " {option}");
        }
    }
    if let Some(owner) = &call.bucket_owner {
        _ = write!(text, " --expected-bucket-owner {owner}");
    }
    if matches!(operation.op, Op::GetObject) {
        text.push_str(" /dev/stdout");
    }
    if matches!(operation.op, Op::AssumeRole) {
        text.push_str(" --role-session-name gainsay");
    }
    text
}

fn option(op: Op, param: Param, value: &str) -> Option<String> {
    let flag = |name: &str| Some(format!("{name} {}", quote(value)));
    match param {
        Param::As | Param::Transport | Param::Presigned | Param::SignedAgo => None,
        Param::Bucket => flag("--bucket"),
        Param::Key => flag("--key"),
        Param::Version => flag("--version-id"),
        Param::Upload => flag("--upload-id"),
        Param::PartNumber => flag("--part-number"),
        Param::CopySource => flag("--copy-source"),
        Param::Encryption => flag("--server-side-encryption"),
        Param::KmsKey => flag("--ssekms-key-id"),
        Param::Acl => flag("--acl"),
        Param::Prefix => flag("--prefix"),
        Param::KeyId => flag("--key-id"),
        Param::Role => flag("--role-arn"),
        Param::ExternalId => flag("--external-id"),
        Param::SessionTags => Some(format!(
            "--tags{}",
            words(tags(value).iter().map(|(key, value)| format!("Key={key},Value={value}")))
        )),
        Param::TransitiveTags => Some(format!("--transitive-tag-keys{}", words(value.split(',').map(str::to_owned)))),
        Param::SessionPolicy => flag("--policy"),
        Param::SourceIdentity => flag("--source-identity"),
        Param::Duration => flag("--duration-seconds"),
        Param::Body if op == Op::Encrypt => flag("--plaintext"),
        Param::Body => Some("--body body".to_owned()),
        Param::Ciphertext => Some("--ciphertext-blob fileb://ciphertext".to_owned()),
        Param::Tags if op == Op::PutObjectTagging => Some(format!("--tagging {}", quote(&tag_set(value)))),
        Param::Tags => flag("--tagging"),
        Param::BucketKey => Some(switch("bucket-key-enabled", value)),
        Param::DryRun => Some(switch("dry-run", value)),
        Param::CustomerKey => Some("--sse-customer-algorithm AES256 --sse-customer-key fileb://customer-key".to_owned()),
        Param::Parts => {
            let parts: Vec<String> = value
                .split(',')
                .filter_map(|part| part.split_once(':'))
                .map(|(number, etag)| format!("{{PartNumber={number},ETag={etag}}}"))
                .collect();
            Some(format!("--multipart-upload {}", quote(&format!("Parts=[{}]", parts.join(",")))))
        }
    }
}

/// Words one after another, each after a space.
fn words(words: impl Iterator<Item = String>) -> String {
    words.map(|word| format!(" {}", quote(&word))).collect()
}

fn switch(name: &str, value: &str) -> String {
    if value == "true" {
        format!("--{name}")
    } else {
        format!("--no-{name}")
    }
}

fn tag_set(value: &str) -> String {
    let tags: Vec<String> = tags(value)
        .into_iter()
        .map(|(key, value)| format!("{{Key={key},Value={value}}}"))
        .collect();
    format!("TagSet=[{}]", tags.join(","))
}

/// `a=1&b=2` as pairs.
#[must_use]
pub(super) fn tags(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// A word that a POSIX shell reads back as it is.
fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn a_shell_reads_hostile_text_as_one_word() {
        assert_eq!(quote("a/b.csv"), "a/b.csv");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("'; rm -rf ~ #"), "''\\''; rm -rf ~ #'");
        assert_eq!(quote("$(id)"), "'$(id)'");
        assert_eq!(quote(""), "''");
    }
}
