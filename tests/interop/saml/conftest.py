"""What these suites share: gateways that end with their test."""

import pytest
from harness.browser import Browser
from harness.world import IdpEntry, World
from steps import RESEARCH


@pytest.fixture
def browser():
    return Browser()


@pytest.fixture
def world_of(tmp_path):
    """Makes a world, not yet started, for these entries of the configuration."""
    made = []

    def make(*idps: IdpEntry, **more) -> World:
        made.append(World(tmp_path, [RESEARCH], list(idps), **more))
        return made[-1]

    yield make
    for world in made:
        world.stop()
