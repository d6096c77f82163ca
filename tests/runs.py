"""Runs the command line as its user does: a process of its own, on a home of the test's own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from orchestration.home import ROOT

COMMAND = Path(sys.executable).with_name("laborledger")
TIMEOUT = 600
"""Seconds after which a command is taken to hang: a busy machine needs minutes for what takes one."""

Ran = tuple[Path, subprocess.CompletedProcess[str]]
"""A home, and what the run on it said."""


def environment(**more: str) -> dict[str, str]:
    """This environment without any selection of an outer run."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LABORLEDGER_", "DAGSTER_"))
    }
    return kept | {"COLUMNS": "120", **more}


def laborledger(*arguments: object, text: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """The finished command, with its output as text."""
    command = [str(COMMAND), *(str(argument) for argument in arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=environment(**env), input=text, capture_output=True, text=True, timeout=TIMEOUT
    )


def killed(seconds: float, *arguments: object, **env: str) -> int:
    """Start the command and kill its whole process group so many seconds later; the exit status."""
    quiet = subprocess.DEVNULL
    command = [str(COMMAND), *(str(argument) for argument in arguments)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(**env), stdout=quiet, stderr=quiet, start_new_session=True
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def kill_after(seconds: float, home: Path) -> None:
    """Start a run on the sample outlet and kill it so many seconds later."""
    killed(seconds, "run", "--sources", "sample", "--home", home)


def manifest(home: Path) -> dict[str, Any]:
    """What the current published build says of itself."""
    told: dict[str, Any] = json.loads((home / "published" / "current" / "manifest.json").read_text())
    return told


def rows(home: Path, query: str) -> list[dict[str, Any]]:
    """The answer of `laborledger sql` as records."""
    told = laborledger("sql", query, "--home", home, "--format", "json")
    assert told.returncode == 0, told.stderr
    found: list[dict[str, Any]] = json.loads(told.stdout)
    return found
