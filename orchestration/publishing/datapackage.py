"""What an export says of itself: a Frictionless `datapackage.json`, from the published file alone.

Types, keys and descriptions come from the file's columns, comments and `meta_keys`; writing the tables
is the business of `exports.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from orchestration.publishing import MARTS

if TYPE_CHECKING:
    import duckdb

NAME = "labor-ledger"
PROFILE = {"csv": "tabular-data-package", "parquet": "data-package"}
TYPES = {
    "VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "datetime", "DOUBLE": "number",
    "BIGINT": "integer", "INTEGER": "integer", "HUGEINT": "integer",
}  # fmt: skip
MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
ABOUT = (
    "Dated statements of the press on North Korean workers abroad, each with its sentence and a link to it, "
    "and what they add up to. How to add them up is told in the project's warehouse/README.md."
)
OF_OUTLETS = "Quotes are the outlets' own; they are cited, not licensed."


@dataclass(frozen=True, slots=True)
class Table:
    """A published table: columns as (name, type, comment), key, and references as (column, table, column)."""

    name: str
    comment: str | None
    columns: tuple[tuple[str, str, str | None], ...]
    key: tuple[str, ...]
    references: tuple[tuple[str, str, str], ...]


def read_tables(connection: duckdb.DuckDBPyConnection) -> tuple[Table, ...]:
    """All tables of the file, by name."""
    found = connection.execute(
        "select table_name, comment from duckdb_tables() where schema_name = ? order by 1", [MARTS]
    ).fetchall()
    names = {name for name, _ in found}
    keys = _keys(connection) if "meta_keys" in names else []
    return tuple(
        Table(
            name, comment, _columns(connection, name),
            tuple(column for table, column, place, _, _ in keys if table == name and place),
            tuple((c, to, field) for table, c, _, to, field in keys if table == name and to in names),
        )
        for name, comment in found
    )  # fmt: skip


def _keys(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int | None, str, str]]:
    """Rows of `meta_keys`; what a column refers to is empty where it is only part of the key."""
    return connection.execute(
        "select table_name, column_name, key_place, "
        "coalesce(refers_to_table, ''), coalesce(refers_to_column, '') "
        f"from {MARTS}.meta_keys order by table_name, key_place, column_name"
    ).fetchall()


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[tuple[str, str, str | None], ...]:
    return tuple(
        connection.execute(
            "select column_name, data_type, comment from duckdb_columns() "
            "where schema_name = ? and table_name = ? order by column_index",
            [MARTS, table],
        ).fetchall()
    )


def package(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    form: str,
    build: str,
    made: datetime,
    sizes: Mapping[str, int],
    hashes: Mapping[str, str],
    is_safe: bool,
) -> dict[str, Any]:
    """The descriptor of a folder of `form` files; `sizes` (bytes) and `hashes` (SHA-256) by table."""
    return {
        "name": NAME,
        "profile": PROFILE[form],
        "title": "Labor Ledger: North Korean workers abroad, as the press reports them",
        "description": f"{ABOUT} {OF_OUTLETS}",
        "version": build,
        "created": f"{made:%Y-%m-%dT%H:%M:%SZ}",
        "spreadsheetSafe": is_safe,
        "licenses": [{"name": "Apache-2.0", "title": "Apache License 2.0", "path": _LICENSE}],
        "sources": _sources(connection),
        "resources": [_resource(table, form, sizes[table.name], hashes[table.name]) for table in tables],
    }


_LICENSE = "https://www.apache.org/licenses/LICENSE-2.0"


def _sources(connection: duckdb.DuckDBPyConnection) -> list[dict[str, str]]:
    """The outlets that articles are of."""
    rows = connection.execute(
        f"select name, homepage from {MARTS}.dim_sources "
        f"where source_id in (select source_id from {MARTS}.dim_articles) order by name"
    ).fetchall()
    return [{"title": name} | ({"path": page} if page else {}) for name, page in rows]


def _resource(table: Table, form: str, size: int, digest: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": table.name,
        "path": f"{table.name}.{form}",
        "format": form,
        "mediatype": MEDIA[form],
        "description": table.comment or "",
        "bytes": size,
        "hash": f"sha256:{digest}",
        "schema": _schema(table),
    }
    return told | ({"profile": "tabular-data-resource", "encoding": "utf-8"} if form == "csv" else {})


def _schema(table: Table) -> dict[str, Any]:
    fields = [
        {"name": name, "type": TYPES.get(kind, "any"), "description": comment or ""}
        | ({"constraints": {"required": True}} if name in table.key else {})
        for name, kind, comment in table.columns
    ]
    schema: dict[str, Any] = {"fields": fields}
    if table.key:
        schema["primaryKey"] = list(table.key)
    if table.references:
        schema["foreignKeys"] = [
            {"fields": [column], "reference": {"resource": to, "fields": [field]}}
            for column, to, field in table.references
        ]
    return schema
