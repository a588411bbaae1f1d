//! SSE-C: keys that callers hold
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html>).
//! The keys are used and forgotten; what is stored is their MD5.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::{Digest as _, Md5};
use s3s::S3Result;

use super::{error, error_detail::WithDetail as _};
use crate::{
    authorize::Scope,
    kms::KeyMaterial,
    state::{Content, Encryption},
};

/// A key that came with a request.
#[derive(Clone, Debug)]
pub(super) struct CustomerKey {
    pub material: KeyMaterial,
    /// In base 64, as it came.
    pub md5: String,
}

/// The headers of SSE-C: algorithm, key and the key's MD5.
pub(super) type Headers = [Option<String>; 3];

/// Reads the headers; nothing if there are none of them.
pub(super) fn read(scope: &Scope, headers: &Headers) -> S3Result<Option<CustomerKey>> {
    if headers.iter().all(Option::is_none) {
        return Ok(None);
    }
    let invalid = |message: &'static str| {
        error(400, "InvalidArgument", message)
            .with_detail("ArgumentName", "x-amz-server-side-encryption")
    };
    let [algorithm, key, md5] = headers;
    let Some(algorithm) = algorithm else {
        return Err(invalid(concat!(
            "Requests specifying Server Side Encryption with Customer provided keys must ",
            "provide a valid encryption algorithm."
        )));
    };
    let Some(key) = key else {
        return Err(invalid(concat!(
            "Requests specifying Server Side Encryption with Customer provided keys must ",
            "provide an appropriate secret key."
        )));
    };
    let Some(md5) = md5 else {
        return Err(invalid(concat!(
            "Requests specifying Server Side Encryption with Customer provided keys must ",
            "provide the client calculated MD5 of the secret key."
        )));
    };
    if algorithm != "AES256" {
        return Err(error(
            400,
            "InvalidEncryptionAlgorithmError",
            "The Encryption request you specified is not valid. Supported value: AES256.",
        )
        .with_detail("ArgumentName", "x-amz-server-side-encryption")
        .with_detail("ArgumentValue", algorithm.as_str()));
    }
    if !scope.secure {
        return Err(error(
            400,
            "InvalidRequest",
            concat!(
                "Requests specifying Server Side Encryption with Customer provided keys must be ",
                "made over a secure connection."
            ),
        ));
    }
    let invalid_key = || invalid("The secret key was invalid for the specified algorithm.");
    let bytes = STANDARD.decode(key).map_err(|_| invalid_key())?;
    // The digest is looked at first: with keys of 24 bytes and another's digest AWS answers this
    // (https://github.com/aws/aws-sdk-go/issues/1726, https://github.com/aws/aws-cli/issues/6906).
    if STANDARD.encode(Md5::digest(&bytes)) != *md5 {
        return Err(invalid(
            "The calculated MD5 hash of the key did not match the hash that was provided.",
        ));
    }
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| invalid_key())?;
    Ok(Some(CustomerKey { material: KeyMaterial::of(bytes), md5: md5.clone() }))
}

/// The words of `GetObject` and `HeadObject` about another key than the object's (recorded by
/// LocalStack, `test_sse_c_with_versioning`, 2026-02-21).
pub(super) const WRONG_KEY: &str = concat!(
    "Requests specifying Server Side Encryption with Customer provided keys must provide the ",
    "correct secret key."
);

/// Whether the digest that a read has brought is that of the object's key, which is asked before
/// the headers are read (recorded by LocalStack, `test_object_retrieval_sse_c`).
pub(super) fn check_digest(
    content: &Content,
    [_, _, sent]: &Headers,
    message: &'static str,
) -> S3Result<()> {
    match (&content.encryption, sent) {
        (Encryption::Customer { md5 }, Some(sent)) if sent != md5 => {
            Err(error(403, "AccessDenied", message))
        }
        (Encryption::Customer { .. }, Some(_) | None)
        | (Encryption::S3 | Encryption::Kms { .. }, _) => Ok(()),
    }
}

/// Whether a read has brought the key that the object needs, once the read is authorized.
pub(super) fn check(content: &Content, key: Option<&CustomerKey>) -> S3Result<()> {
    let Encryption::Customer { md5 } = &content.encryption else {
        return match key {
            None => Ok(()),
            Some(_) => Err(error(
                400,
                "InvalidRequest",
                "The encryption parameters are not applicable to this object.",
            )),
        };
    };
    match key {
        None => Err(error(
            400,
            "InvalidRequest",
            concat!(
                "The object was stored using a form of Server Side Encryption. ",
                "The correct parameters must be provided to retrieve the object."
            ),
        )),
        Some(key) if key.md5 != *md5 => Err(error(403, "AccessDenied", "Access Denied")),
        Some(_) => Ok(()),
    }
}

/// The headers that report SSE-C: algorithm and the key's MD5.
pub(super) fn reported(encryption: &Encryption) -> (Option<String>, Option<String>) {
    match encryption {
        Encryption::Customer { md5 } => (Some("AES256".to_owned()), Some(md5.clone())),
        Encryption::S3 | Encryption::Kms { .. } => (None, None),
    }
}
