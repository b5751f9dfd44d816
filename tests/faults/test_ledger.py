"""The ledger in trouble: nobody gets in, nothing is called at AWS, and everybody gets in when it is over."""

import pytest
from conftest import DynamoDb, Redis
from wire import NONSENSE, http

# As many as may see whether there is an answer again when a breaker was open (`breaker_failures`); who comes on top of
# them while they do is told to come once more.
CROWD = 10
EXCEEDED = b'{"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "slow"}'
BUSY = {Redis: b"-BUSY Redis is busy\r\n", DynamoDb: http(400, EXCEEDED)}
ODD = {Redis: NONSENSE, DynamoDb: http(200, NONSENSE)}


@pytest.mark.parametrize("ledger", [Redis, DynamoDb], ids=["redis", "dynamodb"])
def test_ledger(site, ledger):
    site = site(ledger=ledger)
    troubles = {
        "down": ["down"],
        "slow": ["slow"],
        "throttling": ["answer", BUSY[ledger]],
        "resetting": ["reset"],
        "nonsense": ["answer", ODD[ledger]],
    }
    for how, turn in troubles.items():
        people = site.newcomers(CROWD)
        assumed = site.calls("sts:AssumeRoleWithSAML")
        site.wires["ledger"].turn(*turn)
        report = site.sign_in(people, f"{ledger.__name__} {how}")
        assert report["refused"] == {"ledger.unavailable": CROWD}, report
        assert site.calls("sts:AssumeRoleWithSAML") == assumed
        site.wires["ledger"].turn("pass")
        report = site.sign_in(people, f"{ledger.__name__} {how}: afterwards", "--retry")
        assert report["refused"] == {}, report
        site.expect_one_profile_each(people)


@pytest.mark.parametrize("ledger", [Redis, DynamoDb], ids=["redis", "dynamodb"])
def test_nobody_waits_for_a_ledger_that_does_not_answer(site, ledger):
    """After ten claims in a row without an answer people hear so at once, and not each after more than a second."""
    site = site(ledger=ledger)
    people = site.newcomers(60)
    site.wires["ledger"].turn("slow")
    report = site.sign_in(people, f"{ledger.__name__} slow, many people", at_once=4)
    assert report["refused"] == {"ledger.unavailable": 60}, report
    assert "no answer time after time" in site.world.gateway_log()
    assert site.world.gateway_log().count("not called: no answer lately") >= 30
    site.wires["ledger"].turn("pass")
    report = site.sign_in(people, f"{ledger.__name__} slow, many people: afterwards", "--retry")
    assert report["refused"] == {}, report
    site.expect_one_profile_each(people)
