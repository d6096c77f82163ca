"""Scores a trained reader as the whole extractor on gold articles, by newsroom, without exporting it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from orchestration.extraction.extract import read_article
from orchestration.extraction.jsonl import figure_record
from orchestration.extraction.passage import Passage
from orchestration.extraction.reader.inference import encoder_tokenizer
from orchestration.extraction.reader.opinions import Logits, Opinion, opinions
from orchestration.extraction.reader.tensors import tensors_of
from orchestration.extraction.reader.windows import Windows
from orchestration.records import Article
from tests.gold.score import score
from training.labels import Gold
from training.model import Reader


class TorchReader:
    """The face of `inference.Reader` on a torch model."""

    def __init__(self, model: Reader, base: Path) -> None:
        self.model = model
        self.device = next(model.parameters()).device
        self.windows = Windows(encoder_tokenizer(base / "tokenizer.json"))

    def read(self, article: Article, passages: Sequence[Passage]) -> list[Opinion]:
        """An opinion of each open count of the article, in reading order."""
        found: list[Opinion] = []
        for window in self.windows.of(article, passages):
            told = tensors_of([window]).by_name()
            arrays = {name: torch.from_numpy(a).to(self.device) for name, a in told.items()}
            with torch.no_grad():
                answers = [answer.float().cpu().numpy() for answer in self.model(**arrays)]
            found += opinions([window], Logits(*answers))
        return found


def predictions(gold: Sequence[Gold], reader: Any) -> list[dict[str, Any]]:
    """The extractor's figures for gold articles, as the command line prints them."""
    return [
        json.loads(json.dumps(figure_record(one.article.id, index, figure)))
        for one in gold
        for index, figure in enumerate(read_article(one.article, reader.read).figures)
    ]


def verdict(gold: Sequence[Gold], found: Sequence[dict[str, Any]], misses: bool = False) -> dict[str, Any]:
    """The scorer's numbers."""
    wanted = {one.article.id: {"figures": one.figures, "text": one.article.text} for one in gold}
    told: dict[str, Any] = score(wanted, [f for f in found if f["article"] in wanted], misses)
    return told
