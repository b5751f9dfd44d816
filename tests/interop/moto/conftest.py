"""moto as STS and IAM, the embedded AWS as SageMaker, and the gateway between them."""

import json
import sys
from pathlib import Path

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from harness.browser import Browser
from harness.idp import AuthnRequest, Idp, Person
from harness.process import ROOT, Process, free_port
from harness.wire import Wire
from harness.world import Domain, IdpEntry, World

# moto's own account: whoever has no credentials is in it.
ACCOUNT = "123456789012"
RESEARCH = Domain(
    "research",
    "d-researchaaaa",
    ACCOUNT,
    "DataScientist",
    lifecycle=ROOT / "config/lifecycle/jupyterlab/git-config.sh",
)


class Moto:
    """A running moto server, and clients that speak to it."""

    def __init__(self, logs: Path):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        # A server of its own, rather than moto in this process: the wire is what is tested.
        program = Path(sys.executable).parent / "moto_server"
        self.process = Process("moto", [program, "-H", "127.0.0.1", "-p", str(self.port)], logs)
        self.process.until_http(f"{self.url}/moto-api/", accept=lambda status: status < 500)

    def client(self, service: str, **more):
        keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret"} | more
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", **keys)


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    moto = Moto(tmp_path_factory.mktemp("moto"))
    try:
        yield moto
    finally:
        moto.process.stop()


@pytest.fixture(scope="session")
def idp():
    return Idp()


class Stage:
    """Everything that runs, and what a person does with it."""

    def __init__(self, moto: Moto, idp: Idp, folder: Path):
        self.moto, self.idp = moto, idp
        self.wire = Wire(moto.url, lambda session: self.world.tell("sessions", session))
        self.world = World(folder, [RESEARCH], [IdpEntry(idp.metadata())], sts_endpoint=self.wire.url)

    def response(self, user: str, request: AuthnRequest | None = None) -> str:
        audiences = [self.world.entity_id, "urn:amazon:webservices"]
        return self.idp.respond(Person(user, [RESEARCH.pair], ["data-science"]), self.world.acs, audiences, request)

    def sign_in(self, user: str, accept: str = "text/html"):
        """What the ACS answers to an IdP-initiated sign-in, and the browser that got the answer."""
        browser = Browser(accept=accept)
        return browser.post(self.world.acs, {"SAMLResponse": self.response(user)}), browser

    def opened(self, browser: Browser, answer, user: str):
        """The answer leads into the embedded Studio, to this person's profile."""
        log = self.world.gateway_log()
        assert answer.status_code == 303, f"{answer.status_code}: {answer.text[:800]}\n{log[-2000:]}"
        assert answer.headers["Location"].startswith(self.world.aws_url)
        studio = browser.follow(answer)
        assert studio.status_code == 200, f"{studio.status_code}: {studio.text[:500]}"
        assert user in studio.text and RESEARCH.domain_id in studio.text

    def stop(self):
        self.world.stop()
        self.wire.stop()


@pytest.fixture(scope="session")
def stage(moto, idp, tmp_path_factory):
    stage = Stage(moto, idp, tmp_path_factory.mktemp("world"))
    try:
        in_iam(moto, stage.world, idp)
        stage.world.start()
        yield stage
    finally:
        stage.stop()


@pytest.fixture
def mended(stage):
    stage.wire.mend = True
    stage.wire.exchanges.clear()


def in_iam(moto: Moto, world: World, idp: Idp):
    """The SAML provider and the role, made through IAM's API with the policies of deploy/iam."""
    iam = moto.client("iam")
    provider = iam.create_saml_provider(SAMLMetadataDocument=idp.metadata().decode(), Name="corp")["SAMLProviderArn"]
    assert provider == RESEARCH.provider_arn
    role = iam.create_role(RoleName=RESEARCH.role, AssumeRolePolicyDocument=policy("trust-policy", world))["Role"]
    assert role["Arn"] == RESEARCH.role_arn
    for name in ("federated-role-policy", "gateway-policy"):
        arn = iam.create_policy(PolicyName=name, PolicyDocument=policy(name, world))["Policy"]["Arn"]
        if name == "federated-role-policy":
            iam.attach_role_policy(RoleName=RESEARCH.role, PolicyArn=arn)


def policy(name: str, world: World) -> str:
    text = (ROOT / f"deploy/iam/{name}.json").read_text()
    for example, real in {
        "111122223333": ACCOUNT,
        "https://studio.example.com": world.url,
        "d-abcdefghijkl": RESEARCH.domain_id,
    }.items():
        text = text.replace(example, real)
    json.loads(text)
    return text


@pytest.fixture
def anonymous_sts(stage):
    """STS as the gateway reaches it, for botocore's own unsigned call."""
    return boto3.client(
        "sts", endpoint_url=stage.wire.url, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )
