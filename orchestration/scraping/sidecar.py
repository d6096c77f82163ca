"""What NAME.json beside a saved page says of it: its address, its outlet, its day of publication.

A sidecar is archived with its page, as a last line of the payload, so that a later parser reads the same
from the archive. Reading folders does not belong here.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

KEYS = ("url", "source", "published")
LARGEST_SIDECAR = 64 * 1024
_MARK = b"\n<!-- laborledger sidecar: "
_END = b" -->\n"


class SidecarError(ValueError):
    """A sidecar is wrong; the message names file, key, value and what is allowed."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What is known of a saved page beside it; what is not said is None."""

    url: str | None = None
    source: str | None = None
    published: date | None = None


def read_sidecar(content: bytes, name: str, source_ids: Iterable[str]) -> Sidecar:
    """The sidecar `name` whose file holds `content`. Raises SidecarError."""
    if len(content) > LARGEST_SIDECAR:
        raise SidecarError(
            f"{name}: {len(content)} bytes are too many for a sidecar; at most {LARGEST_SIDECAR}"
        )
    try:
        record = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise SidecarError(f"{name}: no JSON: {reason}") from None
    if not isinstance(record, dict):
        raise SidecarError(f"{name}: must hold a JSON object with any of {', '.join(KEYS)}")
    for key in record:
        if key not in KEYS:
            close = difflib.get_close_matches(key, KEYS, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            raise SidecarError(f"{name}: unknown key {key[:60]!r}{meant} Allowed: {', '.join(KEYS)}")
    return Sidecar(_url(record, name), _source(record, name, sorted(source_ids)), _published(record, name))


def _wrong(name: str, key: str, value: object, allowed: str) -> SidecarError:
    return SidecarError(f"{name}: key {key!r} is {repr(value)[:80]}: must be {allowed}")


def _url(record: dict[str, Any], name: str) -> str | None:
    value = record.get("url")
    if value is None:
        return None
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        is_good = parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_good = False
    if not is_good or len(value) > 2000 or not value.isprintable() or " " in value:
        raise _wrong(name, "url", value, "an address that begins with http:// or https://")
    return str(value)


def _source(record: dict[str, Any], name: str, known: list[str]) -> str | None:
    value = record.get("source")
    if value is not None and value not in known:
        raise _wrong(name, "source", value, f"the id of a known outlet: {', '.join(known)}")
    return value


def _published(record: dict[str, Any], name: str) -> date | None:
    value = record.get("published")
    if value is None:
        return None
    try:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise _wrong(name, "published", value, 'an ISO date such as "2024-02-27"')


def with_sidecar(payload: bytes, sidecar: Sidecar | None) -> bytes:
    """A page's bytes with its sidecar as a last line; without one, as they are.

    A page that ends in such a line of its own gets an empty one after it, so that it cannot speak for
    a sidecar.
    """
    if sidecar is None:
        return payload + _MARK + b"{}" + _END if _MARK in payload[-LARGEST_SIDECAR:] else payload
    said = {"url": sidecar.url, "source": sidecar.source}
    said["published"] = sidecar.published.isoformat() if sidecar.published else None
    text = json.dumps({key: value for key, value in said.items() if value is not None}, sort_keys=True)
    return payload + _MARK + text.replace(">", "\\u003e").encode() + _END


def split_sidecar(payload: bytes) -> tuple[bytes, Sidecar]:
    """The page's own bytes and its sidecar, an empty one where there was none."""
    at = payload.rfind(_MARK, max(0, len(payload) - LARGEST_SIDECAR))
    if at < 0 or not payload.endswith(_END):
        return payload, Sidecar()
    try:
        record = json.loads(payload[at + len(_MARK) : -len(_END)])
        return payload[:at], Sidecar(_url(record, ""), record.get("source"), _published(record, ""))
    except (ValueError, RecursionError, AttributeError):
        return payload, Sidecar()
