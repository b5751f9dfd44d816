"""Sign-ins through samlp, the SAML code of Auth0: encryption with AES-GCM, and exact about signed query strings."""

import pytest
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
    xml_of,
)
from signed_requests import SignedRequests

AES = "http://www.w3.org/2009/xmlenc11#aes{}-gcm"
CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
OAEP = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"


def audiences(response) -> list[str]:
    return [audience.text for audience in response.iterfind(".//saml:Audience", NAMES)]


def encrypted_with(method: str):
    return lambda r: {method, "rsa-oaep-mgf1p"} == methods(r, "xenc:EncryptionMethod")


# Name, the IdP's settings, and what the response then looks like.
ACCEPTED = {
    "default": ({}, lambda r: signed(r) == {"Assertion"}),
    "both-signed": (
        {"opts": {"signResponse": True, "signAssertion": True}},
        lambda r: signed(r) == {"Response", "Assertion"},
    ),
    "response-signed": (
        {"opts": {"signResponse": True, "signAssertion": False}},
        lambda r: signed(r) == {"Response"},
    ),
    "other-prefix-and-no-types": (
        {"opts": {"signatureNamespacePrefix": "ds", "typedAttributes": False, "includeAttributeNameFormat": False}},
        lambda r: r.find(".//ds:Signature", NAMES).prefix == "ds",
    ),
    "encrypted": ({"enc": True}, lambda r: r.find("saml:EncryptedAssertion", NAMES) is not None),
    "encrypted-aes128-gcm": (
        {"enc": True, "opts": {"encryptionAlgorithm": AES.format(128)}},
        encrypted_with("aes128-gcm"),
    ),
    "encrypted-aes256-gcm": (
        {"enc": True, "opts": {"encryptionAlgorithm": AES.format(256), "keyEncryptionAlgorithm": OAEP}},
        encrypted_with("aes256-gcm"),
    ),
    "encrypted-aes256-gcm-response-signed": (
        {"enc": True, "opts": {"encryptionAlgorithm": AES.format(256), "signResponse": True}},
        lambda r: encrypted_with("aes256-gcm")(r) and signed(r) == {"Response"},
    ),
    "encrypted-aes256-cbc-response-signed": (
        {
            "enc": True,
            "opts": {
                "encryptionAlgorithm": CBC,
                "disallowEncryptionWithInsecureAlgorithm": False,
                "signResponse": True,
            },
        },
        lambda r: encrypted_with("aes256-cbc")(r) and signed(r) == {"Response"},
    ),
}
REJECTED = {
    "sha1": (
        {"opts": {"signatureAlgorithm": "rsa-sha1", "digestAlgorithm": "sha1"}},
        lambda r: algorithms(r) == {"rsa-sha1"},
    ),
    # Nothing that is checked before decryption covers the ciphertext: a padding oracle, if it were opened.
    "encrypted-aes256-cbc-response-not-signed": (
        {
            "enc": True,
            "opts": {"encryptionAlgorithm": CBC, "disallowEncryptionWithInsecureAlgorithm": False},
        },
        lambda r: encrypted_with("aes256-cbc")(r) and not signed(r),
    ),
}


@pytest.fixture(autouse=True)
def default(idp):
    idp.variant({})
    yield
    idp.variant({})


@pytest.mark.parametrize(("name", "settings", "shape", "where"), cases(ACCEPTED))
def test_accepted(world, idp, browser, analytics, name, settings, shape, where):
    idp.variant(settings)
    form = begin(world, idp, browser, "bob", where)
    assert shape(xml_of(form)), raw(form)
    arrive(world, browser, browser.submit(form), "bob", analytics)


@pytest.mark.parametrize(("name", "settings", "shape", "where"), cases(REJECTED))
def test_rejected(world, idp, browser, name, settings, shape, where):
    idp.variant(settings)
    form = begin(world, idp, browser, "bob", where)
    assert shape(xml_of(form)), raw(form)
    refused(world, deliver(browser, form), "assertion.rejected")


def test_two_audiences(world, idp, browser, analytics):
    """Started at the gateway only: by itself, the script names a single one."""
    both = [world.entity_id, "urn:amazon:webservices"]
    idp.variant({"opts": {"audience": both}})
    form = begin(world, idp, browser, "bob")
    assert audiences(xml_of(form)) == both
    arrive(world, browser, browser.submit(form), "bob", analytics)


def test_an_assertion_for_somebody_else(world, idp, browser):
    idp.variant({"opts": {"audience": "https://other.test/"}})
    form = begin(world, idp, browser, "bob")
    assert audiences(xml_of(form)) == ["https://other.test/"]
    refused(world, deliver(browser, form), "assertion.rejected")


@pytest.mark.parametrize("where", EITHER_END)
def test_two_roles_lead_to_a_choice(world, idp, browser, research, where):
    page = browser.submit(begin(world, idp, browser, "alice", where))
    assert page.status_code == 200, f"{page.status_code}: {page.text[:500]}"
    arrive(world, browser, choose(browser, page, research), "alice", research)


class TestSignedRequests(SignedRequests):
    unsigned = ("MUST be signed",)
    badly_signed = ("Signature check errors",)

    @pytest.fixture(autouse=True)
    def validating(self, idp, default):
        idp.variant({"validate": True})
