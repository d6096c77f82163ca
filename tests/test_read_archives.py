"""`laborledger read`: the pipeline's figures from WARC files of others, each file whole or not at all,
and never twice.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from benchmarks.archives import UNRELATED, mixed_pages, sample_pages, write_archive, write_archives
from orchestration.home import Home
from orchestration.ledger import open_ledger
from orchestration.reading.archives import LARGEST_PAGE, Options, read_warc
from orchestration.reading.command import InputError, found_files
from orchestration.reading.engines import Local
from orchestration.reading.outputs import read_into
from orchestration.reading.tables import SCHEMAS, Tables
from orchestration.reading.warcs import Reader
from orchestration.scraping.encodings import decoded
from orchestration.scraping.tree import LARGEST
from orchestration.selection import Selection
from orchestration.steps import collect, read_figures
from tests.test_restore import warc
from tests.workers_that_die import check_deaths

COMMAND = str(Path(sys.executable).with_name("laborledger"))
KILLS = 10
PAGE = (
    "<html lang='en'><head><meta property='article:published_time' content='2024-02-27'>"
    "<title>{title}</title></head>"
    "<body><article><h1>{title}</h1><p>{text}</p></article></body></html>"
)
TEXT = (
    "North Korea sent 450 workers to Qatar in January, two people who know of the matter said on Tuesday. "
    "They are builders, and they live in a camp near the capital."
)
HTML = PAGE.format(title="Workers for Qatar", text=TEXT)
URL = "https://paper.example/qatar"


def read(path: Path, options: Options = Options()) -> Tables:  # noqa: B008
    return read_warc(str(path), options)


def written(folder: Path, content: bytes, name: str = "a.warc.gz") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def one_page(folder: Path, body: bytes, **headers: str) -> Path:
    return write_archive(
        folder / "a.warc.gz", [(URL, body)], **{k.replace("_", "-"): v for k, v in headers.items()}
    )


def counts(tables: Tables) -> dict[str, object]:
    return dict(tables.counts.to_pylist()[0])


def lows(tables: Tables) -> list[int]:
    return tables.figures["low"].to_pylist()


# The same figures


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp("archive") / "news.warc.gz", mixed_pages(20, 16, 1))


@pytest.fixture(scope="module")
def tables(archive: Path) -> Tables:
    return read(archive, Options(texts=True))


FIGURE = (
    "article_id, figure_index, measure, status, low, high, hedge, quote, quote_start, count_text, confidence"
)


def test_figures_are_those_of_a_run(archive: Path, tables: Tables, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    collect(Selection("none", archive.parent, home), "run-1")
    read_figures(home)
    with open_ledger(home) as ledger:
        wanted = ledger._rows(f"select {FIGURE} from raw.figures")
    columns = FIGURE.split(", ")
    found = sorted(tuple(row[name] for name in columns) for row in tables.figures.to_pylist())
    assert len(found) > 40
    assert found == sorted(wanted)


def test_a_figure_leads_back_to_its_record(archive: Path, tables: Tables) -> None:
    row = tables.figures.to_pylist()[0]
    with archive.open("rb") as stream:
        found = next(a for a in Reader(stream).answers() if a.offset == row["record_offset"])
    assert (found.url, archive.name) == (row["url"], row["warc"])
    texts = {a["article_id"]: a["text"] for a in tables.articles.to_pylist()}
    assert texts[row["article_id"]][row["quote_start"] : row["quote_end"]] == row["quote"]
    assert row["extractor_version"]
    assert row["parser_version"]


def test_unrelated_pages_are_counted_and_not_parsed(tables: Tables) -> None:
    found = counts(tables)
    assert (found["pages"], found["passed"], found["broken"]) == (36, 16, [])
    assert not any(url.startswith(UNRELATED) for url in tables.articles["url"].to_pylist())


def test_texts_are_kept_only_where_asked_for(archive: Path) -> None:
    articles = read(archive).articles
    assert set(articles["text"].to_pylist()) == {None}
    assert all(articles["text_sha256"].to_pylist())


def test_tables_have_their_columns(tables: Tables) -> None:
    assert {name: table.schema for name, table in tables.by_name().items()} == dict(SCHEMAS)


def test_a_page_without_a_day_is_named_and_not_guessed(tmp_path: Path) -> None:
    undated = HTML.replace("<meta property='article:published_time' content='2024-02-27'>", "")
    found = read(one_page(tmp_path, undated.encode()))
    assert counts(found)["undated"] == 1
    assert found.articles.select(["url", "parse_outcome", "published"]).to_pylist() == [
        {"url": URL, "parse_outcome": "undated", "published": None}
    ]
    assert lows(found) == []


@pytest.mark.parametrize(("host", "pages"), [("paper.example", 1), ("example", 1), ("aper.example", 0)])
def test_only_pages_of_the_wanted_hosts_are_read(tmp_path: Path, host: str, pages: int) -> None:
    assert counts(read(one_page(tmp_path, HTML.encode()), Options(hosts=(host,))))["pages"] == pages


# What archives hold


@pytest.mark.parametrize("charset", ["utf-8", "cp949", "utf-16", "shift_jis", "gb18030", "utf-8-sig"])
def test_a_page_in_any_charset_is_read(tmp_path: Path, charset: str) -> None:
    page = HTML.replace(
        "near the capital", "북한 근처" if charset in ("cp949", "utf-16", "utf-8") else "near it"
    )
    assert lows(read(one_page(tmp_path, page.encode(charset), X=f"charset={charset}"))) == [450]


BROTLI = bytes.fromhex("0b028068656c6c6f03")


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(HTML.encode()), {"Content_Encoding": "gzip"}),
        (chunked(HTML.encode()), {"Transfer_Encoding": "chunked"}),
        (chunked(gzip.compress(HTML.encode())), {"Transfer_Encoding": "chunked", "Content_Encoding": "gzip"}),
        (HTML.encode(), {"Content_Encoding": "gzip"}),
        (HTML.encode(), {"Transfer_Encoding": "chunked"}),
        (HTML.encode(), {"Content_Encoding": "br"}),
        (HTML.encode(), {"Content_Encoding": "identity"}),
    ],
)
def test_encodings_are_undone_where_they_are_there(
    tmp_path: Path, body: bytes, headers: dict[str, str]
) -> None:
    assert lows(read(one_page(tmp_path, body, **headers))) == [450]


def test_brotli_is_undone() -> None:
    assert decoded(BROTLI, "br") == b"hello"


def test_an_encoding_that_is_not_known_costs_its_record(tmp_path: Path) -> None:
    pages = [(URL, b"x")]
    write_archive(tmp_path / "b.warc.gz", pages, **{"Content-Encoding": "foo"})
    path = write_archive(tmp_path / "a.warc.gz", [(URL, HTML.encode())])
    path.write_bytes((tmp_path / "b.warc.gz").read_bytes() + path.read_bytes())
    found = read(path)
    assert lows(found) == [450]
    assert counts(found)["broken"] == [{"offset": 0, "why": "content encoding 'foo' is not known"}]


def test_a_bomb_is_bounded() -> None:
    bomb = gzip.compress(b"\x00" * (8 * LARGEST))
    assert len(decoded(gzip.compress(bomb), "gzip, gzip")) <= LARGEST + 1


def test_a_payload_beyond_the_bound_is_named(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.warc.gz", [(f"{URL}/big", b" " * (LARGEST + 1)), (URL, HTML.encode())])
    found = read(path)
    assert lows(found) == [450]
    assert str(LARGEST) in str(counts(found)["broken"])


def test_a_page_that_would_fill_the_memory_is_named(tmp_path: Path) -> None:
    hostile = HTML.encode() + b"<b>x</b>" * (LARGEST_PAGE // 8)
    path = write_archive(tmp_path / "a.warc.gz", [(f"{URL}/big", hostile), (URL, HTML.encode())])
    found = read(path)
    assert lows(found) == [450]
    assert str(LARGEST_PAGE) in str(counts(found)["broken"])


def test_a_file_that_is_not_compressed_is_read(tmp_path: Path) -> None:
    path = one_page(tmp_path, HTML.encode())
    assert lows(read(written(tmp_path, gzip.decompress(path.read_bytes()), "a.warc"))) == [450]


def test_posts_of_a_wordpress_answer_and_other_kinds_do_no_harm(tmp_path: Path) -> None:
    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=True)
    for kind, body in (
        ("application/json", b"{}"),
        ("image/png", b"\x89PNG\x00"),
        ("text/html", HTML.encode()),
    ):
        http = StatusAndHeaders("200 OK", [("Content-Type", kind)], "HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(
                URL, "response", payload=io.BytesIO(body), length=len(body), http_headers=http
            )
        )
    found = read(written(tmp_path, stream.getvalue()))
    assert lows(found) == [450]
    assert counts(found)["pages"] == 2


# What is torn or broken

TWO = [("200 OK", URL, HTML.encode()), ("200 OK", f"{URL}/2", HTML.encode())]


@pytest.mark.parametrize("cut", [40, 150, 300])
def test_a_torn_file_gives_what_is_whole_and_says_where(tmp_path: Path, cut: int) -> None:
    content = warc(*TWO)
    first = content.find(b"\x1f\x8b\x08", 1)
    found = read(written(tmp_path, content[:-cut]))
    assert lows(found) == [450]
    assert [trouble["offset"] for trouble in counts(found)["broken"]] == [first]  # type: ignore[attr-defined]


@pytest.mark.parametrize("at", [30, 200, -10])
def test_a_broken_record_costs_itself_alone(tmp_path: Path, at: int) -> None:
    broken, good = bytearray(warc(TWO[0])), warc(TWO[1])
    broken[at] ^= 0xFF
    found = read(written(tmp_path, good + bytes(broken) + good))
    assert lows(found)[:1] == [450]
    assert len(lows(found)) >= 2
    assert counts(found)["broken"]


def test_rubbish_between_records_is_passed_over(tmp_path: Path) -> None:
    good = warc(TWO[0])
    found = read(written(tmp_path, good + b"rubbish" * 30 + good))
    assert lows(found) == [450, 450]
    assert counts(found)["broken"]


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"\x1f\x8b\x08\x00broken", b"WARC/1.0\r\n\r\n", b"\x00" * 99]
)
def test_what_is_no_archive_gives_nothing(tmp_path: Path, content: bytes) -> None:
    assert counts(read(written(tmp_path, content)))["pages"] == 0


def test_any_cut_and_any_flipped_byte_ends_well(tmp_path: Path) -> None:
    chance, content = random.Random(2), warc(*TWO, ("404 Not Found", URL, b"no"))
    for _ in range(40):
        spoiled = bytearray(content[: chance.randint(0, len(content))])
        for _ in range(chance.randint(0, 3) if spoiled else 0):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        with io.BytesIO(bytes(spoiled)) as stream:
            assert {answer.payload for answer in Reader(stream).answers()} <= {HTML.encode(), b"no", b""}


# Folders


def content_of(folder: Path) -> dict[str, str]:
    """Hash of every table under a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*/*.parquet"))
    }


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six small files."""
    folder = tmp_path_factory.mktemp("archives")
    write_archives(folder, 6, 30, 4)
    return folder


@pytest.fixture(scope="module")
def whole(archives: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    for path in found_files([str(archives)]):
        read_into(out, path, Options())
    return out


def command(archives: Path, out: Path, *more: str) -> list[str]:
    return [COMMAND, "read", str(archives), "--out", str(out), *more]


def test_a_finished_file_is_not_read_again_unless_it_changed(tmp_path: Path) -> None:
    path = one_page(tmp_path, HTML.encode())
    out = tmp_path / "out"
    assert read_into(out, str(path), Options()).is_new
    assert not read_into(out, str(path), Options()).is_new
    assert read_into(out, str(path), Options(texts=True)).is_new
    path.write_bytes(path.read_bytes() + warc(TWO[1]))
    done = read_into(out, str(path), Options(texts=True))
    assert (done.is_new, done.counts["figures"]) == (True, 2)
    assert sorted(p.name for p in (out / "a.warc.gz").iterdir()) == [
        "articles.parquet", "counts.parquet", "figures.parquet", "manifest.json", "rejects.parquet",
    ]  # fmt: skip


def test_another_extractor_reads_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = one_page(tmp_path, HTML.encode())
    read_into(tmp_path / "out", str(path), Options())
    monkeypatch.setattr("orchestration.reading.archives.extractor_version", lambda: "another")
    assert read_into(tmp_path / "out", str(path), Options()).is_new


def test_two_workers_give_what_one_gives(archives: Path, whole: Path, tmp_path: Path) -> None:
    done = subprocess.run(command(archives, tmp_path, "--workers", "2"), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "6 files read" in done.stdout
    assert content_of(tmp_path) == content_of(whole)


def test_two_commands_in_one_folder_do_not_collide(archives: Path, whole: Path, tmp_path: Path) -> None:
    both = [subprocess.Popen(command(archives, tmp_path, "--workers", "1")) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    assert content_of(tmp_path) == content_of(whole)


def finished(out: Path) -> dict[str, int]:
    """When each finished file was finished."""
    return {path.parent.name: path.stat().st_mtime_ns for path in out.glob("[!.]*/manifest.json")}


def test_a_killed_run_is_gone_on_with(archives: Path, whole: Path, tmp_path: Path) -> None:
    """Killed at ten random instants: the same bytes at the end, and what was finished is not read again."""
    chance, known = random.Random(4), dict[str, int]()
    for _ in range(KILLS):
        run = subprocess.Popen(command(archives, tmp_path, "--workers", "2"), start_new_session=True)
        time.sleep(chance.uniform(0.3, 6))
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        now = finished(tmp_path)
        assert {name: now.get(name) for name in known} == known
        known = now
    assert subprocess.run(command(archives, tmp_path, "--workers", "2")).returncode == 0
    now = finished(tmp_path)
    assert {name: now[name] for name in known} == known
    assert content_of(tmp_path) == content_of(whole)


def test_ctrl_c_keeps_what_is_finished(archives: Path, tmp_path: Path) -> None:
    run = subprocess.Popen(
        command(archives, tmp_path, "--workers", "1"), start_new_session=True, stderr=subprocess.PIPE
    )
    while not finished(tmp_path) and run.poll() is None:
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate()
    assert run.returncode == 1
    assert b"finished files stay" in said
    assert b"Traceback" not in said
    assert finished(tmp_path)


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(archives: Path, tmp_path: Path) -> None:
    gone = f"file://{tmp_path}/gone.warc.gz"
    done = subprocess.run(
        command(archives / "news-0.warc.gz", tmp_path / "out", gone, "--workers", "1"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f"not read: {gone}" in done.stderr
    assert "1 files read" in done.stdout
    assert (tmp_path / "out" / "gone.warc.gz.failed.json").exists()


@pytest.mark.parametrize(
    ("inputs", "told"),
    [(["nothing"], "nothing"), ([], "no file that ends in"), (["a/x.warc.gz", "b/x.warc.gz"], "x.warc.gz")],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for place in ("a", "b"):
        Path(place).mkdir()
        Path(place, "x.warc.gz").touch()
    with pytest.raises(InputError, match=told):
        found_files(inputs)


# Engines


def test_a_worker_that_dies_costs_its_path_a_try_and_no_other(tmp_path: Path) -> None:
    check_deaths(Local(2), tmp_path)


def test_ray_says_how_it_can_be_had(archives: Path, tmp_path: Path) -> None:
    done = subprocess.run(command(archives, tmp_path, "--engine", "ray"), capture_output=True, text=True)
    assert done.returncode == 1
    assert "laborledger[ray]" in done.stderr


@pytest.fixture
def served(archives: Path) -> Iterator[str]:
    """The archives over HTTP on loopback."""
    run = [
        sys.executable,
        "-u",
        "-m",
        "http.server",
        "0",
        "--bind",
        "127.0.0.1",
        "--directory",
        str(archives),
    ]
    server = subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    yield f"http://127.0.0.1:{server.stdout.readline().split(' port ')[1].split()[0]}"
    server.terminate()
    server.wait()
    server.stdout.close()


def test_tables_are_read_by_any_reader_of_parquet(whole: Path) -> None:
    table = pa.concat_tables(pq.read_table(path) for path in sorted(whole.glob("*/figures.parquet")))
    assert table.num_rows > 30


def test_sample_pages_are_all_there() -> None:
    assert len(sample_pages()) == 54
