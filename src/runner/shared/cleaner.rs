//! Removes what a row has made, each thing by its version or upload id and never by a prefix.

use std::sync::Arc;

use gainsay_model::{Role, Service};

use super::{
    Keeper,
    journal::{Is, Thing},
};
use crate::{
    attempt::Answer,
    cloud::Clients,
    outcome::{Outcome, classify},
    verdict::came_back,
};

/// Why nobody can remove things, or look at them.
#[derive(Clone, Debug, thiserror::Error)]
pub(in crate::runner) enum NoClients {
    /// The cleanup role has no session.
    #[error("the role `{0}` has no session: {1}")]
    Role(String, String),
    /// The caller has no credentials.
    #[error("{0}")]
    Caller(String),
}

/// Whoever removes things, and what could not be removed.
#[derive(Debug)]
pub(in crate::runner) struct Cleaner {
    keeper: Arc<Keeper>,
    /// The role that does it; without one, the caller.
    role: Option<Arc<Role>>,
    pub left: Vec<String>,
    pub calls: u64,
}

impl Cleaner {
    pub(in crate::runner) fn new(keeper: &Arc<Keeper>, role: Option<Arc<Role>>) -> Self {
        Self { keeper: keeper.clone(), role, left: Vec::new(), calls: 0 }
    }

    /// Removes things.
    pub(in crate::runner) async fn remove(&mut self, things: Vec<Thing>) {
        if things.is_empty() {
            return;
        }
        let clients = self.clients().await;
        for thing in things {
            let removed = match &clients {
                Ok(clients) => self.one(clients, &thing).await,
                Err(problem) => Err(problem.to_string()),
            };
            if let Err(problem) = removed {
                self.left.push(format!("{}: {problem}", shown(&thing)));
            }
        }
    }

    /// Clients of whoever removes things.
    pub(super) async fn clients(&self) -> Result<Clients, NoClients> {
        let credentials = if let Some(role) = &self.role {
            let session = self.keeper.session(role).await;
            session.map_err(|why| NoClients::Role(role.name.clone(), why))?.credentials
        } else {
            let chain = &self.keeper.ground().caller.chain;
            chain.credentials().await.map_err(NoClients::Caller)?
        };
        Ok(self.keeper.ground().target.fork().clients(Some(&credentials), false))
    }

    async fn one(&mut self, clients: &Clients, thing: &Thing) -> Result<(), String> {
        match &thing.is {
            Is::Version(version) => self.version(clients, thing, version).await,
            Is::Upload(upload) => self.upload(clients, thing, upload).await,
            Is::Unknown => self.whatever(clients, thing).await,
        }
    }

    async fn version(
        &mut self,
        clients: &Clients,
        thing: &Thing,
        version: &str,
    ) -> Result<(), String> {
        self.calls += 1;
        let request =
            clients.s3.delete_object().bucket(&thing.bucket).key(&thing.key).version_id(version);
        let answer = request.set_expected_bucket_owner(thing.owner.clone()).send().await;
        answer.map_or_else(|error| gone(&Answer::from_error(&error)), |_| Ok(()))
    }

    async fn upload(
        &mut self,
        clients: &Clients,
        thing: &Thing,
        upload: &str,
    ) -> Result<(), String> {
        self.calls += 1;
        let request = clients
            .s3
            .abort_multipart_upload()
            .bucket(&thing.bucket)
            .key(&thing.key)
            .upload_id(upload);
        let answer = request.set_expected_bucket_owner(thing.owner.clone()).send().await;
        answer.map_or_else(|error| gone(&Answer::from_error(&error)), |_| Ok(()))
    }

    /// The key holds the run's id, so every version and upload under this very key is the run's.
    async fn whatever(&mut self, clients: &Clients, thing: &Thing) -> Result<(), String> {
        self.calls += 2;
        let owner = thing.owner.clone();
        let versions = clients.s3.list_object_versions().bucket(&thing.bucket).prefix(&thing.key);
        let versions = versions.set_expected_bucket_owner(owner.clone()).send().await;
        let versions = versions.map_err(|error| came_back(&Answer::from_error(&error)))?;
        let uploads = clients.s3.list_multipart_uploads().bucket(&thing.bucket).prefix(&thing.key);
        let uploads = uploads.set_expected_bucket_owner(owner).send().await;
        let uploads = uploads.map_err(|error| came_back(&Answer::from_error(&error)))?;
        let objects =
            versions.versions().iter().map(|version| (version.key(), version.version_id()));
        let markers =
            versions.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
        for (key, version) in objects.chain(markers) {
            if let Some(version) = version.filter(|_| key == Some(thing.key.as_str())) {
                self.version(clients, thing, version).await?;
            }
        }
        for upload in
            uploads.uploads().iter().filter(|upload| upload.key() == Some(thing.key.as_str()))
        {
            if let Some(id) = upload.upload_id() {
                self.upload(clients, thing, id).await?;
            }
        }
        Ok(())
    }
}

/// What is not there need not be removed.
fn gone(answer: &Answer) -> Result<(), String> {
    match classify(Service::S3, answer) {
        Outcome::Absent => Ok(()),
        _ => Err(came_back(answer)),
    }
}

fn shown(thing: &Thing) -> String {
    let Thing { bucket, key, .. } = thing;
    match &thing.is {
        Is::Version(version) => format!("s3://{bucket}/{key} version {version}"),
        Is::Upload(upload) => format!("s3://{bucket}/{key} upload {upload}"),
        Is::Unknown => format!("s3://{bucket}/{key}, whatever was made of it"),
    }
}
