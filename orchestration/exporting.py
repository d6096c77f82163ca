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

out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def export(home: Home, folder: Path, forms: Sequence[str], is_safe: bool) -> int:
    """Write the published tables in each of `forms`, all of one build; gives the exit status."""
    file = home.published_file.resolve()
    try:
        for form in forms:
            done = write_export(file, folder.resolve() / form, form, is_safe)
            state = "written" if done.changed else "up to date"
            told = (
                f"{state}: {done.folder} ({done.files} files, {done.bytes / 1e6:,.1f} MB, build {done.build})"
            )
            out.print(told, markup=False, soft_wrap=True)
    except (PublishError, OSError) as error:
        return _failed("export", error)
    return 0


def export_texts(home: Home, file: Path) -> int:
    """Write the texts of the home's articles; gives the exit status."""
    try:
        with writer_lock(home, wait=0):
            count = write_texts(home.build_file, file.resolve())
    except (PublishError, LedgerError, OSError) as error:
        return _failed("export-texts", error)
    out.print(f"written: {file} ({count:,} texts; they are the outlets', not for passing on)", markup=False)
    return 0


def _failed(command: str, error: Exception) -> int:
    err.print(f"laborledger {command}: {error}", style="red", markup=False, soft_wrap=True)
    return 1
