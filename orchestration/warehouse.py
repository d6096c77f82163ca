"""The warehouse that a home's raw tables and marts are read from: its own build file, or the lake.

Only how either is opened for reading belongs here. The lake is read as it was when this home last built it,
whatever others do meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.home import STEM, Home
from orchestration.lake import Lake
from orchestration.quoting import identifier, literal

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Built:
    """What a home last built on the lake: the lake's snapshot, and dbt's id of the build."""

    snapshot: int
    invocation_id: str

    def note(self, home: Home) -> None:
        """Keep it for those who publish."""
        _place(home).write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")


def last_built(home: Home) -> Built | None:
    """What this home last built on the lake, where it did."""
    try:
        return Built(**json.loads(_place(home).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def what_was_built(home: Home) -> Path | Built | None:
    """The home's build file, or its last build on the lake: None where it never built there."""
    return last_built(home) if Lake.from_environment() else home.build_file


def _place(home: Home) -> Path:
    return home.build_file.with_name("lake.json")


def attach(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Attach the warehouse read-only and use it. Raises duckdb.Error, LakeError.

    It is attached by its own stem: a view built by DuckDB 1.x may name its database.
    """
    if lake := Lake.from_environment():
        built = last_built(home)
        lake.attach(connection, snapshot=built.snapshot if built else None)
    else:
        file = literal(str(home.build_file.resolve()))
        connection.execute(f"attach {file} as {identifier(STEM)} (read_only)")
    connection.execute(f"use {identifier(STEM)}")


@contextmanager
def reading(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own, offline and quiet, to the warehouse. Raises duckdb.Error, LakeError."""
    import duckdb

    offline: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(config=offline) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        attach(connection, home)
        yield connection
