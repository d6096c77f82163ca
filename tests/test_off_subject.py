"""News of North Korea off the subject: troops, tourists, refugees, athletes are counted, workers are not."""

from __future__ import annotations

from orchestration.home import ROOT
from tests.gold import pin

OFF_SUBJECT = ROOT / "training" / "off_subject"
ALLOWED = 0.2
"""Figures an article that the reader finds here at most, where every second sentence is made to tempt it.
It is 0.17 today and should be 0.001: a reader that finds more is not to be shipped."""


def test_news_off_the_subject_gives_hardly_any_figure() -> None:
    scored = pin.measure(OFF_SUBJECT)
    assert len(scored.gold) >= 50
    told = [f"{figure['article']}: {figure['quote']}" for figure in scored.found]
    assert len(told) <= ALLOWED * len(scored.gold), "\n".join(told)
