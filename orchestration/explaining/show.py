"""`laborledger explain`: reads what is given, explains it, and hands out what is to be written.

Only this order of things belongs here: reading is in `articles`, looks are in `terminal` and `page`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console

from orchestration.explaining.explanation import explain
from orchestration.explaining.page import render_page
from orchestration.explaining.terminal import render
from orchestration.extraction.extract import Read
from orchestration.records import Article


def terminal_lines(articles: Sequence[Article], width: int | None, read: Read | None = None) -> Iterator[str]:
    """Each article explained for stdout, as soon as it is read. Raises ReaderError."""
    yield from render((explain(article, read) for article in articles), Console(width=width))


def page(articles: Sequence[Article], read: Read | None = None) -> str:
    """All articles explained as one HTML page. Raises ReaderError."""
    return render_page([explain(article, read) for article in articles])
