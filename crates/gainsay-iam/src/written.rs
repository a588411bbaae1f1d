//! A question as JSON has it: shapes only. [`super::input`] gives them their meaning.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

use super::context::Context;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(default)]
    pub id: Value,
    pub principal: String,
    pub action: String,
    pub resource: String,
    #[serde(default)]
    pub resource_account: Option<String>,
    #[serde(default)]
    pub context: WrittenContext,
    #[serde(default)]
    pub policies: WrittenPolicies,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenPolicies {
    #[serde(default)]
    pub identity: WrittenDocuments,
    #[serde(default)]
    pub resource: Option<WrittenDocument>,
    #[serde(default)]
    pub boundary: Option<WrittenDocument>,
    #[serde(default)]
    pub session: WrittenDocuments,
    #[serde(default)]
    pub scp: WrittenLevels,
    #[serde(default)]
    pub rcp: WrittenLevels,
    #[serde(default)]
    pub vpce: Option<WrittenDocument>,
    #[serde(default)]
    pub grants: Option<Vec<WrittenGrant>>,
}

/// A grant as `kms:ListGrants` prints it, or with the same names in snake case; what says nothing
/// of permissions may be there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenGrant {
    #[serde(rename = "GranteePrincipal", alias = "grantee_principal")]
    pub grantee: String,
    #[serde(rename = "Operations", alias = "operations")]
    pub operations: Vec<String>,
    #[serde(rename = "RetiringPrincipal", alias = "retiring_principal", default)]
    pub retiring: Option<String>,
    #[serde(rename = "Constraints", alias = "constraints", default)]
    pub constraints: Option<WrittenConstraints>,
    #[serde(rename = "KeyId", alias = "key_id", default)]
    pub key: Option<String>,
    #[serde(rename = "IssuingAccount", alias = "issuing_account", default)]
    pub issuing_account: Option<String>,
    #[serde(rename = "GrantId", alias = "grant_id", default)]
    _id: Option<String>,
    #[serde(rename = "Name", alias = "name", default)]
    _name: Option<String>,
    #[serde(rename = "CreationDate", alias = "creation_date", default)]
    _created: Value,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenConstraints {
    #[serde(rename = "EncryptionContextEquals", alias = "encryption_context_equals", default)]
    pub equals: Option<BTreeMap<String, String>>,
    #[serde(rename = "EncryptionContextSubset", alias = "encryption_context_subset", default)]
    pub subset: Option<BTreeMap<String, String>>,
}

/// Condition keys with a value or a list of them. A key that is written twice, in whatever case, is
/// an error.
#[derive(Default)]
pub(super) struct WrittenContext(Vec<(String, Vec<String>)>);

impl WrittenContext {
    pub(super) fn into_context(self) -> Context {
        let mut context = Context::new();
        for (key, values) in self.0 {
            context.set_all(&key, values);
        }
        context
    }
}

impl<'de> Deserialize<'de> for WrittenContext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = WrittenContext;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of condition keys")
            }

            fn visit_unit<E>(self) -> Result<WrittenContext, E> {
                Ok(WrittenContext::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WrittenContext, A::Error> {
                let (mut keys, mut seen) = (Vec::new(), HashSet::new());
                while let Some((key, Values(values))) = map.next_entry::<String, Values>()? {
                    if !seen.insert(key.to_lowercase()) {
                        return Err(A::Error::custom(format_args!(
                            "the condition key `{key}` is written twice"
                        )));
                    }
                    keys.push((key, values));
                }
                Ok(WrittenContext(keys))
            }
        }
        deserializer.deserialize_any(Keys)
    }
}

/// A value or a list of them, as texts.
struct Values(Vec<String>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<Values, E> {
                Ok(Values(vec![text.to_owned()]))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Values, E> {
                Ok(Values(vec![value.to_string()]))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Values, E> {
                Ok(Values(vec![value.to_string()]))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Values, E> {
                Ok(Values(vec![value.to_string()]))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Values, E> {
                Ok(Values(vec![value.to_string()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(Values(mut more)) = list.next_element()? {
                    match (more.pop(), more.is_empty()) {
                        (Some(value), true) => values.push(value),
                        _ => {
                            return Err(A::Error::custom(
                                "a list inside a list is no value of a condition key",
                            ));
                        }
                    }
                }
                Ok(Values(values))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// A policy document. AWS refuses a key that is written twice, which most readers of JSON pass
/// over.
pub(super) struct WrittenDocument(pub Value);

impl<'de> Deserialize<'de> for WrittenDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a policy document")
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(Value::Number(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(Value::Number(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::String(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
                let mut values = Vec::new();
                while let Some(WrittenDocument(value)) = list.next_element()? {
                    values.push(value);
                }
                Ok(Value::Array(values))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut object = Map::new();
                while let Some((key, WrittenDocument(value))) =
                    map.next_entry::<String, WrittenDocument>()?
                {
                    if object.contains_key(&key) {
                        return Err(A::Error::custom(format_args!(
                            "key `{key}` is written twice in one object"
                        )));
                    }
                    object.insert(key, value);
                }
                Ok(Value::Object(object))
            }
        }
        deserializer.deserialize_any(Any).map(WrittenDocument)
    }
}

/// A document, a list of them, or none.
#[derive(Default)]
pub(super) struct WrittenDocuments(pub Vec<WrittenDocument>);

impl<'de> Deserialize<'de> for WrittenDocuments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match WrittenDocument::deserialize(deserializer)?.0 {
            Value::Null => Vec::new(),
            Value::Array(documents) => documents.into_iter().map(WrittenDocument).collect(),
            document => vec![WrittenDocument(document)],
        }))
    }
}

/// Lists of documents, one for each level from the root down, or nothing.
#[derive(Default)]
pub(super) struct WrittenLevels(pub Vec<Vec<WrittenDocument>>);

impl<'de> Deserialize<'de> for WrittenLevels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let levels = Option::<Vec<Vec<WrittenDocument>>>::deserialize(deserializer)?;
        Ok(Self(levels.unwrap_or_default()))
    }
}
