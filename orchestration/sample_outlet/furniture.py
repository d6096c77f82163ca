"""The furniture of a news page: menus, captions, most-read lists, advertisements, comments.

What stands around an article is picked by the article's id alone, never by its neighbours: adding or
editing one article leaves every other page as it was. The wordings are rows of `furniture.csv`.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).parent / "furniture.csv"


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece; `detail` is what its kind needs besides the text: a path, or who commented."""

    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class Furniture:
    """All pieces, by kind."""

    by_kind: Mapping[str, tuple[Piece, ...]]

    def all(self, kind: str) -> tuple[Piece, ...]:
        """Every piece of a kind, in the table's order."""
        return self.by_kind[kind]

    def pick(self, kind: str, key: str, number: int) -> tuple[Piece, ...]:
        """`number` pieces of a kind, always the same for the same key."""
        pieces = sorted(self.by_kind[kind], key=lambda piece: _digest(f"{key}\0{kind}\0{piece.text}"))
        return tuple(pieces[:number])

    def one(self, kind: str, key: str) -> Piece:
        """One piece of a kind, always the same for the same key."""
        return self.pick(kind, key, 1)[0]


def load_furniture() -> Furniture:
    """The table's pieces."""
    by_kind: dict[str, list[Piece]] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            by_kind.setdefault(row["kind"], []).append(Piece(row["text"], row["detail"]))
    return Furniture({kind: tuple(pieces) for kind, pieces in by_kind.items()})


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
