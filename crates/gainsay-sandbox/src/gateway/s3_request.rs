//! What a request of S3 is, by the guard table.

use http::request::Parts;

use crate::{
    guard::{self, Level},
    s3,
    signature::query_pairs,
    state::World,
};

/// A request of S3 that the sandbox models.
pub(super) struct S3Request {
    pub operation: &'static str,
    pub method: http::Method,
    pub bucket: String,
    pub key: String,
    /// Decoded, in the order it was sent.
    pub query: Vec<(String, String)>,
}

/// Why a request of S3 is not one that the sandbox models.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnmodelledRequest {
    /// The query is not percent-encoded UTF-8.
    #[error("the query cannot be decoded")]
    Query,
    /// The object's key is not percent-encoded UTF-8.
    #[error("the key cannot be decoded")]
    Key,
    /// Not exactly one row of the guard table accounts for it.
    #[error(transparent)]
    Guard(#[from] guard::Unmodelled),
    /// It goes to an access point, which does not take the operation.
    #[error("{0}")]
    AccessPoint(String),
}

impl S3Request {
    /// Identifies a request; `virtual_bucket` is the bucket that its host names.
    pub(super) fn identify(
        parts: &Parts,
        virtual_bucket: Option<&str>,
    ) -> Result<Self, UnmodelledRequest> {
        let path = parts.uri.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        let (bucket, key) = match virtual_bucket {
            Some(bucket) => (bucket, path),
            None => path.split_once('/').unwrap_or((path, "")),
        };
        let level = match (virtual_bucket.is_some() || !path.is_empty(), key.is_empty()) {
            (false, _) => Level::Service,
            (true, true) => Level::Bucket,
            (true, false) => Level::Object,
        };
        let query =
            query_pairs(parts.uri.query().unwrap_or_default()).ok_or(UnmodelledRequest::Query)?;
        // Of a URL that is signed, what S3 passes over says nothing of the operation.
        let signed = query.iter().any(|(key, _)| key == "X-Amz-Signature");
        let query: Vec<(String, String)> = query
            .into_iter()
            .filter(|(key, value)| !(signed && guard::is_passed_over(key, value)))
            .collect();
        let row = guard::identify(&parts.method, level, &query, &parts.headers)?;
        let key = percent_encoding::percent_decode_str(key).decode_utf8();
        Ok(Self {
            operation: row.operation,
            method: parts.method.clone(),
            bucket: bucket.to_owned(),
            key: key.map_err(|_| UnmodelledRequest::Key)?.into_owned(),
            query,
        })
    }

    /// The request, if what is named like its bucket takes its operation.
    pub(super) fn check_access_point(self, world: &World) -> Result<Self, UnmodelledRequest> {
        match s3::access_point::refusal(world, &self.bucket, self.operation) {
            Some(unmodelled) => Err(UnmodelledRequest::AccessPoint(unmodelled)),
            None => Ok(self),
        }
    }
}
