//! The buckets of an account: `CreateBucket`, `DeleteBucket` and `ListBuckets`.

use std::sync::Arc;

use gainsay_iam::Context;
use gainsay_model::{
    Bucket as Config, DefaultEncryption, Ownership, PublicAccessBlock, Versioning,
    xml::{Element, element, wrap},
};
use s3s::{
    S3Result,
    dto::{DeleteBucketInput, DeleteBucketOutput},
};
use time::{OffsetDateTime, UtcOffset, macros::format_description};

use super::{
    AccessList, WithDetail as _,
    acl::{self, AclHeaders, AclRequest, AclResource, SentHeaders},
    bucket_tags::{self, TaggedBy},
    context, error,
    listing::{continuation_token, read_continuation_token},
    not_modelled, open,
    raw_request::{RawRequest, RawResponse},
    refuse_unmodelled,
    xml::{malformed, well_formed},
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
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let Some(account) = scope.account() else {
        return Err(error(403, "AccessDenied", "Access Denied"));
    };
    let name = raw.bucket;
    if !is_name(name) {
        return Err(error(400, "InvalidBucketName", "The specified bucket is not valid."));
    }
    let sent = configuration(raw)?;
    let constraint = sent.location.as_deref();
    let sent_acl = SentHeaders::of(raw);
    let acl_headers = sent_acl.headers();
    let mut context = context(scope, &account);
    acl_headers.set_context(&mut context);
    if let Some(constraint) = constraint {
        context.set("s3:locationconstraint", constraint);
    }
    let ownership = raw.header("x-amz-object-ownership");
    if let Some(ownership) = ownership {
        context.set("s3:x-amz-object-ownership", ownership);
    }
    let tags = sent.tags.as_ref().map(|set| bucket_tags::read(set, TaggedBy::CreateBucket));
    if let Some(Ok(tags)) = &tags
        && !tags.is_empty()
    {
        for (key, value) in tags {
            context.set(&format!("aws:RequestTag/{key}"), value.as_str());
        }
        context.set_all("aws:TagKeys", tags.iter().map(|(key, _)| key.clone()));
    }
    let arn = format!("arn:aws:s3:::{name}");
    let authorize = |action: &str| scope.authorize(&own(&account, action, &arn, &context));
    let _permit = authorize("s3:CreateBucket")?;
    if acl_headers.is_some() {
        let _permit = authorize("s3:PutBucketAcl")?;
    }
    let locked = object_lock(raw)?;
    if locked {
        let _permit = authorize("s3:PutBucketObjectLockConfiguration")?;
        let _permit = authorize("s3:PutBucketVersioning")?;
    }
    if ownership.is_some() {
        let _permit = authorize("s3:PutBucketOwnershipControls")?;
    }
    let tags = tags.transpose()?.unwrap_or_default();
    if !tags.is_empty() {
        let _permit = authorize("s3:TagResource")?;
    }
    check_location(world, constraint)?;
    let ownership = match ownership {
        None => Ownership::BucketOwnerEnforced,
        Some(word) => acl::ownership(word).ok_or_else(|| {
            let message = format!("Invalid x-amz-object-ownership header: {word}");
            let error = error(400, "InvalidArgument", message);
            error.with_detail("ArgumentName", "x-amz-object-ownership")
        })?,
    };
    let list = new_acl(world, &account, ownership, acl_headers)?;
    if let Some(existing) = world.buckets.get(name) {
        return if existing.config.account != account {
            Err(error(409, "BucketAlreadyExists", NAME_TAKEN))
        // Even with the tags that it has (recorded by LocalStack,
        // `test_create_bucket_with_tags_us_east_1_idempotency`, 23-02-2026).
        } else if world.region == OLDEST_REGION && tags.is_empty() {
            Ok(created(world, name))
        } else {
            Err(error(409, "BucketAlreadyOwnedByYou", ALREADY_OWNED))
        };
    }
    let mut config = new_config(name, &account, ownership);
    if locked {
        // Object Lock stands on versions, and turns them on.
        config.versioning = Versioning::Enabled;
    }
    let mut bucket = Bucket::new(Arc::new(config), world.now());
    bucket.acl = list;
    bucket.tags = tags;
    bucket.lock = locked.then(LockConfiguration::default);
    Arc::make_mut(&mut world.buckets).insert(name.to_owned(), Arc::new(bucket));
    Ok(created(world, name))
}

/// What the body of `CreateBucket` says.
#[derive(Default)]
struct NewBucket {
    location: Option<String>,
    tags: Option<Element>,
}

fn configuration(raw: &RawRequest<'_>) -> S3Result<NewBucket> {
    if raw.body.is_empty() {
        return Ok(NewBucket::default());
    }
    well_formed(raw.body, "CreateBucketConfiguration")?;
    let sent = Element::read(raw.body).ok_or_else(malformed)?;
    refuse_unmodelled(&[(
        "directory buckets",
        sent.child("Bucket").is_some() || sent.child("Location").is_some(),
    )])?;
    if let Some(name) = sent.unknown_child(&["LocationConstraint", "Tags"]) {
        return Err(not_modelled(&format!("`{name}` of a new bucket")));
    }
    let tags = sent.only("Tags").cloned();
    Ok(NewBucket { location: sent.get("LocationConstraint").map(str::to_owned), tags })
}

fn object_lock(raw: &RawRequest<'_>) -> S3Result<bool> {
    match raw.header("x-amz-bucket-object-lock-enabled") {
        None => Ok(false),
        Some(flag) if flag.eq_ignore_ascii_case("false") => Ok(false),
        Some(flag) if flag.eq_ignore_ascii_case("true") => Ok(true),
        Some(_) => Err(not_modelled("this value of `x-amz-bucket-object-lock-enabled`")),
    }
}

/// In the oldest Region a bucket's path, elsewhere its address
/// (<https://docs.aws.amazon.com/cli/latest/reference/s3api/create-bucket.html>).
fn created(world: &World, name: &str) -> RawResponse {
    let location = if world.region == OLDEST_REGION {
        format!("/{name}")
    } else {
        format!("http://{name}.s3.amazonaws.com/")
    };
    RawResponse::empty(200)
        .with("location", Some(location))
        .with("x-amz-bucket-arn", Some(format!("arn:aws:s3:::{name}")))
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
fn check_location(world: &World, constraint: Option<&str>) -> S3Result<()> {
    // As https://github.com/versity/versitygw/issues/1645 and 1644 quote AWS of `abc` and of
    // nothing.
    let is_region = |name: &str| name == "EU" || looks_like_region(name);
    match constraint {
        None if world.region == OLDEST_REGION => Ok(()),
        Some(name) if name == OLDEST_REGION || !is_region(name) => Err(error(
            400,
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
        )
        .with_detail("LocationConstraint", name)),
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
        body: Ok(None),
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
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let Some(account) = scope.account() else {
        return Err(error(403, "AccessDenied", "Access Denied"));
    };
    let context = context(scope, &account);
    let _permit =
        scope.authorize(&own(&account, "s3:ListAllMyBuckets", "arn:aws:s3:::*", &context))?;
    let most = match raw.query("max-buckets") {
        None => MAX_BUCKETS,
        Some(most) => {
            most.parse().ok().filter(|most| (1..=MAX_BUCKETS).contains(most)).ok_or_else(|| {
                let message = "Argument max-buckets must be an integer between 1 and 10000";
                let error = error(400, "InvalidArgument", message);
                error.with_detail("ArgumentName", "max-buckets").with_detail("ArgumentValue", most)
            })?
        }
    };
    let region = raw.query("bucket-region");
    // Regions that need opting in are Regions, too; here none has buckets.
    if let Some(region) = region
        && !looks_like_region(region)
    {
        let message = format!("Argument value {region} is not a valid AWS Region");
        let error = error(400, "InvalidArgument", message);
        return Err(error.with_detail("ArgumentName", "bucket-region"));
    }
    let prefix = raw.query("prefix").unwrap_or_default();
    let after = match raw.query("continuation-token") {
        None | Some("") => String::new(),
        Some(token) => read_continuation_token(token)?,
    };
    let here = region.is_none_or(|region| region == world.region);
    let mut found = world
        .buckets
        .iter()
        .filter(|(name, bucket)| {
            here && bucket.config.account == account && name.starts_with(prefix) && **name > after
        })
        .peekable();
    // Shown only where the request has a parameter of its own:
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Bucket.html>.
    let shown = raw.query.iter().any(|(key, _)| LIST_PARAMETERS.contains(&key.as_str()));
    let mut buckets = String::new();
    let (mut count, mut last) = (0, "");
    while count < most
        && let Some((name, bucket)) = found.next()
    {
        let mut inner = element("Name", name) + &element("CreationDate", &time(bucket.created));
        if shown {
            inner += &element("BucketRegion", &world.region);
        }
        inner += &element("BucketArn", &bucket.config.arn());
        buckets += &wrap("Bucket", &inner);
        (count, last) = (count + 1, name.as_str());
    }
    let mut inner = wrap("Owner", &element("ID", &acl::canonical_id(&account)));
    inner += &wrap("Buckets", &buckets);
    if found.peek().is_some() {
        inner += &element("ContinuationToken", &continuation_token(last));
    }
    if let Some(prefix) = raw.query("prefix") {
        inner += &element("Prefix", prefix);
    }
    Ok(RawResponse::document("ListAllMyBucketsResult", &inner))
}

/// The query keys of `ListBuckets`.
const LIST_PARAMETERS: [&str; 4] = ["bucket-region", "continuation-token", "max-buckets", "prefix"];

/// `eu-west-1`, `us-gov-east-1`: letters in two or more groups, and a number.
fn looks_like_region(text: &str) -> bool {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let mut parts: Vec<&str> = text.split('-').collect();
    let number = parts.pop().is_some_and(|last| matches!(last.as_bytes(), [b'1'..=b'9']));
    number && (2..=3).contains(&parts.len()) && parts.iter().all(|part| letters(part))
}

/// A time as S3 writes it: to the second, with three zeros.
fn time(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].000Z");
    at.to_offset(UtcOffset::UTC).format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_told_from_other_words() {
        for good in ["eu-west-1", "us-gov-east-1", "ap-southeast-7"] {
            assert!(looks_like_region(good), "{good}");
        }
        for bad in ["", "eu-west", "us-east-1-1", "weird-region", "EU-west-1", "1", "eu--1"] {
            assert!(!looks_like_region(bad), "{bad}");
        }
    }

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
