//! The same call as a command, for a failure's reader to try.

use std::fmt::Write as _;

use heck::ToKebabCase as _;

use super::{Call, Param, Service, content::tags};
use crate::attempt::Principal;

/// How an operation is written as a command.
#[derive(Clone, Copy, Debug)]
pub struct CommandLine {
    /// The parameters that are written otherwise than for most operations.
    pub(super) options: &'static [(Param, Spelling)],
    /// What is written behind the parameters; nothing where it is empty.
    pub(super) more: fn(&Call) -> String,
    /// What `curl` is told to send it as a presigned URL, where it is no GET.
    pub(super) presigned: &'static str,
    /// The whole command for a Region, where there is none of `aws`.
    pub(super) instead: Option<fn(&Call, &str) -> String>,
}

impl CommandLine {
    /// The parameters as most operations have them, and nothing else.
    pub(super) const USUAL: Self =
        Self { options: &[], more: |_| String::new(), presigned: "", instead: None };

    fn spelling(&self, param: Param) -> Spelling {
        let own = self.options.iter().find(|(own, _)| *own == param);
        own.map_or_else(|| usual(param), |(_, spelling)| *spelling)
    }
}

/// How the value of a parameter is written.
#[derive(Clone, Copy, Debug)]
pub enum Spelling {
    /// Not by itself: it is no part of the command, or of what is written behind the options.
    Nowhere,
    /// As the value of an option.
    Option(&'static str),
    /// With or without a `no-` in front of this name.
    Switch(&'static str),
    /// As words of their own behind an option, where it is a list with commas.
    Words(&'static str),
    /// Always the same.
    Fixed(&'static str),
    /// In a form of its own.
    Own(fn(&str) -> String),
}

impl Spelling {
    fn write(self, value: &str) -> String {
        match self {
            Self::Nowhere => String::new(),
            Self::Option(name) => format!("{name} {}", quote(value)),
            Self::Switch(name) if value == "true" => format!("--{name}"),
            Self::Switch(name) => format!("--no-{name}"),
            Self::Words(name) => format!("{name} {}", words(value.split(',').map(str::to_owned))),
            Self::Fixed(text) => text.to_owned(),
            Self::Own(write) => write(value),
        }
    }
}

/// The command, with the principal as a profile of that name.
#[must_use]
pub fn command(call: &Call, region: &str) -> String {
    let operation = call.operation;
    if let Some((lifetime, _)) = call.presigned {
        return presigned(call, lifetime, region);
    }
    if let Some(instead) = operation.command.instead {
        return instead(call, region);
    }
    let subcommand = operation.short_name().to_kebab_case();
    let mut text = format!("aws {} {subcommand}", client(operation.service));
    match &call.principal {
        Principal::Role(role) => _ = write!(text, " --profile {}", quote(&role.name)),
        Principal::Anonymous => text.push_str(" --no-sign-request"),
    }
    _ = write!(text, " --region {region}");
    if call.plain {
        _ = write!(text, " --endpoint-url http://{}", operation.service.host(region));
    }
    let mut add = |option: String| {
        if !option.is_empty() {
            _ = write!(text, " {option}");
        }
    };
    for (param, value) in &call.values {
        add(operation.command.spelling(*param).write(value));
    }
    if operation.service == Service::S3Control {
        add(format!("--account-id {}", call.account));
    } else if let Some(owner) = &call.bucket_owner {
        add(format!("--expected-bucket-owner {owner}"));
    }
    add((operation.command.more)(call));
    text
}

/// What the AWS CLI calls a service.
const fn client(service: Service) -> &'static str {
    match service {
        Service::S3 => "s3api",
        Service::S3Control => "s3control",
        Service::Kms => "kms",
        Service::Sts => "sts",
        Service::Iam => "iam",
        Service::CloudTrail => "cloudtrail",
        Service::Logs => "logs",
        Service::CloudWatch => "cloudwatch",
        Service::AccessAnalyzer => "accessanalyzer",
        Service::Macie => "macie2",
        Service::Config => "configservice",
    }
}

fn presigned(call: &Call, lifetime: u64, region: &str) -> String {
    let bucket = call.get(Param::Bucket).unwrap_or_default();
    let key = call.get(Param::Key).unwrap_or_default();
    let scheme = if call.plain { "http" } else { "https" };
    format!(
        "curl {}\"$(aws s3 presign {} --expires-in {lifetime} --profile {} --region {region} \
         --endpoint-url {scheme}://{})\"",
        call.operation.command.presigned,
        quote(&format!("s3://{bucket}/{key}")),
        quote(call.principal.name()),
        Service::S3.host(region),
    )
}

/// How most operations have a parameter.
const fn usual(param: Param) -> Spelling {
    match param {
        // Nobody chooses the network, the session or the transport with an option; a document has
        // another name for each operation.
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
        | Param::Permission => Spelling::Nowhere,
        Param::Bucket => Spelling::Option("--bucket"),
        Param::Key => Spelling::Option("--key"),
        Param::Version => Spelling::Option("--version-id"),
        Param::Upload => Spelling::Option("--upload-id"),
        Param::PartNumber => Spelling::Option("--part-number"),
        Param::CopySource => Spelling::Option("--copy-source"),
        Param::Encryption => Spelling::Option("--server-side-encryption"),
        Param::KmsKey => Spelling::Option("--ssekms-key-id"),
        Param::Acl => Spelling::Option("--acl"),
        Param::Prefix => Spelling::Option("--prefix"),
        Param::StorageClass => Spelling::Option("--storage-class"),
        Param::Annotation => Spelling::Option("--annotation-name"),
        Param::KeyId => Spelling::Option("--key-id"),
        Param::SourceKey => Spelling::Option("--source-key-id"),
        Param::Alias => Spelling::Option("--alias-name"),
        Param::Grantee => Spelling::Option("--grantee-principal"),
        Param::RetiringPrincipal => Spelling::Option("--retiring-principal"),
        Param::PendingDays => Spelling::Option("--pending-window-in-days"),
        Param::Trail | Param::AccessPoint => Spelling::Option("--name"),
        Param::Role => Spelling::Option("--role-arn"),
        Param::ExternalId => Spelling::Option("--external-id"),
        Param::SessionPolicy => Spelling::Option("--policy"),
        Param::SourceIdentity => Spelling::Option("--source-identity"),
        Param::Duration => Spelling::Option("--duration-seconds"),
        Param::Job => Spelling::Option("--job-id"),
        Param::Location => Spelling::Option("--access-grants-location-id"),
        Param::Tags => Spelling::Option("--tagging"),
        Param::BucketKey => Spelling::Switch("bucket-key-enabled"),
        Param::DryRun => Spelling::Switch("dry-run"),
        Param::BypassLockoutCheck => Spelling::Switch("bypass-policy-lockout-safety-check"),
        Param::GrantOperations => Spelling::Words("--operations"),
        Param::TagKeys => Spelling::Words("--tag-keys"),
        Param::TransitiveTags => Spelling::Words("--transitive-tag-keys"),
        Param::Body => Spelling::Fixed("--body body"),
        Param::Ciphertext => Spelling::Fixed("--ciphertext-blob fileb://ciphertext"),
        Param::CustomerKey => Spelling::Fixed(
            "--sse-customer-algorithm AES256 --sse-customer-key fileb://customer-key",
        ),
        Param::EncryptionContext => {
            Spelling::Own(|value| format!("--encryption-context {}", quote(&map(value))))
        }
        Param::IgnoreCiphertext => Spelling::Own(|value| {
            let modifiers =
                if value == "true" { "--dry-run-modifiers IGNORE_CIPHERTEXT" } else { "" };
            modifiers.to_owned()
        }),
        Param::Grant => Spelling::Own(|value| {
            let (_, token) = value.split_once(':').unwrap_or((value, ""));
            format!("--grant-tokens {}", quote(token))
        }),
        Param::ContextEquals => Spelling::Own(|value| {
            let constraint = format!("EncryptionContextEquals={{{}}}", map(value));
            format!("--constraints {}", quote(&constraint))
        }),
        Param::ContextSubset => Spelling::Own(|value| {
            let constraint = format!("EncryptionContextSubset={{{}}}", map(value));
            format!("--constraints {}", quote(&constraint))
        }),
        Param::SessionTags => Spelling::Own(tag_list),
        Param::Parts => Spelling::Own(parts),
    }
}

/// `1:etag,2:etag` as the CLI's list of parts.
fn parts(value: &str) -> String {
    let parts = value.split(',').filter_map(|part| part.split_once(':'));
    let parts: Vec<String> =
        parts.map(|(number, etag)| format!("{{PartNumber={number},ETag={etag}}}")).collect();
    format!("--multipart-upload {}", quote(&format!("Parts=[{}]", parts.join(","))))
}

/// `a=1&b=2` as the CLI's list of tags, `Key=a,Value=1 Key=b,Value=2`.
pub(super) fn tag_list(value: &str) -> String {
    let pairs = tags(value).into_iter().map(|(key, value)| format!("Key={key},Value={value}"));
    format!("--tags {}", words(pairs))
}

/// `a=1&b=2` as the tags of an object or a bucket, `TagSet=[{Key=a,Value=1}]`.
pub(super) fn tag_set(value: &str) -> String {
    let tags: Vec<String> = tags(value)
        .into_iter()
        .map(|(key, value)| format!("{{Key={key},Value={value}}}"))
        .collect();
    format!("--tagging {}", quote(&format!("TagSet=[{}]", tags.join(","))))
}

/// Words one after another.
pub(super) fn words(words: impl Iterator<Item = String>) -> String {
    words.map(|word| quote(&word)).collect::<Vec<_>>().join(" ")
}

/// `a=1&b=2` as the AWS CLI writes a map.
pub(super) fn map(value: &str) -> String {
    value.replace('&', ",")
}

/// A word that a POSIX shell reads back as it is. No crate for it fits: `shell-words` leaves braces
/// as they are, `shlex` quotes the commas and equals signs that most options have.
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
    use crate::attempt::{Operation, Principal};

    #[test]
    fn a_shell_reads_hostile_text_as_one_word() {
        assert_eq!(quote("a/b.csv"), "a/b.csv");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("'; rm -rf ~ #"), "''\\''; rm -rf ~ #'");
        assert_eq!(quote("$(id)"), "'$(id)'");
        assert_eq!(quote(""), "''");
    }

    /// An operation, its parameters, and its command.
    type Row = (&'static str, &'static [(Param, &'static str)], &'static str);

    const COMMANDS: &[Row] = &[
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
            &[(Param::Role, "arn:aws:iam::111122223333:role/path/a"), (Param::Tags, "key-id=1")],
            "aws iam tag-role --no-sign-request --region eu-west-1 --tags Key=key-id,Value=1 --role-name a",
        ),
        (
            "s3:ListObjectsV2",
            &[(Param::Bucket, "b"), (Param::Prefix, "p/")],
            "aws s3api list-objects-v2 --no-sign-request --region eu-west-1 --bucket b --prefix p/",
        ),
        (
            "s3:DeleteObjects",
            &[(Param::Bucket, "b"), (Param::Key, "k")],
            r#"aws s3api delete-objects --no-sign-request --region eu-west-1 --bucket b --delete '{"Objects":[{"Key":"k"}]}'"#,
        ),
        (
            "s3:PutBucketLogging",
            &[(Param::Bucket, "b")],
            r#"aws s3api put-bucket-logging --no-sign-request --region eu-west-1 --bucket b --bucket-logging-status '{"LoggingEnabled":{"TargetBucket":"b","TargetPrefix":"gainsay-synthetic/"}}'"#,
        ),
        (
            "kms:ReEncrypt",
            &[
                (Param::KeyId, "to"),
                (Param::SourceKey, "from"),
                (Param::EncryptionContext, "a=1&b=2"),
            ],
            "aws kms re-encrypt --no-sign-request --region eu-west-1 --destination-key-id to --source-key-id from --source-encryption-context a=1,b=2 --destination-encryption-context a=1,b=2",
        ),
        (
            "kms:RevokeGrant",
            &[(Param::KeyId, "k"), (Param::Grant, "id:token")],
            "aws kms revoke-grant --no-sign-request --region eu-west-1 --key-id k --grant-id id",
        ),
        (
            "s3:DescribeJob",
            &[(Param::Job, "j")],
            "aws s3control describe-job --no-sign-request --region eu-west-1 --job-id j --account-id 111122223333",
        ),
    ];

    #[test]
    fn a_command_says_all_that_the_call_sends() {
        for (operation, params, expected) in COMMANDS {
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
            assert_eq!(command(&call, "eu-west-1"), *expected);
        }
    }
}
