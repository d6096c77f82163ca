"""Articles with their figures marked in the text, as gold files: `python -m training.markup FILE FOLDER`.

A file holds many articles. Each begins with a line `=== id | 2024-02-27 | Title`; its text follows. A
figure is marked where its count stands, its hedge inside the marks:

    China sent home [[some 200 | Rd | CHN | textiles | 2024-02-01..2024-02-29]] women, [[eleven | Rd | CHN |
    textiles | 2024-02-01..2024-02-29 | of 1]] of them cooks.

Fields: the words; measure (D dispatch, R repatriation, P presence, F defection) and status (p planned,
u underway, d done, f failed); hosts (codes, one region's name, or -); sectors or -; period
(start..end, either side may be empty) or -; then `of N`, the article's N-th figure that includes it; and
`= low..high hedge` where the words are bounded otherwise than they read. Bounds and hedge are read from the
words; `--list` prints them, to be checked. Only the form of annotations belongs here; what is a figure, the
contract says.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.extraction import lexicon
from orchestration.extraction.attributes import sector_codes
from orchestration.extraction.passage import Passage, read_passages
from orchestration.records import Hedge, Measure, Status

MEASURES = {
    "D": Measure.DISPATCH,
    "R": Measure.REPATRIATION,
    "P": Measure.PRESENCE,
    "F": Measure.DEFECTION,
}
STATUSES = {"p": Status.PLANNED, "u": Status.UNDERWAY, "d": Status.DONE, "f": Status.FAILED}
MARK = re.compile(r"\[\[(.+?)\]\]", re.DOTALL)
OVERRIDE = re.compile(r"=\s*(\d*)\.\.(\d*)\s+(\w+)")


class BadMark(Exception):
    """A mark or heading that cannot be read; says which and why."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: where its words stand in the plain text, and its fields."""

    start: int
    words: str
    fields: tuple[str, ...]

    @property
    def end(self) -> int:
        """Where its words end in the plain text."""
        return self.start + len(self.words)


@cache
def _known(table: str, column: str) -> frozenset[str]:
    path = Path(lexicon.__file__).parent / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return frozenset(row[column] for row in csv.DictReader(file))


def _require(holds: object, message: str) -> None:
    if not holds:
        raise BadMark(message)


def unmark(text: str) -> tuple[str, list[Mark]]:
    """The plain text and its marks, in reading order."""
    plain, marks, end = "", [], 0
    for found in MARK.finditer(text):
        plain += text[end : found.start()]
        words, *fields = (" ".join(field.split()) for field in found[1].split("|"))
        marks.append(Mark(len(plain), words, tuple(fields)))
        plain += words
        end = found.end()
    return plain + text[end:], marks


def _act(told: str) -> dict[str, Any]:
    _require(
        len(told) == 2 and told[0] in MEASURES and told[1] in STATUSES, f"no measure and status: {told!r}"
    )
    return {"measure": MEASURES[told[0]], "status": STATUSES[told[1]]}


def _hosts(told: str) -> dict[str, Any]:
    names = [] if told == "-" else [name.strip() for name in told.split(",")]
    if len(names) == 1 and names[0] in _known("regions", "region_code"):
        return {"countries": [], "region": names[0]}
    for name in names:
        _require(name in _known("countries", "country_code"), f"no country or region: {name!r}")
    return {"countries": sorted(set(names)), "region": None}


def _sectors(told: str) -> dict[str, Any]:
    codes = [] if told == "-" else [code.strip() for code in told.split(",")]
    for code in codes:
        _require(code in sector_codes(), f"no sector: {code!r}")
    return {"sectors": sorted(set(codes))}


def _day(told: str) -> str | None:
    return date.fromisoformat(told).isoformat() if told else None


def _period(told: str) -> dict[str, Any]:
    if told == "-":
        return {"period_start": None, "period_end": None}
    start, dots, end = told.partition("..")
    _require(dots, f"no period: {told!r}")
    try:
        days = _day(start), _day(end)
    except ValueError as error:
        raise BadMark(f"no period: {told!r}: {error}") from error
    _require(not all(days) or days[0] <= days[1], f"a period that ends before it starts: {told!r}")  # type: ignore[operator]
    return {"period_start": days[0], "period_end": days[1]}


def _bounds(mark: Mark, passages: list[Passage], extra: list[str]) -> dict[str, Any]:
    """Bounds and hedge: as told after `=`, else as the marked words read."""
    for told in extra:
        if found := OVERRIDE.fullmatch(told):
            low, high = (int(bound) if bound else None for bound in found.groups()[:2])
            return {"low": low, "high": high, "hedge": Hedge(found[3])}
    counts = [c for passage in passages for c in passage.open_counts]
    inside = [c for c in counts if c.span.start < mark.end and mark.start < c.span.end]
    _require(len(inside) == 1, f"{len(inside)} counts read in {mark.words!r}: add `| = low..high hedge`")
    return {"low": inside[0].low, "high": inside[0].high, "hedge": inside[0].hedge}


def _part(extra: list[str]) -> dict[str, Any]:
    owners = [int(told[3:]) - 1 for told in extra if re.fullmatch(r"of \d+", told)]
    return {"part_of": owners[0] if owners else None}


def _quote(text: str, mark: Mark, passages: list[Passage]) -> str:
    for passage in passages:
        sentence = passage.sentence.span
        if sentence.start <= mark.start < sentence.end:
            return text[sentence.start : sentence.end]
    raise BadMark(f"no sentence around {mark.words!r}")


def _figure(text: str, mark: Mark, passages: list[Passage]) -> dict[str, Any]:
    _require(len(mark.fields) >= 4, f"{mark.words!r} needs act, hosts, sectors and period")
    act, hosts, sectors, period, *extra = mark.fields
    odd = [told for told in extra if not (OVERRIDE.fullmatch(told) or re.fullmatch(r"of \d+", told))]
    _require(not odd, f"{mark.words!r}: cannot read {odd}")
    return {
        **_act(act),
        **_bounds(mark, passages, extra),
        **_hosts(hosts),
        **_sectors(sectors),
        **_period(period),
        **_part(extra),
        "quote": _quote(text, mark, passages),
    }


def _check(figures: list[dict[str, Any]], text: str) -> None:
    cores: set[tuple[Any, ...]] = set()
    for number, figure in enumerate(figures, 1):
        part = figure["part_of"]
        _require(part is None or 0 <= part < len(figures), f"figure {number}: part of none")
        _require(
            part is None or figures[part]["measure"] == figure["measure"],
            f"figure {number}: part of another measure",
        )
        _require(part != number - 1, f"figure {number}: part of itself")
        core = (*(figure[k] for k in ("measure", "low", "high", "region")), *figure["countries"])
        _require(
            core not in cores, f"figure {number}: same measure, bounds and hosts as one before: mark it once"
        )
        _require(text.count(figure["quote"]) == 1, f"figure {number}: its sentence stands twice in the text")
        cores.add(core)


def annotated(heading: str, body: str) -> tuple[dict[str, Any], str]:
    """An article's gold record and plain text. Raises `BadMark`."""
    parts = [part.strip() for part in heading.split("|")]
    _require(len(parts) == 3, f"heading is not `id | date | title`: {heading!r}")
    text, marks = unmark(body.strip() + "\n")
    _require("[[" not in text and "]]" not in text, "a mark that is not closed")
    passages = read_passages(text)
    figures = [_figure(text, mark, passages) for mark in marks]
    _check(figures, text)
    name, day, title = parts
    return {
        "id": name,
        "title": title,
        "published": date.fromisoformat(day).isoformat(),
        "figures": figures,
    }, text


def articles_of(told: str) -> Iterator[tuple[str, str]]:
    """The articles of a file: heading and marked text."""
    for piece in re.split(r"^=== ", told, flags=re.MULTILINE)[1:]:
        heading, _, body = piece.partition("\n")
        yield heading, body


def _show(record: dict[str, Any], marks: list[Mark]) -> None:
    print(record["id"])
    for number, (figure, mark) in enumerate(zip(record["figures"], marks, strict=True), 1):
        bounds = f"{figure['low']}..{figure['high']} {figure['hedge']}"
        print(f"  {number} {mark.words!r} {bounds} {figure['measure']} {figure['status']}")


def main() -> None:
    """Write the gold files of a marked file; exits with 1 where an article cannot be read."""
    asked = argparse.ArgumentParser(prog="python -m training.markup", description=__doc__)
    asked.formatter_class = argparse.RawDescriptionHelpFormatter
    asked.add_argument("file", type=Path)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--list", action="store_true", help="print each figure's bounds as read")
    told = asked.parse_args()
    told.folder.mkdir(parents=True, exist_ok=True)
    bad = written = 0
    for heading, body in articles_of(told.file.read_text(encoding="utf-8")):
        try:
            record, text = annotated(heading, body)
        except (BadMark, ValueError) as error:
            bad += 1
            print(f"{told.file}: {heading.split('|')[0].strip()}: {error}", file=sys.stderr)
            continue
        if told.list:
            _show(record, unmark(body.strip() + "\n")[1])
        path = told.folder / f"{record['id']}.txt"
        path.write_text(text, encoding="utf-8")
        path.with_suffix(".json").write_text(
            json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        written += 1
    print(f"{written} articles written, {bad} not read")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
