"""The README tells the truth: its example, its commands, its score."""

from __future__ import annotations

import json
import re
import shlex
from datetime import date

import click
import pytest

from orchestration.cli import main
from orchestration.extraction.extract import extract_figures
from orchestration.home import ROOT
from orchestration.records import Article
from tests.gold import pin

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```\n(.*?)```", README, re.DOTALL)
COMMANDS = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines()]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def test_the_example_sentence_gives_the_figures_that_it_shows() -> None:
    (figures,) = re.findall(r"is two figures:\n\n.*?\n.*?\n(.*?)\n\n", README, re.DOTALL)
    article = Article("readme", "Plans for Qatar", date(2026, 3, 2), BLOCKS[0].strip())
    found = [
        [str(f.measure), str(f.status), str(f.low), str(f.hedge), *f.countries]
        for f in extract_figures(article)
    ]
    assert found == [cells(line) for line in figures.splitlines()]


@pytest.mark.parametrize(("name", "row"), [("fresh", 0), ("sample", 1)])
def test_the_scores_are_the_pinned_ones(name: str, row: int) -> None:
    pinned = json.loads(pin.PINNED.read_text(encoding="utf-8"))[name]
    lines = re.findall(r"^\| .*: \d+ articles.*", README, re.MULTILINE)
    told = [f"{pinned[key]:.2f}" for key in pin.SCORES]
    size = f"{pinned['articles']} articles, {pinned['figures']} figures"
    assert cells(lines[row])[0].endswith(size)
    assert cells(lines[row])[1:] == told


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("make")])
def test_each_make_target_exists(line: str) -> None:
    targets = set(
        re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert all(word in targets for word in line.split()[1:] if "=" not in word)


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith(".venv/bin/laborledger")])
def test_each_command_and_its_options_exist(line: str) -> None:
    words = shlex.split(line.split(" < ")[0])[1:]
    command = main.commands[words[0]]
    options = {name for p in command.params if isinstance(p, click.Option) for name in p.opts}
    assert {word for word in words[1:] if word.startswith("--")} <= options


def test_every_file_that_it_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert all((ROOT / link).exists() for link in links)
