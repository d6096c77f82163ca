"""What `make bench` measures, and what is wanted: each check is one or a few lines of the report."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.archives import costs
from benchmarks.articles import annotated_news, home_news, world_news
from benchmarks.claims import add_claims, built, home_of_claims
from benchmarks.measuring import COMMAND, PEER, CommandError, Taken, take, written
from benchmarks.pages import MENUS, press_pages, saved_pages, speed_ratio
from benchmarks.publishing import home_of_a_gigabyte, publish_ratio
from benchmarks.reporting import events_of, home_of_events, report_cost

WORLD_RATE, HOME_RATE, GOLD_RATE = 40_000, 3_000, 20
"""Articles a second of one core that are wanted."""
FEW_CLAIMS, MANY_CLAIMS, MOST_CLAIMS, NEW_CLAIMS = 1_000, 100_000, 1_000_000, 100
BUILD_SECONDS, BUILD_MEBIBYTES, REBUILD_SECONDS = 60, 2_048, 10
GROWTH = 1.5
"""How much more than in proportion the build may grow."""
PUBLISH_RATIO = 1.5
REPORT_SECONDS, REPORT_MEBIBYTES = 5, 5
PARSE_RATIO = 0.8
"""Of trafilatura's speed on the same pages."""
START_SECONDS, PEAK_MEBIBYTES, GROWTH_MEBIBYTES = 1.5, 600, 16
FLAT_ARTICLES = 10_000
STARTS = 5
UNRELATED, RELATED, FILES = 50_000, 100, 4
"""A tenth of what a day of the world's press is."""
PREFILTER_SHARE, READ_RATIO, SPEED_UP, READER_MEBIBYTES = 0.6, 2.0, 1.8, 500


@dataclass(frozen=True, slots=True)
class Result:
    """A line of the report: what was measured, in which unit, and what is wanted (least or most).

    `ratio` compares with the peer, which parses and splits the same lines: above 1 is faster than it.
    `problem` says why nothing was measured.
    """

    what: str
    unit: str
    wanted: float
    is_least: bool
    measured: float | None = None
    ratio: float | None = None
    problem: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether what was wanted was measured."""
        if self.measured is None:
            return False
        return self.measured >= self.wanted if self.is_least else self.measured <= self.wanted

    def told(self) -> str:
        """The line as people read it."""
        sign = ">=" if self.is_least else "<="
        verdict = "ok" if self.is_ok else "NOT OK"
        measured = (
            f"{self.measured:,.{1 if self.measured >= 10 else 2}f}" if self.measured is not None else "-"
        )
        ratio = f"   {self.ratio:.2f} x json.loads + str.split" if self.ratio is not None else ""
        problem = f"   not measured: {self.problem}" if self.problem else ""
        wanted = f"{sign} {self.wanted:,g}"
        return f"{verdict:7} {self.what:48} {measured:>10} {self.unit:11} {wanted:>9}{ratio}{problem}"

    def record(self) -> str:
        """The line as programs read it: a JSON object."""
        return json.dumps({**asdict(self), "ok": self.is_ok})


Check = Callable[[Path, float], Iterator[Result]]
"""A check writes its articles into a folder and measures for about so many seconds."""


def world(folder: Path, seconds: float) -> Iterator[Result]:
    """News that never names North Korea: the rate at which it is put aside."""
    lines = round(WORLD_RATE * seconds)
    yield _rate(
        "news that never names North Korea", WORLD_RATE, lines, written(world_news(lines), folder, "world")
    )


def home(folder: Path, seconds: float) -> Iterator[Result]:
    """News of North Korea in which no number can count people."""
    lines = round(HOME_RATE * seconds)
    what = "news of North Korea without counts of people"
    yield _rate(what, HOME_RATE, lines, written(home_news(lines), folder, "home"))


def gold(folder: Path, seconds: float) -> Iterator[Result]:
    """The project's annotated articles, which the reader judges."""
    lines = max(1, round(GOLD_RATE * seconds))
    source = written(annotated_news(lines), folder, "gold")
    yield _rate("the annotated articles", GOLD_RATE, lines, source)
    yield _peak("peak memory, annotated articles", source)


def start(folder: Path, seconds: float) -> Iterator[Result]:
    """From the command to its end, with nothing to read and with one article."""
    for name, many in (("empty input", 0), ("one article", 1)):
        source = written(annotated_news(many), folder, f"start-{many}")
        result = Result(f"start to end, {name}", "s", START_SECONDS, False)
        yield _measured(result, lambda source=source: _median_start(source))  # type: ignore[misc]


def memory(folder: Path, seconds: float) -> Iterator[Result]:
    """Whether memory stays as it is over many articles."""
    source = written(home_news(FLAT_ARTICLES), folder, "flat")
    yield _peak(f"peak memory, {FLAT_ARTICLES:,} articles", source)
    growth = Result("memory gained over the last four fifths", "MiB", GROWTH_MEBIBYTES, False)
    yield _measured(growth, lambda: take(COMMAND, source).growth)


def parse(folder: Path, seconds: float) -> Iterator[Result]:
    """Pages of unknown outlets as articles, against trafilatura alone on the same pages."""
    texts = [str(json.loads(line)["text"]) for line in home_news(len(MENUS))]
    for what, pages in (("saved pages", saved_pages()), ("pages of the press's size", press_pages(texts))):
        result = Result(f"{what} parsed", "x peer", PARSE_RATIO, True)
        yield _with(result, measured=speed_ratio(pages, 2 * seconds))


def warehouse(folder: Path, seconds: float) -> Iterator[Result]:
    """dbt over 100,000 claims, after 100 more, and how its models grow to a million (minutes)."""
    home = home_of_claims(folder / "warehouse", MANY_CLAIMS)
    try:
        first = built(home)
        add_claims(home, NEW_CLAIMS)
        again = built(home)
        small = built(home_of_claims(folder / "small", FEW_CLAIMS))
        large = built(home_of_claims(folder / "large", MOST_CLAIMS))
    except subprocess.CalledProcessError as error:
        yield Result("dbt build", "s", BUILD_SECONDS, False, problem=str(error.stderr)[-500:])
        return
    yield Result(f"dbt build of {MANY_CLAIMS:,} claims", "s", BUILD_SECONDS, False, first.seconds)
    yield Result(f"its peak memory, {MANY_CLAIMS:,} claims", "MiB", BUILD_MEBIBYTES, False, first.peak)
    yield Result(f"dbt build after {NEW_CLAIMS} new claims", "s", REBUILD_SECONDS, False, again.seconds)
    # What does not depend on the claims is taken off, else the small build is nothing else.
    growth = (large.seconds - small.seconds) / max(first.seconds - small.seconds, 0.1)
    times = MOST_CLAIMS / MANY_CLAIMS
    yield Result(f"growth of the build, {times:.0f} times the claims", "times", GROWTH * times, False, growth)


def archive(folder: Path, seconds: float) -> Iterator[Result]:
    """WARC files of unrelated pages with a few related ones: pre-filter, reading, two workers, memory"""
    cost = costs(folder / "archive", UNRELATED, RELATED, FILES)
    share, floor = cost.alone / cost.prefiltered, cost.alone + cost.related
    yield Result(f"fastwarc alone, {UNRELATED + RELATED:,} pages", "s", float("inf"), False, cost.alone)
    yield Result("its speed that the pre-filter leaves", "x", PREFILTER_SHARE, True, share)
    yield Result("related pages alone, parsed and extracted", "s", float("inf"), False, cost.related)
    yield Result("all read on one core, by the two above", "x", READ_RATIO, False, cost.one / floor)
    yield Result("two workers, by one", "x", SPEED_UP, True, cost.one / cost.two)
    yield Result("peak memory of a worker", "MiB", READER_MEBIBYTES, False, cost.peak)


def publish(folder: Path, seconds: float) -> Iterator[Result]:
    """publishing a build of 1 GB, by the time of cp and fsync of the build"""
    result = Result("publishing a build of 1 GB", "x cp + fsync", PUBLISH_RATIO, False)
    yield _measured(result, lambda: publish_ratio(home_of_a_gigabyte(folder / "gigabyte")))


def report(folder: Path, seconds: float) -> Iterator[Result]:
    """the report on 20,000 events: seconds to write it, start and pictures included, and its size"""
    home = home_of_events(folder / "report")
    seconds_taken, mebibytes = report_cost(home)
    yield Result(f"report on {events_of(home):,} events", "s", REPORT_SECONDS, False, seconds_taken)
    yield Result("its page", "MiB", REPORT_MEBIBYTES, False, mebibytes)


CHECKS: dict[str, Check] = {
    "world": world,
    "home": home,
    "gold": gold,
    "start": start,
    "memory": memory,
    "parse": parse,
    "archive": archive,
    "warehouse": warehouse,
    "publish": publish,
    "report": report,
}


def _measured(result: Result, measure: Callable[[], float]) -> Result:
    try:
        return _with(result, measured=measure())
    except CommandError as error:
        return _with(result, problem=str(error))


def _with(result: Result, **told: object) -> Result:
    return Result(**{**asdict(result), **told})


def _rate(what: str, wanted: float, lines: int, source: Path) -> Result:
    """Articles a second of processor time, start included, so that a busy machine changes little."""
    result = Result(what, "articles/s", wanted, True)
    try:
        ours, peer = take(COMMAND, source), take(PEER, source)
    except CommandError as error:
        return _with(result, problem=str(error))
    return _with(result, measured=lines / ours.processor, ratio=peer.processor / ours.processor)


def _peak(what: str, source: Path) -> Result:
    return _measured(Result(what, "MiB", PEAK_MEBIBYTES, False), lambda: take(COMMAND, source).peak)


def _median_start(source: Path) -> float:
    taken: list[Taken] = [take(COMMAND, source) for _ in range(STARTS)]
    return statistics.median(one.seconds for one in taken)
