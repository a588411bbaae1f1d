//! An environment made of literals, a sandbox of it, and calls in anyone's name whose answers are
//! read as a run reads them.

use std::{collections::BTreeMap, sync::Arc};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use gainsay::{
    attempt::{self, Answer, Call, Field, On, Operation, Output, Param, Principal},
    cloud::{Clients, Target, lazy},
    files::{self, Environment, Folder, RawEnvironment, yaml},
    outcome::{Outcome, classify},
};
use gainsay_model::Source;
use gainsay_sandbox::Sandbox;
use serde_json::{Value, json};

pub const ACCOUNT: &str = "111122223333";
pub const PARTNER: &str = "444455556666";
pub const REGION: &str = "eu-west-1";

/// An environment as it is being written.
pub struct Setup {
    roles: String,
    buckets: String,
    keys: String,
    key_count: usize,
    folder: Folder,
}

pub struct Place {
    pub sandbox: Sandbox,
    pub environment: Arc<Environment>,
    pub target: Target,
}

impl Setup {
    /// A caller who may assume every role, and an `admin` who may do everything.
    pub fn new() -> Self {
        let new = Self {
            roles: String::new(),
            buckets: String::new(),
            keys: String::new(),
            key_count: 0,
            folder: Folder::new("literal", "literal"),
        };
        let mut new = new.file("caller", json!([allow("sts:AssumeRole", "*")]));
        new.folder.insert(
            "trail.json",
            Ok(Source::new("trail.json", r#"{ "S3BucketName": "a-bucket-of-logs" }"#)),
        );
        new.role_with("admin", trusts_access_grants(), json!([allow("*", "*")]), "")
    }

    fn file(mut self, name: &str, statements: Value) -> Self {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        let path = format!("{name}.json");
        self.folder.insert(path.clone(), Ok(Source::new(path, policy.to_string())));
        self
    }

    /// The caller with these statements instead.
    pub fn caller(self, statements: Value) -> Self {
        self.file("caller", statements)
    }

    /// A role that the account may assume.
    pub fn role(self, name: &str, statements: Value) -> Self {
        self.role_with(name, root_may("sts:AssumeRole"), statements, "")
    }

    /// A role with its own trust policy and further settings.
    pub fn role_with(self, name: &str, trust: Value, statements: Value, more: &str) -> Self {
        let trust = if trust.is_array() { trust } else { json!([trust]) };
        let mut with = self.file(&format!("trust-{name}"), trust).file(name, statements);
        with.roles +=
            &format!("  {name}: {{ trust: trust-{name}.json, policies: [{name}.json]{more} }}\n");
        with
    }

    /// A bucket `gs-NAME` with settings and, if any, a policy.
    pub fn bucket(self, name: &str, settings: &str, statements: Option<Value>) -> Self {
        let policy = if statements.is_some() {
            format!(", policy: bucket-{name}.json")
        } else {
            String::new()
        };
        let mut with = match statements {
            Some(statements) => self.file(&format!("bucket-{name}"), statements),
            None => self,
        };
        with.buckets += &format!("  {name}: {{ name: gs-{name}{settings}{policy} }}\n");
        with
    }

    /// A key with a policy of its own.
    pub fn key(self, name: &str, settings: &str, statements: Value) -> Self {
        let mut with = self.file(&format!("key-{name}"), statements);
        with.key_count += 1;
        let id = format!("00000000-0000-4000-8000-00000000000{}", with.key_count);
        with.keys += &format!(
            "  {name}: {{ id: {id}, alias: alias/{name}, policy: key-{name}.json{settings} }}\n"
        );
        with
    }

    pub fn build(self) -> Place {
        let section = |name: &str, entries: &str| {
            if entries.is_empty() { String::new() } else { format!("{name}:\n{entries}") }
        };
        let text = format!(
            "environment: made of literals\naccount: \"{ACCOUNT}\"\nregion: {REGION}\naccounts: {{ partner: \"{PARTNER}\" }}\ncaller: {{ user: tester, policies: [caller.json] }}\n\
             trails: {{ main: {{ name: main, config: trail.json }} }}\n{}{}{}",
            section("roles", &self.roles),
            section("buckets", &self.buckets),
            section("keys", &self.keys),
        );
        let source = Source::new("environment.yaml", text);
        let raw: RawEnvironment =
            yaml::read(&source).unwrap_or_else(|problem| panic!("{}", problem.render(false)));
        let environment = files::resolve(&source, &raw, &self.folder).unwrap_or_else(|problems| {
            let shown: Vec<String> = problems.iter().map(|problem| problem.render(false)).collect();
            panic!("{}", shown.join("\n"))
        });
        Place::of(Sandbox::with_admin(&environment.deployed), Arc::new(environment))
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

/// A key policy that leaves everything to the account.
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

/// How a call is made.
#[derive(Clone, Default)]
pub struct How {
    pub plain: bool,
    pub presigned: Option<(u64, u64)>,
    pub owner: Option<String>,
}

impl Place {
    pub fn of(sandbox: Sandbox, environment: Arc<Environment>) -> Self {
        let target = Target::sandbox(&sandbox, REGION, None);
        Self { sandbox, environment, target }
    }

    /// A copy of the place whose changes the original does not see.
    pub fn fork(&self) -> Self {
        Self::of(self.sandbox.fork(), self.environment.clone())
    }

    /// A session of a role, or the caller.
    pub async fn credentials(&self, role: &str) -> Credentials {
        let caller: Credentials = self.sandbox.caller_credentials().into();
        if role == "caller" {
            return caller;
        }
        let role = self.environment.deployed.role(role).expect("the role is in the environment");
        let sts = self.target.clients(Some(&caller), false).sts;
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

    /// The clients of a role, of the caller, or of `anonymous`.
    pub async fn clients(&self, who: &str, plain: bool) -> Clients {
        match who {
            "anonymous" => self.target.clients(None, plain),
            role => self.target.clients(Some(&self.credentials(role).await), plain),
        }
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
        let clients = self.clients(who, how.plain).await;
        send(&clients, operation, params, how).await
    }

    /// Asks, and must succeed.
    pub async fn done(&self, who: &str, operation: &str, params: &[(Param, &str)]) -> Output {
        match self.ask(who, operation, params).await {
            Answer::Success { output, .. } => output,
            other => panic!("{who} {operation} {params:?}: {other:?}"),
        }
    }

    /// Asks, and says what came back as [`outcome`] does.
    pub async fn outcome(&self, who: &str, operation: &str, params: &[(Param, &str)]) -> String {
        outcome(operation, &self.ask(who, operation, params).await)
    }

    /// Clients whose requests are changed after they were signed.
    pub async fn tampered(
        &self,
        who: &str,
        change: impl Fn(&mut HttpRequest) + Send + Sync + 'static,
    ) -> Clients {
        let mut clients = self.clients(who, false).await;
        let connector = SharedHttpConnector::new(Tamper {
            sandbox: self.sandbox.clone(),
            change: Box::new(change),
        });
        let shared = connector.clone();
        let http = http_client_fn(move |_, _| shared.clone());
        let s3 = aws_sdk_s3::Client::from_conf(
            clients.s3.config().to_builder().http_client(http.clone()).build(),
        );
        clients.s3 = lazy(|| s3);
        let kms = aws_sdk_kms::Client::from_conf(
            clients.kms.config().to_builder().http_client(http.clone()).build(),
        );
        clients.kms = lazy(|| kms);
        let sts = aws_sdk_sts::Client::from_conf(
            clients.sts.config().to_builder().http_client(http).build(),
        );
        clients.sts = lazy(|| sts);
        clients.connector = connector;
        clients
    }
}

pub async fn send(
    clients: &Clients,
    operation: &str,
    params: &[(Param, &str)],
    how: How,
) -> Answer {
    let operation = Operation::named(operation).expect("an operation of the catalogue");
    let values: BTreeMap<Param, String> =
        params.iter().map(|(param, value)| (*param, (*value).to_owned())).collect();
    let call = Call {
        operation,
        principal: Principal::Anonymous,
        plain: how.plain,
        network: gainsay_iam::Network::default(),
        old_session: false,
        presigned: how.presigned,
        account: ACCOUNT.to_owned(),
        bucket_owner: how.owner,
        values,
        action: operation.action,
        // What S3 Control is told of by its ARN.
        resource: resource(operation, params),
    };
    attempt::call(clients, &call).await
}

fn resource(operation: &Operation, params: &[(Param, &str)]) -> String {
    let value =
        |param| params.iter().find(|(other, _)| *other == param).map_or("", |(_, value)| value);
    match operation.on {
        On::Bucket => format!("arn:aws:s3:::{}", value(Param::Bucket)),
        On::AccessPoint => {
            format!("arn:aws:s3:{REGION}:{ACCOUNT}:accesspoint/{}", value(Param::AccessPoint))
        }
        _ => String::new(),
    }
}

struct Tamper {
    sandbox: Sandbox,
    change: Box<dyn Fn(&mut HttpRequest) + Send + Sync>,
}

impl std::fmt::Debug for Tamper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tamper")
    }
}

impl HttpConnector for Tamper {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        (self.change)(&mut request);
        self.sandbox.call(request)
    }
}

/// An answer in one line: `allowed`, or status, code and what a run takes it for, with layers and
/// action of a denial.
pub fn outcome(operation: &str, answer: &Answer) -> String {
    let service = Operation::named(operation).expect("an operation of the catalogue").service;
    let classified = classify(service, answer);
    let what = match (&classified, answer) {
        (Outcome::Allowed, Answer::Success { .. }) => return "allowed".to_owned(),
        (Outcome::Denied(denial), _) => {
            let layers: Vec<&str> = denial.layers.iter().map(|layer| layer.as_str()).collect();
            let action = denial.action.as_deref().unwrap_or("nothing named");
            format!(
                "denied by {}: {action}",
                if layers.is_empty() { "-".to_owned() } else { layers.join("|") }
            )
        }
        (other, _) => other.kind().to_string(),
    };
    match answer {
        Answer::Refused(refused) => {
            format!("{} {} {what}", refused.status, refused.code.as_deref().unwrap_or("-"))
        }
        other => format!("{what} {other:?}"),
    }
}

/// The message of a refusal.
pub fn message(answer: &Answer) -> String {
    match answer {
        Answer::Refused(refused) => refused.message.clone().unwrap_or_default(),
        other => panic!("no refusal: {other:?}"),
    }
}

/// One field of a success.
pub fn field(answer: &Answer, field: Field) -> String {
    match answer {
        Answer::Success { output, .. } => {
            output.get(&field).and_then(|values| values.first().cloned()).unwrap_or_default()
        }
        other => panic!("no success: {other:?}"),
    }
}

/// Runs a test's future.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(test);
}

/// Compares every row and tells all that differ.
#[derive(Default)]
pub struct Table(Vec<String>);

impl Table {
    pub fn row(&mut self, name: &str, actual: &str, expected: &str) {
        if actual != expected {
            self.0.push(format!("{name}\n      got {actual}\n expected {expected}"));
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        assert!(self.0.is_empty() || std::thread::panicking(), "{}", self.0.join("\n"));
    }
}
