"""Responses captured from Okta, Google, Keycloak, PingOne and OneLogin, explained by `studio-gateway inspect`."""

import base64
import datetime
import json
import os
import pathlib
import subprocess

import pytest

FOLDER = pathlib.Path(os.environ["SAML_VECTORS"])
BINARY = os.environ["STUDIO_GATEWAY"]
CAPTURES = json.loads((FOLDER / "index.json").read_text())

METADATA = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{issuer}">
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
<ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
</md:IDPSSODescriptor></md:EntityDescriptor>"""


def certificate_of(capture):
    text = (FOLDER / capture["certificate"]).read_text()
    return "".join(line for line in text.split() if "-----" not in line and line not in ("BEGIN", "END"))


def inspect(folder, capture, response, certificate, at):
    metadata = folder / "metadata.xml"
    metadata.write_text(METADATA.format(issuer=capture["issuer"], certificate=certificate))
    command = [
        BINARY,
        "inspect",
        "--json",
        "--idp-metadata",
        str(metadata),
        "--acs",
        capture["destination"],
        "--at",
        at,
    ]
    for audience in capture["audience"]:
        command += ["--audience", audience]
    if capture["in_response_to"]:
        command += ["--request-id", capture["in_response_to"]]
    done = subprocess.run(command, input=response, capture_output=True, timeout=30, check=False)
    report = json.loads(done.stdout)
    assert (done.returncode == 0) == report["accepted"], done.stderr
    return report


def broken(report):
    return {rule["rule"] for rule in report["rules"] if rule["outcome"] == "fail"}


@pytest.fixture(params=CAPTURES, ids=lambda capture: capture["name"])
def capture(request):
    return request.param


@pytest.fixture
def response(capture):
    return (FOLDER / capture["response"]).read_bytes()


def test_accepted_at_its_time(tmp_path, capture, response):
    for form in (response, base64.encodebytes(response)):
        report = inspect(tmp_path, capture, form, certificate_of(capture), capture["clock"])
        assert report["accepted"], report
        assert report["values"]["nameId"]


def test_refused_ten_minutes_later(tmp_path, capture, response):
    clock = datetime.datetime.fromisoformat(capture["clock"].replace("Z", "+00:00"))
    later = (clock + datetime.timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    report = inspect(tmp_path, capture, response, certificate_of(capture), later)
    assert not report["accepted"]
    assert report["code"] == "assertion.expired", report


def test_refused_with_another_certificate(tmp_path, capture, response):
    mine = certificate_of(capture)
    another = next(found for found in map(certificate_of, CAPTURES) if found != mine)
    report = inspect(tmp_path, capture, response, another, capture["clock"])
    assert broken(report) == {"signature"}, report
    assert report["values"] is None


def test_refused_with_one_byte_changed(tmp_path, capture, response):
    name = b"AttributeValue" if b"AttributeValue" in response else b"NameID"
    at = response.index(b">", response.rindex(b"<", 0, response.index(b"</", response.index(name)))) + 1
    changed = response[:at] + bytes([response[at] ^ 1]) + response[at + 1 :]
    report = inspect(tmp_path, capture, changed, certificate_of(capture), capture["clock"])
    assert not report["accepted"], report
    assert report["values"] is None
