"""A browser without a window: cookies, redirects and forms, one step at a time."""

import http.cookiejar
from dataclasses import dataclass
from urllib.parse import urljoin

import requests
from bs4 import BeautifulSoup
from requests.cookies import get_cookie_header

STEPS = 20


@dataclass
class Form:
    """A form as a person would submit it."""

    action: str
    method: str
    fields: dict

    @property
    def is_saml_response(self) -> bool:
        return "SAMLResponse" in self.fields


def forms(response: requests.Response) -> list[Form]:
    found = []
    for form in BeautifulSoup(response.text, "html.parser").find_all("form"):
        fields = {}
        for field in form.find_all(["input", "button"]):
            kind = (field.get("type") or ("submit" if field.name == "button" else "text")).lower()
            if not field.get("name") or (kind in ("radio", "checkbox") and not field.has_attr("checked")):
                continue
            # Of several submit buttons a person presses one: the first.
            if kind == "submit" and any(name == field["name"] for name in fields):
                continue
            fields[field["name"]] = field.get("value", "")
        action = urljoin(response.url, form.get("action") or response.url)
        found.append(Form(action, (form.get("method") or "get").lower(), fields))
    return found


class Browser:
    """Chrome sends Secure cookies to http://127.0.0.1, so this one does too."""

    def __init__(self, accept: str = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1", language: str = "en"):
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https")))
        self.session.headers.update({"Accept": accept, "Accept-Language": language})
        self.trail: list[tuple[str, str, int]] = []

    def get(self, url: str, **more) -> requests.Response:
        return self._send("GET", url, **more)

    def post(self, url: str, data: dict, **more) -> requests.Response:
        return self._send("POST", url, data=data, **more)

    def submit(self, form: Form, **changed) -> requests.Response:
        data = form.fields | changed
        return self.post(form.action, data) if form.method == "post" else self.get(form.action, params=data)

    def follow(self, response: requests.Response, stop_before: str | None = None) -> requests.Response:
        """Follows redirects, as far as the first one that would leave for `stop_before`."""
        for _ in range(STEPS):
            target = response.headers.get("Location")
            if response.status_code not in (301, 302, 303, 307, 308) or not target:
                return response
            target = urljoin(response.url, target)
            if stop_before and target.startswith(stop_before):
                return response
            response = self.get(target)
        raise AssertionError(f"more than {STEPS} redirects: {self.trail}")

    def _send(self, method: str, url: str, **more) -> requests.Response:
        request = self.session.prepare_request(requests.Request(method, url, **more))
        # requests copies the cookies into a jar of the default policy, which keeps Secure ones back: set them here.
        request.headers.pop("Cookie", None)
        if cookies := get_cookie_header(self.session.cookies, request):
            request.headers["Cookie"] = cookies
        response = self.session.send(request, allow_redirects=False, timeout=60)
        self.trail.append((method, url.split("?")[0], response.status_code))
        return response


def code_of(response: requests.Response) -> str:
    """The public error code of a refusal, asked for as problem details."""
    kind = response.headers.get("Content-Type", "")
    assert kind.startswith("application/problem+json"), f"{response.status_code} {kind}: {response.text[:600]}"
    return response.json()["code"]
