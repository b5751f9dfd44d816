"""What the tests of the templates share."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "deploy/iam/example.toml"


@pytest.fixture(scope="session")
def printed() -> Callable[..., str]:
    """What `studio-gateway policies` prints for the example configuration."""

    def run(*arguments: str) -> str:
        command = [os.environ["STUDIO_GATEWAY"], "policies", "--config", str(EXAMPLE), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return run


@pytest.fixture(scope="session")
def policies(printed: Callable[..., str]) -> dict[str, Any]:
    """Every policy document by its name."""
    names = [line.split()[0] for line in printed("--list").splitlines()]
    return {name: json.loads(printed("--only", name)) for name in names}
