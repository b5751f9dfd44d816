"""The gateway's STS call, as an STS that this project did not write reads it."""

import pytest
from conftest import RESEARCH
from harness.browser import Browser, code_of
from harness.idp import AuthnRequest, Person
from harness.wire import STS
from lxml import etree

pytestmark = pytest.mark.usefixtures("mended")
PROBLEM = "application/problem+json, application/json;q=0.9"
VERSION = "2011-06-15"


def test_an_answer_about_somebody_else_is_refused(stage):
    stage.wire.mend = False
    answer, _ = stage.sign_in("mallory", accept=PROBLEM)
    assert answer.status_code == 403
    assert code_of(answer) == "aws.disagrees"
    [exchange] = stage.wire.exchanges
    assert exchange.status == 200
    assert etree.fromstring(exchange.answer).tag == f"{{{STS}}}AssumeRoleWithSAMLResponse"
    made = {(call["operation"], call["status"]) for call in stage.world.control("calls") if "mallory" in str(call)}
    assert not [op for op, _ in made if op.startswith("Create")], "nothing is made or opened for a session in doubt"


def test_moto_reads_the_request(stage):
    browser = Browser()
    response = stage.response("nari")
    stage.opened(browser, browser.post(stage.world.acs, {"SAMLResponse": response}), "nari")
    [exchange] = stage.wire.exchanges
    assert (exchange["Action"], exchange["Version"]) == ("AssumeRoleWithSAML", VERSION)
    assert (exchange["RoleArn"], exchange["PrincipalArn"]) == (RESEARCH.role_arn, RESEARCH.provider_arn)
    assert exchange["SAMLAssertion"] == response, "the assertion is passed on as it came"
    sent = {name.lower(): value for name, value in exchange.headers.items()}
    assert "authorization" not in sent and "x-amz-security-token" not in sent, "this call takes no credentials"
    assert sent["content-type"].startswith("application/x-www-form-urlencoded")


def test_moto_issued_the_session_that_opens_studio(stage):
    answer, browser = stage.sign_in("sora")
    stage.opened(browser, answer, "sora")
    [exchange] = stage.wire.exchanges
    issued = etree.fromstring(exchange.answer)
    who = stage.moto.client(
        "sts",
        aws_access_key_id=issued.findtext(f".//{{{STS}}}AccessKeyId"),
        aws_secret_access_key=issued.findtext(f".//{{{STS}}}SecretAccessKey"),
        aws_session_token=issued.findtext(f".//{{{STS}}}SessionToken"),
    ).get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{RESEARCH.account}:assumed-role/{RESEARCH.role}/sora"


def test_started_at_the_gateway(stage):
    browser = Browser()
    redirect = browser.get(f"{stage.world.url}/login")
    assert redirect.status_code in (302, 303)
    assert redirect.headers["Location"].startswith(stage.idp.sso + "?")
    request = AuthnRequest.from_redirect(redirect.headers["Location"])
    assert (request.issuer, request.acs) == (stage.world.entity_id, stage.world.acs)
    assert request.destination == stage.idp.sso
    fields = {"SAMLResponse": stage.response("bora", request)}
    if request.relay_state is not None:
        fields["RelayState"] = request.relay_state
    stage.opened(browser, browser.post(stage.world.acs, fields), "bora")


def test_the_stranger_cannot_sign(stage):
    """A key of one's own and the right names are not enough."""
    stranger = type(stage.idp)()
    person = Person("nari", [RESEARCH.pair])
    response = stranger.respond(person, stage.world.acs, [stage.world.entity_id])
    refused = Browser(accept=PROBLEM).post(stage.world.acs, {"SAMLResponse": response})
    assert refused.status_code == 403
    assert code_of(refused) == "assertion.rejected"
    assert not stage.wire.exchanges


def test_botocore_makes_the_same_request(stage, anonymous_sts):
    """The same call, made by botocore, differs in nothing that the gateway does not add on purpose."""
    answer, browser = stage.sign_in("duri")
    stage.opened(browser, answer, "duri")
    [ours] = stage.wire.exchanges
    stage.wire.mend = False
    anonymous_sts.assume_role_with_saml(
        RoleArn=ours["RoleArn"], PrincipalArn=ours["PrincipalArn"], SAMLAssertion=ours["SAMLAssertion"]
    )
    theirs = stage.wire.exchanges[-1]
    assert (theirs.method, theirs.path) == (ours.method, ours.path)
    assert set(theirs.form) <= set(ours.form)
    assert {name for name, _ in ours.form} - {name for name, _ in theirs.form} <= {"DurationSeconds", "Policy"}
