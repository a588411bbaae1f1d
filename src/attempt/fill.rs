//! From a request to a call: what was known only during the run is filled in.

use std::collections::BTreeMap;

use gainsay_iam::{Endpoint, Network};
use gainsay_model::Bucket;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Field, On, Op, Operation, Output, Param, content, param::NO_ENDPOINT};
use crate::{
    environment::Environment,
    scenario::{Fixture, KeyForm, Piece, Principal, Request, Text, Value},
};

/// What a run knows while a row is running.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What is deployed.
    pub environment: &'a Environment,
    /// The run id.
    pub run: &'a str,
    /// The row's fixtures.
    pub fixtures: &'a [Fixture],
    /// What making each of them answered, so far.
    pub outputs: &'a [Output],
}

/// A call with every value as it is sent.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation.
    pub operation: &'static Operation,
    /// Who asks.
    pub principal: Principal,
    /// Whether it goes over plain HTTP.
    pub plain: bool,
    /// The network it comes from, as far as it says.
    pub network: Network,
    /// Whether it is asked with a session from before the clock was moved.
    pub old_session: bool,
    /// Sent as a presigned URL: lifetime and age in seconds.
    pub presigned: Option<(u64, u64)>,
    /// The account whose endpoint is called, where a service has one for each.
    pub account: String,
    /// The account that must own the bucket.
    pub bucket_owner: Option<String>,
    /// The parameters.
    pub values: BTreeMap<Param, String>,
    /// The action AWS authorizes it as.
    pub action: &'static str,
    /// The ARN of its resource; empty where it has none.
    pub resource: String,
}

impl Call {
    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, param: Param) -> Option<String> {
        self.values.get(&param).cloned()
    }

    /// Whether a parameter says `true`; nothing where it is not written.
    #[must_use]
    pub fn flag(&self, param: Param) -> Option<bool> {
        self.values.get(&param).map(|value| value == "true")
    }
}

/// A value that is not there, although the files are right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// The fixture's answer lacked the field.
    #[error("making the fixture `{fixture}` gave no `{field}`")]
    NoOutput {
        /// The fixture.
        fixture: String,
        /// The field.
        field: Field,
    },
}

/// Everything but the unreserved characters and the slash, as `x-amz-copy-source` wants its key.
const COPY_SOURCE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// Fills a request in.
///
/// # Errors
/// A fixture did not yield what the request refers to.
pub fn fill(request: &Request, facts: &Facts<'_>) -> Result<Call, FillError> {
    let mut values = BTreeMap::new();
    for (param, value) in &request.params {
        values.insert(*param, fill_value(*param, value, facts)?);
    }
    if let Some(content) =
        content::declared(request.operation.op, request.bucket().map(AsRef::as_ref))
    {
        values.entry(Param::Document).or_insert(content);
    }
    if request.operation.op == Op::PutKeyPolicy && !values.contains_key(&Param::Document) {
        values.insert(Param::Document, declared_policy(request, facts)?);
    }
    let seconds = |param| match request.params.get(&param) {
        Some(Value::Seconds(seconds)) => Some(*seconds),
        _ => None,
    };
    let bucket = request.bucket();
    Ok(Call {
        operation: request.operation,
        principal: request.principal().clone(),
        plain: values.get(&Param::Transport).is_some_and(|transport| transport == "http"),
        network: network(&values),
        old_session: values.get(&Param::Session).is_some_and(|session| session == "old"),
        presigned: seconds(Param::Presigned)
            .map(|lifetime| (lifetime, seconds(Param::SignedAgo).unwrap_or(0))),
        account: account(request, facts.environment).to_owned(),
        bucket_owner: bucket.map(|bucket| bucket.account.clone()),
        action: request.action(),
        resource: resource(request, facts.environment, &values),
        values,
    })
}

/// The network that a request says it comes from.
fn network(values: &BTreeMap<Param, String>) -> Network {
    let endpoint = match values.get(&Param::SourceVpce).map(String::as_str) {
        None => Endpoint::Unsaid,
        Some(NO_ENDPOINT) => Endpoint::None,
        Some(id) => Endpoint::Through(Some(id.to_owned())),
    };
    // Its form was looked at when the file was read.
    let address = values.get(&Param::SourceIp).and_then(|address| address.parse().ok());
    Network::new(endpoint, values.get(&Param::SourceVpc).cloned(), address)
}

/// The account whose endpoint a request goes to: a bucket's own, or the environment's.
#[must_use]
pub fn account<'a>(request: &'a Request, environment: &'a Environment) -> &'a str {
    match request.bucket() {
        Some(bucket) if request.operation.on == On::Bucket => &bucket.account,
        _ => &environment.deployed.account,
    }
}

fn resource(
    request: &Request,
    environment: &Environment,
    values: &BTreeMap<Param, String>,
) -> String {
    let value = |param| values.get(&param).map_or("", String::as_str);
    let (key, bucket) = (value(Param::Key), request.bucket().map(AsRef::as_ref));
    let of_account = |rest: &str| {
        format!(
            "arn:aws:s3:{}:{}:{rest}",
            environment.deployed.region, environment.deployed.account
        )
    };
    match request.operation.on {
        On::AccessPoint => {
            return of_account(&format!("accesspoint/{}", value(Param::AccessPoint)));
        }
        On::Job => return of_account(&format!("job/{}", value(Param::Job))),
        On::Jobs => return of_account("job/*"),
        On::AccessGrants => return of_account("access-grants/default"),
        On::Locations => return of_account("access-grants/default/location/*"),
        On::Location => {
            return of_account(&format!(
                "access-grants/default/location/{}",
                value(Param::Location)
            ));
        }
        On::Trail => return value(Param::Trail).to_owned(),
        On::Account => return "*".to_owned(),
        _ => {}
    }
    // What is re-encrypted is asked about on the key it is under, first.
    let key_of =
        if request.operation.takes(Param::SourceKey) { Param::SourceKey } else { Param::KeyId };
    match (request.operation.on, request.params.get(&key_of), request.params.get(&Param::Role)) {
        (On::Object, ..) => {
            bucket.map(|bucket| format!("{}/{key}", bucket.arn())).unwrap_or_default()
        }
        (On::Bucket, ..) => bucket.map(Bucket::arn).unwrap_or_default(),
        (On::Key, Some(Value::Key(key, _)), _) => key.arn.clone(),
        (On::Key, Some(Value::Fixture(_)), _) => value(key_of).to_owned(),
        (On::Role, _, Some(Value::Role(role))) => role.arn.clone(),
        (On::Alias, ..) => {
            // An alias without an account is one of the caller's.
            let account = match request.principal() {
                Principal::Role(role) => &role.account,
                Principal::Anonymous => &environment.deployed.account,
            };
            format!("arn:aws:kms:{}:{account}:{}", environment.deployed.region, value(Param::Alias))
        }
        (On::Anything, ..) => "*".to_owned(),
        _ => String::new(),
    }
}

/// The policy a key was deployed or made with: an attempt that gives no other writes this one back.
fn declared_policy(request: &Request, facts: &Facts<'_>) -> Result<String, FillError> {
    let made = match request.params.get(&Param::KeyId) {
        Some(Value::Key(key, _)) => return Ok(key.policy.text.to_string()),
        Some(Value::Fixture(index)) => part(*index, Param::Document, facts)?,
        _ => String::new(),
    };
    if !made.is_empty() {
        return Ok(made);
    }
    // What KMS gives a key that is made without a policy:
    // <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>.
    let root = format!("arn:aws:iam::{}:root", facts.environment.deployed.account);
    let statement = serde_json::json!({ "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" });
    Ok(serde_json::json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
}

/// The text of a value, as it is sent.
///
/// # Errors
/// A fixture did not yield what the value refers to.
pub fn fill_value(param: Param, value: &Value, facts: &Facts<'_>) -> Result<String, FillError> {
    Ok(match value {
        Value::Principal(principal) => principal.name().to_owned(),
        Value::Bucket(bucket) => bucket.name.clone(),
        Value::Key(key, form) => match form {
            KeyForm::Arn => key.arn.clone(),
            KeyForm::Id => key.id.clone(),
            KeyForm::Alias => key.alias.clone().unwrap_or_default(),
            KeyForm::AliasArn => key.alias_arn().unwrap_or_default(),
        },
        Value::Role(role) => role.arn.clone(),
        Value::Trail(trail) => trail.arn.clone(),
        Value::Text(text) => fill_text(text, facts)?,
        Value::Bool(value) => value.to_string(),
        Value::Word(word) => (*word).to_owned(),
        Value::Words(words) => words.join(","),
        Value::Seconds(seconds) => seconds.to_string(),
        Value::Fixture(index) => fill_fixture(param, *index, facts)?,
        Value::Fixtures(indexes) => {
            let parts: Result<Vec<_>, _> =
                indexes.iter().map(|index| fill_fixture(param, *index, facts)).collect();
            parts?.join(",")
        }
    })
}

/// The text with what is now known.
///
/// # Errors
/// A fixture did not yield what the text refers to.
pub fn fill_text(text: &Text, facts: &Facts<'_>) -> Result<String, FillError> {
    let mut out = String::new();
    for piece in &text.0 {
        match piece {
            Piece::Literal(literal) => out.push_str(literal),
            Piece::Run => out.push_str(facts.run),
            Piece::Output { fixture, field } => out.push_str(&output(*fixture, *field, facts)?),
        }
    }
    Ok(out)
}

/// What a whole fixture means to a parameter: the copied object, the upload's id, a part with its
/// entity tag.
fn fill_fixture(param: Param, index: usize, facts: &Facts<'_>) -> Result<String, FillError> {
    match param {
        Param::Upload => output(index, Field::UploadId, facts),
        Param::Ciphertext => output(index, Field::Ciphertext, facts),
        Param::KeyId | Param::SourceKey | Param::KmsKey => output(index, Field::Arn, facts),
        Param::Grant => Ok(format!(
            "{}:{}",
            output(index, Field::GrantId, facts)?,
            output(index, Field::GrantToken, facts)?
        )),
        Param::Job => output(index, Field::JobId, facts),
        Param::Location => output(index, Field::LocationId, facts),
        Param::Parts => {
            let number = part(index, Param::PartNumber, facts)?;
            Ok(format!("{number}:{}", output(index, Field::Etag, facts)?))
        }
        _ => {
            let bucket = part(index, Param::Bucket, facts)?;
            let key = part(index, Param::Key, facts)?;
            Ok(format!("{bucket}/{}", utf8_percent_encode(&key, COPY_SOURCE)))
        }
    }
}

/// The ARN of the object that a fixture is, or of the key it made. An ARN that is empty is refused
/// on nothing.
///
/// # Errors
/// A fixture did not yield what its key refers to.
pub fn fixture_arn(index: usize, facts: &Facts<'_>) -> Result<String, FillError> {
    let made = facts.fixtures.get(index).map(|fixture| fixture.request.operation.op);
    if made == Some(Op::CreateKey) {
        return output(index, Field::Arn, facts);
    }
    let (bucket, key) = (part(index, Param::Bucket, facts)?, part(index, Param::Key, facts)?);
    Ok(format!("arn:aws:s3:::{bucket}/{key}"))
}

fn part(index: usize, param: Param, facts: &Facts<'_>) -> Result<String, FillError> {
    match facts.fixtures.get(index).and_then(|fixture| fixture.request.params.get(&param)) {
        Some(value) => fill_value(param, value, facts),
        None => Ok(String::new()),
    }
}

fn output(index: usize, field: Field, facts: &Facts<'_>) -> Result<String, FillError> {
    let found = facts
        .outputs
        .get(index)
        .and_then(|output| output.get(&field))
        .and_then(|values| values.first());
    found.cloned().ok_or_else(|| FillError::NoOutput {
        fixture: facts
            .fixtures
            .get(index)
            .map_or_else(|| index.to_string(), |fixture| fixture.name.clone()),
        field,
    })
}
