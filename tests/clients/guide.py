"""A hardened bucket from the first command to the last, through the AWS CLI as it is installed, over TLS with the server's certificate."""

import json
import os
import subprocess
import sys
import tempfile

TOLD = json.loads(os.environ["GAINSAY_SERVE"])
FOLDER = tempfile.mkdtemp()
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": FOLDER,
    "AWS_ENDPOINT_URL": TOLD["https"],
    "AWS_CA_BUNDLE": TOLD["ca"],
    "AWS_ACCESS_KEY_ID": TOLD["access_key_id"],
    "AWS_SECRET_ACCESS_KEY": TOLD["secret_access_key"],
    "AWS_DEFAULT_REGION": TOLD["region"],
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_PAGER": "",
}
AWS = os.path.join(os.path.dirname(sys.executable), "aws")
BUCKET = "hardened"
COUNT = 0


def aws(*arguments, fails=None, **more):
    """What a command prints, read if it is JSON; `fails` is the code of the error that it must end with."""
    global COUNT
    COUNT += 1
    done = subprocess.run([AWS, *arguments], env={**ENVIRONMENT, **more}, capture_output=True, text=True, timeout=60)
    if fails:
        assert done.returncode != 0 and f"({fails})" in done.stderr, (arguments, done)
        return done.stderr
    assert done.returncode == 0, (arguments, done)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return done.stdout.strip()


def api(operation, *arguments, bucket=BUCKET, **more):
    return aws("s3api", operation, "--bucket", bucket, *arguments, **more)


# The key, with an alias and rotation.
key = aws("kms", "create-key", "--query", "KeyMetadata.Arn", "--output", "json")
aws("kms", "create-alias", "--alias-name", "alias/hardened", "--target-key-id", key)
aws("kms", "enable-key-rotation", "--key-id", key, "--rotation-period-in-days", "90")
assert aws("kms", "get-key-rotation-status", "--key-id", key)["RotationPeriodInDays"] == 90

# The bucket.
api("create-bucket", "--object-lock-enabled-for-bucket")
api("put-bucket-versioning", "--versioning-configuration", "Status=Enabled")
block = "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
api("put-public-access-block", "--public-access-block-configuration", block)
api("put-bucket-ownership-controls", "--ownership-controls", "Rules=[{ObjectOwnership=BucketOwnerEnforced}]")
rule = {
    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
    "BucketKeyEnabled": True,
    "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
}
api("put-bucket-encryption", "--server-side-encryption-configuration", json.dumps({"Rules": [rule]}))
everything = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
tls = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": everything,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}
api("put-bucket-policy", "--policy", json.dumps(tls))
lifecycle = {"Rules": [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "NoncurrentVersionExpiration": {"NoncurrentDays": 90}}]}
api("put-bucket-lifecycle-configuration", "--lifecycle-configuration", json.dumps(lifecycle))
api("create-bucket", bucket="hardened-logs")
logging = {"LoggingEnabled": {"TargetBucket": "hardened-logs", "TargetPrefix": "access/"}}
api("put-bucket-logging", "--bucket-logging-status", json.dumps(logging))
inventory = {
    "Id": "all",
    "IsEnabled": True,
    "IncludedObjectVersions": "All",
    "Schedule": {"Frequency": "Daily"},
    "OptionalFields": ["EncryptionStatus"],
    "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::hardened-logs", "Format": "CSV"}},
}
api("put-bucket-inventory-configuration", "--id", "all", "--inventory-configuration", json.dumps(inventory))
lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
api("put-object-lock-configuration", "--object-lock-configuration", json.dumps(lock))
api("put-bucket-tagging", "--tagging", "TagSet=[{Key=owner,Value=security}]")
api("put-bucket-notification-configuration", "--notification-configuration", '{"EventBridgeConfiguration": {}}')

# All of it reads back as it was put.
for operation, query, expected in [
    ("get-bucket-versioning", "Status", "Enabled"),
    ("get-public-access-block", "PublicAccessBlockConfiguration.RestrictPublicBuckets", True),
    ("get-bucket-ownership-controls", "OwnershipControls.Rules[0].ObjectOwnership", "BucketOwnerEnforced"),
    ("get-bucket-encryption", "ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.KMSMasterKeyID", key),
    ("get-bucket-policy-status", "PolicyStatus.IsPublic", False),
    ("get-bucket-lifecycle-configuration", "Rules[0].NoncurrentVersionExpiration.NoncurrentDays", 90),
    ("get-bucket-logging", "LoggingEnabled.TargetPrefix", "access/"),
    ("get-object-lock-configuration", "ObjectLockConfiguration.Rule.DefaultRetention.Days", 1),
    ("get-bucket-tagging", "TagSet[0].Value", "security"),
    ("list-bucket-inventory-configurations", "InventoryConfigurationList[0].Id", "all"),
]:
    found = api(operation, "--query", query, "--output", "json")
    assert found == expected, (operation, found)
assert json.loads(api("get-bucket-policy", "--query", "Policy", "--output", "json")) == tls

# Files go up and come down, in parts if they are large.
large, back = os.path.join(FOLDER, "large"), os.path.join(FOLDER, "back")
with open(large, "wb") as file:
    file.write(os.urandom(20 << 20))
aws("s3", "cp", "--only-show-errors", large, f"s3://{BUCKET}/reports/large")
aws("s3", "cp", "--only-show-errors", f"s3://{BUCKET}/reports/large", back)
with open(large, "rb") as one, open(back, "rb") as other:
    assert one.read() == other.read()
assert api("head-object", "--key", "reports/large")["SSEKMSKeyId"] == key
aws("s3", "sync", "--only-show-errors", FOLDER, f"s3://{BUCKET}/synced", "--exclude", "*", "--include", "back")
assert "back" in aws("s3", "ls", f"s3://{BUCKET}/synced/")

# What the bucket forbids is refused.
aws("s3api", "get-object", "--bucket", BUCKET, "--key", "reports/large", "/dev/null", fails="AccessDenied", AWS_ENDPOINT_URL=TOLD["http"])
versions = api("list-object-versions", "--prefix", "synced/", "--query", "Versions[0].VersionId", "--output", "json")
said = api("delete-object", "--key", "synced/back", "--version-id", versions, fails="AccessDenied")
assert "object protected by object lock" in said, said
aws("s3", "rm", "--only-show-errors", f"s3://{BUCKET}/synced/back")

# A role that may read, and nothing else.
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": TOLD["account"]}, "Action": "sts:AssumeRole"}]}
role = aws("iam", "create-role", "--role-name", "reader", "--assume-role-policy-document", json.dumps(trust), "--query", "Role.Arn", "--output", "json")
reads = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "kms:Decrypt"], "Resource": "*"}]}
aws("iam", "put-role-policy", "--role-name", "reader", "--policy-name", "read", "--policy-document", json.dumps(reads))
with open(os.path.join(FOLDER, "config"), "w", encoding="utf-8") as file:
    file.write(f"[profile reader]\nrole_arn = {role}\ncredential_source = Environment\nregion = {TOLD['region']}\n")
reader = {"AWS_CONFIG_FILE": os.path.join(FOLDER, "config")}
aws("--profile", "reader", "s3api", "get-object", "--bucket", BUCKET, "--key", "reports/large", "/dev/null", **reader)
aws("--profile", "reader", "s3api", "put-object", "--bucket", BUCKET, "--key", "x", fails="AccessDenied", **reader)
assert ":assumed-role/reader/" in aws("--profile", "reader", "sts", "get-caller-identity", "--query", "Arn", "--output", "json", **reader)
print(f"{COUNT} commands")
