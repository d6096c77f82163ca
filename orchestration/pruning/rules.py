"""How long what is kept: the rows of `retention.csv`, and what pruning says of what went."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("retention.csv")


@dataclass(frozen=True, slots=True)
class Pruned:
    """Things of a kind that went, or would go: how many, and their bytes."""

    what: str
    count: int
    size: int


@cache
def kept_for() -> dict[str, timedelta]:
    """How long each kind is kept."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["what"]: timedelta(days=int(row["days"])) for row in csv.DictReader(file)}
