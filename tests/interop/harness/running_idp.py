"""An identity provider of somebody else, which a script has started before the suite: see `with_idp.sh`."""

import json
import os
import subprocess
from pathlib import Path

import requests
from bs4 import BeautifulSoup
from lxml import etree

from .browser import Browser, Form, forms
from .idp import HTTP_POST, MD

STEPS = 8


class RunningIdp:
    def __init__(self):
        self.name = os.environ["IDP_NAME"]
        self.script = os.environ["IDP_SCRIPT"]
        self.folder = Path(os.environ["RI_BASE"]) / "run" / self.name
        self.about = json.loads((self.folder / "idp.json").read_text())
        # Key pairs of the gateway: the IdP knows "sp", and never heard of "wrong".
        self.sp_keys = Path(os.environ["RI_BASE"]) / "run/sp"

    def metadata(self) -> bytes:
        answer = requests.get(self.about["metadata_url"], timeout=10)
        answer.raise_for_status()
        metadata = etree.fromstring(answer.content)
        services = metadata.findall(f".//{{{MD}}}SingleSignOnService")
        # SimpleSAMLphp takes posted requests at the same place, but its metadata does not say so.
        if HTTP_POST not in {service.get("Binding") for service in services}:
            post = etree.Element(services[0].tag, {"Binding": HTTP_POST, "Location": self.about["sso_post"]})
            services[-1].addnext(post)
        return etree.tostring(metadata)

    def key_pair(self, name: str) -> tuple[Path, Path]:
        return self.sp_keys / f"{name}.crt", self.sp_keys / f"{name}.key"

    def named_variant(self, name: str):
        """SimpleSAMLphp: one of the variants that its script knows."""
        subprocess.run([self.script, "variant", name], check=True, timeout=30)

    def variant(self, settings: dict):
        """samlp and samlify: they read this file at every request."""
        (self.folder / "variant.json").write_text(json.dumps(settings))

    def sign_in(self, browser: Browser, page: requests.Response, user: str) -> Form:
        """From the IdP's login page to the form that carries the response to the gateway."""
        found, page = self.walk(browser, page, user)
        assert found, f"neither a login nor a response at {page.url}: {page.status_code} {page.text[:500]}"
        return found

    def refuse(self, browser: Browser, page: requests.Response, user: str) -> str:
        """The words of the IdP's error page, where a response might have been. Its status may well be 200."""
        found, page = self.walk(browser, page, user)
        assert not found, "the IdP answered a request that it should refuse"
        return " ".join(BeautifulSoup(page.text, "html.parser").text.split())

    def unsolicited(self, browser: Browser, user: str) -> Form:
        return self.sign_in(browser, browser.get(self.about["idp_init"]), user)

    def walk(self, browser: Browser, page: requests.Response, user: str) -> tuple[Form | None, requests.Response]:
        """Logs in, and goes on until there is a response, or nothing more to do."""
        logins = 0
        for _ in range(STEPS):
            page = browser.follow(page)
            if page.status_code != 200:
                return None, page
            found = forms(page)
            for form in found:
                if form.is_saml_response:
                    return form, page
            login = next((form for form in found if "password" in form.fields), None)
            if login:
                logins += 1
                assert logins == 1, f"the login form comes back: {page.text[:500]}"
                page = browser.submit(login, username=user, password=self.about["users"][user])
                continue
            # After the login, some send a posted request round once more.
            again = next((form for form in found if "SAMLRequest" in form.fields), None)
            if not again:
                return None, page
            page = browser.submit(again)
        raise AssertionError(f"no end after {STEPS} steps: {browser.trail}")
