"""The ledger in trouble: nobody gets in, nothing is called at AWS, and everybody gets in when it is over."""

import pytest
from conftest import DynamoDb, Redis
from wire import NONSENSE, http

CROWD = 12
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
