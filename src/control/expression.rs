//! What must hold of a setting: an expression in
//! [JMESPath](https://jmespath.org/specification.html), as the AWS CLI's `--query` takes.

use std::{collections::BTreeMap, sync::LazyLock};

use jmespath::{
    Context, ErrorReason, JmespathError, Rcvar, Runtime, Variable,
    functions::{ArgumentType, CustomFunction, Signature},
};
use serde_json::{Map, Value};

use super::filter::{self, PatternError};

/// Why an expression of a check is no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExpressionError {
    /// The text is not of the language.
    #[error("`{expression}` is no JMESPath: {source}")]
    Syntax {
        /// The expression as the control's file says it.
        expression: String,
        /// What the language's reader says.
        source: Box<JmespathError>,
    },
    /// A function of the expression has no answer for the document.
    #[error("`{expression}` cannot be decided: {source}")]
    Undecided {
        /// The expression as the control's file says it.
        expression: String,
        /// What the function says.
        source: Box<JmespathError>,
    },
    /// The answer is not `true` or `false`.
    #[error("`{expression}` answers {answer}, neither true nor false")]
    NotBoolean {
        /// The expression as the control's file says it.
        expression: String,
        /// The answer, as JSON.
        answer: String,
    },
    /// The expression names a parameter that the baseline does not give.
    #[error("the parameter `{name}` is not given")]
    MissingParameter {
        /// The parameter.
        name: String,
    },
}

/// Why `takes()` has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum TakesError {
    /// An argument is of another type, or a field of the event has no value at all.
    #[error("`takes` is told a pattern and an event")]
    Arguments,
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

/// What expressions are decided with: every function of the language, and two that say what it
/// cannot.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut runtime = Runtime::new();
    runtime.register_builtin_functions();
    let signature = Signature::new(vec![ArgumentType::String, ArgumentType::Object], None);
    runtime.register_function("takes", Box::new(CustomFunction::new(signature, Box::new(takes))));
    let signature = Signature::new(vec![ArgumentType::Number, ArgumentType::Number], None);
    runtime.register_function(
        "days_between",
        Box::new(CustomFunction::new(signature, Box::new(days_between))),
    );
    runtime
});

/// `takes(pattern, event)`: whether a filter pattern of `CloudWatch` Logs takes every event that
/// has these fields; of a field with several values, each of them.
fn takes(arguments: &[Rcvar], context: &mut Context<'_>) -> Result<Rcvar, JmespathError> {
    let argument =
        |at: usize| arguments.get(at).and_then(|argument| serde_json::to_value(&**argument).ok());
    let taken = match (argument(0), argument(1)) {
        (Some(Value::String(pattern)), Some(Value::Object(event)))
            if !event.values().any(|value| *value == Value::Array(vec![])) =>
        {
            let mut taken = each(event).into_iter().map(|event| filter::takes(&pattern, &event));
            taken.try_fold(true, |all, taken| Ok::<_, TakesError>(all && taken?))
        }
        _ => Err(TakesError::Arguments),
    };
    match taken {
        Ok(taken) => Ok(Rcvar::new(Variable::Bool(taken))),
        Err(why) => Err(JmespathError::new(
            context.expression,
            context.offset,
            ErrorReason::Parse(why.to_string()),
        )),
    }
}

/// The events of a form: one for each value of a field that has several.
fn each(form: Map<String, Value>) -> Vec<Map<String, Value>> {
    form.into_iter().fold(vec![Map::new()], |events, (name, value)| {
        let values = match value {
            Value::Array(values) => values,
            one => vec![one],
        };
        let with = |event: &Map<String, Value>, value: &Value| {
            let mut event = event.clone();
            event.insert(name.clone(), value.clone());
            event
        };
        let events =
            events.iter().flat_map(|event| values.iter().map(move |value| with(event, value)));
        events.collect()
    })
}

#[expect(clippy::unnecessary_wraps, reason = "a function of the language can fail")]
/// `days_between(from, until)`: how many days lie between two times in seconds.
fn days_between(arguments: &[Rcvar], _: &mut Context<'_>) -> Result<Rcvar, JmespathError> {
    let seconds = |at: usize| arguments.get(at).and_then(|argument| argument.as_number());
    let days = seconds(0).zip(seconds(1)).map(|(from, until)| (until - from) / 86_400.0);
    let days = days.and_then(serde_json::Number::from_f64);
    Ok(Rcvar::new(days.map_or(Variable::Null, Variable::Number)))
}

/// Whether an expression holds. It has to answer `true` or `false`: `null` is what a comparison of
/// what is not there may say, and no answer.
///
/// # Errors
/// The expression is not one, names a parameter that is not given, or answers something else.
pub fn holds(
    expression: &str,
    document: &Value,
    parameters: &BTreeMap<String, String>,
) -> Result<bool, ExpressionError> {
    let filled = fill(expression, parameters)?;
    let expression = || expression.to_owned();
    let compiled = RUNTIME.compile(&filled).map_err(|why| ExpressionError::Syntax {
        expression: expression(),
        source: Box::new(why),
    })?;
    let found = compiled.search(document).map_err(|why| ExpressionError::Undecided {
        expression: expression(),
        source: Box::new(why),
    })?;
    found.as_boolean().ok_or_else(|| ExpressionError::NotBoolean {
        expression: expression(),
        answer: found.to_string(),
    })
}

/// Puts parameters in as literals: numbers where they are numbers, texts otherwise. What is in a
/// value cannot end the literal.
fn fill(
    expression: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<String, ExpressionError> {
    let mut parts = expression.split('$');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end =
            part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let value = parameters
            .get(name)
            .ok_or_else(|| ExpressionError::MissingParameter { name: name.to_owned() })?;
        let literal = match value.parse::<i64>() {
            // What begins with zeros is a name: of an account, say.
            Ok(number) if number.to_string() == *value => number.to_string(),
            Ok(_) | Err(_) => Value::String(value.clone()).to_string().replace('`', "\\u0060"),
        };
        filled.push('`');
        filled.push_str(&literal);
        filled.push('`');
        filled.push_str(rest);
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_values_whatever_is_in_them() {
        let hostile = ["a` || `true", "a' || 'b", "\"", "\\", "$key", "", "\u{0}\n", "`"];
        for text in hostile {
            let parameters = BTreeMap::from([("key".to_owned(), text.to_owned())]);
            assert_eq!(
                holds("k == $key", &json!({ "k": text }), &parameters),
                Ok(true),
                "{text:?}"
            );
            assert_eq!(
                holds("k == $key", &json!({ "k": "other" }), &parameters),
                Ok(false),
                "{text:?}"
            );
        }
        let days = BTreeMap::from([("days".to_owned(), "30".to_owned())]);
        assert_eq!(holds("d <= $days", &json!({ "d": 30 }), &days), Ok(true));
        assert_eq!(holds("d <= $days", &json!({ "d": 31 }), &days), Ok(false));
        let id = BTreeMap::from([("id".to_owned(), "011122223333".to_owned())]);
        assert_eq!(holds("a == to_string($id)", &json!({ "a": "011122223333" }), &id), Ok(true));
        assert_eq!(holds("a == to_string($id)", &json!({ "a": "11122223333" }), &id), Ok(false));
    }

    #[test]
    fn a_pattern_takes_each_value_of_a_field() {
        let none = BTreeMap::new();
        let taken = |pattern: &str, names: Value| {
            let event = json!({ "eventSource": "kms.amazonaws.com", "eventName": names });
            holds(&format!("takes(p, `{event}`)"), &json!({ "p": pattern }), &none)
        };
        let both = "{ $.eventName = DisableKey || $.eventName = EnableKey }";
        assert_eq!(taken(both, json!(["DisableKey", "EnableKey"])), Ok(true));
        assert_eq!(taken(both, json!("EnableKey")), Ok(true));
        assert_eq!(
            taken("{ $.eventName = DisableKey }", json!(["DisableKey", "EnableKey"])),
            Ok(false)
        );
        assert_eq!(
            taken("{ $.eventName = EnableKey }", json!(["DisableKey", "EnableKey"])),
            Ok(false)
        );
        assert!(taken(both, json!([])).is_err());
    }

    #[test]
    fn what_is_neither_true_nor_false_is_no_answer() {
        let none = BTreeMap::new();
        assert!(holds("d <= `30`", &json!({}), &none).is_err());
        assert!(holds("d", &json!({ "d": "true" }), &none).is_err());
        assert!(holds("d ==", &json!({}), &none).is_err());
        assert!(holds("d == $missing", &json!({}), &none).is_err());
        assert_eq!(holds("d == 'x'", &Value::Null, &none), Ok(false));
    }
}
