"""The reviews file: what people decided of claims, read strictly and added to by one row at a time.

A row that cannot be meant stops a run before it begins: a decision that is passed over in silence is worse
than none. How decisions are applied is dbt's business.
"""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from orchestration.extraction import lexicon
from orchestration.extraction.attributes import sector_codes
from orchestration.home import Home
from orchestration.records import Hedge, Measure, Review, Status
from orchestration.warehouse import reading

COLUMNS = ("claim_id", "decision", "field", "value", "reviewer", "reason", "date")
LARGEST = 16 * 1024 * 1024
CLAIM_ID = re.compile(r"[0-9a-f]{16}")
ALONE, WITH_ANOTHER, FIX = ("confirm", "reject"), ("merge", "split"), "fix"
DECISIONS = (*ALONE, FIX, *WITH_ANOTHER)


class ReviewsError(ValueError):
    """The reviews file, or a row of it, cannot be meant; the message names file, line, value and cure."""


# Reading


def read_reviews(path: Path) -> tuple[Review, ...]:
    """The reviews of a file, in its order; none where it has its heading alone. Raises ReviewsError."""
    rows = _rows(path)
    reviews: list[Review] = []
    lines: dict[Review, int] = {}
    for line, row in rows:
        try:
            review = review_of(row)
        except ReviewsError as error:
            raise ReviewsError(f"{path}, line {line}: {error}") from error
        if first := lines.get(review):
            raise ReviewsError(f"{path}, line {line}: the same as line {first}; leave one of them out")
        lines[review] = line
        reviews.append(review)
    return tuple(reviews)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of each row that is not empty."""
    try:
        if path.stat().st_size > LARGEST:
            raise ReviewsError(f"{path}: more than {LARGEST} bytes; no reviews file is so large")
        text = path.read_bytes().decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        heading = [name.strip() for name in next(reader, [])]
        if tuple(heading) != COLUMNS:
            raise ReviewsError(f"{path}, line 1: {_wrong_heading(heading)}")
        for cells in reader:
            if any(cells):
                yield reader.line_num, _named(path, reader.line_num, cells)
    except UnicodeDecodeError as error:
        raise ReviewsError(f"{path}: no UTF-8 at byte {error.start}; save it as UTF-8") from error
    except csv.Error as error:
        raise ReviewsError(
            f"{path}: no CSV: {error}; a text with a comma or quote stands in quotes"
        ) from error
    except OSError as error:
        raise ReviewsError(f"{path} cannot be read: {error.strerror}") from error


def _wrong_heading(heading: Sequence[str]) -> str:
    wanted = ",".join(COLUMNS)
    if len(heading) == 1 and ";" in heading[0]:
        return f"its cells are parted by semicolons; save it with commas: {wanted}"
    return f"the heading is {','.join(heading)!r}; it must be {wanted}"


def _named(path: Path, line: int, cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(COLUMNS):
        raise ReviewsError(
            f"{path}, line {line}: {len(cells)} cells; {len(COLUMNS)} are wanted ({','.join(COLUMNS)})"
        )
    return dict(zip(COLUMNS, (cell.strip() for cell in cells), strict=True))


def review_of(row: dict[str, str]) -> Review:
    """The review that a row's cells mean, by the names of COLUMNS. Raises ReviewsError."""
    if bad := next((name for name, cell in row.items() if "\x00" in cell), None):
        raise ReviewsError(f"{bad} holds a NUL byte; type it anew")
    _check_id("claim_id", row["claim_id"])
    decision = row["decision"]
    if decision not in DECISIONS:
        raise ReviewsError(f"decision is {decision!r}; it must be one of {', '.join(DECISIONS)}")
    for name in ("reviewer", "reason"):
        if not row[name]:
            raise ReviewsError(f"{name} is empty; say who decided, and why")
    _check_decision(row)
    return Review(
        row["claim_id"], decision, row["field"] or None, row["value"] or None, row["reviewer"],
        row["reason"], _reviewed_on(row["date"]),
    )  # fmt: skip


def _check_id(name: str, cell: str) -> None:
    if not CLAIM_ID.fullmatch(cell):
        raise ReviewsError(f"{name} is {cell!r}; a claim_id is 16 hex digits, as in fct_claims")


def _check_decision(row: dict[str, str]) -> None:
    decision, field, value = row["decision"], row["field"], row["value"]
    if decision == FIX:
        if field not in FIXES:
            raise ReviewsError(f"field is {field!r}; what can be fixed is {', '.join(FIXES)}")
        if problem := FIXES[field](value):
            raise ReviewsError(f"value of {field} is {value!r}; {problem}")
        return
    if field:
        raise ReviewsError(f"field is {field!r}; only a fix has a field")
    if decision in WITH_ANOTHER:
        _check_id("value", value)
        if value == row["claim_id"]:
            raise ReviewsError(f"value is the claim itself; a {decision} needs another")
    elif value:
        raise ReviewsError(f"value is {value!r}; to {decision} a claim needs none")


def _reviewed_on(cell: str) -> date:
    try:
        day = date.fromisoformat(cell)
    except ValueError:
        raise ReviewsError(f"date is {cell!r}; write it as 2024-02-27") from None
    if day > datetime.now(UTC).date():
        raise ReviewsError(f"date is {cell}, which is to come")
    return day


# What a field may be corrected to; each gives what is wrong with a value, or nothing

Check = Callable[[str], str | None]


def _one_of(codes: Sequence[str], *, may_be_empty: bool = False) -> Check:
    def check(value: str) -> str | None:
        if value in codes or (may_be_empty and not value):
            return None
        return f"it must be one of {', '.join(codes)}{', or empty' if may_be_empty else ''}"

    return check


def _all_of(codes: Callable[[], frozenset[str]], what: str) -> Check:
    def check(value: str) -> str | None:
        unknown = [code for code in value.split("|") if value and code not in codes()]
        return f"{unknown[0]!r} is no {what}; write codes with | between, or nothing" if unknown else None

    return check


def _count(value: str) -> str | None:
    if value and not (value.isascii() and value.isdecimal() and len(value) < 10 and int(value) > 0):
        return "it must be a number of people in digits, or empty where it is open"
    return None


def _day(value: str) -> str | None:
    try:
        date.fromisoformat(value or "2024-02-27")
        return None
    except ValueError:
        return "write a day as 2024-02-27, or nothing where it is open"


def _codes(table: str, column: str) -> frozenset[str]:
    path = Path(lexicon.__file__).parent / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return frozenset(row[column] for row in csv.DictReader(file))


FIXES: dict[str, Check] = {
    "measure": _one_of([str(m) for m in Measure]),
    "status": _one_of([str(s) for s in Status]),
    "workers_low": _count,
    "workers_high": _count,
    "hedge": _one_of([str(h) for h in Hedge]),
    "countries": _all_of(lambda: _codes("countries", "country_code"), "country (ISO 3166-1 alpha-3)"),
    "region": _one_of(sorted(_codes("regions", "region_code")), may_be_empty=True),
    "sectors": _all_of(lambda: frozenset(sector_codes()), "sector"),
    "period_start": _day,
    "period_end": _day,
}
"""What a person can correct of a claim, and the check of its value."""


# Writing


def add_review(path: Path, review: Review) -> None:
    """Append a row to the file, whole or not at all; a file that is not there is begun.

    Raises ReviewsError.
    """
    held = read_reviews(path) if path.exists() else ()
    if review in held:
        raise ReviewsError(f"{path} holds this review already")
    told = path.read_text(encoding="utf-8-sig") if path.exists() else f"{','.join(COLUMNS)}\n"
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(
        ["" if cell is None else cell for cell in (
            review.claim_id, review.decision, review.field, review.value, review.reviewer, review.reason,
            review.reviewed_on.isoformat(),
        )]
    )  # fmt: skip
    _write(path, told + ("" if told.endswith("\n") else "\n") + line.getvalue())


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=path.name, delete=False
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).chmod(path.stat().st_mode if path.exists() else 0o644)
        Path(file.name).replace(path)
    except OSError as error:
        raise ReviewsError(f"{path} cannot be written: {error.strerror}") from error


# What matches nothing


def unmatched(home: Home) -> list[str]:
    """For each claim that a review speaks of and no article states, a sentence that names it."""
    with reading(home) as connection:
        rows = connection.execute(
            "select claim_id, review_index from intermediate.int_unmatched_reviews"
            if connection.execute("select count(*) from raw.reviews").fetchone() != (0,)
            else "select '', 0 where false"
        ).fetchall()
    return [
        f"review {index + 1} speaks of claim {claim}, which no article states: correct the reviews file"
        for claim, index in rows
    ]
