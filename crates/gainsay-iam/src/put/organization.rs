//! What Organizations refuses in a resource control policy.
//!
//! Follows <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html>.

use super::{Context, Rule, Wrong};
use crate::layer::PolicyKind;
use crate::policy::{Effect, Statement};
use crate::principal::Entry;

const RCP: &[PolicyKind] = &[PolicyKind::Rcp];
const ERROR: &str = "MalformedPolicyDocumentException";
const MESSAGE: &str =
    "The provided policy document does not meet the requirements of the specified policy type.";
const SYNTAX: &str = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html";

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "rcp-version",
        kinds: RCP,
        what: "a resource control policy without the version 2012-10-17",
        error: ERROR,
        message: MESSAGE,
        source: SYNTAX,
        find: |statement, context| {
            let first = context.policy.statements().first();
            let is_first = first.is_some_and(|first| std::ptr::eq(first, statement));
            let why = "a resource control policy needs `\"Version\": \"2012-10-17\"`";
            let wrong = is_first && !context.policy.has_variables();
            wrong.then(|| Wrong::at(&[], "", why)).into_iter().collect()
        },
    },
    Rule {
        code: "rcp-allow",
        kinds: RCP,
        what: "an Allow, which only RCPFullAWSAccess has",
        error: ERROR,
        message: MESSAGE,
        source: SYNTAX,
        find: |statement, context| {
            let why = "a resource control policy of a customer only denies";
            let wrong = statement.effect() == Effect::Allow && !is_full_access(context);
            wrong.then(|| Wrong::at(&["Effect"], "", why)).into_iter().collect()
        },
    },
    Rule {
        code: "rcp-not-action",
        kinds: RCP,
        what: "`NotAction`",
        error: ERROR,
        message: MESSAGE,
        source: SYNTAX,
        find: |statement, _| {
            let why = "a resource control policy names its actions with `Action`";
            let wrong = statement.excludes_actions();
            wrong.then(|| Wrong::at(&["NotAction"], "", why)).into_iter().collect()
        },
    },
    Rule {
        code: "rcp-action",
        kinds: RCP,
        what: "every action of every service, or a service without resource control policies",
        error: ERROR,
        message: MESSAGE,
        source: "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services",
        find: actions,
    },
];

/// The services whose actions a resource control policy may name, and to whose resources these
/// policies apply, by the prefix of their actions
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services>,
/// as in autumn 2026).
pub(crate) const SERVICES: &[&str] = &[
    "aoss",
    "appconfig",
    "appstream",
    "autoscaling",
    "autoscaling-plans",
    "budgets",
    "clouddirectory",
    "cloudfront",
    "cloudsearch",
    "cloudtrail-data",
    "codeartifact",
    "codebuild",
    "codecommit",
    "codepipeline",
    "cognito-identity",
    "cognito-idp",
    "comprehend",
    "comprehendmedical",
    "compute-optimizer",
    "cost-optimization-hub",
    "dax",
    "dsql",
    "dynamodb",
    "ecr",
    "ecr-public",
    "events",
    "firehose",
    "fis",
    "fms",
    "gamelift",
    "health",
    "inspector-scan",
    "kendra",
    "kinesisvideo",
    "kms",
    "logs",
    "memorydb",
    "networkmonitor",
    "notifications",
    "opensearch",
    "pca-connector-ad",
    "personalize",
    "polly",
    "pricing",
    "resource-groups",
    "rolesanywhere",
    "s3",
    "secretsmanager",
    "servicediscovery",
    "signin",
    "sqs",
    "sts",
    "support",
    "swf",
    "textract",
    "timestream-influxdb",
    "transcribe",
    "transfer",
    "translate",
    "wafv2",
    "workspaces",
    "xray",
];

fn actions(statement: &Statement, context: &Context<'_>) -> Vec<Wrong> {
    if statement.excludes_actions() || is_full_access(context) {
        return Vec::new();
    }
    let of_none = statement.actions().filter_map(|action| {
        let service = action.split_once(':').map_or("*", |(service, _)| service);
        if SERVICES.iter().any(|known| known.eq_ignore_ascii_case(service)) {
            return None;
        }
        let why = if service == "*" {
            "name the service: a resource control policy of a customer is not for every action"
                .to_owned()
        } else {
            format!("`{service}` is no service whose resources these policies control")
        };
        Some(Wrong::at(&["Action"], action, why))
    });
    of_none.collect()
}

/// Whether the document says what AWS's own `RCPFullAWSAccess` says.
fn is_full_access(context: &Context<'_>) -> bool {
    let [only] = context.policy.statements() else { return false };
    only.effect() == Effect::Allow
        && !only.excludes_actions()
        && !only.excludes_resources()
        && only.actions().eq(["*"])
        && only.resources().eq(["*"])
        && only.conditions.is_empty()
        && only.principals.as_ref().is_some_and(|principals| {
            !principals.negated && principals.entries == [Entry::Everyone]
        })
}
