//! The base requests of a row: what every attempt starts from.

use std::sync::Arc;

use super::{Resolver, Variables, slug};
use crate::{
    attempt::{Fixture, Operation, Request},
    files::diag::{Code, Diagnostic},
    scenario::base::RawBase,
};

/// One of the file's base requests with one of its operations, resolved for a row.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Base<'a> {
    /// Its place among the file's base requests.
    pub index: usize,
    /// What tells it apart from the file's other base requests, in result ids.
    pub name: Option<&'a str>,
    /// The request.
    pub request: Arc<Request>,
}

impl Base<'_> {
    pub(in crate::scenario) fn variant(&self) -> Variant {
        Variant { base: self.index, operation: self.request.operation }
    }
}

/// An attempt of a file is made once for each of these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::scenario) struct Variant {
    /// The place of its base request among the file's; zero for a request of its own.
    pub base: usize,
    /// The operation that the base request or the attempt's own has.
    pub operation: &'static Operation,
}

impl Variant {
    /// The variant that a request from this base is of, or a request of the attempt's own.
    pub(in crate::scenario) fn of(base: Option<&Base<'_>>, own: &Request) -> Self {
        base.map_or(Self { base: 0, operation: own.operation }, Base::variant)
    }
}

impl<'a> Resolver<'a> {
    /// The base requests with these values of the file's variables; none where a fixture is
    /// missing.
    pub(super) fn bases(
        &mut self,
        variables: &Variables,
        fixtures: &[Fixture],
        complete: bool,
    ) -> Vec<Base<'a>> {
        let mut bases: Vec<Base<'a>> = Vec::new();
        for (index, written) in self.raw.request.0.iter().enumerate().filter(|_| complete) {
            let RawBase { name, request } = written;
            let mut scope = self.scope(variables.clone(), fixtures);
            let requests = self.requests(&mut scope, &request.value, &request.span, None);
            self.used_fixtures.extend(scope.used);
            for resolved in requests {
                if bases.iter().any(|other| other.index != index && *other.request == resolved) {
                    self.problem(
                        &request.span,
                        Diagnostic::new(
                            Code::DuplicateName,
                            format!(
                                "another base request is the same, with `{}`",
                                resolved.operation
                            ),
                        )
                        .help("keep one of them, or change what differs"),
                    );
                }
                let name = name.as_ref().map(|name| name.value.as_str());
                bases.push(Base { index, name, request: Arc::new(resolved) });
            }
        }
        bases
    }

    /// Whether the results of every base request can be told apart: by operation, or by name.
    pub(super) fn check_bases(&mut self) {
        let bases = &self.raw.request.0;
        for (index, base) in bases.iter().enumerate() {
            let others =
                || bases.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, b)| b);
            let Some(name) = &base.name else {
                let is_shared = |operation: &&str| {
                    others().any(|other| operations(other).any(|theirs| theirs == *operation))
                };
                if let Some(operation) = operations(base).find(is_shared) {
                    self.ambiguous_bases = true;
                    self.problem(
                        &base.request.span,
                        Diagnostic::new(
                            Code::MissingKey,
                            format!(
                                "another base request has `{operation}`, too, so `name` is missing"
                            ),
                        )
                        .help("add `name:` to each of them; it ends the ids of their results"),
                    );
                }
                continue;
            };
            let own = slug(&name.value);
            if own.is_empty() {
                self.problem(
                    &name.span,
                    Diagnostic::new(Code::EmptyValue, "the base request's name has no letter")
                        .help("say in a word or two what differs from the others"),
                );
            }
            let before = bases.iter().take(index).filter_map(|other| other.name.as_ref());
            if before.into_iter().any(|other| slug(&other.value) == own) {
                self.ambiguous_bases = true;
                self.problem(
                    &name.span,
                    Diagnostic::new(
                        Code::DuplicateName,
                        format!("two base requests have the name `{own}`"),
                    )
                    .help("give this one another name"),
                );
            }
        }
    }
}

/// The names of the operations that a base request is written with.
fn operations(base: &RawBase) -> impl Iterator<Item = &str> {
    base.request.value.operations.0.iter().map(|name| name.value.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gainsay_model::Source;

    use crate::{attempt::Request, files::Folder, scenario::Sample, suite};

    const ENVIRONMENT: &str = "environment: A bucket\naccount: '111122223333'\nregion: eu-west-1\n\
        caller: { user: gainsay, policies: [caller.json] }\n\
        roles:\n  app: { trust: trust.json, policies: [caller.json] }\n  \
        ops: { trust: trust.json, policies: [caller.json] }\n\
        buckets: { data: { name: data-111122223333 } }\n";
    const CALLER: &str = r#"{ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["s3:*", "sts:AssumeRole"], "Resource": "*" }] }"#;
    const TRUST: &str = r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "AWS": "{{caller.arn}}" }, "Action": "sts:AssumeRole" }] }"#;

    /// Every attempt of a scenario by id, with the key it acts on and its witnesses' keys.
    fn attempts(scenario: &str, sample: Sample) -> BTreeMap<String, (String, Vec<String>)> {
        let mut folder = Folder::new("a", "a");
        for (name, text) in [
            ("environment.yaml", ENVIRONMENT),
            ("baseline.yaml", "baseline: TLS\ncontrols: [{ id: TLS-01 }]\n"),
            ("caller.json", CALLER),
            ("trust.json", TRUST),
            ("s.yaml", scenario),
        ] {
            folder.insert(name, Ok(Source::new(name, text)));
        }
        let resolved = suite::resolve_as(&[folder], suite::Names::Declared, sample);
        let (architectures, _) = resolved.unwrap_or_else(|problems| panic!("{problems}"));
        let key = |request: &Request| {
            request
                .text(crate::attempt::Param::Key)
                .map_or_else(String::new, crate::attempt::Text::shown)
        };
        let scenarios = architectures.iter().flat_map(|architecture| &architecture.scenarios);
        scenarios
            .flat_map(super::super::super::Scenario::attempts)
            .map(|attempt| {
                let witnesses = attempt.witnesses.iter().flat_map(|witnesses| {
                    [&witnesses.target, &witnesses.actor].map(|witness| key(&witness.request))
                });
                (attempt.id.clone(), (key(&attempt.request), witnesses.collect()))
            })
            .collect()
    }

    const THREE: &str = "scenario: TLS only\ncontrols: [TLS-01]\n\
        for_each: { who: { of: [app, ops] } }\n\
        request:\n  - { name: inbox, as: '{who}', do: [s3:PutObject, s3:GetObjectTagging], \
        bucket: data, key: inbox, tags: a=b }\n  \
        - { name: An Archive!, as: '{who}', do: s3:PutObject, bucket: data, key: archive }\n  \
        - { as: '{who}', do: s3:ListObjectsV2, bucket: data }\n\
        attempts:\n  - allow: over TLS\n  - deny: over HTTP\n    but: { transport: http }\n    \
        by: { layer: resource }\n  - deny: with a body\n    but: { body: x, transport: http }\n    \
        without: [tags]\n    by: { layer: resource }\n    \
        witness: { target: over TLS, actor: over HTTP to nothing }\n  \
        - allow: over HTTP to nothing\n    but: { key: nothing, transport: http }\n";

    #[test]
    fn every_attempt_is_made_from_every_base_request() {
        let attempts = attempts(THREE, Sample::All);
        for who in ["app", "ops"] {
            for (operation, name, key) in [
                ("s3:PutObject", ".inbox", "inbox"),
                ("s3:GetObjectTagging", ".inbox", "inbox"),
                ("s3:PutObject", ".an-archive", "archive"),
                ("s3:ListObjectsV2", "", ""),
            ] {
                let id = |label: &str| format!("a/s/{who}/{operation}/{label}{name}");
                let both = vec![key.to_owned(); 2];
                assert_eq!(attempts.get(&id("over-tls")), Some(&(key.to_owned(), vec![])));
                assert_eq!(attempts.get(&id("over-http")), Some(&(key.to_owned(), both)));
            }
        }
    }

    #[test]
    fn a_named_witness_is_of_the_same_base_request() {
        let attempts = attempts(THREE, Sample::All);
        for (name, key) in [("inbox", "inbox"), ("an-archive", "archive")] {
            let found = attempts.get(&format!("a/s/app/s3:PutObject/with-a-body.{name}"));
            let witnesses = vec![key.to_owned(), "nothing".to_owned()];
            assert_eq!(found, Some(&(key.to_owned(), witnesses)));
        }
    }

    #[test]
    fn a_sample_makes_every_base_request_with_every_value() {
        assert_eq!(attempts(THREE, Sample::Pairwise), attempts(THREE, Sample::All));
    }

    #[test]
    fn the_list_of_one_without_a_name_is_the_request_itself() {
        let one = "scenario: TLS only\ncontrols: [TLS-01]\n\
            request: { as: app, do: s3:PutObject, bucket: data, key: a }\n\
            attempts:\n  - allow: over TLS\n  - deny: over HTTP\n    but: { transport: http }\n    \
            by: { layer: resource }\n";
        let list = one.replace("request: {", "request:\n  - {");
        assert_eq!(attempts(one, Sample::All), attempts(&list, Sample::All));
    }
}
