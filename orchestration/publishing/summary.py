"""What the published file says in one screen: workers by host country, measure and status.

Reading `country_totals` and wording its bounds belong here; adding figures up is dbt's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.publishing import MARTS, PublishError
from orchestration.records import Measure, Status

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

COUNTRY = "country"
"""The kind of a row of dim_countries that is one; regions and the rest are listed after them."""


@dataclass(frozen=True, slots=True)
class Total:
    """Workers of one host by measure and status; a bound of None is not stated."""

    host: str
    measure: str
    status: str
    low: int | None
    high: int | None
    is_open_high: bool
    events: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The totals in the order to show them, and how many figures, articles and sources are behind."""

    totals: tuple[Total, ...]
    figures: int
    articles: int
    sources: int


def read_summary(file: Path) -> Summary:
    """Read the summary of a published file. Raises PublishError when it cannot be read."""
    import duckdb

    if not file.exists():
        raise PublishError(f"no published file yet at {file}: run `make run`")
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            rows = connection.execute(
                f"select kind is distinct from $country, host, measure, status, workers_low, workers_high, "
                f"is_open_high, n_events from {MARTS}.country_totals "
                f"left join {MARTS}.dim_countries using (country_code)",
                {"country": COUNTRY},
            ).fetchall()
            counts = connection.execute(
                f"select (select count(*) from {MARTS}.fct_claims), count(*), count(distinct source_id) "
                f"from {MARTS}.dim_articles"
            ).fetchone()
    except duckdb.Error as error:
        raise PublishError(f"{file} cannot be read: {error}") from error
    figures, articles, sources = counts or (0, 0, 0)
    totals = tuple(Total(*row[1:]) for row in sorted(rows, key=_order))
    return Summary(totals, figures, articles, sources)


def _order(row: tuple[object, ...]) -> tuple[object, ...]:
    """Countries before the rest, then by name; measures and statuses as the contract lists them."""
    is_other, host, measure, status = row[:4]
    return (is_other, host, _place(measure, Measure), _place(status, Status))


def _place(name: object, listed: Iterable[str]) -> int:
    names = list(listed)
    return names.index(str(name)) if name in names else len(names)


def worded_bounds(low: int | None, high: int | None, is_open_high: bool = False) -> str:
    """A count as a person reads it: `6,064`, `300–500`, `≥ 2,500`, `up to 70`, `number not stated`."""
    top = None if is_open_high else high
    if top is None:
        return f"≥ {low:,}" if low else "number not stated"
    if low is None:
        return f"up to {top:,}"
    return f"{low:,}" if low == top else f"{low:,}–{top:,}"


def totals_table(summary: Summary) -> Table:
    """The totals as a table; a host is named once."""
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for heading in ("Host", "Measure", "Status"):
        table.add_column(heading)
    for heading in ("Workers", "Events"):
        table.add_column(heading, justify="right", no_wrap=True)
    before = None
    for total in summary.totals:
        host = "" if total.host == before else total.host
        workers = worded_bounds(total.low, total.high, total.is_open_high)
        cells = (host, total.measure, total.status, workers, f"{total.events:,}")
        table.add_row(*(Text(cell) for cell in cells))
        before = total.host
    return table


def print_summary(file: Path, console: Console | None = None) -> None:
    """Print the table and the counts of a published file. Raises PublishError."""
    from rich.console import Console

    console = console or Console()
    summary = read_summary(file)
    console.print(totals_table(summary))
    counted = ((summary.figures, "figure"), (summary.articles, "article"), (summary.sources, "source"))
    words = (f"{count:,} {thing}{'' if count == 1 else 's'}" for count, thing in counted)
    console.print(", ".join(words), highlight=False)
