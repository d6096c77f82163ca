"""Fuzzes the extractor by `fuzz_target`.

python -m tests.fuzz [--minutes N] [FILE...]

It is what `make fuzz` runs: with atheris, which follows the code that an input reaches, else with hypothesis.
What breaks is kept under .cache/fuzz; given such a FILE, that one alone is run.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

try:
    import atheris  # type: ignore[import-not-found]
except ImportError:
    atheris = None

GOLD = Path(__file__).parent / "gold"
KEPT = Path(__file__).resolve().parent.parent / ".cache" / "fuzz"
LONGEST = 600
HANGS_AFTER = 60
"""Seconds after which an input counts as one that never ends."""


def _seed(folder: Path) -> None:
    """First inputs, dated: the gold articles in pieces, and words of the tables at random."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(1)
    for number in range(100):
        (folder / f"words-{number}").write_bytes(bytes((3, 148, 112)) + chance.randbytes(LONGEST // 4))
    for path in sorted(GOLD.glob("*.txt")):
        text = path.read_bytes()
        for start in range(0, len(text), LONGEST // 2):
            told = bytes((1, 148, 112)) + text[start : start + LONGEST // 2]
            (folder / f"{path.stem}-{start}").write_bytes(told)


def _run_atheris(minutes: float) -> None:
    with atheris.instrument_imports(include=["orchestration.extraction"]):
        from tests.fuzz_target import check
    corpus = KEPT / "corpus"
    _seed(corpus)
    options = {
        "max_total_time": round(minutes * 60),
        "max_len": LONGEST,
        "timeout": HANGS_AFTER,
        "artifact_prefix": f"{KEPT}/",
        "print_final_stats": 1,
    }
    atheris.Setup([sys.argv[0], str(corpus), *(f"-{name}={value}" for name, value in options.items())], check)
    atheris.Fuzz()


def _run_hypothesis(minutes: float) -> None:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    from tests.fuzz_target import check

    end = time.monotonic() + minutes * 60
    quiet = settings(deadline=None, max_examples=200, database=None, suppress_health_check=list(HealthCheck))
    made = st.builds(
        lambda flags, rest: bytes([flags]) + rest, st.integers(0, 31), st.binary(max_size=LONGEST)
    )
    run: Callable[[], None] = quiet(given(made)(check))
    while time.monotonic() < end:
        run()


def main() -> None:
    """Run the files that are given, else make up inputs for so many minutes."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "--minutes", type=float, default=10, help="how long inputs are made up (default: 10)"
    )
    options.add_argument("files", nargs="*", type=Path, metavar="FILE", help="an input that broke something")
    asked = options.parse_args()
    if asked.files:
        from tests.fuzz_target import check

        for path in asked.files:
            check(path.read_bytes())
    elif atheris is not None:
        _run_atheris(asked.minutes)
    else:
        print("atheris is not installed: hypothesis makes up the inputs", flush=True)
        _run_hypothesis(asked.minutes)


if __name__ == "__main__":
    main()
