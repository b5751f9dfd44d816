"""Sign-ins through SimpleSAMLphp, an identity provider that shares no line with the gateway.

`simplesamlphp.sh` starts the IdP and tells this suite where it is.
"""

import base64
import json
import os
import subprocess
import time
from pathlib import Path

import pytest
import requests
from harness.browser import Browser, Form, code_of, forms
from harness.world import Domain, World
from lxml import etree

NAMES = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
RESEARCH = Domain("research", "d-researchaaaa", "111122223333", "DataScientist")
ANALYTICS = Domain("analytics", "d-analyticsbbb", "444455556666", "Analyst", region="us-east-1")
PROBLEM = "application/problem+json, application/json;q=0.9"


class Idp:
    """The running SimpleSAMLphp."""

    def __init__(self):
        self.script = os.environ["IDP_SCRIPT"]
        self.about = json.loads((Path(os.environ["RI_BASE"]) / "run/simplesamlphp/idp.json").read_text())

    def variant(self, name: str):
        subprocess.run([self.script, "variant", name], check=True, timeout=30)

    def sign_in(self, browser: Browser, page: requests.Response, user: str) -> Form:
        """From the IdP's login page to the form that carries the response to the gateway."""
        for _ in range(8):
            page = browser.follow(page)
            assert page.status_code == 200, f"{page.status_code} at {page.url}: {page.text[:500]}"
            found = forms(page)
            for form in found:
                if form.is_saml_response:
                    return form
            login = next((form for form in found if "password" in form.fields), None)
            assert login, f"neither a login nor a response at {page.url}: {page.text[:500]}"
            page = browser.submit(login, username=user, password=self.about["users"][user])
        raise AssertionError("the login form keeps coming back")

    def unsolicited(self, browser: Browser, user: str) -> Form:
        return self.sign_in(browser, browser.get(self.about["idp_init"]), user)


@pytest.fixture(scope="session")
def idp():
    idp = Idp()
    idp.variant("default")
    return idp


@pytest.fixture(scope="session")
def world(idp, tmp_path_factory):
    world = World(
        tmp_path_factory.mktemp("world"),
        [RESEARCH, ANALYTICS],
        requests.get(idp.about["metadata_url"], timeout=10).content,
        gateway_port=int(os.environ["GATEWAY_PORT"]),
    )
    assert world.acs == os.environ["SP_ACS"] and world.entity_id == os.environ["SP_ENTITY"]
    try:
        yield world.start()
    finally:
        world.stop()


@pytest.fixture
def browser():
    return Browser()


def start_at_gateway(world: World, idp: Idp, browser: Browser, user: str) -> Form:
    page = browser.get(f"{world.url}/login")
    assert page.status_code in (302, 303), f"{page.status_code}: {page.text[:500]}"
    assert page.headers["Location"].startswith(idp.about["sso_redirect"]), page.headers["Location"]
    return idp.sign_in(browser, page, user)


def arrive(world: World, browser: Browser, answer: requests.Response, profile: str, domain: Domain):
    """The 303 leads into the embedded Studio, to this profile of this domain."""
    assert answer.status_code == 303, f"{answer.status_code}: {answer.text[:800]}\n{world.gateway_log()[-2000:]}"
    assert answer.headers["Location"].startswith(world.aws_url), answer.headers["Location"]
    assert "no-store" in answer.headers.get("Cache-Control", "")
    studio = browser.follow(answer)
    assert studio.status_code == 200, f"{studio.status_code}: {studio.text[:500]}"
    assert studio.url.startswith(world.aws_url)
    assert profile in studio.text and domain.domain_id in studio.text, studio.text[:2000]


def xml_of(form: Form) -> etree._Element:
    return etree.fromstring(base64.b64decode(form.fields["SAMLResponse"]))


def test_started_at_the_gateway(world, idp, browser):
    form = start_at_gateway(world, idp, browser, "bob")
    response = xml_of(form)
    confirmation = response.find(".//saml:SubjectConfirmationData", NAMES)
    assert response.get("InResponseTo") and confirmation.get("InResponseTo") == response.get("InResponseTo")
    arrive(world, browser, browser.submit(form), "bob", ANALYTICS)


def test_started_at_the_idp(world, idp, browser):
    form = idp.unsolicited(browser, "bob")
    assert form.action == world.acs and xml_of(form).get("InResponseTo") is None
    assert form.fields["RelayState"] == "/landing", "not ours, and to be ignored"
    arrive(world, browser, browser.submit(form), "bob", ANALYTICS)


def test_two_roles_lead_to_a_choice(world, idp, browser):
    page = browser.submit(start_at_gateway(world, idp, browser, "alice"))
    assert page.status_code == 200, f"{page.status_code}: {page.text[:500]}"
    assert RESEARCH.key.capitalize() in page.text and ANALYTICS.key.capitalize() in page.text
    arrive(world, browser, choose(browser, page, RESEARCH), "alice", RESEARCH)


def test_the_other_choice(world, idp, browser):
    page = browser.submit(idp.unsolicited(browser, "alice"))
    arrive(world, browser, choose(browser, page, ANALYTICS), "alice", ANALYTICS)


def choose(browser: Browser, page: requests.Response, domain: Domain) -> requests.Response:
    """Submits the form, or presses the button of the one form, that stands for this domain."""
    soup = etree.HTML(page.text)
    wanted = domain.key.capitalize()
    buttons = [b for b in soup.iter("button", "input") if wanted in "".join(b.itertext()) + (b.get("value") or "")]
    labels = [label for label in soup.iter("label") if wanted in "".join(label.itertext())]
    offered = [form for form in forms(page) if form.action.endswith("/choose")]
    assert offered, page.text[:2000]
    if buttons:
        owner = next(node for node in buttons[0].iterancestors("form"))
        index = [form for form in soup.iter("form")].index(owner)
        form = forms(page)[index]
        name = buttons[0].get("name")
        return browser.submit(form, **({name: buttons[0].get("value", "")} if name else {}))
    assert labels, page.text[:2000]
    radio = next(labels[0].iter("input"), None)
    if radio is None:
        radio = soup.find(f".//input[@id='{labels[0].get('for')}']")
    return browser.submit(offered[0], **{radio.get("name"): radio.get("value")})


def test_a_replay_is_refused(world, idp, browser):
    form = idp.unsolicited(browser, "bob")
    arrive(world, browser, browser.submit(form), "bob", ANALYTICS)
    for again in (browser, Browser()):
        again.session.headers["Accept"] = PROBLEM
        refused = again.submit(form)
        assert refused.status_code == 403
        assert code_of(refused) == "assertion.replayed"


def test_a_replay_of_an_answered_request_is_refused(world, idp, browser):
    form = start_at_gateway(world, idp, browser, "bob")
    arrive(world, browser, browser.submit(form), "bob", ANALYTICS)
    browser.session.headers["Accept"] = PROBLEM
    refused = browser.submit(form)
    assert refused.status_code == 403
    assert code_of(refused) in ("assertion.replayed", "sign-in.lost")


def test_another_browser_cannot_deliver_the_answer(world, idp, browser):
    form = start_at_gateway(world, idp, browser, "bob")
    refused = Browser(accept=PROBLEM).submit(form)
    assert refused.status_code == 403
    assert code_of(refused) == "sign-in.lost"


def signed(response: etree._Element) -> set[str]:
    """Which of Response and Assertion carry a signature of their own."""
    found = {"Response"} if response.find("ds:Signature", NAMES) is not None else set()
    if response.find("saml:Assertion/ds:Signature", NAMES) is not None:
        found.add("Assertion")
    return found


def algorithms(response: etree._Element) -> set[str]:
    methods = response.iterfind(".//ds:SignatureMethod", NAMES)
    return {method.get("Algorithm").rsplit("#")[-1] for method in methods}


def in_effect(idp: Idp, name: str, shape) -> None:
    """PHP keeps configuration for a moment: asks until the IdP answers in the shape that the variant has."""
    idp.variant(name)
    deadline = time.monotonic() + 15
    while not shape(xml_of(idp.unsolicited(Browser(), "bob"))):
        assert time.monotonic() < deadline, f"variant {name} does not take effect"
        time.sleep(0.1)


@pytest.fixture
def variant(idp):
    yield lambda name, shape: in_effect(idp, name, shape)
    in_effect(idp, "default", lambda r: signed(r) == {"Response", "Assertion"} and algorithms(r) == {"rsa-sha256"})


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("assertion-signed", lambda r: signed(r) == {"Assertion"}),
        ("response-signed", lambda r: signed(r) == {"Response"}),
        ("sha512", lambda r: algorithms(r) == {"rsa-sha512"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_accepted(world, idp, browser, variant, name, shape):
    variant(name, shape)
    form = start_at_gateway(world, idp, browser, "bob")
    assert shape(xml_of(form))
    arrive(world, browser, browser.submit(form), "bob", ANALYTICS)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("unsigned", lambda r: signed(r) == set()),
        ("sha1", lambda r: algorithms(r) == {"rsa-sha1"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused(world, idp, browser, variant, name, shape):
    variant(name, shape)
    form = start_at_gateway(world, idp, browser, "bob")
    assert shape(xml_of(form))
    before = len(world.control("calls"))
    browser.session.headers["Accept"] = PROBLEM
    refused = browser.submit(form)
    assert refused.status_code == 403
    assert code_of(refused) == "assertion.rejected"
    assert len(world.control("calls")) == before, "AWS was asked about a message that is not to be believed"


def test_what_was_altered_is_refused(world, idp, browser):
    form = idp.unsolicited(browser, "bob")
    altered = base64.b64decode(form.fields["SAMLResponse"]).replace(b">bob<", b">eve<")
    browser.session.headers["Accept"] = PROBLEM
    refused = browser.submit(form, SAMLResponse=base64.b64encode(altered).decode())
    assert refused.status_code == 403
    assert code_of(refused) == "assertion.rejected"
    # The genuine one is still good: a forgery does not use it up.
    browser.session.headers["Accept"] = "text/html"
    arrive(world, browser, browser.submit(form), "bob", ANALYTICS)


def test_profiles_carry_their_owner(world, idp, browser):
    arrive(world, browser, browser.submit(idp.unsolicited(browser, "bob")), "bob", ANALYTICS)
    profiles = json.dumps(world.control("profiles"))
    assert "bob" in profiles and ANALYTICS.domain_id in profiles and "studiouserid" in profiles


def test_secrets_are_not_logged(world, idp, browser):
    form = idp.unsolicited(browser, "bob")
    answer = browser.submit(form)
    arrive(world, browser, answer, "bob", ANALYTICS)
    log = world.gateway_log()
    assert form.fields["SAMLResponse"][:200] not in log
    token = answer.headers["Location"].split("=", 1)[-1]
    assert token and token not in log
