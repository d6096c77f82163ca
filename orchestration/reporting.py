"""`laborledger report`: writes the report on what is published, and says where it lies.

Only the conversation belongs here; what the report shows is for `publishing.report`.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from orchestration.home import Home
from orchestration.publishing import PublishError
from orchestration.publishing.report.write import write_report

out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def report(home: Home, folder: Path | None) -> int:
    """Write the report; gives the exit status."""
    try:
        written = write_report(home, folder)
    except (PublishError, OSError) as error:
        err.print(f"laborledger report: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    state = "written" if written.changed else "up to date"
    out.print(f"{state}: {written.path}\ncharts:  {written.charts}", markup=False, soft_wrap=True)
    return 0
