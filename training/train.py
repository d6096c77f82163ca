"""Fine-tunes the reader on labelled windows; seeded, on the CPU."""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import BertModel

from orchestration.extraction.attributes import sector_codes
from orchestration.extraction.reader.windows import Windows
from training.batches import Labels, batches, collate
from training.labels import IGNORED, Example, Gold, examples
from training.model import Reader

HAS_BF16 = "amx_bf16" in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
"""Where the processor multiplies bfloat16 itself, training is several times faster; elsewhere slower."""


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """What a training run is decided by."""

    epochs: int = 8
    size: int = 16
    rate: float = 1e-4
    head_rate: float = 1e-3
    smoothing: float = 0.05
    warmup: float = 0.08
    seed: int = 7


def loss_of(reader: Reader, batch: dict[str, Tensor], labels: Labels, smoothing: float) -> Tensor:
    """The sum of the heads' losses; what is not known counts nothing."""
    measures, statuses, sectors, pairs = reader(**batch)
    cross = nn.functional.cross_entropy
    total = cross(measures.float(), labels.measures, ignore_index=IGNORED, label_smoothing=smoothing)
    known = labels.statuses != IGNORED
    if known.any():
        total = total + 0.5 * cross(
            statuses.float()[known], labels.statuses[known], label_smoothing=smoothing
        )
        total = total + 3.0 * nn.functional.binary_cross_entropy_with_logits(
            sectors.float()[known], labels.sectors[known]
        )
    told = labels.pairs != IGNORED
    if told.any():
        total = total + 1.5 * nn.functional.binary_cross_entropy_with_logits(
            pairs.float()[told], labels.pairs[told]
        )
    return total


def base_reader(base: Path, state: Path | None = None) -> Reader:
    """The encoder with fresh heads, or with what an earlier training left in `state`."""
    encoder = BertModel.from_pretrained(base, add_pooling_layer=False, attn_implementation="eager")
    reader = Reader(encoder, len(sector_codes()))
    if state is not None:
        reader.load_state_dict(torch.load(state))
    return reader


def train(reader: Reader, found: Sequence[Example], settings: Settings, save: Path | None = None) -> Reader:
    """Fine-tune a reader on the examples, in place; kept in `save` after each epoch."""
    torch.manual_seed(settings.seed)
    rng = random.Random(settings.seed)
    heads = [p for n, p in reader.named_parameters() if not n.startswith("encoder.")]
    groups = [
        {"params": reader.encoder.parameters(), "lr": settings.rate},
        {"params": heads, "lr": settings.head_rate},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = settings.epochs * -(-len(found) // settings.size)
    ramp = max(1, int(steps * settings.warmup))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / ramp, max(0.0, (steps - step) / max(1, steps - ramp)))
    )
    reader.train()
    for epoch in range(settings.epochs):
        began, total, count = time.monotonic(), 0.0, 0
        for group in batches(found, settings.size, rng):
            batch, labels = collate(group)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=HAS_BF16):
                loss = loss_of(reader, batch, labels, settings.smoothing)
            loss.backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            total, count = total + float(loss.detach()), count + 1
        if save:
            torch.save(reader.state_dict(), save)
        print(f"epoch {epoch + 1}: loss {total / count:.3f}, {time.monotonic() - began:.0f} s", flush=True)
    return reader.eval()


def assess(reader: Reader, found: Sequence[Example]) -> dict[str, float]:
    """How often each head is right on labelled windows, of what is known."""
    right: dict[str, list[int]] = {name: [] for name in ("measure", "status", "sectors")}
    tp = fp = fn = 0
    links: dict[int, list[int]] = {0: [0, 0, 0], 1: [0, 0, 0], 2: [0, 0, 0]}
    with torch.no_grad():
        for group in batches(found, 16):
            batch, labels = collate(group)
            measures, statuses, sectors, pairs = reader(**batch)
            known = labels.measures != IGNORED
            guess = measures.argmax(-1)
            right["measure"] += (guess == labels.measures)[known].int().tolist()
            tp += int(((guess == labels.measures) & (guess > 0) & known).sum())
            fp += int(((guess > 0) & (guess != labels.measures) & known).sum())
            fn += int(((labels.measures > 0) & (guess != labels.measures) & known).sum())
            told = labels.statuses != IGNORED
            right["status"] += (statuses.argmax(-1) == labels.statuses)[told].int().tolist()
            right["sectors"] += ((sectors > 0).float() == labels.sectors)[told].all(-1).int().tolist()
            for kind, tally in links.items():
                here = (batch["pair_kinds"] == kind) & (labels.pairs != IGNORED)
                said, true = pairs[here] > 0, labels.pairs[here] > 0
                tally[0] += int((said & true).sum())
                tally[1] += int((said & ~true).sum())
                tally[2] += int((~said & true).sum())
    told_f1 = {name: _f1(*links[i]) for i, name in enumerate(("host", "period", "whole"))}
    rates = {name: sum(values) / max(1, len(values)) for name, values in right.items()}
    return {**rates, "figure_f1": _f1(tp, fp, fn), **told_f1}


def _f1(tp: int, fp: int, fn: int) -> float:
    return 2 * tp / max(1, 2 * tp + fp + fn)


def labelled(gold: Sequence[Gold], windows: Windows) -> list[Example]:
    """The labelled windows of many articles."""
    return [example for one in gold for example in examples(one, windows)]
