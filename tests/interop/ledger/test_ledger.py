"""Three gateways share a ledger: an assertion counts once at any of them, and not at all while the ledger is away."""

import base64
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness.browser import Browser, code_of
from harness.idp import AuthnRequest, Idp, Person
from harness.process import binary
from harness.sign_in import PROBLEM, arrive
from harness.world import Domain, IdpEntry, World

RESEARCH = Domain("research", "d-researchaaaa", "111122223333", "DataScientist")
AT_ONCE = 12


class Fleet:
    """Gateways with one configuration, one seal key and one ledger."""

    def __init__(self, folder, ledger):
        self.idp = Idp()
        seal = folder / "seal.key"
        seal.write_text(base64.b64encode(os.urandom(32)).decode())
        keys = f'seal_keys = ["file:{seal}"]'
        entry = IdpEntry(self.idp.metadata())
        self.world = World(folder, [RESEARCH], [entry], tables=ledger.tables(), gateway_keys=keys)

    def start(self) -> "Fleet":
        self.world.start()
        self.acs = [self.world.acs, self.world.serve_another(), self.world.serve_another()]
        return self

    def response(self, user: str, request: AuthnRequest | None = None) -> dict:
        audiences = [self.world.entity_id, "urn:amazon:webservices"]
        person = Person(user, [RESEARCH.pair])
        return {"SAMLResponse": self.idp.respond(person, self.world.acs, audiences, request)}

    def assumed(self) -> int:
        return sum(event["api"] == "sts:AssumeRoleWithSAML" for event in self.world.control("events"))


@pytest.fixture
def fleet(tmp_path, ledger):
    fleet = Fleet(tmp_path, ledger)
    try:
        yield fleet.start()
    finally:
        fleet.world.stop()


def test_one_of_many_wins(fleet):
    for user in ("nari", "bora", "duri"):
        form = fleet.response(user)
        post = lambda number: Browser(accept=PROBLEM).post(fleet.acs[number % 3], form)  # noqa: B023, E731
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(post, range(AT_ONCE)))
        won = [answer for answer in answers if answer.status_code != 403]
        assert len(won) == 1, [answer.status_code for answer in answers]
        lost = [code_of(answer) for answer in answers if answer.status_code == 403]
        assert lost == ["assertion.replayed"] * (AT_ONCE - 1)
    assert fleet.assumed() == 3


def test_a_sign_in_begins_at_one_and_ends_at_another(fleet):
    browser = Browser()
    redirect = browser.get(f"{fleet.world.url}/login")
    request = AuthnRequest.from_redirect(redirect.headers["Location"])
    answer = browser.post(fleet.acs[1], fleet.response("sora", request))
    arrive(fleet.world, browser, answer, "sora", RESEARCH)


def test_nothing_is_granted_while_the_ledger_is_away(fleet, ledger):
    browser = Browser()
    arrive(fleet.world, browser, browser.post(fleet.acs[0], fleet.response("nari")), "nari", RESEARCH)
    assumed = fleet.assumed()
    ledger.stop()
    for acs in fleet.acs:
        answer = Browser(accept=PROBLEM).post(acs, fleet.response("nari"))
        assert (answer.status_code, code_of(answer)) == (503, "ledger.unavailable")
        assert answer.headers["Retry-After"]
    assert fleet.assumed() == assumed
    ledger.start()
    for acs in fleet.acs:
        browser = Browser()
        arrive(fleet.world, browser, browser.post(acs, fleet.response("nari")), "nari", RESEARCH)


def found(fleet) -> tuple[dict[str, str], int]:
    """What `check --live` says of the ledger: the level of each finding, and the exit code."""
    command = [binary(), "check", "--live", "--json", "--config", fleet.world.write()]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = inherited | fleet.world.credentials
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)
    findings = {one["id"]: one for one in json.loads(done.stdout)["findings"]}
    print(findings["ledger.claim"])
    levels = {name: one["level"] for name, one in findings.items() if name.startswith("ledger.")}
    return levels, done.returncode


def test_the_live_check_says_whether_the_ledger_can_be_used(fleet, ledger):
    levels, _ = found(fleet)
    assert levels["ledger.claim"] == "ok"
    # It leaves nothing behind that is in the way of a sign-in.
    browser = Browser()
    arrive(fleet.world, browser, browser.post(fleet.acs[0], fleet.response("nari")), "nari", RESEARCH)
    ledger.stop()
    levels, code = found(fleet)
    assert (levels["ledger.claim"], code) == ("error", 1)
    ledger.start()
    levels, _ = found(fleet)
    assert levels["ledger.claim"] == "ok"
