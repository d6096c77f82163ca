"""Watches a folder between two looks: what lies there, and whether somebody is still filling it.

Nothing is read and nothing is started here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

MOST = 1_000_000
"""Entries that are looked at: a mistaken link to a whole disk must not hold the sensor up."""


@dataclass(frozen=True, slots=True)
class Watch:
    """`seen`: what lay there at the last look; `asked`: what was last asked to be read; `asks`: do so now."""

    seen: str = ""
    asked: str = ""
    asks: bool = False

    @classmethod
    def from_cursor(cls, cursor: str | None) -> Watch:
        """The watch that `cursor` wrote; a new one for anything else."""
        try:
            told = json.loads(cursor or "{}")
            return cls(str(told["seen"]), str(told["asked"]))
        except (ValueError, KeyError, TypeError):
            return cls()

    def cursor(self) -> str:
        """What to remember until the next look."""
        return json.dumps({"seen": self.seen, "asked": self.asked})

    def look(self, folder: Path) -> Watch:
        """Look again: what lies still since the last look, and was not asked for, is to be read."""
        lies = fingerprint(folder)
        asks = bool(lies) and lies == self.seen and lies != self.asked
        return replace(self, seen=lies, asked=lies if asks else self.asked, asks=asks)

    def why_not(self, folder: Path) -> str:
        """Why nothing is asked for, in words."""
        if not self.seen:
            return f"nothing lies in {folder}"
        return "all of it was read" if self.seen == self.asked else f"{folder} is being filled"


def fingerprint(folder: Path) -> str:
    """One hash of names, sizes and times of change of all files; empty where there is none.

    Hidden files are left out: a download in progress, an editor's own.
    """
    if not folder.is_dir():
        return ""
    lines = []
    for path in sorted(folder.rglob("*"))[:MOST]:
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            told = path.stat()
            lines.append(f"{path.relative_to(folder)}\0{told.st_size}\0{told.st_mtime_ns}")
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest() if lines else ""
