//! The policy document of a form: when it ends, and what every field must be
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use s3s::{S3Error, S3Result};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    super::{error, error_detail::WithDetail as _},
    form::Form,
};

/// Fields that need no condition, besides those that begin with `x-ignore-`.
const UNCONDITIONED: &[&str] =
    &["awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"];

enum Condition {
    Equals {
        field: String,
        value: String,
    },
    StartsWith {
        field: String,
        value: String,
    },
    Length {
        least: u64,
        most: u64,
    },
    /// What no form meets, as it was written.
    Unmet(Vec<String>),
}

fn invalid(what: &str) -> S3Error {
    error(400, "InvalidPolicyDocument", format!("Invalid Policy: {what}"))
}

/// It is no policy of IAM's that refuses here, whatever the code.
fn against(what: &str) -> S3Error {
    error(403, "AccessDenied", format!("Invalid according to Policy: {what}"))
}

/// Checks a form against its policy. Its signature was checked before.
pub(crate) fn check(
    encoded: &str,
    form: &Form<'_>,
    bucket: &str,
    now: OffsetDateTime,
) -> S3Result<()> {
    let bytes = STANDARD.decode(encoded).map_err(|_| invalid("Invalid Base64."))?;
    let text = str::from_utf8(&bytes).map_err(|_| invalid("Invalid JSON."))?;
    let document: Value = serde_json::from_str(text).map_err(|_| invalid("Invalid JSON."))?;
    let document = document.as_object().ok_or_else(|| invalid("Invalid JSON."))?;
    if gainsay_iam::duplicate_key(text).is_some() {
        return Err(invalid("Invalid JSON: Duplicate field."));
    }
    if let Some(name) =
        document.keys().find(|name| !["expiration", "conditions"].contains(&name.as_str()))
    {
        return Err(invalid(&format!("Unexpected: '{name}'.")));
    }
    let expiration = document.get("expiration").and_then(Value::as_str);
    let expiration = expiration.ok_or_else(|| invalid("Policy missing expiration."))?;
    let wrong = || invalid("Invalid 'expiration' value.");
    let expiration = Some(expiration).filter(|text| is_iso_8601(text)).ok_or_else(wrong)?;
    let expiration = OffsetDateTime::parse(expiration, &Rfc3339).map_err(|_| wrong())?;
    let conditions = document.get("conditions").and_then(Value::as_array);
    let conditions = conditions.ok_or_else(|| invalid("Policy missing conditions."))?;
    let conditions: Vec<Condition> = conditions.iter().map(read).collect::<S3Result<_>>()?;
    if expiration <= now {
        return Err(against("Policy expired."));
    }
    for condition in &conditions {
        holds(condition, form, bucket)?;
    }
    covered(&conditions, form)
}

/// A date as policies have it, in GMT: `2026-11-21T10:00:00.000Z`, its fraction at will
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>). RFC 3339
/// knows more.
fn is_iso_8601(text: &str) -> bool {
    let shape = |text: &str| {
        text.bytes()
            .map(|byte| if byte.is_ascii_digit() { '0' } else { char::from(byte) })
            .collect()
    };
    let shape: String = shape(text);
    let rest = shape.strip_prefix("0000-00-00T00:00:00").and_then(|rest| rest.strip_suffix('Z'));
    rest.is_some_and(|fraction| {
        let digits = fraction.strip_prefix('.');
        fraction.is_empty()
            || digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b == b'0'))
    })
}

fn read(written: &Value) -> S3Result<Condition> {
    if let Some(simple) = written.as_object() {
        let mut pairs = simple.iter();
        return match (pairs.next(), pairs.next()) {
            (Some((field, Value::String(value))), None) => {
                Ok(Condition::Equals { field: field.to_ascii_lowercase(), value: value.clone() })
            }
            (Some(_), None) => Err(invalid("Invalid Simple-Condition: value must be a string.")),
            _ => Err(invalid(concat!(
                "Invalid Simple-Condition: Simple-Conditions must have exactly one property ",
                "specified."
            ))),
        };
    }
    let parts = written.as_array().map(Vec::as_slice).unwrap_or_default();
    match parts {
        [Value::String(operator), least, most] if operator == "content-length-range" => {
            let (Some(least), Some(most)) = (size(least), size(most)) else {
                // Recorded by LocalStack, `test_post_object_policy_validation_size`, 2024-05-24.
                let word = |size: &Value| size.as_str().map_or(size.to_string(), str::to_owned);
                return Ok(Condition::Unmet(vec![operator.clone(), word(least), word(most)]));
            };
            Ok(Condition::Length { least, most })
        }
        [Value::String(operator), Value::String(field), Value::String(value)] => {
            // No field is meant without the dollar (recorded by LocalStack,
            // `test_post_object_policy_conditions_validation_eq`, 2024-05-24).
            let Some(name) = field.strip_prefix('$') else {
                return match operator.as_str() {
                    "eq" | "starts-with" => {
                        Ok(Condition::Unmet(vec![operator.clone(), field.clone(), value.clone()]))
                    }
                    _ => Err(invalid("Invalid Condition: unknown operation.")),
                };
            };
            let (field, value) = (name.to_ascii_lowercase(), value.clone());
            match operator.as_str() {
                "eq" => Ok(Condition::Equals { field, value }),
                "starts-with" => Ok(Condition::StartsWith { field, value }),
                _ => Err(invalid("Invalid Condition: unknown operation.")),
            }
        }
        _ => Err(invalid("Invalid Condition.")),
    }
}

/// A size, which may be written as a text (LocalStack's tests against AWS,
/// `test_post_object_policy_validation_size`).
fn size(written: &Value) -> Option<u64> {
    match written {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A condition as AWS shows it: `["eq", "$key", "value"]`, however it was written.
fn shown(condition: &Condition) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let (operator, field, value) = match condition {
        Condition::Equals { field, value } => ("eq", field, value),
        Condition::StartsWith { field, value } => ("starts-with", field, value),
        Condition::Length { least, most } => {
            return format!("[\"content-length-range\", {least}, {most}]");
        }
        Condition::Unmet(words) => {
            let words: Vec<String> = words.iter().map(|word| text(word)).collect();
            return format!("[{}]", words.join(", "));
        }
    };
    format!("[\"{operator}\", {}, {}]", text(&format!("${field}")), text(value))
}

fn holds(condition: &Condition, form: &Form<'_>, bucket: &str) -> S3Result<()> {
    let sent = |field: &str| if field == "bucket" { Some(bucket) } else { form.field(field) };
    let met = match condition {
        Condition::Equals { field, value } => sent(field) == Some(value),
        // A content type with commas is a list, and each of it must begin so.
        Condition::StartsWith { field, value } if field == "content-type" => sent(field)
            .is_some_and(|sent| sent.split(',').all(|one| one.trim().starts_with(value.as_str()))),
        Condition::StartsWith { field, value } => {
            sent(field).is_some_and(|sent| sent.starts_with(value.as_str()))
        }
        Condition::Length { least, most } => {
            let size = form.file.len() as u64;
            if size > *most {
                let message = "Your proposed upload exceeds the maximum allowed size";
                let error = error(400, "EntityTooLarge", message);
                return Err(error
                    .with_detail("ProposedSize", size.to_string())
                    .with_detail("MaxSizeAllowed", most.to_string()));
            }
            if size < *least {
                let message = "Your proposed upload is smaller than the minimum allowed size";
                let error = error(400, "EntityTooSmall", message);
                return Err(error
                    .with_detail("ProposedSize", size.to_string())
                    .with_detail("MinSizeAllowed", least.to_string()));
            }
            true
        }
        Condition::Unmet(_) => false,
    };
    if met {
        Ok(())
    } else {
        Err(against(&format!("Policy Condition failed: {}", shown(condition))))
    }
}

/// Every field but the few must have a condition, and so must the bucket (assumed: of it the page
/// only says that it is "the acceptable bucket").
fn covered(conditions: &[Condition], form: &Form<'_>) -> S3Result<()> {
    let has = |name: &str| {
        conditions.iter().any(|condition| match condition {
            Condition::Equals { field, .. } | Condition::StartsWith { field, .. } => field == name,
            Condition::Length { .. } | Condition::Unmet(_) => false,
        })
    };
    let names = form.fields.iter().map(|(name, _)| name.as_str()).chain(["bucket"]);
    let bare: Vec<&str> = names
        .filter(|name| {
            !UNCONDITIONED.contains(name) && !name.starts_with("x-ignore-") && !has(name)
        })
        .collect();
    if bare.is_empty() {
        Ok(())
    } else {
        Err(against(&format!("Extra input fields: {}", bare.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-21 10:00 UTC);

    fn form<'a>(fields: &[(&str, &'a str)], file: &'a [u8]) -> Form<'a> {
        Form {
            fields: fields.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
            file,
            filename: None,
        }
    }

    fn outcome(policy: &str, form: &Form<'_>) -> String {
        match check(&STANDARD.encode(policy), form, "b", NOW) {
            Ok(()) => "met".to_owned(),
            Err(error) => {
                format!("{} {}", error.code().as_str(), error.message().unwrap_or_default())
            }
        }
    }

    fn policy(conditions: &Value) -> String {
        json!({ "expiration": "2026-11-21T10:00:01Z", "conditions": conditions }).to_string()
    }

    /// ceph's s3-tests expect 400 of a date that only looks like one
    /// (`test_post_object_invalid_date_format`).
    #[test]
    fn a_policy_ends_at_a_date_of_iso_8601() {
        let sent = form(&[("x-ignore-a", "")], b"");
        for (date, expected) in [
            ("2026-11-21T10:00:01Z", "met"),
            ("2026-11-21T10:00:01.000Z", "met"),
            ("2026-11-21T09:59:59Z", "AccessDenied"),
            ("2026-11-21 10:00:01Z", "InvalidPolicyDocument"),
            ("2026-11-21 10:00:01+00:00", "InvalidPolicyDocument"),
            ("2026-11-21T12:00:01+00:00", "InvalidPolicyDocument"),
            ("2026-11-21t10:00:01z", "InvalidPolicyDocument"),
            ("2026-11-21T10:00:01.Z", "InvalidPolicyDocument"),
            ("2026-13-21T10:00:01Z", "InvalidPolicyDocument"),
            ("2026-11-21", "InvalidPolicyDocument"),
        ] {
            let policy = json!({ "expiration": date, "conditions": [["eq", "$bucket", "b"]] });
            let said = outcome(&policy.to_string(), &sent);
            assert_eq!(said.split(' ').next(), Some(expected), "{date}");
        }
    }

    #[test]
    fn every_condition_must_hold() {
        let sent =
            form(&[("key", "user/a.txt"), ("content-type", "image/png, image/gif")], b"12345");
        let rest = |more: Value| {
            let mut all =
                vec![json!({ "bucket": "b" }), json!(["starts-with", "$content-type", ""])];
            all.push(more);
            json!(all)
        };
        for met in [
            json!({ "key": "user/a.txt" }),
            json!({ "Key": "user/a.txt" }),
            json!(["eq", "$key", "user/a.txt"]),
            json!(["starts-with", "$Key", "user/"]),
            json!(["starts-with", "$key", ""]),
        ] {
            assert_eq!(outcome(&policy(&rest(met.clone())), &sent), "met", "{met}");
        }
        for (failed, shown) in [
            (json!({ "key": "user/b.txt" }), r#"["eq", "$key", "user/b.txt"]"#),
            (json!(["eq", "$key", "user/"]), r#"["eq", "$key", "user/"]"#),
            (json!(["starts-with", "$key", "other/"]), r#"["starts-with", "$key", "other/"]"#),
            (json!(["eq", "$acl", "private"]), r#"["eq", "$acl", "private"]"#),
            (json!({ "bucket": "other" }), r#"["eq", "$bucket", "other"]"#),
            (json!(["starts-with", "key", "user/"]), r#"["starts-with", "key", "user/"]"#),
            (json!(["eq", "key", "user/a.txt"]), r#"["eq", "key", "user/a.txt"]"#),
            (
                json!(["content-length-range", "test", 10]),
                r#"["content-length-range", "test", "10"]"#,
            ),
            (json!(["content-length-range", -1, 5]), r#"["content-length-range", "-1", "5"]"#),
            (
                json!(["starts-with", "$content-type", "image/p"]),
                r#"["starts-with", "$content-type", "image/p"]"#,
            ),
        ] {
            let mut all = rest(json!(["starts-with", "$key", ""]));
            all.as_array_mut().into_iter().for_each(|all| all.push(failed.clone()));
            let expected = format!(
                "AccessDenied Invalid according to Policy: Policy Condition failed: {shown}"
            );
            assert_eq!(outcome(&policy(&all), &sent), expected);
        }
        for (range, expected) in [
            (json!(["content-length-range", 5, 5]), "met"),
            (json!(["content-length-range", "5", "5"]), "met"),
            (
                json!(["content-length-range", 0, 4]),
                "EntityTooLarge Your proposed upload exceeds the maximum allowed size",
            ),
            (
                json!(["content-length-range", 6, 9]),
                "EntityTooSmall Your proposed upload is smaller than the minimum allowed size",
            ),
        ] {
            let mut all = rest(json!(["starts-with", "$key", ""]));
            all.as_array_mut().into_iter().for_each(|all| all.push(range.clone()));
            assert_eq!(outcome(&policy(&all), &sent), expected);
        }
    }

    #[test]
    fn every_field_must_be_covered() {
        let key = json!([{ "key": "k" }, { "bucket": "b" }]);
        let with = |name| outcome(&policy(&key), &form(&[("key", "k"), (name, "x")], b""));
        for free in ["policy", "x-amz-signature", "x-ignore-this"] {
            assert_eq!(with(free), "met");
        }
        for bound in ["acl", "x-amz-server-side-encryption", "x-amz-credential", "x-amz-meta-a"] {
            assert_eq!(
                with(bound),
                format!("AccessDenied Invalid according to Policy: Extra input fields: {bound}")
            );
        }
        let bare = outcome(&policy(&json!([{ "key": "k" }])), &form(&[("key", "k")], b""));
        assert_eq!(bare, "AccessDenied Invalid according to Policy: Extra input fields: bucket");
    }

    #[test]
    fn a_policy_that_is_none_or_is_over_is_refused() {
        let sent = form(&[("key", "k")], b"");
        for (text, expected) in [
            ("", "Invalid JSON."),
            ("[]", "Invalid JSON."),
            ("{", "Invalid JSON."),
            ("{}", "Policy missing expiration."),
            ("{\"expiration\": 5}", "Policy missing expiration."),
            ("{\"expiration\": \"soon\"}", "Invalid 'expiration' value."),
            ("{\"expiration\": \"2027-01-01T00:00:00Z\"}", "Policy missing conditions."),
            (
                "{\"expiration\": \"2027-01-01T00:00:00Z\", \"conditions\": [], \"x\": 1}",
                "Unexpected: 'x'.",
            ),
            (
                "{\"expiration\": \"2027-01-01T00:00:00Z\", \"expiration\": \"2027-01-01T00:00:00Z\", \"conditions\": []}",
                "Invalid JSON: Duplicate field.",
            ),
        ] {
            assert_eq!(
                outcome(text, &sent),
                format!("InvalidPolicyDocument Invalid Policy: {expected}"),
                "{text}"
            );
        }
        for condition in [
            json!(5),
            json!([]),
            json!({}),
            json!({ "key": 5 }),
            json!({ "a": "b", "c": "d" }),
            json!(["ne", "$key", "k"]),
            json!(["ne", "key", "k"]),
        ] {
            let answer = outcome(&policy(&json!([condition])), &sent);
            assert!(
                answer.starts_with("InvalidPolicyDocument Invalid Policy: "),
                "{condition}: {answer}"
            );
        }
        let over = json!({ "expiration": "2026-11-21T10:00:00Z", "conditions": [{ "key": "k" }, { "bucket": "b" }] });
        assert_eq!(
            outcome(&over.to_string(), &sent),
            "AccessDenied Invalid according to Policy: Policy expired."
        );
        assert_eq!(
            check("%%%", &sent, "b", NOW).err().map(|error| error.code().as_str().to_owned()),
            Some("InvalidPolicyDocument".to_owned())
        );
    }
}
