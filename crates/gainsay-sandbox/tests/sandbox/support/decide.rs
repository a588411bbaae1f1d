//! Every question that the sandbox puts to the engine is asked again as a line for `gainsay
//! decide`, which has to decide it the same: what one of them knows, the other knows.

use gainsay_iam::{Constraint, Context, Grant, Layer, Response};
use gainsay_sandbox::{Ruling, RulingInput, Rulings};
use serde_json::{Map, Value, json};

/// Compares the rulings of one request.
pub fn compare(rulings: &Rulings) {
    for ruling in rulings.0.iter() {
        let Some(input) = &ruling.input else { continue };
        if by_a_setting(ruling, input) {
            continue;
        }
        let line = question(input);
        let response = Response::decide(line.to_string().as_bytes(), false);
        assert_eq!(
            response.decision,
            Some(ruling.decision),
            "the sandbox decides `{}` otherwise than decide, which says {:?}: {line}",
            ruling.action,
            response.error
        );
    }
}

/// Whether something outside of the policies refused, of which a question says nothing.
fn by_a_setting(ruling: &Ruling, input: &RulingInput) -> bool {
    ruling.deciders.iter().any(|decider| match decider.layer {
        Layer::ObjectOwnership | Layer::ObjectLock | Layer::EncryptionBlock | Layer::KeyState => {
            true
        }
        Layer::BlockPublicAccess => !input.input.restrict_public_buckets,
        Layer::Identity
        | Layer::Resource
        | Layer::Boundary
        | Layer::Session
        | Layer::Scp
        | Layer::Rcp
        | Layer::VpcEndpoint
        | Layer::KeyPolicy
        | Layer::Grant
        | Layer::TrustPolicy => false,
    })
}

fn question(input: &RulingInput) -> Value {
    let documents = |wanted: &[Layer]| {
        let of_layer = input.documents.iter().filter(|(layer, ..)| wanted.contains(layer));
        let texts = of_layer.map(|(_, _, document)| serde_json::from_str(&document.text).unwrap());
        texts.collect::<Vec<Value>>()
    };
    let one = |wanted: &[Layer]| documents(wanted).into_iter().next();
    let request = &input.input.request;
    json!({
        "principal": request.principal.to_string(),
        "action": request.action,
        "resource": request.resource,
        "resource_account": request.resource_account,
        "context": context(&request.context),
        "policies": {
            "identity": documents(&[Layer::Identity]),
            "resource": one(&[Layer::Resource, Layer::KeyPolicy, Layer::TrustPolicy]),
            "boundary": one(&[Layer::Boundary]),
            "session": documents(&[Layer::Session]),
            "grants": input.input.grants.iter().map(grant).collect::<Vec<_>>(),
        },
        "public_access_block": {
            "RestrictPublicBuckets": input.input.restrict_public_buckets
        },
    })
}

/// The keys that have values. Those of which the sandbox says that they are not modelled are
/// absent: what reads one of them is no ruling.
fn context(context: &Context) -> Map<String, Value> {
    let pairs = context.pairs().map(|(key, values)| (key.to_owned(), json!(values)));
    pairs.collect()
}

fn grant(grant: &Grant) -> Value {
    let constraints = grant.constraint.as_ref().map(|constraint| match constraint {
        Constraint::Equals(pairs) => json!({ "EncryptionContextEquals": pairs }),
        Constraint::Subset(pairs) => json!({ "EncryptionContextSubset": pairs }),
    });
    json!({
        "KeyId": grant.key,
        "GranteePrincipal": grant.grantee,
        "RetiringPrincipal": grant.retiring,
        "Operations": grant.operations,
        "Constraints": constraints,
        "IssuingAccount": format!("arn:aws:iam::{}:root", grant.account),
    })
}
