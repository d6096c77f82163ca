"""Other DuckDB versions, each in an environment of its own that `make setup-drivers` makes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.needs import needs

ROOT = Path(__file__).resolve().parent.parent
CURE = "make setup-drivers"
VERSIONS = tuple(sorted(lock.stem for lock in (ROOT / "requirements-drivers").glob("*.lock")))
"""`duckdb-1.2` and its like: one lock, one environment."""


def driver(name: str) -> Path:
    """The Python of a driver's environment; skips the test, naming the cure, where there is none."""
    folder = ROOT / ".venvs" / name
    needs((folder / ".up-to-date").exists(), CURE)
    return folder / "bin" / "python"


def ask(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the driver's Python with these arguments, alone: nothing of ours is importable there."""
    bare = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    command = [str(driver(name)), "-I", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=bare)
