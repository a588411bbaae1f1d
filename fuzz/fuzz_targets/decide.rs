//! Any line as a question: it has a decision or an error, one line of JSON, and the explanation
//! agrees with the decision.
#![no_main]

use gainsay_iam::{Decision, EvaluationInput, Response, explain};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let response = Response::decide(data, true);
    assert_eq!(response.decision.is_none(), response.error.is_some());
    let mut line = Vec::new();
    response.write(&mut line).unwrap();
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    if let Some(decision) = response.decision
        && let Ok(text) = std::str::from_utf8(data)
        && let (_, Ok(input)) = EvaluationInput::read(text)
    {
        let explanation = explain(&input.request(), &input.policies());
        assert_eq!(explanation.decision, Some(decision));
        assert_eq!(decision == Decision::ImplicitDeny, !response.silent.is_empty());
        for reason in &response.by {
            assert!(explanation.layers.iter().any(|view| view.layer == reason.layer), "{reason:?}");
        }
    }
});
