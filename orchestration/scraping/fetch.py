"""One polite, bounded, conditional HTTP GET after another.

How an outlet is asked belongs here: pace, retries, limits, validators, and which addresses may be
reached at all. What is asked for, and what becomes of it, does not. Environment proxies are not used:
they would connect in our place, past the check of the address.
"""

from __future__ import annotations

import email.utils
import logging
import os
import random
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from orchestration.scraping.guard import Guard, RefusedAddress, guarded_pool
from orchestration.scraping.page import Known

logger = logging.getLogger(__name__)

CONTACT = "LABORLEDGER_CONTACT"
"""The variable that holds an address by which an outlet can reach who runs this."""


def user_agent(contact: str | None) -> str:
    """What the requests say of themselves; a contact that no header can hold is left out."""
    told = (contact or "").strip()[:100]
    fits = told and told.isascii() and told.isprintable() and not set(told) & set("()")
    about = f"news index of overseas labour; robots.txt is obeyed{f'; contact: {told}' if fits else ''}"
    return f"LaborLedger/{version('laborledger')} ({about})"


USER_AGENT = user_agent(os.environ.get(CONTACT))
AGENT_TOKEN = "LaborLedger"
"""The name that robots.txt may address."""

HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept-Encoding": "gzip",
    "Accept": "text/html,application/xml;q=0.9,*/*;q=0.8",
}
Allowed = Callable[[str], bool]
RETRIED = frozenset({429, 500, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of each request; seconds and bytes."""

    tries: int = 3
    backoff: float = 1.0
    longest_wait: float = 120.0
    connect: float = 10.0
    silence: float = 20.0
    deadline: float = 60.0
    payload: int = 16 * 1024 * 1024
    redirects: int = 5
    failures: int = 3
    """So many requests in a row that met no answer, and the host counts as dead for this run."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request. `outcome` is ok, not_modified, http_error, network_error, timed_out,
    too_large, disallowed or refused; `payload` is the decoded body where the outcome is ok.
    """

    url: str
    outcome: str
    status: int | None = None
    payload: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    detail: str | None = None

    @property
    def answered(self) -> bool:
        """Whether the outlet gave, or vouched for, what was asked for."""
        return self.outcome in ("ok", "not_modified")


class _Stop(Exception):
    """Ends one try with an answer."""

    def __init__(self, answer: Answer, *, again: bool = False) -> None:
        super().__init__(answer.detail)
        self.answer, self.again = answer, again


class Fetcher:
    """Asks hosts one request at a time, each at its own pace. Not for use by several threads."""

    def __init__(
        self,
        guard: Guard | None = None,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limits = limits or Limits()
        self._connections: set[urllib3.connection.HTTPConnection] = set()
        self._pool = guarded_pool(guard or Guard(), self._connections)
        self._sleep = sleep
        self._free_at: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._given_up: dict[str, str] = {}

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._pool.clear()
        for connection in list(self._connections):
            connection.close()
        self._let_go()

    def _let_go(self) -> None:
        for connection in list(self._connections):
            connection.let_go()  # type: ignore[attr-defined]

    def is_dead(self, url: str) -> bool:
        """Whether the host of `url` has been given up for this run."""
        return _host(url) in self._given_up

    def get(
        self, url: str, known: Known | None = None, delay: float = 0.0, allowed: Allowed = lambda url: True
    ) -> Answer:
        """GET `url`, `delay` seconds after the host's last answer, conditionally if `known` has a validator.

        A redirect is followed only where `allowed` says yes to its target. Never raises for what an
        outlet or a network does: it is the answer's outcome and detail.
        """
        host = _host(url)
        if host in self._given_up:
            return Answer(url, "network_error", detail=f"{self._given_up[host]}, so it is not asked again")
        answer = self._tried(url, known, delay, allowed)
        gave_none = answer.outcome in ("network_error", "timed_out")
        self._failures[host] = self._failures.get(host, 0) + 1 if gave_none else 0
        if self._failures[host] >= self.limits.failures:
            self._given_up[host] = f"{host} gave no answer {self.limits.failures} times"
        return answer

    def _tried(self, url: str, known: Known | None, delay: float, allowed: Allowed) -> Answer:
        """The answer of the last try; a host that asks to be left alone for long is left alone."""
        answer = Answer(url, "network_error")
        for number in range(self.limits.tries):
            try:
                return self._follow(url, known, delay, allowed)
            except _Stop as stop:
                answer = stop.answer
                asked = _retry_after(answer.headers.get("retry-after"))
                if stop.again and asked > self.limits.longest_wait:
                    told = f"{_host(url)} asks to be left alone for {asked:.0f} s"
                    self._given_up[_host(url)] = told
                    return replace(answer, detail=f"{answer.detail}; {told}")
                if not stop.again or number + 1 == self.limits.tries:
                    break
                wait = max(asked, self.limits.backoff * 2**number * random.uniform(0.75, 1.25))
                logger.info("%s: %s; trying again in %.0f s", url, answer.detail, wait)
                self._sleep(wait)
        return answer

    def _follow(self, url: str, known: Known | None, delay: float, allowed: Allowed) -> Answer:
        """One try, over its redirects, each of them checked like the first address."""
        here = url
        for _ in range(self.limits.redirects + 1):
            answer = self._ask(here, known if here == url else None, delay)
            target = answer.headers.get("location")
            if answer.status not in REDIRECTS or not target:
                return answer
            here = _joined(here, target)
            if _is_web(here) and not allowed(here):
                detail = f"robots.txt disallows {here[:200]}, where this address leads"
                raise _Stop(Answer(here, "disallowed", answer.status, detail=detail))
        detail = f"more than {self.limits.redirects} redirects"
        raise _Stop(Answer(here, "refused", answer.status, detail=detail))

    def _ask(self, url: str, known: Known | None, delay: float) -> Answer:
        if not _is_web(url):
            raise _Stop(Answer(url, "refused", detail=f"not a web address: {url[:200]}"))
        self._keep_pace(_host(url), delay)
        conditions = _conditions(known)
        timeout = urllib3.Timeout(connect=self.limits.connect, read=self.limits.silence)
        with self._deadline() as is_over:
            try:
                response = self._pool.request(
                    "GET", url, headers=HEADERS | conditions, preload_content=False, redirect=False,
                    retries=False, timeout=timeout,
                )  # fmt: skip
                try:
                    return self._read(url, response, is_over, bool(conditions))
                finally:
                    if response.status != 304:  # what is not read to its end cannot be used again
                        response.close()
                    response.release_conn()
            except RefusedAddress as error:
                raise _Stop(Answer(url, "refused", detail=str(error))) from error
            except (HTTPError, OSError, ValueError) as error:
                raise self._failed(url, error, is_over.is_set()) from error
            finally:
                self._let_go()
                self._free_at[_host(url)] = time.monotonic()

    def _failed(self, url: str, error: Exception, is_late: bool) -> _Stop:
        if is_late:
            detail = f"no whole answer within {self.limits.deadline:g} s"
            return _Stop(Answer(url, "timed_out", detail=detail))
        is_slow = isinstance(error, urllib3.exceptions.TimeoutError) and not isinstance(
            error, urllib3.exceptions.NewConnectionError
        )
        outcome = "timed_out" if is_slow else "network_error"
        return _Stop(Answer(url, outcome, detail=_plainly(error)), again=True)

    def _read(
        self, url: str, response: urllib3.BaseHTTPResponse, is_over: threading.Event, is_conditional: bool
    ) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        status = response.status
        if status == 304 and is_conditional:
            return Answer(url, "not_modified", status, headers=headers)
        if status in REDIRECTS:
            return Answer(
                url, "http_error", status, headers=headers, detail=f"HTTP {status} without a target"
            )
        if status != 200:
            answer = Answer(url, "http_error", status, headers=headers, detail=f"HTTP {status}")
            raise _Stop(answer, again=status in RETRIED)
        sent = self._body(response, is_over)
        payload = _unpacked(sent, headers.get("content-encoding", ""), self.limits.payload)
        if len(payload) > self.limits.payload:
            detail = f"larger than {self.limits.payload} bytes"
            raise _Stop(Answer(url, "too_large", status, headers=headers, detail=detail))
        return Answer(url, "ok", status, payload, headers)

    def _body(self, response: urllib3.BaseHTTPResponse, is_over: threading.Event) -> bytes:
        """The body as it was sent, up to a little more than is allowed. Raises OSError when time is over."""
        sent = bytearray()
        while len(sent) <= self.limits.payload:
            chunk = response.read(64 * 1024, decode_content=False)
            if is_over.is_set():
                raise OSError("time is over")
            if not chunk:
                break
            sent += chunk
        return bytes(sent)

    def _keep_pace(self, host: str, delay: float) -> None:
        wait = self._free_at.get(host, 0.0) + delay - time.monotonic() if host in self._free_at else 0.0
        if wait > 0:
            self._sleep(wait)

    @contextmanager
    def _deadline(self) -> Iterator[threading.Event]:
        """Cut the line when time is over: a socket's own timeout starts anew with each byte."""
        is_over = threading.Event()

        def cut() -> None:
            is_over.set()
            for connection in list(self._connections):
                connection.cut()  # type: ignore[attr-defined]

        timer = threading.Timer(self.limits.deadline, cut)
        timer.daemon = True
        timer.start()
        try:
            yield is_over
        finally:
            timer.cancel()


def _host(url: str) -> str:
    try:
        return (urlsplit(url).netloc.rpartition("@")[2]).lower()
    except ValueError:
        return ""


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError for a port that is none
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _joined(base: str, target: str) -> str:
    """The absolute address of a redirect's target; one that cannot be read stays as it is, to be refused."""
    try:
        return urljoin(base, target)
    except ValueError:
        return target


def _conditions(known: Known | None) -> dict[str, str]:
    """WordPress and each compressing layer break an ETag, so the date alone is sent where there is one."""
    if known and known.last_modified and known.last_modified.isprintable():
        return {"If-Modified-Since": known.last_modified}
    if known and known.etag and known.etag.isprintable():
        return {"If-None-Match": known.etag}
    return {}


def _unpacked(sent: bytes, encoding: str, most: int) -> bytes:
    """A body as its author wrote it, up to a little more than `most` bytes.

    urllib3 takes a torn gzip body for a whole one, so it is unpacked here. Raises ValueError where it is
    torn, or sent in another encoding than the one that was asked for.
    """
    if encoding.strip().lower() in ("", "identity"):
        return sent
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        raise ValueError(f"the body is sent as {encoding[:40]!r}, which was not asked for")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(sent, most + 1)
    except zlib.error as error:
        raise ValueError(f"no whole gzip body: {error}") from error
    if len(content) <= most and not unpacker.eof:
        raise ValueError("no whole gzip body: its end is missing")
    return content


def _retry_after(value: str | None) -> float:
    """Seconds that a Retry-After header asks for; 0 where it says nothing that can be read."""
    told = (value or "").strip()[:100]
    if told.isascii() and told.isdecimal():
        return float(told)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def _plainly(error: Exception) -> str:
    """A network error as a person reads it, bounded, without object addresses."""
    reason = getattr(error, "reason", None) or error
    text = str(reason).rpartition(">: ")[2] or str(reason)
    return f"{type(reason).__name__}: {text}"[:300]
