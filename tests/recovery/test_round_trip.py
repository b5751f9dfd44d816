"""The whole way: backup, restore into an empty domain, backup again."""

import pytest
from account import NEW, OLD, Account

PROFILES, SPACES = 10_000, 200
APPLY = ("--apply", "--mapping", "mapping.json")
# The calls with these numbers are throttled.
THROTTLED = range(50, 20_000, 131)
LISTS = ("ListUserProfiles", "ListSpaces")
LOOKS = ("DescribeUserProfile", "DescribeSpace", "ListTags")
MAKES = ("CreateUserProfile", "CreateSpace")


@pytest.fixture
def account(tmp_path):
    account = Account(tmp_path, PROFILES, SPACES)
    yield account
    account.stop()
    for what, seconds in account.seconds:
        print(f"{what:<40} {seconds:6.1f} s")


def throttled(*apis: str) -> list[dict]:
    calls = [(api, call) for api in apis for call in THROTTLED]
    calls += [(api, call) for api in LISTS for call in (0, 1, 60)]
    return [{"api": api, "call": call, "effect": "throttle"} for api, call in calls]


def held(api: str, first: int) -> list[dict]:
    """From here on nothing is answered; half of the calls are carried out all the same."""
    effects = ["hold", "hold_answer"]
    return [{"api": api, "call": call, "effect": effects[call % 2]} for call in range(first, first + 100)]


def comparable(manifest: dict) -> dict:
    """Without what cannot be the same in two domains."""
    domain = {
        name: value for name, value in manifest["domain"].items() if name not in ("arn", "id", "name", "home_efs")
    }
    kinds = {
        kind: [{name: value for name, value in one.items() if name != "efs_uid"} for one in manifest[kind]]
        for kind in ("profiles", "spaces")
    }
    return {name: value for name, value in manifest.items() if name != "made_at"} | kinds | {"domain": domain}


def uids(manifest: dict) -> dict:
    """UIDs by kind and name."""
    return {(kind, one["name"]): one["efs_uid"] for kind in ("profile", "space") for one in manifest[f"{kind}s"]}


def test_a_domain_is_made_anew_beside_itself(account):
    account.schedule(*throttled(*LOOKS), *held("DescribeUserProfile", 5_000))
    account.kill_at(
        "backup, killed half-way",
        "sagemaker:DescribeUserProfile",
        5_008,
        "backup",
        "--domain",
        "research",
        "--out",
        "manifest.json",
    )
    assert not account.path("manifest.json").exists(), "half a backup is none"
    account.schedule(*throttled(*LOOKS))
    manifest = account.backup("the rest of it", "research", "manifest.json")
    counts = account.counts()
    assert PROFILES * 0.5 <= counts["sagemaker:DescribeUserProfile"] <= PROFILES * 0.52, "only the rest is looked at"
    assert counts["sagemaker:ListUserProfiles"] == PROFILES / 100 + 3, "pages of 100; three were throttled"
    assert not account.changes()
    assert [one["name"] for one in manifest["profiles"]] == [f"Person-{number:05}" for number in range(PROFILES)]
    assert [one["name"] for one in manifest["spaces"]] == [f"lab-{number:03}" for number in range(SPACES)]
    assert len(set(uids(manifest).values())) == PROFILES + SPACES

    account.schedule(*throttled(*LOOKS, *MAKES))
    code, plan = account.restore("restore --plan", "--plan")
    assert (code, plan["summary"]["missing"], plan["summary"]["present"]) == (3, PROFILES + SPACES, 1)
    assert not account.changes()

    account.schedule(*throttled(*LOOKS, *MAKES), *held("CreateUserProfile", 5_000))
    words = ("restore", "--domain", "platform", "--manifest", "manifest.json", *APPLY)
    account.kill_at("restore --apply, killed half-way", "sagemaker:CreateUserProfile", 5_008, *words)
    assert not account.path("mapping.json").exists(), "half a mapping is none"
    made = sum(one["domain_id"] == NEW for one in account.world.control("profiles"))
    assert 4_900 <= made <= 5_008

    account.schedule(*throttled(*LOOKS, *MAKES))
    code, report = account.restore("the rest of it", *APPLY)
    assert (code, report["domain_differences"]) == (0, [])
    assert report["summary"]["created"] == PROFILES + SPACES - made
    assert report["summary"]["present"] == 1 + made
    throttles = sum(call < PROFILES - made for call in THROTTLED)
    assert PROFILES - made < account.counts()["sagemaker:CreateUserProfile"] <= PROFILES - made + throttles + 1

    account.schedule()
    code, report = account.restore("restore --apply, once more", *APPLY)
    assert (code, report["summary"]["present"]) == (0, 1 + PROFILES + SPACES)
    assert not account.changes(), "a second time changes nothing"

    again = account.backup("backup of the new domain", "platform", "again.json")
    assert comparable(again) == comparable(manifest)
    mapping = account.read("mapping.json")
    assert (mapping["from"]["domain"], mapping["to"]["domain"]) == (OLD, NEW)
    old, new = uids(manifest), uids(again)
    assert not set(old.values()) & set(new.values())
    folders = {(one["kind"], one["name"]): (one["from_uid"], one["to_uid"]) for one in mapping["folders"]}
    assert len(mapping["folders"]) == PROFILES + SPACES
    assert folders == {key: (old[key], new[key]) for key in old}
