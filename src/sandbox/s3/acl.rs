//! ACLs: what Object Ownership and Block Public Access leave of them.

use s3s::{
    S3Result,
    dto::{
        BucketCannedACL, GetBucketAclInput, GetBucketAclOutput, GetObjectAclInput, GetObjectAclOutput, Grant, Grantee, ObjectCannedACL,
        Owner, Permission, PutBucketAclInput, PutBucketAclOutput, PutObjectAclInput, PutObjectAclOutput, Type,
    },
};

use super::{Held, error, not_modelled, object, open};
use crate::{
    environment::Ownership,
    iam::Layer,
    sandbox::{authorize::Scope, state::World},
};

pub(super) const PUBLIC: [&str; 3] = ["public-read", "public-read-write", "authenticated-read"];

/// An ACL given with an upload. With ACLs off only the owner's full control is accepted, and that is said before Block Public
/// Access is (several public transcripts; AWS documents no order):
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>.
pub(super) fn check_upload(held: &Held, acl: Option<&ObjectCannedACL>, grants: bool) -> S3Result<()> {
    if held.bucket.config.ownership != Ownership::BucketOwnerEnforced {
        return Err(not_modelled("ACLs of uploads to a bucket with ACLs on"));
    }
    match acl.map(ObjectCannedACL::as_str) {
        Some("bucket-owner-full-control") if !grants => Ok(()),
        _ => Err(acls_are_off()),
    }
}

fn acls_are_off() -> s3s::S3Error {
    error(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn put_object(world: &mut World, scope: &Scope, input: PutObjectAclInput) -> S3Result<PutObjectAclOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let action = if input.version_id.is_some() {
        "s3:PutObjectVersionAcl"
    } else {
        "s3:PutObjectAcl"
    };
    let mut context = held.context(scope);
    if let Some(acl) = &input.acl {
        context.set("s3:x-amz-acl", acl.as_str());
    }
    let found = match &input.version_id {
        Some(id) => held.bucket.version(&input.key, id),
        None => held.bucket.current(&input.key),
    };
    let _permit = held.authorize_object(scope, action, &input.key, &context)?;
    if found.is_none_or(|version| version.content.is_none()) {
        return Err(error(404, "NoSuchKey", "The specified key does not exist."));
    }
    let grants = [
        &input.grant_full_control,
        &input.grant_read,
        &input.grant_read_acp,
        &input.grant_write,
        &input.grant_write_acp,
    ];
    let canned = input
        .acl
        .as_ref()
        .map(ObjectCannedACL::as_str)
        .filter(|_| grants.iter().all(|grant| grant.is_none()));
    let Some(canned) = canned.filter(|_| input.access_control_policy.is_none()) else {
        return Err(not_modelled("ACLs other than canned ones"));
    };
    check_canned(scope, &held, action, &held.object_arn(&input.key), canned)?;
    Ok(PutObjectAclOutput::default())
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn put_bucket(world: &mut World, scope: &Scope, input: PutBucketAclInput) -> S3Result<PutBucketAclOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let mut context = held.context(scope);
    if let Some(acl) = &input.acl {
        context.set("s3:x-amz-acl", acl.as_str());
    }
    let grants = [
        ("s3:x-amz-grant-full-control", &input.grant_full_control),
        ("s3:x-amz-grant-read", &input.grant_read),
        ("s3:x-amz-grant-read-acp", &input.grant_read_acp),
        ("s3:x-amz-grant-write", &input.grant_write),
        ("s3:x-amz-grant-write-acp", &input.grant_write_acp),
    ];
    for (key, grant) in &grants {
        if let Some(grant) = grant {
            context.set(key, grant.as_str());
        }
    }
    let _permit = held.authorize(scope, "s3:PutBucketAcl", &context)?;
    let canned = input.acl.as_ref().map(BucketCannedACL::as_str);
    let canned = canned.filter(|_| grants.iter().all(|(_, grant)| grant.is_none()) && input.access_control_policy.is_none());
    let Some(canned) = canned else {
        return Err(not_modelled("ACLs other than canned ones"));
    };
    check_canned(scope, &held, "s3:PutBucketAcl", &held.arn(), canned)?;
    Ok(PutBucketAclOutput::default())
}

/// What is left of a canned ACL that replaces another.
fn check_canned(scope: &Scope, held: &Held, action: &str, resource: &str, canned: &str) -> S3Result<()> {
    let config = &held.bucket.config;
    // Here Block Public Access answers first (several public transcripts; AWS documents no order).
    if PUBLIC.contains(&canned) && held.public_access.block_public_acls {
        let clause = "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access";
        return Err(scope.refuse(action, resource, Layer::BlockPublicAccess, clause).into());
    }
    match config.ownership {
        Ownership::BucketOwnerEnforced if canned == "bucket-owner-full-control" => Ok(()),
        Ownership::BucketOwnerEnforced => Err(acls_are_off()),
        _ => Err(not_modelled("ACLs of a bucket with ACLs on")),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn get_object(world: &mut World, scope: &Scope, input: GetObjectAclInput) -> S3Result<GetObjectAclOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let actions = ["s3:GetObjectAcl", "s3:GetObjectVersionAcl"];
    object::find(scope, &held, &input.key, input.version_id.as_deref(), actions)?;
    let (owner, grant) = full_control(&held);
    Ok(GetObjectAclOutput {
        owner: Some(owner),
        grants: Some(vec![grant]),
        ..GetObjectAclOutput::default()
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn get_bucket(world: &mut World, scope: &Scope, input: GetBucketAclInput) -> S3Result<GetBucketAclOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let context = held.context(scope);
    let _permit = held.authorize(scope, "s3:GetBucketAcl", &context)?;
    let (owner, grant) = full_control(&held);
    Ok(GetBucketAclOutput {
        owner: Some(owner),
        grants: Some(vec![grant]),
    })
}

/// Object Ownership by the API's word.
pub(super) fn ownership(word: &str) -> Option<Ownership> {
    [
        Ownership::BucketOwnerEnforced,
        Ownership::BucketOwnerPreferred,
        Ownership::ObjectWriter,
    ]
    .into_iter()
    .find(|ownership| ownership.as_str() == word)
}

/// An account as an owner: by its canonical user id, which is 64 hexadecimal digits.
pub(super) fn owner(account: &str) -> Owner {
    use sha2::{Digest as _, Sha256};
    Owner {
        id: Some(hex::encode(Sha256::digest(account.as_bytes()))),
        display_name: None,
    }
}

/// With ACLs off, every ACL reads as the owner's full control.
fn full_control(held: &Held) -> (Owner, Grant) {
    let owner = owner(held.account());
    let grant = Grant {
        grantee: Some(Grantee {
            id: owner.id.clone(),
            type_: Type::from_static(Type::CANONICAL_USER),
            display_name: None,
            email_address: None,
            uri: None,
        }),
        permission: Some(Permission::from_static(Permission::FULL_CONTROL)),
    };
    (owner, grant)
}
