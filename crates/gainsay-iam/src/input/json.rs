//! The shape of the JSON of an evaluation input; its meaning is given beside this module.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

use crate::context::Context;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JsonInput {
    #[serde(default)]
    pub id: Value,
    pub principal: String,
    pub action: String,
    pub resource: String,
    #[serde(default)]
    pub resource_account: Option<String>,
    #[serde(default)]
    pub context: JsonContext,
    #[serde(default)]
    pub policies: JsonPolicies,
    #[serde(default)]
    pub public_access_block: JsonPublicAccessBlocks,
}

/// The settings of S3 Block Public Access, as `GetPublicAccessBlock` prints them: what is not there
/// is off. Those for access control lists and for policies that are put decide no other request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "the four settings of the API")]
pub(crate) struct JsonPublicAccessBlock {
    #[serde(rename = "RestrictPublicBuckets", alias = "restrict_public_buckets", default)]
    restrict_public_buckets: bool,
    #[serde(rename = "BlockPublicAcls", alias = "block_public_acls", default)]
    _block_public_acls: bool,
    #[serde(rename = "IgnorePublicAcls", alias = "ignore_public_acls", default)]
    _ignore_public_acls: bool,
    #[serde(rename = "BlockPublicPolicy", alias = "block_public_policy", default)]
    _block_public_policy: bool,
}

/// The settings of one or several levels, of which the strictest counts.
#[derive(Default, Deserialize)]
#[serde(untagged, expecting = "expected settings of S3 Block Public Access, or a list of them")]
pub(crate) enum JsonPublicAccessBlocks {
    #[default]
    None,
    One(JsonPublicAccessBlock),
    Several(Vec<JsonPublicAccessBlock>),
}

impl JsonPublicAccessBlocks {
    pub(crate) fn restricts(&self) -> bool {
        match self {
            Self::None => false,
            Self::One(block) => block.restrict_public_buckets,
            Self::Several(blocks) => blocks.iter().any(|block| block.restrict_public_buckets),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JsonPolicies {
    #[serde(default, alias = "identity_policies")]
    pub identity: JsonDocuments,
    // By the names of the layers in an answer, too, and by what the policy is one of.
    #[serde(
        default,
        alias = "resource_policy",
        alias = "bucket_policy",
        alias = "key_policy",
        alias = "key-policy",
        alias = "trust_policy",
        alias = "trust-policy",
        alias = "trust"
    )]
    pub resource: Option<JsonDocument>,
    #[serde(default, alias = "permissions_boundary")]
    pub boundary: Option<JsonDocument>,
    #[serde(default, alias = "session_policy", alias = "session_policies")]
    pub session: JsonDocuments,
    #[serde(default)]
    pub scp: JsonLevels,
    #[serde(default)]
    pub rcp: JsonLevels,
    #[serde(default, alias = "vpc_endpoint", alias = "vpc-endpoint")]
    pub vpce: Option<JsonDocument>,
    #[serde(default)]
    pub grants: Option<Vec<JsonGrant>>,
}

/// A grant as `kms:ListGrants` prints it, or with the names in snake case. Fields that do not
/// matter to permissions are accepted and ignored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JsonGrant {
    #[serde(rename = "GranteePrincipal", alias = "grantee_principal")]
    pub grantee: String,
    #[serde(rename = "Operations", alias = "operations")]
    pub operations: Vec<String>,
    #[serde(rename = "RetiringPrincipal", alias = "retiring_principal", default)]
    pub retiring: Option<String>,
    #[serde(rename = "Constraints", alias = "constraints", default)]
    pub constraints: Option<JsonConstraints>,
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
pub(crate) struct JsonConstraints {
    #[serde(rename = "EncryptionContextEquals", alias = "encryption_context_equals", default)]
    pub equals: Option<BTreeMap<String, String>>,
    #[serde(rename = "EncryptionContextSubset", alias = "encryption_context_subset", default)]
    pub subset: Option<BTreeMap<String, String>>,
}

/// Condition keys with a value or a list of values. A key that is there twice, in whatever case, is
/// an error.
#[derive(Default)]
pub(crate) struct JsonContext(Vec<(String, Vec<String>)>);

impl JsonContext {
    pub(crate) fn into_context(self) -> Context {
        let mut context = Context::new();
        for (key, values) in self.0 {
            context.set_all(&key, values);
        }
        context
    }
}

impl<'de> Deserialize<'de> for JsonContext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = JsonContext;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of condition keys")
            }

            fn visit_unit<E>(self) -> Result<JsonContext, E> {
                Ok(JsonContext::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonContext, A::Error> {
                let (mut keys, mut names) = (Vec::new(), HashSet::new());
                while let Some((key, Values(values))) = map.next_entry::<String, Values>()? {
                    if !names.insert(key.to_lowercase()) {
                        return Err(A::Error::custom(format_args!(
                            "the condition key `{key}` is written twice"
                        )));
                    }
                    keys.push((key, values));
                }
                Ok(JsonContext(keys))
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

/// A policy document. AWS refuses a key that an object has twice, which most readers of JSON
/// accept.
pub(crate) struct JsonDocument(pub Value);

impl<'de> Deserialize<'de> for JsonDocument {
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
                while let Some(JsonDocument(value)) = list.next_element()? {
                    values.push(value);
                }
                Ok(Value::Array(values))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut object = Map::new();
                while let Some((key, JsonDocument(value))) =
                    map.next_entry::<String, JsonDocument>()?
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
        deserializer.deserialize_any(Any).map(JsonDocument)
    }
}

/// A document, a list of them, or none.
#[derive(Default)]
pub(crate) struct JsonDocuments(pub Vec<JsonDocument>);

impl<'de> Deserialize<'de> for JsonDocuments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match JsonDocument::deserialize(deserializer)?.0 {
            Value::Null => Vec::new(),
            Value::Array(documents) => documents.into_iter().map(JsonDocument).collect(),
            document => vec![JsonDocument(document)],
        }))
    }
}

/// Lists of documents, one for each level from the root down, or nothing.
#[derive(Default)]
pub(crate) struct JsonLevels(pub Vec<Vec<JsonDocument>>);

impl<'de> Deserialize<'de> for JsonLevels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = match JsonDocument::deserialize(deserializer)?.0 {
            Value::Null => return Ok(Self::default()),
            Value::Array(list) => list,
            document => vec![document],
        };
        let several = list.len() > 1;
        let level = |value: Value| match value {
            Value::Array(documents) => Ok(documents.into_iter().map(JsonDocument).collect()),
            // Of one document the level does not matter.
            document if !several => Ok(vec![JsonDocument(document)]),
            _ => Err(D::Error::custom(
                "a policy where a level is expected: write `[[A, B]]` for policies attached at one \
                 level, `[[A], [B]]` for one above the other",
            )),
        };
        list.into_iter().map(level).collect::<Result<_, _>>().map(Self)
    }
}
