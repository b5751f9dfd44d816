"""An nginx of this machine in front of a gateway: what it adds to requests, and what it takes out of answers."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from harness.idp import Idp, certificate_for, now, pem, stamp
from harness.process import Process, free_port
from harness.world import Domain, IdpEntry, World

RESEARCH = Domain("research", "d-researchaaaa", "111122223333", "DataScientist")


def certificate_files(folder: Path, name: str) -> tuple[Path, Path]:
    """Certificate and key for a server of this name."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate, private_key = folder / f"{name}.crt", folder / f"{name}.key"
    certificate.write_text(pem(certificate_for(key, name)))
    private_key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private_key


@dataclass
class Front:
    """nginx on the address that browsers use, the gateway behind it on a port of its own."""

    folder: Path
    # Keys of [gateway].
    keys: str = "proxies = 1"
    # Further directives of nginx's location.
    directives: str = ""
    tls: bool = False
    idp: Idp = field(default_factory=Idp)

    def start(self) -> "Front":
        # The world's URL, and so public_url, is nginx's.
        entry = IdpEntry(self.idp.metadata())
        self.world = World(self.folder, [RESEARCH], [entry], gateway_keys=self.keys)
        self.behind = free_port()
        verified = ""
        if self.tls:
            certificate, key = certificate_files(self.folder, "gateway.test")
            self.world.gateway_keys += f'\ntls = {{ certificate = "file:{certificate}", private_key = "file:{key}" }}'
            verified = f"""
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate {certificate};
      proxy_ssl_name gateway.test;"""
        self.world.start_aws()
        self.gateway = self.world.launch(self.behind)
        serving = self.gateway.until("serving", lambda: [line for line in self.lines() if line["message"] == "serving"])
        # Assertions state whole seconds, and none may be older than the process.
        since = serving[0]["timestamp"][:19]
        self.gateway.until("next second", lambda: stamp(now())[:19] > since)
        temporary = "".join(
            f"  {kind}_temp_path {self.folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        configuration = self.folder / "nginx.conf"
        configuration.write_text(f"""
user root;
daemon off;
master_process off;
pid {self.folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
  access_log off;
{temporary}
  upstream gateway {{ server 127.0.0.1:{self.behind}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{self.world.gateway_port};
    location / {{
      proxy_pass {"https" if self.tls else "http"}://gateway;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      # Another address than the browser's.
      proxy_bind 127.0.0.3;{verified}
      {self.directives}
    }}
  }}
}}
""")
        self.nginx = Process("nginx", ["nginx", "-p", self.folder, "-c", configuration], self.folder)
        self.nginx.until_http(f"{self.world.url}/readyz", accept=lambda status: status == 200)
        return self

    def stop(self):
        if hasattr(self, "nginx"):
            self.nginx.stop()
        self.world.stop()

    def lines(self) -> list[dict]:
        """What the gateway logged."""
        return [json.loads(line) for line in self.gateway.text().splitlines() if line.startswith("{")]

    def connections(self) -> list[str]:
        """The states (as in /proc/net/tcp) of nginx's ends of connections to the gateway."""
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return [row[3] for row in rows if row[2].endswith(f":{self.behind:04X}")]


@pytest.fixture
def front(tmp_path):
    made = []

    def make(**more) -> Front:
        made.append(Front(tmp_path, **more))
        return made[-1].start()

    yield make
    for one in made:
        one.stop()
