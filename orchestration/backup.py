"""`laborledger backup`: what cannot be made again of a home, copied whole into a folder of its own.

What a backup holds, how it is taken and how its manifest reads belong here; how a home is made of one is in
`restoring.py`. The archive, schema `raw`, schema `history` (when each claim was believed) and the reviews
file are kept; marts, published builds and Dagster's history are not: a run makes them anew.

    FOLDER/20261127T093000000Z/backup.json      what the backup holds, and the hash of each file
                               archive/*.warc.gz  hard links to the backup before where nothing changed
                               tables/labor_ledger.duckdb
                               reviews.csv
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import duckdb
import psutil
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rich.console import Console

from orchestration.extraction.version import extractor_version
from orchestration.home import STEM, Home
from orchestration.ledger import OLDEST_VERSION, STORAGE, LedgerError, writer_lock
from orchestration.publishing.builds import NO_LINKS, TEMPORARY, file_hash, sync
from orchestration.quoting import identifier, literal
from orchestration.scraping.archive import OPEN
from orchestration.scraping.version import parser_version
from orchestration.scraping.warc import SUFFIX, whole_length

FORMAT = 1
MANIFEST, ARCHIVE, REVIEWS = "backup.json", "archive", "reviews.csv"
TABLES = f"tables/{STEM}.duckdb"
SCHEMAS = ("raw", "history")
NAME = re.compile(r"\d{8}T\d{9}Z")
WAIT_SECONDS = 600.0
"""How long a backup waits for the writer before it: a whole build, on a slow machine."""
TO_COPY = (
    "select schema_name, table_name, sql from duckdb_tables() "
    "where database_name = 'source' and list_contains(?, schema_name) order by all"
)

out, err = Console(highlight=False), Console(stderr=True, highlight=False)


class BackupError(RuntimeError):
    """A backup cannot be taken or used; the message names the file, what is wrong and what helps."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class KeptFile(_Strict):
    """One file of a backup. `path` leads from the backup's folder, and nowhere else."""

    path: Annotated[
        str, Field(pattern=rf"\A(archive/[^/\x00]+\.warc\.gz|tables/{STEM}\.duckdb|reviews\.csv)\z")
    ]
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]


class BackupManifest(_Strict):
    """What a backup says of itself: `tables` are rows by `schema.table`, `versions` of what wrote it."""

    format: int
    made_at: datetime
    schema_version: int
    versions: Mapping[str, str]
    tables: Mapping[str, int]
    files: tuple[KeptFile, ...]

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that was taken: its folder, and how many of its files are links to the one before.

    `missing` names WARC files that the ledger speaks of and the archive has not.
    """

    path: Path
    manifest: BackupManifest
    linked: int
    missing: tuple[str, ...]


def backup(home: Home, folder: Path, reviews: Path, keep: int | None) -> int:
    """Take a backup and say where it lies; gives the exit status."""
    try:
        taken = take_backup(home, folder.resolve(), reviews, datetime.now(UTC))
        gone = drop_old(folder.resolve(), keep) if keep else []
    except (BackupError, LedgerError, OSError) as error:
        err.print(f"laborledger backup: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    made = taken.manifest
    told = f"{len(made.files)} files, {made.bytes / 1e6:,.1f} MB; {taken.linked} as in the backup before"
    out.print(f"backed up: {taken.path} ({told})", markup=False, soft_wrap=True)
    for name in gone:
        out.print(f"removed:   {folder.resolve() / name}", markup=False, soft_wrap=True)
    if taken.missing:
        told = f"{len(taken.missing)} files of the archive are missing, such as {taken.missing[0]}"
        out.print(f"warning: {told}; a backup from before may have them", style="yellow", markup=False)
    return 0


# Taking


def take_backup(home: Home, folder: Path, reviews: Path, now: datetime) -> Taken:
    """Copy what cannot be made again into a new folder in `folder`, whole or not at all.

    `now` has a zone and names it. Raises BackupError, LedgerError and OSError; earlier backups stay as they
    are.
    """
    _check_places(home, folder)
    folder.mkdir(parents=True, exist_ok=True)
    before = newest(folder)
    with fresh_folder(folder / TEMPORARY) as fresh:
        missing, tables, schema_version = _keep_tables(home, fresh / TABLES)
        linked = _keep_archive(home.archive, fresh / ARCHIVE, before / ARCHIVE if before else None)
        if reviews.is_file():
            shutil.copyfile(reviews, fresh / REVIEWS)
        manifest = _describe(fresh, now, tables, schema_version)
        _close(fresh, manifest)
        path = folder / f"{now.astimezone(UTC):%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z"
        os.rename(fresh, path)
        sync(folder)
    return Taken(path, manifest, linked, missing)


def _check_places(home: Home, folder: Path) -> None:
    if not home.build_file.is_file():
        raise BackupError(
            f"{home.build_file} is missing: there is nothing to back up; name the home by --home"
        )
    if folder.is_relative_to(home.path.resolve()):
        raise BackupError(
            f"{folder} lies in the home {home.path} and would be lost with it; name another folder"
        )


@contextmanager
def fresh_folder(prefix: Path) -> Iterator[Path]:
    """A folder to fill, named by this process; gone afterwards unless it was renamed.

    What killed processes left under the same prefix is swept first.
    """
    for left in prefix.parent.glob(f"{prefix.name}*"):
        if not psutil.pid_exists(_pid(left)):
            shutil.rmtree(left)
    fresh = prefix.with_name(f"{prefix.name}{uuid.uuid4().hex[:8]}-{os.getpid()}")
    fresh.mkdir()
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _pid(left: Path) -> int:
    """The process that a temporary folder's name tells; one that cannot be where it tells none."""
    told = left.name.rpartition("-")[2]
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else -1


def _keep_tables(home: Home, target: Path) -> tuple[tuple[str, ...], dict[str, int], int]:
    """Copy the tables under the writer lock; gives missing WARC files, rows by table, the tables' version.

    They are copied before the archive, which only grows: so each record that they speak of is in it.
    """
    target.parent.mkdir()
    with writer_lock(home, WAIT_SECONDS):
        try:
            with duckdb.connect(str(target), config=dict(STORAGE)) as connection:
                rows = _copy_tables(connection, home.build_file)
                ((found,),) = connection.execute("select max(version) from raw.schema_version").fetchall()
                spoken_of = connection.execute(
                    "select distinct warc_file from raw.fetches where warc_file is not null order by 1"
                ).fetchall()
        except duckdb.Error as error:
            raise BackupError(f"{home.build_file} cannot be copied: {error}") from error
    missing = tuple(name for (name,) in spoken_of if not (home.archive / name).is_file())
    return missing, rows, int(found or OLDEST_VERSION)


def _copy_tables(connection: duckdb.DuckDBPyConnection, build_file: Path) -> dict[str, int]:
    """Make the tables in the connection's file as the build file has them, with keys and order of rows."""
    connection.execute(f"attach {literal(str(build_file))} as source (read_only)")
    connection.execute("begin")
    for schema in SCHEMAS:
        connection.execute(f"create schema {identifier(schema)}")
    rows = {}
    for schema, table, ddl in connection.execute(TO_COPY, [list(SCHEMAS)]).fetchall():
        connection.execute(ddl)
        name = f"{identifier(schema)}.{identifier(table)}"
        ((count,),) = connection.execute(f"insert into {name} from source.{name}").fetchall()
        rows[f"{schema}.{table}"] = int(count)
    connection.execute("commit")
    connection.execute("detach source")
    return rows


def _keep_archive(archive: Path, target: Path, before: Path | None) -> int:
    """Copy the WARC files, or link those that the backup before has; gives how many were linked.

    Of a file that a run is writing, or was when it was killed, the last record may be torn: it is cut off.
    """
    target.mkdir()
    linked = 0
    for file in sorted(archive.glob(f"*{SUFFIX}")):
        is_open = file.with_name(f"{file.name}{OPEN}").exists()
        old = before / file.name if before else None
        if old and not is_open and _is_same(file, old) and _link(old, target / file.name):
            linked += 1
            continue
        shutil.copyfile(file, target / file.name)
        if is_open:
            os.truncate(target / file.name, whole_length(target / file.name))
    return linked


def _is_same(file: Path, old: Path) -> bool:
    """Whether the earlier copy says the same, by its bytes: a rotten one is not handed on."""
    if not old.is_file() or old.stat().st_size != file.stat().st_size:
        return False
    return file_hash(old) == file_hash(file)


def _link(old: Path, new: Path) -> bool:
    """Whether the file could be linked; some file systems have no links, or allow few."""
    try:
        os.link(old, new)
    except OSError as error:
        if error.errno not in {*NO_LINKS, errno.EMLINK, errno.EXDEV}:
            raise
        return False
    return True


def _describe(fresh: Path, now: datetime, tables: Mapping[str, int], schema_version: int) -> BackupManifest:
    paths = sorted(path for path in fresh.rglob("*") if path.is_file())
    files = [
        KeptFile(path=path.relative_to(fresh).as_posix(), bytes=path.stat().st_size, sha256=file_hash(path))
        for path in paths
    ]
    versions = {
        "laborledger": version("laborledger"),
        "duckdb": duckdb.__version__,
        "parser": parser_version(),
        "extractor": extractor_version(),
    }
    return BackupManifest(
        format=FORMAT, made_at=now.astimezone(UTC), schema_version=schema_version, versions=versions,
        tables=tables, files=tuple(files),
    )  # fmt: skip


def _close(fresh: Path, manifest: BackupManifest) -> None:
    """Write the manifest, close all files to writing and have them on the disk."""
    (fresh / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    for path in sorted(fresh.rglob("*")):
        if path.is_file():
            os.chmod(path, 0o444)
        sync(path)
    sync(fresh)


# Finding and reading


def backups(folder: Path) -> list[Path]:
    """The backups in a folder, from new to old."""
    return sorted(
        (path for path in folder.glob(f"*/{MANIFEST}") if NAME.fullmatch(path.parent.name)), reverse=True
    )


def newest(folder: Path) -> Path | None:
    """The folder of the newest backup, None where there is none."""
    found = backups(folder)
    return found[0].parent if found else None


def drop_old(folder: Path, keep: int) -> list[str]:
    """Remove all but the newest `keep` backups; gives the names of those removed."""
    old = [path.parent for path in backups(folder)[keep:]]
    for path in old:
        (path / MANIFEST).unlink()  # first: a backup that is half gone must not be taken for one
        shutil.rmtree(path)
    return [path.name for path in old]


def read_manifest(path: Path) -> BackupManifest:
    """The manifest of the backup in folder `path`. Raises BackupError."""
    file = path / MANIFEST
    try:
        manifest = BackupManifest.model_validate_json(file.read_bytes())
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror}; is {path} a backup?") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BackupError(
            f"{file} is torn or was changed: {where}: {first['msg']}; take another backup"
        ) from error
    if manifest.format != FORMAT:
        raise BackupError(
            f"{file} has format {manifest.format}, known is {FORMAT}: use the laborledger that wrote it"
        )
    return manifest
