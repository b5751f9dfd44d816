"""A whole sign-in behind each front end: asked, answered, sent to Studio; and what else has to come through."""

from urllib.parse import urlencode

import pytest
import requests
from front_ends import ALL, CLIENT, Request
from harness.idp import AuthnRequest

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


@pytest.fixture(params=ALL, ids=lambda kind: kind.__name__)
def ask(request, function):
    front_end = request.param()
    return lambda *parts: function.ask(front_end, Request(*parts))


def cookie_of(answer) -> str:
    return "; ".join(cookie.split(";")[0] for cookie in answer.all("set-cookie"))


def opens(function, answer, user: str):
    location = answer.header("location")
    assert answer.status == 303 and location.startswith(function.world.aws_url), f"{answer}\n{function.log()[-1500:]}"
    studio = requests.get(location, timeout=10)
    assert studio.status_code == 200 and user in studio.text


def test_a_sign_in_from_end_to_end(ask, function):
    world = function.world
    redirect = ask("GET", f"{world.url}/login?to=research", {"Accept": "text/html"})
    assert redirect.status == 303, redirect
    request = AuthnRequest.from_redirect(redirect.header("location"))
    assert request.relay_state == "to.research", "the query came through"
    fields = {"SAMLResponse": function.response("nari", request), "RelayState": request.relay_state}
    form = FORM | {"Cookie": cookie_of(redirect)}
    answer = ask("POST", world.acs, form, urlencode(fields).encode())
    opens(function, answer, "nari")
    told = [line for line in function.log().splitlines() if "studio_gateway::sign_in" in line]
    assert f'"client":"{CLIENT}"' in told[-1], function.log()[-1500:]
    again = ask("POST", world.acs, form | {"Accept": "application/json"}, urlencode(fields).encode())
    assert again.status == 403 and b"assertion.replayed" in again.body


def test_one_cookie_is_enough(ask, function):
    """Front ends that keep one Set-Cookie lose nothing: there is only one."""
    redirect = ask("GET", f"{function.world.url}/login", {"Accept": "text/html"})
    assert len(redirect.all("set-cookie")) == 1
    assert "__Host-" in redirect.all("set-cookie")[0]


def test_pages_and_assets_come_through(ask, function):
    page = ask("GET", f"{function.world.url}/", {"Accept": "text/html", "Accept-Language": "en"})
    assert page.status == 200 and b"</html>" in page.body
    assert "default-src 'none'" in page.header("content-security-policy")
    missing = ask("GET", f"{function.world.url}/nowhere%20at%20all?x=%C3%A9", {"Accept": "application/json"})
    assert missing.status == 404 and missing.header("content-type") == "application/problem+json"


def test_a_form_that_is_none(ask, function):
    answer = ask("POST", function.world.acs, FORM | {"Accept": "application/json"}, b"SAMLResponse=%FF&SAMLResponse=x")
    assert answer.status == 400 and b"request.malformed" in answer.body
