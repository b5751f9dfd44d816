"""Sign-ins through SimpleSAMLphp, an identity provider that shares no line with the gateway."""

import base64
import json
import time

import pytest
from harness.browser import Browser
from harness.sign_in import (
    EITHER_END,
    NAMES,
    algorithms,
    arrive,
    begin,
    cases,
    choose,
    deliver,
    methods,
    raw,
    refused,
    signed,
    start,
    xml_of,
)
from signed_requests import SignedRequests


@pytest.fixture(scope="module", autouse=True)
def default(idp):
    idp.named_variant("default")


def test_started_at_the_gateway(world, idp, browser, analytics):
    form = begin(world, idp, browser, "bob")
    response = xml_of(form)
    confirmation = response.find(".//saml:SubjectConfirmationData", NAMES)
    assert response.get("InResponseTo") and confirmation.get("InResponseTo") == response.get("InResponseTo")
    arrive(world, browser, browser.submit(form), "bob", analytics)


def test_started_at_the_idp(world, idp, browser, analytics):
    form = idp.unsolicited(browser, "bob")
    assert form.action == world.acs and xml_of(form).get("InResponseTo") is None
    assert form.fields["RelayState"] == "/landing", "not ours, and to be ignored"
    arrive(world, browser, browser.submit(form), "bob", analytics)


def test_two_roles_lead_to_a_choice(world, idp, browser, research, analytics):
    page = browser.submit(begin(world, idp, browser, "alice"))
    assert page.status_code == 200, f"{page.status_code}: {page.text[:500]}"
    assert research.key.capitalize() in page.text and analytics.key.capitalize() in page.text
    arrive(world, browser, choose(browser, page, research), "alice", research)


def test_the_other_choice(world, idp, browser, analytics):
    page = browser.submit(idp.unsolicited(browser, "alice"))
    arrive(world, browser, choose(browser, page, analytics), "alice", analytics)


def test_a_replay_is_refused(world, idp, browser, analytics):
    form = idp.unsolicited(browser, "bob")
    arrive(world, browser, browser.submit(form), "bob", analytics)
    for again in (browser, Browser()):
        refused(world, deliver(again, form), "assertion.replayed")


def test_a_replay_of_an_answered_request_is_refused(world, idp, browser, analytics):
    form = begin(world, idp, browser, "bob")
    arrive(world, browser, browser.submit(form), "bob", analytics)
    refused(world, deliver(browser, form), "assertion.replayed", "sign-in.lost")


def test_another_browser_cannot_deliver_the_answer(world, idp, browser):
    form = begin(world, idp, browser, "bob")
    refused(world, deliver(Browser(), form), "sign-in.lost")


def in_effect(idp, name: str, shape) -> None:
    """PHP keeps configuration for a moment: asks until the IdP answers in the shape that the variant has."""
    idp.named_variant(name)
    deadline = time.monotonic() + 15
    while not shape(xml_of(idp.unsolicited(Browser(), "bob"))):
        assert time.monotonic() < deadline, f"variant {name} does not take effect"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def variant(idp):
    """Each in turn: waits until it is in effect, unless it is already."""
    now = {"name": "default"}

    def switch(name, shape):
        if now["name"] != name:
            in_effect(idp, name, shape)
            now["name"] = name

    yield switch
    in_effect(idp, "default", is_default)


def is_default(response) -> bool:
    return signed(response) == {"Response", "Assertion"} and algorithms(response) == {"rsa-sha256"}


def is_encrypted(response) -> bool:
    return response.find("saml:EncryptedAssertion", NAMES) is not None


def has_encrypted_name_id(response) -> bool:
    return response.find("saml:Assertion/saml:Subject/saml:EncryptedID", NAMES) is not None


ACCEPTED = {
    "assertion-signed": lambda r: signed(r) == {"Assertion"},
    "response-signed": lambda r: signed(r) == {"Response"},
    "sha512": lambda r: algorithms(r) == {"rsa-sha512"},
    "encrypted": is_encrypted,
}
REJECTED = {
    "unsigned": lambda r: signed(r) == set() and not is_encrypted(r),
    "sha1": lambda r: algorithms(r) == {"rsa-sha1"},
}


@pytest.mark.parametrize(("name", "shape", "where"), cases(ACCEPTED))
def test_accepted(world, idp, browser, analytics, variant, name, shape, where):
    variant(name, shape)
    form = begin(world, idp, browser, "bob", where)
    assert shape(xml_of(form))
    arrive(world, browser, browser.submit(form), "bob", analytics)


@pytest.mark.parametrize(("name", "shape", "where"), cases(REJECTED))
def test_rejected(world, idp, browser, variant, name, shape, where):
    variant(name, shape)
    form = begin(world, idp, browser, "bob", where)
    assert shape(xml_of(form))
    before = len(world.control("calls"))
    refused(world, deliver(browser, form), "assertion.rejected")
    assert len(world.control("calls")) == before, "AWS was asked about a message that is not to be believed"


@pytest.mark.parametrize("where", EITHER_END)
def test_an_encrypted_name_id_is_read(world, idp, browser, analytics, variant, where):
    """The gateway opens it, and the embedded AWS does, with code of its own."""
    variant("nameid-encrypted", has_encrypted_name_id)
    form = begin(world, idp, browser, "bob", where)
    response = xml_of(form)
    assert has_encrypted_name_id(response) and methods(response, "xenc:EncryptionMethod")
    arrive(world, browser, browser.submit(form), "bob", analytics)


def has_base64_values(response) -> bool:
    values = [value.text for value in response.iterfind(".//saml:AttributeValue", NAMES)]
    return base64.b64encode(b"bob@example.org").decode() in values


@pytest.mark.parametrize("where", EITHER_END)
def test_values_in_base64_are_not_what_aws_takes(world, idp, browser, variant, where):
    variant("base64attr", has_base64_values)
    form = begin(world, idp, browser, "bob", where)
    assert has_base64_values(xml_of(form))
    refused(world, deliver(browser, form), "identity.invalid", "entitlement.none")


@pytest.fixture(scope="class")
def validating(world, idp, asks):
    """The IdP checks signatures of requests."""
    idp.named_variant("validate")
    asks("redirect", None)
    deadline = time.monotonic() + 15
    while idp.walk(browser := Browser(), start(world, browser, idp.about["sso_redirect"]), "bob")[0]:
        # PHP keeps configuration for a moment.
        assert time.monotonic() < deadline, "the IdP goes on answering unsigned requests"
        time.sleep(0.1)
    yield
    in_effect(idp, "default", is_default)


@pytest.mark.usefixtures("validating")
class TestSignedRequests(SignedRequests):
    unsigned = ("no signature found on message",)
    badly_signed = ("Unable to validate signature on query string", "Unable to validate Signature")


def test_what_was_altered_is_refused(world, idp, browser, analytics):
    form = idp.unsolicited(browser, "bob")
    altered = raw(form).replace(b">bob<", b">eve<")
    refused(world, deliver(browser, form, SAMLResponse=base64.b64encode(altered).decode()), "assertion.rejected")
    # The genuine one is still good: a forgery does not use it up.
    arrive(world, browser, browser.submit(form), "bob", analytics)


def test_profiles_carry_their_owner(world, idp, browser, analytics):
    arrive(world, browser, browser.submit(idp.unsolicited(browser, "bob")), "bob", analytics)
    profiles = json.dumps(world.control("profiles"))
    assert "bob" in profiles and analytics.domain_id in profiles and "studiouserid" in profiles


def test_secrets_are_not_logged(world, idp, browser, analytics):
    form = idp.unsolicited(browser, "bob")
    answer = browser.submit(form)
    arrive(world, browser, answer, "bob", analytics)
    log = world.gateway_log()
    assert form.fields["SAMLResponse"][:200] not in log
    token = answer.headers["Location"].split("=", 1)[-1]
    assert token and token not in log
