"""Puts the report and its charts in place: whole or not at all, and only where something is new.

They lie beside the builds, not in one: a published build is closed to writing. The page names the build
that it shows.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.home import Home
from orchestration.publishing.builds import TEMPORARY, Builds, sync
from orchestration.publishing.report.charts import Chart, draw
from orchestration.publishing.report.data import Report, read_report
from orchestration.publishing.report.page import render_page
from orchestration.publishing.report.palette import for_paper

PAGE, CHARTS = "report.html", "charts"
HEAD_BYTES = 4_000
PNG_SCALE = 2
_MARKS = re.compile(r'<meta name="laborledger-(build|report)" content="([^"]*)">')


@dataclass(frozen=True, slots=True)
class Written:
    """The report as it lies there; `changed` is False when it showed this build already."""

    path: Path
    charts: Path
    build: str
    bytes: int
    changed: bool
    seconds: float = 0.0

    def metadata(self) -> dict[str, Any]:
        """The facts by name, as plain values for an orchestrator to show."""
        return asdict(self) | {"path": str(self.path), "charts": str(self.charts)}


@cache
def report_version() -> str:
    """Of this folder's code: the report is written anew when it changes."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.iterdir()):
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def write_report(home: Home, folder: Path | None = None) -> Written:
    """Write the report on what the home has published, into `folder` (default: beside the builds).

    Raises PublishError when nothing is published or it cannot be read, OSError when the disk refuses.
    """
    began = time.monotonic()
    folder = folder or home.published
    page = folder / PAGE
    current = Builds(home.published).current() or ""
    if _marks(page) == {"build": current, "report": report_version()} and (folder / CHARTS).is_dir():
        return Written(page, folder / CHARTS, current, page.stat().st_size, False)
    report = read_report(home.published_file)
    charts = draw(report)
    drawings = {chart.name: _svg(chart) for section in charts.values() for chart in section}
    text = render_page(report, charts, drawings, report_version())
    folder.mkdir(parents=True, exist_ok=True)
    # The page last: it says which build it shows, and is what the next run asks.
    _write_charts(folder, report, [chart for section in charts.values() for chart in section])
    _replace(page, text)
    return Written(
        page,
        folder / CHARTS,
        report.build["build_id"],
        page.stat().st_size,
        True,
        round(time.monotonic() - began, 1),
    )


def _marks(page: Path) -> dict[str, str]:
    """What a report says of itself: its build, and the version of the code that wrote it."""
    try:
        with page.open(encoding="utf-8") as file:
            return dict(_MARKS.findall(file.read(HEAD_BYTES)))
    except (OSError, UnicodeError):
        return {}


def _svg(chart: Chart) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(chart.spec))


def _write_charts(folder: Path, report: Report, charts: Iterable[Chart]) -> None:
    """The charts for papers: each says what it shows, of what, and as of when."""
    import vl_convert

    # Of its own name: two that write at once do not meet.
    fresh = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{CHARTS}-", dir=folder))
    fresh.chmod(0o755)
    for chart in charts:
        svg = for_paper(vl_convert.vegalite_to_svg(_captioned(chart, report)))
        (fresh / f"{chart.name}.svg").write_text(svg, encoding="utf-8")
        (fresh / f"{chart.name}.png").write_bytes(vl_convert.svg_to_png(svg, scale=PNG_SCALE))
    old = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}old-", dir=folder))
    if (folder / CHARTS).exists():
        os.replace(folder / CHARTS, old / CHARTS)
    os.rename(fresh, folder / CHARTS)
    shutil.rmtree(old, ignore_errors=True)


def _captioned(chart: Chart, report: Report) -> dict[str, object]:
    sample = "sample articles, no source of facts; " if report.build["is_sample"] else ""
    source = f"Labor Ledger, {sample}data as of {report.as_of:%Y-%m-%d}, build {report.build['build_id']}"
    title = {"text": chart.title, "subtitle": source, "subtitleColor": "#5b6167", "subtitleFontSize": 9}
    return {**chart.spec, "title": title, "background": "white"}


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=path.suffix, dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(name, 0o644)
    sync(Path(name))
    os.replace(name, path)
    sync(path.parent)
