"""`laborledger read`: which files are to be read, by which engine, what came of them, and the exit status."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from orchestration.reading.engines import Done, Engine, Local, Ray
from orchestration.reading.shelf import Shelf, told_of
from orchestration.reading.work import Options, read_warc
from orchestration.scraping.sources import SourceError, load_sources

SUFFIXES = (".warc", ".warc.gz", ".warc.zst", ".warc.lz4")
DONE, FAILED, USAGE = 0, 1, 2
out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def read(inputs: Sequence[str], folder: Path, engine: str, workers: int, options: Options) -> int:
    """Read what was not read yet, and say what came of all; gives the exit status."""
    try:
        load_sources(Path(options.sources))
        paths = list(dict.fromkeys(path for one in inputs for path in files_of(one)))
    except (SourceError, FileNotFoundError) as error:
        _complain(str(error))
        return USAGE
    shelf = Shelf(folder)
    try:
        shelf.prepare()
        left = [path for path in paths if not shelf.has(path, told_of(path, options))]
        told = f"{len(paths)} files, {len(paths) - len(left)} of them read before"
        err.print(f"  {told}", style="dim", markup=False)
        failed = _read(left, shelf, Ray(workers) if engine == "ray" else Local(workers), options)
    except KeyboardInterrupt:
        _complain("stopped; what was read is kept, and the next call goes on from there")
        return FAILED
    except ImportError:
        _complain("Ray is not installed: pip install 'laborledger[ray]', or --engine local")
        return USAGE
    except OSError as error:
        _complain(str(error))
        return FAILED
    _summarise(shelf)
    return FAILED if failed else DONE


def files_of(named: str) -> Iterable[str]:
    """The WARC files that a path or address means. Raises FileNotFoundError."""
    if "://" in named:
        return [named]
    path = Path(named)
    if path.is_dir():
        found = sorted(str(file.resolve()) for file in path.rglob("*") if file.name.endswith(SUFFIXES))
        if not found:
            raise FileNotFoundError(f"{path} holds no file that ends in {', '.join(SUFFIXES)}")
        return found
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}: name WARC files, or folders of them")
    return [str(path.resolve())]


def work(shelf: Shelf, options: Options, path: str) -> str:
    """Read one file and keep its tables: what an engine hands out. Gives a line on it."""
    told = told_of(path, options)
    tables = read_warc(path, options)
    shelf.keep(path, told, tables)
    return f"{tables['articles'].num_rows} articles, {tables['figures'].num_rows} figures"


def _read(paths: Sequence[str], shelf: Shelf, engine: Engine, options: Options) -> int:
    """Read the files; gives how many could not be."""
    failed = 0
    with Progress(console=err, transient=True) as progress:
        bar = progress.add_task("reading", total=len(paths))
        for done in engine.run(partial(work, shelf, options), paths):
            failed += _told(done)
            progress.advance(bar)
    return failed


def _told(done: Done) -> bool:
    """Say what became of a file; gives whether it failed."""
    if done.error:
        _complain(f"{done.path}: {done.error}")
        return True
    err.print(f"  {done.path}: {done.line}", style="dim", markup=False, soft_wrap=True)
    return False


def _summarise(shelf: Shelf) -> None:
    """All that the shelf holds, by what became of the records."""
    total: dict[str, int] = {}
    for place in shelf.kept():
        for row in pq.read_table(place / "counts.parquet").to_pylist():
            total[row["what"]] = total.get(row["what"], 0) + row["count"]
            if row["detail"]:
                err.print(f"  {place.name}: {row['what']}: {row['detail']}", style="yellow", markup=False)
    table = Table(title=str(shelf.folder), title_justify="left")
    table.add_column("what")
    table.add_column("count", justify="right")
    for what, count in sorted(total.items()):
        table.add_row(what, f"{count:,}")
    out.print(table)


def _complain(message: str) -> None:
    print(f"laborledger: {message}", file=sys.stderr)
