//! What the message says decided, against what the policies say.

use gainsay_iam::{Decision, Effect, Explanation, Layer, Matched, StatementView};
use serde::Serialize;

use super::{Given, RefusedCall, given::kind};

/// What is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// Statements of the policies refuse the call as the message says.
    Decided,
    /// The layer that the message names allows it in no statement.
    Silent,
    /// The policies may have answered: that depends on what is not known of the request.
    Possible,
    /// The policies cannot be those that answered.
    Contradicted,
    /// Of the layer that the message names nothing is given.
    NotGiven,
}

/// A finding, in words and with its statements.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// What is found.
    pub finding: Finding,
    /// The finding in a sentence.
    pub says: String,
    /// The statements it rests on: those that decided or may have; of a silent layer those that
    /// came nearest to allowing; of policies that cannot have answered those that contradict.
    pub statements: Vec<Place>,
}

/// A statement, and why it does or does not match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its layer.
    pub layer: Layer,
    /// The index of the policy in the layer, from 0.
    pub policy: usize,
    /// The index of the statement in the policy, from 0.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Its effect.
    pub effect: Effect,
    /// The file, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line it begins on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The elements that do not match: without them it would.
    pub but: Vec<String>,
    /// The elements of which it is not known whether they match.
    pub unknown: Vec<String>,
}

/// How many statements that came near are named.
const NEAREST: usize = 3;

/// Compares a refusal with the policies given. The explanation is that of [`Given::input`], with
/// files and lines.
#[must_use]
pub fn judge(call: &RefusedCall, given: &Given, explanation: &Explanation) -> Judged {
    let view = View { explanation, names_resource: call.resource.is_some() };
    // Block Public Access is worded as the bucket's policy is.
    let named: Vec<Layer> =
        call.layers.iter().copied().filter(|layer| kind(*layer).is_some()).collect();
    if !call.layers.is_empty() && named.is_empty() {
        let layers = words(&call.layers);
        let says = format!("{layers} refused it, which is a setting and no policy");
        return Judged { finding: Finding::NotGiven, says, statements: Vec::new() };
    }
    if !named.is_empty() && !named.iter().any(|layer| given.complete.contains(layer)) {
        let says = format!(
            "these policies cannot be the ones that answered: it was the {}, and nothing of that \
             layer is given",
            words(&named)
        );
        return Judged { finding: Finding::NotGiven, says, statements: Vec::new() };
    }
    if let Some(judged) = view.contradicted(call, given) {
        return judged;
    }
    match call.explicit {
        Some(true) => view.explicit(&named, call),
        Some(false) => view.silent(&named, given),
        None => view.unnamed(given),
    }
}

struct View<'a> {
    explanation: &'a Explanation,
    /// Whether the message names the resource: where not, it may be any.
    names_resource: bool,
}

impl View<'_> {
    /// What these policies say that would have had another answer.
    fn contradicted(&self, call: &RefusedCall, given: &Given) -> Option<Judged> {
        let judged = |says: String, statements| {
            let says = format!("these policies cannot be the ones that answered: {says}");
            Some(Judged { finding: Finding::Contradicted, says, statements })
        };
        if self.explanation.decision == Some(Decision::Allow) && given.missing.is_empty() {
            let allows = self.explanation.by.iter().map(|reason| reason.layer).collect::<Vec<_>>();
            let statements =
                self.places(|layer, effect| effect == Effect::Allow && allows.contains(&layer));
            return judged(
                "they allow the call".to_owned(),
                statements.into_iter().filter(Place::matches).collect(),
            );
        }
        // AWS names an explicit deny before anything else.
        let denies: Vec<Place> = self
            .places(|_, effect| effect == Effect::Deny)
            .into_iter()
            .filter(Place::matches)
            .collect();
        if call.explicit == Some(false) && !denies.is_empty() {
            let says = "a statement denies it, and AWS would have named an explicit deny";
            return judged(says.to_owned(), denies);
        }
        None
    }

    fn explicit(&self, named: &[Layer], call: &RefusedCall) -> Judged {
        let denies = self.places(|layer, effect| effect == Effect::Deny && named.contains(&layer));
        let decided: Vec<Place> = denies.iter().filter(|place| place.matches()).cloned().collect();
        if !decided.is_empty() {
            let says = format!("an explicit deny of the {}", words(named));
            return Judged { finding: Finding::Decided, says, statements: decided };
        }
        let possible: Vec<Place> =
            denies.iter().filter(|place| place.but.is_empty()).cloned().collect();
        if !possible.is_empty() {
            let says = "it may be one of these statements: what they read is not told".to_owned();
            return Judged { finding: Finding::Possible, says, statements: possible };
        }
        let layer = words(named);
        let statements = nearest(denies);
        if call.layers.contains(&Layer::BlockPublicAccess) {
            let says = format!(
                "no Deny of the {layer} matches: Block Public Access is worded alike, or the \
                 policy was another one"
            );
            return Judged { finding: Finding::Possible, says, statements };
        }
        let says = format!(
            "these policies cannot be the ones that answered: no Deny of the {layer} matches"
        );
        Judged { finding: Finding::Contradicted, says, statements }
    }

    fn silent(&self, named: &[Layer], given: &Given) -> Judged {
        let allows = self.places(|layer, effect| effect == Effect::Allow && named.contains(&layer));
        let layer = words(named);
        let decided_silent = named.iter().any(|layer| self.explanation.silent.contains(layer));
        let matching: Vec<Place> = allows.iter().filter(|place| place.matches()).cloned().collect();
        if !matching.is_empty() && !decided_silent {
            let says =
                format!("these policies cannot be the ones that answered: the {layer} allows it");
            return Judged { finding: Finding::Contradicted, says, statements: matching };
        }
        let possible: Vec<Place> = allows
            .iter()
            .filter(|place| place.but.is_empty() && !place.unknown.is_empty())
            .cloned()
            .collect();
        if !possible.is_empty() {
            let says = format!(
                "the {layer} allows it only where these statements match, and what they read is \
                 not told"
            );
            return Judged { finding: Finding::Possible, says, statements: possible };
        }
        let says = if allows.is_empty() {
            format!("the {layer} has no Allow at all")
        } else {
            format!("no Allow of the {layer} matches")
        };
        let says = match missing(named, given) {
            Some(missing) => format!("{says}; {missing}"),
            None => says,
        };
        Judged { finding: Finding::Silent, says, statements: nearest(allows) }
    }

    /// The message names no layer.
    fn unnamed(&self, given: &Given) -> Judged {
        let denies = self.places(|_, effect| effect == Effect::Deny);
        let decided: Vec<Place> = denies.iter().filter(|place| place.matches()).cloned().collect();
        if !decided.is_empty() {
            let says = "an explicit deny; the message names no layer".to_owned();
            return Judged { finding: Finding::Decided, says, statements: decided };
        }
        let mut possible: Vec<Place> =
            denies.into_iter().filter(|place| place.but.is_empty()).collect();
        let silent = &self.explanation.silent;
        let complete =
            given.missing.is_empty() && silent.iter().all(|layer| given.complete.contains(layer));
        match self.explanation.decision {
            Some(_) if complete => {
                let layers = words(&self.explanation.silent);
                let allows = self.places(|layer, effect| {
                    effect == Effect::Allow && self.explanation.silent.contains(&layer)
                });
                let says = format!("nothing denies it, and no Allow of the {layers} matches");
                Judged { finding: Finding::Silent, says, statements: nearest(allows) }
            }
            Some(_) | None => {
                let allows = self.places(|_, effect| effect == Effect::Allow);
                possible.extend(allows.into_iter().filter(|place| place.but.is_empty()));
                let says = if possible.is_empty() {
                    "nothing here denies or allows it; what else applies is not given"
                } else {
                    "it depends on these statements, and what they read is not told"
                };
                Judged { finding: Finding::Possible, says: says.to_owned(), statements: possible }
            }
        }
    }

    /// Every statement of these layers and effects.
    fn places(&self, wanted: impl Fn(Layer, Effect) -> bool) -> Vec<Place> {
        let mut places = Vec::new();
        for view in &self.explanation.layers {
            for policy in &view.policies {
                let statements =
                    policy.statements.iter().filter(|one| wanted(view.layer, one.effect));
                places.extend(statements.map(|statement| {
                    let is_open =
                        |element: &String| !self.names_resource && element.ends_with("Resource");
                    let (open, but) =
                        elements(statement, Matched::No).into_iter().partition(is_open);
                    let mut unknown: Vec<String> = open;
                    unknown.extend(elements(statement, Matched::Undecided));
                    Place {
                        layer: view.layer,
                        policy: policy.policy,
                        statement: statement.statement,
                        sid: statement.sid.clone(),
                        effect: statement.effect,
                        file: policy.file.clone(),
                        line: statement.line,
                        but,
                        unknown,
                    }
                }));
            }
        }
        places
    }
}

impl Place {
    fn matches(&self) -> bool {
        self.but.is_empty() && self.unknown.is_empty()
    }
}

fn elements(statement: &StatementView, matched: Matched) -> Vec<String> {
    let elements = statement.elements.iter().filter(|element| element.matched == matched);
    elements.map(|element| element.element.clone()).collect()
}

/// The statements that came nearest to matching: those about the action first.
fn nearest(mut places: Vec<Place>) -> Vec<Place> {
    let distance = |place: &Place| {
        let other_action = place.but.iter().any(|element| element.ends_with("Action"));
        (other_action, place.but.len(), place.unknown.len())
    };
    places.sort_by_key(distance);
    places.truncate(NEAREST);
    places
}

/// What an Allow of the layer would have to be.
fn missing(named: &[Layer], given: &Given) -> Option<String> {
    let layer = named.first()?;
    let request = &given.input.request;
    let attached = match layer {
        Layer::Resource | Layer::KeyPolicy | Layer::TrustPolicy => {
            format!(" to `{}`", request.principal)
        }
        Layer::Identity
        | Layer::Boundary
        | Layer::Session
        | Layer::Scp
        | Layer::Rcp
        | Layer::VpcEndpoint
        | Layer::Grant
        | Layer::BlockPublicAccess
        | Layer::ObjectOwnership
        | Layer::ObjectLock
        | Layer::EncryptionBlock
        | Layer::KeyState => String::new(),
    };
    Some(format!("missing is an Allow of `{}` on `{}`{attached}", request.action, request.resource))
}

fn words(layers: &[Layer]) -> String {
    let word = |layer: &Layer| kind(*layer).map_or(layer.as_str(), gainsay_iam::PolicyKind::as_str);
    let words: Vec<&str> = layers.iter().map(word).collect();
    if words.is_empty() { "policies".to_owned() } else { words.join(" and ") }
}
