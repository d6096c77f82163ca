"""`laborledger prune`: goes through all that a home need not keep, and says what went."""

from __future__ import annotations

import os
import sys
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from orchestration.health.troubles import bytes_worded
from orchestration.home import Home
from orchestration.instance import prepare_history
from orchestration.ledger import LedgerError
from orchestration.pruning.archive import prune_archive
from orchestration.pruning.history import prune_runs
from orchestration.pruning.remains import prune_remains
from orchestration.pruning.rules import Pruned, kept_for

if TYPE_CHECKING:
    from dagster import DagsterInstance

DONE, FAILED = 0, 1


def prune(home: Home, is_dry: bool) -> int:
    """Prune a home and print what went; gives the exit status."""
    if not home.path.is_dir():
        print(f"laborledger: {home.path} is no home: name one with --home", file=sys.stderr)
        return FAILED
    warnings.simplefilter("ignore")
    import dagster as dg

    home.prepare()
    prepare_history(home)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    try:
        with dg.DagsterInstance.get() as instance:
            _show(prune_home(instance, home, datetime.now(UTC), is_dry), is_dry)
    except (LedgerError, OSError) as error:
        print(f"laborledger: {error}", file=sys.stderr)
        return FAILED
    return DONE


def prune_home(instance: DagsterInstance, home: Home, now: datetime, is_dry: bool = False) -> list[Pruned]:
    """Prune a home whose history an instance holds; `now` has a zone. Raises LedgerError."""
    runs = prune_runs(instance, home, now, is_dry)
    return [*runs, prune_archive(home, now, is_dry), prune_remains(home, now, is_dry)]


def _show(done: list[Pruned], is_dry: bool) -> None:
    table = Table(title="Would go" if is_dry else "Gone", title_justify="left")
    for heading in ("what", "older than", "how many", "size"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for one in done:
        table.add_row(one.what, f"{kept_for()[one.what].days} days", f"{one.count:,}", bytes_worded(one.size))
    Console(highlight=False).print(table)
