//! IAM: who may make whom, what policies then allow, and how a principal loses it again.

use aws_credential_types::Credentials;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use gainsay_model::Service;
use gainsay_sandbox::Sandbox;
use quick_xml::{Reader, events::Event};
use serde_json::json;

use crate::support::{Clients, Refused, Request, run};

const ACCOUNT: &str = "111122223333";

/// IAM, as one of its users.
pub struct Iam(Clients);

impl Iam {
    /// The body of the answer to a call, or the error.
    pub async fn ask(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String, Refused> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", "2010-05-08")
            .extend_pairs(parameters)
            .finish();
        let host = Service::Iam.host(self.0.region());
        let request = Request::new(Service::Iam, "POST", host, "/".to_owned())
            .body("application/x-www-form-urlencoded", form);
        let response = self.0.respond(&request, None).await;
        if response.is_success() {
            return Ok(response.body);
        }
        Err(response.error(Service::Iam).unwrap_or_else(|| panic!("{action}: {response:?}")))
    }

    /// Must succeed.
    async fn done(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let answer = self.ask(action, parameters).await;
        answer.unwrap_or_else(|answer| panic!("{action} {parameters:?}: {answer:?}"))
    }

    /// The code of the error, or `ok`.
    async fn code(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        match self.ask(action, parameters).await {
            Ok(_) => "ok".to_owned(),
            Err(refused) => refused.code.unwrap_or_else(|| "no code".to_owned()),
        }
    }
}

/// The texts of all elements of a name.
fn texts(body: &str, name: &str) -> Vec<String> {
    let mut reader = Reader::from_str(body);
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) if start.local_name().as_ref() == name.as_bytes() => {
                found.push(reader.read_text(start.name()).unwrap().decode().unwrap().into_owned());
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

/// The text of the one element of a name.
fn text(body: &str, name: &str) -> String {
    let mut found = texts(body, name);
    assert_eq!(found.len(), 1, "{name} in {body}");
    found.remove(0)
}

pub struct Site {
    sandbox: Sandbox,
}

impl Site {
    pub fn new() -> Self {
        Self { sandbox: Sandbox::empty("us-east-1") }
    }

    fn clients_of(&self, credentials: &Credentials) -> Clients {
        Clients::new(&self.sandbox, Some(credentials), false)
    }

    pub fn iam(&self) -> Iam {
        self.iam_of(&self.sandbox.admin_credentials().into())
    }

    fn iam_of(&self, credentials: &Credentials) -> Iam {
        Iam(self.clients_of(credentials))
    }

    fn s3(&self, credentials: &Credentials) -> aws_sdk_s3::Client {
        self.clients_of(credentials).s3.clone()
    }

    /// A user with an access key.
    async fn user(&self, name: &str) -> Credentials {
        self.iam().done("CreateUser", &[("UserName", name)]).await;
        let key = self.iam().done("CreateAccessKey", &[("UserName", name)]).await;
        Credentials::new(
            text(&key, "AccessKeyId"),
            text(&key, "SecretAccessKey"),
            None,
            None,
            "test",
        )
    }

    async fn role(&self, name: &str, trust: serde_json::Value) {
        let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole" }] });
        let parameters = [("RoleName", name), ("AssumeRolePolicyDocument", &trust.to_string())];
        self.iam().done("CreateRole", &parameters).await;
    }
}

fn policy(effect: &str, action: &str, resource: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": effect, "Action": action, "Resource": resource }] }).to_string()
}

/// The code of an error, or `ok`.
fn code<T, E, R>(answer: Result<T, SdkError<E, R>>) -> String
where
    E: ProvideErrorMetadata + std::fmt::Debug,
    R: std::fmt::Debug,
{
    match answer {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.code().unwrap_or("no code").to_owned(),
    }
}

async fn buckets(site: &Site, credentials: &Credentials) -> String {
    code(site.s3(credentials).list_buckets().send().await)
}

#[test]
fn a_user_may_what_its_own_its_groups_and_its_attached_policies_say() {
    run(async {
        let site = Site::new();
        let (iam, ann) = (site.iam(), site.user("ann").await);
        assert_eq!(buckets(&site, &ann).await, "AccessDenied");
        let list = policy("Allow", "s3:ListAllMyBuckets", "*");
        iam.done(
            "PutUserPolicy",
            &[("UserName", "ann"), ("PolicyName", "list"), ("PolicyDocument", &list)],
        )
        .await;
        assert_eq!(buckets(&site, &ann).await, "ok");
        iam.done("DeleteUserPolicy", &[("UserName", "ann"), ("PolicyName", "list")]).await;
        assert_eq!(buckets(&site, &ann).await, "AccessDenied");

        iam.done("CreateGroup", &[("GroupName", "readers")]).await;
        iam.done(
            "PutGroupPolicy",
            &[("GroupName", "readers"), ("PolicyName", "list"), ("PolicyDocument", &list)],
        )
        .await;
        assert_eq!(buckets(&site, &ann).await, "AccessDenied");
        iam.done("AddUserToGroup", &[("GroupName", "readers"), ("UserName", "ann")]).await;
        assert_eq!(buckets(&site, &ann).await, "ok");
        iam.done("RemoveUserFromGroup", &[("GroupName", "readers"), ("UserName", "ann")]).await;
        assert_eq!(buckets(&site, &ann).await, "AccessDenied");

        let read_only = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
        iam.done("AttachUserPolicy", &[("UserName", "ann"), ("PolicyArn", read_only)]).await;
        assert_eq!(buckets(&site, &ann).await, "ok");
        assert_eq!(
            code(site.s3(&ann).create_bucket().bucket("anns-bucket").send().await),
            "AccessDenied"
        );
        let unknown = [("UserName", "ann"), ("PolicyArn", "arn:aws:iam::aws:policy/SomethingElse")];
        assert_eq!(iam.code("AttachUserPolicy", &unknown).await, "NotImplemented");
    });
}

#[test]
fn the_default_version_of_a_policy_counts_and_a_boundary_limits() {
    run(async {
        let site = Site::new();
        let (iam, ann) = (site.iam(), site.user("ann").await);
        let list = policy("Allow", "s3:ListAllMyBuckets", "*");
        let arn = text(
            &iam.done("CreatePolicy", &[("PolicyName", "mine"), ("PolicyDocument", &list)]).await,
            "Arn",
        );
        assert_eq!(arn, format!("arn:aws:iam::{ACCOUNT}:policy/mine"));
        iam.done("AttachUserPolicy", &[("UserName", "ann"), ("PolicyArn", &arn)]).await;
        assert_eq!(buckets(&site, &ann).await, "ok");
        let nothing = policy("Deny", "s3:*", "*");
        let version = iam
            .done("CreatePolicyVersion", &[("PolicyArn", &arn), ("PolicyDocument", &nothing)])
            .await;
        let version = text(&version, "VersionId");
        assert_eq!(buckets(&site, &ann).await, "ok");
        iam.done("SetDefaultPolicyVersion", &[("PolicyArn", &arn), ("VersionId", &version)]).await;
        assert_eq!(buckets(&site, &ann).await, "AccessDenied");
        iam.done("SetDefaultPolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v1")]).await;
        assert_eq!(buckets(&site, &ann).await, "ok");
        assert_eq!(iam.code("DeletePolicy", &[("PolicyArn", &arn)]).await, "DeleteConflict");

        let edge = policy("Allow", "kms:*", "*");
        let other = text(
            &iam.done("CreatePolicy", &[("PolicyName", "edge"), ("PolicyDocument", &edge)]).await,
            "Arn",
        );
        iam.done(
            "PutUserPermissionsBoundary",
            &[("UserName", "ann"), ("PermissionsBoundary", &other)],
        )
        .await;
        let error = site.s3(&ann).list_buckets().send().await.unwrap_err().into_service_error();
        assert!(error.message().unwrap().contains("no permissions boundary allows"), "{error:?}");
        iam.done("DeleteUserPermissionsBoundary", &[("UserName", "ann")]).await;
        assert_eq!(buckets(&site, &ann).await, "ok");
    });
}

#[test]
fn a_key_a_user_and_a_role_end_with_what_they_gave() {
    run(async {
        let site = Site::new();
        let (iam, ann) = (site.iam(), site.user("ann").await);
        let list = policy("Allow", "s3:ListAllMyBuckets", "*");
        iam.done(
            "PutUserPolicy",
            &[("UserName", "ann"), ("PolicyName", "list"), ("PolicyDocument", &list)],
        )
        .await;
        let key = ann.access_key_id();
        iam.done(
            "UpdateAccessKey",
            &[("UserName", "ann"), ("AccessKeyId", key), ("Status", "Inactive")],
        )
        .await;
        assert_eq!(buckets(&site, &ann).await, "InvalidAccessKeyId");
        iam.done(
            "UpdateAccessKey",
            &[("UserName", "ann"), ("AccessKeyId", key), ("Status", "Active")],
        )
        .await;
        assert_eq!(buckets(&site, &ann).await, "ok");

        // Temporary credentials of the user end with the user, and do not open IAM.
        let sts = site.clients_of(&ann).sts.clone();
        let issued = sts.get_session_token().send().await.unwrap().credentials.unwrap();
        let session = Credentials::new(
            issued.access_key_id,
            issued.secret_access_key,
            Some(issued.session_token),
            None,
            "test",
        );
        assert_eq!(buckets(&site, &session).await, "ok");
        let again = site.clients_of(&session).sts.get_session_token().send().await;
        assert_eq!(code(again), "AccessDenied");
        assert_eq!(site.iam_of(&session).code("ListUsers", &[]).await, "InvalidClientTokenId");

        assert_eq!(iam.code("DeleteUser", &[("UserName", "ann")]).await, "DeleteConflict");
        iam.done("DeleteUserPolicy", &[("UserName", "ann"), ("PolicyName", "list")]).await;
        assert_eq!(iam.code("DeleteUser", &[("UserName", "ann")]).await, "DeleteConflict");
        iam.done("DeleteAccessKey", &[("UserName", "ann"), ("AccessKeyId", key)]).await;
        assert_eq!(iam.code("DeleteUser", &[("UserName", "ann")]).await, "ok");
        assert_eq!(iam.code("GetUser", &[("UserName", "ann")]).await, "NoSuchEntity");
        assert_eq!(buckets(&site, &ann).await, "InvalidAccessKeyId");
        assert_eq!(buckets(&site, &session).await, "InvalidToken");
    });
}

#[test]
fn a_role_made_again_is_another_one() {
    run(async {
        let site = Site::new();
        let iam = site.iam();
        let admin = site.clients_of(&site.sandbox.admin_credentials().into()).sts.clone();
        let all = policy("Allow", "s3:*", "*");
        let own = [("RoleName", "team"), ("PolicyName", "list"), ("PolicyDocument", all.as_str())];
        site.role("team", json!({ "AWS": ACCOUNT })).await;
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/team");
        iam.done("PutRolePolicy", &own).await;
        let issued = admin
            .assume_role()
            .role_arn(&arn)
            .role_session_name("tester")
            .send()
            .await
            .unwrap()
            .credentials
            .unwrap();
        let session = Credentials::new(
            issued.access_key_id,
            issued.secret_access_key,
            Some(issued.session_token),
            None,
            "test",
        );
        assert_eq!(buckets(&site, &session).await, "ok");
        iam.done("DeleteRolePolicy", &[("RoleName", "team"), ("PolicyName", "list")]).await;
        assert_eq!(buckets(&site, &session).await, "AccessDenied");
        iam.done("DeleteRole", &[("RoleName", "team")]).await;
        assert_eq!(buckets(&site, &session).await, "InvalidToken");
        site.role("team", json!({ "AWS": ACCOUNT })).await;
        iam.done("PutRolePolicy", &own).await;
        assert_eq!(buckets(&site, &session).await, "InvalidToken");
        // The trust policy decides who becomes it.
        let nobody = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole" }] });
        iam.done(
            "UpdateAssumeRolePolicy",
            &[("RoleName", "team"), ("PolicyDocument", &nobody.to_string())],
        )
        .await;
        assert_eq!(
            code(admin.assume_role().role_arn(&arn).role_session_name("tester").send().await),
            "AccessDenied"
        );
    });
}

#[test]
fn every_call_of_iam_is_asked_about() {
    run(async {
        let site = Site::new();
        let ann = site.user("ann").await;
        let (iam, hers) = (site.iam(), site.iam_of(&ann));
        let Err(refused) = hers.ask("CreateUser", &[("UserName", "bob")]).await else {
            panic!("ann made a user")
        };
        assert_eq!(
            refused.message.as_deref(),
            Some(
                "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::111122223333:user/bob because no identity-based policy allows the iam:CreateUser action"
            )
        );
        // Of what is not there nothing is told to who may not ask.
        assert_eq!(hers.code("GetUser", &[("UserName", "nobody")]).await, "AccessDenied");
        assert_eq!(iam.code("GetUser", &[("UserName", "nobody")]).await, "NoSuchEntity");
        let attach = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*",
            "Condition": { "ArnEquals": { "iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" } },
        }] });
        iam.done(
            "PutUserPolicy",
            &[
                ("UserName", "ann"),
                ("PolicyName", "attach"),
                ("PolicyDocument", &attach.to_string()),
            ],
        )
        .await;
        for (arn, expected) in [
            ("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "ok"),
            ("arn:aws:iam::aws:policy/AdministratorAccess", "AccessDenied"),
        ] {
            assert_eq!(
                hers.code("AttachUserPolicy", &[("UserName", "ann"), ("PolicyArn", arn)]).await,
                expected,
                "{arn}"
            );
        }
    });
}

#[test]
fn what_is_no_name_no_policy_or_there_already_is_refused() {
    run(async {
        let site = Site::new();
        let iam = site.iam();
        site.user("ann").await;
        assert_eq!(iam.code("CreateUser", &[("UserName", "ANN")]).await, "EntityAlreadyExists");
        for name in ["a b", "a/b", "ä", "<x>", &"x".repeat(65)] {
            assert_eq!(
                iam.code("CreateUser", &[("UserName", name)]).await,
                "ValidationError",
                "{name}"
            );
        }
        assert_eq!(
            iam.code("CreateUser", &[("UserName", "bob"), ("Path", "no-slash")]).await,
            "ValidationError"
        );
        for text in [
            "",
            "{",
            "{}",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"nonsense","Resource":"*"}]}"#,
        ] {
            let put = [("UserName", "ann"), ("PolicyName", "p"), ("PolicyDocument", text)];
            let code = iam.code("PutUserPolicy", &put).await;
            assert!(
                ["MalformedPolicyDocument", "ValidationError"].contains(&code.as_str()),
                "{text}"
            );
        }
        let no_trust = policy("Allow", "sts:AssumeRole", "*");
        let role = [("RoleName", "r"), ("AssumeRolePolicyDocument", no_trust.as_str())];
        assert_eq!(iam.code("CreateRole", &role).await, "MalformedPolicyDocument");
        iam.done("CreateAccessKey", &[("UserName", "ann")]).await;
        assert_eq!(iam.code("CreateAccessKey", &[("UserName", "ann")]).await, "LimitExceeded");
        assert_eq!(
            iam.code("CreateServiceLinkedRole", &[("AWSServiceName", "x.amazonaws.com")]).await,
            "NotImplemented"
        );
    });
}

#[test]
fn lists_come_in_pages_and_whole() {
    run(async {
        let site = Site::new();
        let iam = site.iam();
        for n in 0..7 {
            iam.done("CreateUser", &[("UserName", &format!("user-{n}"))]).await;
        }
        let (mut names, mut marker) = (Vec::new(), None);
        loop {
            let from: Option<String> = marker;
            let mut parameters = vec![("MaxItems", "3")];
            parameters.extend(from.as_deref().map(|marker| ("Marker", marker)));
            let page = iam.done("ListUsers", &parameters).await;
            names.extend(texts(&page, "UserName"));
            marker = texts(&page, "Marker").pop();
            if text(&page, "IsTruncated") == "false" {
                break;
            }
        }
        assert_eq!(
            names,
            ["admin", "user-0", "user-1", "user-2", "user-3", "user-4", "user-5", "user-6"]
        );
    });
}

#[test]
fn the_simulator_says_what_the_services_do() {
    run(async {
        let site = Site::new();
        let (iam, ann) = (site.iam(), site.user("ann").await);
        let limited = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "s3:*", "Resource": "*" },
            { "Effect": "Deny", "Action": "s3:CreateBucket", "Resource": "arn:aws:s3:::secret-*" },
        ] });
        iam.done(
            "PutUserPolicy",
            &[("UserName", "ann"), ("PolicyName", "p"), ("PolicyDocument", &limited.to_string())],
        )
        .await;
        for (bucket, expected) in [("open-1", "allowed"), ("secret-1", "explicitDeny")] {
            let simulated = [
                ("PolicySourceArn", format!("arn:aws:iam::{ACCOUNT}:user/ann")),
                ("ActionNames.member.1", "s3:CreateBucket".to_owned()),
                ("ResourceArns.member.1", format!("arn:aws:s3:::{bucket}")),
            ];
            let simulated = simulated.each_ref().map(|(name, value)| (*name, value.as_str()));
            let simulated = iam.done("SimulatePrincipalPolicy", &simulated).await;
            assert_eq!(text(&simulated, "EvalDecision"), expected);
            let real = code(site.s3(&ann).create_bucket().bucket(bucket).send().await);
            assert_eq!(real == "ok", expected == "allowed", "{bucket}: {real}");
        }
        let decrypt = policy("Allow", "kms:Decrypt", "*");
        let custom = [
            ("PolicyInputList.member.1", decrypt.as_str()),
            ("ActionNames.member.1", "kms:Decrypt"),
            ("ActionNames.member.2", "kms:Encrypt"),
        ];
        let decisions = texts(&iam.done("SimulateCustomPolicy", &custom).await, "EvalDecision");
        assert_eq!(decisions, ["allowed", "implicitDeny"]);
    });
}
