//! What IAM refuses in an identity-based policy and in the trust policy of a role.

use super::{Context, IDENTITY, Rule, Wrong, missing_principals, resource_element};
use crate::layer::PolicyKind;
use crate::lint::is_partition;
use crate::policy::{Effect, Statement};
use crate::principal::Entry;

const TRUST: &[PolicyKind] = &[PolicyKind::TrustPolicy];
const ERROR: &str = "MalformedPolicyDocument";

/// What moto's authors saw AWS answer, policy by policy.
const SEEN: &str =
    "https://github.com/getmoto/moto/blob/master/tests/test_iam/test_iam_policies.py";

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "star-principal",
        kinds: TRUST,
        what: "`\"Principal\": \"*\"` without `AWS`",
        error: ERROR,
        message: "AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\".",
        // Quoted by the tests of the AWS CDK (aws-iam, `AnyPrincipal`).
        source: "https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_iam.StarPrincipal.html",
        find: |statement, _| {
            let why = "a trust policy names everyone as `{\"AWS\": \"*\"}`";
            let wrong = statement.has_bare_star.then(|| Wrong::at(&["Principal"], "*", why));
            wrong.into_iter().collect()
        },
    },
    Rule {
        code: "principal-does-not-exist",
        kinds: TRUST,
        what: "a user or role that does not exist",
        error: ERROR,
        message: "Invalid principal in policy: \"AWS\":\"{}\"",
        source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
        find: missing_principals,
    },
    Rule {
        code: "shared-identity-provider",
        kinds: TRUST,
        what: "an identity provider that many customers share, without its claim that tells them \
               apart",
        error: ERROR,
        // The page has no message: assumed.
        message: "The role trust policy must evaluate the condition key {}.",
        source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html",
        find: shared_providers,
    },
    Rule {
        code: "condition-key-without-service",
        kinds: IDENTITY,
        what: "a condition key without the service before a colon",
        error: ERROR,
        message: "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
        find: |statement, _| {
            let bare = statement.conditions.iter().filter(|condition| !condition.key.contains(':'));
            bare.map(|condition| {
                let key = &condition.key;
                let why = format!("`{key}` is no condition key: write `service:key`");
                Wrong::at(&["Condition", condition.name(), key], key, why)
            })
            .collect()
        },
    },
    Rule {
        code: "incomplete-arn",
        kinds: IDENTITY,
        what: "an ARN with an empty field that has fewer than six",
        error: ERROR,
        message: "The policy failed legacy parsing",
        source: SEEN,
        find: |statement, _| {
            let is_short =
                |arn: &str| arn != "*" && arn.contains("::") && arn.matches(':').count() < 5;
            let why = |arn: &str| format!("`{arn}` has not the six fields of an ARN");
            of_resources(statement, is_short, why)
        },
    },
    Rule {
        code: "unknown-partition",
        kinds: IDENTITY,
        what: "an ARN in a partition that AWS does not have",
        error: ERROR,
        message: "Partition \"{partition}\" is not valid for resource \"{}\".",
        source: SEEN,
        find: |statement, _| {
            let is_unknown = |arn: &str| {
                let partition = arn.split(':').nth(1).filter(|_| arn.starts_with("arn:"));
                partition.is_some_and(|partition| !is_partition(partition))
            };
            let why = |arn: &str| format!("AWS has no such partition as that of `{arn}`");
            of_resources(statement, is_unknown, why)
        },
    },
    Rule {
        code: "region-in-iam-arn",
        kinds: IDENTITY,
        what: "a Region in the ARN of something of IAM",
        error: ERROR,
        message: "IAM resource {} cannot contain region information.",
        source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
        find: |statement, _| {
            let has_region =
                |arn: &str| iam_fields(arn).is_some_and(|[region, _]| !region.is_empty());
            let why = |_: &str| "leave the field of the Region empty: IAM is global".to_owned();
            of_resources(statement, has_region, why)
        },
    },
    Rule {
        code: "iam-resource-path",
        kinds: IDENTITY,
        what: "something of IAM of which there is no such type",
        error: ERROR,
        message: "IAM resource path must either be \"*\" or start with user/, federated-user/, \
                  role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, \
                  saml-provider/, oidc-provider/, report/, access-report/.",
        source: SEEN,
        find: |statement, _| {
            let is_unknown = |arn: &str| {
                iam_fields(arn).is_some_and(|[_, path]| {
                    // With a wildcard or variable before the slash it is not known which type is
                    // meant. `root` is found in policies that AWS stores.
                    let kind = path.split('/').next().unwrap_or_default();
                    let is_open = kind.contains(['*', '?', '$']) || kind == "root";
                    !is_open && !IAM_TYPES.iter().any(|known| *known == kind && path != *known)
                })
            };
            let why = |arn: &str| format!("IAM has no type of resource as in `{arn}`");
            of_resources(statement, is_unknown, why)
        },
    },
];

/// The types of resources of IAM, as its message lists them.
const IAM_TYPES: &[&str] = &[
    "user",
    "federated-user",
    "role",
    "group",
    "instance-profile",
    "mfa",
    "server-certificate",
    "policy",
    "sms-mfa",
    "saml-provider",
    "oidc-provider",
    "report",
    "access-report",
];

fn of_resources(
    statement: &Statement,
    is_wrong: impl Fn(&str) -> bool,
    why: impl Fn(&str) -> String,
) -> Vec<Wrong> {
    let element = resource_element(statement);
    let wrong = statement.resources().filter(|arn| is_wrong(arn));
    wrong.map(|arn| Wrong::at(&[element], arn, why(arn))).collect()
}

/// Region and name in an ARN of IAM.
fn iam_fields(arn: &str) -> Option<[&str; 2]> {
    match arn.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "iam", region, _, name] => Some([region, name]),
        _ => None,
    }
}

/// Identity providers that customers of AWS share, and the claims of which a trust policy has to
/// evaluate one. The page has no fixed address for IBM Turbonomic. That GitHub's
/// `job_workflow_ref` does in place of `sub` is said by
/// <https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws>.
const SHARED: &[(&str, &[&str])] = &[
    ("agent.buildkite.com", &["sub"]),
    ("api.pulumi.com/oidc", &["aud"]),
    ("app.terraform.io", &["sub"]),
    ("cognito-identity.amazonaws.com", &["aud"]),
    ("gitlab.com", &["sub"]),
    ("oidc-configuration.audit-log.githubusercontent.com", &["sub"]),
    ("oidc.codefresh.io", &["sub"]),
    ("oidc.vercel.com", &["aud"]),
    ("proidc.upbound.io", &["sub"]),
    ("sandboxes.cloud", &["aud"]),
    ("scalr.io", &["sub"]),
    ("studio.datachain.ai/api", &["sub"]),
    ("token.actions.githubusercontent.com", &["sub", "job_workflow_ref"]),
    ("tokens.cloud.shisho.dev", &["sub"]),
    ("vstoken.actions.githubusercontent.com", &["sub"]),
];

fn shared_providers(statement: &Statement, _: &Context<'_>) -> Vec<Wrong> {
    let assumes = statement.actions.matches("sts:assumerolewithwebidentity");
    let Some(principals) = statement.principals.as_ref().filter(|_| assumes) else {
        return Vec::new();
    };
    if statement.effect() != Effect::Allow {
        return Vec::new();
    }
    let missing = principals.entries.iter().filter_map(|entry| {
        let name = match entry {
            Entry::Federated(name) => name,
            Entry::Everyone
            | Entry::Account(_)
            | Entry::Arn(_)
            | Entry::Service(_)
            | Entry::CanonicalUser => return None,
        };
        let provider = name.split_once(":oidc-provider/").map_or(name.as_str(), |(_, url)| url);
        let (_, claims) = SHARED.iter().find(|(url, _)| *url == provider)?;
        let is_evaluated = statement.conditions.iter().any(|condition| {
            let claim = condition
                .key
                .rsplit_once(':')
                .filter(|(url, _)| url.eq_ignore_ascii_case(provider));
            claim.is_some_and(|(_, claim)| claims.iter().any(|c| c.eq_ignore_ascii_case(claim)))
        });
        let key = format!("{provider}:{}", claims.first()?);
        let why = format!(
            "customers of AWS share `{provider}`: a condition has to compare `{key}`, or anyone's \
             token will do"
        );
        (!is_evaluated).then(|| Wrong::at(&["Principal", "Federated"], key, why))
    });
    missing.collect()
}
