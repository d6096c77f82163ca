"""Reads the tables of this package (wordings, markup, months): one row, one place.

What a row means is the business of the module that reads it.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


class TableError(ValueError):
    """A table of this package is wrong; the message names file, line and rule."""


@cache
def load_table(name: str, columns: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The rows of `<name>.csv`, whose columns must be `columns`; the first must differ. Raises TableError."""
    path = FOLDER / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        head = tuple(next(reader, ()))
        if head != columns:
            raise TableError(f"{path}:1: the columns must be {columns}; they are {head}")
        rows: dict[str, tuple[str, ...]] = {}
        for row in reader:
            if len(row) != len(columns) or not all(row):
                raise TableError(f"{path}:{reader.line_num}: {len(columns)} filled cells are wanted: {row}")
            if row[0] in rows:
                raise TableError(f"{path}:{reader.line_num}: {row[0]!r} stands in the table already")
            rows[row[0]] = tuple(row)
    return tuple(rows.values())
