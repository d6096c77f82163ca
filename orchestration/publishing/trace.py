"""A claim traced back to where it comes from: its sentence, article, archived copy, event and history.

The published file is asked first; the build file, where it can be read, adds the sentences around the quote
and the place of the page in the archive. Wording and showing are for `orchestration/tracing.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.extraction.text import split_sentences
from orchestration.home import STEM, Home
from orchestration.lake import LakeError
from orchestration.publishing import PublishError
from orchestration.quoting import identifier, literal
from orchestration.warehouse import reading

if TYPE_CHECKING:
    import duckdb

Row = Mapping[str, Any]
SHORTEST = 4
"""Of the beginning of an id that is enough to name it."""
NEIGHBOURS = 2
"""Sentences of the text on either side of a quote."""

NAMED = "select distinct claim_id from claim_history where starts_with(claim_id, $start) order by 1 limit 20"

CLAIM = """
select
    claims.*, sources.name as outlet, origins.name as origin, articles.title, articles.url,
    articles.canonical_url, articles.date_evidence, articles.language, articles.copy_of_article_id,
    countries.name as host,
    agencies.name as agency
from fct_claims as claims
inner join dim_articles as articles using (article_id)
inner join dim_sources as sources on claims.source_id = sources.source_id
inner join dim_sources as origins on claims.origin_source_id = origins.source_id
inner join dim_countries as countries on claims.country_code = countries.country_code
left join dim_agencies as agencies on claims.agency_code = agencies.agency_code
where claims.claim_id = $claim
"""

EVENT = """
select
    events.event_id, events.measure, events.status, events.workers_low, events.workers_high,
    events.envelope_low, events.envelope_high, events.recommended_claim_id, events.recommended_reason,
    events.n_claims, events.n_outlets, events.n_independent_origins, events.part_of_event_id
from (
    select * from fct_deployments
    union all by name
    select * from fct_defections
) as events
where events.event_id = (select event_id from fct_claims where claim_id = $claim)
"""

TOLD_BY = """
select
    links.*, claims.published_on, sources.name as outlet, claims.workers_low, claims.workers_high,
    claims.status, claims.quote, claims.evidence_url
from bridge_event_claims as links
inner join fct_claims as claims on links.claim_id = claims.claim_id
inner join dim_sources as sources on claims.source_id = sources.source_id
where links.event_id = (select event_id from fct_claims where claim_id = $claim)
order by claims.published_on, links.claim_id
"""

HISTORY = "select * from claim_history where claim_id = $claim order by believed_from"
CHANGES = "select * from meta_changes where claim_id = $claim order by changed_at, change, field"

TEXT = """
select articles.text, claims.quote_start, claims.quote_end
from intermediate.int_claims as claims
inner join raw.articles as articles using (version_id)
where claims.claim_id = $claim
"""

ARCHIVED = """
select
    coalesce(fetches.warc_file, records.warc_path) as warc_file,
    coalesce(fetches.warc_offset, records.record_offset) as warc_offset,
    fetches.payload_sha256, any_value(fetches.url) as url, min(fetches.fetched_at) as fetched_at
from intermediate.int_claims as claims
inner join raw.parses as parses on claims.version_id = parses.version_id
inner join raw.fetches as fetches
    on parses.url = fetches.url and parses.payload_sha256 = fetches.payload_sha256
left join raw.archive_records as records using (fetch_id)
where claims.claim_id = $claim and coalesce(fetches.warc_file, records.warc_path) is not null
group by 1, 2, fetches.payload_sha256
order by min(fetches.fetched_at)
limit 3
"""

REVIEWS = """
select decision, field, value, reviewer, reason, reviewed_on
from raw.reviews
where $claim in (claim_id, value)
order by review_index
"""


@dataclass(frozen=True, slots=True)
class Trace:
    """All that is known of a claim. `claim` is None where it is withdrawn: then `history` alone tells of it.

    `around` (the sentences `before` and `after` the quote, and whether more text follows), `archived` and
    `reviews` are of the build file; `unread` says why they could not be asked.
    """

    claim_id: str
    claim: Row | None
    event: Row | None
    told_by: Sequence[Row]
    history: Sequence[Row]
    changes: Sequence[Row]
    around: Row | None = None
    archived: Sequence[Row] = ()
    reviews: Sequence[Row] = ()
    unread: str | None = None


def trace(home: Home, start: str) -> Trace:
    """Trace the claim whose id begins with `start`.

    Raises PublishError when there is no published file, no such claim, or several begin so.
    """
    with _asking(home.published_file, "marts") as connection:
        claim_id = _one(connection, start, home.published_file)
        values = {"claim": claim_id}
        claims, events = _rows(connection, CLAIM, values), _rows(connection, EVENT, values)
        told = Trace(
            claim_id,
            claims[0] if claims else None,
            events[0] if events else None,
            _rows(connection, TOLD_BY, values),
            _rows(connection, HISTORY, values),
            _rows(connection, CHANGES, values),
        )
    return _with_build(home, told)


def _with_build(home: Home, told: Trace) -> Trace:
    try:
        with _asking_warehouse(home) as connection:
            values = {"claim": told.claim_id}
            return replace(
                told,
                around=_around(told.claim, _rows(connection, TEXT, values)),
                archived=_rows(connection, ARCHIVED, values),
                reviews=_rows(connection, REVIEWS, values),
            )
    except PublishError as error:
        return replace(told, unread=str(error).splitlines()[0])


def _around(claim: Row | None, texts: Sequence[Row]) -> Row | None:
    """None also where the build has moved on, and what is published quotes an older text."""
    found = (
        row for row in texts if claim and row["text"][row["quote_start"] : row["quote_end"]] == claim["quote"]
    )
    return next((neighbours(**row) for row in found), None)


def neighbours(text: str, quote_start: int, quote_end: int) -> Row:
    """What stands before and after a quote: the rest of its own sentence, and some whole ones."""
    spans = [sentence.span for sentence in split_sentences(text)]
    ahead = [span.start for span in spans if span.start < quote_start]
    behind = [span.end for span in spans if span.end > quote_end]
    start = ahead[-NEIGHBOURS] if len(ahead) >= NEIGHBOURS else min([quote_start, *ahead])
    end = behind[NEIGHBOURS - 1] if len(behind) >= NEIGHBOURS else max([quote_end, *behind])
    return {
        "before": text[start:quote_start],
        "after": text[quote_end:end],
        "is_cut_before": len(ahead) > NEIGHBOURS,
        "is_cut_after": len(behind) > NEIGHBOURS,
    }


def _one(connection: duckdb.DuckDBPyConnection, start: str, file: Path) -> str:
    """The one id that begins so."""
    if len(start) < SHORTEST:
        raise PublishError(f"{start!r} is too short: say at least {SHORTEST} characters of the claim's id")
    found = [str(row["claim_id"]) for row in _rows(connection, NAMED, {"start": start.lower()})]
    if not found:
        lists = 'laborledger sql "select claim_id, quote from fct_claims"'
        raise PublishError(f"no claim {start!r} in {file}; {lists} lists them")
    if len(found) > 1:
        raise PublishError(f"{len(found)} claims begin with {start!r}; say more: {', '.join(found)}")
    return found[0]


@contextmanager
def _asking(file: Path, schema: str) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    if not file.exists():
        raise PublishError(f"there is no {file}: run `make run`")
    try:
        with duckdb.connect() as connection:
            connection.execute("set enable_progress_bar = false")
            connection.execute(f"attach {literal(str(file.resolve()))} as {identifier(STEM)} (read_only)")
            connection.execute(f"use {identifier(STEM)}.{identifier(schema)}")
            yield connection
    except duckdb.Error as error:
        raise PublishError(f"{file} cannot be read now: {error}") from error


@contextmanager
def _asking_warehouse(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    if not home.build_file.exists():
        raise PublishError(f"there is no {home.build_file}: run `make run`")
    try:
        with reading(home) as connection:
            connection.execute(f"use {identifier(STEM)}.raw")
            yield connection
    except (duckdb.Error, LakeError) as error:
        raise PublishError(f"the warehouse of {home.path} cannot be read now: {error}") from error


def _rows(
    connection: duckdb.DuckDBPyConnection, statement: str, values: Mapping[str, object]
) -> list[dict[str, Any]]:
    found = connection.execute(statement, dict(values))
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
