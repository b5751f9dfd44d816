"""A collector that reads OTLP with OpenTelemetry's own protobuf classes: names, parents, and nothing of a person."""

import http.server
import threading

import pytest
from harness.browser import Browser
from harness.idp import Idp, Person
from harness.world import Domain, IdpEntry, World
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

RESEARCH = Domain("research", "d-researchaaaa", "111122223333", "DataScientist")
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector:
    """Takes what is posted to /v1/traces."""

    def __init__(self):
        self.spans, self.resources, self.raw = [], [], b""
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
                collector.take(body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/traces"

    def take(self, body: bytes):
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append({one.key: one.value.string_value for one in resource.resource.attributes})
            for scope in resource.scope_spans:
                self.spans += scope.spans

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Traced:
    """One sign-in at a gateway with these settings, sent to a collector by the end of the service."""

    def __init__(self, folder, settings: str = "", headers: dict | None = None):
        self.collector = Collector()
        idp = Idp()
        traces = f'[traces]\nendpoint = "{self.collector.url}"\n{settings}\n'
        self.world = World(folder, [RESEARCH], [IdpEntry(idp.metadata())], tables=traces)
        try:
            self.world.start()
            audiences = [self.world.entity_id, "urn:amazon:webservices"]
            self.response = idp.respond(Person("nari", [RESEARCH.pair]), self.world.acs, audiences)
            answer = Browser().post(self.world.acs, {"SAMLResponse": self.response}, headers=headers or {})
            assert answer.status_code == 303, answer.text[:400]
            self.link, self.request_id = answer.headers["Location"], answer.headers["X-Request-Id"]
            gateway = self.world.running.pop()
            assert gateway.stop() == 0, "and sends what is left"
            self.log = gateway.text()
        finally:
            self.world.stop()
            self.collector.stop()
        self.spans = self.collector.spans

    def root(self):
        return next(span for span in self.spans if attributes(span).get("request_id") == self.request_id)

    def below_root(self) -> dict:
        root = self.root()
        return {span.name: span for span in self.spans if span.parent_span_id == root.span_id}


def attributes(span) -> dict:
    return {one.key: one.value.string_value for one in span.attributes}


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    return Traced(tmp_path_factory.mktemp("traced"), headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})


def test_each_step_and_call_is_a_span_of_its_request(traced):
    root = traced.root()
    assert root.name == "request" and attributes(root)["route"] == "/saml/acs"
    assert not root.parent_span_id, "the browser's traceparent is a stranger's"
    assert root.trace_id.hex() != TRACE
    below = traced.below_root()
    assert set(below) == {
        "decode",
        "verify",
        "claim",
        "evaluate",
        "sts:AssumeRoleWithSAML",
        "sagemaker:DescribeUserProfile",
        "sagemaker:ListTags",
        "sagemaker:CreateUserProfile",
        "sagemaker:CreatePresignedDomainUrl",
    }
    for span in below.values():
        assert span.trace_id == root.trace_id
        assert root.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
    called = attributes(below["sts:AssumeRoleWithSAML"])
    assert called["outcome"] == "ok" and called["aws.request_id"]
    steps = ["decode", "verify", "claim", "evaluate", "sts:AssumeRoleWithSAML", "sagemaker:CreatePresignedDomainUrl"]
    assert [below[name].start_time_unix_nano for name in steps] == sorted(
        below[name].start_time_unix_nano for name in steps
    )
    assert traced.collector.resources[0]["service.name"] == "studio-gateway"


def test_nothing_in_a_span_is_secret_or_tells_of_a_person(traced):
    for secret in ["nari", traced.response[:40], traced.link.split("token=")[1][:20], "ASIA", "assumed-role"]:
        assert secret.encode() not in traced.collector.raw, secret
    assert all(not span.events for span in traced.spans), "no log line goes with a span"
    assert '"span"' not in traced.log and "studio_gateway::trace" not in traced.log


def test_a_trace_of_the_proxy_goes_on_if_the_configuration_says_so(tmp_path):
    traced = Traced(tmp_path, "accept_parent = true", {"traceparent": f"00-{TRACE}-{SPAN}-01"})
    root = traced.root()
    assert (root.trace_id.hex(), root.parent_span_id.hex()) == (TRACE, SPAN)
    assert all(span.trace_id.hex() == TRACE for span in traced.below_root().values())


def test_what_is_not_sampled_is_not_sent(tmp_path):
    assert Traced(tmp_path, "sample = 0.0").spans == []
