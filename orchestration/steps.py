"""The steps of a run, without Dagster: collect articles, read figures. What the assets call.

Each works off what it has not yet done for this content and this version of itself, in batches, so
that a killed run loses one batch at most. The writer lock is held while a batch is stored, never
while an outlet is waited for.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from orchestration.extraction.extract import read_article
from orchestration.extraction.version import extractor_version
from orchestration.habits import remarks
from orchestration.home import Home
from orchestration.lake import BUILD, TARGET, LakeError
from orchestration.ledger import check_kinds, open_ledger
from orchestration.records import Article, Figure, Reading, Review
from orchestration.reviews import read_reviews
from orchestration.sample_outlet.server import HOST as SAMPLE_HOST
from orchestration.sample_outlet.server import serve
from orchestration.scraping.archive import Archive
from orchestration.scraping.copies import METHOD, find_copies, sign
from orchestration.scraping.fetch import CONTACT, Fetcher
from orchestration.scraping.guard import Guard
from orchestration.scraping.inbox import INBOX, read_inbox
from orchestration.scraping.page import Known, KnownPost, Visit
from orchestration.scraping.parse import parse as parse_page_of
from orchestration.scraping.reading import Parse, read_again
from orchestration.scraping.restore import Restorer
from orchestration.scraping.scrape import scrape
from orchestration.scraping.sources import SOURCES_FILE, Source, SourceError, load_sources
from orchestration.scraping.version import parser_version
from orchestration.scraping.warc import SUFFIX, TornFile, pages_of
from orchestration.selection import LIVE, NONE, SAMPLE, Selection
from orchestration.warehouse import last_built

logger = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 20
"""Pages or articles that are stored at once: what a kill can cost."""
SIGNED_AT_ONCE = 200
TELLING = ("new", "changed", "gone", "protected")
"""Outcomes after which the marts may say something else."""
GRACE = timedelta(minutes=1)
ALIVE = ("new", "changed", "unchanged")
"""Outcomes of a request whose answer could be used."""
SHOWN_WARNINGS, SHOWN_FIGURES = 50, 20
READERS = min(4, os.cpu_count() or 1)
"""Articles read at once."""


def now() -> datetime:
    """The present moment, with its zone."""
    return datetime.now(UTC)


def in_batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Lists of up to `size` items, as they come."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


@dataclass(slots=True)
class Collected:
    """What one look at the selection gave: outcomes by source, pages by what their parse gave."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    pages: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    alive: set[str] = field(default_factory=set)
    """Sources of which more than robots.txt could be read."""
    dead: list[str] = field(default_factory=list)
    causes: dict[str, str] = field(default_factory=dict)
    """Of each source, what the last request came to that gave nothing."""
    read_again: int = 0
    copies: int = 0
    """Current articles whose text is another's."""
    seconds: float = 0.0

    @property
    def is_blind(self) -> bool:
        """Whether outlets were asked, and none of them (nor the inbox) gave anything."""
        return bool(self.dead) and len(self.dead) == len(self.outcomes)

    def requests(self, source_id: str) -> Counter[str]:
        """What was asked of an outlet, by outcome."""
        return self.outcomes.get(source_id, Counter())

    @property
    def is_worth_building(self) -> bool:
        """Whether an article came, changed or went, or was read anew: what marts are made of."""
        return bool(self.read_again) or any(
            found[outcome] for found in self.outcomes.values() for outcome in TELLING
        )

    def add(self, visit: Visit) -> None:
        """Count one request."""
        fetch = visit.fetch
        self.outcomes.setdefault(fetch.source_id, Counter())[fetch.outcome] += 1
        if fetch.outcome in ALIVE and fetch.kind != "robots":
            self.alive.add(fetch.source_id)
        if fetch.detail:
            self.causes[fetch.source_id] = fetch.detail
        if visit.parsed:
            self.pages[visit.parsed.outcome] += 1
        for detail in (fetch.detail, visit.parsed.detail if visit.parsed else None):
            if detail:
                self.warn(f"{fetch.source_id}: {fetch.url}: {detail}")

    def why_dead(self, source_id: str) -> str:
        """That nothing could be read of a source, and the cause where one is known."""
        cause = self.causes.get(source_id)
        return "nothing could be read in this run" + (f" ({cause})" if cause else "")

    def warn(self, message: str) -> None:
        """Keep a message for the summary, and show it now."""
        self.warnings.append(message)
        logger.warning("%s", message)

    def metadata(self) -> dict[str, Any]:
        """The facts by name, as plain values for an orchestrator to show."""
        total = sum(self.outcomes.values(), Counter[str]())
        return {
            "requests": sum(total.values()),
            "new": total["new"],
            "changed": total["changed"],
            "unchanged": total["unchanged"],
            "pages_parsed": self.pages["parsed"],
            "pages_without_article": sum(self.pages.values()) - self.pages["parsed"],
            "read_again": self.read_again,
            "copies": self.copies,
            "is_worth_building": self.is_worth_building,
            "by_source": {name: dict(sorted(found.items())) for name, found in self.outcomes.items()},
            "dead": list(self.dead),
            "warnings": self.warnings[:SHOWN_WARNINGS],
            "seconds": round(self.seconds, 1),
        }


def chosen_sources(selection: Selection) -> tuple[Source, ...]:
    """The outlets that a selection names. Raises SourceError for a wrong sources file."""
    if selection.sources == NONE:
        return ()
    if selection.sources in (SAMPLE, LIVE):
        return tuple(s for s in load_sources(SOURCES_FILE) if s.sample == selection.is_sample)
    return load_sources(Path(selection.sources))


class IncompleteError(RuntimeError):
    """Not all was read that was asked for; what came is kept, and another launch goes on."""


class Reach(StrEnum):
    """Which outlets a look asks, and how far back it goes."""

    ALL = "all"
    """Every chosen outlet."""
    DUE = "due"
    """Those that were left alone for as long as their `every_minutes` says."""
    AGAIN = "again"
    """Every one, and every known article of each: is it still there, does it still say the same?"""


def asked_now(
    sources: Sequence[Source], reach: Reach, looked: Mapping[str, datetime], moment: datetime
) -> tuple[Source, ...]:
    """The outlets to ask at this moment; `looked` says when each was last looked at, in UTC without a zone.

    A last look that lies in the future is of a clock that was wrong: the outlet is due.
    """
    if reach is Reach.AGAIN:
        return tuple(s.model_copy(update={"recheck_days": (0,), "gone_days": 1}) for s in sources)
    if reach is Reach.ALL:
        return tuple(sources)
    now_utc = moment.astimezone(UTC).replace(tzinfo=None)

    def is_due(source: Source) -> bool:
        # A tick comes a little early or late; a minute's grace keeps an hourly outlet in every hourly look.
        rest = timedelta(minutes=source.every_minutes) - GRACE
        last = looked.get(source.id)
        return last is None or not timedelta(0) <= now_utc - last < rest

    return tuple(source for source in sources if is_due(source))


def check_selection(selection: Selection) -> None:
    """Refuse what cannot run at all, before anything is made or fetched.

    Raises SourceError for a wrong sources file, ReviewsError for a wrong reviews file, MixedHomeError where
    sample articles and others would meet, LedgerError where the build file cannot be used, LakeError
    where the home is another target's.
    """
    sources = chosen_sources(selection)
    reviews_of(selection)
    _check_target(selection)
    if selection.home.build_file.exists():
        with open_ledger(selection.home) as ledger:
            ledger.check_kind(sources, selection.inbox is not None, selection.home)
    else:
        check_kinds({s.sample for s in sources}, set(), selection.inbox is not None, selection.home)


def _check_target(selection: Selection) -> None:
    """A home that built on the lake stays there: its own file has not what the others found."""
    if selection.target == BUILD and last_built(selection.home):
        raise LakeError(
            f"{selection.home.path} builds on the lake: run with --target ducklake (or {TARGET}=ducklake)"
        )


def reviews_of(selection: Selection) -> tuple[Review, ...]:
    """What people decided; nothing where the selection names no file. Raises ReviewsError."""
    return read_reviews(selection.reviews) if selection.reviews else ()


def collect(selection: Selection, run_id: str, reach: Reach = Reach.ALL) -> Collected:
    """Ask the outlets, read the inbox, keep what came: articles, and a row for each request.

    Nothing that an outlet does ends it; raises SourceError or LedgerError for what keeps it from working.
    """
    began = time.monotonic()
    collected = Collected()
    sources = chosen_sources(selection)
    outlets = _outlets(sources)
    parse = partial(parse_page_of, sources=tuple(outlets.values()))
    with ExitStack() as stack:
        archive = stack.enter_context(closing(_archive(selection.home, run_id, collected)))
        fetcher = stack.enter_context(closing(Fetcher(_guard(sources, stack))))
        _store_sources(selection, sources, outlets)
        collected.read_again = _read_again(selection.home, archive, parse, outlets)
        _warn_of_unverified(collected, sources)
        if not os.environ.get(CONTACT) and not all(source.local for source in sources):
            collected.warn(f"no contact: set {CONTACT}=you@example.org, so that an outlet can reach you")
        with open_ledger(selection.home) as ledger:
            looked = ledger.last_looks()
        for source in asked_now(sources, reach, looked, now()):
            logger.info("%s: looking at %s", source.id, source.homepage)
            known, posts = _known(selection.home, source.id)
            visits = scrape(source, fetcher, archive, known, run_id, parse, parser_version(), posts)
            _store(selection.home, visits, collected)
            _judge_life(collected, source.id)
            _remark(selection.home, collected, source.id)
        if selection.inbox:
            _store(selection.home, _inbox_visits(selection, archive, run_id, outlets), collected)
    collected.copies = mark_copies(selection.home, outlets)
    collected.seconds = time.monotonic() - began
    return collected


def fill_month(selection: Selection, run_id: str, source_id: str, month: date) -> Collected:
    """Ask one outlet for what it published in a month, as its own time zone has it, and keep what came.

    What is known is not asked for again, so that a month that was cut off is gone on with. Raises SourceError
    for an outlet that is not among the selected, LedgerError, and IncompleteError where its budget of
    requests was used up before the month was read.
    """
    began, collected = time.monotonic(), Collected()
    sources = tuple(source for source in chosen_sources(selection) if source.id == source_id)
    if not sources:
        raise SourceError(f"no outlet {source_id!r} among {selection.sources}: see its sources file")
    outlets = _outlets(sources)
    parse = partial(parse_page_of, sources=tuple(outlets.values()))
    span = month_of(sources[0], month)
    with ExitStack() as stack:
        archive = stack.enter_context(closing(_archive(selection.home, run_id, collected)))
        fetcher = stack.enter_context(closing(Fetcher(_guard(sources, stack))))
        _store_sources(selection, sources, outlets)
        known, posts = _known(selection.home, source_id)
        visits = scrape(sources[0], fetcher, archive, known, run_id, parse, parser_version(), posts, span)
        _store(selection.home, visits, collected)
        _judge_life(collected, source_id)
    collected.seconds = time.monotonic() - began
    if sum(collected.requests(source_id).values()) >= sources[0].budget:
        raise IncompleteError(
            f"{source_id}, {month:%Y-%m}: its budget of {sources[0].budget} requests is used up; "
            "what came is kept: launch this month again, and it goes on from there"
        )
    return collected


def month_of(source: Source, month: date) -> tuple[datetime, datetime]:
    """From the first moment of a month to the first of the next, in the outlet's own time zone."""
    zone = source.zone or UTC
    after = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (
        datetime(month.year, month.month, 1, tzinfo=zone),
        datetime(after.year, after.month, 1, tzinfo=zone),
    )


def mark_copies(home: Home, outlets: Mapping[str, Source]) -> int:
    """Sign the texts that have no signature, say which are copies, and give how many. Raises LedgerError."""
    while True:
        with open_ledger(home) as ledger:
            batch = ledger.unsigned_texts(METHOD, SIGNED_AT_ONCE)
        if not batch:
            break
        signatures = [(name, sign(text)) for name, text in batch]
        with open_ledger(home) as ledger:
            ledger.store_signatures(METHOD, signatures)
    with open_ledger(home) as ledger:
        texts = ledger.signed_texts(METHOD)
        found = find_copies(texts, _republishers(outlets))
        ledger.store_copies(found)
    return len(found)


def _archive(home: Home, run_id: str, collected: Collected) -> Archive:
    """The home's archive with what killed runs left torn cut off."""
    with open_ledger(home) as ledger:
        archive = Archive(home.archive, run_id, ledger.payload_places())
    for name in archive.repair():
        collected.warn(
            f"archive: {name} ended within a record, left by a run that was cut off; it is cut off"
        )
    return archive


def _guard(sources: Iterable[Source], stack: ExitStack) -> Guard:
    """What may be reached; the sample outlet is started where one of the sources is it."""
    local = {address for source in sources if source.local for address in source.addresses}
    mapping: dict[str, tuple[str, int]] = {}
    if any(source.sample and SAMPLE_HOST in source.hosts for source in sources):
        outlet = stack.enter_context(serve())
        mapping[SAMPLE_HOST] = ("127.0.0.1", outlet.port)
        logger.info("the sample outlet answers on 127.0.0.1:%d", outlet.port)
    return Guard(frozenset(local), mapping)


def _outlets(sources: Iterable[Source]) -> dict[str, Source]:
    """Every known outlet by id: those of the project's own file, saved pages, and the chosen ones."""
    return {source.id: source for source in (*load_sources(SOURCES_FILE), INBOX, *sources)}


def republishers(selection: Selection) -> dict[str, tuple[str, ...]]:
    """Of each known outlet, those whose stories it prints. Raises SourceError."""
    return _republishers(_outlets(chosen_sources(selection)))


def _republishers(outlets: Mapping[str, Source]) -> dict[str, tuple[str, ...]]:
    return {source.id: source.republishes for source in outlets.values()}


def _store_sources(selection: Selection, sources: Sequence[Source], outlets: Mapping[str, Source]) -> None:
    """Keep every outlet's row: one that is not asked may still be the origin of a story."""
    with open_ledger(selection.home) as ledger:
        ledger.check_kind(sources, selection.inbox is not None, selection.home)
        ledger.store_sources(outlets.values())
        ledger.store_reviews(reviews_of(selection))


def _known(home: Home, source_id: str) -> tuple[dict[str, Known], dict[int, KnownPost]]:
    with open_ledger(home) as ledger:
        return ledger.known_pages(source_id), ledger.known_posts(source_id)


def _read_again(home: Home, archive: Archive, parse: Parse, outlets: Mapping[str, Source]) -> int:
    """Read what older parsers read and this one has not, from the archive; gives how many pages."""
    with open_ledger(home) as ledger:
        stale = ledger.stale_pages(parser_version())
    done = 0
    for batch in in_batches([page for page in stale if page.source_id in outlets]):
        parsed = [read_again(p, archive, parse, parser_version(), outlets[p.source_id]) for p in batch]
        with open_ledger(home) as ledger:
            for page in parsed:
                ledger.store_parse(page)
        done += len(batch)
        logger.info("read again with the present parser: %d of %d pages", done, len(stale))
    return done


def reparse(home: Home) -> Collected:
    """Make the ledger's articles of the home's archive, with no network: every record, by the present parser.

    What the ledger has already stays as it is. Raises LedgerError.
    """
    began, collected = time.monotonic(), Collected()
    archive = _archive(home, "reparse", collected)
    outlets = _outlets(())
    parse = partial(parse_page_of, sources=tuple(outlets.values()))
    restorer = Restorer(tuple(outlets.values()), "reparse", parse, parser_version())
    with open_ledger(home) as ledger:
        ledger.store_sources(outlets.values())
        known = ledger.known_records()
    for path in sorted(home.archive.glob(f"*{SUFFIX}")):
        _store(home, _restored(path, restorer, known, collected), collected)
    collected.read_again = _read_again(home, archive, parse, outlets)
    collected.seconds = time.monotonic() - began
    return collected


def _restored(
    path: Path, restorer: Restorer, known: set[tuple[str, int, str]], collected: Collected
) -> Iterator[Visit]:
    """What a file of the archive holds and the ledger does not speak of."""
    logger.info("reading %s", path)
    try:
        for offset, page in pages_of(path):
            if (path.name, offset, page.url or "") not in known:
                found = restorer.visits(page, path.name, offset)
                yield from (v for v in found if (path.name, offset, v.fetch.url) not in known)
    except TornFile as error:
        collected.warn(str(error))


def _inbox_visits(
    selection: Selection, archive: Archive, run_id: str, outlets: Mapping[str, Source]
) -> Iterator[Visit]:
    """The saved pages of the inbox; sidecars may name any known outlet."""
    assert selection.inbox is not None
    logger.info("reading saved pages in %s", selection.inbox)
    others = [source for source in outlets.values() if not source.sample]
    with open_ledger(selection.home) as ledger:
        known = {url: page for source in others for url, page in ledger.known_pages(source.id).items()}
    return read_inbox(selection.inbox, known, archive, run_id, others, parser_version())


def _store(home: Home, visits: Iterable[Visit], collected: Collected) -> None:
    """Keep visits batch by batch; the outlet is not waited for while the lock is held."""
    for batch in in_batches(visits):
        with open_ledger(home) as ledger:
            ledger.store_visits(batch)
        for visit in batch:
            collected.add(visit)


def _judge_life(collected: Collected, source_id: str) -> None:
    """A source of which nothing could be read is dead for this run, whatever it answered."""
    if source_id not in collected.alive:
        collected.dead.append(source_id)
        collected.warn(f"{source_id}: {collected.why_dead(source_id)}; what it published is not known")


def _remark(home: Home, collected: Collected, source_id: str) -> None:
    """Say what is unlike the source's own habits."""
    if source_id in collected.dead:
        return
    with open_ledger(home) as ledger:
        now, *before = ledger.looks(source_id)
    for remark in remarks(now, before):
        collected.warn(f"{source_id}: {remark}")


def _warn_of_unverified(collected: Collected, sources: Iterable[Source]) -> None:
    unmet = [source.id for source in sources if not source.verified]
    if unmet:
        collected.warn(f"not yet seen to work on the live outlet (verified = false): {', '.join(unmet)}")


@dataclass(slots=True)
class Extracted:
    """What reading the current articles gave: articles by outcome, figures and rejects of this run."""

    articles: Counter[str] = field(default_factory=Counter)
    figures: int = 0
    rejects: int = 0
    seconds: float = 0.0
    newest: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, article: Article, reading: Reading) -> None:
        """Count one article's reading."""
        self.articles[reading.outcome] += 1
        self.figures += len(reading.figures)
        self.rejects += len(reading.rejects)
        shown = ((f, article) for f in reading.figures)
        self.newest = [*self.newest, *(_shown(f, a) for f, a in shown)][-SHOWN_FIGURES:]

    def metadata(self) -> dict[str, Any]:
        """The facts by name, as plain values for an orchestrator to show."""
        return {
            "articles_read": sum(self.articles.values()),
            "by_outcome": dict(sorted(self.articles.items())),
            "figures": self.figures,
            "rejects": self.rejects,
            "seconds": round(self.seconds, 1),
            "extractor_version": extractor_version(),
            "newest": self.newest[::-1],
            "warnings": self.warnings[:SHOWN_WARNINGS],
        }


def _shown(figure: Figure, article: Article) -> dict[str, Any]:
    """A figure as one row of a table for people."""
    return {
        "published": str(article.published),
        "measure": str(figure.measure),
        "status": str(figure.status),
        "low": figure.low,
        "high": figure.high,
        "hosts": ", ".join(figure.countries) or figure.region or "",
        "quote": figure.quote,
    }


def read_figures(home: Home) -> Extracted:
    """Read each current text version that this extractor has not read, oldest first. Raises LedgerError."""
    began = time.monotonic()
    extracted = Extracted()
    version = extractor_version()
    with open_ledger(home) as ledger:
        unread = ledger.count_unread(version)
    while True:
        with open_ledger(home) as ledger:
            batch = ledger.unread_articles(version, BATCH)
        if not batch:
            break
        _read_batch(home, batch, version, extracted)
        logger.info(
            "read %d of %d articles, %d figures", sum(extracted.articles.values()), unread, extracted.figures
        )
    extracted.seconds = time.monotonic() - began
    return extracted


def _read_batch(home: Home, batch: Sequence[tuple[str, Article]], version: str, extracted: Extracted) -> None:
    # The reader's graph runs outside Python's lock, so that threads help; the order stays.
    with ThreadPoolExecutor(READERS) as readers:
        told = list(readers.map(lambda pair: _read_one(pair[1], extracted), batch))
    read = [(name, article, *one) for (name, article), one in zip(batch, told, strict=True)]
    with open_ledger(home) as ledger:
        for name, article, reading, milliseconds, detail in read:
            ledger.store_reading(name, article.id, reading, version, milliseconds, detail)
            extracted.add(article, reading)


def _read_one(article: Article, extracted: Extracted) -> tuple[Reading, float, str | None]:
    """One article's reading, its milliseconds, and what went wrong: one text never ends a run."""
    began, detail = time.perf_counter(), None
    try:
        reading = read_article(article)
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"[:500]
        reading = Reading("failed")
        extracted.warnings.append(f"{article.source_id}: {article.url or article.title}: not read: {detail}")
        logger.warning("%s", extracted.warnings[-1])
    return reading, (time.perf_counter() - began) * 1000, detail
