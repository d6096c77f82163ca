"""What a host's robots.txt allows us, as RFC 9309 reads its absence."""

from __future__ import annotations

from dataclasses import dataclass

from protego import Protego

from orchestration.scraping.fetch import AGENT_TOKEN, Answer

ALLOWED, DISALLOWED, UNKNOWN, NOT_APPLICABLE = "allowed", "disallowed", "unknown", "not_applicable"
LARGEST = 512 * 1024
"""Bytes that are read of a robots.txt; the rest is as if it were not there."""


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one host for this run. `closed` says why nothing at all may be asked for."""

    rules: Protego | None = None
    closed: str | None = None

    @classmethod
    def of(cls, answer: Answer, payload: bytes | None) -> Robots:
        """The rules that an answer for /robots.txt means; `payload` is its body, or the known one.

        No such file is no rule. A server in trouble closes the host for this run. HTML in its place
        holds no rule.
        """
        if payload is not None:
            text = payload[:LARGEST].decode("utf-8", "replace")
            return cls(None if text.lstrip("\ufeff \r\n\t").startswith("<") else Protego.parse(text))
        if answer.status is not None and 400 <= answer.status < 500 and answer.status != 429:
            return cls()
        return cls(
            closed=f"robots.txt could not be read ({answer.detail}), so the host is left alone in this run"
        )

    def verdict(self, url: str) -> str:
        """allowed, disallowed, or unknown where the rules could not be read."""
        if self.closed:
            return UNKNOWN
        return ALLOWED if self.rules is None or self.rules.can_fetch(url, AGENT_TOKEN) else DISALLOWED

    def delay(self, configured: float) -> float:
        """Seconds between two requests: what the source says, or more where the host asks for more."""
        asked = self.rules.crawl_delay(AGENT_TOKEN) if self.rules else None
        return max(configured, float(asked or 0.0))
