"""How well the extractor reads, as pinned in the checkout: in the manifest, in `meta_quality`, and against
what was published before.

Measuring is not done here (`make score`); nothing here judges a build for other reasons.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.home import ROOT
from orchestration.publishing import PublishError
from orchestration.publishing.marts import Told

if TYPE_CHECKING:
    import duckdb

QUALITY = ROOT / "orchestration" / "extraction" / "quality.json"
SCORES = ("precision", "recall", "f1", "full_f1")
HONEST, FLOOR = "fresh", 0.80
"""The gold set that was never trained on, and the F1 below which nothing is built."""
ROUNDING = 0.0005
"""Smaller differences are the machine's."""

META_QUALITY = Told(
    "meta_quality",
    "Grain: one gold set on which the extractor was measured. Scores lie between 0 and 1.",
    (
        (
            "gold_set",
            "varchar",
            "fresh: articles never trained on, the honest score; sample: the sample outlet's",
        ),
        ("extractor_version", "varchar", "Version of the extractor that was measured"),
        ("articles", "bigint", "Articles in the set"),
        ("figures", "bigint", "Figures annotated in them"),
        ("precision", "double", "Of the figures found, the share that is right"),
        ("recall", "double", "Of the figures annotated, the share that was found"),
        ("f1", "double", "Both in one: measure, status, bounds and hosts are right"),
        ("full_f1", "double", "The same, with every other field right too"),
    ),
)


def read_quality(file: Path | None = None) -> dict[str, Any] | None:
    """The extractor's measured quality as pinned in the checkout; None where it was not measured.

    Raises PublishError when the file is there and cannot be read: then it is not known.
    """
    file = file or QUALITY
    try:
        quality = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise PublishError(f"{file}: {error}. Measure again: make score PIN=1") from error
    return quality if isinstance(quality, dict) else None


def write_quality(connection: duckdb.DuckDBPyConnection, quality: Mapping[str, Any] | None) -> int:
    """Make `meta_quality` in the copy; returns its rows: none where nothing was measured."""
    META_QUALITY.create(connection)
    extractor = (quality or {}).get("extractor_version")
    rows = [
        {column: scores.get(column) for column, _, _ in META_QUALITY.columns}
        | {"gold_set": name, "extractor_version": extractor}
        for name, scores in _sets(quality or {}).items()
    ]
    return META_QUALITY.add(connection, rows)


def worse(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> list[str]:
    """In which scores the extractor has fallen behind the one last published, on the same gold set."""
    older, newer = _sets(before or {}), _sets(now or {})
    return [
        f"{name} {score} {scores[score]:.4f} -> {newer[name][score]:.4f}"
        for name, scores in older.items()
        if name in newer and _size(scores) == _size(newer[name])
        for score in SCORES
        if newer[name].get(score, 0) < scores.get(score, 0) - ROUNDING
    ]


def floor_problems(quality: Mapping[str, Any] | None, extractor: str) -> list[str]:
    """What is wrong with this extractor's quality: not measured, of another, below the floor."""
    if not is_of(quality, extractor):
        return [f"the extractor {extractor} was not measured: make score PIN=1"]
    f1 = (_sets(quality or {}).get(HONEST) or {}).get("f1") or 0.0
    return [] if f1 >= FLOOR else [f"F1 on articles never trained on is {f1:.2f}, below the floor of {FLOOR}"]


def is_of(quality: Mapping[str, Any] | None, extractor: str | None) -> bool:
    """Whether it is the quality of the extractor behind all claims; where there are none, of any."""
    return extractor is None or (quality or {}).get("extractor_version") == extractor


def _sets(quality: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {name: told for name, told in quality.items() if isinstance(told, Mapping)}


def _size(scores: Mapping[str, Any]) -> tuple[Any, Any]:
    return scores.get("articles"), scores.get("figures")
