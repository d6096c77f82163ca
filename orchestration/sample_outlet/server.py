"""The sample outlet, running: it listens on loopback and keeps what it has been asked.

What stands on its pages, and how one request is answered, does not belong here.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from orchestration.sample_outlet.answering import Handler, Request
from orchestration.sample_outlet.site import HOST, build_site

__all__ = ["HOST", "Request", "SampleOutlet", "serve"]

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
MOST_CONNECTIONS = 64
MOST_REQUESTS_KEPT = 20_000


class SampleOutlet:
    """The running outlet: where it answers, and what it has been asked."""

    host = HOST

    def __init__(self, articles: Path | None, port: int) -> None:
        self._articles = articles
        self._lock = threading.Lock()
        self._requests: deque[Request] = deque(maxlen=MOST_REQUESTS_KEPT)
        self.site = build_site(articles)
        self._server = _Server(port, self)
        self.port: int = self._server.server_port

    @property
    def requests(self) -> list[Request]:
        """The requests so far, oldest first; a copy."""
        with self._lock:
            return list(self._requests)

    def note(self, request: Request) -> None:
        """Keep one request."""
        with self._lock:
            self._requests.append(request)

    def forget_requests(self) -> None:
        """Empty the list of requests."""
        with self._lock:
            self._requests.clear()

    def reload(self) -> None:
        """Serve the articles as they stand in the folder now. Raises SampleArticleError."""
        self.site = build_site(self._articles)

    @contextmanager
    def running(self) -> Iterator[SampleOutlet]:
        """Answer until the block ends; then every connection is closed and every thread has ended."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sample-outlet")
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.hang_up()
            self._server.server_close()


@contextmanager
def serve(port: int = 0, articles: Path | None = None) -> Iterator[SampleOutlet]:
    """Serve a folder's articles (the embedded ones by default) on 127.0.0.1; port 0 takes a free one.

    Raises SampleArticleError where the folder cannot be served, OSError where the port is taken.
    """
    with SampleOutlet(articles, port).running() as outlet:
        yield outlet


class _Server(ThreadingHTTPServer):
    """One thread a connection, and no more than MOST_CONNECTIONS of them."""

    daemon_threads = False  # so that closing the server waits for them
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, port: int, outlet: SampleOutlet) -> None:
        self.outlet = outlet
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__((LOOPBACK, port), Handler)

    def server_bind(self) -> None:
        """Bind without looking up the address's name, which may ask a name server."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.socket.getsockname()[1]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Take the connection, unless too many are open."""
        with self._open_lock:
            if len(self._open) >= MOST_CONNECTIONS:
                return False
            self._open.add(request)
            return True

    def shutdown_request(self, request: Any) -> None:
        """End one connection."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every open connection, so that its thread ends too."""
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is the client's matter; no traceback on the terminal."""
        logger.debug("a connection broke", exc_info=True)
