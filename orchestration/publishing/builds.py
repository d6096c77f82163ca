"""The folder of published builds: where a build lies, how it becomes the current one, how it goes.

Every step leaves a state that a reader can use, whenever the process is killed: a build is made under
a temporary name, the one link `current` is replaced in one step, and what a killed run left is swept.
On a file system without links `current` is a small file that names the build. What stands in a build is
not known here.
"""

from __future__ import annotations

import errno
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
POINTED = re.compile(rf"builds/{BUILD_ID.pattern}")
NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})
"""What a file system says that has no links, as on many a memory stick and network share."""
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
    """The builds that may go: older than a day, not the last of one of the last 30 days, nor of a month.

    Names that are none of ours are never among them, nor are those in `spared`.
    """
    last_of_day: dict[object, str] = {}
    last_of_month: dict[object, str] = {}
    moments = {name: moment for name in sorted(build_ids) if (moment := made_at(name))}
    for name, moment in moments.items():
        last_of_day[moment.date()] = name
        last_of_month[moment.year, moment.month] = name
    kept = {*spared, *last_of_month.values()}
    kept |= {name for name in last_of_day.values() if now - moments[name] < KEEP_DAILY}
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
        leads_to = self._leads_to(CURRENT)
        return Path(leads_to).name if leads_to else None

    def current_manifest(self) -> Manifest | None:
        """The manifest of the current build, None when it is not whole: then it must be replaced."""
        name = self.current()
        return self.manifest_of(name) if name else None

    def manifest_of(self, name: str) -> Manifest | None:
        """The manifest of a build, None when there is none of that name or it is not whole."""
        try:
            manifest = Manifest.from_json((self.folder / name / MANIFEST).read_text(encoding="utf-8"))
            is_whole = file_hash(self.folder / name / FILE) == manifest.file_sha256
        except (OSError, UnicodeError, PublishError):
            return None
        return manifest if is_whole else None

    def names(self) -> list[str]:
        """All builds that are here, from new to old."""
        return sorted((path.name for path in self.folder.glob("*") if made_at(path.name)), reverse=True)

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

    def _leads_to(self, name: str) -> str | None:
        """Where a link leads, or what the pointer file in its place says; None where there is neither."""
        link = self.root / name
        if link.is_symlink():
            return os.readlink(link)
        if not link.exists():
            return None
        leads_to = link.read_text(encoding="utf-8", errors="replace").strip() if link.is_file() else ""
        if name != CURRENT or not POINTED.fullmatch(leads_to):
            raise PublishError(f"{link} must be a link; move what is there away")
        return leads_to

    def _link(self, name: str, leads_to: str) -> None:
        if self._leads_to(name) == leads_to:
            return
        fresh = self.root / f"{TEMPORARY}{name}"
        fresh.unlink(missing_ok=True)
        try:
            os.symlink(leads_to, fresh)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            if name != CURRENT:  # A reader asks `current`, and opens the file in the build that it names.
                return
            fresh.write_text(f"{leads_to}\n", encoding="utf-8")
            sync(fresh)
        os.replace(fresh, self.root / name)
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
