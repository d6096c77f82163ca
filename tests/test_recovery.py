"""A week of an outlet whose runs are killed at any instant ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from orchestration.home import Home
from orchestration.publishing.builds import Builds
from tests.daemon import ALL, KINDS, TICK, Machine, machine, wait_for
from tests.runs import killed, laborledger
from tests.week import DAYS, Weekly, serve_weekly

SEED = int(os.environ.get("LABORLEDGER_SEED", "7"))
KILLS = int(os.environ.get("LABORLEDGER_KILLS", "200"))
"""In all, over the week."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """A week in which nothing happened: the content hash of each table, and the longest run."""

    hashes: dict[str, str | None]
    seconds: float


@pytest.fixture(scope="module")
def weekly() -> Iterator[Weekly]:
    with serve_weekly() as outlet:
        yield outlet


@pytest.fixture(scope="module")
def undisturbed(weekly: Weekly, tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    folder, took = tmp_path_factory.mktemp("undisturbed"), []
    for day in range(DAYS):
        weekly.show(day)
        took.append(run(weekly, folder))
    return Quiet(hashes(Home(folder / "home")), max(took))


def run(weekly: Weekly, folder: Path) -> float:
    """A run that is left alone; gives its seconds."""
    began = time.monotonic()
    told = laborledger("run", "--sources", weekly.sources(folder), "--home", folder / "home")
    assert told.returncode == 0, told.stderr
    return time.monotonic() - began


def hashes(home: Home) -> dict[str, str | None]:
    manifest = Builds(home.published).current_manifest()
    assert manifest
    return {name: facts.content_hash for name, facts in manifest.tables.items()}


@contextmanager
def watched(home: Home) -> Iterator[list[str]]:
    """While the block runs, the published file is opened again and again; what was wrong is listed."""
    problems: list[str] = []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(0.05):
            try:
                look_once(home)
            except (duckdb.Error, AssertionError) as error:
                problems.append(repr(error))

    reader = threading.Thread(target=look)
    reader.start()
    try:
        yield problems
    finally:
        is_over.set()
        reader.join()


def look_once(home: Home) -> None:
    """Open the published file as a reader does: whole, with claims, none of them twice."""
    file = home.published_file
    if not file.exists():
        return
    with duckdb.connect(str(file.resolve()), read_only=True) as connection:
        claims, different = connection.execute(
            "select count(*), count(distinct claim_id) from marts.fct_claims"
        ).fetchone() or (0, 0)
    assert claims == different > 0


@pytest.mark.skipif("LABORLEDGER_KILLS" not in os.environ, reason="a long campaign: make endurance")
def test_a_week_of_killed_runs_ends_as_an_undisturbed_one(
    weekly: Weekly, undisturbed: Quiet, tmp_path: Path
) -> None:
    """Each day's run is killed at instants of the seed's choosing, and then let through."""
    chance, home = random.Random(SEED), Home(tmp_path / "home")
    instants = [
        [chance.uniform(0.2, undisturbed.seconds) for _ in range(part)] for part in parts(KILLS, DAYS)
    ]
    with watched(home) as problems:
        for day, moments in enumerate(instants):
            weekly.show(day)
            for seconds in moments:
                killed(seconds, "run", "--sources", weekly.sources(tmp_path), "--home", home.path)
            run(weekly, tmp_path)
    assert hashes(home) == undisturbed.hashes
    assert problems == []


def parts(whole: int, number: int) -> list[int]:
    """A number as so many parts that differ by one at most."""
    return [whole // number + (1 if one < whole % number else 0) for one in range(number)]


def test_a_machine_that_is_switched_off_in_a_run_goes_on_when_it_is_back(
    weekly: Weekly, tmp_path: Path
) -> None:
    """Nobody is left who knows of the run: the daemon sees that its process is gone, and begins anew."""
    weekly.show(0)
    with machine(Home(tmp_path / "home"), weekly.sources(tmp_path), tmp_path / "daemon.log") as server:
        server.launch("ledger")
        wait_for(lambda: "STARTED" in {status for _, status in server.runs()})
        server.kill(ALL)
        server.settle()
        until = time.monotonic() + 200
        while server.runs()[-1][1] != "SUCCESS" and time.monotonic() < until:
            server.settle()
        assert [status for _, status in server.runs()] == ["FAILURE", "SUCCESS"]
    look_once(server.home)


@pytest.mark.skipif("LABORLEDGER_KILLS" not in os.environ, reason="a long campaign: make endurance")
def test_a_week_of_kills_on_a_server_ends_as_an_undisturbed_one(
    weekly: Weekly, undisturbed: Quiet, tmp_path: Path
) -> None:
    """The run, what it started, the code server, the daemon or all: Dagster and its supervisor mend it."""
    chance, home = random.Random(SEED), Home(tmp_path / "home")
    done: Counter[str] = Counter()
    with (
        watched(home) as problems,
        machine(home, weekly.sources(tmp_path), tmp_path / "daemon.log") as server,
    ):
        for day, kills in enumerate(parts(KILLS, DAYS)):
            weekly.show(day)
            for _ in range(kills):
                done[killed_on(server, chance, undisturbed.seconds)] += 1
            see_through(server)
    print(f"\nseed {SEED}: {dict(done)} in {len(server.runs())} runs")
    assert hashes(home) == undisturbed.hashes
    assert problems == []


def killed_on(server: Machine, chance: random.Random, seconds: float) -> str:
    """Kill something at an instant of a run, and wait until what that set off is over."""
    server.start()
    if not server.is_busy():
        server.launch("ledger")
    time.sleep(chance.uniform(0, seconds))
    kind = kill_something(server, chance)
    if chance.random() < 0.5:
        server.settle()
    return kind


def kill_something(server: Machine, chance: random.Random) -> str:
    """Kill something of a kind that is there at this instant; gives the kind."""
    while True:
        for kind in chance.sample(KINDS, len(KINDS)):
            if server.kill(kind, chance):
                return kind
        server.start()  # The daemon was gone by itself: its code server had been killed.
        time.sleep(TICK)


def see_through(server: Machine) -> None:
    """Launch until a run is let through, as the schedule would on its next tick."""
    for _ in range(5):
        server.settle()
        server.launch("ledger")
        server.settle()
        if server.runs()[-1][1] == "SUCCESS":
            return
    raise AssertionError(f"no run ends well: {server.runs()[-5:]}")
