//! Resolves the checks of a baseline: for every control that is `of` something, a reading of each
//! bucket, key or trail it names.

use std::{collections::BTreeMap, sync::Arc};

use gainsay_model::{Bucket, Key, Role, Source, Trail};

use super::{Check, On, Reading, Subject};
use crate::files::{
    Control, Environment, RawBaseline, RawControlChoice, catalogue,
    diag::{Code, Diagnostic, Diagnostics},
    yaml::Located,
};

/// The readings of an architecture, in the order of its baseline.
///
/// # Errors
/// Names that the environment does not have, parameters that the check does not have or lacks, a
/// control that has no check, and a reader that is not there.
pub fn resolve(
    architecture: &str,
    source: &Source,
    raw: &RawBaseline,
    environment: &Environment,
) -> Result<Vec<Arc<Reading>>, Diagnostics> {
    let resolver = Resolver { architecture, source, environment };
    let mut problems = Diagnostics::default();
    let reader = match resolver.reader(raw) {
        Ok(reader) => reader,
        Err(problem) => {
            problems.push(problem);
            return Err(problems);
        }
    };
    let mut readings = Vec::new();
    for choice in &raw.controls {
        match (resolver.choice(&choice.value), &reader) {
            (Err(found), _) => problems.extend(found),
            (Ok(None), _) => {}
            (Ok(Some(_)), None) => problems.push(resolver.problem(
                Code::MissingKey,
                "the baseline does not say who reads".to_owned(),
                &choice.value.id,
                "add `reader:` with a role that may read the configuration",
            )),
            (Ok(Some(resolved)), Some(reader)) => {
                readings.extend(resolved.subjects.iter().map(|(subject, parameters)| {
                    Arc::new(resolver.reading(&resolved, subject, parameters, reader, choice))
                }));
            }
        }
    }
    if problems.is_empty() { Ok(readings) } else { Err(problems) }
}

struct Resolver<'a> {
    architecture: &'a str,
    source: &'a Source,
    environment: &'a Environment,
}

/// A control of the baseline with its check and the resources that it reads.
struct ResolvedChoice {
    control: &'static Control,
    check: &'static Check,
    /// Each resource with the parameters of its check.
    subjects: Vec<(Subject, BTreeMap<String, String>)>,
}

impl Resolver<'_> {
    fn problem(&self, code: Code, message: String, at: &Located<String>, help: &str) -> Diagnostic {
        Diagnostic::new(code, message).at(self.source, at.span.clone()).help(help)
    }

    fn reader(&self, raw: &RawBaseline) -> Result<Option<Arc<Role>>, Diagnostic> {
        let Some(name) = &raw.reader else { return Ok(None) };
        match self.environment.deployed.role(&name.value) {
            Some(role) => Ok(Some(role.clone())),
            None => Err(Diagnostic::new(
                Code::UnknownName,
                format!("there is no role `{}`", name.value),
            )
            .at(self.source, name.span.clone())
            .suggest(
                &name.value,
                self.environment.deployed.roles.iter().map(|role| role.name.as_str()),
            )),
        }
    }

    fn choice(&self, choice: &RawControlChoice) -> Result<Option<ResolvedChoice>, Diagnostics> {
        let mut problems = Diagnostics::default();
        let Some(of) = &choice.of else {
            for (name, _) in &choice.with.0 {
                problems.push(self.problem(
                    Code::BadParameter,
                    format!(
                        "nothing is read for `{}`, so `{}` is told to nobody",
                        choice.id.value, name.value
                    ),
                    name,
                    "say with `of:` what is read, or remove it",
                ));
            }
            return if problems.is_empty() { Ok(None) } else { Err(problems) };
        };
        let control = catalogue().iter().find(|control| control.id == choice.id.value);
        let Some((control, check)) =
            control.and_then(|control| Some((control, control.check.as_ref()?)))
        else {
            let at = of.0.first().unwrap_or(&choice.id);
            problems.push(self.problem(
                Code::BadParameter,
                format!("control `{}` has no check that reads anything", choice.id.value),
                at,
                "remove `of:`; attempts prove this control",
            ));
            return Err(problems);
        };
        self.check_parameters(control, check, choice, &mut problems);
        let mut subjects: Vec<(Subject, BTreeMap<String, String>)> = Vec::new();
        for name in &of.0 {
            match self.subjects(check.on, name) {
                Ok(found) => {
                    for subject in found {
                        if subjects.iter().any(|(known, _)| *known == subject) {
                            problems.push(self.problem(
                                Code::DuplicateName,
                                format!("`{}` is named twice", subject.name),
                                name,
                                "keep one of them",
                            ));
                        } else {
                            // What is wrong for one is wrong for each: it is told once.
                            let parameters = if problems.is_empty() {
                                self.parameters(check, choice, &subject, &mut problems)
                            } else {
                                BTreeMap::new()
                            };
                            subjects.push((subject, parameters));
                        }
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        let resolved = ResolvedChoice { control, check, subjects };
        if problems.is_empty() { Ok(Some(resolved)) } else { Err(problems) }
    }

    /// Reports parameters that the check lacks, and those that it does not have.
    fn check_parameters(
        &self,
        control: &Control,
        check: &Check,
        choice: &RawControlChoice,
        problems: &mut Diagnostics,
    ) {
        for (name, _) in
            choice.with.0.iter().filter(|(name, _)| !check.parameters.contains(&name.value))
        {
            let problem = Diagnostic::new(
                Code::BadParameter,
                format!("the check of `{}` has no parameter `{}`", control.id, name.value),
            );
            let problem = problem.at(self.source, name.span.clone());
            problems
                .push(problem.suggest(&name.value, check.parameters.iter().map(String::as_str)));
        }
        // A name that is misspelt is not missing as well.
        let misspelt =
            choice.with.names().any(|name| !check.parameters.iter().any(|known| known == name));
        for name in &check.parameters {
            if choice.with.get(name).is_none() && !misspelt {
                problems.push(self.problem(
                    Code::MissingKey,
                    format!("the check of `{}` has to be told `{name}`", control.id),
                    &choice.id,
                    &format!("add `with: {{ {name}: ... }}`"),
                ));
            }
        }
    }

    /// The parameters of the check of a resource.
    fn parameters(
        &self,
        check: &Check,
        choice: &RawControlChoice,
        subject: &Subject,
        problems: &mut Diagnostics,
    ) -> BTreeMap<String, String> {
        let mut parameters = BTreeMap::new();
        for (name, value) in
            choice.with.0.iter().filter(|(name, _)| check.parameters.contains(&name.value))
        {
            match self.text(value, subject).and_then(|value| self.value(&name.value, &value)) {
                Ok(resolved) => _ = parameters.insert(name.value.clone(), resolved),
                Err(problem) => problems.push(problem),
            }
        }
        parameters
    }

    /// A value, or of `{field}` what the subject's own entry says, where it is of a collection.
    fn text(
        &self,
        value: &Located<String>,
        subject: &Subject,
    ) -> Result<Located<String>, Diagnostic> {
        let Some(field) = value.value.strip_prefix('{').and_then(|value| value.strip_suffix('}'))
        else {
            return Ok(value.clone());
        };
        let mut members =
            self.environment.collections.iter().flat_map(|collection| &collection.members);
        let Some(member) = members.find(|member| member.name == subject.name) else {
            let message =
                format!("`{}` is of no collection, so it has no field `{field}`", subject.name);
            return Err(self.problem(Code::BadTemplate, message, value, "write the value out"));
        };
        let found = if field == "name" { Some(member.name.as_str()) } else { member.field(field) };
        let found = found.map(|text| Located { value: text.to_owned(), span: value.span.clone() });
        found.ok_or_else(|| {
            Diagnostic::new(Code::BadTemplate, format!("`{}` has no field `{field}`", member.name))
                .at(self.source, value.span.clone())
                .suggest(field, member.fields.iter().map(|(name, _)| name.as_str()).chain(["name"]))
        })
    }

    /// What the value of a parameter stands for: an ARN, a name, an id, or itself.
    fn value(&self, parameter: &str, value: &Located<String>) -> Result<String, Diagnostic> {
        match parameter {
            "key" => Ok(self.key(value)?.arn.clone()),
            "alias" => self.key(value)?.alias.clone().ok_or_else(|| {
                let help = "give it one in `environment.yaml`, or name another key";
                self.problem(
                    Code::BadValue,
                    format!("the key `{}` has no alias", value.value),
                    value,
                    help,
                )
            }),
            "trail" => Ok(self.trail(value)?.arn.clone()),
            "account" => self.account(value),
            "topic" => Ok(self.topic(value)),
            "source" => Ok(self.bucket(value)?.arn()),
            "target" => Ok(self.bucket(value)?.name.clone()),
            "objects" => Ok(format!("{}/", self.bucket(value)?.arn())),
            _ => Ok(value.value.clone()),
        }
    }

    /// The environment's own account by the word `account`, another by the name it is declared
    /// under.
    fn account(&self, name: &Located<String>) -> Result<String, Diagnostic> {
        let own = std::iter::once(("account", &self.environment.deployed.account));
        let others =
            self.environment.deployed.accounts.iter().map(|(name, id)| (name.as_str(), id));
        let mut known = own.chain(others);
        let found = known.clone().find(|(known, _)| *known == name.value);
        found.map(|(_, id)| id.clone()).ok_or_else(|| {
            Diagnostic::new(Code::UnknownName, format!("there is no account `{}`", name.value))
                .at(self.source, name.span.clone())
                .suggest(&name.value, known.by_ref().map(|(name, _)| name))
        })
    }

    /// The ARN of a topic: as it is written, or of a name in the environment's account and Region.
    fn topic(&self, name: &Located<String>) -> String {
        let environment = self.environment;
        if name.value.starts_with("arn:") {
            return name.value.clone();
        }
        format!(
            "arn:aws:sns:{}:{}:{}",
            environment.deployed.region, environment.deployed.account, name.value
        )
    }

    fn key(&self, name: &Located<String>) -> Result<&Arc<Key>, Diagnostic> {
        let known = &self.environment.deployed.keys;
        known.iter().find(|key| key.name == name.value).ok_or_else(|| {
            Diagnostic::new(Code::UnknownName, format!("there is no key `{}`", name.value))
                .at(self.source, name.span.clone())
                .suggest(&name.value, known.iter().map(|key| key.name.as_str()))
        })
    }

    fn trail(&self, name: &Located<String>) -> Result<&Arc<Trail>, Diagnostic> {
        let known = &self.environment.deployed.trails;
        known.iter().find(|trail| trail.logical == name.value).ok_or_else(|| {
            Diagnostic::new(Code::UnknownName, format!("there is no trail `{}`", name.value))
                .at(self.source, name.span.clone())
                .suggest(&name.value, known.iter().map(|trail| trail.logical.as_str()))
        })
    }

    fn bucket(&self, name: &Located<String>) -> Result<&Arc<Bucket>, Diagnostic> {
        self.environment.deployed.bucket(&name.value).ok_or_else(|| {
            Diagnostic::new(Code::UnknownName, format!("there is no bucket `{}`", name.value))
                .at(self.source, name.span.clone())
                .suggest(
                    &name.value,
                    self.environment.deployed.buckets.iter().map(|bucket| bucket.logical.as_str()),
                )
        })
    }

    /// What a name stands for: one bucket or key, or those of a collection.
    fn subjects(&self, on: On, name: &Located<String>) -> Result<Vec<Subject>, Diagnostic> {
        let environment = self.environment;
        let all: Vec<Subject> = match on {
            On::Bucket => environment
                .deployed
                .buckets
                .iter()
                .map(|bucket| Subject {
                    name: bucket.logical.clone(),
                    id: bucket.name.clone(),
                    arn: bucket.arn(),
                    account: bucket.account.clone(),
                    region: environment.deployed.region.clone(),
                    organizations: environment.deployed.organizations.clone(),
                })
                .collect(),
            On::Key => environment
                .deployed
                .keys
                .iter()
                .map(|key| Subject {
                    name: key.name.clone(),
                    id: key.arn.clone(),
                    arn: key.arn.clone(),
                    account: key.account.clone(),
                    region: region_of(&key.arn),
                    organizations: environment.deployed.organizations.clone(),
                })
                .collect(),
            On::Trail => environment
                .deployed
                .trails
                .iter()
                .map(|trail| Subject {
                    name: trail.logical.clone(),
                    id: trail.arn.clone(),
                    arn: trail.arn.clone(),
                    account: environment.deployed.account.clone(),
                    region: region_of(&trail.arn),
                    organizations: environment.deployed.organizations.clone(),
                })
                .collect(),
            On::Account => vec![Subject {
                name: "account".to_owned(),
                id: environment.deployed.account.clone(),
                arn: format!("arn:aws:iam::{}:root", environment.deployed.account),
                account: environment.deployed.account.clone(),
                region: environment.deployed.region.clone(),
                organizations: environment.deployed.organizations.clone(),
            }],
        };
        if let Some(one) = all.iter().find(|subject| subject.name == name.value) {
            return Ok(vec![one.clone()]);
        }
        let collection =
            environment.collections.iter().find(|collection| collection.name == name.value);
        let of_members = collection.map(|collection| {
            let has = |subject: &&Subject| {
                let has = |member: &Arc<crate::files::Member>| {
                    let there = match on {
                        On::Bucket => member.bucket.is_some(),
                        On::Key => member.key.is_some(),
                        On::Trail | On::Account => false,
                    };
                    there && member.name == subject.name
                };
                collection.members.iter().any(has)
            };
            all.iter().filter(has).cloned().collect::<Vec<_>>()
        });
        match of_members {
            Some(subjects) if !subjects.is_empty() => Ok(subjects),
            _ => {
                let collections =
                    environment.collections.iter().map(|collection| collection.name.as_str());
                let known = all.iter().map(|subject| subject.name.as_str()).chain(collections);
                Err(Diagnostic::new(
                    Code::UnknownName,
                    format!("there is no {} `{}` to be read", on.as_str(), name.value),
                )
                .at(self.source, name.span.clone())
                .suggest(&name.value, known))
            }
        }
    }

    fn reading(
        &self,
        resolved: &ResolvedChoice,
        subject: &Subject,
        parameters: &BTreeMap<String, String>,
        reader: &Arc<Role>,
        choice: &Located<RawControlChoice>,
    ) -> Reading {
        let ResolvedChoice { control, check, .. } = resolved;
        Reading {
            id: format!(
                "{}/checks/{}/{}/{}",
                self.architecture, subject.name, check.read, control.id
            ),
            control: control.id.clone(),
            statement: &control.statement,
            check,
            subject: subject.clone(),
            parameters: parameters.clone(),
            reader: reader.clone(),
            file: self.source.name().to_owned(),
            line: self.source.line_of(choice.value.id.span.start),
        }
    }
}

/// The Region that an ARN names.
fn region_of(arn: &str) -> String {
    arn.split(':').nth(3).unwrap_or_default().to_owned()
}
