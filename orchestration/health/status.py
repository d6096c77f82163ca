"""Finds out how a home is, and what of it needs a person.

It looks into the published file, its manifest, the clocks of the build file, Dagster's history and the disk;
nothing is written. How it is shown is the business of `screen.py`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from orchestration.habits import longest_silence
from orchestration.health.history import FAILED, History, Run, read_history
from orchestration.health.troubles import Trouble, bytes_worded, trouble
from orchestration.home import Home
from orchestration.publishing import PublishError
from orchestration.publishing.builds import Builds
from orchestration.publishing.checks import ERROR, FAIL
from orchestration.publishing.manifest import Manifest
from orchestration.publishing.rollback import Rollback, read_rollback

T = TypeVar("T")

OLD, SILENT = timedelta(days=2), timedelta(days=3)
LEAST_FREE = 2**30
"""Bytes; less, or less than twice the build file, and the next build may not fit."""
TABLES = {
    "newest": (
        "select published_on, sources.name as outlet, title from dim_articles "
        "inner join dim_sources as sources using (source_id) order by published_on desc, article_id limit 1"
    ),
    "figures": (
        "select measure, count(*) as claims, max(published_on) as newest "
        "from fct_claims group by 1 order by 1"
    ),
    "outlets": (
        "select sources.name as outlet, meta_sources.* exclude (source_id, is_verified) from meta_sources "
        "inner join dim_sources as sources using (source_id) where last_looked_at is not null order by 1"
    ),
    "quality": "select gold_set, articles, precision, recall, f1, full_f1 from meta_quality order by 1",
    "checks": (
        "select check_name, severity, status, message from meta_checks where status <> 'pass' order by 1"
    ),
}
"""Questions to the published file, by the name under which the screen shows the answer."""
COVERAGE = (
    "select sources.name as outlet, sum(looked) as looks, sum(failed) as failed, sum(blocked) as blocked "
    "from source_coverage inner join dim_sources as sources using (source_id) "
    "where day > (select max(day) from source_coverage) - interval 7 days group by 1 order by 1"
)
DAYS = (
    "select distinct sources.name as outlet, published_on from dim_articles "
    "inner join dim_sources as sources using (source_id) order by 1, 2"
)
FRESH = {"outlets": TABLES["outlets"], "coverage": COVERAGE, "days": DAYS}
"""What a look changes without a new build: asked of the build file too, where nobody holds it."""


@dataclass(frozen=True, slots=True)
class Status:
    """All that the screen shows. `tables` are rows of the ledger by name; sizes and `free` are bytes.

    `writer` is who holds the writer lock, empty where nobody does.
    """

    home: Path
    build: Manifest | None
    history: History
    rollback: Rollback | None
    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    sizes: Mapping[str, int]
    free: int
    writer: str
    troubles: tuple[Trouble, ...] = ()

    @property
    def last_run(self) -> Run | None:
        """The newest run that ended."""
        return self.history.last_run

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to do something."""
        return any(trouble.needs_person for trouble in self.troubles)


def read_status(home: Home, now: datetime) -> Status:
    """Find out how a home is, at a moment with a zone. Never raises for what a home is like."""
    build = _calmly(lambda: Builds(home.published).current_manifest(), None)
    found = Status(
        home=home.path,
        build=build,
        history=_calmly(lambda: read_history(home.dagster), History()),
        rollback=read_rollback(Builds(home.published)) if build else None,
        tables=_tables(home) if build else {},
        sizes={folder.name: size_of(folder) for folder in _folders(home)},
        free=shutil.disk_usage(existing(home.path)).free,
        writer=writer_of(home),
    )
    return dataclasses.replace(found, troubles=tuple(_troubles(home, found, now)))


def _calmly(ask: Callable[[], T], otherwise: T) -> T:
    """An answer, or `otherwise` where the disk does not give one."""
    try:
        return ask()
    except (OSError, PublishError):
        return otherwise


def _folders(home: Home) -> tuple[Path, ...]:
    return home.build_file.parent, home.archive, home.published, home.dagster


def existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(folder for folder in (path, *path.parents) if _calmly(folder.exists, False))


def size_of(path: Path) -> int:
    """Bytes of a file, or of the files in a folder; one that goes meanwhile counts nothing."""
    files = (os.path.join(place, name) for place, _, names in os.walk(path) for name in names)
    total = 0
    for file in files if path.is_dir() else (path,):
        with suppress(OSError):
            total += os.lstat(file).st_size
    return total


# Rows


def _tables(home: Home) -> dict[str, list[dict[str, Any]]]:
    """What the published file says, and of clocks and days what the build file says where nobody holds it.

    A build that says what the one before said is not published again, so that the published clocks stand
    still while all is well.
    """
    return _asked(home.published_file, TABLES | FRESH) | _fresh(home)


def _fresh(home: Home) -> dict[str, list[dict[str, Any]]]:
    """Rows of the build file, read under the writer lock: DuckDB would keep a run from opening it."""
    if not (home.build_file.is_file() and home.lock_file.is_file()):
        return {}
    try:
        with FileLock(home.lock_file, timeout=0):
            found = _asked(home.build_file, FRESH)
    except (Timeout, OSError):
        return {}
    return {name: rows for name, rows in found.items() if rows}


def _asked(file: Path, questions: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Rows by question; a file of an older form lacks a table, and then there are none."""
    import duckdb

    found: dict[str, list[dict[str, Any]]] = {name: [] for name in questions}
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            connection.execute("use marts")
            for name, query in questions.items():
                found[name] = _rows(connection, query)
    except duckdb.Error:
        return found
    return found


def _rows(connection: Any, query: str) -> list[dict[str, Any]]:
    import duckdb

    try:
        answer = connection.execute(query)
    except (duckdb.CatalogException, duckdb.BinderException):
        return []
    columns = [column[0] for column in answer.description or []]
    return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


# Troubles


def _troubles(home: Home, found: Status, now: datetime) -> Iterator[Trouble]:
    yield from _of_the_file(home, found)
    if found.last_run and found.last_run.status == FAILED:
        yield trouble("last_run_failed", cause=found.last_run.cause)
    if found.build:
        yield from _of_time(found, now)
    yield from lack_of_room(home, found.free, found.sizes.get("build", 0))
    if found.writer:
        yield trouble("writing", who=found.writer)


def lack_of_room(home: Home, free: int, build: int) -> Iterator[Trouble]:
    """Where so many bytes may not hold the next build, when the present one takes `build` bytes."""
    if free < max(LEAST_FREE, 2 * build):
        yield trouble("disk_low", free=bytes_worded(free), path=home.path)


def _of_the_file(home: Home, found: Status) -> Iterator[Trouble]:
    build = found.build
    if build is None:
        pointer = home.published / "current"
        has_builds = _calmly(lambda: pointer.is_symlink() or pointer.exists(), True)
        yield trouble("published_broken" if has_builds else "nothing_published")
        return
    if build.forced:
        yield trouble("forced", who=build.forced.by, why=build.forced.because)
    for row in found.tables.get("checks", ()):
        is_forced = (row["severity"], row["status"]) == (ERROR, FAIL)
        code = "check_forced" if is_forced else "check_failed"
        yield trouble(code, check=row["check_name"], message=row["message"] or "no message")
    if back := found.rollback:
        yield trouble("rolled_back", who=back.by, build=back.to, at=back.at, left=back.left)


def _of_time(found: Status, now: datetime) -> Iterator[Trouble]:
    """What has been silent for too long; a sample does not age."""
    assert found.build is not None
    if found.build.sample:
        return
    age = now - max(filter(None, (found.build.created_at, found.history.last_good)))
    if age > OLD:
        yield trouble("published_old", age=f"{age.days} days")
    outlets = found.tables.get("outlets", ())
    newest = max((row["last_looked_at"] for row in outlets), default=None)
    for row in outlets:
        # One that is asked no longer, since it left the sources file, is no trouble.
        if newest - row["last_looked_at"] <= SILENT:
            yield from _of_outlet(found, row)


def _of_outlet(found: Status, row: Mapping[str, Any]) -> Iterator[Trouble]:
    """Its clocks against its looks: while nobody looks, an outlet is not silent."""
    name, looked, answered = row["outlet"], row["last_looked_at"], row["last_answered_at"]
    if answered is None:
        yield trouble("outlet_never", outlet=name)
    elif looked - answered > SILENT:
        yield trouble("outlet_silent", outlet=name, since=f"{answered:%Y-%m-%d %H:%M} UTC")
    else:
        days = [one["published_on"] for one in found.tables.get("days", ()) if one["outlet"] == name]
        if (usual := longest_silence(days, looked.date())) is not None:
            yield trouble("outlet_quiet", outlet=name, since=days[-1], usual=usual)


def writer_of(home: Home) -> str:
    """Who holds the writer lock; empty where nobody does."""
    try:
        if not home.lock_file.exists():
            return ""
        with FileLock(home.lock_file, timeout=0):
            return ""
    except Timeout:
        return _noted(home)
    except OSError:
        return ""


def _noted(home: Home) -> str:
    try:
        told = json.loads(home.lock_file.with_suffix(".json").read_text(encoding="utf-8"))
        return f"process {told['pid']} since {told['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process"
