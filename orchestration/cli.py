"""`laborledger …`: the command line, thin. Options, messages and exit statuses belong here, the work
does not: each command imports what it needs when it runs, so that `extract` and `parse` start at once.

Exit statuses: 0 done (after `run`: the published file is current), 1 something failed (the published
file is as it was), 2 wrong usage.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from orchestration.home import Home

L = TypeVar("L", str, bytes)

SOURCES_HELP = "sample, live, none, or the path of a sources file. Default: live; none when --inbox is given."
HOME_HELP = "Folder of all that is built. Default: warehouse/sample for the sample, else warehouse/live."

HOME = click.option(
    "--home", type=click.Path(file_okay=False, path_type=Path), envvar="LABORLEDGER_HOME", help=HOME_HELP
)


def _read_home(named: Path | None) -> Home:
    """The home whose ledger is asked: the named one, else the live one, else the sample's."""
    from orchestration.home import Home

    return Home(named.resolve()) if named else Home.to_read()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="laborledger", prog_name="laborledger")
def main() -> None:
    """Labor Ledger: a dated, claim-level ledger of North Korean overseas labour, built from the press.

    \b
    laborledger run --sources sample      the whole pipeline on the embedded sample outlet
    laborledger run                       the same on the live outlets
    laborledger run --inbox DIR           the same on saved pages, WARC files among them
    laborledger reparse                   the articles anew from the archive, with no network
    laborledger read DIR                  the figures of a press archive's WARC files, as Parquet
    laborledger load DIR                  what `read --texts` left, into the ledger
    laborledger sql 'select ...'          ask the published file
    laborledger status                    how the ledger is, and what needs a person
    laborledger doctor                    whether the installation is well, and each cure
    laborledger backup DIR                what cannot be made again, and restore DIR makes a home of it
    laborledger prune                     remove what is old and not needed; a UI does it by itself
    laborledger why CLAIM_ID              where a number comes from
    laborledger report                    the published file as one page, and charts
    laborledger export DIR                the published tables as CSV and Parquet
    laborledger publish                   force what the gate refused, or go back to an earlier build
    laborledger review                    what to look at first: the claims least sure
    laborledger explain article.txt       why a number of an article is a figure, or is none
    """


@main.command()
@click.option("--sources", metavar="WHICH", help=SOURCES_HELP)
@click.option(
    "--inbox",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of saved pages: .html and .txt; NAME.json beside a page may give {url, source, published}.",
)
@click.option(
    "--reviews",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What people decided of claims. Default: warehouse/reviews.csv, for all but the sample.",
)
@click.option(
    "--target",
    type=click.Choice(["build", "ducklake"]),
    envvar="LABORLEDGER_TARGET",
    default="build",
    show_default=True,
    help="Where marts are built: the home's own file, or the lake that many homes share "
    "(LABORLEDGER_LAKE and LABORLEDGER_LAKE_DATA say where it is).",
)
@HOME
def run(
    sources: str | None, inbox: Path | None, reviews: Path | None, target: str, home: Path | None
) -> None:
    """Scrape, extract, build, check and publish; a second run does only what is new.

    Exit status 0: the published file is current, also when nothing changed. 1: a check, the build or
    the publishing failed, or no outlet answered; the published file is as it was. 2: wrong usage.
    """
    from orchestration.running import run as run_once
    from orchestration.selection import Selection

    sys.exit(run_once(Selection.of(sources, inbox, home, reviews, target)))


@main.command()
@click.option("--sources", metavar="WHICH", default="live", show_default=True, help=SOURCES_HELP)
@HOME
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
def ui(sources: str, home: Path | None, port: int) -> None:
    """Open the Dagster UI on 127.0.0.1, with the job ready to launch and the daily schedule."""
    from orchestration.running import serve_ui
    from orchestration.selection import Selection

    sys.exit(serve_ui(Selection.of(sources, None, home), port))


PROCESS = click.argument("process", type=click.Choice(["code", "daemon", "web"]))


@main.command()
@PROCESS
@click.option("--sources", metavar="WHICH", envvar="LABORLEDGER_SOURCES", default="live", help=SOURCES_HELP)
@HOME
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Of web. Dagster asks nobody who they are."
)
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Of web.")
def serve(process: str, sources: str, home: Path | None, host: str, port: int) -> None:
    """Be one process of a server: the definitions and runs (code), the schedules (daemon) or the UI (web).

    orchestration/deploy/ has systemd units and a compose file that start all three. At a desk: laborledger
    ui.
    """
    from orchestration.deploy.process import Process
    from orchestration.deploy.serving import serve as become
    from orchestration.selection import Selection

    reviews = os.environ.get("LABORLEDGER_REVIEWS")
    selection = Selection.of(sources, None, home, Path(reviews) if reviews else None)
    sys.exit(become(selection, Process(process), host, port))


@main.command()
@PROCESS
@HOME
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Of web.")
@click.option("--wait", type=click.IntRange(0), default=0, metavar="SECONDS", help="For it to become well.")
def healthy(process: str, home: Path | None, port: int, wait: int) -> None:
    """Ask whether a process of the server is well; exit status 1 where it is not."""
    from orchestration.deploy.healthy import healthy as ask
    from orchestration.deploy.process import Process
    from orchestration.home import Home

    sys.exit(ask(Home(home.resolve()) if home else Home.default("live"), Process(process), port, wait))


@main.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@HOME
def status(form: str, home: Path | None) -> None:
    """Show how the ledger is: last run, last publish, outlets, figures, quality, disk, and what is wrong.

    Exit status 1: something needs a person; the screen says what, and the cure.
    """
    from orchestration.health.screen import status as show

    sys.exit(show(_read_home(home), form))


@main.command()
@click.option("--sources", metavar="WHICH", help=SOURCES_HELP)
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Of the UI.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@HOME
def doctor(sources: str | None, port: int, form: str, home: Path | None) -> None:
    """Look at the installation and the home: versions, rights, disk, locks, port, sources; name each cure.

    For a machine on which something does not work, or before a first run on a new one. No outlet is asked.
    Exit status 1: something needs a person.
    """
    from orchestration.health.doctor import doctor as look
    from orchestration.selection import Selection

    sys.exit(look(Selection.of(sources, None, home), port, form))


@main.command()
@HOME
def reparse(home: Path | None) -> None:
    """Make the articles anew from the home's archive, with no network.

    For a ledger that was lost, or pages that a new parser is to read at once. `laborledger run --sources
    none` then builds and publishes.
    """
    from orchestration.running import reparse as reparse_home
    from orchestration.selection import Selection

    sys.exit(reparse_home(Selection.of("none", None, home)))


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--reviews",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="LABORLEDGER_REVIEWS",
    help="What people decided of claims. Default: warehouse/reviews.csv.",
)
@click.option("--keep", type=click.IntRange(1), metavar="N", help="Backups to keep in FOLDER. Default: all.")
@HOME
def backup(folder: Path, reviews: Path | None, keep: int | None, home: Path | None) -> None:
    """Copy what cannot be made again into a new folder in FOLDER: archive, raw tables, history, reviews.

    Marts and published builds are not among it: `laborledger run --sources none` makes them. A file of the
    archive that the backup before has takes no room.
    """
    from orchestration.backup import backup as take
    from orchestration.home import REVIEWS_FILE

    sys.exit(take(_read_home(home), folder, reviews or REVIEWS_FILE, keep))


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--force", "is_forced", is_flag=True, help="Move a home that is not empty aside, and keep it.")
@HOME
def restore(folder: Path, is_forced: bool, home: Path | None) -> None:
    """Make a home of a backup in FOLDER: the newest, or the one that FOLDER is.

    Each file is compared with what the backup's manifest says; a torn or changed one is named, and nothing is
    restored.
    """
    from orchestration.home import Home
    from orchestration.restoring import restore as make

    sys.exit(make(folder, Home(home.resolve()) if home else Home.default("live"), is_forced))


@main.command()
@click.option("--dry-run", "is_dry", is_flag=True, help="Only say what would go.")
@HOME
def prune(is_dry: bool, home: Path | None) -> None:
    """Remove what the ledger need not keep: old runs from Dagster's history, old announcements from the
    archive, what killed processes left.

    The UI does it each morning by itself. Pages of articles, raw tables and what changed when are kept for
    good; how long the rest is kept stands in orchestration/pruning/retention.csv.
    """
    from orchestration.pruning.prune import prune as remove

    sys.exit(remove(_read_home(home), is_dry))


@main.command()
@click.argument("inputs", metavar="WARC|DIR|URL|cc-news:YYYY-MM...", nargs=-1, required=True)
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True)
@click.option(
    "--workers", type=click.IntRange(1, 1024), metavar="N", help="Files at once. Default: the cores."
)
@click.option(
    "--out", "folder", type=click.Path(file_okay=False, path_type=Path), default="figures", show_default=True
)
@click.option("--texts", is_flag=True, help="Keep the articles' texts too; they are the outlets'.")
@click.option(
    "--hosts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read pages of these hosts alone: one a line.",
)
@click.option(
    "--words",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read pages that hold one of these words, in any case: one word or phrase a line.",
)
@click.option(
    "--cc-base",
    metavar="URL|DIR",
    envvar="LABORLEDGER_CC_BASE",
    default="https://data.commoncrawl.org",
    show_default=True,
    help="Where cc-news:... finds its lists and files: a mirror, s3://commoncrawl, a folder laid out alike.",
)
@click.option(
    "--sources",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own list of outlets. Default: the project's.",
)
def read(
    inputs: tuple[str, ...], engine: str, workers: int | None, folder: Path, texts: bool, hosts: Path | None,
    words: Path | None, cc_base: str, sources: Path | None,
) -> None:  # fmt: skip
    """Read WARC archives into Parquet: figures, rejects, articles and counts, a folder for each file.

    An archive is a .warc.gz file, a folder of them, an address (s3://, https://), or months of Common
    Crawl's news (cc-news:2021-03, cc-news:2021-03..2021-05). Nothing of a ledger is touched. A file that is
    read is not read again, unless it or the extractor changed. Exit status 1: a file could not be read; it
    is named, and the others are read.
    """
    from orchestration.reading.command import read as read_archives

    sys.exit(read_archives(inputs, engine, workers, folder, texts, hosts, sources, words, cc_base))


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@HOME
def load(folder: Path, home: Path | None) -> None:
    """Load what `laborledger read --texts` left in FOLDER into a home's ledger.

    A file that was loaded is not loaded again; what is loaded stays when the command is stopped, and it goes
    on from there. `laborledger run --sources none` then builds and publishes. Exit status 1: a file could
    not be loaded; it is named, and the others are loaded.
    """
    from orchestration.home import Home
    from orchestration.loading import load as load_folder

    sys.exit(load_folder(folder, Home(home.resolve()) if home else Home.default("live")))


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
    from orchestration.publishing.query import run_sql

    sys.exit(run_sql(_read_home(home), statement, form))


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["csv", "parquet", "both"]), default="both", show_default=True
)
@click.option(
    "--spreadsheet-safe",
    "is_safe",
    is_flag=True,
    help="CSV for Excel and its like: ' before text that they would run as a formula, and a mark of UTF-8.",
)
@HOME
def export(folder: Path, form: str, is_safe: bool, home: Path | None) -> None:
    """Write all published tables as CSV and Parquet, each with a datapackage.json, into FOLDER/csv and
    FOLDER/parquet.

    All files are of one build, and a folder that holds it is left as it is. A NULL is an empty cell of the
    CSV, an empty text is "".
    """
    from orchestration.exporting import export as write

    forms = ("csv", "parquet") if form == "both" else (form,)
    sys.exit(write(_read_home(home), folder, forms, is_safe))


@main.command("export-texts")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--sources",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The sources file that says what the outlets' terms let be stored. Default: the project's own.",
)
@HOME
def export_texts(file: Path, sources: Path | None, home: Path | None) -> None:
    """Write the articles' texts into FILE, a DuckDB file of its own; they join on article_id.

    Only what the outlets' terms let be stored: of a paywalled one the abstract. The texts are the outlets'
    and not for passing on. The published file never holds them.
    """
    from orchestration.exporting import export_texts as write

    sys.exit(write(_read_home(home), file, sources))


@main.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write into. Default: beside the published file.",
)
@HOME
def report(out: Path | None, home: Path | None) -> None:
    """Write the report on the published file: report.html, one page that needs no network, and charts/.

    A run writes it by itself. The charts are SVG and PNG, for papers.
    """
    from orchestration.reporting import report as write

    sys.exit(write(_read_home(home), out))


@main.command()
@click.option("--force", "reason", metavar="REASON", help="Publish what the gate refused; REASON is kept.")
@click.option("--to", metavar="BUILD", help="Show readers an earlier build again; an unknown one lists all.")
@click.option("--by", metavar="NAME", help="Who decides. Default: git's user.name.")
@HOME
def publish(reason: str | None, to: str | None, by: str | None, home: Path | None) -> None:
    """Publish what the last run built, or go back to an earlier build.

    A run publishes by itself; this is for what its gate refused and a person wants published all the same,
    and for going back. Exit status 1: nothing was published, and the published file is as it was.
    """
    from orchestration.republishing import republish

    if reason is not None and to:
        raise click.UsageError("--force and --to are two things; say one")
    sys.exit(republish(_read_home(home), reason, to, by))


@main.command()
@click.argument("claim_id", required=False)
@click.option("--claims", type=click.IntRange(1), default=20, show_default=True, help="How many to list.")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)
@click.option("--decision", metavar="WHAT", help="confirm, reject, fix, merge or split.")
@click.option("--field", metavar="NAME", default="", help="Of a fix: measure, workers_low, countries, ...")
@click.option(
    "--value", metavar="TEXT", default="", help="Of a fix: lists as CHN|RUS. Of a merge or split: a claim id."
)
@click.option("--reason", metavar="TEXT", default="", help="Why; it is kept with the decision.")
@click.option("--reviewer", metavar="NAME", help="Who decides. Default: git's user.name.")
@click.option(
    "--reviews", type=click.Path(dir_okay=False, path_type=Path), help="Default: warehouse/reviews.csv."
)
@HOME
def review(
    claim_id: str | None, claims: int, form: str, home: Path | None, reviews: Path | None, **decision: str
) -> None:
    """List the published claims that the reader was least sure of, or show one and decide on it.

    Without CLAIM_ID: what to look at first. With it: what the claim says, its sentence and what people
    decided of it. With --decision too: the decision is written into the reviews file, and the next run
    applies it. Why a figure was made of a sentence, `laborledger explain` shows.

    \b
    laborledger review 1f0c... --decision reject --reason "counts buses"
    laborledger review 1f0c... --decision fix --field workers_high --value 500 --reason "'up to 500'"
    laborledger review 1f0c... --decision merge --value 77ab... --reason "the same flight"
    """
    from orchestration.publishing.query import LEAST_SURE, run_sql
    from orchestration.reviewing import review_claim

    ledger = _read_home(home)
    if claim_id is None:
        if decision["decision"]:
            raise click.UsageError("say of which claim: laborledger review CLAIM_ID --decision ...")
        sys.exit(run_sql(ledger, LEAST_SURE, form, values={"claims": claims}))
    sys.exit(review_claim(ledger, claim_id, reviews, decision))


@main.command()
@click.argument("claim_id")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@HOME
def why(claim_id: str, form: str, home: Path | None) -> None:
    """Show where a claim comes from: sentence, article, archived copy, event, reviews, history.

    The beginning of CLAIM_ID is enough where no other claim begins so. A claim that was withdrawn is known
    by its history.
    """
    from orchestration.tracing import why as tell

    sys.exit(tell(_read_home(home), claim_id, form))


@main.command()
@click.option("--rejects", is_flag=True, help="Also a line for each number near workers that is no figure.")
def extract(rejects: bool) -> None:
    """Articles as JSON lines on stdin, figures as JSON lines on stdout.

    An article is {"id", "title", "published", "text", "language"?}. A bad line gives {"id", "line",
    "error"}, the rest goes on, and the exit status is 1. A reject is {"article", "reject": true, "number",
    "start", "end", "sentence", "reason", "probability"}: the reader's probability that it is a figure, null
    where a rule proves that it is none.
    """
    from orchestration.extraction.jsonl import extract_lines

    sys.exit(_stream(partial(extract_lines, rejects=rejects), sys.stdin.buffer))


def _input(context: click.Context, parameter: click.Parameter, value: str) -> Path | None:
    """The file to read, None for stdin."""
    if value != "-" and (not Path(value).exists() or Path(value).is_dir()):
        raise click.BadParameter(f"there is no file {value!r}; name a text or JSON file, or - for stdin")
    return None if value == "-" else Path(value)


def _day(context: click.Context, parameter: click.Parameter, value: str | None) -> date | None:
    try:
        return date.fromisoformat(value) if value is not None else None
    except ValueError:
        raise click.BadParameter(f"{value!r} is no day; write it as 2024-02-27") from None


@main.command()
@click.argument("file", metavar="[FILE]", default="-", callback=_input)
@click.option(
    "--published", metavar="YYYY-MM-DD", callback=_day, help="Day against which times are resolved."
)
@click.option("--title", metavar="TEXT", help="The article's title.")
@click.option("--html", metavar="FILE", help="Write one HTML page instead; - for stdout.")
@click.option("--width", type=click.IntRange(40, 1000), help="Columns of the terminal.")
def explain(
    file: Path | None, published: date | None, title: str | None, html: str | None, width: int | None
) -> None:
    """Show why each number of an article is a figure, or is none.

    FILE (default: stdin) is a text, or articles as JSON as extract takes them: one, a list, or one a line.
    --published and --title go before what an article says itself. The text is shown with counts, places,
    times and words for work marked; then each count with what the reader weighed, how likely, and what
    was changed in view of the other counts; then the figures as a table.
    """
    from orchestration.explaining.articles import InputError, read_articles
    from orchestration.explaining.show import page, terminal_lines
    from orchestration.extraction.reader.inference import ReaderError

    if html is not None and file is not None and Path(html).resolve() == file.resolve():
        raise click.BadParameter(f"{html!r} is the file to read; name another", param_hint="--html")
    if file is None and sys.stdin.isatty():
        click.echo("reading from the terminal; end the text with Ctrl-D", err=True)
    try:
        articles = read_articles(file, title, published)
        if html is None or html == "-":
            _print([page(articles)] if html else terminal_lines(articles, width))
        else:
            Path(html).write_text(page(articles), encoding="utf-8")
    except (InputError, ReaderError) as error:
        sys.exit(f"laborledger explain: {error}")
    except OSError as error:
        sys.exit(f"laborledger explain: {html or 'stdout'} cannot be written: {error.strerror}")


@main.command()
def parse() -> None:
    """Saved pages as JSON lines on stdin, articles as JSON lines on stdout.

    A page is {"id", "url", "path", "source"?}. A bad line gives {"id", "line", "error"}, the rest goes
    on, and the exit status is 1.
    """
    from orchestration.scraping.jsonl import parse_lines

    sys.exit(_stream(parse_lines, _lines()))


def _lines() -> Iterator[str]:
    """Lines of stdin; bytes that are no UTF-8 become an escape that JSON refuses, and with it the line."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "backslashreplace")


def _stream(transform: Callable[[Iterable[L], list[int]], Iterable[str]], lines: Iterable[L]) -> int:
    """Lines of stdin through `transform` to stdout; the exit status."""
    errors: list[int] = []
    _print(f"{line}\n" for line in transform(lines, errors))
    return 1 if errors else 0


def _print(pieces: Iterable[str]) -> None:
    """Write to stdout as UTF-8, until its reader has seen enough."""
    try:
        for piece in pieces:
            sys.stdout.buffer.write(piece.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader has seen enough (| head): no traceback when Python closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
