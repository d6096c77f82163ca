"""The answers in warehouse/README.md: what its questions give on the sample.

python -m tests.readme_answers HOME    writes them anew from a home that has published the sample
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import ROOT, Home
from orchestration.publishing.answers import text

README = ROOT / "warehouse" / "README.md"
SQL = re.compile(r"(?<=^```sql\n)[^`]*(?=^```\n)", re.MULTILINE)
ROWS, WIDTH = 5, 44
"""Shown of an answer: rows, and characters of a cell."""


def queries(readme: str) -> list[str]:
    """The questions' SQL, in order: what stands under the heading Queries."""
    return SQL.findall(readme[readme.index("\n## Queries") :])


def ask(file: Path, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows of a query on a published file."""
    with duckdb.connect(str(file), read_only=True) as connection:
        found = connection.execute(query)
        return [column[0] for column in found.description or []], found.fetchall()


def worded(columns: list[str], rows: list[tuple[Any, ...]]) -> str:
    """An answer as the README shows it."""
    if not rows:
        return "\nOn the sample: no row.\n\n"
    lines = [_line(columns), "|" + " --- |" * len(columns), *(_line(row) for row in rows[:ROWS])]
    more = f"\n{len(rows) - ROWS:,} more rows.\n" if len(rows) > ROWS else ""
    return "\nOn the sample:\n\n" + "\n".join(lines) + "\n" + more + "\n"


def _line(cells: Any) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(value: object) -> str:
    told = " ".join(text(value).split()).replace("|", "\\|")
    return told if len(told) <= WIDTH else f"{told[: WIDTH - 1].rstrip()}…"


def answered(readme: str, file: Path) -> str:
    """The README with the answers that the file gives."""
    start = readme.index("\n## Queries")
    kept, rest = readme[:start], readme[start:]
    pieces = re.split(r"(^```sql\n[^`]*^```\n)", rest, flags=re.MULTILINE)
    for place in range(1, len(pieces), 2):
        (query,) = SQL.findall(pieces[place])
        pieces[place + 1] = worded(*ask(file, query)) + _without_answer(pieces[place + 1])
    return kept + "".join(pieces).rstrip() + "\n"


def _without_answer(after: str) -> str:
    """What follows a question, its old answer taken off."""
    lines = after.lstrip("\n").splitlines()
    while lines and (lines[0].startswith(("|", "On the sample")) or not lines[0] or "more rows." in lines[0]):
        lines.pop(0)
    return "\n".join(lines) + "\n" if lines else ""


if __name__ == "__main__":
    home = Home(Path(sys.argv[1]))
    README.write_text(answered(README.read_text(encoding="utf-8"), home.published_file), encoding="utf-8")
