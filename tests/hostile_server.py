"""A small HTTP server on loopback that answers as a test tells it to, well or badly.

What a test expects does not belong here.
"""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any

from orchestration.scraping.guard import Guard

HOST = "outlet.example"
"""The name under which a test asks for the server; a guard leads it to the port."""

Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the server saw it; header names are in lower case."""

    host: str
    path: str
    headers: dict[str, str]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what these tests are about."""


class HostileServer:
    """`paths` says how each path is answered (404 where it says nothing); `requests` is what was asked."""

    def __init__(self, tls: SSLContext | None = None) -> None:
        self.paths: dict[str, Behaviour] = {}
        self.requests: list[Request] = []
        self._server = _Server(("127.0.0.1", 0), self._handler())
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.requests.append(Request(headers.get("host", ""), self.path, headers))
                outer.paths.get(self.path, answer(status=404))(self)

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads it."""

        return Handler

    def guard(self, *hosts: str) -> Guard:
        """A guard that leads `hosts` (the outlet's own, unless told) to this server, over http and https."""
        names = hosts or (HOST,)
        local = {(name, port) for name in names for port in (80, 443)}
        return Guard(frozenset(local), dict.fromkeys(names, ("127.0.0.1", self.port)))

    def asked(self, path: str) -> int:
        """How often `path` was asked for."""
        return sum(request.path == path for request in self.requests)

    def asked_paths(self) -> list[str]:
        """The paths in the order in which they were asked for."""
        return [request.path for request in self.requests]

    @contextmanager
    def running(self) -> Iterator[HostileServer]:
        """Answer until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server of bytes, for what no HTTP server would say; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def one(line: socket.socket) -> None:
        with line:
            try:
                serve(line)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(line,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def answer(body: bytes | str = b"", status: int = 200, **headers: str) -> Behaviour:
    """A whole answer; `_` in a header's name stands for `-`."""
    payload = body.encode() if isinstance(body, str) else body

    def behave(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        for name, value in headers.items():
            to.send_header(name.replace("_", "-"), value)
        to.send_header("Content-Length", str(len(payload)))
        to.end_headers()
        to.wfile.write(payload)

    return behave


def redirect(target: str, status: int = 302) -> Behaviour:
    """Sends the client on to `target`."""
    return answer(status=status, Location=target)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One after the other; the last one stays."""
    left = list(behaviours)

    def behave(to: BaseHTTPRequestHandler) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(to)

    return behave


def unless_known(behaviour: Behaviour, **validators: str) -> Behaviour:
    """304 to a request that repeats one of `validators` (Last_Modified, ETag), else `behaviour`."""

    def behave(to: BaseHTTPRequestHandler) -> None:
        sent = (to.headers.get("If-Modified-Since"), to.headers.get("If-None-Match"))
        if any(value in sent for value in validators.values()):
            to.send_response(304)
            to.end_headers()
        else:
            behaviour(to)

    return behave


def dated(body: bytes | str, moment: str, **headers: str) -> Behaviour:
    """A page that answers 304 as long as its Last-Modified stays."""
    return unless_known(answer(body, 200, Last_Modified=moment, **headers), Last_Modified=moment)


def raw(*pieces: bytes, pause: float = 0.0) -> Behaviour:
    """These bytes, `pause` seconds apart, and then the end of the connection."""

    def behave(to: BaseHTTPRequestHandler) -> None:
        to.close_connection = True
        for piece in pieces:
            to.wfile.write(piece)
            time.sleep(pause)

    return behave


def endless(head: bytes, piece: bytes, pause: float = 0.0) -> Behaviour:
    """`head`, then `piece` after `piece` until the client goes away."""

    def behave(to: BaseHTTPRequestHandler) -> None:
        to.close_connection = True
        to.wfile.write(head)
        while True:
            to.wfile.write(piece)
            time.sleep(pause)

    return behave


def silent(seconds: float = 5.0) -> Behaviour:
    """Takes the request and says nothing."""

    def behave(to: BaseHTTPRequestHandler) -> None:
        to.close_connection = True
        time.sleep(seconds)

    return behave


def gzip_bomb(megabytes: int) -> Behaviour:
    """Zeros that unpack to so many megabytes."""
    return answer(gzip.compress(bytes(megabytes << 20)), Content_Encoding="gzip")
