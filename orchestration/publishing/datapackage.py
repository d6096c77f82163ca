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
OF_FORM = {
    "csv": {"profile": "tabular-data-resource", "encoding": "utf-8"},
    # As a table frictionless would read it through pandas, which makes of a missing integer a NaN.
    "parquet": {"type": "file"},
}
ABOUT = (
    "Dated statements of the press on North Korean workers abroad, each with its sentence and a link to it, "
    "and what they add up to. How to add them up is told in the project's warehouse/README.md."
)
OF_OUTLETS = "Quotes are the outlets' own; they are cited, not licensed."


Mark = tuple[str, str, bool]
"""Build, form, and whether it is safe for spreadsheets: exports of one mark have equal bytes."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One build, made at a moment (UTC), in one form (csv, parquet)."""

    build: str
    made: datetime
    form: str
    is_safe: bool

    @property
    def mark(self) -> Mark:
        """What tells this edition from others."""
        return self.build, self.form, self.is_safe


def mark_of(told: Mapping[str, Any]) -> Mark:
    """The mark of a package, by its descriptor. Raises LookupError or TypeError when it is none of ours."""
    return told["version"], told["resources"][0]["format"], told["spreadsheetSafe"]


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
    edition: Edition,
    files: Mapping[str, tuple[int, str]],
) -> dict[str, Any]:
    """The descriptor of a folder of files; `files` has bytes and SHA-256 by table."""
    return {
        "name": NAME,
        "profile": PROFILE[edition.form],
        "title": "Labor Ledger: North Korean workers abroad, as the press reports them",
        "description": f"{ABOUT} {OF_OUTLETS}",
        "version": edition.build,
        "created": f"{edition.made:%Y-%m-%dT%H:%M:%SZ}",
        "spreadsheetSafe": edition.is_safe,
        "licenses": [{"name": "Apache-2.0", "title": "Apache License 2.0", "path": _LICENSE}],
        "sources": _sources(connection),
        "resources": [_resource(table, edition.form, *files[table.name]) for table in tables],
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
    return told | OF_FORM[form]


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
