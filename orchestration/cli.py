"""`laborledger …`: the command line, thin. Options, messages and exit statuses belong here, the work
does not: each command imports what it needs when it runs, so that `extract` and `parse` start at once.

Exit statuses: 0 done (after `run`: the published file is current), 1 something failed (the published
file is as it was), 2 wrong usage.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click

SOURCES_HELP = "sample, live, none, or the path of a sources file. Default: live; none when --inbox is given."
HOME_HELP = "Folder of all that is built. Default: warehouse/sample for the sample, else warehouse/live."

HOME = click.option(
    "--home", type=click.Path(file_okay=False, path_type=Path), envvar="LABORLEDGER_HOME", help=HOME_HELP
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="laborledger", prog_name="laborledger")
def main() -> None:
    """Labor Ledger: a dated, claim-level ledger of North Korean overseas labour, built from the press.

    \b
    laborledger run --sources sample      the whole pipeline on the embedded sample outlet
    laborledger run                       the same on the live outlets
    laborledger run --inbox DIR           the same on saved pages
    laborledger sql 'select ...'          ask the published file
    """


@main.command()
@click.option("--sources", metavar="WHICH", help=SOURCES_HELP)
@click.option(
    "--inbox",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of saved pages: .html and .txt; NAME.json beside a page may give {url, source, published}.",
)
@HOME
def run(sources: str | None, inbox: Path | None, home: Path | None) -> None:
    """Scrape, extract, build, check and publish; a second run does only what is new.

    Exit status 0: the published file is current, also when nothing changed. 1: a check, the build or
    the publishing failed, or no outlet answered; the published file is as it was. 2: wrong usage.
    """
    from orchestration.running import run as run_once
    from orchestration.selection import Selection

    sys.exit(run_once(Selection.of(sources, inbox, home)))


@main.command()
@click.option("--sources", metavar="WHICH", default="live", show_default=True, help=SOURCES_HELP)
@HOME
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
def ui(sources: str, home: Path | None, port: int) -> None:
    """Open the Dagster UI on 127.0.0.1, with the job ready to launch and the daily schedule."""
    from orchestration.running import serve_ui
    from orchestration.selection import Selection

    sys.exit(serve_ui(Selection.of(sources, None, home), port))


@main.command()
@click.argument("statement")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)
@HOME
def sql(statement: str, form: str, home: Path | None) -> None:
    """Ask the published file, read-only: laborledger sql 'select * from fct_claims limit 5'.

    Without --home it is the live ledger's file, and the sample's where there is no live one yet.
    """
    from orchestration.home import Home
    from orchestration.publishing.query import run_sql

    sys.exit(run_sql(Home(home.resolve()) if home else Home.to_read(), statement, form))


@main.command()
def extract() -> None:
    """Articles as JSON lines on stdin, figures as JSON lines on stdout.

    An article is {"id", "title", "published", "text", "language"?}. A bad line gives {"id", "line",
    "error"}, the rest goes on, and the exit status is 1.
    """
    from orchestration.extraction.jsonl import extract_lines

    sys.exit(_stream(extract_lines))


@main.command()
def parse() -> None:
    """Saved pages as JSON lines on stdin, articles as JSON lines on stdout.

    A page is {"id", "url", "path", "source"?}. A bad line gives {"id", "line", "error"}, the rest goes
    on, and the exit status is 1.
    """
    from orchestration.scraping.jsonl import parse_lines

    sys.exit(_stream(parse_lines))


def _lines() -> Iterator[str]:
    """Lines of stdin; bytes that are no UTF-8 become an escape that JSON refuses, and with it the line."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "backslashreplace")


def _stream(transform: Callable[[Iterable[str], list[int]], Iterable[str]]) -> int:
    """Lines of stdin through `transform` to stdout; the exit status."""
    errors: list[int] = []
    try:
        for line in transform(_lines(), errors):
            sys.stdout.buffer.write(line.encode() + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader has seen enough (| head): no traceback when Python closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1 if errors else 0
