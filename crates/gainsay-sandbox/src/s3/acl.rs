//! ACLs: what Object Ownership and Block Public Access leave of them, and what they grant.

use std::sync::Arc;

use gainsay_iam::{Context, Decision, Layer};
use gainsay_model::{Document, Ownership};
use s3s::{
    S3Result,
    dto::{
        BucketCannedACL, GetBucketAclInput, GetBucketAclOutput, GetObjectAclInput,
        GetObjectAclOutput, ObjectCannedACL, Owner, PutBucketAclInput, PutBucketAclOutput,
        PutObjectAclInput, PutObjectAclOutput,
    },
};

use super::{
    AccessList, Held,
    access_list::{Of, Written, grant_headers},
    error, not_modelled, object, open,
};
use crate::{
    authorize::{Question, Scope},
    state::World,
};

pub(super) const PUBLIC: [&str; 3] = ["public-read", "public-read-write", "authenticated-read"];
const PUBLIC_CLAUSE: &str =
    "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access";

/// The ACL that the input of an upload asks for.
macro_rules! asked_acl {
    ($input:expr) => {
        $crate::s3::acl::Asked {
            canned: $input.acl.as_ref().map(s3s::dto::ObjectCannedACL::as_str),
            grants: [
                $input.grant_full_control.as_ref(),
                $input.grant_read.as_ref(),
                $input.grant_read_acp.as_ref(),
                $input.grant_write_acp.as_ref(),
            ],
        }
    };
}
pub(super) use asked_acl;

/// The ACL that an upload asks for.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    pub canned: Option<&'a str>,
    /// Full control, to read, to read the ACL, to write the ACL.
    pub grants: [Option<&'a String>; 4],
}

impl Asked<'_> {
    pub(super) fn is_some(&self) -> bool {
        self.canned.is_some() || self.grants.iter().any(Option::is_some)
    }

    /// What policies are told of it.
    pub(super) fn set_context(&self, context: &mut Context) {
        if let Some(canned) = self.canned {
            context.set("s3:x-amz-acl", canned);
        }
        let names = ["full-control", "read", "read-acp", "write-acp"];
        for (name, grant) in names.iter().zip(self.grants) {
            if let Some(grant) = grant {
                context.set(&format!("s3:x-amz-grant-{name}"), grant.as_str());
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
    held: &Held,
    key: &str,
    asked: &Asked<'_>,
) -> S3Result<AccessList> {
    let for_owner = asked.canned == Some("bucket-owner-full-control");
    if held.bucket.config.ownership == Ownership::BucketOwnerEnforced {
        return match asked.canned {
            None if !asked.is_some() => Ok(AccessList::default()),
            Some(_) if for_owner && asked.grants.iter().all(Option::is_none) => {
                Ok(AccessList::default())
            }
            _ => Err(acls_are_off()),
        };
    }
    let given_away = for_owner && held.bucket.config.ownership == Ownership::BucketOwnerPreferred;
    if scope.account().as_deref() != Some(held.account()) && !given_away {
        return Err(not_modelled("objects that do not belong to the owner of their bucket"));
    }
    if !asked.is_some() {
        return Ok(AccessList::default());
    }
    let [full, read, read_acp, write_acp] = asked.grants;
    let list = Written {
        of: Of::Object,
        canned: asked.canned,
        headers: [
            ("FULL_CONTROL", full),
            ("READ", read),
            ("WRITE", None),
            ("READ_ACP", read_acp),
            ("WRITE_ACP", write_acp),
        ],
        body: None,
        accounts: &world.accounts(),
        owner: held.account(),
    }
    .read()?;
    check_public(scope, held, "s3:PutObject", &held.object_arn(key), &list)?;
    Ok(list)
}

fn acls_are_off() -> s3s::S3Error {
    error(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
}

fn check_public(
    scope: &Scope,
    held: &Held,
    action: &str,
    resource: &str,
    list: &AccessList,
) -> S3Result<()> {
    if list.is_public() && held.public_access.block_public_acls {
        return Err(scope.refuse(action, resource, Layer::BlockPublicAccess, PUBLIC_CLAUSE).into());
    }
    Ok(())
}

/// The ACL that replaces another. Here Block Public Access answers before Object Ownership (several
/// public transcripts; AWS documents no order).
fn replacing(
    scope: &Scope,
    held: &Held,
    action: &str,
    resource: &str,
    written: &Written<'_>,
) -> S3Result<AccessList> {
    if held.bucket.config.ownership != Ownership::BucketOwnerEnforced {
        let list = written.read()?;
        check_public(scope, held, action, resource, &list)?;
        return Ok(list);
    }
    match written.canned {
        Some(canned) if PUBLIC.contains(&canned) && held.public_access.block_public_acls => {
            Err(scope.refuse(action, resource, Layer::BlockPublicAccess, PUBLIC_CLAUSE).into())
        }
        Some("bucket-owner-full-control")
            if written.headers.iter().all(|(_, value)| value.is_none()) =>
        {
            Ok(AccessList::default())
        }
        _ => Err(acls_are_off()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn put_object(
    world: &mut World,
    scope: &Scope,
    input: PutObjectAclInput,
) -> S3Result<PutObjectAclOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let action =
        if input.version_id.is_some() { "s3:PutObjectVersionAcl" } else { "s3:PutObjectAcl" };
    let headers = grant_headers!(input);
    let canned = input.acl.as_ref().map(ObjectCannedACL::as_str);
    let mut context = held.context(scope);
    set_context(&mut context, canned, &headers);
    let found = match &input.version_id {
        Some(id) => held.bucket.version(&input.key, id),
        None => held.bucket.current(&input.key),
    };
    let _permit = held.authorize_object(scope, action, &input.key, &context)?;
    let Some(version) = found.filter(|version| version.content.is_some()) else {
        return Err(error(404, "NoSuchKey", "The specified key does not exist."));
    };
    let written = Written {
        of: Of::Object,
        canned,
        headers,
        body: input
            .access_control_policy
            .as_ref()
            .map(|policy| policy.grants.as_deref().unwrap_or_default()),
        accounts: &world.accounts(),
        owner: held.account(),
    };
    let list = replacing(scope, &held, action, &held.object_arn(&input.key), &written)?;
    let id = version.id.clone();
    let versions =
        world.bucket_mut(held.name()).and_then(|bucket| bucket.objects.get_mut(&input.key));
    let found = versions.and_then(|versions| versions.iter_mut().find(|version| version.id == id));
    if let Some(content) = found.and_then(|version| Arc::make_mut(version).content.as_mut()) {
        content.acl = list;
    }
    Ok(PutObjectAclOutput::default())
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn put_bucket(
    world: &mut World,
    scope: &Scope,
    input: PutBucketAclInput,
) -> S3Result<PutBucketAclOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let headers = grant_headers!(input);
    let canned = input.acl.as_ref().map(BucketCannedACL::as_str);
    let mut context = held.context(scope);
    set_context(&mut context, canned, &headers);
    let _permit = held.authorize(scope, "s3:PutBucketAcl", &context)?;
    let written = Written {
        of: Of::Bucket,
        canned,
        headers,
        body: input
            .access_control_policy
            .as_ref()
            .map(|policy| policy.grants.as_deref().unwrap_or_default()),
        accounts: &world.accounts(),
        owner: held.account(),
    };
    let list = replacing(scope, &held, "s3:PutBucketAcl", &held.arn(), &written)?;
    if let Some(bucket) = world.bucket_mut(held.name()) {
        bucket.acl = list;
    }
    Ok(PutBucketAclOutput::default())
}

fn set_context(
    context: &mut Context,
    canned: Option<&str>,
    headers: &super::access_list::Headers<'_>,
) {
    if let Some(canned) = canned {
        context.set("s3:x-amz-acl", canned);
    }
    for (word, value) in headers {
        if let Some(value) = value {
            let name = word.to_ascii_lowercase().replace('_', "-");
            context.set(&format!("s3:x-amz-grant-{name}"), value.as_str());
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn get_object(
    world: &mut World,
    scope: &Scope,
    input: GetObjectAclInput,
) -> S3Result<GetObjectAclOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let actions = ["s3:GetObjectAcl", "s3:GetObjectVersionAcl"];
    let (_, content) =
        object::find(scope, &held, &input.key, input.version_id.as_deref(), actions)?;
    Ok(GetObjectAclOutput {
        owner: Some(owner(held.account())),
        grants: Some(in_force(&held, &content.acl).written(held.account())),
        ..GetObjectAclOutput::default()
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn get_bucket(
    world: &mut World,
    scope: &Scope,
    input: GetBucketAclInput,
) -> S3Result<GetBucketAclOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let context = held.context(scope);
    let _permit = held.authorize(scope, "s3:GetBucketAcl", &context)?;
    Ok(GetBucketAclOutput {
        owner: Some(owner(held.account())),
        grants: Some(in_force(&held, &held.bucket.acl).written(held.account())),
    })
}

/// With ACLs off, every ACL reads as the owner's full control.
fn in_force(held: &Held, list: &AccessList) -> AccessList {
    if held.bucket.config.ownership == Ownership::BucketOwnerEnforced {
        return AccessList::default();
    }
    list.clone()
}

/// The ACL that grants what policies do not, as a policy; nothing if it makes no difference. A Deny
/// of any policy stands.
pub(super) fn granting(
    held: &Held,
    scope: &Scope,
    question: &Question<'_>,
    key: Option<&str>,
) -> S3Result<Option<Document>> {
    if held.bucket.config.ownership == Ownership::BucketOwnerEnforced
        || !question.settings.is_empty()
    {
        return Ok(None);
    }
    let of_object = list_of(held, key, question.action)?;
    if held.bucket.acl.is_private() && of_object.is_private() {
        return Ok(None);
    }
    if scope.foresee(question)?.decision != Decision::ImplicitDeny {
        return Ok(None);
    }
    let ignores = held.public_access.ignore_public_acls;
    let lists = [
        held.bucket.acl.policy(Of::Bucket, &held.arn(), ignores),
        of_object.policy(Of::Object, question.resource, ignores),
    ];
    for list in lists.into_iter().flatten() {
        let by_list =
            Question { resource_policy: Some(&list), restrict_public: false, ..*question };
        if scope.foresee(&by_list)?.decision == Decision::Allow {
            return Ok(Some(list));
        }
    }
    Ok(None)
}

/// The ACL of the object that is asked for. Which version that is, nobody here knows.
fn list_of(held: &Held, key: Option<&str>, action: &str) -> S3Result<AccessList> {
    let Some(versions) = key.and_then(|key| held.bucket.objects.get(key)) else {
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
