//! Which statement refused, where the target does not tell: AWS names the mechanism and never the
//! statement of a bucket policy.
//!
//! The same call is put to the policy engine, in a sandbox that has the environment as it is bound,
//! if the bucket's policy on the target was read in this run and is the declared one. What the
//! engine finds deciding is held against what the target said.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use aws_credential_types::Credentials;
use gainsay_model::{Bucket, Role, Service};
use gainsay_sandbox::{Rulings, Sandbox};
use serde_json::Value;

use crate::{
    attempt::{self, Answer, Call, Param, Principal},
    cloud::{Clients, Target},
    control::{ReadOutcome, Reading},
    files::Environment,
    outcome::came_back,
    session::Session,
};

/// The policy engine over the policies of a shared target.
#[derive(Debug)]
pub(in crate::runner) struct Engine {
    sandbox: Sandbox,
    region: String,
    sessions: BTreeMap<String, Credentials>,
    /// The names of the buckets whose policy on the target is the declared one.
    declared: Mutex<BTreeSet<String>>,
}

impl Engine {
    pub(in crate::runner) fn new(
        environment: &Environment,
        roles: &[Arc<Role>],
        run: &str,
    ) -> Self {
        let sandbox = Sandbox::new(&environment.deployed);
        let session = |role: &Arc<Role>| {
            let session = Session::issued(&sandbox, environment, role, run);
            (role.name.clone(), session.credentials)
        };
        Self {
            sessions: roles.iter().map(session).collect(),
            sandbox,
            region: environment.deployed.region.clone(),
            declared: Mutex::default(),
        }
    }

    /// Notes that a bucket has its declared policy on the target.
    pub(in crate::runner) fn mark_declared(&self, bucket: &str) {
        let mut declared = self.declared.lock().unwrap_or_else(PoisonError::into_inner);
        declared.insert(bucket.to_owned());
    }

    /// The names of the buckets that were marked as having their declared policy.
    pub(in crate::runner) fn declared_buckets(&self) -> BTreeSet<String> {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads a bucket's policy as one of those who may: whether it is the declared one, and how
    /// many calls that took.
    pub(in crate::runner) async fn compare(
        &self,
        bucket: &Bucket,
        readers: &[Clients],
    ) -> (bool, u64) {
        let mut calls = 0;
        for clients in readers {
            calls += 1;
            let request = clients.s3.get_bucket_policy().bucket(&bucket.name);
            let found = match request.expected_bucket_owner(&bucket.account).send().await {
                Ok(answer) => answer.policy().map(str::to_owned),
                Err(error) => match Answer::from_error(&error) {
                    Answer::Refused(refused)
                        if refused.code.as_deref() == Some("NoSuchBucketPolicy") =>
                    {
                        None
                    }
                    Answer::Success { .. }
                    | Answer::Refused(_)
                    | Answer::Malformed { .. }
                    | Answer::Unreachable { .. }
                    | Answer::NotSent { .. } => continue,
                },
            };
            let declared = bucket.policy.as_ref().map(|policy| policy.text.as_ref());
            return (same(found.as_deref(), declared), calls);
        }
        (false, calls)
    }

    /// What a check would read if everything were as the environment says.
    pub(in crate::runner) async fn declared(&self, reading: &Reading) -> ReadOutcome {
        let (Some(row), Some(credentials)) =
            (reading.check.row(), self.sessions.get(&reading.reader.name))
        else {
            return ReadOutcome::NotRead("nobody reads the environment".to_owned());
        };
        let clients =
            Target::sandbox(&self.sandbox, &self.region, None).clients(Some(credentials), false);
        match clients.ask(row.service, &row.ask(&reading.subject, &reading.parameters)).await {
            Ok(response) => row.outcome(&reading.subject, response.status, &response.body),
            Err(answer) => ReadOutcome::NotRead(came_back(&answer)),
        }
    }

    /// What decides about a call; nothing where that is not known.
    pub(in crate::runner) async fn decides(&self, call: &Call) -> Option<Rulings> {
        let bucket = call.get(Param::Bucket)?;
        let is_declared =
            self.declared.lock().unwrap_or_else(PoisonError::into_inner).contains(&bucket);
        if !is_declared || call.operation.service != Service::S3 {
            return None;
        }
        let credentials = match &call.principal {
            Principal::Anonymous => None,
            Principal::Role(role) => Some(self.sessions.get(&role.name)?),
        };
        // What the engine would allow must not change the world that the next call is put to.
        let target = Target::sandbox(&self.sandbox.fork(), &self.region, None);
        match attempt::call(&target.clients(credentials, call.plain), call).await {
            Answer::Refused(refused) => {
                refused.rulings.filter(|rulings| rulings.refusal().is_some())
            }
            Answer::Success { .. }
            | Answer::Malformed { .. }
            | Answer::Unreachable { .. }
            | Answer::NotSent { .. } => None,
        }
    }
}

/// Whether two documents say the same. AWS stores a list of one as its element, and lists in an
/// order of its own.
fn same(found: Option<&str>, declared: Option<&str>) -> bool {
    let read =
        |text: Option<&str>| text.map(|text| serde_json::from_str::<Value>(text).map(normal));
    match (read(found), read(declared)) {
        (None, None) => true,
        (Some(Ok(found)), Some(Ok(declared))) => found == declared,
        _ => false,
    }
}

fn normal(value: Value) -> Value {
    match value {
        Value::Array(values) => {
            let mut values: Vec<Value> = values.into_iter().map(normal).collect();
            values.sort_by_key(Value::to_string);
            match <[Value; 1]>::try_from(values) {
                Ok([only]) => only,
                Err(values) => Value::Array(values),
            }
        }
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(key, value)| (key, normal(value))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn documents_are_the_same_whatever_form_they_are_stored_in() {
        let declared = r#"{"Version": "2012-10-17", "Statement": [{"Action": ["s3:*"], "Resource": ["b", "a"], "Effect": "Deny"}]}"#;
        let stored = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":["a","b"]}}"#;
        assert!(same(Some(stored), Some(declared)));
        assert!(same(None, None));
        for other in [
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":["a","b"]}}"#,
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"a"}}"#,
            "{}",
            "",
        ] {
            assert!(!same(Some(other), Some(declared)), "{other}");
        }
        assert!(
            !same(None, Some(declared)) && !same(Some(stored), None) && !same(Some(""), Some(""))
        );
    }
}
