//! What a name may mean at a place of a scenario, and how a written text becomes a value.

use std::{collections::BTreeSet, sync::Arc};

use gainsay_model::{Bucket, Key, Role, Trail};

use crate::{
    attempt::{Field, Fixture, KeyForm, Kind, Leaves, Param, Principal, Text, TextPart, Value},
    files::{
        Environment, Member,
        diag::{Code, Diagnostic},
        yaml::Located,
    },
};

/// The value of a `for_each` variable.
#[derive(Clone, Debug)]
pub(super) enum Binding {
    Text(String),
    Role(Arc<Role>),
    Bucket(Arc<Bucket>),
    Key(Arc<Key>),
    Member(Arc<Member>),
}

impl Binding {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Role(role) => &role.name,
            Self::Bucket(bucket) => &bucket.logical,
            Self::Key(key) => &key.name,
            Self::Member(member) => &member.name,
        }
    }
}

/// The names known at a place: variables, fixtures made so far, and the environment.
pub(super) struct Scope<'a> {
    pub environment: &'a Environment,
    pub variables: Vec<(String, Binding)>,
    pub fixtures: &'a [Fixture],
    /// Fixtures that were referred to.
    pub used: BTreeSet<usize>,
}

/// A problem at a place that the caller knows.
pub(super) type Problem = Diagnostic;

impl Scope<'_> {
    /// Resolves the values written for a parameter or an expected field.
    pub(super) fn value(
        &mut self,
        kind: Kind,
        written: &[Located<String>],
    ) -> Result<Value, (Problem, std::ops::Range<usize>)> {
        if let Kind::Fixtures = kind {
            let indexes = written
                .iter()
                .map(|text| {
                    self.fixture(&text.value).map_err(|problem| (problem, text.span.clone()))
                })
                .collect::<Result<_, _>>()?;
            return Ok(Value::Fixtures(indexes));
        }
        if let Kind::Texts = kind {
            return self.texts(written);
        }
        if let Kind::Words(words) = kind {
            let mut chosen = Vec::new();
            for text in written {
                match self.one(Kind::Word(words), &text.value) {
                    Ok(Value::Word(word)) if !chosen.contains(&word) => chosen.push(word),
                    Ok(_) => {
                        let problem = Diagnostic::new(
                            Code::DuplicateName,
                            format!("`{}` is written twice", text.value),
                        )
                        .help("keep one");
                        return Err((problem, text.span.clone()));
                    }
                    Err(problem) => return Err((problem, text.span.clone())),
                }
            }
            if !chosen.is_empty() {
                return Ok(Value::Words(chosen));
            }
        }
        if let (Kind::Key, [text]) = (kind, written)
            && let Some(index) = self.made_key(&text.value)
        {
            return Ok(Value::Fixture(index));
        }
        match written {
            [text] => self.one(kind, &text.value).map_err(|problem| (problem, text.span.clone())),
            [] => Err((
                Diagnostic::new(Code::EmptyValue, "an empty list asserts nothing")
                    .help("write a value"),
                0..0,
            )),
            [_, second, ..] => Err((
                Diagnostic::new(Code::WrongType, "this takes one value")
                    .help("write an attempt for each, or use `for_each`"),
                second.span.clone(),
            )),
        }
    }

    /// Several texts, with commas between them.
    fn texts(
        &mut self,
        written: &[Located<String>],
    ) -> Result<Value, (Problem, std::ops::Range<usize>)> {
        let mut parts = Vec::new();
        for text in written {
            let comma = Diagnostic::new(Code::BadValue, format!("`{}` holds a comma", text.value))
                .help("write a list: `[a, b]`");
            let Value::Text(one) = self
                .one(Kind::Text, &text.value)
                .map_err(|problem| (problem, text.span.clone()))?
            else {
                continue;
            };
            if one.shown().contains(',') {
                return Err((comma, text.span.clone()));
            }
            if !parts.is_empty() {
                parts.push(TextPart::Literal(",".to_owned()));
            }
            parts.extend(one.0);
        }
        Ok(Value::Text(Text(parts)))
    }

    pub(super) fn one(&mut self, kind: Kind, text: &str) -> Result<Value, Problem> {
        if text.is_empty() {
            return Err(Diagnostic::new(Code::EmptyValue, "an empty value asserts nothing")
                .help("write a value, or remove the key"));
        }
        Ok(match kind {
            Kind::Principal => Value::Principal(self.principal(text)?),
            Kind::Bucket => Value::Bucket(self.bucket(text)?),
            Kind::Key => {
                let (key, form) = self.key(text)?;
                Value::Key(key, form)
            }
            Kind::Role => Value::Role(self.role(text)?),
            Kind::Trail => Value::Trail(self.trail(text)?),
            Kind::Fixture | Kind::Fixtures => Value::Fixture(self.fixture(text)?),
            Kind::Text | Kind::Texts => Value::Text(self.text(text)?),
            Kind::Bool => match self.word(text)?.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                other => {
                    return Err(Diagnostic::new(
                        Code::WrongType,
                        format!("`{other}` is neither `true` nor `false`"),
                    )
                    .help("write `true` or `false`"));
                }
            },
            Kind::Word(words) | Kind::Words(words) => {
                let written = self.word(text)?;
                let word = words.iter().find(|word| **word == written);
                Value::Word(word.ok_or_else(|| {
                    Diagnostic::new(
                        Code::BadValue,
                        format!("`{written}` is not a value of this key"),
                    )
                    .suggest(&written, words.iter().copied())
                })?)
            }
            Kind::Formed(form) => {
                let written = self.word(text)?;
                if !form.has(&written) {
                    let problem = Diagnostic::new(
                        Code::BadValue,
                        format!("`{written}` is not a value of this key"),
                    );
                    return Err(problem.help(form.example()));
                }
                Value::Text(Text::literal(written))
            }
            Kind::Duration => Value::Seconds(seconds(&self.word(text)?, LONGEST_DURATION)?),
        })
    }

    /// A text whose value is known now.
    pub(super) fn word(&mut self, text: &str) -> Result<String, Problem> {
        match self.text(text)?.0.as_slice() {
            [TextPart::Literal(word)] => Ok(word.clone()),
            [] => Ok(String::new()),
            _ => Err(Diagnostic::new(
                Code::BadTemplate,
                format!("`{text}` is known only during the run"),
            )
            .help("write the value out")),
        }
    }

    /// Fills in `{x}`. What is filled in is not scanned again, so a value cannot smuggle in a
    /// template.
    pub(super) fn text(&mut self, text: &str) -> Result<Text, Problem> {
        let mut parts: Vec<TextPart> = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = from.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = from.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if let Some((name, after)) =
                from.strip_prefix('{').and_then(|inner| inner.split_once('}'))
            {
                for part in self.lookup(name)? {
                    match part {
                        TextPart::Literal(text) => literal.push_str(&text),
                        late => {
                            if !literal.is_empty() {
                                parts.push(TextPart::Literal(std::mem::take(&mut literal)));
                            }
                            parts.push(late);
                        }
                    }
                }
                rest = after;
            } else {
                return Err(Diagnostic::new(
                    Code::BadTemplate,
                    format!("a brace in `{text}` has no partner"),
                )
                .help("write `{{` or `}}` for a brace itself"));
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(TextPart::Literal(literal));
        }
        Ok(Text(parts))
    }

    /// What `{name}` or `{name.field}` stands for in a text.
    fn lookup(&mut self, path: &str) -> Result<Vec<TextPart>, Problem> {
        let path = path.trim();
        let known = |text: &str| Ok(vec![TextPart::Literal(text.to_owned())]);
        if path == "run" {
            return Ok(vec![TextPart::Run]);
        }
        let (name, field) =
            path.split_once('.').map_or((path, None), |(name, field)| (name, Some(field)));
        if let Some(index) = self.fixtures.iter().position(|fixture| fixture.name == name) {
            return self.fixture_field(index, name, field);
        }
        let binding = match self.variables.iter().find(|(variable, _)| variable == name) {
            Some((_, binding)) => binding.clone(),
            None => return self.environment_name(path),
        };
        match field {
            None => known(binding.name()),
            Some(field) => known(
                &attribute(self.environment, &binding, field)
                    .ok_or_else(|| no_field(name, field))?,
            ),
        }
    }

    fn fixture_field(
        &mut self,
        index: usize,
        name: &str,
        field: Option<&str>,
    ) -> Result<Vec<TextPart>, Problem> {
        self.used.insert(index);
        let fixture = self.fixtures.get(index).ok_or_else(|| no_field(name, ""))?;
        let field = field.ok_or_else(|| {
            Diagnostic::new(Code::BadTemplate, format!("`{{{name}}}` is a fixture, not a text"))
                .help(format!("write `{{{name}.key}}`"))
        })?;
        // A parameter of the request that makes it is known already; anything else is in its
        // answer.
        if let Some(param) = Param::named(field)
            && let Some(value) = fixture.request.params.get(&param)
            && field != "version"
        {
            return match value {
                Value::Text(text) => Ok(text.0.clone()),
                other => Ok(vec![TextPart::Literal(other.to_string())]),
            };
        }
        let output = [
            Field::Version,
            Field::Etag,
            Field::UploadId,
            Field::Ciphertext,
            Field::Arn,
            Field::Id,
            Field::GrantId,
        ]
        .into_iter()
        .find(|output| output.as_str() == field);
        let field = output.ok_or_else(|| {
            Diagnostic::new(Code::BadTemplate, format!("the fixture `{name}` has no `{field}`"))
                .suggest(field, ["key", "bucket", "version", "etag", "upload_id"])
        })?;
        Ok(vec![TextPart::Output { fixture: index, field }])
    }

    /// `{account}`, `{region}`, `{role.NAME.arn}`, `{bucket.NAME.name}`, `{key.NAME.arn}`: as in
    /// policy templates.
    fn environment_name(&self, path: &str) -> Result<Vec<TextPart>, Problem> {
        let environment = self.environment;
        let parts: Vec<&str> = path.split('.').collect();
        let found = match parts.as_slice() {
            ["account"] => Some(environment.deployed.account.clone()),
            ["region"] => Some(environment.deployed.region.clone()),
            ["role", name, field] => environment
                .deployed
                .role(name)
                .and_then(|role| attribute(environment, &Binding::Role(role.clone()), field)),
            ["bucket", name, field] => environment
                .deployed
                .bucket(name)
                .and_then(|bucket| attribute(environment, &Binding::Bucket(bucket.clone()), field)),
            ["key", name, field] => environment
                .deployed
                .key(name)
                .and_then(|key| attribute(environment, &Binding::Key(key.clone()), field)),
            _ => None,
        };
        found.map(|text| vec![TextPart::Literal(text)]).ok_or_else(|| self.unknown(path))
    }

    fn unknown(&self, path: &str) -> Problem {
        let variables = self.variables.iter().map(|(name, _)| name.as_str());
        let fixtures = self.fixtures.iter().map(|fixture| fixture.name.as_str());
        let problem =
            Diagnostic::new(Code::BadTemplate, format!("`{{{path}}}` names nothing here"));
        let deployed = self.deployed(path);
        if !deployed.is_empty() {
            return problem.suggest(path, deployed.iter().map(String::as_str));
        }
        problem.suggest(path, variables.chain(fixtures).chain(["run", "account", "region"]))
    }

    /// What a path that begins with `role.`, `bucket.` or `key.` may have been meant to say.
    fn deployed(&self, path: &str) -> Vec<String> {
        let environment = self.environment;
        let (kind, rest) = path.split_once('.').unwrap_or((path, ""));
        let (names, fields): (Vec<&str>, &[&str]) = match kind {
            "role" => (
                environment.deployed.roles.iter().map(|role| role.name.as_str()).collect(),
                &["arn", "account"],
            ),
            "bucket" => (
                environment.deployed.buckets.iter().map(|bucket| bucket.logical.as_str()).collect(),
                &["name", "arn"],
            ),
            "key" => (
                environment.deployed.keys.iter().map(|key| key.name.as_str()).collect(),
                &["arn", "id", "alias", "alias_arn"],
            ),
            _ => return Vec::new(),
        };
        let written = rest.rsplit_once('.').map_or("", |(_, field)| field);
        let field = fields
            .iter()
            .find(|field| **field == written)
            .or(fields.first())
            .copied()
            .unwrap_or_default();
        names.iter().map(|name| format!("{kind}.{name}.{field}")).collect()
    }

    /// A reference: a whole name, or a whole `{x}`.
    fn reference(&self, text: &str) -> Result<(Option<Binding>, String), Problem> {
        let Some(path) = text.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) else {
            return Ok((None, text.to_owned()));
        };
        let (name, rest) = path.split_once('.').map_or((path, ""), |(name, rest)| (name, rest));
        match self.variables.iter().find(|(variable, _)| variable == name) {
            Some((_, Binding::Text(text))) if rest.is_empty() => Ok((None, text.clone())),
            // `{who.tags.home}` is what the role says; `{key.alias}` of a key by name is left to
            // the caller.
            Some((_, binding @ Binding::Text(text))) => {
                let said = attribute(self.environment, binding, rest);
                Ok((None, said.unwrap_or_else(|| format!("{text}.{rest}"))))
            }
            Some((_, Binding::Member(member))) => Ok(part(member, rest)),
            Some((_, binding)) => Ok((Some(binding.clone()), rest.to_owned())),
            None => match self.fixtures.iter().find(|fixture| fixture.name == name) {
                Some(fixture) if rest == "bucket" => Ok((
                    fixture.request.bucket().map(|bucket| Binding::Bucket(bucket.clone())),
                    String::new(),
                )),
                _ if path == "run" || self.environment_name(path).is_ok() => Err(Diagnostic::new(
                    Code::WrongType,
                    format!("`{text}` is a text, and this takes a name"),
                )
                .help("write the name itself, or a variable of `for_each`")),
                _ => Err(self.unknown(path)),
            },
        }
    }

    fn principal(&self, text: &str) -> Result<Principal, Problem> {
        if text == "anonymous" {
            return Ok(Principal::Anonymous);
        }
        match self.reference(text)? {
            (None, name) if name == "anonymous" => Ok(Principal::Anonymous),
            (Some(Binding::Role(role)), rest) if rest.is_empty() => Ok(Principal::Role(role)),
            (Some(Binding::Member(member)), rest) if rest.is_empty() => {
                member.role.clone().map(Principal::Role).ok_or_else(|| wrong_kind(text, "role"))
            }
            (None, name) => self.role_named(&name).map(Principal::Role),
            (Some(_), _) => Err(wrong_kind(text, "role")),
        }
    }

    fn role(&self, text: &str) -> Result<Arc<Role>, Problem> {
        match self.reference(text)? {
            (Some(Binding::Role(role)), rest) if rest.is_empty() => Ok(role),
            (Some(Binding::Member(member)), rest) if rest.is_empty() => {
                member.role.clone().ok_or_else(|| wrong_kind(text, "role"))
            }
            (None, name) => self.role_named(&name),
            (Some(_), _) => Err(wrong_kind(text, "role")),
        }
    }

    fn role_named(&self, name: &str) -> Result<Arc<Role>, Problem> {
        self.environment.deployed.role(name).cloned().ok_or_else(|| {
            let known = self.environment.deployed.roles.iter().map(|role| role.name.as_str());
            Diagnostic::new(Code::UnknownName, format!("no role is called `{name}`"))
                .suggest(name, known.chain(["anonymous"]))
        })
    }

    fn trail(&self, text: &str) -> Result<Arc<Trail>, Problem> {
        let known = &self.environment.deployed.trails;
        known.iter().find(|trail| trail.logical == text).cloned().ok_or_else(|| {
            Diagnostic::new(Code::UnknownName, format!("no trail is called `{text}`"))
                .suggest(text, known.iter().map(|trail| trail.logical.as_str()))
        })
    }

    fn bucket(&mut self, text: &str) -> Result<Arc<Bucket>, Problem> {
        let of = text.strip_prefix('{').and_then(|inner| inner.strip_suffix(".bucket}"));
        let fixture = self.fixtures.iter().position(|fixture| Some(fixture.name.as_str()) == of);
        self.used.extend(fixture);
        match self.reference(text)? {
            (Some(Binding::Bucket(bucket)), rest) if rest.is_empty() => Ok(bucket),
            (None, name) => self.environment.deployed.bucket(&name).cloned().ok_or_else(|| {
                let known =
                    self.environment.deployed.buckets.iter().map(|bucket| bucket.logical.as_str());
                Diagnostic::new(Code::UnknownName, format!("no bucket is called `{name}`"))
                    .suggest(&name, known)
            }),
            (Some(_), _) => Err(wrong_kind(text, "bucket")),
        }
    }

    fn key(&self, text: &str) -> Result<(Arc<Key>, KeyForm), Problem> {
        let (key, form) = match self.reference(text)? {
            (Some(Binding::Key(key)), rest) => (key, rest),
            (Some(_), _) => return Err(wrong_kind(text, "key")),
            (None, path) => {
                let (name, form) =
                    path.split_once('.').map_or((path.as_str(), ""), |(name, form)| (name, form));
                let key = self.environment.deployed.key(name).cloned().ok_or_else(|| {
                    let known = self.environment.deployed.keys.iter().map(|key| key.name.as_str());
                    Diagnostic::new(Code::UnknownName, format!("no key is called `{name}`"))
                        .suggest(name, known)
                })?;
                (key, form.to_owned())
            }
        };
        let form = match form.as_str() {
            "" | "arn" => KeyForm::Arn,
            "id" => KeyForm::Id,
            "alias" => KeyForm::Alias,
            "alias_arn" => KeyForm::AliasArn,
            other => {
                return Err(Diagnostic::new(Code::UnknownName, format!("a key has no `{other}`"))
                    .suggest(other, ["arn", "id", "alias", "alias_arn"]));
            }
        };
        if matches!(form, KeyForm::Alias | KeyForm::AliasArn) && key.alias.is_none() {
            return Err(Diagnostic::new(
                Code::UnknownName,
                format!("the key `{}` has no alias", key.name),
            )
            .help("give it an `alias:` in environment.yaml"));
        }
        Ok((key, form))
    }

    /// The fixture of a name, if it is a KMS key that the row makes. A key of the environment has
    /// the name first.
    fn made_key(&mut self, text: &str) -> Option<usize> {
        let name = text.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(text);
        let makes = |fixture: &Fixture| {
            fixture.name == name && fixture.request.operation.leaves == Leaves::KmsKey
        };
        if self.environment.deployed.key(name).is_some() {
            return None;
        }
        let index = self.fixtures.iter().position(makes)?;
        self.used.insert(index);
        Some(index)
    }

    fn fixture(&mut self, text: &str) -> Result<usize, Problem> {
        let name = text.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(text);
        let index =
            self.fixtures.iter().position(|fixture| fixture.name == name).ok_or_else(|| {
                Diagnostic::new(Code::UnknownName, format!("no fixture is called `{name}`"))
                    .help("add it under `given:`, above what uses it")
                    .suggest(name, self.fixtures.iter().map(|fixture| fixture.name.as_str()))
            })?;
        self.used.insert(index);
        Ok(index)
    }
}

/// What `{team.key}`, `{team.role}`, `{team.bucket}` and `{team.prefix}` refer to, with what is
/// left of the path.
fn part(member: &Arc<Member>, rest: &str) -> (Option<Binding>, String) {
    let (first, after) = rest.split_once('.').unwrap_or((rest, ""));
    let thing = match first {
        "role" => member.role.clone().map(Binding::Role),
        "key" => member.key.clone().map(Binding::Key),
        "bucket" => member.bucket.clone().map(Binding::Bucket),
        _ => None,
    };
    match (thing, member.field(rest)) {
        (Some(thing), _) => (Some(thing), after.to_owned()),
        // What its entry says may be the name of something.
        (None, Some(name)) => (None, name.to_owned()),
        (None, None) => (Some(Binding::Member(member.clone())), rest.to_owned()),
    }
}

fn attribute(environment: &Environment, binding: &Binding, field: &str) -> Option<String> {
    match (binding, field) {
        (Binding::Role(role), "arn") => Some(role.arn.clone()),
        (Binding::Role(role), "account") => Some(role.account.clone()),
        (Binding::Role(role), tag) => {
            let tag = tag.strip_prefix("tags.")?;
            role.tags.iter().find(|(key, _)| key == tag).map(|(_, value)| value.clone())
        }
        (Binding::Bucket(bucket), "name") => Some(bucket.name.clone()),
        (Binding::Bucket(bucket), "arn") => Some(bucket.arn()),
        (Binding::Key(key), "arn") => Some(key.arn.clone()),
        (Binding::Key(key), "id") => Some(key.id.clone()),
        (Binding::Key(key), "alias") => key.alias.clone(),
        (Binding::Key(key), "alias_arn") => key.alias_arn(),
        (Binding::Member(member), field) => match part(member, field) {
            (None, value) => Some(value),
            (Some(Binding::Member(_)), _) => None,
            (Some(thing), rest) if rest.is_empty() => Some(thing.name().to_owned()),
            (Some(thing), rest) => attribute(environment, &thing, &rest),
        },
        (Binding::Text(name), field) => {
            let role = environment.deployed.role(name)?;
            attribute(environment, &Binding::Role(role.clone()), field)
        }
        (Binding::Bucket(_) | Binding::Key(_), _) => None,
    }
}

fn no_field(name: &str, field: &str) -> Problem {
    Diagnostic::new(Code::BadTemplate, format!("`{name}` has no `{field}`"))
        .help("a role has `arn`, a bucket `name` and `arn`, a key `arn`, `id`, `alias`, `alias_arn`; a member of a collection what its entry says")
}

fn wrong_kind(text: &str, wanted: &str) -> Problem {
    Diagnostic::new(Code::WrongType, format!("`{text}` is not a {wanted}"))
        .help(format!("name a {wanted} of the environment, or a variable that is one"))
}

/// How long a presigned URL may be good for, in seconds.
const LONGEST_DURATION: u64 = 604_800;

/// A duration in seconds, of at most so many.
pub(super) fn seconds(text: &str, longest: u64) -> Result<u64, Problem> {
    let bad = || {
        Diagnostic::new(Code::BadValue, format!("`{text}` is not a duration"))
            .help(format!("write it as `90s`, `15m`, `1h` or `1d`, up to {longest} seconds"))
    };
    let unit = text.chars().last().ok_or_else(bad)?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(bad()),
    };
    let number: u64 = text.trim_end_matches(unit).parse().map_err(|_| bad())?;
    number.checked_mul(factor).filter(|seconds| (1..=longest).contains(seconds)).ok_or_else(bad)
}
