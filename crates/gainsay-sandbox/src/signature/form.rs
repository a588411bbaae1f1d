//! The signature of a form upload: fields instead of headers, and what is signed is the policy as
//! it was sent
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html>).

use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;

use super::{
    ALGORITHM, AuthError, SKEW, Service, Signature, SigningKey, Via, WEEK, hmac,
    read::{Claim, instant, malformed},
};

/// The fields that a signed form has, and as AWS writes their names.
const SIGNED: [(&str, &str); 5] = [
    ("policy", "Policy"),
    ("x-amz-algorithm", "X-Amz-Algorithm"),
    ("x-amz-credential", "X-Amz-Credential"),
    ("x-amz-date", "X-Amz-Date"),
    ("x-amz-signature", "X-Amz-Signature"),
];
/// Form fields of Signature Version 2.
const VERSION_2: [&str; 2] = ["awsaccesskeyid", "signature"];

/// Reads what a form claims of its sender; nothing if it claims nothing, which makes it anonymous.
/// `field` finds a field by its name in lower case. A form that has some of the fields of a
/// signature must have all.
///
/// # Errors
/// What is wrong with them, as AWS would call it. The words for a missing field are quoted in
/// public issue trackers, those for an unreadable one are assumed.
pub fn parse_form<'a>(
    field: impl Fn(&str) -> Option<&'a str>,
) -> Result<Option<Signature>, AuthError> {
    if VERSION_2.iter().any(|name| field(name).is_some()) {
        return Err(AuthError::Version2);
    }
    let token = field("x-amz-security-token");
    if token.is_none() && SIGNED.iter().all(|(name, _)| field(name).is_none()) {
        return Ok(None);
    }
    // Recorded by LocalStack, `test_post_request_missing_fields`, 2023-08-04.
    if SIGNED.iter().all(|(name, _)| *name == "policy" || field(name).is_none()) {
        return Err(AuthError::Missing);
    }
    let need = |name: &str| {
        let shown = SIGNED.iter().find(|(known, _)| *known == name).map(|(_, shown)| *shown);
        field(name).ok_or(AuthError::MissingField(shown.unwrap_or_default()))
    };
    for (name, _) in SIGNED {
        need(name)?;
    }
    match need("x-amz-algorithm")? {
        ALGORITHM => {}
        other if other.starts_with("AWS4-ECDSA") => {
            return Err(AuthError::NotModelled("Signature Version 4A"));
        }
        _ => {
            return Err(malformed(Via::Form, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\""));
        }
    }
    let date = instant(need("x-amz-date")?).ok_or_else(|| {
        let format = "X-Amz-Date must be formatted via ISO8601 Long format";
        malformed(Via::Form, format)
    })?;
    let claim = Claim {
        via: Via::Form,
        credential: need("x-amz-credential")?,
        // A form signs its policy and no headers.
        signed: "policy",
        signature: need("x-amz-signature")?,
    };
    claim.read(date, token.map(str::to_owned), None).map(Some)
}

impl Signature {
    /// Proves the claim of a form: time, scope, and the signature over the policy as it was sent.
    /// How long the policy holds is for the policy to say; that a signature is good for no more
    /// than the seven days of its key is assumed.
    ///
    /// # Errors
    /// The first thing that is wrong, as AWS would call it.
    pub fn verify_form(
        &self,
        policy: &str,
        key: impl FnOnce() -> Option<SigningKey>,
        now: OffsetDateTime,
        region: &str,
    ) -> Result<(), AuthError> {
        let age = now - self.date;
        if age < -SKEW {
            return Err(AuthError::NotYetValid { date: self.date, now });
        }
        if age > WEEK {
            return Err(AuthError::Expired { date: self.date, now });
        }
        self.check_scope(Service::S3, region)?;
        let expected =
            key().and_then(|key| hmac(&key, policy.as_bytes())).ok_or(AuthError::Mismatch)?;
        if bool::from(expected.as_slice().ct_eq(&self.mac)) {
            Ok(())
        } else {
            Err(AuthError::Mismatch)
        }
    }
}
