"""README.md, "From nothing to a working sign-in", followed to the letter.

Files and commands are taken from the document. What stands in for the rest of the world: the embedded AWS with nothing
set up, an identity provider in Python, and a browser that finds the public address on loopback. The port is the only
thing that is changed, since 8080 may be taken.
"""

import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from harness.browser import Browser
from harness.idp import AuthnRequest, Idp, Person
from harness.process import ROOT, Process, binary, free_port

HEADING = "## From nothing to a working sign-in\n"
PUBLIC = "https://studio.example.com"
ACS = f"{PUBLIC}/saml/acs"
# What the document's table says about attributes; its groups and ids are of a person who may come in.
PAIR = "arn:aws:iam::111122223333:role/DataScientist,arn:aws:iam::111122223333:saml-provider/corp"
ADA = Person("ada", [PAIR], groups=["data-science"])


def section() -> str:
    text = (ROOT / "README.md").read_text()
    assert text.count(HEADING) == 1
    return text.split(HEADING)[1].split("\n## ")[0]


def blocks() -> list[tuple[str, str]]:
    """Kind and content of each fenced block in a numbered step, in order."""
    found = re.findall(r"^   ```(\w+)\n(.*?)^   ```$", section(), flags=re.MULTILINE | re.DOTALL)
    return [(kind, textwrap.dedent(content)) for kind, content in found]


class Outside(Browser):
    """A person's browser, for which the load balancer at the public address is the gateway itself."""

    def __init__(self, gateway: str) -> None:
        super().__init__()
        self.gateway = gateway

    def _send(self, method: str, url: str, **more) -> requests.Response:
        return super()._send(method, url.replace(PUBLIC, self.gateway, 1), **more)


class Follower:
    """Somebody with an empty folder who does what the document says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, aws_port = free_port(), free_port()
        self.aws_url = f"http://127.0.0.1:{aws_port}"
        self.aws_port = aws_port
        self.idp = Idp()
        self.running: list[Process] = []
        self.done: list[str] = []
        tools = folder / "tools"
        tools.mkdir()
        (tools / "studio-gateway").symlink_to(binary())
        aws = Path(sys.executable).parent / "aws"
        self.environment = {
            "PATH": f"{tools}:{aws.parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": self.aws_url,
            # Where IAM is signed for.
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        self.work = folder / "work"
        self.work.mkdir()

    def follow(self) -> None:
        # Step 1 is the identity provider's.
        (self.work / "idp-metadata.xml").write_bytes(self.idp.metadata())
        for kind, content in blocks():
            content = re.sub(r"(0\.0\.0\.0|127\.0\.0\.1):8080", f"127.0.0.1:{self.port}", content)
            if kind == "toml":
                name = re.match(r"# (\S+)\n", content)[1]
                (self.work / name).write_text(content)
                self.start_aws()
            elif content.startswith("studio-gateway serve"):
                self.serve(content)
            else:
                self.run(content)
            self.done.append(content)

    def start_aws(self) -> None:
        """The account, which has a domain and an administrator."""
        arguments = ["demo", "aws", "--bare", "--config", "gateway.toml", "--listen", f"127.0.0.1:{self.aws_port}"]
        aws = Process("aws", [binary(), *arguments], self.folder, cwd=self.work)
        self.running.append(aws)
        aws.until("secret", lambda: "AWS_SECRET_ACCESS_KEY" in aws.text())
        secret = re.search(r"AWS_SECRET_ACCESS_KEY=(\S+)", aws.text())[1]
        keys = {
            who: re.search(rf"{who}: AWS_ACCESS_KEY_ID=(\S+)", aws.text())[1] for who in ("gateway", "administrator")
        }
        self.keys = {who: {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret} for who, key in keys.items()}

    def run(self, commands: str) -> None:
        """Commands of an administrator. The first that fails ends it."""
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.work,
            env=self.environment | self.keys["administrator"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, f"{commands}\n{ended.stdout}\n{ended.stderr}"

    def serve(self, command: str) -> None:
        environment = self.environment | self.keys["gateway"]
        gateway = Process("gateway", ["bash", "-c", f"exec {command}"], self.folder, env=environment, cwd=self.work)
        self.running.append(gateway)
        gateway.until_http(f"http://127.0.0.1:{self.port}/readyz", accept=lambda status: status == 200)
        # The ledger in memory refuses what was issued before it began, and this IdP states whole seconds.
        began = int(time.time())
        gateway.until("next second", lambda: int(time.time()) > began)

    def sign_in(self, person: Person) -> requests.Response:
        """Opens the public address, signs in at the IdP, and comes back; the answer of the ACS."""
        browser = Outside(f"http://127.0.0.1:{self.port}")
        page = browser.follow(browser.get(f"{PUBLIC}/login"), stop_before=self.idp.sso)
        request = AuthnRequest.from_redirect(page.headers["Location"])
        assert request.acs == ACS
        response = self.idp.respond(person, ACS, [request.issuer, "urn:amazon:webservices"], request)
        answer = browser.post(ACS, {"SAMLResponse": response, "RelayState": request.relay_state})
        return browser.follow(answer) if answer.headers.get("Location", "").startswith(self.aws_url) else answer

    def events(self) -> list[dict]:
        return requests.get(f"{self.aws_url}/_control/events", timeout=10).json()


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Follower]:
    follower = Follower(tmp_path_factory.mktemp("readme"))
    try:
        follower.follow()
        yield follower
    finally:
        for process in reversed(follower.running):
            process.stop()
        shutil.rmtree(follower.work, ignore_errors=True)


def test_there_is_something_to_follow(follower: Follower) -> None:
    text = "".join(follower.done)
    assert len(follower.done) == len(blocks()) >= 5
    for command in ["studio-gateway check", "aws iam put-role-policy", "studio-gateway serve", "studio-gateway health"]:
        assert command in text


def test_it_ends_in_ones_own_studio(follower: Follower) -> None:
    page = follower.sign_in(ADA)
    assert page.status_code == 200, page.text
    assert page.url.startswith(follower.aws_url) and "ada" in page.text
    granted = [event for event in follower.events() if event["api"] == "sagemaker:CreatePresignedDomainUrl"]
    assert [event["principal"] for event in granted] == ["arn:aws:sts::111122223333:assumed-role/DataScientist/ada"]


def test_nobody_else_gets_in(follower: Follower) -> None:
    stranger = Person("mallory", [PAIR], groups=["visitors"])
    assert follower.sign_in(stranger).status_code == 403


def test_the_gateway_may_do_nothing_without_its_policy(follower: Follower) -> None:
    """What the document gives it is what lets it in: it goes as soon as the policy is another."""
    nothing = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
    follower.run(
        f"aws iam put-role-policy --role-name StudioGateway --policy-name studio --policy-document '{nothing}'"
    )
    answer = follower.sign_in(Person("grace", [PAIR], groups=["data-science"]))
    assert (answer.status_code, "aws.denied" in answer.text) == (502, True)
