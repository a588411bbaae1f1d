//! What a row has made on a shared target, from its calls and their answers. Pure.

use gainsay_model::Versioning;

use crate::attempt::{Answer, Call, Field, Leaves, Output, Param, Request};

/// Something of a row's making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runner) struct Thing {
    pub bucket: String,
    pub owner: Option<String>,
    pub key: String,
    pub is: Is,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runner) enum Is {
    /// A version of an object, or a delete marker.
    Version(String),
    /// A multipart upload.
    Upload(String),
    /// No answer said: whatever there is now under this very key.
    Unknown,
}

/// Everything a row has made, in order.
#[derive(Clone, Debug, Default)]
pub(in crate::runner) struct Journal(Vec<Thing>);

impl Journal {
    /// How much was made so far.
    pub(in crate::runner) fn mark(&self) -> usize {
        self.0.len()
    }

    /// Takes out everything, newest first.
    pub(in crate::runner) fn all(&mut self) -> Vec<Thing> {
        let mut things = std::mem::take(&mut self.0);
        things.reverse();
        things
    }

    /// Takes out what was made since a mark and can be removed without anything else under its key,
    /// newest first. What replaced an object in a bucket without versions stays until the end:
    /// removing it would not bring the other back.
    pub(in crate::runner) fn since(&mut self, mark: usize) -> Vec<Thing> {
        let later = self.0.split_off(mark.min(self.0.len()));
        let is_apart = |thing: &Thing| match &thing.is {
            Is::Version(version) => version != "null",
            Is::Upload(_) => true,
            Is::Unknown => false,
        };
        let (mut apart, stay): (Vec<Thing>, Vec<Thing>) = later.into_iter().partition(is_apart);
        self.0.extend(stay);
        apart.reverse();
        apart
    }

    /// Notes what was found to be made, whatever the call that made it was answered.
    pub(in crate::runner) fn found(&mut self, things: Vec<Thing>) {
        self.0.extend(things);
    }

    /// Notes what a call has made or taken away. What is in doubt is noted, too.
    pub(in crate::runner) fn note(&mut self, request: &Request, call: &Call, answer: &Answer) {
        let makes = match call.operation.leaves {
            Leaves::Version | Leaves::CompletedUpload | Leaves::Upload | Leaves::DeleteMarker => {
                true
            }
            // These go with the version or the upload that they belong to, or cannot be undone.
            Leaves::Nothing
            | Leaves::Part
            | Leaves::AbortedUpload
            | Leaves::ObjectSetting(_)
            | Leaves::KmsKey
            | Leaves::Lasting => false,
        };
        let (true, Some(bucket), Some(key)) =
            (makes, call.get(Param::Bucket), call.get(Param::Key))
        else {
            return;
        };
        let versioned = request.bucket().is_some_and(|bucket| bucket.versioning != Versioning::Off);
        let is = match answer {
            Answer::Success { output, .. } => made(call, output, versioned),
            // It may have been done, and the answer lost.
            Answer::Unreachable { .. } | Answer::Malformed { .. } => Some(Is::Unknown),
            Answer::Refused(refused) if refused.status >= 500 => Some(Is::Unknown),
            Answer::Refused(_) | Answer::NotSent { .. } => None,
        };
        if let Some(is) = is {
            self.0.push(Thing { bucket, owner: call.bucket_owner.clone(), key, is });
        }
    }
}

fn made(call: &Call, output: &Output, versioned: bool) -> Option<Is> {
    let field = |field| output.get(&field).and_then(|values| values.first()).cloned();
    match call.operation.leaves {
        Leaves::Upload => Some(field(Field::UploadId).map_or(Is::Unknown, Is::Upload)),
        // A version that was named is gone for good; it was noted when it was made, and removing it
        // again finds nothing.
        Leaves::DeleteMarker if call.get(Param::Version).is_some() || !versioned => None,
        Leaves::Version | Leaves::CompletedUpload | Leaves::DeleteMarker => {
            match field(Field::Version) {
                Some(version) => Some(Is::Version(version)),
                None if versioned => Some(Is::Unknown),
                // Where no versions were ever kept, the object's is called so.
                None => Some(Is::Version("null".to_owned())),
            }
        }
        Leaves::Nothing
        | Leaves::Part
        | Leaves::AbortedUpload
        | Leaves::ObjectSetting(_)
        | Leaves::KmsKey
        | Leaves::Lasting => None,
    }
}
