"""Where what came of each WARC file is kept: a folder of Parquet files a WARC, there whole or not at all.

A folder names the file, its size and time, and what it was read by: what has not changed is never read again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from orchestration.publishing.builds import sync
from orchestration.reading.work import Options, Tables, read_by

READ = "read.json"
DRAFT = ".tmp-"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The output folder of a reading."""

    folder: Path

    def prepare(self) -> None:
        """Make the folder, and sweep what killed processes left in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(f"{DRAFT}*"):
            if not _is_going(left):
                shutil.rmtree(left, ignore_errors=True)

    def place_of(self, path: str) -> Path:
        """Where the tables of a file lie: under its name, and a mark of where it was, so that two differ."""
        name = path.rsplit("/", 1)[-1]
        return self.folder / f"{name}-{hashlib.sha256(path.encode()).hexdigest()[:8]}"

    def has(self, path: str, told: dict[str, object]) -> bool:
        """Whether a file was read as it is now, by what would read it now."""
        try:
            return bool(json.loads((self.place_of(path) / READ).read_text(encoding="utf-8")) == told)
        except (OSError, ValueError):
            return False

    def keep(self, path: str, told: dict[str, object], tables: Tables) -> None:
        """Write the tables of a file; they get their name when all are on the disk."""
        place = self.place_of(path)
        draft = self.folder / f"{DRAFT}{os.getpid()}-{place.name}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for name, table in tables.items():
            pq.write_table(table, draft / f"{name}.parquet", compression="zstd")
        (draft / READ).write_text(json.dumps(told, sort_keys=True), encoding="utf-8")
        for file in draft.iterdir():
            sync(file)
        sync(draft)
        _exchange(draft, place)
        sync(self.folder)

    def kept(self) -> Iterator[Path]:
        """The folders of all files that were read."""
        for place in sorted(self.folder.iterdir()):
            if (place / READ).is_file() and not place.name.startswith(DRAFT):
                yield place


def told_of(path: str, options: Options) -> dict[str, object]:
    """What tells whether a file must be read again: itself, and what it is read by. Raises OSError."""
    known: dict[str, object] = {"path": path, "read_by": read_by(options)}
    if "://" not in path:
        stat = os.stat(path)
        known |= {"size": stat.st_size, "modified": stat.st_mtime_ns}
    return known


def _exchange(draft: Path, place: Path) -> None:
    """Put a draft in a folder's place; a kill in between leaves none, and the file is read again."""
    old = draft.with_name(f"{draft.name}-old")
    with suppress(FileNotFoundError):
        os.rename(place, old)
    os.rename(draft, place)
    shutil.rmtree(old, ignore_errors=True)


def _is_going(draft: Path) -> bool:
    """Whether the process that writes a draft is there: it is in the draft's name."""
    number = draft.name.removeprefix(DRAFT).partition("-")[0]
    return number.isdigit() and int(number) != os.getpid() and Path(f"/proc/{number}").exists()
