//! The buckets of an account: `CreateBucket`, `DeleteBucket` and `ListBuckets`.

use std::sync::Arc;

use gainsay_iam::Context;
use gainsay_model::{
    Bucket as Config, DefaultEncryption, Ownership, PublicAccessBlock, Versioning,
};
use s3s::{
    S3Result,
    dto::{
        Bucket as Listed, BucketCannedACL, BucketLocationConstraint, CreateBucketInput,
        CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput, ListBucketsInput,
        ListBucketsOutput, ObjectOwnership,
    },
};

use super::{
    AccessList,
    acl::{self, AclHeaders, AclRequest, AclResource, grant_headers},
    context, error,
    listing::{continuation_token, read_continuation_token},
    not_modelled, open, refuse_unmodelled,
};
use crate::{
    authorize::{Question, Scope},
    state::{Bucket, LockConfiguration, World},
};

/// The buckets of one page
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>).
const MAX_BUCKETS: i32 = 10_000;
/// The Region whose buckets have no location constraint, and in which making a bucket again is no
/// error.
const OLDEST_REGION: &str = "us-east-1";

const NAME_TAKEN: &str = concat!(
    "The requested bucket name is not available. The bucket namespace is shared by all users of ",
    "the system. Please select a different name and try again."
);
const ALREADY_OWNED: &str =
    "Your previous request to create the named bucket succeeded and you already own it.";
const NOT_EMPTY: &str = "The bucket you tried to delete is not empty";
const VERSIONS_LEFT: &str = concat!(
    "The bucket you tried to delete is not empty. ",
    "You must delete all versions in the bucket."
);

/// Makes a bucket for the caller's account, as new buckets are since April 2023: Block Public
/// Access on, ACLs off
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html>), and since
/// April 2026 SSE-C blocked
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/blocking-unblocking-s3-c-encryption-gpb.html>).
/// What else than s3:CreateBucket it takes stands at
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>.
pub(super) fn create(
    world: &mut World,
    scope: &Scope,
    input: CreateBucketInput,
) -> S3Result<CreateBucketOutput> {
    let Some(account) = scope.account() else {
        return Err(error(403, "AccessDenied", "Access Denied"));
    };
    let configuration = input.create_bucket_configuration.as_ref();
    refuse_unmodelled(&[(
        "directory buckets",
        configuration.is_some_and(|it| it.bucket.is_some() || it.location.is_some()),
    )])?;
    let name = input.bucket;
    if !is_name(&name) {
        return Err(error(400, "InvalidBucketName", "The specified bucket is not valid."));
    }
    let constraint = configuration.and_then(|it| it.location_constraint.as_ref());
    let acl_headers = AclHeaders {
        canned: input.acl.as_ref().map(BucketCannedACL::as_str),
        grants: grant_headers!(input),
    };
    let mut context = context(scope, &account);
    acl_headers.set_context(&mut context);
    if let Some(constraint) = constraint {
        context.set("s3:locationconstraint", constraint.as_str());
    }
    let ownership = input.object_ownership.as_ref().map(ObjectOwnership::as_str);
    if let Some(ownership) = ownership {
        context.set("s3:x-amz-object-ownership", ownership);
    }
    let arn = format!("arn:aws:s3:::{name}");
    let authorize = |action: &str| scope.authorize(&own(&account, action, &arn, &context));
    let _permit = authorize("s3:CreateBucket")?;
    if acl_headers.is_some() {
        let _permit = authorize("s3:PutBucketAcl")?;
    }
    let locked = input.object_lock_enabled_for_bucket == Some(true);
    if locked {
        let _permit = authorize("s3:PutBucketObjectLockConfiguration")?;
        let _permit = authorize("s3:PutBucketVersioning")?;
    }
    if ownership.is_some() {
        let _permit = authorize("s3:PutBucketOwnershipControls")?;
    }
    check_location(world, constraint)?;
    let ownership = match ownership {
        None => Ownership::BucketOwnerEnforced,
        Some(word) => acl::ownership(word)
            .ok_or_else(|| error(400, "InvalidArgument", "Invalid Object Ownership"))?,
    };
    let list = new_acl(world, &account, ownership, acl_headers)?;
    if let Some(existing) = world.buckets.get(&name) {
        return if existing.config.account != account {
            Err(error(409, "BucketAlreadyExists", NAME_TAKEN))
        } else if world.region == OLDEST_REGION {
            Ok(created(&name))
        } else {
            Err(error(409, "BucketAlreadyOwnedByYou", ALREADY_OWNED))
        };
    }
    let mut config = new_config(&name, &account, ownership);
    if locked {
        // Object Lock stands on versions, and turns them on.
        config.versioning = Versioning::Enabled;
    }
    let mut bucket = Bucket::new(Arc::new(config), world.now());
    bucket.acl = list;
    bucket.lock = locked.then(LockConfiguration::default);
    Arc::make_mut(&mut world.buckets).insert(name.clone(), Arc::new(bucket));
    Ok(created(&name))
}

fn created(name: &str) -> CreateBucketOutput {
    CreateBucketOutput { location: Some(format!("/{name}")) }
}

/// A question about what belongs to the caller's own account, and has no policy.
fn own<'a>(
    account: &'a str,
    action: &'a str,
    resource: &'a str,
    context: &'a Context,
) -> Question<'a> {
    Question {
        action,
        resource,
        resource_account: account,
        resource_policy: None,
        context,
        settings: &[],
        restrict_public: false,
    }
}

fn new_config(name: &str, account: &str, ownership: Ownership) -> Config {
    Config {
        logical: name.to_owned(),
        name: name.to_owned(),
        account: account.to_owned(),
        versioning: Versioning::Off,
        encryption: DefaultEncryption::S3,
        blocks_customer_keys: true,
        ownership,
        public_access: PublicAccessBlock {
            block_public_acls: true,
            ignore_public_acls: true,
            block_public_policy: true,
            restrict_public_buckets: true,
        },
        policy: None,
        settings: Vec::new(),
    }
}

/// The rules for names of general purpose buckets:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
fn is_name(name: &str) -> bool {
    const PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
    const SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
    let known = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-')
    };
    let edge = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    (3..=63).contains(&name.len())
        && name.bytes().all(known)
        && edge(name.as_bytes().first())
        && edge(name.as_bytes().last())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
        && !PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        && !SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// A bucket is created in the Region that the request goes to, and every Region but the oldest
/// takes its name as the location constraint.
fn check_location(world: &World, constraint: Option<&BucketLocationConstraint>) -> S3Result<()> {
    let constraint = constraint.map(BucketLocationConstraint::as_str);
    match constraint {
        None if world.region == OLDEST_REGION => Ok(()),
        Some(OLDEST_REGION) => Err(error(
            400,
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
        )),
        Some(region) if region == world.region => Ok(()),
        Some(_) if world.region == OLDEST_REGION => Err(not_modelled("buckets of other Regions")),
        other => Err(error(
            400,
            "IllegalLocationConstraintException",
            format!(
                "The {} location constraint is incompatible for the region specific endpoint this \
                 request was sent to.",
                other.unwrap_or("unspecified")
            ),
        )),
    }
}

/// An ACL that a new bucket is given. Block Public Access of the account applies, that of the
/// bucket is not there yet; a public ACL under it is a bad request
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>). The code
/// is assumed.
fn new_acl(
    world: &World,
    account: &str,
    ownership: Ownership,
    headers: AclHeaders<'_>,
) -> S3Result<AccessList> {
    let public_access = world.control.public_access.get(account);
    let blocked = public_access.is_some_and(|block| block.block_public_acls);
    let public = || {
        error(
            400,
            "InvalidBucketAclWithBlockPublicAccessError",
            "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
        )
    };
    match headers.canned {
        None | Some("private") if !headers.has_grants() => return Ok(AccessList::default()),
        Some(word) if acl::PUBLIC.contains(&word) && blocked => return Err(public()),
        Some(_) | None => {}
    }
    // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>.
    if ownership == Ownership::BucketOwnerEnforced {
        return Err(error(
            400,
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        ));
    }
    let list = AclRequest {
        resource: AclResource::Bucket,
        headers,
        body: None,
        accounts: &world.accounts(),
        owner: account,
    }
    .read()?;
    // Every new bucket blocks public ACLs:
    // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html>.
    if list.is_public() { Err(public()) } else { Ok(list) }
}

/// `DeleteBucket`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn delete(
    world: &mut World,
    scope: &Scope,
    input: DeleteBucketInput,
) -> S3Result<DeleteBucketOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let context = bucket.context(scope);
    let _permit = bucket.authorize(scope, "s3:DeleteBucket", &context)?;
    if !bucket.state.objects.is_empty() {
        let versioned = bucket.state.config.versioning != Versioning::Off;
        let message = if versioned { VERSIONS_LEFT } else { NOT_EMPTY };
        return Err(error(409, "BucketNotEmpty", message));
    }
    if world.control.has_access_points(&bucket.state.config.name) {
        return Err(not_modelled("the removal of a bucket that has access points"));
    }
    Arc::make_mut(&mut world.buckets).remove(&input.bucket);
    Ok(DeleteBucketOutput::default())
}

/// The buckets of the caller's account. The reference has no resource for the action; AWS's own
/// examples write both `*` and `arn:aws:s3:::*`, and both allow it.
pub(super) fn list(
    world: &mut World,
    scope: &Scope,
    input: ListBucketsInput,
) -> S3Result<ListBucketsOutput> {
    let Some(account) = scope.account() else {
        return Err(error(403, "AccessDenied", "Access Denied"));
    };
    let context = context(scope, &account);
    let _permit =
        scope.authorize(&own(&account, "s3:ListAllMyBuckets", "arn:aws:s3:::*", &context))?;
    let max = input.max_buckets.unwrap_or(MAX_BUCKETS);
    if !(1..=MAX_BUCKETS).contains(&max) {
        return Err(error(
            400,
            "InvalidArgument",
            "Argument max-buckets must be an integer between 1 and 10000",
        ));
    }
    let prefix = input.prefix.clone().unwrap_or_default();
    let after = match &input.continuation_token {
        None => String::new(),
        Some(token) => read_continuation_token(token)?,
    };
    let here = input.bucket_region.as_ref().is_none_or(|region| *region == world.region);
    let mut found = world
        .buckets
        .iter()
        .filter(|(name, bucket)| {
            here && bucket.config.account == account && name.starts_with(&prefix) && **name > after
        })
        .peekable();
    let mut buckets = Vec::new();
    while let Some((name, bucket)) =
        found.next_if(|_| i32::try_from(buckets.len()).is_ok_and(|count| count < max))
    {
        buckets.push(Listed {
            name: Some(name.clone()),
            creation_date: Some(super::members::shown_time(bucket.created)),
            // Shown only where the request has a parameter of its own:
            // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Bucket.html>.
            bucket_region: input.max_buckets.is_some().then(|| world.region.clone()),
        });
    }
    let last = buckets.last().and_then(|bucket| bucket.name.clone()).unwrap_or_default();
    let token = found.peek().is_some().then(|| continuation_token(&last));
    Ok(ListBucketsOutput {
        buckets: Some(buckets),
        continuation_token: token,
        owner: Some(acl::owner(&account)),
        prefix: input.prefix,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules() {
        for good in ["abc", "a-b.c", "123", "1.2.3", "a".repeat(63).as_str()] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "ab",
            "a".repeat(64).as_str(),
            "Abc",
            "a_b",
            "-ab",
            "ab-",
            "a..b",
            "192.168.5.4",
            "xn--a",
            "sthree-a",
            "amzn-s3-demo-a",
            "ab-s3alias",
            "ab--ol-s3",
            "ab--x-s3",
            "a b",
            "a/b",
            "äbc",
            "",
        ] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
