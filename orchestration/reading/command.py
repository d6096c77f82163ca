"""`laborledger read`: which files, on which engine, and what is said meanwhile. The reading is not done
here.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import fsspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from orchestration.extraction.reader.inference import ReaderError
from orchestration.reading.archives import Options
from orchestration.reading.cc_news import BASE, PREFIX, ListError, Month, list_month, months_of
from orchestration.reading.engines import ENGINES, Engine, EngineError
from orchestration.reading.outputs import Done, Task, failed_file, folder_of, is_read, note_failure
from orchestration.reading.prefilter import folded
from orchestration.scraping.sources import SOURCES_FILE, SourceError, load_sources

SUFFIXES = (".warc.gz", ".warc", ".warc.zst")
SHOWN = 20
out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)


class InputError(ValueError):
    """What was asked for cannot be read at all; the message says why."""


def read(
    inputs: Sequence[str], engine: str, workers: int | None, folder: Path, texts: bool, hosts: Path | None,
    sources: Path | None, words: Path | None = None, cc_base: str = BASE,
) -> int:  # fmt: skip
    """Read files into folders under `folder`; gives the exit status."""
    try:
        options = Options(texts, read_hosts(hosts), read_words(words), (sources or SOURCES_FILE).resolve())
        load_sources(options.sources)
        months = listed_months(inputs, cc_base)
        paths = found_files([told for told in inputs if not told.startswith(PREFIX)], months)
        folder.mkdir(parents=True, exist_ok=True)
        for month in months:
            month.note(folder)
        reading = _Progress(folder.resolve(), options)
        return reading.run(ENGINES[engine](workers or os.cpu_count() or 1), paths)
    except (InputError, ListError, SourceError) as error:
        err.print(f"laborledger read: {error}", style="red", markup=False)
        return 2
    except (EngineError, ReaderError, OSError, ImportError) as error:
        err.print(f"laborledger read: {error}", style="red", markup=False)
        return 1


def read_hosts(file: Path | None) -> tuple[str, ...]:
    """One host a line; blank lines and those that begin with # are passed over."""
    hosts = tuple(line.lower() for line in _lines(file))
    if bad := [host for host in hosts if "/" in host or " " in host]:
        raise InputError(f"{file}: {bad[0]!r} is no host; write it as example.com")
    if file and not hosts:
        raise InputError(f"{file} names no host")
    return hosts


def read_words(file: Path | None) -> tuple[str, ...]:
    """One word or phrase a line, as `read_hosts` takes them."""
    words = tuple(dict.fromkeys(word for line in _lines(file) if (word := folded(line))))
    if file and not words:
        raise InputError(f"{file} names no word")
    return words


def _lines(file: Path | None) -> list[str]:
    lines = file.read_text(encoding="utf-8-sig").splitlines() if file else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def listed_months(inputs: Iterable[str], base: str) -> list[Month]:
    """The months of CC-NEWS that are named; what is known to be missing in them is said. Raises ListError."""
    firsts = dict.fromkeys(first for told in inputs if told.startswith(PREFIX) for first in months_of(told))
    months = [list_month(first, base) for first in firsts]
    for month in months:
        for gap in month.gaps:
            err.print(f"CC-NEWS {month}: known gap: {gap}", style="yellow", markup=False)
        if not month.files:
            err.print(f"CC-NEWS {month}: no list, or one that names no file", style="yellow", markup=False)
    return months


def found_files(inputs: Iterable[str], months: Sequence[Month] = ()) -> list[str]:
    """The files that are named, those under named folders, and those of months. Raises InputError.

    One of a month that is not there is found so when it is read, and costs no other.
    """
    listed = (path for month in months for path in month.files)
    paths = list(dict.fromkeys([*(path for told in inputs for path in _files(told)), *listed]))
    names = Counter(folder_of(Path(), path).name for path in paths)
    if twice := [name for name, many in names.items() if many > 1]:
        raise InputError(f"several files are named {twice[0]}: read them into different folders (--out)")
    if not paths and not months:
        raise InputError(f"no file that ends in {', '.join(SUFFIXES)}")
    return paths


def _files(told: str) -> Iterator[str]:
    if "://" in told:
        yield from _remote_files(told)
    elif os.path.isdir(told):
        found = (os.path.join(place, name) for place, _, names in os.walk(told) for name in names)
        yield from sorted(os.path.abspath(path) for path in found if path.endswith(SUFFIXES))
    elif os.path.isfile(told):
        yield os.path.abspath(told)
    else:
        raise InputError(f"there is no file or folder {told!r}")


def _remote_files(told: str) -> Iterator[str]:
    """A file at an address, or all under a folder of a store that can list."""
    if told.endswith(SUFFIXES):
        yield told
        return
    try:
        system, place = fsspec.core.url_to_fs(told)
        found = [system.unstrip_protocol(name) for name in system.find(place)]
    except (OSError, ImportError, ValueError) as error:
        raise InputError(f"{told}: {error}; `pip install 'laborledger[s3]'` for s3://") from error
    yield from sorted(name for name in found if name.endswith(SUFFIXES))


class _Progress:
    """One run: what is left to do, what was done, what failed."""

    def __init__(self, folder: Path, options: Options) -> None:
        self._folder, self._options = folder, options
        self._counts: Counter[str] = Counter()
        self._failed: dict[str, str] = {}

    def run(self, engine: Engine, paths: Sequence[str]) -> int:
        """Read what is not read; a second Ctrl-C is not needed, what is finished stays."""
        left = [path for path in paths if not self._is_read(path)]
        self._counts["kept"] = len(paths) - len(left)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=err, disable=not sys.stderr.isatty()) as bar:
            shown = bar.add_task("reading", total=len(left))
            try:
                for path, outcome in engine.map(Task(self._folder, self._options), left) if left else ():
                    self._note(path, outcome.result, outcome.why)
                    bar.advance(shown)
            except KeyboardInterrupt:
                err.print("stopped; finished files stay, and the same command goes on with the others")
                return 1
        self._tell()
        return 1 if self._failed else 0

    def _is_read(self, path: str) -> bool:
        try:
            return is_read(self._folder, path, self._options)
        except OSError:
            return False  # reading it says what is wrong

    def _note(self, path: str, done: Done | None, why: str | None) -> None:
        if done is None:
            self._failed[path] = why or "nothing is known of it"
            note_failure(self._folder, path, self._failed[path])
            return
        self._counts["files"] += 1
        self._counts.update({name: n for name, n in done.counts.items() if isinstance(n, int)})
        for trouble in done.counts["broken"][:SHOWN]:
            err.print(f"{path}: at byte {trouble['offset']}: {trouble['why']}", style="yellow", markup=False)

    def _tell(self) -> None:
        n = self._counts
        told = (
            f"{n['files']:,} files read, {n['kept']:,} were read before: {n['pages']:,} pages, "
            f"{n['passed']:,} may name North Korea, {n['parsed']:,} articles, "
            f"{n['undated']:,} pages without a day, {n['figures']:,} figures; in {self._folder}"
        )
        out.print(told, markup=False)
        for path, why in self._failed.items():
            err.print(
                f"not read: {path}: {why} ({failed_file(self._folder, path).name})", style="red", markup=False
            )
