//! What AWS refuses to store, beyond the grammar of a document: what does not go together in a
//! bucket policy, principals that do not exist, sizes. In the words of AWS, as tables: `lint` and
//! programs that model a service read the same ones.
//!
//! ```
//! use gainsay_iam::{Policy, PolicyKind, put::{Put, refusals}};
//!
//! let policy = Policy::from_text(
//!     PolicyKind::Bucket,
//!     r#"{"Version": "2012-10-17", "Statement": {
//!         "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
//!         "Resource": "arn:aws:s3:::reports"}}"#,
//! )?;
//! let refusals = refusals(&policy, &Put::default());
//! assert_eq!(refusals[0].error.code, "MalformedPolicy");
//! assert_eq!(
//!     refusals[0].error.message,
//!     "Action does not apply to any resource(s) in statement"
//! );
//! # Ok::<(), gainsay_iam::DocumentError>(())
//! ```

mod bucket;
mod grammar;
mod iam;
mod organization;
mod quota;

pub use grammar::document_error;
pub(crate) use organization::SERVICES as RCP_SERVICES;
pub use quota::Quota;
pub(crate) use quota::quota;

use crate::error::PathStep;
use crate::layer::PolicyKind;
use crate::policy::{Effect, Policy, Statement};
use crate::principal::Entry;

/// An error as AWS answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// Its code, such as `MalformedPolicy`.
    pub code: &'static str,
    /// Its message, as AWS writes it.
    pub message: String,
}

/// What a document is stored for, as far as it is known. Of what is not known nothing is refused.
#[derive(Clone, Copy, Default)]
pub struct Put<'a> {
    /// The name of the bucket whose policy it becomes.
    pub bucket: Option<&'a str>,
    /// Whether there is a user, a role or an account, by its ARN or its id.
    pub exists: Option<&'a dyn Fn(&str) -> bool>,
}

/// Something for which AWS does not store a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code of the rule, such as `action-without-resource`.
    pub rule: &'static str,
    /// Where in the document; [`locate`](crate::locate) turns it into a line of the text.
    pub path: Vec<PathStep>,
    /// What AWS answers.
    pub error: AwsError,
    /// What is wrong, in words that name the entry.
    pub why: String,
    /// The page or recording that says so.
    pub source: &'static str,
}

/// A rule by which AWS refuses statements.
pub struct Rule {
    /// Its stable code.
    pub code: &'static str,
    /// The kinds of documents it holds for.
    pub kinds: &'static [PolicyKind],
    /// What AWS refuses.
    pub what: &'static str,
    /// The code of AWS's error.
    pub error: &'static str,
    /// The message of AWS's error; `{}` is the entry that is wrong, `{partition}` the partition of
    /// that ARN.
    pub message: &'static str,
    /// The page or recording that says so.
    pub source: &'static str,
    /// Finds what is wrong in a statement.
    find: fn(&Statement, &Context<'_>) -> Vec<Wrong>,
}

/// What a rule is asked with.
struct Context<'a> {
    policy: &'a Policy,
    put: &'a Put<'a>,
}

/// What is wrong in a statement.
struct Wrong {
    /// Where in the statement.
    path: Vec<String>,
    /// The entry as AWS's message has it.
    entry: String,
    /// What is wrong with it.
    why: String,
}

impl Wrong {
    fn at(path: &[&str], entry: impl Into<String>, why: impl Into<String>) -> Self {
        let path = path.iter().map(|step| (*step).to_owned()).collect();
        Self { path, entry: entry.into(), why: why.into() }
    }
}

const IDENTITY: &[PolicyKind] = &[PolicyKind::Identity, PolicyKind::Boundary, PolicyKind::Session];

/// The rules of KMS; those of S3, IAM and Organizations are beside them.
const RULES: &[Rule] = &[
    Rule {
        code: "principal-does-not-exist",
        kinds: &[PolicyKind::KeyPolicy],
        what: "a user or role that does not exist",
        error: "MalformedPolicyDocumentException",
        message: "Policy contains a statement with one or more invalid principals.",
        // The message is quoted by
        // <https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-troubleshoot.html>.
        source: "https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html",
        find: missing_principals,
    },
    Rule {
        code: "key-policy-lockout",
        kinds: &[PolicyKind::KeyPolicy],
        what: "a key policy in which nobody may put the next one",
        error: "MalformedPolicyDocumentException",
        message: "The new key policy will not allow you to update the key policy in the future.",
        source: "https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html",
        find: locks_out,
    },
];

/// The rules about entries each of which is right, and that do not go together.
const TOGETHER: &[&str] = &[
    "condition-without-action",
    "action-without-resource",
    "key-policy-lockout",
    "shared-identity-provider",
];

/// Every rule, in the order in which AWS is taken to apply them to a statement.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    bucket::RULES.iter().chain(iam::RULES).chain(RULES).chain(organization::RULES)
}

/// For what AWS does not store a policy, statement by statement, in the order in which it says so:
/// its answer is the first. Sizes are [`Quota`]'s.
#[must_use]
pub fn refusals(policy: &Policy, put: &Put<'_>) -> Vec<Refusal> {
    by_rules(policy, put, |_| true)
}

/// Those of the [`refusals`] that are about single entries, which are invalid whatever stands
/// beside them and whatever the document is stored for.
#[must_use]
pub fn invalid_entries(policy: &Policy) -> Vec<Refusal> {
    by_rules(policy, &Put::default(), |rule| !TOGETHER.contains(&rule.code))
}

fn by_rules(policy: &Policy, put: &Put<'_>, wanted: fn(&Rule) -> bool) -> Vec<Refusal> {
    let context = Context { policy, put };
    let mut found = Vec::new();
    for (index, statement) in policy.statements().iter().enumerate() {
        let all = rules().filter(|rule| rule.kinds.contains(&policy.kind()));
        for rule in all.filter(|rule| wanted(rule)) {
            for wrong in (rule.find)(statement, &context) {
                let mut path = vec![PathStep::Key("Statement".to_owned()), PathStep::Index(index)];
                path.extend(wrong.path.into_iter().map(PathStep::Key));
                found.push(Refusal {
                    rule: rule.code,
                    path,
                    error: AwsError {
                        code: rule.error,
                        message: in_words(rule.message, &wrong.entry),
                    },
                    why: wrong.why,
                    source: rule.source,
                });
            }
        }
    }
    found
}

/// A message with the entry that is wrong, and, of an ARN, its partition.
fn in_words(message: &str, entry: &str) -> String {
    let partition = entry.split(':').nth(1).unwrap_or_default();
    message.replace("{partition}", partition).replace("{}", entry)
}

/// The users and roles of a statement that are said not to exist.
fn missing_principals(statement: &Statement, context: &Context<'_>) -> Vec<Wrong> {
    let Some((exists, principals)) = context.put.exists.zip(statement.principals.as_ref()) else {
        return Vec::new();
    };
    let element = if principals.negated { "NotPrincipal" } else { "Principal" };
    let missing = principals.entries.iter().filter_map(|entry| match entry {
        Entry::Account(name) | Entry::Arn(name) => (!exists(name)).then_some(name),
        Entry::Everyone | Entry::Service(_) | Entry::Federated(_) | Entry::CanonicalUser => None,
    });
    missing
        .map(|name| Wrong::at(&[element, "AWS"], name, format!("there is no `{name}`")))
        .collect()
}

/// Said of the last statement: that no statement lets anybody put the next key policy.
fn locks_out(statement: &Statement, context: &Context<'_>) -> Vec<Wrong> {
    let statements = context.policy.statements();
    let puts = |statement: &Statement| {
        statement.effect() == Effect::Allow && statement.actions.matches("kms:putkeypolicy")
    };
    let is_last = statements.last().is_some_and(|last| std::ptr::eq(last, statement));
    if !is_last || statements.iter().any(puts) {
        return Vec::new();
    }
    let why = "no statement allows `kms:PutKeyPolicy`; KMS takes such a policy only with \
               `BypassPolicyLockoutSafetyCheck`";
    vec![Wrong::at(&[], "", why)]
}

fn resource_element(statement: &Statement) -> &'static str {
    if statement.excludes_resources() { "NotResource" } else { "Resource" }
}
