"""Names articles: the same article, read again or under another address, has the same id."""

from __future__ import annotations

import hashlib

INBOX_ID = "inbox"
INBOX_PREFIX = "inbox:"


def article_id(
    source_id: str, *, post_id: str | None, canonical_url: str | None, url: str | None, name: str | None
) -> str:
    """16 hex digits: of source and post id, else of the canonical address, else of the address.

    A saved page without an address of its own is named by its file: what it says of itself is no proof.
    """
    if url is None:
        return _hash(f"{INBOX_PREFIX}{name or ''}")
    if post_id and source_id != INBOX_ID:  # numbers of different outlets meet in the inbox
        return _hash(f"{source_id}\npost {post_id}")
    return _hash(canonical_url or url)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
