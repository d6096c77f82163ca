"""What all tests share: the network ends at loopback, and where the checkout and the shared gold lie."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuse each connection that would leave this machine."""

    def connect(self: socket.socket, address: Any) -> None:
        if not _is_near(address):
            raise OSError(f"a test tried to reach {address}; tests end at loopback")
        _connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    yield


@pytest.fixture(scope="session")
def shared_gold() -> Path:
    """The third-party seed and the gold sets; they are not part of the project."""
    if not SHARED_GOLD.is_dir():
        pytest.skip("the shared gold folder is not beside this checkout")
    return SHARED_GOLD
