"""The folder of published builds: where a build lies, how it becomes the current one, how it goes.

Every step leaves a state that a reader can use, whenever the process is killed: a build is made under
a temporary name, the one link `current` is replaced in one step, and what a killed run left is swept.
What stands in a build is not known here.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestration.home import STEM
from orchestration.publishing import PublishError
from orchestration.publishing.manifest import MANIFEST, Manifest

FILE = f"{STEM}.duckdb"
CURRENT = "current"
TEMPORARY = ".tmp-"
BUILD_ID = re.compile(r"(\d{8}T\d{9})Z-[0-9a-f]{12}")
KEEP_ALL = timedelta(days=1)
KEEP_DAILY = timedelta(days=30)


def made_at(build_id: str) -> datetime | None:
    """When a build of this name was made, None for a name that is none of ours."""
    match = BUILD_ID.fullmatch(build_id)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        return None


def outlived(build_ids: Iterable[str], now: datetime, spared: Collection[str]) -> list[str]:
    """The builds that may go: older than a day and not the last of one of the last 30 days.

    Names that are none of ours are never among them, nor are those in `spared`.
    """
    last_of_day: dict[object, str] = {}
    moments = {name: moment for name in sorted(build_ids) if (moment := made_at(name))}
    for name, moment in moments.items():
        last_of_day[moment.date()] = name
    kept = set(spared) | {name for name in last_of_day.values() if now - moments[name] < KEEP_DAILY}
    return [name for name, moment in moments.items() if now - moment >= KEEP_ALL and name not in kept]


def file_hash(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have a file's bytes, or a folder's names, on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class Builds:
    """The published builds of one home; `root` is its `published` folder."""

    root: Path

    @property
    def folder(self) -> Path:
        """Holds one folder for each build."""
        return self.root / "builds"

    def prepare(self) -> None:
        """Make the folders, sweep what killed runs left, and lay the link that readers open."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(f"{TEMPORARY}*"):
            shutil.rmtree(left)
        self.sweep_wals()
        # Laid before the first build, where it leads nowhere yet: then `current` is all that ever flips.
        self._link(FILE, f"{CURRENT}/{FILE}")

    def sweep_wals(self) -> None:
        """Remove every .wal: DuckDB would add one to a published file, and say nothing."""
        for pattern in ("*.wal", "builds/*/*.wal"):
            for wal in self.root.glob(pattern):
                wal.unlink(missing_ok=True)

    def current(self) -> str | None:
        """The name of the build that readers see, None before the first."""
        try:
            return Path(os.readlink(self.root / CURRENT)).name
        except FileNotFoundError:
            return None
        except OSError as error:
            raise PublishError(f"{self.root / CURRENT} must be a link; move what is there away") from error

    def current_manifest(self) -> Manifest | None:
        """The manifest of the current build, None when it is not whole: then it must be replaced."""
        name = self.current()
        if name is None:
            return None
        try:
            manifest = Manifest.from_json((self.folder / name / MANIFEST).read_text(encoding="utf-8"))
            is_whole = file_hash(self.folder / name / FILE) == manifest.file_sha256
        except (OSError, UnicodeError, PublishError):
            return None
        return manifest if is_whole else None

    def newest_files(self) -> list[Path]:
        """The DuckDB files of all builds: the current one first, the others from new to old."""
        names = sorted((path.parent.name for path in self.folder.glob(f"*/{FILE}")), reverse=True)
        current = self.current()
        ordered = [name for name in names if name == current] + [name for name in names if name != current]
        return [self.folder / name / FILE for name in ordered if made_at(name)]

    def new_id(self, now: datetime, content_hash: str) -> str:
        """A name that is free: the moment to the millisecond and the start of the content hash."""
        moment = now.astimezone(UTC)
        while True:
            name = f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z-{content_hash[:12]}"
            if not (self.folder / name).exists():
                return name
            moment += timedelta(milliseconds=1)

    @contextmanager
    def draft(self, build_id: str) -> Iterator[Path]:
        """A folder to make a build in; it is removed again unless `place` has given it its name."""
        folder = self.folder / f"{TEMPORARY}{build_id}"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def place(self, draft: Path, build_id: str) -> None:
        """Give a finished draft its name, everything in it safe on the disk and closed to writing."""
        for file in sorted(draft.iterdir()):
            os.chmod(file, 0o444)
            sync(file)
        sync(draft)
        os.rename(draft, self.folder / build_id)
        sync(self.folder)

    def flip(self, build_id: str) -> None:
        """Show readers this build from now on."""
        self._link(CURRENT, f"builds/{build_id}")

    def _link(self, name: str, leads_to: str) -> None:
        link = self.root / name
        if link.is_symlink() and os.readlink(link) == leads_to:
            return
        if link.exists() and not link.is_symlink():
            raise PublishError(f"{link} must be a link to {leads_to}; move what is there away")
        fresh = self.root / f"{TEMPORARY}{name}"
        fresh.unlink(missing_ok=True)
        os.symlink(leads_to, fresh)
        os.replace(fresh, link)
        sync(self.root)

    def prune(self, now: datetime, spared: Collection[str]) -> list[str]:
        """Remove builds that have outlived their use; returns what could not be removed.

        A reader that holds such a file keeps it whole until it closes it.
        """
        problems = []
        for name in outlived((path.name for path in self.folder.iterdir()), now, spared):
            try:
                shutil.rmtree(self.folder / name)
            except OSError as error:
                problems.append(f"the old build {name} could not be removed: {error}")
        return problems
