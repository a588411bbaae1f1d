//! An environment made of literals, and a sandbox in which it is deployed.

use std::{collections::BTreeMap, sync::Arc};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use gainsay_iam::{Organizations, Policy, PolicyKind};
use gainsay_model::{
    Bucket, Caller, DefaultEncryption, Document, Environment, Key, Monitoring, Ownership,
    PublicAccessBlock, Role, Source, Trail, Versioning, aws_managed_key,
};
use gainsay_sandbox::Sandbox;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer, Output, Param,
    clients::{Clients, How, send},
    outcome,
};

pub const ACCOUNT: &str = "111122223333";
pub const PARTNER: &str = "444455556666";
pub const REGION: &str = "eu-west-1";

/// An environment as it is being written.
pub struct Setup {
    caller: Value,
    roles: Vec<NewRole>,
    buckets: Vec<(String, BucketSettings, Option<Value>)>,
    keys: Vec<Arc<Key>>,
}

struct NewRole {
    name: String,
    trust: Value,
    statements: Value,
    settings: RoleSettings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleSettings {
    #[serde(default)]
    account: Owner,
    /// The role whose statements are the permissions boundary, too.
    boundary: Option<String>,
    max_session_duration: Option<u32>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BucketSettings {
    #[serde(default)]
    account: Owner,
    versioning: Option<String>,
    encryption: Option<Encryption>,
    ownership: Option<String>,
    block_public_access: Option<Block>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeySettings {
    #[serde(default)]
    account: Owner,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Owner {
    #[default]
    Own,
    Partner,
}

impl Owner {
    fn id(self) -> &'static str {
        match self {
            Self::Own => ACCOUNT,
            Self::Partner => PARTNER,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Encryption {
    algorithm: String,
    key: Option<String>,
    #[serde(default)]
    bucket_key: bool,
    blocked: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "the four settings of the API"
)]
struct Block {
    block_public_acls: bool,
    ignore_public_acls: bool,
    block_public_policy: bool,
    restrict_public_buckets: bool,
}

/// Settings as they are written in a table: `, versioning: enabled, tags: { team: a }`.
fn settings<T: serde::de::DeserializeOwned>(text: &str) -> T {
    let mut quoted = String::from("{");
    let mut word = String::new();
    let mut rest = text.trim_start_matches([',', ' ']).chars().peekable();
    while let Some(c) = rest.next() {
        let is_end_of_name = c == ':' && rest.peek() == Some(&' ');
        if !is_end_of_name && (c.is_ascii_alphanumeric() || "_-./:".contains(c)) {
            word.push(c);
            continue;
        }
        quoted.push_str(&json_word(&std::mem::take(&mut word)));
        quoted.push(c);
    }
    quoted.push_str(&json_word(&word));
    quoted.push('}');
    serde_json::from_str(&quoted).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn json_word(word: &str) -> String {
    match serde_json::from_str::<Value>(word) {
        Ok(_) => word.to_owned(),
        Err(_) if word.is_empty() => String::new(),
        Err(_) => format!("\"{word}\""),
    }
}

fn document(kind: PolicyKind, name: &str, statements: &Value) -> Document {
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    let text = policy.to_string();
    let compiled = Policy::from_value(kind, &policy).unwrap_or_else(|e| panic!("{name}: {e:?}"));
    Document::new(Source::new(format!("{name}.json"), text.clone()), compiled, text)
}

impl Setup {
    /// A caller who may assume every role, and an `admin` who may do everything.
    pub fn new() -> Self {
        let new = Self {
            caller: json!([allow("sts:AssumeRole", "*")]),
            roles: Vec::new(),
            buckets: Vec::new(),
            keys: Vec::new(),
        };
        new.role_with("admin", trusts_access_grants(), json!([allow("*", "*")]), "")
    }

    /// The caller with these statements instead.
    pub fn caller(self, caller: Value) -> Self {
        Self { caller, ..self }
    }

    /// A role that the account may assume.
    pub fn role(self, name: &str, statements: Value) -> Self {
        self.role_with(name, root_may("sts:AssumeRole"), statements, "")
    }

    /// A role with its own trust policy and further settings.
    pub fn role_with(mut self, name: &str, trust: Value, statements: Value, more: &str) -> Self {
        let trust = if trust.is_array() { trust } else { json!([trust]) };
        let (name, settings) = (name.to_owned(), settings(more));
        self.roles.push(NewRole { name, trust, statements, settings });
        self
    }

    /// A bucket `gs-NAME` with settings and, if any, a policy.
    pub fn bucket(mut self, name: &str, more: &str, policy: Option<Value>) -> Self {
        self.buckets.push((name.to_owned(), settings(more), policy));
        self
    }

    /// A key with a policy of its own.
    pub fn key(mut self, name: &str, more: &str, statements: Value) -> Self {
        let id = format!("00000000-0000-4000-8000-00000000000{}", self.keys.len() + 1);
        let account = settings::<KeySettings>(more).account.id();
        self.keys.push(Arc::new(Key {
            name: name.to_owned(),
            arn: format!("arn:aws:kms:{REGION}:{account}:key/{id}"),
            id,
            account: account.to_owned(),
            alias: Some(format!("alias/{name}")),
            policy: document(PolicyKind::KeyPolicy, &format!("key-{name}"), &statements),
            rotation: None,
            multi_region: false,
            age: 0,
        }));
        self
    }

    pub fn build(self) -> Place {
        let roles = self.roles.iter().map(|role| Arc::new(self.made_role(role))).collect();
        let buckets = self.buckets.iter();
        let buckets = buckets
            .map(|(name, settings, policy)| {
                Arc::new(self.made_bucket(name, settings, policy.as_ref()))
            })
            .collect();
        let trail = Trail {
            logical: "main".to_owned(),
            name: "main".to_owned(),
            arn: format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"),
            config: serde_json::from_value(json!({ "S3BucketName": "a-bucket-of-logs" }))
                .expect("a trail"),
        };
        let environment = Environment {
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            block_public_access: None,
            accounts: vec![("partner".to_owned(), PARTNER.to_owned())],
            organizations: Arc::new(Organizations::default()),
            caller: Caller {
                arn: format!("arn:aws:iam::{ACCOUNT}:user/tester"),
                policies: vec![document(PolicyKind::Identity, "caller", &self.caller)],
            },
            roles,
            buckets,
            managed_key: aws_managed_key(ACCOUNT, REGION).map(Arc::new),
            keys: self.keys,
            trails: vec![Arc::new(trail)],
            monitoring: Arc::new(Monitoring::default()),
        };
        Place { sandbox: Sandbox::with_admin(&environment), environment: Arc::new(environment) }
    }

    fn made_role(&self, role: &NewRole) -> Role {
        let NewRole { name, trust, statements, settings } = role;
        let boundary = settings.boundary.as_ref().map(|file| {
            let of = self.roles.iter().find(|of| format!("{}.json", of.name) == *file);
            document(PolicyKind::Boundary, file, &of.expect("the role of the file").statements)
        });
        Role {
            name: name.clone(),
            account: settings.account.id().to_owned(),
            arn: format!("arn:aws:iam::{}:role/{name}", settings.account.id()),
            trust: document(PolicyKind::TrustPolicy, &format!("trust-{name}"), trust),
            policies: vec![document(PolicyKind::Identity, name, statements)],
            boundary,
            tags: settings.tags.clone().into_iter().collect(),
            max_session_duration: settings.max_session_duration.unwrap_or(3600),
        }
    }

    fn made_bucket(&self, name: &str, of: &BucketSettings, policy: Option<&Value>) -> Bucket {
        let key = |name: &String| self.keys.iter().find(|key| key.name == *name).expect("the key");
        let blocked = of.encryption.as_ref().and_then(|of| of.blocked.as_ref());
        Bucket {
            logical: name.to_owned(),
            name: format!("gs-{name}"),
            account: of.account.id().to_owned(),
            versioning: match of.versioning.as_deref() {
                None => Versioning::Off,
                Some("enabled") => Versioning::Enabled,
                Some("suspended") => Versioning::Suspended,
                Some(other) => panic!("no versioning: {other}"),
            },
            encryption: match &of.encryption {
                None => DefaultEncryption::S3,
                Some(of) if of.algorithm == "AES256" => DefaultEncryption::S3,
                Some(of) => DefaultEncryption::Kms {
                    key: of.key.as_ref().map(key).cloned(),
                    bucket_key: of.bucket_key,
                    dual_layer: match of.algorithm.as_str() {
                        "aws:kms" => false,
                        "aws:kms:dsse" => true,
                        other => panic!("no algorithm: {other}"),
                    },
                },
            },
            blocks_customer_keys: blocked.is_none_or(|of| of.iter().any(|word| word == "SSE-C")),
            ownership: match of.ownership.as_deref() {
                None => Ownership::BucketOwnerEnforced,
                Some("ObjectWriter") => Ownership::ObjectWriter,
                Some(other) => panic!("no ownership: {other}"),
            },
            public_access: of.block_public_access.as_ref().map_or(PublicAccessBlock::ALL, |of| {
                PublicAccessBlock {
                    block_public_acls: of.block_public_acls,
                    ignore_public_acls: of.ignore_public_acls,
                    block_public_policy: of.block_public_policy,
                    restrict_public_buckets: of.restrict_public_buckets,
                }
            }),
            policy: policy.map(|of| document(PolicyKind::Bucket, &format!("bucket-{name}"), of)),
            settings: Vec::new(),
        }
    }
}

pub fn allow(action: impl Into<Value>, resource: impl Into<Value>) -> Value {
    json!({ "Effect": "Allow", "Action": action.into(), "Resource": resource.into() })
}

/// A statement of a resource policy that lets the account's own policies decide.
pub fn root_may(action: &str) -> Value {
    json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": action })
}

/// A trust policy for the account and for S3 Access Grants, as the page on locations has it.
pub fn trusts_access_grants() -> Value {
    let service = json!({
        "Effect": "Allow",
        "Principal": { "Service": "access-grants.s3.amazonaws.com" },
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        "Condition": { "StringEquals": {
            "aws:SourceAccount": ACCOUNT,
            "aws:SourceArn": format!("arn:aws:s3:{REGION}:{ACCOUNT}:access-grants/default"),
        } },
    });
    json!([root_may("sts:AssumeRole"), service])
}

/// A key policy that lets the account's own policies decide.
pub fn delegated() -> Value {
    let mut statement = root_may("kms:*");
    statement["Resource"] = json!("*");
    json!([statement])
}

/// A statement of a resource policy for everybody.
pub fn all(
    effect: &str,
    action: impl Into<Value>,
    resource: impl Into<Value>,
    condition: Value,
) -> Value {
    let mut statement = json!({ "Effect": effect, "Principal": "*", "Action": action.into(), "Resource": resource.into() });
    if !condition.is_null() {
        statement["Condition"] = condition;
    }
    statement
}

/// A sandbox, and the environment that was deployed in it.
pub struct Place {
    pub sandbox: Sandbox,
    pub environment: Arc<Environment>,
}

impl Place {
    /// A copy of the sandbox as it is now; what is done in one is not done in the other.
    pub fn fork(&self) -> Self {
        Self { sandbox: self.sandbox.fork(), environment: self.environment.clone() }
    }

    /// A session of a role, or the caller.
    pub async fn credentials(&self, role: &str) -> Credentials {
        let caller: Credentials = self.sandbox.caller_credentials().into();
        if role == "caller" {
            return caller;
        }
        let role = self.environment.role(role).expect("the role is in the environment");
        let sts = self.clients_of(Some(&caller), false).sts;
        let answer = sts.assume_role().role_arn(&role.arn).role_session_name("tester").send().await;
        let issued = answer.expect("the role can be assumed").credentials.expect("credentials");
        Credentials::new(
            issued.access_key_id,
            issued.secret_access_key,
            Some(issued.session_token),
            None,
            "test",
        )
    }

    /// The clients of whoever has these credentials, or of nobody; over plain HTTP if `plain`.
    pub fn clients_of(&self, credentials: Option<&Credentials>, plain: bool) -> Clients {
        Clients::new(&self.sandbox, credentials, plain)
    }

    /// The clients of a role, of the caller, or of `anonymous`.
    pub async fn clients(&self, who: &str, plain: bool) -> Clients {
        match who {
            "anonymous" => self.clients_of(None, plain),
            role => self.clients_of(Some(&self.credentials(role).await), plain),
        }
    }

    /// Clients whose requests are changed after they were signed.
    pub async fn tampered(
        &self,
        who: &str,
        change: impl Fn(&mut HttpRequest) + Send + Sync + 'static,
    ) -> Clients {
        Clients::tampered(&self.sandbox, &self.credentials(who).await, change)
    }

    pub async fn ask(&self, who: &str, operation: &str, params: &[(Param, &str)]) -> Answer {
        self.ask_as(who, operation, params, How::default()).await
    }

    pub async fn ask_as(
        &self,
        who: &str,
        operation: &str,
        params: &[(Param, &str)],
        how: How,
    ) -> Answer {
        send(&self.clients(who, how.plain).await, operation, params, how).await
    }

    /// Asks, and must succeed.
    pub async fn done(&self, who: &str, operation: &str, params: &[(Param, &str)]) -> Output {
        match self.ask(who, operation, params).await {
            Answer::Success { output, .. } => output,
            other => panic!("{who} {operation} {params:?}: {other:?}"),
        }
    }

    /// Asks, and says in one line what came back.
    pub async fn outcome(&self, who: &str, operation: &str, params: &[(Param, &str)]) -> String {
        outcome(operation, &self.ask(who, operation, params).await)
    }

    /// The official client of S3 Control.
    pub async fn s3control(&self, who: &str) -> aws_sdk_s3control::Client {
        self.clients(who, false).await.s3control()
    }
}
