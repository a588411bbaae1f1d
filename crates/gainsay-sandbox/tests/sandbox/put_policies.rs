//! Policies that AWS does not store are refused in its words wherever requests store them: the same
//! tables as `gainsay lint` reads. Each refusal stands beside what is stored.

use serde_json::{Value, json};

use crate::{
    directory::{Iam, Site},
    support::{ACCOUNT, Answer, PARTNER, Param, Place, Setup, all, allow, delegated, message, run},
};

fn document(statement: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

/// What is said to a policy: its message, or `stored`.
async fn put(place: &Place, operation: &str, name: (Param, &str), text: &str) -> String {
    match place.ask("admin", operation, &[name, (Param::Document, text)]).await {
        Answer::Success { .. } => "stored".to_owned(),
        refused @ (Answer::Refused(_) | Answer::Malformed(_)) => message(&refused),
    }
}

fn arn(account: &str, name: &str) -> Value {
    json!({ "AWS": format!("arn:aws:iam::{account}:{name}") })
}

#[test]
fn bucket_policies() {
    run(async {
        let place =
            Setup::new().role("team", json!([allow("s3:*", "*")])).bucket("b", "", None).build();
        let (bucket, objects) = ("arn:aws:s3:::gs-b", "arn:aws:s3:::gs-b/*");
        let deny = |action: Value, resource: Value, condition: Value| {
            let mut statement = json!({ "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource });
            if !condition.is_null() {
                statement["Condition"] = condition;
            }
            statement
        };
        let none = Value::Null;
        let by = |principal: Value| json!({ "Effect": "Deny", "Principal": principal, "Action": "s3:GetObject", "Resource": objects });
        let prefix = json!({ "StringLike": { "s3:prefix": "a/*" } });
        let tag = json!({ "StringEquals": { "s3:ExistingObjectTag/a": "b" } });
        let applies = "Action does not apply to any resource(s) in statement";
        let combination =
            "Conditions do not apply to combination of actions and resources in statement";
        let rows = [
            (
                deny(json!("s3:GetObjects"), json!(objects), none.clone()),
                "Policy has invalid action",
            ),
            (deny(json!("s3:GetObject"), json!(objects), none.clone()), "stored"),
            (deny(json!("s3:GetObject"), json!(bucket), none.clone()), applies),
            (deny(json!("s3:ListBucket"), json!(objects), none.clone()), applies),
            (deny(json!(["s3:GetObject", "s3:ListBucket"]), json!(objects), none.clone()), applies),
            (
                deny(
                    json!(["s3:GetObject", "s3:ListBucket"]),
                    json!([bucket, objects]),
                    none.clone(),
                ),
                "stored",
            ),
            (
                deny(
                    json!(["s3:ListBucket", "s3:GetBucketLocation"]),
                    json!(bucket),
                    prefix.clone(),
                ),
                combination,
            ),
            (deny(json!("s3:ListBucket"), json!(bucket), prefix), "stored"),
            (deny(json!("s3:GetObjectLegalHold"), json!(objects), tag.clone()), combination),
            (deny(json!("s3:GetObjectTagging"), json!(objects), tag), "stored"),
            (
                deny(
                    json!("s3:GetObject"),
                    json!(objects),
                    json!({ "StringEquals": { "s3:x-acl": "a" } }),
                ),
                "Policy has an invalid condition key",
            ),
            (
                deny(
                    json!("s3:GetObject"),
                    json!(objects),
                    json!({ "StringEquals": { "aws:Unheard": "a" } }),
                ),
                "stored",
            ),
            (
                deny(json!("s3:GetObject"), json!("arn:aws:s3:::gs-bb/*"), none.clone()),
                "Policy has invalid resource",
            ),
            (
                by(json!({ "Federated": "cognito-identity.amazonaws.com" })),
                "Invalid principal in policy",
            ),
            (by(arn(ACCOUNT, "role/gone")), "Invalid principal in policy"),
            (by(arn(ACCOUNT, "user/gone")), "Invalid principal in policy"),
            (by(json!({ "AWS": place.environment.role("team").expect("the role").arn })), "stored"),
            (by(arn(ACCOUNT, "root")), "stored"),
            // Of the users and roles of other accounts nothing is known.
            (by(arn(PARTNER, "role/any")), "stored"),
            (
                by(
                    json!({ "AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1" }),
                ),
                "stored",
            ),
            (deny(json!("s3:GetObject"), json!(objects), json!({ "StringEquals": {} })), "stored"),
        ];
        let name = (Param::Bucket, "gs-b");
        for (statement, expected) in rows {
            let said = put(&place, "s3:PutBucketPolicy", name, &document(&statement)).await;
            assert_eq!(said, expected, "{statement}");
        }
        for (text, expected) in [
            ("no JSON", "Policies must be valid JSON and the first byte must be '{'"),
            ("{", "This policy contains invalid Json"),
            ("{}", "Missing required field Statement"),
        ] {
            assert_eq!(put(&place, "s3:PutBucketPolicy", name, text).await, expected, "{text}");
        }
        // Two statements may have one Sid.
        let one = all("Deny", "s3:GetObject", objects, Value::Null);
        let mut twice = one.clone();
        twice["Sid"] = json!("A");
        let text = json!({ "Version": "2012-10-17", "Statement": [twice, twice] }).to_string();
        assert_eq!(put(&place, "s3:PutBucketPolicy", name, &text).await, "stored");
    });
}

#[test]
fn key_policies() {
    run(async {
        let place = Setup::new()
            .role("team", json!([allow("s3:*", "*")]))
            .key("k", "", delegated())
            .build();
        let key = place.environment.key("k").expect("the key").arn.clone();
        let name = (Param::KeyId, key.as_str());
        let admin = place.environment.caller.arn.clone();
        let with = |principal: Value| {
            let own = json!({ "Effect": "Allow", "Principal": { "AWS": [admin, format!("arn:aws:iam::{ACCOUNT}:root")] }, "Action": "kms:*", "Resource": "*" });
            let other = json!({ "Effect": "Deny", "Principal": principal, "Action": "kms:Sign", "Resource": "*" });
            json!({ "Version": "2012-10-17", "Statement": [own, other] }).to_string()
        };
        let invalid = "Policy contains a statement with one or more invalid principals.";
        for (text, expected) in [
            (with(arn(ACCOUNT, "role/gone")), invalid),
            (
                with(json!({ "AWS": place.environment.role("team").expect("the role").arn })),
                "stored",
            ),
            (with(json!({ "AWS": "not an ARN" })), invalid),
            (with(arn(PARTNER, "role/any")), "stored"),
            (
                document(
                    &json!({ "Effect": "Allow", "Principal": { "AWS": admin }, "Action": "kms:Sign", "Resource": "*" }),
                ),
                "The new key policy will not allow you to update the key policy in the future.",
            ),
            (with(json!({ "AWS": "*" })), "stored"),
        ] {
            assert_eq!(put(&place, "kms:PutKeyPolicy", name, &text).await, expected, "{text}");
        }
    });
}

/// Code and message of what IAM says, or `stored`.
async fn iam(iam: &Iam, action: &str, parameters: &[(&str, &str)]) -> String {
    match iam.ask(action, parameters).await {
        Ok(_) => "stored".to_owned(),
        Err(refused) => {
            format!("{}: {}", refused.code.unwrap_or_default(), refused.message.unwrap_or_default())
        }
    }
}

#[test]
fn trust_policies() {
    run(async {
        let client = Site::new().iam();
        let account = ACCOUNT;
        let create = async |name: &str, text: &str| {
            let parameters = [("RoleName", name), ("AssumeRolePolicyDocument", text)];
            iam(&client, "CreateRole", &parameters).await
        };
        let trusting = |principal: Value| {
            document(
                &json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }),
            )
        };
        assert_eq!(create("first", &trusting(json!({ "AWS": account }))).await, "stored");
        let gone = format!("arn:aws:iam::{account}:role/gone");
        for (number, (text, expected)) in [
            (trusting(arn(account, "role/first")), "stored".to_owned()),
            (
                trusting(json!({ "AWS": gone })),
                format!("MalformedPolicyDocument: Invalid principal in policy: \"AWS\":\"{gone}\""),
            ),
            (
                trusting(json!("*")),
                "MalformedPolicyDocument: AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\".".to_owned(),
            ),
            (trusting(json!({ "AWS": "*" })), "stored".to_owned()),
            (
                trusting(json!({ "Federated": "arn:aws:iam::111122223333:oidc-provider/oidc.example.com" })),
                "stored".to_owned(),
            ),
            // White space does not count.
            (trusting(json!({ "AWS": account })) + &" ".repeat(3_000), "stored".to_owned()),
            (
                trusting(json!({ "AWS": vec![account; 200] })),
                "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048".to_owned(),
            ),
            (
                document(&json!({ "Effect": "Allow", "Principal": { "AWS": account }, "Action": "s3:*" })),
                "MalformedPolicyDocument: AssumeRole policy may only specify STS AssumeRole actions.".to_owned(),
            ),
            // Recorded by LocalStack, test_create_role_with_malformed_assume_role_policy_document.
            ("{,}".to_owned(), "MalformedPolicyDocument: This policy contains invalid Json".to_owned()),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(create(&format!("r{number}"), &text).await, expected, "{text}");
        }
    });
}

/// Sizes: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
#[test]
fn policies_of_identities() {
    run(async {
        let client = Site::new().iam();
        assert_eq!(iam(&client, "CreateUser", &[("UserName", "ann")]).await, "stored");
        let may = |resource: &str| {
            document(&json!({ "Effect": "Allow", "Action": "iam:GetRole", "Resource": resource }))
        };
        let long =
            |length: usize| may(&format!("arn:aws:iam::{ACCOUNT}:role/{}", "x".repeat(length)));
        let inline = async |name: &str, text: &str| {
            let parameters = [("UserName", "ann"), ("PolicyName", name), ("PolicyDocument", text)];
            iam(&client, "PutUserPolicy", &parameters).await
        };
        let region = format!("arn:aws:iam:eu-west-1:{ACCOUNT}:role/r");
        assert_eq!(
            inline("a", &may(&region)).await,
            format!(
                "MalformedPolicyDocument: IAM resource {region} cannot contain region information."
            )
        );
        assert_eq!(inline("a", &long(1_500)).await, "stored");
        // All inline policies of a user have one size together.
        let over = "LimitExceeded: Maximum policy size of 2048 bytes exceeded for user ann";
        assert_eq!(inline("b", &long(1_500)).await, over);
        assert_eq!(inline("a", &long(1_600)).await, "stored");
        assert_eq!(inline("a", &(long(100) + &" ".repeat(5_000))).await, "stored");
        let managed = async |name: &str, text: &str| {
            iam(&client, "CreatePolicy", &[("PolicyName", name), ("PolicyDocument", text)]).await
        };
        assert_eq!(managed("small", &long(5_900)).await, "stored");
        assert_eq!(
            managed("large", &long(6_100)).await,
            "LimitExceeded: Cannot exceed quota for PolicySize: 6144"
        );
        // A key of another service.
        let tagged = json!({ "Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": { "StringEquals": { "ec2:ResourceTag/team": "a" } } });
        assert_eq!(managed("tagged", &document(&tagged)).await, "stored");
    });
}
