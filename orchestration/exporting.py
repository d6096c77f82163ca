"""`laborledger export` and `export-texts`: write what was asked for, and say where it lies.

Only the conversation belongs here; what is written is for `publishing.exports` and `publishing.texts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from orchestration.home import Home
from orchestration.ledger import LedgerError, writer_lock
from orchestration.publishing import PublishError
from orchestration.publishing.exports import export as write_export
from orchestration.publishing.texts import write_texts
from orchestration.scraping.sources import SOURCES_FILE, SourceError, load_sources

out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def export(home: Home, folder: Path, forms: Sequence[str], is_safe: bool) -> int:
    """Write the published tables in each of `forms`, all of one build; gives the exit status.

    `is_safe` is of CSV alone: no program that reads Parquet runs a text.
    """
    file = home.published_file.resolve()
    try:
        for form in forms:
            done = write_export(file, folder.resolve() / form, form, is_safe and form == "csv")
            state = "written" if done.changed else "up to date"
            told = (
                f"{state}: {done.folder} ({done.files} files, {done.bytes / 1e6:,.1f} MB, build {done.build})"
            )
            out.print(told, markup=False, soft_wrap=True)
    except (PublishError, OSError) as error:
        return _failed("export", error)
    return 0


def export_texts(home: Home, file: Path, sources: Path | None) -> int:
    """Write the texts that the outlets' terms let be stored; gives the exit status.

    `sources` is the sources file that says their terms, by default the project's own.
    """
    try:
        if not home.build_file.exists():
            raise PublishError(f"{home.build_file} is missing: there are no articles yet; run `make run`")
        terms = load_sources(sources or SOURCES_FILE)
        abstracts = {source.id for source in terms if source.stores == "abstract"}
        with writer_lock(home, wait=0):
            count = write_texts(home, file.resolve(), abstracts)
    except (PublishError, LedgerError, SourceError, OSError) as error:
        return _failed("export-texts", error)
    told = f"written: {file} ({count:,} texts; they are the outlets', not for passing on)"
    out.print(told, markup=False, soft_wrap=True)
    return 0


def _failed(command: str, error: Exception) -> int:
    err.print(f"laborledger {command}: {error}", style="red", markup=False, soft_wrap=True)
    return 1
