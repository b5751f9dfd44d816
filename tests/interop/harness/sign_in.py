"""Sign-ins from end to end: the steps of a person, and what has to come of them."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from bs4 import BeautifulSoup
from lxml import etree

from .browser import Browser, Form, code_of, forms
from .running_idp import RunningIdp
from .world import Domain, World

NAMES = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
}
EITHER_END = ("at-the-gateway", "at-the-idp")
PROBLEM = "application/problem+json, application/json;q=0.9"


def cases(table: dict):
    """Test parameters: each entry of the table, with a sign-in from either end."""
    return [pytest.param(name, *rest, where, id=f"{name}-{where}") for name, *rest, where in expanded(table)]


def expanded(table: dict):
    for name, rest in table.items():
        for where in EITHER_END:
            yield name, *(rest if isinstance(rest, tuple) else (rest,)), where


def begin(world: World, idp: RunningIdp, browser: Browser, user: str, where: str = EITHER_END[0]) -> Form:
    """To the form that carries the response."""
    if where == "at-the-idp":
        return idp.unsolicited(browser, user)
    return idp.sign_in(browser, start(world, browser, idp.about["sso_redirect"]), user)


def start(world: World, browser: Browser, sso: str, query: str = "") -> requests.Response:
    """From /login to the first answer of the IdP, with either binding."""
    page = browser.get(f"{world.url}/login{query}")
    if page.status_code == 200:
        request = next((form for form in forms(page) if "SAMLRequest" in form.fields), None)
        assert request, page.text[:800]
        assert (request.action, request.method) == (sso, "post")
        return browser.submit(request)
    assert page.status_code in (302, 303), f"{page.status_code}: {page.text[:500]}"
    assert page.headers["Location"].startswith(sso), page.headers["Location"]
    return page


def spoiled(browser: Browser, page: requests.Response) -> requests.Response:
    """Sends the request on with another RelayState, which the signature of a redirect covers, or another signature."""
    if page.status_code == 200:
        form = next(form for form in forms(page) if "SAMLRequest" in form.fields)
        request = base64.b64decode(form.fields["SAMLRequest"])
        before, mark, signature = request.partition(b"SignatureValue>")
        assert mark, request
        other = b"B" if signature[:1] == b"A" else b"A"
        changed = before + mark + other + signature[1:]
        return browser.submit(form, SAMLRequest=base64.b64encode(changed).decode())
    location = page.headers["Location"]
    relay_state = parse_qs(urlsplit(location).query)["RelayState"][0]
    changed = location.replace(f"RelayState={relay_state}", "RelayState=elsewhere")
    assert changed != location
    return browser.get(changed)


def arrive(world: World, browser: Browser, answer: requests.Response, profile: str, domain: Domain):
    """The 303 leads into the embedded Studio, to this profile of this domain."""
    assert answer.status_code == 303, account(world, answer)
    assert answer.headers["Location"].startswith(world.aws_url), answer.headers["Location"]
    assert "no-store" in answer.headers.get("Cache-Control", "")
    studio = browser.follow(answer)
    assert studio.status_code == 200, f"{studio.status_code}: {studio.text[:500]}"
    assert studio.url.startswith(world.aws_url)
    assert profile in studio.text and domain.domain_id in studio.text, studio.text[:2000]


def deliver(browser: Browser, form: Form, **changed) -> requests.Response:
    """Posts the response to the ACS, which is to answer a machine."""
    browser.session.headers["Accept"] = PROBLEM
    try:
        return browser.submit(form, **changed)
    finally:
        browser.session.headers["Accept"] = "text/html"


def refused(world: World, answer: requests.Response, *codes: str):
    """A clear refusal: the visitor's or the IdP's fault, and one of these codes."""
    assert answer.status_code == 403, account(world, answer)
    assert code_of(answer) in codes, account(world, answer)


def account(world: World, answer: requests.Response) -> str:
    """What happened, for a failed test: the answer's text and the gateway's last word."""
    said = " ".join(BeautifulSoup(answer.text, "html.parser").text.split())
    return f"{answer.status_code} {said[:400]}\n{world.gateway_log().splitlines()[-1]}"


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


def raw(form: Form) -> bytes:
    return base64.b64decode(form.fields["SAMLResponse"])


def xml_of(form: Form) -> etree._Element:
    return etree.fromstring(raw(form))


def signed(response: etree._Element) -> set[str]:
    """Which of Response and Assertion carry a signature of their own, as far as one can see without a key."""
    found = {"Response"} if response.find("ds:Signature", NAMES) is not None else set()
    if response.find("saml:Assertion/ds:Signature", NAMES) is not None:
        found.add("Assertion")
    return found


def methods(response: etree._Element, element: str) -> set[str]:
    """The algorithms of all elements of this name, without the namespace of the algorithm."""
    return {node.get("Algorithm").rsplit("#")[-1] for node in response.iterfind(f".//{element}", NAMES)}


def algorithms(response: etree._Element) -> set[str]:
    return methods(response, "ds:SignatureMethod")
