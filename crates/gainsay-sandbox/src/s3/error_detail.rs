//! What an error of S3 says beside its code and its message: elements such as `BucketName` and
//! `ArgumentName`
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses>).

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use s3s::S3Error;

/// Elements of an error, and what is in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorDetails(pub Vec<(&'static str, String)>);

impl fmt::Display for ErrorDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            write!(f, "<{name}>{value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ErrorDetails {}

/// Errors that can be given details.
pub(super) trait WithDetail {
    /// The error with another element.
    fn with_detail(self, name: &'static str, value: impl Into<String>) -> Self;
}

impl WithDetail for S3Error {
    fn with_detail(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let mut details = of(&self);
        details.0.push((name, value.into()));
        self.set_source(Box::new(details));
        self
    }
}

/// The details that an error was given.
pub(crate) fn of(error: &S3Error) -> ErrorDetails {
    error.source().and_then(|source| source.downcast_ref()).cloned().unwrap_or_default()
}

/// Where an operation leaves the details of its error: the wire layer has no place for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct DetailSlot(Arc<Mutex<ErrorDetails>>);

impl DetailSlot {
    pub(super) fn put(&self, error: &S3Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = of(error);
    }

    /// What was left here.
    pub(crate) fn take(&self) -> ErrorDetails {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What each code says of the request itself. That those about a bucket name it stands in public
/// transcripts of AWS's answers (`NoSuchBucket`, `NoSuchTagSet`, `BucketAlreadyOwnedByYou`:
/// recorded by LocalStack in 2026, `test_buckets.py` and `test_s3_api.py`).
const OF_THE_BUCKET: &[&str] = &[
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "BucketNotEmpty",
    "InvalidBucketName",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchCORSConfiguration",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "NoSuchWebsiteConfiguration",
    "ObjectLockConfigurationNotFoundError",
    "OwnershipControlsNotFoundError",
    "ReplicationConfigurationNotFoundError",
];
const OF_THE_KEY: &[&str] = &["NoSuchKey"];
const TOO_LONG: &[&str] = &["KeyTooLongError"];

/// The details of an error, with those that follow from its code and the request.
pub(crate) fn complete(
    code: &str,
    mut details: ErrorDetails,
    bucket: &str,
    key: &str,
) -> ErrorDetails {
    let mut add = |name: &'static str, codes: &[&str], value: &str| {
        if codes.contains(&code) && !details.0.iter().any(|(known, _)| *known == name) {
            details.0.push((name, value.to_owned()));
        }
    };
    add("BucketName", OF_THE_BUCKET, bucket);
    add("Key", OF_THE_KEY, key);
    // As https://github.com/basho/riak_cs/pull/1233 quotes AWS.
    add("Size", TOO_LONG, &key.len().to_string());
    add("MaxSizeAllowed", TOO_LONG, "1024");
    details
}

/// The details of an error that also says which method it refuses.
pub(crate) fn of_method(code: &str, mut details: ErrorDetails, method: &str) -> ErrorDetails {
    if code == "MethodNotAllowed" {
        details.0.insert(0, ("Method", method.to_owned()));
    }
    details
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_what_its_code_is_about() {
        let error = crate::s3::error(400, "InvalidArgument", "no").with_detail("ArgumentName", "a");
        let error = error.with_detail("ArgumentValue", "b");
        let details = vec![("ArgumentName", "a".to_owned()), ("ArgumentValue", "b".to_owned())];
        assert_eq!(of(&error), ErrorDetails(details.clone()));
        assert_eq!(complete("InvalidArgument", of(&error), "b", "k"), ErrorDetails(details));
        for (code, expected) in [
            ("NoSuchBucket", vec![("BucketName", "b".to_owned())]),
            ("NoSuchKey", vec![("Key", "k".to_owned())]),
            ("AccessDenied", vec![]),
        ] {
            assert_eq!(complete(code, ErrorDetails::default(), "b", "k"), ErrorDetails(expected));
        }
        let long = complete("KeyTooLongError", ErrorDetails::default(), "b", &"k".repeat(1029));
        assert_eq!(long.0, [("Size", "1029".into()), ("MaxSizeAllowed", "1024".into())]);
        let other = crate::s3::error(404, "NoSuchBucket", "no").with_detail("BucketName", "other");
        assert_eq!(
            complete("NoSuchBucket", of(&other), "b", "k").0,
            [("BucketName", "other".into())]
        );
    }
}
