"""The gateway's table of settings, and a profile that has every one of them, against botocore's model."""

import json
import subprocess
import tomllib
from pathlib import Path

import pytest
from harness.browser import Browser
from harness.idp import Idp, Person
from harness.process import ROOT, binary
from harness.shapes import request_faults, service
from harness.world import Domain, IdpEntry, World

EVERYTHING = ROOT / "tests/settings/everything.toml"
TOP = ["UserSettings", "SpaceSettings", "OwnershipSettings", "SpaceSharingSettings"]
# What an integer of the model can be where the model sets no limit.
INTEGER = 2**31 - 1


@pytest.fixture(scope="module")
def table() -> dict:
    return json.loads(subprocess.run([binary(), "settings"], check=True, capture_output=True, timeout=60).stdout)


@pytest.fixture(scope="module")
def sagemaker():
    return service("sagemaker")


def of_model(shape) -> dict:
    """A shape of the model in the words of `studio-gateway settings`."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    match shape.type_name:
        case "structure":
            members = {name: of_model(member) for name, member in shape.members.items()}
            if shape.metadata.get("union") or getattr(shape, "is_tagged_union", False):
                return {"type": "one-of", "members": members}
            return {"type": "table", "required": sorted(shape.required_members), "members": members}
        case "list":
            assert not least, f"{shape.name}: a list with a least length, which the table cannot say"
            return {"type": "list", "max": most, "items": of_model(shape.member)}
        case "string" if shape.enum:
            return {"type": "choice", "values": sorted(shape.enum)}
        case "string":
            return {"type": "text", "min": least or 0, "max": most, "pattern": shape.metadata.get("pattern")}
        case "integer" | "long":
            return {"type": "number", "min": least, "max": INTEGER if most is None else most}
    raise AssertionError(f"{shape.name}: no words for type {shape.type_name}")


def ordered(shape: dict) -> dict:
    """The same, with closed sets in order."""
    shape = dict(shape)
    for name in ("values", "required"):
        if name in shape:
            shape[name] = sorted(shape[name])
    if "members" in shape:
        shape["members"] = {name: ordered(member) for name, member in shape["members"].items()}
    if "items" in shape:
        shape["items"] = ordered(shape["items"])
    return shape


def differences(ours, models, path: str) -> list[str]:
    if isinstance(ours, dict) and isinstance(models, dict):
        found = []
        for name in sorted(ours.keys() | models.keys()):
            found += differences(ours.get(name, "missing"), models.get(name, "missing"), f"{path}.{name}")
        return found
    return [] if ours == models else [f"{path}: {ours!r}, and the model says {models!r}"]


@pytest.mark.parametrize("name", TOP)
def test_the_table_is_the_model(table, sagemaker, name):
    found = differences(ordered(table[name]), of_model(sagemaker.shape_for(name)), name)
    assert not found, "\n".join(found)


def test_the_table_has_nothing_else(table):
    assert sorted(table) == sorted(TOP)


def test_the_comparison_finds_differences(table, sagemaker):
    ours = ordered(table["UserSettings"])
    idle = ours["members"]["JupyterLabAppSettings"]["members"]["AppLifecycleManagement"]["members"]["IdleSettings"]
    idle["members"]["IdleTimeoutInMinutes"]["min"] = 1
    del ours["members"]["StudioWebPortal"]
    ours["members"]["SecurityGroups"]["items"]["pattern"] = ".*"
    assert len(differences(ours, of_model(sagemaker.shape_for("UserSettings")), "")) == 3


@pytest.fixture(scope="module")
def created(tmp_path_factory) -> dict:
    """The CreateUserProfile request of a newcomer whose profile has everything."""
    folder: Path = tmp_path_factory.mktemp("everything")
    domain = Domain("research", "d-researchaaaa", "111122223333", "DataScientist")
    idp = Idp()
    world = World(folder, [domain], [IdpEntry(idp.metadata())], settings=EVERYTHING.read_text())
    try:
        world.start()
        audiences = [world.entity_id, "urn:amazon:webservices"]
        response = idp.respond(Person("nari", [domain.pair], ["data-science"]), world.acs, audiences, None)
        answer = Browser().post(world.acs, {"SAMLResponse": response})
        log = world.gateway_log()
        assert answer.status_code in (200, 303), f"{answer.status_code}: {log[-2000:]}"
        calls = [call for call in world.control("calls") if call["operation"] == "CreateUserProfile"]
    finally:
        world.stop()
    assert [call["status"] for call in calls] == [200], log[-2000:]
    return calls[0]["request"]


def test_a_profile_with_everything_is_a_request_of_the_model(created, sagemaker):
    shape = sagemaker.operation_model("CreateUserProfile").input_shape
    found = request_faults(created, shape)
    assert not found, "\n".join(found)


def test_nothing_got_lost_on_the_way(created):
    assert created["UserSettings"] == tomllib.loads(EVERYTHING.read_text())
