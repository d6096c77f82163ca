"""`laborledger doctor`: what it looks at, what it finds wrong, and that it leaves all as it was."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.extraction.reader.inference import FOLDER
from orchestration.health import installation, place, status
from orchestration.health.troubles import Look
from orchestration.home import Home
from orchestration.ledger import open_ledger, writer_lock
from orchestration.publishing.builds import Builds
from orchestration.publishing.publish import publish
from orchestration.selection import Selection
from tests.builds import NOW, build_home
from tests.runs import laborledger


def codes(look: Look) -> list[str]:
    return [one.code for one in look.troubles]


def said(look: Look) -> str:
    return "\n".join(f"{one.what}\n{one.cure}" for one in look.troubles)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


class TestTheInstallation:
    def test_here_it_is_as_locked(self) -> None:
        assert not installation.python().troubles
        assert not installation.packages().troubles
        assert not installation.duckdb_works().troubles
        assert not installation.reader().troubles

    def test_a_python_that_the_project_does_not_know(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
        look = installation.python()
        assert codes(look) == ["python_other"]
        assert "Python 3.9.2 is not one that this project runs on (<" in said(look) or "(>=3.11" in said(look)

    def test_packages_that_are_missing_or_of_another_version(self, tmp_path: Path) -> None:
        lock = tmp_path / "requirements.lock"
        lock.write_text(
            "click==0.1 \\\n    --hash=sha256:00\nno-such-package==1.0 \\\n    --hash=sha256:00\n"
            "of-another-platform==1 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n"
        )
        look = installation.packages(lock)
        assert codes(look) == ["packages_missing", "packages_differ"]
        assert look.needs_person
        assert "no-such-package 1.0" in said(look)
        assert "(0.1)" in said(look)
        assert "platform" not in said(look)

    def test_without_a_lock_nothing_is_compared(self, tmp_path: Path) -> None:
        look = installation.packages(tmp_path / "requirements.lock")
        assert codes(look) == ["no_lock"]
        assert not look.needs_person

    def test_a_disk_on_which_duckdb_cannot_write(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
        assert codes(installation.duckdb_works()) == ["duckdb_fails"]

    @pytest.mark.parametrize("name", ["model.json", "model.onnx", "tokenizer.json"])
    def test_a_reader_one_of_whose_files_is_torn(self, tmp_path: Path, name: str) -> None:
        shutil.copytree(FOLDER, tmp_path / "reader", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        (tmp_path / "reader" / name).write_bytes(b"torn")
        look = installation.reader(tmp_path / "reader")
        assert codes(look) == ["reader_broken"]
        assert name in said(look)

    def test_a_time_zone_that_is_not_here(self) -> None:
        look = installation.zones(["Asia/Seoul", "Asia/Atlantis"])
        assert codes(look) == ["zones_missing"]
        assert "Asia/Atlantis" in said(look)

    def test_an_address_that_nobody_can_be_told_at_is_named_by_its_number_alone(self) -> None:
        look = installation.told(["json://127.0.0.1:9", "nosuch://user:secret@host"])
        assert codes(look) == ["notify_unknown"]
        assert "address 2" in said(look)
        assert "secret" not in said(look)


class TestTheHome:
    def test_a_new_one_is_well(self, tmp_path: Path) -> None:
        assert not place.folder(Home(tmp_path / "none")).troubles
        assert not (tmp_path / "none").exists()

    def test_a_file_in_its_place(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        assert codes(place.folder(Home(tmp_path / "file"))) == ["home_is_file"]
        assert codes(place.folder(Home(tmp_path / "file" / "home"))) == ["home_is_file"]

    def test_one_that_cannot_be_written(self) -> None:
        look = place.folder(Home(Path("/proc/laborledger")))
        assert "home_not_writable" in codes(look)
        assert look.needs_person

    def test_a_file_system_without_links(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(target: str, link: Path) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), target, None, link)

        monkeypatch.setattr(os, "symlink", refuse)
        look = place.folder(home)
        assert codes(look) == ["no_links"]
        assert not look.needs_person

    def test_little_room(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(status, "LEAST_FREE", 2**60)
        monkeypatch.setattr(place, "LEAST_FILES", 2**60)
        assert set(codes(place.folder(home))) <= {"disk_low", "inodes_low"}
        assert "disk_low" in codes(place.folder(home))

    def test_nothing_is_left_of_the_look(self, home: Home) -> None:
        before = sorted(home.path.rglob("*"))
        place.folder(home)
        assert sorted(home.path.rglob("*")) == before


class TestTheBuildFile:
    def made(self, home: Home) -> Home:
        with open_ledger(home):
            pass
        return home

    def of(self, home: Home) -> Look:
        return place.build_file(home, datetime.now(UTC))

    def test_none_yet(self, home: Home) -> None:
        assert self.of(home) == Look("build file", "none yet")

    def test_a_new_one_is_well(self, home: Home) -> None:
        assert self.of(self.made(home)) == Look("build file", "version 5")

    def test_a_run_that_writes_is_named_and_not_disturbed(self, home: Home) -> None:
        self.made(home)
        with writer_lock(home):
            look = self.of(home)
        assert codes(look) == ["writer_lock_held"]
        assert f"process {os.getpid()}" in said(look)
        assert not look.needs_person

    def test_a_program_that_keeps_it_open_is_named(self, home: Home) -> None:
        self.made(home)
        holding = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
        command = [sys.executable, "-c", holding, str(home.build_file)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
            assert program.stdout
            program.stdout.readline()
            look = self.of(home)
            program.communicate(b"\n")
        assert codes(look) == ["build_file_open"]
        assert f"process {program.pid}" in said(look)

    def test_a_torn_one(self, home: Home) -> None:
        self.made(home).build_file.write_bytes(b"torn" * 5000)
        look = self.of(home)
        assert codes(look) == ["build_file_broken"]
        assert "laborledger restore" in said(look)

    def test_one_of_a_later_laborledger(self, home: Home) -> None:
        with duckdb.connect(str(self.made(home).build_file)) as connection:
            connection.execute("update raw.schema_version set version = 99")
        look = self.of(home)
        assert codes(look) == ["ledger_newer"]
        assert "version 99" in said(look)

    def test_a_clock_that_shows_a_day_before_the_newest_request(self, home: Home) -> None:
        with duckdb.connect(str(self.made(home).build_file)) as connection:
            columns = [row[0] for row in connection.execute("describe raw.fetches").fetchall()]
            values = {"fetched_at": "timestamp '2026-11-24 06:00'", "url": "'u'", "kind": "'feed'"}
            types = dict(
                connection.execute("select column_name, column_type from (describe raw.fetches)").fetchall()
            )
            told = ", ".join(values.get(c, "'x'" if types[c] == "VARCHAR" else "null") for c in columns)
            connection.execute(f"insert into raw.fetches select {told}")
        assert not place.build_file(home, datetime(2026, 11, 24, 5, 30, tzinfo=UTC)).troubles
        look = place.build_file(home, datetime(2026, 11, 23, 6, 0, tzinfo=UTC))
        assert codes(look) == ["clock_behind"]
        assert (
            "2026-11-23 06:00 UTC, which is before the newest request of this ledger (2026-11-24 06:00 UTC)"
            in said(look)
        )


class TestPublished:
    def test_a_whole_file_is_well_and_a_torn_one_is_not(self, tmp_path: Path) -> None:
        home = build_home(tmp_path / "home")
        assert place.published(home) == Look("published file", "none yet")
        build = publish(home, "run-1", NOW).build
        assert place.published(home) == Look("published file", build)
        file = Builds(home.published).folder / build / "labor_ledger.duckdb"
        file.chmod(0o644)
        file.write_bytes(file.read_bytes()[:-1])
        assert codes(place.published(home)) == ["published_broken"]


class TestHistory:
    def test_a_torn_file_of_dagster_is_named(self, home: Home) -> None:
        assert not place.history(home).troubles
        (home.dagster / "history").mkdir()
        (home.dagster / "history" / "runs.db").write_bytes(b"torn" * 500)
        look = place.history(home)
        assert codes(look) == ["history_broken"]
        assert "runs.db" in said(look)


class TestPorts:
    @pytest.fixture
    def taken(self) -> Iterator[int]:
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            yield server.getsockname()[1]

    def test_a_taken_one_names_its_holder_and_another(self, taken: int) -> None:
        look = place.port(taken)
        assert codes(look) == ["port_taken"]
        assert f"process {os.getpid()}" in said(look)
        assert f"make ui PORT={taken + 1}" in said(look)


class TestSettings:
    def test_a_wrong_sources_file_is_named_with_its_line(self, tmp_path: Path) -> None:
        file = tmp_path / "sources.toml"
        file.write_text('[[source]]\nid = "x"\ntimezone = "Asia/Soul"\n')
        look, found = place.sources(Selection.of(str(file), None, tmp_path / "home"))
        assert codes(look) == ["sources_wrong"]
        assert "sources.toml" in said(look)
        assert found == ()

    def test_a_wrong_reviews_file_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "reviews.csv"
        file.write_text("nonsense\n1\n")
        look = place.reviews(Selection.of("live", None, tmp_path / "home", file))
        assert codes(look) == ["reviews_wrong"]
        assert "reviews.csv" in said(look)

    @pytest.mark.parametrize(
        ("said_to_outlets", "found"),
        [("", ["no_contact"]), ("a(b)@example.org", ["contact_odd"]), ("me@example.org", [])],
    )
    def test_live_outlets_are_told_who_asks(self, said_to_outlets: str, found: list[str]) -> None:
        _, outlets = place.sources(Selection.of("live", None, None))
        assert codes(place.contact(said_to_outlets, outlets)) == found

    def test_the_sample_outlet_need_not_know(self) -> None:
        _, outlets = place.sources(Selection.of("sample", None, None))
        assert codes(place.contact("", outlets)) == []


class TestTheCommand:
    def test_a_well_installation_ends_with_0_and_starts_no_dagster(self, tmp_path: Path) -> None:
        told = laborledger(
            "doctor", "--sources", "sample", "--home", tmp_path / "home", "--port", 39_217,
            PYTHONPROFILEIMPORTTIME="1",
        )  # fmt: skip
        assert told.returncode == 0, told.stdout
        assert "the installation is well" in told.stdout
        assert " dagster" not in told.stderr
        assert not (tmp_path / "home").exists()

    def test_what_needs_a_person_ends_with_1_and_names_the_cure(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        told = laborledger("doctor", "--sources", "sample", "--home", tmp_path / "file" / "home")
        assert told.returncode == 1
        assert "is no folder" in told.stdout
        assert "move it away" in told.stdout

    def test_is_json_for_programs(self, tmp_path: Path) -> None:
        told = laborledger("doctor", "--format", "json", "--home", tmp_path / "home", "--port", 39_218)
        looks = {one["name"]: one for one in json.loads(told.stdout)}
        assert looks["contact"]["troubles"][0]["code"] == "no_contact"
        assert looks["DuckDB"]["found"] == duckdb.__version__
