"""`laborledger status`: one screen on a home, and whether something needs a person.

What is found out is found in the published file, its manifest, Dagster's history and the disk; nothing is
written. The words for what is wrong, and the cure, are in `troubles.csv`.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.home import Home
from orchestration.publishing.answers import plain, shown
from orchestration.publishing.builds import Builds
from orchestration.publishing.manifest import Manifest
from orchestration.publishing.rollback import read_rollback

OLD, SILENT = timedelta(days=2), timedelta(days=3)
LEAST_FREE = 2**30
"""Bytes; less, or less than twice the build file, and the next build may not fit."""
GOOD, TROUBLED = 0, 1
HISTORY = "history"
"""Of Dagster's folder: it is there once Dagster ran."""
TABLES = {
    "figures": (
        "select measure, count(*) as claims, max(published_on) as newest "
        "from fct_claims group by 1 order by 1"
    ),
    "outlets": (
        "select sources.name as outlet, meta_sources.* exclude (source_id, is_verified) from meta_sources "
        "inner join dim_sources as sources using (source_id) where last_looked_at is not null order by 1"
    ),
    "quality": "select gold_set, articles, precision, recall, f1, full_f1 from meta_quality order by 1",
    "checks": "select check_name, status, message from meta_checks where status <> 'pass' order by 1",
}
"""Questions to the published file, by the name under which the screen shows the answer."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong, or worth knowing: in words, with its cure."""

    code: str
    needs_person: bool
    what: str
    cure: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run as Dagster's history has it; times are UTC."""

    job: str
    status: str
    started: datetime | None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """All that the screen shows. `tables` are rows of the published file by name; sizes are bytes."""

    home: Path
    build: Manifest | None
    last_run: Run | None
    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    sizes: Mapping[str, int]
    free: int
    troubles: tuple[Trouble, ...]

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to do something."""
        return any(trouble.needs_person for trouble in self.troubles)


def status(home: Home, form: str) -> int:
    """Print the status of a home; gives the exit status: 1 where something needs a person."""
    told = read_status(home, datetime.now(UTC))
    if form == "json":
        json.dump(plain(dataclasses.asdict(told) | {"home": str(home.path)}), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _print(told)
    return TROUBLED if told.needs_person else GOOD


def read_status(home: Home, now: datetime) -> Status:
    """Find out how a home is, at a moment with a zone. Never raises for what a home is like."""
    build = _build(home)
    last_run = _last_run(home)
    tables = _tables(home) if build else {}
    sizes = {folder.name: _size(folder) for folder in _folders(home)}
    free = shutil.disk_usage(_existing(home.path)).free
    found = Status(home.path, build, last_run, tables, sizes, free, ())
    return dataclasses.replace(found, troubles=tuple(_troubles(home, found, now)))


def _folders(home: Home) -> tuple[Path, ...]:
    return home.build_file.parent, home.archive, home.published, home.dagster


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _size(folder: Path) -> int:
    """Bytes of the files in a folder; one that goes meanwhile counts nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total


def _build(home: Home) -> Manifest | None:
    from orchestration.publishing import PublishError

    try:
        return Builds(home.published).current_manifest()
    except PublishError:
        return None


def _tables(home: Home) -> dict[str, list[dict[str, Any]]]:
    """What the published file says; a file of an older form lacks a table, and then it is empty."""
    import duckdb

    found: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    try:
        with duckdb.connect(str(home.published_file), read_only=True) as connection:
            connection.execute("use marts")
            for name, query in TABLES.items():
                try:
                    answer = connection.execute(query)
                except (duckdb.CatalogException, duckdb.BinderException):
                    continue
                columns = [column[0] for column in answer.description or []]
                found[name] = [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
    except duckdb.Error:
        return found
    return found


def _last_run(home: Home) -> Run | None:
    """The newest run of Dagster's history that ended; None where there is none, or it cannot be read."""
    if not (home.dagster / HISTORY).is_dir():
        return None
    warnings.simplefilter("ignore")
    import dagster as dg

    try:
        with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
            ended = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE])
            records = instance.get_run_records(ended, limit=1)
            return _run(instance, records[0]) if records else None
    except Exception:
        # Its database may be of another version, or in use: the rest of the screen is still worth showing.
        return None


def _run(instance: Any, record: Any) -> Run:
    run, started = record.dagster_run, record.start_time
    at = datetime.fromtimestamp(started, UTC) if started else None
    return Run(run.job_name, run.status.value, at, "" if run.is_success else _cause(instance, run.run_id))


def _cause(instance: Any, run_id: str) -> str:
    """The first line of why the first step failed."""
    import dagster as dg

    for event in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        error = event.dagster_event.step_failure_data.error
        if error:
            words = (error.cause or error).message.strip().splitlines()
            return f"{event.dagster_event.step_key}: {words[0] if words else 'no cause is known'}"
    return "no cause is known"


# Troubles


@cache
def _wordings() -> dict[str, dict[str, str]]:
    with Path(__file__).with_name("troubles.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row for row in csv.DictReader(file)}


def trouble(code: str, **values: object) -> Trouble:
    """A trouble of the table, with its values put in."""
    row = _wordings()[code]
    return Trouble(
        code, row["needs_person"] == "yes", row["what"].format(**values), row["cure"].format(**values)
    )


def _troubles(home: Home, found: Status, now: datetime) -> Iterator[Trouble]:
    yield from _of_the_file(home, found)
    if found.last_run and found.last_run.status == "FAILURE":
        yield trouble("last_run_failed", cause=found.last_run.cause)
    if found.build:
        yield from _of_time(found, now)
    if found.free < max(LEAST_FREE, 2 * found.sizes.get("build", 0)):
        yield trouble("disk_low", free=bytes_worded(found.free), path=home.path)
    if holder := _holder(home):
        yield trouble("writing", who=holder)


def _of_the_file(home: Home, found: Status) -> Iterator[Trouble]:
    build = found.build
    if build is None:
        lies = home.published_file.is_symlink() or home.published_file.exists()
        has_builds = (home.published / "current").is_symlink() or (home.published / "current").exists()
        yield trouble("published_broken" if lies and has_builds else "nothing_published")
        return
    if build.forced:
        yield trouble("forced", who=build.forced.by, why=build.forced.because)
    for row in found.tables.get("checks", ()):
        yield trouble("check_failed", check=row["check_name"], message=row["message"])
    if rollback := read_rollback(Builds(home.published)):
        yield trouble("rolled_back", who=rollback.by, build=rollback.to, at=rollback.at, left=rollback.left)


def _of_time(found: Status, now: datetime) -> Iterator[Trouble]:
    """What has been silent for too long; a sample does not age."""
    assert found.build is not None
    if found.build.sample:
        return
    ended = found.last_run.started if found.last_run and found.last_run.status == "SUCCESS" else None
    age = now - max(filter(None, (found.build.created_at, ended)))
    if age > OLD:
        yield trouble("published_old", age=f"{age.days} days")
    for row in found.tables.get("outlets", ()):
        answered = row["last_answered_at"]
        if answered is None:
            yield trouble("outlet_never", outlet=row["outlet"])
        elif now.replace(tzinfo=None) - answered > SILENT:
            yield trouble("outlet_silent", outlet=row["outlet"], since=f"{answered:%Y-%m-%d %H:%M} UTC")


def _holder(home: Home) -> str:
    """Who holds the writer lock; empty where nobody does."""
    if not home.lock_file.exists():
        return ""
    try:
        with FileLock(home.lock_file, timeout=0):
            return ""
    except Timeout:
        noted = home.lock_file.with_suffix(".json")
        try:
            told = json.loads(noted.read_text(encoding="utf-8"))
            return f"process {told['pid']} since {told['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "a process"
    except OSError:
        return ""


# Showing


def bytes_worded(size: int) -> str:
    """A size as people say it."""
    number, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 1000 or unit == "TB":
            break
        number /= 1000
    return f"{number:,.0f} {unit}" if number >= 10 or unit == "B" else f"{number:,.1f} {unit}"


def _print(told: Status) -> None:
    out = Console(highlight=False, emoji=False)
    for label, words in _facts(told):
        out.print(Text(f"{label:<11}", style="bold").append(shown(words), style=""), soft_wrap=True)
    for name, title in (("outlets", "Outlets"), ("figures", "Figures"), ("quality", "Quality")):
        if rows := told.tables.get(name):
            out.print(_table(title, rows))
    for one in told.troubles:
        style = "red" if one.needs_person else "yellow"
        out.print(Text(shown(f"{'!' if one.needs_person else '·'} {one.what}"), style=style), soft_wrap=True)
        out.print(Text(shown(f"  {one.cure}")), soft_wrap=True)
    out.print("something needs a person" if told.needs_person else "all is well")


def _facts(told: Status) -> Iterator[tuple[str, str]]:
    yield "home", str(told.home)
    run, build = told.last_run, told.build
    if run:
        began = f"{run.started:%Y-%m-%d %H:%M} UTC" if run.started else "an unknown moment"
        yield "last run", f"{run.job}, {began}: {run.status.lower()}"
    else:
        yield "last run", "none is known"
    if build:
        rows = build.tables
        counts = ", ".join(f"{rows[t].rows:,} {w}" for t, w in _COUNTED if t in rows)
        sample = " (sample: no source of facts)" if build.sample else ""
        yield "published", f"{build.build_id}, {build.created_at:%Y-%m-%d %H:%M} UTC: {counts}{sample}"
    used = ", ".join(f"{name} {bytes_worded(size)}" for name, size in told.sizes.items())
    yield "disk", f"{used}; {bytes_worded(told.free)} free"


_COUNTED = (("fct_claims", "claims"), ("dim_articles", "articles"))


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    names = [*rows[0]]
    for name in names:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(Text(shown(_cell(row[name]))) for name in names))
    return table


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return (
        f"{value:.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    )
