//! The same call as an `aws` command, for a failure's reader to try.

use std::fmt::Write as _;

use super::{
    Call, Op, Param, Service,
    call::RESTORE_DAYS,
    content::{SYNTHETIC, content},
};
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
            Service::S3.host(region),
        );
    }
    if operation.op == Op::PostObject {
        return form(call, region);
    }
    let mut text = format!("aws {}", operation.cli);
    match &call.principal {
        Principal::Role(role) => _ = write!(text, " --profile {}", quote(&role.name)),
        Principal::Anonymous => text.push_str(" --no-sign-request"),
    }
    _ = write!(text, " --region {region}");
    if call.plain {
        _ = write!(text, " --endpoint-url http://{}", operation.service.host(region));
    }
    for (param, value) in &call.values {
        let option = match operation.service {
            Service::S3Control => control_option,
            _ => option,
        };
        if let Some(option) = option(operation.op, *param, value) {
            _ = write!(text, " {option}");
        }
    }
    if operation.service == Service::S3Control {
        _ = write!(text, " --account-id {}{}", call.account, control(call));
    } else if let Some(owner) = &call.bucket_owner {
        _ = write!(text, " --expected-bucket-owner {owner}");
    }
    text.push_str(&written(call));
    if matches!(operation.op, Op::GetObject | Op::GetObjectAnnotation) {
        text.push_str(" /dev/stdout");
    }
    if matches!(operation.op, Op::GenerateDataKey | Op::GenerateDataKeyWithoutPlaintext) {
        text.push_str(" --key-spec AES_256");
    }
    if matches!(operation.op, Op::AssumeRole) {
        text.push_str(" --role-session-name gainsay");
    }
    text
}

/// What the operation writes or asks for besides its parameters.
fn written(call: &Call) -> String {
    let option = |name: &str| {
        let content = content(call).unwrap_or_default();
        format!(" {name} {}", quote(&content))
    };
    let id = format!(" --id {SYNTHETIC}");
    match call.operation.op {
        Op::PutBucketPolicy => option("--policy"),
        Op::PutPublicAccessBlock => option("--public-access-block-configuration"),
        Op::PutBucketEncryption => option("--server-side-encryption-configuration"),
        Op::PutBucketVersioning => option("--versioning-configuration"),
        Op::PutBucketOwnershipControls => option("--ownership-controls"),
        Op::PutBucketLifecycleConfiguration => option("--lifecycle-configuration"),
        Op::PutBucketReplication => option("--replication-configuration"),
        Op::PutBucketLogging => option("--bucket-logging-status"),
        Op::PutBucketNotificationConfiguration => option("--notification-configuration"),
        Op::PutBucketInventoryConfiguration => id + &option("--inventory-configuration"),
        Op::GetBucketInventoryConfiguration | Op::DeleteBucketInventoryConfiguration => id,
        Op::PutBucketTagging if call.get(Param::Tags).is_none() => {
            format!(" --tagging 'TagSet=[{{Key={SYNTHETIC},Value=true}}]'")
        }
        Op::UpdateTrail => " --no-enable-log-file-validation".to_owned(),
        Op::PutEventSelectors => {
            " --event-selectors ReadWriteType=ReadOnly,IncludeManagementEvents=false".to_owned()
        }
        Op::GetObjectAttributes => " --object-attributes ETag ObjectSize StorageClass".to_owned(),
        Op::RestoreObject => format!(" --restore-request Days={RESTORE_DAYS}"),
        Op::DeleteObjects => {
            let mut object = serde_json::Map::new();
            let pairs = [("Key", call.get(Param::Key)), ("VersionId", call.get(Param::Version))];
            object.extend(
                pairs
                    .into_iter()
                    .filter_map(|(name, value)| Some((name.to_owned(), value?.into()))),
            );
            format!(" --delete {}", quote(&serde_json::json!({ "Objects": [object] }).to_string()))
        }
        Op::UpdateObjectEncryption => {
            let mut kms = serde_json::Map::new();
            kms.extend(call.get(Param::KmsKey).map(|key| ("KMSKeyArn".to_owned(), key.into())));
            kms.extend(
                call.flag(Param::BucketKey)
                    .map(|flag| ("BucketKeyEnabled".to_owned(), flag.into())),
            );
            format!(
                " --object-encryption {}",
                quote(&serde_json::json!({ "SSEKMS": kms }).to_string())
            )
        }
        _ => String::new(),
    }
}

/// What S3 Control is told besides the parameters.
fn control(call: &Call) -> String {
    let bucket = call.get(Param::Bucket).unwrap_or_default();
    match call.operation.op {
        Op::CreateJob => format!(
            " --operation {} --manifest {} --report Enabled=false --priority 1 --confirmation-required",
            quote(&format!("{{\"S3PutObjectCopy\":{{\"TargetResource\":\"arn:aws:s3:::{bucket}\"}}}}")),
            quote(&format!(
                "Spec={{Format=S3BatchOperations_CSV_20180820,Fields=[Bucket,Key]}},Location={{ObjectArn=arn:aws:s3:::{bucket}/gainsay-manifest.csv,ETag={}}}",
                "0".repeat(32)
            ))
        ),
        Op::GetDataAccess => {
            let prefix = call.get(Param::Prefix).unwrap_or_default();
            let permission = call.get(Param::Permission).unwrap_or_else(|| "READ".to_owned());
            format!(" --target {} --permission {permission}", quote(&format!("s3://{bucket}/{prefix}*")))
        }
        Op::CreateAccessGrantsLocation => {
            let prefix = call.get(Param::Prefix).unwrap_or_default();
            format!(" --location-scope {}", quote(&format!("s3://{bucket}/{prefix}")))
        }
        Op::CreateAccessGrant => {
            let prefix = call.get(Param::Prefix).unwrap_or_default();
            let grantee = call.get(Param::Grantee).unwrap_or_default();
            let permission = call.get(Param::Permission).unwrap_or_else(|| "READ".to_owned());
            format!(
                " --grantee {} --access-grants-location-configuration {} --permission {permission}",
                quote(&format!("GranteeType=IAM,GranteeIdentifier={grantee}")),
                quote(&format!("S3SubPrefix={prefix}*"))
            )
        }
        Op::CreateAccessPoint => match &call.bucket_owner {
            Some(owner) => format!(" --bucket-account-id {owner}"),
            None => String::new(),
        },
        Op::TagBucket | Op::UntagBucket | Op::ListTagsForResource => format!(" --resource-arn {}", quote(&call.resource)),
        Op::PutAccessPointPolicy if call.get(Param::Document).is_none() => " --policy file://policy".to_owned(),
        Op::PutAccountPublicAccessBlock => " --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true".to_owned(),
        _ => String::new(),
    }
}

/// No `aws` command sends a form. The policy and its signature are the reader's to make: they are
/// good for minutes only.
fn form(call: &Call, region: &str) -> String {
    let scheme = if call.plain { "http" } else { "https" };
    let bucket = call.get(Param::Bucket).unwrap_or_default();
    let mut text = "curl".to_owned();
    for (name, value) in super::call::form_fields(call) {
        _ = write!(text, " --form-string {}", quote(&format!("{name}={value}")));
    }
    if matches!(call.principal, Principal::Role(_)) {
        text.push_str(" -F \"policy=$POLICY\" -F \"x-amz-credential=$CREDENTIAL\" -F x-amz-algorithm=AWS4-HMAC-SHA256");
        text.push_str(" -F \"x-amz-date=$DATE\" -F \"x-amz-security-token=$TOKEN\" -F \"x-amz-signature=$SIGNATURE\"");
    }
    _ = write!(
        text,
        " -F file=@body {}",
        quote(&format!("{scheme}://{bucket}.{}/", Service::S3.host(region)))
    );
    text
}

/// The options of S3 Control that are not S3's.
fn control_option(op: Op, param: Param, value: &str) -> Option<String> {
    let flag = |name: &str| Some(format!("{name} {}", quote(value)));
    match param {
        Param::Bucket if op == Op::CreateAccessPoint => flag("--bucket"),
        Param::Tags => Some(format!("--tags {}", key_values(value))),
        Param::TagKeys => Some(format!("--tag-keys {}", listed(value))),
        Param::AccessPoint => flag("--name"),
        Param::Job => flag("--job-id"),
        Param::Document => flag("--policy"),
        Param::Role if op == Op::CreateAccessGrantsLocation => flag("--iam-role-arn"),
        Param::Role => flag("--role-arn"),
        Param::Location => flag("--access-grants-location-id"),
        // The rest is in what `control` writes.
        _ => None,
    }
}

#[expect(clippy::too_many_lines, reason = "an arm for each parameter")]
fn option(op: Op, param: Param, value: &str) -> Option<String> {
    let flag = |name: &str| Some(format!("{name} {}", quote(value)));
    match param {
        // Part of a document: see `written`.
        Param::Key | Param::Version if op == Op::DeleteObjects => None,
        Param::KmsKey | Param::BucketKey if op == Op::UpdateObjectEncryption => None,
        Param::Role if op == Op::PutBucketReplication => None,
        Param::Document if matches!(op, Op::PutKeyPolicy | Op::CreateKey) => flag("--policy"),
        Param::StorageClass => flag("--storage-class"),
        Param::Annotation => flag("--annotation-name"),
        Param::Body if op == Op::PutObjectAnnotation => {
            Some("--annotation-payload body".to_owned())
        }
        // Nobody chooses the network with an option; the last four are S3 Control's.
        Param::As
        | Param::SourceVpce
        | Param::SourceVpc
        | Param::SourceIp
        | Param::Transport
        | Param::Session
        | Param::Presigned
        | Param::SignedAgo
        | Param::Document
        | Param::Destination
        | Param::AccessPoint
        | Param::Job
        | Param::Location
        | Param::Permission => None,
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
        Param::KeyId => match op {
            Op::ReEncrypt => flag("--destination-key-id"),
            Op::CreateAlias | Op::UpdateAlias => flag("--target-key-id"),
            _ => flag("--key-id"),
        },
        Param::SourceKey => flag("--source-key-id"),
        Param::EncryptionContext => {
            let context = quote(&pairs(value));
            Some(match op {
                Op::ReEncrypt => format!(
                    "--source-encryption-context {context} --destination-encryption-context {context}"
                ),
                _ => format!("--encryption-context {context}"),
            })
        }
        Param::IgnoreCiphertext => {
            (value == "true").then(|| "--dry-run-modifiers IGNORE_CIPHERTEXT".to_owned())
        }
        Param::Alias => flag("--alias-name"),
        Param::Grant => {
            let (id, token) = value.split_once(':').unwrap_or((value, ""));
            Some(match op {
                Op::RevokeGrant | Op::RetireGrant => format!("--grant-id {}", quote(id)),
                _ => format!("--grant-tokens {}", quote(token)),
            })
        }
        Param::Grantee => flag("--grantee-principal"),
        Param::RetiringPrincipal => flag("--retiring-principal"),
        Param::GrantOperations => Some(format!("--operations {}", listed(value))),
        Param::ContextEquals => Some(format!(
            "--constraints {}",
            quote(&format!("EncryptionContextEquals={{{}}}", pairs(value)))
        )),
        Param::ContextSubset => Some(format!(
            "--constraints {}",
            quote(&format!("EncryptionContextSubset={{{}}}", pairs(value)))
        )),
        Param::PendingDays => flag("--pending-window-in-days"),
        Param::BypassLockoutCheck => Some(switch("bypass-policy-lockout-safety-check", value)),
        Param::TagKeys => Some(format!("--tag-keys {}", listed(value))),
        Param::Trail => flag(if op == Op::PutEventSelectors { "--trail-name" } else { "--name" }),
        Param::Role if matches!(op, Op::TagRole | Op::ListRoleTags) => {
            let name = value.rsplit('/').next().unwrap_or_default();
            Some(format!("--role-name {}", quote(name)))
        }
        Param::Tags if op == Op::TagRole => Some(format!("--tags {}", key_values(value))),
        Param::Role => flag("--role-arn"),
        Param::ExternalId => flag("--external-id"),
        Param::SessionTags => Some(format!("--tags {}", key_values(value))),
        Param::TransitiveTags => Some(format!("--transitive-tag-keys {}", listed(value))),
        Param::SessionPolicy => flag("--policy"),
        Param::SourceIdentity => flag("--source-identity"),
        Param::Duration => flag("--duration-seconds"),
        Param::Body if op == Op::Encrypt => flag("--plaintext"),
        Param::Body => Some("--body body".to_owned()),
        Param::Ciphertext => Some("--ciphertext-blob fileb://ciphertext".to_owned()),
        Param::Tags if matches!(op, Op::PutObjectTagging | Op::PutBucketTagging) => {
            Some(format!("--tagging {}", quote(&tag_set(value))))
        }
        Param::Tags if op == Op::TagResource => {
            let tags = tags(value)
                .into_iter()
                .map(|(key, value)| format!("TagKey={key},TagValue={value}"));
            Some(format!("--tags {}", words(tags)))
        }
        Param::Tags => flag("--tagging"),
        Param::BucketKey => Some(switch("bucket-key-enabled", value)),
        Param::DryRun => Some(switch("dry-run", value)),
        Param::CustomerKey => Some(
            "--sse-customer-algorithm AES256 --sse-customer-key fileb://customer-key".to_owned(),
        ),
        Param::Parts => Some(format!("--multipart-upload {}", quote(&parts(value)))),
    }
}

/// `1:etag,2:etag` as the CLI's list of parts.
fn parts(value: &str) -> String {
    let parts = value.split(',').filter_map(|part| part.split_once(':'));
    let parts: Vec<String> =
        parts.map(|(number, etag)| format!("{{PartNumber={number},ETag={etag}}}")).collect();
    format!("Parts=[{}]", parts.join(","))
}

/// `a=1&b=2` as the CLI's ` Key=a,Value=1 Key=b,Value=2`.
fn key_values(value: &str) -> String {
    words(tags(value).iter().map(|(key, value)| format!("Key={key},Value={value}")))
}

/// Words one after another.
fn words(words: impl Iterator<Item = String>) -> String {
    words.map(|word| quote(&word)).collect::<Vec<_>>().join(" ")
}

/// `a,b` as words of their own.
fn listed(value: &str) -> String {
    words(value.split(',').map(str::to_owned))
}

fn switch(name: &str, value: &str) -> String {
    if value == "true" { format!("--{name}") } else { format!("--no-{name}") }
}

/// `a=1&b=2` as the AWS CLI writes a map.
fn pairs(value: &str) -> String {
    value.replace('&', ",")
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
pub(crate) fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at a surprise")]
mod tests {
    use super::{Call, Param, Service, command, quote};
    use crate::{attempt::Operation, scenario::Principal};

    #[test]
    fn a_shell_reads_hostile_text_as_one_word() {
        assert_eq!(quote("a/b.csv"), "a/b.csv");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("'; rm -rf ~ #"), "''\\''; rm -rf ~ #'");
        assert_eq!(quote("$(id)"), "'$(id)'");
        assert_eq!(quote(""), "''");
    }

    #[test]
    fn a_command_says_all_that_the_call_sends() {
        type Params = &'static [(Param, &'static str)];
        let rows: [(&str, Params, &str); 10] = [
            (
                "sts:AssumeRole",
                &[
                    (Param::Role, "arn:aws:iam::111122223333:role/jobs"),
                    (Param::SessionTags, "team=a b&x=1"),
                    (Param::TransitiveTags, "team,x"),
                    (Param::SessionPolicy, "{}"),
                    (Param::Duration, "900"),
                ],
                "aws sts assume-role --no-sign-request --region eu-west-1 --role-arn arn:aws:iam::111122223333:role/jobs --tags 'Key=team,Value=a b' Key=x,Value=1 --transitive-tag-keys team x --policy '{}' --duration-seconds 900 --role-session-name gainsay",
            ),
            (
                "s3:CreateAccessPoint",
                &[(Param::AccessPoint, "one"), (Param::Bucket, "b")],
                "aws s3control create-access-point --no-sign-request --region eu-west-1 --bucket b --name one --account-id 111122223333 --bucket-account-id 444455556666",
            ),
            (
                "s3:TagResource",
                &[(Param::Bucket, "b"), (Param::Tags, "a=1")],
                "aws s3control tag-resource --no-sign-request --region eu-west-1 --tags Key=a,Value=1 --account-id 111122223333 --resource-arn arn:aws:s3:::b",
            ),
            (
                "s3:GetDataAccess",
                &[(Param::Bucket, "b"), (Param::Prefix, "p/")],
                "aws s3control get-data-access --no-sign-request --region eu-west-1 --account-id 111122223333 --target 's3://b/p/*' --permission READ",
            ),
            (
                "s3:CreateAccessGrantsLocation",
                &[
                    (Param::Bucket, "b"),
                    (Param::Role, "arn:aws:iam::111122223333:role/data"),
                    (Param::Prefix, "p/"),
                ],
                "aws s3control create-access-grants-location --no-sign-request --region eu-west-1 --iam-role-arn arn:aws:iam::111122223333:role/data --account-id 111122223333 --location-scope s3://b/p/",
            ),
            (
                "s3:CreateAccessGrant",
                &[
                    (Param::Location, "l"),
                    (Param::Grantee, "arn:aws:iam::111122223333:role/a"),
                    (Param::Permission, "WRITE"),
                ],
                "aws s3control create-access-grant --no-sign-request --region eu-west-1 --access-grants-location-id l --account-id 111122223333 --grantee GranteeType=IAM,GranteeIdentifier=arn:aws:iam::111122223333:role/a --access-grants-location-configuration 'S3SubPrefix=*' --permission WRITE",
            ),
            (
                "cloudtrail:PutEventSelectors",
                &[(Param::Trail, "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t")],
                "aws cloudtrail put-event-selectors --no-sign-request --region eu-west-1 --trail-name arn:aws:cloudtrail:eu-west-1:111122223333:trail/t --event-selectors ReadWriteType=ReadOnly,IncludeManagementEvents=false",
            ),
            (
                "cloudtrail:UpdateTrail",
                &[(Param::Trail, "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t")],
                "aws cloudtrail update-trail --no-sign-request --region eu-west-1 --name arn:aws:cloudtrail:eu-west-1:111122223333:trail/t --no-enable-log-file-validation",
            ),
            (
                "iam:TagRole",
                &[
                    (Param::Role, "arn:aws:iam::111122223333:role/path/a"),
                    (Param::Tags, "key-id=1"),
                ],
                "aws iam tag-role --no-sign-request --region eu-west-1 --tags Key=key-id,Value=1 --role-name a",
            ),
            (
                "s3:DescribeJob",
                &[(Param::Job, "j")],
                "aws s3control describe-job --no-sign-request --region eu-west-1 --job-id j --account-id 111122223333",
            ),
        ];
        for (operation, params, expected) in rows {
            let operation = Operation::named(operation).unwrap();
            let call = Call {
                operation,
                principal: Principal::Anonymous,
                plain: false,
                old_session: false,
                network: gainsay_iam::Network::default(),
                presigned: None,
                account: "111122223333".to_owned(),
                bucket_owner: (operation.service == Service::S3Control)
                    .then(|| "444455556666".to_owned()),
                values: params.iter().map(|(param, value)| (*param, (*value).to_owned())).collect(),
                action: operation.action,
                resource: "arn:aws:s3:::b".to_owned(),
            };
            assert_eq!(command(&call, "eu-west-1"), expected);
        }
    }
}
