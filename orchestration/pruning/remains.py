"""What killed processes left half made in a home, under a temporary name; and how a file or folder goes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from orchestration.health.status import size_of
from orchestration.home import Home
from orchestration.pruning.rules import Pruned, kept_for

REMAINS = (".tmp-*", ".tmp_*")


def prune_remains(home: Home, now: datetime, is_dry: bool = False) -> Pruned:
    """Remove what killed processes left half made under a temporary name."""
    before = (now - kept_for()["remains"]).timestamp()
    found = [path for path in _remains(home) if path.lstat().st_mtime < before]
    size = sum(map(size_of, found))
    if not is_dry:
        for path in found:
            discard(path)
    return Pruned("remains", len(found), size)


def _remains(home: Home) -> Iterator[Path]:
    folders = (home.path, home.build_file.parent, home.archive, home.published, home.published / "builds")
    for folder in folders:
        for pattern in REMAINS:
            with suppress(OSError):
                yield from folder.glob(pattern)


def discard(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; what is gone already is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
