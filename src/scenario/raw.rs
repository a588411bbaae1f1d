//! A scenario file as it is written: plain typed structs with places. The JSON Schema is generated
//! from these.

use schemars::JsonSchema;
use serde::Deserialize;

use super::base::RawBases;
use crate::{
    attempt::{RawExpect, RawRequest},
    files::yaml::{Entries, Located, OneOrMany, present},
};

/// A scenario: a base request, its fixtures, and attempts that differ from it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "gainsay scenario")]
pub struct RawScenario {
    /// What holds, in one sentence.
    pub scenario: Located<String>,
    /// Ids of the controls that every attempt of the file proves.
    #[serde(default)]
    pub controls: Vec<Located<String>>,
    /// Variables; the file is run once for every combination of their values.
    #[serde(default)]
    pub for_each: Entries<RawForEach>,
    /// Fixtures, made before the attempts and removed after them. `{name.key}`, `{name.version}`
    /// refer to them.
    #[serde(default)]
    pub given: Entries<RawRequest>,
    /// How far the clock is moved once the fixtures are made, as `20m` or `8d`. Everyone then asks
    /// with a new session, unless the request says `session: old`. Only the sandbox has a clock
    /// that can be moved.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub advance: Option<Located<String>>,
    /// The base request: what is permitted. Every attempt starts from it; of a list, every attempt
    /// from each. Base requests that have an operation in common need a `name` each.
    #[serde(default)]
    pub request: RawBases,
    /// The attempts, in order.
    pub attempts: Vec<Located<RawAttempt>>,
}

/// The values of a variable: a collection of the environment, or a list.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawForEach {
    /// A collection: `roles`, `buckets`, `keys`, or one the environment declares.
    #[serde(default, rename = "in", deserialize_with = "present")]
    #[schemars(with = "String")]
    pub collection: Option<Located<String>>,
    /// Members of the collection to leave out: names, or variables of an outer `for_each`.
    #[serde(default)]
    pub except: Vec<Located<String>>,
    /// A literal list.
    #[serde(default)]
    pub of: Vec<Located<String>>,
}

/// One attempt. Exactly one of `allow`, `deny` and `reject` says what it does and what must come
/// back.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawAttempt {
    /// The request must succeed.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub allow: Option<Located<String>>,
    /// The request must be refused by a policy or another authorization mechanism.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub deny: Option<Located<String>>,
    /// The request must be refused with a named answer that need not be an authorization refusal.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub reject: Option<Located<String>>,
    /// Controls of this attempt, in place of the file's.
    #[serde(default)]
    pub controls: Vec<Located<String>>,
    /// Variables of this attempt alone.
    #[serde(default)]
    pub for_each: Entries<RawForEach>,
    /// A request of its own, in place of the base request. Its witnesses must then be named.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawRequest")]
    pub request: Option<Located<RawRequest>>,
    /// Parameters that differ from the base request.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawRequest")]
    pub but: Option<Located<RawRequest>>,
    /// Parameters of the base request that are left out.
    #[serde(default)]
    pub without: Vec<Located<String>>,
    /// What must refuse it.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawRefusal")]
    pub by: Option<Located<RawRefusal>>,
    /// Several answers, any of which will do: where AWS documents no order.
    #[serde(default)]
    pub one_of: Vec<Located<RawRefusal>>,
    /// What the successful answer must say.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawExpect")]
    pub expect: Option<RawExpect>,
    /// The attempts of this file that prove the refusal, where the base request does not.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawWitness")]
    pub witness: Option<Located<RawWitness>>,
    /// Reads that must hold after the attempt. They start from its request.
    #[serde(default)]
    pub then: Vec<Located<RawThen>>,
    /// What the expectation rests on, where no promise of AWS stands behind it.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub assumed: Option<Located<String>>,
}

/// What must refuse an attempt. An empty refusal would assert nothing and is an error.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawRefusal {
    /// The mechanism, or several any of which will do.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "OneOrMany<String>")]
    pub layer: Option<OneOrMany<Located<String>>>,
    /// The statement of the policy.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub sid: Option<Located<String>>,
    /// Why AWS names no mechanism here, as it does not to anonymous callers and other accounts: a
    /// bare `Access Denied` will do. An error where the caller is of the bucket's own account.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub unnamed: Option<Located<String>>,
    /// Of an `unnamed` refusal: the mechanism that decides, or several any of which will do, for
    /// who tells it, as the sandbox does.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "OneOrMany<String>")]
    pub decided_by: Option<OneOrMany<Located<String>>>,
    /// The error code, or several any of which will do.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "OneOrMany<String>")]
    pub code: Option<OneOrMany<Located<String>>>,
    /// Words that the message must hold, in any case: for a code that stands for several reasons.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub says: Option<Located<String>>,
    /// The action that is refused, where it is not the operation's own.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub action: Option<Located<String>>,
    /// The KMS key that the action is refused on, where the action is not the operation's own.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub key: Option<Located<String>>,
    /// The role that the action is refused on, where the action is not the operation's own, as
    /// `iam:PassRole`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub role: Option<Located<String>>,
    /// The object that the action is refused on, where it is not the operation's own, as the source
    /// of a copy: a fixture.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub object: Option<Located<String>>,
}

/// Attempts of the same file, by their text.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawWitness {
    /// A permitted principal succeeds on the very same thing.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub target: Option<Located<String>>,
    /// The same principal succeeds on something of its own.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub actor: Option<Located<String>>,
}

/// A read that must hold after an attempt.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawThen {
    /// Operation and parameters; what is not written is taken from the attempt's request.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawRequest")]
    pub read: Option<RawRequest>,
    /// What it must say.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawExpect")]
    pub expect: Option<RawExpect>,
}
