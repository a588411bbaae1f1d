//! Whether a target is ready: every role is assumed and every bucket, key and trail read, and
//! nothing is changed.

use std::sync::Arc;

use gainsay_model::{Bucket, Key, Role, Service, Trail};
use gainsay_sandbox::Sandbox;
use serde_json::json;

use super::{
    RunTarget,
    shared::{SessionStore, SharedTarget},
};
use crate::{
    attempt::Answer,
    cloud::{Clients, SignedRequest, Target},
    files::Environment,
    outcome::came_back,
    session::{SessionError, Sessions},
    suite::Architecture,
};

/// Whether one role, bucket, key or trail is ready.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its kind and logical name: `role app`.
    pub what: String,
    /// How it was reached, in a few words.
    pub found: Result<String, NotReady>,
}

/// Why a role cannot be assumed, or a bucket, key or trail not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotReady {
    /// The role has no session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Neither the caller nor any role can ask.
    #[error("{resource}: there is nobody to read it")]
    NoReader {
        /// The bucket's name, or the ARN.
        resource: String,
    },
    /// Nobody who asked may read it.
    #[error("{resource}: {action} by {reader}: {}", came_back(answer))]
    NotRead {
        /// The bucket's name, or the ARN.
        resource: String,
        /// What was called: `s3:HeadBucket`.
        action: &'static str,
        /// Who asked last.
        reader: String,
        /// What came back.
        answer: Box<Answer>,
    },
}

/// Somebody who may be able to read.
struct Reader {
    name: String,
    clients: Clients,
}

/// Assumes every role and reads every bucket, key and trail that `is_needed`, which is asked with
/// its kind (`role`, `bucket`, `key`, `trail`) and logical name. `run` is the run id.
pub async fn examine(
    architecture: &Architecture,
    target: &RunTarget,
    run: &str,
    is_needed: impl Fn(&str, &str) -> bool,
) -> Vec<Finding> {
    let environment = &architecture.environment;
    let roles: Vec<Arc<Role>> = environment
        .deployed
        .roles
        .iter()
        .filter(|role| is_needed("role", &role.name))
        .cloned()
        .collect();
    let (sessions, target, mut readers) = match target.of_architecture(&architecture.name) {
        Some(target) => shared(target, environment, &roles, run).await,
        None => sandbox(environment, &roles, run).await,
    };
    let mut findings = Vec::new();
    for role in &roles {
        let found = match sessions.get(&role.name) {
            Ok(session) => {
                readers.push(Reader {
                    name: role.name.clone(),
                    clients: target.fork().clients(Some(&session.credentials), false),
                });
                Ok(format!("assumed, as {}", session.arn))
            }
            Err(error) => Err(error.into()),
        };
        findings.push(Finding { what: format!("role {}", role.name), found });
    }
    for bucket in
        environment.deployed.buckets.iter().filter(|bucket| is_needed("bucket", &bucket.logical))
    {
        findings.push(Finding {
            what: format!("bucket {}", bucket.logical),
            found: read_bucket(bucket, &readers).await,
        });
    }
    for key in environment.deployed.keys.iter().filter(|key| is_needed("key", &key.name)) {
        findings.push(Finding {
            what: format!("key {}", key.name),
            found: read_key(key, &readers).await,
        });
    }
    for trail in
        environment.deployed.trails.iter().filter(|trail| is_needed("trail", &trail.logical))
    {
        findings.push(Finding {
            what: format!("trail {}", trail.logical),
            found: read_trail(trail, &readers).await,
        });
    }
    findings
}

async fn shared(
    shared: &Arc<SharedTarget>,
    environment: &Arc<Environment>,
    roles: &[Arc<Role>],
    run: &str,
) -> (Sessions, Target, Vec<Reader>) {
    let sessions = SessionStore::new(shared, environment, run).open(roles).await;
    let mut readers = Vec::new();
    if let Ok(credentials) = shared.caller.chain.credentials().await {
        readers.push(Reader {
            name: "the caller".to_owned(),
            clients: shared.target.fork().clients(Some(&credentials), false),
        });
    }
    (sessions, shared.target.clone(), readers)
}

async fn sandbox(
    environment: &Environment,
    roles: &[Arc<Role>],
    run: &str,
) -> (Sessions, Target, Vec<Reader>) {
    let sandbox = Sandbox::new(&environment.deployed);
    let target = Target::sandbox(&sandbox, &environment.deployed.region, None);
    let sessions =
        Sessions::open(&target, &sandbox.caller_credentials().into(), environment, roles, run)
            .await;
    (sessions, target, Vec::new())
}

/// Reads a resource as each of the readers until one may. Answers what it was read with.
async fn read(
    resource: &str,
    action: &'static str,
    readers: &[Reader],
    ask: impl AsyncFn(&Clients) -> Result<(), Answer>,
) -> Result<String, NotReady> {
    let mut problem = NotReady::NoReader { resource: resource.to_owned() };
    for reader in readers {
        match ask(&reader.clients).await {
            Ok(()) => return Ok(format!("{resource}, read by {} with {action}", reader.name)),
            Err(answer) => {
                problem = NotReady::NotRead {
                    resource: resource.to_owned(),
                    action,
                    reader: reader.name.clone(),
                    answer: Box::new(answer),
                };
            }
        }
    }
    Err(problem)
}

async fn read_bucket(bucket: &Bucket, readers: &[Reader]) -> Result<String, NotReady> {
    read(&bucket.name, "s3:HeadBucket", readers, async |clients| {
        let request = clients.s3.head_bucket().bucket(&bucket.name);
        let answer = request.expected_bucket_owner(&bucket.account).send().await;
        answer.map(drop).map_err(|error| Answer::from_error(&error))
    })
    .await
}

async fn read_key(key: &Key, readers: &[Reader]) -> Result<String, NotReady> {
    read(&key.arn, "kms:DescribeKey", readers, async |clients| {
        let answer = clients.kms.describe_key().key_id(&key.arn).send().await;
        answer.map(drop).map_err(|error| Answer::from_error(&error))
    })
    .await
}

async fn read_trail(trail: &Trail, readers: &[Reader]) -> Result<String, NotReady> {
    read(&trail.arn, "cloudtrail:GetTrailStatus", readers, async |clients| {
        let ask = SignedRequest::cloudtrail("GetTrailStatus", &json!({ "Name": trail.arn }));
        let response = clients.ask(Service::CloudTrail, &ask).await?;
        response.json(Service::CloudTrail).map(drop)
    })
    .await
}
