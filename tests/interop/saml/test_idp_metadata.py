"""Metadata of an IdP from the web, as the gateway finds it when it starts."""

import datetime
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from harness.browser import Browser
from harness.idp import DS, MD, Idp, certificate_for, now, pem, sign, stamp
from harness.process import free_port
from harness.sign_in import arrive, refused
from harness.world import IdpEntry
from lxml import etree
from steps import RESEARCH, answer, bring

HOUR = datetime.timedelta(hours=1)


class Publisher:
    """A web server with one document."""

    def __init__(self):
        self.document, self.status, self.headers, self.asked = b"", 200, {}, []
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                publisher.asked.append(self.path)
                self.send_response(publisher.status)
                for name, value in ({"Content-Type": "application/samlmetadata+xml"} | publisher.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(publisher.document)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/metadata.xml"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def publisher():
    publisher = Publisher()
    yield publisher
    publisher.server.shutdown()
    publisher.server.server_close()


@pytest.fixture(scope="module")
def idp():
    return Idp()


class Signer:
    """Whoever signs the metadata: a federation."""

    def __init__(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = certificate_for(self.key, "federation.interop.test")

    def sign(self, document: bytes) -> bytes:
        root = etree.fromstring(document)
        root.set("ID", "_metadata")
        # The schema has the signature first.
        root.insert(0, etree.Element(f"{{{DS}}}Signature", {"Id": "placeholder"}, nsmap={"ds": DS}))
        return etree.tostring(sign(root, self.key, self.certificate))


@pytest.fixture(scope="module")
def federation():
    return Signer()


def entities(*documents: bytes, attributes: str = "") -> bytes:
    return (
        f'<md:EntitiesDescriptor xmlns:md="{MD}" {attributes}>'.encode()
        + b"".join(documents)
        + b"</md:EntitiesDescriptor>"
    )


@pytest.fixture
def from_web(world_of, publisher, idp):
    """A world whose gateway has the IdP's metadata from the publisher."""

    def make(document: bytes, from_file: bool = False, **options):
        publisher.document = document
        entry = IdpEntry(idp.metadata(), from_file=from_file, options={"metadata_url": publisher.url} | options)
        return world_of(entry)

    return make


def trusts(world, idp: Idp):
    browser = Browser()
    arrive(world, browser, browser.post(world.acs, answer(world, idp, "nari")), "nari", RESEARCH)


def does_not_start(world, *words: str):
    code, said = world.refuse_to_start()
    assert code not in (0, 101) and code > 0, f"{code}: {said}"
    for word in words:
        assert word in said, f"{word!r} is not in what it printed: {said}"
    assert "panicked" not in said


def falls_back(world, idp: Idp, *words: str):
    """Starts with the file, and says why."""
    world.start()
    for word in ("the file counts for now", *words):
        assert word in world.gateway_log(), world.gateway_log()
    trusts(world, idp)


def test_fetched_when_it_starts(from_web, publisher, idp):
    world = from_web(idp.metadata())
    world.start()
    assert publisher.asked == ["/metadata.xml"]
    trusts(world, idp)
    assert publisher.asked == ["/metadata.xml"], "not for every sign-in"


def test_the_web_counts_more_than_the_file(world_of, publisher, idp):
    """The IdP has changed its keys since the file was written. What AWS knows is not at stake here."""
    former = Idp()
    publisher.document = idp.metadata()
    entry = IdpEntry(former.metadata(), options={"metadata_url": publisher.url})
    world = world_of(entry)
    world.start()
    refused(world, bring(world, Browser(), answer(world, former, "nari")), "assertion.rejected")
    refused(world, bring(world, Browser(), answer(world, idp, "nari")), "aws.assertion-refused")


def test_two_signing_certificates(from_web, idp):
    """During a rollover, either key signs."""
    world = from_web(idp.metadata(certificates=[Idp().certificate, idp.certificate]))
    world.start()
    trusts(world, idp)


def test_an_expired_certificate_is_a_warning(world_of, publisher):
    """Metadata is the trust; the certificate is how the key is written down."""
    expired = Idp(days=0)
    publisher.document = expired.metadata()
    world = world_of(IdpEntry(expired.metadata(), from_file=False, options={"metadata_url": publisher.url}))
    world.start()
    assert "expired" in world.gateway_log()
    trusts(world, expired)


def wanting_signatures(idp: Idp) -> bytes:
    return idp.metadata().replace(b'WantAuthnRequestsSigned="false"', b'WantAuthnRequestsSigned="true"')


def test_an_idp_that_wants_requests_signed_takes_a_key(from_web, idp):
    """As with metadata from a file: requests that the IdP is sure to refuse are not sent."""
    does_not_start(from_web(wanting_signatures(idp)), "sign_requests")


def test_an_idp_that_wants_requests_signed_may_be_overruled(from_web, idp):
    world = from_web(wanting_signatures(idp), sign_requests=False)
    world.start()
    assert "Signature=" not in Browser().get(f"{world.url}/login").headers["Location"]


def nobody_there(publisher):
    return {"metadata_url": f"http://127.0.0.1:{free_port()}/metadata.xml"}


def not_found(publisher):
    publisher.status = 404
    return {}


def moved(publisher):
    publisher.status, publisher.headers = 302, {"Location": publisher.url + "?there"}
    return {}


def a_web_page(publisher):
    publisher.document = b"<!doctype html><html><body>Please sign in<br></body></html>"
    return {}


def empty(publisher):
    publisher.document = b""
    return {}


def not_utf8(publisher):
    publisher.document = publisher.document.replace(b"<md:IDPSSO", b"\xff<md:IDPSSO", 1)
    return {}


def cut_off(publisher):
    publisher.document = publisher.document[:-40]
    return {}


def with_doctype(publisher):
    entity = b'<!DOCTYPE md:EntityDescriptor [<!ENTITY a "b">]>'
    publisher.document = entity + publisher.document
    return {}


def without_keys(publisher):
    root = etree.fromstring(publisher.document)
    for descriptor in root.findall(f".//{{{MD}}}KeyDescriptor"):
        descriptor.getparent().remove(descriptor)
    publisher.document = etree.tostring(root)
    return {}


def not_an_idp(publisher):
    publisher.document = publisher.document.replace(b"IDPSSODescriptor", b"SPSSODescriptor")
    return {}


BROKEN = [
    nobody_there,
    not_found,
    moved,
    a_web_page,
    empty,
    not_utf8,
    cut_off,
    with_doctype,
    without_keys,
    not_an_idp,
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda case: case.__name__)
def test_unusable_without_a_file_does_not_start(from_web, publisher, idp, broken):
    world = from_web(idp.metadata())
    world.idps[0].options |= broken(publisher)
    does_not_start(world, "metadata", world.idps[0].options["metadata_url"])
    assert len(publisher.asked) <= 1, "a redirect is not followed"


@pytest.mark.parametrize("broken", BROKEN, ids=lambda case: case.__name__)
def test_unusable_with_a_file_starts_with_the_file(from_web, publisher, idp, broken):
    world = from_web(idp.metadata(), from_file=True)
    world.idps[0].options |= broken(publisher)
    falls_back(world, idp, world.idps[0].options["metadata_url"])


def test_several_entities(from_web, idp):
    document = entities(Idp("other").metadata(), idp.metadata(), Idp("third").metadata())
    world = from_web(document, entity_id=idp.entity_id)
    world.start()
    trusts(world, idp)
    stranger = Idp("other")
    refused(world, bring(world, Browser(), answer(world, stranger, "nari")), "assertion.rejected")


def test_several_entities_in_groups(from_web, idp):
    world = from_web(entities(entities(Idp("other").metadata()), entities(idp.metadata())), entity_id=idp.entity_id)
    world.start()
    trusts(world, idp)


def test_several_entities_and_none_named(from_web, idp):
    does_not_start(from_web(entities(Idp("other").metadata(), idp.metadata())), "entity_id")


def test_no_entity_of_this_name(from_web, idp):
    does_not_start(from_web(idp.metadata(), entity_id="https://elsewhere.test/"), "entityID")


def until(moment) -> str:
    return f'validUntil="{stamp(moment)}"'


def test_still_valid(from_web, idp):
    world = from_web(idp.metadata(until(now() + HOUR) + ' cacheDuration="PT1H"'))
    world.start()
    trusts(world, idp)


@pytest.mark.parametrize("on", ["entity", "group"])
def test_past_its_valid_until(from_web, idp, on):
    past = until(now() - HOUR)
    document = idp.metadata(past) if on == "entity" else entities(idp.metadata(), attributes=past)
    does_not_start(from_web(document), "valid until")


def test_past_its_valid_until_with_a_file(from_web, idp):
    falls_back(from_web(idp.metadata(until(now() - HOUR)), from_file=True), idp, "valid until")


@pytest.fixture
def certificate(tmp_path, federation):
    path = tmp_path / "federation.crt"
    path.write_text(pem(federation.certificate))
    return f"file:{path}"


def test_signed_metadata(from_web, idp, federation, certificate):
    world = from_web(federation.sign(idp.metadata()), metadata_certificate=certificate)
    world.start()
    trusts(world, idp)


def test_signed_metadata_of_several(from_web, idp, federation, certificate):
    document = federation.sign(entities(Idp("other").metadata(), idp.metadata(), attributes=until(now() + HOUR)))
    world = from_web(document, metadata_certificate=certificate, entity_id=idp.entity_id)
    world.start()
    trusts(world, idp)


def test_a_signature_that_nobody_asked_for_is_no_hindrance(from_web, idp):
    world = from_web(Signer().sign(idp.metadata()))
    world.start()
    trusts(world, idp)


def unsigned(idp, federation):
    return idp.metadata()


def of_a_stranger(idp, federation):
    return Signer().sign(idp.metadata())


def self_signed_by_the_idp(idp, federation):
    stranger = Signer()
    stranger.key, stranger.certificate = idp.key, idp.certificate
    return stranger.sign(idp.metadata())


def altered(idp, federation):
    return federation.sign(idp.metadata()).replace(b"/sso", b"/elsewhere")


def with_another_key(idp, federation):
    """A KeyDescriptor more, after the document was signed."""
    root = etree.fromstring(federation.sign(idp.metadata()))
    added = etree.fromstring(Idp().metadata()).find(f".//{{{MD}}}KeyDescriptor")
    root.find(f".//{{{MD}}}KeyDescriptor").addprevious(added)
    return etree.tostring(root)


def signed_part_in_an_unsigned_whole(idp, federation):
    return entities(federation.sign(idp.metadata()))


def wrapped(idp, federation):
    """The genuine document in the Extensions of a forged one that has its ID."""
    genuine = etree.fromstring(federation.sign(idp.metadata()))
    forged = etree.fromstring(Idp().metadata())
    forged.set("ID", "_metadata")
    forged.insert(0, genuine.find(f"{{{DS}}}Signature"))
    extensions = etree.Element(f"{{{MD}}}Extensions")
    extensions.append(genuine)
    forged.insert(1, extensions)
    return etree.tostring(forged)


def wrapped_with_another_id(idp, federation):
    genuine = etree.fromstring(federation.sign(idp.metadata()))
    forged = etree.fromstring(Idp().metadata())
    forged.set("ID", "_forged")
    extensions = etree.Element(f"{{{MD}}}Extensions")
    extensions.append(genuine)
    forged.insert(0, extensions)
    return etree.tostring(forged)


def expired_and_signed(idp, federation):
    return federation.sign(idp.metadata(until(now() - HOUR)))


NOT_TRUSTED = [
    unsigned,
    of_a_stranger,
    self_signed_by_the_idp,
    altered,
    with_another_key,
    signed_part_in_an_unsigned_whole,
    wrapped,
    wrapped_with_another_id,
    expired_and_signed,
]


@pytest.mark.parametrize("case", NOT_TRUSTED, ids=lambda case: case.__name__)
def test_not_trusted(from_web, idp, federation, certificate, case):
    does_not_start(from_web(case(idp, federation), metadata_certificate=certificate), "metadata")


@pytest.mark.parametrize("case", NOT_TRUSTED, ids=lambda case: case.__name__)
def test_not_trusted_with_a_file(from_web, idp, federation, certificate, case):
    falls_back(from_web(case(idp, federation), from_file=True, metadata_certificate=certificate), idp)


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"metadata_url": "http://idp.example.com/metadata"}, "metadata_url"),
        ({"metadata_url": "file:///etc/hostname"}, "metadata_url"),
        ({"metadata_refresh_seconds": 59}, "metadata_refresh_seconds"),
        ({"metadata_certificate": "file:none.crt"}, "metadata_certificate"),
    ],
    ids=["not-https", "not-the-web", "too-often", "no-certificate"],
)
def test_mistakes_in_the_configuration(from_web, publisher, idp, options, path):
    code, said = from_web(idp.metadata(), **options).refuse_to_start()
    assert code == 78 and f"idp[0].{path}" in said, said
    assert not publisher.asked, "nothing is fetched before the configuration is right"
