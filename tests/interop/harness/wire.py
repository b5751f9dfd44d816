"""A recording relay in front of moto's STS, or its IAM.

moto answers AssumeRoleWithSAML with real-looking credentials but with the same Subject, Issuer and Audience for
everybody, which the gateway rightly refuses. With `mend` set, the relay puts in what AWS would echo, and makes the
credentials known to the embedded AWS, which has not issued them. Roles that moto made become known to it in any case.
"""

import base64
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import requests
from lxml import etree

from .idp import AWS, SAML

STS = "https://sts.amazonaws.com/doc/2011-06-15/"
IAM = "https://iam.amazonaws.com/doc/2010-05-08/"
HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding", "date", "server"}


@dataclass
class Exchange:
    """One request and the answer that moto itself gave."""

    method: str
    path: str
    headers: dict
    form: list[tuple[str, str]]
    status: int
    answer: bytes

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.form)

    def __getitem__(self, name: str) -> str:
        values = [value for key, value in self.form if key == name]
        assert len(values) == 1, f"{name} is there {len(values)} times"
        return values[0]


class Wire:
    def __init__(self, upstream: str, register, host: str = "sts.amazonaws.com"):
        """`register` takes a session's fields as the embedded AWS's control surface wants them; a role's, where `host`
        is that of IAM."""
        self.upstream, self.register, self.host = upstream, register, host
        self.mend = True
        self.exchanges: list[Exchange] = []
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, kind, answer = wire.relay(self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def relay(self, path: str, headers: dict, body: bytes) -> tuple[int, str, bytes]:
        passed = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
        # moto tells its services apart by the Host header or the signature's scope; this call has no signature.
        passed["Host"] = self.host
        got = requests.post(self.upstream + path, data=body, headers=passed, timeout=30)
        form = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
        exchange = Exchange("POST", path, headers, form, got.status_code, got.content)
        self.exchanges.append(exchange)
        answer = got.content
        if self.mend and got.status_code == 200 and exchange["Action"] == "AssumeRoleWithSAML":
            answer = self.mended(exchange)
        if got.status_code == 200 and exchange["Action"] == "CreateRole":
            arn = etree.fromstring(answer).findtext(f".//{{{IAM}}}Arn")
            self.register({"arn": arn, "trust_policy": json.loads(exchange["AssumeRolePolicyDocument"])})
        return got.status_code, got.headers.get("Content-Type", "text/xml"), answer

    def mended(self, exchange: Exchange) -> bytes:
        answer = etree.fromstring(exchange.answer)
        response = etree.fromstring(base64.b64decode(exchange["SAMLAssertion"]))

        def said(tag: str) -> str:
            return response.findtext(f".//{{{SAML}}}Assertion//{{{SAML}}}{tag}")

        confirmation = response.find(f".//{{{SAML}}}SubjectConfirmationData")
        echoes = {"Subject": said("NameID"), "Issuer": said("Issuer"), "Audience": confirmation.get("Recipient")}
        for tag, value in echoes.items():
            answer.find(f".//{{{STS}}}{tag}").text = value
        tags, name = {}, ""
        for attribute in response.iter(f"{{{SAML}}}Attribute"):
            value = attribute.findtext(f"{{{SAML}}}AttributeValue")
            if attribute.get("Name").startswith(AWS + "PrincipalTag:"):
                tags[attribute.get("Name").removeprefix(AWS + "PrincipalTag:")] = value
            if attribute.get("Name") == AWS + "RoleSessionName":
                name = value
        narrowed = {"session_policy": json.loads(exchange["Policy"])} if exchange.has("Policy") else {}
        self.register(
            narrowed
            | {
                "access_key_id": answer.findtext(f".//{{{STS}}}AccessKeyId"),
                "secret_access_key": answer.findtext(f".//{{{STS}}}SecretAccessKey"),
                "session_token": answer.findtext(f".//{{{STS}}}SessionToken"),
                "role_arn": exchange["RoleArn"],
                "session_name": name,
                "tags": tags,
            }
        )
        return etree.tostring(answer, xml_declaration=True, encoding="UTF-8")

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
