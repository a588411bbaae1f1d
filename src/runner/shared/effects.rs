//! Whether a refused change happened all the same: what is under its key, read before and after it
//! by whoever removes what a run makes. A key of a run is nobody else's, so a difference is the
//! attempt's.

use std::collections::BTreeSet;

use super::{
    Cleaner,
    cleaner::NoClients,
    journal::{Is, Thing},
};
use crate::{
    attempt::{Answer, Call, Effect, On, Op, Param},
    cloud::Clients,
    verdict::came_back,
};

/// What is under a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::runner) struct State {
    /// Versions and delete markers.
    versions: BTreeSet<Version>,
    /// Ids of the uploads that are not completed.
    uploads: BTreeSet<String>,
    /// What else the attempt would have changed of the current version, as the target tells it.
    more: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    id: String,
    is_marker: bool,
    is_current: bool,
    tag: Option<String>,
    /// In seconds since 1970: an overwrite without versions may leave all else as it was.
    modified: Option<i64>,
}

/// What became of a refused change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runner) enum Effects {
    /// It is not one that is looked for here: a read, or a sandbox, which tells what it decided.
    NotLookedFor,
    /// Everything is as it was.
    None,
    /// It happened, and what there is now.
    Happened(String),
    /// It could not be seen, and why.
    Unknown(String),
}

/// Why the state of a key is not known.
#[derive(Clone, Debug, thiserror::Error)]
pub(in crate::runner) enum LookError {
    /// There are no credentials to look with.
    #[error("nobody can look at its key: {0}")]
    NoClients(#[from] NoClients),
    /// The target did not say.
    #[error("its key could not be looked at with {operation}: {came_back}")]
    NotRead { operation: &'static str, came_back: String },
    /// It began to say.
    #[error("{0} did not tell all that is under its key")]
    Truncated(&'static str),
}

/// Whether what a call would change is looked for.
pub(in crate::runner) fn is_looked_for(call: &Call) -> bool {
    match call.operation.effect {
        Effect::Reads | Effect::Configures => false,
        Effect::Writes | Effect::Consumes => {
            call.operation.on == On::Object && call.get(Param::Key).is_some()
        }
    }
}

impl Effects {
    /// What became of a refused call, from what was under its key before and after it.
    pub(in crate::runner) fn between(
        before: Result<State, LookError>,
        after: Result<State, LookError>,
    ) -> Self {
        match (before, after) {
            (Ok(before), Ok(after)) if before == after => Self::None,
            (Ok(before), Ok(after)) => Self::Happened(before.changes(&after)),
            (Err(error), _) | (_, Err(error)) => Self::Unknown(error.to_string()),
        }
    }
}

impl State {
    /// In a few words, what is there now and was not, and the other way round.
    fn changes(&self, now: &Self) -> String {
        let word = |version: &Version| {
            let what = if version.is_marker { "delete marker" } else { "version" };
            format!("{what} `{}`", version.id)
        };
        let mut words = Vec::new();
        let ids = |state: &Self| -> BTreeSet<String> { state.versions.iter().map(word).collect() };
        let (was, is) = (ids(self), ids(now));
        words.extend(is.difference(&was).map(|what| format!("a new {what}")));
        words.extend(was.difference(&is).map(|what| format!("no {what} any more")));
        let uploads = now.uploads.difference(&self.uploads);
        words.extend(uploads.map(|id| format!("a new upload `{id}`")));
        let ended = self.uploads.difference(&now.uploads);
        words.extend(ended.map(|id| format!("no upload `{id}` any more")));
        if words.is_empty() && self.more == now.more {
            words.push("another content under the same version".to_owned());
        } else if words.is_empty() {
            words.push("another setting of the object".to_owned());
        }
        words.join(", ")
    }

    /// What is there now and was not, to be removed.
    pub(in crate::runner) fn made_since(&self, before: &Self, call: &Call) -> Vec<Thing> {
        let known: BTreeSet<(&str, Option<i64>)> =
            before.versions.iter().map(Version::key).collect();
        let versions = self.versions.iter().filter(|version| !known.contains(&version.key()));
        let versions = versions.map(|version| Is::Version(version.id.clone()));
        let uploads = self.uploads.difference(&before.uploads).cloned().map(Is::Upload);
        let thing = |is| {
            Some(Thing {
                bucket: call.get(Param::Bucket)?,
                owner: call.bucket_owner.clone(),
                key: call.get(Param::Key)?,
                is,
            })
        };
        versions.chain(uploads).filter_map(thing).collect()
    }
}

impl Version {
    fn key(&self) -> (&str, Option<i64>) {
        (&self.id, self.modified)
    }
}

impl Cleaner {
    /// What is under the key of a call.
    pub(in crate::runner) async fn look(&mut self, call: &Call) -> Result<State, LookError> {
        let clients = self.clients().await?;
        let (bucket, key) = (call.get(Param::Bucket), call.get(Param::Key));
        let place = Place {
            clients: &clients,
            bucket: bucket.unwrap_or_default(),
            owner: call.bucket_owner.clone(),
            key: key.unwrap_or_default(),
        };
        self.calls += 1;
        let mut state = State { versions: place.versions().await?, ..State::default() };
        if OF_UPLOADS.contains(&call.operation.op) {
            self.calls += 1;
            state.uploads = place.uploads().await?;
        }
        let has_more =
            state.versions.iter().any(|version| version.is_current && !version.is_marker);
        if has_more && let Some((_, more)) = MORE.iter().find(|(op, _)| *op == call.operation.op) {
            self.calls += 1;
            state.more = Some(place.more(*more).await?);
        }
        Ok(state)
    }
}

/// The operations that make, fill or end an upload.
const OF_UPLOADS: &[Op] = &[
    Op::CreateMultipartUpload,
    Op::UploadPart,
    Op::UploadPartCopy,
    Op::CompleteMultipartUpload,
    Op::AbortMultipartUpload,
];

/// What an operation changes of an object without making a version.
#[derive(Clone, Copy, Debug)]
enum More {
    Tags,
    Acl,
    Encryption,
    Annotations,
}

/// By operation; the others make versions or uploads.
const MORE: &[(Op, More)] = &[
    (Op::PutObjectTagging, More::Tags),
    (Op::DeleteObjectTagging, More::Tags),
    (Op::PutObjectAcl, More::Acl),
    (Op::UpdateObjectEncryption, More::Encryption),
    (Op::PutObjectAnnotation, More::Annotations),
    (Op::DeleteObjectAnnotation, More::Annotations),
];

/// A key, and who looks at it.
struct Place<'a> {
    clients: &'a Clients,
    bucket: String,
    owner: Option<String>,
    key: String,
}

impl Place<'_> {
    async fn versions(&self) -> Result<BTreeSet<Version>, LookError> {
        const NAME: &str = "s3:ListObjectVersions";
        let list = self.clients.s3.list_object_versions().bucket(&self.bucket).prefix(&self.key);
        let answer = list.set_expected_bucket_owner(self.owner.clone()).send().await;
        let found = answer.map_err(|error| not_read(NAME, &Answer::from_error(&error)))?;
        if found.is_truncated() == Some(true) {
            return Err(LookError::Truncated(NAME));
        }
        let objects = found.versions().iter().filter(|found| found.key() == Some(&self.key));
        let objects = objects.map(|found| Version {
            id: found.version_id().unwrap_or("null").to_owned(),
            is_marker: false,
            is_current: found.is_latest() == Some(true),
            tag: found.e_tag().map(str::to_owned),
            modified: found.last_modified().map(aws_smithy_types::DateTime::secs),
        });
        let markers = found.delete_markers().iter().filter(|found| found.key() == Some(&self.key));
        let markers = markers.map(|found| Version {
            id: found.version_id().unwrap_or("null").to_owned(),
            is_marker: true,
            is_current: found.is_latest() == Some(true),
            tag: None,
            modified: found.last_modified().map(aws_smithy_types::DateTime::secs),
        });
        Ok(objects.chain(markers).collect())
    }

    async fn uploads(&self) -> Result<BTreeSet<String>, LookError> {
        const NAME: &str = "s3:ListMultipartUploads";
        let list = self.clients.s3.list_multipart_uploads().bucket(&self.bucket).prefix(&self.key);
        let answer = list.set_expected_bucket_owner(self.owner.clone()).send().await;
        let found = answer.map_err(|error| not_read(NAME, &Answer::from_error(&error)))?;
        if found.is_truncated() == Some(true) {
            return Err(LookError::Truncated(NAME));
        }
        let uploads = found.uploads().iter().filter(|found| found.key() == Some(&self.key));
        Ok(uploads.filter_map(|found| found.upload_id().map(str::to_owned)).collect())
    }

    /// As the target tells it: only whether it stays the same is of interest.
    async fn more(&self, more: More) -> Result<String, LookError> {
        let (s3, owner) = (&self.clients.s3, self.owner.clone());
        match more {
            More::Tags => {
                let get = s3.get_object_tagging().bucket(&self.bucket).key(&self.key);
                let answer = get.set_expected_bucket_owner(owner).send().await;
                let found = answer.map_err(|error| {
                    not_read("s3:GetObjectTagging", &Answer::from_error(&error))
                })?;
                Ok(format!("{:?}", found.tag_set()))
            }
            More::Acl => {
                let get = s3.get_object_acl().bucket(&self.bucket).key(&self.key);
                let answer = get.set_expected_bucket_owner(owner).send().await;
                let found = answer
                    .map_err(|error| not_read("s3:GetObjectAcl", &Answer::from_error(&error)))?;
                Ok(format!("{:?}", found.grants()))
            }
            More::Encryption => {
                let head = s3.head_object().bucket(&self.bucket).key(&self.key);
                let answer = head.set_expected_bucket_owner(owner).send().await;
                let found = answer
                    .map_err(|error| not_read("s3:HeadObject", &Answer::from_error(&error)))?;
                let key = (found.ssekms_key_id(), found.bucket_key_enabled());
                Ok(format!("{:?} {key:?}", found.server_side_encryption()))
            }
            More::Annotations => {
                let list = s3.list_object_annotations().bucket(&self.bucket).key(&self.key);
                let answer = list.set_expected_bucket_owner(owner).send().await;
                let found = answer.map_err(|error| {
                    not_read("s3:ListObjectAnnotations", &Answer::from_error(&error))
                })?;
                Ok(format!("{:?}", found.annotations()))
            }
        }
    }
}

fn not_read(operation: &'static str, answer: &Answer) -> LookError {
    LookError::NotRead { operation, came_back: came_back(answer) }
}
