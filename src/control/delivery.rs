//! Whether a service of AWS can do what it was set up for: what it asks
//! ([`deliveries`](crate::files::deliveries)) is put to the policies, and each that is not allowed
//! is found. The one search that looks for what is not allowed.

use std::collections::BTreeMap;

use gainsay_iam::{
    Context, Decision, Evaluation, OwnedRequest, Policies, Principal, SearchOutcome, Undecidable,
    evaluate,
};

use super::{
    Parameters, Subject,
    search::{SECURE, SOURCE_ACCOUNT, SOURCE_ARN},
};
use crate::files::{Answers, ServiceDelivery, ServiceRequest, delivery};

/// A value of a template that no page of AWS says.
const NOT_SAID: &str = "?";

/// What the placeholders of a delivery stand for, by name.
pub type DeliveryValues = BTreeMap<&'static str, String>;

/// What `prefix` and `folder` stand for: the prefix as it is written, and as a folder.
#[must_use]
pub fn prefixes(prefix: &str) -> [(&'static str, String); 2] {
    let folder = match prefix.trim_matches('/') {
        "" => String::new(),
        folder => format!("{folder}/"),
    };
    [("prefix", prefix.to_owned()), ("folder", folder)]
}

/// A request of a delivery that was put to the policies.
#[derive(Clone, Debug)]
pub struct ServiceAnswer {
    /// The request.
    pub request: OwnedRequest,
    /// The decision.
    pub evaluation: Result<Evaluation, Undecidable>,
}

/// What the policies answer to the requests of a delivery that one kind of resource answers. Values
/// that are not given make the requests that need them go unasked.
#[must_use]
pub fn answers(
    delivery: &ServiceDelivery,
    of: Answers,
    values: &DeliveryValues,
    caller: &Principal,
    subject: &Subject,
    policies: &Policies<'_>,
) -> Vec<ServiceAnswer> {
    let given = |name: &String| values.contains_key(name.as_str());
    let asked = delivery.asks.iter().filter(|ask| {
        ask.of == of
            && ask.needs.as_ref().is_none_or(given)
            && !ask.lacks.as_ref().is_some_and(given)
    });
    asked
        .map(|ask| {
            let request = request(delivery, ask, values, caller, subject);
            let evaluation = evaluate(&request.request(), policies);
            ServiceAnswer { request, evaluation }
        })
        .collect()
}

/// A request of a service, on behalf of the account that the resource is in.
fn request(
    delivery: &ServiceDelivery,
    ask: &ServiceRequest,
    values: &DeliveryValues,
    caller: &Principal,
    subject: &Subject,
) -> OwnedRequest {
    let mut context = Context::new();
    context.set(SECURE, "true");
    let mut set = |key: &str, template: &str| match template {
        NOT_SAID => context.set_unmodelled(key),
        template => context.set(key, filled(template, values)),
    };
    if let Some(service) = &delivery.service {
        set(SOURCE_ARN, delivery.source_arn.as_deref().unwrap_or(NOT_SAID));
        // What AWS says of itself:
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
        set("aws:PrincipalIsAWSService", "true");
        set("aws:PrincipalServiceName", service);
        set(SOURCE_ACCOUNT, &subject.account);
    }
    for (key, template) in &ask.context {
        set(key, template);
    }
    subject.organizations.set_resource(&mut context, &subject.account);
    if delivery.service.is_some() {
        subject.organizations.set_source(&mut context, &subject.account);
    }
    // A service comes through nobody's VPC endpoint; from which address, no page says.
    context.set_unmodelled("aws:SourceIp");
    OwnedRequest {
        principal: caller.clone(),
        action: ask.action.clone(),
        resource: filled(&ask.resource, values),
        resource_account: subject.account.clone(),
        context,
    }
}

fn filled(template: &str, values: &DeliveryValues) -> String {
    let mut parts = template.split('{');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        text.push_str(values.get(name).map(String::as_str).unwrap_or_default());
        text.push_str(rest);
    }
    text
}

/// What is not allowed of what a delivery asks of the resource that a check reads.
pub(super) fn refused(
    name: &str,
    of: Answers,
    policies: &Policies<'_>,
    subject: &Subject,
    parameters: &Parameters,
) -> Vec<SearchOutcome> {
    // What asks nothing shows nothing.
    let nothing = || vec![SearchOutcome::None { evaluated: 0 }];
    let Some(delivery) = delivery(name) else { return nothing() };
    let parameter = |name: &str| parameters.get(name).cloned().unwrap_or_default();
    let source = ["trail", "source"].iter().find_map(|name| parameters.get(*name));
    let mut values = DeliveryValues::from(prefixes(&parameter("prefix")));
    values.insert("account", subject.account.clone());
    values.insert("region", subject.region.clone());
    values.insert("source", source.cloned().unwrap_or_default());
    match of {
        Answers::Bucket | Answers::Source => {
            values.insert("bucket", subject.arn.clone());
            values.insert("key", parameter("key"));
        }
        Answers::Key | Answers::SourceKey => {
            values.insert("key", subject.arn.clone());
        }
    }
    let caller = Principal::Service(delivery.service.clone().unwrap_or_default());
    let answers = answers(delivery, of, &values, &caller, subject, policies);
    if answers.is_empty() {
        return nothing();
    }
    let outcome = |answer: ServiceAnswer| match answer.evaluation {
        Ok(evaluation) if evaluation.decision == Decision::Allow => {
            SearchOutcome::None { evaluated: 1 }
        }
        Ok(_) => SearchOutcome::Request(answer.request.into()),
        Err(doubt) => SearchOutcome::Undecided(doubt),
    };
    answers.into_iter().map(outcome).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gainsay_iam::Organizations;

    use super::*;

    /// A delivery that is not in the table, or asks nothing of the kind, must not read as allowed.
    #[test]
    fn what_asks_nothing_is_not_allowed() {
        let subject = Subject {
            name: "logs".to_owned(),
            id: "logs".to_owned(),
            arn: "arn:aws:s3:::logs".to_owned(),
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            organizations: Arc::new(Organizations::default()),
        };
        let of = |name, answers| {
            refused(name, answers, &Policies::default(), &subject, &Parameters::new())
        };
        for found in [of("no-such", Answers::Bucket), of("server-access-logs", Answers::Key)] {
            assert!(
                matches!(found.as_slice(), [SearchOutcome::None { evaluated: 0 }]),
                "{found:?}"
            );
        }
        let asked = of("server-access-logs", Answers::Bucket);
        assert!(matches!(asked.as_slice(), [SearchOutcome::Request(_)]), "{asked:?}");
    }
}
