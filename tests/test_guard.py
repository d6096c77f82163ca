"""No request reaches an address that is not public, whatever name leads there.

Names are resolved by fakes here: tests end at loopback.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from orchestration.scraping.fetch import Fetcher, Limits
from orchestration.scraping.guard import Guard, RefusedAddress
from tests.hostile_server import HOST, HostileServer, answer

ONCE = Limits(tries=1, connect=1, silence=1, deadline=2)
Resolves = Callable[..., None]


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> Resolves:
    """Makes every name lead to the given addresses: to each list in turn, and then to the last one."""

    def to(*answers: list[str]) -> None:
        left = list(answers)

        def getaddrinfo(host: str, port: int, *a: Any, **k: Any) -> list[Any]:
            if host.replace(".", "").isdigit():
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
            found = left.pop(0) if len(left) > 1 else left[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return to


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer().running() as server:
        server.paths["/"] = answer("here")
        yield server


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_a_public_address_may_be_reached(resolves: Resolves, address: str) -> None:
    resolves([address])
    assert Guard().vet("outlet.example", 443) == (address, 443)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:0:127.0.0.1",
        "fe80::1%eth0",
        "fec0::1",
        "fd00::1",
        "ff02::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "100::1",
        "4000::1",
    ],
)
def test_any_other_address_is_refused(resolves: Resolves, address: str) -> None:
    resolves([address])
    with pytest.raises(RefusedAddress, match="no public address; only a source that says local = true may"):
        Guard().vet("outlet.example", 80)


def test_one_private_address_among_public_ones_is_enough_to_refuse(resolves: Resolves) -> None:
    resolves(["93.184.216.34", "10.0.0.1"])
    with pytest.raises(RefusedAddress, match=r"outlet\.example leads to 10\.0\.0\.1"):
        Guard().vet("outlet.example", 80)


def test_a_name_is_resolved_once_and_the_vetted_address_is_the_one_that_is_used(resolves: Resolves) -> None:
    resolves(["93.184.216.34"], ["127.0.0.1"])
    with closing(Fetcher(limits=ONCE)) as fetcher:
        got = fetcher.get("http://rebinding.example/")
    assert "a test tried to reach ('93.184.216.34', 80)" in (got.detail or "")


def test_a_name_that_turns_private_later_is_refused_then(resolves: Resolves) -> None:
    resolves(["93.184.216.34"], ["127.0.0.1"])
    with closing(Fetcher(limits=ONCE)) as fetcher:
        outcomes = [fetcher.get("http://rebinding.example/").outcome for _ in range(2)]
    assert outcomes == ["network_error", "refused"]


def test_loopback_is_refused_unless_a_source_names_it(server: HostileServer) -> None:
    url = f"http://127.0.0.1:{server.port}/"
    with closing(Fetcher(limits=ONCE)) as fetcher:
        assert fetcher.get(url).outcome == "refused"
    assert server.requests == []
    with closing(Fetcher(Guard(frozenset({("127.0.0.1", server.port)})), ONCE)) as fetcher:
        assert fetcher.get(url).payload == b"here"


def test_a_local_source_opens_its_own_port_only(server: HostileServer) -> None:
    with closing(Fetcher(Guard(frozenset({("127.0.0.1", 1)})), ONCE)) as fetcher:
        assert fetcher.get(f"http://127.0.0.1:{server.port}/").outcome == "refused"


def test_a_fixed_name_leads_to_the_port_where_the_outlet_is(server: HostileServer) -> None:
    with closing(Fetcher(server.guard("sample-outlet.example"), ONCE)) as fetcher:
        got = fetcher.get("http://sample-outlet.example/")
    assert (got.url, got.payload) == ("http://sample-outlet.example/", b"here")
    assert server.requests[0].host == "sample-outlet.example"


def test_a_mapping_leads_nowhere_for_a_host_that_is_not_declared_local(
    server: HostileServer, resolves: Resolves
) -> None:
    resolves(["10.0.0.1"])
    with closing(Fetcher(Guard(mapping={HOST: ("127.0.0.1", server.port)}), ONCE)) as fetcher:
        assert fetcher.get(f"http://{HOST}/").outcome == "refused"
    assert server.requests == []
