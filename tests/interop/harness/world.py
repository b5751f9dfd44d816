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
    # Keys and tables of [domain.execution_role], as TOML; in place of one role for everybody.
    execution_role: str = ""

    @property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{self.account}:role/{self.role}"

    @property
    def provider_arn(self) -> str:
        return self.provider("corp")

    @property
    def pair(self) -> str:
        return f"{self.role_arn},{self.provider_arn}"

    def provider(self, name: str) -> str:
        return f"arn:aws:iam::{self.account}:saml-provider/{name}"


@dataclass
class IdpEntry:
    """One [[idp]] of the configuration. `key` is also the name of its IAM SAML provider, in every account."""

    # What the embedded AWS knows it by, and what the gateway reads from a file, if `from_file`.
    metadata: bytes
    key: str = "corp"
    name: str = "Example Corp"
    from_file: bool = True
    # Further keys of the table, such as request_binding.
    options: dict = field(default_factory=dict)

    def table(self, domains: list[Domain], for_aws: bool, groups: str) -> str:
        file = {"metadata_file": f"{self.key}-metadata.xml"}
        settings = file if for_aws else (file if self.from_file else {}) | self.options
        lines = "".join(f"{name} = {text(value)}\n" for name, value in settings.items())
        return f"""
[[idp]]
key = "{self.key}"
name = "{self.name}"
saml_providers = {text([domain.provider(self.key) for domain in domains])}
{lines}
[idp.attributes]
groups = "{groups}"
"""


def text(value) -> str:
    """A TOML value: JSON's notation is valid TOML for strings, numbers, booleans and lists of them."""
    return json.dumps(value)


def execution_role(settings: str, domain: Domain) -> str:
    """The short key, unless the settings say it already."""
    if "ExecutionRole =" in settings:
        return ""
    return f'execution_role = "arn:aws:iam::{domain.account}:role/StudioExecution"'


@dataclass
class World:
    """Everything on loopback, in one folder, on ports found free."""

    folder: Path
    domains: list[Domain]
    idps: list[IdpEntry]
    sts_endpoint: str | None = None
    iam_endpoint: str | None = None
    groups: str = "groups"
    # TOML below [domain.profile.settings] of every domain. It may set the execution role.
    settings: str = ""
    gateway_port: int = field(default_factory=free_port)
    aws_port: int = field(default_factory=free_port)
    # [[saml.key]]: certificate and private key of each.
    keys: list[tuple[Path, Path]] = field(default_factory=list)
    # Further tables of the gateway's configuration, as TOML, and further keys of [gateway].
    tables: str = ""
    gateway_keys: str = ""
    running: list[Process] = field(default_factory=list)
    credentials: dict = field(default_factory=dict)
    starts: int = 0

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

    def write(self, for_aws: bool = False, port: int | None = None) -> Path:
        """The configuration file of the gateway (on `port`, for one more of them), or the one that the embedded AWS
        makes its accounts from."""
        for idp in self.idps:
            (self.folder / f"{idp.key}-metadata.xml").write_bytes(idp.metadata)
        parts = [
            f"""[gateway]
listen = "127.0.0.1:{port or self.gateway_port}"
public_url = "{self.url}"
{"" if for_aws else self.gateway_keys}

[saml]
audiences = ["urn:amazon:webservices"]

[aws]
sts_endpoint = "{self.sts_endpoint or self.aws_url}"
sagemaker_endpoint = "{self.aws_url}"
iam_endpoint = "{self.iam_endpoint or self.aws_url}"
"""
        ]
        for certificate, private_key in self.keys:
            parts.append(
                f"""
[[saml.key]]
certificate = {text(f"file:{certificate}")}
private_key = {text(f"file:{private_key}")}
"""
            )
        parts += [idp.table(self.domains, for_aws, self.groups) for idp in self.idps]
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
{self.roles(domain)}
[domain.profile.settings]
{self.settings}

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
            parts.append(
                f"""
[[rule]]
name = "Everyone, {domain.key}"
everyone = true
allow = "{domain.key}"
"""
            )
        parts.append("" if for_aws else self.tables)
        path = self.folder / ("aws.toml" if for_aws else f"gateway-{port or self.gateway_port}.toml")
        path.write_text("".join(parts))
        return path

    def roles(self, domain: Domain) -> str:
        """What notebooks run as, and whom the gateway turns into in an account that is not its own."""
        tables = ""
        if domain.account != self.domains[0].account:
            tables += f"""
[domain.provisioner]
role_arn = "arn:aws:iam::{domain.account}:role/studio-gateway-provisioner"
external_id = "interop"
"""
        if domain.execution_role:
            return tables + f"\n[domain.execution_role]\n{domain.execution_role}\n"
        return tables + f"\n[domain.profile]\n{execution_role(self.settings, domain)}\n"

    def start(self) -> "World":
        self.start_aws()
        self.serve()
        return self

    def start_aws(self):
        config = self.write(for_aws=True)
        aws = Process(
            "demo-aws",
            [binary(), "demo", "aws", "--config", config, "--listen", f"127.0.0.1:{self.aws_port}"],
            self.folder,
        )
        self.running.append(aws)
        self.credentials = {
            name: aws.until(name, lambda name=name: re.search(rf"{name}\W+([^\s\"']+)", aws.text()))[1]
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        }
        aws.until_http(f"{self.aws_url}/_control/events")

    def launch(self, port: int | None = None) -> Process:
        """Starts the gateway with the configuration as it is now, without waiting for it."""
        self.starts += 1
        command = [binary(), "serve", "--config", self.write(port=port)]
        gateway = Process(f"serve-{self.starts}", command, self.folder, env=self.credentials)
        self.running.append(gateway)
        return gateway

    def serve(self):
        gateway = self.launch()
        gateway.until_http(f"{self.url}/readyz", accept=lambda status: status == 200)
        # The memory ledger refuses assertions that were issued before the process started, and these IdPs state whole
        # seconds: the second in which the gateway came up has to be over.
        up = int(time.time())
        gateway.until("next second", lambda: int(time.time()) > up)

    def serve_another(self) -> str:
        """One more gateway with the same configuration, on another port; its ACS as a proxy in front would reach it."""
        port = free_port()
        gateway = self.launch(port)
        gateway.until_http(f"http://127.0.0.1:{port}/readyz", accept=lambda status: status == 200)
        return f"http://127.0.0.1:{port}/saml/acs"

    def refuse_to_start(self) -> tuple[int, str]:
        """Starts a gateway that has to end by itself; its exit code and what it printed."""
        gateway = self.launch()
        code = gateway.end()
        self.running.remove(gateway)
        return code, gateway.text()

    def restart(self):
        """Another gateway on the same port, with the configuration as it is now. The embedded AWS goes on."""
        self.running.pop().stop()
        self.serve()

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
