//! Any body in chunks: what is accepted is stored whole, as long as it was said to be, and comes
//! back.
#![no_main]

use std::sync::LazyLock;

use gainsay_fuzz::{answer, signed_with};
use gainsay_sandbox::Sandbox;
use libfuzzer_sys::fuzz_target;

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(gainsay_fuzz::with_object);

fuzz_target!(|data: (u16, bool, &[u8])| {
    let (length, trailer, body) = data;
    let length = length.to_string();
    let mut headers = vec![
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", length.as_str()),
    ];
    if trailer {
        headers.push(("x-amz-trailer", "x-amz-checksum-crc32"));
    }
    let before = SANDBOX.snapshot();
    let put = answer(&SANDBOX, signed_with(&SANDBOX, "PUT", "/private/chunks", &headers, body));
    assert!(!put.status.is_server_error() || put.status.as_u16() == 501, "{put:?}");
    let got = answer(&SANDBOX, signed_with(&SANDBOX, "GET", "/private/chunks", &[], b""));
    if put.status.is_success() {
        assert_eq!(got.body.len().to_string(), length, "{put:?} {got:?}");
    } else {
        assert_eq!(got.status.as_u16(), 404, "{put:?} {got:?}");
    }
    SANDBOX.restore(&before);
});
