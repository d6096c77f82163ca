"""An answer of the published file written as a table, as CSV or as JSON.

Turning values into text belongs here; which statement is asked, and how, does not. A writer takes the
column names, the rows in batches and where to write; it may see many millions of rows.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Batches = Iterable[list[tuple[object, ...]]]
Writer = Callable[[Sequence[str], Batches, TextIO], None]

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""A page may carry terminal commands, or marks that turn a line around."""
NARROWEST = 10
"""Characters for a column; a table with less for each is shown row by row."""
PIPED_WIDTH = 10_000


def plain(value: object) -> Any:
    """A value as JSON can hold it: dates in ISO form, exact decimals, NaN and infinity as null."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return _plain_decimal(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value)


def _plain_decimal(value: Decimal) -> int | float | str:
    """A number where a JSON reader gets the same digits back, else a string."""
    if value == value.to_integral_value():
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else str(value)


def text(value: object) -> str:
    """A value as one cell: NULL is empty, a list or record is JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(plain(value), ensure_ascii=False)
    if isinstance(value, (str, int, float, Decimal)):
        return str(value)
    return str(plain(value))


def write_csv(columns: Sequence[str], batches: Batches, out: TextIO) -> None:
    """Header and rows, as RFC 4180 has it but with LF line ends."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for batch in batches:
        writer.writerows([text(value) for value in row] for row in batch)


def write_json(columns: Sequence[str], batches: Batches, out: TextIO) -> None:
    """An array of objects, one a line."""
    out.write("[")
    before = "\n"
    for batch in batches:
        for row in batch:
            record = {name: plain(value) for name, value in zip(columns, row, strict=True)}
            out.write(before + json.dumps(record, ensure_ascii=False, allow_nan=False))
            before = ",\n"
    out.write("\n]\n")


def write_table(columns: Sequence[str], batches: Batches, out: TextIO) -> None:
    """A table for a person: as wide as the terminal, and row by row where it has too many columns."""
    console = _console(out)
    is_narrow = console.width < NARROWEST * len(columns)
    count = 0
    for batch in batches:
        tables = [_record(columns, row) for row in batch] if is_narrow else [_grid(columns, batch)]
        for table in tables:
            console.print(table)
        count += len(batch)
    if not count:
        console.print(_grid(columns, []))
    console.print(f"{count:,} row{'' if count == 1 else 's'}")


def _console(out: TextIO) -> Console:
    from rich.console import Console

    class Quiet(Console):
        """Leaves a closed pipe to the caller; rich would end the process with status 1."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    width = None if out.isatty() else PIPED_WIDTH
    return Quiet(file=out, width=width, emoji=False, highlight=False)


def _grid(columns: Sequence[str], rows: list[tuple[object, ...]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for index, name in enumerate(columns):
        is_number = any(isinstance(row[index], (int, float, Decimal)) for row in rows)
        table.add_column(Text(shown(name)), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(text(value))) for value in row))
    return table


def _record(columns: Sequence[str], row: tuple[object, ...]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False)
    for name, value in zip(columns, row, strict=True):
        table.add_row(Text(shown(name), style="bold"), Text(shown(text(value)), overflow="fold"))
    return table


def shown(raw: str) -> str:
    """Text without the characters that act on a terminal: they are shown as escapes."""
    return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", raw)


WRITERS: dict[str, Writer] = {"table": write_table, "csv": write_csv, "json": write_json}
