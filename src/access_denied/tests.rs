//! What is read of messages and records, and what is found of them.

use std::slice;

use gainsay_iam::{Layer, explain};
use serde_json::{Value, json};

use super::{Finding, ReadError, RefusedCall, judge, read, with_policies};

const ANN: &str = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: ";

/// The end of a message; the layer and whether it is explicit.
const ENDS: &[(&str, Option<Layer>, Option<bool>)] = &[
    ("", None, None),
    (
        " because no identity-based policy allows the s3:GetObject action",
        Some(Layer::Identity),
        Some(false),
    ),
    (
        " because no resource-based policy allows the s3:GetObject action",
        Some(Layer::Resource),
        Some(false),
    ),
    (
        " because no session policy allows the s3:GetObject action",
        Some(Layer::Session),
        Some(false),
    ),
    (
        " because no permissions boundary allows the s3:GetObject action",
        Some(Layer::Boundary),
        Some(false),
    ),
    (
        " because no service control policy allows the s3:GetObject action",
        Some(Layer::Scp),
        Some(false),
    ),
    (
        " because no resource control policy allows the s3:GetObject action",
        Some(Layer::Rcp),
        Some(false),
    ),
    (
        " because no VPC endpoint policy allows the s3:GetObject action",
        Some(Layer::VpcEndpoint),
        Some(false),
    ),
    (" with an explicit deny in an identity-based policy", Some(Layer::Identity), Some(true)),
    (" with an explicit deny in a resource-based policy", Some(Layer::Resource), Some(true)),
    (" with an explicit deny in a session policy", Some(Layer::Session), Some(true)),
    (" with an explicit deny in a permissions boundary", Some(Layer::Boundary), Some(true)),
    (" with an explicit deny in a service control policy", Some(Layer::Scp), Some(true)),
    (
        " with an explicit deny in a service control policy: arn:aws:organizations::999999999999:policy/o-a/service_control_policy/p-b",
        Some(Layer::Scp),
        Some(true),
    ),
    (" with an explicit deny in a resource control policy", Some(Layer::Rcp), Some(true)),
    (" with an explicit deny in a VPC endpoint policy", Some(Layer::VpcEndpoint), Some(true)),
];

#[test]
fn every_reason_of_aws_is_read() {
    for (end, layer, explicit) in ENDS {
        for resource in ["\"arn:aws:s3:::reports/a\"", "arn:aws:s3:::reports/a"] {
            let text = format!("{ANN}s3:GetObject on resource: {resource}{end}");
            let call = read(&text).unwrap();
            assert_eq!(call.principal.as_deref(), Some("arn:aws:iam::111122223333:user/ann"));
            assert_eq!(call.action.as_deref(), Some("s3:GetObject"), "{text}");
            assert_eq!(call.resource.as_deref(), Some("arn:aws:s3:::reports/a"), "{text}");
            assert_eq!(call.layers.first(), layer.as_ref(), "{text}");
            assert_eq!(call.explicit, *explicit, "{text}");
            assert_eq!(call.policy.is_some(), end.contains("arn:"), "{text}");
        }
    }
}

#[test]
fn a_message_is_read_as_clients_print_it() {
    let message = format!(
        "{ANN}kms:Decrypt on resource: arn:aws:kms:eu-west-1:111122223333:key/1 because no \
         identity-based policy allows the kms:Decrypt action"
    );
    let direct = read(&message).unwrap();
    assert_eq!(direct.context, []);
    let xml = message.replace('"', "&quot;");
    for text in [
        format!("AccessDeniedException: {message}"),
        format!("<Error><Code>AccessDenied</Code><Message>{xml}</Message></Error>"),
        format!(
            "An error occurred (AccessDeniedException) when calling the Decrypt operation: {message}"
        ),
        format!("  {message}\n"),
    ] {
        assert_eq!(read(&text).unwrap(), direct, "{text}");
    }
    // Of S3's own call to KMS more is known.
    let through = read(&format!(
        "An error occurred (AccessDenied) when calling the GetObject operation: {message}"
    ));
    let service = ("kms:ViaService".to_owned(), vec!["s3.eu-west-1.amazonaws.com".to_owned()]);
    assert!(through.unwrap().context.contains(&service));
}

#[test]
fn kms_and_sts_may_name_no_resource_and_no_reason() {
    let hidden = format!(
        "{ANN}kms:Decrypt on this resource because the resource does not exist in this Region, no \
         resource-based policies allow access, or a resource-based policy explicitly denies access"
    );
    let call = read(&hidden).unwrap();
    assert_eq!((call.resource, call.explicit, call.layers), (None, None, Vec::new()));
    let call =
        read(&format!("{ANN}sts:AssumeRole on resource: arn:aws:iam::111122223333:role/app"));
    let call = call.unwrap();
    assert_eq!(call.resource.as_deref(), Some("arn:aws:iam::111122223333:role/app"));
    assert_eq!(call.explicit, None);
}

/// What is no refusal, or tells nothing.
#[test]
fn what_tells_nothing_is_an_error() {
    for (text, error) in [
        ("", ReadError::Empty),
        (" \n", ReadError::Empty),
        ("hello", ReadError::NoRefusal),
        ("Access Denied", ReadError::Untold("who was refused what")),
        ("Encoded authorization failure message: 9nQ", ReadError::Encoded),
        (
            "You are not authorized to perform this operation. Encoded authorization failure message: 9nQ",
            ReadError::Encoded,
        ),
        ("[]", ReadError::Several(0)),
        ("[{},{}]", ReadError::Several(2)),
        ("[1]", ReadError::NoRecord("it is no object".to_owned())),
        ("{}", ReadError::NoRecord("no `eventName`".to_owned())),
    ] {
        assert_eq!(read(text), Err(error), "{text}");
    }
    // What is longer than AWS's own words is none of them.
    for end in [", said the proxy", " because I say so", " with an explicit deny in a wall"] {
        let text = format!("{ANN}s3:GetObject on resource: \"arn:aws:s3:::reports/a\"{end}");
        assert_eq!(read(&text), Err(ReadError::NoRefusal), "{text}");
    }
}

#[test]
fn a_key_that_looks_like_a_reason_is_a_key() {
    let key = "a\" with an explicit deny in a service control policy\u{1b}[2J";
    let text = format!(
        "{ANN}s3:GetObject on resource: \"arn:aws:s3:::reports/{key}\" because no identity-based \
         policy allows the s3:GetObject action"
    );
    let call = read(&text).unwrap();
    assert_eq!(call.resource.as_deref(), Some(format!("arn:aws:s3:::reports/{key}").as_str()));
    assert_eq!((call.layers, call.explicit), (vec![Layer::Identity], Some(false)));
    assert_eq!(call.policy, None);
}

fn record() -> Value {
    json!({
        "eventSource": "s3.amazonaws.com", "eventName": "PutObject", "awsRegion": "eu-west-1",
        "eventTime": "2026-11-01T00:00:00Z", "errorCode": "AccessDenied",
        "errorMessage": "Access Denied", "sourceIPAddress": "203.0.113.4",
        "tlsDetails": { "tlsVersion": "TLSv1.3" },
        "userIdentity": {
            "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/app/s",
            "sessionContext": { "sessionIssuer": { "arn": "arn:aws:iam::111122223333:role/x/app" } },
        },
        "requestParameters": {
            "bucketName": "reports", "key": "a", "x-amz-server-side-encryption": "AES256",
        },
    })
}

/// A record with a member replaced.
fn changed(pointer: &str, value: Value) -> Value {
    let mut record = record();
    *record.pointer_mut(pointer).unwrap() = value;
    record
}

#[test]
fn a_record_tells_the_context() {
    let call = read(&record().to_string()).unwrap();
    assert_eq!(call.role.as_deref(), Some("arn:aws:iam::111122223333:role/x/app"));
    assert_eq!(call.action.as_deref(), Some("s3:PutObject"));
    assert_eq!(call.resource.as_deref(), Some("arn:aws:s3:::reports/a"));
    let value = |key: &str| {
        let found = call.context.iter().find(|(known, _)| known == key);
        found.map(|(_, values)| values.join(","))
    };
    for (key, expected) in [
        ("aws:SourceIp", Some("203.0.113.4")),
        ("aws:SecureTransport", Some("true")),
        ("s3:x-amz-server-side-encryption", Some("AES256")),
        // Told to be absent.
        ("s3:x-amz-acl", Some("")),
        ("aws:SourceVpce", Some("")),
        // Not told.
        ("s3:x-amz-server-side-encryption-aws-kms-key-id", None),
        ("aws:MultiFactorAuthPresent", None),
    ] {
        assert_eq!(value(key).as_deref(), expected, "{key}");
    }
    for wrapped in [
        json!({ "Records": [record()] }),
        json!([record()]),
        json!({ "Events": [{ "CloudTrailEvent": record().to_string() }] }),
    ] {
        assert_eq!(read(&wrapped.to_string()).unwrap(), call);
    }
}

#[test]
fn a_record_of_what_was_not_refused_is_an_error() {
    for record in [
        changed("/errorCode", json!(null)),
        changed("/errorCode", json!("NoSuchKey")),
        changed("/errorCode", json!("ThrottlingException")),
    ] {
        let error = read(&record.to_string()).unwrap_err();
        assert!(matches!(error, ReadError::NotRefused { .. }), "{error}");
    }
    let nobody = changed("/userIdentity", json!({ "type": "AWSAccount", "accountId": "1" }));
    assert_eq!(read(&nobody.to_string()), Err(ReadError::Untold("who was refused")));
    let anonymous =
        changed("/userIdentity", json!({ "type": "AWSAccount", "accountId": "anonymous" }));
    assert_eq!(read(&anonymous.to_string()).unwrap().principal.as_deref(), Some("anonymous"));
    let unknown = changed("/eventName", json!("FlyToTheMoon"));
    assert_eq!(read(&unknown.to_string()), Err(ReadError::Untold("which action was refused")));
    let listed = changed("/eventName", json!("ListObjects"));
    assert_eq!(read(&listed.to_string()).unwrap().action.as_deref(), Some("s3:ListBucket"));
}

fn found(call: &RefusedCall, policies: &Value) -> (Finding, String) {
    let given = with_policies(call, &policies.to_string()).unwrap();
    let explanation = explain(&given.input.request(), &given.input.policies());
    let judged = judge(call, &given, &explanation);
    let sids = judged.statements.iter().filter_map(|place| place.sid.clone());
    (judged.finding, sids.collect::<Vec<_>>().join(" "))
}

fn statement(sid: &str, effect: &str, action: &str, condition: &Value) -> Value {
    json!({ "Sid": sid, "Effect": effect, "Action": action, "Resource": "*", "Condition": condition })
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Each deny has its allow beside it: what would have been allowed cannot have been refused so.
#[test]
fn policies_that_answered_are_told_from_those_that_cannot_have() {
    let any = json!({});
    let tls = json!({ "Bool": { "aws:SecureTransport": "false" } });
    let allow = statement("Allow", "Allow", "s3:*", &any);
    let deny = statement("Deny", "Deny", "s3:GetObject", &any);
    let maybe = statement("Maybe", "Deny", "s3:GetObject", &tls);
    let other = statement("Other", "Deny", "s3:PutObject", &any);
    let may_allow = statement("MayAllow", "Allow", "s3:*", &tls);
    let put = statement("Put", "Allow", "s3:PutObject", &any);
    let identity = |statements: &[Value]| json!({ "identity": document(statements) });
    let say = |end: &str| {
        read(&format!("{ANN}s3:GetObject on resource: \"arn:aws:s3:::reports/a\"{end}")).unwrap()
    };
    let explicit = say(" with an explicit deny in an identity-based policy");
    let implicit = say(" because no identity-based policy allows the s3:GetObject action");
    let scp = say(" with an explicit deny in a service control policy");
    let bare = say("");
    let resource = say(" because no resource-based policy allows the s3:GetObject action");
    let hidden = read(&format!(
        "{ANN}kms:Decrypt on this resource because the resource does not exist in this Region, no \
         resource-based policies allow access, or a resource-based policy explicitly denies access"
    ));
    let hidden = hidden.unwrap();
    let key = |resource: &str| {
        json!({ "resource": { "Version": "2012-10-17", "Statement": {
            "Sid": "Key", "Effect": "Deny", "Principal": "*", "Action": "kms:*",
            "Resource": resource } } })
    };
    let allows = [allow.clone()];
    let table: &[(&RefusedCall, Value, Finding, &str)] = &[
        (&explicit, identity(&[allow.clone(), deny.clone()]), Finding::Decided, "Deny"),
        (&explicit, identity(&allows), Finding::Contradicted, "Allow"),
        (&explicit, identity(&[allow.clone(), maybe.clone()]), Finding::Possible, "Maybe"),
        (&explicit, identity(&[put.clone(), other.clone()]), Finding::Contradicted, "Other"),
        (&implicit, identity(slice::from_ref(&put)), Finding::Silent, "Put"),
        (&implicit, identity(&allows), Finding::Contradicted, "Allow"),
        (&implicit, identity(&[may_allow]), Finding::Possible, "MayAllow"),
        (&implicit, identity(slice::from_ref(&deny)), Finding::Contradicted, "Deny"),
        (&implicit, json!({ "identity": [] }), Finding::Silent, ""),
        (&implicit, json!({}), Finding::NotGiven, ""),
        (&scp, identity(slice::from_ref(&put)), Finding::NotGiven, ""),
        (&scp, identity(&allows), Finding::NotGiven, ""),
        (&bare, json!({}), Finding::Possible, ""),
        (&hidden, key("arn:aws:kms:eu-west-1:111122223333:key/1"), Finding::Possible, "Key"),
        (&hidden, key("*"), Finding::Decided, "Key"),
        (
            &scp,
            json!({ "identity": document(&allows), "scp": [[document(&[allow.clone(), deny.clone()])]] }),
            Finding::Decided,
            "Deny",
        ),
        (&bare, identity(&[allow.clone(), deny]), Finding::Decided, "Deny"),
        (&bare, identity(&[put]), Finding::Silent, "Put"),
        (&bare, identity(&allows), Finding::Contradicted, "Allow"),
        (&bare, identity(&[allow, maybe]), Finding::Possible, "Maybe Allow"),
        (&resource, json!({ "identity": [] }), Finding::NotGiven, ""),
    ];
    for (index, (call, policies, finding, sids)) in table.iter().enumerate() {
        assert_eq!(found(call, policies), (*finding, (*sids).to_owned()), "row {index}");
    }
}

#[test]
fn a_record_makes_certain_what_a_message_leaves_open() {
    let policies = json!({
        "identity": document(&[statement("Allow", "Allow", "s3:*", &json!({}))]),
        "resource": { "Version": "2012-10-17", "Statement": {
            "Sid": "OnlyKms", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::reports/*",
            "Condition": { "StringNotEquals": { "s3:x-amz-server-side-encryption": "aws:kms" } } } },
    });
    let call = read(&record().to_string()).unwrap();
    assert_eq!(found(&call, &policies), (Finding::Decided, "OnlyKms".to_owned()));
    let permitted = changed("/requestParameters/x-amz-server-side-encryption", json!("aws:kms"));
    let call = read(&permitted.to_string()).unwrap();
    assert_eq!(found(&call, &policies), (Finding::Contradicted, "Allow".to_owned()));
    let message = "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to \
                   perform: s3:PutObject on resource: \"arn:aws:s3:::reports/a\" with an explicit \
                   deny in a resource-based policy";
    let call = read(message).unwrap();
    assert_eq!(found(&call, &policies), (Finding::Possible, "OnlyKms".to_owned()));
}

/// As the SDKs for Go and Java, and Terraform with the former, print the refusal of a role.
#[test]
fn what_the_sdks_print_around_a_message_is_taken_off() {
    let user = "arn:aws:iam::111122223333:user/ann";
    let role = "arn:aws:iam::444455556666:role/x";
    let message =
        format!("User: {user} is not authorized to perform: sts:AssumeRole on resource: {role}");
    let go = "operation error STS: AssumeRole, https response error StatusCode: 403, RequestID: 1";
    for text in [
        message.clone(),
        format!("{go}, api error AccessDenied: {message}"),
        format!("Error: AccessDenied: {message}\n\tstatus code: 403, request id: 1"),
        format!("{message} (Service: AWSSecurityTokenService; Status Code: 403; Request ID: 1)"),
    ] {
        let call = super::message::read(&text).unwrap();
        assert_eq!(call.principal.as_deref(), Some(user), "{text}");
        assert_eq!(call.action.as_deref(), Some("sts:AssumeRole"), "{text}");
        assert_eq!(call.resource.as_deref(), Some(role), "{text}");
    }
}
