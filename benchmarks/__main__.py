"""`python -m benchmarks`: measure, print a line each, end with 1 where something is not as wanted."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from benchmarks.checks import CHECKS

ABOUT = "\n".join(f"  {name:8} {check.__doc__}" for name, check in CHECKS.items())


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="\b\n" + ABOUT,
)
@click.option(
    "--only", "names", type=click.Choice(list(CHECKS)), multiple=True, help="Measure this; may be repeated."
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.05, 600),
    default=2.0,
    show_default=True,
    help="About how long each rate is measured if it is as wanted: longer is steadier.",
)
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line instead of a table.")
def main(names: tuple[str, ...], seconds: float, as_json: bool) -> None:
    """Measure `laborledger extract` as a whole process on one core, its start included.

    Rates are articles a second of processor time. Beside them stands how many times as fast that is as
    json.loads and str.split over the same lines. Nothing is kept from one article for the next. Pages are
    parsed in turns with trafilatura, whose speed on them is the measure. Exit
    status 0: all is as wanted; 1: something is not, or could not be measured.
    """
    fine = True
    with tempfile.TemporaryDirectory(prefix="laborledger-bench-") as folder:
        for name in names or CHECKS:
            for result in CHECKS[name](Path(folder), seconds):
                print(result.record() if as_json else result.told(), flush=True)
                fine = fine and result.is_ok
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
