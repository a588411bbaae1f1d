//! An explanation as a tree.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use gainsay_iam::{Decision, Effect, ElementView, Explanation, LayerView, Matched, StatementView};

use crate::report::one_line;

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const GREY: Style = AnsiColor::BrightBlack.on_default();

/// How many values of one element are shown.
const SHOWN: usize = 12;

/// The explanation, as lines.
pub(super) fn text(explanation: &Explanation, colour: bool) -> String {
    let tree = Tree { colour };
    let mut out = String::new();
    // Writing to a string cannot fail.
    _ = tree.write(&mut out, explanation);
    out
}

struct Tree {
    colour: bool,
}

impl Tree {
    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn write(&self, out: &mut String, explanation: &Explanation) -> std::fmt::Result {
        let Explanation { principal, action, resource, resource_account, .. } = explanation;
        writeln!(out, "{} on {}", one_line(action), one_line(resource))?;
        writeln!(out, "by {}, to account {}", one_line(principal), one_line(resource_account))?;
        let (style, word) = match explanation.decision {
            Some(Decision::Allow) => (GREEN, "allow"),
            Some(Decision::ImplicitDeny) => (RED, "implicit deny"),
            Some(Decision::ExplicitDeny) => (RED, "explicit deny"),
            None => (YELLOW, "undecided"),
        };
        write!(out, "{}", self.paint(style, word))?;
        if let Some(error) = &explanation.error {
            write!(out, ": {}", one_line(error))?;
        }
        if !explanation.silent.is_empty() {
            let layers: Vec<&str> = explanation.silent.iter().map(|layer| layer.as_str()).collect();
            write!(out, ": {} did not allow", layers.join(", "))?;
        }
        if let Some(near) = &explanation.near {
            write!(out, "; {}", one_line(&near.to_string()))?;
        }
        writeln!(out)?;
        if explanation.layers.is_empty() {
            writeln!(out, "└─ {}", self.paint(GREY, "no policies"))?;
        }
        for (index, layer) in explanation.layers.iter().enumerate() {
            self.layer(out, explanation, layer, index + 1 == explanation.layers.len())?;
        }
        Ok(())
    }

    fn layer(
        &self,
        out: &mut String,
        explanation: &Explanation,
        view: &LayerView,
        last: bool,
    ) -> std::fmt::Result {
        let (branch, stem) = branch(last);
        let says = if explanation.by.iter().any(|reason| reason.layer == view.layer) {
            if explanation.decision == Some(Decision::Allow) {
                self.paint(GREEN, "allows")
            } else {
                self.paint(RED, "denies")
            }
        } else if explanation.silent.contains(&view.layer) {
            self.paint(YELLOW, "does not allow")
        } else if allows(view) {
            self.paint(GREY, "would allow")
        } else if explanation.decision == Some(Decision::ExplicitDeny) {
            self.paint(GREY, "does not allow")
        } else {
            self.paint(GREY, "decides nothing here")
        };
        writeln!(out, "{branch}{}: {says}", view.layer)?;
        let statements = view
            .policies
            .iter()
            .flat_map(|policy| policy.statements.iter().map(move |statement| (policy, statement)));
        let statements: Vec<_> = statements.collect();
        for (index, (policy, statement)) in statements.iter().enumerate() {
            let (branch, inner) = self::branch(index + 1 == statements.len());
            let place = match (&policy.file, statement.line) {
                (Some(file), Some(line)) => format!("{}:{line}", one_line(file)),
                _ => format!("policy {}, statement {}", policy.policy, statement.statement),
            };
            let sid = statement
                .sid
                .as_deref()
                .map_or_else(String::new, |sid| format!(" {}", one_line(sid)));
            let effect = if statement.effect == Effect::Allow { "Allow" } else { "Deny" };
            let mark = self.mark(statement.matched, statement.effect);
            writeln!(
                out,
                "{stem}{branch}{mark} {effect}{sid} {}",
                self.paint(GREY, &format!("({place})"))
            )?;
            self.elements(out, statement, &format!("{stem}{inner}"))?;
        }
        Ok(())
    }

    fn elements(
        &self,
        out: &mut String,
        statement: &StatementView,
        stem: &str,
    ) -> std::fmt::Result {
        for (index, element) in statement.elements.iter().enumerate() {
            let (branch, _) = branch(index + 1 == statement.elements.len());
            let mark = self.mark(element.matched, Effect::Allow);
            let compared = self.paint(GREY, &compared(element));
            writeln!(out, "{stem}{branch}{mark} {} {compared}", one_line(&element.element))?;
        }
        Ok(())
    }

    fn mark(&self, matched: Matched, effect: Effect) -> String {
        match (matched, effect) {
            (Matched::Yes, Effect::Allow) => self.paint(GREEN, "✓"),
            (Matched::Yes, Effect::Deny) => self.paint(RED, "✓"),
            (Matched::No, _) => self.paint(GREY, "✗"),
            (Matched::Undecided, _) => self.paint(YELLOW, "?"),
        }
    }
}

/// Whether an Allow of the layer matches.
fn allows(view: &LayerView) -> bool {
    let mut statements = view.policies.iter().flat_map(|policy| &policy.statements);
    statements
        .any(|statement| statement.effect == Effect::Allow && statement.matched == Matched::Yes)
}

/// What stands before an entry, and before what hangs on it.
const fn branch(last: bool) -> (&'static str, &'static str) {
    if last { ("└─ ", "   ") } else { ("├─ ", "│  ") }
}

fn compared(element: &ElementView) -> String {
    let request = match &element.request {
        None if element.matched == Matched::Undecided => "not known".to_owned(),
        None => "absent".to_owned(),
        Some(values) => listed(values),
    };
    format!("{} | request: {request}", listed(&element.policy))
}

fn listed(values: &[String]) -> String {
    let mut shown: Vec<String> = values.iter().take(SHOWN).map(|value| one_line(value)).collect();
    if let Some(more) = values.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        shown.push(format!("and {more} more"));
    }
    shown.join(", ")
}
