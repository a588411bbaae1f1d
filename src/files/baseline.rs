//! The baseline of an architecture: the controls it chooses from the catalogue.

mod extends;
mod raw;

use std::collections::BTreeMap;

use gainsay_model::Source;

pub use self::{
    extends::extended,
    raw::{RawBaseline, RawControlChoice},
};
use super::{
    catalogue::{Control, ProvedBy, catalogue},
    diag::{Code, Diagnostic, Diagnostics},
};

/// The controls chosen for an architecture.
#[derive(Debug)]
pub struct Baseline {
    /// What it is for.
    pub title: String,
    /// The controls in file order.
    pub controls: Vec<Control>,
    /// Why controls can be neither attempted nor read here, by their ids.
    pub not_testable: BTreeMap<String, String>,
}

impl Baseline {
    /// Looks every chosen id up in the catalogue.
    ///
    /// # Errors
    /// Ids that are unknown and have no title of their own, or are chosen twice.
    pub fn resolve(source: &Source, raw: &RawBaseline) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::default();
        let mut controls: Vec<Control> = Vec::new();
        if raw.controls.is_empty() {
            problems.push(
                Diagnostic::new(Code::MissingKey, "the baseline chooses no control")
                    .at(source, raw.baseline.span.clone())
                    .help("add `controls:`, or `extends:` with the architecture whose baseline it takes over"),
            );
        }
        if let (None, Some(without)) = (&raw.extends, raw.without.first()) {
            problems.push(
                Diagnostic::new(
                    Code::MissingKey,
                    "`without` leaves something out of a baseline that is not extended",
                )
                .at(source, without.span.clone())
                .help("add `extends:`, or remove `without`"),
            );
        }
        for choice in &raw.controls {
            let id = &choice.value.id;
            if controls.iter().any(|control| control.id == id.value) {
                problems.push(
                    Diagnostic::new(
                        Code::DuplicateName,
                        format!("control `{}` is chosen twice", id.value),
                    )
                    .at(source, id.span.clone())
                    .help("keep one of them"),
                );
            }
            match (catalogue().iter().find(|control| control.id == id.value), &choice.value.title) {
                (Some(control), None) => {
                    if choice.value.proved_by.is_some() {
                        problems.push(
                            Diagnostic::new(
                                Code::BadValue,
                                format!("the catalogue says by what `{}` is proved", control.id),
                            )
                            .at(source, id.span.clone())
                            .help("remove `proved_by`: it is for controls of your own"),
                        );
                    }
                    controls.push(control.clone());
                }
                (None, Some(title)) => controls.push(Control {
                    id: id.value.clone(),
                    title: title.value.clone(),
                    statement: title.value.clone(),
                    rationale: String::new(),
                    severity: "medium".to_owned(),
                    proved_by: choice.value.proved_by.clone().unwrap_or_else(ProvedBy::refusal),
                    remediation: None,
                    mappings: Vec::new(),
                    serves: Vec::new(),
                    check: None,
                }),
                (Some(control), Some(title)) => problems.push(
                    Diagnostic::new(
                        Code::DuplicateName,
                        format!(
                            "control `{}` is in the catalogue as `{}`",
                            id.value, control.title
                        ),
                    )
                    .at(source, title.span.clone())
                    .help("remove the title, or give your control another id"),
                ),
                (None, None) => problems.push(
                    Diagnostic::new(
                        Code::UnknownControl,
                        format!("there is no control `{}`", id.value),
                    )
                    .at(source, id.span.clone())
                    .help(format!(
                        "{}; a control of your own needs a `title:`",
                        nearest(&id.value)
                    )),
                ),
            }
        }
        if problems.is_empty() {
            Ok(Self {
                title: raw.baseline.value.clone(),
                controls,
                not_testable: raw
                    .controls
                    .iter()
                    .filter_map(|choice| {
                        let why = choice.value.not_testable.as_ref()?;
                        Some((choice.value.id.value.clone(), why.value.clone()))
                    })
                    .collect(),
            })
        } else {
            Err(problems)
        }
    }

    /// The control of an id.
    #[must_use]
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.iter().find(|control| control.id == id)
    }
}

fn nearest(id: &str) -> String {
    crate::files::diag::suggestion(id, catalogue().iter().map(|control| control.id.as_str()))
        .unwrap_or_default()
}
