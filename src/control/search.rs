//! What must hold of a policy: that the engine finds no request of a forbidden kind which the
//! policy lets through. Texts are never compared.

use std::collections::BTreeMap;

use gainsay_iam::{
    Goal, OwnedRequest, Policies, Policy, PolicyKind, Principal, Request, RequestSpace,
    SearchOutcome, search,
};
use serde_json::{Value, json};

use super::{On, Search, Subject, delivery::refused};
use crate::{
    files::Answers,
    verdict::{Judgement, Reason},
};

pub(super) const ENCRYPTION: &str = "s3:x-amz-server-side-encryption";
pub(super) const KMS_KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
/// Any service, for policies that let everyone in.
pub(super) const A_SERVICE: &str = "cloudtrail.amazonaws.com";
pub(super) const SOURCE_ARN: &str = "aws:SourceArn";
pub(super) const SOURCE_ACCOUNT: &str = "aws:SourceAccount";
pub(super) const SECURE: &str = "aws:SecureTransport";

/// Whether a policy that was read lets a request of the kind through.
pub(super) fn judge(
    kind: Search,
    on: On,
    document: &Value,
    subject: &Subject,
    parameters: &BTreeMap<String, String>,
) -> Judgement {
    let policy = match policy(on, document) {
        Ok(policy) => policy,
        Err(why) => return Judgement::inconclusive(Reason::NotRead, why),
    };
    let Some(policy) = policy else {
        return match kind {
            Search::Outsider | Search::LooseService => Judgement::pass(),
            Search::InsecureTransport
            | Search::UnnamedEncryption
            | Search::OtherEncryption
            | Search::OtherKey
            | Search::TrailDelivery
            | Search::TrailEncryption
            | Search::LogDelivery => Judgement::fail(
                Reason::DoesNotHold,
                format!(
                    "`{}` has no policy, so nothing is denied, and no service is allowed",
                    subject.name
                ),
            ),
        };
    };
    // Without a key every request would be under the right one.
    let needs: &[&str] = match kind {
        Search::OtherKey => &["key"],
        Search::TrailDelivery => &["key", "prefix", "trail"],
        Search::TrailEncryption => &["trail"],
        Search::LogDelivery => &["prefix", "source"],
        Search::InsecureTransport
        | Search::UnnamedEncryption
        | Search::OtherEncryption
        | Search::Outsider
        | Search::LooseService => &[],
    };
    if let Some(name) = needs.iter().find(|name| !parameters.contains_key(**name)) {
        return Judgement::inconclusive(
            Reason::NotRead,
            format!("the parameter `{name}` is not given"),
        );
    }
    for found in outcomes(kind, &policy, subject, parameters) {
        match found {
            SearchOutcome::None { evaluated } if evaluated > 0 => {}
            // A kind of which there is no request shows nothing.
            SearchOutcome::None { .. } => {
                return Judgement::inconclusive(
                    Reason::NotRead,
                    "the search had no request of the kind to ask for",
                );
            }
            SearchOutcome::Request(specimen) => {
                let what = match kind {
                    Search::Outsider | Search::LooseService => "allows",
                    Search::TrailDelivery | Search::TrailEncryption | Search::LogDelivery => {
                        "does not allow"
                    }
                    Search::InsecureTransport
                    | Search::UnnamedEncryption
                    | Search::OtherEncryption
                    | Search::OtherKey => "does not deny",
                };
                return Judgement::fail(
                    Reason::DoesNotHold,
                    format!("the policy of `{}` {what} {}", subject.name, describe(&specimen)),
                );
            }
            SearchOutcome::Undecided(doubt) => {
                return Judgement::inconclusive(
                    Reason::NotRead,
                    format!("the policy of `{}` cannot be decided: {doubt}", subject.name),
                );
            }
            SearchOutcome::TooMany => {
                return Judgement::inconclusive(
                    Reason::NotRead,
                    format!(
                        "the policy of `{}` tells more requests apart than are searched",
                        subject.name
                    ),
                );
            }
        }
    }
    Judgement::pass()
}

/// The policy of an answer; none where there is none.
fn policy(on: On, document: &Value) -> Result<Option<Policy>, String> {
    if document.is_null() {
        return Ok(None);
    }
    let kind = match on {
        On::Bucket => PolicyKind::Bucket,
        On::Key => PolicyKind::KeyPolicy,
        On::Trail | On::Account => {
            return Err(format!("the policy of a {} is not read", on.as_str()));
        }
    };
    let text =
        document.get("Policy").and_then(Value::as_str).ok_or("the answer holds no policy")?;
    let policy = Policy::from_text(kind, text)
        .map_err(|problem| format!("the policy cannot be read: {problem}"))?;
    Ok(Some(policy))
}

fn outcomes(
    kind: Search,
    policy: &Policy,
    subject: &Subject,
    parameters: &BTreeMap<String, String>,
) -> Vec<SearchOutcome> {
    let policies = Policies { resource: Some(policy), ..Policies::default() };
    let space = space_of(&policies, subject);
    let objects = format!("{}/", subject.arn);
    let inside = |request: &Request<'_>| {
        request.resource == subject.arn || request.resource.starts_with(&objects)
    };
    let upload = |request: &Request<'_>| {
        request.action.eq_ignore_ascii_case("s3:PutObject")
            && request.resource.starts_with(&objects)
    };
    let denied = |fixed: &[(&str, &str)], of_kind: &dyn Fn(&Request<'_>) -> bool| {
        let mut space = space.clone();
        for (key, value) in fixed {
            space.fixed.set(key, *value);
        }
        with_uploads(&mut space, kind, subject);
        search(&policies, &space, Goal::NotDenied, of_kind)
    };
    let value = |request: &Request<'_>, key: &str| {
        request.context.get(key).and_then(<[String]>::first).cloned()
    };
    match kind {
        Search::InsecureTransport => vec![denied(&[(SECURE, "false")], &|request| {
            inside(request) && !keeps_the_policy(request, subject)
        })],
        Search::UnnamedEncryption => vec![denied(&[(SECURE, "true")], &|request| {
            upload(request)
                && value(request, ENCRYPTION).is_none()
                && value(request, KMS_KEY).is_none()
        })],
        Search::OtherEncryption => ["AES256", "aws:kms:dsse"]
            .iter()
            .map(|other| denied(&[(SECURE, "true"), (ENCRYPTION, other)], &upload))
            .collect(),
        Search::OtherKey => {
            let key = parameters.get("key");
            vec![denied(&[(SECURE, "true"), (ENCRYPTION, "aws:kms")], &|request| {
                upload(request) && value(request, KMS_KEY).as_ref() != key
            })]
        }
        Search::Outsider => vec![outsider(policy, subject)],
        Search::LooseService => loose_services(&policies, &space, subject),
        Search::TrailDelivery => {
            refused("cloudtrail", Answers::Bucket, &policies, subject, parameters)
        }
        Search::TrailEncryption => {
            refused("cloudtrail", Answers::Key, &policies, subject, parameters)
        }
        Search::LogDelivery => {
            refused("server-access-logs", Answers::Bucket, &policies, subject, parameters)
        }
    }
}

/// The requests to search through. From which address and through which VPC endpoint a request
/// comes, and in which organization someone of an unknown account is, whoever asks may choose, so
/// what gets through from any of them does get through. In which organization an account is that
/// the policy or the environment names is a fact: a policy that asks for one of which nothing is
/// said is undecided.
fn space_of(policies: &Policies<'_>, subject: &Subject) -> RequestSpace {
    let mut space = RequestSpace::of(policies, &subject.account);
    space.drop_equivalent_actions(policies);
    space.organizations = subject.organizations.as_ref().clone();
    space
}

/// What the policy is of is asked for whether or not the policy names it, and where uploads are
/// looked for, nothing else.
fn with_uploads(space: &mut RequestSpace, kind: Search, subject: &Subject) {
    let object = (format!("{}/gainsay-object", subject.arn), subject.account.clone());
    for resource in [(subject.arn.clone(), subject.account.clone()), object] {
        if !space.resources.contains(&resource) {
            space.resources.push(resource);
        }
    }
    if !matches!(kind, Search::InsecureTransport | Search::Outsider | Search::LooseService) {
        space.actions = vec!["s3:PutObject".to_owned()];
        // What the policies say of these is not all there is: an absent key is a request, too.
        for key in [ENCRYPTION, KMS_KEY] {
            let values = space.keys.entry(key.to_owned()).or_default();
            if !values.contains(&None) {
                values.push(None);
            }
        }
    }
}

/// The root user of a bucket's account can always mend its policy.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html>.
fn keeps_the_policy(request: &Request<'_>, subject: &Subject) -> bool {
    let root =
        matches!(request.principal, Principal::Root { account } if *account == subject.account);
    root && ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
        .iter()
        .any(|action| request.action.eq_ignore_ascii_case(action))
}

/// Someone of another account may do what this policy and their own allow, and theirs may allow
/// anything. A service is not asked about.
fn outsider(policy: &Policy, subject: &Subject) -> SearchOutcome {
    let everything = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } });
    let identity: Vec<Policy> =
        Policy::from_value(PolicyKind::Identity, &everything).into_iter().collect();
    let policies = Policies { identity: &identity, resource: Some(policy), ..Policies::default() };
    let mut space = space_of(&policies, subject);
    with_uploads(&mut space, Search::Outsider, subject);
    space.principals.retain(|principal| {
        let of_account = principal.account() == Some(subject.account.as_str());
        !of_account && !matches!(principal, Principal::Service(_))
    });
    space.resources.retain(|(_, account)| *account == subject.account);
    search(&policies, &space, Goal::Allowed, |_| true)
}

/// A service that says it acts for nothing, and one that acts for what another account has: a
/// bucket, whose ARN has no account, or anything else. Policies pin services by these two keys:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>.
fn loose_services(
    policies: &Policies<'_>,
    space: &RequestSpace,
    subject: &Subject,
) -> Vec<SearchOutcome> {
    let mut space = space.clone();
    with_uploads(&mut space, Search::LooseService, subject);
    // Everyone is every service, too: one is asked about whether or not the policy names any.
    space.principals.push(Principal::Service(A_SERVICE.to_owned()));
    space.principals.retain(|principal| matches!(principal, Principal::Service(_)));
    space.resources.retain(|(_, account)| *account == subject.account);
    // Whoever the policy itself names: nobody, or the account of a source that is not this one. A
    // bucket's ARN tells no account.
    let named = search(policies, &space, Goal::Allowed, |request| {
        let value = |key| request.context.get(key).and_then(<[String]>::first).map(String::as_str);
        match (value(SOURCE_ACCOUNT), value(SOURCE_ARN)) {
            (None, None) => true,
            (Some(account), _) => account != subject.account,
            (None, Some(arn)) => {
                let account = arn.split(':').nth(4).unwrap_or_default();
                !account.is_empty() && account != subject.account
            }
        }
    });
    let another = if subject.account == "444455556666" { "111122223333" } else { "444455556666" };
    let foreign = [
        "arn:aws:s3:::a-bucket-of-another-account".to_owned(),
        format!("arn:aws:cloudtrail:eu-west-1:{another}:trail/another"),
    ];
    let foreign = foreign.into_iter().map(|source| {
        let mut space = space.clone();
        space.fixed.set(SOURCE_ARN, source);
        space.fixed.set(SOURCE_ACCOUNT, another);
        search(policies, &space, Goal::Allowed, |_| true)
    });
    foreign.chain([named]).collect()
}

/// A request in words.
fn describe(specimen: &OwnedRequest) -> String {
    let who = specimen.principal.to_arn().unwrap_or_default();
    let who = if who.is_empty() { "anyone".into() } else { who };
    let context: Vec<String> = specimen
        .context
        .pairs()
        .filter(|(key, _)| !key.starts_with("aws:principal"))
        .map(|(key, values)| format!("{key}={}", values.join(",")))
        .collect();
    let context =
        if context.is_empty() { String::new() } else { format!(" with {}", context.join(" ")) };
    format!("`{}` on `{}` by `{who}`{context}", specimen.action, specimen.resource)
}
