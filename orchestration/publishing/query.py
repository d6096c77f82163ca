"""`laborledger sql`: ask the published file, without any way to read or write another one.

Opening, running and streaming the answer belong here; how a value is written in a table, CSV or JSON
is in `answers.py`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from orchestration.home import Home
from orchestration.publishing import MARTS, PublishError
from orchestration.publishing.answers import WRITERS

if TYPE_CHECKING:
    import duckdb

BATCH = 1_000
SHUT: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "allow_community_extensions": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "temp_directory": "",  # a large sort must not spill into the published folder
}
READS = frozenset({"SELECT", "EXPLAIN", "CREATE"})
"""Kinds of statement that are run; PIVOT begins with a CREATE of a temporary type."""
LOGGING = re.compile(r"\benable_logging\b", re.IGNORECASE)
"""DuckDB may log into a file, and a refused attempt breaks the connection."""


class QueryError(ValueError):
    """The statement cannot be answered; the message says why."""


Values = Mapping[str, int | str]

LEAST_SURE = """
    select claim_id, round(confidence, 3) as confidence, measure, status, workers_low, workers_high, hedge,
           country_code, sector_code, period_start, period_end, quote, evidence_url
    from fct_claims where confidence is not null order by confidence, claim_id limit $claims
"""
"""The claims that a person should look at first. `$claims`: how many."""

ONE_CLAIM = """
    unpivot (
        select
            claims.claim_id, articles.title, sources.name as outlet,
            claims.published_on::varchar as published_on,
            claims.measure, claims.status, claims.workers_low::varchar as workers_low,
            claims.workers_high::varchar as workers_high, claims.hedge, hosts.codes as countries,
            claims.region, works.codes as sectors, claims.period_start::varchar as period_start,
            claims.period_end::varchar as period_end, claims.part_of_claim_id, claims.event_id,
            claims.attribution, round(claims.confidence, 3)::varchar as confidence,
            claims.is_reviewed::varchar as is_reviewed, claims.quote, claims.evidence_url
        from fct_claims as claims
        join dim_articles as articles using (article_id)
        join dim_sources as sources on claims.source_id = sources.source_id
        join (
            select claim_id, string_agg(country_code, '|' order by country_code) as codes
            from bridge_claim_countries group by claim_id
        ) as hosts on claims.claim_id = hosts.claim_id
        join (
            select claim_id, string_agg(sector_code, '|' order by sector_code) as codes
            from bridge_claim_sectors group by claim_id
        ) as works on claims.claim_id = works.claim_id
        where claims.claim_id = $claim_id
    ) on columns(*) into name field value value
"""
"""What a claim says, a row a field that it states. `$claim_id`: which."""


def claim_fields(home: Home, claim_id: str) -> dict[str, str]:
    """What a published claim says, by field; nothing where there is no such claim. Raises QueryError."""
    told = answers(home.published_file, ONE_CLAIM, {"claim_id": claim_id})
    return {str(name): str(value) for answer in told for batch in answer.batches() for name, value in batch}


def run_sql(
    home: Home, sql: str, form: str = "table", out: TextIO | None = None, values: Values | None = None
) -> int:
    """Run the statements of `sql` on the published file and write each answer to `out` (stdout).

    `form` is table, csv or json; `values` are those of the statement's parameters. Returns the exit status:
    0, or 1 with one message on stderr when there is no published file, or a statement is wrong or refused.
    A refused kind of statement is found before any runs; what came before an error is written already.
    """
    out = out or sys.stdout
    try:
        for answer in answers(home.published_file, sql, values):
            WRITERS[form](answer.columns, answer.batches(), out)
        out.flush()
    except BrokenPipeError:
        # The reader has seen enough (| head): no traceback when Python closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except QueryError as error:
        out.flush()
        print(f"laborledger sql: {error}", file=sys.stderr)
        return 1
    return 0


class Answer:
    """One statement's answer: `columns`, and its rows once, in batches."""

    def __init__(self, result: duckdb.DuckDBPyConnection) -> None:
        self.columns: list[str] = _distinct([column[0] for column in result.description or []])
        self._result = result

    def batches(self) -> Iterator[list[tuple[object, ...]]]:
        """Rows as they come: a large answer is never whole in memory. Raises QueryError."""
        with _told_clearly():
            while batch := self._result.fetchmany(BATCH):
                yield batch


def answers(file: Path, sql: str, values: Values | None = None) -> Iterator[Answer]:
    """Open `file`, run the statements of `sql` in turn. Raises QueryError."""
    if not file.exists():
        raise QueryError(f"no published file yet at {file}: run `make run`")
    with _told_clearly(), _open(file) as connection:
        statements = connection.extract_statements(sql)
        if not statements:
            raise QueryError("there is no statement to run; try 'show tables'")
        for statement in statements:
            _check(statement, values or {})
        for statement in statements:
            result = connection.execute(statement, values or None)
            if statement.type.name != "CREATE":
                yield Answer(result)


def _open(file: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(str(file), read_only=True, config=SHUT)
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")  # it would stand among the rows
    connection.execute("set python_enable_replacements = false")
    connection.execute(f"set search_path = '{MARTS}'")
    connection.execute("set lock_configuration = true")
    return connection


def _check(statement: duckdb.Statement, values: Values) -> None:
    kind = statement.type.name
    if kind not in READS:
        raise QueryError(f"{kind} is refused: the published file is only read; use SELECT")
    if LOGGING.search(statement.query):
        raise QueryError("enable_logging is refused: no file is written here")
    if unknown := set(statement.named_parameters) - set(values):
        names = ", ".join(sorted(unknown))
        raise QueryError(f"the statement has parameters without a value: {names}")


@contextmanager
def _told_clearly() -> Iterator[None]:
    """DuckDB's errors, and values that Python cannot hold, as one QueryError."""
    import duckdb

    try:
        yield
    except QueryError:
        raise
    except (duckdb.Error, PublishError, OverflowError, ValueError) as error:
        raise QueryError(str(error)) from error


def _distinct(names: list[str]) -> list[str]:
    """`a, a` as `a, a_1`: in a JSON object the second would hide the first."""
    taken: set[str] = set()
    for index, name in enumerate(names):
        free, count = name, 0
        while free in taken:
            count += 1
            free = f"{name}_{count}"
        taken.add(free)
        names[index] = free
    return names
