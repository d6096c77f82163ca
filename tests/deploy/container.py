"""A service of compose.yaml without Docker: the image's root read-only, namespaces of its own, no capability.

Each has its own processes, /tmp and network, loopback alone. All share the volume, a folder.
The image itself is `image`'s.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.image import FOLDER, Image

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))[
    "services"
]
MOUNTS = """set -e; root=$1 home=$2 workdir=$3; shift 3
ip link set lo up 2>/dev/null || true
mount --bind $root $root; mount -t proc proc $root/proc; mount --rbind /dev $root/dev
mount --bind $home $root/var/lib/laborledger; mount -t tmpfs -o mode=1777,size=512m tmpfs $root/tmp
mount -o remount,bind,ro $root
exec /usr/sbin/chroot $root /usr/bin/env --chdir=$workdir "$@" """
UNPRIVILEGED = ("--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")


def substituted(value: str, given: dict[str, str]) -> str:
    """A value of the compose file with `${NAME:-default}` filled in."""
    return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: given.get(found[1], found[2]), value)


class Container:
    """One service, from its start to its end."""

    def __init__(self, image: Image, service: str, volume: Path, given: dict[str, str]) -> None:
        self.image, self.service, self.told = image, service, SERVICES[service]
        environment = {name: substituted(v, given) for name, v in self.told["environment"].items()}
        self.env = image.env | environment
        self.log = volume.parent / f"{service}.log"
        apart = ("unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child", "--")
        command = [*apart, "bash", "-c", MOUNTS, "-", image.root, str(volume), image.workdir]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *self._as_user(), *image.entrypoint, *self.told["command"]],
                env=self.env,
                stdout=log,
                stderr=log,
            )

    def _as_user(self) -> list[str]:
        uid, gid = self.image.user.split(":")
        return ["/usr/bin/setpriv", f"--reuid={uid}", f"--regid={gid}", *UNPRIVILEGED, "--"]

    @property
    def pid(self) -> int:
        """Outside, of what is process 1 inside."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        while not (found := children.read_text().split()):
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            time.sleep(0.1)
        return int(found[0])

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """What `docker exec` does."""
        into = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--ipc", "--root", "--"]
        inside = [*into, "/usr/bin/env", f"--chdir={self.image.workdir}", *self._as_user(), *command]
        return subprocess.run(inside, env=self.env, capture_output=True, text=True, check=False)

    def healthy(self) -> bool:
        """What its health check says."""
        return self.run(*self.told["healthcheck"]["test"][1:]).returncode == 0

    def wait_until_healthy(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.healthy():
            is_in_time = self.process.poll() is None and time.monotonic() < end
            assert is_in_time, self.log.read_text()[-3000:]
            time.sleep(2)

    def stop(self) -> None:
        """What `docker stop` does: process 1 is asked, and waited for."""
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
        self.process.wait(120)
