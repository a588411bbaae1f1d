"""Presigned URLs and forms through curl, over TLS and in the clear, by path and by host; ranges, conditions and 100-continue."""

import os
import subprocess
import tempfile
from urllib.parse import urlsplit

from served_site import TOLD, bucket, client, document, everyone, pause

FOLDER = tempfile.mkdtemp()
COUNT = 0


def curl(*arguments):
    """Status and body."""
    global COUNT
    COUNT += 1
    body = os.path.join(FOLDER, "body")
    open(body, "wb").close()
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--cacert", TOLD["ca"], "--max-time", "20", "--output", body, "--write-out", "%{http_code}", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    with open(body, "rb") as file:
        return int(done.stdout), file.read()


def expect(found, status, words=b""):
    assert found[0] == status and words in found[1], (found, status, words)


def url(clients, operation="get_object", expires=60, **parameters):
    return clients.generate_presigned_url(operation, Params=parameters, ExpiresIn=expires)


# Signature version 4, which is all that the server knows, and all that S3 takes with KMS.
s3 = client("s3", signature_version="s3v4")
plain = client("s3", scheme="http", signature_version="s3v4")
name, tls_only = bucket(), bucket()
for at in (name, tls_only):
    s3.put_object(Bucket=at, Key="a key/ü", Body=b"presigned body")
insecure = everyone("Deny", "s3:*", f"arn:aws:s3:::{tls_only}/*", {"Bool": {"aws:SecureTransport": "false"}})
s3.put_bucket_policy(Bucket=tls_only, Policy=document(insecure))

at = {"Bucket": name, "Key": "a key/ü"}
expect(curl(url(s3, **at)), 200, b"presigned body")
expect(curl(url(plain, **at)), 200, b"presigned body")
expect(curl(url(s3, Bucket=tls_only, Key="a key/ü")), 200, b"presigned body")
expect(curl(url(plain, Bucket=tls_only, Key="a key/ü")), 403, b"explicit deny in a resource-based policy")
good = url(s3, **at)
expect(curl(good[:-1] + ("0" if good[-1] != "0" else "1")), 403, b"SignatureDoesNotMatch")
expect(curl(good.replace("a%20key", "b%20key")), 403, b"SignatureDoesNotMatch")
expect(curl("--header", "x-amz-request-payer: requester", good), 403, b"not signed")
expect(curl("--range", "0-8", good), 206, b"presigned")
expect(curl("--header", 'If-Match: "x"', good), 412, b"PreconditionFailed")
short = url(s3, expires=1, **at)
pause(2.1)
expect(curl(short), 403, b"Request has expired")
expect(curl(good.split("?")[0]), 403, b"Access Denied")

put = url(s3, "put_object", Bucket=name, Key="uploaded")
expect(curl("--request", "PUT", "--data-binary", "by curl", "--header", "Content-Type:", put), 200)
large = os.path.join(FOLDER, "large")
with open(large, "wb") as file:
    file.write(b"x" * (3 << 20))
expect(curl("--upload-file", large, "--header", "Expect: 100-continue", put), 200)
assert s3.head_object(Bucket=name, Key="uploaded")["ContentLength"] == 3 << 20
expect(curl("--upload-file", large, url(s3, **at)), 403, b"SignatureDoesNotMatch")

form = s3.generate_presigned_post(name, "posted", Conditions=[["content-length-range", 1, 100]], ExpiresIn=60)
fields = [argument for field, value in form["fields"].items() for argument in ("--form", f"{field}={value}")]
expect(curl(*fields, "--form", "file=by a form", form["url"]), 204)
assert s3.get_object(Bucket=name, Key="posted")["Body"].read() == b"by a form"
expect(curl(*fields, "--form", f"file=@{large}", form["url"]), 400, b"EntityTooLarge")

# By host: under a name that curl is told to look up here, below localhost and AWS's own.
port = urlsplit(TOLD["https"]).port
for host in (f"{name}.s3.localhost", f"{name}.s3.{TOLD['region']}.amazonaws.com"):
    there = client("s3", signature_version="s3v4", s3={"addressing_style": "virtual"})
    there.meta.events.register("before-sign.s3", lambda request, host=host, **_: setattr(request, "url", f"https://{host}:{port}/posted"))
    signed = there.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "posted"}, ExpiresIn=60)
    expect(curl("--resolve", f"{host}:{port}:127.0.0.1", signed), 200, b"by a form")
print(f"{COUNT} requests by curl")
