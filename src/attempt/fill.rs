//! From a request to a call: what was known only during the run is filled in.

use std::collections::BTreeMap;

use gainsay_iam::{Endpoint, Network};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Field, Leaves, On, Operation, Output, Param, param::NO_ENDPOINT};
use crate::{
    attempt::{Fixture, KeyForm, Principal, Request, Text, TextPart, Value},
    files::Environment,
};

/// What a run knows while a row is running.
#[derive(Clone, Copy, Debug)]
pub struct RunContext<'a> {
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
pub fn fill(request: &Request, context: &RunContext<'_>) -> Result<Call, FillError> {
    let mut values = BTreeMap::new();
    for (param, value) in &request.params {
        values.insert(*param, fill_value(*param, value, context)?);
    }
    if let Some(declared) = request.operation.declared
        && !values.contains_key(&Param::Document)
        && let Some(document) = declared(request, context)?
    {
        values.insert(Param::Document, document);
    }
    let seconds = |param| {
        let Some(Value::Seconds(seconds)) = request.params.get(&param) else { return None };
        Some(*seconds)
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
        account: account(request, context.environment).to_owned(),
        bucket_owner: bucket.map(|bucket| bucket.account.clone()),
        action: request.action(),
        resource: resource(request, context.environment, &values),
        values,
    })
}

/// The network that a request says it comes from.
fn network(values: &BTreeMap<Param, String>) -> Network {
    let endpoint = match values.get(&Param::SourceVpce).map(String::as_str) {
        None => Endpoint::Unknown,
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
    let bucket = request.bucket().filter(|_| request.operation.on == On::Bucket);
    bucket.map_or(&environment.deployed.account, |bucket| &bucket.account)
}

/// The ARN of a request's resource: `*` or nothing where it has none of its own.
fn resource(
    request: &Request,
    environment: &Environment,
    values: &BTreeMap<Param, String>,
) -> String {
    let value = |param| values.get(&param).map_or("", String::as_str);
    let bucket = request.bucket().map(|bucket| bucket.arn()).unwrap_or_default();
    let (region, account) = (&environment.deployed.region, &environment.deployed.account);
    let of_account = |rest: &str| format!("arn:aws:s3:{region}:{account}:{rest}");
    match request.operation.on {
        On::Object if bucket.is_empty() => String::new(),
        On::Object => format!("{bucket}/{}", value(Param::Key)),
        On::Bucket => bucket,
        On::Key => {
            // What is re-encrypted is decided about on the key it is under, first.
            let from_another = request.operation.takes(Param::SourceKey);
            let param = if from_another { Param::SourceKey } else { Param::KeyId };
            // A key may be sent by its id or its alias; policies are about its ARN.
            if let Some(Value::Key(key, _)) = request.params.get(&param) {
                key.arn.clone()
            } else {
                value(param).to_owned()
            }
        }
        On::Alias => {
            // An alias without an account is one of the caller's.
            let account = match request.principal() {
                Principal::Role(role) => &role.account,
                Principal::Anonymous => account,
            };
            format!("arn:aws:kms:{region}:{account}:{}", value(Param::Alias))
        }
        On::Role => value(Param::Role).to_owned(),
        On::Trail => value(Param::Trail).to_owned(),
        On::AccessPoint => of_account(&format!("accesspoint/{}", value(Param::AccessPoint))),
        On::Job => of_account(&format!("job/{}", value(Param::Job))),
        On::Jobs => of_account("job/*"),
        On::AccessGrants => of_account("access-grants/default"),
        On::Locations => of_account("access-grants/default/location/*"),
        On::Location => {
            of_account(&format!("access-grants/default/location/{}", value(Param::Location)))
        }
        On::Account | On::Anything => "*".to_owned(),
        On::Nothing => String::new(),
    }
}

/// The text of a value, as it is sent.
///
/// # Errors
/// A fixture did not yield what the value refers to.
pub fn fill_value(
    param: Param,
    value: &Value,
    context: &RunContext<'_>,
) -> Result<String, FillError> {
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
        Value::Text(text) => fill_text(text, context)?,
        Value::Bool(value) => value.to_string(),
        Value::Word(word) => (*word).to_owned(),
        Value::Words(words) => words.join(","),
        Value::Seconds(seconds) => seconds.to_string(),
        Value::Fixture(index) => fill_fixture(param, *index, context)?,
        Value::Fixtures(indexes) => {
            let parts: Result<Vec<_>, _> =
                indexes.iter().map(|index| fill_fixture(param, *index, context)).collect();
            parts?.join(",")
        }
    })
}

/// The text with what is now known.
///
/// # Errors
/// A fixture did not yield what the text refers to.
pub fn fill_text(text: &Text, context: &RunContext<'_>) -> Result<String, FillError> {
    let mut out = String::new();
    for piece in &text.0 {
        match piece {
            TextPart::Literal(literal) => out.push_str(literal),
            TextPart::Run => out.push_str(context.run),
            TextPart::Output { fixture, field } => {
                out.push_str(&output(*fixture, *field, context)?);
            }
        }
    }
    Ok(out)
}

/// The parameters that take one field of what making a fixture answered.
const FIXTURE_FIELDS: &[(Param, Field)] = &[
    (Param::Upload, Field::UploadId),
    (Param::Ciphertext, Field::Ciphertext),
    (Param::KeyId, Field::Arn),
    (Param::SourceKey, Field::Arn),
    (Param::KmsKey, Field::Arn),
    (Param::Job, Field::JobId),
    (Param::Location, Field::LocationId),
];

/// What a whole fixture means to a parameter: the upload's id, a part with its entity tag, and
/// where nothing else is meant, the object as it is copied from.
fn fill_fixture(param: Param, index: usize, context: &RunContext<'_>) -> Result<String, FillError> {
    if let Some((_, field)) = FIXTURE_FIELDS.iter().find(|(own, _)| *own == param) {
        return output(index, *field, context);
    }
    if param == Param::Grant {
        let id = output(index, Field::GrantId, context)?;
        return Ok(format!("{id}:{}", output(index, Field::GrantToken, context)?));
    }
    if param == Param::Parts {
        let number = fixture_param(index, Param::PartNumber, context)?;
        return Ok(format!("{number}:{}", output(index, Field::Etag, context)?));
    }
    let bucket = fixture_param(index, Param::Bucket, context)?;
    let key = fixture_param(index, Param::Key, context)?;
    Ok(format!("{bucket}/{}", utf8_percent_encode(&key, COPY_SOURCE)))
}

/// The ARN of the object that a fixture is, or of the key it made. An ARN that is empty is refused
/// on nothing.
///
/// # Errors
/// A fixture did not yield what its key refers to.
pub fn fixture_arn(index: usize, context: &RunContext<'_>) -> Result<String, FillError> {
    let made = context.fixtures.get(index).map(|fixture| fixture.request.operation.leaves);
    if made == Some(Leaves::KmsKey) {
        return output(index, Field::Arn, context);
    }
    let (bucket, key) =
        (fixture_param(index, Param::Bucket, context)?, fixture_param(index, Param::Key, context)?);
    Ok(format!("arn:aws:s3:::{bucket}/{key}"))
}

/// A parameter that a fixture was made with; empty where it was made without.
///
/// # Errors
/// An earlier fixture did not yield what the value refers to.
pub(super) fn fixture_param(
    index: usize,
    param: Param,
    context: &RunContext<'_>,
) -> Result<String, FillError> {
    match context.fixtures.get(index).and_then(|fixture| fixture.request.params.get(&param)) {
        Some(value) => fill_value(param, value, context),
        None => Ok(String::new()),
    }
}

fn output(index: usize, field: Field, context: &RunContext<'_>) -> Result<String, FillError> {
    let found = context
        .outputs
        .get(index)
        .and_then(|output| output.get(&field))
        .and_then(|values| values.first());
    found.cloned().ok_or_else(|| FillError::NoOutput {
        fixture: context
            .fixtures
            .get(index)
            .map_or_else(|| index.to_string(), |fixture| fixture.name.clone()),
        field,
    })
}
