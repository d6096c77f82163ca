"""One connection to the sample outlet: HTTP's methods, validators, compression and bounds.

Which pages there are, and who listens for connections, does not belong here.
"""

from __future__ import annotations

import gzip
import io
import logging
import socket
import time
from collections.abc import Mapping
from datetime import UTC
from email.message import Message
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple, Protocol, cast
from urllib.parse import unquote, urlsplit

from orchestration.sample_outlet.site import Resource, Site

logger = logging.getLogger(__name__)

LONGEST_LINE = 4096
LARGEST_HEAD = 16 * 1024
"""Bytes of all header lines of one request."""

PATIENCE = 10.0
"""Seconds in which a request must arrive whole, and for which an idle connection is kept."""


class Request(NamedTuple):
    """One answered request; `path` as it was asked for, `conditional` where it carried a validator."""

    method: str
    path: str
    status: int
    conditional: bool


class Outlet(Protocol):
    """What a connection needs to know of the outlet."""

    site: Site

    def note(self, request: Request) -> None:
        """Keep one request."""


class OutletServer(Protocol):
    """What a connection needs to know of its server."""

    outlet: Outlet


class TimedReader(io.RawIOBase):
    """A connection's bytes, until its deadline passes: a slow drip ends as a silence does."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.deadline = time.monotonic() + PATIENCE

    def readable(self) -> bool:
        """A reader can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer. Raises TimeoutError."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request did not arrive in time")
        self._connection.settimeout(left)
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(PATIENCE)


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    raw_requestline: bytes
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    wbufsize = -1  # head and body leave in one piece

    def setup(self) -> None:
        """Put the deadline between the connection and its reader."""
        super().setup()
        self.rfile.close()
        self._timed = TimedReader(self.connection)
        self.rfile = io.BufferedReader(self._timed)

    @property
    def outlet(self) -> Outlet:
        """The outlet whose pages are served."""
        return cast(OutletServer, self.server).outlet

    def version_string(self) -> str:
        """The Server header; it does not vary with the Python that runs it."""
        return "SampleOutlet"

    def handle_one_request(self) -> None:
        """Read and answer one request."""
        self._timed.deadline = time.monotonic() + PATIENCE
        self.command, self.path, self.requestline, self.request_version = "", "", "", self.protocol_version
        self.headers = self.MessageClass()
        super().handle_one_request()

    def parse_request(self) -> bool:
        """Read the request's head; False where it has been refused."""
        if len(self.raw_requestline) > LONGEST_LINE:
            return self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG)
        if not super().parse_request():
            self.close_connection = True
            return False
        status = refusal(self.command, self.headers)
        return True if status is None else self._refuse(status)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what the standard library found wrong, without repeating any of it."""
        self._refuse(HTTPStatus(code))

    def log_message(self, format: str, *args: Any) -> None:
        """Hand the library's own messages to logging; they may hold what a client sent."""
        logger.debug("%r", format % args)

    def do_GET(self) -> None:
        """Answer a GET, or a HEAD: the same without the body."""
        path = decoded_path(self.path)
        site = self.outlet.site
        if path and path not in site.resources and f"{path}/" in site.resources:
            self._send(Resource(b"", "text/plain", status=301), {"Location": f"{path}/"})
            return
        resource = site.at(path)
        headers = {"Cache-Control": "no-cache", "ETag": resource.etag, "Vary": "Accept-Encoding"}
        if resource.last_modified:
            headers["Last-Modified"] = format_datetime(resource.last_modified.astimezone(UTC), usegmt=True)
        if resource.status != HTTPStatus.OK:
            self._send(resource)
        elif is_unchanged(resource, self.headers):
            self._send(Resource(b"", resource.content_type, status=304), headers)
        else:
            self._send(resource, headers)

    do_HEAD = do_GET

    def _refuse(self, status: HTTPStatus) -> bool:
        self.close_connection = True
        self.request_version = self.protocol_version  # a client that got it wrong still gets a status line
        body = f"{status.value} {status.phrase}\n".encode()
        headers = {"Connection": "close"}
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = "GET, HEAD"
        self._send(Resource(body, "text/plain; charset=utf-8", status=status), headers)
        return False

    def _send(self, resource: Resource, headers: Mapping[str, str] | None = None) -> None:
        """Note the request, then send its answer, compressed where that is asked for."""
        headers, body = dict(headers or {}), resource.content
        conditional = "If-None-Match" in self.headers or "If-Modified-Since" in self.headers
        self.outlet.note(Request(self.command, self.path, int(resource.status), conditional))
        logger.debug("%s %r %d", self.command, self.path, resource.status)
        if body and takes_gzip(self.headers.get("Accept-Encoding", "")):
            body = gzip.compress(body, compresslevel=6, mtime=0)
            headers["Content-Encoding"] = "gzip"
            if "ETag" in headers:  # other bytes under the same name: as nginx does, say so
                headers["ETag"] = f"W/{headers['ETag']}"
        if resource.status != HTTPStatus.NOT_MODIFIED:
            headers |= {"Content-Type": resource.content_type, "Content-Length": str(len(body))}
        self._write(int(resource.status), headers, body)

    def _write(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Server", self.version_string())
        self.send_header("Date", self.date_time_string())
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def refusal(method: str, headers: Message) -> HTTPStatus | None:
    """Why a request with a well-formed head is refused, or None."""
    if sum(len(name) + len(value) + 4 for name, value in headers.items()) > LARGEST_HEAD:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    if method not in ("GET", "HEAD"):
        return HTTPStatus.METHOD_NOT_ALLOWED
    # A body would be taken for the next request.
    if "Transfer-Encoding" in headers or headers.get("Content-Length", "0").strip() != "0":
        return HTTPStatus.BAD_REQUEST
    return None


def decoded_path(target: str) -> str:
    """The path of a request target, percent-decoded; empty where the target is no address."""
    try:
        return unquote(urlsplit(target).path, errors="replace") or "/"
    except ValueError:
        return ""


def is_unchanged(resource: Resource, headers: Message) -> bool:
    """Whether the request's validator still holds; a date counts only where no ETag is sent (RFC 9110)."""
    tags = headers.get("If-None-Match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return "*" in known or resource.etag in known
    since = headers.get("If-Modified-Since")
    if since is None or resource.last_modified is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return resource.last_modified.replace(microsecond=0) <= moment
    except (ValueError, OverflowError):
        return False


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header names gzip without refusing it."""
    for offer in accepted.split(","):
        name, _, weight = offer.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
