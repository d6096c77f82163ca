"""What starts by itself: due outlets, a build after news, the inbox, word of a failure."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from orchestration.notifying import LONGEST, NOTIFY, addresses, tell
from orchestration.publishing.quality import FLOOR, floor_problems
from orchestration.scraping.sources import Source
from orchestration.steps import Collected, Reach, asked_now
from orchestration.watching import Watch, fingerprint
from tests.raw_rows import outlet

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def names(sources: tuple[Source, ...]) -> list[str]:
    return [source.id for source in sources]


class TestDue:
    @pytest.mark.parametrize(
        ("minutes_ago", "is_due"),
        [
            (None, True),
            (0, False),
            (30, False),
            (58, False),
            (59, True),
            (60, True),
            (6000, True),
            (-5, True),
        ],
        ids=[
            "never",
            "now",
            "half an hour",
            "nearly",
            "a tick too early",
            "an hour",
            "days",
            "in the future",
        ],
    )
    def test_an_hourly_outlet_last_looked_at(self, minutes_ago: int | None, is_due: bool) -> None:
        looked = {} if minutes_ago is None else {"harbour": at(minutes_ago)}
        assert names(asked_now([outlet("harbour")], Reach.DUE, looked, NOON)) == (
            ["harbour"] if is_due else []
        )

    def test_each_outlet_has_its_own_cadence(self) -> None:
        sources = [
            outlet("harbour"),
            outlet("beacon", every_minutes=1440),
            outlet("lantern", every_minutes=180),
        ]
        looked = {source.id: at(200) for source in sources}
        assert names(asked_now(sources, Reach.DUE, looked, NOON)) == ["harbour", "lantern"]

    def test_a_full_look_asks_all_whenever_they_were_asked(self) -> None:
        assert names(asked_now([outlet("harbour")], Reach.ALL, {"harbour": at(0)}, NOON)) == ["harbour"]

    def test_the_weekly_look_asks_for_every_known_article_again(self) -> None:
        (source,) = asked_now([outlet("harbour")], Reach.AGAIN, {"harbour": at(0)}, NOON)
        assert (source.recheck_days, source.gone_days) == ((0,), 1)

    def test_a_moment_of_another_zone_is_the_same_moment(self) -> None:
        seoul = NOON.astimezone(timezone(timedelta(hours=9)))
        assert names(asked_now([outlet("harbour")], Reach.DUE, {"harbour": at(10)}, seoul)) == []


def at(minutes_ago: float) -> datetime:
    return (NOON - timedelta(minutes=minutes_ago)).replace(tzinfo=None)


class TestWorthBuilding:
    @pytest.mark.parametrize(("outcome", "is_worth"), [
        ("new", True), ("changed", True), ("gone", True), ("protected", True),
        ("unchanged", False), ("http_error", False), ("disallowed", False),
    ])  # fmt: skip
    def test_an_outcome(self, outcome: str, is_worth: bool) -> None:
        collected = Collected()
        collected.outcomes["harbour"] = type(collected.pages)({outcome: 1})
        assert collected.is_worth_building is is_worth

    def test_pages_that_a_new_parser_read(self) -> None:
        assert Collected(read_again=1).is_worth_building


class TestTheInbox:
    def test_an_empty_folder_asks_for_nothing(self, tmp_path: Path) -> None:
        watch = Watch().look(tmp_path).look(tmp_path)
        assert not watch.asks
        assert watch.why_not(tmp_path) == f"nothing lies in {tmp_path}"

    def test_a_folder_that_is_not_there_asks_for_nothing(self, tmp_path: Path) -> None:
        assert not Watch().look(tmp_path / "none").asks

    def test_what_lies_still_is_read_once(self, tmp_path: Path) -> None:
        (tmp_path / "page.html").write_text("<p>")
        first = Watch().look(tmp_path)
        second = first.look(tmp_path)
        third = second.look(tmp_path)
        assert (first.asks, second.asks, third.asks) == (False, True, False)
        assert "is being filled" in first.why_not(tmp_path)
        assert third.why_not(tmp_path) == "all of it was read"

    def test_what_still_grows_is_waited_for(self, tmp_path: Path) -> None:
        watch, page = Watch(), tmp_path / "page.html"
        for size in (1, 2, 3):
            page.write_text("x" * size)
            watch = watch.look(tmp_path)
            assert not watch.asks
        assert watch.look(tmp_path).asks

    @pytest.mark.parametrize("name", ["more.html", "folder/page.html", "crawl.warc.gz"])
    def test_one_more_file_is_news(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "page.html").write_text("<p>")
        watch = Watch().look(tmp_path).look(tmp_path)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("<p>")
        assert watch.look(tmp_path).look(tmp_path).asks

    def test_hidden_files_are_no_news(self, tmp_path: Path) -> None:
        (tmp_path / ".page.html.part").write_text("<p>")
        assert fingerprint(tmp_path) == ""

    def test_it_is_remembered_between_two_looks(self, tmp_path: Path) -> None:
        (tmp_path / "page.html").write_text("<p>")
        watch = Watch().look(tmp_path).look(tmp_path)
        assert not Watch.from_cursor(watch.cursor()).look(tmp_path).asks

    @pytest.mark.parametrize("cursor", [None, "", "nonsense", "[]", '{"seen": 1}'])
    def test_a_cursor_of_somebody_else_begins_anew(self, cursor: str | None) -> None:
        assert Watch.from_cursor(cursor) == Watch()


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook on loopback: its Apprise address, and what it was told."""
    told: list[dict[str, Any]] = []

    class Webhook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200 if "refuses" not in self.path else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"json://user:secret@127.0.0.1:{server.server_port}", told
    server.shutdown()
    thread.join()
    server.server_close()


class TestTelling:
    def test_nobody_is_told_unless_somebody_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(NOTIFY, raising=False)
        assert addresses() == []
        assert tell("A title", "a body") == 0

    def test_a_webhook_is_told(
        self, receiver: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(NOTIFY, receiver[0])
        assert tell("The run failed", "raw__articles: no room") == 1
        assert (receiver[1][0]["title"], receiver[1][0]["message"]) == (
            "The run failed",
            "raw__articles: no room",
        )

    def test_a_message_has_an_end(
        self, receiver: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(NOTIFY, receiver[0])
        tell("The run failed", "x" * 100_000)
        assert len(receiver[1][0]["message"]) <= LONGEST

    def test_one_that_refuses_keeps_nobody_from_being_told_and_no_secret_is_logged(
        self,
        receiver: tuple[str, list[dict[str, Any]]],
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setenv(NOTIFY, f"{receiver[0]}/refuses nonsense://secret {receiver[0]}")
        assert tell("The run failed", "no room") == 1
        ours = [record.getMessage() for record in caplog.records if record.name.startswith("orchestration")]
        assert ours == [
            f"{NOTIFY}: address 1 did not take the message",
            f"{NOTIFY}: address 2 is none that Apprise knows",
        ]
        assert "secret" not in caplog.text


class TestTheFloor:
    def quality(self, f1: float, extractor: str = "e1") -> dict[str, Any]:
        return {"extractor_version": extractor, "fresh": {"f1": f1}}

    def test_the_pinned_reader_is_above_it(self) -> None:
        from orchestration.extraction.version import extractor_version
        from orchestration.publishing.quality import read_quality

        assert floor_problems(read_quality(), extractor_version()) == []

    def test_below_it_nothing_is_built(self) -> None:
        assert floor_problems(self.quality(FLOOR), "e1") == []
        assert "below the floor" in floor_problems(self.quality(FLOOR - 0.01), "e1")[0]

    @pytest.mark.parametrize("extractor", ["e2", "e1, e2"])
    def test_of_another_extractor_it_says_nothing(self, extractor: str) -> None:
        assert "make score PIN=1" in floor_problems(self.quality(0.9), extractor)[0]

    def test_not_measured_is_not_good(self) -> None:
        assert floor_problems(None, "e1")
