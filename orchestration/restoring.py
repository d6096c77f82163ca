"""`laborledger restore`: a home made of a backup, whole or not at all.

Every byte is proved by the backup's manifest before the home gets its name; what a backup is, and how it is
taken, is in `backup.py`.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.backup import (
    MANIFEST,
    REVIEWS,
    SCHEMAS,
    TABLES,
    BackupError,
    BackupManifest,
    KeptFile,
    err,
    fresh_folder,
    newest,
    out,
    read_manifest,
)
from orchestration.home import REVIEWS_FILE, Home
from orchestration.ledger import SCHEMA_VERSION, LedgerError, writer_lock
from orchestration.publishing.builds import TEMPORARY, file_hash, sync
from orchestration.quoting import identifier


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: the backup's folder, its manifest, and where the home before it lies now."""

    backup: Path
    manifest: BackupManifest
    aside: Path | None


def restore(folder: Path, home: Home, is_forced: bool) -> int:
    """Restore a home and say how to go on; gives the exit status."""
    try:
        done = restore_backup(folder.resolve(), home, is_forced, datetime.now(UTC))
    except (BackupError, LedgerError, OSError) as error:
        err.print(f"laborledger restore: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    told = f"{len(done.manifest.files)} files, {done.manifest.bytes / 1e6:,.1f} MB, all as they were written"
    lines = [f"restored: {home.path} from {done.backup} ({told})"]
    if done.aside:
        lines.append(f"the home before lies in {done.aside}")
    reviews = home.path / REVIEWS
    option = f" --reviews {shlex.quote(str(reviews))}" if _has_own_reviews(reviews) else ""
    lines.append(
        f"now build and publish: laborledger run --sources none --home {shlex.quote(str(home.path))}{option}"
    )
    if option:
        lines.append(
            f"people's decisions are in {reviews}, and are not those of {REVIEWS_FILE}: keep one of them"
        )
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
    return 0


def _has_own_reviews(reviews: Path) -> bool:
    """Whether the backup had decisions that differ from the project's."""
    return reviews.is_file() and not (
        REVIEWS_FILE.is_file() and file_hash(REVIEWS_FILE) == file_hash(reviews)
    )


def restore_backup(folder: Path, home: Home, is_forced: bool, now: datetime) -> Restored:
    """Make a home of a backup, or of the newest in `folder`.

    `now` has a zone and names the place to which a home before is moved: beside it. Raises BackupError,
    LedgerError and OSError; then the home is as it was.
    """
    source = _source(folder)
    manifest = read_manifest(source)
    _check_fitting(source, manifest, home, is_forced)
    home.path.parent.mkdir(parents=True, exist_ok=True)
    with fresh_folder(home.path.with_name(f"{TEMPORARY}restore-{home.path.name}-")) as fresh:
        _fill(source, manifest, Home(fresh))
        with _hands_off(home):
            aside = _swap(fresh, home.path, now)
    return Restored(source, manifest, aside)


def _source(folder: Path) -> Path:
    """The backup that is meant: the folder itself, or the newest in it."""
    if (folder / MANIFEST).exists():
        return folder
    found = newest(folder)
    if found is None:
        raise BackupError(f"{folder} holds no backup: {MANIFEST} is missing in it and in its folders")
    return found


def _check_fitting(source: Path, manifest: BackupManifest, home: Home, is_forced: bool) -> None:
    if manifest.schema_version > SCHEMA_VERSION:
        raise BackupError(
            f"{source} has raw tables of version {manifest.schema_version}, this laborledger knows "
            f"{SCHEMA_VERSION}: upgrade it first"
        )
    if _is_taken(home.path) and not is_forced:
        raise BackupError(
            f"{home.path} is not empty; give another folder with --home, or keep it aside with --force"
        )
    parent = next(folder for folder in home.path.parents if folder.exists())
    if shutil.disk_usage(parent).free < manifest.bytes:
        raise BackupError(f"{parent} has no room for {manifest.bytes / 1e6:,.1f} MB; make some")


def _is_taken(path: Path) -> bool:
    return path.is_symlink() or (path.exists() and (not path.is_dir() or any(path.iterdir())))


def _fill(source: Path, manifest: BackupManifest, home: Home) -> None:
    """Copy and prove each file, and have all on the disk."""
    home.archive.mkdir(parents=True)
    home.build_file.parent.mkdir()
    for file in manifest.files:
        target = home.build_file if file.path == TABLES else home.path / file.path
        _copy(source / file.path, target, file)
    if not home.build_file.is_file():
        raise BackupError(f"{source / MANIFEST} names no {TABLES}; take another backup")
    _check_tables(source / TABLES, home.build_file, manifest)
    for folder in (home.archive, home.build_file.parent, home.path):
        sync(folder)


def _copy(source: Path, target: Path, file: KeptFile) -> None:
    """Copy one file and compare the copy with what the manifest says."""
    if source.is_symlink() or not source.is_file():
        raise BackupError(f"{source} is missing; take another backup")
    shutil.copyfile(source, target)
    size, sha256 = target.stat().st_size, file_hash(target)
    if (size, sha256) != (file.bytes, file.sha256):
        raise BackupError(
            f"{source} is torn or was changed: {size} bytes with SHA-256 {sha256[:12]}..., written were "
            f"{file.bytes} with {file.sha256[:12]}...; take another backup"
        )
    sync(target)


def _check_tables(source: Path, build_file: Path, manifest: BackupManifest) -> None:
    """Compare the tables' rows with what the manifest says."""
    try:
        with duckdb.connect(str(build_file), read_only=True) as connection:
            names = connection.execute(
                "select schema_name, table_name from duckdb_tables() where list_contains(?, schema_name)",
                [list(SCHEMAS)],
            ).fetchall()
            rows = {f"{schema}.{table}": _count(connection, schema, table) for schema, table in names}
    except duckdb.Error as error:
        raise BackupError(f"{source} cannot be opened: {error}; take another backup") from error
    if rows != dict(manifest.tables):
        wrong = sorted(set(rows.items()) ^ set(manifest.tables.items()))[0][0]
        raise BackupError(
            f"{source}: {wrong} has {rows.get(wrong)} rows, {MANIFEST} says {manifest.tables.get(wrong)}; "
            "take another backup"
        )


def _count(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    name = f"{identifier(schema)}.{identifier(table)}"
    ((rows,),) = connection.execute(f"select count(*) from {name}").fetchall()
    return int(rows)


@contextmanager
def _hands_off(home: Home) -> Iterator[None]:
    """Hold the writer lock of a home that is to be moved: no run may write into it meanwhile."""
    with writer_lock(home, wait=0) if home.build_file.parent.is_dir() else nullcontext():
        yield


def _swap(fresh: Path, path: Path, now: datetime) -> Path | None:
    """Give the restored home its name; gives where the one before lies now, if there was one."""
    aside = None
    if _is_taken(path):
        aside = path.with_name(f"{path.name}.before-{now.astimezone(UTC):%Y%m%dT%H%M%S%f}Z")
        os.rename(path, aside)
    os.rename(fresh, path)
    sync(path.parent)
    return aside
