"""The IdP that `with_idp.sh` has started, and a gateway that trusts it."""

import os

import pytest
from harness.browser import Browser
from harness.running_idp import RunningIdp
from harness.world import Domain, IdpEntry, World


@pytest.fixture(scope="session")
def research():
    return Domain("research", "d-researchaaaa", "111122223333", "DataScientist")


@pytest.fixture(scope="session")
def analytics():
    return Domain("analytics", "d-analyticsbbb", "444455556666", "Analyst", region="us-east-1")


@pytest.fixture(scope="session")
def idp():
    return RunningIdp()


@pytest.fixture(scope="session")
def world(idp, research, analytics, tmp_path_factory):
    world = World(
        tmp_path_factory.mktemp("world"),
        [research, analytics],
        [IdpEntry(idp.metadata())],
        gateway_port=int(os.environ["GATEWAY_PORT"]),
        keys=[idp.key_pair("sp")],
    )
    assert world.acs == os.environ["SP_ACS"] and world.entity_id == os.environ["SP_ENTITY"]
    try:
        yield world.start()
    finally:
        world.stop()


@pytest.fixture
def browser():
    return Browser()


@pytest.fixture(scope="module")
def asks(world, idp):
    """Restarts the gateway so that it asks with this binding, signed with this key pair, or with none."""
    entry, keys = world.idps[0], world.keys

    def configure(binding: str, key: str | None):
        entry.options = {"request_binding": binding, "sign_requests": key is not None}
        world.keys = [idp.key_pair(key)] if key else keys
        world.restart()

    yield configure
    entry.options, world.keys = {}, keys
    world.restart()
