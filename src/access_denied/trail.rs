//! A refusal read from a record of AWS `CloudTrail`:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

use std::net::IpAddr;

use serde_json::Value;

use super::{
    RefusedCall,
    message::{ReadError, of_message, via_s3},
};
use crate::attempt::Operation;

/// Names of events that are not those of the API, and the action they are authorized as:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html>.
const EVENTS: &[(&str, &str)] = &[
    ("ListObjects", "s3:ListBucket"),
    ("PutBucketLifecycle", "s3:PutLifecycleConfiguration"),
    ("GetBucketLifecycle", "s3:GetLifecycleConfiguration"),
    ("DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"),
    ("GetBucketNotification", "s3:GetBucketNotification"),
    ("PutBucketNotification", "s3:PutBucketNotification"),
    ("GetBucketPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("PutBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("DeleteBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
];

/// A member of the record and the condition key it is the value of. Sub-resources and headers of S3
/// have their own names in `requestParameters`.
const MEMBERS: &[(&str, &str)] = &[
    ("/vpcEndpointId", "aws:SourceVpce"),
    ("/awsRegion", "aws:RequestedRegion"),
    ("/userAgent", "aws:UserAgent"),
    ("/eventTime", "aws:CurrentTime"),
    ("/userIdentity/userName", "aws:username"),
    ("/userIdentity/principalId", "aws:userid"),
    ("/userIdentity/sessionContext/attributes/mfaAuthenticated", "aws:MultiFactorAuthPresent"),
    ("/userIdentity/sessionContext/attributes/creationDate", "aws:TokenIssueTime"),
    ("/userIdentity/sessionContext/sourceIdentity", "aws:SourceIdentity"),
    ("/requestParameters/prefix", "s3:prefix"),
    ("/requestParameters/delimiter", "s3:delimiter"),
    ("/requestParameters/max-keys", "s3:max-keys"),
    ("/requestParameters/versionId", "s3:VersionId"),
];

/// The condition keys of the network that a request comes from, and of its transport.
const NETWORK: [&str; 5] =
    ["aws:SourceIp", "aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp", "aws:SecureTransport"];

/// Headers of uploads and copies that are condition keys under their own name:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/list_amazons3.html>. A record has every
/// header that was sent, so one that it lacks was not.
const HEADERS: &[&str] = &[
    "x-amz-acl",
    "x-amz-copy-source",
    "x-amz-metadata-directive",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
];

pub(super) fn read(text: &str) -> Result<RefusedCall, ReadError> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| ReadError::NoRecord(error.to_string()))?;
    let record = one(value)?;
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    let event = text("/eventName").ok_or_else(|| ReadError::NoRecord("no `eventName`".into()))?;
    let source = text("/eventSource").unwrap_or_default();
    let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    let not_refused = |what: String| ReadError::NotRefused { event: event.to_owned(), what };
    let Some(code) = text("/errorCode") else {
        return Err(not_refused("permitted".to_owned()));
    };
    if !is_refusal(code) {
        return Err(not_refused(format!("answered with `{code}`")));
    }
    let mut call = match text("/errorMessage") {
        None => RefusedCall::default(),
        Some(message) => match of_message(message) {
            Err(ReadError::NoRefusal) => RefusedCall::default(),
            read => read?,
        },
    };
    call.principal = call.principal.or_else(|| principal(&record));
    call.role = text("/userIdentity/sessionContext/sessionIssuer/arn")
        .filter(|arn| arn.contains(":role/"))
        .map(str::to_owned);
    call.action = call.action.or_else(|| action(service, event, &record));
    call.resource = call.resource.or_else(|| resource(&record));
    if call.principal.is_none() {
        return Err(ReadError::Untold("who was refused"));
    }
    if call.action.is_none() {
        return Err(ReadError::Untold("which action was refused"));
    }
    context(&record, service, &mut call);
    Ok(call)
}

/// The one record of a file, of an answer of `LookupEvents`, or the record itself.
fn one(value: Value) -> Result<Value, ReadError> {
    match value {
        Value::Object(mut members) => {
            for list in ["Records", "Events"] {
                if let Some(records) = members.remove(list) {
                    return one(records);
                }
            }
            match members.remove("CloudTrailEvent") {
                Some(Value::String(text)) => serde_json::from_str(&text)
                    .map_err(|error| ReadError::NoRecord(error.to_string())),
                _ => Ok(Value::Object(members)),
            }
        }
        Value::Array(mut records) => match (records.pop(), records.len()) {
            (Some(record), 0) if record.is_object() => one(record),
            (Some(_), 0) => Err(ReadError::NoRecord("it is no object".to_owned())),
            (_, more) => Err(ReadError::Several(if records.is_empty() { 0 } else { more + 1 })),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(ReadError::NoRecord("it is no object".to_owned()))
        }
    }
}

/// The codes under which records have refusals of authorization: of S3, KMS and STS the first; of
/// others `Client.UnauthorizedOperation` and the like.
fn is_refusal(code: &str) -> bool {
    code == "AccessDenied"
        || code == "AccessDeniedException"
        || code == "VpceAccessDenied"
        || code.ends_with("UnauthorizedOperation")
}

/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>.
fn principal(record: &Value) -> Option<String> {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    match text("/userIdentity/type") {
        Some("AWSService") => text("/userIdentity/invokedBy"),
        // Who calls anonymously is in no account.
        Some("AWSAccount")
            if ["anonymous", "ANONYMOUS_PRINCIPAL"]
                .iter()
                .any(|word| text("/userIdentity/accountId") == Some(word)) =>
        {
            Some("anonymous")
        }
        _ => text("/userIdentity/arn"),
    }
    .map(str::to_owned)
}

fn action(service: &str, event: &str, record: &Value) -> Option<String> {
    let special = EVENTS.iter().find(|(name, _)| service == "s3" && *name == event);
    if let Some((_, action)) = special {
        return Some((*action).to_owned());
    }
    let operation = Operation::named(&format!("{service}:{event}"))?;
    let version = record.pointer("/requestParameters/versionId").is_some();
    let with_version = operation.action_with_version.filter(|_| version);
    Some(with_version.unwrap_or(operation.action).to_owned())
}

/// The ARN of the object, bucket, key or role.
fn resource(record: &Value) -> Option<String> {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    if let Some(bucket) = text("/requestParameters/bucketName") {
        let key = text("/requestParameters/key").map(|key| format!("/{key}"));
        return Some(format!("arn:aws:s3:::{bucket}{}", key.unwrap_or_default()));
    }
    if let Some(role) = text("/requestParameters/roleArn") {
        return Some(role.to_owned());
    }
    let key = text("/requestParameters/keyId").filter(|key| key.starts_with("arn:"));
    key.or_else(|| text("/resources/0/ARN")).map(str::to_owned)
}

/// The condition keys that the record tells.
fn context(record: &Value, service: &str, call: &mut RefusedCall) {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    let mut set = |key: &str, value: &str| {
        call.context.push((key.to_owned(), vec![value.to_owned()]));
    };
    for (pointer, key) in MEMBERS {
        if let Some(value) = text(pointer) {
            // S3's records have brackets around it.
            let inner = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
            set(key, inner.unwrap_or(value));
        }
    }
    let through = text("/vpcEndpointId").is_some();
    let address = text("/sourceIPAddress").filter(|text| text.parse::<IpAddr>().is_ok());
    if let Some(address) = address {
        set(if through { "aws:VpcSourceIp" } else { "aws:SourceIp" }, address);
        if !through {
            absent(call, &["aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp"]);
        }
    }
    let mut set = |key: &str, value: &str| {
        call.context.push((key.to_owned(), vec![value.to_owned()]));
    };
    // Long-term credentials have neither:
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
    let is_user = text("/userIdentity/type") == Some("IAMUser");
    let long_term = is_user && record.pointer("/userIdentity/sessionContext").is_none();
    if record.pointer("/tlsDetails/tlsVersion").is_some() {
        set("aws:SecureTransport", "true");
    }
    if long_term {
        absent(call, &["aws:MultiFactorAuthPresent", "aws:TokenIssueTime"]);
    }
    let parameters = record.get("requestParameters").and_then(Value::as_object);
    if let Some(parameters) = parameters.filter(|_| service == "s3") {
        for header in HEADERS {
            let value = parameters.get(*header).and_then(Value::as_str);
            // A bucket's default key stands in for the header of the key.
            if value.is_none() && *header == "x-amz-server-side-encryption-aws-kms-key-id" {
                continue;
            }
            let values = value.map(str::to_owned).into_iter().collect();
            call.context.push((format!("s3:{header}"), values));
        }
    }
    let mut set = |key: &str, value: &str| {
        call.context.push((key.to_owned(), vec![value.to_owned()]));
    };
    match text("/additionalEventData/AuthenticationMethod") {
        Some("AuthHeader") => set("s3:authType", "REST-HEADER"),
        Some("QueryString") => set("s3:authType", "REST-QUERY-STRING"),
        _ => {}
    }
    if text("/additionalEventData/SignatureVersion") == Some("SigV4") {
        set("s3:signatureversion", "AWS4-HMAC-SHA256");
    }
    let pairs = record.pointer("/requestParameters/encryptionContext").and_then(Value::as_object);
    for (name, value) in pairs.into_iter().flatten() {
        if let Some(value) = value.as_str() {
            set(&format!("kms:EncryptionContext:{name}"), value);
        }
    }
    let on_key = call.action.as_deref().is_some_and(|action| action.starts_with("kms:"));
    let invoked =
        text("/userIdentity/invokedBy").is_some_and(|by| by.ends_with("s3.amazonaws.com"));
    if on_key && (service == "s3" || invoked) {
        // What S3 asks comes from a network of S3's own.
        let of_caller = |key: &str| !key.starts_with("s3:") && !NETWORK.contains(&key);
        call.context.retain(|(key, _)| of_caller(key));
        via_s3(call);
    } else if text("/userIdentity/invokedBy").is_none() {
        call.context.push(("aws:ViaAWSService".to_owned(), vec!["false".to_owned()]));
    }
}

/// Notes that the request does not have these condition keys.
fn absent(call: &mut RefusedCall, keys: &[&str]) {
    call.context.extend(keys.iter().map(|key| ((*key).to_owned(), Vec::new())));
}
