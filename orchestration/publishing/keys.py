"""What names a row of each table, and what its columns refer to: `meta_keys`, from dbt's own tests.

A published file carries no constraint, since old DuckDB versions refuse them; a reader, an export and a
BI tool find the keys here. dbt tests them at each build.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from orchestration.publishing import MARTS
from orchestration.publishing.marts import Told

if TYPE_CHECKING:
    import duckdb

IS_KEY, RELATIONSHIPS = "is_key", "relationships"
OF_PUBLISHING = {"meta_builds": "build_id", "meta_checks": "check_name", "meta_quality": "gold_set"}
"""The key of each table that publishing writes itself and that has one; dbt knows nothing of these."""
_REF = re.compile(r"ref\('([^']+)'\)")

META_KEYS = Told(
    "meta_keys",
    "Grain: one column of a table's key, or one column that refers to another table. Tested at each build; "
    "the file itself carries no constraint.",
    (
        ("table_name", "varchar", "The table"),
        ("column_name", "varchar", "Its column"),
        ("key_place", "bigint", "Place in the key, from 1; null where the column is only a reference"),
        ("refers_to_table", "varchar", "The table it refers to; null where it is only part of the key"),
        ("refers_to_column", "varchar", "The column it refers to"),
    ),
)


@dataclass(frozen=True, slots=True)
class Key:
    """One row of `meta_keys`."""

    table_name: str
    column_name: str
    key_place: int | None = None
    refers_to_table: str | None = None
    refers_to_column: str | None = None


def keys_of(manifest: Mapping[str, Any]) -> tuple[Key, ...]:
    """The keys and references among the marts, as dbt's manifest tells of their tests."""
    nodes = manifest["nodes"]
    marts = {name: node["alias"] for name, node in nodes.items() if _is_mart(node)}
    found = {
        key
        for node in nodes.values()
        if node["resource_type"] == "test" and node.get("attached_node") in marts
        for key in _told_by(
            marts[node["attached_node"]], node.get("test_metadata") or {}, set(marts.values())
        )
    }
    found |= {Key(table, column, key_place=1) for table, column in OF_PUBLISHING.items()}
    return tuple(sorted(found, key=lambda key: (key.table_name, key.key_place or 99, key.column_name)))


def _is_mart(node: Mapping[str, Any]) -> bool:
    return bool(node["resource_type"] == "model" and node["schema"] == MARTS)


def _told_by(mart: str, test: Mapping[str, Any], marts: set[str]) -> Iterator[Key]:
    told = test.get("kwargs") or {}
    if test.get("name") == IS_KEY:
        for place, column in enumerate(told["columns"], start=1):
            yield Key(mart, column, key_place=place)
    elif test.get("name") == RELATIONSHIPS:
        to = _REF.search(told["to"])
        if to and to[1] in marts:
            yield Key(mart, told["column_name"], refers_to_table=to[1], refers_to_column=told["field"])


def write_keys(connection: duckdb.DuckDBPyConnection, keys: Iterable[Key]) -> int:
    """Make `meta_keys` in the copy; returns its rows."""
    META_KEYS.create(connection)
    return META_KEYS.add(connection, [asdict(key) for key in keys])
