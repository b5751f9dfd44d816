"""Replay ledgers that instances share, each started on loopback for these tests alone."""

import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from cryptography.hazmat.primitives import serialization
from harness.idp import pem
from harness.process import Process, free_port
from tls import server_certificate

TABLE = "studio-gateway-replay"


class Redis:
    """A Redis of this machine's package, without persistence."""

    scheme, cluster, ca, options = "redis", False, "", []

    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        self.start()

    def start(self):
        command = ["redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self.folder]
        self.process = Process("redis", command + ["--port", self.port] + self.options, self.folder)
        self.process.until("ready", lambda: "Ready to accept connections" in self.process.text())

    def stop(self):
        self.process.stop()

    def tables(self) -> str:
        cluster = "cluster = true\n" if self.cluster else ""
        return f"""
[replay]
ledger = "redis"

[replay.redis]
urls = ["{self.scheme}://127.0.0.1:{self.port}"]
{cluster}{self.ca}
"""


class RedisWithTls(Redis):
    """... that speaks TLS only, with a certificate of an authority that no machine knows."""

    scheme = "rediss"

    def __init__(self, folder: Path):
        authority, certificate, key = server_certificate("127.0.0.1")
        (folder / "ca.crt").write_text(pem(authority))
        (folder / "server.crt").write_text(pem(certificate))
        (folder / "server.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.ca = f'ca = "file:{folder}/ca.crt"'
        super().__init__(folder)

    def start(self):
        files = ["--tls-cert-file", self.folder / "server.crt", "--tls-key-file", self.folder / "server.key"]
        self.options = ["--tls-port", self.port, "--tls-auth-clients", "no", *files]
        plain, self.port = self.port, 0
        try:
            super().start()
        finally:
            self.port = plain


class RedisCluster(Redis):
    """A cluster of one, which holds all slots."""

    cluster = True

    def start(self):
        self.options = ["--cluster-enabled", "yes", "--cluster-config-file", f"nodes-{self.port}.conf"]
        # By default it is 10,000 above the other one, which may be taken, or no port at all.
        self.options += ["--cluster-port", free_port()]
        super().start()
        client = ["redis-cli", "-p", str(self.port), "cluster"]
        if not (self.folder / ".slots").exists():
            subprocess.run([*client, "addslotsrange", "0", "16383"], check=True, capture_output=True)
            (self.folder / ".slots").touch()
        state = lambda: b"cluster_state:ok" in subprocess.run([*client, "info"], capture_output=True).stdout  # noqa: E731
        self.process.until("cluster", state)


class DynamoDb:
    """moto's DynamoDB. What it stores ends with it, so that the table is made at every start."""

    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        self.start()

    def start(self):
        program = Path(sys.executable).parent / "moto_server"
        self.process = Process("dynamodb", [program, "-H", "127.0.0.1", "-p", str(self.port)], self.folder)
        url = f"http://127.0.0.1:{self.port}"
        self.process.until_http(f"{url}/moto-api/", accept=lambda status: status < 500)
        self.client = boto3.client(
            "dynamodb",
            endpoint_url=url,
            region_name="ap-northeast-2",
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="secret",
        )
        self.client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def stop(self):
        self.process.stop()

    def tables(self) -> str:
        return f"""
[replay]
ledger = "dynamodb"

[replay.dynamodb]
table = "{TABLE}"
endpoint = "http://127.0.0.1:{self.port}"
"""


@pytest.fixture(params=[Redis, RedisWithTls, RedisCluster, DynamoDb])
def ledger(request, tmp_path):
    folder = tmp_path / "ledger"
    folder.mkdir()
    ledger = request.param(folder)
    try:
        yield ledger
    finally:
        ledger.stop()
