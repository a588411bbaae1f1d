//! The base requests of a scenario file as they are written: one, or a list of them.

use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
        value::MapAccessDeserializer,
    },
};

use crate::{attempt::RawRequest, files::yaml::Located};

/// The base requests of a file, in file order; none where every attempt has a request of its own.
#[derive(Clone, Debug, Default)]
pub struct RawBases(pub Vec<RawBase>);

/// A base request.
#[derive(Clone, Debug)]
pub struct RawBase {
    /// What tells it apart from the others of its list, in the ids of its attempts.
    pub name: Option<Located<String>>,
    /// The request that attempts start from.
    pub request: Located<RawRequest>,
}

/// The key that an item of a list has besides those of a request.
const NAME: &str = "name";

impl<'de> Deserialize<'de> for RawBases {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Located::<Node>::deserialize(deserializer)?;
        Ok(Self(match node.value {
            Node::One(request) => {
                let request = Located { value: *request, span: node.span };
                vec![RawBase { name: None, request }]
            }
            Node::Many(items) => items.into_iter().map(RawBase::from).collect(),
        }))
    }
}

/// What stands under `request:`. Chosen by the kind of YAML node, because serde's `untagged` would
/// lose the places and the messages.
enum Node {
    One(Box<RawRequest>),
    Many(Vec<Located<Item>>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NodeVisitor;
        impl<'de> Visitor<'de> for NodeVisitor {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping or a list of mappings")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Node, A::Error> {
                let request = RawRequest::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Node::One(Box::new(request)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Node::Many(items))
            }
        }
        deserializer.deserialize_any(NodeVisitor)
    }
}

/// An item of a list: a request, and `name` among its keys.
struct Item {
    name: Option<Located<String>>,
    request: RawRequest,
}

impl From<Located<Item>> for RawBase {
    fn from(item: Located<Item>) -> Self {
        let Item { name, request } = item.value;
        Self { name, request: Located { value: request, span: item.span } }
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemVisitor;
        impl<'de> Visitor<'de> for ItemVisitor {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Item, A::Error> {
                let mut name = None;
                let keys = WithoutName { map, name: &mut name };
                let request = RawRequest::deserialize(MapAccessDeserializer::new(keys))?;
                Ok(Item { name, request })
            }
        }
        deserializer.deserialize_map(ItemVisitor)
    }
}

/// The entries of a mapping but for `name`, which is put aside.
struct WithoutName<'n, A> {
    map: A,
    name: &'n mut Option<Located<String>>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutName<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let mut seed = seed;
        loop {
            match self.map.next_key_seed(KeySeed { seed, values: PhantomData })? {
                None => return Ok(None),
                Some(Key::Other(key)) => return Ok(Some(key)),
                Some(Key::Name(unused)) => {
                    *self.name = Some(self.map.next_value()?);
                    seed = unused;
                }
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Reads a key while the YAML reader still knows its place, so that an unknown one is shown there.
struct KeySeed<'de, K> {
    seed: K,
    values: PhantomData<&'de ()>,
}

enum Key<K, V> {
    /// `name`, and the seed that was not needed.
    Name(K),
    Other(V),
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<'de, K> {
    type Value = Key<K, K::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, K: DeserializeSeed<'de>> Visitor<'de> for KeySeed<'de, K> {
    type Value = Key<K, K::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        if key == NAME {
            return Ok(Key::Name(self.seed));
        }
        self.seed.deserialize(key.into_deserializer()).map(Key::Other)
    }
}

impl JsonSchema for RawBases {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "RawBases".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let one = generator.subschema_for::<RawRequest>();
        let mut named = RawRequest::json_schema(generator);
        if let Some(properties) =
            named.get_mut("properties").and_then(serde_json::Value::as_object_mut)
        {
            // Each parameter is described once, where a request is.
            let definition = one.get("$ref").and_then(serde_json::Value::as_str).unwrap_or("#");
            for (parameter, schema) in properties.iter_mut() {
                let place = format!("{definition}/properties/{parameter}");
                *schema = serde_json::json!({ "$ref": place });
            }
            let name = serde_json::json!({
                "description": "Tells this base request apart from the others. It ends the result \
                                ids of its attempts, and is required where another base request \
                                of the file has an operation in common.",
                "type": "string",
            });
            properties.insert(NAME.to_owned(), name);
        }
        schemars::json_schema!({
            "anyOf": [one, { "type": "array", "items": named, "minItems": 1 }]
        })
    }
}
