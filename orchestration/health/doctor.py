"""`laborledger doctor`: looks at the installation and the home one after the other, and names each cure.

Only the order of looks and their showing belong here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from orchestration.health import installation, place
from orchestration.health.screen import GOOD, TROUBLED, print_trouble
from orchestration.health.troubles import Look
from orchestration.notifying import addresses
from orchestration.publishing.answers import shown
from orchestration.scraping.fetch import CONTACT
from orchestration.selection import Selection

OURS = "Asia/Seoul"
"""The schedules' time zone."""


def doctor(selection: Selection, port: int, form: str) -> int:
    """Look at everything and say what is wrong; gives the exit status: 1 where something needs a person."""
    if form == "json":
        looks = list(look(selection, port))
        json.dump([asdict(one) for one in looks], sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        looks = _shown(look(selection, port))
    return TROUBLED if any(one.needs_person for one in looks) else GOOD


def look(selection: Selection, port: int) -> Iterator[Look]:
    """Each look as it is done: what is installed first, for without it nothing else can be trusted."""
    yield installation.python()
    yield installation.packages()
    yield installation.duckdb_works()
    yield installation.reader()
    told, outlets = place.sources(selection)
    yield told
    yield installation.zones([OURS, *(source.timezone for source in outlets if source.timezone)])
    yield place.contact(os.environ.get(CONTACT, "").strip(), outlets)
    yield place.reviews(selection)
    yield installation.told(addresses())
    yield place.folder(selection.home)
    yield place.build_file(selection.home, datetime.now(UTC))
    yield place.lake()
    yield place.published(selection.home)
    yield place.history(selection.home)
    yield place.port(port)


def _shown(looks: Iterator[Look]) -> list[Look]:
    out, done = Console(highlight=False, emoji=False), []
    for one in looks:
        mark, style = (
            ("!", "red") if one.needs_person else ("·", "yellow") if one.troubles else ("✓", "green")
        )
        line = Text(f"{mark} ", style=style).append(f"{one.name:<17}", style="bold")
        out.print(line.append(shown(one.found), style="default"), soft_wrap=True)
        for found in one.troubles:
            print_trouble(out, found, "   ")
        done.append(one)
    persons = sum(one.needs_person for one in done)
    out.print(
        f"{persons} of {len(done)} looks found what needs a person" if persons else "the installation is well"
    )
    return done
