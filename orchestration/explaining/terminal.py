"""An explanation as a person reads it in a terminal; in plain characters where there are no colours.

Layout and colours belong here. What is shown is in `explanation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from orchestration.explaining.chances import Chance
from orchestration.explaining.explanation import Explanation, Finding
from orchestration.explaining.marks import COUNTED, KIND_WORDS, Kind
from orchestration.explaining.wording import FIELDS, NONE, percent, rows_of
from orchestration.records import Figure, Span

STYLES: Mapping[Kind, str] = {
    Kind.FIGURE: "bold reverse green",
    Kind.REPEATED: "bold green",
    Kind.REFUSED: "bold red",
    Kind.PROVED: "dim red",
    Kind.PLACE: "cyan",
    Kind.PERIOD: "magenta",
    Kind.WORK: "yellow",
}
SURE = 0.8
"""From this probability an answer that held is shown as sure."""
AROUND = 48
"""Characters of a sentence shown before its count."""
DASH = 2
"""A range of days breaks after its dash."""
NUMERIC = ("#", "low", "high", "confidence")


def render(explanations: Iterable[Explanation], console: Console) -> Iterator[str]:
    """Each article as text for the console's terminal; where it is none, without colour codes."""
    for explanation in explanations:
        with console.capture() as captured:
            console.print(_article(explanation, console.width), highlight=False)
        shown = captured.get()
        if not console.is_terminal:
            shown = "".join(f"{line.rstrip()}\n" for line in shown.splitlines())
        yield shown


def _article(explanation: Explanation, width: int) -> Group:
    judged = explanation.of_kind(Kind.FIGURE, Kind.REPEATED)
    refused = explanation.of_kind(Kind.REFUSED)
    proved = explanation.of_kind(Kind.PROVED)
    return Group(
        Rule(Text(explanation.title or explanation.id, style="bold"), align="left", style="dim"),
        Text(" · ".join(explanation.facts()), style="dim"),
        *(Text(note, style="yellow") for note in explanation.notes),
        Padding(_marked(explanation), (1, 2)),
        _legend(),
        *(_card(explanation, finding, width) for finding in judged),
        *(_near(explanation, finding, width) for finding in refused if finding.is_near),
        *_listed("Hardly a figure:", [(f, percent(f.p or 0)) for f in refused if not f.is_near]),
        *_listed("No counts by rule:", [(f, f.reason or "") for f in proved]),
        *_table(explanation.figures, width),
        Text(),
    )


def _legend() -> Text:
    legend = Text("  ")
    for kind, words in KIND_WORDS.items():
        legend.append(words, STYLES[kind]).append("  ")
    return legend.append("[0] as `extract` counts, [a] none", "dim")


def _marked(explanation: Explanation, span: Span | None = None) -> Text:
    """The text, or a part of it, with its marks; judged numbers carry their label."""
    shown = Text()
    for words, mark in explanation.pieces(span):
        shown.append(words, STYLES[mark.kind] if mark else None)
        if mark is not None and mark.kind in COUNTED:
            shown.append(f"[{mark.label}]", "bold" if mark.kind is Kind.FIGURE else "dim")
    return shown


def _in_its_sentence(explanation: Explanation, finding: Finding, width: int) -> Text:
    """One line of the sentence around a number."""
    start = max(finding.quote.start, finding.span.start - AROUND)
    stop = min(finding.quote.end, finding.span.start + width)
    line = Text("…" if start > finding.quote.start else "", no_wrap=True, overflow="ellipsis")
    for piece in _marked(explanation, Span(start, stop)).split("\n"):
        line.append_text(piece).append(" ")
    return line


def _heading(finding: Finding) -> Text:
    heading = Text().append(f" {finding.label} ", STYLES[finding.kind])
    heading.append(f" {finding.words}", "bold").append(f" {finding.noun}".rstrip())
    return heading.append(f"  {finding.summary}", "green" if finding.kind is Kind.FIGURE else None)


def _card(explanation: Explanation, finding: Finding, width: int) -> Group:
    """All about one count: what it is, its sentence, what the reader weighed, what resolution changed."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", width=8)
    rows.add_column()
    for question, chances in finding.chances.items():
        if chances:
            rows.add_row(question, _weighed(chances))
    for number, change in enumerate(finding.changes):
        rows.add_row("" if number else "resolved", Text(change, style="bold blue"))
    body = Group(_in_its_sentence(explanation, finding, width), rows)
    return Group(Text(), _heading(finding), Padding(body, (0, 0, 0, 4)))


def _near(explanation: Explanation, finding: Finding, width: int) -> Group:
    """A count that the reader refused and might have taken."""
    lines = [_in_its_sentence(explanation, finding, width), _weighed(finding.chances.get("measure", ()))]
    return Group(Text(), _heading(finding), *(Padding(line, (0, 0, 0, 4)) for line in lines))


def _weighed(chances: Sequence[Chance]) -> Text:
    line = Text()
    for number, chance in enumerate(chances):
        style = ("bold green" if chance.p >= SURE else "bold yellow") if chance.held else "dim"
        line.append("   " if number else "").append("✓ " if chance.held else "")
        line.append(f"{chance.label} {percent(chance.p)}", style)
        line.append(f" ({chance.detail})" if chance.detail else "", "dim")
    return line


def _listed(title: str, told: Sequence[tuple[Finding, str]]) -> Iterator[Text]:
    """Numbers of little interest in a line or two, each with a word on it."""
    line = Text("\n").append(title, "dim")
    for finding, word in told:
        label = f" [{finding.label}]" if finding.label else ""
        line.append(f"   {finding.words} {finding.noun}".rstrip()).append(f"{label} {word}", "red")
    if told:
        yield line


def _table(figures: Sequence[Figure], width: int) -> Iterator[RenderableType]:
    """The figures as a table, without the columns that are empty; one below the other where it is narrow."""
    rows = rows_of(figures)
    names = [name for name in ("#", *FIELDS) if any(row[name] != NONE for row in rows)]
    words = {name: [name, *(word for row in rows for word in row[name].split())] for name in names}
    least = {name: max(map(len, words[name])) + DASH * (name == "period") for name in names}
    if rows:
        yield Text()
        yield _wide(rows, least) if sum(least.values()) + 3 * len(names) <= width else _narrow(rows, names)


def _wide(rows: Sequence[Mapping[str, str]], least: Mapping[str, int]) -> Table:
    """A table with these columns, each at least so wide."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", border_style="dim")
    for name, width in least.items():
        table.add_column(name, justify="right" if name in NUMERIC else "left", min_width=width)
    for row in rows:
        table.add_row(*(Text(row[name]) for name in least))
    return table


def _narrow(rows: Sequence[Mapping[str, str]], names: Sequence[str]) -> Table:
    table = Table.grid(padding=(0, 2))
    for row in rows:
        told = Text()
        for name in names[1:]:
            if row[name] != NONE:
                told.append(f"{name} ", "dim").append(row[name]).append("   ")
        table.add_row(Text(row["#"], "bold"), told)
    return table
