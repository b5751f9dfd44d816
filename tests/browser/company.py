"""A company's own gateway: its brand, its identity providers, and the key that its tokens are sealed with, so that a
test can hold a page that is older than it is, or of any error."""

import base64
import html
import json
import secrets
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from harness.idp import AuthnRequest, Idp, Person
from harness.world import Domain, IdpEntry, World

ACCOUNT = "111122223333"
RESEARCH = Domain("research", "d-researchaaaa", ACCOUNT, "DataScientist")
PLATFORM = Domain("platform", "d-platformaaaa", ACCOUNT, "MLEngineer")
COLOUR = "#7a1f5c"
NAME = "한빛 ML Studio"
CONTACT = "ML 플랫폼팀, ml@example.com"
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 32">
<rect width="96" height="32" rx="4" fill="#7a1f5c"/><circle cx="16" cy="16" r="8" fill="#ffd400"/>
<path d="M34 10h52M34 16h52M34 22h30" stroke="#fff" stroke-width="3"/></svg>"""


class Site(Idp):
    """An identity provider with a web site. It knows who is there, and asks nobody anything."""

    def __init__(self, key: str):
        super().__init__(key)
        self.provider = key
        self.acs = ""
        self.asked: list[AuthnRequest] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                request = AuthnRequest.from_redirect(self.path) if "SAMLRequest=" in self.path else None
                if request:
                    site.asked.append(request)
                self.answer(site.page(request))

            def do_POST(self):
                """A request by HTTP-POST is looked at, and no more."""
                self.rfile.read(int(self.headers["Content-Length"]))
                self.answer("<!doctype html><title>Asked</title><h1>Asked</h1>")

            def answer(self, page: str):
                body = page.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.sso = f"{self.url}/sso"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, request: AuthnRequest | None) -> str:
        """The form with the response: an answer to the request, or the portal's own beginning."""
        pairs = [f"{domain.role_arn},{domain.provider(self.provider)}" for domain in (RESEARCH, PLATFORM)]
        person = Person("nari.han", pairs)
        fields = {"SAMLResponse": self.respond(person, self.acs, [f"{self.acs[:-4]}/metadata"], request)}
        if request and request.relay_state:
            fields["RelayState"] = request.relay_state
        inputs = "".join(f'<input type="hidden" name="{n}" value="{html.escape(v)}">' for n, v in fields.items())
        return f"""<!doctype html><title>IdP</title><link rel="icon" href="data:,">
<form method="post" action="{self.acs}">{inputs}<button>Continue</button></form>
<script>document.forms[0].submit()</script>"""

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Silent(Site):
    """One that starts sign-ins in its portal, and takes no requests."""

    def metadata(self, *how) -> bytes:
        return (
            super()
            .metadata(*how)
            .replace(b"bindings:HTTP-Redirect", b"bindings:SOAP")
            .replace(b"bindings:HTTP-POST", b"bindings:PAOS")
        )


class Sealed:
    """What the gateway seals, by the key that it was given."""

    def __init__(self):
        self.key = secrets.token_bytes(32)

    def seal(self, purpose: str, binding: str, content: str) -> str:
        nonce = secrets.token_bytes(12)
        sealed = nonce + AESGCM(self.key).encrypt(nonce, content.encode(), f"{purpose}\0{binding}".encode())
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, purpose: str, binding: str, token: str) -> str:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return AESGCM(self.key).decrypt(sealed[:12], sealed[12:], f"{purpose}\0{binding}".encode()).decode()


class Company:
    """A running gateway with these identity providers."""

    def __init__(self, folder: Path, idps: dict[str, Site], options: dict[str, dict] | None = None):
        self.idps = idps
        self.sealed = Sealed()
        (folder / "seal.key").write_text(base64.b64encode(self.sealed.key).decode())
        (folder / "logo.svg").write_text(LOGO)
        names = {"corp": "한빛전자", "partner": "Partner & Sons"}
        entries = [
            IdpEntry(idp.metadata(), key, names[key], options=(options or {}).get(key, {})) for key, idp in idps.items()
        ]
        self.world = World(folder, [RESEARCH, PLATFORM], entries)
        self.world.gateway_keys = f'seal_keys = ["file:seal.key"]\ncontact = {json.dumps(CONTACT)}\n'
        self.world.tables = f'\n[brand]\nname = "{NAME}"\nlogo = "logo.svg"\ncolour = "{COLOUR}"\n'
        for idp in idps.values():
            idp.acs = self.world.acs

    @property
    def url(self) -> str:
        return self.world.url

    def refused(self, code: str, retry: bool, request_id: str = "0123456789abcdef") -> str:
        """Path of the page that shows this error."""
        content = f"{code} {request_id} {'/login?idp=corp' if retry else ''}"
        return f"/refused?shown={self.sealed.seal('page/1', '', content)}"

    def aged(self, token: str, browser: str) -> str:
        """The same sign-in, sealed for the same browser at a time that is over."""
        identity, response = self.sealed.open("choice/1", browser, token).split("\n", 1)
        facts = json.loads(identity)
        assert facts["redeemable_until"] > "2020"
        facts["redeemable_until"] = "2020-01-01T00:00:00Z"
        return self.sealed.seal("choice/1", browser, f"{json.dumps(facts)}\n{response}")


@contextmanager
def running(folder: Path, idps: dict[str, Site], options: dict[str, dict] | None = None):
    company = Company(folder, idps, options)
    try:
        company.world.start()
        yield company
    finally:
        company.world.stop()
        for idp in idps.values():
            idp.stop()


def query(url: str) -> dict:
    """The parameters of an address, each of which is there once."""
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}
