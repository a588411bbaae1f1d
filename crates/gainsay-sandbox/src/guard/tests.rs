#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use super::*;
use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

type Query = Vec<(String, String)>;

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

fn with(headers: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(*name).unwrap();
        map.append(name, HeaderValue::try_from(*value).unwrap());
    }
    map
}

fn ask(method: &str, level: Level, query: &[(String, String)], headers: &HeaderMap) -> Answer {
    let method = Method::try_from(method).unwrap();
    identify(&method, level, query, headers).map(|row| row.operation)
}

type Answer = Result<&'static str, Unmodelled>;

/// A value of this header that the guard admits.
fn value_of(name: &str) -> &'static str {
    let known = HEADER_VALUES.iter().find(|(header, _)| *header == name);
    known.map_or("x", |(_, values)| values.first().unwrap())
}

/// The least request of a row.
fn least(row: &Row) -> (Query, HeaderMap) {
    let value = |value: &Value| match value {
        Value::Empty => "",
        Value::Is(only) => only,
        Value::Some => "1",
    };
    let query = row.needs.iter().map(|(key, v)| pair(key, value(v)));
    let headers: Vec<_> = row.requires.iter().map(|name| (*name, "/b/k")).collect();
    (query.collect(), with(&headers))
}

/// Requests of a row: the least, that with each optional part, and that with all of them.
fn examples(row: &Row) -> Vec<(Query, HeaderMap)> {
    let (query, headers) = least(row);
    let mut optional: Vec<(String, String)> = row.may.iter().map(|key| pair(key, "1")).collect();
    optional.push(pair("x-id", row.operation));
    for key in PRESIGNED {
        let known = QUERY_VALUES.iter().find(|(name, _)| name == key);
        optional.push(pair(key, known.map_or("1", |(_, v)| v.first().unwrap())));
    }
    let mut lines: Vec<&str> = COMMON_HEADERS.to_vec();
    lines.extend(row.headers.iter().copied().flatten());
    if row.metadata {
        lines.push("x-amz-meta-colour");
    }
    let mut all = vec![(query.clone(), headers.clone())];
    for extra in &optional {
        all.push(([query.clone(), vec![extra.clone()]].concat(), headers.clone()));
    }
    let mut full = headers.clone();
    for name in lines {
        let one = with(&[(name, value_of(name))]);
        let mut more = headers.clone();
        more.extend(one.clone());
        all.push((query.clone(), more));
        full.extend(one);
    }
    all.push(([query, optional].concat(), full));
    all
}

#[test]
fn every_row_is_found_from_each_of_its_examples_and_no_other_row_takes_them() {
    for row in ROWS {
        for (query, headers) in examples(row) {
            let answer = ask(row.method, row.level, &query, &headers);
            assert_eq!(answer, Ok(row.operation), "{query:?} {headers:?}");
            let takers = ROWS.iter().filter(|other| {
                (other.method, other.level) == (row.method, row.level)
                    && other.takes_query(&query)
                    && other.takes_headers(&headers)
            });
            assert_eq!(takers.count(), 1, "{query:?} {headers:?}");
        }
    }
}

/// Two rows cannot share a request if one needs what the other refuses.
#[test]
fn rows_are_disjoint_by_construction() {
    let excludes = |one: &Row, two: &Row| {
        let key = one.needs.iter().any(|(key, _)| !two.knows_key(key));
        key || one.requires.is_some_and(|name| !two.takes_header(name))
    };
    for (at, one) in ROWS.iter().enumerate() {
        for two in ROWS.iter().skip(at + 1) {
            assert_ne!(one.operation, two.operation);
            if (one.method, one.level) == (two.method, two.level) {
                let apart = excludes(one, two) || excludes(two, one);
                assert!(apart, "{} and {}", one.operation, two.operation);
            }
        }
    }
}

#[test]
fn an_unknown_query_key_is_refused_on_every_row() {
    for row in ROWS {
        let (query, headers) = least(row);
        for key in [
            "unknown",
            "torrent",
            "renameObject",
            "x-amz-acl",
            "x-amz-server-side-encryption",
            "x-amz-algorithm",
            "ACL",
            "",
        ] {
            let more = [query.clone(), vec![pair(key, "")]].concat();
            let answer = ask(row.method, row.level, &more, &headers);
            assert_eq!(answer, Err(Unmodelled::Query(key.to_owned())));
        }
    }
}

#[test]
fn an_unknown_x_amz_header_is_refused_on_every_row() {
    for row in ROWS {
        let (query, headers) = least(row);
        for name in [
            "x-amz-unknown",
            "x-amz-checksum-sha512",
            "x-amz-meta-",
            "x-amz-write-offset-bytes",
            "x-amz-object-lock-event-hold",
            "x-amz-rename-source",
        ] {
            let mut more = headers.clone();
            more.extend(with(&[(name, "x")]));
            let answer = ask(row.method, row.level, &query, &more);
            assert_eq!(answer, Err(Unmodelled::Header(name.to_owned())));
        }
    }
}

#[test]
fn a_header_of_another_operation_is_refused() {
    for row in ROWS {
        let (query, headers) = least(row);
        for name in ROWS.iter().flat_map(|other| other.headers.iter().copied().flatten()) {
            let mut more = headers.clone();
            more.extend(with(&[(name, "x")]));
            let answer = ask(row.method, row.level, &query, &more);
            assert_eq!(answer.is_ok(), row.takes_header(name), "{} {name}", row.operation);
        }
    }
}

#[test]
fn a_repeated_query_key_is_refused() {
    for row in ROWS {
        let (query, headers) = least(row);
        for (key, value) in query.iter().chain(&[pair("x-id", row.operation)]) {
            let mut more = [query.clone(), vec![pair(key, value)]].concat();
            more.push(pair(key, value));
            let answer = ask(row.method, row.level, &more, &headers);
            assert_eq!(answer, Err(Unmodelled::RepeatedQuery(key.clone())));
        }
    }
}

#[test]
fn x_id_goes_only_with_its_own_operation() {
    for row in ROWS {
        let (query, headers) = least(row);
        let lower = row.operation.to_lowercase();
        for id in [lower.as_str(), "", "RenameObject"] {
            let more = [query.clone(), vec![pair("x-id", id)]].concat();
            let answer = ask(row.method, row.level, &more, &headers);
            assert!(matches!(answer, Err(Unmodelled::QueryKeys(_))), "{answer:?}");
        }
    }
    let id = [pair("x-id", "PutObject")];
    let copy = with(&[("x-amz-copy-source", "/b/k")]);
    assert!(ask("PUT", Level::Object, &id, &copy).is_err());
}

#[test]
fn what_the_wire_layer_would_take_for_something_else_is_refused() {
    let none = HeaderMap::new();
    for (method, level, key) in [
        ("PUT", Level::Object, "renameObject"),
        ("PUT", Level::Bucket, "abac"),
        ("PUT", Level::Bucket, "metadataConfiguration"),
        ("GET", Level::Bucket, "abac"),
        ("DELETE", Level::Bucket, "abac"),
        ("POST", Level::Object, "select"),
    ] {
        let answer = ask(method, level, &[pair(key, "")], &none);
        assert_eq!(answer, Err(Unmodelled::Query(key.to_owned())));
    }
    for key in ["annotation", "annotationName"] {
        let answer = ask("PUT", Level::Object, &[pair(key, "")], &none);
        assert!(answer.is_err(), "{answer:?}");
    }
    assert!(ask("POST", Level::Object, &[], &none).is_err());
    let answer = ask("PATCH", Level::Object, &[], &none);
    assert!(matches!(answer, Err(Unmodelled::Method { .. })));
    assert!(ask("get", Level::Object, &[], &none).is_err());
}

#[test]
fn values_that_are_not_known_are_refused() {
    let none = HeaderMap::new();
    for (method, level, query) in [
        ("GET", Level::Bucket, pair("list-type", "1")),
        ("GET", Level::Bucket, pair("list-type", "")),
        ("PUT", Level::Bucket, pair("acl", "x")),
        ("GET", Level::Object, pair("versionId", "")),
        ("DELETE", Level::Object, pair("uploadId", "")),
        ("GET", Level::Object, pair("X-Amz-Content-Sha256", "0")),
    ] {
        let key = query.0.clone();
        let answer = ask(method, level, &[query], &none);
        assert_eq!(answer, Err(Unmodelled::QueryValue(key)));
    }
    for name in ["x-amz-trailer", "x-amz-sdk-checksum-algorithm"] {
        let answer = ask("PUT", Level::Object, &[], &with(&[(name, "x-amz-acl")]));
        assert_eq!(answer, Err(Unmodelled::HeaderValue(name.to_owned())));
    }
    let twice = with(&[("x-amz-acl", "private"), ("x-amz-acl", "public-read")]);
    let answer = ask("PUT", Level::Object, &[], &twice);
    assert_eq!(answer, Err(Unmodelled::RepeatedHeader("x-amz-acl".into())));
    let part = [pair("partNumber", "1")];
    let answer = ask("PUT", Level::Object, &part, &none);
    assert_eq!(answer, Err(Unmodelled::QueryKeys("partNumber".into())));
    let refusal = Unmodelled::Query("encryption".into());
    assert_eq!((refusal.code(), refusal.status()), ("NotImplemented", 501));
}

/// Words that rows know, mixed with words that none does.
fn words() -> impl Strategy<Value = Vec<(String, String)>> {
    let mut keys: Vec<&'static str> = vec!["x-id", "encryption", "unknown"];
    for row in ROWS {
        keys.extend(row.needs.iter().map(|(key, _)| *key));
        keys.extend(row.may);
    }
    let value = prop_oneof![Just(String::new()), Just("2".into()), ".{0,4}"];
    let key =
        prop_oneof![8 => proptest::sample::select(keys).prop_map(str::to_owned), 1 => ".{0,6}"];
    proptest::collection::vec((key, value), 0..4)
}

fn soup() -> impl Strategy<Value = HeaderMap> {
    let mut names: Vec<&'static str> = COMMON_HEADERS.to_vec();
    names.extend(["x-amz-unknown", "x-amz-copy-source", "range", "x-amz-meta-a"]);
    for row in ROWS {
        names.extend(row.headers.iter().copied().flatten());
    }
    let line = (proptest::sample::select(names), "[ -~]{0,6}");
    proptest::collection::vec(line, 0..4).prop_map(|lines| {
        let lines: Vec<_> = lines.iter().map(|(n, v)| (*n, v.as_str())).collect();
        with(&lines)
    })
}

proptest! {
    #[test]
    fn any_request_matches_exactly_one_row_or_is_refused(
        method in proptest::sample::select(vec!["GET", "PUT", "HEAD", "POST", "DELETE", "OPTIONS", "X"]),
        level in proptest::sample::select(vec![Level::Service, Level::Bucket, Level::Object]),
        query in words(),
        headers in soup(),
    ) {
        let takers: Vec<_> = ROWS.iter().filter(|row| {
            row.method == method && row.level == level && row.takes_query(&query) && row.takes_headers(&headers)
        }).map(|row| row.operation).collect();
        match ask(method, level, &query, &headers) {
            Ok(operation) => prop_assert_eq!(takers, vec![operation]),
            Err(Unmodelled::Ambiguous(..)) => prop_assert!(false, "ambiguous"),
            Err(_) => {}
        }
    }
}

/// Headers that a condition key tells policies of, where the key is not `s3:` and the header's
/// name. <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
const TOLD_BY_ANOTHER_KEY: &[(&str, &str)] = &[
    ("x-amz-object-lock-mode", "s3:object-lock-mode"),
    ("x-amz-object-lock-retain-until-date", "s3:object-lock-retain-until-date"),
    ("x-amz-object-lock-legal-hold", "s3:object-lock-legal-hold"),
    ("x-amz-tagging", "s3:RequestObjectTagKeys"),
];
/// Headers of which no condition key tells policies.
const NOT_TOLD: &[&str] = &[
    "x-amz-transition-default-minimum-object-size",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-bypass-governance-retention",
    "x-amz-confirm-remove-self-bucket-access",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-unmodified-since",
    "x-amz-copy-source-range",
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-copy-source-server-side-encryption-customer-key-md5",
    "x-amz-max-parts",
    "x-amz-mfa",
    "x-amz-mp-object-size",
    "x-amz-object-attributes",
    "x-amz-optional-object-attributes",
    "x-amz-part-number-marker",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-server-side-encryption-customer-key-md5",
    "x-amz-skip-destination-validation",
    "x-amz-source-expected-bucket-owner",
    "x-amz-tagging-directive",
    "x-amz-transition-default-minimum-object-size",
];

/// What becomes of each key is in the tests of the sandbox's condition keys. Here no header that a
/// row takes is forgotten: it has a key, or it is said that it has none.
#[test]
fn every_header_has_a_condition_key_or_none_by_name() {
    let common = |name: &&str| !COMMON_HEADERS.contains(name);
    let of_rows = ROWS
        .iter()
        .flat_map(|row| row.headers.iter().copied().flatten().copied().chain(row.requires));
    let told = |name: &str| {
        gainsay_iam::known_condition_key(&format!("s3:{name}"))
            || TOLD_BY_ANOTHER_KEY
                .iter()
                .any(|(header, key)| *header == name && gainsay_iam::known_condition_key(key))
    };
    for name in of_rows.filter(common) {
        assert_ne!(told(name), NOT_TOLD.contains(&name), "{name}");
    }
    // Of the headers of every request one is told.
    for name in COMMON_HEADERS {
        assert_eq!(told(name), *name == "x-amz-content-sha256", "{name}");
    }
    for name in NOT_TOLD {
        let known = ROWS.iter().any(|row| row.takes_header(name));
        assert!(known, "no operation takes {name}");
    }
}
