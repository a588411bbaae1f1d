//! The call as it is written: a line of JSON.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use gainsay_iam::{Endpoint, EvaluationInput, Network, Principal};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{CallError, deploy::Deployed};
use crate::attempt::{Kind, OPERATIONS, Operation, Param};

/// A call, what it acts on, and the policies.
#[derive(Debug)]
pub(super) struct Input {
    pub operation: &'static Operation,
    pub principal: Principal,
    /// The parameters, as they are sent.
    pub values: BTreeMap<Param, String>,
    pub network: Network,
    pub region: String,
    /// Tags of the user or role, and of its session.
    pub principal_tags: Vec<(String, String)>,
    /// The policies of the principal and of the organizations and network, compiled; its context
    /// has the condition keys that are given.
    pub given: EvaluationInput,
    pub buckets: BTreeMap<String, JsonBucket>,
    pub keys: BTreeMap<String, JsonKey>,
    pub roles: BTreeMap<String, JsonRole>,
    pub access_points: BTreeMap<String, JsonAccessPoint>,
    /// By bucket and key; nothing for what is not there.
    pub objects: BTreeMap<String, Option<JsonObject>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonBucket {
    pub account: Option<String>,
    pub policy: Option<Value>,
    pub encryption: Option<JsonEncryption>,
    pub versioning: Option<JsonVersioning>,
    pub ownership: Option<JsonOwnership>,
    #[serde(alias = "public_access_block")]
    pub block_public_access: Option<JsonPublicAccess>,
    /// Whether uploads may bring keys of their own (SSE-C).
    #[serde(default)]
    pub customer_keys: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonEncryption {
    pub algorithm: JsonAlgorithm,
    pub key: Option<String>,
    #[serde(default)]
    pub bucket_key: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) enum JsonAlgorithm {
    #[serde(rename = "AES256")]
    Aes256,
    #[serde(rename = "aws:kms")]
    Kms,
    #[serde(rename = "aws:kms:dsse")]
    DualLayer,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum JsonVersioning {
    #[serde(alias = "Enabled")]
    Enabled,
    #[serde(alias = "Suspended")]
    Suspended,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) enum JsonOwnership {
    BucketOwnerEnforced,
    BucketOwnerPreferred,
    ObjectWriter,
}

/// As `GetPublicAccessBlock` prints them, or in snake case; what is not there is off.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "the four settings of the API")]
pub(super) struct JsonPublicAccess {
    #[serde(alias = "BlockPublicAcls")]
    pub block_public_acls: bool,
    #[serde(alias = "IgnorePublicAcls")]
    pub ignore_public_acls: bool,
    #[serde(alias = "BlockPublicPolicy")]
    pub block_public_policy: bool,
    #[serde(alias = "RestrictPublicBuckets")]
    pub restrict_public_buckets: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonKey {
    pub policy: Option<Value>,
    pub alias: Option<String>,
    pub grants: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonRole {
    pub trust: Value,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonAccessPoint {
    pub bucket: String,
    pub policy: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonObject {
    pub encryption: Option<String>,
    pub kms_key: Option<String>,
    pub bucket_key: Option<bool>,
    pub tags: Option<String>,
    pub storage_class: Option<String>,
}

/// Condition keys that follow from the network, and the parameters that say them.
const NETWORK: [(&str, Option<Param>); 4] = [
    ("aws:sourceip", Some(Param::SourceIp)),
    ("aws:sourcevpce", Some(Param::SourceVpce)),
    ("aws:sourcevpc", Some(Param::SourceVpc)),
    ("aws:vpcsourceip", None),
];

/// Other names of parameters: those of the API, in snake case.
const SYNONYMS: &[(&str, Param)] = &[
    ("duration_seconds", Param::Duration),
    ("key_id", Param::KmsKey),
    ("kms_key", Param::KeyId),
    ("role_arn", Param::Role),
    ("server_side_encryption", Param::Encryption),
    ("ssekms_key_id", Param::KmsKey),
    ("tagging", Param::Tags),
    ("version_id", Param::Version),
];

/// The name of a session where `as` names the role alone.
const SESSION: &str = "session";

/// Where no key or access point says another.
const REGION: &str = "us-east-1";

impl Input {
    pub fn read(text: &str) -> Result<Self, CallError> {
        // A reader of JSON keeps one of two members without a word.
        if let Some((key, _)) = gainsay_iam::duplicate_key(text) {
            return Err(CallError::Malformed(format!("`{key}` is written twice in one object")));
        }
        let mut members: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| CallError::Malformed(error.to_string()))?;
        members.remove("id");
        let operation = text_of(&mut members, "operation")?.unwrap_or_default();
        let operation = named(&operation).ok_or_else(|| unknown_operation(&operation))?;
        let caller = match text_of(&mut members, "as")? {
            Some(caller) => Some(caller),
            None => text_of(&mut members, "principal")?,
        };
        let caller = caller
            .ok_or(CallError::Missing { operation: operation.name, what: "`as`".to_owned() })?;
        let policies = members.remove("policies").unwrap_or_else(|| json!({}));
        let mut context = members.remove("context").unwrap_or_else(|| json!({}));
        move_network(&mut context, &mut members);
        let given = given(operation, &caller, &policies, &context)?;
        let keys: BTreeMap<String, JsonKey> = table(&mut members, "keys")?;
        let access_points: BTreeMap<String, JsonAccessPoint> =
            table(&mut members, "access_points")?;
        let region = text_of(&mut members, "region")?;
        let mut arns = keys.keys().chain(access_points.keys());
        let input = Self {
            operation,
            principal: principal(&given)?,
            region: region
                .or_else(|| Some(arns.next()?.split(':').nth(3)?.to_owned()))
                .unwrap_or_else(|| REGION.to_owned()),
            principal_tags: pairs(table(&mut members, "principal_tags")?),
            buckets: table(&mut members, "buckets")?,
            roles: table(&mut members, "roles")?,
            objects: table(&mut members, "objects")?,
            values: values(operation, members)?,
            network: Network::default(),
            keys,
            access_points,
            given,
        };
        input.with_network()?.checked()
    }

    /// With the network that the parameters say the call comes from.
    fn with_network(mut self) -> Result<Self, CallError> {
        let text = |param| self.values.get(&param).map(String::as_str);
        let endpoint = match text(Param::SourceVpce) {
            None => Endpoint::Unknown,
            Some("none") => Endpoint::None,
            Some(id) => Endpoint::Through(Some(id.to_owned())),
        };
        let through = !matches!(endpoint, Endpoint::Unknown | Endpoint::None);
        if self.given.vpc_endpoint.is_some() && !through {
            return Err(CallError::member(
                "policies.vpce",
                "the call comes through no VPC endpoint: name it with `source_vpce`",
            ));
        }
        if text(Param::SourceVpc).is_some() && endpoint == Endpoint::None {
            return Err(CallError::member("source_vpc", "it contradicts `source_vpce: none`"));
        }
        let address = text(Param::SourceIp).and_then(|address| address.parse().ok());
        let vpc = text(Param::SourceVpc).map(str::to_owned);
        self.network = Network::new(endpoint, vpc, address);
        Ok(self)
    }

    /// The input, if the call has what its operation needs.
    fn checked(self) -> Result<Self, CallError> {
        let made = [Param::Upload, Param::Parts, Param::Ciphertext];
        let needs = self.operation.needs.iter();
        let missing =
            needs.filter(|param| !self.values.contains_key(param) && !made.contains(param));
        let mut what = String::new();
        for param in missing {
            let comma = if what.is_empty() { "" } else { ", " };
            _ = write!(what, "{comma}`{param}`");
        }
        if !what.is_empty() {
            return Err(CallError::Missing { operation: self.operation.name, what });
        }
        if self.values.contains_key(&Param::SignedAgo)
            && !self.values.contains_key(&Param::Presigned)
        {
            return Err(CallError::member("signed_ago", "it means nothing without `presigned`"));
        }
        self.check_names()?;
        Ok(self)
    }

    /// Whether something is said of every key and role that the call names: what the sandbox does
    /// not have would be refused in words that are about no policy.
    fn check_names(&self) -> Result<(), CallError> {
        for (param, named) in &self.values {
            match param.kind() {
                Kind::Key if !self.names_key(named) => {
                    return Err(CallError::UnknownKey(named.clone()));
                }
                Kind::Role if !self.roles.contains_key(named) => {
                    let problem = format!("`roles` says nothing of `{named}`");
                    return Err(CallError::member(param.as_str(), problem));
                }
                Kind::Principal
                | Kind::Bucket
                | Kind::Key
                | Kind::Role
                | Kind::Trail
                | Kind::Fixture
                | Kind::Fixtures
                | Kind::Text
                | Kind::Texts
                | Kind::Bool
                | Kind::Word(_)
                | Kind::Words(_)
                | Kind::Formed(_)
                | Kind::Duration => {}
            }
        }
        Ok(())
    }

    /// Whether a key is one of `keys`, by ARN, id, alias or the alias's ARN, or the AWS managed
    /// one.
    fn names_key(&self, named: &str) -> bool {
        let last = named.splitn(6, ':').last().unwrap_or(named);
        let is = |(arn, key): (&String, &JsonKey)| {
            named == arn
                || arn.strip_suffix(named).is_some_and(|rest| rest.ends_with(":key/"))
                || key.alias.as_deref() == Some(last)
        };
        last == "alias/aws/s3" || self.keys.iter().any(is)
    }

    /// The account that the call is made in: the principal's, or that of the first bucket.
    pub fn account(&self) -> Result<String, CallError> {
        let of_buckets = || self.buckets.values().find_map(|bucket| bucket.account.clone());
        let of_keys = || self.keys.keys().find_map(|arn| arn.split(':').nth(4).map(str::to_owned));
        self.principal.account().map(str::to_owned).or_else(of_buckets).or_else(of_keys).ok_or_else(
            || {
                CallError::member(
                    "buckets",
                    "who is anonymous has no account: say whose the bucket is with `account`",
                )
            },
        )
    }

    /// A question of the sandbox with the policies that were given in place of its own.
    pub fn asked(&self, deployed: &Deployed, asked: &EvaluationInput) -> EvaluationInput {
        let mut question = self.given.clone();
        question.request = asked.request.clone();
        for (key, values) in self.given.request.context.pairs() {
            question.request.context.set_all(key, values.iter().cloned());
        }
        for (key, value) in &self.principal_tags {
            question.request.context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
        }
        // What S3 asks KMS for its caller comes through no endpoint of the caller's
        // (<https://docs.aws.amazon.com/kms/latest/developerguide/conditions-aws.html>).
        let via = question.request.context.get("aws:ViaAWSService");
        if via.is_some_and(|values| values == ["true".to_owned()]) {
            question.vpc_endpoint = None;
        }
        (question.resource_policy, question.grants) = match deployed.real(&asked.request.resource) {
            _ if asked.resource_policy.is_none() => (None, asked.grants.clone()),
            Some((policy, grants)) => (policy.cloned(), grants.to_vec()),
            // The AWS managed key has a policy that nobody writes.
            None => (asked.resource_policy.clone(), asked.grants.clone()),
        };
        question
    }
}

/// The operation of a name, which may lack the service where only one has it.
fn named(name: &str) -> Option<&'static Operation> {
    Operation::named(name).or_else(|| {
        let mut found = OPERATIONS.iter().filter(|operation| operation.short_name() == name);
        found.next().filter(|_| found.next().is_none())
    })
}

/// Makes parameters of the condition keys that say where the call comes from.
fn move_network(context: &mut Value, members: &mut Map<String, Value>) {
    let Some(keys) = context.as_object_mut() else { return };
    for (lower, param) in NETWORK {
        let Some(param) = param.filter(|param| !members.contains_key(param.as_str())) else {
            continue;
        };
        let name = keys.keys().find(|name| name.eq_ignore_ascii_case(lower)).cloned();
        let is_text = |name: &String| keys.get(name).is_some_and(Value::is_string);
        if let Some(value) = name.filter(is_text).and_then(|name| keys.remove(&name)) {
            members.insert(param.as_str().to_owned(), value);
        }
    }
}

fn unknown_operation(name: &str) -> CallError {
    CallError::Operation(name.to_owned())
}

fn text_of(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, CallError> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(CallError::member(name, "write a text")),
    }
}

fn table<T: DeserializeOwned>(
    members: &mut Map<String, Value>,
    name: &str,
) -> Result<BTreeMap<String, T>, CallError> {
    let Some(value) = members.remove(name) else { return Ok(BTreeMap::new()) };
    let Value::Object(entries) = value else {
        return Err(CallError::member(name, "write an object"));
    };
    let read = |(key, value): (String, Value)| {
        let entry = serde_json::from_value(value)
            .map_err(|error| CallError::member(format!("{name}.{key}"), error.to_string()))?;
        Ok((key, entry))
    };
    entries.into_iter().map(read).collect()
}

fn pairs(table: BTreeMap<String, String>) -> Vec<(String, String)> {
    table.into_iter().collect()
}

/// The policies that are not those of a resource, with the principal and the condition keys given.
fn given(
    operation: &Operation,
    caller: &str,
    policies: &Value,
    context: &Value,
) -> Result<EvaluationInput, CallError> {
    for (own, instead) in [
        ("resource", "`policy` in `buckets`, `keys` or `access_points`, or `trust` in `roles`"),
        ("grants", "`grants` in `keys`"),
    ] {
        if policies.get(own).is_some() {
            let problem = format!("a call may act on several resources: write {instead}");
            return Err(CallError::member(format!("policies.{own}"), problem));
        }
    }
    let mut context = context.clone();
    for name in context.as_object().into_iter().flat_map(Map::keys) {
        if NETWORK.iter().any(|(key, _)| name.eq_ignore_ascii_case(key)) {
            let problem = "write `source_ip`, `source_vpce` or `source_vpc` instead";
            return Err(CallError::member(format!("context.{name}"), problem));
        }
    }
    let mut principal = caller.to_owned();
    // A role, with or without a path: a session of it.
    if let ["arn", "aws", "iam", "", account, role] =
        caller.splitn(6, ':').collect::<Vec<_>>().as_slice()
        && let Some(path) = role.strip_prefix("role/")
        && let Some(name) = path.rsplit('/').next().filter(|name| !name.is_empty())
    {
        principal = format!("arn:aws:sts::{account}:assumed-role/{name}/{SESSION}");
        if let Some(keys) = context.as_object_mut() {
            keys.entry("aws:PrincipalArn").or_insert_with(|| caller.into());
        }
    }
    let line = json!({
        "principal": principal, "action": operation.action, "resource": "*", "context": context,
        "policies": policies,
    });
    let (_, input) = EvaluationInput::read(&line.to_string());
    input.map_err(|source| CallError::Policy { place: String::new(), source: Box::new(source) })
}

/// Who asks, if the sandbox can be asked by them.
fn principal(given: &EvaluationInput) -> Result<Principal, CallError> {
    let principal = given.request.principal.clone();
    let who = match &principal {
        Principal::Anonymous => return Ok(principal),
        Principal::User { arn } if arn.starts_with("arn:aws:iam:") => return Ok(principal),
        Principal::Session { arn, .. } if arn.starts_with("arn:aws:") => return Ok(principal),
        Principal::User { arn } | Principal::Session { arn, .. } => arn.clone(),
        Principal::Root { account } => format!("the root user of {account}"),
        Principal::Federated(name) | Principal::Service(name) => name.clone(),
    };
    Err(CallError::NotModelled(format!("calls of `{who}`")))
}

/// The parameters: every member that is nothing else.
fn values(
    operation: &'static Operation,
    members: Map<String, Value>,
) -> Result<BTreeMap<Param, String>, CallError> {
    let mut values = BTreeMap::new();
    for (name, value) in members {
        let takes = |param: &Param| {
            *param != Param::As && *param != Param::Session && operation.takes(*param)
        };
        let param = Param::named(&name).filter(takes).or_else(|| synonym(&name).filter(takes));
        let Some(param) = param else {
            let takes = Param::ALL.iter().filter(|param| operation.takes(**param));
            let takes: BTreeSet<String> = takes
                .filter(|param| **param != Param::Session)
                .map(|param| format!("`{param}`"))
                .collect();
            let takes = takes.into_iter().collect::<Vec<_>>().join(", ");
            return Err(CallError::Parameter { operation: operation.name, member: name, takes });
        };
        values.insert(param, self::value(param, &value)?);
    }
    Ok(values)
}

/// The parameter that the API calls so.
fn synonym(name: &str) -> Option<Param> {
    let mut snake = String::new();
    for (at, character) in name.char_indices() {
        let is_upper = character.is_ascii_uppercase();
        let after_upper = at > 0 && name.as_bytes().get(at - 1).is_some_and(u8::is_ascii_uppercase);
        if is_upper && at > 0 && !after_upper {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    let known = SYNONYMS.iter().find(|(other, _)| *other == snake).map(|(_, param)| *param);
    known.or_else(|| Param::named(&snake))
}

/// A parameter as it is sent.
fn value(param: Param, value: &Value) -> Result<String, CallError> {
    let bad = |problem: String| CallError::member(param.as_str(), problem);
    let text = match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Array(texts) => {
            let texts: Option<Vec<&str>> = texts.iter().map(Value::as_str).collect();
            let several = matches!(param.kind(), Kind::Words(_) | Kind::Texts);
            let texts = texts.filter(|_| several).ok_or_else(|| bad("write one text".into()))?;
            texts.join(",")
        }
        // A document may be written as it is.
        Value::Object(_) if matches!(param, Param::Document | Param::SessionPolicy) => {
            value.to_string()
        }
        Value::String(_) | Value::Object(_) | Value::Null => {
            return Err(bad("write a text".into()));
        }
    };
    let one_of = |words: &[&str]| format!("`{text}` is none of `{}`", words.join("`, `"));
    match param.kind() {
        Kind::Bool if text != "true" && text != "false" => Err(bad(one_of(&["true", "false"]))),
        Kind::Word(words) if !words.contains(&text.as_str()) => Err(bad(one_of(words))),
        Kind::Words(words) if !text.split(',').all(|word| words.contains(&word)) => {
            Err(bad(one_of(words)))
        }
        Kind::Formed(form) if !form.has(&text) => Err(bad(form.example().to_owned())),
        Kind::Duration if text.parse::<u32>().is_err() => {
            Err(bad(format!("`{text}` is no number of seconds")))
        }
        Kind::Trail => Err(CallError::NotModelled(format!("a call with `{param}`"))),
        Kind::Fixture | Kind::Fixtures if param != Param::CopySource => {
            let problem = match param {
                Param::Upload | Param::Parts | Param::Ciphertext => "it is made for the call",
                _ => return Err(CallError::NotModelled(format!("a call with `{param}`"))),
            };
            Err(bad(format!("do not write it: {problem}")))
        }
        Kind::Principal
        | Kind::Bucket
        | Kind::Key
        | Kind::Role
        | Kind::Fixture
        | Kind::Fixtures
        | Kind::Text
        | Kind::Texts
        | Kind::Bool
        | Kind::Word(_)
        | Kind::Words(_)
        | Kind::Formed(_)
        | Kind::Duration => Ok(text),
    }
}
