"""What can be wrong, in words: the rows of `troubles.csv` with their values put in.

No condition belongs here: who looks for a trouble says by its code that it is there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("troubles.csv")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong, or worth knowing: in words, with its cure."""

    code: str
    needs_person: bool
    what: str
    cure: str


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at: its name, what was found, and what is wrong with it."""

    name: str
    found: str
    troubles: tuple[Trouble, ...] = ()

    @classmethod
    def of(cls, name: str, found: str, troubles: Iterable[Trouble] = ()) -> Look:
        """A look with its troubles as they were come upon."""
        return cls(name, found, tuple(troubles))

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to do something."""
        return any(trouble.needs_person for trouble in self.troubles)


@cache
def _wordings() -> dict[str, dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row for row in csv.DictReader(file)}


def trouble(code: str, **values: object) -> Trouble:
    """A trouble of the table, with its values put in. Raises KeyError for a code or value that is missing."""
    row = _wordings()[code]
    what, cure = (row[name].format(**values) for name in ("what", "cure"))
    return Trouble(code, row["needs_person"] == "yes", what, cure)


def in_a_line(error: object) -> str:
    """What an error says, without its line breaks."""
    return " ".join(str(error).split())


def bytes_worded(size: int) -> str:
    """A size as people say it."""
    number, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 1000 or unit == "TB":
            break
        number /= 1000
    return f"{number:,.0f} {unit}" if number >= 10 or unit == "B" else f"{number:,.1f} {unit}"
