"""What all tests share: the network ends at loopback, and where the checkout and the shared gold lie."""

from __future__ import annotations

import ipaddress
import random
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.runs import Ran, kill_after, laborledger

ROOT = Path(__file__).resolve().parent.parent
SHARED_GOLD = ROOT.parent / "shared" / "gold"

_connect = socket.socket.connect


def _is_near(address: Any) -> bool:
    """Whether an address is a file's (a Unix socket) or on loopback."""
    if not isinstance(address, tuple):
        return True
    try:
        return ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return address[0] == "localhost"


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse each connection that would leave this machine."""

    def connect(self: socket.socket, address: Any) -> None:
        if not _is_near(address):
            raise OSError(f"a test tried to reach {address}; tests end at loopback")
        _connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


SLOW_FILES = ("test_gate.py", "test_definitions.py", "test_warehouse.py", "test_pipeline.py")
"""Run last: whole builds, runs and a browser."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Fast files first; with several processes the slow ones, so that all end together."""
    sign = -1 if hasattr(config, "workerinput") else 1
    places = {name: sign * place for place, name in enumerate(SLOW_FILES, start=1)}
    items.sort(key=lambda item: places.get(item.path.name, 0))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A home on which a run of the sample outlet was killed midway, and the run that made it good."""
    home = tmp_path_factory.mktemp("sample") / "home"
    kill_after(random.Random(7).uniform(6, 12), home)
    return home, laborledger("run", "--sources", "sample", "--home", home)


@pytest.fixture(scope="session")
def shared_gold() -> Path:
    """The third-party seed and the gold sets; they are not part of the project."""
    if not SHARED_GOLD.is_dir():
        pytest.skip("the shared gold folder is not beside this checkout")
    return SHARED_GOLD
