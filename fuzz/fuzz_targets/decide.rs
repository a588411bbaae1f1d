//! Any line as a question: it has a decision or an error, one line of JSON, and the explanation
//! agrees with the decision.
#![no_main]

use gainsay_iam::{Answer, Decision, EvaluationInput, explain};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let answer = Answer::to(data, true);
    assert_eq!(answer.decision.is_none(), answer.error.is_some());
    let mut line = Vec::new();
    answer.write(&mut line).unwrap();
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    if let Some(decision) = answer.decision
        && let Ok(text) = std::str::from_utf8(data)
        && let (_, Ok(input)) = EvaluationInput::read(text)
    {
        let explanation = explain(&input.request(), &input.policies());
        assert_eq!(explanation.decision, Some(decision));
        assert_eq!(decision == Decision::ImplicitDeny, !answer.silent.is_empty());
        for reason in &answer.by {
            assert!(explanation.layers.iter().any(|view| view.layer == reason.layer), "{reason:?}");
        }
    }
});
