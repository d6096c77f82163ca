"""Labelled windows to batches of tensors, padded, in a seeded order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from orchestration.extraction.attributes import sector_codes
from orchestration.extraction.reader.tensors import WORK, Key, pairs_of, tensors_of
from training.labels import IGNORED, Example


@dataclass(slots=True)
class Labels:
    """What a batch should give; IGNORED where nothing is known.

    `groups` gives each pair its group; `links` a label for each group, `kinds` its kind. `works` holds, for
    each group, the judged count and, for groups of works, the sector.
    """

    measures: Tensor
    statuses: Tensor
    sectors: Tensor
    groups: Tensor
    links: Tensor
    kinds: Tensor
    works: Tensor

    @property
    def counts(self) -> Tensor:
        """The judged count of each group."""
        return self.works[:, 0]

    def to(self, device: torch.device) -> Labels:
        """The same labels on a device."""
        return Labels(*(getattr(self, field.name).to(device) for field in fields(self)))


def collate(found: Sequence[Example]) -> tuple[dict[str, Tensor], Labels]:
    """One batch of a few windows: the graph's inputs by name, and what it should give."""
    arrays = tensors_of([example.window for example in found]).by_name()
    return {name: torch.from_numpy(array) for name, array in arrays.items()}, _labels(found)


def _labels(found: Sequence[Example]) -> Labels:
    codes = sector_codes()
    unknown = [float(IGNORED)] * len(codes)
    sectors = [[float(x) for x in s] if s is not None else unknown for e in found for s in e.sectors]
    numbers: dict[tuple[int, int, Key], int] = {}
    groups: list[int] = []
    links: list[float] = []
    works: list[tuple[int, int]] = []
    first = 0
    for example in found:
        for number, mark in pairs_of(example.window):
            group = (first + number, mark.kind, mark.key)
            if group not in numbers:
                numbers[group] = len(numbers)
                links.append(float(example.links.get((number, mark.kind, mark.key), IGNORED)))
                works.append((first + number, codes.index(str(mark.key[0])) if mark.kind == WORK else -1))
            groups.append(numbers[group])
        first += len(example.window.judged)
    return Labels(
        torch.tensor([m for e in found for m in e.measures]),
        torch.tensor([s for e in found for s in e.statuses]),
        torch.tensor(sectors).reshape(-1, len(codes)),
        torch.tensor(groups, dtype=torch.long),
        torch.tensor(links),
        torch.tensor([kind for _, kind, _ in numbers], dtype=torch.long),
        torch.tensor(works, dtype=torch.long).reshape(-1, 2),
    )


def batches(
    found: Sequence[Example], tokens: int, rng: random.Random | None = None
) -> Iterator[list[Example]]:
    """Batches of windows of like length, of at most so many tokens with their padding (one window at least);
    shuffled by `rng`, in order of length without one.
    """
    order = sorted(found, key=lambda e: len(e.window.ids) + (rng.random() * 60 if rng else 0))
    groups: list[list[Example]] = [[]]
    widest = 0
    for example in order:
        widest = max(widest, len(example.window.ids))
        if groups[-1] and widest * (len(groups[-1]) + 1) > tokens:
            groups.append([])
            widest = len(example.window.ids)
        groups[-1].append(example)
    if rng:
        rng.shuffle(groups)
    return iter(groups)
