"""The demo, and a browser that sees it."""

import re
import socket
from contextlib import contextmanager
from pathlib import Path

import pytest
from chromium import Chromium, Tab
from harness.process import Process, binary, free_port


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The address that the demo prints."""
    with running(tmp_path_factory.mktemp("demo")) as address:
        yield address


@pytest.fixture
def own_demo(tmp_path):
    """The address of a demo that no other test uses."""
    with running(tmp_path) as address:
        yield address


@contextmanager
def running(logs: Path):
    with Process("demo", [binary(), "demo", "--port-base", str(free_ports(4))], logs) as process:
        found = process.until("address", lambda: re.search(r"open (http://\S+)", process.text()))
        address = found[1].rstrip("/")
        process.until_http(f"{address}/readyz", accept=lambda status: status == 200)
        yield address


def free_ports(count: int) -> int:
    """The first of `count` ports in a row; the demo takes the next ones for its other parts."""
    for _ in range(50):
        base = free_port()
        try:
            for port in range(base, base + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return base
        except (OSError, OverflowError):
            continue
    raise AssertionError("no free ports in a row")


@pytest.fixture(scope="session")
def chromium():
    """The browser with scripts, or the one without; each is started when it is first asked for."""
    running: dict[bool, Chromium] = {}

    def of(scripts: bool) -> Chromium:
        if scripts not in running:
            running[scripts] = Chromium(scripts)
        return running[scripts]

    try:
        yield of
    finally:
        for one in running.values():
            one.quit()


@pytest.fixture
def browsers(request, chromium, demo):
    """Makes somebody's browser, at the demo if nothing else is said; there is one of a kind at a time."""
    tabs = []

    def browser(at: str = demo, scripts: bool = True, language: str = "en") -> Tab:
        test = request.node.name.removeprefix("test_")
        tabs.append(Tab(chromium(scripts), test, at, language, scripts))
        return tabs[-1]

    yield browser
    for tab in tabs:
        complaints = tab.complaints()
        assert not complaints, "\n".join(complaints)
        assert tab.requests and not tab.strangers(), tab.strangers()


@pytest.fixture
def language():
    return "en"


@pytest.fixture
def tab(browsers, language):
    return browsers(language=language)
