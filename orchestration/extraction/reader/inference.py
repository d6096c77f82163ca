"""Runs the reader: its files checked once, then windows in, opinions out, on one core, the same each time.

The graph is an int8 ONNX file beside this module. No network, no torch; nothing is decided here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from orchestration.extraction.passage import Passage
from orchestration.extraction.reader.opinions import Logits, Opinion, opinions
from orchestration.extraction.reader.tensors import tensors_of
from orchestration.extraction.reader.windows import Window, Windows
from orchestration.records import Article

FOLDER = Path(__file__).parent
CARD, MODEL, TOKENIZER = "model.json", "model.onnx", "tokenizer.json"


class ReaderError(RuntimeError):
    """A file of the reader is missing or altered; the message names it and its checksum."""


class Reader:
    """Judges the counts of articles by the graph of one folder. Raises ReaderError where it is not whole."""

    def __init__(self, folder: Path = FOLDER) -> None:
        card = _card(folder)
        for name in (MODEL, TOKENIZER):
            _check(folder / name, card["sha256"][name])
        self._session = _session(folder / MODEL)
        self._inputs = [told.name for told in self._session.get_inputs()]
        self._windows = Windows(encoder_tokenizer(folder / TOKENIZER))
        self._temperature = float(card["temperature"])

    def read(self, article: Article, passages: Sequence[Passage]) -> list[Opinion]:
        """An opinion of each open count of the article, in reading order."""
        windows = self._windows.of(article, passages)
        return [opinion for window in windows for opinion in self._opinions([window])]

    def _opinions(self, windows: Sequence[Window]) -> Iterator[Opinion]:
        told = tensors_of(windows).by_name()
        answers = self._session.run(None, {name: told[name] for name in self._inputs})
        return opinions(windows, Logits(*answers), self._temperature)


def encoder_tokenizer(path: Path) -> Tokenizer:
    """The encoder's tokenizer, without truncation or padding."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _card(folder: Path) -> dict[str, Any]:
    try:
        card: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReaderError(f"{folder / CARD} cannot be read: {error}; install laborledger anew") from error
    return card


def _check(path: Path, wanted: str) -> None:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ReaderError(f"{path} cannot be read ({error}); its sha256 is {wanted}") from error
    if found != wanted:
        raise ReaderError(f"{path} was altered: its sha256 is {found} and should be {wanted}; install anew")


def _session(path: Path) -> Any:
    """One thread: results must not depend on how many cores there are."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@cache
def reader() -> Reader:
    """The reader that the package ships, loaded once a process."""
    return Reader()
