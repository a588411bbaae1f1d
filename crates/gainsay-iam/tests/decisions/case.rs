//! A case, and the lines of JSON it is asked as.

use gainsay_iam::{EvaluationInput, Matched, Response, explain};
use serde_json::{Map, Value, json};

/// A file of cases.
pub(crate) struct File(Map<String, Value>);

/// A case, whole.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) rule: String,
    pub(crate) source: String,
    with: Map<String, Value>,
}

/// The keys a case may have. What is not known would be passed over, and assert nothing.
const KNOWN: &[&str] = &[
    "case",
    "rule",
    "source",
    "principal",
    "action",
    "resource",
    "resource_account",
    "context",
    "version",
    "kind",
    "statement",
    "with",
    "matches",
    "policies",
    "decision",
    "by",
    "silent",
    "public_access_block",
];

impl File {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let value: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        let file = value.as_object().ok_or("no mapping")?.clone();
        if let Some(unknown) =
            file.keys().find(|key| !["source", "base", "cases"].contains(&key.as_str()))
        {
            return Err(format!("`{unknown}` is no key of a file"));
        }
        Ok(Self(file))
    }

    pub(crate) fn cases(&self) -> Vec<Case> {
        let base = self.0["base"].as_object().unwrap();
        let case = |case: &Value| {
            let mut with = base.clone();
            with.insert("source".to_owned(), self.0["source"].clone());
            with.extend(case.as_object().unwrap().clone());
            let unknown: Vec<_> =
                with.keys().filter(|key| !KNOWN.contains(&key.as_str())).collect();
            assert!(unknown.is_empty(), "{unknown:?} in {case}");
            let text = |key: &str| {
                with[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {case}")).to_owned()
            };
            let (name, rule, source) = (text("case"), text("rule"), text("source"));
            assert!(
                source.starts_with("https://docs.aws.amazon.com/") && rule.len() > 10,
                "{name}"
            );
            Case { name, rule, source, with }
        };
        self.0["cases"].as_array().unwrap().iter().map(case).collect()
    }
}

impl Case {
    /// What is not as the case says.
    pub(crate) fn problems(&self) -> Vec<String> {
        match (self.with.get("matches"), self.with.get("decision")) {
            (Some(matches), None) => self.statement_problems(matches),
            (None, Some(decision)) => self.decision_problems(decision.as_str().unwrap()),
            _ => vec!["a case has `matches` or `decision`".to_owned()],
        }
    }

    fn line(&self, policies: &Value) -> Value {
        let mut line = json!({ "id": self.name, "policies": policies });
        for key in [
            "principal",
            "action",
            "resource",
            "resource_account",
            "context",
            "public_access_block",
        ] {
            if let Some(value) = self.with.get(key) {
                line[key] = value.clone();
            }
        }
        line
    }

    fn decision_problems(&self, decision: &str) -> Vec<String> {
        let line = self.line(&self.with["policies"]);
        let answer = ask(&line);
        let mut problems = expect(&answer, decision, &line);
        if let Some(by) = self.with.get("by") {
            let mut wanted: Vec<String> =
                by.as_array().unwrap().iter().map(|by| by.as_str().unwrap().to_owned()).collect();
            let mut found: Vec<String> =
                answer["by"].as_array().unwrap().iter().map(reason).collect();
            wanted.sort();
            found.sort();
            if wanted != found {
                problems.push(format!("decided by {found:?}, expected {wanted:?}"));
            }
        }
        if let Some(silent) = self.with.get("silent") {
            let sorted = |list: &Value| {
                let mut words: Vec<String> = list
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|word| word.as_str().unwrap().to_owned())
                    .collect();
                words.sort();
                words
            };
            let (wanted, found) = (sorted(silent), sorted(&answer["silent"]));
            if wanted != found {
                problems.push(format!("silent are {found:?}, expected {wanted:?}"));
            }
        }
        problems
    }

    fn statement_problems(&self, matches: &Value) -> Vec<String> {
        if let Some(list) = self.with["statement"].as_array() {
            // The statements as they stand, each with an effect of its own.
            let line = self.line(&self.policies(json!(list), &Value::Null));
            let decision = match matches {
                Value::Bool(true) => "allow",
                Value::Bool(false) => "implicit-deny",
                other => other.as_str().unwrap(),
            };
            return expect(&ask(&line), decision, &line);
        }
        let mut statement = self.with["statement"].as_object().unwrap().clone();
        if let Some(with) = self.with.get("with") {
            statement.extend(with.as_object().unwrap().clone());
        }
        let as_a = |effect: &str| {
            let mut statement = statement.clone();
            // A case may be about the effect itself.
            statement.entry("Effect").or_insert_with(|| json!(effect));
            Value::Object(statement)
        };
        // A statement that does not match must not be made up for by the identity's own policies.
        let allow = as_a("Allow");
        let matched = *matches == json!(true);
        let mut allow = self.line(&self.policies(allow, &Value::Null));
        if !matched && self.with["kind"] != json!("identity") {
            allow["policies"]["identity"] = Value::Null;
        }
        let deny = self.line(&self.policies(as_a("Deny"), &self.everything()));
        let not_principal = statement.contains_key("NotPrincipal");
        let fixed_effect = statement.contains_key("Effect");
        let mut problems = Vec::new();
        // The root user may do anything in its account that nothing denies.
        let root = !matched
            && self.with["principal"]
                .as_str()
                .is_some_and(|principal| principal.ends_with(":root"));
        if !(root || not_principal && *matches != json!("refused")) {
            let decision = match matches {
                Value::Bool(true) if statement.get("Effect") == Some(&json!("Deny")) => {
                    "explicit-deny"
                }
                Value::Bool(true) => "allow",
                Value::Bool(false) => "implicit-deny",
                other => other.as_str().unwrap(),
            };
            problems.extend(expect(&ask(&allow), decision, &allow));
            problems.extend(explained(&allow, matches));
        }
        if !fixed_effect {
            let decision = match matches {
                Value::Bool(true) => "explicit-deny",
                Value::Bool(false) => "allow",
                other => other.as_str().unwrap(),
            };
            problems.extend(expect(&ask(&deny), decision, &deny));
        }
        problems
    }

    /// The policies with this statement in its place; what the other places need to let it decide
    /// is there.
    fn policies(&self, statement: Value, beside: &Value) -> Value {
        let mut document = Map::new();
        match self.with.get("version").and_then(Value::as_str) {
            None | Some("none") => {}
            Some(version) => _ = document.insert("Version".to_owned(), json!(version)),
        }
        let kind = self.with["kind"].as_str().unwrap();
        let mut statements = match statement {
            Value::Array(list) => list,
            one => vec![one],
        };
        if !beside.is_null() {
            statements.push(beside.clone());
        }
        document.insert("Statement".to_owned(), Value::Array(statements));
        let document = Value::Object(document);
        match kind {
            "identity" => json!({ "identity": [document] }),
            "bucket" | "key-policy" | "trust-policy" => {
                // Across accounts, and where the policy only delegates, the identity has to grant,
                // too.
                json!({ "identity": [everything()], "resource": document })
            }
            other => panic!("kind `{other}`"),
        }
    }

    /// The Allow that a Deny stands beside.
    fn everything(&self) -> Value {
        let mut statement = json!({ "Effect": "Allow", "Action": self.with["action"] });
        let kind = self.with["kind"].as_str().unwrap();
        match kind {
            "bucket" => statement["Resource"] = json!("arn:aws:s3:::*"),
            "trust-policy" => {}
            _ => statement["Resource"] = json!("*"),
        }
        if kind != "identity" {
            statement["Principal"] = json!("*");
        }
        statement
    }
}

fn everything() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] })
}

fn ask(line: &Value) -> Value {
    serde_json::to_value(Response::decide(line.to_string().as_bytes(), true)).unwrap()
}

fn reason(by: &Value) -> String {
    format!("{}/{}/{}", by["layer"].as_str().unwrap(), by["policy"], by["statement"])
}

/// The words of the answer to a question that has no decision.
fn expect(answer: &Value, decision: &str, line: &Value) -> Vec<String> {
    let found = match (&answer["decision"], &answer["error"]["code"]) {
        (Value::String(decision), _) => decision.clone(),
        // The codes of what the engine leaves open; every other is a document that AWS would not
        // store.
        (_, code) if UNDECIDED.contains(&code.as_str().unwrap()) => "undecidable".to_owned(),
        (_, code) if code == "contradiction" => "contradiction".to_owned(),
        (_, code) if ["malformed", "grant"].contains(&code.as_str().unwrap()) => {
            format!("malformed: {}", answer["error"]["message"])
        }
        _ => "refused".to_owned(),
    };
    if found == decision {
        return Vec::new();
    }
    vec![format!("{found}, expected {decision}\n  asked: {line}\n  answered: {answer}")]
}

const UNDECIDED: &[&str] = &[
    "key-not-modelled",
    "missing-context",
    "several-values",
    "several-values-in-variable",
    "absent-in-not-resource",
    "not-an-arn",
    "canonical-user",
    "partial-not-principal",
    "publicity-not-known",
];

/// The explanation says of the statement what the decision says.
fn explained(line: &Value, matches: &Value) -> Vec<String> {
    let (_, input) = EvaluationInput::read(&line.to_string());
    let (Ok(input), Value::Bool(matches)) = (input, matches) else {
        return Vec::new();
    };
    let explanation = explain(&input.request(), &input.policies());
    let last = explanation
        .layers
        .iter()
        .rfind(|layer| layer.layer.as_str() != "identity" || explanation.layers.len() == 1);
    let statement = &last.unwrap().policies[0].statements[0];
    let all = statement.elements.iter().all(|element| element.matched == Matched::Yes);
    if (statement.matched == Matched::Yes) == *matches && all == *matches {
        return Vec::new();
    }
    vec![format!("the explanation says {:?}: {:?}", statement.matched, statement.elements)]
}
