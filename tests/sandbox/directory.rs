//! IAM: who may make whom, what policies then allow, and how a principal loses it again.

use aws_credential_types::Credentials;
use aws_sdk_iam::error::ProvideErrorMetadata;
use gainsay::{cloud::Target, sandbox::Sandbox};
use serde_json::json;

use crate::place::run;

const ACCOUNT: &str = "111122223333";

struct Site {
    sandbox: Sandbox,
    target: Target,
}

impl Site {
    fn new() -> Self {
        let sandbox = Sandbox::empty("us-east-1");
        let target = Target::sandbox(&sandbox, "us-east-1", None);
        Self { sandbox, target }
    }

    fn iam(&self) -> aws_sdk_iam::Client {
        self.target.iam(&self.sandbox.admin_credentials())
    }

    fn s3(&self, credentials: &Credentials) -> aws_sdk_s3::Client {
        (**self.target.clients(Some(credentials), false).s3).clone()
    }

    /// A user with an access key.
    async fn user(&self, name: &str) -> Credentials {
        self.iam().create_user().user_name(name).send().await.unwrap();
        let key = self
            .iam()
            .create_access_key()
            .user_name(name)
            .send()
            .await
            .unwrap()
            .access_key
            .unwrap();
        Credentials::new(key.access_key_id, key.secret_access_key, None, None, "test")
    }

    async fn role(&self, name: &str, trust: serde_json::Value) {
        let trust =
            json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole" }] });
        let create = self
            .iam()
            .create_role()
            .role_name(name)
            .assume_role_policy_document(trust.to_string());
        create.send().await.unwrap();
    }
}

fn policy(effect: &str, action: &str, resource: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": effect, "Action": action, "Resource": resource }] }).to_string()
}

/// The code of an error, or `ok`.
fn code<T, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(answer: Result<T, aws_sdk_iam::error::SdkError<E, R>>) -> String {
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
        iam.put_user_policy()
            .user_name("ann")
            .policy_name("list")
            .policy_document(&list)
            .send()
            .await
            .unwrap();
        assert_eq!(buckets(&site, &ann).await, "ok");
        iam.delete_user_policy().user_name("ann").policy_name("list").send().await.unwrap();
        assert_eq!(buckets(&site, &ann).await, "AccessDenied");

        iam.create_group().group_name("readers").send().await.unwrap();
        iam.put_group_policy()
            .group_name("readers")
            .policy_name("list")
            .policy_document(&list)
            .send()
            .await
            .unwrap();
        assert_eq!(buckets(&site, &ann).await, "AccessDenied");
        iam.add_user_to_group().group_name("readers").user_name("ann").send().await.unwrap();
        assert_eq!(buckets(&site, &ann).await, "ok");
        iam.remove_user_from_group()
            .group_name("readers")
            .user_name("ann")
            .send()
            .await
            .unwrap();
        assert_eq!(buckets(&site, &ann).await, "AccessDenied");

        let read_only = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
        iam.attach_user_policy()
            .user_name("ann")
            .policy_arn(read_only)
            .send()
            .await
            .unwrap();
        assert_eq!(buckets(&site, &ann).await, "ok");
        assert_eq!(
            code(site.s3(&ann).create_bucket().bucket("anns-bucket").send().await),
            "AccessDenied"
        );
        let unknown = iam
            .attach_user_policy()
            .user_name("ann")
            .policy_arn("arn:aws:iam::aws:policy/SomethingElse");
        assert_eq!(code(unknown.send().await), "NotImplemented");
    });
}

#[test]
fn the_default_version_of_a_policy_counts_and_a_boundary_limits() {
    run(async {
        let site = Site::new();
        let (iam, ann) = (site.iam(), site.user("ann").await);
        let made = iam
            .create_policy()
            .policy_name("mine")
            .policy_document(policy("Allow", "s3:ListAllMyBuckets", "*"));
        let arn = made.send().await.unwrap().policy.unwrap().arn.unwrap();
        assert_eq!(arn, format!("arn:aws:iam::{ACCOUNT}:policy/mine"));
        iam.attach_user_policy().user_name("ann").policy_arn(&arn).send().await.unwrap();
        assert_eq!(buckets(&site, &ann).await, "ok");
        let version = iam
            .create_policy_version()
            .policy_arn(&arn)
            .policy_document(policy("Deny", "s3:*", "*"));
        let version = version.send().await.unwrap().policy_version.unwrap().version_id.unwrap();
        assert_eq!(buckets(&site, &ann).await, "ok");
        iam.set_default_policy_version()
            .policy_arn(&arn)
            .version_id(&version)
            .send()
            .await
            .unwrap();
        assert_eq!(buckets(&site, &ann).await, "AccessDenied");
        iam.set_default_policy_version()
            .policy_arn(&arn)
            .version_id("v1")
            .send()
            .await
            .unwrap();
        assert_eq!(buckets(&site, &ann).await, "ok");
        assert_eq!(code(iam.delete_policy().policy_arn(&arn).send().await), "DeleteConflict");

        let other = iam
            .create_policy()
            .policy_name("edge")
            .policy_document(policy("Allow", "kms:*", "*"));
        let other = other.send().await.unwrap().policy.unwrap().arn.unwrap();
        iam.put_user_permissions_boundary()
            .user_name("ann")
            .permissions_boundary(&other)
            .send()
            .await
            .unwrap();
        let error = site.s3(&ann).list_buckets().send().await.unwrap_err().into_service_error();
        assert!(error.message().unwrap().contains("no permissions boundary allows"), "{error:?}");
        iam.delete_user_permissions_boundary().user_name("ann").send().await.unwrap();
        assert_eq!(buckets(&site, &ann).await, "ok");
    });
}

#[test]
fn a_key_a_user_and_a_role_end_with_what_they_gave() {
    run(async {
        let site = Site::new();
        let (iam, ann) = (site.iam(), site.user("ann").await);
        let list = policy("Allow", "s3:ListAllMyBuckets", "*");
        iam.put_user_policy()
            .user_name("ann")
            .policy_name("list")
            .policy_document(&list)
            .send()
            .await
            .unwrap();
        let key = ann.access_key_id();
        iam.update_access_key()
            .user_name("ann")
            .access_key_id(key)
            .status("Inactive".into())
            .send()
            .await
            .unwrap();
        assert_eq!(buckets(&site, &ann).await, "InvalidAccessKeyId");
        iam.update_access_key()
            .user_name("ann")
            .access_key_id(key)
            .status("Active".into())
            .send()
            .await
            .unwrap();
        assert_eq!(buckets(&site, &ann).await, "ok");

        // Temporary credentials of the user end with the user, and do not open IAM.
        let sts = site.target.clients(Some(&ann), false).sts.clone();
        let issued = sts.get_session_token().send().await.unwrap().credentials.unwrap();
        let session = Credentials::new(
            issued.access_key_id,
            issued.secret_access_key,
            Some(issued.session_token),
            None,
            "test",
        );
        assert_eq!(buckets(&site, &session).await, "ok");
        let again = site.target.clients(Some(&session), false).sts.get_session_token().send().await;
        assert_eq!(code(again), "AccessDenied");
        assert_eq!(code(site.target.iam(&session).list_users().send().await), "InvalidClientTokenId");

        assert_eq!(code(iam.delete_user().user_name("ann").send().await), "DeleteConflict");
        iam.delete_user_policy().user_name("ann").policy_name("list").send().await.unwrap();
        assert_eq!(code(iam.delete_user().user_name("ann").send().await), "DeleteConflict");
        iam.delete_access_key().user_name("ann").access_key_id(key).send().await.unwrap();
        assert_eq!(code(iam.delete_user().user_name("ann").send().await), "ok");
        assert_eq!(code(iam.get_user().user_name("ann").send().await), "NoSuchEntity");
        assert_eq!(buckets(&site, &ann).await, "InvalidAccessKeyId");
        assert_eq!(buckets(&site, &session).await, "InvalidToken");
    });
}

#[test]
fn a_role_made_again_is_another_one() {
    run(async {
        let site = Site::new();
        let iam = site.iam();
        let admin = site.target.clients(Some(&site.sandbox.admin_credentials()), false).sts.clone();
        site.role("team", json!({ "AWS": ACCOUNT })).await;
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/team");
        iam.put_role_policy()
            .role_name("team")
            .policy_name("list")
            .policy_document(policy("Allow", "s3:*", "*"))
            .send()
            .await
            .unwrap();
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
        iam.delete_role_policy().role_name("team").policy_name("list").send().await.unwrap();
        assert_eq!(buckets(&site, &session).await, "AccessDenied");
        iam.delete_role().role_name("team").send().await.unwrap();
        assert_eq!(buckets(&site, &session).await, "InvalidToken");
        site.role("team", json!({ "AWS": ACCOUNT })).await;
        iam.put_role_policy()
            .role_name("team")
            .policy_name("list")
            .policy_document(policy("Allow", "s3:*", "*"))
            .send()
            .await
            .unwrap();
        assert_eq!(buckets(&site, &session).await, "InvalidToken");
        // The trust policy decides who becomes it.
        let nobody = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole" }] });
        iam.update_assume_role_policy()
            .role_name("team")
            .policy_document(nobody.to_string())
            .send()
            .await
            .unwrap();
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
        let (iam, hers) = (site.iam(), site.target.iam(&ann));
        let error = hers.create_user().user_name("bob").send().await.unwrap_err().into_service_error();
        assert_eq!(
            error.message(),
            Some(
                "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::111122223333:user/bob because no identity-based policy allows the iam:CreateUser action"
            )
        );
        // Of what is not there nothing is told to who may not ask.
        assert_eq!(code(hers.get_user().user_name("nobody").send().await), "AccessDenied");
        assert_eq!(code(iam.get_user().user_name("nobody").send().await), "NoSuchEntity");
        let attach = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*",
            "Condition": { "ArnEquals": { "iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" } },
        }] });
        iam.put_user_policy()
            .user_name("ann")
            .policy_name("attach")
            .policy_document(attach.to_string())
            .send()
            .await
            .unwrap();
        for (arn, expected) in [
            ("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "ok"),
            ("arn:aws:iam::aws:policy/AdministratorAccess", "AccessDenied"),
        ] {
            assert_eq!(
                code(hers.attach_user_policy().user_name("ann").policy_arn(arn).send().await),
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
        assert_eq!(code(iam.create_user().user_name("ANN").send().await), "EntityAlreadyExists");
        for name in ["a b", "a/b", "ä", "<x>", &"x".repeat(65)] {
            assert_eq!(code(iam.create_user().user_name(name).send().await), "ValidationError", "{name}");
        }
        assert_eq!(
            code(iam.create_user().user_name("bob").path("no-slash").send().await),
            "ValidationError"
        );
        for text in [
            "",
            "{",
            "{}",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"nonsense","Resource":"*"}]}"#,
        ] {
            let put = iam
                .put_user_policy()
                .user_name("ann")
                .policy_name("p")
                .policy_document(text)
                .send()
                .await;
            assert!(
                ["MalformedPolicyDocument", "ValidationError"].contains(&code(put).as_str()),
                "{text}"
            );
        }
        let trust = iam
            .create_role()
            .role_name("r")
            .assume_role_policy_document(policy("Allow", "sts:AssumeRole", "*"));
        assert_eq!(code(trust.send().await), "MalformedPolicyDocument");
        iam.create_access_key().user_name("ann").send().await.unwrap();
        assert_eq!(code(iam.create_access_key().user_name("ann").send().await), "LimitExceeded");
        assert_eq!(
            code(iam.create_service_linked_role().aws_service_name("x.amazonaws.com").send().await),
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
            iam.create_user().user_name(format!("user-{n}")).send().await.unwrap();
        }
        let (mut names, mut marker) = (Vec::new(), None);
        loop {
            let page = iam.list_users().max_items(3).set_marker(marker).send().await.unwrap();
            names.extend(page.users().iter().map(|user| user.user_name().to_owned()));
            marker = page.marker.clone();
            if !page.is_truncated {
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
        let text = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "s3:*", "Resource": "*" },
            { "Effect": "Deny", "Action": "s3:CreateBucket", "Resource": "arn:aws:s3:::secret-*" },
        ] });
        iam.put_user_policy()
            .user_name("ann")
            .policy_name("p")
            .policy_document(text.to_string())
            .send()
            .await
            .unwrap();
        for (bucket, expected) in [("open-1", "allowed"), ("secret-1", "explicitDeny")] {
            let simulated = iam
                .simulate_principal_policy()
                .policy_source_arn(format!("arn:aws:iam::{ACCOUNT}:user/ann"))
                .action_names("s3:CreateBucket")
                .resource_arns(format!("arn:aws:s3:::{bucket}"))
                .send()
                .await
                .unwrap();
            assert_eq!(simulated.evaluation_results()[0].eval_decision().as_str(), expected);
            let real = code(site.s3(&ann).create_bucket().bucket(bucket).send().await);
            assert_eq!(real == "ok", expected == "allowed", "{bucket}: {real}");
        }
        let custom = iam.simulate_custom_policy().policy_input_list(policy("Allow", "kms:Decrypt", "*"));
        let custom = custom.action_names("kms:Decrypt").action_names("kms:Encrypt").send().await.unwrap();
        let decisions: Vec<&str> = custom
            .evaluation_results()
            .iter()
            .map(|result| result.eval_decision().as_str())
            .collect();
        assert_eq!(decisions, ["allowed", "implicitDeny"]);
    });
}
