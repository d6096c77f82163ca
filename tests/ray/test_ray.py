"""A cluster of two workers gives what processes give, and outlives the death of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from benchmarks.archives import write_archives
from orchestration.reading.archives import Options
from orchestration.reading.command import found_files, read
from orchestration.reading.engines import Local, Ray
from orchestration.reading.outputs import Task
from tests.test_read_archives import content_of
from tests.workers_that_die import check_deaths

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
    write_archives(folder, 4, 20, 4)
    return folder


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
    check_deaths(Ray(2), tmp_path)
