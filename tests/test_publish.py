"""Publishing: what a reader of the published file may rely on, whatever happens to the publisher.

`LABORLEDGER_KILLS=300` runs the killing test that many times.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest

from orchestration.home import ROOT, Home
from orchestration.publishing import PublishError
from orchestration.publishing.builds import Builds, file_hash, outlived
from orchestration.publishing.gate import GateRefused
from orchestration.publishing.manifest import Manifest
from orchestration.publishing.publish import SMOKE, publish, told_clearly
from orchestration.publishing.smoke import smoke
from tests.builds import NOW, build_home, later, rebuild, write_artifacts
from tests.drivers import VERSIONS, ask

NEW_BOUND = "update marts.fct_claims set workers_low = 301 where claim_id = 'c1'"
LOW = "select workers_low from marts.fct_claims where claim_id = 'c1'"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return build_home(tmp_path_factory.mktemp("built") / "home")


@pytest.fixture(scope="module")
def once(built: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home published once, by run-1 at NOW; for reading only."""
    home = copied(built, tmp_path_factory.mktemp("once"))
    publish(home, "run-1", NOW)
    return home


@pytest.fixture
def unpublished(built: Home, tmp_path: Path) -> Home:
    return copied(built, tmp_path)


@pytest.fixture
def home(once: Home, tmp_path: Path) -> Home:
    """A home published once, by run-1 at NOW, to do with as the test likes."""
    return copied(once, tmp_path)


@pytest.fixture
def file(once: Home) -> Path:
    return once.published_file


def copied(home: Home, folder: Path) -> Home:
    shutil.copytree(home.path, folder / "home", symlinks=True)
    return Home(folder / "home")


def current(home: Home) -> Manifest:
    manifest = Builds(home.published).current_manifest()
    assert manifest is not None
    return manifest


def query(file: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def low_seen_by_a_new_process(home: Home) -> int:
    code = f"import duckdb; c = duckdb.connect({str(home.published_file)!r}, read_only=True)"
    told = subprocess.run(
        [sys.executable, "-c", f"{code}; print(c.execute({LOW!r}).fetchone()[0])"],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(told.stdout)


def state_of(home: Home) -> tuple[object, ...]:
    """What a reader sees, and all that lies in the published folder."""
    lying = sorted(str(path.relative_to(home.published)) for path in home.published.rglob("*"))
    return os.readlink(home.published / "current"), file_hash(home.published_file), lying


class TestThePublishedFile:
    """What stands in it."""

    def test_holds_the_marts_that_dbt_built_and_nothing_else(self, file: Path) -> None:
        names = query(file, "select schema_name || '.' || table_name from duckdb_tables() order by 1")
        assert [name for (name,) in names] == [
            "marts.country_totals",
            "marts.dim_articles",
            "marts.dim_countries",
            "marts.dim_sectors",
            "marts.dim_sources",
            "marts.fct_claims",
            "marts.fct_deployments",
            "marts.meta_builds",
            "marts.meta_changes",
            "marts.meta_checks",
            "marts.meta_keys",
            "marts.meta_quality",
            "marts.source_coverage",
            "marts.worker_descriptions",
        ]
        assert query(file, "select count(*) from duckdb_views() where not internal") == [(0,)]

    def test_explains_every_table_and_column(self, file: Path) -> None:
        assert smoke(file)["uncommented"] == []
        comment = query(file, "select comment from duckdb_tables() where table_name = 'fct_deployments'")
        assert comment == [("Grain: one row of fct_deployments; it's said so",)]

    def test_carries_no_key_and_no_index(self, file: Path) -> None:
        assert query(file, "select count(*) from duckdb_indexes()") == [(0,)]
        assert query(file, "select count(*) from duckdb_constraints()") == [(0,)]

    def test_has_the_storage_version_that_old_drivers_read(self, file: Path) -> None:
        with duckdb.connect() as connection:
            connection.execute(f"attach '{file}' as published (read_only)")
            tags = connection.execute(
                "select tags['storage_version'] from duckdb_databases() where database_name = 'published'"
            )
            assert "v1.0.0" in str(tags.fetchone())

    def test_is_closed_to_writing(self, file: Path) -> None:
        assert file.stat().st_mode & 0o777 == 0o444

    def test_answers_when_it_is_attached_under_any_name(self, file: Path) -> None:
        with duckdb.connect() as connection:
            connection.execute(f"attach '{file}' as \"any name\" (read_only)")
            events = connection.execute('select count(*) from "any name".marts.fct_deployments').fetchone()
            assert events == (2,)

    @pytest.mark.parametrize("name", VERSIONS)
    def test_opens_in_another_duckdb(self, file: Path, name: str) -> None:
        told = ask(name, str(SMOKE), str(file))
        assert told.returncode == 0, told.stderr
        version = name.removeprefix("duckdb-")
        assert f'"duckdb": "{version}.' in told.stdout
        assert '"fct_claims": 2' in told.stdout
        assert '"uncommented": []' in told.stdout

    def test_the_driver_of_two_years_ago_is_among_them(self) -> None:
        assert "duckdb-1.2" in VERSIONS


class TestNothingChanged:
    """A build that says the same is not published again."""

    @pytest.mark.parametrize(
        "change",
        [
            "select 1",
            "update marts.dim_articles set last_seen_at = now()::timestamp",
            "insert into marts.source_coverage values ('sample', date '2026-01-06', 1)",
            "create or replace table marts.dim_countries as from marts.dim_countries order by name desc; "
            "comment on table marts.dim_countries is 'Grain: one row of dim_countries; it''s said so'; "
            "comment on column marts.dim_countries.country_code is 'What country_code means'; "
            "comment on column marts.dim_countries.kind is 'What kind means'; "
            "comment on column marts.dim_countries.name is 'What name means'",
        ],
        ids=["nothing", "articles seen again", "outlets looked at again", "rows in another order"],
    )
    def test_after(self, home: Home, change: str) -> None:
        first = current(home)
        before = state_of(home)
        rebuild(home, change)
        second = publish(home, "run-2", later(hours=1))
        assert not second.changed
        assert (second.build, second.content_hash) == (first.build_id, first.content_hash)
        assert second.path == home.published_file
        assert state_of(home) == before

    @pytest.mark.parametrize(
        ("change", "is_same_content"),
        [
            (NEW_BOUND, False),
            ("update marts.fct_claims set workers_high = 50 where workers_high is null", False),
            ("update marts.fct_claims set quote = null where claim_id = 'c2'", False),
            ("insert into marts.dim_sources values ('other', 'Other')", False),
            ("alter table marts.dim_sources rename column name to outlet", False),
            ("update marts.fct_claims set extractor_version = 'e2'", True),
            ("comment on column marts.fct_claims.quote is 'The words of the article'", True),
        ],
    )
    def test_but_a_new_build_after(self, home: Home, change: str, is_same_content: bool) -> None:
        first = current(home)
        rebuild(home, change)
        second = publish(home, "run-2", later(hours=1))
        assert second.changed
        assert second.build > first.build_id
        assert (second.content_hash == first.content_hash) is is_same_content

    def test_a_null_is_not_the_word_null(self, home: Home) -> None:
        rebuild(home, "update marts.fct_claims set quote = null")
        first = current(home)
        rebuild(home, "update marts.fct_claims set quote = 'null'")
        assert publish(home, "run-2", later(hours=1)).content_hash != first.content_hash


def test_what_was_published_is_told_in_plain_values(home: Home) -> None:
    told = publish(home, "run-2", later(hours=1)).metadata()
    assert json.loads(json.dumps(told)) == told
    assert (told["path"], told["changed"], told["rows"]["fct_claims"]) == (str(home.published_file), False, 2)


class TestReaders:
    def test_who_holds_the_old_file_keeps_it_whole_and_a_new_one_sees_the_new(self, home: Home) -> None:
        with duckdb.connect(str(home.published_file), read_only=True) as held:
            rebuild(home, NEW_BOUND)
            publish(home, "run-2", later(hours=1))
            assert low_seen_by_a_new_process(home) == 301
            assert held.execute(LOW).fetchone() == (300,)
            assert held.execute("select count(*) from marts.meta_builds").fetchone() == (1,)

    def test_keep_an_old_build_that_is_removed_under_them(self, unpublished: Home) -> None:
        home = unpublished
        old = publish(home, "run-1", later(days=-50))
        with duckdb.connect(str(home.published_file), read_only=True) as held:
            for days in (-45, 0):
                rebuild(home, f"update marts.fct_claims set workers_low = {-days}")
                publish(home, "run-2", later(days=days))
            assert not (home.published / "builds" / old.build).exists()
            assert held.execute(LOW).fetchone() == (300,)

    def test_never_find_a_wal_that_somebody_left(self, home: Home) -> None:
        """A reader of a file of this storage version applies it and says nothing."""
        published = home.published_file.resolve()
        published.chmod(0o644)
        code = (
            f"import duckdb, os; c = duckdb.connect({str(published)!r}); "
            "c.execute('set wal_autocheckpoint = \"1GB\"'); "
            "c.execute('update marts.fct_claims set workers_low = 666'); os._exit(0)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
        assert low_seen_by_a_new_process(home) == 666
        assert not publish(home, "run-2", later(hours=1)).changed
        assert low_seen_by_a_new_process(home) == 300
        assert not list(home.published.rglob("*.wal"))


class TestFailures:
    """Nothing is published, the message says why, and the published file is as it was."""

    def test_a_failed_check_is_refused(self, home: Home) -> None:
        before = state_of(home)
        write_artifacts(home, status="fail", message="Got 1 result, configured to fail if != 0")
        with pytest.raises(GateRefused, match=r"country_totals: fail: Got 1 result"):
            publish(home, "run-2", later(hours=1))
        assert state_of(home) == before

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            ("drop table marts.dim_sectors", "lacks these marts: dim_sectors"),
            (
                "update marts.dim_sectors set sector_code = 'none'",
                "fct_claims has 2 rows, and 0 once joined",
            ),
            (
                "insert into marts.dim_sectors from marts.dim_sectors",
                "fct_claims has 2 rows, and 4 once joined",
            ),
            ("alter table marts.fct_claims drop column parser_version", "parser_version"),
            ("drop table intermediate.int_events", "int_events"),
        ],
    )
    def test_a_broken_build_is_refused(self, home: Home, damage: str, message: str) -> None:
        before = state_of(home)
        rebuild(home, f"drop index if exists marts.one_claim; {damage}")
        with pytest.raises(PublishError, match=message):
            publish(home, "run-2", later(hours=1))
        assert state_of(home) == before

    def test_a_build_file_that_somebody_writes_is_named(self, home: Home) -> None:
        code = (
            f"import duckdb; c = duckdb.connect({str(home.build_file)!r}); print('open', flush=True); input()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            with pytest.raises(PublishError, match=rf"(?s)Could not set lock.*PID {writer.pid}"):
                publish(home, "run-2", later(hours=1))
            writer.communicate("\n")
        assert low_seen_by_a_new_process(home) == 300

    def test_a_corrupt_build_file_is_refused(self, home: Home) -> None:
        before = state_of(home)
        home.build_file.write_bytes(b"this is no database" * 1000)
        with pytest.raises(PublishError, match="not a valid DuckDB database file"):
            publish(home, "run-2", later(hours=1))
        assert state_of(home) == before

    @pytest.mark.parametrize("room", [0, 100_000, 1_000_000])
    def test_a_disk_without_room_leaves_what_was_there(self, home: Home, room: int) -> None:
        """The kernel refuses to let any file of the publisher grow beyond `room` bytes."""
        rebuild(home, NEW_BOUND)
        before = state_of(home)
        code = (
            "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
            f"resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room})); {publish_in_a_process(home)}"
        )
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert told.returncode == 1
        assert "PublishError: Nothing was published" in told.stderr.splitlines()[-1]
        assert state_of(home) == before

    def test_a_full_disk_is_called_so(self, home: Home) -> None:
        with (
            pytest.raises(PublishError, match=r"disk under .*published is full: make room and run again"),
            told_clearly(home),
        ):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def test_a_moment_without_a_time_zone_is_refused(self, home: Home) -> None:
        with pytest.raises(ValueError, match="has no time zone"):
            publish(home, "run-2", NOW.replace(tzinfo=None))

    def test_a_file_where_the_link_must_be_is_not_overwritten(self, home: Home) -> None:
        home.published_file.unlink()
        home.published_file.write_text("mine")
        with pytest.raises(PublishError, match="must be a link"):
            publish(home, "run-2", later(hours=1))
        assert home.published_file.read_text() == "mine"


def test_a_home_may_lie_anywhere(built: Home, tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s "odd"; 노동자 (1)'
    folder.mkdir()
    home = copied(built, folder)
    assert publish(home, "run-1", NOW).changed
    rebuild(home, NEW_BOUND)
    assert publish(home, "run-2", later(hours=1)).rows["meta_builds"] == 2


def test_a_build_is_named_by_its_moment_in_utc(unpublished: Home) -> None:
    seoul = timezone(timedelta(hours=9))
    told = publish(unpublished, "run-1", datetime(2026, 11, 25, 6, 0, 0, 123456, tzinfo=seoul))
    assert told.build.startswith("20261124T210000123Z-")


class TestRecovery:
    def test_what_a_killed_run_left_is_swept(self, home: Home) -> None:
        rebuild(home, NEW_BOUND)
        left = home.published / "builds" / ".tmp-20261124T050000000Z-0123456789ab"
        left.mkdir()
        (left / "labor_ledger.duckdb").write_bytes(b"half")
        os.symlink("builds/nothing", home.published / ".tmp-current")
        publish(home, "run-2", later(hours=1))
        assert sorted(path.name for path in home.published.iterdir()) == [
            "builds",
            "current",
            "labor_ledger.duckdb",
        ]
        assert len(list((home.published / "builds").iterdir())) == 2

    @pytest.mark.parametrize("lost", ["labor_ledger.duckdb", "manifest.json"])
    def test_a_current_build_that_is_not_whole_is_replaced(self, home: Home, lost: str) -> None:
        first = current(home)
        (home.published / "current" / lost).unlink()
        second = publish(home, "run-2", later(hours=1))
        assert second.changed
        assert second.content_hash == first.content_hash
        assert low_seen_by_a_new_process(home) == 300

    def test_a_current_file_with_one_other_byte_is_replaced(self, home: Home) -> None:
        published = home.published_file.resolve()
        published.chmod(0o644)
        with published.open("r+b") as content:
            content.seek(-1, os.SEEK_END)
            content.write(b"\x01")
        assert publish(home, "run-2", later(hours=1)).changed

    def test_after_going_back_by_hand_the_next_build_is_shown_again(self, home: Home) -> None:
        first = current(home)
        rebuild(home, NEW_BOUND)
        second = publish(home, "run-2", later(hours=1))
        Builds(home.published).flip(first.build_id)
        assert low_seen_by_a_new_process(home) == 300
        third = publish(home, "run-3", later(hours=2))
        assert (third.changed, third.content_hash) == (True, second.content_hash)
        assert low_seen_by_a_new_process(home) == 301
        assert {first.build_id, second.build, third.build} == {
            p.name for p in (home.published / "builds").iterdir()
        }

    def test_a_clock_that_went_back_does_not_keep_a_build_from_being_shown(self, home: Home) -> None:
        rebuild(home, NEW_BOUND)
        assert publish(home, "run-2", later(days=-40)).changed
        assert low_seen_by_a_new_process(home) == 301

    def test_two_builds_of_one_moment_and_content_do_not_meet(self, home: Home) -> None:
        first = current(home)
        rebuild(home, "update marts.fct_claims set parser_version = 'p2'")
        second = publish(home, "run-2", NOW)
        assert (first.content_hash, first.build_id) != (second.content_hash, second.build)


def publish_in_a_process(home: Home) -> str:
    return (
        "from pathlib import Path; from datetime import datetime, UTC; from orchestration.home import Home; "
        "from orchestration.publishing.publish import publish; import duckdb; print('ready', flush=True); "
        f"publish(Home(Path({str(home.path)!r})), 'run', datetime.now(UTC))"
    )


DIE_AT = """
import os, signal, sys
NAMES = "open os.mkdir os.rename os.chmod os.symlink os.remove os.rmdir subprocess.Popen"
WATCHED = set(NAMES.split())
left = int(sys.argv[1])
def hook(event, _):
    global left
    if event in WATCHED:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
def arm(): sys.addaudithook(hook)
"""


@pytest.mark.parametrize("seed", range(int(os.environ.get("LABORLEDGER_KILLS", "3"))))
def test_killed_at_any_instant_the_link_leads_to_a_whole_file(home: Home, seed: int) -> None:
    """Even seeds kill after a random time, odd ones just before a random touch of the file system."""
    chance = random.Random(seed)
    rebuild(home, NEW_BOUND)
    code = publish_in_a_process(home)
    touch = chance.randint(1, 45) if seed % 2 else 0
    command = [
        sys.executable,
        "-c",
        f"{DIE_AT}\n{code.replace('publish(Home', 'arm(); publish(Home')}",
        str(touch),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as publisher:
        assert publisher.stdout is not None
        publisher.stdout.readline()
        if not touch:
            time.sleep(chance.uniform(0, 0.35))
            publisher.kill()
    assert current(home)
    assert smoke(home.published_file.resolve())["rows"]
    assert low_seen_by_a_new_process(home) in {300, 301}
    publish(home, "run-3", later(hours=1))
    assert low_seen_by_a_new_process(home) == 301
    assert not [path for path in home.published.rglob("*") if path.name.startswith(".tmp-")]


class TestWhichBuildsMayGo:
    def test_all_of_the_last_day_stay(self) -> None:
        names = [f"20261124T{hour:02d}0000000Z-0123456789ab" for hour in range(6)]
        assert outlived(names, NOW, ()) == []

    def test_of_each_earlier_day_the_last_stays_for_thirty_days(self) -> None:
        morning, evening = "20261120T060000000Z-0123456789ab", "20261120T180000000Z-0123456789ab"
        last = "20261130T060000000Z-0123456789ab"
        assert outlived([evening, morning], NOW, ()) == [morning]
        assert outlived([evening, last], later(days=25), ()) == []
        assert outlived([evening, last], later(days=27), ()) == [evening]

    def test_the_last_of_each_month_stays_for_good(self) -> None:
        names = [f"2020{day}T000000000Z-0123456789ab" for day in ("0130", "0131", "0201", "0215", "0301")]
        assert outlived(names, NOW, ()) == [names[0], names[2]]

    def test_a_spared_one_stays_whatever_its_age(self) -> None:
        name, last = "20200101T000000000Z-0123456789ab", "20200102T000000000Z-0123456789ab"
        assert outlived([name, last], NOW, {name}) == []

    @pytest.mark.parametrize("name", ["20261332T000000000Z-0123456789ab", "mine", "20200101", ".tmp-x"])
    def test_a_folder_that_is_no_build_of_ours_stays(self, name: str) -> None:
        assert outlived([name], NOW, ()) == []
