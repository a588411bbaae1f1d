//! Any text as a policy of every kind: it is read or refused, every refusal has a place in the
//! text, and what is read can be linted.
#![no_main]

use gainsay_iam::{Policy, PolicyKind, lint, locate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for kind in [
        PolicyKind::Identity,
        PolicyKind::Bucket,
        PolicyKind::KeyPolicy,
        PolicyKind::TrustPolicy,
        PolicyKind::Rcp,
    ] {
        match Policy::from_text(kind, text) {
            Ok(policy) => {
                for finding in lint(&policy) {
                    assert!(locate(text, &finding.path).is_some(), "{finding:?}");
                }
            }
            Err(error) => {
                let _ = (locate(text, error.path()), error.help(), error.to_string());
            }
        }
    }
});
