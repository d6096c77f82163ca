"""Labelled windows to batches of tensors, padded, in a seeded order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from orchestration.extraction.reader.tensors import PERIOD, PLACE, WHOLE, pairs_of, tensors_of
from training.labels import IGNORED, Example


@dataclass(slots=True)
class Labels:
    """What a batch should give; IGNORED where nothing is known."""

    measures: Tensor
    statuses: Tensor
    sectors: Tensor
    pairs: Tensor


def collate(found: Sequence[Example]) -> tuple[dict[str, Tensor], Labels]:
    """One batch of a few windows: the graph's inputs by name, and what it should give."""
    arrays = tensors_of([example.window for example in found]).by_name()
    return {name: torch.from_numpy(array) for name, array in arrays.items()}, _labels(found)


def _pair_labels(example: Example) -> list[int]:
    by_kind = {PLACE: example.places, PERIOD: example.periods, WHOLE: example.wholes}
    return [by_kind[kind][number][index] for number, kind, index, _ in pairs_of(example.window)]


def _labels(found: Sequence[Example]) -> Labels:
    codes = max((len(s) for e in found for s in e.sectors if s is not None), default=1)
    unknown = [float(IGNORED)] * codes
    sectors = [[float(x) for x in s] if s is not None else unknown for e in found for s in e.sectors]
    return Labels(
        torch.tensor([m for e in found for m in e.measures]),
        torch.tensor([s for e in found for s in e.statuses]),
        torch.tensor(sectors).reshape(-1, codes),
        torch.tensor([label for e in found for label in _pair_labels(e)], dtype=torch.float),
    )


def batches(found: Sequence[Example], size: int, rng: random.Random | None = None) -> Iterator[list[Example]]:
    """Batches of windows of like length; shuffled by `rng`, in order of length without one."""
    order = sorted(found, key=lambda e: len(e.window.ids) + (rng.random() * 24 if rng else 0))
    groups = [order[i : i + size] for i in range(0, len(order), size)]
    if rng:
        rng.shuffle(groups)
    return iter(groups)
