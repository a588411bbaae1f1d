//! Any request: it has an answer with a status of HTTP's, nobody without a signature gets what is
//! private, and what has happened is what was answered.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use gainsay_fuzz::{answer, request};
use gainsay_sandbox::Sandbox;
use libfuzzer_sys::fuzz_target;

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(gainsay_fuzz::with_object);

fuzz_target!(|data: &[u8]| {
    let Some(request) = request(data) else { return };
    let before = SANDBOX.snapshot();
    let signed = request.headers().contains_key("authorization");
    let answered = answer(&SANDBOX, request);
    assert!(!answered.status.is_server_error() || matches!(answered.status.as_u16(), 501), "{answered:?}");
    if !signed {
        assert!(!answered.status.is_success() || answered.caller.as_deref() == Some("anonymous"), "{answered:?}");
        assert!(!answered.body.windows(6).any(|window| window == b"secret"), "{answered:?}");
    }
    SANDBOX.restore(&before);
    assert_eq!(gainsay_fuzz::read(&SANDBOX), Bytes::from_static(gainsay_fuzz::BODY));
});
