"""A cluster of two workers gives what processes give, and outlives the death of one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from benchmarks.archives import mixed_pages, write_archive
from orchestration.reading.archives import Options
from orchestration.reading.command import found_files, read
from orchestration.reading.engines import Local, Ray
from orchestration.reading.outputs import Task
from tests.workers_that_die import answer

# Ray leaves files and sockets for the garbage collector, and speaks of its own coming changes.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archives")
    for number in range(4):
        write_archive(folder / f"news-{number}.warc.gz", mixed_pages(20, 4, number))
    return folder


def content_of(folder: Path) -> dict[str, str]:
    tables = sorted(folder.glob("*/*.parquet"))
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in tables}


def test_ray_gives_what_processes_give(archives: Path, tmp_path: Path) -> None:
    paths = found_files([str(archives)])
    for name, engine in (("local", Local(2)), ("ray", Ray(2))):
        outcomes = dict(engine.map(Task(tmp_path / name, Options()), paths))
        assert [outcomes[path].why for path in paths] == [None] * 4
    assert content_of(tmp_path / "ray") == content_of(tmp_path / "local")
    assert len(content_of(tmp_path / "ray")) == 16


def test_the_command_reads_on_ray(archives: Path, tmp_path: Path) -> None:
    assert read([str(archives)], "ray", 2, tmp_path, False, None, None) == 0
    assert len(content_of(tmp_path)) == 16


def test_a_worker_that_dies_costs_its_path_a_try_and_no_other(tmp_path: Path) -> None:
    names = ("dies", "good", "once", "raises", "well")
    found = dict(Ray(2).map(answer, [str(tmp_path / name) for name in names]))
    outcomes = {Path(path).name: outcome for path, outcome in found.items()}
    assert {name: outcome.result for name, outcome in outcomes.items() if outcome.why is None} == {
        "good": "good", "once": "once", "well": "well",
    }  # fmt: skip
    assert "died 2 times" in str(outcomes["dies"].why)
    assert outcomes["raises"].why == "ValueError: no such thing"
