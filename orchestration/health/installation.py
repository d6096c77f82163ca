"""Looks at what is installed: Python, packages, DuckDB, time zones, the reader, whom to tell.

What a home holds is for `place.py`. Nothing is changed but a temporary file that is removed again.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from orchestration.health.troubles import Look, in_a_line, trouble
from orchestration.home import ROOT
from orchestration.ledger import STORAGE
from orchestration.scraping.sources import known_zones

LOCK = ROOT / "requirements.lock"
PROJECT = "laborledger"
SHOWN = 8
"""Packages named in one line."""


def python() -> Look:
    """Whether this Python is one that the project says it runs on."""
    found, wanted = ".".join(map(str, sys.version_info[:3])), _python_wanted()
    fits = found in SpecifierSet(wanted)
    return Look.of("Python", found, [] if fits else [trouble("python_other", found=found, wanted=wanted)])


def _python_wanted() -> str:
    return str(metadata.metadata(PROJECT)["Requires-Python"] or "") if _version(PROJECT) else ""


def packages(lock: Path = LOCK) -> Look:
    """Whether what is installed is what the lock file says; other packages may stand beside them."""
    if not lock.is_file():
        return Look.of("packages", "not compared", [trouble("no_lock", path=lock)])
    wanted = locked(lock.read_text(encoding="utf-8").splitlines())
    found = {name: _version(name) for name in wanted}
    missing = [f"{name} {wanted[name]}" for name, version in found.items() if version is None]
    others = [f"{n} {v} ({wanted[n]})" for n, v in found.items() if v is not None and v != wanted[n]]
    told = (("packages_missing", missing), ("packages_differ", others))
    troubles = [trouble(code, names=_listed(names)) for code, names in told if names]
    return Look.of("packages", f"{len(wanted)} in {lock.name}", troubles)


def locked(lines: Iterable[str]) -> Mapping[str, str]:
    """The version of each package of a lock file that this platform needs, by canonical name."""
    found: dict[str, str] = {}
    for line in lines:
        words = line.strip().rstrip("\\").strip()
        if "==" not in words or words.startswith(("#", "--")):
            continue
        requirement = Requirement(words)
        if requirement.marker is None or requirement.marker.evaluate():
            (pinned,) = requirement.specifier
            found[canonicalize_name(requirement.name)] = pinned.version
    return found


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def duckdb_works() -> Look:
    """Whether DuckDB writes a file that a reader of version 1.0 opens, and reads it again."""
    import duckdb

    try:
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "probe.duckdb")
            with duckdb.connect(file, config=dict(STORAGE)) as connection:
                connection.execute("create table probe as select 1 as one")
            with duckdb.connect(file, read_only=True) as connection:
                connection.execute("select one from probe").fetchall()
    except (duckdb.Error, OSError) as error:
        found = [trouble("duckdb_fails", version=duckdb.__version__, why=in_a_line(error))]
        return Look.of("DuckDB", duckdb.__version__, found)
    return Look.of("DuckDB", duckdb.__version__)


def zones(names: Iterable[str]) -> Look:
    """Whether the time zones of the outlets are known here."""
    wanted = sorted(set(names))
    missing = [name for name in wanted if name not in known_zones()]
    troubles = [trouble("zones_missing", names=_listed(missing))] if missing else []
    return Look.of("time zones", ", ".join(wanted), troubles)


def reader(folder: Path | None = None) -> Look:
    """Whether the files of the reader, or of one in another folder, are whole and its graph loads."""
    from orchestration.extraction.reader.inference import FOLDER, Reader, ReaderError

    try:
        Reader(folder or FOLDER)
    except ReaderError as error:
        return Look.of("reader", "broken", [trouble("reader_broken", why=in_a_line(error))])
    except Exception as error:  # onnxruntime raises a kind of its own for each way of being wrong.
        why = f"{type(error).__name__}: {in_a_line(error)}"
        return Look.of("reader", "broken", [trouble("reader_broken", why=why)])
    return Look.of("reader", "loads")


def told(addresses: Sequence[str]) -> Look:
    """Whether each address that a failure is told to is one that Apprise knows; none is shown or asked."""
    odd = list(_unknown(addresses))
    troubles = [trouble("notify_unknown", number=number) for number in odd]
    words = f"{len(addresses)} addresses" if addresses else "nobody"
    return Look.of("told of failures", words, troubles)


def _unknown(addresses: Sequence[str]) -> Iterator[int]:
    from orchestration.notifying import is_known

    yield from (number for number, address in enumerate(addresses, start=1) if not is_known(address))
