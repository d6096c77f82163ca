"""What the Dockerfile makes, run as compose.yaml says: the sample from end to end, without a network, by a
user who may write into the home and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.container import Container
from tests.deploy.image import Image, built
from tests.needs import needs

BEGINS_WITHIN = 240
FETCH = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:3000' + '{}').read().decode())"


@pytest.fixture(scope="module")
def image() -> Image:
    if os.environ.get("LABORLEDGER_DEPLOY_TESTS") != "1":
        pytest.skip("an image's whole build: make test-deploy")
    needs(os.geteuid() == 0 and built(), "make test-deploy, as root")
    return built() or Image("")


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory, image: Image) -> Path:
    """A new volume as Docker makes it: with the owner and mode of the image's own folder."""
    volume = tmp_path_factory.mktemp("volumes") / "home"
    volume.mkdir()
    own = Path(image.root, "var/lib/laborledger").stat()
    os.chown(volume, own.st_uid, own.st_gid)
    volume.chmod(own.st_mode)
    return volume


@pytest.fixture(scope="module")
def services(image: Image, volume: Path) -> Iterator[dict[str, Container]]:
    started: dict[str, Container] = {}
    try:
        for name in ("code", "daemon", "web"):
            started[name] = Container(image, name, volume, {"LABORLEDGER_SOURCES": "sample"})
            started[name].wait_until_healthy(BEGINS_WITHIN)
        yield started
    finally:
        for container in reversed(started.values()):
            container.stop()


def test_each_process_is_well_by_its_own_health_check(services: dict[str, Container]) -> None:
    assert all(container.healthy() for container in services.values())
    assert image_says(services["web"], "/server_info").startswith('{"dagster_webserver_version"')


def image_says(web: Container, path: str) -> str:
    return web.run("python3", "-c", FETCH.format(path)).stdout


def test_a_run_of_the_sample_is_published_in_the_volume(services: dict[str, Container], volume: Path) -> None:
    ran = services["code"].run("laborledger", "run", "--sources", "sample")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (volume / "published" / "labor_ledger.duckdb").exists()
    asked = services["web"].run(
        "laborledger", "sql", "select count(*) as n from fct_claims", "--format", "csv"
    )
    assert int(asked.stdout.split()[1]) > 100


def test_the_user_can_write_into_the_home_and_tmp_and_nowhere_else(services: dict[str, Container]) -> None:
    for container in services.values():
        assert container.run("id", "-u").stdout == "10001\n"
        assert container.run("touch", "/tmp/x", "/var/lib/laborledger/x").returncode == 0
        for folder in ("/opt/laborledger", "/opt/laborledger/dbt_project", "/usr/bin", "/etc", "/"):
            assert container.run("touch", f"{folder}/x").returncode == 1, folder
        status = container.run("cat", "/proc/self/status").stdout
        assert "CapBnd:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status


def test_the_daemon_stops_when_it_is_asked_and_is_then_not_well(
    services: dict[str, Container], image: Image, volume: Path
) -> None:
    services["daemon"].stop()
    assert services["daemon"].process.returncode == 0, services["daemon"].log.read_text()[-2000:]
    assert services["code"].healthy()


def test_the_image_has_no_compiler_no_package_tool_of_python_and_no_test(image: Image) -> None:
    root = Path(image.root)
    for name in ("gcc", "cc", "g++", "make", "pip", "pip3", "uv", "git"):
        assert not (root / "usr/bin" / name).exists(), name
        assert not (root / "opt/laborledger/.venv/bin" / name).exists(), name
    assert not (root / "opt/setup").exists()
    brought = {path.name for path in (root / "opt/laborledger").iterdir()}
    assert not brought & {"tests", "training", ".git", ".cache"}
    installed = {path.name for path in (root / "opt/laborledger/.venv").glob("lib/*/site-packages/*")}
    assert not installed & {"pytest", "mypy", "playwright", "hypothesis"}


def test_nothing_in_the_image_is_the_users_own_but_the_home(image: Image) -> None:
    uid = int(image.user.split(":")[0])
    own = [path for path in Path(image.root, "opt").rglob("*") if path.lstat().st_uid == uid]
    assert own == []
    assert Path(image.root, "var/lib/laborledger").stat().st_uid == uid
