"""Where a lake is said to be, and that what is secret of it stays so; `make test-lake` tries real ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestration.health import place
from orchestration.home import Home
from orchestration.lake import CATALOG, DATA, TARGET, Lake, LakeError, _secret
from orchestration.warehouse import Built, last_built, what_was_built
from tests.runs import laborledger

POSTGRES = "postgres:dbname=lake host=db.example.org user=ledger"


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")] + [TARGET, CATALOG, DATA]:
        monkeypatch.delenv(name, raising=False)


def say(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


class TestWhereItIs:
    def test_without_a_word_a_home_builds_in_its_own_file(self) -> None:
        assert Lake.from_environment() is None

    def test_the_environment_names_catalog_and_data(self, monkeypatch: pytest.MonkeyPatch) -> None:
        say(monkeypatch, LABORLEDGER_TARGET="ducklake", LABORLEDGER_LAKE=POSTGRES)
        say(monkeypatch, LABORLEDGER_LAKE_DATA="s3://bucket/lake/")
        assert Lake.from_environment() == Lake(POSTGRES, "s3://bucket/lake/")

    @pytest.mark.parametrize(
        ("variables", "message"),
        [
            (
                {"LABORLEDGER_TARGET": "ducklake"},
                "needs LABORLEDGER_LAKE and LABORLEDGER_LAKE_DATA in",
            ),
            (
                {"LABORLEDGER_TARGET": "ducklake", "LABORLEDGER_LAKE": POSTGRES},
                "needs LABORLEDGER_LAKE_DATA in",
            ),
            ({"LABORLEDGER_TARGET": "snowflake"}, "=snowflake: there are the targets build and ducklake"),
        ],
    )
    def test_what_is_missing_or_unknown_is_named(
        self, variables: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        say(monkeypatch, **variables)
        with pytest.raises(LakeError, match=message):
            Lake.from_environment()

    def test_the_command_says_so_before_it_asks_any_outlet(self, tmp_path: Path) -> None:
        told = laborledger("run", "--sources", "sample", "--target", "ducklake", "--home", tmp_path)
        assert told.returncode == 2
        assert "needs LABORLEDGER_LAKE and LABORLEDGER_LAKE_DATA" in told.stderr
        assert not list((tmp_path / "archive").iterdir())


class TestSecrets:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("host=db password=open sesame", "host=db password=*** sesame"),
            ("host=db password='open sesame' user=a", "host=db password=*** user=a"),
            (r"password='it\'s' user=a", "password=*** user=a"),
            ("PASSWORD = geheim", "PASSWORD = ***"),
            ("host=db user=a", "host=db user=a"),
        ],
    )
    def test_a_password_is_not_shown(self, text: str, shown: str) -> None:
        assert Lake("", "").hidden(text) == shown

    def test_neither_are_the_keys_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        say(monkeypatch, AWS_SECRET_ACCESS_KEY="k-e-y", PGPASSWORD="p-w")
        assert Lake("", "").hidden("it said k-e-y and p-w") == "it said *** and ***"

    def test_the_store_is_asked_with_the_keys_that_all_clients_know(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        say(monkeypatch, AWS_ACCESS_KEY_ID="id", AWS_SECRET_ACCESS_KEY="it's", AWS_REGION="eu-north-1")
        say(monkeypatch, AWS_ENDPOINT_URL="http://127.0.0.1:5000")
        assert _secret() == (
            "create or replace secret ledger (type s3, key_id 'id', secret 'it''s', region 'eu-north-1', "
            "endpoint '127.0.0.1:5000', url_style 'path', use_ssl false)"
        )

    def test_without_an_endpoint_it_is_amazon_s(self, monkeypatch: pytest.MonkeyPatch) -> None:
        say(monkeypatch, AWS_ACCESS_KEY_ID="id", AWS_SECRET_ACCESS_KEY="key")
        assert _secret() == "create or replace secret ledger (type s3, key_id 'id', secret 'key')"


class TestWhatWasBuilt:
    def test_in_a_home_of_its_own_it_is_the_build_file(self, tmp_path: Path) -> None:
        assert what_was_built(Home(tmp_path)) == Home(tmp_path).build_file

    def test_on_a_lake_it_is_the_snapshot_that_was_noted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home = Home(tmp_path)
        home.prepare()
        say(monkeypatch, LABORLEDGER_TARGET="ducklake", LABORLEDGER_LAKE="x", LABORLEDGER_LAKE_DATA="y")
        assert what_was_built(home) is None
        Built(7, "an-id").note(home)
        assert what_was_built(home) == Built(7, "an-id")

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"snapshot": 7}'])
    def test_a_torn_note_is_none(self, tmp_path: Path, content: str) -> None:
        home = Home(tmp_path)
        home.prepare()
        (home.build_file.parent / "lake.json").write_text(content)
        assert last_built(home) is None


class TestTheDoctor:
    def test_without_a_lake_there_is_none_to_look_at(self) -> None:
        assert not place.lake().troubles

    def test_one_that_is_not_said_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        say(monkeypatch, LABORLEDGER_TARGET="ducklake")
        (trouble,) = place.lake().troubles
        assert (trouble.code, trouble.needs_person) == ("lake_away", True)
        assert "needs LABORLEDGER_LAKE" in trouble.what
