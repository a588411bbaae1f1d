//! What a policy of the environment would refuse to a service of AWS that the environment uses:
//! a warning for each request, at the statement that denies it or at the policy that is silent.

use std::sync::Arc;

use gainsay_iam::{Decision, Evaluation, Layer, PathStep, Policies, Policy, Principal};
use gainsay_model::{Bucket, DefaultEncryption, Document, Key, Role};

use super::warning;
use crate::{
    control::{DeliveryValues, Subject, answers, prefixes},
    files::{
        Answers, Delivery, Environment,
        diag::{Code, Diagnostic, Diagnostics},
    },
};

/// What is refused of the deliveries of an environment. What cannot be decided is not warned of:
/// AWS's pages leave open what the policy asks for.
pub(super) fn check(environment: &Environment, found: &mut Diagnostics) {
    for delivery in environment.deliveries() {
        let Delivery { service, bucket, from, .. } = &delivery;
        if service.sse_s3_only && !matches!(bucket.encryption, DefaultEncryption::S3) {
            let message = format!(
                "{} only to buckets whose default encryption is SSE-S3, and that of `{}` is not",
                service.does, bucket.logical
            );
            let warned = warning(Code::ServiceRefused, message);
            found.push(at_start(warned, bucket.policy.as_ref()));
        }
        one_bucket(environment, &delivery, Answers::Bucket, bucket, found);
        if let Some(from) = from {
            one_bucket(environment, &delivery, Answers::Source, from, found);
        }
        for (of, key) in
            [(Answers::Key, delivery.key.clone()), (Answers::SourceKey, delivery.source_key())]
        {
            if let Some(key) = key {
                one_key(environment, &delivery, of, &key, found);
            }
        }
    }
}

fn one_bucket(
    environment: &Environment,
    delivery: &Delivery,
    of: Answers,
    bucket: &Bucket,
    found: &mut Diagnostics,
) {
    let subject = subject(environment, &bucket.logical, bucket.arn(), &bucket.account);
    one(environment, delivery, of, &subject, bucket.policy.as_ref(), found);
}

fn one_key(
    environment: &Environment,
    delivery: &Delivery,
    of: Answers,
    key: &Key,
    found: &mut Diagnostics,
) {
    let subject = subject(environment, &key.name, key.arn.clone(), &key.account);
    one(environment, delivery, of, &subject, Some(&key.policy), found);
}

fn subject(environment: &Environment, name: &str, arn: String, account: &str) -> Subject {
    Subject {
        name: name.to_owned(),
        id: arn.clone(),
        arn,
        account: account.to_owned(),
        region: environment.deployed.region.clone(),
        organizations: environment.deployed.organizations.clone(),
    }
}

/// Puts what one resource is asked to its policy, and to those of the role that asks.
fn one(
    environment: &Environment,
    delivery: &Delivery,
    of: Answers,
    subject: &Subject,
    policy: Option<&Document>,
    found: &mut Diagnostics,
) {
    let identity: Vec<Policy> =
        delivery.role.iter().flat_map(|role| &role.policies).map(|of| of.policy.clone()).collect();
    let policies = Policies {
        resource: policy.map(|document| &document.policy),
        identity: &identity,
        boundary: delivery.role.as_ref().and_then(|role| Some(&role.boundary.as_ref()?.policy)),
        ..Policies::default()
    };
    let caller = match (&delivery.role, &delivery.service.service) {
        (Some(role), _) => replicator(role),
        (None, service) => Principal::Service(service.clone().unwrap_or_default()),
    };
    let values = values(environment, delivery, subject);
    for answer in answers(delivery.service, of, &values, &caller, subject, &policies) {
        let Ok(evaluation) = answer.evaluation else { continue };
        if evaluation.decision == Decision::Allow {
            continue;
        }
        let message = format!(
            "{}, and `{}` is not allowed `{}` on `{}`: {}",
            delivery.service.does,
            delivery.role.as_ref().map_or_else(|| caller.to_string(), |role| role.name.clone()),
            answer.request.action,
            answer.request.resource,
            refusal(&evaluation)
        );
        let warned = warning(Code::ServiceRefused, message);
        found.push(match (policy, denying(&evaluation)) {
            (Some(document), Some(statement)) => at_statement(warned, document, statement),
            (document, _) => at_start(warned, document),
        });
    }
}

/// The session in which S3 replicates
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html>).
fn replicator(role: &Role) -> Principal {
    let name = role.arn.rsplit('/').next().unwrap_or_default();
    let arn = format!("arn:aws:sts::{}:assumed-role/{name}/s3-replication", role.account);
    Principal::Session { role: role.arn.clone(), arn }
}

fn values(environment: &Environment, delivery: &Delivery, subject: &Subject) -> DeliveryValues {
    let mut values = DeliveryValues::from(prefixes(&delivery.prefix));
    let arn = |key: Option<Arc<Key>>| key.map(|key| key.arn.clone());
    let optional = [
        ("source", delivery.source.clone()),
        ("from", delivery.from.as_ref().map(|from| from.arn())),
        ("key", arn(delivery.key.clone())),
        ("from_key", arn(delivery.source_key())),
    ];
    values.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    values.insert("bucket", delivery.bucket.arn());
    values.insert("account", subject.account.clone());
    values.insert("region", environment.deployed.region.clone());
    values
}

/// Why a request is refused, in a few words.
fn refusal(evaluation: &Evaluation) -> String {
    match evaluation.by.first() {
        Some(reason) => format!("{reason} denies it"),
        None => "no statement allows it".to_owned(),
    }
}

/// The statement of the resource's policy that denies.
fn denying(evaluation: &Evaluation) -> Option<usize> {
    let of_resource = |layer: Layer| matches!(layer, Layer::Resource | Layer::KeyPolicy);
    let deny = evaluation.by.iter().find(|reason| of_resource(reason.layer))?;
    (evaluation.decision == Decision::ExplicitDeny).then_some(deny.statement)
}

fn at_statement(warned: Diagnostic, document: &Document, statement: usize) -> Diagnostic {
    let path = [PathStep::Key("Statement".to_owned()), PathStep::Index(statement)];
    let place = gainsay_iam::locate(document.source.text(), &path);
    warned.at(&document.source, place.map_or(0..0, |place| place.range))
}

fn at_start(warned: Diagnostic, document: Option<&Document>) -> Diagnostic {
    match document {
        Some(document) => warned.at(&document.source, 0..0),
        None => warned,
    }
}
