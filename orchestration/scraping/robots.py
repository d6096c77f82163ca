"""What a host's robots.txt allows us, as RFC 9309 reads its absence."""

from __future__ import annotations

from dataclasses import dataclass

from protego import Protego

from orchestration.scraping.fetch import AGENT_TOKEN, Answer

ALLOWED, DISALLOWED, UNKNOWN, NOT_APPLICABLE = "allowed", "disallowed", "unknown", "not_applicable"
LARGEST = 512 * 1024
"""Bytes that are read of a robots.txt; the rest is as if it were not there."""
LONGEST_DELAY = 300.0
"""Seconds; a host that asks for a longer pause between two requests is left alone."""
MOST_RULES = 2_000_000
"""Agents times rules: the protego library keeps each rule once for each agent named before it."""


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
            return cls._read(payload[:LARGEST].decode("utf-8", "replace").lstrip("\ufeff \r\n\t"))
        if answer.status is not None and 400 <= answer.status < 500 and answer.status != 429:
            return cls()
        return cls(
            closed=f"robots.txt could not be read ({answer.detail}), so the host is left alone in this run"
        )

    @classmethod
    def _read(cls, text: str) -> Robots:
        if text.startswith("<"):
            return cls()
        lines = [line.strip()[:4].lower() for line in text.splitlines()]
        if lines.count("user") * len(lines) > MOST_RULES:
            return cls(closed="robots.txt has too many rules to be obeyed, so the host is left alone")
        rules = Protego.parse(text)
        delay = rules.crawl_delay(AGENT_TOKEN) or 0.0
        if delay > LONGEST_DELAY:
            return cls(closed=f"robots.txt asks for {delay:g} s between two requests; that is not waited for")
        return cls(rules)

    def verdict(self, url: str) -> str:
        """allowed, disallowed, or unknown where the rules could not be read."""
        if self.closed:
            return UNKNOWN
        return ALLOWED if self.rules is None or self.rules.can_fetch(url, AGENT_TOKEN) else DISALLOWED

    def delay(self, configured: float) -> float:
        """Seconds between two requests: what the source says, or more where the host asks for more."""
        asked = self.rules.crawl_delay(AGENT_TOKEN) if self.rules else None
        return max(configured, float(asked or 0.0))
