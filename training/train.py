"""Fine-tunes a reader on labelled windows; seeded, on the CPU or, in half precision, on a GPU."""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertModel

from orchestration.extraction.attributes import sector_codes
from orchestration.extraction.reader.tensors import PERIOD, PLACE, WHOLE, WORK
from orchestration.extraction.reader.windows import TEXT, Windows
from training.batches import Labels, batches, collate
from training.labels import IGNORED, Example, Gold, examples
from training.model import Reader


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """What a training run is decided by; a batch holds at most so many `tokens`."""

    epochs: int = 5
    tokens: int = 880
    rate: float = 1.5e-4
    head_rate: float = 1e-3
    smoothing: float = 0.05
    warmup: float = 0.08
    seed: int = 7


MASK, SPECIAL = 103, 999
"""The base's piece [MASK], and the last of its pieces that are no words."""
PROGRESS = 200
"""Batches between two lines of progress."""

MEASURE, STATUS, SECTOR, ONE_HOST = 3.0, 0.7, 0.6, 1.0
LINK = {PLACE: 0.5, PERIOD: 0.8, WHOLE: 0.6}
"""How much each answer weighs, in nats per count or figure: the measure and the host are the core."""
MASKED = 0.05
"""Share of words that are hidden in training, so that no single word decides."""


def loss_of(reader: Reader, batch: dict[str, Tensor], labels: Labels, smoothing: float) -> Tensor:
    """How surprising the true answers are, per count and per figure; what is not known counts nothing.

    Nothing here waits for a GPU: what does not count weighs 0, where an index would need to be looked up.
    """
    measures, statuses, sectors, pairs = reader(**batch)
    cross, binary = nn.functional.cross_entropy, nn.functional.binary_cross_entropy_with_logits
    judged = (labels.measures != IGNORED).sum().clamp(min=1)
    figures = (labels.measures > 0).sum().clamp(min=1)
    known = labels.statuses != IGNORED
    linked = pooled(pairs, labels)
    told: dict[str, Any] = {"ignore_index": IGNORED, "label_smoothing": smoothing, "reduction": "sum"}
    total = MEASURE * cross(measures, labels.measures, **told) / judged
    total = total + STATUS * cross(statuses, labels.statuses, **told) / known.sum().clamp(min=1)
    work = binary(with_works(sectors, linked, labels), labels.sectors.clamp(min=0), reduction="none")
    total = total + SECTOR * (work.sum(-1) * known).sum() / figures
    links = binary(linked, labels.links.clamp(min=0), reduction="none")
    weigh = sum(weight * (labels.kinds == kind) for kind, weight in LINK.items())
    total = total + (links * weigh * (labels.links != IGNORED)).sum() / figures
    return total + ONE_HOST * one_host(linked, labels) / figures


def one_host(linked: Tensor, labels: Labels) -> Tensor:
    """How surprising the true hosts are where all places of a count compete with each other and with none."""
    here = ((labels.kinds == PLACE) & (labels.links != IGNORED)).float()
    odds, true = linked.exp() * here, labels.links * here
    zeros = odds.new_zeros(len(labels.measures))
    all_odds = 1 + zeros.index_add(0, labels.counts, odds)
    true_odds = zeros.index_add(0, labels.counts, odds * true)
    judged = zeros.index_add(0, labels.counts, here) > 0
    has_host = zeros.index_add(0, labels.counts, true) > 0
    told = torch.where(has_host, true_odds, torch.ones_like(true_odds))
    return ((all_odds.log() - told.log()) * judged).sum()


def masked(batch: dict[str, Tensor], mask: int) -> dict[str, Tensor]:
    """The batch with some plain words hidden."""
    plain = (batch["types"] == TEXT) & (batch["attention"] == 1) & (batch["ids"] > SPECIAL)
    hidden = plain & (torch.rand(batch["ids"].shape, device=plain.device) < MASKED)
    return batch | {"ids": torch.where(hidden, mask, batch["ids"])}


def pooled(pairs: Tensor, labels: Labels) -> Tensor:
    """One logit for each group of pairs: any of its marks may bear the link."""
    odds = pairs.new_zeros(len(labels.links)).index_add(0, labels.groups, pairs.clamp(-30, 30).exp())
    return odds.log()


def with_works(sectors: Tensor, linked: Tensor, labels: Labels) -> Tensor:
    """The logits of sectors with what the words for work add."""
    counts, codes = labels.works.unbind(-1)
    told = torch.where(labels.kinds == WORK, linked, torch.zeros_like(linked))
    return sectors.index_put((counts, codes.clamp(min=0)), told.to(sectors.dtype), accumulate=True)


def base_reader(base: Path, attention: str = "sdpa") -> Reader:
    """The base's encoder with fresh heads. Dropping attention weights would cost half of the time."""
    encoder = BertModel.from_pretrained(
        base, add_pooling_layer=False, attn_implementation=attention, attention_probs_dropout_prob=0.0
    )
    return Reader(encoder, len(sector_codes()))


def thinned(reader: Reader, layers: int | None) -> Reader:
    """The reader with so many of its encoder's layers, first and last among them, in place."""
    kept = reader.encoder.encoder.layer
    if layers:
        last = len(kept) - 1
        places = [round(i * last / (layers - 1)) for i in range(layers)]
        reader.encoder.encoder.layer = nn.ModuleList([kept[place] for place in places])
        reader.encoder.config.num_hidden_layers = layers
    return reader


def train(reader: Reader, found: Sequence[Example], settings: Settings, save: Path | None = None) -> Reader:
    """Fine-tune a reader on the examples, in place; kept in `save` after each epoch."""
    torch.manual_seed(settings.seed)
    rng = random.Random(settings.seed)
    reader.encoder.embeddings.requires_grad_(False)  # words that training never shows stay where they were
    heads = [p for n, p in reader.named_parameters() if not n.startswith("encoder.")]
    groups = [
        {"params": reader.encoder.encoder.parameters(), "lr": settings.rate},
        {"params": heads, "lr": settings.head_rate},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    steps = settings.epochs * sum(1 for _ in batches(found, settings.tokens))
    ramp = max(1, int(steps * settings.warmup))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / ramp, max(0.005, (steps - step) / max(1, steps - ramp)))
    )
    reader.train()
    for epoch in range(settings.epochs):
        began, total, count = time.monotonic(), 0.0, 0
        for group in batches(found, settings.tokens, rng):
            batch, labels = collate(group)
            loss = loss_of(reader, masked(batch, MASK), labels, settings.smoothing)
            loss.backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            total, count = total + float(loss.detach()), count + 1
            if count % PROGRESS == 0:
                print(
                    f"epoch {epoch + 1}: {count * settings.epochs / steps:.0%}, loss {total / count:.3f}",
                    flush=True,
                )
        if save:
            torch.save(reader.state_dict(), save)
        print(f"epoch {epoch + 1}: loss {total / count:.3f}, {time.monotonic() - began:.0f} s", flush=True)
    return reader.eval()


def labelled(gold: Sequence[Gold], windows: Windows) -> list[Example]:
    """The labelled windows of many articles."""
    return [example for one in gold for example in examples(one, windows)]
