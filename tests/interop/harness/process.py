"""Programs under test: started on loopback, watched, and ended by their own process id."""

import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[3]
GIVE_UP_SECONDS = 30


def binary() -> Path:
    """The gateway: STUDIO_GATEWAY, or the debug build of this checkout."""
    if named := os.environ.get("STUDIO_GATEWAY"):
        return Path(named).resolve()
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = target / "debug" / "studio-gateway"
    if not path.is_file():
        pytest.exit(f"{path} is missing: run `cargo build --locked` first, or set STUDIO_GATEWAY", returncode=1)
    return path


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """One program, with everything it prints in a log file and in `output`."""

    def __init__(self, name: str, command: list, logs: Path, env: dict | None = None, cwd: Path | None = None):
        self.name = name
        self.log = logs / f"{name}.log"
        self.output: list[str] = []
        # Proxies of the machine are not for loopback; AWS credentials of the machine are not for tests.
        inherited = {
            k: v for k, v in os.environ.items() if not k.upper().endswith("_PROXY") and not k.startswith("AWS_")
        }
        self.child = subprocess.Popen(
            [str(part) for part in command],
            env=inherited | (env or {}),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with self.log.open("w") as log:
            for line in self.child.stdout:
                log.write(line)
                log.flush()
                self.output.append(line.rstrip("\n"))

    def text(self) -> str:
        return "\n".join(self.output)

    def fail(self, why: str):
        raise AssertionError(f"{self.name}: {why}\n--- {self.name} printed ---\n{self.text()[-4000:]}")

    def until(self, what: str, probe):
        """Waits until `probe` answers something true, and returns it."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            if found := probe():
                return found
            if self.child.poll() is not None:
                self.reader.join(2)
                self.fail(f"ended with {self.child.returncode} before {what}")
            time.sleep(0.05)
        self.fail(f"no {what} after {GIVE_UP_SECONDS} s")

    def until_http(self, url: str, accept=lambda status: status < 500):
        def probe():
            try:
                return accept(requests.get(url, timeout=5, allow_redirects=False).status_code)
            except requests.RequestException:
                return False

        return self.until(f"answer from {url}", probe)

    def end(self) -> int:
        """Waits until it ends by itself; its exit code."""
        try:
            self.child.wait(GIVE_UP_SECONDS)
        except subprocess.TimeoutExpired:
            self.stop()
            self.fail(f"still runs after {GIVE_UP_SECONDS} s")
        self.reader.join(2)
        return self.child.returncode

    def stop(self) -> int:
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGTERM)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait(10)
        self.reader.join(2)
        return self.child.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
