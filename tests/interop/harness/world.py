"""A gateway (`serve`) beside an embedded AWS (`demo aws`), both made for one generated configuration."""

import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import requests

from .process import Process, binary, free_port


@dataclass
class Domain:
    """One [[domain]] of the configuration."""

    key: str
    domain_id: str
    account: str
    role: str
    region: str = "ap-northeast-2"
    lifecycle: Path | None = None

    @property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{self.account}:role/{self.role}"

    @property
    def provider_arn(self) -> str:
        return f"arn:aws:iam::{self.account}:saml-provider/corp"

    @property
    def pair(self) -> str:
        return f"{self.role_arn},{self.provider_arn}"


def text(value) -> str:
    """A TOML string or list of strings: JSON's notation is valid TOML for both."""
    return json.dumps(value)


@dataclass
class World:
    """Everything on loopback, in one folder, on ports found free."""

    folder: Path
    domains: list[Domain]
    metadata: bytes
    sts_endpoint: str | None = None
    groups: str = "groups"
    gateway_port: int = field(default_factory=free_port)
    aws_port: int = field(default_factory=free_port)
    running: list[Process] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def acs(self) -> str:
        return f"{self.url}/saml/acs"

    @property
    def entity_id(self) -> str:
        return f"{self.url}/saml/metadata"

    @property
    def aws_url(self) -> str:
        return f"http://127.0.0.1:{self.aws_port}"

    def write(self) -> Path:
        (self.folder / "idp-metadata.xml").write_bytes(self.metadata)
        providers = [domain.provider_arn for domain in self.domains]
        parts = [
            f"""[gateway]
listen = "127.0.0.1:{self.gateway_port}"
public_url = "{self.url}"

[saml]
audiences = ["urn:amazon:webservices"]

[[idp]]
key = "corp"
name = "Example Corp"
metadata_file = "idp-metadata.xml"
saml_providers = {text(providers)}

[idp.attributes]
groups = "{self.groups}"

[aws]
sts_endpoint = "{self.sts_endpoint or self.aws_url}"
sagemaker_endpoint = "{self.aws_url}"
"""
        ]
        for domain in self.domains:
            parts.append(
                f"""
[[domain]]
key = "{domain.key}"
name = "{domain.key.capitalize()}"
domain_id = "{domain.domain_id}"
region = "{domain.region}"
roles = {text([domain.role_arn])}
poll_milliseconds = 100

[domain.profile]
execution_role = "arn:aws:iam::{domain.account}:role/StudioExecution"

[domain.profile.tags]
"managed-by" = {{ value = "studio-gateway" }}
"""
            )
            if domain.lifecycle:
                parts.append(
                    f"""
[[domain.profile.lifecycle]]
app = "JupyterLab"
script = {text(str(domain.lifecycle))}
default = true
"""
                )
        path = self.folder / "gateway.toml"
        path.write_text("".join(parts))
        return path

    def start(self) -> "World":
        config = self.write()
        aws = Process(
            "demo-aws",
            [binary(), "demo", "aws", "--config", config, "--listen", f"127.0.0.1:{self.aws_port}"],
            self.folder,
        )
        self.running.append(aws)
        credentials = {
            name: aws.until(name, lambda name=name: re.search(rf"{name}\W+([^\s\"']+)", aws.text()))[1]
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        }
        aws.until_http(f"{self.aws_url}/_control/events")
        gateway = Process("serve", [binary(), "serve", "--config", config], self.folder, env=credentials)
        self.running.append(gateway)
        gateway.until_http(f"{self.url}/readyz", accept=lambda status: status == 200)
        # The memory ledger refuses assertions that were issued before the process started, and these IdPs state whole
        # seconds: the second in which the gateway came up has to be over.
        up = int(time.time())
        gateway.until("next second", lambda: int(time.time()) > up)
        return self

    def stop(self):
        for process in reversed(self.running):
            process.stop()

    def control(self, what: str):
        answer = requests.get(f"{self.aws_url}/_control/{what}", timeout=10)
        answer.raise_for_status()
        return answer.json()

    def tell(self, what: str, body: dict):
        answer = requests.post(f"{self.aws_url}/_control/{what}", json=body, timeout=10)
        assert answer.ok, f"{what}: {answer.status_code} {answer.text[:400]}"

    def gateway_log(self) -> str:
        return self.running[-1].text()
