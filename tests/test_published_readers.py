"""Readers all day long, while one build after another is published.

`LABORLEDGER_PUBLISHES=200` publishes that many builds, under readers of every DuckDB version
(`make endurance`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.home import Home
from orchestration.publishing.publish import publish
from tests.builds import build_home, later, rebuild
from tests.drivers import VERSIONS, folder, is_up_to_date
from tests.needs import needs

PUBLISHES = int(os.environ.get("LABORLEDGER_PUBLISHES", "0"))
A_FEW = 3
READER = Path(__file__).with_name("published_reader.py")
OWN = "duckdb-own"
WAYS = ("opening", "holding", "beside", "scanning")
OLDER = ("opening", "holding", "scanning")
"""Ways of a DuckDB that shares one file among all connections of a process, so that none is new."""

NUMBERED = """
update marts.fct_claims set workers_low = {0} where claim_id = 'c1';
update marts.dim_sectors set label = '{0}';
update intermediate.int_events set workers_low = {0} where event_id = 'c1';
"""


def python_of(driver: str) -> str:
    if driver == OWN:
        return sys.executable
    needs(is_up_to_date(driver), "make setup-drivers")
    return str(folder(driver) / "bin" / "python")


def readers(driver: str) -> list[str]:
    """Eight readers, two or more of each way."""
    ways = WAYS if driver in (OWN, "duckdb-2.0") else OLDER
    return [ways[n % len(ways)] for n in range(8)]


def number_seen_by_a_new_process(python: str, home: Home) -> int:
    code = f"import duckdb; c = duckdb.connect({str(home.published_file)!r}, read_only=True); "
    told = subprocess.run(
        [python, "-c", code + "print(c.execute('select label from marts.dim_sectors').fetchone()[0])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(told.stdout)


def publish_numbered(home: Home, number: int, counter: Path) -> None:
    rebuild(home, NUMBERED.format(number))
    assert publish(home, f"run-{number}", later(minutes=number)).changed
    fresh = counter.with_suffix(".new")
    fresh.write_text(str(number))
    fresh.replace(counter)


@pytest.mark.parametrize("driver", [OWN, *(VERSIONS if PUBLISHES else ())])
def test_eight_readers_never_see_an_error_a_torn_or_a_stale_build(driver: str, tmp_path: Path) -> None:
    python, home = python_of(driver), build_home(tmp_path / "home")
    counter, stop = tmp_path / "counter", tmp_path / "stop"
    publish_numbered(home, 1, counter)
    processes = [
        subprocess.Popen(
            [python, "-I", str(READER), way, str(home.published_file), str(counter), str(stop)],
            stdout=subprocess.PIPE, text=True,
        )
        for way in readers(driver)
    ]  # fmt: skip
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for number in range(2, (PUBLISHES or A_FEW) + 2):
            publish_numbered(home, number, counter)
            assert number_seen_by_a_new_process(python, home) == number
    finally:
        stop.touch()
        told = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    print(*told, sep="\n")
    assert [one["problems"] for one in told] == [[]] * 8
    assert min(one["reads"] for one in told) > 0
    assert max(one["builds"] for one in told) > 1
