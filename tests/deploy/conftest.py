"""What the tests of the templates share."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "deploy/iam/example.toml"


def documents(config: Path) -> dict[str, Any]:
    """Every policy document that is printed for a configuration, by its name."""
    lines = printed_for(config, "--list").splitlines()
    names = [line.split()[0] for line in lines if "Not printed" not in line]
    return {name: json.loads(printed_for(config, "--only", name)) for name in names}


def printed_for(config: Path, *arguments: str) -> str:
    command = [os.environ["STUDIO_GATEWAY"], "policies", "--config", str(config), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def printed() -> Callable[..., str]:
    """What `studio-gateway policies` prints for the example configuration."""
    return partial(printed_for, EXAMPLE)


@pytest.fixture(scope="session")
def policies() -> dict[str, Any]:
    """Every policy of the example."""
    return documents(EXAMPLE)


@pytest.fixture(scope="session")
def examples(policies: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every policy of the example, of the one in a team's account, and of variants of the first."""
    folder = tmp_path_factory.mktemp("examples")
    text = EXAMPLE.read_text().replace("../../config", str(ROOT / "config"))
    reconciling = folder / "reconciling.toml"
    reconciling.write_text(text.replace("[domain.profile]", 'provisioning = "reconcile"\n[domain.profile]'))
    spaceless = folder / "spaceless.toml"
    spaceless.write_text(re.sub(r'\[\[destination\]\]\nkey = "research-lab".*?(?=\[\[)', "", text, flags=re.DOTALL))
    return {
        "example": policies,
        "spaceless": documents(spaceless),
        "reconciling": documents(reconciling),
        "team-account": documents(ROOT / "deploy/iam/team-account/example.toml"),
    }
