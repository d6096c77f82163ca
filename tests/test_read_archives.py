"""`laborledger read`: what WARC files give, that it is what a run finds, and that nothing is read twice."""

from __future__ import annotations

import gzip
import random
import shutil
import signal
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.reading.engines import DIED, Done, Local
from orchestration.reading.shelf import READ, Shelf, told_of
from orchestration.reading.work import SCHEMAS, Options, read_warc
from tests.archives import Record, page, related, unrelated, write_warc, zipped
from tests.runs import Ran, killed, laborledger, rows

HTML = {"Content-Type": "text/html; charset=utf-8"}
WORKERS = "North Korea has sent 120 workers to Oman, an official said on Friday."
FILLER = "The men, most of them tailors, arrived in the port last week and will stay for two years, he said."


def chunked(body: bytes) -> bytes:
    """A body in chunks of a hundred bytes."""
    parts = [body[at : at + 100] for at in range(0, len(body), 100)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def counts(path: Path) -> dict[str, int]:
    """Of a file, how many records became what."""
    return {row["what"]: row["count"] for row in read_warc(str(path), Options())["counts"].to_pylist()}


def one(payload: bytes, headers: dict[str, str] = HTML, url: str = "https://paper.example/1") -> list[Record]:
    return [(url, payload, headers)]


class TestOneFile:
    def test_the_figures_are_those_of_a_run_on_the_same_pages(self, sample: Ran) -> None:
        (file,) = (f for f in (sample[0] / "archive").glob("*.warc.gz") if f.stat().st_size > 100_000)
        told = read_warc(str(file), Options())["figures"].to_pylist()
        found = {(f["measure"], f["low"], f["high"], f["quote"]) for f in told}
        ledger = rows(sample[0], "select measure, workers_low, workers_high, quote from fct_claims")
        known = {(r["measure"], r["workers_low"], r["workers_high"], r["quote"]) for r in ledger}
        assert found
        assert found <= known

    def test_each_figure_says_where_its_page_lies(self, tmp_path: Path) -> None:
        path = write_warc(tmp_path / "a.warc.gz", [*unrelated(3), *related(2)])
        tables = read_warc(str(path), Options())
        assert {name: table.schema for name, table in tables.items()} == SCHEMAS
        for row in tables["figures"].to_pylist():
            assert row["warc_file"] == "a.warc.gz"
            assert row["warc_offset"] > 0
            assert row["url"].startswith("https://paper.example/")

    def test_an_article_s_text_is_kept_where_it_is_asked_for(self, tmp_path: Path) -> None:
        path = write_warc(tmp_path / "a.warc.gz", related(1))
        (without,) = read_warc(str(path), Options())["articles"].to_pylist()
        (with_it,) = read_warc(str(path), Options(has_texts=True))["articles"].to_pylist()
        assert without["text"] is None
        assert len(with_it["text"]) > 500
        assert without["text_sha256"] == with_it["text_sha256"]

    def test_a_packed_page_is_unpacked_first(self, tmp_path: Path) -> None:
        plain = read_warc(str(write_warc(tmp_path / "a.warc.gz", related(5))), Options())["figures"]
        packed = write_warc(tmp_path / "b.warc.gz", [zipped(record) for record in related(5)])
        told = read_warc(str(packed), Options())["figures"]
        assert told.column("quote") == plain.column("quote")

    @pytest.mark.parametrize(
        ("pack", "headers"),
        [
            (zlib.compress, {"Content-Encoding": "deflate"}),
            (brotli.compress, {"Content-Encoding": "br"}),
            (lambda body: chunked(body), {"Transfer-Encoding": "chunked"}),
            (
                lambda body: chunked(gzip.compress(body)),
                {"Transfer-Encoding": "chunked", "Content-Encoding": "gzip"},
            ),
        ],
        ids=["deflate", "br", "chunked", "chunked gzip"],
    )
    def test_however_it_was_sent(
        self, tmp_path: Path, pack: Callable[[bytes], bytes], headers: dict[str, str]
    ) -> None:
        body = page("Tailors for Oman", [WORKERS, FILLER]).encode()
        path = write_warc(tmp_path / "a.warc.gz", one(pack(body), HTML | headers))
        assert [f["low"] for f in read_warc(str(path), Options())["figures"].to_pylist()] == [120]

    def test_unrelated_pages_are_counted_and_not_parsed(self, tmp_path: Path) -> None:
        told = counts(write_warc(tmp_path / "a.warc.gz", [*unrelated(20), *related(2)]))
        assert (told["records"], told["pages"], told["passed"], told["parsed"]) == (22, 22, 2, 2)

    def test_a_page_without_a_day_gives_no_article_and_is_counted(self, tmp_path: Path) -> None:
        undated = page("Tailors for Oman", [WORKERS, FILLER], None).encode()
        told = counts(write_warc(tmp_path / "a.warc.gz", one(undated, url="https://paper.example/tailors")))
        assert told.get("undated") == 1
        assert told.get("parsed", 0) == 0

    @pytest.mark.parametrize(
        ("record", "what"),
        [
            (one(b"\xff\xd8\xff", {"Content-Type": "image/jpeg"}), "no_page"),
            (one(b"no gzip, whatever its header says", HTML | {"Content-Encoding": "gzip"}), "pages"),
        ],
        ids=["an image", "bytes that are not packed as they say"],
    )
    def test_what_is_no_page_is_counted(self, tmp_path: Path, record: list[Record], what: str) -> None:
        assert counts(write_warc(tmp_path / "a.warc.gz", record))[what] == 1

    def test_an_answer_of_another_status_is_none(self, tmp_path: Path) -> None:
        path = write_warc(tmp_path / "a.warc.gz", related(1), "404 Not Found")
        assert counts(path)["other_status"] == 1

    def test_a_page_in_a_korean_encoding(self, tmp_path: Path) -> None:
        text = page("오만의 재단사 Tailors for Oman", [WORKERS, FILLER]).encode("euc-kr")
        path = write_warc(tmp_path / "a.warc.gz", one(text, {"Content-Type": "text/html; charset=euc-kr"}))
        assert [f["low"] for f in read_warc(str(path), Options())["figures"].to_pylist()] == [120]

    def test_a_bomb_is_left(self, tmp_path: Path) -> None:
        bomb = zipped(one(b"North Korea workers " * 5_000_000)[0])
        told = counts(write_warc(tmp_path / "a.warc.gz", [bomb, *related(1)]))
        assert told["too_large"] == 1
        assert told["parsed"] == 1

    @pytest.mark.parametrize("cut", [200, 2000, 4000])
    def test_a_torn_file_gives_what_stands_before_and_says_so(self, tmp_path: Path, cut: int) -> None:
        path = write_warc(tmp_path / "a.warc.gz", related(5))
        path.write_bytes(path.read_bytes()[:-cut])
        told = read_warc(str(path), Options())
        (torn,) = (row for row in told["counts"].to_pylist() if row["what"] == "torn")
        assert 0 < told["articles"].num_rows < 5
        assert "no readable record behind byte" in torn["detail"]

    def test_a_file_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "a.warc.gz").write_bytes(b"no WARC, and no gzip either" * 100)
        assert read_warc(str(tmp_path / "a.warc.gz"), Options())["articles"].num_rows == 0


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six files, with the sample's articles among other pages."""
    folder, records = tmp_path_factory.mktemp("archive"), related(54)
    for number in range(6):
        write_warc(folder / f"{number}.warc.gz", [*unrelated(10), *records[number::6]])
    return folder


def content(folder: Path) -> dict[str, Any]:
    """All tables that a reading gave, by folder and name, as rows."""
    return {
        f"{place.name}/{name}": pq.read_table(place / f"{name}.parquet").to_pylist()
        for place in sorted(folder.iterdir())
        for name in SCHEMAS
    }


@pytest.fixture(scope="module")
def whole(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("whole") / "read"
    told = laborledger("read", archive, "--out", folder, "--workers", 2)
    assert told.returncode == 0, told.stderr
    return content(folder)


class TestTheCommand:
    def test_a_folder_is_read_whole(self, whole: dict[str, Any]) -> None:
        assert len(whole) == 6 * len(SCHEMAS)
        assert sum(len(found) for name, found in whole.items() if name.endswith("articles")) == 54

    def test_one_worker_gives_the_same(self, archive: Path, whole: dict[str, Any], tmp_path: Path) -> None:
        assert laborledger("read", archive, "--out", tmp_path / "read", "--workers", 1).returncode == 0
        assert content(tmp_path / "read") == whole

    def test_what_was_read_is_not_read_again_until_it_changes(self, archive: Path, tmp_path: Path) -> None:
        shutil.copytree(archive, tmp_path / "archive")
        first = laborledger("read", tmp_path / "archive", "--out", tmp_path / "read")
        assert "6 files, 0 of them read before" in first.stderr
        write_warc(tmp_path / "archive" / "3.warc.gz", related(1))
        again = laborledger("read", tmp_path / "archive", "--out", tmp_path / "read")
        assert "6 files, 5 of them read before" in again.stderr

    def test_the_tables_are_asked_as_one(self, archive: Path, tmp_path: Path) -> None:
        laborledger("read", archive, "--out", tmp_path / "read")
        answer = duckdb.sql(f"select count(*), min(published) from '{tmp_path}/read/*/articles.parquet'")
        assert (answer.fetchone() or (0,))[0] == 54

    def test_killed_at_any_instant_it_goes_on_and_reads_no_file_twice(
        self, archive: Path, whole: dict[str, Any], tmp_path: Path
    ) -> None:
        chance, out = random.Random(7), tmp_path / "read"
        for _ in range(4):
            before = (
                {place: (place / READ).stat().st_mtime_ns for place in Shelf(out).kept()}
                if out.exists()
                else {}
            )
            killed(chance.uniform(1, 6), "read", archive, "--out", out, "--workers", 2)
            for place, moment in before.items():
                assert (place / READ).stat().st_mtime_ns == moment
        assert laborledger("read", archive, "--out", out, "--workers", 2).returncode == 0
        assert content(out) == whole

    @pytest.mark.parametrize(
        ("named", "why"),
        [("none.warc.gz", "there is no file"), (".", "holds no file that ends in .warc")],
    )
    def test_what_cannot_be_read_at_all_is_wrong_usage(self, tmp_path: Path, named: str, why: str) -> None:
        told = laborledger("read", tmp_path / named, "--out", tmp_path / "read")
        assert told.returncode == 2
        assert why in told.stderr


def dies(path: str) -> str:
    """Work that takes its worker with it."""
    import os

    if "bad" in path:
        os.kill(os.getpid(), signal.SIGKILL)
    return path


def test_a_worker_that_dies_costs_its_file_alone() -> None:
    done = {one.path: one for one in Local(2).run(dies, ["a", "b", "bad", "c", "d"])}
    assert done["bad"] == Done("bad", error=DIED)
    assert {path for path, one in done.items() if one.line} == {"a", "b", "c", "d"}


def test_a_draft_of_a_dead_process_is_swept_and_one_of_a_living_stays(tmp_path: Path) -> None:
    (tmp_path / ".tmp-999999999-x").mkdir()
    (tmp_path / ".tmp-1-x").mkdir()
    Shelf(tmp_path).prepare()
    assert [path.name for path in tmp_path.iterdir()] == [".tmp-1-x"]


def test_other_options_are_another_reading(tmp_path: Path) -> None:
    path = str(write_warc(tmp_path / "a.warc.gz", related(1)))
    assert told_of(path, Options()) != told_of(path, Options(has_texts=True))
