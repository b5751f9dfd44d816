"""The steps of a sign-in with an IdP in Python, one by one, so that each can go wrong."""

from harness.browser import Browser, Form
from harness.idp import AuthnRequest, Idp, Person
from harness.sign_in import deliver
from harness.world import Domain, World

RESEARCH = Domain("research", "d-researchaaaa", "111122223333", "DataScientist")


def pair(provider: str = "corp") -> str:
    return f"{RESEARCH.role_arn},{RESEARCH.provider(provider)}"


def asked(world: World, browser: Browser, idp: Idp, query: str = "") -> AuthnRequest:
    """What the gateway asks this IdP for."""
    redirect = browser.get(f"{world.url}/login{query}")
    assert redirect.status_code in (302, 303), f"{redirect.status_code} {redirect.text[:500]}"
    location = redirect.headers["Location"]
    assert location.startswith(idp.sso + "?"), location
    request = AuthnRequest.from_redirect(location)
    assert (request.issuer, request.acs, request.destination) == (world.entity_id, world.acs, idp.sso)
    return request


def answer(world: World, idp: Idp, user: str, request: AuthnRequest | None = None, provider: str = "corp") -> dict:
    """The form fields with which the browser brings the IdP's response."""
    response = idp.respond(Person(user, [pair(provider)]), world.acs, [world.entity_id], request)
    relay_state = {"RelayState": request.relay_state} if request and request.relay_state else {}
    return {"SAMLResponse": response} | relay_state


def bring(world: World, browser: Browser, fields: dict):
    """Posts it as a machine would."""
    return deliver(browser, Form(world.acs, "post", fields))
