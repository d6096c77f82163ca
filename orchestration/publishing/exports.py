"""The published marts as Parquet and CSV files, each folder a Frictionless data package.

How tables become files, and how a folder is put in place, belongs here; what the package says of them is
in `datapackage.py`. All files are of one build, and equal builds give equal bytes.
"""

from __future__ import annotations

import codecs
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.publishing import MARTS, PublishError
from orchestration.publishing.builds import TEMPORARY, file_hash, sync
from orchestration.publishing.datapackage import NAME, Edition, Mark, Table, mark_of, package, read_tables
from orchestration.quoting import identifier, literal

if TYPE_CHECKING:
    import duckdb

PACKAGE = "datapackage.json"
WRITTEN_AS = {
    "csv": "format csv, header true, new_line '\\r\\n', "
    "timestampformat '%Y-%m-%dT%H:%M:%S.%fZ', dateformat '%Y-%m-%d'",
    "parquet": "format parquet, compression zstd",
}
"""NULL is an empty cell of a CSV, an empty text is `""`."""
ACTS = "^[=+\\-@\\t\\r\\n＝＋－＠]"
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

    `is_safe` is for CSV that goes into a spreadsheet: an apostrophe before text that it would run, and the
    mark by which it knows UTF-8; the text is then not the ledger's, and the package says so.
    Raises PublishError when there is no published file, the folder holds something else, or another export
    writes beside it; OSError when the disk refuses.
    """
    with _published(file) as connection:
        edition = _edition(connection, form, is_safe)
        if _held(folder) == edition.mark:
            return _exported(folder, edition.build, False)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.parent):
            _put_in_place(_written(connection, folder, edition), folder)
    return _exported(folder, edition.build, True)


def _edition(connection: duckdb.DuckDBPyConnection, form: str, is_safe: bool) -> Edition:
    build, made = connection.execute(
        f"select build_id, created_at from {MARTS}.meta_builds order by build_id desc limit 1"
    ).fetchall()[0]
    return Edition(build, made, form, is_safe)


def _written(connection: duckdb.DuckDBPyConnection, folder: Path, edition: Edition) -> Path:
    """A folder beside `folder` that holds all files and their package."""
    fresh = folder.with_name(f"{TEMPORARY}{folder.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    tables, files = read_tables(connection), {}
    for table in tables:
        path = fresh / f"{table.name}.{edition.form}"
        _write(connection, table, path, edition)
        files[table.name] = (path.stat().st_size, file_hash(path))
    told = package(connection, tables, edition, files)
    (fresh / PACKAGE).write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return fresh


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two exports at once would write into one temporary folder; the kernel frees a dead one's lock."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise PublishError(f"another export is writing into {folder}: wait for it to end") from error
    finally:
        os.close(held)


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


def _write(connection: duckdb.DuckDBPyConnection, table: Table, path: Path, edition: Edition) -> None:
    """One table in the order of its key, so that equal builds give equal bytes."""
    columns = ", ".join(_column(name, kind, edition.is_safe) for name, kind, _ in table.columns)
    order = ", ".join(identifier(name) for name in table.key) or "all"
    connection.execute(
        f"copy (select {columns} from {MARTS}.{identifier(table.name)} order by {order}) "
        f"to {literal(str(path))} ({WRITTEN_AS[edition.form]})"
    )
    if edition.is_safe:
        _mark_as_utf8(path)
    sync(path)


def _mark_as_utf8(path: Path) -> None:
    """A spreadsheet takes a file without the mark for one in a code page of its own."""
    plain = path.rename(path.with_name(f"{TEMPORARY}{path.name}"))
    with plain.open("rb") as source, path.open("wb") as target:
        target.write(codecs.BOM_UTF8)
        shutil.copyfileobj(source, target)
    plain.unlink()


def _column(name: str, kind: str, is_safe: bool) -> str:
    quoted = identifier(name)
    if not is_safe or kind != "VARCHAR":
        return quoted
    acts = f"regexp_matches({quoted}, {literal(ACTS)})"
    return f"case when {acts} then '''' || {quoted} else {quoted} end as {quoted}"


def _held(folder: Path) -> Mark | None:
    """What a folder holds of ours, None for nothing whole. Raises PublishError for what is not ours."""
    if not folder.exists() or not any(folder.iterdir()):
        return None
    try:
        told = json.loads((folder / PACKAGE).read_text(encoding="utf-8"))
        if told["name"] == NAME:
            return mark_of(told) if _is_whole(folder, told["resources"]) else None
    except (OSError, ValueError, LookupError, TypeError):
        pass
    raise PublishError(f"{folder} holds something else: name a folder that is new, or an older export")


def _is_whole(folder: Path, resources: Sequence[Mapping[str, Any]]) -> bool:
    paths = [(folder / resource["path"], resource["bytes"]) for resource in resources]
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)


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
