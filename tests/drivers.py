"""Other DuckDB versions, each in an environment of its own: made here, and asked by the tests.

python -m tests.drivers         what `make setup-drivers` runs: makes those that are missing or old
python -m tests.drivers lock    locks requirements-drivers/*.in anew (hashes, no host)
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import needs

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements-drivers"
CURE = "make setup-drivers"
VERSIONS = tuple(sorted(wanted.stem for wanted in LOCKS.glob("*.in")))
"""`duckdb-1.2` and its like: one lock, one environment."""


def folder(name: str) -> Path:
    return ROOT / ".venvs" / name


def is_up_to_date(name: str) -> bool:
    """Whether the environment was made, whole, from the lock as it stands."""
    made, lock = folder(name) / ".up-to-date", LOCKS / f"{name}.lock"
    return made.exists() and made.stat().st_mtime >= lock.stat().st_mtime


def ask(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a driver's Python alone, nothing of ours importable; skips the test where it is not made."""
    needs(is_up_to_date(name), CURE)
    python = str(folder(name) / "bin" / "python")
    if sys.version_info >= (3, 13) and subprocess.run([python, "-I", "-c", "import duckdb"]).returncode:
        pytest.skip(f"{name} was never built for this Python")
    return subprocess.run([python, "-I", *arguments], capture_output=True, text=True, timeout=120)


def uv(*arguments: str) -> None:
    # Without the project's own settings: they hold DuckDB to the one version that the ledger is built with.
    command = [str(Path(sys.executable).with_name("uv")), *arguments, "--quiet", "--no-config"]
    subprocess.run(command, cwd=ROOT, check=True)


def make(name: str) -> None:
    """Make the environment anew; it counts as made only when all is in it."""
    python = folder(name) / "bin" / "python"
    uv("venv", "--clear", "--python", sys.executable, str(folder(name)))
    uv("pip", "sync", "--only-binary", ":all:", "--python", str(python), str(LOCKS / f"{name}.lock"))
    (folder(name) / ".up-to-date").touch()


def lock(name: str) -> None:
    """Resolve a driver's version for every platform, with hashes and without a host."""
    form = ("--universal", "--generate-hashes", "--no-header", "--no-annotate", "--python-version", "3.11")
    uv("pip", "compile", *form, f"requirements-drivers/{name}.in", "-o", f"requirements-drivers/{name}.lock")


def main() -> None:
    """Make, or lock, each driver; the first that fails ends it with its name."""
    do = lock if "lock" in sys.argv[1:] else make
    for name in VERSIONS:
        if do is lock or not is_up_to_date(name):
            try:
                do(name)
            except subprocess.CalledProcessError as error:
                sys.exit(f"{name} could not be made: uv ended with status {error.returncode}")
            print(f"{name}: {'locked' if do is lock else 'ready'}")


if __name__ == "__main__":
    if os.environ.get("UV_CACHE_DIR") is None:
        os.environ["UV_CACHE_DIR"] = str(ROOT / ".cache" / "uv")
    main()
