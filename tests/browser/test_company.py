"""A company's own gateway: several identity providers, a brand, one that takes no requests; and pages that nobody
touches, or touches too late."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import company
import pytest
import requests
from company import COLOUR, CONTACT, NAME, Silent, Site

LANGUAGES = ("en", "ko")
FIVE_MINUTES = "const now = Date.now; Date.now = () => now() + 300000;"
ENDED = {"en": "This sign-in has ended", "ko": "로그인이 종료되었어요"}
# What an error page says, asked for at once.
READ = """const text = (what) => document.querySelector(what).innerText;
return [text("h1"), text("main > p"), [...document.querySelectorAll("main .actions a")].map((link) => link.href),
  text("main dl"), document.querySelector("main dl a").href, document.documentElement.lang, document.title]"""
# Each code with its status, and whether its page has a button to try again.
CODES = {
    name: (int(status), retry == "true")
    for name, status, retry in re.findall(
        r'= "([a-z.-]+)", (\d+), \w+, (true|false);',
        (Path(__file__).resolve().parents[2] / "src/error/code.rs").read_text(),
    )
}


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two IdPs, of which one is asked by HTTP-POST."""
    idps = {"corp": Site("corp"), "partner": Site("partner")}
    options = {"partner": {"request_binding": "post"}}
    with company.running(tmp_path_factory.mktemp("two"), idps, options) as two:
        yield two


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """One IdP."""
    with company.running(tmp_path_factory.mktemp("one"), {"corp": Site("corp")}) as one:
        yield one


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    """One IdP, whose portal is where sign-ins begin."""
    with company.running(tmp_path_factory.mktemp("portal"), {"corp": Silent("corp")}) as portal:
        yield portal


def chooser(tab):
    tab.wait(lambda: tab.find("button.choice"))
    tab.rest()


def in_studio(tab, domain: str):
    tab.wait(lambda: "/studio" in tab.driver.current_url and tab.find("h1"))
    assert domain in tab.text()


def colour_of(tab, selector: str, part: str) -> str:
    rgb = tab.find(selector)[0].value_of_css_property(part)
    return "#" + "".join(f"{int(number):02x}" for number in re.findall(r"\d+", rgb)[:3])


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_idp_discovery(browsers, two, language, scripts):
    tab = browsers(two.url, language=language, scripts=scripts)
    tab.driver.get(two.url)
    tab.inspect()
    assert NAME in tab.driver.title and NAME in tab.find("header")[0].text
    assert CONTACT in tab.find("footer")[0].text
    [corp, partner] = tab.find("main a.button")
    assert "한빛전자" in corp.text and "Partner & Sons" in partner.text
    tab.click(corp)
    if not scripts:
        tab.click(tab.find("form button")[0])
    chooser(tab)
    assert two.idps["corp"].asked and not two.idps["partner"].asked


def test_link_to_a_destination_with_several_idps(browsers, two):
    """The link is kept through the choice of the IdP."""
    tab = browsers(two.url)
    tab.driver.get(f"{two.url}/open/platform")
    assert company.query(tab.driver.current_url) == {"to": "platform"}
    tab.find("main a.button")[0].click()
    in_studio(tab, "d-platformaaaa")


@pytest.mark.parametrize("language", LANGUAGES)
def test_idp_that_is_asked_by_post(browsers, two, language):
    """The page on the way, as it is where scripts are off."""
    tab = browsers(two.url, language=language, scripts=False)
    tab.driver.get(f"{two.url}/login?idp=partner")
    tab.inspect()
    assert urlsplit(tab.driver.current_url).path == "/login"
    tab.click(tab.find("form button")[0])
    assert tab.find("h1")[0].text == "Asked"


def test_idp_that_is_asked_by_post_with_scripts(browsers, two):
    tab = browsers(two.url)
    tab.driver.get(f"{two.url}/login?idp=partner")
    tab.wait(lambda: tab.find("h1")[0].text == "Asked")


@pytest.mark.parametrize("language", LANGUAGES)
def test_brand(browsers, one, language):
    """Name, logo and colour on every kind of page, in both schemes, and everything can be read."""
    tab = browsers(one.url, language=language)
    for path in ("/", "/login", one.refused("aws.timeout", True)):
        tab.driver.get(one.url + path)
        tab.rest()
        tab.inspect()
        assert NAME in tab.driver.title and NAME in tab.find("header")[0].text
        assert tab.driver.execute_script("return document.querySelector('header img').naturalWidth") > 0
        for scheme in ("light", "dark"):
            tab.look(1100, scheme)
            if tab.find(".button"):
                assert colour_of(tab, ".button", "background-color") == COLOUR
                assert colour_of(tab, ".button", "color") == "#ffffff"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error(browsers, one, language):
    """Each code has a page that says what happened and what to do, whom to ask and what to quote."""
    tab = browsers(one.url, language=language)
    tab.look(320, "light")
    assert len(CODES) >= 40
    faults, titles = [], {}
    for number, (code, (status, retry)) in enumerate(sorted(CODES.items())):
        address = one.url + one.refused(code, retry)
        answer = requests.get(address, headers={"Accept-Language": language}, timeout=10)
        tab.driver.get(address)
        tab.look(320 if number % 2 else 1100, "dark" if number % 4 > 1 else "light")
        tab.picture(code)
        heading, advice, links, quoted, mail, written, title = tab.driver.execute_script(READ)
        for what, holds in {
            "status": answer.status_code == status,
            "language": written == language,
            "written in it": all(bool(re.search("[가-힣]", text)) == (language == "ko") for text in (heading, advice)),
            "two sentences of its own": heading and advice and heading != advice,
            "title": heading in title and NAME in title,
            "whom to ask": CONTACT in quoted,
            "what to quote": code in quoted and "0123456789abcdef" in quoted,
            "a mail that quotes it": mail == f"mailto:ml@example.com?subject={code}%200123456789abcdef",
            "where to go": links == [f"{one.url}/login?idp=corp" if retry else f"{one.url}/"],
            "no wider than the window": not tab.overflows(),
            "accessible": not tab.violations(),
        }.items():
            if not holds:
                faults.append(f"{code}: {what}")
        titles.setdefault(heading, []).append(code)
    tab.collect()
    tab.console.clear()  # Chrome reports each status itself
    assert not faults, "\n".join(faults)
    # What the public may not be told apart reads the same.
    assert [codes for codes in titles.values() if len(codes) > 1] == [["assertion.rejected", "aws.disagrees"]]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_idp_that_takes_no_requests(browsers, portal, language, scripts):
    """The first page says where to begin, has no button that leads nowhere, and the portal leads in."""
    tab = browsers(portal.url, language=language, scripts=scripts)
    tab.driver.get(portal.url)
    tab.inspect()
    assert not tab.find("main a, main button")
    assert ("portal" if language == "en" else "포털") in tab.find("main")[0].text
    tab.driver.get(portal.idps["corp"].url)
    if not scripts:
        tab.find("form button")[0].click()
    chooser(tab)
    tab.find("button.choice")[1].click()
    in_studio(tab, "d-platformaaaa")


@pytest.mark.parametrize("language", LANGUAGES)
def test_chooser_that_is_over_where_the_idp_takes_no_requests(browsers, portal, language):
    tab = browsers(portal.url, language=language)
    tab.driver.get(portal.idps["corp"].url)
    chooser(tab)
    tab.driver.execute_script(FIVE_MINUTES)
    tab.wait(lambda: tab.find("#over")[0].is_displayed())
    assert tab.find("#over h1")[0].text == ENDED[language] and ENDED[language] in tab.driver.title
    assert ("portal" if language == "en" else "포털") in tab.find("#over")[0].text
    assert not tab.find("#over a") and not tab.find("button.choice")[0].is_displayed()
    tab.inspect()


@pytest.mark.parametrize("language", LANGUAGES)
def test_chooser_that_nobody_touches(browsers, one, language):
    """It renews its sign-in twice. Then it says that the sign-in has ended, and has a button for the next."""
    corp = one.idps["corp"]
    corp.asked.clear()
    tab = browsers(one.url, language=language)
    tab.driver.get(f"{one.url}/login")
    for renewed in (1, 2, 3):
        chooser(tab)
        assert len(corp.asked) == renewed
        before = tab.find("input[name=token]")[0].get_attribute("value")
        tab.driver.execute_script(FIVE_MINUTES)
        if renewed < 3:
            tab.wait(lambda old=before: tab.find("input[name=token]")[0].get_attribute("value") != old)
    tab.wait(lambda: tab.find("#over")[0].is_displayed())
    assert tab.find("#over h1")[0].text == ENDED[language] and ENDED[language] in tab.driver.title
    assert not tab.find("button.choice")[0].is_displayed()
    tab.inspect()
    assert len(corp.asked) == 3
    [anew] = tab.find("#over a.button")
    tab.click(anew)
    chooser(tab)
    assert len(corp.asked) == 4
    tab.find("button.choice")[1].click()
    in_studio(tab, "d-platformaaaa")


def test_chooser_that_nobody_touches_without_scripts(browsers, one):
    tab = browsers(one.url, scripts=False)
    tab.driver.get(f"{one.url}/login")
    for renewed in (1, 2, 3):
        tab.click(tab.find("form button")[0])
        chooser(tab)
        refresh = tab.find("meta[http-equiv=refresh]")
        if renewed < 3:
            # What the browser does when the time is over.
            tab.driver.get(one.url + refresh[0].get_attribute("content").split("; url=")[1])
    assert not refresh, "the third goes nowhere by itself"
    tab.find("button.choice")[0].click()
    in_studio(tab, "d-researchaaaa")


def age(tab, at):
    """Makes the page older than STS takes its assertion: what it carries is sealed anew, at another time."""
    [field] = tab.find("#choices input[name=token]")
    browser = tab.driver.get_cookie("__Host-sg-browser")["value"]
    aged = at.aged(field.get_attribute("value"), browser)
    tab.driver.execute_script("arguments[0].value = arguments[1]", field, aged)


def test_expired_choice_is_clicked(browsers, one):
    """Too late: the sign-in is renewed through the IdP, and ends where it was to end."""
    tab = browsers(one.url)
    tab.driver.get(f"{one.url}/login")
    chooser(tab)
    asked = len(one.idps["corp"].asked)
    age(tab, one)
    tab.find("button.choice[value^=platform]")[0].click()
    in_studio(tab, "d-platformaaaa")
    assert len(one.idps["corp"].asked) == asked + 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_expired_choice_where_the_idp_takes_no_requests(browsers, portal, language):
    tab = browsers(portal.url, language=language)
    tab.driver.get(portal.idps["corp"].url)
    chooser(tab)
    age(tab, portal)
    tab.click(tab.find("button.choice")[0])
    assert "choice.expired" in tab.text()
    tab.inspect()
    # Its button leads to the page that says where to begin.
    tab.click(tab.find("main .actions a")[0])
    assert ("portal" if language == "en" else "포털") in tab.find("main")[0].text


def test_expired_choice_in_another_language(browsers, one):
    """Who switches the language of a page that is too old gets a new one, in that language."""
    tab = browsers(one.url)
    tab.driver.get(f"{one.url}/login")
    chooser(tab)
    age(tab, one)
    tab.click(tab.find("button[name=language]")[0])
    chooser(tab)
    assert tab.find("html")[0].get_attribute("lang") == "ko"


def test_back_to_the_chooser(browsers, one):
    """Back from Studio: the page is there again, fresh, and nobody is asked to post a form once more."""
    tab = browsers(one.url)
    tab.driver.get(f"{one.url}/login")
    chooser(tab)
    before = tab.find("input[name=token]")[0].get_attribute("value")
    tab.find("button.choice")[0].click()
    in_studio(tab, "d-researchaaaa")
    tab.driver.back()
    chooser(tab)
    assert tab.find("input[name=token]")[0].get_attribute("value") != before
    tab.find("button.choice[value^=platform]")[0].click()
    in_studio(tab, "d-platformaaaa")


def test_chooser_that_is_reloaded(browsers, one):
    tab = browsers(one.url)
    tab.driver.get(f"{one.url}/login")
    chooser(tab)
    tab.driver.refresh()
    chooser(tab)
    tab.find("button.choice")[0].click()
    in_studio(tab, "d-researchaaaa")


def test_back_to_an_error(browsers, one):
    """The same error with the same request id, and nothing is posted again."""
    tab = browsers(one.url)
    tab.driver.get(f"{one.url}/login")
    chooser(tab)
    choice = tab.find("button.choice")[0]
    tab.driver.execute_script("arguments[0].value = 'nowhere'", choice)
    tab.click(choice)
    assert "choice.invalid" in tab.text()
    before = tab.find("#request-id")[0].text
    for again in (tab.driver.refresh, lambda: (tab.driver.get(one.url), tab.driver.back())):
        again()
        tab.wait(lambda: tab.find("#request-id")[0].text == before)
