"""Probes of policy enforcement: status, code and words of the reason as AWS gives them, each refusal beside what is allowed.

P1 to P19 and the like are rows of the facts that the sandbox follows; where a page of AWS says it, the page is named.
"""

import base64
import hashlib

from served_site import (
    ACCOUNT,
    ADMIN,
    REGION,
    Table,
    allow,
    bucket,
    client,
    control,
    deny,
    document,
    everyone,
    key,
    name,
    role,
    session,
    user,
)

table = Table()
s3, kms, iam, sts = client("s3"), client("kms"), client("iam"), client("sts")
BUCKET_DENY = "with an explicit deny in a resource-based policy"
NO_IDENTITY = "because no identity-based policy allows"


def put(clients, in_bucket, at="k", **settings):
    return lambda: clients.put_object(Bucket=in_bucket, Key=at, Body=b"probe", **settings)


# Uploads and encryption headers: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html.
first, second = key(), key()
writer = client("s3", user(allow(["s3:*", "kms:*"])))
locked = bucket()
s3.put_bucket_policy(
    Bucket=locked,
    Policy=document(
        everyone("Deny", "s3:PutObject", f"arn:aws:s3:::{locked}/*", {"Null": {"s3:x-amz-server-side-encryption": "true"}}),
        everyone("Deny", "s3:PutObject", f"arn:aws:s3:::{locked}/*", {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}),
        everyone(
            "Deny",
            "s3:PutObject",
            f"arn:aws:s3:::{locked}/*",
            {"StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": first}},
        ),
    ),
)
t = table("uploads name their encryption")
kms_key = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": first}
t.row("with the key", put(writer, locked, **kms_key), "200")
t.row("P1: no header", put(writer, locked), "403 AccessDenied", BUCKET_DENY)
t.row("P4: AES256", put(writer, locked, ServerSideEncryption="AES256"), "403 AccessDenied", BUCKET_DENY)
t.row("P6: no key", put(writer, locked, ServerSideEncryption="aws:kms"), "403 AccessDenied", BUCKET_DENY)
t.row("another key", put(writer, locked, ServerSideEncryption="aws:kms", SSEKMSKeyId=second), "403 AccessDenied", BUCKET_DENY)
t.row("P7: two layers", put(writer, locked, ServerSideEncryption="aws:kms:dsse", SSEKMSKeyId=first), "403 AccessDenied", BUCKET_DENY)
t.row("P9: no such key", put(writer, locked, ServerSideEncryption="aws:kms", SSEKMSKeyId="00000000-0000-0000-0000-000000000000"), "400 KMS.NotFoundException")
t.row("by the key's id", put(writer, locked, ServerSideEncryption="aws:kms", SSEKMSKeyId=first.split("/")[1]), "200")
t.row("a key with AES256", put(writer, locked, ServerSideEncryption="AES256", SSEKMSKeyId=first), "400 InvalidArgument")
t.row("a multipart upload", lambda: writer.create_multipart_upload(Bucket=locked, Key="m", **kms_key), "200")
t.row("a multipart upload without", lambda: writer.create_multipart_upload(Bucket=locked, Key="m"), "403 AccessDenied", BUCKET_DENY)
copy = {"Bucket": locked, "Key": "copied", "CopySource": {"Bucket": locked, "Key": "k"}}
t.row("a copy", lambda: writer.copy_object(**copy, **kms_key), "200")
t.row("a copy without", lambda: writer.copy_object(**copy), "403 AccessDenied", BUCKET_DENY)
plain = client("s3", ADMIN, "http")
t.row("over plain HTTP", put(plain, locked, **kms_key), "400 InvalidArgument", "must be made over a secure connection")

t = table("defaults of the bucket")
defaulted = bucket()
rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": first}, "BucketKeyEnabled": True}
s3.put_bucket_encryption(Bucket=defaulted, ServerSideEncryptionConfiguration={"Rules": [rule]})
only_first = everyone("Deny", "s3:PutObject", f"arn:aws:s3:::{defaulted}/*", {"StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": first}})
s3.put_bucket_policy(Bucket=defaulted, Policy=document(only_first))
t.row("P2: no header, the default key", put(writer, defaulted), "200")
t.row("another key", put(writer, defaulted, ServerSideEncryption="aws:kms", SSEKMSKeyId=second), "403 AccessDenied", BUCKET_DENY)
rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256", "KMSMasterKeyID": first}}
t.row("P10: a key for SSE-S3", lambda: s3.put_bucket_encryption(Bucket=defaulted, ServerSideEncryptionConfiguration={"Rules": [rule]}), "400 InvalidArgument")

t = table("KMS permission on what is stored")
data = bucket()
s3.put_object(Bucket=data, Key="k", Body=b"x", **kms_key)
no_kms = client("s3", user(allow("s3:*")))
reader = client("s3", user(allow(["s3:*", "kms:Decrypt"])))
t.row("P17: a put without kms:GenerateDataKey", put(no_kms, data, **kms_key), "403 AccessDenied", f"kms:GenerateDataKey on resource: {first} {NO_IDENTITY}")
t.row("a put without it, with kms:Decrypt", put(reader, data, **kms_key), "403 AccessDenied", "kms:GenerateDataKey")
t.row("P18: a get without kms:Decrypt", lambda: no_kms.get_object(Bucket=data, Key="k"), "403 AccessDenied", f"kms:Decrypt on resource: {first} {NO_IDENTITY}")
t.row("a get with it", lambda: reader.get_object(Bucket=data, Key="k"), "200")
t.row("a head without", lambda: no_kms.head_object(Bucket=data, Key="k"), "200")
t.row("a list without", lambda: no_kms.list_objects_v2(Bucket=data), "200")
t.row("direct use through S3 only", lambda: client("kms", user(allow("s3:*"))).decrypt(CiphertextBlob=kms.encrypt(KeyId=first, Plaintext=b"x")["CiphertextBlob"]), "400 AccessDeniedException", NO_IDENTITY)
via = client("s3", user(allow("s3:*"), allow("kms:*", Condition={"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}})))
t.row("a put that may use keys through S3", put(via, data, **kms_key), "200")
kms.disable_key(KeyId=second)
t.row("a put under a disabled key", put(writer, data, ServerSideEncryption="aws:kms", SSEKMSKeyId=second), "400 KMS.DisabledException", "is disabled")
kms.enable_key(KeyId=second)
t.row("and an enabled one", put(writer, data, ServerSideEncryption="aws:kms", SSEKMSKeyId=second), "200")

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html, P12 to P15.
t = table("customer-provided keys")
blocked, opened = bucket(), bucket()
rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
s3.put_bucket_encryption(Bucket=opened, ServerSideEncryptionConfiguration={"Rules": [rule]})
mine = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32}
other = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"o" * 32}
t.row("P14: a new bucket blocks them", put(writer, blocked, **mine), "403 AccessDenied", "has blocked upload requests that specify Server Side Encryption with Customer provided keys")
t.row("P12: not blocked", put(writer, opened, **mine), "200")
t.row("read with it", lambda: writer.get_object(Bucket=opened, Key="k", **mine), "200")
t.row("P15: read without", lambda: writer.get_object(Bucket=opened, Key="k"), "400 InvalidRequest")
t.row("P15: read with another", lambda: writer.get_object(Bucket=opened, Key="k", **other), "403 AccessDenied")
t.row("head with it", lambda: writer.head_object(Bucket=opened, Key="k", **mine), "200")
t.row("head without", lambda: writer.head_object(Bucket=opened, Key="k"), "400 400")
s3.put_object(Bucket=opened, Key="plain", Body=b"x")
t.row("a key for what has none", lambda: writer.get_object(Bucket=opened, Key="plain", **mine), "400 InvalidRequest")

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html.
t = table("TLS only")
tls = bucket()
for at in ("k", "gone"):
    s3.put_object(Bucket=tls, Key=at, Body=b"x")
insecure = everyone("Deny", "s3:*", [f"arn:aws:s3:::{tls}", f"arn:aws:s3:::{tls}/*"], {"Bool": {"aws:SecureTransport": "false"}})
s3.put_bucket_policy(Bucket=tls, Policy=document(insecure))
for said, call in {
    "get": lambda c: c.get_object(Bucket=tls, Key="k"),
    "put": lambda c: c.put_object(Bucket=tls, Key="k", Body=b"x"),
    "list": lambda c: c.list_objects_v2(Bucket=tls),
    "list of versions": lambda c: c.list_object_versions(Bucket=tls),
    "tags": lambda c: c.get_object_tagging(Bucket=tls, Key="k"),
    "policy": lambda c: c.get_bucket_policy(Bucket=tls),
}.items():
    t.row(f"{said} over TLS", lambda call=call: call(s3), "200")
    t.row(f"{said} in the clear", lambda call=call: call(plain), "403 AccessDenied", BUCKET_DENY)

# Two teams and their prefixes: every operation on what is another's.
shared = bucket()
s3.put_bucket_versioning(Bucket=shared, VersioningConfiguration={"Status": "Enabled"})
versions = {team: s3.put_object(Bucket=shared, Key=f"{team}/k", Body=b"x")["VersionId"] for team in ("red", "blue")}
old = {team: s3.put_object(Bucket=shared, Key=f"{team}/old", Body=b"x")["VersionId"] for team in ("red", "blue")}


def team(called):
    objects = allow("s3:*", f"arn:aws:s3:::{shared}/{called}/*")
    lists = allow(["s3:ListBucket", "s3:ListBucketVersions"], f"arn:aws:s3:::{shared}", Condition={"StringLike": {"s3:prefix": f"{called}/*"}})
    return client("s3", session(role(objects, lists)))


red, t = team("red"), table("prefixes of teams")
for said, call in {
    "get": lambda at: red.get_object(Bucket=shared, Key=f"{at}/k"),
    "get a version": lambda at: red.get_object(Bucket=shared, Key=f"{at}/k", VersionId=versions[at]),
    "attributes": lambda at: red.get_object_attributes(Bucket=shared, Key=f"{at}/k", ObjectAttributes=["ETag"]),
    "tags": lambda at: red.get_object_tagging(Bucket=shared, Key=f"{at}/k"),
    "put tags": lambda at: red.put_object_tagging(Bucket=shared, Key=f"{at}/k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}),
    "acl": lambda at: red.get_object_acl(Bucket=shared, Key=f"{at}/k"),
    "put": lambda at: red.put_object(Bucket=shared, Key=f"{at}/n", Body=b"x"),
    "begin an upload": lambda at: red.create_multipart_upload(Bucket=shared, Key=f"{at}/m"),
    "list": lambda at: red.list_objects_v2(Bucket=shared, Prefix=f"{at}/"),
    "list v1": lambda at: red.list_objects(Bucket=shared, Prefix=f"{at}/"),
    "list versions": lambda at: red.list_object_versions(Bucket=shared, Prefix=f"{at}/"),
    "copy from": lambda at: red.copy_object(Bucket=shared, Key="red/c", CopySource={"Bucket": shared, "Key": f"{at}/k"}),
    "copy to": lambda at: red.copy_object(Bucket=shared, Key=f"{at}/c", CopySource={"Bucket": shared, "Key": "red/k"}),
    "delete": lambda at: red.delete_object(Bucket=shared, Key=f"{at}/none"),
    "delete a version": lambda at: red.delete_object(Bucket=shared, Key=f"{at}/old", VersionId=old[at]),
    "delete a version that is another object's": lambda at: red.delete_object(Bucket=shared, Key=f"{at}/none", VersionId=versions["red"]),
}.items():
    ok = "204" if said.startswith("delete") else "200"
    t.row(f"{said}: own", lambda call=call: call("red"), ok)
    t.row(f"{said}: another's", lambda call=call: call("blue"), "403 AccessDenied", NO_IDENTITY)
# Recorded by LocalStack, test_delete_object, 2026-02-21.
t.row("delete what is no version", lambda: red.delete_object(Bucket=shared, Key="red/none", VersionId="x"), "400 InvalidArgument", "Invalid version id specified")
t.row("list without a prefix", lambda: red.list_objects_v2(Bucket=shared), "403 AccessDenied", "s3:ListBucket")
many = red.delete_objects(Bucket=shared, Delete={"Objects": [{"Key": "red/n"}, {"Key": "blue/k"}]})
assert [error["Code"] for error in many["Errors"]] == ["AccessDenied"] and len(many["Deleted"]) == 1, many
head = lambda at: lambda: red.head_object(Bucket=shared, Key=f"{at}/k")  # noqa: E731
t.row("head: own", head("red"), "200")
t.row("head: another's, which says no reason", head("blue"), "403 403")

t = table("404 or 403 by s3:ListBucket")
only_get = client("s3", user(allow("s3:GetObject")))
t.row("missing, with the list", lambda: s3.get_object(Bucket=shared, Key="none"), "404 NoSuchKey")
t.row("missing, without", lambda: only_get.get_object(Bucket=shared, Key="none"), "403 AccessDenied", "s3:ListBucket")
t.row("there", lambda: only_get.get_object(Bucket=shared, Key="blue/k"), "200")

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html.
t = table("public access")
shut, public = bucket(), bucket()
s3.put_object(Bucket=public, Key="k", Body=b"x")
s3.put_object(Bucket=shut, Key="k", Body=b"x")
s3.put_public_access_block(Bucket=public, PublicAccessBlockConfiguration={})
grant = lambda at: document(everyone("Allow", "s3:GetObject", f"arn:aws:s3:::{at}/*"))  # noqa: E731
t.row("a public policy where it is blocked", lambda: s3.put_bucket_policy(Bucket=shut, Policy=grant(shut)), "403 AccessDenied", "BlockPublicPolicy")
t.row("and where not", lambda: s3.put_bucket_policy(Bucket=public, Policy=grant(public)), "204")
nobody = client("s3", None)
t.row("nobody reads what is public", lambda: nobody.get_object(Bucket=public, Key="k"), "200")
t.row("nobody writes it", put(nobody, public), "403 AccessDenied")
s3.put_bucket_policy(Bucket=public, Policy=document(everyone("Allow", ["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{public}/*")))
t.row("or does, where a policy lets him", put(nobody, public), "200")
assert nobody.get_object(Bucket=public, Key="k")["Body"].read() == b"probe", "without a signature a body in chunks is opened, too"
s3.put_bucket_policy(Bucket=public, Policy=grant(public))
t.row("nobody reads what is not", lambda: nobody.get_object(Bucket=shut, Key="k"), "403 AccessDenied")
assert s3.get_bucket_policy_status(Bucket=public)["PolicyStatus"]["IsPublic"] is True
s3.put_public_access_block(Bucket=public, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
t.row("restricted", lambda: nobody.get_object(Bucket=public, Key="k"), "403 AccessDenied")
t.row("its own account still reads", lambda: s3.get_object(Bucket=public, Key="k"), "200")
t.row("a public ACL on an object", put(s3, shut, ACL="public-read"), "400 AccessControlListNotSupported")
t.row("the owner's ACL", put(s3, shut, ACL="bucket-owner-full-control"), "200")
t.row("a public ACL on a bucket", lambda: s3.put_bucket_acl(Bucket=shut, ACL="public-read"), "403 AccessDenied", "BlockPublicAcls")

t = table("the owner that is expected")
t.row("the right one", lambda: s3.get_object(Bucket=shut, Key="k", ExpectedBucketOwner=ACCOUNT), "200")
t.row("another", lambda: s3.get_object(Bucket=shut, Key="k", ExpectedBucketOwner="999999999999"), "403 AccessDenied", "Access Denied")
t.row("no account", lambda: s3.get_object(Bucket=shut, Key="k", ExpectedBucketOwner="x"), "400 InvalidBucketOwnerAWSAccountID")

# Configuration of buckets: who may write it, who may read it, and what is said where there is none.
conf = bucket()
s3.put_bucket_versioning(Bucket=conf, VersioningConfiguration={"Status": "Enabled"})
stranger = client("s3", user(allow("s3:GetObject")))
target = bucket()
CONFIGURATIONS = {
    "bucket_tagging": ("s3:PutBucketTagging", {"Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}, "204", "NoSuchTagSet"),
    "bucket_lifecycle_configuration": (
        "s3:PutLifecycleConfiguration",
        {"LifecycleConfiguration": {"Rules": [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}]}},
        "200",
        "NoSuchLifecycleConfiguration",
    ),
    "bucket_cors": (
        "s3:PutBucketCORS",
        {"CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.org"]}]}},
        "200",
        "NoSuchCORSConfiguration",
    ),
    "bucket_website": ("s3:PutBucketWebsite", {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}}}, "200", "NoSuchWebsiteConfiguration"),
    "bucket_logging": ("s3:PutBucketLogging", {"BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": "l/"}}}, "200", ""),
    "bucket_notification_configuration": ("s3:PutBucketNotification", {"NotificationConfiguration": {"EventBridgeConfiguration": {}}}, "200", ""),
    "bucket_accelerate_configuration": ("s3:PutAccelerateConfiguration", {"AccelerateConfiguration": {"Status": "Enabled"}}, "200", ""),
    "bucket_request_payment": ("s3:PutBucketRequestPayment", {"RequestPaymentConfiguration": {"Payer": "BucketOwner"}}, "200", ""),
    "bucket_versioning": ("s3:PutBucketVersioning", {"VersioningConfiguration": {"Status": "Enabled"}}, "200", ""),
    "public_access_block": ("s3:PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}, "200", ""),
    "bucket_ownership_controls": (
        "s3:PutBucketOwnershipControls",
        {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
        "200",
        "",
    ),
    "object_lock_configuration": (
        "s3:PutBucketObjectLockConfiguration",
        {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}},
        "200",
        "ObjectLockConfigurationNotFoundError",
    ),
}
for kind, (action, body, ok, absent) in CONFIGURATIONS.items():
    t = table(f"configuration: {kind}")
    write, read = f"put_{kind}", f"get_{kind}"
    if absent:
        t.row("a read of none", lambda: getattr(s3, read)(Bucket=conf), f"404 {absent}")
    t.row("written by a stranger", lambda: getattr(stranger, write)(Bucket=conf, **body), "403 AccessDenied", f"{action} on resource")
    t.row("written by who may", lambda: getattr(s3, write)(Bucket=conf, **body), ok)
    t.row("read by a stranger", lambda: getattr(stranger, read)(Bucket=conf), "403 AccessDenied", NO_IDENTITY)
    t.row("read by who may", lambda: getattr(s3, read)(Bucket=conf), "200")

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html.
t = table("buckets")
made = name("probe-made")
t.row("made by a stranger", lambda: stranger.create_bucket(Bucket=made), "403 AccessDenied", "s3:CreateBucket")
t.row("made", lambda: s3.create_bucket(Bucket=made), "200")
t.row("listed by a stranger", lambda: stranger.list_buckets(), "403 AccessDenied", "s3:ListAllMyBuckets")
t.row("listed", lambda: s3.list_buckets(), "200")
s3.put_object(Bucket=made, Key="k", Body=b"x")
t.row("removed while it is full", lambda: s3.delete_bucket(Bucket=made), "409 BucketNotEmpty")
s3.delete_object(Bucket=made, Key="k")
t.row("removed by a stranger", lambda: stranger.delete_bucket(Bucket=made), "403 AccessDenied", "s3:DeleteBucket")
t.row("removed", lambda: s3.delete_bucket(Bucket=made), "204")
t.row("asked about then", lambda: s3.head_bucket(Bucket=made), "404 404")

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html.
t = table("access points")
behind, points, point = bucket(), control(), name("point")
OWN = {"AccountId": ACCOUNT, "Name": point}
lone = control(user(allow("s3:GetObject")))
t.row("made by a stranger", lambda: lone.create_access_point(**OWN, Bucket=behind), "403 AccessDenied", "s3:CreateAccessPoint")
t.row("made", lambda: points.create_access_point(**OWN, Bucket=behind), "200")
t.row("listed", lambda: points.list_access_points(AccountId=ACCOUNT, Bucket=behind), "200")
t.row("listed by a stranger", lambda: lone.list_access_points(AccountId=ACCOUNT), "403 AccessDenied", "s3:ListAccessPoints")
told = points.get_access_point(**OWN)
alias, own_arn = told["Alias"], told["AccessPointArn"]
s3.put_object(Bucket=behind, Key="k", Body=b"x")
t.row("a put through it", put(s3, alias, "through"), "200")
t.row("what was put is in the bucket", lambda: s3.head_object(Bucket=behind, Key="through"), "200")
t.row("a list through it", lambda: s3.list_objects_v2(Bucket=alias), "200")
t.row("what it does not take", lambda: s3.put_bucket_versioning(Bucket=alias, VersioningConfiguration={"Status": "Enabled"}), "501 NotImplemented")
of_point = client("s3", user(allow("s3:GetObject", f"{own_arn}/object/*")))
of_bucket = client("s3", user(allow("s3:GetObject", f"arn:aws:s3:::{behind}/*")))
of_both = client("s3", user(allow("s3:GetObject", [f"{own_arn}/object/*", f"arn:aws:s3:::{behind}/*"])))
t.row("by who may do both", lambda: of_both.get_object(Bucket=alias, Key="k"), "200")
t.row("by who may use the access point only", lambda: of_point.get_object(Bucket=alias, Key="k"), "403 AccessDenied", f"{behind}/k")
t.row("by who may use the bucket only", lambda: of_bucket.get_object(Bucket=alias, Key="k"), "403 AccessDenied", f"{own_arn}/object/k")
t.row("and that directly", lambda: of_bucket.get_object(Bucket=behind, Key="k"), "200")
trust = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{behind}/*", "Condition": {"StringEquals": {"s3:DataAccessPointAccount": ACCOUNT}}}
s3.put_bucket_policy(Bucket=behind, Policy=document(trust))
t.row("a bucket that leaves it to its access points", lambda: of_point.get_object(Bucket=alias, Key="k"), "200")
powerless = client("s3", user())
closed = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:GetObject", "Resource": f"{own_arn}/object/*"}
t.row("by who may nothing", lambda: powerless.get_object(Bucket=alias, Key="k"), "403 AccessDenied", NO_IDENTITY)
t.row("its policy put by a stranger", lambda: lone.put_access_point_policy(**OWN, Policy=document(closed)), "403 AccessDenied", "s3:PutAccessPointPolicy")
deny_reads = {**closed, "Effect": "Deny", "Principal": "*", "Resource": f"{own_arn}/object/k"}
t.row("a policy that denies", lambda: points.put_access_point_policy(**OWN, Policy=document(deny_reads)), "200")
t.row("what it denies", lambda: s3.get_object(Bucket=alias, Key="k"), "403 AccessDenied", BUCKET_DENY)
t.row("what it does not", lambda: s3.get_object(Bucket=alias, Key="through"), "200")
t.row("past it", lambda: s3.get_object(Bucket=behind, Key="k"), "200")
only_through = {**everyone("Deny", "s3:GetObject", f"arn:aws:s3:::{behind}/*"), "Condition": {"StringNotEquals": {"s3:DataAccessPointArn": own_arn}}}
s3.put_bucket_policy(Bucket=behind, Policy=document(only_through))
t.row("a bucket that takes nothing else", lambda: s3.get_object(Bucket=behind, Key="through"), "403 AccessDenied", BUCKET_DENY)
t.row("and takes this", lambda: s3.get_object(Bucket=alias, Key="through"), "200")
t.row("a public policy", lambda: points.put_access_point_policy(**OWN, Policy=document(everyone("Allow", "s3:GetObject", f"{own_arn}/object/*"))), "403 AccessDenied", "BlockPublicPolicy")
t.row("whether it is public", lambda: points.get_access_point_policy_status(**OWN), "200")
t.row("removed", lambda: points.delete_access_point(**OWN), "204")
t.row("asked through then", lambda: s3.get_object(Bucket=alias, Key="k"), "404 NoSuchBucket")

# Object Lock, as recorded from AWS.
t = table("object lock")
kept = bucket(ObjectLockEnabledForBucket=True)
protected = "Access Denied because object protected by object lock."
md5 = base64.b64encode(hashlib.md5(b"probe").digest()).decode()
version = put(s3, kept, ContentMD5=md5)()["VersionId"]
hold = lambda status: lambda: s3.put_object_legal_hold(Bucket=kept, Key="k", LegalHold={"Status": status})  # noqa: E731
t.row("hold", hold("ON"), "200")
t.row("a held version", lambda: s3.delete_object(Bucket=kept, Key="k", VersionId=version), "403 AccessDenied", protected)
t.row("a marker on it", lambda: s3.delete_object(Bucket=kept, Key="k"), "204")
t.row("hold on a marker", hold("ON"), "405 MethodNotAllowed")
t.row("versioning suspended", lambda: s3.put_bucket_versioning(Bucket=kept, VersioningConfiguration={"Status": "Suspended"}), "409 InvalidBucketState")
t.row("lift", lambda: s3.put_object_legal_hold(Bucket=kept, Key="k", VersionId=version, LegalHold={"Status": "OFF"}), "200")
t.row("a version that was held", lambda: s3.delete_object(Bucket=kept, Key="k", VersionId=version), "204")
t.row("on a bucket without", lambda: s3.put_object_legal_hold(Bucket=shut, Key="k", LegalHold={"Status": "ON"}), "400 InvalidRequest")

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html.
t = table("conditions of requests")
s3.put_object(Bucket=data, Key="etag", Body=b"probe")
etag = s3.head_object(Bucket=data, Key="etag")["ETag"]
t.row("it matches", lambda: s3.get_object(Bucket=data, Key="etag", IfMatch=etag), "200")
t.row("it does not", lambda: s3.get_object(Bucket=data, Key="etag", IfMatch='"x"'), "412 PreconditionFailed")
t.row("unchanged", lambda: s3.get_object(Bucket=data, Key="etag", IfNoneMatch=etag), "304 304")
t.row("a range", lambda: s3.get_object(Bucket=data, Key="etag", Range="bytes=1-2"), "206")
t.row("a range behind the end", lambda: s3.get_object(Bucket=data, Key="etag", Range="bytes=9-"), "416 InvalidRange")
t.row("a write over nothing", put(s3, data, "fresh", IfNoneMatch="*"), "200")
t.row("a write over something", put(s3, data, "fresh", IfNoneMatch="*"), "412 PreconditionFailed")
t.row("a wrong digest", put(s3, data, "d", ContentMD5=base64.b64encode(b"0" * 16).decode()), "400 BadDigest")
t.row("no digest", put(s3, data, "d", ContentMD5="x"), "400 InvalidDigest")

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#encryption-context.
t = table("encryption contexts")
pair = base64.b64encode(b'{"department": "ten"}').decode()
sealed = lambda who, at, **more: put(client("s3", who), data, at, **kms_key, **more)  # noqa: E731
bound = user(allow("s3:*"), allow("kms:*", Condition={"StringEquals": {"kms:EncryptionContext:department": "ten"}}))
named = user(allow("s3:*"), allow("kms:*", Condition={"StringEquals": {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{data}/context"}}))
t.row("a put with the pair", sealed(bound, "context", SSEKMSEncryptionContext=pair), "200")
t.row("a put without", sealed(bound, "context-none"), "403 AccessDenied", "kms:GenerateDataKey")
t.row("a get of what has it", lambda: client("s3", bound).get_object(Bucket=data, Key="context"), "200")
t.row("a get of what has not", lambda: client("s3", bound).get_object(Bucket=data, Key="k"), "403 AccessDenied", "kms:Decrypt")
t.row("S3's own pair is there, too", lambda: client("s3", named).get_object(Bucket=data, Key="context"), "200")
t.row("and of another object another", lambda: client("s3", named).get_object(Bucket=data, Key="k"), "403 AccessDenied", "kms:Decrypt")
t.row("what is no context", sealed(bound, "context", SSEKMSEncryptionContext="x"), "400 InvalidArgument")
t.row("a context without KMS", put(s3, data, "context", ServerSideEncryption="AES256", SSEKMSEncryptionContext=pair), "400 InvalidArgument")

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html.
t = table("destinations of notifications")
queue = {"QueueConfigurations": [{"QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue", "Events": ["s3:ObjectCreated:*"]}]}
notify = lambda **more: lambda: s3.put_bucket_notification_configuration(Bucket=data, NotificationConfiguration=queue, **more)  # noqa: E731
t.row("a queue that is not there", notify(), "400 InvalidArgument", "destination")
t.row("unless nobody is to look", notify(SkipDestinationValidation=True), "200")
assert s3.get_bucket_notification_configuration(Bucket=data)["QueueConfigurations"][0]["QueueArn"].endswith(":queue")

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html.
t = table("ACLs")
listed = bucket(ObjectOwnership="BucketOwnerPreferred")
EVERYONE = "http://acs.amazonaws.com/groups/global/AllUsers"
owner = s3.get_bucket_acl(Bucket=listed)["Owner"]["ID"]
own = {"Grantee": {"Type": "CanonicalUser", "ID": owner}, "Permission": "FULL_CONTROL"}
everyone_reads = {"Grantee": {"Type": "Group", "URI": EVERYONE}, "Permission": "READ"}
for at in ("plain", "open", "authenticated", "granted"):
    s3.put_object(Bucket=listed, Key=at, Body=b"x")
acl = lambda at, **more: lambda: s3.put_object_acl(Bucket=listed, Key=at, **more)  # noqa: E731
t.row("public, where that is blocked", acl("open", ACL="public-read"), "403 AccessDenied", "BlockPublicAcls")
t.row("an upload that is public, too", put(s3, listed, "open", ACL="public-read"), "403 AccessDenied", "BlockPublicAcls")
s3.delete_public_access_block(Bucket=listed)
t.row("public", acl("open", ACL="public-read"), "200")
t.row("read by anyone", lambda: nobody.get_object(Bucket=listed, Key="open"), "200")
t.row("removed by anyone", lambda: nobody.delete_object(Bucket=listed, Key="open"), "403 AccessDenied")
t.row("what is not public", lambda: nobody.get_object(Bucket=listed, Key="plain"), "403 AccessDenied")
t.row("its list", lambda: nobody.list_objects_v2(Bucket=listed), "403 AccessDenied")
t.row("a public list", lambda: s3.put_bucket_acl(Bucket=listed, AccessControlPolicy={"Owner": {"ID": owner}, "Grants": [own, everyone_reads]}), "200")
t.row("its list then", lambda: nobody.list_objects_v2(Bucket=listed), "200")
t.row("and still not the object", lambda: nobody.get_object(Bucket=listed, Key="plain"), "403 AccessDenied")
assert [grant["Permission"] for grant in s3.get_bucket_acl(Bucket=listed)["Grants"]] == ["FULL_CONTROL", "READ"]
t.row("for whoever has an account", acl("authenticated", ACL="authenticated-read"), "200")
unknown = client("s3", user())
t.row("read by one", lambda: unknown.get_object(Bucket=listed, Key="authenticated"), "200")
t.row("read by anyone without", lambda: nobody.get_object(Bucket=listed, Key="authenticated"), "403 AccessDenied")
t.row("granted by a header", acl("granted", GrantRead=f'uri="{EVERYONE}"', GrantFullControl=f'id="{owner}"'), "200")
t.row("read by anyone then", lambda: nobody.get_object(Bucket=listed, Key="granted"), "200")
t.row("its ACL", lambda: nobody.get_object_acl(Bucket=listed, Key="granted"), "403 AccessDenied")
t.row("in two ways at once", acl("granted", ACL="private", GrantRead=f'uri="{EVERYONE}"'), "400 InvalidRequest")
t.row("to nobody that there is", acl("granted", GrantRead='id="0123"'), "400 InvalidArgument")
t.row("to no group", acl("granted", GrantRead='uri="http://example.org"'), "400 InvalidArgument")
t.row("what is no ACL", acl("granted", ACL="none"), "400 InvalidArgument")
s3.put_bucket_policy(Bucket=listed, Policy=document(everyone("Deny", "s3:GetObject", f"arn:aws:s3:::{listed}/granted")))
t.row("a policy that denies it", lambda: nobody.get_object(Bucket=listed, Key="granted"), "403 AccessDenied")
t.row("an upload that is public", put(s3, listed, "uploaded", ACL="public-read"), "200")
t.row("read at once", lambda: nobody.get_object(Bucket=listed, Key="uploaded"), "200")
t.row("a copy of it", lambda: s3.copy_object(Bucket=listed, Key="copied", CopySource={"Bucket": listed, "Key": "uploaded"}), "200")
t.row("which is not", lambda: nobody.get_object(Bucket=listed, Key="copied"), "403 AccessDenied")
s3.put_public_access_block(Bucket=listed, PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
t.row("where public ACLs are ignored", lambda: nobody.get_object(Bucket=listed, Key="open"), "403 AccessDenied")
s3.delete_public_access_block(Bucket=listed)
t.row("and not", lambda: nobody.get_object(Bucket=listed, Key="open"), "200")
off = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
t.row("turned off while the bucket's grants", lambda: s3.put_bucket_ownership_controls(Bucket=listed, OwnershipControls=off), "400 InvalidBucketAclWithObjectOwnership")
s3.put_bucket_acl(Bucket=listed, ACL="private")
t.row("turned off", lambda: s3.put_bucket_ownership_controls(Bucket=listed, OwnershipControls=off), "200")
t.row("the object then", lambda: nobody.get_object(Bucket=listed, Key="open"), "403 AccessDenied")
t.row("a public ACL then", acl("open", ACL="public-read"), "400 AccessControlListNotSupported")

# https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html.
t = table("KMS")
users = [client("kms", user(allow("kms:*"))), client("kms", user())]
blob = kms.encrypt(KeyId=first, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
for said, call in {
    "Encrypt": lambda c: c.encrypt(KeyId=first, Plaintext=b"x"),
    "Decrypt": lambda c: c.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"}),
    "GenerateDataKey": lambda c: c.generate_data_key(KeyId=first, KeySpec="AES_256"),
    "DescribeKey": lambda c: c.describe_key(KeyId=first),
    "GetKeyPolicy": lambda c: c.get_key_policy(KeyId=first),
    "EnableKeyRotation": lambda c: c.enable_key_rotation(KeyId=first),
    "GetKeyRotationStatus": lambda c: c.get_key_rotation_status(KeyId=first),
    "ListGrants": lambda c: c.list_grants(KeyId=first),
    "ListAliases": lambda c: c.list_aliases(),
    "ListKeys": lambda c: c.list_keys(),
    "ListKeyPolicies": lambda c: c.list_key_policies(KeyId=first),
    "ListKeyRotations": lambda c: c.list_key_rotations(KeyId=first),
    "RotateKeyOnDemand": lambda c: c.rotate_key_on_demand(KeyId=first),
    "UpdateKeyDescription": lambda c: c.update_key_description(KeyId=first, Description="probed"),
    "GenerateRandom": lambda c: c.generate_random(NumberOfBytes=8),
    "ListRetirableGrants": lambda c: c.list_retirable_grants(RetiringPrincipal=f"arn:aws:iam::{ACCOUNT}:root"),
    "CreateKey": lambda c: c.create_key(),
    "CreateKey with tags": lambda c: c.create_key(Tags=[{"TagKey": "a", "TagValue": "b"}], Description="probed"),
}.items():
    t.row(f"{said} by who may", lambda call=call: call(users[0]), "200")
    t.row(f"{said} by who may not", lambda call=call: call(users[1]), "400 AccessDeniedException", NO_IDENTITY)
t.row("another context", lambda: kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "c"}), "400 InvalidCiphertextException")
t.row("another key", lambda: kms.decrypt(CiphertextBlob=blob, KeyId=second, EncryptionContext={"a": "b"}), "400 IncorrectKeyException")
t.row("a dry run that may", lambda: kms.encrypt(KeyId=first, Plaintext=b"x", DryRun=True), "400 DryRunOperationException", "would have succeeded")
t.row("a dry run that may not", lambda: users[1].encrypt(KeyId=first, Plaintext=b"x", DryRun=True), "400 AccessDeniedException")
denied = key({"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"})
t.row("a key that denies", lambda: kms.encrypt(KeyId=denied, Plaintext=b"x"), "400 AccessDeniedException", BUCKET_DENY)
t.row("and its other uses", lambda: kms.generate_data_key(KeyId=denied, KeySpec="AES_256"), "200")
lockout = document({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:Encrypt", "Resource": "*"})
t.row("a policy that locks its writer out", lambda: kms.put_key_policy(KeyId=second, Policy=lockout), "400 MalformedPolicyDocumentException")
kms.schedule_key_deletion(KeyId=second)
t.row("a key that waits to be deleted", lambda: kms.encrypt(KeyId=second, Plaintext=b"x"), "400 KMSInvalidStateException", "pending deletion")
kms.cancel_key_deletion(KeyId=second)
t.row("one that was brought back", lambda: kms.encrypt(KeyId=second, Plaintext=b"x"), "400 DisabledException")
t.row("too short a wait", lambda: kms.schedule_key_deletion(KeyId=second, PendingWindowInDays=3), "400 ValidationException")

untagging = client("kms", user(allow("kms:CreateKey")))
t.row("a new key without kms:TagResource", lambda: untagging.create_key(), "200")
t.row("with tags", lambda: untagging.create_key(Tags=[{"TagKey": "a", "TagValue": "b"}]), "400 AccessDeniedException", "kms:TagResource")
pinned = client("kms", user(allow("kms:CreateKey"), deny("kms:CreateKey", Condition={"Bool": {"kms:MultiRegion": "true"}})))
t.row("a policy without multi-Region keys", lambda: pinned.create_key(MultiRegion=True), "400 AccessDeniedException", "explicit deny in an identity-based policy")
t.row("and other keys", lambda: pinned.create_key(), "200")

# https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html.
t = table("keys of several Regions")
many = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
there = client("kms", region="us-west-2" if REGION != "us-west-2" else "us-east-1")
THERE = there.meta.region_name
inward = client("kms", user(allow("kms:*"), deny("kms:ReplicateKey", Condition={"StringNotEquals": {"kms:ReplicaRegion": REGION}})))
t.row("a replica where the policy denies it", lambda: inward.replicate_key(KeyId=many, ReplicaRegion=THERE), "400 AccessDeniedException", "explicit deny")
t.row("not there yet", lambda: there.describe_key(KeyId=many), "400 NotFoundException")
t.row("a replica", lambda: kms.replicate_key(KeyId=many, ReplicaRegion=THERE), "200")
t.row("there now", lambda: there.describe_key(KeyId=many), "200")
t.row("sealed here, opened there", lambda: there.decrypt(CiphertextBlob=kms.encrypt(KeyId=many, Plaintext=b"x")["CiphertextBlob"]), "200")
t.row("a key of one Region", lambda: there.decrypt(CiphertextBlob=kms.encrypt(KeyId=first, Plaintext=b"x")["CiphertextBlob"]), "400 InvalidCiphertextException")
t.row("its ARN elsewhere", lambda: there.describe_key(KeyId=first), "400 NotFoundException", f"Invalid arn {REGION}")
only_here = user(allow("kms:*"), deny("*", Condition={"StringNotEquals": {"aws:RequestedRegion": REGION}}))
t.row("a policy of one Region, here", lambda: client("kms", only_here).describe_key(KeyId=many), "200")
t.row("a policy of one Region, there", lambda: client("kms", only_here, region=THERE).describe_key(KeyId=many), "400 AccessDeniedException", "explicit deny")

# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html.
t = table("sessions")
anyone = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": ["sts:AssumeRole"]}
outside = role(trust={**anyone, "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}})
assume = lambda arn, **more: lambda: sts.assume_role(RoleArn=arn, RoleSessionName="probe", **more)  # noqa: E731
t.row("with the external id", assume(outside, ExternalId="secret"), "200")
t.row("without", assume(outside), "403 AccessDenied", "sts:AssumeRole")
t.row("with another", assume(outside, ExternalId="guess"), "403 AccessDenied")
able = role(allow("s3:*"))
reading = iam.create_policy(PolicyName=name("reads"), PolicyDocument=document(allow("s3:GetObject")))["Policy"]["Arn"]
listing = document(allow("s3:ListBucket"))
s3.put_object(Bucket=data, Key="sessions", Body=b"x")
reads = lambda **more: lambda: client("s3", session(able, **more)).get_object(Bucket=data, Key="sessions")  # noqa: E731
lists = lambda **more: lambda: client("s3", session(able, **more)).list_objects_v2(Bucket=data)  # noqa: E731
NO_SESSION = "because no session policy allows"
managed = [{"arn": reading}]
t.row("a read without a session policy", reads(), "200")
t.row("a read that a managed one allows", reads(PolicyArns=managed), "200")
t.row("a list that it does not", lists(PolicyArns=managed), "403 AccessDenied", NO_SESSION)
t.row("a list that the inline one allows", lists(PolicyArns=managed, Policy=listing), "200")
t.row("a read beside it", reads(PolicyArns=managed, Policy=listing), "200")
t.row("a read that the inline one does not allow", reads(Policy=listing), "403 AccessDenied", NO_SESSION)
t.row("a policy that is not there", assume(able, PolicyArns=[{"arn": f"{reading}-none"}]), "400 NoSuchEntity")
t.row("eleven policies", assume(able, PolicyArns=managed * 11), "400 ValidationError")
lasting = client("s3", session(able, PolicyArns=managed))
t.row("a session with a managed policy", lambda: lasting.get_object(Bucket=data, Key="sessions"), "200")
iam.delete_policy(PolicyArn=reading)
t.row("when the policy is gone", lambda: lasting.get_object(Bucket=data, Key="sessions"), "403 AccessDenied", NO_SESSION)
t.row("a role that is not there", assume(f"arn:aws:iam::{ACCOUNT}:role/none"), "403 AccessDenied", "sts:AssumeRole")
reads = role(allow("s3:*"), MaxSessionDuration=3600)
t.row("as long as it may", assume(reads, DurationSeconds=3600), "200")
t.row("longer than its maximum", assume(reads, DurationSeconds=7200), "400 ValidationError", "MaxSessionDuration")
t.row("longer than any may be", assume(reads, DurationSeconds=50000), "400 ValidationError")
narrow = client("s3", session(reads, Policy=document(allow("s3:ListAllMyBuckets"))))
t.row("what the session policy allows", lambda: narrow.list_buckets(), "200")
t.row("what it does not", lambda: narrow.get_object(Bucket=data, Key="k"), "403 AccessDenied", "because no session policy allows")
t.row("a session policy that is none", assume(reads, Policy="{}"), "400 MalformedPolicyDocument")
t.row("who one is needs no permission", lambda: client("sts", user(deny("*"))).get_caller_identity(), "200")
garbage = client("s3", (ADMIN[0], "wrong", None))
t.row("a wrong secret", lambda: garbage.list_buckets(), "403 SignatureDoesNotMatch")
t.row("no such key", lambda: client("s3", ("AKIAIOSFODNN7EXAMPLE", "x", None)).list_buckets(), "403 InvalidAccessKeyId")

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
t = table("IAM and the layers")
bounded, subject = name("bounded"), client("iam", user(allow("iam:Get*")))
iam.create_user(UserName=bounded)
edge = iam.create_policy(PolicyName=name("edge"), PolicyDocument=document(allow("s3:ListAllMyBuckets")))["Policy"]["Arn"]
iam.put_user_permissions_boundary(UserName=bounded, PermissionsBoundary=edge)
iam.put_user_policy(UserName=bounded, PolicyName="p", PolicyDocument=document(allow("s3:*"), deny("s3:DeleteBucket")))
held = iam.create_access_key(UserName=bounded)["AccessKey"]
inside = client("s3", (held["AccessKeyId"], held["SecretAccessKey"], None))
t.row("within the boundary", lambda: inside.list_buckets(), "200")
t.row("outside of it", lambda: inside.get_object(Bucket=data, Key="k"), "403 AccessDenied", "because no permissions boundary allows")
t.row("an explicit deny", lambda: inside.delete_bucket(Bucket=data), "403 AccessDenied", "with an explicit deny in an identity-based policy")
for said, call in {
    "CreateUser": lambda c: c.create_user(UserName=name("made")),
    "ListUsers": lambda c: c.list_users(),
    "CreateRole": lambda c: c.create_role(RoleName=name("made"), AssumeRolePolicyDocument=document(anyone)),
    "PutUserPolicy": lambda c: c.put_user_policy(UserName=bounded, PolicyName="q", PolicyDocument=document(deny("kms:*"))),
    "AttachUserPolicy": lambda c: c.attach_user_policy(UserName=bounded, PolicyArn=edge),
    "CreateAccessKey": lambda c: c.create_access_key(UserName=bounded),
    "DeleteUserPermissionsBoundary": lambda c: c.delete_user_permissions_boundary(UserName=bounded),
}.items():
    t.row(f"{said} by who may not", lambda call=call: call(subject), "403 AccessDenied", f"iam:{said}")
    t.row(f"{said} by who may", lambda call=call: call(iam), "200")
t.row("GetUser", lambda: subject.get_user(UserName=bounded), "200")
t.row("no such user", lambda: iam.get_user(UserName="none"), "404 NoSuchEntity")
t.row("a user twice", lambda: iam.create_user(UserName=bounded), "409 EntityAlreadyExists")
t.row("a policy that is none", lambda: iam.put_user_policy(UserName=bounded, PolicyName="p", PolicyDocument="{}"), "400 MalformedPolicyDocument")
passed = role(trust={"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"})
replica = bucket()
s3.put_bucket_versioning(Bucket=replica, VersioningConfiguration={"Status": "Enabled"})
rules = [{"ID": "r", "Status": "Enabled", "Prefix": "", "Destination": {"Bucket": f"arn:aws:s3:::{replica}"}}]
replicate = lambda c: lambda: c.put_bucket_replication(Bucket=conf, ReplicationConfiguration={"Role": passed, "Rules": rules})  # noqa: E731
t.row("a role is passed by who may not", replicate(client("s3", user(allow("s3:*")))), "403 AccessDenied", "iam:PassRole")
t.row("and by who may", replicate(client("s3", user(allow(["s3:*", "iam:PassRole"])))), "200")

# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html.
t = table("federated users")
federates = user(allow(["sts:GetFederationToken", "s3:*", "iam:*"]))
t.row("by who may", lambda: client("sts", federates).get_federation_token(Name="bob"), "200")
t.row("by who may not", lambda: client("sts", user(allow("s3:*"))).get_federation_token(Name="bob"), "403 AccessDenied", "sts:GetFederationToken")
issued = client("sts", federates).get_federation_token(Name="bob", Policy=document(allow("s3:*")))["Credentials"]
federated = (issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])
who = client("sts", federated).get_caller_identity()
assert who["Arn"] == f"arn:aws:sts::{ACCOUNT}:federated-user/bob" and who["UserId"] == f"{ACCOUNT}:bob", who
t.row("a session of a session", lambda: client("sts", federated).get_federation_token(Name="eve"), "403 AccessDenied")
# What else they may do is not modelled.
t.row("its buckets", lambda: client("s3", federated).list_buckets(), "501 NotImplemented")
t.row("its keys", lambda: client("kms", federated).list_keys(), "501 NotImplemented")
t.row("its users", lambda: client("iam", federated).list_users(), "501 NotImplemented")

# The simulator says what the services do.
t = table("the simulator")
simulated = iam.simulate_custom_policy(PolicyInputList=[document(allow("s3:*"), deny("s3:DeleteBucket"))], ActionNames=["s3:GetObject", "s3:DeleteBucket", "kms:Decrypt"])
decisions = [result["EvalDecision"] for result in simulated["EvaluationResults"]]
assert decisions == ["allowed", "explicitDeny", "implicitDeny"], decisions
t.row("by who may", lambda: iam.simulate_custom_policy(PolicyInputList=[document(allow("s3:*"))], ActionNames=["s3:GetObject"]), "200")
t.row("by who may not", lambda: subject.simulate_custom_policy(PolicyInputList=[document(allow("s3:*"))], ActionNames=["s3:GetObject"]), "403 AccessDenied")

table.end(150)
