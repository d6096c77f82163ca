"""A home's raw tables into the lake, and the marts built there: what many homes do to one warehouse.

A home scrapes and reads into its own build file, whoever else does; here what it found joins what the others
found. Rows are appended, never changed: the lake's `raw` shows each once, whoever brought it. What is made of
them is dbt's.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple

import duckdb

from orchestration.building import Outcome, build
from orchestration.home import STEM, Home
from orchestration.lake import DUCKLAKE, Lake, LakeError
from orchestration.ledger import SCHEMA_VERSION, Ledger, LedgerError, check_kinds, writer_lock
from orchestration.quoting import identifier, literal
from orchestration.records import Review
from orchestration.scraping.copies import METHOD, find_copies
from orchestration.warehouse import Built

logger = logging.getLogger(__name__)

OWN = "own"
"""The name under which the home's build file is attached beside the lake, which has the stem's."""
APPENDED = (
    *("fetches", "parses", "articles", "extractions", "figures", "rejects", "signatures"),
    *("archive_records", "archive_files"),
)
GIVEN = ("sources", "archive_months", "archive_gaps")
"""What each home says in its own words, row by row: the last one to push is believed."""
WRITTEN_OVER = ("copies", "reviews")
"""What is worked out for the lake as a whole."""
SURER = {"extractions": "outcome = 'failed'"}
"""What goes last among rows of one key: one home's reading may have failed, and another's not."""
SCHEMAS = ("pushed", "raw", "lexicon", "staging", "intermediate", "marts", "history")
"""dbt would make its own while its threads commit, and DuckLake may then lose one."""
TRIES = 5
TABLES = (*APPENDED, *GIVEN, *WRITTEN_OVER, "schema_version")
KEPT = "7 days"
"""So long a build can be looked back at, and a reader may hold an old one."""

KEYS = """
select table_name, constraint_column_names
from duckdb_constraints()
where database_name = 'own' and schema_name = 'raw' and constraint_type = 'PRIMARY KEY'
"""
COLUMNS = """
select database_name, schema_name, table_name, column_name, data_type
from duckdb_columns()
where schema_name in ('raw', 'pushed')
order by database_name, schema_name, table_name, column_index
"""
VIEW = """
select sql from duckdb_views()
where database_name = 'own' and schema_name = 'raw' and view_name = 'current_articles'
"""


def push(home: Home, lake: Lake) -> dict[str, int]:
    """Append what the home has and the lake has not; gives the new rows by table.

    All of it or nothing; pushing twice changes nothing, and several homes may push at once. The caller does
    not hold the home's writer lock. Raises LedgerError, LakeError, MixedHomeError.
    """
    with writer_lock(home), _both(home, lake) as connection:
        keys = {str(table): list(columns) for table, columns in connection.execute(KEYS).fetchall()}
        if not _is_ready(connection):
            with lake.held(alone=True):
                _prepare(connection, keys)
        _check_version(connection)
        _check_kind(connection, home)
        if any(_differs(connection, table) for table in GIVEN):
            with lake.held(alone=True):  # Two homes that add an outlet at once would add it twice.
                _again(connection, lambda: _give(connection, keys))
        with lake.held(alone=False):
            new = _again(connection, lambda: _append(connection, keys))
    logger.info("lake: %d new rows", sum(new.values()))
    return new


def build_on(
    lake: Lake, home: Home, republishers: Mapping[str, Sequence[str]], reviews: Sequence[Review]
) -> dict[str, Outcome]:
    """Find copies over all texts of the lake, build and test its marts; outcomes by dbt's id.

    One home builds at a time, and none pushes meanwhile: a build is of one moment. Raises LakeError,
    LedgerError.
    """
    with lake.held(alone=True), writer_lock(home):
        with _lake_alone(lake) as connection:
            _again(connection, lambda: _write_over(connection, republishers, reviews))
        outcomes = build(home, DUCKLAKE)
        told = json.loads((home.dbt_target / "run_results.json").read_bytes())
        with _lake_alone(lake) as connection:
            _tidy(connection)
            snapshot = connection.execute(f"select id from {STEM}.current_snapshot()").fetchone()
            Built(snapshot[0] if snapshot else 0, told["metadata"]["invocation_id"]).note(home)
    return outcomes


@contextmanager
def _both(home: Home, lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """The lake in use, and the home's build file beside it, read-only."""
    with _lake_alone(lake) as connection:
        if not home.build_file.exists():
            raise LedgerError(
                f"{home.build_file} is missing: there is nothing to push; run `laborledger run`"
            )
        connection.execute(f"attach {literal(str(home.build_file))} as own (read_only)")
        yield connection


@contextmanager
def _lake_alone(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        lake.attach(connection)
        connection.execute(f"use {STEM}")
        try:
            yield connection
        except duckdb.Error as error:
            raise LakeError(lake.hidden(f"the lake {lake.catalog}: {error}")) from None


def _again(
    connection: duckdb.DuckDBPyConnection, work: Callable[[], dict[str, int] | None]
) -> dict[str, int]:
    """Do work in a transaction; where another home wrote the same table meanwhile, once more."""
    for left in range(TRIES, 0, -1):
        connection.execute("begin")
        try:
            done = work() or {}
            connection.execute("commit")
            return done
        except duckdb.TransactionException:
            connection.execute("rollback")
            if left == 1:
                raise
        except BaseException:
            connection.execute("rollback")
            raise
    raise AssertionError("unreachable")


# Its shape


def _shape(connection: duckdb.DuckDBPyConnection) -> defaultdict[tuple[str, str, str], dict[str, str]]:
    """Type by column of the raw tables of lake and home, by database, schema and table: all in one question,
    for the catalog is slow to answer.
    """
    found: defaultdict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for database, schema, table, column, kind in connection.execute(COLUMNS).fetchall():
        found[database, schema, table][column] = kind
    return found


def _is_ready(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the lake has every table that the home has, with every column of it."""
    shape = _shape(connection)
    has_all = all(
        shape[STEM, _schema(table), table].items() >= shape[OWN, "raw", table].items() for table in TABLES
    )
    return has_all and bool(shape[STEM, "raw", "current_articles"])


def _schema(table: str) -> str:
    return "pushed" if table in APPENDED else "raw"


def _prepare(connection: duckdb.DuckDBPyConnection, keys: Mapping[str, Sequence[str]]) -> None:
    """Make what is missing: schemas, tables as the home has them, and what is to be read of them."""
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    for table in TABLES:
        _make_table(connection, table)
    shape = _shape(connection)
    for table in APPENDED:
        _show_once(connection, table, keys[table], list(shape[STEM, "pushed", table]))
    (view,) = connection.execute(VIEW).fetchone() or ("",)
    connection.execute("drop view if exists raw.current_articles")
    connection.execute(view)
    connection.execute("delete from raw.schema_version")
    connection.execute("insert into raw.schema_version values (?)", [SCHEMA_VERSION])


def _make_table(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """A table as the home has it, or the columns that it lacks."""
    place = f"{_schema(table)}.{identifier(table)}"
    connection.execute(f"create table if not exists {place} as from own.raw.{identifier(table)} limit 0")
    shape = _shape(connection)
    there = shape[STEM, _schema(table), table]
    for name, kind in shape[OWN, "raw", table].items():
        if name not in there:
            connection.execute(f"alter table {place} add column {identifier(name)} {kind}")


def _show_once(
    connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str], columns: Sequence[str]
) -> None:
    """A view that shows a row once. Of several of one key it is the first by all of its columns: which came
    first is not known.
    """
    rest = [identifier(name) for name in columns if name not in key]
    order = ", ".join(([SURER[table]] if table in SURER else []) + rest)
    connection.execute(
        f"create or replace view raw.{identifier(table)} as select * from pushed.{identifier(table)} "
        f"qualify row_number() over (partition by {', '.join(map(identifier, key))} order by {order}) = 1"
    )


def _check_version(connection: duckdb.DuckDBPyConnection) -> None:
    (found,) = connection.execute("select max(version) from raw.schema_version").fetchone() or (None,)
    if found is not None and found > SCHEMA_VERSION:
        raise LakeError(
            f"the lake's raw tables are of version {found}, and this laborledger writes version "
            f"{SCHEMA_VERSION}: use the laborledger that wrote it, or a newer one"
        )


def _check_kind(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Sample articles and others never meet. Raises MixedHomeError."""

    def kinds(database: str) -> set[bool]:
        rows = connection.execute(
            f"select distinct coalesce(is_sample, false) from {database}.raw.fetches "
            f"left join {database}.raw.sources using (source_id)"
        ).fetchall()
        return {bool(kind) for (kind,) in rows}

    check_kinds(kinds(OWN), kinds(STEM), False, home)


# Its rows


def _append(connection: duckdb.DuckDBPyConnection, keys: Mapping[str, Sequence[str]]) -> dict[str, int]:
    return {table: _append_to(connection, table, keys[table]) for table in APPENDED}


def _differs(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether the home says something of it that the lake does not."""
    name = identifier(table)
    found = connection.execute(
        f"select count(*) from (from own.raw.{name} except from raw.{name})"
    ).fetchone()
    return found != (0,)


def _give(connection: duckdb.DuckDBPyConnection, keys: Mapping[str, Sequence[str]]) -> None:
    """The rows of this home; those of others stay where they are of another key."""
    for table in GIVEN:
        name = identifier(table)
        connection.execute(
            f"delete from raw.{name} as there "
            f"where exists (from own.raw.{name} as own where {_same(keys[table])})"
        )
        connection.execute(f"insert into raw.{name} by name from own.raw.{name}")


def _same(key: Sequence[str]) -> str:
    """That a row of the home, `own`, and one of the lake, `there`, are of one key."""
    return " and ".join(f"own.{identifier(column)} = there.{identifier(column)}" for column in key)


def _append_to(connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str]) -> int:
    name, own = identifier(table), f"own.raw.{identifier(table)}"
    same = _same(key)
    if table in SURER:
        same += f" and ((own.{SURER[table]}) or not (there.{SURER[table]}))"
    done = connection.execute(
        f"insert into pushed.{name} by name select own.* from {own} as own "
        f"where not exists (from pushed.{name} as there where {same})"
    ).fetchone()
    return int(done[0]) if done else 0


def _write_over(
    connection: duckdb.DuckDBPyConnection,
    republishers: Mapping[str, Sequence[str]],
    reviews: Sequence[Review],
) -> None:
    """What holds for the lake as a whole: which texts are copies, and what people decided."""
    copies = [astuple(copy) for copy in find_copies(Ledger(connection).signed_texts(METHOD), republishers)]
    _replace(connection, "copies", copies)
    _replace(connection, "reviews", [(index, *astuple(review)) for index, review in enumerate(reviews)])


def _replace(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Make a table hold these rows; it is written where it does not."""
    if sorted(connection.execute(f"from raw.{table}").fetchall(), key=str) == sorted(rows, key=str):
        return
    connection.execute(f"create or replace temp table given as from raw.{table} limit 0")
    if rows:
        connection.executemany(f"insert into given values ({', '.join('?' * len(rows[0]))})", rows)
    connection.execute(f"delete from raw.{table}")
    connection.execute(f"insert into raw.{table} from given")


def _tidy(connection: duckdb.DuckDBPyConnection) -> None:
    """Join the small files of many pushes, and drop what no build of the last days shows."""
    connection.execute(f"call ducklake_merge_adjacent_files('{STEM}')")
    connection.execute(f"call ducklake_expire_snapshots('{STEM}', older_than => now() - interval '{KEPT}')")
    connection.execute(f"call ducklake_cleanup_old_files('{STEM}', older_than => now() - interval '{KEPT}')")
