"""Homes with a finished build, as dbt leaves it: real DuckDB files for the tests of publishing.

The marts mirror the columns that publishing and its readers rely on; two claims, two sources, one
event of each measure. dbt's two artifacts hold the fields that the gate reads.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import ROOT, Home

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)

MARTS = """
create schema marts; create schema intermediate;
create table marts.dim_sources as select * from (values ('sample', 'Sample Outlet'), ('inbox', 'Inbox'))
    t(source_id, name);
create table marts.dim_articles as select * from (values
    ('a1', 'sample', date '2026-01-05', timestamp '2026-01-06 00:00:00'),
    ('a2', 'sample', date '2026-02-05', timestamp '2026-02-06 00:00:00'))
    t(article_id, source_id, published_on, last_seen_at);
create table marts.dim_countries as select * from (values
    ('RUS', 'country', 'Russia'), ('QAT', 'country', 'Qatar'), ('several', 'several', 'Several countries'))
    t(country_code, kind, name);
create table marts.dim_sectors as
    select * from (values ('construction', 'Construction')) t(sector_code, label);
create table marts.fct_claims as select * from (values
    ('c1', 'a1', 'sample', 'presence', 'underway', 300::bigint, 500::bigint, 'RUS', 'construction',
     'some 300 to 500 "workers", 노동자', 0.9::double, 'e1', 'p1'),
    ('c2', 'a2', 'sample', 'dispatch', 'done', 50, null, 'several', 'construction',
     'more than 50', null, 'e1', 'p1'))
    t(claim_id, article_id, source_id, measure, status, workers_low, workers_high, country_code, sector_code,
      quote, confidence, extractor_version, parser_version);
create table intermediate.int_events as
    select claim_id as event_id, * exclude (claim_id) from marts.fct_claims;
create view marts.fct_deployments as
    select event_id, measure, workers_low from labor_ledger.intermediate.int_events;
create table marts.worker_descriptions as select * from (values
    ('RUS', 2026, 'presence', '300–500; 1 claim, 1 independent origin, latest 2026-01-05'))
    t(country_code, year, measure, description);
create table marts.source_coverage as select 'sample' as source_id, date '2026-01-05' as day, 1 as looked;
create table marts.meta_changes as select * from (values
    (timestamp '2026-02-06 00:00:00', 'c1', 'added', null::varchar, null::varchar, null::varchar),
    (timestamp '2026-02-06 00:00:00', 'c2', 'added', null, null, null))
    t(changed_at, claim_id, change, field, old_value, new_value);
create table marts.country_totals as select * from (values
    ('Russia', 'RUS', 'presence', 'underway', 300::hugeint, 500::hugeint, false, 1),
    ('Qatar and Kuwait', 'several', 'dispatch', 'done', 50, null, true, 1))
    t(host, country_code, measure, status, workers_low, workers_high, is_open_high, n_events);
"""

EXTRAS = """
create unique index one_claim on marts.fct_claims (claim_id);
create table marts.left_by_an_older_project as select 1 as stale;
"""

NAMES = (
    "country_totals", "dim_articles", "dim_countries", "dim_sectors", "dim_sources", "fct_claims",
    "fct_deployments", "meta_changes", "source_coverage", "worker_descriptions",
)  # fmt: skip


def build_home(folder: Path) -> Home:
    """A home whose build file holds checked marts with comments on every table and column."""
    home = Home(folder)
    home.build_file.parent.mkdir(parents=True)
    with duckdb.connect(
        str(home.build_file), config={"storage_compatibility_version": "v1.0.0"}
    ) as connection:
        connection.execute((ROOT / "warehouse" / "schema.sql").read_text())
        connection.execute(
            "insert into raw.sources values ('sample', 'S', 'en', 'UTC', null, true, true, null)"
        )
        connection.execute(MARTS + EXTRAS)
        comment_all(connection)
    write_artifacts(home)
    return home


def comment_all(connection: duckdb.DuckDBPyConnection) -> None:
    views = {name for (name,) in connection.execute("select view_name from duckdb_views()").fetchall()}
    columns = connection.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts'"
    ).fetchall()
    for table in {table for table, _ in columns}:
        kind = "view" if table in views else "table"
        connection.execute(f"comment on {kind} marts.{table} is 'Grain: one row of {table}; it''s said so'")
    for table, column in columns:
        connection.execute(f"comment on column marts.{table}.{column} is 'What {column} means'")


def rebuild(home: Home, sql: str) -> None:
    """Change the build file and leave dbt's artifacts as a passing build afterwards does."""
    with duckdb.connect(str(home.build_file)) as connection:
        connection.execute(sql)
    write_artifacts(home)


def write_artifacts(home: Home, **changes: Any) -> None:
    """dbt's artifacts of a build that passed; `changes` are made to the first result."""
    metadata = {
        "invocation_id": str(uuid.uuid4()),
        "generated_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "dbt_version": "1.11.16",
    }
    models = {f"model.labor_ledger.{name}": _node("model", name) for name in NAMES}
    tests = {"test.labor_ledger.quotes_are_true": _node("test", "quotes_are_true")}
    results = [{"unique_id": name, "status": "success", "message": "OK"} for name in models]
    results += [{"unique_id": name, "status": "pass", "message": None} for name in tests]
    results[0] |= changes
    home.dbt_target.mkdir(parents=True, exist_ok=True)
    _write(home.dbt_target / "manifest.json", {"metadata": metadata, "nodes": models | tests})
    _write(home.dbt_target / "run_results.json", {"metadata": metadata, "results": results})


def _node(kind: str, name: str) -> dict[str, Any]:
    config = {"materialized": "test" if kind == "test" else "table"}
    return {"resource_type": kind, "schema": "marts", "alias": name, "config": config}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content))


def withdrawn(claim: str) -> str:
    """SQL for meta_changes to tell that a claim was withdrawn."""
    return (
        "insert into marts.meta_changes values "
        f"(timestamp '2026-03-06 00:00:00', '{claim}', 'withdrawn', null, null, 'edited');"
    )


def later(**apart: float) -> datetime:
    """A moment after NOW: later(days=2)."""
    return NOW + timedelta(**apart)
