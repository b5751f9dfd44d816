"""Two IdPs at one gateway. What one of them says counts for that one, and where that one was asked."""

import pytest
from harness.browser import Browser, code_of
from harness.idp import Idp, Person
from harness.sign_in import arrive, refused
from harness.world import IdpEntry, World
from steps import RESEARCH, answer, asked, bring, pair


@pytest.fixture(scope="module")
def corp():
    return Idp("corp")


@pytest.fixture(scope="module")
def partner():
    return Idp("partner")


@pytest.fixture(scope="module")
def world(corp, partner, tmp_path_factory):
    entries = [
        IdpEntry(corp.metadata(), "corp", "Example Corp"),
        IdpEntry(partner.metadata(), "partner", "Partner & Sons", options={"idp_initiated": False}),
    ]
    world = World(tmp_path_factory.mktemp("world"), [RESEARCH], entries)
    try:
        yield world.start()
    finally:
        world.stop()


def test_login_without_a_choice_leads_to_the_choice(world, browser):
    page = browser.get(f"{world.url}/login")
    assert page.status_code in (302, 303) and page.headers["Location"] == "/"
    page = browser.follow(page)
    assert page.status_code == 200
    for words in ("/login?idp=corp", "Example Corp", "/login?idp=partner", "Partner &#38; Sons"):
        assert words in page.text or words.replace("&#38;", "&amp;") in page.text, page.text


@pytest.mark.parametrize("key", ["corp", "partner"])
def test_each_signs_people_in(world, browser, request, key):
    idp = request.getfixturevalue(key)
    sent = asked(world, browser, idp, f"?idp={key}")
    user = f"nari.{key}"
    arrive(world, browser, browser.post(world.acs, answer(world, idp, user, sent, key)), user, RESEARCH)


@pytest.mark.parametrize("key", ["nobody", "", "CORP", "corp%00", "https://corp.interop.test/metadata"])
def test_there_is_no_other(world, key):
    browser = Browser(accept="application/problem+json")
    page = browser.get(f"{world.url}/login?idp={key}")
    assert page.status_code == 404, f"{page.status_code} {page.headers.get('Location')}"
    assert code_of(page) == "idp.unknown"


def test_two_tabs_with_two_idps(world, browser, corp, partner):
    """The answers come in the other order, each to its own request."""
    first, second = asked(world, browser, corp, "?idp=corp"), asked(world, browser, partner, "?idp=partner")
    for idp, sent, key in ((partner, second, "partner"), (corp, first, "corp")):
        arrive(world, browser, browser.post(world.acs, answer(world, idp, "bora", sent, key)), "bora", RESEARCH)


class Impostor(Idp):
    """Signs with its own key, as somebody else."""

    def __init__(self, real: Idp, claimed: Idp):
        super().__init__()
        self.entity_id, self.key, self.certificate = claimed.entity_id, real.key, real.certificate


@pytest.mark.parametrize("provider", ["corp", "partner"])
def test_the_key_of_one_is_not_the_others(world, browser, corp, partner, provider):
    impostor = Impostor(partner, corp)
    refused(world, bring(world, browser, answer(world, impostor, "nari", None, provider)), "assertion.rejected")
    sent = asked(world, browser, corp, "?idp=corp")
    refused(world, bring(world, browser, answer(world, impostor, "nari", sent, provider)), "assertion.rejected")


def test_a_response_in_the_name_of_the_other(world, browser, corp, partner):
    """The assertion is one of corp's; only the unsigned Response around it says partner."""
    honest = Person("nari", [pair()])
    response = corp.respond(honest, world.acs, [world.entity_id], response_issuer=partner.entity_id)
    refused(world, bring(world, browser, {"SAMLResponse": response}), "assertion.rejected")


def test_an_answer_of_the_idp_that_was_not_asked(world, browser, corp, partner):
    """corp was asked. That partner knows the request's ID, and its own people, does not make it partner's to answer."""
    sent = asked(world, browser, corp, "?idp=corp")
    answered = bring(world, browser, answer(world, partner, "nari", sent, "partner"))
    refused(world, answered, "assertion.rejected", "sign-in.lost")
    # The one that was asked may still answer.
    arrive(world, browser, browser.post(world.acs, answer(world, corp, "nari", sent)), "nari", RESEARCH)


def test_one_idp_does_not_give_the_roles_of_the_other(world, browser, corp, partner):
    sent = asked(world, browser, partner, "?idp=partner")
    refused(world, bring(world, browser, answer(world, partner, "nari", sent, "corp")), "entitlement.none")


def test_each_has_its_own_policy(world, browser, corp, partner):
    """corp may start a sign-in, partner may not."""
    arrive(world, browser, browser.post(world.acs, answer(world, corp, "duri")), "duri", RESEARCH)
    refused(world, bring(world, Browser(), answer(world, partner, "duri", None, "partner")), "sign-in.unsolicited")


def test_one_entity_id_for_two_is_a_mistake(world_of, corp):
    twin = Impostor(Idp("twin"), corp)
    world = world_of(IdpEntry(corp.metadata(), "corp"), IdpEntry(twin.metadata(), "twin"))
    code, said = world.refuse_to_start()
    assert code == 78 and corp.entity_id in said, said
