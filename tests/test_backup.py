"""Backup and restore: nothing that cannot be made again is lost, whatever happens meanwhile.

`LABORLEDGER_KILLS=200` runs the killing tests that many times.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.backup import (
    MANIFEST,
    TABLES,
    BackupError,
    backups,
    drop_old,
    newest,
    read_manifest,
    take_backup,
)
from orchestration.home import Home
from orchestration.ledger import BuildFileLocked, open_ledger, writer_lock
from orchestration.publishing.builds import file_hash
from orchestration.restoring import restore_backup
from orchestration.scraping.archive import OPEN, Archive
from orchestration.scraping.warc import pages_of
from tests.builds import NOW, build_home, later
from tests.runs import COMMAND, Ran, environment, killed, laborledger, manifest

KILLS = int(os.environ.get("LABORLEDGER_KILLS", "5"))
RUNS = ("run-1.warc.gz", "run-2.warc.gz")
ODD = {"bytes": 1, "sha256": "0" * 64}
REVIEWS = "claim_id,decision,field,value,reviewer,reason,date\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A small ledger with two WARC files of which it speaks."""
    home = build_home(tmp_path / "home")
    for number, name in enumerate(RUNS):
        archive = Archive(home.archive, name.removesuffix(".warc.gz"))
        archive.write(f"http://outlet.example/{number}", os.urandom(200_000), {}, NOW)
        archive.close()
    with open_ledger(home):
        pass  # it notes the version of its tables
    speak_of(home, *RUNS)
    return home


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    path = tmp_path / "decided.csv"
    path.write_text(REVIEWS, encoding="utf-8")
    return path


@pytest.fixture
def kept(home: Home, reviews: Path, tmp_path: Path) -> Path:
    """The folder of one backup of it, taken at NOW."""
    take_backup(home, tmp_path / "kept", reviews, NOW)
    return tmp_path / "kept"


def speak_of(home: Home, *files: str) -> None:
    with duckdb.connect(str(home.build_file)) as connection:
        for name in files:
            connection.execute(
                "insert into raw.fetches by name (select ? as fetch_id, 'r' as run_id, "
                "'sample' as source_id, 'article' as kind, 'u' as url, now()::timestamp as fetched_at, "
                "'allowed' as robots_verdict, "
                "? as warc_file, 0 as warc_offset, 'new' as outcome)",
                [name, name],
            )


def content(folder: Path) -> dict[str, str]:
    """The hash of each file, by its path in the folder."""
    return {
        str(p.relative_to(folder)): file_hash(p)
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.name.startswith("writer.")
    }


def rows(home: Home, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home.build_file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def changed(path: Path, change: bytes) -> None:
    os.chmod(path, 0o644)
    path.write_bytes(change)


class TestABackup:
    def test_holds_archive_raw_tables_and_reviews_and_no_mart(self, kept: Path) -> None:
        (folder,) = kept.iterdir()
        assert sorted(content(folder)) == [
            *(f"archive/{name}" for name in RUNS), MANIFEST, "reviews.csv", TABLES,
        ]  # fmt: skip
        with duckdb.connect(str(folder / TABLES), read_only=True) as connection:
            schemas = connection.execute("select distinct schema_name from duckdb_tables()").fetchall()
        assert schemas == [("raw",)]

    def test_says_what_it_holds(self, kept: Path) -> None:
        folder = newest(kept)
        assert folder is not None
        told = read_manifest(folder)
        assert (told.schema_version, told.tables["raw.fetches"], told.made_at) == (5, 2, NOW)
        assert sorted(told.versions) == ["duckdb", "extractor", "laborledger", "parser"]
        assert {f.path: f.sha256 for f in told.files} == {
            path: sha for path, sha in content(folder).items() if path != MANIFEST
        }

    def test_links_what_the_one_before_has_and_copies_what_grew(
        self, home: Home, kept: Path, reviews: Path
    ) -> None:
        with (home.archive / RUNS[1]).open("ab") as file:
            file.write((home.archive / RUNS[0]).read_bytes())
        taken = take_backup(home, kept, reviews, later(days=1))
        assert taken.linked == 1
        assert (taken.path / "archive" / RUNS[0]).stat().st_nlink == 2
        assert content(taken.path / "archive") == content(home.archive)

    def test_does_not_hand_on_a_copy_that_rotted(self, home: Home, kept: Path, reviews: Path) -> None:
        (folder,) = kept.iterdir()
        rotten = folder / "archive" / RUNS[0]
        changed(rotten, rotten.read_bytes()[:-1] + b"?")
        taken = take_backup(home, kept, reviews, later(days=1))
        assert taken.linked == 1
        assert content(taken.path / "archive") == content(home.archive)

    def test_leaves_out_a_record_that_is_being_written(
        self, home: Home, reviews: Path, tmp_path: Path
    ) -> None:
        torn = home.archive / RUNS[1]
        whole = torn.stat().st_size
        torn.write_bytes(torn.read_bytes() + (home.archive / RUNS[0]).read_bytes()[:1000])
        (home.archive / f"{RUNS[1]}{OPEN}").write_text(str(os.getpid()))
        taken = take_backup(home, tmp_path / "kept", reviews, NOW)
        copy = taken.path / "archive" / RUNS[1]
        assert copy.stat().st_size == whole
        assert len(list(pages_of(copy))) == 1

    def test_waits_for_the_writer(
        self, home: Home, reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("orchestration.backup.WAIT_SECONDS", 0.1)
        with writer_lock(home), pytest.raises(BuildFileLocked, match="is being written by process"):
            take_backup(home, tmp_path / "kept", reviews, NOW)
        assert list((tmp_path / "kept").iterdir()) == []

    def test_has_what_a_killed_writer_left_in_its_log(
        self, home: Home, reviews: Path, tmp_path: Path
    ) -> None:
        code = (
            f"import duckdb, os; c = duckdb.connect({str(home.build_file)!r}); "
            'c.execute("insert into raw.schema_version values (4); delete from raw.fetches"); os._exit(9)'
        )
        subprocess.run([COMMAND.with_name("python"), "-c", code], check=False)
        assert home.build_file.with_name("labor_ledger.duckdb.wal").exists()
        taken = take_backup(home, tmp_path / "kept", reviews, NOW)
        assert taken.manifest.tables["raw.fetches"] == 0

    def test_warns_of_a_file_that_the_archive_has_lost(
        self, home: Home, reviews: Path, tmp_path: Path
    ) -> None:
        (home.archive / RUNS[0]).unlink()
        assert take_backup(home, tmp_path / "kept", reviews, NOW).missing == (RUNS[0],)

    def test_of_nothing_and_into_its_own_home_is_refused(self, home: Home, reviews: Path) -> None:
        with pytest.raises(BackupError, match="there is nothing to back up"):
            take_backup(Home(home.path / "none"), home.path.parent / "kept", reviews, NOW)
        with pytest.raises(BackupError, match="would be lost with it"):
            take_backup(home, home.path / "kept", reviews, NOW)

    def test_goes_when_newer_ones_are_enough(self, home: Home, kept: Path, reviews: Path) -> None:
        for day in (1, 2):
            take_backup(home, kept, reviews, later(days=day))
        names = [path.parent.name for path in backups(kept)]
        assert drop_old(kept, 2) == names[2:]
        assert sorted(path.name for path in kept.iterdir()) == sorted(names[:2])
        restore_backup(kept, Home(kept.parent / "new"), False, NOW)


class TestARestoredHome:
    def test_is_what_was_backed_up(self, home: Home, kept: Path, tmp_path: Path) -> None:
        new = Home(tmp_path / "deep" / "new")
        restore_backup(kept, new, False, NOW)
        assert content(new.archive) == content(home.archive)
        for query in ("from raw.fetches order by all", "from raw.sources order by all"):
            assert rows(new, query) == rows(home, query)
        assert (new.path / "reviews.csv").read_text() == REVIEWS

    def test_is_a_ledger_that_takes_rows_once(self, kept: Path, tmp_path: Path) -> None:
        """Its tables have the keys by which a run tells what is there."""
        new = Home(tmp_path / "new")
        restore_backup(kept, new, False, NOW)
        with open_ledger(new) as ledger:
            ledger.store_copies([])
        keys = "select count(*) from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"
        assert rows(new, f"{keys} and schema_name = 'raw'") == [(15,)]

    def test_is_of_the_newest_backup_or_of_the_one_that_is_named(
        self, home: Home, kept: Path, reviews: Path, tmp_path: Path
    ) -> None:
        first = newest(kept)
        assert first is not None
        second = take_backup(home, kept, reviews, later(days=1)).path
        assert restore_backup(kept, Home(tmp_path / "a"), False, NOW).backup == second
        assert restore_backup(first, Home(tmp_path / "b"), False, NOW).backup == first

    def test_takes_no_place_that_is_taken(self, home: Home, kept: Path) -> None:
        before = content(home.path)
        with pytest.raises(BackupError, match=r"is not empty.*--home.*--force"):
            restore_backup(kept, home, False, NOW)
        assert content(home.path) == before

    def test_by_force_moves_the_home_before_aside(self, home: Home, kept: Path) -> None:
        before = content(home.path)
        done = restore_backup(kept, home, True, later(days=3))
        assert done.aside is not None
        assert content(done.aside) == before
        assert rows(home, "select count(*) from raw.fetches") == [(2,)]
        assert not (home.path / "published").exists()

    def test_is_not_made_under_a_run(self, home: Home, kept: Path) -> None:
        before = content(home.path)
        with writer_lock(home), pytest.raises(BuildFileLocked):
            restore_backup(kept, home, True, NOW)
        assert content(home.path) == before

    @pytest.mark.parametrize("name", [f"archive/{RUNS[0]}", TABLES, "reviews.csv"])
    @pytest.mark.parametrize("harm", ["torn", "changed", "missing", "a link"])
    def test_is_not_made_of_harmed_files(self, kept: Path, tmp_path: Path, name: str, harm: str) -> None:
        (folder,) = kept.iterdir()
        file = folder / name
        told = file.read_bytes()
        if harm == "torn":
            changed(file, told[:-5])
        elif harm == "changed":
            changed(file, told[:20] + bytes([told[20] ^ 1]) + told[21:])
        else:
            file.rename(tmp_path / "elsewhere")
        if harm == "a link":
            file.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(BackupError, match=file.name):
            restore_backup(kept, Home(tmp_path / "new"), False, NOW)
        assert not (tmp_path / "new").exists()
        assert not list(tmp_path.glob(".tmp*"))

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"format": 2}, "format 2, known is 1"),
            ({"schema_version": 99}, "upgrade it first"),
            ({"tables": {}}, r"raw\.\w+ has \d+ rows, backup.json says None"),
            ({"files": []}, "names no tables/labor_ledger.duckdb"),
            (
                {"files": [{"path": "archive/../../x.warc.gz", "bytes": 1, "sha256": "0" * 64}]},
                "files.0.path",
            ),
            ({"files": [{"path": "/etc/x.warc.gz", "bytes": 1, "sha256": "0" * 64}]}, "files.0.path"),
            ({"more": 1}, "more: Extra"),
        ],
    )
    def test_is_not_made_by_a_manifest_that_was_changed(
        self, kept: Path, tmp_path: Path, change: dict[str, object], said: str
    ) -> None:
        (folder,) = kept.iterdir()
        told = json.loads((folder / MANIFEST).read_text()) | change
        changed(folder / MANIFEST, json.dumps(told).encode())
        with pytest.raises(BackupError, match=said):
            restore_backup(kept, Home(tmp_path / "new"), False, NOW)
        assert not (tmp_path / "new").exists()

    def test_is_not_made_of_a_torn_manifest_or_of_a_folder_without_one(
        self, kept: Path, tmp_path: Path
    ) -> None:
        (folder,) = kept.iterdir()
        changed(folder / MANIFEST, (folder / MANIFEST).read_bytes()[:100])
        with pytest.raises(BackupError, match=r"backup\.json is torn or was changed"):
            restore_backup(kept, Home(tmp_path / "new"), False, NOW)
        with pytest.raises(BackupError, match="holds no backup"):
            restore_backup(tmp_path / "home", Home(tmp_path / "new"), False, NOW)


def seconds_of(*words: object) -> float:
    began = time.monotonic()
    assert laborledger(*words).returncode == 0
    return time.monotonic() - began


def test_a_killed_backup_leaves_the_earlier_ones_whole(home: Home, kept: Path, tmp_path: Path) -> None:
    first = {path.parent: content(path.parent) for path in backups(kept)}
    asked = ("backup", kept, "--home", home.path)
    span, chance = seconds_of(*asked), random.Random(7)
    for _ in range(KILLS):
        killed(chance.uniform(span / 3, span), *asked)
        for path, told in first.items():
            assert content(path) == told
        restore_backup(kept, Home(tmp_path / "new"), False, NOW)  # the newest is whole, whichever it is
        assert rows(Home(tmp_path / "new"), "select count(*) from raw.fetches") == [(2,)]
        shutil.rmtree(tmp_path / "new")
    assert laborledger(*asked).returncode == 0
    assert not list(kept.glob(".tmp*"))


def test_a_killed_restore_leaves_a_whole_home_or_none(home: Home, kept: Path, tmp_path: Path) -> None:
    new = Home(tmp_path / "new")
    asked = ("restore", kept, "--home", new.path)
    span, chance = seconds_of(*asked), random.Random(7)
    whole = content(new.path)
    for _ in range(KILLS):
        shutil.rmtree(new.path, ignore_errors=True)
        killed(chance.uniform(span / 3, span), *asked)
        assert not new.path.exists() or content(new.path) == whole
    shutil.rmtree(new.path, ignore_errors=True)
    assert laborledger(*asked).returncode == 0
    assert content(new.path) == whole
    assert not list(tmp_path.glob(".tmp*"))


def test_a_killed_restore_by_force_loses_no_home(home: Home, kept: Path, tmp_path: Path) -> None:
    mark, chance = home.path / "mark", random.Random(7)
    span = seconds_of("restore", kept, "--home", tmp_path / "new")
    for number in range(KILLS):
        home.path.mkdir(exist_ok=True)
        mark.write_text(str(number))
        killed(chance.uniform(span / 3, span), "restore", kept, "--home", home.path, "--force")
        marks = {path.read_text() for path in tmp_path.glob("home*/mark")}
        assert str(number) in marks


def test_two_backups_at_once_do_not_meet(home: Home, kept: Path) -> None:
    asked = [str(COMMAND), "backup", str(kept), "--home", str(home.path)]
    both = [subprocess.Popen(asked, env=environment(), stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(backups(kept)) == 3


def test_the_command_says_what_it_did_and_how_to_go_on(home: Home, tmp_path: Path) -> None:
    told = laborledger("backup", tmp_path / "kept", "--home", home.path, "--keep", 1)
    again = laborledger("backup", tmp_path / "kept", "--home", home.path, "--keep", 1)
    assert "0 as in the backup before" in told.stdout
    assert "2 as in the backup before" in again.stdout
    assert "removed: " in again.stdout
    made = laborledger("restore", tmp_path / "kept", "--home", tmp_path / "new")
    assert f"laborledger run --sources none --home {tmp_path / 'new'}" in made.stdout
    refused = laborledger("restore", tmp_path / "kept", "--home", tmp_path / "new")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "--force" in refused.stderr


def test_a_ledger_that_was_lost_is_published_again_with_the_same_content(sample: Ran, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample[0], home, symlinks=True)
    before = manifest(home)
    assert laborledger("backup", tmp_path / "kept", "--home", home).returncode == 0
    shutil.rmtree(home)
    assert laborledger("restore", tmp_path / "kept", "--home", home).returncode == 0
    told = laborledger("run", "--sources", "none", "--home", home)
    assert told.returncode == 0, told.stderr
    after = manifest(home)
    assert after["content_hash"] == before["content_hash"]
    assert after["build_id"] != before["build_id"]
    history = "select min(believed_from) as since from claim_history"
    asked = (laborledger("sql", history, "--home", place).stdout for place in (sample[0], home))
    assert len(set(asked)) == 1, "since when a claim is believed is kept"


def test_a_moment_has_a_name_that_sorts_by_time(home: Home, tmp_path: Path) -> None:
    moments = [NOW + timedelta(milliseconds=n) for n in (0, 1, 999, 60_000)]
    names = [take_backup(home, tmp_path / "kept", tmp_path / "none", at).path.name for at in moments]
    assert names == sorted(set(names))
