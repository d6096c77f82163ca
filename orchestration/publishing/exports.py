"""The published marts as Parquet and CSV files, each folder a Frictionless data package.

How tables become files, and how a folder is put in place, belongs here; what the package says of them is
in `datapackage.py`. All files are of one build, and equal builds give equal bytes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.publishing import MARTS, PublishError
from orchestration.publishing.builds import TEMPORARY, file_hash, sync
from orchestration.publishing.datapackage import NAME, Table, package, read_tables
from orchestration.publishing.marts import identifier, literal

if TYPE_CHECKING:
    import duckdb

PACKAGE = "datapackage.json"
FORMATS = ("csv", "parquet")
WRITTEN_AS = {
    "csv": "format csv, header true, timestampformat '%Y-%m-%dT%H:%M:%S.%fZ', dateformat '%Y-%m-%d'",
    "parquet": "format parquet, compression zstd",
}
"""NULL is an empty cell of a CSV, an empty text is `""`."""
ACTS = "^[=+\\-@\\t\\r]"
"""Beginnings that a spreadsheet takes for a formula: a hostile page may have put one there."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A folder of files of one build; `changed` is False when it held them already."""

    folder: Path
    build: str
    files: int
    bytes: int
    changed: bool


def export(file: Path, folder: Path, form: str, is_safe: bool = False) -> Exported:
    """Write all tables of a published file as `form` (csv, parquet) into `folder`, whole or not at all.

    `is_safe` puts an apostrophe before text that a spreadsheet would run; the data is then not what the
    ledger holds, and the package says so. Raises PublishError when there is no published file, or the
    folder holds something else; OSError when the disk refuses.
    """
    with _published(file) as connection:
        tables = read_tables(connection)
        build, made = connection.execute(
            f"select build_id, created_at from {MARTS}.meta_builds order by build_id desc limit 1"
        ).fetchall()[0]
        if _held(folder) == _mark(build, form, is_safe):
            return _exported(folder, build, False)
        fresh = folder.with_name(f"{TEMPORARY}{folder.name}")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for table in tables:
            _write(connection, table, fresh / f"{table.name}.{form}", form, is_safe)
        sizes = {t.name: (fresh / f"{t.name}.{form}").stat().st_size for t in tables}
        hashes = {t.name: file_hash(fresh / f"{t.name}.{form}") for t in tables}
        told = package(connection, tables, form, build, made, sizes, hashes, is_safe)
    (fresh / PACKAGE).write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _put_in_place(fresh, folder)
    return _exported(folder, build, True)


@contextmanager
def _published(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """One snapshot: the file behind the link at this moment."""
    import duckdb

    if not file.exists():
        raise PublishError(f"no published file yet at {file}: run `make run`")
    try:
        with duckdb.connect(str(file.resolve()), read_only=True) as connection:
            connection.execute("set enable_progress_bar = false")
            connection.execute("set TimeZone = 'UTC'")
            yield connection
    except duckdb.Error as error:
        raise PublishError(f"{file} cannot be exported: {error}") from error


def _write(connection: duckdb.DuckDBPyConnection, table: Table, path: Path, form: str, is_safe: bool) -> None:
    """One table in the order of its key, so that equal builds give equal bytes."""
    columns = ", ".join(_column(name, kind, is_safe) for name, kind, _ in table.columns)
    order = ", ".join(identifier(name) for name in table.key) or "all"
    connection.execute(
        f"copy (select {columns} from {MARTS}.{identifier(table.name)} order by {order}) "
        f"to {literal(str(path))} ({WRITTEN_AS[form]})"
    )
    sync(path)


def _column(name: str, kind: str, is_safe: bool) -> str:
    quoted = identifier(name)
    if not is_safe or kind != "VARCHAR":
        return quoted
    acts = f"regexp_matches({quoted}, {literal(ACTS)})"
    return f"case when {acts} then '''' || {quoted} else {quoted} end as {quoted}"


def _mark(build: str, form: str, is_safe: bool) -> tuple[str, str, bool]:
    return build, form, is_safe


def _held(folder: Path) -> tuple[str, str, bool] | None:
    """What a folder holds of ours, None for nothing. Raises PublishError for what is not ours."""
    if not folder.exists() or not any(folder.iterdir()):
        return None
    try:
        told = json.loads((folder / PACKAGE).read_text(encoding="utf-8"))
        is_ours = told.get("name") == NAME
    except (OSError, ValueError, AttributeError):
        is_ours = False
    if not is_ours:
        raise PublishError(f"{folder} holds something else: name a folder that is new, or an older export")
    is_whole = all((folder / resource["path"]).exists() for resource in told["resources"])
    return (
        _mark(told["version"], told["resources"][0]["format"], told["spreadsheetSafe"]) if is_whole else None
    )


def _put_in_place(fresh: Path, folder: Path) -> None:
    sync(fresh)
    old = folder.with_name(f"{TEMPORARY}old-{folder.name}")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.rename(folder, old)
    os.rename(fresh, folder)
    sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _exported(folder: Path, build: str, changed: bool) -> Exported:
    sizes: Sequence[int] = [path.stat().st_size for path in folder.iterdir()]
    return Exported(folder, build, len(sizes), sum(sizes), changed)
