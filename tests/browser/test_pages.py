"""Every page in every language, light and dark, narrow and wide, with scripts and without; and what people do to pages:
the keyboard, the back button, two clicks, two tabs, and taking too long."""

import re
from urllib.parse import urlsplit

import pytest
import requests
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

LANGUAGES = ("en", "ko")
MANY, TWO_ROLES, NOT_ENTITLED, TAKEN = "sora", "ada", "grace", "yuna"
# A page, and the person who ends there; None: it is opened by its address.
PAGES = {
    "home": ("/", None),
    "signed-out": ("/signed-out", None),
    "not-found": ("/nowhere", None),
    "choose": ("/login", TWO_ROLES),
    "choose-many": ("/login", MANY),
    "refused": ("/login", NOT_ENTITLED),
    "taken": ("/login", TAKEN),
}
HANGUL = re.compile("[가-힣]")


def go(tab, path: str, person: str | None):
    tab.driver.get(tab.demo + path)
    if person is None:
        return
    [button] = tab.find(f"button[name=person][value={person}]")
    button.click()
    if not tab.scripts:
        tab.wait(lambda: tab.find("form#response button"))
        tab.find("form#response button")[0].click()
    tab.wait(lambda: tab.driver.current_url.startswith(tab.demo) and tab.find("h1"))
    tab.rest()


def shown(tab, selector: str) -> int:
    return len([part for part in tab.find(selector) if part.is_displayed()])


def at_the_idp(tab) -> bool:
    return bool(tab.find("button[name=person]"))


def in_studio(tab) -> bool:
    return "/studio" in tab.driver.current_url and bool(tab.find("h1"))


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_page(browsers, page, language, scripts):
    tab = browsers(language=language, scripts=scripts)
    path, person = PAGES[page]
    go(tab, path, person)
    html = tab.find("html")[0]
    assert html.get_attribute("lang") == language
    assert bool(HANGUL.search(tab.find("main")[0].text)) == (language == "ko"), tab.text()
    assert [shown(tab, landmark) for landmark in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    tab.inspect()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
@pytest.mark.parametrize("page", PAGES)
def test_switch_of_language(browsers, page, scripts):
    """The other language, on the same page, and nobody has to sign in again."""
    tab = browsers(language="en", scripts=scripts)
    path, person = PAGES[page]
    go(tab, path, person)
    before = re.findall(r"\b[0-9a-f]{16}\b", tab.text())
    for language in ("ko", "en"):
        tab.click(tab.find(f"button[name=language][value={language}]")[0])
        assert not at_the_idp(tab)
        assert tab.find("html")[0].get_attribute("lang") == language
        assert re.findall(r"\b[0-9a-f]{16}\b", tab.text()) == before, "the request id that the log knows"
    if person in (TWO_ROLES, MANY):
        tab.find("button.choice")[0].click()
        tab.wait(lambda: in_studio(tab))


def test_keyboard_only(browsers):
    tab = browsers()
    go(tab, "/login", MANY)

    def keys(*pressed):
        ActionChains(tab.driver).send_keys(*pressed).perform()

    def focused():
        return tab.driver.switch_to.active_element

    keys(Keys.TAB)
    assert focused().get_attribute("id") == "words"
    keys("code platform")
    tab.picture("search")
    shown = [choice for choice in tab.find("button.choice") if choice.is_displayed()]
    assert [choice.get_attribute("value").split("|")[0] for choice in shown] == ["platform-code"]
    assert tab.find("#found")[0].text == "Found: 1"
    keys(Keys.ENTER)
    assert tab.find("#words"), "Enter in the search chooses nothing"
    keys(" nonsense")
    assert "Nothing found" in tab.find("#found")[0].text
    assert not tab.violations()
    keys(Keys.ESCAPE)
    keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP)
    assert focused().get_attribute("value").startswith("research|")
    keys(Keys.ARROW_UP)
    assert focused().get_attribute("id") == "words"
    keys(Keys.TAB)
    assert focused().get_attribute("name") == "directly"
    keys(Keys.TAB, Keys.ENTER)
    tab.wait(lambda: in_studio(tab))


@pytest.mark.parametrize("page", PAGES)
def test_keyboard_reaches_everything(browsers, page):
    """Whatever can be pressed is reached with the tab key, in the order of reading, and one sees where one is."""
    tab = browsers()
    path, person = PAGES[page]
    go(tab, path, person)
    pressable = [
        part
        for part in tab.find("a[href], button, input:not([type=hidden])")
        if part.is_displayed() and part.is_enabled()
    ]
    assert pressable
    reached = []
    for _ in pressable:
        ActionChains(tab.driver).send_keys(Keys.TAB).perform()
        focused = tab.driver.switch_to.active_element
        assert focused.value_of_css_property("outline-style") == "solid"
        assert focused.value_of_css_property("outline-width") == "3px"
        reached.append(focused)
    assert reached == pressable
    tab.picture("focus")
    # The last one is the switch of language.
    before = tab.find("html")[0]
    ActionChains(tab.driver).send_keys(Keys.ENTER).perform()
    tab.wait(lambda: tab.gone(before))
    assert tab.find("html")[0].get_attribute("lang") == "ko"


@pytest.mark.parametrize("page", PAGES)
def test_text_of_twice_the_size(browsers, page):
    """Text alone is made larger (WCAG 2.2, success criterion 1.4.4): nothing is cut off or lies over something else."""
    tab = browsers()
    path, person = PAGES[page]
    go(tab, path, person)
    tab.look(1100, "light")
    tab.driver.execute_script("document.documentElement.style.fontSize = '200%'")
    tab.picture("large")
    assert tab.find("main")[0].value_of_css_property("font-size") == "32px"
    assert not tab.overflows()
    cut = tab.driver.execute_script(
        "return [...document.querySelectorAll('main *')].filter(part => part.checkVisibility()"
        " && getComputedStyle(part).overflow !== 'visible' && part.matches(':not(.unseen, input)')"
        " && (part.scrollWidth > part.clientWidth || part.scrollHeight > part.clientHeight)).length"
    )
    assert cut == 0


def test_back_button(browsers):
    """Back from Studio to a page that answered a form: whatever the browser makes of it, a way on is there."""
    tab = browsers()
    go(tab, "/login", TWO_ROLES)
    tab.find("button.choice")[0].click()
    tab.wait(lambda: in_studio(tab))
    tab.driver.get(tab.demo + "/")
    tab.driver.back()
    tab.wait(lambda: in_studio(tab))
    tab.driver.get(tab.demo + "/login")
    assert at_the_idp(tab)


def test_two_clicks(browsers):
    tab = browsers()
    go(tab, "/login", TWO_ROLES)
    tab.collect()
    tab.requests.clear()
    ActionChains(tab.driver).double_click(tab.find("button.choice")[0]).perform()
    tab.wait(lambda: in_studio(tab))
    tab.collect()
    assert [urlsplit(url).path for url in tab.requests].count("/choose") == 1


def test_two_clicks_without_scripts(browsers):
    """Both are answered, and the browser follows the second."""
    tab = browsers(scripts=False)
    go(tab, "/login", TWO_ROLES)
    ActionChains(tab.driver).double_click(tab.find("button.choice")[0]).perform()
    tab.wait(lambda: in_studio(tab))


def test_two_tabs(browsers):
    tab = browsers()
    go(tab, "/login", TWO_ROLES)
    first = tab.driver.current_window_handle
    tab.driver.switch_to.new_window("tab")
    go(tab, "/login", TWO_ROLES)
    tab.find("button.choice")[1].click()
    tab.wait(lambda: in_studio(tab))
    tab.driver.switch_to.window(first)
    tab.find("button.choice")[0].click()
    tab.wait(lambda: in_studio(tab))


def test_remembered_and_back(browsers):
    tab = browsers()
    go(tab, "/login", TWO_ROLES)
    tab.find("input[name=directly]")[0].click()
    tab.find("button.choice")[1].click()
    tab.wait(lambda: in_studio(tab))
    tab.driver.get(tab.demo + "/login")
    tab.find(f"button[name=person][value={TWO_ROLES}]")[0].click()
    tab.wait(lambda: in_studio(tab))
    tab.open("/")
    assert not tab.violations()
    tab.driver.find_element(By.CSS_SELECTOR, "footer a[href='/switch']").click()
    tab.wait(lambda: at_the_idp(tab))
    tab.find(f"button[name=person][value={TWO_ROLES}]")[0].click()
    tab.wait(lambda: len(tab.find("button.choice")) == 2)
    tab.picture("last-first")
    assert tab.find("input[name=directly]")[0].is_selected()
    assert tab.find("button.choice")[0].get_attribute("value").startswith("platform|")
    assert not tab.violations()


def test_renewed_before_it_is_over(browsers):
    """Time is what the page is told: five minutes pass at once."""
    tab = browsers()
    go(tab, "/login", TWO_ROLES)
    tab.driver.execute_script("const now = Date.now; Date.now = () => now() + 300000;")
    tab.wait(lambda: at_the_idp(tab))


def test_renewed_without_scripts(browsers):
    tab = browsers(scripts=False)
    go(tab, "/login", TWO_ROLES)
    [refresh] = tab.find("meta[http-equiv=refresh]")
    seconds, address = refresh.get_attribute("content").split("; url=")
    assert 240 < int(seconds) <= 280
    tab.driver.get(tab.demo + address)
    assert at_the_idp(tab)


def test_request_id_is_copied(browsers):
    tab = browsers()
    go(tab, "/login", NOT_ENTITLED)
    tab.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    tab.find("#copy")[0].click()
    tab.wait(lambda: tab.find("#copied")[0].text == "Copied")
    tab.picture("copied")


def test_print(browsers):
    """Who prints the page, or makes a picture of it, has the request id."""
    tab = browsers()
    go(tab, "/login", NOT_ENTITLED)
    tab.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    tab.picture("print")
    assert re.fullmatch("[0-9a-f]{16}", tab.find("#request-id")[0].text)
    assert not tab.find("footer button")[0].is_displayed()


@pytest.mark.parametrize("page", PAGES)
def test_weight(browsers, page):
    """A page with all that it loads stays under 30 kB, and what it loads is its own and kept for good."""
    tab = browsers()
    path, person = PAGES[page]
    go(tab, path, person)
    urls = tab.driver.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    html = tab.driver.page_source
    weight = len(html.encode())
    for url in urls:
        assert urlsplit(url).path.startswith("/assets/") and url.startswith(tab.demo), url
        kept = requests.get(url, timeout=10)
        assert "immutable" in kept.headers["cache-control"]
        weight += len(kept.content)
    assert 0 < weight < 30_000, weight
