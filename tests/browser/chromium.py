"""Chromium, which tests take turns in: each has a tab of its own, with nothing kept from before, a picture of every
page and an account of every request."""

import base64
import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    # Beyond the window there is none: a picture of the whole page would be narrower than the page.
    "--hide-scrollbars",
    "--window-size=1100,900",
)
PATIENCE_SECONDS = 30
# Paths whose answers may be refusals; Chrome reports their status itself.
REFUSING = ("/saml/acs", "/choose", "/language", "/nowhere", "/refused")
# Windows that pages are looked at through, and their pixels for each of CSS: a desktop, it at 200 %, a phone.
WIDTHS = {1100: 1, 550: 2, 320: 1}
LOOKS = ((1100, "light"), (1100, "dark"), (550, "light"), (320, "light"), (320, "dark"))
# What has no size of its own for fingers: buttons, fields, and links that are no part of a sentence (WCAG 2.2, 2.5.8).
SMALL = """return [...document.querySelectorAll("button, a.button, input[type=search]")]
  .map((part) => [part.outerHTML, part.getBoundingClientRect()])
  .filter(([, { width, height }]) => width && Math.min(width, height) < 24).map(([html]) => html)"""


class Chromium:
    """One process for all tests: starting one takes longer than most tests."""

    def __init__(self, scripts: bool):
        options = webdriver.ChromeOptions()
        options.binary_location = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        for flag in FLAGS:
            options.add_argument(flag)
        settings = {"intl.accept_languages": "en"}
        if not scripts:
            settings["profile.managed_default_content_settings.javascript"] = 2
        options.add_experimental_option("prefs", settings)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = os.environ.get("CHROMEDRIVER", "/usr/bin/chromedriver")
        self.driver = webdriver.Chrome(options=options, service=Service(driver))
        self.driver.set_page_load_timeout(60)
        self.agent = self.driver.execute_cdp_cmd("Browser.getVersion", {})["userAgent"]

    def begin(self, language: str):
        """A new tab instead of all others, for somebody who was never here. Emulation ends with its tab."""
        before = self.driver.window_handles
        self.driver.switch_to.new_window("tab")
        mine = self.driver.current_window_handle
        for handle in before:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(mine)
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.driver.execute_cdp_cmd("Browser.resetPermissions", {})
        self.driver.execute_cdp_cmd(
            "Emulation.setUserAgentOverride", {"userAgent": self.agent, "acceptLanguage": language}
        )
        for log in ("browser", "performance"):
            self.driver.get_log(log)

    def quit(self):
        self.driver.quit()


class Tab:
    """One person's browser."""

    def __init__(self, chromium: Chromium, test: str, demo: str, language: str = "en", scripts: bool = True):
        chromium.begin(language)
        self.driver = chromium.driver
        self.test, self.demo, self.pictures, self.scripts = test, demo, 0, scripts
        self.console: list[dict] = []
        self.requests: list[str] = []

    def open(self, path: str = "/"):
        self.driver.get(self.demo + path)
        self.picture("start")

    def find(self, selector: str) -> list:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, element):
        """Presses something that leads to another page, and waits for that page to be there and at rest."""
        before = self.driver.find_element(By.TAG_NAME, "html")
        element.click()
        self.wait(lambda: self.gone(before))
        self.rest()

    def look(self, width: int, scheme: str):
        """Through a window of this width, in the light or the dark colour scheme."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 800, "deviceScaleFactor": WIDTHS[width], "mobile": False},
        )
        # A picture of a colour that is on its way to another one says nothing.
        wanted = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wanted.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def overflows(self) -> bool:
        """Whether there is something to scroll to sideways (WCAG 2.2, success criterion 1.4.10)."""
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})
        return size["cssContentSize"]["width"] > size["cssLayoutViewport"]["clientWidth"]

    def violations(self) -> list[str]:
        """What axe-core finds on this page. It is run by the driver, which the page's policy does not bind."""
        if not self.driver.execute_script("return 'axe' in window"):
            self.driver.execute_script(Path(os.environ["AXE"]).read_text())
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {resultTypes: ['violations']}).then(done, fault => done({fault: String(fault)}))"
        )
        assert "fault" not in found, found
        return [
            f"{violation['id']}: {violation['help']}: {[node['html'] for node in violation['nodes']]}"
            for violation in found["violations"]
        ]

    def inspect(self):
        """Narrow and wide, light and dark, at 200 %: nothing is cut off, and nothing keeps anybody out."""
        # Without scripts there is less on a page, and nothing else.
        for width, scheme in LOOKS if self.scripts else (LOOKS[0], LOOKS[-1]):
            self.look(width, scheme)
            self.picture(f"{width}-{scheme}")
            assert not self.overflows(), f"scrolls sideways at {width}"
            if self.scripts:
                assert not self.driver.execute_script(SMALL)
                assert not self.violations(), (width, scheme)

    def rest(self):
        """Until no page is on its way any more: forms that submit themselves and redirects are all through."""
        if not self.scripts:
            return
        self.wait(
            lambda: (
                self.driver.execute_script("return document.readyState") == "complete"
                and not self.find("form input[name=SAMLResponse]")
            )
        )

    def gone(self, element) -> bool:
        try:
            element.is_enabled()
            return False
        except Exception:  # noqa: BLE001 - stale, detached or navigating: in each case the page is another one
            return True

    def wait(self, condition):
        def quietly(_):
            try:
                return condition()
            except Exception:  # noqa: BLE001 - asked in the middle of a navigation
                return False

        try:
            WebDriverWait(self.driver, PATIENCE_SECONDS, poll_frequency=0.05).until(quietly)
        except TimeoutException as fault:
            raise AssertionError(f"still at {self.driver.current_url}: {self.text()[:600]}") from fault

    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    def picture(self, name: str):
        """The whole page, as a person would see it by scrolling."""
        self.pictures += 1
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        shot = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot",
            {
                "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 6000), "scale": 1},
            },
        )
        folder = Path(os.environ.get("SCREENSHOTS", "target/screenshots"))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.test}-{self.pictures}-{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def collect(self):
        self.console += self.driver.get_log("browser")
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])

    def complaints(self) -> list[str]:
        """What the console has to say, apart from the status of pages that are refusals."""
        self.collect()
        return [
            f"{entry['source']}: {entry['message']}"
            for entry in self.console
            if entry["level"] in ("SEVERE", "WARNING") and not self.is_refusal(entry)
        ]

    def is_refusal(self, entry: dict) -> bool:
        url = entry["message"].split(" ")[0]
        return entry["source"] == "network" and urlsplit(url).path in REFUSING

    def strangers(self) -> list[str]:
        """Requests that left this machine."""
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).hostname not in LOOPBACK
        ]
