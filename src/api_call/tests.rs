//! Calls, the questions they need, and what comes of them.

use serde_json::{Value, json};

use super::{decide, is_call};

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555";
const OTHER: &str = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555556";
const POINT: &str = "arn:aws:s3:eu-west-1:111122223333:accesspoint/data";
const ROLE: &str = "arn:aws:iam::111122223333:role/teams/app";

fn document(statements: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn allow(actions: &[&str]) -> Value {
    document(&json!({ "Effect": "Allow", "Action": actions, "Resource": "*" }))
}

/// A call of a user with these members and an identity policy that allows these actions.
fn call(operation: &str, actions: &[&str], members: &Value) -> Value {
    let mut call = json!({
        "operation": operation, "as": "arn:aws:iam::111122223333:user/ann", "region": "eu-west-1",
        "bucket": "reports", "key": "a", "policies": { "identity": allow(actions) },
        "buckets": {
            "reports": { "encryption": { "algorithm": "aws:kms", "key": KEY } },
            "raw": { "encryption": { "algorithm": "aws:kms", "key": OTHER } },
        },
        "keys": { KEY: {}, OTHER: {} },
    });
    let own = call.as_object_mut().unwrap();
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            own.remove(name);
        } else {
            own.insert(name.clone(), value.clone());
        }
    }
    call
}

fn decided(call: &Value) -> Value {
    serde_json::to_value(decide(call.to_string().as_bytes(), true)).unwrap()
}

/// The questions in short: action, what the ARN ends with, decision.
fn questions(decided: &Value) -> Vec<String> {
    let short = |question: &Value| {
        let resource = question["resource"].as_str().unwrap();
        let resource = resource.strip_prefix("arn:aws:s3:::").unwrap_or(resource);
        let resource = resource.replace(KEY, "KEY").replace(OTHER, "OTHER").replace(POINT, "POINT");
        let decision = question["decision"].as_str().unwrap_or("undecided");
        format!("{} {resource} {decision}", question["action"].as_str().unwrap())
    };
    decided["questions"].as_array().unwrap().iter().map(short).collect()
}

/// An operation, what the identity policy allows, more members, the questions, and the decision of
/// the whole.
type Row<'a> = (&'a str, &'a [&'a str], &'a Value, &'a [&'a str], &'a str);

/// What a call needs; each question that is denied stands beside the same that is allowed.
#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn a_call_has_all_its_questions() {
    let copy = json!({ "copy_source": "raw/b c?" });
    let point = json!({ "bucket": POINT, "access_points": { POINT: { "bucket": "reports" } } });
    let role = json!({ "bucket": null, "key": null, "buckets": null, "keys": null, "role": ROLE,
        "session_tags": "team=a", "roles": { ROLE: { "trust": document(&json!({
            "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
            "Action": "sts:AssumeRole" })) } } });
    let re_encrypt =
        json!({ "bucket": null, "key": null, "buckets": null, "source_key": OTHER, "key_id": KEY });
    let s3 = &["s3:*"];
    let table: &[Row<'_>] = &[
        (
            "s3:PutObject",
            &["s3:PutObject", "kms:GenerateDataKey"],
            &json!({}),
            &["s3:PutObject reports/a allow", "kms:GenerateDataKey KEY allow"],
            "allow",
        ),
        (
            "s3:PutObject",
            s3,
            &json!({}),
            &["s3:PutObject reports/a allow", "kms:GenerateDataKey KEY implicit-deny"],
            "implicit-deny",
        ),
        (
            "s3:GetObject",
            &["s3:GetObject", "kms:Decrypt"],
            &json!({}),
            &["s3:GetObject reports/a allow", "kms:Decrypt KEY allow"],
            "allow",
        ),
        (
            "s3:GetObject",
            &["kms:Decrypt"],
            &json!({}),
            &["s3:GetObject reports/a implicit-deny", "kms:Decrypt KEY allow"],
            "implicit-deny",
        ),
        (
            "s3:CopyObject",
            &["s3:*", "kms:*"],
            &copy,
            &[
                "s3:PutObject reports/a allow",
                "s3:GetObject raw/b c? allow",
                "kms:Decrypt OTHER allow",
                "kms:GenerateDataKey KEY allow",
            ],
            "allow",
        ),
        (
            "s3:CopyObject",
            &["s3:*", "kms:GenerateDataKey"],
            &copy,
            &[
                "s3:PutObject reports/a allow",
                "s3:GetObject raw/b c? allow",
                "kms:Decrypt OTHER implicit-deny",
                "kms:GenerateDataKey KEY allow",
            ],
            "implicit-deny",
        ),
        (
            "s3:CreateMultipartUpload",
            s3,
            &json!({}),
            &["s3:PutObject reports/a allow", "kms:GenerateDataKey KEY implicit-deny"],
            "implicit-deny",
        ),
        (
            "s3:CompleteMultipartUpload",
            s3,
            &json!({}),
            &["s3:PutObject reports/a allow", "kms:Decrypt KEY implicit-deny"],
            "implicit-deny",
        ),
        (
            "s3:CompleteMultipartUpload",
            &["s3:*", "kms:Decrypt"],
            &json!({}),
            &["s3:PutObject reports/a allow", "kms:Decrypt KEY allow"],
            "allow",
        ),
        (
            "s3:GetObject",
            &["s3:*", "kms:*"],
            &point,
            &[
                "s3:GetObject POINT/object/a allow",
                "s3:GetObject reports/a allow",
                "kms:Decrypt KEY allow",
            ],
            "allow",
        ),
        (
            "kms:ReEncrypt",
            &["kms:ReEncryptFrom"],
            &re_encrypt,
            &["kms:ReEncryptFrom OTHER allow", "kms:ReEncryptTo KEY implicit-deny"],
            "implicit-deny",
        ),
        (
            "kms:ReEncrypt",
            &["kms:ReEncrypt*"],
            &re_encrypt,
            &["kms:ReEncryptFrom OTHER allow", "kms:ReEncryptTo KEY allow"],
            "allow",
        ),
        (
            "sts:AssumeRole",
            &["sts:AssumeRole"],
            &role,
            &[
                "sts:AssumeRole arn:aws:iam::111122223333:role/teams/app allow",
                "sts:TagSession arn:aws:iam::111122223333:role/teams/app implicit-deny",
            ],
            "implicit-deny",
        ),
    ];
    for (operation, actions, members, expected, decision) in table {
        let decided = decided(&call(operation, actions, members));
        assert_eq!(questions(&decided), *expected, "{operation} {decided:#}");
        assert_eq!(decided["decision"], *decision, "{operation}");
        let status = &decided["answer"]["status"];
        assert_eq!(*status == 200, *decision == "allow", "{operation} {status}");
    }
}

#[test]
fn every_layer_takes_part_also_those_the_sandbox_has_not() {
    let everything = allow(&["*"]);
    let but = |action: &str| {
        document(&json!([
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
            { "Effect": "Deny", "Action": action, "Resource": "*" },
        ]))
    };
    let endpoint = |action: &str| {
        document(&json!({ "Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*" }))
    };
    let table = [
        (
            json!({ "scp": [[but("kms:GenerateDataKey")]] }),
            "explicit-deny",
            "kms:GenerateDataKey",
            "a service control policy",
        ),
        (
            json!({ "boundary": allow(&["s3:*"]) }),
            "implicit-deny",
            "kms:GenerateDataKey",
            "no permissions boundary allows",
        ),
        (
            json!({ "scp": [[allow(&["kms:*"])]] }),
            "implicit-deny",
            "s3:PutObject",
            "no service control policy allows",
        ),
        (
            json!({ "vpce": endpoint("s3:GetObject") }),
            "implicit-deny",
            "s3:PutObject",
            "no VPC endpoint policy allows",
        ),
        // S3 asks KMS from its own network.
        (json!({ "vpce": endpoint("s3:PutObject") }), "allow", "", ""),
        (json!({ "scp": [[everything.clone()]] }), "allow", "", ""),
    ];
    for (more, decision, action, clause) in table {
        let mut policies = json!({ "identity": everything });
        policies.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let members = json!({ "policies": policies, "source_vpce": "vpce-0a1b2c3d" });
        let decided = decided(&call("s3:PutObject", &[], &members));
        assert_eq!(decided["decision"], decision, "{more} {decided:#}");
        let message = decided["answer"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(action) && message.contains(clause), "{message}");
        assert_eq!(message.is_empty(), decision == "allow");
    }
}

#[test]
fn a_session_is_one_of_its_role_with_its_path_and_tags() {
    let policy = |principal: &str| {
        json!({ "reports": { "policy": document(&json!({ "Effect": "Allow",
            "Principal": { "AWS": principal }, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::reports/*",
            "Condition": { "StringEquals": { "aws:PrincipalTag/team": "a", "aws:SourceIp": "203.0.113.9" } } })) } })
    };
    for (principal, tag, address, decision) in [
        (ROLE, "a", "203.0.113.9", "allow"),
        ("arn:aws:iam::111122223333:role/app", "a", "203.0.113.9", "implicit-deny"),
        (ROLE, "b", "203.0.113.9", "implicit-deny"),
        (ROLE, "a", "203.0.113.8", "implicit-deny"),
    ] {
        let members = json!({ "as": ROLE, "buckets": policy(principal), "source_ip": address,
            "principal_tags": { "team": tag } });
        let decided = decided(&call("s3:GetObject", &["sts:*"], &members));
        assert_eq!(decided["decision"], decision, "{principal} {tag} {address} {decided:#}");
    }
    // Where the network is not said, what depends on it is not decided.
    let members = json!({ "as": ROLE, "buckets": policy(ROLE), "principal_tags": { "team": "a" } });
    let open = decided(&call("s3:GetObject", &["sts:*"], &members));
    assert_eq!(open["decision"], Value::Null);
    assert_eq!(open["error"]["code"], open["questions"][0]["error"]["code"]);
    assert!(open["error"]["code"].is_string(), "{open:#}");
}

#[test]
fn condition_keys_that_are_given_are_those_of_the_call() {
    let identity = document(&json!({ "Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } } }));
    for (context, decision) in [
        (json!({ "aws:PrincipalOrgID": "o-a1b2c3d4e5" }), json!("allow")),
        (json!({ "aws:principalorgid": "o-other" }), json!("implicit-deny")),
        // Nothing is known of the organization.
        (json!({}), Value::Null),
    ] {
        let members = json!({ "policies": { "identity": identity }, "context": context });
        let decided = decided(&call("s3:GetObject", &[], &members));
        assert_eq!(decided["decision"], decision, "{context} {decided:#}");
    }
}

#[test]
fn a_grant_on_a_key_is_asked() {
    let policy = document(
        &json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:user/bob" },
        "Action": "kms:*", "Resource": "*" }),
    );
    let keys = |operations: &[&str]| {
        json!({ "keys": { OTHER: {}, KEY: { "policy": policy, "grants": [{
            "GranteePrincipal": "arn:aws:iam::111122223333:user/ann", "Operations": operations }] } } })
    };
    for (operations, decision) in [(&["Decrypt"][..], "allow"), (&["Encrypt"][..], "implicit-deny")]
    {
        let decided = decided(&call("s3:GetObject", &["s3:*"], &keys(operations)));
        assert_eq!(decided["decision"], decision, "{decided:#}");
    }
}

#[test]
fn settings_answer_after_policies() {
    let bucket = |restrict: bool, policy: Value| {
        json!({ "as": "anonymous", "policies": null, "keys": null, "buckets": { "reports": {
            "account": "111122223333", "policy": policy,
            "block_public_access": { "block_public_acls": true, "ignore_public_acls": true,
                "block_public_policy": false, "restrict_public_buckets": restrict } } } })
    };
    let public = document(&json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::reports/*" }));
    let none = document(&json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::reports/*" }));
    for (restrict, policy, decision, setting) in [
        (false, &public, "allow", Value::Null),
        (true, &public, "explicit-deny", "block-public-access".into()),
        (false, &none, "implicit-deny", Value::Null),
        (true, &none, "implicit-deny", Value::Null),
    ] {
        let decided = decided(&call("s3:GetObject", &[], &bucket(restrict, policy.clone())));
        assert_eq!(decided["decision"], decision, "{restrict} {decided:#}");
        assert_eq!(decided["questions"][0]["setting"], setting);
    }
}

/// A setting answers in words of its own.
#[test]
fn public_acls_are_blocked_in_words_of_their_own() {
    let bucket = |blocks: bool| {
        json!({ "acl": "public-read", "keys": null, "buckets": { "reports": { "ownership": "ObjectWriter",
            "block_public_access": { "block_public_acls": blocks, "ignore_public_acls": true,
                "block_public_policy": true, "restrict_public_buckets": true } } } })
    };
    let blocked = decided(&call("s3:PutObject", &["s3:*"], &bucket(true)));
    assert_eq!(blocked["decision"], "explicit-deny");
    let message = blocked["answer"]["message"].as_str().unwrap();
    assert!(message.contains("BlockPublicAcls"), "{message}");
    let open = decided(&call("s3:PutObject", &["s3:*"], &bucket(false)));
    assert_eq!(open["decision"], "allow", "{open:#}");
    // What a policy refuses is refused before.
    let denied = decided(&call("s3:PutObject", &["s3:PutObject"], &bucket(true)));
    assert_eq!(denied["decision"], "implicit-deny", "{denied:#}");
}

/// The words are those of the sandbox with the same policies.
#[test]
fn refusals_are_worded_as_the_sandbox_words_them() {
    use gainsay_model::{BucketBuilder, Environment, KeyBuilder, RoleBuilder};
    let role = "arn:aws:sts::111122223333:assumed-role/app/s";
    let deny = |action: &str| {
        document(&json!([
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
            { "Effect": "Deny", "Action": action, "Resource": "*" },
        ]))
    };
    let on_bucket = |effect: &str| {
        document(&json!({ "Effect": effect, "Principal": "*", "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::reports/*" }))
    };
    let on_key = document(
        &json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:user/bob" },
        "Action": "kms:*", "Resource": "*" }),
    );
    // The identity policy, the boundary, the bucket's owner and policy, and the key's.
    let own = "111122223333";
    let other = "444455556666";
    let none = document(&json!({ "Effect": "Allow", "Action": "sts:*", "Resource": "*" }));
    let table = [
        (&none, None, own, None, None),
        (&deny("s3:PutObject"), None, own, None, None),
        (&allow(&["*"]), Some(none.clone()), own, None, None),
        (&allow(&["*"]), Some(deny("s3:*")), own, None, None),
        (&allow(&["*"]), None, own, Some(on_bucket("Deny")), None),
        (&none, None, own, Some(on_bucket("Deny")), None),
        (&allow(&["*"]), None, other, None, None),
        (&allow(&["s3:*"]), None, own, None, None),
        (&allow(&["*"]), None, own, None, Some(on_key)),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (identity, boundary, owner, policy, key) in table {
        let mut members = json!({ "as": role, "policies": { "identity": identity },
            "encryption": "aws:kms", "kms_key": KEY,
            "buckets": { "reports": { "account": owner } }, "keys": { KEY: {} } });
        let mut deployed = RoleBuilder::new("app").policy(identity.clone());
        let mut bucket = BucketBuilder::new("reports").account(owner);
        let mut made = KeyBuilder::new("key").with_id("11111111-2222-3333-4444-555555555555");
        if let Some(boundary) = &boundary {
            members["policies"]["boundary"] = boundary.clone();
            deployed = deployed.boundary(boundary.clone());
        }
        if let Some(policy) = &policy {
            members["buckets"]["reports"]["policy"] = policy.clone();
            bucket = bucket.policy(policy.clone());
        }
        if let Some(policy) = &key {
            members["keys"][KEY]["policy"] = policy.clone();
            made = made.policy(policy.clone());
        }
        let ours = decided(&call("s3:PutObject", &[], &members));
        let environment = Environment::builder(own, "eu-west-1");
        let environment = environment.role(deployed).bucket(bucket).key(made).build().unwrap();
        let sandbox = gainsay_sandbox::Sandbox::new(&environment);
        let target = crate::cloud::Target::sandbox(&sandbox, "eu-west-1", None);
        let session = sandbox.session_of(&environment.roles[0], "s", &[]).into();
        let request = target.clients(Some(&session), false).s3.put_object();
        let request = request.bucket("reports").key("a").body(Vec::new().into());
        let request = request
            .server_side_encryption(aws_sdk_s3::types::ServerSideEncryption::AwsKms)
            .ssekms_key_id(KEY);
        let error = runtime.block_on(request.send()).unwrap_err();
        let crate::attempt::Answer::Refused(theirs) = crate::attempt::Answer::from_error(&error)
        else {
            panic!("{error:?}")
        };
        let answer =
            json!({ "status": theirs.status, "code": theirs.code, "message": theirs.message });
        assert_eq!(ours["answer"], answer, "{members:#}");
    }
}

#[test]
fn what_is_not_there_is_no_permission() {
    let gone = json!({ "objects": { "reports/a": null } });
    let absent = decided(&call("s3:GetObject", &["s3:*", "kms:*"], &gone));
    assert_eq!((&absent["decision"], &absent["error"]["code"]), (&Value::Null, &"rejected".into()));
    assert_eq!(absent["answer"]["code"], "NoSuchKey");
    // Who may not list is not told.
    let untold = decided(&call("s3:GetObject", &["s3:GetObject", "kms:*"], &gone));
    assert_eq!(untold["decision"], "implicit-deny");
    assert_eq!(untold["answer"]["code"], "AccessDenied");
    let there = decided(&call("s3:GetObject", &["s3:GetObject", "kms:*"], &json!({})));
    assert_eq!(there["decision"], "allow");
}

#[test]
fn each_service_words_its_own_refusals() {
    for (operation, members, status, code) in [
        ("s3:GetObject", json!({}), 403, json!("AccessDenied")),
        ("s3:HeadObject", json!({}), 403, Value::Null),
        ("s3:DeleteObjects", json!({}), 200, json!("AccessDenied")),
        (
            "kms:Decrypt",
            json!({ "bucket": null, "key": null, "key_id": KEY }),
            400,
            json!("AccessDeniedException"),
        ),
    ] {
        let decided = decided(&call(operation, &["sts:*"], &members));
        assert_eq!(decided["decision"], "implicit-deny", "{decided:#}");
        assert_eq!(
            (&decided["answer"]["status"], &decided["answer"]["code"]),
            (&json!(status), &code)
        );
    }
}

#[test]
fn what_cannot_be_put_is_an_error_by_name() {
    let bucket = |policy: Value| json!({ "buckets": { "reports": { "policy": policy } } });
    for (operation, members, code, says) in [
        ("s3:FlyToTheMoon", json!({}), "unknown-operation", "`s3:FlyToTheMoon`"),
        ("s3:GetObject", json!({ "acl": "private" }), "unknown-parameter", "has no `acl`"),
        ("s3:GetObject", json!({ "key": null }), "missing-parameter", "`key`"),
        ("s3:GetObject", json!({ "as": null }), "missing-parameter", "`as`"),
        ("s3:GetObject", json!({ "as": "ann" }), "principal", "`ann`"),
        (
            "s3:GetObject",
            json!({ "as": "arn:aws:iam::111122223333:root" }),
            "not-modelled",
            "root user",
        ),
        ("s3:PutObject", json!({ "encryption": "rot13" }), "malformed", "`rot13`"),
        ("s3:GetObject", json!({ "source_ip": "here" }), "malformed", "source_ip"),
        (
            "s3:GetObject",
            json!({ "context": { "aws:VpcSourceIp": "203.0.113.9" } }),
            "malformed",
            "source_ip",
        ),
        (
            "s3:GetObject",
            json!({ "policies": { "resource": {} } }),
            "malformed",
            "policies.resource",
        ),
        (
            "s3:GetObject",
            json!({ "policies": { "vpce": allow(&["*"]) } }),
            "policy",
            "policies.vpce",
        ),
        ("s3:GetObject", bucket(json!({ "Statement": [] })), "policy", "buckets.reports"),
        (
            "s3:GetObject",
            json!({ "buckets": { "reports": { "colour": "blue" } } }),
            "malformed",
            "colour",
        ),
        ("s3:GetObject", json!({ "keys": null }), "unknown-key", OTHER),
        ("s3:GetObject", json!({ "region": "us-east-1" }), "not-modelled", "eu-west-1"),
        ("s3:GetObject", json!({ "bucket": POINT }), "malformed", POINT),
        ("s3:PutObject", json!({ "kms_key": "alias/none" }), "unknown-key", "alias/none"),
        (
            "kms:Decrypt",
            json!({ "bucket": null, "key": null, "key_id": "11111111" }),
            "unknown-key",
            "11111111",
        ),
        ("sts:AssumeRole", json!({ "bucket": null, "key": null, "role": ROLE }), "malformed", ROLE),
        ("s3:AbortMultipartUpload", json!({ "upload": "mine" }), "malformed", "upload"),
    ] {
        let decided = decided(&call(operation, &["*"], &members));
        assert_eq!(decided["decision"], Value::Null, "{operation} {members}");
        let error = &decided["error"];
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(says), "{says}: {message}");
        if code != "policy" {
            assert_eq!(error["code"], code, "{message}");
        }
    }
}

#[test]
fn hostile_lines_are_errors() {
    for line in [
        r#"{"operation":"s3:GetObject","operation":"s3:PutObject"}"#,
        r#"{"operation":1}"#,
        r#"{"operation":null}"#,
        r#"{"operation":"s3:GetObject","as":["x"]}"#,
        r#"{"operation":"s3:GetObject","as":"anonymous","bucket":"../..","key":"a","buckets":{"../..":{"account":"111122223333"}}}"#,
        r#"{"operation":"s3:GetObject","as":"anonymous","bucket":"b\u0000","key":"a"}"#,
        "{\"operation\":\"s3:GetObject\"",
    ] {
        let decided = decide(line.as_bytes(), false);
        assert!(decided.decision.is_none() && decided.error.is_some(), "{line}");
    }
}

#[test]
fn a_question_about_one_action_is_no_call() {
    for (line, expected) in [
        (r#"{"operation":"s3:GetObject"}"#, true),
        (r#"{"action":"s3:GetObject","context":{"operation":"x"}}"#, false),
        (r#"{"action":"s3:GetObject"}"#, false),
        ("\"operation\"", false),
        ("", false),
    ] {
        assert_eq!(is_call(line.as_bytes()), expected, "{line}");
    }
}

/// Every account has an `aws/s3` of its own, which no other account may use
/// (<https://repost.aws/knowledge-center/cross-account-access-denied-error-s3>): what a bucket's
/// owner has put is encrypted under the owner's.
#[test]
fn an_object_of_another_account_is_under_the_managed_key_of_that_account() {
    let statement = json!({
        "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "s3:*",
        "Resource": ["arn:aws:s3:::theirs", "arn:aws:s3:::theirs/*"],
    });
    let members = |owner: &str, object: &Value| {
        json!({
            "bucket": "theirs", "keys": null, "objects": { "theirs/a": object },
            "buckets": { "theirs": { "account": owner, "policy": document(&statement) } },
        })
    };
    let managed = json!({ "encryption": "aws:kms" });
    let by_alias = json!({ "encryption": "aws:kms", "kms_key": "alias/aws/s3" });
    let plain = json!({ "encryption": "AES256" });
    for (owner, object, decision) in [
        ("444455556666", &managed, "implicit-deny"),
        ("444455556666", &by_alias, "implicit-deny"),
        ("444455556666", &plain, "allow"),
        ("111122223333", &managed, "allow"),
    ] {
        let read = call("s3:GetObject", &["s3:*", "kms:*"], &members(owner, object));
        let decided = decided(&read);
        assert_eq!(decided["decision"], decision, "{owner} {object}: {decided}");
    }
}

#[test]
fn a_call_is_read_in_every_form_that_means_one_thing() {
    let block = json!({
        "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true,
        "RestrictPublicBuckets": true,
    });
    for members in [
        json!({ "operation": "GetObject" }),
        json!({ "as": null, "principal": "arn:aws:iam::111122223333:user/ann" }),
        json!({ "buckets": { "reports": { "versioning": "Enabled" } } }),
        json!({ "buckets": { "reports": { "public_access_block": block } } }),
        json!({ "key": null, "Key": "a" }),
        json!({ "VersionId": "v" , "policies": { "identity": allow(&["s3:*", "kms:*"]) } }),
    ] {
        let read = call("s3:GetObject", &["s3:GetObject", "kms:Decrypt"], &members);
        assert_eq!(decided(&read)["decision"], "allow", "{members}");
    }
    // Where the call comes from may be said as condition keys.
    let only = json!({ "Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": { "IpAddress": { "aws:SourceIp": "203.0.113.0/24" } } });
    for (address, decision) in [("203.0.113.9", "allow"), ("198.51.100.9", "implicit-deny")] {
        let members = json!({ "context": { "aws:SourceIp": address }, "keys": {}, "buckets": {},
            "policies": { "identity": document(&only) } });
        let read = call("s3:GetObject", &[], &members);
        assert_eq!(decided(&read)["decision"], decision, "{address}");
    }
}
