"""The articles that are measured, as the JSON lines that `laborledger extract` reads.

Made-up news of the world and of North Korea by `sentences`, and the annotated articles of the project.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.sentences import HOME, WORLD, filled
from orchestration.extraction.passage import read_passages

ROOT = Path(__file__).resolve().parent.parent
ANNOTATED = ("tests/gold", "training/articles")
POOL, SHORTEST, LONGEST = 2000, 200, 600
"""Sentences to draw from, and the bounds of an article's length in words."""


def world_news(many: int) -> Iterator[str]:
    """So many articles, 200 to 600 words long, that never name North Korea."""
    yield from _made("world", filled(WORLD, POOL, random.Random(1)), many)


def home_news(many: int) -> Iterator[str]:
    """So many articles of North Korea, as long, in which every number is proved to count no people."""
    sentences = [told for told in filled(HOME, POOL, random.Random(2)) if not _counts_people(told)]
    yield from _made("home", sentences, many)


def annotated_news(many: int) -> Iterator[str]:
    """So many of the project's annotated articles, the gold ones first; from the first again if need be."""
    paths = [path for folder in ANNOTATED for path in sorted((ROOT / folder).glob("*.txt"))]
    for index in range(many):
        yield _annotated(paths[index % len(paths)])


def _counts_people(sentence: str) -> bool:
    return any(passage.open_counts for passage in read_passages(sentence))


def _annotated(path: Path) -> str:
    told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return _line(path.stem, told["title"], told["published"], path.read_text(encoding="utf-8"))


def _made(kind: str, sentences: list[str], many: int) -> Iterator[str]:
    chance = random.Random(many)
    words = {sentence: len(sentence.split()) for sentence in sentences}
    for index in range(many):
        text = "".join(_paragraphs(sentences, words, chance))
        yield _line(f"{kind}-{index}", chance.choice(sentences)[:70], "2024-02-27", text)


def _paragraphs(sentences: list[str], words: dict[str, int], chance: random.Random) -> Iterable[str]:
    left = chance.randint(SHORTEST, LONGEST)
    while left > 0:
        sentence = chance.choice(sentences)
        left -= words[sentence]
        yield sentence + (" " if chance.random() < 0.5 else "\n\n")


def _line(id: str, title: str, published: str, text: str) -> str:
    record = {"id": id, "title": title, "published": published, "text": text}
    return json.dumps(record, ensure_ascii=False) + "\n"
