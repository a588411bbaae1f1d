//! The values of a variable that are members of a collection.

use std::ops::Range;

use super::{Binding, Scope};
use crate::files::{
    diag::{Code, Diagnostic},
    yaml::Located,
};

/// The values there are, and the first problem with its place.
type Values = (Vec<Binding>, Option<(Diagnostic, Range<usize>)>);

/// The members of a collection but those that are left out.
pub(super) fn of_collection(
    scope: &mut Scope<'_>,
    collection: &Located<String>,
    except: &[Located<String>],
) -> Values {
    let environment = scope.environment;
    let mut members: Vec<Binding> = match collection.value.as_str() {
        "roles" => environment.deployed.roles.iter().cloned().map(Binding::Role).collect(),
        "buckets" => environment.deployed.buckets.iter().cloned().map(Binding::Bucket).collect(),
        "keys" => environment.deployed.keys.iter().cloned().map(Binding::Key).collect(),
        other => {
            let Some(found) = environment.collection(other) else {
                let declared =
                    environment.collections.iter().map(|collection| collection.name.as_str());
                let problem = Diagnostic::new(
                    Code::UnknownName,
                    format!("no collection is called `{other}`"),
                )
                .suggest(other, declared.chain(["roles", "buckets", "keys"]));
                return (Vec::new(), Some((problem, collection.span.clone())));
            };
            found.members.iter().cloned().map(Binding::Member).collect()
        }
    };
    for name in except {
        // A variable's name stands for its value.
        let variable = scope.variables.iter().find(|(variable, _)| *variable == name.value);
        let value = variable.map(|(_, value)| value.name().to_owned());
        let left_out = match value.map_or_else(|| scope.word(&name.value), Ok) {
            Ok(left_out) => left_out,
            Err(problem) => return (Vec::new(), Some((problem, name.span.clone()))),
        };
        let before = members.len();
        let known: Vec<String> = members.iter().map(|member| member.name().to_owned()).collect();
        members.retain(|member| member.name() != left_out);
        if members.len() == before {
            let problem = Diagnostic::new(
                Code::UnknownName,
                format!("`{left_out}` is not in `{}`", collection.value),
            )
            .suggest(&left_out, known.iter().map(String::as_str));
            return (Vec::new(), Some((problem, name.span.clone())));
        }
    }
    (members, None)
}
