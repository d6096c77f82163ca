"""Which addresses may be reached: the check stands between DNS and the connection, on the very address used.

No request to a private, loopback, link-local or otherwise special address, but to the places that a
declared-local source names itself. Redirects and rebinding names meet the same check.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

NAT64 = ipaddress.ip_network("64:ff9b::/96")
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that leads to public hosts; the rest holds ever new special blocks."""


class RefusedAddress(Exception):
    """The name leads to an address that may not be reached."""


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(str(inner))
        if ip not in GLOBAL_UNICAST:
            return False
    return ip.is_global and not ip.is_multicast


@dataclass(frozen=True, slots=True)
class Guard:
    """What may be reached: `local` holds the (host, port) pairs that declared-local sources name, and
    `mapping` leads such a host to the address and port where it really is.
    """

    local: frozenset[tuple[str, int]] = frozenset()
    mapping: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def vet(self, host: str, port: int) -> tuple[str, int]:
        """The address and port to connect to. Raises RefusedAddress, or OSError where the name is unknown."""
        is_local = (host, port) in self.local
        if is_local and host in self.mapping:
            return self.mapping[host]
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        bad = [] if is_local else [a for a in addresses if not _is_public(a)]
        if bad:
            raise RefusedAddress(
                f"{host} leads to {bad[0]}, no public address; only a source that says local = true may"
            )
        return addresses[0], port


def guarded_pool(guard: Guard, connections: set[HTTPConnection]) -> urllib3.PoolManager:
    """A pool of one connection a host whose connections all pass the guard; they stand in `connections`."""

    class Guarded:
        """Connects to the vetted address; TLS still checks the certificate against the name."""

        def _new_conn(self: Any) -> socket.socket:
            try:
                address = guard.vet(self._dns_host, self.port)
            except socket.gaierror as error:
                raise NameResolutionError(self.host, self, error) from error
            try:
                made = create_connection(address, self.timeout, socket_options=self.socket_options)
            except TimeoutError as error:
                raise ConnectTimeoutError(self, f"no connection within {self.timeout} s") from error
            except OSError as error:
                raise NewConnectionError(self, f"{error}") from error
            if self in connections:
                self.line.close()
            # A hold of our own: TLS takes `made` over for its handshake, and http.client lets go of it
            # while a body without a length is still read.
            self.line = made.dup()
            connections.add(self)
            return made

        def cut(self: Any) -> None:
            """End the connection from another thread, in the middle of whatever it does."""
            with contextlib.suppress(OSError):
                self.line.shutdown(socket.SHUT_RDWR)

        def let_go(self: Any) -> None:
            """Give up our hold of a connection that is closed, so that the other side sees it end."""
            if self.sock is None and self in connections:
                connections.discard(self)
                self.line.close()

    class Plain(Guarded, HTTPConnection):
        """Over http."""

    class Secure(Guarded, HTTPSConnection):
        """Over https."""

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    manager = urllib3.PoolManager(num_pools=50, maxsize=1)
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return manager
