//! S3: the backend behind the wire layer. Each operation is authorized here, by the actions AWS
//! authorizes it as
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>), and
//! only then has an effect. An operation that is not written below is the wire layer's
//! `NotImplemented`.

mod access_list;
mod acl;
mod admin;
mod annotation;
mod attributes;
mod bucket;
mod buckets;
mod chunks;
mod conditional;
mod copy;
mod customer;
mod delete;
mod encryption;
mod listing;
mod lock;
mod multipart;
mod object;
mod page;
pub(super) mod post;
pub(super) mod raw;
mod read;
mod receive;
mod settings;
mod tagging;
pub(super) mod through;
mod update;

use self::through::Through;
pub(super) use self::{access_list::AccessList, receive::Sum};

use std::sync::Arc;

use gainsay_iam::{Context, Decision, Layer};
use gainsay_model::PublicAccessBlock;
use http::StatusCode;
use s3s::{
    S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, TrailingHeaders,
    access::{S3Access, S3AccessContext},
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput,
        CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
        DeleteBucketInput, DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput,
        DeleteObjectTaggingInput, DeleteObjectTaggingOutput, DeleteObjectsInput,
        DeleteObjectsOutput, GetBucketAclInput, GetBucketAclOutput, GetBucketLocationInput,
        GetBucketLocationOutput, GetBucketOwnershipControlsInput, GetBucketOwnershipControlsOutput,
        GetBucketPolicyInput, GetBucketPolicyOutput, GetBucketPolicyStatusInput,
        GetBucketPolicyStatusOutput, GetBucketVersioningInput, GetBucketVersioningOutput,
        GetObjectAclInput, GetObjectAclOutput, GetObjectAttributesInput, GetObjectAttributesOutput,
        GetObjectInput, GetObjectOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
        GetPublicAccessBlockInput, GetPublicAccessBlockOutput, HeadBucketInput, HeadBucketOutput,
        HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
        ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectVersionsInput,
        ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
        ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutBucketAclInput,
        PutBucketAclOutput, PutObjectAclInput, PutObjectAclOutput, PutObjectInput, PutObjectOutput,
        PutObjectTaggingInput, PutObjectTaggingOutput, RestoreObjectInput, RestoreObjectOutput,
        UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
    },
};

use super::{
    Core,
    authorize::{Permit, Question, Refusal, Scope},
    state::{Bucket, World},
};

/// The backend of one sandbox.
pub(super) struct Backend {
    core: Arc<Core>,
}

/// Told of an answer: it has begun what was asked, which takes its time (202).
#[derive(Clone)]
pub(super) struct Accepted;

/// Lets a request through to the backend only if it has a scope, that is, if it came through the
/// sandbox's front.
pub(super) struct Pass;

#[async_trait::async_trait]
impl S3Access for Pass {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        match cx.extensions_mut().get::<Arc<Scope>>() {
            Some(_) => Ok(()),
            None => Err(error(403, "AccessDenied", "Access Denied")),
        }
    }
}

impl Backend {
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
        operation(&mut self.core.world(), &scope, request.input).map(S3Response::new).map_err(
            |mut error| {
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
        uploads { $($upload:ident($upload_input:ident) -> $upload_output:ident = $upload_function:path;)+ }
        accepted { $($accepted:ident($accepted_input:ident) -> $accepted_output:ident = $accepted_function:path;)+ }
        others { $($name:ident($input:ident) -> $output:ident = $function:path;)+ }
    ) => {
        #[async_trait::async_trait]
        impl S3 for Backend {
            $(async fn $upload(&self, mut request: S3Request<$upload_input>) -> S3Result<S3Response<$upload_output>> {
                let mut upload = receive::receive(request.input.body.take(), &request.headers).await?;
                if let Some(trailers) = request.trailing_headers.as_ref().and_then(TrailingHeaders::take) {
                    upload.trailers = trailers;
                }
                upload.check_trailers(&request.headers)?;
                self.run(request, |world, scope, input| $upload_function(world, scope, input, &upload))
            })+
            $(async fn $accepted(&self, request: S3Request<$accepted_input>) -> S3Result<S3Response<$accepted_output>> {
                let mut response = self.run(request, $accepted_function)?;
                // The wire layer passes over a status of ours, and hands this on.
                response.extensions.insert(Accepted);
                Ok(response)
            })+
            $(async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                self.run(request, $function)
            })+
        }
    };
}

operations! {
    uploads {
        put_object(PutObjectInput) -> PutObjectOutput = object::put;
        upload_part(UploadPartInput) -> UploadPartOutput = multipart::upload_part;
    }
    accepted {
        restore_object(RestoreObjectInput) -> RestoreObjectOutput = attributes::restore;
    }
    others {
        create_bucket(CreateBucketInput) -> CreateBucketOutput = buckets::create;
        delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = buckets::delete;
        list_buckets(ListBucketsInput) -> ListBucketsOutput = buckets::list;
        list_objects(ListObjectsInput) -> ListObjectsOutput = listing::objects_v1;
        head_bucket(HeadBucketInput) -> HeadBucketOutput = bucket::head;
        get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = bucket::location;
        get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput = bucket::versioning;
        get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput = bucket::policy;
        get_bucket_policy_status(GetBucketPolicyStatusInput) -> GetBucketPolicyStatusOutput = bucket::policy_status;
        get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput = bucket::public_access_block;
        get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput = bucket::ownership;
        get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput = acl::get_bucket;
        put_bucket_acl(PutBucketAclInput) -> PutBucketAclOutput = acl::put_bucket;
        list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = listing::objects;
        list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput = listing::versions;
        list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput = listing::uploads;
        get_object(GetObjectInput) -> GetObjectOutput = read::get;
        head_object(HeadObjectInput) -> HeadObjectOutput = read::head;
        delete_object(DeleteObjectInput) -> DeleteObjectOutput = delete::delete;
        delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = delete::delete_many;
        get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput = attributes::get;
        upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput = copy::copy_part;
        copy_object(CopyObjectInput) -> CopyObjectOutput = copy::copy;
        create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput = multipart::create;
        complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput = multipart::complete;
        abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput = multipart::abort;
        list_parts(ListPartsInput) -> ListPartsOutput = multipart::list_parts;
        get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput = tagging::get;
        put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput = tagging::put;
        delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput = tagging::delete;
        get_object_acl(GetObjectAclInput) -> GetObjectAclOutput = acl::get_object;
        put_object_acl(PutObjectAclInput) -> PutObjectAclOutput = acl::put_object;
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
        context.set("s3:signatureversion", "AWS4-HMAC-SHA256");
    }
    match scope.signature_age {
        Some(age) => context.set("s3:signatureAge", age.to_string()),
        // No page says what it is of a form.
        None if scope.auth_type == Some("POST") => context.set_unmodelled("s3:signatureAge"),
        None => {}
    }
    if let Some(digest) = &scope.content_sha256 {
        context.set("s3:x-amz-content-sha256", digest.as_str());
    }
    context
}

/// A bucket as one request sees it.
struct Held {
    bucket: Arc<Bucket>,
    /// Block Public Access as it holds: of the bucket and of its account, whichever is stricter
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>).
    public_access: PublicAccessBlock,
    /// The access point that it is asked through.
    through: Option<Through>,
}

/// Finds the bucket and checks who must own it, which S3 does before any policy.
fn open(world: &World, name: &str, expected_owner: Option<&str>) -> S3Result<Held> {
    let through = if world.buckets.contains_key(name) { None } else { Through::find(world, name) };
    let bucket = world.buckets.get(through.as_ref().map_or(name, Through::bucket)).cloned();
    let bucket =
        bucket.ok_or_else(|| error(404, "NoSuchBucket", "The specified bucket does not exist"))?;
    match expected_owner {
        Some(owner) if owner.len() != 12 || !owner.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(error(
                400,
                "InvalidBucketOwnerAWSAccountID",
                "The value of the expected bucket owner parameter must be an AWS account ID",
            ))
        }
        Some(owner) if owner != bucket.config.account => {
            Err(error(403, "AccessDenied", "Access Denied"))
        }
        _ => {
            let of_account = world.control.public_access.get(&bucket.config.account);
            let own = bucket.config.public_access;
            let public_access = of_account.map_or(own, |of_account| own.or(*of_account));
            Ok(Held { bucket, public_access, through })
        }
    }
}

impl Held {
    fn account(&self) -> &str {
        &self.bucket.config.account
    }

    fn arn(&self) -> String {
        self.bucket.config.arn()
    }

    fn object_arn(&self, key: &str) -> String {
        format!("{}/{key}", self.arn())
    }

    fn name(&self) -> &str {
        &self.bucket.config.name
    }

    fn context(&self, scope: &Scope) -> Context {
        let mut context = context(scope, self.account());
        if let Some(through) = &self.through {
            through.set_context(&mut context);
        }
        context
    }

    /// Asks for an action on the bucket itself.
    fn authorize(&self, scope: &Scope, action: &str, context: &Context) -> S3Result<Permit> {
        self.ask(scope, action, None, context, &[])
    }

    /// Whether an action on an object would be permitted, without asking for it.
    fn foresees(
        &self,
        scope: &Scope,
        action: &str,
        key: &str,
        context: &Context,
    ) -> S3Result<bool> {
        if let Some(through) = &self.through
            && !through.foresees(scope, action, Some(key), context)?
        {
            return Ok(false);
        }
        let config = &self.bucket.config;
        let evaluation = scope.foresee(&Question {
            action,
            resource: &self.object_arn(key),
            resource_account: &config.account,
            resource_policy: config.policy.as_ref(),
            context,
            settings: &[],
            restrict_public: self.public_access.restrict_public_buckets,
        })?;
        Ok(evaluation.decision == Decision::Allow)
    }

    /// Asks for an action on an object.
    fn authorize_object(
        &self,
        scope: &Scope,
        action: &str,
        key: &str,
        context: &Context,
    ) -> S3Result<Permit> {
        self.ask(scope, action, Some(key), context, &[])
    }

    /// Asks for an action on the bucket, or on one of its objects.
    fn ask(
        &self,
        scope: &Scope,
        action: &str,
        key: Option<&str>,
        context: &Context,
        settings: &[Layer],
    ) -> S3Result<Permit> {
        if let Some(through) = &self.through {
            let _permit = through.ask(scope, action, key, context)?;
        }
        let config = &self.bucket.config;
        let resource = key.map_or_else(|| self.arn(), |key| self.object_arn(key));
        let question = Question {
            action,
            resource: &resource,
            resource_account: &config.account,
            resource_policy: config.policy.as_ref(),
            context,
            settings,
            restrict_public: self.public_access.restrict_public_buckets,
        };
        let Some(list) = acl::granting(self, scope, &question, key)? else {
            return Ok(scope.authorize(&question)?);
        };
        let by_list = Question { resource_policy: Some(&list), restrict_public: false, ..question };
        Ok(scope.authorize(&by_list)?)
    }
}
