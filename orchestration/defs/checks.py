"""Checks of the assets beside dbt's own tests. Each says in words what is wrong and what to do.

Thin: habits are judged in `steps`, quality in `publishing.quality`, the published file by `smoke.py`.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import dagster as dg

from orchestration.defs.assets import judged, published_warehouse, raw_figures
from orchestration.extraction.version import extractor_version
from orchestration.habits import longest_silence
from orchestration.ledger import open_ledger
from orchestration.publishing.publish import SMOKE, SMOKE_SECONDS
from orchestration.publishing.quality import floor_problems, read_quality
from orchestration.selection import Selection
from orchestration.steps import now

SILENT = timedelta(days=3)
"""An outlet that did not answer for so long is named."""
WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


def _result(problems: list[str], severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    return judged(problems, severity, metadata={"problems": len(problems)})


@dg.asset_check(asset=raw_figures, blocking=True)
def reader_is_at_its_floor() -> dg.AssetCheckResult:
    """The extractor's pinned quality is of this extractor and not below its floor."""
    problems = floor_problems(read_quality(), extractor_version())
    return _result(problems, ERROR)


@dg.asset_check(asset=["raw", "articles"])
def outlets_answered_lately() -> dg.AssetCheckResult:
    """Every outlet that ever answered did so within three days."""
    with open_ledger(Selection.from_environment().home) as ledger:
        answered = ledger.last_answers()
    oldest = now().replace(tzinfo=None) - SILENT
    silent = [
        f"{name}: no answer since {last:%Y-%m-%d %H:%M} UTC"
        for name, last in answered.items()
        if last < oldest
    ]
    return _result(silent, WARN)


@dg.asset_check(asset=["raw", "articles"])
def outlets_keep_their_habit() -> dg.AssetCheckResult:
    """No outlet that answers is silent for more than a week and twice as long as it ever was."""
    with open_ledger(Selection.from_environment().home) as ledger:
        looks, days = ledger.last_looks(), ledger.days_of_news()
    usual = {name: longest_silence(of, looks[name].date()) for name, of in days.items() if name in looks}
    quiet = [
        f"{name}: nothing new since {days[name][-1]}, and never silent for more than {longest} days before"
        for name, longest in usual.items()
        if longest is not None
    ]
    return _result(quiet, WARN)


@dg.asset_check(asset=["raw", "articles"])
def articles_have_a_day() -> dg.AssetCheckResult:
    """No page of the last run shows an article without a day of publication: such are not read."""
    with open_ledger(Selection.from_environment().home) as ledger:
        undated = ledger.undated_pages()
    return _result([f"{url}: no day of publication; see its source's selectors" for url in undated], WARN)


@dg.asset_check(asset=published_warehouse, blocking=True)
def published_file_opens() -> dg.AssetCheckResult:
    """A fresh process opens the published file, reads every table and joins claims to their dimensions."""
    file = Selection.from_environment().home.published_file
    told = subprocess.run(
        [sys.executable, "-I", str(SMOKE), str(file)], capture_output=True, text=True, timeout=SMOKE_SECONDS
    )
    return _result([told.stderr.strip()[-2000:]] if told.returncode else [], ERROR)
