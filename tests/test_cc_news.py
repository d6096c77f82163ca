"""`laborledger read cc-news:2021-03`: months to their files, and what is known to be missing in them."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from aiohttp import web

from benchmarks.archives import write_archive
from orchestration.reading import cc_news
from orchestration.reading.archives import Options, read_warc
from orchestration.reading.cc_news import Gap, ListError, known_gaps, list_month, months_of
from orchestration.reading.command import InputError, listed_months, read, read_words
from tests.test_read_archives import HTML, URL, counts, one_page

MARCH, JUNE = date(2021, 3, 1), date(2021, 6, 1)
NAME = "CC-NEWS-20210301011537-00178.warc.gz"
PATH = f"crawl-data/CC-NEWS/2021/03/{NAME}"


def mirror(folder: Path, month: str, content: bytes) -> Path:
    """A folder laid out as the archive is, with one list."""
    place = folder / "crawl-data" / "CC-NEWS" / month
    place.mkdir(parents=True)
    (place / "warc.paths.gz").write_bytes(content)
    return folder


def packed(*lines: str) -> bytes:
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """March 2021 with one file, its one page published in February 2024, and June without any."""
    folder = mirror(tmp_path / "archive", "2021/03", packed(PATH))
    write_archive(folder / PATH, [(URL, HTML.encode())])
    mirror(folder, "2021/06", packed())
    return folder


@pytest.fixture
def served(archive: Path) -> Iterator[str]:
    """The same over HTTP on loopback."""
    loop, at = asyncio.new_event_loop(), list[str]()
    is_up = threading.Event()

    async def serve() -> web.AppRunner:
        app = web.Application()
        app.router.add_static("/", archive)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        at.append("http://127.0.0.1:{1}".format(*runner.addresses[0]))
        is_up.set()
        return runner

    def run() -> None:
        runner = loop.run_until_complete(serve())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())

    thread = threading.Thread(target=run)
    thread.start()
    assert is_up.wait(30)
    yield at[0]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def read_march(base: str, out: Path) -> int:
    return read(["cc-news:2021-03"], "local", 1, out, True, None, None, None, base)


# Months


@pytest.mark.parametrize(
    ("told", "months"),
    [
        ("cc-news:2021-03", ["2021-03-01"]),
        ("cc-news:2021-03..2021-05", ["2021-03-01", "2021-04-01", "2021-05-01"]),
        ("cc-news:2020-12..2021-01", ["2020-12-01", "2021-01-01"]),
    ],
)
def test_a_span_is_its_months(told: str, months: list[str]) -> None:
    assert [str(month) for month in months_of(told)] == months


@pytest.mark.parametrize(
    "told",
    ["cc-news:", "cc-news:2021", "cc-news:2021-13", "cc-news:2021-3", "cc-news:2021-05..2021-03",
     "cc-news:2021-03..", "cc-news:2016-07", "cc-news:9999-12", "cc-news:2021-03,2021-05"],
)  # fmt: skip
def test_what_names_no_months_is_refused(told: str) -> None:
    with pytest.raises(ListError, match="cc-news"):
        list(months_of(told))


# Lists


def test_a_folder_of_one_s_own_is_an_archive(archive: Path) -> None:
    assert list_month(MARCH, str(archive)).files == (str(archive / PATH),)
    assert list_month(MARCH, archive.as_uri()).files == (f"{archive.as_uri()}/{PATH}",)


def test_a_mirror_is_read_over_http(served: str, tmp_path: Path) -> None:
    assert list_month(MARCH, f"{served}/").files == (f"{served}/{PATH}",)
    assert read_march(served, tmp_path / "out") == 0
    assert pq.read_table(tmp_path / "out" / NAME / "figures.parquet")["low"].to_pylist() == [450]


@pytest.mark.parametrize(
    "line",
    [
        f"/{PATH}", f"https://elsewhere.example/{PATH}", f"../{PATH}", PATH.replace("2021/03", "2021/04"),
        PATH.removesuffix(".gz"), PATH.replace(NAME, f"../{NAME}"), f"{PATH} ", f"{PATH}\0", "<html>", "ü",
    ],
)  # fmt: skip
def test_a_line_that_is_no_path_of_the_month_is_named(tmp_path: Path, line: str) -> None:
    folder = mirror(tmp_path, "2021/03", gzip.compress(f"{PATH}\n{line}\n".encode()))
    with pytest.raises(ListError, match=r"2021/03/warc\.paths\.gz(, line 2: no WARC file| cannot be read)"):
        list_month(MARCH, str(folder))


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>not found</html>", packed(PATH)[:-4], packed(PATH)[:12]],
    ids=["empty", "a page", "cut", "a head"],
)
def test_a_list_that_is_no_whole_gzip_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ListError, match=r"warc\.paths\.gz cannot be read"):
        list_month(MARCH, str(mirror(tmp_path, "2021/03", content)))


def test_a_list_is_bounded(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\n" * (cc_news.MOST + 1))
    with pytest.raises(ListError, match="larger than a list"):
        list_month(MARCH, str(mirror(tmp_path, "2021/03", bomb)))


def test_a_month_without_a_list_is_a_failure_that_is_named(archive: Path, served: str) -> None:
    for base in (str(archive), served):
        with pytest.raises(ListError, match=r"2021/04/warc\.paths\.gz: there is no such list"):
            list_month(date(2021, 4, 1), base)


@pytest.mark.parametrize("month", [MARCH, JUNE])
def test_a_server_that_cannot_be_reached_is_named_and_no_gap(month: date) -> None:
    with pytest.raises(ListError, match=r"http://127\.0\.0\.1:9/.* cannot be read: ClientConnectorError"):
        list_month(month, "http://127.0.0.1:9")


def test_a_file_of_the_list_that_is_not_there_is_named_and_the_others_are_read(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = PATH.replace("00178", "00179")
    (archive / "crawl-data/CC-NEWS/2021/03/warc.paths.gz").write_bytes(packed(gone, PATH))
    assert read_march(str(archive), tmp_path / "out") == 1
    said = capsys.readouterr()
    assert "1 files read" in said.out
    assert "00179.warc.gz" in said.err


# Gaps


def test_each_gap_has_its_days_and_who_says_so() -> None:
    assert [str(gap.first)[:7] for gap in known_gaps()] == ["2021-06", "2023-10"]
    assert all(gap.first <= gap.last and gap.source.startswith("https://") for gap in known_gaps())


def test_a_gap_is_said_when_its_month_is_asked_for(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed_months(["cc-news:2021-03", "cc-news:2021-06"], str(archive))
    said = capsys.readouterr().err
    assert "CC-NEWS 2021-06: known gap: 2021-06-05 to 2021-06-07" in said
    assert "2021-03" not in said


def test_a_known_gap_needs_no_list(tmp_path: Path) -> None:
    month = list_month(JUNE, str(tmp_path))
    assert (month.files, len(month.gaps)) == ((), 1)


def test_a_gap_is_of_each_month_that_it_touches(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gap = Gap(date(2021, 2, 27), MARCH, "all", "us")
    monkeypatch.setattr(cc_news, "known_gaps", lambda: (gap,))
    assert list_month(MARCH, str(archive)).gaps == (gap,)
    assert list_month(JUNE, str(archive)).gaps == ()


def test_a_note_of_each_month_is_left_with_what_was_read(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    spans = ["cc-news:2021-03", "cc-news:2021-06"]
    assert read(spans, "local", 1, out, True, None, None, None, str(archive)) == 0
    march, june = (json.loads((out / f"cc-news-2021-{m}.month.json").read_text()) for m in ("03", "06"))
    assert (march["files"], march["gaps"]) == ([NAME], [])
    assert (june["files"], june["gaps"][0]["from"]) == ([], "2021-06-05")
    assert june["list"] == str(archive / "crawl-data/CC-NEWS/2021/06/warc.paths.gz")


# Pages


def test_an_article_s_day_is_of_its_page_and_never_of_the_file_s_name(archive: Path, tmp_path: Path) -> None:
    undated = HTML.replace("<meta property='article:published_time' content='2024-02-27'>", "")
    write_archive(archive / PATH, [(URL, HTML.encode()), (f"{URL}-2", undated.encode())])
    assert read_march(str(archive), tmp_path / "out") == 0
    articles = pq.read_table(tmp_path / "out" / NAME / "articles.parquet").to_pylist()
    assert [(row["published"], row["date_evidence"]) for row in articles] == [
        (date(2024, 2, 27), "meta article:published_time"), (None, None),
    ]  # fmt: skip
    assert articles[1]["parse_outcome"] == "undated"


@pytest.mark.parametrize(
    ("word", "passed"),
    [("qatar", 1), ("QATAR", 1), ("camp near the capital", 1), ("builder", 1), ("kuwait", 0), ("<p>", 0)],
)
def test_only_pages_that_hold_a_word_are_read(tmp_path: Path, word: str, passed: int) -> None:
    (tmp_path / "words").write_text(f"# of my own\n\nzeppelin\n{word}\n", encoding="utf-8")
    page = HTML.replace("camp near", "cam&shy;p\n <b>near</b>").replace("Qatar", "Q<i>ata</i>r")
    found = read_warc(str(one_page(tmp_path, page.encode())), Options(words=read_words(tmp_path / "words")))
    assert counts(found)["passed"] == passed


@pytest.mark.parametrize("charset", ["utf-8", "cp949", "utf-16"])
def test_a_word_is_found_in_any_script_and_charset(tmp_path: Path, charset: str) -> None:
    (tmp_path / "words").write_text("\ufeff파견", encoding="utf-8")
    page = HTML.replace("near the capital", "파견했다 near it").encode(charset)
    options = Options(words=read_words(tmp_path / "words"))
    assert counts(read_warc(str(one_page(tmp_path, page, X=f"charset={charset}")), options))["passed"] == 1


def test_a_file_without_words_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("# none\n", encoding="utf-8")
    with pytest.raises(InputError, match="names no word"):
        read_words(tmp_path / "words")
