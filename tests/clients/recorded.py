"""Answers of AWS that somebody recorded, and the calls before them, put to the server by boto3.

Each file of `recorded/` is a list of cases:

    - source: where the answers were recorded, and when
      steps:
        - s3.create_bucket: { Bucket: $a }        # has to succeed
        - s3.put_object: { Bucket: $a, Key: k, Body: text }
          save: { first: VersionId }              # later steps may say {first}
        - s3.get_object: { Bucket: $a, Key: k, VersionId: "{first}" }
          answers: { ContentType: binary/octet-stream, Metadata: {}, TagCount: null }
        - s3.get_object: { Bucket: $a, Key: none }
          refused: { status: 404, Code: NoSuchKey, Message: ..., Key: none }
        - raw: { method: GET, path: "/$a/k", headers: {}, body: "" }   # signed by nobody
          answers: { status: 403, headers: { content-type: application/xml }, contains: "<Code>" }

        - presigned: { version: s3, operation: get_object, parameters: { Bucket: $a, Key: k },
            expires: 60, append: "&a=b", headers: {}, body: "", method: GET }  # a signed URL
          answers: { status: 200, body: text }
        - form: { version: s3v4, bucket: $a, key: k, file: text, fields: {}, conditions: [],
            change: { policy: no, signature: null } }              # a form, signed and sent
          answers: { status: 204 }

`$a` is a bucket's name that no other case has, `$$` is a dollar. Of an answer every named member has
to be equal; `null` is a member that is not there, `~` before a text is a regular expression of the whole value.
"""

import datetime
import pathlib
import re
import sys
import urllib.parse
import xml.etree.ElementTree

import yaml
from botocore.exceptions import ClientError, ParamValidationError

from served_site import REGION, TOLD, client, connection, control, name

FOLDER = pathlib.Path(__file__).parent / "recorded"
CLIENTS = {}


def of(service):
    if service not in CLIENTS:
        made = control() if service == "s3control" else client(service, parameter_validation=False)
        CLIENTS[service] = made
    return CLIENTS[service]


def filled(value, names):
    """The value with the names of the case in place of `$a` and `{first}`."""
    if isinstance(value, dict):
        return {filled(key, names): filled(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, names) for inner in value]
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\{(\w+)\}", value)
    if whole and whole[1] in names:
        return names[whole[1]]

    def named(found):
        return "$" if found[1] == "$" else names.setdefault(found[0], name(f"recorded-{found[1]}"))

    value = re.sub(r"\$(\$|[a-z]\w*)", named, value)
    return re.sub(r"\{(\w+)\}", lambda found: str(names.get(found[1], found[0])), value)


def shown(value):
    """A value of an answer as YAML writes it."""
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if hasattr(value, "read"):
        return value.read().decode("utf-8", "replace")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def found(answer, path):
    for part in path.split("."):
        if isinstance(answer, list) and part.isdigit():
            answer = answer[int(part)] if int(part) < len(answer) else None
        else:
            answer = answer.get(part) if isinstance(answer, dict) else None
    return answer


def differences(expected, answer, at=""):
    """What is not as it is expected to be, a line each."""
    answer = shown(answer)
    if isinstance(expected, dict) and isinstance(answer, dict):
        for key, inner in expected.items():
            yield from differences(inner, found(answer, key), f"{at}.{key}" if at else key)
    elif isinstance(expected, list) and isinstance(answer, list):
        if len(expected) != len(answer):
            yield f"{at}: {len(answer)} members, expected {len(expected)}: {answer!r}"
        for number, (left, right) in enumerate(zip(expected, answer)):
            yield from differences(left, right, f"{at}.{number}")
    elif isinstance(expected, str) and expected.startswith("~"):
        if not isinstance(answer, str) or not re.fullmatch(expected[1:], answer, re.DOTALL):
            yield f"{at}: {answer!r}, expected a match of {expected[1:]!r}"
    elif expected != answer:
        yield f"{at}: {answer!r}, expected {expected!r}"


def call(what, parameters):
    """The answer of a call, and whether it was refused."""
    service, operation = what.split(".")
    try:
        answer = getattr(of(service), operation)(**(parameters or {}))
    except ClientError as error:
        answer = dict(error.response)
        answer.update(answer.pop("Error", {}))
        answer["status"] = answer["ResponseMetadata"]["HTTPStatusCode"]
        answer["headers"] = answer["ResponseMetadata"]["HTTPHeaders"]
        return answer, True
    answer["status"] = answer["ResponseMetadata"]["HTTPStatusCode"]
    answer["headers"] = answer["ResponseMetadata"]["HTTPHeaders"]
    return answer, False


def raw(request):
    opened = connection(TOLD["https"])
    body = request.get("body", "").encode()
    opened.request(request["method"], request["path"], body, request.get("headers", {}))
    response = opened.getresponse()
    text = response.read().decode("utf-8", "replace")
    headers = {key.lower(): value for key, value in response.getheaders()}
    opened.close()
    return {"status": response.status, "headers": headers, "body": text}, False


def send(method, url, headers, body):
    """The answer to a request that is sent as it is, parsed where it is an error."""
    parts, opened = urllib.parse.urlsplit(url), connection(url)
    path = parts.path + ("?" + parts.query if parts.query else "")
    opened.request(method, path or "/", body, headers)
    response = opened.getresponse()
    text = response.read().decode("utf-8", "replace")
    answer = {"status": response.status, "body": text}
    answer["headers"] = {key.lower(): value for key, value in response.getheaders()}
    opened.close()
    if "<Error>" in text:
        for element in xml.etree.ElementTree.fromstring(text):
            answer[element.tag] = element.text
    return answer, response.status >= 400


def presigned(asked):
    signer = client("s3", signature_version=asked["version"], parameter_validation=False)
    url = signer.generate_presigned_url(
        asked["operation"], Params=asked["parameters"], ExpiresIn=asked.get("expires", 60)
    )
    method = asked.get(
        "method", "PUT" if asked["operation"].startswith(("put", "upload")) else "GET"
    )
    body = asked.get("body", "").encode()
    return send(method, url + asked.get("append", ""), asked.get("headers", {}), body)


def form(asked):
    signer = client("s3", signature_version=asked["version"])
    fields, conditions = asked.get("fields") or {}, asked.get("conditions")
    made = signer.generate_presigned_post(
        asked["bucket"], asked["key"], Fields=fields, Conditions=conditions, ExpiresIn=60
    )
    sent = dict(made["fields"])
    for name, value in (asked.get("change") or {}).items():
        sent.pop(name) if value is None else sent.update({name: value})
    boundary, lines = "recorded-boundary", []
    for name, value in sent.items():
        lines.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        )
    lines.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    )
    body = ("".join(lines) + asked["file"] + f"\r\n--{boundary}--\r\n").encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return send("POST", made["url"], headers, body)


SENT = {"raw": raw, "presigned": presigned, "form": form}
KNOWN = {"save", "answers", "refused"}


def asked(written, names):
    """What a step calls and with what, the answer, and whether it was refused."""
    calls = [key for key in written if key not in KNOWN]
    assert len(calls) == 1, f"a step has one call: {written}"
    what = calls[0]
    parameters = filled(written[what], names)
    answer, refused = SENT[what](parameters) if what in SENT else call(what, parameters)
    for variable, path in written.get("save", {}).items():
        names[variable] = found(answer, path)
    return what, parameters, answer, refused


def expected(written, names):
    return filled(written.get("refused", written.get("answers", {})), names)


def step(written, names):
    """The problems of one step."""
    try:
        what, parameters, answer, refused = asked(written, names)
    except ParamValidationError as error:
        return [f"boto3 does not send {written}: {error}"]
    if refused != ("refused" in written):
        said = {key: answer[key] for key in ("status", "Code", "Message") if key in answer}
        return [f"{what} {parameters}: was {'refused' if refused else 'done'}: {said}"]
    return [
        f"{what} {parameters}: {problem}"
        for problem in differences(expected(written, names), answer)
    ]


def main(only):
    problems, steps = [], 0
    for file in sorted(FOLDER.glob("*.yaml")):
        if only and not any(word in file.stem for word in only):
            continue
        for case in yaml.safe_load(file.read_text()) or []:
            names = {"account": TOLD["account"], "region": REGION}
            for written in case["steps"]:
                steps += 1
                for problem in step(written, names):
                    problems.append(f"{file.name}: {case['source']}: {problem}")
    print("\n".join(problems))
    print(f"{steps} steps, {len(problems)} problems")
    assert steps, "no case was found"
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
