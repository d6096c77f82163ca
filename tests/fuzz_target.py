"""What is fuzzed: bytes become an article, and whatever it says, its figures are true to its text.

How inputs are made up, and for how long, is for `fuzz`.
"""

from __future__ import annotations

import csv
from datetime import date
from functools import cache

from orchestration.extraction import lexicon
from orchestration.extraction.extract import read_article
from orchestration.extraction.jsonl import extract_lines
from orchestration.records import Article
from tests.stand_in import assert_true_to_text, believing, silent

NAMED = "North Korea: "
HAS_DATE, OF_WORDS, AS_LINE, IN_TITLE, UNNAMED = 1, 2, 4, 8, 16
"""What the bits of the first byte say of the article; the next two bytes number its day, the rest is text."""


MARKS = (
    ". ",
    ", ",
    "\n",
    "-",
    " ",
    "“",
    "” ",
    "'s ",
    "( ",
    ") ",
    ": ",
    "7",
    "0 ",
    "/",
    "300 ",
    "2019 ",
    "45 ",
)


@cache
def vocabulary() -> list[list[str]]:
    """The wordings of each table, and marks, each with the space behind it."""
    tables = [list(MARKS)]
    for path in sorted(lexicon.FOLDER.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            cells = [cell for row in list(csv.reader(lines))[1:] for cell in row[:3]]
        tables.append([f"{part} " for cell in cells for part in cell.split("|") if part])
    return tables


def _text(data: bytes, of_words: bool) -> str:
    if not of_words:
        return data.decode("utf-8", "surrogateescape")
    words = []
    for which, place in zip(data[::2], data[1::2], strict=False):
        table = vocabulary()[which % len(vocabulary())]
        words.append(table[place * len(table) // 256])
    return "".join(words)


def article_of(data: bytes) -> Article:
    """The article that some bytes stand for, so that every sequence of bytes stands for one."""
    flags, day, rest = data[0], int.from_bytes(data[1:3], "big"), data[3:]
    text = _text(rest, bool(flags & OF_WORDS))
    published = date.fromordinal(700_000 + day) if flags & HAS_DATE else None
    title = text[:80] if flags & IN_TITLE else ""
    return Article("fuzz", title, published, text if flags & UNNAMED else NAMED + text)


def check(data: bytes) -> None:
    """Raises where an article crashes the extractor, or a figure is not what its text says."""
    if len(data) < 3:
        return
    if data[0] & AS_LINE:
        for _ in extract_lines(
            [data[3:].decode("utf-8", "backslashreplace")], [], rejects=True, read=believing
        ):
            pass
        return
    article = article_of(data)
    read_article(article, silent)
    reading = read_article(article, believing)
    for figure in reading.figures:
        assert_true_to_text(figure, article.text)
    for reject in reading.rejects:
        assert article.text[reject.start : reject.end] == reject.number
    assert [f.count_start for f in reading.figures] == sorted(f.count_start for f in reading.figures)
