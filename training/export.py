"""Writes a trained reader as the package ships it: one int8 ONNX file, its tokenizer, its card.

The vocabulary is cut to what English news can need: the base's whole words and pieces minus those of
other scripts, which the tables do not read either.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from orchestration.extraction.reader.inference import CARD, MODEL, TOKENIZER
from orchestration.extraction.reader.tensors import Tensors
from orchestration.extraction.reader.windows import COUNT_OPEN, COUNT_SHUT
from training.model import Reader

INPUTS = tuple(field.name for field in fields(Tensors) if field.name != "attention")
"""At run time windows come one at a time: nothing is padded, so nothing is to be left out of attention."""
OUTPUTS = ("measures", "statuses", "sectors", "pairs")
KEPT_PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", COUNT_OPEN, COUNT_SHUT)


def prune(reader: Reader, tokenizer: Path) -> dict[str, Any]:
    """Cut the reader's embeddings to the kept pieces, in place; gives the tokenizer's JSON to match."""
    told: dict[str, Any] = json.loads(tokenizer.read_text(encoding="utf-8"))
    vocabulary: dict[str, int] = told["model"]["vocab"]
    kept = [piece for piece, _ in sorted(vocabulary.items(), key=lambda item: item[1]) if _is_kept(piece)]
    words = reader.encoder.embeddings.word_embeddings
    rows = torch.tensor([vocabulary[piece] for piece in kept])
    smaller = nn.Embedding.from_pretrained(words.weight.detach()[rows].clone(), freeze=False, padding_idx=0)
    reader.encoder.embeddings.word_embeddings = smaller
    places = {piece: place for place, piece in enumerate(kept)}
    told["model"]["vocab"] = places
    told["added_tokens"] = [
        t | {"id": places[t["content"]]} for t in told["added_tokens"] if t["content"] in places
    ]
    told["truncation"] = told["padding"] = None
    _repoint(told["post_processor"], places)
    return told


def _is_kept(piece: str) -> bool:
    """Special pieces, and pieces of Latin letters, digits and marks."""
    if piece.startswith("["):
        return piece in KEPT_PIECES
    return all(ord(character) < 0x250 or 0x2010 <= ord(character) < 0x2100 for character in piece)


def _repoint(processor: dict[str, Any], places: dict[str, int]) -> None:
    for name, token in processor.get("special_tokens", {}).items():
        token["ids"] = [places[name]]


def export(reader: Reader, tokenizer: Path, folder: Path, card: dict[str, Any]) -> None:
    """Write model, tokenizer and card into `folder`. `card` holds temperature, scores and data."""
    folder.mkdir(parents=True, exist_ok=True)
    told = prune(reader, tokenizer)
    (folder / TOKENIZER).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    whole = folder / "whole.onnx"
    _trace(reader.eval(), whole)
    # 7 bits: sums of 8 saturate on processors without VNNI, and answers would differ between machines
    quantize_dynamic(whole, folder / MODEL, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    whole.unlink()
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (MODEL, TOKENIZER)}
    text = json.dumps({"sha256": sums, **card}, indent=1, ensure_ascii=False)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")


class Unpadded(nn.Module):
    """A reader of single windows. Without a mask attention costs a fifth less."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, ids: Tensor, types: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
        """The reader's logits."""
        told: tuple[Tensor, ...] = self.reader(ids, None, types, *others)
        return told


def _trace(reader: Reader, path: Path) -> None:
    """The graph of one window, with open numbers of tokens, counts and pairs."""
    reader.encoder.set_attn_implementation("eager")  # the other way is traced with a mask in any case
    ids = torch.ones(1, 24, dtype=torch.long)
    row, three = torch.tensor([0, 0]), torch.tensor([0, 1, 1])
    example = (ids, torch.zeros_like(ids), row, torch.tensor([1, 14]), torch.tensor([3, 16]), three,
               torch.tensor([5, 6, 18]), torch.tensor([0, 20, 40]), torch.tensor([0, 7, 13]))  # fmt: skip
    axes = {name: {1: "width"} for name in INPUTS[:2]}
    axes |= {name: {0: "counts"} for name in (*INPUTS[2:5], *OUTPUTS[:3])}
    axes |= {name: {0: "pairs"} for name in (*INPUTS[5:], OUTPUTS[3])}
    torch.onnx.export(
        Unpadded(reader), example, str(path), input_names=list(INPUTS), output_names=list(OUTPUTS),
        dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip
    onnx.checker.check_model(str(path))
