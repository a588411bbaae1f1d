//! What a call acts on, deployed so that no policy forbids the call, and the policies that were
//! given for it.

use std::{collections::BTreeMap, sync::Arc};

use gainsay_iam::{EvaluationInput, EvaluationInputError, Grant, Policy, Principal};
use gainsay_model::{
    BucketBuilder, BucketEncryption, Environment, KeyBuilder, Ownership, PublicAccessBlock, Role,
    RoleBuilder, Versioning, default_key_policy,
};
use serde_json::{Value, json};

use super::{
    CallError,
    input::{Input, JsonAlgorithm, JsonBucket, JsonKey, JsonOwnership, JsonVersioning},
};
use crate::attempt::Param;

/// The environment in which nothing is forbidden to the caller, and what the policies really say.
#[derive(Debug)]
pub(super) struct Deployed {
    pub environment: Environment,
    /// The caller's role, where it is a session.
    pub caller: Option<Arc<Role>>,
    /// The principals that nothing is forbidden to, for a policy.
    pub permitted: Value,
    /// By the ARN of a bucket, key, role or access point.
    real: BTreeMap<String, (Option<Policy>, Vec<Grant>)>,
    /// By bucket of another account than the caller's, a role of that account.
    owners: BTreeMap<String, Arc<Role>>,
}

/// What the caller's role is called while names are checked; the caller's own is looser.
const CALLER: &str = "caller";

impl Deployed {
    pub fn of(input: &Input) -> Result<Self, CallError> {
        let account = input.account()?;
        let permitted = permitted(&input.principal, &account);
        let mut builder = Environment::builder(&account, &input.region)
            .caller(CALLER, [everything(None).to_string()])
            .role(RoleBuilder::new(CALLER).policy(everything(None)));
        let mut real = BTreeMap::new();
        let mut names = BTreeMap::new();
        let mut owners = BTreeMap::new();
        for (index, (arn, key)) in input.keys.iter().enumerate() {
            let name = format!("key-{index}");
            builder = builder.key(self::key(input, &name, arn, key, &permitted)?);
            names.insert(arn.as_str(), name);
            let policy = key.policy.clone();
            let owner = arn.split(':').nth(4).unwrap_or_default();
            let policy = policy.unwrap_or_else(|| default_key_policy(owner));
            let place = format!("keys.{arn}");
            let compiled = compile(&place, "kms:Decrypt", arn, Some(&policy), key.grants.as_ref())?;
            real.insert(arn.clone(), compiled);
        }
        let none = JsonBucket::default();
        for name in buckets(input)? {
            let described = input.buckets.get(&name).unwrap_or(&none);
            let made = bucket(&name, described, &names, &permitted, &account, &input.principal)?;
            builder = builder.bucket(made);
            if let Some(owner) = described.account.as_deref().filter(|owner| *owner != account) {
                owners.insert(name.clone(), self::owner(owner)?);
            }
            let arn = format!("arn:aws:s3:::{name}");
            let place = format!("buckets.{name}");
            let compiled = compile(&place, "s3:GetObject", &arn, described.policy.as_ref(), None)?;
            real.insert(arn, compiled);
        }
        let mut environment = builder.build()?;
        if let Principal::User { arn } = &input.principal {
            environment.caller.arn.clone_from(arn);
        }
        let caller = caller(&mut environment, input);
        for (arn, described) in &input.roles {
            let compiled = compile(
                &format!("roles.{arn}"),
                "sts:AssumeRole",
                arn,
                Some(&described.trust),
                None,
            )?;
            real.insert(arn.clone(), compiled);
            let role = role(arn, &permitted, described.tags.iter(), &account)?;
            environment.roles.push(Arc::new(role));
        }
        for (arn, point) in &input.access_points {
            let place = format!("access_points.{arn}");
            let compiled = compile(&place, "s3:GetObject", arn, point.policy.as_ref(), None)?;
            real.insert(arn.clone(), compiled);
        }
        environment.roles.extend(owners.values().cloned());
        Ok(Self { environment, caller, permitted, real, owners })
    }

    /// Who puts an object for its bucket's owner, if that is another account than the caller's.
    pub fn owner(&self, bucket: &str) -> Option<&Role> {
        self.owners.get(bucket).map(Arc::as_ref)
    }

    /// The policy and grants that were given for the resource of a question; nothing for what
    /// nobody gives a policy.
    pub fn real(&self, resource: &str) -> Option<(Option<&Policy>, &[Grant])> {
        let owner = match resource.split_once("/object/") {
            Some((point, _)) if point.contains(":accesspoint/") => point,
            _ if resource.starts_with("arn:aws:s3:::") => {
                resource.split('/').next().unwrap_or(resource)
            }
            _ => resource,
        };
        self.real.get(owner).map(|(policy, grants)| (policy.as_ref(), grants.as_slice()))
    }
}

/// A statement that allows everything, to these principals in a policy of a resource.
fn everything(permitted: Option<&Value>) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    if let (Some(permitted), Some(statement)) = (permitted, statement.as_object_mut()) {
        statement.insert("Principal".to_owned(), permitted.clone());
    }
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// A policy of S3's that allows everything on these resources, and what `more` allows.
pub(super) fn everything_on(permitted: &Value, resources: &[String], more: &[Value]) -> Value {
    let own = json!({
        "Effect": "Allow", "Principal": permitted, "Action": "s3:*", "Resource": resources,
    });
    let statements: Vec<&Value> = std::iter::once(&own).chain(more).collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// The caller, and whoever makes what the call acts on.
fn permitted(principal: &Principal, account: &str) -> Value {
    let root = format!("arn:aws:iam::{account}:root");
    match principal {
        Principal::User { arn } => json!({ "AWS": [arn, root] }),
        Principal::Session { role, .. } => json!({ "AWS": [role, root] }),
        Principal::Anonymous
        | Principal::Root { .. }
        | Principal::Federated(_)
        | Principal::Service(_) => "*".into(),
    }
}

/// A resource's policy and grants as they were given, compiled as `gainsay decide` does.
fn compile(
    place: &str,
    action: &str,
    resource: &str,
    policy: Option<&Value>,
    grants: Option<&Value>,
) -> Result<(Option<Policy>, Vec<Grant>), CallError> {
    let mut policies = serde_json::Map::new();
    policies.extend(policy.map(|policy| ("resource".to_owned(), policy.clone())));
    policies.extend(grants.map(|grants| ("grants".to_owned(), grants.clone())));
    let line = json!({
        "principal": "anonymous", "action": action, "resource": resource, "policies": policies,
    });
    let (_, input) = EvaluationInput::read(&line.to_string());
    let input = input.map_err(|source| match source {
        EvaluationInputError::Malformed(problem) => CallError::member(place, problem),
        source => CallError::Policy { place: format!("`{place}`: "), source: Box::new(source) },
    })?;
    Ok((input.resource_policy, input.grants))
}

/// Every bucket that the call or what it acts on names.
fn buckets(input: &Input) -> Result<Vec<String>, CallError> {
    let mut names: Vec<String> = input.buckets.keys().cloned().collect();
    let of_object = |path: &String| path.split('/').next().unwrap_or_default().to_owned();
    names.extend(input.objects.keys().map(of_object));
    names.extend(input.access_points.values().map(|point| point.bucket.clone()));
    for param in [Param::Bucket, Param::CopySource, Param::Destination] {
        let Some(named) = input.values.get(&param) else { continue };
        if !named.starts_with("arn:") {
            names.push(of_object(named));
        } else if param != Param::Bucket {
            return Err(CallError::NotModelled(format!("`{param}` by way of an ARN")));
        } else if !input.access_points.contains_key(named) {
            let problem = format!("`access_points` says nothing of `{named}`");
            return Err(CallError::member(param.as_str(), problem));
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn key(
    input: &Input,
    name: &str,
    arn: &str,
    described: &JsonKey,
    permitted: &Value,
) -> Result<KeyBuilder, CallError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &["arn", "aws", "kms", region, account, id] = parts.as_slice() else {
        return Err(CallError::member(format!("keys.{arn}"), "write the ARN of a key"));
    };
    let Some(id) = id.strip_prefix("key/") else {
        return Err(CallError::member(format!("keys.{arn}"), "write the ARN of a key"));
    };
    if region != input.region {
        let problem = format!("a key in `{region}` for a call in `{}`", input.region);
        return Err(CallError::NotModelled(problem));
    }
    let mut key = KeyBuilder::new(name).account(account).policy(everything(Some(permitted)));
    key = match id.strip_prefix("mrk-") {
        Some(multi) => key.with_id(multi).multi_region(),
        None => key.with_id(id),
    };
    if let Some(alias) = &described.alias {
        key = key.alias(alias);
    }
    Ok(key)
}

fn bucket(
    name: &str,
    described: &JsonBucket,
    keys: &BTreeMap<&str, String>,
    permitted: &Value,
    account: &str,
    principal: &Principal,
) -> Result<BucketBuilder, CallError> {
    let owner = described.account.as_deref().unwrap_or(account);
    // Whether a policy is public is for Block Public Access to see, and is so by what it allows.
    let of_another = principal.account() != Some(owner);
    let more = if of_another { allows(described.policy.as_ref()) } else { Vec::new() };
    let resources = [format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")];
    let policy = everything_on(permitted, &resources, &more);
    let mut bucket = BucketBuilder::new(name).account(owner).policy(policy);
    if described.customer_keys {
        bucket = bucket.allow_customer_keys();
    }
    if let Some(encryption) = &described.encryption {
        let key = match &encryption.key {
            None => gainsay_model::AWS_MANAGED_KEY,
            Some(arn) => keys
                .get(arn.as_str())
                .map(String::as_str)
                .ok_or_else(|| CallError::UnknownKey(arn.clone()))?,
        };
        let made = match encryption.algorithm {
            JsonAlgorithm::Aes256 => BucketEncryption::s3(),
            JsonAlgorithm::Kms => BucketEncryption::kms(key),
            JsonAlgorithm::DualLayer => BucketEncryption::kms_dual_layer(key),
        };
        bucket =
            bucket.encryption(if encryption.bucket_key { made.with_bucket_key() } else { made });
    }
    if let Some(versioning) = described.versioning {
        bucket = bucket.versioning(match versioning {
            JsonVersioning::Enabled => Versioning::Enabled,
            JsonVersioning::Suspended => Versioning::Suspended,
        });
    }
    if let Some(ownership) = described.ownership {
        bucket = bucket.ownership(match ownership {
            JsonOwnership::BucketOwnerEnforced => Ownership::BucketOwnerEnforced,
            JsonOwnership::BucketOwnerPreferred => Ownership::BucketOwnerPreferred,
            JsonOwnership::ObjectWriter => Ownership::ObjectWriter,
        });
    }
    if let Some(block) = described.block_public_access {
        bucket = bucket.block_public_access(PublicAccessBlock {
            block_public_acls: block.block_public_acls,
            ignore_public_acls: block.ignore_public_acls,
            block_public_policy: block.block_public_policy,
            restrict_public_buckets: block.restrict_public_buckets,
        });
    }
    Ok(bucket)
}

/// The Allow statements of a policy as it is written.
fn allows(policy: Option<&Value>) -> Vec<Value> {
    let read = |text: &String| serde_json::from_str(text).ok();
    let policy = match policy {
        Some(Value::String(text)) => read(text),
        policy => policy.cloned(),
    };
    let statements = match policy.as_ref().and_then(|policy| policy.get("Statement")) {
        Some(Value::Array(statements)) => statements.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let allows = |statement: &Value| statement.get("Effect").is_some_and(|word| word == "Allow");
    statements.into_iter().filter(allows).collect()
}

/// Gives the caller's role its own name and ARN, which may have a path.
fn caller(environment: &mut Environment, input: &Input) -> Option<Arc<Role>> {
    let made = environment.roles.pop()?;
    let Principal::Session { role: arn, .. } = &input.principal else { return None };
    let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
    let role = Arc::new(Role {
        account: made.account.clone(),
        arn: arn.clone(),
        name,
        trust: made.trust.clone(),
        policies: made.policies.clone(),
        boundary: None,
        tags: input.principal_tags.clone(),
        max_session_duration: made.max_session_duration,
    });
    environment.roles.push(role.clone());
    Some(role)
}

/// A role of the account that owns a bucket.
fn owner(account: &str) -> Result<Arc<Role>, CallError> {
    let role = RoleBuilder::new("owner").policy(everything(None));
    let environment = Environment::builder(account, "us-east-1").role(role).build()?;
    let made = environment.roles.first().cloned();
    made.ok_or_else(|| CallError::NotModelled(format!("buckets of the account `{account}`")))
}

/// A role to assume or to pass, which the caller may assume.
fn role<'a>(
    arn: &str,
    permitted: &Value,
    tags: impl Iterator<Item = (&'a String, &'a String)>,
    account: &str,
) -> Result<Role, CallError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &["arn", "aws", "iam", "", owner, path] = parts.as_slice() else {
        return Err(CallError::member(format!("roles.{arn}"), "write the ARN of a role"));
    };
    let name = path.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(CallError::member(format!("roles.{arn}"), "write the ARN of a role"));
    };
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": permitted,
            "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        }],
    });
    let mut builder = RoleBuilder::new(CALLER).account(owner).trust(trust);
    for (key, value) in tags {
        builder = builder.tag(key, value);
    }
    let environment = Environment::builder(account, "us-east-1").role(builder).build()?;
    let Some(made) = environment.roles.first() else {
        return Err(CallError::member(format!("roles.{arn}"), "write the ARN of a role"));
    };
    Ok(Role {
        name: name.to_owned(),
        account: made.account.clone(),
        arn: arn.to_owned(),
        trust: made.trust.clone(),
        policies: Vec::new(),
        boundary: None,
        tags: made.tags.clone(),
        max_session_duration: 43_200,
    })
}
