"""A WordPress outlet by its REST interface: which addresses to ask, what posts an answer holds.

Reading one answer belongs here; asking for it, and what a post's text holds, does not. Every field of an
answer is checked: it comes from outside.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from orchestration.scraping.discover import LONGEST_ADDRESS, UnreadableAnnouncement

PAGE = 100
"""Posts of one answer at most, as WordPress allows."""
SHORT_PAGE = 20
"""Posts of the first answer, where the outlet's posts are known."""
FIELDS = "id,link,date_gmt,modified_gmt,title,content,_links.author,_embedded.author"
SECOND = timedelta(seconds=1)
JSON_TYPE = "application/json"
_LARGEST_ID = 2**53


@dataclass(frozen=True, slots=True)
class Post:
    """One post as an answer holds it; times are UTC. `payload` is its own JSON, keys sorted."""

    id: int
    url: str
    published: datetime
    modified: datetime
    is_protected: bool
    payload: bytes

    @property
    def sha256(self) -> str:
        """Of the payload."""
        return hashlib.sha256(self.payload).hexdigest()


def _stamp(moment: datetime) -> str:
    """With its zone: without one WordPress takes the outlet's local time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _address(rest: str, **query: object) -> str:
    return f"{rest}{'&' if urlsplit(rest).query else '?'}{urlencode(query, safe=',')}"


def newest_address(rest: str, page: int, size: int) -> str:
    """The posts last edited, whole, newest first."""
    told = {"orderby": "modified", "order": "desc", "per_page": size, "page": page}
    return _address(rest, **told, _embed="author", _fields=FIELDS)


def posts_address(rest: str, ids: Iterable[int]) -> str:
    """Some posts, whole."""
    wanted = ",".join(map(str, ids))
    return _address(rest, include=wanted, per_page=PAGE, _embed="author", _fields=FIELDS)


def span_address(rest: str, start: datetime, end: datetime, page: int) -> str:
    """The posts published from `start` on and before `end`, whole, oldest first."""
    span = {"after": _stamp(start - SECOND), "before": _stamp(end)}
    order = {"orderby": "date", "order": "asc", "per_page": PAGE, "page": page}
    return _address(rest, **span, **order, _embed="author", _fields=FIELDS)


def count_address(rest: str, before: datetime) -> str:
    """One post of those published before a moment: the answer's total is how many there are."""
    return _address(rest, before=_stamp(before), per_page=1, _fields="id")


def ids_address(rest: str, start: datetime | None, end: datetime | None) -> str:
    """The numbers of up to a page of posts published from `start` on and before `end`."""
    span: dict[str, object] = {"after": _stamp(start - SECOND)} if start else {}
    span |= {"before": _stamp(end)} if end else {}
    return _address(rest, **span, orderby="date", order="asc", per_page=PAGE, _fields="id")


def _records(body: bytes) -> list[dict[str, Any]]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableAnnouncement(f"no JSON: {error}"[:200]) from error
    if not isinstance(told, list) or not all(isinstance(record, dict) for record in told):
        raise UnreadableAnnouncement("no list of posts")
    return told[:PAGE]


def read_ids(body: bytes) -> list[int]:
    """The posts' numbers. Raises UnreadableAnnouncement."""
    return [_number(record) for record in _records(body)]


def read_posts(body: bytes) -> list[Post]:
    """The posts of an answer, in its order. Raises UnreadableAnnouncement."""
    return [_post(record) for record in _records(body)]


def total_of(told: str | None) -> int:
    """What `X-WP-Total` says. Raises UnreadableAnnouncement."""
    if told is None or not re.fullmatch(r"\d{1,9}", told.strip()):
        raise UnreadableAnnouncement(f"its X-WP-Total is {told!r}, no number")
    return int(told)


def _number(record: dict[str, Any]) -> int:
    number = record.get("id")
    if type(number) is not int or not 0 < number < _LARGEST_ID:
        raise UnreadableAnnouncement(f"a post whose id is {str(number)[:40]!r}")
    return number


def _post(record: dict[str, Any]) -> Post:
    number, url = _number(record), record.get("link")
    if not isinstance(url, str) or len(url) > LONGEST_ADDRESS or not re.match(r"https?://[^/\s@]+", url):
        raise UnreadableAnnouncement(f"post {number} has no web address")
    content = record.get("content")
    if not isinstance(content, dict) or not isinstance(content.get("rendered"), str):
        raise UnreadableAnnouncement(f"post {number} has no text")
    payload = json.dumps(record, sort_keys=True, ensure_ascii=True).encode()
    return Post(
        number, url, _moment(record, "date_gmt"), _moment(record, "modified_gmt"),
        content.get("protected") is True, payload,
    )  # fmt: skip


def _moment(record: dict[str, Any], key: str) -> datetime:
    """UTC, as WordPress writes it: without a zone."""
    try:
        return datetime.fromisoformat(str(record.get(key))).replace(tzinfo=UTC)
    except ValueError:
        raise UnreadableAnnouncement(
            f"post {record['id']}: {key} is {str(record.get(key))[:40]!r}, no time"
        ) from None


def post_in(body: bytes, sha256: str) -> Post | None:
    """The post of an archived answer whose own JSON has this hash."""
    return next((post for post in read_posts(body) if post.sha256 == sha256), None)
