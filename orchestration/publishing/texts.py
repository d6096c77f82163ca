"""The texts of the articles, on demand, in a DuckDB file of their own.

They are the outlets' and never part of the published file. Read from the warehouse, which the caller
keeps others from writing; which outlets allow no more than their abstracts is the caller's to know.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.home import Home
from orchestration.lake import LakeError
from orchestration.publishing import PublishError
from orchestration.publishing.builds import TEMPORARY, sync
from orchestration.publishing.marts import STORAGE_VERSION
from orchestration.quoting import literal
from orchestration.warehouse import reading

if TYPE_CHECKING:
    import duckdb

COMMENT = (
    "Grain: one article, in the text version that holds now. The text is its outlet's: for reading beside "
    "the ledger, not for passing on. quote_start and quote_end of fct_claims count its characters."
)
COLUMNS = {
    "article_id": "The article, as in dim_articles",
    "source_id": "Its outlet",
    "title": "Its title",
    "url": "Where it was read",
    "published_on": "Its day of publication",
    "language": "Language of the text",
    "text": "The text as the ledger's quotes are slices of it",
    "text_sha256": "SHA-256 of the text",
}
TEXTS = """
create table texts.article_texts as
select article_id, source_id, title, url, published as published_on, language, text, text_sha256
from raw.current_articles as articles
where source_id not in (select unnest($abstracts)) or exists (
    from raw.parses
    inner join raw.fetches using (url, payload_sha256)
    where parses.version_id = articles.version_id and fetches.kind = 'entry'
)
order by published_on, article_id
"""
"""`$abstracts`: outlets of which only what a feed gave is theirs to store, whoever saved the page."""


def write_texts(home: Home, file: Path, abstracts: Collection[str] = ()) -> int:
    """Write the texts into a new `file`; returns how many.

    `abstracts` are the ids of outlets whose terms allow the abstract in their feed alone. Raises
    PublishError when the build cannot be read or `file` is there already, OSError when the disk refuses.
    """
    import duckdb

    if file.exists():
        raise PublishError(f"{file} is there already: name a new file, or remove it")
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{TEMPORARY}{file.name}")
    fresh.unlink(missing_ok=True)
    try:
        with reading(home) as connection:
            count = _copy(connection, fresh, abstracts)
        sync(fresh)
        os.replace(fresh, file)
    except (duckdb.Error, LakeError) as error:
        raise PublishError(f"the texts of {home.path} could not be read: {error}") from error
    finally:
        fresh.unlink(missing_ok=True)
    return count


def _copy(connection: duckdb.DuckDBPyConnection, fresh: Path, abstracts: Collection[str]) -> int:
    connection.execute(f"attach {literal(str(fresh))} as texts (storage_version {literal(STORAGE_VERSION)})")
    connection.execute(TEXTS, {"abstracts": sorted(abstracts)})
    connection.execute(f"comment on table texts.article_texts is {literal(COMMENT)}")
    for column, comment in COLUMNS.items():
        connection.execute(f"comment on column texts.article_texts.{column} is {literal(comment)}")
    count = connection.execute("select count(*) from texts.article_texts").fetchone()
    connection.execute("force checkpoint texts")
    connection.execute("detach texts")
    return int(count[0]) if count else 0
