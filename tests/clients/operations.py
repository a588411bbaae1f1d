"""The guide's list of operations is what the server does.

Every operation of boto3's models is asked for. With `--write` the list is written instead of compared.
"""

import datetime
import pathlib
import re
import sys
import textwrap

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from served_site import ACCOUNT, bucket, client, control

CHAPTER = pathlib.Path(__file__).parent.parent.parent / "docs/guide/src/compare-servers.md"
SERVICES = {"s3": "S3", "s3control": "S3 Control", "kms": "KMS", "sts": "STS", "iam": "IAM"}
# What says that there is no such operation, and not that one does not take these parameters.
UNKNOWN = (
    "knows no such operation|does not model (kms|sts|iam):{}$|on this path of S3 Control|has no"
    " host"
    '|incorrect service "s3express"'  # what only directory buckets have
)
# Sent to hosts of their own, which nothing here answers for.
ELSEWHERE = {
    "WriteGetObjectResponse",
    "CreateAccessPointForObjectLambda",
    "PutAccessPointConfigurationForObjectLambda",
}

BUCKET = bucket()
client("s3").put_object(Bucket=BUCKET, Key="k", Body=b"x")


def filled(shape, member=""):
    """The least of a parameter that a client sends."""
    known = {"Bucket": BUCKET, "Key": "k", "AccountId": ACCOUNT, "CopySource": f"{BUCKET}/k"}
    kind = shape.type_name
    if kind == "structure":
        return {name: filled(shape.members[name], name) for name in shape.required_members}
    if kind == "list":
        return [filled(shape.member)]
    if kind == "string":
        return known.get(member) or (shape.enum or ["x" * max(1, shape.metadata.get("min", 1))])[0]
    values = {
        "map": {},
        "timestamp": datetime.datetime(2030, 1, 1),
        "integer": 1,
        "long": 1,
        "boolean": True,
        "blob": b"x",
    }
    return values[kind]


def known(clients, operation):
    """Whether the server has an operation, whatever it answers to these parameters."""
    shape = clients.meta.service_model.operation_model(operation).input_shape
    parameters = filled(shape) if shape else {}
    if operation in ("DeleteBucket", "DeleteObject"):
        parameters["Bucket"] = "none-has-this-name"
    try:
        getattr(clients, xform_name(operation))(**parameters)
    except ClientError as error:
        return not re.search(UNKNOWN.format(operation), error.response["Error"].get("Message", ""))
    except BotoCoreError:
        assert operation in ELSEWHERE, operation
        return False
    return True


def listed():
    """The list, as the guide has it."""
    text = ""
    for service, title in SERVICES.items():
        clients = (
            control() if service == "s3control" else client(service, parameter_validation=False)
        )
        names = clients.meta.service_model.operation_names
        there = {name: known(clients, name) for name in names}
        of = lambda wanted: ", ".join(
            f"`{name}`" for name in names if there[name] is wanted
        )  # noqa: E731
        for line in (
            f"**{title}**, {sum(there.values())} of {len(names)}: {of(True)}.",
            f"Not: {of(False)}.",
        ):
            text += (
                textwrap.fill(line, 100, break_long_words=False, break_on_hyphens=False) + "\n\n"
            )
    return text


BEGIN, END = "### By service\n\n", "### Beside boto3's models\n"
before, rest = CHAPTER.read_text().split(BEGIN)
written, after = rest.split(END)
if "--write" in sys.argv:
    CHAPTER.write_text(before + BEGIN + listed() + END + after)
else:
    found = listed()
    assert (
        written == found
    ), f"the list of operations in {CHAPTER.name} is not current; the server's:\n\n{found}"
