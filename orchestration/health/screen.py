"""Shows what was found out, for people or as JSON, and gives the exit status.

Only showing belongs here. What stands in a ledger is of the outlets' making: control characters are shown
as escapes, and no markup is read.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.health.status import Status, read_status
from orchestration.health.troubles import Trouble, bytes_worded
from orchestration.home import Home
from orchestration.publishing.answers import plain, shown

GOOD, TROUBLED = 0, 1
SHOWN = (("outlets", "Outlets"), ("coverage", "Looks of the last week"), ("figures", "Figures"))
HIDDEN = {"days"}
"""Rows that are for judging, not for reading."""
COUNTED = (("fct_claims", "claims"), ("dim_articles", "articles"))


def status(home: Home, form: str) -> int:
    """Print the status of a home; gives the exit status: 1 where something needs a person."""
    told = read_status(home, datetime.now(UTC))
    if form == "json":
        _print_json(told)
    else:
        _print(told)
    return TROUBLED if told.needs_person else GOOD


def _print_json(told: Status) -> None:
    tables = {name: rows for name, rows in told.tables.items() if name not in HIDDEN}
    facts = dataclasses.asdict(dataclasses.replace(told, tables=tables))
    json.dump(plain(facts | {"home": str(told.home)}), sys.stdout, indent=2)
    sys.stdout.write("\n")


def _print(told: Status) -> None:
    out = Console(highlight=False, emoji=False)
    for label, words in _facts(told):
        out.print(Text(f"{label:<11}", style="bold").append(shown(words), style=""), soft_wrap=True)
    for name, title in (*SHOWN, ("quality", "Quality")):
        if rows := told.tables.get(name):
            out.print(_table(title, rows))
    for one in told.troubles:
        print_trouble(out, one, "!" if one.needs_person else "·")
    out.print("something needs a person" if told.needs_person else "all is well")


def print_trouble(out: Console, one: Trouble, mark: str) -> None:
    """A trouble in two lines: what is wrong, and the cure."""
    style = "red" if one.needs_person else "yellow"
    out.print(Text(shown(f"{mark} {one.what}"), style=style), soft_wrap=True)
    out.print(Text(shown(f"{' ' * len(mark)} {one.cure}")), soft_wrap=True)


def _facts(told: Status) -> Iterator[tuple[str, str]]:
    yield "home", str(told.home)
    yield "last run", _run_worded(told)
    if told.build:
        yield "published", _build_worded(told)
    if back := told.rollback:
        yield "rolled back", f"to {back.to} by {back.by}, {back.at}"
    for row in told.tables.get("newest", ()):
        yield "newest", f"{row['published_on']}, {row['outlet']}: {row['title']}"
    used = ", ".join(f"{name} {bytes_worded(size)}" for name, size in told.sizes.items())
    yield "disk", f"{used}; {bytes_worded(told.free)} free"
    yield "writing", told.writer or "nobody"


def _run_worded(told: Status) -> str:
    run = told.last_run
    if not run:
        return "none is known"
    began = f"{run.started:%Y-%m-%d %H:%M} UTC" if run.started else "an unknown moment"
    return f"{run.job}, {began}: {run.status.lower()}"


def _build_worded(told: Status) -> str:
    assert told.build is not None
    build, rows = told.build, told.build.tables
    counts = ", ".join(f"{rows[t].rows:,} {w}" for t, w in COUNTED if t in rows)
    sample = " (sample: no source of facts)" if build.sample else ""
    forced = f"; forced by {build.forced.by}" if build.forced else ""
    return f"{build.build_id}, {build.created_at:%Y-%m-%d %H:%M} UTC: {counts}{sample}{forced}"


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
    if isinstance(value, float):
        return f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
