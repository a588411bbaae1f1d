"""A server that the tests have started, and clients of it in anyone's name."""

import http.client
import itertools
import json
import os
import socket
import ssl
import time
import urllib.parse

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

TOLD = json.loads(os.environ["GAINSAY_SERVE"])
ACCOUNT = TOLD["account"]
REGION = TOLD["region"]
ADMIN = (TOLD["access_key_id"], TOLD["secret_access_key"], None)
NUMBERS = itertools.count(1)


def client(service, who=ADMIN, scheme="https", region=REGION, endpoint=None, **settings):
    key, secret, token = who or (None, None, None)
    config = Config(retries={"total_max_attempts": 1}, read_timeout=20, **settings)
    if who is None:
        from botocore import UNSIGNED

        config = config.merge(Config(signature_version=UNSIGNED))
    return boto3.client(
        service,
        endpoint_url=endpoint or TOLD[scheme],
        verify=TOLD["ca"],
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=config,
    )


LOOK_UP = socket.getaddrinfo


def below_localhost(host, *more, **settings):
    """Names below `localhost` are this machine, as RFC 6761 says and not every resolver knows."""
    own = isinstance(host, str) and host.endswith(".localhost")
    return LOOK_UP("127.0.0.1" if own else host, *more, **settings)


socket.getaddrinfo = below_localhost


def control(who=ADMIN):
    """S3 Control, whose clients put the account before the host."""
    url = urllib.parse.urlsplit(TOLD["https"])
    return client("s3control", who, endpoint=f"{url.scheme}://localhost:{url.port}")


def connection(url):
    """A connection to the server of a URL, for requests that no client makes."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    trusted = ssl.create_default_context(cafile=TOLD["ca"])
    return http.client.HTTPSConnection(parts.hostname, parts.port, context=trusted, timeout=20)


def name(prefix):
    return f"{prefix}-{next(NUMBERS)}"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def everyone(effect, action, resource, condition=None):
    statement = {"Effect": effect, "Principal": "*", "Action": action, "Resource": resource}
    if condition:
        statement["Condition"] = condition
    return statement


def user(*statements):
    """The credentials of a new user with these statements."""
    iam, called = client("iam"), name("user")
    iam.create_user(UserName=called)
    if statements:
        iam.put_user_policy(UserName=called, PolicyName="p", PolicyDocument=document(*statements))
    key = iam.create_access_key(UserName=called)["AccessKey"]
    return (key["AccessKeyId"], key["SecretAccessKey"], None)


def role(*statements, trust=None, **settings):
    """The ARN of a new role that the account may assume."""
    trust = trust or {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    iam, called = client("iam"), name("role")
    arn = iam.create_role(RoleName=called, AssumeRolePolicyDocument=document(trust), **settings)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=called, PolicyName="p", PolicyDocument=document(*statements))
    return arn


def session(arn, **settings):
    given = client("sts").assume_role(RoleArn=arn, RoleSessionName="probe", **settings)["Credentials"]
    return (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def bucket(**settings):
    called = name("probe-bucket")
    client("s3").create_bucket(Bucket=called, **settings)
    return called


def key(*statements):
    """The ARN of a new key; without statements the account's own policies decide."""
    settings = {}
    if statements:
        own = {"Sid": "Own", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
        settings["Policy"] = document(own, *statements)
    return client("kms").create_key(**settings)["KeyMetadata"]["Arn"]


class Table:
    """Probes: what was asked, what must come back, what came back. A group has at least one call that is allowed."""

    def __init__(self):
        self.count, self.wrong, self.group, self.allowed, self.refused = 0, [], None, 0, 0

    def __call__(self, group):
        self.close()
        self.group, self.allowed, self.refused = group, 0, 0
        return self

    def close(self):
        if self.refused and not self.allowed:
            self.wrong.append(f"{self.group}: nothing is allowed beside what is refused")

    def row(self, said, call, expected, words=""):
        """`expected` is a status, and for a refusal its code; `words` is a part of its message."""
        self.count += 1
        try:
            answer = call()
            seen, message = str(answer["ResponseMetadata"]["HTTPStatusCode"]), ""
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            seen, message = f"{status} {error.response['Error']['Code']}", error.response["Error"].get("Message") or ""
        if expected.startswith("2"):
            self.allowed += 1
        else:
            self.refused += 1
        if seen != expected or words not in message:
            self.wrong.append(f"{self.group}: {said}: expected {expected} {words!r}, got {seen} {message!r}")

    def end(self, least):
        self.close()
        print(f"{self.count} probes, {len(self.wrong)} wrong")
        for wrong in self.wrong:
            print(wrong)
        assert self.count >= least, f"there are fewer than {least} probes"
        raise SystemExit(1 if self.wrong else 0)


def pause(seconds):
    time.sleep(seconds)
