"""`gainsay serve` beside other servers, by our probes and by recorded answers of AWS.

    compare.py [--gainsay PROGRAM] [--only NAME..] [--write] [--rows FILE]

Installs each by its name into a folder of its own below `target/tmp/compare`, starts it on ports of
its own of 127.0.0.1 with the checks of policies and signatures on, puts every probe and every
recorded answer to it, and prints tables. `--write` puts them into the guide, `--rows` keeps every
single result. Fails only if an answer of `gainsay serve` is wrong, or one of the others does not
run.
"""

import argparse
import collections
import contextlib
import datetime
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent.parent
INSTALLED = ROOT / "target/tmp/compare"
CHAPTER = ROOT / "docs/guide/src/compare-servers.md"
BEGIN, END = "### Measured\n", "### How to read this\n"

CLIENTS = ["boto3==1.44.8", "PyYAML==6.0.3", "trustme==1.2.1"]
REGION = "us-east-1"

# The packages of each, the programme and arguments, the environment that turns its checks on, and
# the keys of its root. Ports, certificate and folder are filled in.
MINISTACK, MOTO, FAKECLOUD = "1.5.33", "5.2.5", "0.51.0"
OTHERS = {
    "ministack": {
        "version": MINISTACK,
        "packages": [f"ministack=={MINISTACK}", "hypercorn==0.18.0"],
        "command": (
            [
                "{bin}/python",
                "-m",
                "hypercorn",
                "ministack.app:app",
                "--workers",
                "0",
                "--bind",
                "127.0.0.1:{tls}",
            ]
            + [
                "--insecure-bind",
                "127.0.0.1:{plain}",
                "--certfile",
                "{certificate}",
                "--keyfile",
                "{key}",
            ]
        ),
        "environment": {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
        },
        "account": "000000000000",
        "tls": True,
    },
    "moto": {
        "version": MOTO,
        "packages": [f"moto[server]=={MOTO}"],
        "command": [
            "{bin}/python",
            str(HERE / "moto_both.py"),
            "{tls}",
            "{plain}",
            "{certificate}",
            "{key}",
        ],
        # The three calls that make the administrator; from then on it checks.
        "environment": {"INITIAL_NO_AUTH_ACTION_COUNT": "3", "MOTO_PORT": "{plain}"},
        "account": "123456789012",
        "tls": True,
    },
    "fakecloud": {
        "version": FAKECLOUD,
        "crate": "fakecloud",
        "command": [
            "{bin}/fakecloud",
            "--addr",
            "127.0.0.1:{plain}",
            "--verify-sigv4",
            "--iam",
            "strict",
            "--log-level",
            "warn",
        ],
        "environment": {},
        "account": "123456789012",
        "tls": False,
    },
}


class NotRunning(Exception):
    """A server that was started does not answer."""


def venv(folder, packages):
    """A virtual environment with these packages, made once."""
    python, done = folder / "bin/python", folder / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
            check=True,
        )
        done.touch()
    return python.parent


def installed(name, other):
    """The folder of the programmes of a server."""
    folder = INSTALLED / f"{name}-{other['version']}"
    if "packages" in other:
        return venv(folder, other["packages"])
    if not (folder / "bin" / other["crate"]).exists():
        # What it answers is asked, not how fast.
        quick = {
            f"CARGO_PROFILE_DEV_{setting}": "false"
            for setting in ("DEBUG", "DEBUG_ASSERTIONS", "OVERFLOW_CHECKS")
        }
        quick = {**os.environ, **quick, "CARGO_TARGET_DIR": str(folder / "build")}
        crate = f"{other['crate']}@{other['version']}"
        subprocess.run(
            ["cargo", "install", "--quiet", "--locked", "--debug", "--root", folder, crate],
            env=quick,
            check=True,
        )
        shutil.rmtree(folder / "build")
    return folder / "bin"


def free_ports():
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


@contextlib.contextmanager
def running(command, environment, folder, stdout):
    """A process that ends with the block, and after half an hour whatever becomes of this one."""
    log = open(folder / "log", "wb")
    # `timeout` hands the signal on.
    guarded = ["timeout", "--kill-after=5", "1800", *command]
    process = subprocess.Popen(
        guarded,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout or log,
        stderr=log,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def answers(port, process):
    for _ in range(600):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        time.sleep(0.1)
    return False


@contextlib.contextmanager
def started(name, clients, gainsay):
    """What the clients are told of a server that runs as long as the block."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if name == "gainsay":
            with running(
                [gainsay, "serve", "--json", "--quiet"], dict(os.environ), folder, subprocess.PIPE
            ) as process:
                yield process.stdout.readline().decode()
            return
        other = OTHERS[name]
        tls, plain = free_ports()
        names = ["127.0.0.1", "localhost", f"{other['account']}.localhost"]
        subprocess.run(
            [clients / "python", "-m", "trustme", "-q", "-d", folder, "-i", *names], check=True
        )
        # trustme names its authority's certificate for the client that is to trust it.
        values = {
            "bin": installed(name, other),
            "tls": tls,
            "plain": plain,
            "certificate": folder / "server.pem",
            "key": folder / "server.key",
        }
        command = [part.format(**values) for part in other["command"]]
        settings = {key: value.format(**values) for key, value in other["environment"].items()}
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder),
            **settings,
        }
        with running(command, environment, folder, None) as process:
            if not answers(plain, process):
                raise NotRunning(f"{name} does not answer:\n{(folder / 'log').read_text()}")
            https = f"https://127.0.0.1:{tls}" if other["tls"] else f"http://127.0.0.1:{plain}"
            told = {
                "https": https,
                "http": f"http://127.0.0.1:{plain}",
                "ca": str(folder / "client.pem"),
                "account": other["account"],
            }
            keys = {
                "access_key_id": "test",
                "secret_access_key": "test",
                "region": REGION,
                "root": True,
            }
            yield json.dumps(told | keys)


def asked(name, clients, gainsay):
    """The result of every probe and recorded answer; each file has a server of its own."""
    rows, seen = {}, collections.Counter()
    files = sorted(file.stem for file in (HERE.parent / "recorded").glob("*.yaml"))
    for part in [["probes"], *(["recorded", file] for file in files)]:
        with started(name, clients, gainsay) as told:
            environment = {
                "PATH": os.environ["PATH"],
                "GAINSAY_SERVE": told,
                "PYTHONDONTWRITEBYTECODE": "1",
                "AWS_EC2_METADATA_DISABLED": "true",
            }
            output = subprocess.run(
                [clients / "python", HERE / "against.py", *part],
                env=environment,
                stdout=subprocess.PIPE,
                check=True,
            )
        for row in json.loads(output.stdout):
            # A recorded answer's place is its case and step; the call is not known where a step
            # failed.
            said = row["said"].rsplit(" ", 1)[0] if row["kind"] == "recorded" else row["said"]
            place = (row["kind"], row["group"], said)
            seen[place] += 1
            rows[(*place, seen[place])] = row
    return rows


def let_through(row):
    """Whether something was done that AWS refuses."""
    return (
        row["result"] == "wrong" and row["wanted"].startswith("4") and row["seen"].startswith("2")
    )


def table(head, lines):
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return (
        "\n".join("| " + " | ".join(map(str, line)) + " |" for line in [head, rule, *lines]) + "\n"
    )


def tables(results, versions):
    ours = results["gainsay"]
    missing = {"result": "missing", "wanted": "", "seen": ""}
    written = []
    for kind, title in (("probes", "Probes"), ("recorded", "Recorded answers")):
        places = [place for place in ours if place[0] == kind]
        totals = []
        for name, rows in results.items():
            # What a server did not get to is not offered by it.
            counted = collections.Counter(rows.get(place, missing)["result"] for place in places)
            line = [
                f"{name} {versions[name]}",
                *(counted[result] for result in ("right", "nearly", "wrong")),
            ]
            if kind == "probes":
                line.append(sum(let_through(rows.get(place, missing)) for place in places))
            totals.append([*line, counted["missing"]])
        head = ["server", "right", "other details", "wrong", "not supported"]
        if kind == "probes":
            head.insert(4, "of the wrong: done where AWS refuses")
        written.append(f"#### {title}: {len(places)}\n\n{table(head, totals)}")
        groups = list(dict.fromkeys(place[1] for place in places))
        lines = []
        for group in groups:
            line = [group]
            for rows in results.values():
                of = collections.Counter(
                    rows.get(place, missing)["result"] for place in places if place[1] == group
                )
                line.append(f"{of['right'] + of['nearly']} · {of['wrong']} · {of['missing']}")
            lines.append(line)
        written.append(
            "By group, right or with other details · wrong · not supported:\n\n"
            + table(["", *results], lines)
        )
    return "\n".join(written)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--gainsay", type=pathlib.Path, default=ROOT / "target/debug/gainsay")
    arguments.add_argument("--only", nargs="+", choices=list(OTHERS), default=list(OTHERS))
    arguments.add_argument("--write", action="store_true")
    arguments.add_argument("--rows", type=pathlib.Path)
    given = arguments.parse_args()
    clients = venv(INSTALLED / "-".join(CLIENTS).replace("==", "-"), CLIENTS)
    versions = {name: other["version"] for name, other in OTHERS.items()}
    told = subprocess.run([given.gainsay, "--version"], capture_output=True, text=True, check=True)
    versions["gainsay"] = told.stdout.split()[1]
    results, absent = {"gainsay": asked("gainsay", clients, given.gainsay.resolve())}, ""
    for name in given.only:
        try:
            results[name] = asked(name, clients, given.gainsay)
        except (NotRunning, OSError, subprocess.CalledProcessError) as problem:
            absent += f"{name} {versions[name]} did not run: {problem}\n\n"
    day = datetime.date.today().isoformat()
    text = (
        f"Measured on {day} with"
        f" {CLIENTS[0].replace('==', ' ')}.\n\n{absent}{tables(results, versions)}"
    )
    print(text)
    if given.rows:
        rows = [{"server": name, **row} for name, rows in results.items() for row in rows.values()]
        given.rows.write_text("\n".join(map(json.dumps, rows)) + "\n")
    if given.write:
        before, rest = CHAPTER.read_text().split(BEGIN)
        CHAPTER.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")
    wrong = [row for row in results["gainsay"].values() if row["result"] in ("wrong", "nearly")]
    for row in wrong:
        print(
            f"gainsay: {row['group']}: {row['said']}: expected {row['wanted']}, got {row['seen']}",
            file=sys.stderr,
        )
    raise SystemExit(1 if wrong else 0)


main()
