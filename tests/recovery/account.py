"""An account with an old domain full of people and a new one that is empty, and the commands that work on them."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from harness.idp import Idp
from harness.process import ROOT, Process, binary
from harness.world import Domain, IdpEntry, World
from jsonschema import Draft202012Validator

ACCOUNT = "111122223333"
REGION = "ap-northeast-2"
OLD, NEW = "d-researchaaaa", "d-platformaaaa"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/StudioExecution"
SCRIPT = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:studio-lifecycle-config/git-config"
BATCH = 2000
GIVE_UP_SECONDS = 600


def profile(number: int) -> dict:
    """Somebody in the old domain. Not everybody has the same."""
    settings = {"JupyterLabAppSettings": {"LifecycleConfigArns": [SCRIPT]}}
    if number % 3 == 0:
        settings["SecurityGroups"] = [f"sg-{number:017x}"]
    if number % 5 == 0:
        settings["StudioWebPortalSettings"] = {"HiddenMlTools": ["Models", "Endpoints"]}
    return {
        "domain_id": OLD,
        "name": f"Person-{number:05}",
        "tags": {"studiouserid": f"person-{number:05}", "cost-center": f"Größe {number % 17}"},
        "execution_role": ROLE,
        "user_settings": settings,
    }


def space(number: int) -> dict:
    """Somebody's space there: every fourth shared, every tenth of Studio Classic."""
    if number % 10 == 9:
        owned = {"owner": None, "sharing": None}
    else:
        owned = {"owner": f"Person-{number * 7:05}", "sharing": "Shared" if number % 4 == 3 else "Private"}
    return owned | {
        "domain_id": OLD,
        "name": f"lab-{number:03}",
        "display_name": f"$(lab) `{number}` '\"",
        "tags": {"team": f"team {number % 6}"},
        "settings": {
            "AppType": "JupyterLab",
            "SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 5 + number}},
        },
    }


class Account:
    """The embedded AWS as a process, and a folder with what the commands write."""

    def __init__(self, folder: Path, profiles: int, spaces: int):
        self.folder = folder
        domains = [Domain("research", OLD, ACCOUNT, "DataScientist"), Domain("platform", NEW, ACCOUNT, "DataScientist")]
        self.world = World(folder, domains, [IdpEntry(Idp().metadata())])
        self.world.start_aws()
        self.config = self.world.write()
        operator = re.search(r"`backup`.*AWS_ACCESS_KEY_ID=(\S+)", self.world.running[0].text())[1]
        self.keys = self.world.credentials | {"AWS_ACCESS_KEY_ID": operator}
        self.seconds: list[tuple[str, float]] = []
        self.world.tell("seeds", {"most_profiles": 10 * profiles})
        for first in range(0, profiles, BATCH):
            people = range(first, min(first + BATCH, profiles))
            self.world.tell("seeds", {"profiles": [profile(number) for number in people]})
        self.world.tell("seeds", {"spaces": [space(number) for number in range(spaces)]})
        keys = {name.lower(): value for name, value in self.keys.items()}
        boto3.client(
            "sagemaker", endpoint_url=self.world.aws_url, region_name=REGION, **keys
        ).create_studio_lifecycle_config(
            StudioLifecycleConfigName="git-config",
            StudioLifecycleConfigContent="IyEvYmluL2Jhc2gKZ2l0IGNvbmZpZyAtLWdsb2JhbCBwdWxsLnJlYmFzZSB0cnVlCg==",
            StudioLifecycleConfigAppType="JupyterLab",
            Tags=[{"Key": "team", "Value": "platform"}],
        )

    def stop(self):
        self.world.stop()

    def path(self, name: str) -> Path:
        return self.folder / name

    def read(self, name: str) -> dict:
        return json.loads(self.path(name).read_text())

    def counts(self) -> dict:
        return self.world.control("counts")

    def changes(self) -> dict:
        """Calls that change something, since a schedule was set."""
        verbs = ("sagemaker:Create", "sagemaker:Update", "sagemaker:Delete", "sagemaker:AddTags")
        return {api: count for api, count in self.counts().items() if api.startswith(verbs)}

    def schedule(self, *faults: dict):
        """Faults by number of the call; counts begin anew."""
        self.world.tell("knobs", {"knob": "schedule", "faults": list(faults)})

    def command(self, *words: str) -> list[str]:
        """Words with a dot are files of the folder."""
        words = [str(self.path(word)) if "." in word else word for word in words]
        return [str(binary()), words[0], "--config", str(self.config), *words[1:]]

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        begin = time.monotonic()
        yield
        self.seconds.append((what, time.monotonic() - begin))

    def run(self, what: str, *words: str) -> tuple[int, str]:
        """Runs a command to its end: exit code and standard output. It has nothing to complain of."""
        with self.timed(what):
            done = subprocess.run(
                self.command(*words),
                env=self.keys,
                capture_output=True,
                text=True,
                timeout=GIVE_UP_SECONDS,
                check=False,
            )
        assert done.stderr == "", done.stderr
        return done.returncode, done.stdout

    def kill_at(self, what: str, api: str, calls: int, *words: str):
        """Starts a command, and kills it when it has made so many calls."""
        with self.timed(what):
            process = Process(words[0], self.command(*words), self.folder, env=self.keys)
            deadline = time.monotonic() + GIVE_UP_SECONDS
            while self.counts().get(api, 0) < calls:
                assert process.child.poll() is None, process.text()
                assert time.monotonic() < deadline, f"{self.counts()}"
                time.sleep(0.2)
            process.child.kill()
            process.child.wait()

    def backup(self, what: str, domain: str, out: str) -> dict:
        code, said = self.run(what, "backup", "--domain", domain, "--out", out)
        assert code == 0, said
        manifest = self.read(out)
        with self.timed(f"{out} by its JSON Schema"):
            schema = json.loads((ROOT / "docs/manifest.schema.json").read_text())
            problem = next(Draft202012Validator(schema).iter_errors(manifest), None)
            assert problem is None, f"{problem.json_path}: {problem.message}"
        return manifest

    def restore(self, what: str, *mode: str) -> tuple[int, dict]:
        code, said = self.run(what, "restore", "--domain", "platform", "--manifest", "manifest.json", *mode, "--json")
        return code, json.loads(said)
