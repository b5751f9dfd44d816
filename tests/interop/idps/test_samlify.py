"""Sign-ins through samlify, which writes XML in every way that the standards allow, really signed by xml-crypto."""

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
from lxml import etree
from signed_requests import SignedRequests

INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
WITH_COMMENTS = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"
AES128_GCM = "http://www.w3.org/2009/xmlenc11#aes128-gcm"


def text(form) -> str:
    return raw(form).decode()


def transforms(form) -> set[str]:
    return {node.get("Algorithm") for node in xml_of(form).iterfind(".//ds:Transform", NAMES)}


def encryption(form) -> set[str]:
    return methods(xml_of(form), "xenc:EncryptionMethod")


# Name, the IdP's settings, and what shows in the response that they had an effect.
ACCEPTED = {
    "default": ({}, lambda f: signed(xml_of(f)) == {"Assertion"}),
    "both-signed": ({"sign": "both"}, lambda f: signed(xml_of(f)) == {"Response", "Assertion"}),
    "response-signed": ({"sign": "response"}, lambda f: "Response" in signed(xml_of(f))),
    "other-prefixes-and-declaration": (
        {"p": "saml2p", "a": "saml2", "decl": True, "sign": "both"},
        lambda f: text(f).startswith("<?xml ") and "<saml2p:Response" in text(f),
    ),
    "pretty": ({"pretty": True}, lambda f: "\n      <saml:" in text(f)),
    "pretty-both-signed": ({"pretty": True, "sign": "both"}, lambda f: "\n      <saml:" in text(f)),
    "comments": ({"comment": True}, lambda f: "bo<!-- c -->b" in text(f)),
    "comments-and-both-signed": ({"comment": True, "sign": "both"}, lambda f: "bo<!-- c -->b" in text(f)),
    "comments-in-canonical-form": (
        {"comment": True, "c14n": "excc"},
        lambda f: "bo<!-- c -->b" in text(f) and WITH_COMMENTS in transforms(f),
    ),
    "cdata": ({"cdata": True}, lambda f: "<![CDATA[bob" in text(f)),
    "cdata-both-signed": ({"cdata": True, "sign": "both"}, lambda f: "<![CDATA[bob" in text(f)),
    "no-types-and-whole-seconds": ({"typed": False, "noms": True}, lambda f: "xsi:type" not in text(f)),
    "inclusive-c14n": ({"c14n": "inc"}, lambda f: INCLUSIVE in transforms(f)),
    "inclusive-c14n-more-namespaces": (
        {"c14n": "inc", "extra_ns": True},
        lambda f: INCLUSIVE in transforms(f) and 'xmlns:foo="urn:foo"' in text(f),
    ),
    "inclusive-c14n-both-signed": (
        {"c14n": "inc", "extra_ns": True, "sign": "both"},
        lambda f: INCLUSIVE in transforms(f) and signed(xml_of(f)) == {"Response", "Assertion"},
    ),
    "sha512": ({"alg": "sha512"}, lambda f: algorithms(xml_of(f)) == {"rsa-sha512"}),
    "pss": ({"alg": "pss256"}, lambda f: algorithms(xml_of(f)) == {"sha256-rsa-MGF1"}),
    "pss-both-signed": ({"alg": "pss256", "sign": "both"}, lambda f: algorithms(xml_of(f)) == {"sha256-rsa-MGF1"}),
    "a-clock-behind": ({"skew": 30}, lambda f: True),
    "encrypted-then-signed": (
        {"enc": True, "order": "encrypt-then-sign", "sign": "both"},
        lambda f: "aes256-cbc" in encryption(f) and "Response" in signed(xml_of(f)),
    ),
    "encrypted-gcm-then-signed": (
        {"enc": True, "order": "encrypt-then-sign", "sign": "both", "dataEnc": AES128_GCM},
        lambda f: "aes128-gcm" in encryption(f) and "Response" in signed(xml_of(f)),
    ),
    # The assertion's own signature is inside, and good: only a signed Response suffers from being encrypted afterwards.
    "encrypted-gcm-assertion-signed": (
        {"enc": True, "dataEnc": AES128_GCM},
        lambda f: "aes128-gcm" in encryption(f) and not signed(xml_of(f)),
    ),
}
REJECTED = {
    "sha1": ({"alg": "sha1"}, lambda f: algorithms(xml_of(f)) == {"rsa-sha1"}),
    # The Response is signed in the clear, then changed by encryption: its signature is invalid for everybody.
    "signed-then-encrypted": (
        {"enc": True, "sign": "both"},
        lambda f: "aes256-cbc" in encryption(f) and "Response" in signed(xml_of(f)),
    ),
    "signed-then-encrypted-gcm": (
        {"enc": True, "sign": "both", "dataEnc": AES128_GCM},
        lambda f: "aes128-gcm" in encryption(f) and "Response" in signed(xml_of(f)),
    ),
    # AES-CBC that no signature of the Response covers.
    "encrypted-cbc-assertion-signed": (
        {"enc": True},
        lambda f: "aes256-cbc" in encryption(f) and not signed(xml_of(f)),
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
    assert shape(form), text(form)
    arrive(world, browser, browser.submit(form), "bob", analytics)


@pytest.mark.parametrize(("name", "settings", "shape", "where"), cases(REJECTED))
def test_rejected(world, idp, browser, name, settings, shape, where):
    idp.variant(settings)
    form = begin(world, idp, browser, "bob", where)
    assert shape(form), text(form)
    before = len(world.control("calls"))
    refused(world, deliver(browser, form), "assertion.rejected")
    assert len(world.control("calls")) == before, "AWS was asked about a message that is not to be believed"


@pytest.mark.parametrize("where", EITHER_END)
def test_two_audiences_of_which_one_is_ours(world, idp, browser, analytics, where):
    both = ["https://other.test/", world.entity_id]
    idp.variant({"aud": both})
    form = begin(world, idp, browser, "bob", where)
    assert [node.text for node in xml_of(form).iterfind(".//saml:Audience", NAMES)] == both
    arrive(world, browser, browser.submit(form), "bob", analytics)


@pytest.mark.parametrize("where", EITHER_END)
def test_line_breaks_around_values(world, idp, browser, where):
    """The whole text is the value, and so this is another role and another session name: refused, clearly."""
    idp.variant({"padval": True})
    form = begin(world, idp, browser, "bob", where)
    assert "\n      bob\n" in text(form)
    refused(world, deliver(browser, form), "identity.invalid", "entitlement.none")


def test_two_roles_lead_to_a_choice(world, idp, browser, research):
    """Also of comments and CDATA in every value: the profile is alice's, whole."""
    idp.variant({"comment": True, "cdata": True, "pretty": True})
    form = begin(world, idp, browser, "alice")
    assert isinstance(xml_of(form).find(".//saml:NameID", NAMES)[0], etree._Comment)
    page = browser.submit(form)
    assert page.status_code == 200, f"{page.status_code}: {page.text[:500]}"
    arrive(world, browser, choose(browser, page, research), "alice", research)


class TestSignedRequests(SignedRequests):
    unsigned = ("ERR_", "FAILED_TO_VERIFY_SIGNATURE")
    badly_signed = (
        "ERR_FAILED_MESSAGE_SIGNATURE_VERIFICATION",
        "invalid signature",
        "ERROR_UNMATCH_CERTIFICATE_DECLARATION_IN_METADATA",
    )

    @pytest.fixture(autouse=True)
    def validating(self, idp, default):
        idp.variant({"validate": True})
