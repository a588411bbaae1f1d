//! Any method, query and headers: what the table has no row for is refused, and what it has one for
//! has nothing that the row does not know.
#![no_main]

use std::sync::LazyLock;

use gainsay_fuzz::{answer, request};
use gainsay_sandbox::{Sandbox, guard::{self, COMMON_HEADERS, Level}, signature::query_pairs};
use libfuzzer_sys::fuzz_target;

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(gainsay_fuzz::with_object);

fuzz_target!(|data: &[u8]| {
    let Some(request) = request(data) else { return };
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let level = match path.split_once('/') {
        None | Some((_, "")) if path.is_empty() => Level::Service,
        None | Some((_, "")) => Level::Bucket,
        Some(_) => Level::Object,
    };
    let Some(query) = query_pairs(request.uri().query().unwrap_or_default()) else { return };
    match guard::identify(request.method(), level, &query, request.headers()) {
        Ok(row) => {
            for (key, _) in &query {
                let known = row.may.contains(&key.as_str()) || row.needs.iter().any(|(name, _)| name == key);
                assert!(known || key == "x-id" || key.starts_with("X-Amz-"), "{row:?} takes `{key}`");
            }
            for name in request.headers().keys().map(http::HeaderName::as_str) {
                let known = !name.starts_with("x-amz-")
                    || COMMON_HEADERS.contains(&name)
                    || row.requires == Some(name)
                    || row.headers.iter().any(|group| group.contains(&name))
                    || (row.metadata && name.starts_with("x-amz-meta-"));
                assert!(known, "{row:?} takes `{name}`");
            }
        }
        Err(_) => {
            let before = SANDBOX.snapshot();
            let answered = answer(&SANDBOX, request);
            assert!(!answered.status.is_success(), "{answered:?}");
            SANDBOX.restore(&before);
        }
    }
});
