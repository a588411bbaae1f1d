//! Buckets with their settings.

use aws_sdk_s3::{
    Client,
    types::{
        BlockedEncryptionTypes, BucketLocationConstraint, BucketVersioningStatus,
        CreateBucketConfiguration, EncryptionType, ObjectOwnership, OwnershipControls,
        OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
        ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
        VersioningConfiguration,
    },
};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::{metadata::ProvideErrorMetadata, operation::BuildError};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use gainsay_model::{Bucket, DefaultEncryption, Service, Setting, Versioning};
use md5::{Digest as _, Md5};

use super::{ProvisionError, Provisioner, RemoveError, Resource, failed, gone};
use crate::{attempt::Answer, cloud::SignedRequest};

impl Provisioner<'_> {
    /// A bucket and what it always has.
    pub(super) async fn bucket(
        &mut self,
        bucket: &Bucket,
        region: &str,
    ) -> Result<(), ProvisionError> {
        let what = format!("bucket `{}`", bucket.logical);
        let place = (region != "us-east-1").then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region))
                .build()
        });
        let request = self
            .clients
            .s3
            .create_bucket()
            .bucket(&bucket.name)
            .set_create_bucket_configuration(place);
        request.send().await.map_err(failed(&what))?;
        self.note(Resource::Bucket(bucket.name.clone()));
        self.ownership(bucket, &what).await?;
        self.public_access(bucket, &what).await?;
        self.versioning(bucket, &what).await?;
        self.encryption(bucket, &what).await
    }

    /// The documents of a bucket, which may name other buckets, and last its policy, which may
    /// forbid the rest.
    pub(super) async fn bucket_documents(&mut self, bucket: &Bucket) -> Result<(), ProvisionError> {
        let what = format!("bucket `{}`", bucket.logical);
        for setting in &bucket.settings {
            self.document(bucket, setting, &format!("{what}, {}", setting.kind.name)).await?;
        }
        if let Some(policy) = &bucket.policy {
            let request = self.clients.s3.put_bucket_policy().bucket(&bucket.name);
            let answer = request.policy(policy.text.as_ref()).send().await;
            self.setting(&format!("{what}, policy"), answer)?;
        }
        Ok(())
    }

    /// A configuration document as it is written, which no client takes.
    async fn document(
        &mut self,
        bucket: &Bucket,
        setting: &Setting,
        what: &str,
    ) -> Result<(), ProvisionError> {
        let id = if setting.id.is_empty() { String::new() } else { format!("&id={}", setting.id) };
        let ask = SignedRequest {
            method: "PUT",
            path: format!("/{}?{}{id}", bucket.name, setting.kind.query),
            headers: vec![("content-md5", STANDARD.encode(Md5::digest(setting.text.as_bytes())))],
            body: setting.text.to_string(),
            ..SignedRequest::default()
        };
        let answer = match self.clients.ask(Service::S3, &ask).await {
            Ok(response) if response.is_success() => return Ok(()),
            Ok(response) => response.as_answer(Service::S3),
            Err(answer) => answer,
        };
        self.refused(what, answer)
    }

    async fn ownership(&mut self, bucket: &Bucket, what: &str) -> Result<(), ProvisionError> {
        let rule = OwnershipControlsRule::builder()
            .object_ownership(ObjectOwnership::from(bucket.ownership.as_str()));
        let rules = rule.build().and_then(|rule| OwnershipControls::builder().rules(rule).build());
        let rules = rules.map_err(not_built(what))?;
        let request = self.clients.s3.put_bucket_ownership_controls().bucket(&bucket.name);
        let answer = request.ownership_controls(rules).send().await;
        self.setting(&format!("{what}, object ownership"), answer)
    }

    async fn public_access(&mut self, bucket: &Bucket, what: &str) -> Result<(), ProvisionError> {
        let four = PublicAccessBlockConfiguration::builder()
            .block_public_acls(bucket.public_access.block_public_acls)
            .ignore_public_acls(bucket.public_access.ignore_public_acls)
            .block_public_policy(bucket.public_access.block_public_policy)
            .restrict_public_buckets(bucket.public_access.restrict_public_buckets)
            .build();
        let request = self.clients.s3.put_public_access_block().bucket(&bucket.name);
        let answer = request.public_access_block_configuration(four).send().await;
        self.setting(&format!("{what}, block public access"), answer)
    }

    async fn versioning(&mut self, bucket: &Bucket, what: &str) -> Result<(), ProvisionError> {
        let status = match bucket.versioning {
            Versioning::Off => return Ok(()),
            Versioning::Enabled => BucketVersioningStatus::Enabled,
            Versioning::Suspended => BucketVersioningStatus::Suspended,
        };
        let request = self.clients.s3.put_bucket_versioning().bucket(&bucket.name);
        let configuration = VersioningConfiguration::builder().status(status).build();
        let answer = request.versioning_configuration(configuration).send().await;
        self.setting(&format!("{what}, versioning"), answer)
    }

    async fn encryption(&mut self, bucket: &Bucket, what: &str) -> Result<(), ProvisionError> {
        let default = match &bucket.encryption {
            DefaultEncryption::S3 => {
                ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256)
            }
            DefaultEncryption::Kms { key, dual_layer, .. } => {
                ServerSideEncryptionByDefault::builder()
                    .sse_algorithm(if *dual_layer {
                        ServerSideEncryption::AwsKmsDsse
                    } else {
                        ServerSideEncryption::AwsKms
                    })
                    .set_kms_master_key_id(key.as_ref().map(|key| key.arn.clone()))
            }
        };
        let bucket_key =
            matches!(&bucket.encryption, DefaultEncryption::Kms { bucket_key: true, .. });
        let blocked =
            if bucket.blocks_customer_keys { EncryptionType::SseC } else { EncryptionType::None };
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(default.build().map_err(not_built(what))?)
            .bucket_key_enabled(bucket_key)
            .blocked_encryption_types(
                BlockedEncryptionTypes::builder().encryption_type(blocked).build(),
            )
            .build();
        let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build();
        let configuration = configuration.map_err(not_built(what))?;
        let request = self.clients.s3.put_bucket_encryption().bucket(&bucket.name);
        let answer = request.server_side_encryption_configuration(configuration).send().await;
        self.setting(&format!("{what}, encryption"), answer)
    }
}

/// The error of a setting that the client cannot express.
fn not_built(what: &str) -> impl Fn(BuildError) -> ProvisionError + '_ {
    move |source| ProvisionError::Build { what: what.to_owned(), source }
}

/// The error of a call that was to list what is in a bucket.
fn not_listed<E>(what: &'static str) -> impl Fn(SdkError<E, HttpResponse>) -> RemoveError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    move |error| RemoveError::NotListed { what, answer: Box::new(Answer::from_error(&error)) }
}

/// Removes a bucket that was made for the run, so everything in it was, too.
pub(super) async fn remove(s3: &Client, bucket: &str) -> Result<(), RemoveError> {
    // The policy may forbid what follows; where there is none, that is as well.
    _ = s3.delete_bucket_policy().bucket(bucket).send().await;
    let first = s3.delete_bucket().bucket(bucket).send().await;
    let Err(error) = first else { return Ok(()) };
    let answer = Answer::from_error(&error);
    match answer.status() {
        Some(404) => Ok(()),
        Some(409) => {
            empty(s3, bucket).await?;
            gone(s3.delete_bucket().bucket(bucket).send().await)
        }
        Some(_) | None => Err(RemoveError::Answered { answer: Box::new(answer) }),
    }
}

/// Removes everything that is in a bucket.
async fn empty(s3: &Client, bucket: &str) -> Result<(), RemoveError> {
    let uploads =
        s3.list_multipart_uploads().bucket(bucket).send().await.map_err(not_listed("uploads"))?;
    for upload in uploads.uploads() {
        let request = s3.abort_multipart_upload().bucket(bucket);
        let request = request
            .set_key(upload.key().map(str::to_owned))
            .set_upload_id(upload.upload_id().map(str::to_owned));
        gone(request.send().await)?;
    }
    loop {
        let listed = s3
            .list_object_versions()
            .bucket(bucket)
            .send()
            .await
            .map_err(not_listed("versions"))?;
        let objects = listed.versions().iter().map(|version| (version.key(), version.version_id()));
        let markers =
            listed.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
        let all: Vec<_> = objects.chain(markers).collect();
        for (key, version) in &all {
            let request = s3.delete_object().bucket(bucket).set_key(key.map(str::to_owned));
            gone(request.set_version_id(version.map(str::to_owned)).send().await)?;
        }
        if listed.is_truncated() != Some(true) || all.is_empty() {
            return Ok(());
        }
    }
}
