"""The command on a lake in PostgreSQL and an object store: the same marts, from whatever home they come."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import duckdb
import pytest

from benchmarks.archives import sample_pages, write_archive
from orchestration.home import ROOT, Home
from orchestration.lake import Lake, LakeError
from tests.dbt_home import Warehouse
from tests.lake.conftest import MakeLake, variables
from tests.lake.postgres import SECRET
from tests.runs import COMMAND, environment, laborledger, manifest

HOMES, SHARED = 4, 4


@pytest.fixture(scope="module")
def lake(new_lake: MakeLake) -> Lake:
    return new_lake()


@pytest.fixture(scope="module")
def shared(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The sample, built on a lake and published from it."""
    home = Home(tmp_path_factory.mktemp("shared") / "home")
    told = laborledger(
        "run", "--sources", "sample", "--target", "ducklake", "--home", home.path, **variables(lake)
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return home


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same in a file of its own."""
    home = Home(tmp_path_factory.mktemp("alone") / "home")
    told = laborledger("run", "--sources", "sample", "--home", home.path)
    assert told.returncode == 0, told.stderr
    return home


def test_the_lake_gives_the_file_that_a_home_of_its_own_gives(shared: Home, alone: Home) -> None:
    one, other = manifest(shared.path), manifest(alone.path)
    assert one["content_hash"] == other["content_hash"]
    assert one["schema_hash"] == other["schema_hash"]
    assert {n: t["rows"] for n, t in one["tables"].items()} == {
        n: t["rows"] for n, t in other["tables"].items()
    }


def test_the_published_file_needs_no_lake(shared: Home) -> None:
    with duckdb.connect(str(shared.published_file), read_only=True) as connection:
        claims = connection.execute("select count(*) from marts.fct_claims").fetchone()
    assert claims == (243,)


def test_unit_tests_of_the_models_pass_on_the_lake(
    shared: Home, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables(lake).items():
        monkeypatch.setenv(name, value)
    words = ("test", "--select", "test_type:unit", "--target", "ducklake")
    assert Warehouse(shared).dbt(*words, target=tmp_path) > 50


def test_a_second_run_publishes_nothing_new(shared: Home, lake: Lake) -> None:
    told = laborledger(
        "run", "--sources", "sample", "--target", "ducklake", "--home", shared.path, **variables(lake)
    )
    assert "nothing changed; still current" in told.stdout


def test_a_claim_leads_back_to_its_sentence(shared: Home, lake: Lake) -> None:
    with duckdb.connect(str(shared.published_file), read_only=True) as connection:
        ((claim, quote),) = connection.execute(
            "select claim_id, quote from marts.fct_claims order by claim_id limit 1"
        ).fetchall()
    told = laborledger("why", claim, "--home", shared.path, COLUMNS="1000", **variables(lake))
    assert told.returncode == 0, told.stderr
    assert " ".join(quote.split()[:5]) in " ".join(told.stdout.split())


def test_a_home_of_the_lake_does_not_build_alone(shared: Home) -> None:
    told = laborledger("run", "--sources", "sample", "--home", shared.path)
    assert told.returncode == 2
    assert "builds on the lake: run with --target ducklake" in told.stderr


def test_the_texts_of_the_lake_are_written(shared: Home, lake: Lake, tmp_path: Path) -> None:
    told = laborledger("export-texts", tmp_path / "t.duckdb", "--home", shared.path, **variables(lake))
    assert told.returncode == 0, told.stderr
    assert "54 texts" in told.stdout


# Several homes


@pytest.fixture
def inboxes(tmp_path: Path) -> list[Path]:
    """A folder of saved pages for each home; neighbours share some."""
    pages = [(url.replace("paper.example", "paper.example.org"), body) for url, body in sample_pages()]
    part = len(pages) // HOMES
    folders = []
    for number in range(HOMES):
        folder = tmp_path / f"inbox-{number}"
        folder.mkdir()
        own = pages[number * part : (number + 1) * part + (SHARED if number < HOMES - 1 else len(pages))]
        write_archive(folder / "pages.warc.gz", own)
        folders.append(folder)
    (tmp_path / "all").mkdir()
    write_archive(tmp_path / "all" / "pages.warc.gz", pages)
    return folders


def start(inbox: Path, home: Path, lake: Lake) -> subprocess.Popen[str]:
    command = [str(COMMAND), "run", "--sources", "none", "--inbox", str(inbox), "--home", str(home)]
    told = environment(**variables(lake))
    return subprocess.Popen(
        command, cwd=ROOT, env=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip


@pytest.fixture
def running(tmp_path: Path, inboxes: list[Path], new_lake: MakeLake) -> tuple[Lake, list[Path]]:
    return new_lake(), [tmp_path / f"home-{n}" for n in range(HOMES)]


def test_four_runs_at_once_make_one_warehouse(
    running: tuple[Lake, list[Path]], inboxes: list[Path], tmp_path: Path
) -> None:
    """Each reads its own saved pages; after another run of each, all publish what one home of all would."""
    lake, homes = running
    for _ in range(2):
        runs = [start(inbox, home, lake) for inbox, home in zip(inboxes, homes, strict=True)]
        said = [run.communicate(timeout=600)[0] for run in runs]
        assert [run.returncode for run in runs] == [0] * HOMES, said
    whole = tmp_path / "whole"
    told = laborledger("run", "--sources", "none", "--inbox", tmp_path / "all", "--home", whole)
    assert told.returncode == 0, told.stderr
    found = {manifest(home)["content_hash"] for home in homes}
    assert found == {manifest(whole)["content_hash"]}


def test_a_run_that_is_killed_leaves_the_lake_to_others(
    running: tuple[Lake, list[Path]], inboxes: list[Path]
) -> None:
    """Whatever it held is let go of, and its next run ends as if nothing had happened."""
    lake, homes = running
    for seconds in (12, 18, 24):
        run = start(inboxes[0], homes[0], lake)
        time.sleep(seconds)
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
    for number in (1, 0):
        run = start(inboxes[number], homes[number], lake)
        said = run.communicate(timeout=300)[0]
        assert run.returncode == 0, said


# Troubles


def test_a_lake_that_cannot_be_reached_is_named_without_its_password(lake: Lake, tmp_path: Path) -> None:
    away = Lake(lake.catalog.replace("dbname=lake", "dbname=nowhere"), lake.data)
    told = laborledger(
        "run", "--sources", "sample", "--target", "ducklake", "--home", tmp_path, **variables(away)
    )
    assert told.returncode == 1
    assert "nowhere" in told.stderr
    assert SECRET not in told.stdout + told.stderr


def test_who_builds_keeps_the_others_waiting(lake: Lake) -> None:
    with (
        lake.held(alone=True),
        pytest.raises(LakeError, match=rf"not free within 1 s: laborledger on .* process {os.getpid()}"),
        lake.held(alone=False, wait=1),
    ):
        pass


def test_those_who_add_do_not_wait_for_each_other(lake: Lake) -> None:
    with lake.held(alone=False, wait=1), lake.held(alone=False, wait=1):
        pass
