"""Tells people of what a night brought, by whatever they use: e-mail, a chat, a webhook.

Where to is in LABORLEDGER_NOTIFY, as addresses of Apprise with blanks between; they hold passwords and
are never logged. Nothing is sent where it is empty. What is worth telling is for `defs/sensors.py`.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

NOTIFY = "LABORLEDGER_NOTIFY"
LONGEST = 4_000
"""Characters of a message: a chat takes no more."""

logger = logging.getLogger(__name__)


def addresses() -> list[str]:
    """Where to tell; empty where nobody asked for it."""
    return os.environ.get(NOTIFY, "").split()


def is_known(address: str) -> bool:
    """Whether Apprise knows how to reach an address; nothing is sent."""
    with _quiet():
        import apprise

        return bool(apprise.Apprise().add(address))


@contextmanager
def _quiet() -> Iterator[None]:
    """Apprise says nothing: it would log the address, password and all."""
    # One of its many senders imports what Python is about to give up.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        yield


def tell(title: str, body: str) -> int:
    """Send a message to every address; gives how many took it. A failure is logged, without the address."""
    with _quiet():
        return sum(_send(number, address, title, body) for number, address in enumerate(addresses(), start=1))


def _send(number: int, address: str, title: str, body: str) -> bool:
    import apprise

    sender = apprise.Apprise()
    if not sender.add(address):
        logger.warning("%s: address %d is none that Apprise knows", NOTIFY, number)
        return False
    if not sender.notify(title=title, body=body[:LONGEST]):
        logger.warning("%s: address %d did not take the message", NOTIFY, number)
        return False
    return True
