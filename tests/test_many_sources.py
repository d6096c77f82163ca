"""Thirty outlets, ten of which fail, each in its own way: the others are read, and the ten are told of."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.hostile_server import HostileServer, answer, gzip_bomb, raw_server, redirect
from tests.runs import Ran, laborledger, rows

GOOD = 20
ARTICLE = """<html lang="en"><head><title>{n} workers for Oman</title>
<meta property="article:published_time" content="2024-03-{day:02d}T09:00:00Z"></head>
<body><article><h1>{n} workers for Oman</h1>
<p>North Korea has sent {n} workers to Oman, an official of the sultanate said on Friday.</p>
<p>The men, most of them tailors, arrived in the port last week and will stay for two years, he said.</p>
</article></body></html>"""

SOURCE = """
[[source]]
id = "{id}"
name = "{id}"
language = "en"
timezone = "UTC"
homepage = "{home}"
feeds = ["{home}feed.xml"]
article_url = '^{home}\\d+$'
delay = 0
terms = "Made up."
verified = true
local = true
"""
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>news</title>
<item><title>workers</title><link>{link}</link></item></channel></rss>"""

WAYS = {
    "refuses": "refused",
    "hangs-up": "Connection",
    "not-found": "404",
    "breaks": "500",
    "forbids": "403",
    "robots": "robots.txt",
    "in-a-circle": "redirect",
    "leads-inside": "10.11.12.13",
    "garbage": "BadStatusLine|no HTTP",
    "bomb": "larger|bytes",
}
"""The failing outlets, and what of the cause their warning names."""


def server(stack: ExitStack, *, status: int = 200, **paths: Any) -> str:
    """A server of its own for an outlet; its address."""
    made = HostileServer()
    for path in ("/", "/feed.xml", "/robots.txt"):
        made.paths[path] = paths.get(path, answer(status=status))
    stack.enter_context(made.running())
    return f"http://127.0.0.1:{made.port}/"


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def failing(stack: ExitStack) -> dict[str, str]:
    """The home page of each failing outlet, whose server runs until the stack is closed."""
    nothing = answer(status=404)

    def every(behaviour: Any, robots: Any = nothing) -> str:
        return server(stack, **{"/": behaviour, "/feed.xml": behaviour, "/robots.txt": robots})

    def bytes_of(serve: Any) -> str:
        return f"http://127.0.0.1:{stack.enter_context(raw_server(serve))}/"

    return {
        "refuses": closed_port(),
        "hangs-up": bytes_of(lambda line: None),
        "not-found": every(nothing),
        "breaks": every(answer(status=500)),
        "forbids": every(answer(status=403)),
        "robots": every(answer("<p>news</p>"), answer("User-agent: *\nDisallow: /\n")),
        "in-a-circle": every(redirect("/")),
        "leads-inside": every(redirect("http://10.11.12.13/")),
        "garbage": bytes_of(lambda line: line.sendall(b"\x16\x03\x01 this is no http\r\n\r\n")),
        "bomb": every(gzip_bomb(64)),
    }


@contextmanager
def outlets() -> Iterator[str]:
    """All thirty, running; the text of their sources file."""
    with ExitStack() as stack:
        homes = failing(stack)
        for number in range(GOOD):
            made = HostileServer()
            home = f"http://127.0.0.1:{made.port}/"
            page = ARTICLE.format(n=100 + number, day=number + 1)
            made.paths |= {"/feed.xml": answer(FEED.format(link=f"{home}1")), "/1": answer(page)}
            made.paths["/"] = answer("<p>news</p>")
            stack.enter_context(made.running())
            homes[f"good-{number:02d}"] = home
        yield "".join(SOURCE.format(id=name, home=home) for name, home in sorted(homes.items()))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("many")
    with outlets() as sources:
        (folder / "sources.toml").write_text(sources, encoding="utf-8")
        told = laborledger("run", "--sources", folder / "sources.toml", "--home", folder / "home")
    return folder / "home", told


def test_the_run_ends_well(ran: Ran) -> None:
    assert ran[1].returncode == 0, ran[1].stderr


def test_the_twenty_others_are_read_whole(ran: Ran) -> None:
    found = rows(ran[0], "select source_id, workers_low from fct_claims order by 1")
    assert found == [{"source_id": f"good-{n:02d}", "workers_low": 100 + n} for n in range(GOOD)]


@pytest.mark.parametrize("way", WAYS)
def test_each_failing_outlet_has_its_row_of_coverage(ran: Ran, way: str) -> None:
    (row,) = rows(ran[0], f"select * from source_coverage where source_id = '{way}'")
    assert row["looked"] > 0
    assert row["failed"] + row["blocked"] > 0
    assert row["new"] == 0


@pytest.mark.parametrize(("way", "cause"), WAYS.items())
def test_each_failing_outlet_is_warned_of_with_its_cause(ran: Ran, way: str, cause: str) -> None:
    warnings = [line.strip() for line in ran[1].stdout.splitlines() if line.strip().startswith(f"{way}:")]
    (dead,) = (line for line in warnings if "nothing could be read in this run" in line)
    assert any(word in dead for word in cause.split("|")), warnings
