"""Reads the lexicon tables: every wording, gazetteer and code table, one row, one place.

`load` turns `<name>.csv` into frozen rows of a dataclass and refuses a wrong table, naming file,
line, value and rule. What a row means is the business of the finder that reads it. The tables are
also dbt seeds, so their headers are column names.
"""

from __future__ import annotations

import csv
import dataclasses
import types
import typing
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

FOLDER = Path(__file__).parent


class LexiconError(ValueError):
    """A lexicon table is wrong; the message names file, line, value and rule."""


def _convert(raw: str, wanted: Any) -> Any:
    """One cell as its column's type: `a|b` is a tuple, an empty cell of an optional type None."""
    if typing.get_origin(wanted) is tuple:
        return tuple(part.strip() for part in raw.split("|") if part.strip())
    if typing.get_origin(wanted) in (typing.Union, types.UnionType):
        inner = next(t for t in typing.get_args(wanted) if t is not type(None))
        return _convert(raw, inner) if raw else None
    if wanted is bool:
        return {"true": True, "false": False}[raw]
    return wanted(raw)


def _rows(path: Path, row: type[T]) -> typing.Iterator[T]:
    hints = typing.get_type_hints(row)
    names = [f.name for f in dataclasses.fields(row)]  # type: ignore[arg-type]
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        if reader.fieldnames != names:
            raise LexiconError(f"{path}:1: the columns must be {names}; they are {reader.fieldnames}")
        for cells in reader:
            where = f"{path}:{reader.line_num}"
            if None in cells or None in cells.values():
                raise LexiconError(f"{where}: {len(names)} cells are wanted; quote a cell that holds a comma")
            try:
                yield row(**{name: _convert(cells[name], hints[name]) for name in names})
            except (ValueError, KeyError) as error:
                raise LexiconError(f"{where}: {error}") from error


@cache
def load(name: str, row: type[T], key: tuple[str, ...] = ()) -> tuple[T, ...]:
    """The rows of `<name>.csv`; `key` names the columns that must differ (default: the first).

    A cell is read as its column's annotation says: str, int, float, bool, an enumeration,
    `tuple[str, ...]` (parts between bars) or an optional of these (empty is None). A row dataclass
    may refuse a value by raising ValueError in `__post_init__`. Raises LexiconError.
    """
    path = FOLDER / f"{name}.csv"
    columns = key or (dataclasses.fields(row)[0].name,)  # type: ignore[arg-type]
    seen: dict[tuple[Any, ...], int] = {}
    rows = tuple(_rows(path, row))
    for line, item in enumerate(rows, start=2):
        value = tuple(getattr(item, column) for column in columns)
        if value in seen:
            raise LexiconError(f"{path}:{line}: {value} is on line {seen[value]} already")
        seen[value] = line
    return rows
