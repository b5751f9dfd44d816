"""Gateways with a wire to everything that they need, people who sign in, and a table of how they fared."""

import base64
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from harness.idp import Idp, pem
from harness.process import Process, binary, free_port
from harness.world import Domain, IdpEntry, World
from wire import Wire

ACCOUNT = "111122223333"
TABLE = "studio-gateway-replay"
PLAIN = Domain("research", "d-researchaaaa", ACCOUNT, "DataScientist")
WITH_ROLES = Domain(
    "research",
    "d-researchaaaa",
    ACCOUNT,
    "DataScientist",
    execution_role=f"""
permissions_boundary = "arn:aws:iam::{ACCOUNT}:policy/StudioBoundary"
policies = ["arn:aws:iam::{ACCOUNT}:policy/StudioBase"]
""",
)
# Short, so that a scenario does not take long; long enough for a debug build on a machine that is busy.
AWS = """attempts = 2
attempt_milliseconds = 2000
call_milliseconds = 4500
breaker_failures = 10
breaker_milliseconds = 1000
"""
ROWS = []


def pytest_terminal_summary(terminalreporter):
    """The table."""
    if not ROWS:
        return
    line = "{:<34} {:>8} {:>8} {:>11} {:>9}  {}".format
    terminalreporter.write_line("")
    terminalreporter.write_line(line("scenario", "sign-ins", "at once", "after retry", "p99 ms", "refused"))
    for row in ROWS:
        terminalreporter.write_line(line(*row))


@dataclass
class Redis:
    """A Redis of this machine's package, without persistence, and a wire to it."""

    folder: Path

    def __post_init__(self):
        self.port = free_port()
        command = ["redis-server", "--bind", "127.0.0.1", "--port", self.port, "--save", "", "--appendonly", "no"]
        self.process = Process("redis", command + ["--dir", self.folder], self.folder)
        self.process.until("ready", lambda: "Ready to accept connections" in self.process.text())
        self.wire = Wire(self.port)

    def tables(self) -> str:
        return f'\n[replay]\nledger = "redis"\n[replay.redis]\nurls = ["redis://127.0.0.1:{self.wire.port}"]\n'

    def stop(self):
        self.wire.stop()
        self.process.stop()


@dataclass
class DynamoDb:
    """moto's DynamoDB, and a wire to it."""

    folder: Path

    def __post_init__(self):
        self.port = free_port()
        program = Path(sys.executable).parent / "moto_server"
        self.process = Process("dynamodb", [program, "-H", "127.0.0.1", "-p", str(self.port)], self.folder)
        url = f"http://127.0.0.1:{self.port}"
        self.process.until_http(f"{url}/moto-api/", accept=lambda status: status < 500)
        keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret"}
        boto3.client("dynamodb", endpoint_url=url, region_name="ap-northeast-2", **keys).create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.wire = Wire(self.port)

    def tables(self) -> str:
        ledger = f'ledger = "dynamodb"\n[replay.dynamodb]\ntable = "{TABLE}"\nendpoint = "{self.wire.url}"\n'
        return f"\n[replay]\n{ledger}"

    def stop(self):
        self.wire.stop()
        self.process.stop()


@dataclass
class Wired(World):
    """A world whose gateway reaches SageMaker by another way than the rest, and waits no longer than it has to."""

    sagemaker_endpoint: str | None = None

    def write(self, for_aws: bool = False, port: int | None = None) -> Path:
        path = super().write(for_aws, port)
        if not for_aws:
            text = path.read_text().replace("[aws]\n", "[aws]\n" + AWS)
            if self.sagemaker_endpoint:
                old = f'sagemaker_endpoint = "{self.aws_url}"'
                assert old in text
                text = text.replace(old, f'sagemaker_endpoint = "{self.sagemaker_endpoint}"')
            path.write_text(text)
        return path


class Site:
    """Gateways, AWS and a ledger, with a wire to each."""

    def __init__(self, folder: Path, ledger=Redis, domain: Domain = PLAIN):
        self.folder = folder
        self.ledger = ledger(folder)
        self.idp = Idp()
        key = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        private = self.idp.key.private_bytes(serialization.Encoding.PEM, *key).decode()
        self.idp_key = folder / "idp.pem"
        self.idp_key.write_text(private + pem(self.idp.certificate))
        seal = folder / "seal.key"
        seal.write_text(base64.b64encode(os.urandom(32)).decode())
        aws_port = free_port()
        self.wires = {name: Wire(aws_port) for name in ("sts", "sagemaker", "iam")} | {"ledger": self.ledger.wire}
        self.world = Wired(
            folder,
            [domain],
            [IdpEntry(self.idp.metadata())],
            aws_port=aws_port,
            sts_endpoint=self.wires["sts"].url,
            iam_endpoint=self.wires["iam"].url,
            sagemaker_endpoint=self.wires["sagemaker"].url,
            gateway_keys=f'seal_keys = ["file:{seal}"]\nproxies = 0',
            tables=self.ledger.tables(),
        )
        self.people = 0

    def start(self) -> "Site":
        self.world.start()
        return self

    def stop(self):
        self.world.stop()
        for wire in self.wires.values():
            wire.stop()
        self.ledger.stop()

    def newcomers(self, count: int) -> range:
        first, self.people = self.people, self.people + count
        return range(first, first + count)

    def begin(self, people: range, *options, targets: list[str] | None = None, at_once: int = 12) -> subprocess.Popen:
        """Each of them signs in once, with a message of their own; then the same message is tried once more."""
        command = [binary(), "demo", "load", "--json", "--replay", "--config", self.world.write()]
        command += ["--idp-key", self.idp_key, "--first", people.start, "--people", len(people)]
        command += ["--sign-ins", len(people), "--at-once", at_once, *options]
        for target in targets or [self.world.url]:
            command += ["--target", target]
        return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)

    def end(self, generator: subprocess.Popen, scenario: str) -> dict:
        """Waits for all of them; gives the numbers, and puts them into the table."""
        printed, _ = generator.communicate(timeout=1200)
        report = json.loads(printed)
        assert report["replays_granted"] == 0, report
        refused = ", ".join(f"{count} {code}" for code, count in report["refused"].items())
        retried = ", ".join(f"{count} {code}" for code, count in report["retried"].items())
        words = "; ".join(part for part in (refused, retried and f"(at first: {retried})") if part)
        numbers = [report[name] for name in ("sign_ins", "granted_at_once", "granted_after_retry")]
        ROWS.append([scenario, *numbers, f"{report['p99']:.0f}", words or "nobody"])
        return report

    def sign_in(self, people: range, scenario: str, *options, **more) -> dict:
        return self.end(self.begin(people, *options, **more), scenario)

    def profiles(self) -> list[str]:
        return sorted(profile["name"] for profile in self.world.control("profiles"))

    def expect_one_profile_each(self, people: range):
        expected = {f"person{number:06}" for number in people}
        assert [name for name in self.profiles() if name in expected] == sorted(expected)

    def calls(self, api: str) -> int:
        return sum(event["api"] == api for event in self.world.control("events"))


def until(what: str, probe, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def granted_lines(processes: list[Process]) -> int:
    return sum(len(re.findall(r'"outcome":"granted"', process.text())) for process in processes)


@pytest.fixture
def site(tmp_path):
    made = []

    def make(**more) -> Site:
        made.append(Site(tmp_path, **more))
        return made[-1].start()

    yield make
    for one in made:
        one.stop()
