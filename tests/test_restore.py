"""The archive tells again what a lost ledger had, and an inbox takes the WARC files of others."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from orchestration.home import Home
from orchestration.ledger import open_ledger
from orchestration.selection import SAMPLE, Selection
from orchestration.steps import Collected, collect, reparse
from tests.test_cli import PAGE as HTML

ARTICLES = "select article_id, title, text, published, source_id from raw.current_articles order by all"


def rows(home: Home, statement: str) -> list[tuple[object, ...]]:
    with open_ledger(home) as ledger:
        return ledger._rows(statement)


@pytest.fixture(scope="module")
def read_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("sample"))
    home.prepare()
    collect(Selection(SAMPLE, None, home), "run-1")
    return home


def test_a_lost_ledger_is_made_again_from_the_archive(read_home: Home) -> None:
    before = rows(read_home, ARTICLES)
    read_home.build_file.unlink()
    done = reparse(read_home)
    assert done.pages["parsed"] == len(before) > 50
    assert rows(read_home, ARTICLES) == before


def test_what_the_ledger_has_is_not_made_twice(read_home: Home) -> None:
    before = rows(read_home, "select count(*) from raw.fetches")
    assert reparse(read_home).pages.total() == 0
    assert rows(read_home, "select count(*) from raw.fetches") == before


def warc(*pages: tuple[str, str, bytes], **headers: str) -> bytes:
    """A WARC file: status, address and body of each record; more headers of their answers."""
    sent = [("content-type", "text/html; charset=utf-8"), *headers.items()]
    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=True)
    for status, url, body in pages:
        http = StatusAndHeaders(status, sent, "HTTP/1.1")
        told = {"payload": io.BytesIO(body), "length": len(body), "http_headers": http}
        writer.write_record(writer.create_warc_record(url, "response", **told))
    return stream.getvalue()


def inbox(tmp_path: Path, content: bytes) -> tuple[Home, Collected]:
    folder, home = tmp_path / "inbox", Home(tmp_path / "home")
    folder.mkdir()
    home.prepare()
    (folder / "saved.warc.gz").write_bytes(content)
    return home, collect(Selection("none", folder, home), "run-1")


PAGE = HTML.encode()
OUTLET = "https://www.dailynk.com/english/nine-left/"


def test_an_inbox_takes_a_warc_file(tmp_path: Path) -> None:
    home, _ = inbox(tmp_path, warc(("200 OK", OUTLET, PAGE), ("404 Not Found", f"{OUTLET}2/", b"no")))
    assert rows(home, "select url, source_id from raw.current_articles") == [(OUTLET, "dailynk-en")]


def test_a_page_of_an_outlet_that_is_not_known_is_a_saved_page(tmp_path: Path) -> None:
    home, _ = inbox(tmp_path, warc(("200 OK", "https://paper.example/a", PAGE)))
    assert rows(home, "select source_id from raw.current_articles") == [("inbox",)]


def test_a_torn_warc_file_gives_what_is_whole_and_says_so(tmp_path: Path) -> None:
    content = warc(("200 OK", OUTLET, PAGE), ("200 OK", f"{OUTLET}two/", PAGE))
    home, collected = inbox(tmp_path, content[:-40])
    assert rows(home, "select url from raw.current_articles") == [(OUTLET,)]
    assert any("saved.warc.gz: no readable record" in warning for warning in collected.warnings)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(PAGE), {"content-encoding": "gzip"}),
        (b"%x\r\n%s\r\n0\r\n\r\n" % (len(PAGE), PAGE), {"transfer-encoding": "chunked"}),
        (PAGE, {"content-encoding": "gzip"}),
    ],
)
def test_pages_are_read_that_a_crawler_kept_as_they_were_sent(
    tmp_path: Path, body: bytes, headers: dict[str, str]
) -> None:
    """Of such a file nothing was read, and nothing behind its first record."""
    content = warc(("200 OK", OUTLET, body), ("200 OK", f"{OUTLET}two/", body), **headers)
    home, collected = inbox(tmp_path, content)
    assert rows(home, "select url from raw.current_articles order by 1") == [(OUTLET,), (f"{OUTLET}two/",)]
    assert not any("saved.warc.gz" in warning for warning in collected.warnings)


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00broken", b"WARC/1.0\r\n\r\n"])
def test_what_is_no_warc_file_is_an_outcome(tmp_path: Path, content: bytes) -> None:
    home, _ = inbox(tmp_path, content)
    assert rows(home, "select count(*) from raw.current_articles") == [(0,)]


STORY = " ".join(
    f"Sentence {n} of the story tells of forty builders who left the river town." for n in range(9)
)
HEAD = (
    "<html lang='en'><head><meta property='article:published_time' content='2024-03-0{day}T09:00:00+09:00'>"
)


def story(day: int) -> bytes:
    """A page with the story, published on a day of March."""
    body = (
        f"<title>Forty left</title></head><body><article><h1>Forty left</h1><p>{STORY}</p></article></body>"
    )
    return (HEAD.format(day=day) + body).encode()


def test_a_story_that_two_outlets_print_has_one_origin(tmp_path: Path) -> None:
    copy = "https://www.koreatimes.co.kr/nation/20240302/forty-left"
    home, collected = inbox(tmp_path, warc(("200 OK", copy, story(2)), ("200 OK", OUTLET, story(1))))
    assert collected.copies == 1
    found = rows(
        home,
        "select copy.source_id, origin.source_id from raw.copies "
        "inner join raw.articles as copy using (version_id) "
        "inner join raw.articles as origin on origin_version_id = origin.version_id",
    )
    assert found == [("korea-times", "dailynk-en")]
