"""What an outlet sent can be read again, byte for byte, whatever happened to the run that kept it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from orchestration.home import ROOT
from orchestration.scraping import archive as archive_module
from orchestration.scraping.archive import Archive, ArchiveError

URL = "http://outlet.example/nine-left/"
AT = datetime(2025, 9, 1, 12, 30, tzinfo=UTC)
HEADERS = {"content-type": "text/html; charset=utf-8", "etag": '"a"', "content-encoding": "gzip"}


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with closing(Archive(tmp_path, "run-1")) as archive:
        yield archive


@pytest.mark.parametrize(
    "payload",
    [b"<p>Nine left.</p>", b"", b"\x00\xff\r\n\r\nWARC/1.0\r\n", "아홉".encode(), os.urandom(300_000)],
    ids=["a page", "nothing", "hostile bytes", "Korean", "300 kB"],
)
def test_a_page_is_read_as_it_was_written(archive: Archive, payload: bytes) -> None:
    place = archive.write(URL, payload, HEADERS, AT)
    page = archive.read(*place)
    assert (page.url, page.payload, page.fetched_at) == (URL, payload, AT)
    assert (page.content_type, page.headers["etag"]) == ("text/html; charset=utf-8", '"a"')


def test_the_headers_speak_of_the_body_as_it_is_kept(archive: Archive) -> None:
    page = archive.read(*archive.write(URL, b"kept", HEADERS | {"content-length": "9999"}, AT))
    assert page.headers["content-length"] == "4"
    assert "content-encoding" not in page.headers


def test_a_saved_file_is_read_as_it_was_written(archive: Archive) -> None:
    page = archive.read(*archive.write_file("inbox:nine-left.html", b"<p>Nine left.</p>", AT))
    assert (page.url, page.payload, page.headers) == ("inbox:nine-left.html", b"<p>Nine left.</p>", {})


@pytest.mark.parametrize("payload", [b"", b"text"])
def test_a_page_without_a_content_type_says_so(archive: Archive, payload: bytes) -> None:
    page = archive.read(*archive.write(URL, payload, {}, AT))
    assert (page.content_type, page.payload) == (None, payload)


def test_an_address_in_korean_stays_as_it_is(archive: Archive) -> None:
    assert archive.read(*archive.write("http://outlet.example/기사", b"x", {}, AT)).url == (
        "http://outlet.example/기사"
    )


@pytest.mark.parametrize(
    "name", ["a b.html", "a\r\nWARC-Type: request\r\n\r\nb", "a\x00b", os.fsdecode(b"\xff.html")]
)
def test_a_hostile_name_breaks_no_record(archive: Archive, name: str) -> None:
    place = archive.write_file(f"inbox:{name}", b"text", AT)
    assert archive.read(*place).payload == b"text"


def test_a_hostile_header_breaks_no_record(archive: Archive) -> None:
    headers = {"content-type": "text/html", "x-name": "ë\x00", "x": "a" * 10_000}
    assert archive.read(*archive.write(URL, b"text", headers, AT)).payload == b"text"


def test_a_run_has_a_file_of_its_own(tmp_path: Path) -> None:
    places = []
    for run, text in (("run-1", b"one"), ("run-2", b"two")):
        with closing(Archive(tmp_path, run)) as archive:
            places.append(archive.write(URL, text, HEADERS, AT))
    assert places == [("run-1.warc.gz", 0), ("run-2.warc.gz", 0)]
    with closing(Archive(tmp_path, "run-3")) as archive:
        assert [archive.read(*place).payload for place in places] == [b"one", b"two"]
        assert [archive.holds(name) for name in ("run-1.warc.gz", "run-3.warc.gz")] == [True, False]


def test_a_run_that_goes_on_appends_to_its_file(tmp_path: Path) -> None:
    places = []
    for text in (b"one", b"two"):
        with closing(Archive(tmp_path, "run-1")) as archive:
            places.append(archive.write(URL, text, HEADERS, AT))
    assert places[1][1] > 0
    assert [Archive(tmp_path, "run-2").read(*place).payload for place in places] == [b"one", b"two"]


def test_any_warc_tool_reads_the_file(archive: Archive, tmp_path: Path) -> None:
    for number in range(3):
        archive.write(f"{URL}{number}", b"text %d" % number, HEADERS, AT)
    with (tmp_path / "run-1.warc.gz").open("rb") as file:
        records = [
            (
                record.rec_type,
                record.rec_headers.get_header("WARC-Target-URI"),
                record.content_stream().read(),
            )
            for record in ArchiveIterator(file, check_digests="raise")
        ]
    assert records == [("response", f"{URL}{number}", b"text %d" % number) for number in range(3)]


def test_nothing_is_written_until_there_is_something(tmp_path: Path) -> None:
    Archive(tmp_path / "archive", "run-1").close()
    assert not (tmp_path / "archive").exists()


# Damage


@pytest.mark.parametrize("kept", [1, 20, 0.5, -50])
def test_a_torn_last_record_spoils_nothing_before_it(tmp_path: Path, kept: float) -> None:
    with closing(Archive(tmp_path, "run-1")) as archive:
        first = archive.write(URL, b"one", HEADERS, AT)
        second = archive.write(URL, os.urandom(5_000), HEADERS, AT)
    whole = (tmp_path / second[0]).read_bytes()
    record = whole[second[1] :]
    end = int(len(record) * kept) if isinstance(kept, float) else kept
    (tmp_path / second[0]).write_bytes(whole[: second[1]] + record[:end])
    archive = Archive(tmp_path, "run-2")
    assert archive.read(*first).payload == b"one"
    with pytest.raises(ArchiveError, match=rf"run-1\.warc\.gz at byte {second[1]}: no readable record"):
        archive.read(*second)


def test_after_a_torn_record_the_same_run_goes_on(tmp_path: Path) -> None:
    with closing(Archive(tmp_path, "run-1")) as archive:
        first = archive.write(URL, b"one", HEADERS, AT)
        torn = archive.write(URL, os.urandom(5_000), HEADERS, AT)
    os.truncate(tmp_path / torn[0], torn[1] + 700)
    with closing(Archive(tmp_path, "run-1")) as archive:
        third = archive.write(URL, b"three", HEADERS, AT)
        assert [archive.read(*place).payload for place in (first, third)] == [b"one", b"three"]


def test_a_writer_that_is_killed_loses_only_what_it_was_writing(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, datetime\n"
        "from orchestration.scraping.archive import Archive\n"
        "archive = Archive(pathlib.Path(sys.argv[1]), 'run-1')\n"
        "while True:\n"
        "    place = archive.write('http://outlet.example/', b'text' * 1000, {}, datetime.datetime.now())\n"
        "    print(place[1], flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.readlines()
    offsets = [int(line) for line in told if line.endswith("\n")]
    archive = Archive(tmp_path, "run-2")
    for offset in offsets:
        assert archive.read("run-1.warc.gz", offset).payload == b"text" * 1000


@pytest.mark.parametrize("offset", [1, 7, 100, 10_000_000, -1])
def test_a_wrong_offset_is_an_error_that_names_the_place(archive: Archive, offset: int) -> None:
    archive.write(URL, b"text", HEADERS, AT)
    with pytest.raises(ArchiveError, match=rf"run-1\.warc\.gz at byte {offset}: no readable record"):
        archive.read("run-1.warc.gz", offset)


def test_a_file_that_is_gone_is_an_error_that_names_it(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match=r"run-0\.warc\.gz at byte 0"):
        archive.read("run-0.warc.gz", 0)


@pytest.mark.parametrize("content", [b"", b"text\n", bytes(5_000), b"\x1f\x8b\x08\x00", b"WARC/1.0\r\n\r\n"])
def test_a_file_of_something_else_is_an_error(archive: Archive, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run-0.warc.gz").write_bytes(content)
    with pytest.raises(ArchiveError):
        archive.read("run-0.warc.gz", 0)


def test_a_changed_byte_is_an_error_or_changes_nothing(archive: Archive, tmp_path: Path) -> None:
    payload = b"Nine workers left in 2025, and others stayed. "
    place = archive.write(URL, payload, HEADERS, AT)
    whole = (tmp_path / place[0]).read_bytes()
    for at in range(len(whole)):
        damaged = whole[:at] + bytes([whole[at] ^ 5]) + whole[at + 1 :]
        (tmp_path / "run-0.warc.gz").write_bytes(damaged)
        try:
            assert archive.read("run-0.warc.gz", 0).payload == payload
        except ArchiveError:
            continue


def test_a_record_beyond_the_bound_is_not_read(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    place = archive.write(URL, b"x" * 1_001, HEADERS, AT)
    monkeypatch.setattr(archive_module, "LARGEST", 1_000)
    with pytest.raises(ArchiveError, match="more than 1000 are not read"):
        archive.read(*place)


# Payloads that are there already


def records(file: Path) -> list[tuple[str, str]]:
    """Kind and address of each record."""
    with file.open("rb") as stream:
        found = ArchiveIterator(stream)
        return [(r.rec_type, r.rec_headers.get_header("WARC-Target-URI")) for r in found]


def test_a_payload_that_is_there_already_becomes_a_revisit(archive: Archive, tmp_path: Path) -> None:
    first = archive.write(URL, b"Nine left.", HEADERS, AT)
    second = archive.write(f"{URL}copy/", b"Nine left.", HEADERS, AT)
    assert second == first
    assert records(tmp_path / "run-1.warc.gz") == [("response", URL), ("revisit", f"{URL}copy/")]


def test_a_payload_of_an_earlier_run_becomes_a_revisit(tmp_path: Path) -> None:
    with closing(Archive(tmp_path, "run-1")) as archive:
        place = archive.write(URL, b"Nine left.", HEADERS, AT)
    places = {hashlib.sha256(b"Nine left.").hexdigest(): place}
    with closing(Archive(tmp_path, "run-2", places)) as archive:
        assert archive.write(URL, b"Nine left.", HEADERS, AT) == place
    assert records(tmp_path / "run-2.warc.gz") == [("revisit", URL)]


def test_a_payload_whose_file_is_lost_is_kept_again(tmp_path: Path) -> None:
    places = {hashlib.sha256(b"Nine left.").hexdigest(): ("run-0.warc.gz", 0)}
    with closing(Archive(tmp_path, "run-2", places)) as archive:
        assert archive.write(URL, b"Nine left.", HEADERS, AT) == ("run-2.warc.gz", 0)


# What a killed run leaves


DEAD = "999999999"


def left_by_a_killed_run(folder: Path, cut: int) -> Path:
    """An archive file whose last record lacks its last bytes, marked as open by a process that is no more."""
    with closing(Archive(folder, "run-1")) as archive:
        archive.write(URL, b"Nine left.", HEADERS, AT)
        archive.write(f"{URL}two/", b"Ten left.", HEADERS, AT)
    file = folder / "run-1.warc.gz"
    os.truncate(file, file.stat().st_size - cut)
    (folder / "run-1.warc.gz.open").write_text(DEAD)
    return file


@pytest.mark.parametrize("cut", [1, 9, 100])
def test_a_torn_last_record_is_cut_off(tmp_path: Path, cut: int) -> None:
    file = left_by_a_killed_run(tmp_path, cut)
    assert Archive(tmp_path, "run-2").repair() == ["run-1.warc.gz"]
    assert records(file) == [("response", URL)]
    assert Archive(tmp_path, "run-3").repair() == []


def test_a_whole_file_stays_as_it_is(tmp_path: Path) -> None:
    file = left_by_a_killed_run(tmp_path, 0)
    before = file.read_bytes()
    assert Archive(tmp_path, "run-2").repair() == []
    assert file.read_bytes() == before


def test_a_file_that_another_run_is_writing_is_left_alone(tmp_path: Path) -> None:
    file = left_by_a_killed_run(tmp_path, 9)
    (tmp_path / "run-1.warc.gz.open").write_text(str(os.getpid()))
    before = file.read_bytes()
    assert Archive(tmp_path, "run-2").repair() == []
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("announced", "kept"),
    [
        ("feed published: Mon, 01 Sep 2025", "feed published: Mon, 01 Sep 2025"),
        ("feed published: 9월\r\nX: y", "feed published: 9   X: y"),
        (None, None),
    ],
)
def test_the_day_of_an_announcement_is_kept_and_breaks_no_header(
    archive: Archive, announced: str | None, kept: str | None
) -> None:
    page = archive.read(*archive.write(URL, b"Nine left.", HEADERS, AT, announced))
    assert (page.announced, page.payload) == (kept, b"Nine left.")
