"""Our own metadata, and our requests, as the SAML schemas have them."""

import base64
import re
import subprocess
import zlib
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from harness.browser import Browser, forms
from harness.idp import DS, HTTP_POST, MD, SAMLP, Idp, certificate_for, pem
from harness.process import binary
from harness.schema import faults
from harness.world import IdpEntry
from lxml import etree

KEYS = {
    "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "rsa3072": lambda: rsa.generate_private_key(public_exponent=65537, key_size=3072),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
}
# What the gateway is configured with, in order: nothing, one key, and two during a rollover.
SETS = [(), ("rsa",), ("p256",), ("p384",), ("rsa", "rsa3072"), ("rsa", "p256"), ("p384", "rsa")]


@pytest.fixture(scope="module")
def idp():
    return Idp()


def key_pairs(folder, kinds) -> list:
    """Certificate and private key files."""
    pairs = []
    for number, kind in enumerate(kinds):
        key = KEYS[kind]()
        certificate, private = folder / f"{number}.crt", folder / f"{number}.key"
        certificate.write_text(pem(certificate_for(key, "sp.interop.test")))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        pairs.append((certificate, private))
    return pairs


def printed(world) -> bytes:
    command = [binary(), "metadata", "--config", world.write()]
    done = subprocess.run(command, capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


# Signing takes a key: see test_signing_takes_a_key.
WITH_OR_WITHOUT = [(kinds, signs) for kinds in SETS for signs in ((False, True) if kinds else (False,))]


@pytest.mark.parametrize(
    ("kinds", "signs"),
    WITH_OR_WITHOUT,
    ids=lambda value: "signs" * value if isinstance(value, bool) else "-and-".join(value) or "no-key",
)
def test_metadata_is_valid_and_complete(world_of, idp, tmp_path, kinds, signs):
    pairs = key_pairs(tmp_path, kinds)
    world = world_of(IdpEntry(idp.metadata(), options={"sign_requests": signs}), keys=pairs)
    document = printed(world)
    assert not faults("metadata", document), document.decode()

    root = etree.fromstring(document)
    assert (root.tag, root.get("entityID")) == (f"{{{MD}}}EntityDescriptor", world.entity_id)
    [role] = root.findall(f"{{{MD}}}SPSSODescriptor")
    assert SAMLP in role.get("protocolSupportEnumeration").split()
    assert role.get("WantAssertionsSigned") == "true"
    assert role.get("AuthnRequestsSigned") == str(signs).lower()
    [acs] = role.findall(f"{{{MD}}}AssertionConsumerService")
    assert (acs.get("Binding"), acs.get("Location")) == (HTTP_POST, world.acs)

    shown = [(node.get("use"), certificate_in(node)) for node in role.findall(f"{{{MD}}}KeyDescriptor")]
    certificates = [x509.load_pem_x509_certificate(certificate.read_bytes()) for certificate, _ in pairs]
    assert [certificate for use, certificate in shown if use == "signing"] == certificates
    # Elliptic-curve keys have no part in RSA key transport.
    for_rsa = [one for one in certificates if isinstance(one.public_key(), rsa.RSAPublicKey)]
    assert [certificate for use, certificate in shown if use == "encryption"] == for_rsa
    assert {use for use, _ in shown} <= {"signing", "encryption"}


def certificate_in(descriptor: etree._Element) -> x509.Certificate:
    text = descriptor.findtext(f".//{{{DS}}}X509Certificate")
    return x509.load_der_x509_certificate(base64.b64decode(text))


def test_signing_takes_a_key(world_of, idp):
    world = world_of(IdpEntry(idp.metadata(), options={"sign_requests": True}))
    code, said = world.refuse_to_start()
    assert code == 78 and "sign_requests" in said, said


def test_no_private_key_is_shown(world_of, idp, tmp_path):
    [(certificate, private)] = key_pairs(tmp_path, ["rsa"])
    document = printed(world_of(IdpEntry(idp.metadata()), keys=[(certificate, private)])).decode()
    assert "PRIVATE" not in document
    # The first half of the file holds the modulus, which is no secret.
    body = "".join(private.read_text().splitlines()[1:-1])
    assert not any(body[at : at + 24] in document for at in range(len(body) // 2, len(body) - 24))


@pytest.fixture
def running(world_of, idp, tmp_path):
    world = world_of(IdpEntry(idp.metadata()), keys=key_pairs(tmp_path, ["rsa", "p256"]))
    world.start()
    return world


def test_the_served_document_is_the_printed_one(running):
    answer = requests.get(running.entity_id, timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == "application/samlmetadata+xml"
    assert not faults("metadata", answer.content)
    assert answer.content.strip() == printed(running).strip()


# What is asked of the IdP, and what has to be in the message then.
ASKED = {
    "plain": ({}, "AuthnRequest"),
    "signed": ({"sign_requests": True}, "AuthnRequest"),
    "everything": (
        {
            "sign_requests": True,
            "force_authn": True,
            "authn_context": ["urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken", "urn:a&b<c"],
            "name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        },
        'ForceAuthn="true"',
    ),
}


@pytest.mark.parametrize("kind", ["rsa", "p256"])
@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("name", ASKED)
def test_requests_are_valid(world_of, idp, tmp_path, name, binding, kind):
    options, shown = ASKED[name]
    entry = IdpEntry(idp.metadata(), options=options | {"request_binding": binding})
    world = world_of(entry, keys=key_pairs(tmp_path, [kind]))
    world.start()
    page = Browser().get(f"{world.url}/login")
    if binding == "redirect":
        encoded = parse_qs(urlsplit(page.headers["Location"]).query)["SAMLRequest"][0]
        message = zlib.decompress(base64.b64decode(encoded, validate=True), -15)
    else:
        form = next(form for form in forms(page) if "SAMLRequest" in form.fields)
        message = base64.b64decode(form.fields["SAMLRequest"], validate=True)
    assert not faults("protocol", message), message.decode()
    assert shown in message.decode()
    inside = bool(re.search(rb"<(\w+:)?Signature\b", message))
    assert inside == (binding == "post" and options.get("sign_requests", False))
