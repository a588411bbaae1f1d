//! The `Condition` element: operators, set operators, absent keys.
//!
//! Follows "IAM JSON policy elements: Condition operators" and "Multivalued context keys".

use std::fmt;

use crate::context::{Context, ContextValue};
use crate::error::{UndecidableCause, closest_word};
use crate::pattern::{Resolved, Template};
use crate::policy::operand::{Operand, Order, Test};

/// How many of a key's values must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    /// The key has one value.
    Only,
    /// `ForAllValues:`.
    All,
    /// `ForAnyValue:`.
    Any,
}

/// A condition operator, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    test: Test,
    negated: bool,
    if_exists: bool,
    quantifier: Quantifier,
}

/// Every operator AWS has, without prefix and suffix: name, comparison, negated.
const OPERATORS: &[(&str, Test, bool)] = &[
    ("StringEquals", Test::Equals, false),
    ("StringNotEquals", Test::Equals, true),
    ("StringEqualsIgnoreCase", Test::EqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Test::EqualsIgnoreCase, true),
    ("StringLike", Test::Like, false),
    ("StringNotLike", Test::Like, true),
    ("NumericEquals", Test::Number(Order::Equal), false),
    ("NumericNotEquals", Test::Number(Order::Equal), true),
    ("NumericLessThan", Test::Number(Order::Less), false),
    ("NumericLessThanEquals", Test::Number(Order::LessOrEqual), false),
    ("NumericGreaterThan", Test::Number(Order::Greater), false),
    ("NumericGreaterThanEquals", Test::Number(Order::GreaterOrEqual), false),
    ("DateEquals", Test::Date(Order::Equal), false),
    ("DateNotEquals", Test::Date(Order::Equal), true),
    ("DateLessThan", Test::Date(Order::Less), false),
    ("DateLessThanEquals", Test::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Test::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Test::Date(Order::GreaterOrEqual), false),
    ("Bool", Test::Bool, false),
    ("BinaryEquals", Test::Binary, false),
    ("IpAddress", Test::Ip, false),
    ("NotIpAddress", Test::Ip, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnLike", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnNotLike", Test::Arn, true),
    ("Null", Test::Null, false),
];

impl Operator {
    /// Reads an operator name; the error is the nearest one there is.
    pub(crate) fn read(name: &str) -> Result<Self, Option<&'static str>> {
        let (quantifier, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Quantifier::All, rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Quantifier::Any, rest)
        } else {
            (Quantifier::Only, name)
        };
        let (base, if_exists) =
            rest.strip_suffix("IfExists").map_or((rest, false), |base| (base, true));
        match OPERATORS.iter().find(|(known, ..)| *known == base) {
            // AWS has `IfExists` for every operator but this one.
            Some((_, Test::Null, _)) if if_exists => Err(Some("Null")),
            Some((_, test, negated)) => {
                Ok(Self { test: *test, negated: *negated, if_exists, quantifier })
            }
            None => Err(closest_word(base, OPERATORS.iter().map(|(known, ..)| *known))),
        }
    }

    /// Whether it holds for what its values do not match, and for a key that is absent.
    pub(crate) fn is_negated(self) -> bool {
        self.negated
    }

    /// Whether it holds for a key that is absent, by `...IfExists`.
    pub(crate) fn is_if_exists(self) -> bool {
        self.if_exists
    }

    /// Whether it is `ForAllValues:`, which holds for a key that is absent.
    pub(crate) fn is_for_all_values(self) -> bool {
        self.quantifier == Quantifier::All
    }

    /// Whether it is for keys with several values.
    pub(crate) fn is_set_operator(self) -> bool {
        self.quantifier != Quantifier::Only
    }

    /// Whether policy variables are read in the values: only for strings and ARNs.
    fn takes_variables(self) -> bool {
        matches!(self.test, Test::Equals | Test::EqualsIgnoreCase | Test::Like | Test::Arn)
    }
}

/// A value of a condition.
#[derive(Clone, Debug)]
enum Value {
    Fixed(Operand),
    Varying(Template),
}

/// One key of one operator with its values.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    operator: Operator,
    name: String,
    pub(crate) key: String,
    /// The key in lower case.
    pub(crate) lower: String,
    /// A key of AWS's own name spaces that the table of keys does not have.
    unknown: bool,
    values: Vec<Value>,
    /// The values as the policy has them.
    pub(crate) raw_values: Vec<String>,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.key)
    }
}

/// What is wrong with a value.
pub(crate) enum BadValue {
    /// The operator takes this instead.
    Expected(&'static str),
    /// A variable is malformed.
    Variable(&'static str),
}

impl Condition {
    pub(crate) fn new(operator: Operator, name: &str, key: &str) -> Self {
        Self {
            operator,
            name: name.to_owned(),
            key: key.to_owned(),
            lower: key.to_lowercase(),
            unknown: is_unknown_key(key),
            values: Vec::new(),
            raw_values: Vec::new(),
        }
    }

    /// Adds a value; `variables` is false in documents older than them.
    pub(crate) fn push(&mut self, text: &str, variables: bool) -> Result<(), BadValue> {
        self.raw_values.push(text.to_owned());
        let template = if variables && self.operator.takes_variables() {
            Template::parse(text).map_err(BadValue::Variable)?
        } else {
            None
        };
        let pieces = match template {
            None => crate::pattern::pieces(text).collect(),
            Some(template) => {
                let Some(pieces) = template.constant() else {
                    self.values.push(Value::Varying(template));
                    return Ok(());
                };
                pieces
            }
        };
        let operand = Operand::read(self.operator.test, &pieces).map_err(BadValue::Expected)?;
        self.values.push(Value::Fixed(operand));
        Ok(())
    }

    /// The operator in the document, such as `ForAnyValue:StringLikeIfExists`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What it compares.
    pub(crate) fn test(&self) -> Test {
        self.operator.test
    }

    /// The operator, taken apart.
    pub(crate) fn operator(&self) -> Operator {
        self.operator
    }

    /// The keys its values name in variables.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.values.iter().flat_map(|value| {
            match value {
                Value::Varying(template) => Some(template.variables()),
                Value::Fixed(_) => None,
            }
            .into_iter()
            .flatten()
        })
    }

    /// Whether the condition holds for a request.
    pub(crate) fn holds(&self, context: &Context) -> Result<bool, UndecidableCause> {
        if self.operator.test == Test::Null {
            return self.null(context);
        }
        let values = match context.find(&self.lower) {
            ContextValue::Unmodelled => {
                return Err(UndecidableCause::Unmodelled(self.lower.clone()));
            }
            ContextValue::Unknown(source) => {
                return Err(UndecidableCause::MissingContext(self.lower.clone(), source));
            }
            // Whether a request has a key that is not in the table, nobody knows.
            ContextValue::Absent if self.unknown => {
                return Err(UndecidableCause::Unmodelled(self.lower.clone()));
            }
            ContextValue::Absent => return Ok(self.without_key()),
            // What AWS makes of a key without values is on no page.
            ContextValue::Values(_) if self.values.is_empty() => {
                return Err(UndecidableCause::Unmodelled(self.lower.clone()));
            }
            ContextValue::Values(values) => values,
        };
        // For the set operators an empty string alone is an empty set.
        let empty = matches!(values, [only] if only.is_empty());
        match (self.operator.quantifier, values) {
            (Quantifier::Only, [value]) => self.one(value, context),
            (Quantifier::Only, _) => Err(UndecidableCause::SeveralValues(self.lower.clone())),
            (Quantifier::All, _) if empty => Ok(true),
            (Quantifier::Any, _) if empty => Ok(false),
            (Quantifier::All, values) => {
                kleene_or(values.iter().map(|value| self.one(value, context).map(|holds| !holds)))
                    .map(|some| !some)
            }
            (Quantifier::Any, values) => {
                kleene_or(values.iter().map(|value| self.one(value, context)))
            }
        }
    }

    fn without_key(&self) -> bool {
        match self.operator.quantifier {
            _ if self.operator.if_exists => true,
            Quantifier::All => true,
            Quantifier::Any => false,
            Quantifier::Only => self.operator.negated,
        }
    }

    fn null(&self, context: &Context) -> Result<bool, UndecidableCause> {
        // With a set operator the result is the same for every request
        // (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html>).
        match self.operator.quantifier {
            Quantifier::All => return Ok(true),
            Quantifier::Any => return Ok(false),
            Quantifier::Only => {}
        }
        let absent = match context.find(&self.lower) {
            ContextValue::Unmodelled => {
                return Err(UndecidableCause::Unmodelled(self.lower.clone()));
            }
            ContextValue::Absent | ContextValue::Values(_) if self.values.is_empty() => {
                return Err(UndecidableCause::Unmodelled(self.lower.clone()));
            }
            ContextValue::Absent if self.unknown => {
                return Err(UndecidableCause::Unmodelled(self.lower.clone()));
            }
            ContextValue::Unknown(source) => {
                return Err(UndecidableCause::MissingContext(self.lower.clone(), source));
            }
            ContextValue::Absent => true,
            ContextValue::Values(_) => false,
        };
        Ok(self
            .values
            .iter()
            .any(|value| matches!(value, Value::Fixed(Operand::Bool(null)) if *null == absent)))
    }

    /// One value of the request against all of the policy: OR, or NOR for a negated operator.
    fn one(&self, value: &str, context: &Context) -> Result<bool, UndecidableCause> {
        let some = kleene_or(self.values.iter().map(|operand| {
            match operand {
                Value::Fixed(operand) => operand.matches(value),
                Value::Varying(template) => match template.resolve(context)? {
                    // Without the variable there is nothing to be equal to.
                    Resolved::Absent(_) => Ok(false),
                    Resolved::Pieces(pieces) => Operand::read(self.operator.test, &pieces)
                        .map_or(Ok(false), |operand| operand.matches(value)),
                },
            }
        }))?;
        Ok(some != self.operator.negated)
    }
}

/// Whether a key is of the name spaces whose keys [`crate::keys::KEYS`] has, and not in it.
pub(crate) fn is_unknown_key(key: &str) -> bool {
    let of_table =
        |space: &str| key.get(..space.len()).is_some_and(|start| start.eq_ignore_ascii_case(space));
    ["aws:", "s3:", "kms:", "sts:"].into_iter().any(of_table)
        && !crate::keys::known_condition_key(key)
}

/// The OR of three-valued logic (Kleene): one that holds outweighs any that is undecidable.
fn kleene_or(
    results: impl Iterator<Item = Result<bool, UndecidableCause>>,
) -> Result<bool, UndecidableCause> {
    let mut cause = None;
    for result in results {
        match result {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(found) => cause = cause.or(Some(found)),
        }
    }
    cause.map_or(Ok(false), Err)
}
