"""Scores the extractor on the gold articles of this folder, and pins the score.

`python -m tests.gold.pin` prints the score; `--pin 1` writes it to `orchestration/extraction/quality.json`
unless F1 would fall; `--pin force` writes it all the same. `--misses` prints every miss.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.extraction.extract import extract_figures
from orchestration.extraction.jsonl import figure_record
from orchestration.extraction.version import extractor_version
from orchestration.records import Article
from tests.gold.score import load_gold, score

GOLD = Path(__file__).parent
PINNED = GOLD.parent.parent / "orchestration" / "extraction" / "quality.json"


def gold_sha256() -> str:
    """A hash over the gold annotations and texts, names included."""
    digest = hashlib.sha256()
    for path in sorted(GOLD.glob("*.json")):
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


def measure(misses: bool = False) -> dict[str, Any]:
    """The scorer's verdict on this extractor."""
    gold = load_gold([GOLD])
    verdict: dict[str, Any] = score(gold, predict(gold), misses)
    return verdict


def quality(verdict: dict[str, Any]) -> dict[str, Any]:
    """What `quality.json` says for a verdict."""
    return {
        "extractor_version": extractor_version(),
        "gold_sha256": gold_sha256(),
        "articles": verdict["articles"],
        "figures": verdict["gold"],
        **{key: round(verdict[key], 4) for key in ("precision", "recall", "f1", "full_f1")},
    }


def pin(now: dict[str, Any], force: bool) -> str:
    """Writes the pin and says so. Raises ValueError where F1 would fall and nobody forced it."""
    before = json.loads(PINNED.read_text(encoding="utf-8")) if PINNED.exists() else {"f1": 0.0}
    if now["f1"] < before["f1"] and not force:
        raise ValueError(f"F1 would fall from {before['f1']} to {now['f1']}; say PIN=force if that is meant")
    PINNED.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    return f"pinned F1 {now['f1']} (was {before['f1']}) in {PINNED.name}"


def main() -> None:
    """The command line of `make score`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pin", choices=("1", "force"))
    parser.add_argument("--misses", action="store_true")
    arguments = parser.parse_args()
    verdict = measure(arguments.misses)
    for name, value in verdict.items():
        print(f"{name:22} {value:.4f}" if isinstance(value, float) else f"{name:22} {value}")
    if arguments.pin:
        try:
            print(pin(quality(verdict), arguments.pin == "force"))
        except ValueError as error:
            sys.exit(f"score: {error}")


if __name__ == "__main__":
    main()
