"""A gateway in a root folder of its own, as in the container image: one binary, its configuration, nothing else."""

import shutil
from pathlib import Path

import pytest
from harness.process import Process, binary
from harness.world import Domain, World

RESEARCH = Domain("research", "d-researchaaaa", "111122223333", "DataScientist")
USER = 65532
# The root folder becomes read-only for this process alone; then it is all that the process can see, and it is nobody.
ENTER = """
set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro,nosuid,nodev "$1"
cd "$1"
user=$2 root=$1
shift 2
exec setpriv --no-new-privs chroot --userspec="$user:$user" "$root" /studio-gateway "$@"
"""


class Image(World):
    """Runs the gateway, and only it, inside. `folder` is the configuration's folder there."""

    @property
    def root(self) -> Path:
        return self.folder.parents[1]

    def inside(self, *arguments) -> list:
        return ["unshare", "--mount", "sh", "-c", ENTER, "enter", self.root, str(USER), *arguments]

    def launch(self, port: int | None = None) -> Process:
        configuration = self.write(port=port)
        for path in (*self.root.rglob("*"), self.root):
            path.chmod(0o755 if path.is_dir() or path.name == "studio-gateway" else 0o644)
        command = self.inside("serve", "--config", f"/{configuration.relative_to(self.root)}")
        gateway = Process("serve", command, self.root.parent, env=self.credentials)
        self.running.append(gateway)
        return gateway


@pytest.fixture
def image(tmp_path):
    """Makes the root folder; /etc/hosts is what a container runtime adds."""
    made = []

    def make(idps: list, **more) -> Image:
        folder = tmp_path / "root/etc/studio-gateway"
        folder.mkdir(parents=True)
        shutil.copy(binary(), tmp_path / "root/studio-gateway")
        made.append(Image(folder, [RESEARCH], idps, **more))
        return made[-1]

    yield make
    for one in made:
        one.stop()
