"""Ten thousand connections that say nothing: the next person signs in all the same."""

import resource
import socket
from pathlib import Path

import pytest
from conftest import RESEARCH
from harness.browser import Browser, Form
from harness.idp import Idp, Person
from harness.sign_in import arrive
from harness.world import IdpEntry, World

IDLE = 9_900
MOST_BYTES_EACH = 49_152


@pytest.fixture
def many_files():
    """For this process, and for those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= 2 * IDLE or hard == resource.RLIM_INFINITY, f"ulimit -Hn is {hard}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def test_idle_connections_do_not_hurt(tmp_path, many_files):
    idp = Idp()
    # 10,000 are the default; the head of a request may take its time here, so that none is closed meanwhile.
    world = World(
        tmp_path, [RESEARCH], [IdpEntry(idp.metadata())], gateway_keys="connections.first_request_seconds = 120"
    )
    idle = []
    try:
        world.start()
        pid = world.running[-1].child.pid
        before = resident(pid)
        for _ in range(IDLE):
            idle.append(socket.create_connection(("127.0.0.1", world.gateway_port)))
            # Half of a head.
            idle[-1].send(b"GET / HTTP/1.1\r\nHost: st")
        browser = Browser()
        fields = {"SAMLResponse": idp.respond(Person("alice", [RESEARCH.pair]), world.acs, [world.entity_id])}
        arrive(world, browser, browser.submit(Form(world.acs, "post", fields)), "alice", RESEARCH)
        each = (resident(pid) - before) / IDLE
        print(f"{each:.0f} bytes for each connection")
        assert each < MOST_BYTES_EACH
    finally:
        for connection in idle:
            connection.close()
        world.stop()
