//! What the success of an operation leaves on a target that is not restored, and how far that can
//! be undone there.

use gainsay_model::Versioning;

/// What a success leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// Nothing: it reads.
    Nothing,
    /// A version under the object's key; it is undone by deleting this version.
    Version,
    /// A delete marker where the bucket keeps versions, undone by deleting the marker. Without
    /// versions the object is gone; and a version that was named is gone anywhere.
    DeleteMarker,
    /// An upload that is not completed; it is undone by aborting this upload.
    Upload,
    /// A part, which goes with its upload.
    Part,
    /// A version, in place of the upload it was put together from; the version can be deleted, the
    /// upload is gone.
    CompletedUpload,
    /// The end of an upload, which is gone.
    AbortedUpload,
    /// A setting of the object's current version, which goes with the version.
    ObjectSetting(ObjectSetting),
    /// A KMS key, which costs something until it is deleted, after days.
    KmsKey,
    /// What lasts: a configuration, a grant, something that is gone.
    Lasting,
}

/// What an operation changes of an object without making a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectSetting {
    /// Its tags.
    Tags,
    /// Its ACL.
    Acl,
    /// What it is encrypted with.
    Encryption,
    /// Its annotations.
    Annotations,
}

/// Whether something that was left can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// It goes with the versions and uploads under the run's own key.
    WithItsKey,
    /// What was deleted cannot be brought back, since the bucket keeps no versions.
    NoVersions,
    /// It is more than objects under a key of the run.
    Impossible,
}

impl Leaves {
    /// How it is undone in a bucket of this versioning, if the key was made up for the run.
    #[must_use]
    pub fn undo(self, versioning: Option<Versioning>) -> Undo {
        match self {
            Self::Nothing
            | Self::Version
            | Self::Upload
            | Self::Part
            | Self::CompletedUpload
            | Self::AbortedUpload
            | Self::ObjectSetting(_) => Undo::WithItsKey,
            Self::DeleteMarker if versioning == Some(Versioning::Enabled) => Undo::WithItsKey,
            Self::DeleteMarker => Undo::NoVersions,
            Self::KmsKey | Self::Lasting => Undo::Impossible,
        }
    }

    /// Whether it makes, fills or ends an upload.
    #[must_use]
    pub const fn is_of_uploads(self) -> bool {
        match self {
            Self::Upload | Self::Part | Self::CompletedUpload | Self::AbortedUpload => true,
            Self::Nothing
            | Self::Version
            | Self::DeleteMarker
            | Self::ObjectSetting(_)
            | Self::KmsKey
            | Self::Lasting => false,
        }
    }

    /// Whether it is a version that holds an object.
    #[must_use]
    pub const fn is_a_version(self) -> bool {
        match self {
            Self::Version | Self::CompletedUpload => true,
            Self::Nothing
            | Self::DeleteMarker
            | Self::Upload
            | Self::Part
            | Self::AbortedUpload
            | Self::ObjectSetting(_)
            | Self::KmsKey
            | Self::Lasting => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::{Effect, OPERATIONS};

    #[test]
    fn only_what_reads_leaves_nothing() {
        for operation in OPERATIONS {
            let reads = operation.effect == Effect::Reads;
            assert_eq!(reads, operation.leaves == Leaves::Nothing, "{operation}");
        }
    }

    #[test]
    fn only_objects_and_uploads_are_undone() {
        let undone = |versioning| -> Vec<&str> {
            let changes = OPERATIONS.iter().filter(|operation| operation.effect != Effect::Reads);
            let undone = changes
                .filter(|operation| operation.leaves.undo(versioning) == Undo::WithItsKey)
                .map(|operation| operation.name);
            undone.collect()
        };
        let (deletes, others): (Vec<&str>, Vec<&str>) = undone(Some(Versioning::Enabled))
            .into_iter()
            .partition(|name| name.starts_with("s3:DeleteObject") && !name.ends_with("ing"));
        assert_eq!(
            others,
            [
                "s3:PutObject",
                "s3:CopyObject",
                "s3:CreateMultipartUpload",
                "s3:UploadPart",
                "s3:CompleteMultipartUpload",
                "s3:AbortMultipartUpload",
                "s3:PutObjectTagging",
                "s3:DeleteObjectTagging",
                "s3:PutObjectAcl",
                "s3:PostObject",
                "s3:UploadPartCopy",
                "s3:UpdateObjectEncryption",
                "s3:PutObjectAnnotation",
            ]
        );
        assert_eq!(deletes, ["s3:DeleteObject", "s3:DeleteObjects"]);
        for versioning in [None, Some(Versioning::Off), Some(Versioning::Suspended)] {
            assert_eq!(undone(versioning), others);
        }
    }
}
