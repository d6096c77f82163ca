"""Going back to an earlier build, and file systems that have no links."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.home import Home
from orchestration.publishing import PublishError
from orchestration.publishing.builds import Builds
from orchestration.publishing.publish import publish
from orchestration.publishing.rollback import go_back, read_rollback
from tests.builds import NOW, build_home, later, rebuild
from tests.runs import laborledger

LOW = "update marts.fct_claims set workers_low = {} where claim_id = 'c1'"


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str, str]:
    """A home published with 300, then with 301 workers, and the names of the two builds."""
    home = build_home(tmp_path_factory.mktemp("twice") / "home")
    first = publish(home, "run-1", NOW).build
    rebuild(home, LOW.format(301))
    return home, first, publish(home, "run-2", later(hours=1)).build


@pytest.fixture
def home(twice: tuple[Home, str, str], tmp_path: Path) -> Home:
    shutil.copytree(twice[0].path, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def seen(home: Home) -> object:
    with duckdb.connect(str(home.published_file), read_only=True) as connection:
        (low,) = connection.execute(
            "select workers_low from marts.fct_claims where claim_id = 'c1'"
        ).fetchall()
    return low[0]


def back(home: Home, build: str) -> None:
    go_back(Builds(home.published), build, "Ada", "2026-11-24 08:00 UTC")


class TestGoingBack:
    def test_readers_see_the_earlier_build(self, home: Home, twice: tuple[Home, str, str]) -> None:
        told = laborledger("publish", "--to", twice[1], "--by", "Ada", "--home", home.path)
        assert told.returncode == 0, told.stderr
        assert f"readers see {twice[1]}" in told.stdout
        assert seen(home) == 300

    def test_a_run_that_says_the_same_again_is_not_shown(
        self, home: Home, twice: tuple[Home, str, str]
    ) -> None:
        back(home, twice[1])
        again = publish(home, "run-3", later(hours=2))
        assert not again.changed
        assert "Ada went back from" in again.warnings[-1]
        assert f"laborledger publish --to {twice[2]}" in again.warnings[-1]
        assert seen(home) == 300

    def test_a_run_that_says_something_else_is_shown(self, home: Home, twice: tuple[Home, str, str]) -> None:
        back(home, twice[1])
        rebuild(home, LOW.format(302))
        assert publish(home, "run-3", later(hours=2)).changed
        assert seen(home) == 302
        assert read_rollback(Builds(home.published)) is None

    def test_forward_again_nothing_is_stood_by(self, home: Home, twice: tuple[Home, str, str]) -> None:
        back(home, twice[1])
        back(home, twice[2])
        assert seen(home) == 301
        assert read_rollback(Builds(home.published)) is None

    def test_from_the_earlier_to_a_still_earlier_one_it_is_the_newest_that_was_left(
        self, home: Home, twice: tuple[Home, str, str]
    ) -> None:
        rebuild(home, LOW.format(302))
        third = publish(home, "run-3", later(hours=2)).build
        back(home, twice[2])
        back(home, twice[1])
        rollback = read_rollback(Builds(home.published))
        assert rollback is not None
        assert (rollback.left, rollback.to, rollback.by) == (third, twice[1], "Ada")
        assert not publish(home, "run-4", later(hours=3)).changed

    def test_the_build_that_was_left_is_kept_however_old(
        self, home: Home, twice: tuple[Home, str, str]
    ) -> None:
        back(home, twice[1])
        publish(home, "run-3", later(days=400))
        assert (home.published / "builds" / twice[2]).exists()

    def test_to_the_current_build_is_no_step(self, home: Home, twice: tuple[Home, str, str]) -> None:
        told = laborledger("publish", "--to", twice[2], "--by", "Ada", "--home", home.path)
        assert "already current" in told.stdout
        assert read_rollback(Builds(home.published)) is None

    def test_a_build_that_is_not_whole_is_refused(self, home: Home, twice: tuple[Home, str, str]) -> None:
        (home.published / "builds" / twice[1] / "labor_ledger.duckdb").unlink()
        with pytest.raises(PublishError, match=f"{twice[1]} is not whole any more; these are:\n  {twice[2]}"):
            back(home, twice[1])
        assert seen(home) == 301

    def test_a_torn_record_is_none(self, home: Home, twice: tuple[Home, str, str]) -> None:
        back(home, twice[1])
        (home.published / "rollback.json").write_text("{")
        assert read_rollback(Builds(home.published)) is None
        assert publish(home, "run-3", later(hours=2)).changed


class TestWithoutLinks:
    """A memory stick or network share on which the system refuses to make links."""

    @pytest.fixture
    def home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "symlink", refuse)
        return build_home(tmp_path / "home")

    def test_a_pointer_file_names_the_build(self, home: Home) -> None:
        first = publish(home, "run-1", NOW)
        assert (home.published / "current").read_text() == f"builds/{first.build}\n"
        assert home.published_file == home.published / "builds" / first.build / "labor_ledger.duckdb"
        assert first.path == home.published_file
        assert seen(home) == 300

    def test_the_pointer_is_replaced_by_the_next_build(self, home: Home) -> None:
        publish(home, "run-1", NOW)
        assert not publish(home, "run-1", NOW).changed
        rebuild(home, LOW.format(301))
        assert publish(home, "run-2", later(hours=1)).changed
        assert seen(home) == 301
        assert sorted(path.name for path in home.published.iterdir()) == ["builds", "current"]

    def test_a_file_of_somebody_in_its_place_is_not_overwritten(self, home: Home) -> None:
        publish(home, "run-1", NOW)
        (home.published / "current").write_text("mine")
        with pytest.raises(PublishError, match="must be a link"):
            publish(home, "run-2", later(hours=1))
        assert (home.published / "current").read_text() == "mine"
