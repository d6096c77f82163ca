"""One polite, bounded, conditional HTTP GET after another.

How an outlet is asked belongs here: pace, retries, limits, validators, and which addresses may be
reached at all. What is asked for, and what becomes of it, does not. Environment proxies are not used:
they would connect in our place, past the check of the address.
"""

from __future__ import annotations

import email.utils
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from orchestration.scraping.guard import Guard, RefusedAddress, guarded_pool
from orchestration.scraping.page import Known

logger = logging.getLogger(__name__)

USER_AGENT = f"LaborLedger/{version('laborledger')} (news index of overseas labour; robots.txt is obeyed)"
AGENT_TOKEN = "LaborLedger"
"""The name that robots.txt may address."""

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
    too_large or refused; `payload` is the decoded body where the outcome is ok.
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

    def is_dead(self, url: str) -> bool:
        """Whether the host of `url` has been given up for this run."""
        return self._failures.get(_host(url), 0) >= self.limits.failures

    def get(self, url: str, known: Known | None = None, delay: float = 0.0) -> Answer:
        """GET `url`, `delay` seconds after the host's last answer, conditionally if `known` has a validator.

        Never raises for what an outlet or a network does: it is the answer's outcome and detail.
        """
        if self.is_dead(url):
            return Answer(
                url, "network_error", detail=f"{_host(url)} gave no answer before and is not asked again"
            )
        answer = Answer(url, "network_error")
        for number in range(self.limits.tries):
            try:
                answer = self._follow(url, known, delay)
                break
            except _Stop as stop:
                answer = stop.answer
                wait = self._wait(answer, number)
                if not stop.again or wait is None or number + 1 == self.limits.tries:
                    break
                logger.info("%s: %s; trying again in %.0f s", url, answer.detail, wait)
                self._sleep(wait)
        self._failures[_host(url)] = 0 if answer.status else self._failures.get(_host(url), 0) + 1
        return answer

    def _wait(self, answer: Answer, number: int) -> float | None:
        """Seconds to wait before the next try, or None where the outlet asks for longer than we stay."""
        asked = _retry_after(answer.headers.get("retry-after"))
        wait = max(asked, self.limits.backoff * 2**number * random.uniform(0.75, 1.25))
        return wait if wait <= self.limits.longest_wait else None

    def _follow(self, url: str, known: Known | None, delay: float) -> Answer:
        """One try, over its redirects, each of them checked like the first address."""
        here = url
        with self._deadline() as is_over:
            for _ in range(self.limits.redirects + 1):
                answer = self._ask(here, known if here == url else None, delay, is_over)
                target = answer.headers.get("location")
                if answer.status not in REDIRECTS or not target:
                    return answer
                here = urljoin(here, target)
        detail = f"more than {self.limits.redirects} redirects"
        raise _Stop(Answer(here, "refused", answer.status, detail=detail))

    def _ask(self, url: str, known: Known | None, delay: float, is_over: threading.Event) -> Answer:
        if urlsplit(url).scheme not in ("http", "https") or not _host(url):
            raise _Stop(Answer(url, "refused", detail=f"not a web address: {url[:200]}"))
        self._keep_pace(_host(url), delay)
        try:
            response = self._pool.request(
                "GET", url, headers=_headers(known), preload_content=False, redirect=False, retries=False,
                timeout=urllib3.Timeout(connect=self.limits.connect, read=self.limits.silence),
            )  # fmt: skip
            try:
                return self._read(url, response, is_over)
            finally:
                response.release_conn() if response.status == 304 else response.close()
        except RefusedAddress as error:
            raise _Stop(Answer(url, "refused", detail=str(error))) from error
        except (HTTPError, OSError, ValueError) as error:
            outcome = (
                "timed_out"
                if is_over.is_set() or isinstance(error, urllib3.exceptions.TimeoutError)
                else "network_error"
            )
            late = f"no whole answer within {self.limits.deadline:g} s" if is_over.is_set() else None
            raise _Stop(
                Answer(url, outcome, detail=late or _plainly(error)), again=not is_over.is_set()
            ) from error
        finally:
            self._free_at[_host(url)] = time.monotonic()

    def _read(self, url: str, response: urllib3.BaseHTTPResponse, is_over: threading.Event) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        status = response.status
        if status == 304:
            return Answer(url, "not_modified", status, headers=headers)
        if status in REDIRECTS:
            return Answer(
                url, "http_error", status, headers=headers, detail=f"HTTP {status} without a target"
            )
        if status != 200:
            answer = Answer(url, "http_error", status, headers=headers, detail=f"HTTP {status}")
            raise _Stop(answer, again=status in RETRIED)
        payload = bytearray()
        while chunk := response.read(64 * 1024, decode_content=True):
            payload += chunk
            if len(payload) > self.limits.payload:
                detail = f"larger than {self.limits.payload} bytes"
                raise _Stop(Answer(url, "too_large", status, headers=headers, detail=detail))
        if is_over.is_set():
            raise urllib3.exceptions.ReadTimeoutError(None, url, "deadline")  # type: ignore[arg-type]
        return Answer(url, "ok", status, bytes(payload), headers)

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


def _headers(known: Known | None) -> dict[str, str]:
    """WordPress and each compressing layer break an ETag, so the date alone is sent where there is one."""
    headers = {
        "User-Agent": USER_AGENT,
        "Accept-Encoding": "gzip, deflate",
        "Accept": "text/html,application/xml;q=0.9,*/*;q=0.8",
    }
    if known and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    elif known and known.etag:
        headers["If-None-Match"] = known.etag
    return headers


def _retry_after(value: str | None) -> float:
    """Seconds that a Retry-After header asks for; 0 where it says nothing that can be read."""
    if not value:
        return 0.0
    if value.strip().isdigit():
        return float(value)
    moment = email.utils.parsedate_to_datetime(value) if email.utils.parsedate_tz(value) else None
    return max(0.0, moment.timestamp() - time.time()) if moment else 0.0


def _plainly(error: Exception) -> str:
    """A network error as a person reads it, bounded, without object addresses."""
    reason = getattr(error, "reason", None) or error
    text = str(reason).rpartition(">: ")[2] or str(reason)
    return f"{type(reason).__name__}: {text}"[:300]
