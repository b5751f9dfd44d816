"""A Studio that takes longer than a moment, with scripts on and off: watched, reloaded, closed, failing."""

import re
from urllib.parse import urlsplit

import pytest
import requests
from test_demo import in_studio as in_studio_now
from test_demo import refused

ALWAYS = 120_000


class Aws:
    """The knobs of the demo's AWS, which has the second port after the gateway's."""

    def __init__(self, demo: str):
        gateway = urlsplit(demo)
        self.url = f"http://{gateway.hostname}:{gateway.port + 2}"

    def turn(self, *turns: dict):
        requests.post(f"{self.url}/_control/knobs", json=list(turns), timeout=5).raise_for_status()

    def reset(self):
        """As the demo starts, but without delays."""
        self.turn({"knob": "clear"})

    def slow(self, milliseconds: int = 3_000):
        self.turn({"knob": "pending_for", "milliseconds": milliseconds})

    def calls(self) -> list[str]:
        return [event["api"] for event in requests.get(f"{self.url}/_control/events", timeout=5).json()]

    def profiles(self) -> list[dict]:
        return requests.get(f"{self.url}/_control/profiles", timeout=5).json()


@pytest.fixture
def demo(own_demo):
    """A demo of its own for each test: who is new here is new in each."""
    return own_demo


@pytest.fixture
def aws(demo):
    aws = Aws(demo)
    aws.reset()
    return aws


@pytest.fixture
def plain_tab(browsers):
    """A browser with scripts off."""
    return browsers(scripts=False)


def begin(tab, person: str = "haneul", path: str = "/login?idp=demo"):
    tab.driver.get(tab.demo + path)
    tab.find(f"button[name=person][value={person}]")[0].click()


def post_by_hand(tab):
    """The IdP's form with the response, whose button a browser without scripts needs."""
    button = "form[action$='/saml/acs'] button"
    tab.wait(lambda: tab.find(button))
    tab.find(button)[0].click()


def in_studio(tab, profile: str):
    """Until Studio is there, whatever pages come before."""
    tab.wait(lambda: tab.find("h1")[0].text.startswith(profile))
    in_studio_now(tab, profile)


def preparing(tab):
    tab.wait(lambda: tab.find("#preparing"))


def test_watched(tab, aws):
    aws.slow()
    begin(tab)
    preparing(tab)
    tab.wait(lambda: tab.find("[data-step=waiting][aria-current]"))
    tab.picture("waiting")
    assert tab.find("#now")[0].get_attribute("textContent") == "Waiting until it is ready"
    shown = [step.text for step in tab.find("#steps .done") if step.is_displayed()]
    # The profile was created before the page was there.
    assert shown == ["Signing you in with AWS", "Looking for your Studio profile"]
    in_studio(tab, "haneul-kim")
    assert aws.calls().count("sagemaker:CreateUserProfile") == 1
    assert aws.calls().count("sagemaker:CreatePresignedDomainUrl") == 1, "one URL, for the redirect"


def test_steps_that_are_passed_over(tab, aws):
    aws.turn({"knob": "latency", "api": "sts:AssumeRoleWithSAML", "milliseconds": 2_500})
    begin(tab, "minjun")
    preparing(tab)
    tab.picture("signing-in")
    in_studio(tab, "minjun-lee")
    assert "sagemaker:CreateUserProfile" not in aws.calls()


def test_narrow_and_dark(tab, aws):
    aws.slow(20_000)
    tab.look(320, "dark")
    begin(tab)
    preparing(tab)
    tab.wait(lambda: tab.find("[data-step=waiting][aria-current]"))
    tab.picture("waiting")
    assert not tab.overflows()
    assert not tab.violations()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_accessible(tab, aws):
    aws.slow(20_000)
    begin(tab)
    preparing(tab)
    tab.wait(lambda: tab.find("[data-step=waiting][aria-current]"))
    for scheme in ("light", "dark"):
        # 550 pixels: a window of 1,100 at 200 %.
        for width in (550, 1100):
            tab.look(width, scheme)
            tab.picture(f"{width}-{scheme}")
            assert not tab.overflows(), width
            assert not tab.violations(), (width, scheme)


def test_reloaded(tab, aws):
    aws.slow(4_000)
    begin(tab)
    preparing(tab)
    tab.wait(lambda: tab.find("[data-step=waiting][aria-current]"))
    assert urlsplit(tab.driver.current_url).path == "/login", "a reload begins anew"
    tab.driver.refresh()
    tab.wait(lambda: tab.find("button[name=person]"))
    tab.find("button[name=person][value=haneul]")[0].click()
    in_studio(tab, "haneul-kim")
    assert aws.calls().count("sagemaker:CreateUserProfile") == 1


def test_reloaded_without_scripts(plain_tab, aws):
    """The form is posted again and refused as used; the browser goes round by the IdP once, and finds the work."""
    tab = plain_tab
    aws.slow(2_500)
    begin(tab)
    post_by_hand(tab)
    preparing(tab)
    tab.driver.refresh()
    tab.wait(lambda: tab.find("button[name=person]"))
    assert "RelayState=again" in tab.driver.current_url
    tab.find("button[name=person][value=haneul]")[0].click()
    post_by_hand(tab)
    tab.wait(lambda: tab.find("#preparing button") or "/studio" in tab.driver.current_url)
    for button in tab.find("#preparing button"):
        button.click()
    in_studio(tab, "haneul-kim")
    assert aws.calls().count("sagemaker:CreateUserProfile") == 1


def test_closed_and_come_back_to(tab, aws):
    aws.slow(4_000)
    begin(tab)
    preparing(tab)
    tab.wait(lambda: tab.find("[data-step=waiting][aria-current]"))
    tab.driver.get("about:blank")
    tab.driver.back()
    tab.wait(lambda: tab.find("button[name=person]"))
    tab.find("button[name=person][value=haneul]")[0].click()
    in_studio(tab, "haneul-kim")
    assert aws.calls().count("sagemaker:CreateUserProfile") == 1


def test_back_from_studio(tab, aws):
    aws.slow(2_500)
    begin(tab)
    in_studio(tab, "haneul-kim")
    tab.driver.back()
    tab.wait(lambda: tab.find("button[name=person]") or tab.find("main"))
    assert "assertion" not in tab.text()


def test_two_tabs(tab, aws):
    aws.slow(4_000)
    begin(tab)
    preparing(tab)
    first = tab.driver.current_window_handle
    tab.driver.switch_to.new_window("tab")
    begin(tab)
    in_studio(tab, "haneul-kim")
    tab.driver.switch_to.window(first)
    in_studio(tab, "haneul-kim")
    assert len([profile for profile in aws.profiles() if "haneul" in profile["name"]]) == 1


def test_button_while_it_watches(tab, aws):
    aws.slow(4_000)
    begin(tab)
    preparing(tab)
    tab.wait(lambda: tab.find("[data-step=waiting][aria-current]"))
    button = tab.find("#preparing button")[0]
    button.click()
    in_studio(tab, "haneul-kim")


def test_failing(tab, aws):
    aws.slow(2_500)
    aws.turn({"knob": "fail_creation", "reason": "Cannot attach subnet-0badcafe"})
    begin(tab)
    tab.wait(lambda: tab.find("#preparing"))
    tab.wait(lambda: "profile.failed" in tab.text())
    refused(tab, "profile.failed")
    assert "subnet" not in tab.text()
    assert urlsplit(tab.driver.current_url).path == "/refused"
    retry = tab.find("main a[href]")[0].get_attribute("href")
    assert retry.endswith("/login?idp=demo&to=research"), retry
    tab.driver.refresh()
    refused(tab, "profile.failed")
    tab.collect()
    tab.console.clear()  # Chrome reports the status itself


def test_sts_that_hangs(tab, aws):
    aws.turn({"knob": "latency", "api": "sts:AssumeRoleWithSAML", "milliseconds": ALWAYS})
    begin(tab)
    preparing(tab)
    tab.wait(lambda: "aws.timeout" in tab.text())
    refused(tab, "aws.timeout")
    tab.collect()
    tab.console.clear()


def test_connection_that_is_lost(tab, aws):
    """Events that cannot be reached are tried again, and then the button is offered. Pauses pass much faster."""
    hurry = "const pause = setTimeout; window.setTimeout = (what, time) => pause(what, time / 20);"
    tab.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": hurry})
    tab.driver.execute_cdp_cmd("Network.enable", {})
    tab.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/preparing/events"]})
    aws.slow(2_500)
    begin(tab)
    preparing(tab)
    tab.wait(lambda: tab.find("#lost:not([hidden])"))
    tab.picture("lost")
    tab.find("#preparing button")[0].click()
    in_studio(tab, "haneul-kim")
    tab.collect()
    tab.console.clear()


def test_without_scripts(plain_tab, aws):
    tab = plain_tab
    aws.slow(3_000)
    begin(tab)
    post_by_hand(tab)
    preparing(tab)
    tab.picture("waiting")
    assert not tab.find("#steps")[0].is_displayed()
    tab.find("#preparing button")[0].click()
    in_studio(tab, "haneul-kim")


def test_without_scripts_it_goes_on_by_itself(plain_tab, aws):
    tab = plain_tab
    aws.slow(3_000)
    begin(tab, path="/login?idp=demo&to=research")
    post_by_hand(tab)
    preparing(tab)
    tab.wait(lambda: tab.find("button[name=person]"))
    assert re.search(r"RelayState=again", tab.driver.current_url), tab.driver.current_url
    tab.find("button[name=person][value=haneul]")[0].click()
    post_by_hand(tab)
    in_studio(tab, "haneul-kim")
