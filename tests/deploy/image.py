"""The Dockerfile without Docker: its steps in a bare Debian (debootstrap), as root, into .cache/deploy.

`python -m tests.deploy.image` builds, and needs the network; tests only look at what was built. Of Docker
there is what matters here: stages, the user, the context that .dockerignore leaves. There are no layers.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path

from docker.utils.build import exclude_paths
from dockerfile_parse import DockerfileParser

from orchestration.home import ROOT

FOLDER = ROOT / "orchestration" / "deploy"
CACHE = ROOT / ".cache" / "deploy"
SUITE = "trixie"
TRUST = Path("/etc/ssl/certs/ca-certificates.crt")
TRUST_INSIDE = "/run/trusted.crt"
TRUSTING = dict.fromkeys(("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"), TRUST_INSIDE)
"""A build behind a proxy of its own trusts what this machine trusts; nothing of it stays in the image."""
BARE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Image:
    """What the last stage says of a container."""

    root: str
    env: dict[str, str] = field(default_factory=lambda: {"PATH": BARE_PATH})
    shell: list[str] = field(default_factory=lambda: ["/bin/sh", "-c"])
    workdir: str = "/"
    user: str = "0:0"
    volumes: list[str] = field(default_factory=list)
    healthcheck: str = ""
    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)


def instructions() -> Iterator[tuple[str, str]]:
    """The Dockerfile's instructions and what follows them, without comments."""
    parsed = DockerfileParser(fileobj=BytesIO((FOLDER / "Dockerfile").read_bytes()))
    for step in parsed.structure:
        if step["instruction"] != "COMMENT":
            yield step["instruction"], step["value"]


def context() -> list[str]:
    """The files that a build is sent, by .dockerignore as Docker reads it."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in ignored if line and not line.startswith("#")]
    return sorted(path for path in exclude_paths(str(ROOT), patterns) if (ROOT / path).is_file())


def base() -> Path:
    """A bare Debian, made once."""
    made = CACHE / f"base-{SUITE}"
    if not made.exists():
        half = CACHE / "base-half-made"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        subprocess.run(
            ["debootstrap", "--variant=minbase", SUITE, half], check=True, stdout=subprocess.DEVNULL
        )
        half.rename(made)
    return made


def build() -> Image:
    """Go through the Dockerfile; gives the last stage."""
    stages: dict[str, Image] = {}
    image = Image("")
    for name, value in instructions():
        print(f"  {name} {value[:100]}", flush=True)
        if name == "FROM":
            image = _stage(value, stages)
        elif name != "ARG" or image.root:
            _step(image, stages, name, value)
    (CACHE / "image.json").write_text(json.dumps(asdict(image)), encoding="utf-8")
    return image


def built() -> Image | None:
    """The image of the last build; None where there is none."""
    told = CACHE / "image.json"
    return Image(**json.loads(told.read_text(encoding="utf-8"))) if told.exists() else None


def _stage(value: str, stages: dict[str, Image]) -> Image:
    name = value.split(" AS ")[1] if " AS " in value else "last"
    root = CACHE / name
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", base(), root], check=True)
    stages[name] = Image(str(root))
    return stages[name]


def _step(image: Image, stages: dict[str, Image], name: str, value: str) -> None:
    match name:
        case "RUN":
            _run(image, value)
        case "COPY":
            _copy(image, stages, shlex.split(value))
        case "ENV":
            image.env |= dict(word.split("=", 1) for word in shlex.split(value))
        case "WORKDIR":
            image.workdir = value
            (Path(image.root) / value.lstrip("/")).mkdir(parents=True, exist_ok=True)
        case "SHELL" | "ENTRYPOINT" | "CMD":
            setattr(image, name.lower(), json.loads(value))
        case "USER":
            image.user = value
        case "VOLUME":
            image.volumes.append(value)
        case "HEALTHCHECK":
            image.healthcheck = value
        case "EXPOSE":
            pass
        case _:
            raise NotImplementedError(f"{name}: say here what it does")


def _run(image: Image, command: str) -> None:
    """One RUN, in mounts of its own that end with it."""
    mounts = f"""set -e; root={shlex.quote(image.root)}
      mount -t proc proc $root/proc; mount --rbind /dev $root/dev; mount -t tmpfs tmpfs $root/run
      install -m 644 {TRUST} $root{TRUST_INSIDE}; cp --dereference /etc/resolv.conf $root/etc/resolv.conf
      exec chroot $root /usr/bin/env --chdir={image.workdir} "$@" """
    inside = [*image.shell, re.sub(r"\\\n", " ", command)]
    subprocess.run(
        ["unshare", "--mount", "--", "bash", "-c", mounts, "-", *inside],
        env=image.env | TRUSTING | {"DEBIAN_FRONTEND": "noninteractive"},
        check=True,
    )


def _copy(image: Image, stages: dict[str, Image], words: list[str]) -> None:
    *sources, target = [word for word in words if not word.startswith("--")]
    to = Path(image.root) / os.path.join(image.workdir, target).lstrip("/")
    options = [word for word in words if word.startswith("--from=")]
    if options:
        root = stages[options[0].removeprefix("--from=")].root
        subprocess.run(["cp", "-aT", f"{root}{sources[0]}", to], check=True)
        return
    for path in context():
        if sources == ["."] or path in sources:
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, to / path)


if __name__ == "__main__":
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        sys.exit("the image's steps need root and debootstrap (make setup-system)")
    build()
