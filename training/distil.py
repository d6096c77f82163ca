"""The shipped reader taught by a larger one: `python -m training teach`, then `python -m training distil`.

The larger reader (the teacher, on all-mpnet-base-v2) is fine-tuned on the articles. Then the shipped one
(the student) learns what the teacher says of the articles and of variations of them, in which words
gave way to their neighbours: so it sees many more ways to say an act than the articles hold. Needs a GPU.
Only how one reader learns from others belongs here.
"""

from __future__ import annotations

import io
import json
import lzma
import multiprocessing
import pickle
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import MPNetModel

from orchestration.extraction.attributes import sector_codes
from orchestration.extraction.reader.inference import encoder_tokenizer
from orchestration.extraction.reader.tensors import PLACE
from orchestration.extraction.reader.windows import TEXT, Windows
from training.batches import Labels, batches, collate
from training.labels import Example, Gold, examples
from training.model import Reader
from training.train import (
    LINK,
    MASK,
    MEASURE,
    ONE_HOST,
    SECTOR,
    STATUS,
    Settings,
    loss_of,
    masked,
    pooled,
    with_works,
)  # fmt: skip

SPECIAL_PIECES = {"[PAD]": "<pad>", "[CLS]": "<s>", "[SEP]": "</s>", "[MASK]": "<mask>"}
NEIGHBOURS = 12
"""How many pieces a word may give way to."""
SHORTEST_WORD = 3
SHARES = (0.0, 0.0, 0.1, 0.2, 0.3)
"""Shares of words that give way; one is drawn for each batch."""
Batch = tuple[dict[str, Tensor], Labels]
Lesson = Callable[[nn.Module, dict[str, Tensor], Labels, float], Tensor]
"""The loss of a batch when so large a share of the training is done."""
HIDDEN = 0.9
"""How much of the weight of hidden states, 1 to begin with, is gone at the end."""


def vocabulary(tokenizer: Path) -> dict[str, int]:
    """Pieces and their numbers."""
    told: dict[str, int] = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    return told


def teacher_reader(base: Path, student: Path) -> Reader:
    """The teacher's encoder with fresh heads, reading windows made with the student's tokenizer."""
    encoder = MPNetModel.from_pretrained(base, add_pooling_layer=False, attention_probs_dropout_prob=0.0)
    theirs, ours = vocabulary(base / "tokenizer.json"), vocabulary(student / "tokenizer.json")
    unknown = theirs["<unk>"]
    table = [
        theirs.get(SPECIAL_PIECES.get(piece, piece), unknown) for piece in sorted(ours, key=ours.__getitem__)
    ]
    return Reader(encoder, len(sector_codes()), pieces=torch.tensor(table))


# Work that all cores share

_shared: list[object] = []


def _spread(work: object, items: Sequence[object], workers: int) -> list[object]:
    """`work` on each item in forked processes, in order; tensors travel by value."""
    _shared[:] = [work, items]
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        return [pickle.loads(told) for told in pool.map(_one, range(len(items)), chunksize=8)]


def _one(index: int) -> bytes:
    torch.set_num_threads(1)
    work, items = _shared
    return pickle.dumps(work(items[index]))  # type: ignore[operator, index]


def labelled_by_all(
    gold: Sequence[Gold], tokenizer: Path, workers: int, kept: Path | None = None
) -> list[Example]:
    """The labelled windows of many articles; `kept` holds them, or is to hold them."""
    if kept and kept.exists():
        found: list[Example] = pickle.loads(lzma.decompress(kept.read_bytes()))
        return found
    found = _labelled(gold, tokenizer, workers)
    if kept:
        kept.write_bytes(lzma.compress(pickle.dumps(found), preset=1))
    return found


def _labelled(gold: Sequence[Gold], tokenizer: Path, workers: int) -> list[Example]:
    windows = Windows(encoder_tokenizer(tokenizer))
    told = _spread(lambda one: examples(one, windows), gold, workers)
    return [example for found in told for example in found]  # type: ignore[attr-defined]


def collated(
    found: Sequence[Example], tokens: int, shuffles: int, seed: int, device: torch.device, workers: int
) -> list[list[Batch]]:
    """Some shuffles of the examples as batches on the device: made once, since making them costs most."""
    rng = random.Random(seed)
    shuffled = [list(batches(found, tokens, rng)) for _ in range(shuffles)]
    told = iter(_spread(collate, [group for groups in shuffled for group in groups], workers))

    def moved(pair: Batch) -> Batch:
        return {name: tensor.to(device) for name, tensor in pair[0].items()}, pair[1].to(device)

    return [[moved(next(told)) for _ in groups] for groups in shuffled]  # type: ignore[arg-type]


# Learning


def _optimizer(reader: Reader, settings: Settings, beside: nn.Module | None = None) -> torch.optim.Optimizer:
    reader.encoder.embeddings.requires_grad_(False)
    heads = [p for n, p in reader.named_parameters() if not n.startswith("encoder.")]
    groups = [
        {"params": reader.encoder.encoder.parameters(), "lr": settings.rate, "top": settings.rate},
        {"params": heads, "lr": settings.head_rate, "top": settings.head_rate},
    ]
    if beside is not None:
        groups.append({"params": beside.parameters(), "lr": settings.head_rate, "top": settings.head_rate})
    return torch.optim.AdamW(groups, weight_decay=0.01, fused=True)


def _set_rate(optimizer: torch.optim.Optimizer, share: float, warmup: float) -> None:
    """The rate when so large a share of the training is done: up, then down to nothing."""
    rate = min((share + 1e-3) / warmup, max(0.005, (1 - share) / (1 - warmup)))
    for group in optimizer.param_groups:
        group["lr"] = group["top"] * rate


def _half(device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")


class InFloat(nn.Module):
    """A reader whose encoder runs in half precision and whose answers are whole."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, **batch: Tensor) -> tuple[Tensor, ...]:
        """The reader's logits."""
        with _half(batch["ids"].device):
            answers = self.reader(**batch)
        return tuple(answer.float() for answer in answers)


def learn(
    reader: Reader,
    shuffles: list[list[Batch]],
    settings: Settings,
    lesson: Lesson,
    seconds: float = 1e9,
    beside: nn.Module | None = None,
) -> Reader:
    """Go through the batches so many epochs, or so many seconds if those are fewer; the rate follows.

    What the lesson needs to learn by, and the reader does not keep, stands `beside`.
    """
    torch.manual_seed(settings.seed)
    rng = random.Random(settings.seed)
    steps, step, began, epoch = settings.epochs * len(shuffles[0]), 0, time.monotonic(), 0
    optimizer, whole = _optimizer(reader, settings, beside), InFloat(reader).train()
    while (share := max(step / steps, (time.monotonic() - began) / seconds)) < 1:
        order = list(shuffles[epoch % len(shuffles)])
        rng.shuffle(order)
        total = torch.zeros((), device=order[0][1].measures.device)
        for batch, labels in order:
            share = min(1.0, max(step / steps, (time.monotonic() - began) / seconds))
            _set_rate(optimizer, share, settings.warmup)
            loss = lesson(whole, batch, labels, share)
            loss.backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            total += loss.detach()
            step += 1
        epoch += 1
        spent = time.monotonic() - began
        print(f"epoch {epoch}: loss {float(total) / len(order):.3f}, {spent:.0f} s", flush=True)
    return reader.eval()


def from_labels(settings: Settings) -> Lesson:
    """The lesson of a teacher: the annotations."""

    def lesson(reader: nn.Module, batch: dict[str, Tensor], labels: Labels, done: float) -> Tensor:
        return loss_of(reader, masked(batch, MASK), labels, settings.smoothing)  # type: ignore[arg-type]

    return lesson


# The student


class Neighbours:
    """Words give way to others whose vectors lie near, as the teacher's base has them."""

    def __init__(self, teacher: Reader, ours: dict[str, int]) -> None:
        words = teacher.encoder.embeddings.word_embeddings.weight.detach().float()
        assert teacher.pieces is not None
        device = words.device
        pieces = sorted(ours, key=ours.__getitem__)
        self.is_word = torch.tensor([_is_word(piece) for piece in pieces], device=device)
        self.is_tail = torch.tensor([piece.startswith("##") for piece in pieces], device=device)
        near = nn.functional.normalize(words[teacher.pieces], dim=-1)
        places = self.is_word.nonzero()[:, 0]
        self.table = torch.arange(len(pieces), device=device)[:, None].repeat(1, NEIGHBOURS)
        for some in places.split(2048):
            close = near[some] @ near[places].T
            self.table[some] = places[close.topk(NEIGHBOURS + 1).indices[:, 1:]]

    def varied(self, batch: dict[str, Tensor], share: float) -> dict[str, Tensor]:
        """The batch with a share of its plain words given way to neighbours."""
        ids = batch["ids"]
        tail = torch.zeros_like(ids, dtype=torch.bool)
        tail[:, :-1] = self.is_tail[ids[:, 1:]]
        may = (batch["types"] == TEXT) & (batch["attention"] == 1) & self.is_word[ids] & ~tail
        drawn = may & (torch.rand(ids.shape, device=ids.device) < share)
        column = torch.randint(NEIGHBOURS, ids.shape, device=ids.device)
        return batch | {"ids": torch.where(drawn, self.table[ids, column], ids)}


def _is_word(piece: str) -> bool:
    return len(piece) >= SHORTEST_WORD and piece.isascii() and piece.isalpha()


def _told(teachers: Sequence[nn.Module], batch: dict[str, Tensor], labels: Labels) -> dict[str, Tensor]:
    """What the teachers say on average, as probabilities."""
    sums: dict[str, Tensor] = {}
    with torch.no_grad():
        for teacher in teachers:
            measures, statuses, sectors, pairs = teacher(**batch)
            linked = pooled(pairs, labels)
            hosts, nobody = _hosts(linked, labels)
            said = {
                "measures": measures.softmax(-1),
                "statuses": statuses.softmax(-1),
                "sectors": with_works(sectors, linked, labels).sigmoid(),
                "linked": linked.sigmoid(),
                "hosts": hosts.exp() * (labels.kinds == PLACE),
                "nobody": nobody.exp(),
            }
            sums = {name: value / len(teachers) + sums.get(name, 0) for name, value in said.items()}
    return sums


def _hosts(linked: Tensor, labels: Labels) -> tuple[Tensor, Tensor]:
    """Log probabilities of each group as its count's one host (0 where it is no place), and of no host."""
    here = (labels.kinds == PLACE).float()
    logits = linked.clamp(-30, 30)
    total = (
        1 + linked.new_zeros(len(labels.measures)).index_add(0, labels.counts, logits.exp() * here)
    ).log()
    return (logits - total[labels.counts]) * here, -total


def likeness_loss(
    student: nn.Module, batch: dict[str, Tensor], labels: Labels, told: dict[str, Tensor]
) -> Tensor:
    """How far the student is from what it was told, weighed as `loss_of` weighs the annotations."""
    measures, statuses, sectors, pairs = student(**batch)
    linked = pooled(pairs, labels)
    sure = 1 - told["measures"][:, 0]
    figures = sure.sum().clamp(min=1)
    binary = nn.functional.binary_cross_entropy_with_logits
    total = MEASURE * _cross(measures.log_softmax(-1), told["measures"]).mean()
    total = total + STATUS * (_cross(statuses.log_softmax(-1), told["statuses"]) * sure).sum() / figures
    work = binary(with_works(sectors, linked, labels), told["sectors"], reduction="none").sum(-1)
    total = total + SECTOR * (work * sure).sum() / figures
    mine = sure[labels.counts]
    weigh = sum(weight * (labels.kinds == kind) for kind, weight in LINK.items())
    links = binary(linked, told["linked"], reduction="none")
    total = total + (links * weigh * mine).sum() / figures
    hosts, nobody = _hosts(linked, labels)
    surprise = (told["hosts"] * hosts * mine).sum() + (told["nobody"] * nobody * sure).sum()
    return total - ONE_HOST * surprise / figures


def _cross(ours: Tensor, told: Tensor) -> Tensor:
    return -(told * ours).sum(-1)


class HiddenStates(nn.Module):
    """How far a student's last hidden states are, through a projection, from its teacher's.

    They are those of the batch that each of the two read last.
    """

    def __init__(self, teacher: Reader, student: Reader) -> None:
        super().__init__()
        self.project = nn.Linear(student.encoder.config.hidden_size, teacher.encoder.config.hidden_size)
        self._told: dict[str, Tensor] = {}
        for name, reader in (("teacher", teacher), ("student", student)):
            reader.encoder.register_forward_hook(partial(self._keep, name))

    def _keep(self, name: str, _module: nn.Module, _given: object, told: Any) -> None:
        self._told[name] = told.last_hidden_state.float()

    def forward(self, attention: Tensor) -> Tensor:
        """The mean square over the words of a batch; `attention` is (texts, tokens)."""
        goal = self._told["teacher"]
        goal = nn.functional.layer_norm(goal, goal.shape[-1:])
        far = ((self.project(self._told["student"]) - goal) ** 2).mean(-1)
        return (far * attention).sum() / attention.sum()


def from_teachers(
    teachers: Sequence[nn.Module], neighbours: Neighbours, settings: Settings, hidden: HiddenStates,
    annotated: float = 0.5,
) -> Lesson:  # fmt: skip
    """The lesson of a student: what teachers say of a variation, and of an article itself the annotations."""
    rng = random.Random(settings.seed)

    def lesson(student: nn.Module, batch: dict[str, Tensor], labels: Labels, done: float) -> Tensor:
        share = rng.choice(SHARES)
        varied = neighbours.varied(batch, share) if share else batch
        told = _told(teachers, varied, labels)
        loss = likeness_loss(student, masked(varied, MASK), labels, told)
        loss = loss + (1 - HIDDEN * done) * hidden(batch["attention"])
        if share == 0 and annotated:
            loss = loss + annotated * loss_of(student, masked(batch, MASK), labels, settings.smoothing)  # type: ignore[arg-type]
        return loss

    return lesson


def weights(reader: Reader) -> bytes:
    """What training changed, at half precision: all but the embeddings."""
    kept = {n: t.detach().half().cpu() for n, t in reader.state_dict().items() if ".embeddings." not in n}
    buffer = io.BytesIO()
    torch.save(kept, buffer)
    return buffer.getvalue()


def pieces_of(told: bytes, most: int = 15 * 1024 * 1024) -> Iterator[bytes]:
    """The bytes in pieces."""
    return (told[at : at + most] for at in range(0, len(told), most))
