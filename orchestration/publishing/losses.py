"""What a build has lost against the one that is published: rows that went, and nothing says why.

A claim may be withdrawn, an event may be merged, an article may be taken down: then `meta_changes` or the
raw tables say so. Rows that went without a word are what a broken ledger looks like. Nothing is decided
here; `publish.py` asks and refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.publishing import MARTS
from orchestration.publishing.checks import META_CHECKS
from orchestration.publishing.keys import META_KEYS
from orchestration.publishing.manifest import HISTORY
from orchestration.publishing.quality import META_QUALITY
from orchestration.quoting import identifier, literal

if TYPE_CHECKING:
    import duckdb

EARLIER = "published_before"
WRITTEN_BY_US = frozenset(table.name for table in (HISTORY, META_CHECKS, META_KEYS, META_QUALITY))
NAMED_BY_A_CLAIM = {"fct_claims": "claim_id", "fct_deployments": "event_id", "fct_defections": "event_id"}
"""Marts whose every row is named by a claim: what happened to it is in `meta_changes`."""
FIXED = frozenset(
    {
        "archive_coverage", "baselines", "claim_history", "dim_agencies", "dim_countries", "dim_sectors",
        "meta_changes", "source_coverage",
    }
)  # fmt: skip
"""Marts that no article makes smaller: they are tables of ours, or only grow."""
SHOWN = 5
CHANGE = "changed_at, claim_id, change, field, new_value"


def find_losses(
    connection: duckdb.DuckDBPyConnection,
    before: Path,
    rows: Mapping[str, int],
    rows_before: Mapping[str, int],
) -> list[str]:
    """What the build in use has lost against the published file `before`, a line for each mart.

    `rows` and `rows_before` give the rows by mart, of both. Raises duckdb.Error when `before` cannot be read.
    """
    marts_before = {mart: n for mart, n in rows_before.items() if mart not in WRITTEN_BY_US}
    connection.execute(f"attach {literal(str(before))} as {EARLIER} (read_only)")
    try:
        _note_changes(connection, {"meta_changes"} & set(rows), {"meta_changes"} & set(marts_before))
        return list(_lost(connection, rows, marts_before))
    finally:
        connection.execute("drop table if exists temp.main.changed")
        connection.execute(f"detach {EARLIER}")


def _note_changes(connection: duckdb.DuckDBPyConnection, now: set[str], before: set[str]) -> None:
    """Which claims have a change that the published file does not tell: no clock has to be right for it."""
    connection.execute("create or replace temp table changed (claim_id varchar)")
    if now:
        known = f"except select {CHANGE} from {EARLIER}.{MARTS}.meta_changes" if before else ""
        connection.execute(
            f"insert into temp.main.changed select distinct claim_id from "
            f"(select {CHANGE} from {MARTS}.meta_changes {known})"
        )


def _lost(
    connection: duckdb.DuckDBPyConnection, rows: Mapping[str, int], before: Mapping[str, int]
) -> Iterator[str]:
    explained = bool(_names(connection, "select claim_id from temp.main.changed limit 1"))
    for mart, count in sorted(before.items()):
        if mart not in rows:
            yield f"{mart} is published and no mart of this build"
        elif mart in NAMED_BY_A_CLAIM:
            yield from _told(mart, _unexplained_claims(connection, mart), "meta_changes says nothing of them")
        elif mart == "dim_articles":
            yield from _told(
                mart, _unexplained(connection, mart, "article_id", False), "raw.articles lacks them"
            )
        elif mart in ("dim_sources", "meta_sources"):
            yield from _told(
                mart, _unexplained(connection, mart, "source_id", True), "they are still outlets"
            )
        elif rows[mart] < count and (mart in FIXED or not (explained or _went_away(connection))):
            yield f"{mart} has {rows[mart]:,} rows where {count:,} are published"


def _told(mart: str, lost: Sequence[str], why: str) -> Iterator[str]:
    if lost:
        more = f" and {len(lost) - SHOWN:,} more" if len(lost) > SHOWN else ""
        yield f"{mart} has lost {len(lost):,} ({', '.join(lost[:SHOWN])}{more}): {why}"


def _unexplained_claims(connection: duckdb.DuckDBPyConnection, mart: str) -> list[str]:
    key = identifier(NAMED_BY_A_CLAIM[mart])
    return _names(
        connection,
        f"select {key} from {EARLIER}.{MARTS}.{mart} except select {key} from {MARTS}.{mart} "
        "except select claim_id from temp.main.changed order by 1",
    )


def _unexplained(connection: duckdb.DuckDBPyConnection, mart: str, key: str, is_held: bool) -> list[str]:
    """Names that went although the raw tables hold them (`is_held`), or that the raw tables lack."""
    raw = f"select {key} from raw.{key.removesuffix('_id')}s"
    went = f"select {key} from {EARLIER}.{MARTS}.{mart} except select {key} from {MARTS}.{mart}"
    return _names(connection, f"({went}) {'intersect' if is_held else 'except'} ({raw}) order by 1")


def _went_away(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether articles that said nothing were taken down: days and outlets may go with them."""
    before, now = (f"select article_id from {where}{MARTS}.dim_articles" for where in (f"{EARLIER}.", ""))
    return bool(_names(connection, f"select article_id from ({before} except {now}) limit 1"))


def _names(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [str(name) for (name,) in connection.execute(query).fetchall()]
