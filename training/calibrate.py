"""How far a reader's confidence can be taken at its word: expected calibration error, and the temperature
that makes it small.

Each judged count whose truth is known is one sample: is it a figure, and of the measure that was said?
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.labels import Gold, is_right

BINS = 10
TEMPERATURES = tuple(round(0.6 + 0.1 * step, 1) for step in range(20))


def samples(gold: Sequence[Gold], reader: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Probabilities (samples, 1 + measures; none first) of the judged counts, and the true column."""
    told, truth = [], []
    for one in gold:
        for opinion in reader.read(one.article, one.passages):
            right = is_right(one, opinion.count)
            if right >= 0:
                figure = list(opinion.measures.values())
                told.append([max(1e-6, 1 - sum(figure)), *figure])
                truth.append(right)
    return np.array(told), np.array(truth)


def error_of(told: np.ndarray[Any, Any], truth: np.ndarray[Any, Any]) -> float:
    """Expected calibration error of the likeliest column over equal-width bins."""
    best, right = told.max(axis=1), told.argmax(axis=1) == truth
    total = 0.0
    for low in np.linspace(0, 1, BINS, endpoint=False):
        inside = (best > low) & (best <= low + 1 / BINS)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - best[inside].mean())
    return float(total)


def _warmed(told: np.ndarray[Any, Any], temperature: float) -> np.ndarray[Any, Any]:
    raised = told ** (1 / temperature)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def calibration_error(gold: Sequence[Gold], reader: Any) -> float:
    """The error of a reader as it stands, on articles that it has not seen."""
    return round(error_of(*samples(gold, reader)), 4)


def temperature_of(gold: Sequence[Gold], reader: Any) -> float:
    """By how much to divide the logits further, so that the truth is least surprising."""
    told, truth = samples(gold, reader)
    surprise = {t: -np.log(_warmed(told, t)[np.arange(len(truth)), truth]).mean() for t in TEMPERATURES}
    return min(surprise, key=lambda t: surprise[t])
