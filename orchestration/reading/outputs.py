"""The folder of one file's tables: written beside its place and renamed whole, with a manifest of what it
was made of.

A folder is finished when it is there; it is made anew when the file or a version is another. What the
tables hold is not known here.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import fsspec
import pyarrow.parquet as pq
from filelock import FileLock

from orchestration.ledger import utc_now
from orchestration.publishing.builds import sync
from orchestration.reading.archives import Options, opened, read_warc, versions

MANIFEST = "manifest.json"
HEAD = 1 << 20
"""Bytes of a file's beginning that tell it from another of its name and size."""
FAILED = ".failed.json"
"""Ends the name of the note of a file that could not be read."""
_PARTIAL, _OLD, _LOCKS = ".partial", ".old", ".locks"
_NO_READING = ("__init__.py", "engines.py", "command.py", "cc_news.py")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a file: read now, or found read already; its row of counts."""

    path: str
    is_new: bool
    counts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """What an engine does for each path: read it into its folder under `folder`."""

    folder: Path
    options: Options

    def __call__(self, path: str) -> Done:
        """Read a file unless it is read. Raises what reading raises."""
        return read_into(self.folder, path, self.options)


def folder_of(folder: Path, path: str) -> Path:
    """Where a file's tables lie."""
    return folder / path.rstrip("/").rpartition("/")[2]


def read_into(folder: Path, path: str, options: Options) -> Done:
    """A file's tables in its folder; one process at a time, and never twice for the same file and
    versions.
    """
    place = folder_of(folder, path)
    (folder / _LOCKS).mkdir(parents=True, exist_ok=True)
    with FileLock(folder / _LOCKS / f"{place.name}.lock"):
        made_of = _made_of(path, options)
        if (manifest := _finished(place, made_of)) is not None:
            return Done(path, False, manifest["counts"])
        tables = read_warc(path, options)
        counts = tables.counts.to_pylist()[0]
        partial = place.with_name(f".{place.name}{_PARTIAL}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        for name, table in tables.by_name().items():
            pq.write_table(table, partial / f"{name}.parquet", compression="zstd")
        told = {"made_of": made_of, "counts": counts, "read_at": f"{utc_now():%Y-%m-%d %H:%M:%S}"}
        (partial / MANIFEST).write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        _put(partial, place)
        failed_file(folder, path).unlink(missing_ok=True)
        return Done(path, True, counts)


def is_read(folder: Path, path: str, options: Options) -> bool:
    """Whether a file's folder is finished. Raises OSError where the file cannot be looked at."""
    return _finished(folder_of(folder, path), _made_of(path, options)) is not None


def failed_file(folder: Path, path: str) -> Path:
    """The note of a file that could not be read."""
    return folder / f"{folder_of(folder, path).name}{FAILED}"


def note_failure(folder: Path, path: str, why: str) -> None:
    """Leave a note of a file that could not be read; reading it takes the note away."""
    told = json.dumps({"path": path, "why": why, "made_of": versions()}, sort_keys=True)
    failed_file(folder, path).write_text(told + "\n", encoding="utf-8")


def _put(partial: Path, place: Path) -> None:
    """The finished folder in its place, on the disk before it is seen."""
    for file in partial.iterdir():
        sync(file)
    sync(partial)
    old = place.with_name(f".{place.name}{_OLD}")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)  # a kill right here leaves nothing in its place: it is read again
    partial.rename(place)
    sync(place.parent)
    shutil.rmtree(old, ignore_errors=True)


def _finished(place: Path, made_of: Mapping[str, Any]) -> dict[str, Any] | None:
    """The manifest of a finished folder that was made of the same; None where it is to be made."""
    try:
        told: dict[str, Any] = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told if told.get("made_of") == made_of else None


def _made_of(path: str, options: Options) -> dict[str, Any]:
    """The file, the options and the versions that a folder is made of."""
    asked = {
        "texts": options.texts,
        "hosts": list(options.hosts),
        "words": list(options.words),
        "sources": _hash(options.sources.read_bytes()),
    }
    return {"file": _looks(path), "options": asked, **versions(), "reading_version": reading_version()}


def _looks(path: str) -> dict[str, Any]:
    """A file's size, time of change and the hash of its beginning."""
    with opened(path) as stream:
        head = _hash(stream.read(HEAD))
    if "://" not in path:
        status = os.stat(path)
        return {
            "path": os.path.abspath(path),
            "size": status.st_size,
            "changed": status.st_mtime_ns,
            "head": head,
        }
    system, name = fsspec.core.url_to_fs(path)
    told = system.info(name)
    changed = told.get("ETag") or told.get("LastModified") or told.get("mtime")
    return {"path": path, "size": told.get("size"), "changed": str(changed), "head": head}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def reading_version() -> str:
    """The first 12 hex digits of the hash of this package's modules that say what tables hold."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name not in _NO_READING:
            digest.update(f"{path.name}\0".encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:12]
