"""One scripted day at a gateway that audits: people who come, changes that are made for them, people who are refused.

Events go to standard output and, beside it, to CloudWatch Logs and Firehose in moto."""

import json
import sys

import boto3
import pytest
from harness.browser import Browser
from harness.idp import Idp, Person
from harness.process import ROOT, Process, free_port
from harness.world import Domain, IdpEntry, World

ACCOUNT = "111122223333"
REGION = "ap-northeast-2"
GROUP, STREAM, DELIVERY, BUCKET = "/studio/audit", "gateway", "studio-audit", "studio-audit"
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret"}
AGENT = "Mozilla/5.0 (X11; Linux x86_64)"
RESEARCH = Domain(
    "research",
    "d-researchaaaa",
    ACCOUNT,
    "DataScientist",
    lifecycle=ROOT / "config/lifecycle/jupyterlab/git-config.sh",
    execution_role=f"""
permissions_boundary = "arn:aws:iam::{ACCOUNT}:policy/StudioBoundary"
policies = ["arn:aws:iam::{ACCOUNT}:policy/StudioBase"]

[[domain.execution_role.policy]]
groups = "nlp"
arns = ["arn:aws:iam::{ACCOUNT}:policy/NlpData"]
""",
)
LAB = """
[[destination]]
key = "lab"
domain = "research"
[destination.space]
sharing = "Private"
name = "{profile}-lab"
create = true
app = "JupyterLab"

[[rule]]
name = "The lab"
groups = "lab"
allow = "lab"
"""


class AuditedWorld(World):
    """The same, with profiles that are brought in line, and a tag that changes in the course of the day."""

    tag = "studio-gateway"

    def write(self, for_aws: bool = False, port: int | None = None):
        path = super().write(for_aws, port)
        text = path.read_text().replace("poll_milliseconds", 'provisioning = "reconcile"\npoll_milliseconds', 1)
        # The roles of the embedded AWS may do what is printed for its configuration: it has to know of the space.
        lab = LAB if for_aws else ""
        path.write_text(text.replace('value = "studio-gateway"', f'value = "{self.tag}"') + lab)
        return path


class Day:
    """Who did what, and what was told of it."""

    def __init__(self, folder, moto: str, audit: str):
        self.idp = Idp()
        sinks = f"""
[audit]
stdout = true
{audit}

[audit.cloudwatch_logs]
group = "{GROUP}"
stream = "{STREAM}"
endpoint = "{moto}"

[audit.firehose]
stream = "{DELIVERY}"
endpoint = "{moto}"
"""
        self.world = AuditedWorld(folder, [RESEARCH], [IdpEntry(self.idp.metadata())], tables=LAB + sinks)
        self.lines: list[str] = []

    def enter(self, user: str, groups=(), roles=None, idp=None, browser=None, **fields):
        response = (idp or self.idp).respond(
            Person(user, [RESEARCH.pair] if roles is None else roles, list(groups)),
            self.world.acs,
            [self.world.entity_id, "urn:amazon:webservices"],
        )
        browser = browser or Browser()
        browser.session.headers["User-Agent"] = AGENT
        return browser.post(self.world.acs, {"SAMLResponse": response} | fields)

    def pass_by(self):
        """Everything that there are events for."""
        world = self.world
        assert self.enter("nari", ["nlp"], RelayState="to.research").status_code == 303
        # She has left the group: her role loses a policy. The tag is another one meanwhile: her profile is mended.
        world.tag = "the platform team"
        self.end_of_service()
        world.serve()
        assert self.enter("nari", RelayState="to.research").status_code == 303
        assert self.enter("dohyun", ["lab"], RelayState="to.lab").status_code == 303
        assert self.enter("minji", ["lab"]).status_code == 200, "she is asked where to go"
        codes = {
            "assertion.rejected": lambda: self.enter("mallory", idp=Idp()),
            "entitlement.none": lambda: self.enter("jisu", roles=[f"{RESEARCH.role_arn}X,{RESEARCH.provider_arn}"]),
            "request.malformed": lambda: Browser().post(world.acs, {"SAMLResponse": "%%%"}),
            "aws.denied": lambda: self.failing("sts:AssumeRoleWithSAML", 403, "AccessDenied"),
            "aws.limit": lambda: self.failing("sagemaker:CreateUserProfile", 400, "ResourceLimitExceeded", "sora"),
            "aws.unavailable": lambda: self.failing("sagemaker:CreatePresignedDomainUrl", 500, "InternalFailure"),
        }
        for code, refused in codes.items():
            answer = refused()
            assert code in answer.text, f"{code}: {answer.status_code} {answer.text[:400]}"
        self.end_of_service()

    def failing(self, api: str, status: int, code: str, user: str = "nari"):
        self.world.tell("knobs", {"knob": "fail", "api": api, "count": 3, "status": status, "code": code})
        answer = self.enter(user, RelayState="to.research")
        self.world.tell("knobs", {"knob": "clear"})
        return answer

    def end_of_service(self):
        gateway = self.world.running.pop()
        assert gateway.stop() == 0
        self.lines += gateway.output

    def events(self) -> list[dict]:
        """What was written to standard output, without the log lines."""
        parsed = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [event for event in parsed if "level" not in event]


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    url = f"http://127.0.0.1:{free_port()}"
    command = [f"{sys.prefix}/bin/moto_server", "-H", "127.0.0.1", "-p", url.rpartition(":")[2]]
    process = Process("moto", command, tmp_path_factory.mktemp("moto"))
    try:
        process.until_http(f"{url}/moto-api/")
        yield url
    finally:
        process.stop()


@pytest.fixture(scope="session")
def client(moto):
    return lambda service: boto3.client(service, endpoint_url=moto, region_name=REGION, **KEYS)


@pytest.fixture(scope="session")
def sinks(client):
    client("logs").create_log_group(logGroupName=GROUP)
    client("logs").create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    role = f"arn:aws:iam::{ACCOUNT}:role/Firehose"
    client("firehose").create_delivery_stream(
        DeliveryStreamName=DELIVERY,
        S3DestinationConfiguration={"RoleARN": role, "BucketARN": f"arn:aws:s3:::{BUCKET}"},
    )


@pytest.fixture(scope="session")
def day_of(tmp_path_factory, moto, sinks):
    """A day with these settings of [audit], from its beginning to its end."""

    def make(audit: str) -> Day:
        day = Day(tmp_path_factory.mktemp("audit"), moto, audit)
        try:
            day.world.start()
            day.pass_by()
        finally:
            day.world.stop()
        return day

    return make


@pytest.fixture(scope="session")
def ocsf_day(day_of):
    return day_of('format = "ocsf"')
