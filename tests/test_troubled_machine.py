"""What a machine does to a ledger: a full disk, a clock that jumps, a sleep. Long: make endurance.

Clocks are Debian's faketime, disks are small tmpfs; both need root and are of the machine, not of the code.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import psutil
import pytest

from orchestration.home import Home
from tests.daemon import ALL, Machine, machine, wait_for
from tests.needs import needs
from tests.runs import laborledger, manifest, rows
from tests.week import Weekly, serve_weekly

pytestmark = pytest.mark.skipif("LABORLEDGER_KILLS" not in os.environ, reason="long: make endurance")
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
FACTS = ("fct_claims", "fct_deployments", "fct_defections", "dim_articles", "country_totals")


@pytest.fixture(scope="module")
def weekly() -> Iterator[Weekly]:
    with serve_weekly() as outlet:
        yield outlet


def run(weekly: Weekly, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return laborledger("run", "--sources", weekly.sources(folder), "--home", folder / "home", **env)


def facts(folder: Path) -> dict[str, str]:
    """The content hash of each table of facts."""
    tables = manifest(folder / "home")["tables"]
    return {name: tables[name]["content_hash"] for name in FACTS}


def week_of(weekly: Weekly, folder: Path, *clocks: Mapping[str, str]) -> dict[str, str]:
    """A run a day, each under its clock; what is published at the end."""
    for day, clock in enumerate(clocks):
        weekly.show(day)
        told = run(weekly, folder, **clock)
        assert told.returncode == 0, told.stderr
    return facts(folder)


# Clocks


def clock(shows: str) -> dict[str, str]:
    """The environment in which the clock shows this: @ a moment in UTC, or + and - an offset."""
    needs(FAKETIME, "make setup-system")
    return {
        "LD_PRELOAD": str(FAKETIME), "FAKETIME": shows, "TZ": "UTC"
    }  # fmt: skip


def test_a_clock_that_is_set_back_a_day_doubles_nothing(weekly: Weekly, tmp_path: Path) -> None:
    """The clock is the programs' alone: files keep the true time, which the gate is right to wonder at."""
    for name in ("steady", "back"):
        (tmp_path / name).mkdir()
    steady = week_of(weekly, tmp_path / "steady", {}, {}, {})
    week_of(weekly, tmp_path / "back", {})
    weekly.show(1)
    told = run(weekly, tmp_path / "back", **clock("-1d"))
    assert told.returncode == 0 or "run_results.json is older" in told.stderr, told.stderr
    weekly.show(2)
    assert run(weekly, tmp_path / "back").returncode == 0
    assert facts(tmp_path / "back") == steady


def test_the_doctor_names_a_clock_that_was_set_back(weekly: Weekly, tmp_path: Path) -> None:
    week_of(weekly, tmp_path, {})
    told = laborledger("doctor", "--sources", "none", "--home", tmp_path / "home", **clock("-1d"))
    assert told.returncode == 1
    assert "which is before the newest request of this ledger" in told.stdout


def test_a_leap_day_is_a_day(weekly: Weekly, tmp_path: Path) -> None:
    week_of(weekly, tmp_path, clock("@2028-02-28 16:00:00"), clock("@2028-02-29 03:00:00"))
    days = rows(tmp_path / "home", "select day from source_coverage order by 1")
    assert [row["day"] for row in days] == ["2028-02-29"]  # 16:00 UTC is the next day in Seoul.
    assert manifest(tmp_path / "home")["build_id"].startswith("20280229T03")


def test_days_are_the_outlet_s_own_where_its_clocks_change(weekly: Weekly, tmp_path: Path) -> None:
    """On 14 March 2027 New York has no 02:30; its midnight is at 04:00 UTC from then on, not at 05:00."""
    moments = ["2027-03-14 06:59:00", "2027-03-14 07:01:00", "2027-03-15 03:59:00", "2027-03-15 04:01:00"]
    text = weekly.sources(tmp_path).read_text().replace("Asia/Seoul", "America/New_York")
    (tmp_path / "york.toml").write_text(text)
    for moment in moments:
        told = laborledger(
            "run", "--sources", tmp_path / "york.toml", "--home", tmp_path / "home", **clock(f"@{moment}")
        )
        assert told.returncode == 0, told.stderr
    # Looks alone are not published anew: they stand in the build file.
    with duckdb.connect(str(Home(tmp_path / "home").build_file), read_only=True) as connection:
        found = connection.execute("select day, looked from marts.source_coverage order by 1").fetchall()
    assert [str(day) for day, _ in found] == ["2027-03-14", "2027-03-15"]
    assert found[0][1] > 2 * found[1][1]


@pytest.mark.xfail(
    reason="faketime moves the steady clock too, and waits of threads never end: the daemon makes no tick"
)
def test_a_machine_that_sleeps_over_three_ticks_goes_on_when_it_wakes(weekly: Weekly, tmp_path: Path) -> None:
    """At 12:09 in Seoul it is awake, from 12:12 to 15:20 it sleeps; the polls are at ten past."""
    weekly.show(0)
    home, offset = Home(tmp_path / "home"), tmp_path / "offset"
    start = 86400 + 3 * 3600 + 9 * 60 + 20 - int(time.time()) % 86400  # Tomorrow: files are never younger.
    offset.write_text(f"{start:+d}")
    with machine(home, weekly.sources(tmp_path), tmp_path / "daemon.log", **slept(offset)) as server:
        wait_for(lambda: len(server.runs()) > 0)
        server.settle()
        before = len(server.runs())
        with stopped(server):
            weekly.show(1)
            offset.write_text(f"{start + 3 * 3600 + 8 * 60:+d}")
        wait_for(lambda: len(server.runs()) > before)
        server.settle()
        assert {status for _, status in server.runs()} == {"SUCCESS"}
    assert "poll" in {job for job, _ in server.runs()[before:]}
    (count,) = rows(home.path, "select count(*) n, count(distinct claim_id) d from fct_claims")
    assert count["n"] == count["d"] > 0
    (tmp_path / "steady").mkdir()
    assert facts(tmp_path) == week_of(weekly, tmp_path / "steady", {}, {})


def slept(offset: Path) -> dict[str, str]:
    """A clock whose distance from the true one stands in a file and may change, as over a sleep."""
    return {
        name: value for name, value in clock("").items() if name != "FAKETIME"
    } | {"FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_CACHE_DURATION": "1"}  # fmt: skip


@contextmanager
def stopped(server: Machine) -> Iterator[None]:
    """All its processes stand still for as long as the block takes."""
    asleep = server.of_kind(ALL)
    for process in asleep:
        with suppress(psutil.Error):
            process.send_signal(signal.SIGSTOP)
    yield
    for process in asleep:
        with suppress(psutil.Error):
            process.send_signal(signal.SIGCONT)


# Disks


@contextmanager
def small_disk(folder: Path, megabytes: float) -> Iterator[None]:
    """A file system of its own of so many megabytes in a folder."""
    needs(os.geteuid() == 0 and shutil.which("mount"), "root and mount")
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={int(megabytes * 1024)}k", "none", str(folder)], check=True
    )
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_full_at_any_step_fails_clearly_and_the_next_run_mends_it(
    weekly: Weekly, tmp_path: Path
) -> None:
    """The disk has a little more room each time, so that another step finds it full."""
    (tmp_path / "steady").mkdir()
    wanted = week_of(weekly, tmp_path / "steady", {})
    needed = sum(f.lstat().st_size for f in (tmp_path / "steady").rglob("*") if f.is_file()) / 2**20
    told, size = [], 0.5
    while size < 2 * needed:
        disk = tmp_path / f"disk-{size}"
        with small_disk(disk, size):
            first = run(weekly, disk)
            if first.returncode == 0:
                break
            assert "is full" in first.stderr or "No space left" in first.stderr, first.stderr
            assert "Traceback" not in first.stderr
            told.append(first.stderr.splitlines()[-3:])
            subprocess.run(["mount", "-o", "remount,size=400m", str(disk)], check=True)
            second = run(weekly, disk)
            assert second.returncode == 0, (size, second.stderr)
            assert facts(disk) == wanted
        size += needed / 10
    print("\n".join(" / ".join(lines) for lines in told))
    assert len(told) > 3


def test_a_disk_that_is_full_leaves_what_is_published(weekly: Weekly, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 400):
        before = week_of(weekly, tmp_path / "disk", {})
        filler = tmp_path / "disk" / "filler"
        left = shutil.disk_usage(tmp_path / "disk").free
        filler.write_bytes(bytes(max(0, left - 2 * 2**20)))
        weekly.show(1)
        told = run(weekly, tmp_path / "disk")
        assert told.returncode == 1
        assert "is full" in told.stderr
        assert facts(tmp_path / "disk") == before
        filler.unlink()
        assert run(weekly, tmp_path / "disk").returncode == 0
        assert facts(tmp_path / "disk") != before
