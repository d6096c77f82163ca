"""An outlet is asked politely and within bounds, and nothing it does is more than an answer's outcome."""

from __future__ import annotations

import datetime as dt
import gzip
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.scraping.fetch import USER_AGENT, Answer, Fetcher, Limits, user_agent
from orchestration.scraping.guard import Guard
from orchestration.scraping.page import Known
from tests.case_files import load_cases
from tests.hostile_server import (
    HOST,
    HostileServer,
    answer,
    dated,
    endless,
    gzip_bomb,
    in_turn,
    raw,
    raw_server,
    redirect,
    silent,
    unless_known,
)

Make = Callable[..., Fetcher]
URL = f"http://{HOST}/page"
LIMITS = Limits(tries=3, backoff=0.0, longest_wait=60, payload=200_000)
ONCE = Limits(tries=1, payload=200_000)
QUICK = Limits(tries=3, backoff=0.0, connect=1, silence=0.2, deadline=0.3)
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer().running() as server:
        yield server


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes fetchers, and closes them."""
    with ExitStack() as stack:
        yield lambda *given: stack.enter_context(closing(Fetcher(*given)))


@pytest.fixture
def fetcher(server: HostileServer, slept: list[float], make: Make) -> Fetcher:
    return make(server.guard(), LIMITS, slept.append)


@pytest.fixture
def hasty(server: HostileServer, make: Make) -> Fetcher:
    """Tries once."""
    return make(server.guard(), ONCE, lambda seconds: None)


def known(etag: str | None = None, last_modified: str | None = None) -> Known:
    return Known(etag, last_modified, "0" * 64, None, None)


def waits(slept: list[float]) -> list[int]:
    """The waits that are more than the pause of no seconds between tries."""
    return [round(seconds) for seconds in slept if seconds > 0]


@pytest.fixture
def impatient(server: HostileServer, make: Make) -> Fetcher:
    """Waits for next to nothing, and tries again."""
    return make(server.guard(), QUICK, lambda seconds: None)


# What is asked, and how


def test_a_page_comes_with_its_body_and_headers(server: HostileServer, fetcher: Fetcher) -> None:
    server.paths["/page"] = answer("<p>Nine left.</p>", Content_Type="text/html", ETag='"a"')
    got = fetcher.get(URL)
    assert (got.outcome, got.status, got.payload) == ("ok", 200, b"<p>Nine left.</p>")
    assert (got.headers["content-type"], got.headers["etag"]) == ("text/html", '"a"')


def test_the_outlet_is_told_who_asks_and_under_which_name(server: HostileServer, fetcher: Fetcher) -> None:
    fetcher.get(URL)
    assert server.requests[0].headers["user-agent"] == USER_AGENT
    assert server.requests[0].host == HOST


def test_a_proxy_of_the_environment_is_not_used(
    server: HostileServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server.paths["/page"] = answer("here")
    assert fetcher.get(URL).payload == b"here"


def test_the_date_is_preferred_to_the_etag(server: HostileServer, fetcher: Fetcher) -> None:
    fetcher.get(URL, known(etag='"a"', last_modified="Mon, 01 Sep 2025 00:00:00 GMT"))
    assert server.requests[0].headers["if-modified-since"] == "Mon, 01 Sep 2025 00:00:00 GMT"
    assert "if-none-match" not in server.requests[0].headers


def test_without_a_date_the_etag_is_sent(server: HostileServer, fetcher: Fetcher) -> None:
    fetcher.get(URL, known(etag='W/"a"'))
    assert server.requests[0].headers["if-none-match"] == 'W/"a"'


def test_a_page_that_did_not_change_is_not_sent_again(server: HostileServer, fetcher: Fetcher) -> None:
    server.paths["/page"] = dated("text", "Mon, 01 Sep 2025 00:00:00 GMT")
    first = fetcher.get(URL)
    again = fetcher.get(URL, known(last_modified=first.headers["last-modified"]))
    assert (again.outcome, again.status, again.payload, again.answered) == ("not_modified", 304, b"", True)


def test_a_304_that_nobody_asked_for_is_an_error(server: HostileServer, fetcher: Fetcher) -> None:
    server.paths["/page"] = raw(b"HTTP/1.1 304 Not Modified\r\n\r\n")
    assert (fetcher.get(URL).outcome, fetcher.get(URL).answered) == ("http_error", False)


def test_a_validator_with_a_line_break_is_left_out(server: HostileServer, fetcher: Fetcher) -> None:
    server.paths["/page"] = answer("text")
    assert fetcher.get(URL, known(etag='"a"\r\nX-Evil: 1')).outcome == "ok"
    assert "x-evil" not in server.requests[0].headers


def test_the_target_of_a_redirect_is_asked_without_condition(server: HostileServer, fetcher: Fetcher) -> None:
    server.paths |= {"/page": redirect("/new"), "/new": unless_known(answer("moved"), ETag='"a"')}
    assert fetcher.get(URL, known(etag='"a"')).payload == b"moved"


# Pace


def test_the_first_request_waits_for_nothing(fetcher: Fetcher, slept: list[float]) -> None:
    fetcher.get(URL, delay=7)
    assert waits(slept) == []


def test_each_further_request_waits_for_the_delay(fetcher: Fetcher, slept: list[float]) -> None:
    for _ in range(3):
        fetcher.get(URL, delay=7)
    assert waits(slept) == [7, 7]


def test_the_delay_counts_from_the_end_of_the_answer(
    server: HostileServer, slept: list[float], make: Make
) -> None:
    slow = raw(OK + b"Content-Length: 2\r\n\r\n", b"a", b"b", pause=0.3)
    server.paths["/page"] = in_turn(slow, answer("ab"))
    fetcher = make(server.guard(), LIMITS, slept.append)
    fetcher.get(URL, delay=10)
    fetcher.get(URL, delay=10)
    assert slept[0] > 9.5


def test_a_redirect_is_a_request_that_waits_too(
    server: HostileServer, fetcher: Fetcher, slept: list[float]
) -> None:
    server.paths |= {"/page": redirect("/new"), "/new": answer("moved")}
    assert fetcher.get(URL, delay=7).outcome == "ok"
    assert waits(slept) == [7]


def test_another_host_is_not_waited_for(server: HostileServer, slept: list[float], make: Make) -> None:
    fetcher = make(server.guard("a.example", "b.example"), LIMITS, slept.append)
    fetcher.get("http://a.example/", delay=7)
    fetcher.get("http://b.example/", delay=7)
    assert waits(slept) == []


def test_a_delay_longer_than_the_deadline_does_not_use_it_up(server: HostileServer, make: Make) -> None:
    server.paths["/page"] = answer("text")
    fetcher = make(server.guard(), Limits(deadline=0.2))
    fetcher.get(URL)
    assert fetcher.get(URL, delay=0.3).outcome == "ok"


# Tries


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again(server: HostileServer, fetcher: Fetcher, status: int) -> None:
    server.paths["/page"] = in_turn(answer(status=status), answer(status=status), answer("back"))
    assert fetcher.get(URL).payload == b"back"
    assert server.asked("/page") == 3


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 410, 451, 501])
def test_any_other_answer_is_taken_as_it_is(server: HostileServer, fetcher: Fetcher, status: int) -> None:
    server.paths["/page"] = answer(status=status)
    got = fetcher.get(URL)
    assert (got.outcome, got.status, got.detail) == ("http_error", status, f"HTTP {status}")
    assert server.asked("/page") == 1


def test_tries_come_to_an_end(server: HostileServer, fetcher: Fetcher) -> None:
    server.paths["/page"] = answer(status=503)
    assert (fetcher.get(URL).status, server.asked("/page")) == (503, LIMITS.tries)


def test_a_broken_connection_is_tried_again(server: HostileServer, fetcher: Fetcher) -> None:
    server.paths["/page"] = in_turn(raw(b""), answer("back"))
    assert fetcher.get(URL).payload == b"back"


def test_each_pause_between_tries_is_about_twice_the_one_before(
    server: HostileServer, slept: list[float], make: Make
) -> None:
    server.paths["/page"] = answer(status=503)
    make(server.guard(), Limits(tries=3, backoff=10), slept.append).get(URL)
    assert 7.5 <= slept[0] <= 12.5
    assert 15 <= slept[1] <= 25


@pytest.mark.parametrize("case", load_cases("retry_after"), ids=lambda case: case["text"])
def test_retry_after(
    server: HostileServer, fetcher: Fetcher, slept: list[float], case: dict[str, Any]
) -> None:
    server.paths["/page"] = in_turn(answer(status=503, Retry_After=case["text"]), answer("back"))
    got = fetcher.get(URL)
    assert (waits(slept), got.outcome) == (
        ([], "http_error")
        if case["seconds"] == "too long"
        else ([case["seconds"]] * (case["seconds"] > 0), "ok")
    )


def test_retry_after_may_be_a_date(server: HostileServer, fetcher: Fetcher, slept: list[float]) -> None:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)
    later = format_datetime(moment, usegmt=True)
    server.paths["/page"] = in_turn(answer(status=429, Retry_After=later), answer("back"))
    assert fetcher.get(URL).outcome == "ok"
    assert 28 <= waits(slept)[0] <= 30


def test_a_host_that_asks_for_a_long_pause_is_left_alone(server: HostileServer, fetcher: Fetcher) -> None:
    server.paths |= {"/page": answer(status=503, Retry_After="600"), "/other": answer("here")}
    got = fetcher.get(URL)
    assert (got.status, got.detail) == (503, f"HTTP 503; {HOST} asks to be left alone for 600 s")
    assert fetcher.is_dead(f"http://{HOST}/other")
    assert fetcher.get(f"http://{HOST}/other").outcome == "network_error"
    assert server.asked_paths() == ["/page"]


def test_a_host_that_does_not_answer_is_given_up(server: HostileServer, hasty: Fetcher) -> None:
    server.paths["/page"] = raw(b"")
    answers = [hasty.get(URL) for _ in range(5)]
    assert [got.outcome for got in answers] == ["network_error"] * 5
    assert server.asked("/page") == ONCE.failures
    assert answers[-1].detail == f"{HOST} gave no answer 3 times, so it is not asked again"


def test_one_answer_in_between_keeps_a_host_alive(server: HostileServer, hasty: Fetcher) -> None:
    server.paths["/page"] = in_turn(raw(b""), raw(b""), answer(status=404), raw(b""), raw(b""), answer("ok"))
    assert [hasty.get(URL).status for _ in range(6)] == [None, None, 404, None, None, 200]


def test_one_dead_host_leaves_the_others_alive(server: HostileServer, make: Make) -> None:
    fetcher = make(server.guard("a.example", "b.example"), ONCE)
    server.paths["/dead"] = raw(b"")
    for _ in range(3):
        fetcher.get("http://a.example/dead")
    assert (fetcher.is_dead("http://a.example/"), fetcher.is_dead("http://b.example/")) == (True, False)


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(server: HostileServer, fetcher: Fetcher, status: int) -> None:
    server.paths |= {"/page": redirect("/new", status), "/new": answer("moved")}
    got = fetcher.get(URL)
    assert (got.url, got.payload) == (f"http://{HOST}/new", b"moved")


def test_a_redirect_loop_ends(server: HostileServer, fetcher: Fetcher) -> None:
    server.paths |= {"/page": redirect("/b"), "/b": redirect("/page")}
    got = fetcher.get(URL)
    assert (got.outcome, got.detail) == ("refused", "more than 5 redirects")
    assert len(server.requests) == LIMITS.redirects + 1


def test_a_redirect_without_a_target_is_an_error(server: HostileServer, fetcher: Fetcher) -> None:
    server.paths["/page"] = answer(status=302)
    assert fetcher.get(URL).detail == "HTTP 302 without a target"


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1/",
        "http://localhost/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0/",
        "file:///etc/passwd",
        "ftp://outlet.example/",
        "gopher://127.0.0.1/",
        "javascript:alert(1)",
        "http://[",
        "http://outlet.example:99999/",
        "http://outlet.example:8080/",
    ],
)
def test_a_redirect_to_where_nobody_may_go_is_refused(
    server: HostileServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: resolve("127.0.0.1" if host == HOST else host, *a, **k)
    )
    server.paths["/page"] = redirect(target)
    got = fetcher.get(URL)
    assert (got.outcome, got.payload, server.asked_paths()) == ("refused", b"", ["/page"])


def test_refused_redirects_are_no_silence_of_the_host(server: HostileServer, fetcher: Fetcher) -> None:
    server.paths["/page"] = redirect("http://127.0.0.1/")
    for _ in range(4):
        fetcher.get(URL)
    assert not fetcher.is_dead(URL)


def test_a_redirect_goes_only_where_robots_allow(server: HostileServer, fetcher: Fetcher) -> None:
    server.paths |= {"/page": redirect("/private/"), "/private/": answer("secret")}
    got = fetcher.get(URL, allowed=lambda url: "/private/" not in url)
    assert (got.outcome, server.asked_paths()) == ("disallowed", ["/page"])


@pytest.mark.parametrize(
    "url", ["", "page", "file:///etc/passwd", "http://", "http://[", "http://a:b/", "//a/"]
)
def test_what_is_no_web_address_is_refused(fetcher: Fetcher, url: str) -> None:
    assert fetcher.get(url).outcome == "refused"


# Bounds


def timed(fetcher: Fetcher, url: str = URL) -> tuple[Answer, float]:
    began = time.monotonic()
    got = fetcher.get(url)
    return got, time.monotonic() - began


def test_a_server_that_says_nothing_is_not_waited_for(server: HostileServer, impatient: Fetcher) -> None:
    server.paths["/page"] = silent(20)
    got, seconds = timed(impatient)
    assert got.outcome == "timed_out"
    assert seconds < 3


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"", id="the status line"),
        pytest.param(OK + b"X-Slow: ", id="a header"),
        pytest.param(OK + b"\r\n", id="a body without a length"),
        pytest.param(OK + b"Content-Length: 1000\r\n\r\n", id="a body"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n", id="a chunk's length"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n", id="a chunk"),
    ],
)
def test_a_slow_drip_ends_at_the_deadline(server: HostileServer, impatient: Fetcher, head: bytes) -> None:
    server.paths["/page"] = endless(head, b"0", pause=0.05)
    got, seconds = timed(impatient)
    assert (got.outcome, got.detail) == ("timed_out", "no whole answer within 0.3 s")
    assert seconds < 3
    assert server.asked("/page") == 1


def test_a_slow_handshake_ends_at_the_deadline(make: Make) -> None:
    def drip(line: socket.socket) -> None:
        line.recv(10_000)
        line.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
        while True:
            line.sendall(b"\x00")
            time.sleep(0.05)

    with raw_server(drip) as port:
        fetcher = make(Guard(frozenset({(HOST, 443)}), {HOST: ("127.0.0.1", port)}), QUICK)
        got, seconds = timed(fetcher, f"https://{HOST}/")
    assert got.outcome == "timed_out"
    assert seconds < 3


def test_interim_answers_without_end_are_cut(server: HostileServer, impatient: Fetcher) -> None:
    server.paths["/page"] = endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.001)
    assert impatient.get(URL).outcome == "timed_out"


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(OK + b"\r\n", id="plain"),
        pytest.param(OK + b"Content-Length: 99999999999999\r\n\r\n", id="with a length"),
    ],
)
def test_an_endless_body_is_cut(server: HostileServer, hasty: Fetcher, head: bytes) -> None:
    server.paths["/page"] = endless(head, b"x" * 65_536)
    got = hasty.get(URL)
    assert (got.outcome, got.detail, got.payload) == ("too_large", "larger than 200000 bytes", b"")


def test_a_gzip_bomb_is_cut_before_it_is_unpacked(server: HostileServer, hasty: Fetcher) -> None:
    server.paths["/page"] = gzip_bomb(megabytes=30)
    got, seconds = timed(hasty)
    assert got.outcome == "too_large"
    assert seconds < 3


@pytest.mark.parametrize(
    "answered",
    [
        pytest.param(OK + b"Content-Length: 100\r\n\r\nhalf", id="less than its length"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n64\r\nhalf", id="a torn chunk"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", id="no last chunk"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n", id="no chunk's length"),
        pytest.param(OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf", id="no gzip"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="no HTTP"),
        pytest.param(OK + b"X: " + b"a" * 100_000 + b"\r\n\r\n", id="a header of 100 kB"),
        pytest.param(OK + b"X: a\r\n" * 1_000 + b"\r\n", id="a thousand headers"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_damaged_answer_is_no_answer(server: HostileServer, hasty: Fetcher, answered: bytes) -> None:
    server.paths["/page"] = raw(answered)
    got = hasty.get(URL)
    assert (got.outcome, got.payload) == ("network_error", b"")
    assert got.detail
    assert len(got.detail) <= 300
    assert "0x" not in got.detail


def test_a_torn_gzip_body_is_no_answer(server: HostileServer, hasty: Fetcher) -> None:
    packed = gzip.compress(b"Nine workers left. " * 100)
    server.paths["/page"] = answer(packed[:-20], Content_Encoding="gzip")
    assert hasty.get(URL).outcome == "network_error"


def test_no_server_at_all_is_a_network_error(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    got = make(Guard(frozenset({("127.0.0.1", port)})), ONCE).get(f"http://127.0.0.1:{port}/")
    assert got.outcome == "network_error"
    assert "refused" in (got.detail or "")


def test_an_unknown_name_is_a_network_error(monkeypatch: pytest.MonkeyPatch, make: Make) -> None:
    def unknown(*arguments: object, **options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    got = make(None, ONCE).get("http://no-such-outlet.example/")
    assert got.outcome == "network_error"
    assert "Name or service not known" in (got.detail or "")


# TLS


def test_plain_http_where_tls_is_due_is_a_network_error(server: HostileServer, hasty: Fetcher) -> None:
    got = hasty.get(f"https://{HOST}/page")
    assert got.outcome == "network_error"
    assert "SSL" in (got.detail or "")


def test_a_certificate_that_nobody_vouches_for_is_a_network_error(tmp_path: Path, make: Make) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    with HostileServer(context).running() as server:
        server.paths["/page"] = answer("text")
        got = make(server.guard(), ONCE).get(f"https://{HOST}/page")
    assert (got.outcome, server.requests) == ("network_error", [])
    assert "certificate verify failed" in (got.detail or "")


def self_signed(folder: Path) -> Path:
    """A certificate for the outlet's name, with its key, that no authority signed."""
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "outlet.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.mark.parametrize(
    ("contact", "ends"),
    [
        ("desk@ngo.example", "robots.txt is obeyed; contact: desk@ngo.example)"),
        (" https://ngo.example/about ", "; contact: https://ngo.example/about)"),
        (None, "robots.txt is obeyed)"),
        ("", "robots.txt is obeyed)"),
        ("a\r\nX-Evil: 1", "robots.txt is obeyed)"),
        ("아홉", "robots.txt is obeyed)"),
    ],
)
def test_the_requests_say_whom_to_reach(contact: str | None, ends: str) -> None:
    assert user_agent(contact).endswith(ends)
