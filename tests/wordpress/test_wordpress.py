"""A real WordPress, by its REST interface and without it: what is asked for, and what the ledger has then."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from orchestration.scraping import fetch
from orchestration.scraping.fetch import USER_AGENT, Limits
from tests.wordpress.conftest import Reader
from tests.wordpress.site import FIRST, Site, post

NewReader = Callable[[], Reader]
CURRENT = "select url from raw.current_articles order by url"
FEED_ONLY = ""


def urls(site: Site, *numbers: int) -> list[tuple[str]]:
    return [(f"{site.url}item-{number:04}/",) for number in numbers]


class TestByMonth:
    """A backfill: what was published in one month, by the outlet's own clock."""

    def test_a_month_brings_its_posts_and_no_others(self, wordpress: Site, reader: NewReader) -> None:
        days = ("2023-12-31T14:59:59", "2023-12-31T15:00:00", "2024-01-15T12:00:00", "2024-01-31T15:00:00")
        wordpress.only(*(post(n, published=f"{day}+00:00") for n, day in enumerate(days)))
        one = reader()
        one.fill(date(2024, 1, 1))
        assert one.rows(CURRENT) == urls(wordpress, 1, 2)  # the site is in Seoul

    def test_a_large_month_is_read_page_after_page(self, wordpress: Site, reader: NewReader) -> None:
        wordpress.only(*(post(n, published=f"2024-01-{1 + n % 28:02}T12:00:00+00:00") for n in range(230)))
        one = reader()
        one.fill(date(2024, 1, 1))
        assert one.rows("select count(*) from raw.current_articles") == [(230,)]
        assert len(wordpress.asked()) == 4  # robots.txt and three pages

    def test_filled_again_nothing_is_new_and_a_look_goes_on_from_there(
        self, wordpress: Site, reader: NewReader
    ) -> None:
        wordpress.only(*map(post, range(40)))
        one = reader()
        one.fill(FIRST.date())
        held = one.rows("select count(*) from raw.articles")
        assert not one.fill(FIRST.date()).is_worth_building
        assert one.rows("select count(*) from raw.articles") == held
        one.look()
        assert one.rows("select count(*) from raw.current_articles") == [(40,)]


class TestByRest:
    def test_a_first_look_brings_every_text_whole(self, wordpress: Site, reader: NewReader) -> None:
        wordpress.only(*map(post, range(130)))
        one = reader()
        one.look()
        texts = one.rows("select text from raw.current_articles order by url")
        assert [text.split("number ")[-1] for (text,) in texts] == [f"{n}." for n in range(130)]
        assert len(wordpress.asked()) == 3  # robots.txt and two pages

    def test_it_says_who_it_is_in_every_request(self, wordpress: Site, reader: NewReader) -> None:
        reader().look()
        assert {request.agent for request in wordpress.asked()} == {USER_AGENT}

    def test_a_second_look_asks_twice_and_changes_nothing(self, wordpress: Site, reader: NewReader) -> None:
        one = reader()
        one.look()
        before = one.rows("select * from raw.articles order by version_id")
        wordpress.asked()
        one.look()
        assert len(wordpress.asked()) == 2
        assert one.rows("select * from raw.articles order by version_id") == before
        assert one.rows("select count(*) from raw.fetches where run_id = 'run-2' and kind = 'post'") == [(0,)]

    def test_the_day_of_publication_is_the_outlets_own(self, wordpress: Site, reader: NewReader) -> None:
        late = post(1, published="2024-05-04T16:30:00+00:00")
        wordpress.only(late)
        one = reader()
        one.look()
        ((day, evidence),) = one.rows("select published::varchar, date_evidence from raw.current_articles")
        assert (day, evidence) == ("2024-05-05", "REST date_gmt: 2024-05-04T16:30:00Z")

    def test_an_edit_a_deletion_and_a_new_post_are_all_seen(self, wordpress: Site, reader: NewReader) -> None:
        wordpress.only(*map(post, range(300)))
        one = reader()
        one.look()
        wordpress.remove("item-0042")
        edited = post(
            77, modified=(FIRST + timedelta(days=900)).isoformat(), html="<p>It was edited to say this.</p>"
        )
        wordpress.write(edited, post(300, published="2024-01-01T00:00:00Z", modified="2024-01-01T00:00:00Z"))
        wordpress.load()
        wordpress.asked()
        one.look()
        assert len(wordpress.asked()) <= 10
        changes = one.rows("select outcome, url from raw.fetches where run_id = 'run-2' and kind = 'post'")
        assert sorted(changes) == [
            ("changed", f"{wordpress.url}item-0077/"),
            ("gone", f"{wordpress.url}item-0042/"),
            ("new", f"{wordpress.url}item-0300/"),
        ]
        current = one.rows(CURRENT)
        assert urls(wordpress, 42)[0] not in current
        assert len(current) == 300

    def test_a_post_taken_down_is_kept_as_history_and_comes_back(
        self, wordpress: Site, reader: NewReader
    ) -> None:
        wordpress.only(post(1), post(2))
        one = reader()
        one.look()
        wordpress.remove("item-0002")
        wordpress.load()
        one.look()
        assert one.rows(CURRENT) == urls(wordpress, 1)
        assert one.rows("select count(*) from raw.articles") == [(2,)]
        wordpress.write(post(2))
        wordpress.load()
        one.look()
        assert one.rows(CURRENT) == urls(wordpress, 1, 2)

    def test_a_post_behind_a_password_is_no_article(self, wordpress: Site, reader: NewReader) -> None:
        wordpress.only(post(1), post(2, password="sesame"))
        one = reader()
        one.look()
        assert one.rows(CURRENT) == urls(wordpress, 1)
        assert one.rows("select outcome from raw.fetches where url like '%item-0002/'") == [("protected",)]

    def test_a_post_that_gets_a_password_is_current_no_more(self, wordpress: Site, reader: NewReader) -> None:
        wordpress.only(post(1), post(2))
        one = reader()
        one.look()
        wordpress.write(post(2, password="sesame", modified="2024-01-01T00:00:00Z"))
        wordpress.load()
        one.look()
        assert one.rows(CURRENT) == urls(wordpress, 1)

    def test_a_post_of_two_pages_is_read_whole(self, wordpress: Site, reader: NewReader) -> None:
        html = (
            f"{post(1)['html']}\n<!--nextpage-->\n<p>Here the second page says that all of them returned.</p>"
        )
        wordpress.only(post(1, html=html))
        one = reader()
        one.look()
        ((text,),) = one.rows("select text from raw.current_articles")
        assert text.endswith("Here the second page says that all of them returned.")

    def test_a_post_that_moved_keeps_its_article(self, wordpress: Site, reader: NewReader) -> None:
        wordpress.only(post(1))
        one = reader()
        one.look()
        wordpress.remove("item-0001")
        wordpress.write(post(1, slug="moved-item", was="item-0001", modified="2024-01-01T00:00:00Z"))
        wordpress.load()
        one.look()
        assert one.rows("select count(distinct article_id) from raw.articles") == [(1,)]
        assert one.rows(CURRENT) == [(f"{wordpress.url}moved-item/",)]

    def test_posts_are_read_again_from_the_archive(
        self, wordpress: Site, reader: NewReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wordpress.only(post(1), post(2))
        one = reader()
        one.look()
        monkeypatch.setattr("orchestration.steps.parser_version", lambda: "another")
        collected = one.look()
        assert collected.read_again == 2
        told = one.rows(
            "select outcome, count(*) from raw.parses where parser_version = 'another' group by 1"
        )
        assert told == [("parsed", 2)]


class TestWithoutRest:
    def test_a_feed_and_its_pages_are_read(self, wordpress: Site, reader: NewReader) -> None:
        wordpress.only(*map(post, range(3)))
        one = reader()
        one.look(FEED_ONLY)
        assert one.rows(CURRENT) == urls(wordpress, 0, 1, 2)

    def test_a_second_look_asks_for_robots_and_the_feed_alone(
        self, wordpress: Site, reader: NewReader
    ) -> None:
        one = reader()
        one.look(FEED_ONLY)
        wordpress.asked()
        one.look(FEED_ONLY)
        asked = wordpress.asked()
        assert [(r.path, r.status) for r in asked] == [("/robots.txt", 304), ("/english/feed/", 304)]
        assert "ims=-" not in asked[1].conditions
        assert "inm=-" in asked[1].conditions  # every compressing layer breaks an ETag

    def test_an_interface_that_is_closed_falls_back_to_the_feed_by_last_edit(
        self, wordpress: Site, reader: NewReader
    ) -> None:
        wordpress.only(*map(post, range(12)))
        one = reader()
        closed = f'rest = "{wordpress.url}wp-json/wp/v2/nothing"'
        one.look(closed)
        assert len(one.rows(CURRENT)) == 12  # the feed holds ten: its second page was read
        wordpress.write(
            post(
                0, modified="2024-01-01T00:00:00Z", html="<p>Edited long after, so that it says this now.</p>"
            )
        )
        wordpress.load()
        one.look(closed)
        assert one.rows(
            "select url from raw.fetches where run_id = 'run-2' and outcome = 'changed' and kind = 'article'"
        ) == urls(wordpress, 0)

    def test_a_post_behind_a_password_is_no_article(self, wordpress: Site, reader: NewReader) -> None:
        wordpress.only(post(1), post(2, password="sesame"))
        one = reader()
        one.look(FEED_ONLY)
        assert one.rows(CURRENT) == urls(wordpress, 1)
        assert one.rows("select outcome from raw.parses where url like '%item-0002/'") == [("protected",)]


class TestFailures:
    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fetch, "Limits", lambda: Limits(tries=1, silence=2, deadline=4))

    def test_maintenance_is_an_outcome_and_the_next_look_reads_all(
        self, wordpress: Site, reader: NewReader
    ) -> None:
        wordpress.only(post(1))
        one = reader()
        flag = wordpress.run / "www" / "english" / ".maintenance"
        flag.write_text(f"<?php $upgrading = {int(time.time())};")
        try:
            collected = one.look()
        finally:
            flag.unlink()
        assert collected.dead == ["english"]
        assert ("rest", 503) in one.rows("select kind, status from raw.fetches")
        one.look()
        assert one.rows(CURRENT) == urls(wordpress, 1)

    def test_a_database_that_hangs_is_an_outcome(self, wordpress: Site, reader: NewReader) -> None:
        one = reader()
        wordpress.database(signal.SIGSTOP)
        try:
            collected = one.look()
        finally:
            wordpress.database(signal.SIGCONT)
        assert collected.dead == ["english"]
        assert ("timed_out",) in one.rows("select distinct outcome from raw.fetches")

    def test_a_database_that_is_dead_is_an_outcome(self, wordpress: Site, reader: NewReader) -> None:
        one = reader()
        one.look()
        articles = one.rows(CURRENT)
        wordpress.database(signal.SIGKILL)
        subprocess.run(["sleep", "0.5"], check=True)
        collected = one.look()
        assert collected.dead == ["english"]
        assert ("rest", 500) in one.rows("select kind, status from raw.fetches where run_id = 'run-2'")
        assert one.rows(CURRENT) == articles  # what was read stays
        wordpress.load()


class TestMany:
    """Two thousand posts: the numbers that the house keeps to."""

    def test_two_thousand_posts(self, wordpress: Site, reader: NewReader) -> None:
        wordpress.only(*map(post, range(2000)))
        one = reader()
        one.look()
        assert len(wordpress.asked()) <= 40
        texts = one.rows("select text from raw.current_articles order by url")
        assert [text.split("number ")[-1] for (text,) in texts] == [f"{n}." for n in range(2000)]
        one.look()
        assert len(wordpress.asked()) <= 3
        wordpress.remove("item-0815")
        wordpress.write(
            post(
                1234, modified="2024-01-01T00:00:00Z", html="<p>It was edited to say this, and no more.</p>"
            ),
            post(2000, published="2024-01-02T00:00:00Z", modified="2024-01-02T00:00:00Z"),
        )
        wordpress.load()
        wordpress.asked()
        one.look()
        assert len(wordpress.asked()) <= 10
        changes = one.rows("select outcome, url from raw.fetches where run_id = 'run-3' and kind = 'post'")
        assert sorted(outcome for outcome, _ in changes) == ["changed", "gone", "new"]
        assert ("gone", f"{wordpress.url}item-0815/") in changes
