"""What a host's robots.txt says is done, and its absence is read as RFC 9309 reads it."""

from __future__ import annotations

import time

import pytest

from orchestration.scraping.fetch import Answer
from orchestration.scraping.robots import LONGEST_DELAY, Robots

URL = "http://outlet.example/news/nine-left/"
OK = Answer("http://outlet.example/robots.txt", "ok", 200)


def rules(text: str | bytes) -> Robots:
    return Robots.of(OK, text.encode() if isinstance(text, str) else text)


def unread(outcome: str, status: int | None = None) -> Robots:
    return Robots.of(
        Answer("http://outlet.example/robots.txt", outcome, status, detail=f"HTTP {status}"), None
    )


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_a_host_without_robots_forbids_nothing(status: int) -> None:
    assert unread("http_error", status).verdict(URL) == "allowed"


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_server_in_trouble_closes_the_host(status: int) -> None:
    robots = unread("http_error", status)
    assert robots.verdict(URL) == "unknown"
    assert robots.closed == (
        f"robots.txt could not be read (HTTP {status}), so the host is left alone in this run"
    )


@pytest.mark.parametrize("outcome", ["network_error", "timed_out", "too_large", "refused", "disallowed"])
def test_no_answer_closes_the_host(outcome: str) -> None:
    assert unread(outcome).verdict(URL) == "unknown"


@pytest.mark.parametrize(
    "page", ["<!doctype html><p>Disallow: /</p>", "\ufeff\n <html>", "", " \n", "\x00\xff"]
)
def test_what_is_no_robots_file_forbids_nothing(page: str) -> None:
    robots = rules(page)
    assert (robots.verdict(URL), robots.delay(5.0)) == ("allowed", 5.0)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("User-agent: *\nDisallow: /news/", "disallowed"),
        ("User-agent: *\nDisallow: /", "disallowed"),
        ("User-agent: *\nDisallow: /*-left/$", "disallowed"),
        ("\ufeffUser-agent: *\r\nDisallow: /news/\r\n", "disallowed"),
        ("User-agent: LaborLedger\nDisallow: /", "disallowed"),
        ("User-agent: laborledger\nDisallow: /", "disallowed"),
        ("User-agent: *\nDisallow: /\n\nUser-agent: LaborLedger\nDisallow: /private/", "allowed"),
        ("User-agent: OtherBot\nDisallow: /", "allowed"),
        ("User-agent: *\nDisallow:", "allowed"),
        ("User-agent: *\nDisallow: /news/\nAllow: /news/nine-left/", "allowed"),
        ("User-agent: *\nDisallow: /News/", "allowed"),
    ],
)
def test_the_rules_that_apply_to_us_decide(text: str, verdict: str) -> None:
    assert rules(text).verdict(URL) == verdict


@pytest.mark.parametrize(
    ("asked", "delay"), [("12", 12.0), ("0.5", 5.0), ("nan", 5.0), ("-3", 5.0), ("inf", 5.0), ("soon", 5.0)]
)
def test_the_longer_of_the_two_delays_is_kept(asked: str, delay: float) -> None:
    assert rules(f"User-agent: *\nCrawl-delay: {asked}").delay(5.0) == delay


def test_a_delay_that_nobody_waits_for_closes_the_host() -> None:
    robots = rules(f"User-agent: *\nCrawl-delay: {LONGEST_DELAY + 1}")
    assert robots.verdict(URL) == "unknown"
    assert robots.closed == "robots.txt asks for 301 s between two requests; that is not waited for"


def test_only_the_beginning_of_a_huge_file_is_read() -> None:
    assert rules(b"# filler\n" * 100_000 + b"User-agent: *\nDisallow: /").verdict(URL) == "allowed"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        pytest.param(
            "User-agent: a\n" * 18_000 + "Disallow: /x\n" * 18_000, "unknown", id="agents times rules"
        ),
        pytest.param("User-agent: *\nDisallow: /" + "*a" * 200_000, "allowed", id="one long pattern"),
        pytest.param("User-agent: *\n" + "Disallow: /*n*w*s*z\n" * 20_000, "allowed", id="many patterns"),
    ],
)
def test_a_hostile_file_costs_little_time(text: str, verdict: str) -> None:
    began = time.monotonic()
    assert rules(text).verdict(URL) == verdict
    assert time.monotonic() - began < 3
