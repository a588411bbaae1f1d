//! S3: the backend behind the wire layer. Each operation is authorized here, by the actions AWS
//! authorizes it as
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>), and
//! only then has an effect. An operation that is not written below is the wire layer's
//! `NotImplemented`.

pub(super) mod access_point;
mod account_buckets;
mod acl;
mod annotation;
mod attributes;
mod aws_chunked;
mod bucket_reads;
mod bucket_tags;
pub(super) mod checksum;
mod conditional;
mod copy;
mod customer_key;
mod delete;
mod encryption;
mod enforced_settings;
pub(super) mod error_detail;
mod finished_upload;
pub(super) mod lifecycle;
mod listing;
mod members;
mod multipart;
mod object_lock;
mod open_bucket;
pub(super) mod post;
mod put;
pub(super) mod raw_request;
mod read;
mod received_body;
mod restore;
mod setting_rules;
mod stored_settings;
pub(super) mod system_header;
mod tagging;
mod update_encryption;
mod upload_parts;
mod versions;
mod write;
mod xml;

pub(super) use self::{
    acl::AccessList, checksum::Sum, finished_upload::FinishedUpload, stored_settings::cors_rules,
};
use self::{
    error_detail::{DetailSlot, WithDetail},
    open_bucket::{OpenBucket, open},
};

use std::sync::Arc;

use gainsay_iam::Context;
use http::StatusCode;
use s3s::{
    S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, TrailingHeaders,
    access::{S3Access, S3AccessContext},
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput,
        CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput,
        DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectTaggingInput,
        DeleteObjectTaggingOutput, DeleteObjectsInput, DeleteObjectsOutput, GetBucketAclInput,
        GetBucketAclOutput, GetBucketOwnershipControlsInput, GetBucketOwnershipControlsOutput,
        GetBucketPolicyInput, GetBucketPolicyOutput, GetBucketPolicyStatusInput,
        GetBucketPolicyStatusOutput, GetBucketVersioningInput, GetBucketVersioningOutput,
        GetObjectAclInput, GetObjectAclOutput, GetObjectAttributesInput, GetObjectAttributesOutput,
        GetObjectInput, GetObjectOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
        GetPublicAccessBlockInput, GetPublicAccessBlockOutput, HeadObjectInput, HeadObjectOutput,
        ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectVersionsInput,
        ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
        ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput, PutObjectOutput,
        PutObjectTaggingInput, PutObjectTaggingOutput, RestoreObjectInput, RestoreObjectOutput,
        UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
    },
};

use super::{
    Core,
    authorize::{Refusal, Scope},
    state::World,
};

/// The backend of one sandbox.
pub(super) struct Backend {
    core: Arc<Core>,
}

/// Marks a response whose operation has only begun, since it takes its time (202).
#[derive(Clone)]
pub(super) struct Accepted;

/// Lets a request through to the backend only if it has a scope, that is, if it came through the
/// sandbox's front.
pub(super) struct ScopeRequired;

#[async_trait::async_trait]
impl S3Access for ScopeRequired {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        match cx.extensions_mut().get::<Arc<Scope>>() {
            Some(_) => Ok(()),
            None => Err(error(403, "AccessDenied", "Access Denied")),
        }
    }
}

impl Backend {
    /// The backend of the sandbox that has this core.
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Runs an operation on the world, which is locked until it is done.
    fn run<I, O>(
        &self,
        request: S3Request<I>,
        operation: impl FnOnce(&mut World, &Scope, I) -> S3Result<O>,
    ) -> S3Result<S3Response<O>> {
        let scope = request.extensions.get::<Arc<Scope>>().cloned();
        let scope = scope.ok_or_else(|| error(403, "AccessDenied", "Access Denied"))?;
        let slot = request.extensions.get::<DetailSlot>().cloned().unwrap_or_default();
        operation(&mut self.core.world(), &scope, request.input).map(S3Response::new).map_err(
            |mut error| {
                slot.put(&error);
                error.set_request_id(scope.request_id.clone());
                error
            },
        )
    }
}

/// Passes operations on to the functions that do them. For uploads the whole body is read first:
/// the world is not locked while bytes arrive.
macro_rules! operations {
    (
        uploads {
            $($upload:ident($upload_input:ident) -> $upload_output:ident = $store:path;)+
        }
        accepted {
            $($accepted:ident($accepted_input:ident) -> $accepted_output:ident = $begin:path;)+
        }
        by_headers {
            $($heading:ident($heading_input:ident) -> $heading_output:ident = $headings:path;)+
        }
        with_headers {
            $($headed:ident($headed_input:ident) -> $headed_output:ident = $head:path;)+
        }
        others {
            $($name:ident($input:ident) -> $output:ident = $run:path;)+
        }
    ) => {
        #[async_trait::async_trait]
        impl S3 for Backend {
            $(async fn $upload(
                &self,
                mut request: S3Request<$upload_input>,
            ) -> S3Result<S3Response<$upload_output>> {
                let body = request.input.body.take();
                let mut body = received_body::receive(body, &request.headers).await?;
                let trailers = request.trailing_headers.as_ref().and_then(TrailingHeaders::take);
                if let Some(trailers) = trailers {
                    body.trailers = trailers;
                }
                body.check_trailers(&request.headers)?;
                self.run(request, |world, scope, input| $store(world, scope, input, &body))
            })+
            $(async fn $accepted(
                &self,
                request: S3Request<$accepted_input>,
            ) -> S3Result<S3Response<$accepted_output>> {
                let mut response = self.run(request, $begin)?;
                // The wire layer passes over a status of ours, and hands this on.
                response.extensions.insert(Accepted);
                Ok(response)
            })+
            $(async fn $heading(
                &self,
                request: S3Request<$heading_input>,
            ) -> S3Result<S3Response<$heading_output>> {
                let headers = request.headers.clone();
                self.run(request, |world, scope, input| $headings(world, scope, input, &headers))
            })+
            $(async fn $headed(
                &self,
                request: S3Request<$headed_input>,
            ) -> S3Result<S3Response<$headed_output>> {
                let response = self.run(request, $head)?;
                let (output, headers) = response.output;
                Ok(S3Response::with_headers(output, headers))
            })+
            $(async fn $name(
                &self,
                request: S3Request<$input>,
            ) -> S3Result<S3Response<$output>> {
                self.run(request, $run)
            })+
        }
    };
}

operations! {
    uploads {
        put_object(PutObjectInput) -> PutObjectOutput = put::put;
        upload_part(UploadPartInput) -> UploadPartOutput = multipart::upload_part;
    }
    accepted {
        restore_object(RestoreObjectInput) -> RestoreObjectOutput = restore::restore;
    }
    by_headers {
        copy_object(CopyObjectInput) -> CopyObjectOutput = copy::copy;
    }
    with_headers {
        head_object(HeadObjectInput) -> HeadObjectOutput = read::head;
    }
    others {
        delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = account_buckets::delete;
        list_objects(ListObjectsInput) -> ListObjectsOutput = listing::objects_v1;
        get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput
            = bucket_reads::versioning;
        get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput = bucket_reads::policy;
        get_bucket_policy_status(GetBucketPolicyStatusInput) -> GetBucketPolicyStatusOutput
            = bucket_reads::policy_status;
        get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput
            = bucket_reads::public_access_block;
        get_bucket_ownership_controls(GetBucketOwnershipControlsInput)
            -> GetBucketOwnershipControlsOutput = bucket_reads::ownership;
        get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput = acl::get_bucket;
        list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = listing::objects;
        list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput
            = listing::versions;
        list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput
            = listing::uploads;
        get_object(GetObjectInput) -> GetObjectOutput = read::get;
        delete_object(DeleteObjectInput) -> DeleteObjectOutput = delete::delete;
        delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = delete::delete_many;
        get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput
            = attributes::get;
        upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput = copy::copy_part;
        create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput
            = multipart::create;
        complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput
            = multipart::complete;
        abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput
            = multipart::abort;
        list_parts(ListPartsInput) -> ListPartsOutput = upload_parts::list_parts;
        get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput = tagging::get;
        put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput = tagging::put;
        delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput
            = tagging::delete;
        get_object_acl(GetObjectAclInput) -> GetObjectAclOutput = acl::get_object;
    }
}

/// An error of S3 with its status.
pub(super) fn error(status: u16, code: &'static str, message: impl Into<String>) -> S3Error {
    let mut error = S3Error::with_message(
        S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InternalError),
        message.into(),
    );
    error
        .set_status_code(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    error
}

fn no_such_bucket() -> S3Error {
    error(404, "NoSuchBucket", "The specified bucket does not exist")
}

fn no_such_key() -> S3Error {
    error(404, "NoSuchKey", "The specified key does not exist.")
}

fn method_not_allowed() -> S3Error {
    let message = "The specified method is not allowed against this resource.";
    error(405, "MethodNotAllowed", message)
}

/// What the sandbox does not model is refused, so that it can be neither allowed nor taken for a
/// policy's refusal.
fn not_modelled(what: &str) -> S3Error {
    error(501, "NotImplemented", format!("the sandbox does not model {what}"))
}

/// Refuses the features of an input that are not modelled: each is a name and whether it is used.
fn refuse_unmodelled(features: &[(&str, bool)]) -> S3Result<()> {
    match features.iter().find(|(_, used)| *used) {
        Some((name, _)) => Err(not_modelled(name)),
        None => Ok(()),
    }
}

impl From<Refusal> for S3Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(message) => error(403, "AccessDenied", message),
            Refusal::Undecidable(message) => error(501, "NotImplemented", message),
        }
    }
}

/// The keys that every S3 request carries:
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>.
pub(super) fn context(scope: &Scope, account: &str) -> Context {
    let mut context = scope.context(account);
    context.set("s3:ResourceAccount", account);
    if scope.secure {
        context.set("s3:TlsVersion", "1.3");
    }
    if let Some(auth_type) = scope.auth_type {
        context.set("s3:authType", auth_type);
        context.set("s3:signatureversion", scope.signature_version);
    }
    match scope.signature_age {
        Some(age) => context.set("s3:signatureAge", age.to_string()),
        // No page says what it is of a form, or of Signature Version 2, which has no date.
        None if scope.auth_type == Some("POST") || scope.signature_version == "AWS" => {
            context.set_unmodelled("s3:signatureAge");
        }
        None => {}
    }
    if let Some(digest) = &scope.content_sha256 {
        context.set("s3:x-amz-content-sha256", digest.as_str());
    }
    context
}
