//! `baseline.yaml` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::files::{
    catalogue::ProvedBy,
    yaml::{Entries, Located, OneOrMany, present},
};

/// The controls chosen for an architecture.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "gainsay baseline")]
pub struct RawBaseline {
    /// What the baseline is for, in one sentence.
    pub baseline: Located<String>,
    /// The architecture beside this one whose baseline this one extends: its controls are taken
    /// over, unless they are chosen again here or named in `without`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub extends: Option<Located<String>>,
    /// Controls of the other baseline that are not taken over.
    #[serde(default)]
    pub without: Vec<Located<String>>,
    /// The role that reads what is deployed, where a control is `of` something.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub reader: Option<Located<String>>,
    /// The controls.
    #[serde(default)]
    pub controls: Vec<Located<RawControlChoice>>,
}

/// A control of a baseline: one of the catalogue by its id, or one of the user's own with a title.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawControlChoice {
    /// The id, as `ENC-01`.
    pub id: Located<String>,
    /// The title of a control that is not in the catalogue.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub title: Option<Located<String>>,
    /// By what a control that is not in the catalogue is proved: any of `refusal`, `setting` and
    /// `permitted-act`. Where nothing is said a refusal has to prove it.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "ProvedBy")]
    pub proved_by: Option<ProvedBy>,
    /// The buckets or keys whose configuration the control's check reads; a collection is all of
    /// its members.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "OneOrMany<String>")]
    pub of: Option<OneOrMany<Located<String>>>,
    /// What the control's check has to be told, by parameter; `{field}` is what the entry of a
    /// collection's member says.
    #[serde(default)]
    pub with: Entries<Located<String>>,
    /// Why the control can be neither attempted nor read here.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub not_testable: Option<Located<String>>,
}
