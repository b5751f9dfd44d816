"""Behind a proxy: who it was, what is believed of what a client sends, and what nginx's defaults let through."""

import subprocess

import pytest
from conftest import RESEARCH
from harness.browser import Browser, Form
from harness.idp import Person
from harness.process import binary
from harness.sign_in import arrive
from requests.adapters import HTTPAdapter

CLIENT = "127.0.0.2"
HOST = "proxy_set_header Host $http_host;"
FORGED = {
    "X-Forwarded-For": "203.0.113.66, 203.0.113.67",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Port": "4444",
    "X-Original-URL": "/evil",
    "Forwarded": "for=203.0.113.68;host=evil.example;proto=gopher",
    "Host": "evil.example",
}
PAGES = ("/", "/login", "/open/research", "/saml/metadata", "/nowhere", "/readyz")


class From(HTTPAdapter):
    """Connects from another address of this machine."""

    def init_poolmanager(self, *arguments, **more):
        super().init_poolmanager(*arguments, source_address=(CLIENT, 0), **more)


@pytest.fixture
def browser():
    browser = Browser()
    browser.session.mount("http://", From())
    return browser


def response(front, user: str, groups: list | None = None) -> dict:
    person = Person(user, [RESEARCH.pair], groups or [])
    return {"SAMLResponse": front.idp.respond(person, front.world.acs, [front.world.entity_id])}


def sign_in(front, browser, user: str, groups: list | None = None) -> int:
    """The length of the response."""
    fields = response(front, user, groups)
    answer = browser.submit(Form(front.world.acs, "post", fields))
    arrive(front.world, browser, answer, user, RESEARCH)
    return len(fields["SAMLResponse"])


def clients(front) -> set:
    return {line["client"] for line in front.lines() if "client" in line}


@pytest.mark.parametrize("directives", ["", HOST], ids=["own-host", "host-of-the-client"])
def test_the_log_has_the_client_and_nothing_depends_on_what_it_forges(front, browser, directives):
    front = front(directives=directives)
    honest = {path: browser.get(front.world.url + path) for path in PAGES}
    browser.session.headers.update(FORGED)
    for path, expected in honest.items():
        answer = browser.get(front.world.url + path)
        assert answer.status_code == expected.status_code, path
        said = answer.text + repr(answer.headers)
        assert not any(forged in said for forged in ("evil", "gopher", "4444", "203.0.113")), f"{path}: {said}"
        redirects = [one.headers.get("Location", "").split("?")[0] for one in (expected, answer)]
        assert redirects[0] == redirects[1]
    metadata = browser.get(f"{front.world.url}/saml/metadata").text
    assert metadata == honest["/saml/metadata"].text and front.world.acs in metadata
    answer = browser.submit(Form(front.world.acs, "post", response(front, "forger")))
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"].startswith(front.world.aws_url)
    assert clients(front) == {CLIENT}


@pytest.mark.parametrize(
    ("keys", "client"),
    [("", "127.0.0.3"), ("proxies = 1", CLIENT), ("proxies = 2", "203.0.113.67"), ("proxies = 4", "unknown")],
)
def test_as_many_entries_are_believed_as_there_are_proxies(front, browser, keys, client):
    """What a client sends counts only if the configuration claims more proxies than there are."""
    front = front(keys=keys)
    browser.session.headers["X-Forwarded-For"] = FORGED["X-Forwarded-For"]
    sign_in(front, browser, "alice")
    assert clients(front) == {client}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_sign_ins_of_any_size_pass_over_one_connection(front, browser, tls):
    front = front(tls=tls)
    sign_in(front, browser, "alice")
    # nginx takes a body of up to 1 MB, which is more than the gateway does.
    long = sign_in(front, browser, "bob", [f"group-{number:04}-{'x' * 40}" for number in range(600)])
    assert 80_000 < long < 100_000
    for path in PAGES:
        assert browser.get(front.world.url + path).status_code < 500, path
    assert front.connections() == ["01"], "one, and it is open"
    if tls:
        health = [binary(), "health", "--config", front.world.folder / f"gateway-{front.behind}.toml"]
        assert subprocess.run(health, timeout=30).returncode == 0


def test_a_connection_that_the_gateway_closed_is_not_used_again(front, browser):
    front = front(keys="proxies = 1\nconnections.idle_seconds = 1")
    sign_in(front, browser, "alice")
    front.gateway.until("the end of the idle connection", lambda: "01" not in front.connections())
    sign_in(front, browser, "bob")


def test_the_end_of_the_gateway_does_not_wait_for_idle_connections(front, browser):
    front = front()
    sign_in(front, browser, "alice")
    assert front.connections() == ["01"]
    assert front.gateway.stop() == 0
    assert browser.get(f"{front.world.url}/readyz").status_code == 502
