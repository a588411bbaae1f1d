//! The operations on ACLs, and the ACL of an upload: what Object Ownership and Block Public Access
//! leave of it, and what it grants.

mod access_list;
mod sent;

use gainsay_iam::{Context, Decision, Layer};
use gainsay_model::{Document, Ownership};
use s3s::{
    S3Result,
    dto::{GetBucketAclInput, GetBucketAclOutput, GetObjectAclInput, GetObjectAclOutput, Owner},
};

pub(crate) use self::access_list::AccessList;
use self::access_list::GrantHeaders;
pub(super) use self::{
    access_list::{AclRequest, AclResource},
    sent::SentHeaders,
};
use super::{
    OpenBucket, error, no_such_key, not_modelled, open,
    raw_request::{RawRequest, RawResponse},
    versions,
};
use crate::{
    authorize::{Question, Scope},
    state::World,
};

/// The canned ACLs that grant something to everyone, or to everyone who has an account.
pub(super) const PUBLIC: [&str; 3] = ["public-read", "public-read-write", "authenticated-read"];
const PUBLIC_CLAUSE: &str =
    "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access";

/// The headers by which a request asks for an ACL.
#[derive(Clone, Copy)]
pub(super) struct AclHeaders<'a> {
    pub canned: Option<&'a str>,
    pub grants: GrantHeaders<'a>,
}

impl AclHeaders<'_> {
    /// Whether there is any of them.
    pub(super) fn is_some(&self) -> bool {
        self.canned.is_some() || self.has_grants()
    }

    /// Whether there is a header that grants.
    pub(super) fn has_grants(&self) -> bool {
        self.grants.iter().any(|(_, value)| value.is_some())
    }

    /// Sets the condition keys about them.
    pub(super) fn set_context(&self, context: &mut Context) {
        if let Some(canned) = self.canned {
            context.set("s3:x-amz-acl", canned);
        }
        for (word, value) in self.grants {
            if let Some(value) = value {
                let name = word.to_ascii_lowercase().replace('_', "-");
                context.set(&format!("s3:x-amz-grant-{name}"), value.as_str());
            }
        }
    }
}

/// The ACL of what is uploaded. With ACLs off only the owner's full control is accepted, and that
/// is said before Block Public Access is (several public transcripts; AWS documents no order):
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>.
pub(super) fn of_upload(
    world: &World,
    scope: &Scope,
    bucket: &OpenBucket,
    key: &str,
    headers: &AclHeaders<'_>,
) -> S3Result<AccessList> {
    let for_owner = headers.canned == Some("bucket-owner-full-control");
    if bucket.state.config.ownership == Ownership::BucketOwnerEnforced {
        return if !headers.is_some() || (for_owner && !headers.has_grants()) {
            Ok(AccessList::default())
        } else {
            Err(acls_are_off())
        };
    }
    let given_away = for_owner && bucket.state.config.ownership == Ownership::BucketOwnerPreferred;
    if scope.account().as_deref() != Some(bucket.account()) && !given_away {
        return Err(not_modelled("objects that do not belong to the owner of their bucket"));
    }
    if !headers.is_some() {
        return Ok(AccessList::default());
    }
    let list = AclRequest {
        resource: AclResource::Object,
        headers: *headers,
        body: Ok(None),
        accounts: &world.accounts(),
        owner: bucket.account(),
    }
    .read()?;
    check_public(scope, bucket, "s3:PutObject", &bucket.object_arn(key), &list)?;
    Ok(list)
}

fn acls_are_off() -> s3s::S3Error {
    error(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
}

fn check_public(
    scope: &Scope,
    bucket: &OpenBucket,
    action: &str,
    resource: &str,
    list: &AccessList,
) -> S3Result<()> {
    if list.is_public() && bucket.public_access.block_public_acls {
        return Err(scope.refuse(action, resource, Layer::BlockPublicAccess, PUBLIC_CLAUSE).into());
    }
    Ok(())
}

/// The ACL that replaces another. What is wrong with how it is written is said before whether ACLs
/// are on at all (recorded by LocalStack, `test_s3_object_acl_exceptions` and
/// `test_s3_bucket_acl_exceptions`), and Block Public Access answers before Object Ownership
/// (several public transcripts; AWS documents no order).
fn replacing(
    scope: &Scope,
    bucket: &OpenBucket,
    action: &str,
    resource: &str,
    written: &AclRequest<'_>,
) -> S3Result<AccessList> {
    let list = written.read();
    if bucket.state.config.ownership != Ownership::BucketOwnerEnforced {
        let list = list?;
        check_public(scope, bucket, action, resource, &list)?;
        return Ok(list);
    }
    match list {
        Err(problem) if problem.status_code().is_some_and(|status| status == 501) => {
            return Err(acls_are_off());
        }
        Err(problem) => return Err(problem),
        Ok(_) => {}
    }
    match written.headers.canned {
        Some(canned) if PUBLIC.contains(&canned) && bucket.public_access.block_public_acls => {
            Err(scope.refuse(action, resource, Layer::BlockPublicAccess, PUBLIC_CLAUSE).into())
        }
        Some("bucket-owner-full-control") if !written.headers.has_grants() => {
            Ok(AccessList::default())
        }
        Some(_) | None => Err(acls_are_off()),
    }
}

/// `PutObjectAcl`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html>.
pub(super) fn put_object(
    world: &mut World,
    scope: &Scope,
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let bucket = open(world, raw.bucket, raw.expected_owner())?;
    let version_id = raw.query("versionId");
    let action = if version_id.is_some() { "s3:PutObjectVersionAcl" } else { "s3:PutObjectAcl" };
    let sent = SentHeaders::of(raw);
    let headers = sent.headers();
    let mut context = bucket.context(scope);
    headers.set_context(&mut context);
    let found = match version_id {
        Some(id) => {
            context.set("s3:VersionId", id);
            bucket.state.version(raw.key, id)
        }
        None => bucket.state.current(raw.key),
    };
    if let Some(content) = found.and_then(|found| found.content.as_ref()) {
        versions::set_existing_tags(&mut context, content);
    }
    let _permit = bucket.authorize_object(scope, action, raw.key, &context)?;
    let Some(version) = found.filter(|version| version.content.is_some()) else {
        return Err(found.map_or_else(no_such_key, |marker| versions::on_delete_marker(&marker.id)));
    };
    let accounts = world.accounts();
    let written = AclRequest {
        resource: AclResource::Object,
        headers,
        body: sent::grants(raw.body, &accounts),
        accounts: &accounts,
        owner: bucket.account(),
    };
    let list = replacing(scope, &bucket, action, &bucket.object_arn(raw.key), &written)?;
    versions::change_content(world, &bucket, raw.key, &version.id, |content| {
        content.acl = list;
    });
    Ok(RawResponse::empty(200))
}

/// `PutBucketAcl`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html>.
pub(super) fn put_bucket(
    world: &mut World,
    scope: &Scope,
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let bucket = open(world, raw.bucket, raw.expected_owner())?;
    let sent = SentHeaders::of(raw);
    let headers = sent.headers();
    let mut context = bucket.context(scope);
    headers.set_context(&mut context);
    let _permit = bucket.authorize(scope, "s3:PutBucketAcl", &context)?;
    let accounts = world.accounts();
    let written = AclRequest {
        resource: AclResource::Bucket,
        headers,
        body: sent::grants(raw.body, &accounts),
        accounts: &accounts,
        owner: bucket.account(),
    };
    let list = replacing(scope, &bucket, "s3:PutBucketAcl", &bucket.arn(), &written)?;
    if let Some(state) = world.bucket_mut(bucket.name()) {
        state.acl = list;
    }
    Ok(RawResponse::empty(200))
}

/// `GetObjectAcl`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn get_object(
    world: &mut World,
    scope: &Scope,
    input: GetObjectAclInput,
) -> S3Result<GetObjectAclOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let actions = ["s3:GetObjectAcl", "s3:GetObjectVersionAcl"];
    let (_, content) =
        versions::find(scope, &bucket, &input.key, input.version_id.as_deref(), actions)?;
    Ok(GetObjectAclOutput {
        owner: Some(owner(bucket.account())),
        grants: Some(in_force(&bucket, &content.acl).to_grants(bucket.account())),
        ..GetObjectAclOutput::default()
    })
}

/// `GetBucketAcl`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn get_bucket(
    world: &mut World,
    scope: &Scope,
    input: GetBucketAclInput,
) -> S3Result<GetBucketAclOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let context = bucket.context(scope);
    let _permit = bucket.authorize(scope, "s3:GetBucketAcl", &context)?;
    Ok(GetBucketAclOutput {
        owner: Some(owner(bucket.account())),
        grants: Some(in_force(&bucket, &bucket.state.acl).to_grants(bucket.account())),
    })
}

/// With ACLs off, every ACL reads as the owner's full control.
fn in_force(bucket: &OpenBucket, list: &AccessList) -> AccessList {
    if bucket.state.config.ownership == Ownership::BucketOwnerEnforced {
        return AccessList::default();
    }
    list.clone()
}

/// The ACL that grants what policies do not, as a policy; nothing if it makes no difference. A Deny
/// of any policy stands.
pub(super) fn granting(
    bucket: &OpenBucket,
    scope: &Scope,
    question: &Question<'_>,
    key: Option<&str>,
) -> S3Result<Option<Document>> {
    if bucket.state.config.ownership == Ownership::BucketOwnerEnforced
        || !question.settings.is_empty()
    {
        return Ok(None);
    }
    let of_object = list_of(bucket, key, question.action)?;
    if bucket.state.acl.is_private() && of_object.is_private() {
        return Ok(None);
    }
    if scope.simulate(question)?.decision != Decision::ImplicitDeny {
        return Ok(None);
    }
    let ignores = bucket.public_access.ignore_public_acls;
    let lists = [
        bucket.state.acl.policy(AclResource::Bucket, &bucket.arn(), ignores),
        of_object.policy(AclResource::Object, question.resource, ignores),
    ];
    for list in lists.into_iter().flatten() {
        let by_list =
            Question { resource_policy: Some(&list), restrict_public: false, ..*question };
        if scope.simulate(&by_list)?.decision == Decision::Allow {
            return Ok(Some(list));
        }
    }
    Ok(None)
}

/// The ACL of the object that an action is on. Which of its versions that is, is not known here.
fn list_of(bucket: &OpenBucket, key: Option<&str>, action: &str) -> S3Result<AccessList> {
    let Some(versions) = key.and_then(|key| bucket.state.objects.get(key)) else {
        return Ok(AccessList::default());
    };
    let lists = || {
        versions.iter().filter_map(|version| version.content.as_ref()).map(|content| &content.acl)
    };
    let current =
        versions.last().and_then(|version| version.content.as_ref()).map(|content| &content.acl);
    if action.contains("Version") && lists().any(|list| Some(list) != lists().next_back()) {
        return Err(not_modelled("versions of one object whose ACLs differ"));
    }
    Ok(current.or_else(|| lists().next_back()).cloned().unwrap_or_default())
}

/// Object Ownership by the API's word.
pub(super) fn ownership(word: &str) -> Option<Ownership> {
    [Ownership::BucketOwnerEnforced, Ownership::BucketOwnerPreferred, Ownership::ObjectWriter]
        .into_iter()
        .find(|ownership| ownership.as_str() == word)
}

/// An account as an owner.
pub(super) fn owner(account: &str) -> Owner {
    Owner { id: Some(canonical_id(account)), display_name: None }
}

/// The canonical user id of an account, which is 64 hexadecimal digits.
pub(super) fn canonical_id(account: &str) -> String {
    use sha2::{Digest as _, Sha256};
    hex::encode(Sha256::digest(account.as_bytes()))
}
