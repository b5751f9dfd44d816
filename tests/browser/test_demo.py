"""What a person sees of the demo: seven people, and what each of them finds."""

import re
from urllib.parse import urlsplit

NEWCOMER, RETURNING, TWO_ROLES, NOT_ENTITLED, TAKEN = "haneul", "minjun", "ada", "grace", "yuna"


def sign_in(tab, person: str):
    """From the first page through the IdP to whatever comes of it."""
    tab.open()
    [way_in, *_] = tab.find("a[href*='/login'], form[action*='/login'] button")
    tab.click(way_in)
    tab.picture("idp")
    assert urlsplit(tab.driver.current_url).netloc != urlsplit(tab.demo).netloc, "the IdP is another site"
    [button] = tab.find(f"button[name=person][value={person}]")
    tab.click(button)


def in_studio(tab, *what: str):
    tab.wait(lambda: urlsplit(tab.driver.current_url).netloc != urlsplit(tab.demo).netloc)
    tab.rest()
    tab.picture("studio")
    text = tab.text()
    for part in what:
        assert part in text, f"{part!r} is not on {tab.driver.current_url}:\n{text[:1500]}"


def refused(tab, code: str):
    """A page of the gateway that says what to do, with a request id to quote."""
    tab.picture("refused")
    assert tab.driver.current_url.startswith(tab.demo)
    text = tab.text()
    assert code in text, text
    assert re.search(r"\b[0-9a-f]{16}\b", text), "no request id to quote"
    assert len(tab.find("h1")) == 1 and tab.driver.title
    assert tab.driver.find_element("css selector", "html").get_attribute("lang") == "en"


def test_newcomer(tab):
    sign_in(tab, NEWCOMER)
    in_studio(tab, "haneul-kim", "haneul.kim", "DataScientist", "studiouserid", "CreateUserProfile")


def test_returning(tab):
    sign_in(tab, RETURNING)
    in_studio(tab, "minjun-lee", "minjun.lee", "DataScientist", "studiouserid")


def test_twice_the_same(tab):
    """The second sign-in finds what the first one made."""
    for _ in range(2):
        sign_in(tab, NEWCOMER)
        in_studio(tab, "haneul-kim", "haneul.kim")


def test_two_roles(tab):
    sign_in(tab, TWO_ROLES)
    tab.picture("choice")
    assert tab.driver.current_url.startswith(tab.demo)
    choices = tab.find("form[action$='/choose'] button")
    assert len(choices) >= 2, tab.text()
    assert len({choice.accessible_name for choice in choices}) == len(choices), "choices that read alike"
    tab.click(choices[-1])
    in_studio(tab, "ada.lovelace@example.com", "ada-lovelace")


def test_not_entitled(tab):
    sign_in(tab, NOT_ENTITLED)
    refused(tab, "entitlement.none")


def test_profile_conflict(tab):
    sign_in(tab, TAKEN)
    refused(tab, "profile.conflict")


def test_declined(tab):
    tab.open()
    [way_in, *_] = tab.find("a[href*='/login'], form[action*='/login'] button")
    tab.click(way_in)
    [decline] = tab.find("button[name=decline]")
    tab.click(decline)
    refused(tab, "idp.authn-failed")


def test_no_such_page(tab):
    tab.driver.get(tab.demo + "/nonsense")
    tab.collect()
    tab.console.clear()  # Chrome reports the status itself; anything after it counts
    refused(tab, "request.not-found")
