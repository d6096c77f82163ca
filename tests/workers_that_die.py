"""What workers of an engine are given in tests: paths that end them, or leave a note of each try."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from orchestration.reading.engines import Engine


def tried(path: str) -> int:
    """How often a path was tried, this time included."""
    notes = Path(path)
    with notes.open("a", encoding="utf-8") as file:
        file.write("tried\n")
    return len(notes.read_text(encoding="utf-8").splitlines())


def answer(path: str) -> str:
    """The path's name; one named `dies` ends its worker each time, `once` the first time, `raises` raises."""
    tries, name = tried(path), Path(path).name
    if name == "dies" or (name == "once" and tries == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "raises":
        raise ValueError("no such thing")
    return name


def check_deaths(engine: Engine, folder: Path) -> None:
    """A worker that dies costs its path a try, or the path where it dies each time, and no other."""
    names = ("dies", "good", "once", "raises", "well")
    found = dict(engine.map(answer, [str(folder / name) for name in names]))
    outcomes = {Path(path).name: outcome for path, outcome in found.items()}
    assert {name: outcome.result for name, outcome in outcomes.items() if outcome.why is None} == {
        "good": "good", "once": "once", "well": "well",
    }  # fmt: skip
    assert "died 2 times" in str(outcomes["dies"].why)
    assert outcomes["raises"].why == "ValueError: no such thing"
