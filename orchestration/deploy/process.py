"""The names of a server's processes, and what they share: a socket. What they do is for `serving`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from orchestration.home import Home


class Process(StrEnum):
    """A process of the server."""

    CODE = "code"
    DAEMON = "daemon"
    WEB = "web"


def socket_of(home: Home) -> Path:
    """Where the code server of a home listens."""
    return home.dagster / "code.sock"
