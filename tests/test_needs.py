"""A test that cannot run says what it needs, and in CI it fails instead of going unseen."""

from __future__ import annotations

import pytest

from tests.needs import needs


def test_what_is_there_is_no_reason_to_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    needs(True, "make setup-drivers")


def test_what_is_missing_skips_and_names_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs make setup-drivers"):
        needs(None, "make setup-drivers")


def test_under_ci_a_missing_thing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="needs make setup-system, and under CI=true"):
        needs(False, "make setup-system")
