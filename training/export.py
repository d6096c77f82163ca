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
from torch import nn

from orchestration.extraction.reader.inference import CARD, MODEL, TOKENIZER
from orchestration.extraction.reader.tensors import Tensors
from orchestration.extraction.reader.windows import COUNT_OPEN, COUNT_SHUT
from training.model import Reader

INPUTS = tuple(field.name for field in fields(Tensors))
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
    quantize_dynamic(whole, folder / MODEL, weight_type=QuantType.QInt8, per_channel=True)
    whole.unlink()
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (MODEL, TOKENIZER)}
    text = json.dumps({"sha256": sums, **card}, indent=1, ensure_ascii=False)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")


def _trace(reader: Reader, path: Path) -> None:
    """The graph with open numbers of windows, tokens, counts and pairs."""
    ids = torch.ones(2, 12, dtype=torch.long)
    two, three = torch.tensor([0, 1]), torch.tensor([0, 1, 1])
    example = (ids, ids, torch.zeros_like(ids), two, torch.tensor([1, 14]), torch.tensor([3, 16]), three,
               torch.tensor([5, 6, 18]), torch.tensor([0, 20, 40]), torch.tensor([0, 7, 13]))  # fmt: skip
    axes = {name: {0: "windows", 1: "width"} for name in INPUTS[:3]}
    axes |= {name: {0: "counts"} for name in (*INPUTS[3:6], *OUTPUTS[:3])}
    axes |= {name: {0: "pairs"} for name in (*INPUTS[6:], OUTPUTS[3])}
    torch.onnx.export(
        reader, example, str(path), input_names=list(INPUTS), output_names=list(OUTPUTS), dynamic_axes=axes,
        opset_version=17, dynamo=False,
    )  # fmt: skip
    onnx.checker.check_model(str(path))
