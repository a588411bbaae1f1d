//! Multipart uploads that are finished, so that a completion which is sent again has its answer: a
//! client whose first answer was lost sends it once more, and is told the same (200, as ceph's
//! s3-tests expect it).

use s3s::{
    S3Result,
    dto::{CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, ETag},
};

use super::{
    OpenBucket,
    checksum::Sum,
    members::{set_checksums, set_encryption},
    not_modelled,
};
use crate::state::{Encryption, World};

/// An upload that is finished.
#[derive(Clone, Debug)]
pub(crate) struct FinishedUpload {
    pub key: String,
    /// The parts that it was completed with.
    pub parts: Vec<(i32, String)>,
    pub etag: String,
    pub version_id: Option<String>,
    pub encryption: Encryption,
    pub checksum: Option<Sum>,
}

/// The parts that a list names.
pub(super) fn named(parts: &[CompletedPart]) -> Vec<(i32, String)> {
    let named = parts.iter().map(|part| {
        let etag = part.e_tag.as_ref().map(ETag::value).unwrap_or_default();
        (part.part_number.unwrap_or_default(), etag.to_owned())
    });
    named.collect()
}

/// The upload that a completion is of, where it is finished, of the same parts and its object still
/// there. Other completions of it are not modelled.
pub(super) fn find<'a>(
    bucket: &'a OpenBucket,
    input: &CompleteMultipartUploadInput,
    parts: &[CompletedPart],
) -> S3Result<Option<&'a FinishedUpload>> {
    let found = bucket.state.finished_uploads.get(&input.upload_id);
    let Some(finished) = found.filter(|finished| finished.key == input.key) else {
        return Ok(None);
    };
    let current = bucket.state.current(&finished.key);
    let content = current.and_then(|version| version.content.as_ref());
    let as_it_was = content.is_some_and(|content| content.etag == finished.etag);
    if input.if_match.is_some()
        || input.if_none_match.is_some()
        || !as_it_was
        || finished.parts != named(parts)
    {
        return Err(not_modelled("another completion of a finished upload"));
    }
    Ok(Some(finished))
}

impl FinishedUpload {
    /// What a completion answers.
    pub(super) fn output(&self, world: &World, bucket: &str) -> CompleteMultipartUploadOutput {
        let mut output = CompleteMultipartUploadOutput {
            location: Some(format!(
                "https://{bucket}.s3.{}.amazonaws.com/{}",
                world.region, self.key
            )),
            bucket: Some(bucket.to_owned()),
            key: Some(self.key.clone()),
            e_tag: Some(ETag::Strong(self.etag.clone())),
            version_id: self.version_id.clone(),
            checksum_type: self.checksum.as_ref().map(Sum::kind),
            ..CompleteMultipartUploadOutput::default()
        };
        set_encryption!(output, &self.encryption);
        set_checksums!(output, self.checksum.as_ref());
        output
    }
}
