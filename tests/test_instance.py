"""The databases of Dagster's history are made whole or not at all, also by many processes at once."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from orchestration.home import ROOT, Home
from orchestration.instance import prepare_history
from tests.runs import environment

MAKE = (
    "import sys; from pathlib import Path; from orchestration.home import Home; "
    "from orchestration.instance import prepare_history; h = Home(Path(sys.argv[1])); h.prepare(); "
    "prepare_history(h)"
)
DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")


def making(home: Home) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", MAKE, str(home.path)], cwd=ROOT, env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def is_whole(home: Home) -> bool:
    """Each database has one version, as Dagster asks for."""
    for name in DATABASES:
        with closing(sqlite3.connect(home.dagster / name)) as connection:
            if len(connection.execute("select * from alembic_version").fetchall()) != 1:
                return False
    return True


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_it_is_made_once_and_nothing_else_is_left(home: Home) -> None:
    home.prepare()
    prepare_history(home)
    assert is_whole(home)
    made = (home.dagster / DATABASES[-1]).stat().st_mtime_ns
    prepare_history(home)
    assert (home.dagster / DATABASES[-1]).stat().st_mtime_ns == made
    assert not list(home.path.glob(".tmp-*"))


def test_three_processes_at_once_make_one(home: Home) -> None:
    processes = [making(home) for _ in range(3)]
    told = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], told
    assert is_whole(home)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_kill_in_between_is_made_good(home: Home, seed: int) -> None:
    process = making(home)
    time.sleep(random.Random(seed).uniform(0.8, 3))
    process.kill()
    process.communicate()
    again = making(home)
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert is_whole(home)
