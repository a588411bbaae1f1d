//! Any change of a signed request: it is refused, or it changes nothing that is signed.
#![no_main]

use std::sync::LazyLock;

use gainsay_fuzz::{answer, signed};
use gainsay_sandbox::Sandbox;
use libfuzzer_sys::fuzz_target;

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(gainsay_fuzz::with_object);

fuzz_target!(|change: (u8, u8, &str)| {
    let (place, at, text) = change;
    let good = signed(&SANDBOX, "GET", "/private/key", b"");
    let mut request = good.clone();
    let replaced = |value: &str| {
        let at = usize::from(at) % (value.len() + 1);
        let at = (0..=at).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0);
        format!("{}{text}{}", &value[..at], value.get(at + 1..).unwrap_or_default())
    };
    let name = ["authorization", "x-amz-date", "x-amz-content-sha256", "host"][usize::from(place) % 4];
    let value = replaced(good.headers()[name].to_str().unwrap());
    let Ok(value) = http::HeaderValue::from_str(&value) else { return };
    if value == good.headers()[name] {
        return;
    }
    request.headers_mut().insert(http::HeaderName::from_static(name), value);
    let answered = answer(&SANDBOX, request.clone());
    if answered.status.is_success() {
        // Blanks between the parts of the header, and letter case of a digest, carry nothing.
        let same = |request: &http::Request<_>| {
            let text = request.headers()[name].to_str().unwrap().to_ascii_lowercase();
            text.replace([' ', '\t'], "")
        };
        let parts = |text: String| {
            let mut parts: Vec<String> = text.split(',').map(str::to_owned).collect();
            parts.sort();
            parts
        };
        assert_eq!(parts(same(&request)), parts(same(&good)), "{answered:?}");
    }
});
