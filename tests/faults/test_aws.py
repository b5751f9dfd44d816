"""AWS in trouble, one API after another: the truth at once, nothing twice, and everybody in when it is over."""

import pytest
from conftest import WITH_ROLES
from wire import NONSENSE, http

# As many as it takes to open a breaker.
CROWD = 10
TROUBLES = ["down", "slow", "throttling", "resetting", "nonsense"]
# What people may be told. `aws.unavailable` also while a breaker is open.
CODES = {
    "down": {"aws.unavailable"},
    "slow": {"aws.timeout", "aws.unavailable"},
    "throttling": {"aws.throttled"},
    "resetting": {"aws.unavailable"},
    "nonsense": {"aws.unavailable"},
}


def throttle(site, service: str):
    for api in {
        "sts": ["sts:AssumeRoleWithSAML"],
        "sagemaker": ["sagemaker:DescribeUserProfile"],
        "iam": ["iam:GetRole"],
    }[service]:
        site.world.tell("knobs", {"knob": "throttle", "api": api, "count": 100_000})


def trouble(site, service: str, how: str):
    wire = site.wires[service]
    match how:
        case "down" | "slow":
            wire.turn(how)
        case "resetting":
            wire.turn("reset")
        case "nonsense":
            wire.turn("answer", http(200, NONSENSE))
        case "throttling":
            throttle(site, service)


def mend(site, service: str):
    site.wires[service].turn("pass")
    site.world.tell("knobs", {"knob": "clear"})


@pytest.mark.parametrize("service", ["sts", "sagemaker", "iam"])
def test_aws(site, service):
    site = site(domain=WITH_ROLES)
    for how in TROUBLES:
        people = site.newcomers(CROWD)
        trouble(site, service, how)
        report = site.sign_in(people, f"{service} {how}")
        assert set(report["refused"]) <= CODES[how], report
        assert sum(report["refused"].values()) == CROWD, "nobody gets in without it"
        mend(site, service)
        report = site.sign_in(people, f"{service} {how}: afterwards", "--retry")
        assert report["refused"] == {}, report
        site.expect_one_profile_each(people)


def test_retries_have_a_budget(site):
    """When STS throttles for good, an instance asks little more often than people come."""
    site = site()
    people = site.newcomers(150)
    throttle(site, "sts")
    report = site.sign_in(people, "sts throttling, many people")
    assert set(report["refused"]) == {"aws.throttled"}
    attempts = site.calls("sts:AssumeRoleWithSAML")
    print(f"{attempts} attempts for {len(people)} sign-ins")
    # 500 tokens, and 5 for each retry.
    assert len(people) <= attempts <= len(people) + 100
    mend(site, "sts")
    assert site.sign_in(people, "sts throttling, many people: afterwards", "--retry")["refused"] == {}
    site.expect_one_profile_each(people)
