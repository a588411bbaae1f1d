//! Every weakening of a Deny statement, and every other spelling that means the same.

use json_patch::PatchOperation;
use serde_json::{Value, json};

use crate::common::changes::{add, patched, remove, replace, segment};

/// The id of every run over a weakened policy: sessions are named after it.
pub const RUN: &str = "weakened";

/// What was changed about a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Removed,
    Effect,
    Principal,
    Action,
    Resource,
    Flipped,
    Second,
    Widened,
}

/// A policy in which one statement is another.
#[derive(Clone, Debug)]
pub struct Mutant {
    pub kind: Kind,
    pub sid: String,
    pub name: String,
    pub policy: Value,
}

/// What weakenings may name.
#[derive(Debug)]
pub struct World {
    /// ARNs of the roles.
    pub roles: Vec<String>,
    pub account: String,
    pub partner: String,
    /// ARNs of the keys that must not be used.
    pub other_keys: Vec<String>,
    /// ARN of a bucket that is not meant.
    pub other_bucket: String,
    /// Every action that an S3 operation of the catalogue is authorized as.
    pub actions: Vec<&'static str>,
}

pub fn sids(policy: &Value) -> Vec<String> {
    let statements = policy["Statement"].as_array().expect("a list of statements");
    let denies = statements.iter().filter(|statement| statement["Effect"] == "Deny");
    denies.map(|statement| statement["Sid"].as_str().expect("a Sid").to_owned()).collect()
}

/// Every weakening of every Deny statement.
pub fn weakenings(policy: &Value, world: &World) -> Vec<Mutant> {
    sids(policy)
        .into_iter()
        .flat_map(|sid| {
            let mut of = Of { policy, sid, mutants: Vec::new() };
            of.removed();
            of.effect();
            of.principal(world);
            of.action(world);
            of.resource(world);
            of.flipped();
            of.second(world);
            of.widened(world);
            of.mutants
        })
        .collect()
}

struct Of<'a> {
    policy: &'a Value,
    sid: String,
    mutants: Vec<Mutant>,
}

impl Of<'_> {
    fn statement(&self) -> Value {
        let statements = self.policy["Statement"].as_array().expect("a list of statements");
        let found = statements.iter().find(|statement| statement["Sid"] == self.sid.as_str());
        found.expect("the statement").clone()
    }

    fn path(&self, below: &str) -> String {
        format!("/Statement/{}{below}", segment(&self.sid))
    }

    fn add(&self, path: &str, value: impl Into<Value>) -> PatchOperation {
        add(&self.path(path), value)
    }

    fn remove(&self, path: &str) -> PatchOperation {
        remove(&self.path(path))
    }

    fn replace(&self, path: &str, value: impl Into<Value>) -> PatchOperation {
        replace(&self.path(path), value)
    }

    fn push(&mut self, kind: Kind, name: impl Into<String>, patch: &[PatchOperation]) {
        let (sid, name) = (self.sid.clone(), name.into());
        let policy = patched(self.policy, patch);
        let policy = policy.unwrap_or_else(|| panic!("{sid}: {name} changes nothing"));
        self.mutants.push(Mutant { kind, sid, name, policy });
    }

    fn removed(&mut self) {
        self.push(Kind::Removed, "removed", &[self.remove("")]);
    }

    fn effect(&mut self) {
        self.push(Kind::Effect, "Effect is Allow", &[self.replace("/Effect", "Allow")]);
    }

    fn principal(&mut self, world: &World) {
        let root = format!("arn:aws:iam::{}:root", world.account);
        for only in world.roles.iter().chain([&root, &world.partner]) {
            let patch = self.replace("/Principal", json!({ "AWS": only }));
            self.push(Kind::Principal, format!("Principal is {only}"), &[patch]);
        }
        let every = self.replace("/Principal", json!({ "AWS": world.roles }));
        self.push(Kind::Principal, "Principal is every role", &[every]);
        for but in &world.roles {
            // With Deny and NotPrincipal the session and the account have to be named beside the
            // role, as AWS documents
            // (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>).
            let account = but.split(':').nth(4).expect("an ARN");
            let session = but.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/");
            let session = format!("{session}/gainsay-{RUN}");
            let all = json!({ "AWS": [but, session, format!("arn:aws:iam::{account}:root")] });
            let patch = [self.remove("/Principal"), self.add("/NotPrincipal", all)];
            self.push(Kind::Principal, format!("NotPrincipal is {but}"), &patch);
        }
    }

    fn action(&mut self, world: &World) {
        if self.statement()["Action"] == "s3:*" {
            let families =
                ["s3:Get*", "s3:List*", "s3:Put*", "s3:Delete*", "s3:*Object*", "s3:*Bucket*"];
            for only in ["s3:GetObject", "s3:PutObject"].iter().chain(&families) {
                self.push(
                    Kind::Action,
                    format!("Action is {only}"),
                    &[self.replace("/Action", *only)],
                );
            }
            let two = self.replace("/Action", json!(["s3:Get*", "s3:List*"]));
            self.push(Kind::Action, "Action is s3:Get* and s3:List*", &[two]);
            for but in families.iter().chain(&world.actions) {
                let patch = [self.remove("/Action"), self.add("/NotAction", *but)];
                self.push(Kind::Action, format!("NotAction is {but}"), &patch);
            }
        } else {
            for other in [
                "s3:PutObjectAcl",
                "s3:PutObjectTagging",
                "s3:AbortMultipartUpload",
                "s3:GetObject",
            ] {
                self.push(
                    Kind::Action,
                    format!("Action is {other}"),
                    &[self.replace("/Action", other)],
                );
            }
        }
    }

    fn resource(&mut self, world: &World) {
        let bucket = "{{bucket.evidence.arn}}";
        let whole = self.statement()["Action"] == "s3:*";
        let mut narrowings = vec![
            json!(format!("{bucket}/inbox/*")),
            json!(format!("{bucket}/archive/*")),
            json!(format!("{bucket}/*.txt")),
            json!(format!("{}/*", world.other_bucket)),
        ];
        if whole {
            narrowings.extend([
                json!(bucket),
                json!(format!("{bucket}/*")),
                json!(format!("{bucket}/")),
                json!([bucket, format!("{bucket}/inbox/*")]),
                json!([bucket, format!("{bucket}/archive/*")]),
                json!([world.other_bucket, format!("{}/*", world.other_bucket)]),
            ]);
        }
        for narrowing in narrowings {
            let name = format!("Resource is {narrowing}");
            self.push(Kind::Resource, name, &[self.replace("/Resource", narrowing)]);
        }
        for but in ["inbox/*", "archive/*"] {
            let patch =
                [self.remove("/Resource"), self.add("/NotResource", format!("{bucket}/{but}"))];
            self.push(Kind::Resource, format!("NotResource is {but}"), &patch);
        }
    }

    /// Each value and each operator the other way round.
    fn flipped(&mut self) {
        let (operator, key, value) = condition(&self.statement());
        let opposite = match operator.as_str() {
            "StringNotEquals" => Some("StringEquals"),
            _ => None,
        };
        if let Some(opposite) = opposite {
            let patch = self.replace("/Condition", json!({ opposite: { key: value } }));
            self.push(Kind::Flipped, format!("{operator} is {opposite}"), &[patch]);
        } else {
            let flipped = if value == "true" { "false" } else { "true" };
            let patch = self.replace(&of_condition(&operator, &key), flipped);
            self.push(Kind::Flipped, format!("{key} is {flipped}"), &[patch]);
        }
    }

    fn second(&mut self, world: &World) {
        let own = &world.account;
        let mut seconds: Vec<(&str, &str, String)> = [
            ("ArnLike", "aws:PrincipalArn", format!("arn:aws:iam::{own}:role/a*")),
            ("ArnNotLike", "aws:PrincipalArn", format!("arn:aws:iam::{own}:role/*")),
            ("StringNotLike", "aws:PrincipalArn", "*:role/admin*".to_owned()),
            ("StringNotLike", "aws:PrincipalArn", "*".to_owned()),
            ("Null", "aws:PrincipalArn", "true".to_owned()),
            ("Null", "aws:PrincipalArn", "false".to_owned()),
            ("IpAddress", "aws:SourceIp", "198.51.100.0/24".to_owned()),
            ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24".to_owned()),
            ("NotIpAddress", "aws:SourceIp", "198.51.100.0/24".to_owned()),
            ("DateGreaterThan", "aws:CurrentTime", "2099-01-01T00:00:00Z".to_owned()),
            ("DateLessThan", "aws:CurrentTime", "2020-01-01T00:00:00Z".to_owned()),
            ("NumericLessThan", "s3:signatureAge", "600000".to_owned()),
            ("Null", "s3:signatureAge", "true".to_owned()),
            ("Null", "aws:PrincipalTag/x", "false".to_owned()),
            ("Null", "aws:PrincipalTag/home", "true".to_owned()),
            ("StringEquals", "aws:PrincipalTag/home", "scratch".to_owned()),
            ("StringNotEquals", "aws:PrincipalTag/home", "scratch".to_owned()),
            ("StringEquals", "aws:PrincipalAccount", own.clone()),
            ("StringNotEquals", "aws:PrincipalAccount", own.clone()),
            ("StringNotEquals", "aws:PrincipalAccount", world.partner.clone()),
            ("StringEquals", "aws:PrincipalType", "AssumedRole".to_owned()),
            ("StringEquals", "s3:authType", "REST-HEADER".to_owned()),
            ("StringNotEquals", "s3:authType", "REST-QUERY-STRING".to_owned()),
            ("StringLike", "s3:prefix", "inbox/*".to_owned()),
            ("StringEquals", "s3:x-amz-acl", "public-read".to_owned()),
            ("StringNotEquals", "s3:x-amz-acl", "bucket-owner-full-control".to_owned()),
        ]
        .into();
        if self.statement()["Action"] == "s3:*" {
            // Only a listing can carry a prefix.
            seconds.push(("StringNotLike", "s3:prefix", "inbox/*".to_owned()));
            seconds.push(("Null", "s3:prefix", "true".to_owned()));
            seconds.push(("Null", "s3:prefix", "false".to_owned()));
        } else {
            // Only a write can carry these.
            seconds.push(("Null", "s3:x-amz-copy-source", "true".to_owned()));
            seconds.push(("Null", "s3:x-amz-copy-source", "false".to_owned()));
            seconds.push(("Null", "s3:RequestObjectTag/class", "true".to_owned()));
        }
        for role in &world.roles {
            seconds.push(("StringEquals", "aws:PrincipalArn", role.clone()));
            seconds.push(("StringNotEquals", "aws:PrincipalArn", role.clone()));
        }
        for (operator, key, value) in seconds {
            let name = format!("and {operator} {key} {value}");
            let is_there = self.statement()["Condition"].get(operator).is_some();
            let patch = if is_there {
                self.add(&of_condition(operator, key), value)
            } else {
                self.add(&format!("/Condition/{operator}"), json!({ key: value }))
            };
            self.push(Kind::Second, name, &[patch]);
        }
    }

    fn widened(&mut self, world: &World) {
        let (operator, key, value) = condition(&self.statement());
        if operator != "StringNotEquals" {
            return;
        }
        let more: Vec<&str> = if key.ends_with("key-id") {
            world.other_keys.iter().map(String::as_str).collect()
        } else {
            vec!["AES256", "aws:kms:dsse"]
        };
        for one in more {
            let patch = self.replace(&of_condition(&operator, &key), json!([value, one]));
            self.push(Kind::Widened, format!("{key} may be {one}"), &[patch]);
        }
        for wildcard in ["*", "a*", "aws:kms*", "arn:aws:kms:*", "arn:aws:kms:*:key/*"] {
            let narrow = if key.ends_with("key-id") { "arn:aws:kms:" } else { "aws:kms" };
            // Only wildcards that some value matches widen anything.
            if wildcard.len() > 2 && !wildcard.starts_with(narrow) {
                continue;
            }
            let like = json!({ "StringNotLike": { &key: [value, wildcard] } });
            let name = format!("{key} may be like {wildcard}");
            self.push(Kind::Widened, name, &[self.replace("/Condition", like)]);
        }
    }
}

/// Other spellings of all statements at once, none of which changes a meaning.
pub fn spellings(policy: &Value) -> Vec<(&'static str, Value)> {
    let each = |change: &dyn Fn(&mut Value)| {
        sids(policy).iter().fold(policy.clone(), |policy, sid| changed(&policy, sid, change))
    };
    let operators = |from: &'static str, to: &'static str| {
        each(&move |statement| {
            let (operator, key, value) = condition(statement);
            if operator == from {
                statement["Condition"] = json!({ to: { key: value } });
            }
        })
    };
    let keys = |change: &dyn Fn(&str) -> String| {
        each(&|statement| {
            let (operator, key, value) = condition(statement);
            statement["Condition"] = json!({ operator: { change(&key): value } });
        })
    };
    let list = |field: &'static str| {
        each(&move |statement| {
            if !statement[field].is_array() {
                statement[field] = json!([statement[field]]);
            }
        })
    };
    let value = |change: &dyn Fn(Value) -> Value| {
        each(&|statement| {
            let (operator, key, value) = condition(statement);
            statement["Condition"] = json!({ operator: { key: change(value) } });
        })
    };
    let principal = |value: Value| each(&move |statement| statement["Principal"] = value.clone());
    let mut reversed = policy.clone();
    reversed["Statement"].as_array_mut().expect("a list of statements").reverse();
    vec![
        ("BoolIfExists", operators("Bool", "BoolIfExists")),
        ("StringNotEqualsIfExists", operators("StringNotEquals", "StringNotEqualsIfExists")),
        ("StringNotLike without a wildcard", operators("StringNotEquals", "StringNotLike")),
        ("key names in lower case", keys(&str::to_lowercase)),
        ("key names in upper case", keys(&str::to_uppercase)),
        ("a list of one action", list("Action")),
        ("a list of one resource", list("Resource")),
        ("a list of one value", value(&|value| json!([value]))),
        (
            "Boolean literals",
            value(&|value| {
                value
                    .as_str()
                    .and_then(|text| text.parse::<bool>().ok())
                    .map_or(value.clone(), Value::Bool)
            }),
        ),
        ("Principal AWS *", principal(json!({ "AWS": "*" }))),
        ("Principal AWS [*]", principal(json!({ "AWS": ["*"] }))),
        (
            "actions in another case",
            each(&|statement| {
                let action =
                    statement["Action"].as_str().expect("one action").replace("s3:P", "S3:p");
                statement["Action"] = json!(action);
            }),
        ),
        ("statements in another order", reversed),
    ]
}

/// The only condition of a statement.
fn condition(statement: &Value) -> (String, String, Value) {
    let only = |value: &Value| {
        let object = value.as_object().expect("an object");
        assert_eq!(object.len(), 1, "the shipped statements have one condition each");
        let (key, value) = object.iter().next().expect("an entry");
        (key.clone(), value.clone())
    };
    let (operator, keys) = only(&statement["Condition"]);
    let (key, value) = only(&keys);
    (operator, key, value)
}

/// Where the value of a condition key of a statement is.
fn of_condition(operator: &str, key: &str) -> String {
    format!("/Condition/{operator}/{}", segment(key))
}

fn changed(policy: &Value, sid: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut policy = policy.clone();
    let statements = policy["Statement"].as_array_mut().expect("a list of statements");
    let statement = statements.iter_mut().find(|statement| statement["Sid"] == sid);
    change(statement.expect("the statement"));
    policy
}
