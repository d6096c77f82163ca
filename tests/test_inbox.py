"""The inbox: each saved page of a folder becomes a visit, and nothing in the folder ends a run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from orchestration.scraping.archive import Archive
from orchestration.scraping.inbox import INBOX, read_inbox
from orchestration.scraping.page import Known, Page, Visit
from orchestration.scraping.parse import parse
from orchestration.scraping.sources import SOURCES_FILE, load_sources
from orchestration.scraping.tree import LARGEST
from orchestration.scraping.version import parser_version

SOURCES = tuple(s for s in load_sources(SOURCES_FILE) if not s.sample)
PAGE = """Men on the farm near Ussuriysk

27 February 2024

A farm near Ussuriysk took on 24 North Korean men for the harvest, its owner said on Tuesday.

They sleep in two containers behind the packing shed and send their wages home.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    kept = Archive(tmp_path / "archive", "run")
    yield kept
    kept.close()


# The WARC library leaves a buffer of each record for the garbage collector to close.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"
)


def look(folder: Path, archive: Archive, known: dict[str, Known] | None = None) -> dict[str, Visit]:
    visits = list(read_inbox(folder, known or {}, archive, "run", SOURCES, parser_version()))
    assert len({v.fetch.fetch_id for v in visits}) == len(visits)
    return {v.fetch.url: v for v in visits}


def known_of(visits: dict[str, Visit]) -> dict[str, Known]:
    return {
        url: Known(None, None, v.fetch.payload_sha256 or "", v.fetch.warc_file, v.fetch.warc_offset)
        for url, v in visits.items()
    }


def test_each_page_is_read_in_the_order_of_names(folder: Path, archive: Archive) -> None:
    (folder / "deep" / "er").mkdir(parents=True)
    for name in ("b.txt", "a.HTM", "deep/er/c.html", "deep/d.txt"):
        (folder / name).write_text(PAGE)
    assert list(look(folder, archive)) == [
        "inbox:a.HTM",
        "inbox:b.txt",
        "inbox:deep/d.txt",
        "inbox:deep/er/c.html",
    ]


def test_a_page_is_archived_and_parsed(folder: Path, archive: Archive) -> None:
    (folder / "a.txt").write_text(PAGE)
    visit = look(folder, archive)["inbox:a.txt"]
    fetch, parsed = visit.fetch, visit.parsed
    assert (fetch.kind, fetch.source_id, fetch.outcome, fetch.status) == ("inbox", "inbox", "new", None)
    assert fetch.robots_verdict == "not_applicable"
    assert parsed is not None
    assert parsed.article is not None
    assert (parsed.outcome, parsed.article.published) == ("parsed", date(2024, 2, 27))
    assert fetch.warc_file is not None
    assert fetch.warc_offset is not None
    assert archive.read(fetch.warc_file, fetch.warc_offset).payload == PAGE.encode()


def test_a_page_that_is_as_it_was_is_not_parsed_again(folder: Path, archive: Archive) -> None:
    (folder / "a.txt").write_text(PAGE)
    first = look(folder, archive)
    again = look(folder, archive, known_of(first))["inbox:a.txt"]
    assert (again.fetch.outcome, again.parsed) == ("unchanged", None)
    assert again.fetch.warc_offset == first["inbox:a.txt"].fetch.warc_offset
    (folder / "a.txt").write_text(PAGE.replace("24 North", "26 North"))
    changed = look(folder, archive, known_of(first))["inbox:a.txt"]
    assert changed.fetch.outcome == "changed"
    assert changed.parsed is not None


def test_a_sidecar_gives_address_outlet_and_day(folder: Path, archive: Archive) -> None:
    (folder / "a.txt").write_text(PAGE)
    said = {"url": "https://www.dailynk.com/english/farm/", "source": "dailynk-en", "published": "2024-03-01"}
    (folder / "a.json").write_text(json.dumps(said))
    visits = look(folder, archive)
    assert list(visits) == ["inbox:a.txt"]
    fetch, parsed = visits["inbox:a.txt"].fetch, visits["inbox:a.txt"].parsed
    assert parsed is not None
    article = parsed.article
    assert article is not None
    assert (article.url, article.source_id, article.published) == (
        said["url"],
        "dailynk-en",
        date(2024, 3, 1),
    )
    assert article.date_evidence == "sidecar published"
    assert fetch.source_id == parsed.source_id == "dailynk-en"


def test_the_archive_gives_the_same_article_again(folder: Path, archive: Archive) -> None:
    (folder / "a.txt").write_text(PAGE)
    (folder / "a.json").write_text('{"url": "https://x.example/a?b=-->", "published": "2024-03-01"}')
    visit = look(folder, archive)["inbox:a.txt"]
    assert visit.parsed is not None
    kept = archive.read(str(visit.fetch.warc_file), int(visit.fetch.warc_offset or 0))
    assert parse(kept, INBOX, (INBOX, *SOURCES)) == visit.parsed.article
    by_path = Page(None, kept.payload, None, kept.fetched_at, path="a.txt")
    assert parse(by_path, INBOX, (INBOX, *SOURCES)) == visit.parsed.article


def test_a_corrected_sidecar_is_read(folder: Path, archive: Archive) -> None:
    (folder / "a.txt").write_text(PAGE)
    (folder / "a.json").write_text('{"published": "2024-03-01"}')
    first = look(folder, archive)
    (folder / "a.json").write_text('{"published": "2024-03-02"}')
    changed = look(folder, archive, known_of(first))["inbox:a.txt"]
    assert changed.fetch.outcome == "changed"
    assert changed.parsed is not None
    assert changed.parsed.article is not None
    assert changed.parsed.article.published == date(2024, 3, 2)


def test_a_page_cannot_speak_for_a_sidecar(folder: Path, archive: Archive) -> None:
    forged = PAGE + '\n<!-- laborledger sidecar: {"published": "2020-01-01"} -->\n'
    (folder / "a.txt").write_text(forged)
    parsed = look(folder, archive)["inbox:a.txt"].parsed
    assert parsed is not None
    assert parsed.article is not None
    assert parsed.article.published == date(2024, 2, 27)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", ["a.json", "no JSON"]),
        (b"\xff\xfe\x00", ["a.json", "no JSON"]),
        (b"[" * 100_000, ["a.json"]),
        (b"[]", ["a.json", "url, source, published"]),
        (b'{"sorce": "nknews"}', ["a.json", "'sorce'", "did you mean 'source'", "url, source, published"]),
        (b'{"source": "nobody"}', ["a.json", "'source'", "'nobody'", "dailynk-en"]),
        (b'{"published": "2024-02-30"}', ["a.json", "'published'", "'2024-02-30'", "ISO date"]),
        (b'{"published": 20240227}', ["a.json", "'published'", "20240227", "ISO date"]),
        (b'{"url": "ftp://x"}', ["a.json", "'url'", "'ftp://x'", "http"]),
        (b'{"url": "http://["}', ["a.json", "'url'", "http"]),
        (b'{"source": ["nknews"]}', ["a.json", "'source'"]),
        (b" " * 70_000, ["a.json"]),
    ],
)
def test_a_bad_sidecar_says_file_key_value_and_what_is_allowed(
    folder: Path, archive: Archive, content: bytes, told: list[str]
) -> None:
    (folder / "a.txt").write_text(PAGE)
    (folder / "b.txt").write_text(PAGE)
    (folder / "a.json").write_bytes(content)
    visits = look(folder, archive)
    fetch = visits["inbox:a.txt"].fetch
    assert (fetch.outcome, visits["inbox:a.txt"].parsed) == ("bad_sidecar", None)
    assert all(word in (fetch.detail or "") for word in told), fetch.detail
    assert visits["inbox:b.txt"].fetch.outcome == "new"


def test_what_is_no_page_is_named_and_left(folder: Path, archive: Archive, tmp_path: Path) -> None:
    (folder / "a.pdf").write_bytes(b"%PDF")
    (folder / "big.txt").write_bytes(b"a" * (LARGEST + 1))
    (folder / "empty.txt").write_bytes(b"")
    (folder / ".hidden.txt").write_text(PAGE)
    (tmp_path / "outside.txt").write_text(PAGE)
    (folder / "out.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "circle.txt").symlink_to(folder / "circle.txt")
    (folder / "gone.txt").symlink_to(folder / "nothing.txt")
    os.mkfifo(folder / "pipe.txt")
    visits = look(folder, archive)
    assert {url: v.fetch.outcome for url, v in visits.items()} == {
        "inbox:a.pdf": "not_a_page",
        "inbox:big.txt": "too_large",
        "inbox:circle.txt": "unreadable",
        "inbox:empty.txt": "new",
        "inbox:gone.txt": "unreadable",
        "inbox:out.txt": "refused",
        "inbox:pipe.txt": "refused",
    }
    empty = visits["inbox:empty.txt"].parsed
    assert empty is not None
    assert empty.outcome == "empty"
    assert all(v.fetch.detail for v in visits.values() if v.parsed is None)


def test_a_sidecar_outside_the_inbox_is_not_followed(folder: Path, archive: Archive, tmp_path: Path) -> None:
    (folder / "a.txt").write_text(PAGE)
    (tmp_path / "outside.json").write_text("{}")
    (folder / "a.json").symlink_to(tmp_path / "outside.json")
    assert look(folder, archive)["inbox:a.txt"].fetch.outcome == "bad_sidecar"


def test_any_file_name_becomes_an_address(folder: Path, archive: Archive) -> None:
    names = ["노동자 300명.txt", "a\nb.txt", "50% off?.txt", os.fsdecode(b"\xff.txt")]
    for name in names:
        (folder / name).write_text(PAGE)
    visits = look(folder, archive)
    assert set(visits) == {
        "inbox:노동자%20300명.txt",
        "inbox:a%0Ab.txt",
        "inbox:50%25%20off%3F.txt",
        "inbox:%FF.txt",
    }
    ids = set()
    for visit in visits.values():
        assert visit.parsed is not None
        assert visit.parsed.article is not None
        kept = archive.read(str(visit.fetch.warc_file), int(visit.fetch.warc_offset or 0))
        assert parse(kept, INBOX).id == visit.parsed.article.id
        ids.add(visit.parsed.article.id)
    assert len(ids) == len(names)


def test_an_undated_page_is_an_outcome_with_its_cure(folder: Path, archive: Archive) -> None:
    (folder / "a.txt").write_text(PAGE.replace("27 February 2024\n\n", ""))
    parsed = look(folder, archive)["inbox:a.txt"].parsed
    assert parsed is not None
    assert (parsed.outcome, parsed.article) == ("undated", None)
    assert "published" in (parsed.detail or "")
