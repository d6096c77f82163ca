"""Files of an object store are read as those of a disk are, and a changed one is read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from benchmarks.archives import mixed_pages, write_archive
from orchestration.reading.archives import Options
from orchestration.reading.command import InputError, found_files, read
from orchestration.reading.outputs import read_into

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp("archive") / "news.warc.gz", mixed_pages(20, 4, 1))


@pytest.fixture(autouse=True)
def store(archive: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket with one file."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    fsspec.filesystem("s3").clear_instance_cache()
    system = fsspec.filesystem("s3")
    system.makedirs("news", exist_ok=True)
    system.put(str(archive), "news/2026/news.warc.gz")
    yield "s3://news"
    server.stop()


def test_a_file_of_a_store_gives_what_the_same_file_of_a_disk_gives(
    store: str, archive: Path, tmp_path: Path
) -> None:
    read_into(tmp_path / "disk", str(archive), Options())
    assert read([store], "local", 1, tmp_path / "store", False, None, None) == 0
    for name in ("figures", "rejects", "articles", "counts"):
        disk, kept = (tmp_path / place / "news.warc.gz" / f"{name}.parquet" for place in ("disk", "store"))
        assert disk.read_bytes() == kept.read_bytes()
    assert pq.read_table(tmp_path / "store/news.warc.gz/figures.parquet").num_rows > 5


def test_files_of_a_bucket_are_found(store: str) -> None:
    assert found_files([store]) == [f"{store}/2026/news.warc.gz"]
    assert found_files([f"{store}/2026"]) == [f"{store}/2026/news.warc.gz"]


def test_a_changed_file_of_a_store_is_read_again(store: str, archive: Path, tmp_path: Path) -> None:
    path = f"{store}/2026/news.warc.gz"
    assert read_into(tmp_path, path, Options()).is_new
    assert not read_into(tmp_path, path, Options()).is_new
    with fsspec.open(path, "wb") as file:
        file.write(archive.read_bytes() * 2)
    fsspec.filesystem("s3").invalidate_cache()
    assert read_into(tmp_path, path, Options()).is_new


def test_a_bucket_that_is_not_there_is_named(store: str) -> None:
    with pytest.raises(InputError, match="nowhere"):
        found_files(["s3://nowhere"])
