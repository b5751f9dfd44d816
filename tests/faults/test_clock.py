"""A gateway whose clock jumps: it says so, lets nobody in whom it cannot judge, and opens nothing twice."""

import os
from pathlib import Path

import pytest
from conftest import PLAIN, Site
from harness.browser import Browser, code_of
from harness.idp import Person
from harness.process import Process, binary
from harness.sign_in import PROBLEM

CROWD = 8
LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


class Clocked:
    """A site whose gateway's clock is turned while it runs. What it times with goes on as usual."""

    def __init__(self, folder: Path):
        assert LIBRARY.is_file(), "libfaketime is missing"
        self.offset = folder / "offset"
        self.turn(0)
        self.site = Site(folder)
        world = self.site.world
        world.start_aws()
        env = world.credentials | {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self.offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.gateway = Process("gateway", [binary(), "serve", "--config", world.write()], folder, env=env)
        world.running.append(self.gateway)
        self.gateway.until_http(f"{world.url}/readyz", accept=lambda status: status == 200)

    def turn(self, seconds: int):
        new = self.offset.with_suffix(".new")
        new.write_text(f"{seconds:+d}s\n")
        os.replace(new, self.offset)


@pytest.fixture
def clocked(tmp_path):
    clocked = Clocked(tmp_path)
    try:
        yield clocked
    finally:
        clocked.site.stop()


def test_a_clock_that_jumps(clocked):
    site = clocked.site
    audiences = [site.world.entity_id, "urn:amazon:webservices"]
    used = {"SAMLResponse": site.idp.respond(Person("nari", [PLAIN.pair]), site.world.acs, audiences)}
    post = lambda: Browser(accept=PROBLEM).post(site.world.acs, used)  # noqa: E731
    assert post().status_code in (200, 202)
    # Within what clocks may differ by, nobody notices.
    expired = {"assertion.expired": CROWD}
    for seconds, refused in [(30, {}), (-30, {}), (600, expired), (-600, expired)]:
        clocked.turn(seconds)
        people = site.newcomers(CROWD)
        assert site.sign_in(people, f"clock {seconds:+} s")["refused"] == refused
        again = post()
        assert (again.status_code, code_of(again) in ("assertion.replayed", "assertion.expired")) == (403, True)
        clocked.turn(0)
        # What was used stays used, when the clock is right again.
        again = post()
        assert (again.status_code, code_of(again)) == (403, "assertion.replayed"), again.text
        assert site.sign_in(people, f"clock {seconds:+} s: afterwards", "--retry")["refused"] == {}
        site.expect_one_profile_each(people)
