//! Members that the wire layer's inputs and outputs have in common by their names only: they share
//! no trait, so each macro reads or sets the members of whichever type it is given.

/// Reads the [`WriteHeaders`](super::write::WriteHeaders) of PutObject, `CopyObject` or
/// `CreateMultipartUpload`.
macro_rules! write_headers {
    ($input:expr) => {
        $crate::s3::write::WriteHeaders {
            acl: $crate::s3::acl::AclHeaders {
                canned: $input.acl.as_ref().map(s3s::dto::ObjectCannedACL::as_str),
                grants: [
                    ("FULL_CONTROL", $input.grant_full_control.as_ref()),
                    ("READ", $input.grant_read.as_ref()),
                    ("WRITE", None),
                    ("READ_ACP", $input.grant_read_acp.as_ref()),
                    ("WRITE_ACP", $input.grant_write_acp.as_ref()),
                ],
            },
            encryption: $crate::s3::encryption::Headers {
                algorithm: $input.server_side_encryption.clone(),
                key: $input.ssekms_key_id.clone(),
                bucket_key: $input.bucket_key_enabled,
                context: $input.ssekms_encryption_context.clone(),
                customer_key: $crate::s3::members::customer_key_headers!($input),
            },
            lock: $crate::s3::object_lock::LockHeaders {
                mode: $input.object_lock_mode.as_ref(),
                until: $input.object_lock_retain_until_date.as_ref(),
                legal_hold: $input.object_lock_legal_hold_status.as_ref(),
            },
            metadata: $input.metadata.as_ref(),
            storage_class: $input.storage_class.as_ref(),
            system: $crate::state::System {
                content_type: $input.content_type.clone().map($crate::s3::system_header::as_sent),
                cache_control: $input.cache_control.clone().map($crate::s3::system_header::as_sent),
                content_disposition: $input
                    .content_disposition
                    .clone()
                    .map($crate::s3::system_header::as_sent),
                content_encoding: $input
                    .content_encoding
                    .clone()
                    .map($crate::s3::system_header::as_sent),
                content_language: $input
                    .content_language
                    .clone()
                    .map($crate::s3::system_header::as_sent),
                expires: $input.expires.clone(),
                website_redirect: $input.website_redirect_location.clone(),
            },
            tagging: $input.tagging.as_deref(),
        }
    };
}

/// Reads the headers of SSE-C.
macro_rules! customer_key_headers {
    ($input:expr) => {
        [
            $input.sse_customer_algorithm.clone(),
            $input.sse_customer_key.clone(),
            $input.sse_customer_key_md5.clone(),
        ]
    };
}

/// Reads the headers of SSE-C for the source of a copy.
macro_rules! source_customer_key_headers {
    ($input:expr) => {
        [
            $input.copy_source_sse_customer_algorithm.clone(),
            $input.copy_source_sse_customer_key.clone(),
            $input.copy_source_sse_customer_key_md5.clone(),
        ]
    };
}

/// Reads the conditions on the source of a copy.
macro_rules! source_conditions {
    ($input:expr) => {
        $crate::s3::conditional::Conditions {
            if_match: $input.copy_source_if_match.as_ref(),
            if_none_match: $input.copy_source_if_none_match.as_ref(),
            if_modified_since: $input.copy_source_if_modified_since.as_ref(),
            if_unmodified_since: $input.copy_source_if_unmodified_since.as_ref(),
        }
    };
}

/// Reads the five checksums of an input, in the order of
/// [`ALGORITHMS`](super::checksum::ALGORITHMS).
macro_rules! sent_checksums {
    ($input:expr) => {
        [
            $input.checksum_crc32.clone(),
            $input.checksum_crc32c.clone(),
            $input.checksum_crc64nvme.clone(),
            $input.checksum_sha1.clone(),
            $input.checksum_sha256.clone(),
        ]
    };
}

/// Sets the five checksums of an output, of which one at most is there.
macro_rules! set_checksums {
    ($output:expr, $checksum:expr) => {
        [
            $output.checksum_crc32,
            $output.checksum_crc32c,
            $output.checksum_crc64nvme,
            $output.checksum_sha1,
            $output.checksum_sha256,
        ] = $crate::s3::checksum::Sum::members($checksum)
    };
}

/// Sets the members of an output that report algorithm, KMS key and bucket key.
macro_rules! set_encryption {
    ($output:expr, $encryption:expr) => {
        ($output.server_side_encryption, $output.ssekms_key_id, $output.bucket_key_enabled) =
            $crate::s3::encryption::reported($encryption)
    };
}

/// Sets the members of an output that report SSE-C.
macro_rules! set_customer_key {
    ($output:expr, $encryption:expr) => {
        ($output.sse_customer_algorithm, $output.sse_customer_key_md5) =
            $crate::s3::customer_key::reported($encryption)
    };
}

/// A time as answers show it, in whole seconds: S3 keeps no finer ones (`.000Z`, recorded by
/// LocalStack, `test_s3_list_object_versions_timestamp_precision`, 2026).
pub(super) fn shown_time(time: time::OffsetDateTime) -> s3s::dto::Timestamp {
    s3s::dto::Timestamp::from(time.replace_nanosecond(0).unwrap_or(time))
}

pub(super) use {
    customer_key_headers, sent_checksums, set_checksums, set_customer_key, set_encryption,
    source_conditions, source_customer_key_headers, write_headers,
};
