"""The gateway under an emulated Lambda runtime; its configuration is in Systems Manager, its key in Secrets Manager."""

import base64
import json
import os
import sys
from pathlib import Path

import boto3
import pytest
import requests
from front_ends import Answer, Request
from harness.idp import AuthnRequest, Idp, Person
from harness.process import Process, binary, free_port
from harness.world import Domain, IdpEntry, World

REGION = "ap-northeast-2"
RESEARCH = Domain("research", "d-researchaaaa", "111122223333", "DataScientist", region=REGION)
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
FUNCTION = "studio-gateway"
# What the emulator calls a function that it did not start.
ONLY_FUNCTION = "_"
LEDGER = """
[replay]
ledger = "dynamodb"

[replay.dynamodb]
table = "studio-gateway-replay"
"""


class Function:
    """Invocations, through the emulated runtime API."""

    def __init__(self, folder: Path):
        self.idp = Idp()
        self.world = World(
            folder,
            [RESEARCH],
            [IdpEntry(self.idp.metadata())],
            tables=LEDGER,
            gateway_keys='seal_keys = ["secretsmanager:studio-gateway#seal"]',
        )
        self.running: list[Process] = []
        self.port = free_port()

    def start(self):
        moto = f"http://127.0.0.1:{free_port()}"
        self.start_moto(moto)
        self.world.start_aws()
        # It wants to stand in a package, and builds nothing of it.
        package = self.world.folder / "package"
        (package / "src").mkdir(parents=True)
        (package / "src/main.rs").write_text("fn main() {}")
        (package / "Cargo.toml").write_text(f'[package]\nname = "{FUNCTION}"\nversion = "0.0.0"\nedition = "2024"\n')
        program = Path(sys.executable).parent / "cargo-lambda"
        command = [program, "lambda", "watch", "--only-lambda-apis", "-A", "127.0.0.1", "-P", str(self.port)]
        runtime = Process("runtime-api", command, self.world.folder, env={"NO_COLOR": "1"}, cwd=package)
        self.running.append(runtime)
        runtime.until("start", lambda: "starting Runtime server" in runtime.text())
        environment = self.world.credentials | {
            "AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{self.port}/.rt",
            "AWS_LAMBDA_FUNCTION_NAME": ONLY_FUNCTION,
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_SSM": moto,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": moto,
            "AWS_ENDPOINT_URL_DYNAMODB": moto,
            "STUDIO_GATEWAY_CONFIG": "ssm:/studio-gateway/config",
        }
        # As Lambda starts it: no arguments at all.
        function = Process("function", [binary()], self.world.folder, env=environment)
        self.running.append(function)
        function.until("start", lambda: "serving as a Lambda function" in function.text())

    def start_moto(self, url: str):
        port = url.rpartition(":")[2]
        program = Path(sys.executable).parent / "moto_server"
        moto = Process("moto", [program, "-H", "127.0.0.1", "-p", port], self.world.folder)
        self.running.append(moto)
        moto.until_http(f"{url}/moto-api/", accept=lambda status: status < 500)
        # Relative paths have no folder to be relative to: the file is named in full.
        config = (
            self.world.write().read_text().replace("corp-metadata.xml", str(self.world.folder / "corp-metadata.xml"))
        )
        keys = {key.lower(): value for key, value in KEYS.items()}
        client = lambda service: boto3.client(service, endpoint_url=url, region_name=REGION, **keys)  # noqa: E731
        client("ssm").put_parameter(Name="/studio-gateway/config", Value=config, Type="SecureString")
        secret = json.dumps({"seal": base64.b64encode(os.urandom(32)).decode()})
        client("secretsmanager").create_secret(Name="studio-gateway", SecretString=secret)
        client("dynamodb").create_table(
            TableName="studio-gateway-replay",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def ask(self, front_end, request: Request) -> Answer:
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/{ONLY_FUNCTION}/invocations"
        answer = requests.post(url, json=front_end.event(request), timeout=60)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:800]}\n{self.log()[-2000:]}"
        return front_end.answer(answer.json())

    def response(self, user: str, request: AuthnRequest | None = None) -> str:
        audiences = [self.world.entity_id, "urn:amazon:webservices"]
        return self.idp.respond(Person(user, [RESEARCH.pair]), self.world.acs, audiences, request)

    def log(self) -> str:
        return self.running[-1].text()

    def stop(self):
        for process in reversed(self.running):
            process.stop()
        self.world.stop()


@pytest.fixture(scope="session")
def function(tmp_path_factory):
    function = Function(tmp_path_factory.mktemp("lambda"))
    try:
        function.start()
        yield function
    finally:
        function.stop()
