"""Scores the extractor on annotated articles, and pins the score.

`python -m tests.gold.pin` scores the sample articles of this folder and the fresh ones of `training/fresh`,
which no shipped reader was trained on, by measure, hedge and newsroom; `--pin 1` writes the scores to
`orchestration/extraction/quality.json` unless F1 would fall; `--pin force` writes them all the same.
`--misses` prints every miss, `--gold FOLDER` scores other folders instead.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.extraction.extract import extract_figures
from orchestration.extraction.jsonl import figure_record
from orchestration.extraction.version import extractor_version
from orchestration.records import Article
from tests.gold.breakdown import by_hedge, by_measure, by_newsroom, table
from tests.gold.score import load_gold, score

GOLD = Path(__file__).parent
ROOT = GOLD.parent.parent
FRESH = ROOT / "training" / "fresh"
PINNED = ROOT / "orchestration" / "extraction" / "quality.json"
SCORES = ("precision", "recall", "f1", "full_f1")


def gold_sha256() -> str:
    """A hash over the pinned sets' annotations and texts, names included."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in (GOLD, FRESH) for path in folder.glob("*.json")):
        for file in (path, path.with_suffix(".txt")):
            digest.update(f"{file.name}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def predict(gold: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The extractor's figures for every gold article, as the command line prints them."""
    records = []
    for name, entry in gold.items():
        published = date.fromisoformat(entry["published"])
        article = Article(id=name, title=entry["title"], published=published, text=entry["text"])
        figures = enumerate(extract_figures(article))
        records += [json.loads(json.dumps(figure_record(name, i, figure))) for i, figure in figures]
    return records


@dataclass(frozen=True, slots=True)
class Scored:
    """One folder's annotated articles, what the extractor found in them, and the scorer's verdict."""

    gold: dict[str, dict[str, Any]]
    found: list[dict[str, Any]]
    verdict: dict[str, Any]

    @property
    def numbers(self) -> dict[str, Any]:
        """What is pinned of a set."""
        told = self.verdict
        return {"articles": told["articles"], "figures": told["gold"]} | {
            k: round(told[k], 4) for k in SCORES
        }


def measure(folder: Path = GOLD, misses: bool = False) -> Scored:
    """The scorer's verdict on this extractor."""
    gold = load_gold([folder])
    found = predict(gold)
    return Scored(gold, found, score(gold, found, misses))


def quality(sample: Scored, fresh: Scored) -> dict[str, Any]:
    """What `quality.json` says: of articles that the reader was trained on, and of fresh ones."""
    return {
        "extractor_version": extractor_version(),
        "gold_sha256": gold_sha256(),
        "sample": sample.numbers,
        "fresh": fresh.numbers,
    }


def pin(now: dict[str, Any], force: bool) -> str:
    """Writes the pin and says so. Raises ValueError where F1 on fresh articles would fall unasked."""
    before = json.loads(PINNED.read_text(encoding="utf-8")) if PINNED.exists() else {}
    was, f1 = before.get("fresh", {}).get("f1", 0.0), now["fresh"]["f1"]
    if f1 < was and not force:
        raise ValueError(f"F1 would fall from {was} to {f1}; say PIN=force if that is meant")
    PINNED.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    return f"pinned F1 {f1} (was {was}) in {PINNED.name}"


def show(name: str, scored: Scored) -> None:
    """The verdict, and where it comes from."""
    print(f"\n== {name}")
    for key, value in scored.verdict.items():
        print(f"{key:22} {value:.4f}" if isinstance(value, float) else f"{key:22} {value}")
    for title, rows in (("measure", by_measure), ("hedge", by_hedge), ("newsroom", by_newsroom)):
        print(table(title, rows(scored.gold, scored.found)))


def main() -> None:
    """The command line of `make score`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pin", choices=("1", "force"))
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--gold", type=Path, nargs="+", metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.pin and arguments.gold:
        parser.error("--pin is for the sets of this project: leave --gold out")
    told = {folder.name: folder for folder in arguments.gold or (GOLD, FRESH)}
    scored = {name: measure(folder, arguments.misses) for name, folder in told.items()}
    for name, one in scored.items():
        show(name, one)
    if arguments.pin:
        try:
            print(pin(quality(*scored.values()), arguments.pin == "force"))
        except ValueError as error:
            sys.exit(f"score: {error}")


if __name__ == "__main__":
    main()
