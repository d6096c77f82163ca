"""The marts of a build file: what they hold, as a hash, and their copy into a file of their own.

Reads the build file and writes the copy, nothing else: which build is published, and where files
lie, is the business of `publish.py` and `builds.py`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import warehouse
from orchestration.home import STEM, Home
from orchestration.publishing import MARTS, PublishError
from orchestration.quoting import identifier, literal

if TYPE_CHECKING:
    import duckdb

STORAGE_VERSION = "v1.0.0"
"""Every DuckDB from 1.0 to 2.0 opens it."""

MACROS = Path(__file__).with_name("macros.sql")
TARGET = "target"
BATCH = 10_000
AT_ONCE = 2
NO_CONTENT = frozenset({"source_coverage", "claim_history"})
"""When the outlets were looked at grows on a day that brings nothing new; when a claim was believed says
which builds there were.
"""
OUTSIDE_THE_HASH = re.compile(r".*_seen_at|(.*_)?build(_id)?|(extractor|parser)_version")
"""Columns that say when and by what a row was made, not what it says."""


SHAPES = """
create temp table shapes as
select table_name as mart, column_index as place, column_name as name, data_type as type, comment
from duckdb_columns() where database_name = $database and schema_name = $schema
union all
select table_name, 0, null, null, comment
from duckdb_tables() where database_name = $database and schema_name = $schema
union all
select view_name, 0, null, null, comment
from duckdb_views() where database_name = $database and schema_name = $schema
"""
"""Names, types and comments of all marts, asked once: the catalog is slow to answer. Place 0 is a mart."""


@dataclass(frozen=True, slots=True)
class TableFacts:
    """Of one published table: its rows, and the hash of what they say (None: not part of the content)."""

    rows: int
    content_hash: str | None


@contextmanager
def reading(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, read-only and in use; `create_copy` adds a target. Raises duckdb.Error, LakeError."""
    with warehouse.reading(home) as connection:
        connection.execute(SHAPES, {"database": STEM, "schema": MARTS})
        yield connection


def check_present(connection: duckdb.DuckDBPyConnection, marts: Sequence[str]) -> None:
    """Raise PublishError for marts that dbt speaks of and the build file does not hold."""
    rows = connection.execute("select mart from temp.main.shapes where place = 0").fetchall()
    missing = sorted(set(marts) - {name for (name,) in rows})
    if missing or not marts:
        raise PublishError(f"the build file lacks these marts: {', '.join(missing) or 'all'}. Build again")


def is_content(mart: str) -> bool:
    """Whether the content hash covers the mart."""
    return not mart.startswith("meta_") and mart not in NO_CONTENT


def _columns(connection: duckdb.DuckDBPyConnection, mart: str) -> list[tuple[str, str, str | None]]:
    """(name, type, comment) of each column, in order."""
    return connection.execute(
        "select name, type, comment from temp.main.shapes where mart = ? and place > 0 order by place", [mart]
    ).fetchall()


def _comment(connection: duckdb.DuckDBPyConnection, mart: str) -> str | None:
    found = connection.execute(
        "select comment from temp.main.shapes where mart = ? and place = 0", [mart]
    ).fetchone()
    return found[0] if found else None


def table_facts(connection: duckdb.DuckDBPyConnection, marts: Sequence[str]) -> dict[str, TableFacts]:
    """Rows and content hash of each mart. The order of rows does not matter, that of columns neither.

    Two at a time: DuckDB takes a second processor for tables of a hundred thousand rows and more alone.
    """
    columns = {mart: _columns(connection, mart) for mart in marts}
    with ThreadPoolExecutor(AT_ONCE) as readers:
        facts = readers.map(lambda mart: _facts(connection, mart, columns[mart]), marts)
        return dict(zip(marts, facts, strict=True))


def _facts(
    connection: duckdb.DuckDBPyConnection, mart: str, columns: Sequence[tuple[str, str, str | None]]
) -> TableFacts:
    with connection.cursor() as own:
        own.execute(f"use {identifier(STEM)}")
        found = own.execute(f"select count(*) from {MARTS}.{identifier(mart)}").fetchone()
        return TableFacts(
            int(found[0]) if found else 0, _hash(own, mart, columns) if is_content(mart) else None
        )


def _hash(
    connection: duckdb.DuckDBPyConnection, mart: str, columns: Sequence[tuple[str, str, str | None]]
) -> str:
    """SHA-256 over the sorted hashes of the rows; a row is hashed as JSON, where NULL is not 'NULL'."""
    names = sorted(name for name, _, _ in columns if not OUTSIDE_THE_HASH.fullmatch(name))
    digest = hashlib.sha256("\n".join(names).encode())
    if not names:
        return digest.hexdigest()
    cells = ", ".join(f"{identifier(name)} := {identifier(name)}" for name in names)
    hashes = connection.execute(
        f"select sha256(to_json(struct_pack({cells}))::varchar) from {MARTS}.{identifier(mart)} order by 1"
    )
    while batch := hashes.fetchmany(BATCH):
        digest.update("".join(row for (row,) in batch).encode())
    return digest.hexdigest()


def content_hash(facts: dict[str, TableFacts]) -> str:
    """One hash of what all marts say: equal means that nothing changed."""
    lines = (f"{mart} {fact.content_hash}\n" for mart, fact in sorted(facts.items()) if fact.content_hash)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def schema_hash(
    connection: duckdb.DuckDBPyConnection, marts: Sequence[str], written: Sequence[Told] = ()
) -> str:
    """One hash of names, types and comments: a better column description is worth a new build.

    `written` are the tables that publishing adds.
    """
    shape: list[object] = [
        (mart, _comment(connection, mart), _columns(connection, mart)) for mart in sorted(marts)
    ]
    shape += [(table.name, table.comment, table.columns) for table in written]
    shape.append(MACROS.read_text(encoding="utf-8"))
    return hashlib.sha256(repr(shape).encode()).hexdigest()


def versions_used(connection: duckdb.DuckDBPyConnection, column: str) -> str | None:
    """The versions in a version column of fct_claims, None where there is no claim."""
    found = connection.execute(
        f"select string_agg(distinct v, ', ' order by v) "
        f"from (select {identifier(column)} v from {MARTS}.fct_claims)"
    ).fetchone()
    return found[0] if found else None


def holds_sample(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether articles of the sample outlet are among the build's articles."""
    found = connection.execute(
        f"select count(*) from {MARTS}.dim_articles join raw.sources using (source_id) where is_sample"
    ).fetchone()
    return bool(found and found[0])


def create_copy(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Make a new `file`, attached as TARGET, with the schema of the marts; `finish_copy` ends it."""
    connection.execute(
        f"attach {literal(str(file))} as {TARGET} (storage_version {literal(STORAGE_VERSION)})"
    )
    connection.execute(f"create schema {TARGET}.{MARTS}")


def fill_copy(connection: duckdb.DuckDBPyConnection, marts: Sequence[str]) -> None:
    """Copy marts with their comments, and the macros, into the copy.

    Views become tables: the copy stands for one moment, holds all that it shows, and opens when it is
    attached under any name. Keys and indexes stay behind: DuckDB 1.0 cannot read all of them.
    """
    # One transaction until `finish_copy`: each of some hundred statements alone would wait for the disk.
    connection.execute("begin")
    for mart in marts:
        name = f"{TARGET}.{MARTS}.{identifier(mart)}"
        connection.execute(f"create table {name} as from {MARTS}.{identifier(mart)}")
        comments = {column: comment for column, _, comment in _columns(connection, mart)}
        write_comments(connection, mart, _comment(connection, mart), comments)
    connection.execute(f"use {TARGET}.{MARTS}")
    connection.execute(MACROS.read_text(encoding="utf-8"))
    connection.execute(f"use {identifier(STEM)}")


@dataclass(frozen=True, slots=True)
class Told:
    """A table that publishing writes itself: its name, comment, and (name, type, comment) by column."""

    name: str
    comment: str
    columns: tuple[tuple[str, str, str], ...]

    def create(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make it, empty, in the copy."""
        columns = ", ".join(f"{identifier(name)} {kind}" for name, kind, _ in self.columns)
        connection.execute(f"create table {TARGET}.{MARTS}.{identifier(self.name)} ({columns})")
        comments: dict[str, str | None] = {name: text for name, _, text in self.columns}
        write_comments(connection, self.name, self.comment, comments)

    def add(self, connection: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, object]]) -> int:
        """Write rows, given by column; returns how many. As JSON: DuckDB looks at each parameter for long."""
        shape = json.dumps([{name: kind for name, kind, _ in self.columns}])
        names = ", ".join(identifier(name) for name, _, _ in self.columns)
        connection.execute(
            f"insert into {TARGET}.{MARTS}.{identifier(self.name)} "
            f"select {names} from (select unnest(from_json($rows, $shape), recursive := true))",
            {"rows": json.dumps(rows, default=str), "shape": shape},
        )
        return len(rows)


def write_comments(
    connection: duckdb.DuckDBPyConnection, mart: str, table: str | None, columns: dict[str, str | None]
) -> None:
    """Set the comments of a mart of the copy, of the table and by column."""
    name = f"{TARGET}.{MARTS}.{identifier(mart)}"
    told = [f"comment on table {name} is {literal(table)}"] if table else []
    told += [
        f"comment on column {name}.{identifier(column)} is {literal(comment)}"
        for column, comment in columns.items()
        if comment
    ]
    if told:
        connection.execute(";".join(told))


def finish_copy(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the copy out and let go of it: afterwards no .wal lies beside it."""
    connection.execute("commit")
    connection.execute(f"force checkpoint {TARGET}")
    connection.execute(f"detach {TARGET}")
