"""`laborledger why CLAIM_ID`: shows where a claim comes from, in words or as JSON.

Only the telling belongs here; what is known of a claim is for `publishing.trace` to find out.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from orchestration.home import Home
from orchestration.publishing import PublishError
from orchestration.publishing.answers import plain, shown
from orchestration.publishing.summary import worded_bounds
from orchestration.publishing.trace import Row, Trace, trace

Line = tuple[str, str]
"""A label (empty: the line before goes on) and what it says."""
err = Console(stderr=True, highlight=False)


def why(home: Home, claim_id: str, form: str) -> int:
    """Tell where a claim comes from; gives the exit status."""
    try:
        told = trace(home, claim_id)
    except PublishError as error:
        err.print(f"laborledger why: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    if form == "json":
        json.dump(plain(dataclasses.asdict(told)), sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        _print(told)
    return 0


def _print(told: Trace) -> None:
    out = Console(highlight=False, emoji=False)
    width = 14
    for label, words in _lines(told):
        text = Text(f"{label:<{width}}", style="bold" if label else "")
        text.append(shown(words), style="")
        out.print(text, soft_wrap=True)


def _lines(told: Trace) -> Iterator[Line]:
    """The whole answer, line by line."""
    yield "claim", told.claim_id
    if told.claim is None:
        yield "", "withdrawn: it is no claim of the published file any more"
    else:
        yield from _claim(told.claim)
        yield from _sentence(told.claim, told.around)
        yield from _article(told.claim)
    yield from _archive(told)
    yield from _event(told)
    yield from _reviews(told)
    yield from _history(told)


def _claim(claim: Row) -> Iterator[Line]:
    what = f"{bounds(claim)} ({claim['hedge']}), {claim['measure']}, {claim['status']}, {claim['host']}"
    yield "says", what + (f", {claim['sector_code']}" if claim["sector_code"] != "not_stated" else "")
    if claim["period_start"] or claim["period_end"]:
        yield "", f"from {claim['period_start'] or '…'} to {claim['period_end'] or '…'}"
    if claim["part_of_claim_id"]:
        yield "", f"a part of {claim['part_of_claim_id']}"
    sure = "not known" if claim["confidence"] is None else f"{claim['confidence']:.2f}"
    checked = "; a person looked at it" if claim["is_reviewed"] else ""
    yield "", f"how sure: {sure}{checked}"


def _sentence(claim: Row, around: Row | None) -> Iterator[Line]:
    """The quote between marks, with what stands around it."""
    before, after = (around["before"], around["after"]) if around else ("", "")
    start = "…" if around and around["is_cut_before"] else ""
    end = "…" if around and around["is_cut_after"] else ""
    text = f"{start}{before}»{claim['quote']}«{after}{end}"
    for number, line in enumerate(line for line in text.splitlines() if line.strip()):
        yield "" if number else "sentence", line.strip()
    yield "", f"the count is “{claim['count_text']}”"


def _article(claim: Row) -> Iterator[Line]:
    yield "article", f"{claim['title']}"
    yield "", f"{claim['outlet']}, {claim['published_on']} (known by {claim['date_evidence']})"
    yield "", claim["evidence_url"] or claim["url"] or "no web address"
    if claim["attribution"]:
        yield "said by", f"{claim['attribution']}" + (f" ({claim['agency']})" if claim["agency"] else "")
    if claim["origin_source_id"] != claim["source_id"]:
        how = "its text is a copy" if claim["copy_of_article_id"] else "it credits that outlet"
        yield "origin", f"{claim['origin']}: {how}"
    yield "read by", f"extractor {claim['extractor_version']}, parser {claim['parser_version']}"


def _archive(told: Trace) -> Iterator[Line]:
    if told.unread:
        yield "archive", f"not known: {told.unread}"
    for number, row in enumerate(told.archived):
        place = f"{row['warc_file']} at byte {row['warc_offset']}"
        yield "" if number else "archive", f"{place}, fetched {row['fetched_at']:%Y-%m-%d %H:%M} UTC"
        yield "", f"payload sha256 {row['payload_sha256']}"


def _event(told: Trace) -> Iterator[Line]:
    event = told.event
    if event is None:
        return
    counted = ", ".join(
        (
            _counted(event["n_claims"], "claim"),
            _counted(event["n_outlets"], "outlet"),
            _counted(event["n_independent_origins"], "origin"),
        )
    )
    yield "event", f"{event['event_id']}: {bounds(event)}, {event['measure']}, {event['status']}; {counted}"
    if event["part_of_event_id"]:
        yield "", f"a part of the event {event['part_of_event_id']}"
    for row in told.told_by:
        yield "", _link(row, event, told.claim_id)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"


def _link(row: Row, event: Row, claim_id: str) -> str:
    """One claim of the event, and what ties it."""
    tie = "" if row["relation"] == "first" else f"; {row['relation']} of {row['tied_to_claim_id'] or 'it'}"
    rule = "the first report" if row["relation"] == "first" else f"by {row['rule']}, {row['timing']}"
    speaks = f"; the event speaks by it ({event['recommended_reason']})"
    mark = "▸" if row["claim_id"] == claim_id else "·"
    told = f"{mark} {row['claim_id']} {row['published_on']} {row['outlet']}: {bounds(row)}, {row['status']}"
    return f"{told}{tie}; {rule}{speaks if row['claim_id'] == event['recommended_claim_id'] else ''}"


def _reviews(told: Trace) -> Iterator[Line]:
    for number, row in enumerate(told.reviews):
        what = " ".join(str(row[name]) for name in ("decision", "field", "value") if row[name])
        yield "" if number else "reviews", f"{row['reviewed_on']} {row['reviewer']}: {what} ({row['reason']})"


def _history(told: Trace) -> Iterator[Line]:
    for number, row in enumerate(told.history):
        until = f"until {row['believed_until']:%Y-%m-%d %H:%M}" if row["believed_until"] else "until now"
        left = f", left because {row['left_because']}" if row["left_because"] else ""
        span = f"{row['believed_from']:%Y-%m-%d %H:%M} {until}: {bounds(row)}, {row['hosts']}{left}"
        yield "" if number else "believed", span
    for row in told.changes:
        if row["field"]:
            what = f"{row['change']}: {row['field']} {row['old_value']} → {row['new_value']}"
            yield "", f"{row['changed_at']:%Y-%m-%d %H:%M} {what}"


def bounds(row: Any) -> str:
    """The bounds of a row in words."""
    return worded_bounds(row["workers_low"], row["workers_high"])
