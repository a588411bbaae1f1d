//! Whether a target is ready: every role is assumed and every bucket, key and trail read, and
//! nothing is changed.

use std::sync::Arc;

use gainsay_model::{Bucket, Key, Role, Service, Trail};
use gainsay_sandbox::Sandbox;
use serde_json::json;

use super::{
    Place,
    shared::{Ground, Keeper},
};
use crate::{
    attempt::{Answer, Ask},
    cloud::{Clients, Target},
    environment::Environment,
    principal::Sessions,
    suite::Architecture,
    verdict::came_back,
};

/// What was found of one role, bucket, key or trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `role app`.
    pub what: String,
    /// How it was reached, or what the problem is.
    pub found: Result<String, String>,
}

/// Somebody who may be able to read.
struct Reader {
    name: String,
    clients: Clients,
}

/// Assumes every role and reads every bucket, key and trail that `is_needed`.
pub async fn examine(
    architecture: &Architecture,
    place: &Place,
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
    let (sessions, target, mut readers) = match place.ground(&architecture.name) {
        Some(ground) => shared(ground, environment, &roles, run).await,
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
            Err(problem) => Err(problem),
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
    ground: &Arc<Ground>,
    environment: &Arc<Environment>,
    roles: &[Arc<Role>],
    run: &str,
) -> (Sessions, Target, Vec<Reader>) {
    let sessions = Keeper::new(ground, environment, run).open(roles).await;
    let mut readers = Vec::new();
    if let Ok(credentials) = ground.caller.chain.credentials().await {
        readers.push(Reader {
            name: "the caller".to_owned(),
            clients: ground.target.fork().clients(Some(&credentials), false),
        });
    }
    (sessions, ground.target.clone(), readers)
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

/// The first of the readers that may, and what it read with; else what the last was told.
async fn read_bucket(bucket: &Bucket, readers: &[Reader]) -> Result<String, String> {
    let mut told = "there is nobody to read it".to_owned();
    for reader in readers {
        let request = reader.clients.s3.head_bucket().bucket(&bucket.name);
        match request.expected_bucket_owner(&bucket.account).send().await {
            Ok(_) => {
                return Ok(format!("{}, read by {} with s3:HeadBucket", bucket.name, reader.name));
            }
            Err(error) => {
                told = format!(
                    "s3:HeadBucket by {}: {}",
                    reader.name,
                    came_back(&Answer::from_error(&error))
                );
            }
        }
    }
    Err(format!("{}: {told}", bucket.name))
}

async fn read_key(key: &Key, readers: &[Reader]) -> Result<String, String> {
    let mut told = "there is nobody to read it".to_owned();
    for reader in readers {
        match reader.clients.kms.describe_key().key_id(&key.arn).send().await {
            Ok(_) => {
                return Ok(format!("{}, read by {} with kms:DescribeKey", key.arn, reader.name));
            }
            Err(error) => {
                told = format!(
                    "kms:DescribeKey by {}: {}",
                    reader.name,
                    came_back(&Answer::from_error(&error))
                );
            }
        }
    }
    Err(format!("{}: {told}", key.arn))
}

async fn read_trail(trail: &Trail, readers: &[Reader]) -> Result<String, String> {
    let action = "cloudtrail:GetTrailStatus";
    let mut told = "there is nobody to read it".to_owned();
    for reader in readers {
        let ask = Ask::cloudtrail("GetTrailStatus", &json!({ "Name": trail.arn }));
        let answer = reader.clients.ask(Service::CloudTrail, &ask).await;
        match answer.and_then(|told| told.json(Service::CloudTrail)) {
            Ok(_) => return Ok(format!("{}, read by {} with {action}", trail.arn, reader.name)),
            Err(answer) => told = format!("{action} by {}: {}", reader.name, came_back(&answer)),
        }
    }
    Err(format!("{}: {told}", trail.arn))
}
