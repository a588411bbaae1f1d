"""Puts probes or recorded answers to the server of GAINSAY_SERVE; prints what came of each.

`against.py probes` or `against.py recorded FILE`, without its folder and ending; the output is
JSON. Nothing here asks whose server it is. One that has no user who may do everything gets one,
made by its root, so that policies are asked about that user, too. What a server cannot do must not
end the rest: the probes' file is run statement by statement, and what follows a failed preparation
is not held against the server.
"""

import ast
import json
import os
import pathlib
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

CLIENTS = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(CLIENTS))

# As AWS has it; done or denied as there, but with another status, code, words or members; not as
# AWS has it; not offered.
RIGHT, NEARLY, WRONG, MISSING = "right", "nearly", "wrong", "missing"

# Codes by which servers say that they lack something, beside 501 and what they say when they break.
LACKING = {"NotImplemented", "InvalidAction", "UnknownOperationException", "UnsupportedOperation"}

DENIALS = {"AccessDenied", "AccessDeniedException", "Forbidden", "403"}

# What serve answers with NotImplemented is not what AWS does: the statuses that AWS's answers
# begin with.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-service-api-support.html,
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getfederationtoken.html.
LIMITS = {
    "what it does not take": "4",
    "its buckets": "200",
    "its keys": "400 AccessDeniedException",
    "its users": "403",
}


def administrator(told):
    """Makes a user who may do everything, as the root of an account that has none: three calls."""
    iam = boto3.client(
        "iam",
        endpoint_url=told["http"],
        region_name=told["region"],
        aws_access_key_id=told["access_key_id"],
        aws_secret_access_key=told["secret_access_key"],
        config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
    )
    iam.create_user(UserName="admin")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName="admin", PolicyName="admin", PolicyDocument=document)
    key = iam.create_access_key(UserName="admin")["AccessKey"]
    told["access_key_id"], told["secret_access_key"] = key["AccessKeyId"], key["SecretAccessKey"]


TOLD = json.loads(os.environ["GAINSAY_SERVE"])
if TOLD.get("root"):
    administrator(TOLD)
    os.environ["GAINSAY_SERVE"] = json.dumps(TOLD)

import served_site  # noqa: E402  it reads what was just set

ROWS = []


def lacks(error):
    status, code = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response[
        "Error"
    ].get("Code")
    return status >= 500 or code in LACKING


def decision(status, code):
    """What the caller learns: it was done, who asked may not, or the code of another error."""
    return "done" if status < 300 else "denied" if code in DENIALS else code


def keep(kind, group, said, result, wanted="", seen=""):
    ROWS.append(
        {
            "kind": kind,
            "group": group,
            "said": said,
            "result": result,
            "wanted": wanted,
            "seen": seen,
        }
    )


def again(call):
    """A call, made once more where the server closed the connection before it had answered."""
    try:
        return call()
    except ConnectionClosedError:
        return call()


class Probes:
    """Stands in for the table of the probes, and goes on where that would end."""

    def __init__(self):
        self.group, self.failed, self.unprepared = "", False, False

    def __call__(self, group):
        self.group = "configurations" if group.startswith("configuration: ") else group
        # What failed since the last probe prepared this group.
        self.unprepared, self.failed = self.failed, False
        return self

    def row(self, said, call, expected, words=""):
        self.unprepared, self.failed = self.unprepared or self.failed, False
        wanted = LIMITS.get(said, expected) if expected == "501 NotImplemented" else expected
        try:
            answer = again(call)
            status, code, message = answer["ResponseMetadata"]["HTTPStatusCode"], "", ""
        except ClientError as error:
            status, code = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response[
                "Error"
            ].get("Code")
            message = error.response["Error"].get("Message") or ""
            if lacks(error):
                return keep(
                    "probes", self.group, said, MISSING, wanted, f"{status} {code} {message}"
                )
        except Exception as error:  # no answer, or one that the client cannot read
            return keep("probes", self.group, said, MISSING, wanted, repr(error))
        seen = f"{status} {code}".strip()
        right = seen == expected or (wanted != expected and seen.startswith(wanted))
        number, _, its_code = wanted.partition(" ")
        same = len(number) == 3 and decision(int(number), its_code) == decision(status, code)
        # Where there is no TLS, no policy can ask for it.
        excused = self.unprepared or (
            not TOLD["https"].startswith("https") and self.group == "TLS only"
        )
        result = (
            RIGHT
            if right and words in message
            else NEARLY if right or same else MISSING if excused else WRONG
        )
        keep(
            "probes",
            self.group,
            said,
            result,
            f"{wanted} {words}".strip(),
            f"{seen} {message}".strip(),
        )

    def end(self, least):
        pass


def probes():
    """Runs the file of the probes; a preparation that fails is noted and passed over."""
    table = Probes()
    served_site.Table = lambda: table
    path = CLIENTS / "probes.py"
    names = {"__name__": "probes"}
    for statement in ast.parse(path.read_text()).body:
        try:
            exec(compile(ast.Module([statement], []), str(path), "exec"), names)
        except Exception:
            # An assertion is about an answer, not about what comes next.
            table.failed = table.failed or not isinstance(statement, ast.Assert)


def judged(recorded, written, names):
    """What became of one recorded answer, what was called, and how the answer differs."""
    what, _, answer, refused = again(lambda: recorded.asked(written, names))
    wanted = recorded.expected(written, names)
    status, code = answer["status"], answer.get("Code")
    if wanted.get("status") == 501:
        # Here serve is at its limits; what AWS says was not recorded.
        return (MISSING if refused else NEARLY), what, ["not recorded"]
    problems = (
        [] if refused == ("refused" in written) else [f"{status} {code} {answer.get('Message')}"]
    )
    problems += recorded.differences(wanted, answer)
    if problems and (status >= 500 or code in LACKING):
        return MISSING, what, problems
    same = decision(wanted.get("status", 200), wanted.get("Code")) == decision(status, code)
    if "Code" not in wanted and isinstance(wanted.get("status"), int):
        same = wanted["status"] == status or max(wanted["status"], status) < 300
    return (RIGHT if not problems else NEARLY if same else WRONG), what, problems


def recordings(file):
    import recorded
    import yaml

    for case in yaml.safe_load((recorded.FOLDER / f"{file}.yaml").read_text()) or []:
        names, unprepared = {"account": TOLD["account"], "region": TOLD["region"]}, False
        for number, written in enumerate(case["steps"]):
            try:
                result, what, seen = judged(recorded, written, names)
            except (
                Exception
            ) as error:  # no answer, or what a former step should have brought is not there
                result, what, seen = MISSING, "", repr(error)
            if "answers" in written or "refused" in written:
                result = MISSING if unprepared and result == WRONG else result
                keep("recorded", file, f"{case['source']}: {number} {what}", result, "", str(seen))
            elif result in (WRONG, MISSING):
                unprepared = True


if sys.argv[1] == "probes":
    probes()
else:
    recordings(sys.argv[2])
json.dump(ROWS, sys.stdout)
