"""Old files of the archive that hold no page of an article, and that nothing asks for again.

A file goes where all that the ledger says of it is old and about announcements (robots.txt, feeds, sitemaps,
listings), and no address is known by it; a file that the ledger does not speak of goes where it only repeats
what others hold. The rows of the requests stay, with the hash of what came, and name no record any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from orchestration.home import Home
from orchestration.ledger import open_ledger
from orchestration.pruning.rules import Pruned, kept_for
from orchestration.publishing.builds import sync
from orchestration.scraping.archive import OPEN
from orchestration.scraping.warc import SUFFIX

NOTE = ".going"
"""Names, in the archive, the files that the ledger does not speak of any more and that are to go."""
PATIENCE = 20.0
"""Seconds for the writer lock; a run is not held up for longer."""


def prune_archive(home: Home, now: datetime, is_dry: bool) -> Pruned:
    """Remove what has outlived its use; `now` has a zone. Raises LedgerError."""
    if not home.build_file.exists():
        return Pruned("announcements", 0, 0)
    if not is_dry:
        _finish(home)
    before = now - kept_for()["announcements"]
    with open_ledger(home, PATIENCE) as ledger:
        spoken_of = ledger.archive_files()
    repeating = _repeating(home, spoken_of, before)  # Files are read: no run waits for that.
    with open_ledger(home, PATIENCE) as ledger:
        going = [home.archive / name for name in ledger.files_of_announcements(before)]
        files = [file for file in [*going, *repeating] if file.is_file()]
        size = sum(file.stat().st_size for file in files)
        if files and not is_dry:
            _note(home, files)
            ledger.forget_files(file.name for file in files)
    if not is_dry:
        _finish(home)
    return Pruned("announcements", len(files), size)


def _repeating(home: Home, spoken_of: set[str], before: datetime) -> list[Path]:
    """Old files that no row names, and that hold nothing which others do not."""
    files = sorted(home.archive.glob(f"*{SUFFIX}"))
    return [
        file
        for file in files
        if file.name not in spoken_of
        and file.stat().st_mtime < before.timestamp()
        and not file.with_name(file.name + OPEN).exists()
        and only_repeats(file)
    ]


def only_repeats(file: Path) -> bool:
    """Whether every record says that a payload came again; a file that cannot be read says nothing."""
    try:
        with file.open("rb") as stream:
            return all(record.rec_type == "revisit" for record in ArchiveIterator(stream))
    except (OSError, ArchiveLoadFailed, EOFError, ValueError):
        return False


def _note(home: Home, files: Iterable[Path]) -> None:
    """What is to go, safe on the disk before the ledger forgets it: a kill in between loses no room."""
    note = home.archive / NOTE
    note.write_text(json.dumps([file.name for file in files]), encoding="utf-8")
    sync(note)


def _finish(home: Home) -> None:
    """Remove the noted files that the ledger does not speak of."""
    note = home.archive / NOTE
    if not note.exists():
        return
    try:
        noted = {str(name) for name in json.loads(note.read_text(encoding="utf-8"))}
    except ValueError:  # A kill while it was being written: the ledger still speaks of all of it.
        noted = set()
    with open_ledger(home, PATIENCE) as ledger:
        for name in noted - ledger.archive_files():
            if Path(name).name == name and name.endswith(SUFFIX):
                (home.archive / name).unlink(missing_ok=True)
    note.unlink()
