"""The charts: rows in, one drawing each with its title, words for who cannot see it, and its numbers.

Bounds are drawn as what they are: a bar from low to high, an arrow where the upper bound is open. No
colour says anything that shape or text does not say too. Asking for rows and laying out pages is not
done here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import altair as alt

from orchestration.publishing.report.data import Report, Row
from orchestration.publishing.report.palette import colour
from orchestration.publishing.summary import worded_bounds

LAND = Path(__file__).with_name("land.json")
PANEL, WIDE = 300, 660
"""Widths in pixels: a panel fits a phone, a wide chart is scrolled there."""
LABELLED = 10
LARGEST = 1_300
"""Square pixels of the largest circle; the others are to its scale."""
SIGNS = {"new pages": "●", "nothing new": "·", "failed": "✕", "not looked": ""}
VERDICTS = {"no_word": "no word since", "fulfilled": "as many or more", "partly": "fewer"}
Numbers = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawing: `name` of its file, `words` for who cannot see it, `numbers` as header and rows."""

    name: str
    title: str
    spec: dict[str, Any]
    words: str
    numbers: Numbers
    is_wide: bool = False


def draw(report: Report) -> dict[str, tuple[Chart, ...]]:
    """All charts of a report by section; a section without rows has none."""
    return {
        "presence": tuple(_presence(report)),
        "flows": tuple(_flows(report)),
        "plans": tuple(_plans(report)),
        "defections": tuple(_defections(report)),
        "map": tuple(_map(report)),
        "sectors": tuple(_sectors(report)),
        "coverage": tuple(_coverage(report)),
    }


def told(row: Row, low: str = "low", high: str = "high") -> str:
    """The bounds of a row in words."""
    return worded_bounds(row[low], row[high])


def _data(rows: Sequence[Row]) -> alt.InlineData:
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    return alt.InlineData(values=plain)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _finished(chart: Any, width: int, height: int, left: int = 8) -> dict[str, Any]:
    """The specification, in the palette's colours; `left` is room for words in whatever font."""
    text = {
        "labelColor": colour("ink"),
        "titleColor": colour("dim"),
        "labelFontSize": 12,
        "titleFontSize": 12,
    }
    axis = {"gridColor": colour("grid"), "domainColor": colour("dim"), "tickColor": colour("dim")}
    finished = (
        chart.properties(width=width, height=height)
        .configure(
            background="transparent",
            font="sans-serif",
            padding={"left": left, "top": 6, "right": 14, "bottom": 4},
        )
        .configure_view(stroke=None)
        .configure_axis(**text, **axis, titleFontWeight="normal")
        .configure_legend(**text, symbolStrokeColor=colour("dim"))
        .configure_title(color=colour("ink"), fontSize=14, anchor="start")
    )
    spec: dict[str, Any] = finished.to_dict(validate=False)
    return spec


def _range(rows: Sequence[Row], estimates: Sequence[Row] = ()) -> Any:
    """Bars from low to high by year, a line where both are one, an arrow where the top is open."""
    drawn = [
        {
            "year": row["year"], "low": row["low"] or 0, "is_open": row["high"] is None,
            "high": row["low"] or 0 if row["high"] is None else row["high"],
        }
        for row in rows
    ]  # fmt: skip
    years = [row["year"] for row in (*rows, *estimates)]
    scale = alt.Scale(domain=[min(years) - 0.7, max(years) + 0.7], nice=False)
    ticks = sorted({min(years), max(years), (min(years) + max(years)) // 2})
    base = alt.Chart(_data(drawn)).encode(
        x=alt.X("year:Q", scale=scale, axis=alt.Axis(format="d", title=None, grid=False, values=ticks))
    )
    y = alt.Y("low:Q", axis=alt.Axis(title=None, format="~s", tickCount=4), scale=alt.Scale(zero=True))
    blue = colour("low")
    layers = [
        base.mark_bar(color=blue, fillOpacity=0.28, width=9).encode(y=y, y2="high:Q"),
        base.mark_tick(color=blue, thickness=2.2, size=9, orient="horizontal").encode(y=y),
        base.mark_tick(color=blue, thickness=2.2, size=9, orient="horizontal").encode(y="high:Q"),
        base.transform_filter("datum.is_open")
        .mark_point(shape="triangle-up", filled=True, color=blue, size=55, yOffset=-7, opacity=1)
        .encode(y=y),
    ]
    if estimates:
        layers.append(_estimated(estimates, scale))
    return alt.layer(*layers)


def _estimated(estimates: Sequence[Row], scale: alt.Scale) -> Any:
    """What others estimated, as hollow diamonds."""
    rows = [{"year": e["year"], "value": e["high"] or e["low"]} for e in estimates]
    diamond = alt.Chart(_data(rows)).mark_point(
        shape="diamond", filled=False, color=colour("plan"), size=60, strokeWidth=1.6, opacity=1
    )
    return diamond.encode(x=alt.X("year:Q", scale=scale), y="value:Q")


def _presence(report: Report) -> Iterator[Chart]:
    for (code, host), group in groupby(report.presence, key=lambda row: (row["country_code"], row["host"])):
        rows = list(group)
        years = {row["year"] for row in rows}
        others = [e for e in report.estimates if e["country_code"] == code and _is_near(e["year"], years)]
        last = rows[-1]
        words = (
            f"Workers in {host} as reported, {_span(rows)}: at first {told(rows[0])}, at last {told(last)}"
            f" (as of {last['as_of']}, {_n(last['origins'], 'origin')})."
        )
        if others:
            words += f" Diamonds: {_n(len(others), 'estimate')} by others."
        numbers = [(str(r["year"]), told(r), str(r["as_of"]), str(r["origins"])) for r in rows]
        spec = _finished(_range(rows, others), PANEL, 130)
        header = ("Year", "Workers", "As of", "Origins")
        yield Chart(f"presence-{code.lower()}", f"{host}", spec, words, (header, tuple(numbers)))


def _is_near(year: int, years: set[int]) -> bool:
    """Estimates of other times would squeeze what is reported."""
    return min(years) - 5 <= year <= max(years) + 5


def _span(rows: Sequence[Row]) -> str:
    first, last = rows[0]["year"], rows[-1]["year"]
    return str(first) if first == last else f"{first} to {last}"


def _n(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


FLOW_TITLES = {"dispatch": "Sent abroad", "repatriation": "Sent home", "defection": "Fled"}


def _flows(report: Report) -> Iterator[Chart]:
    for measure, group in groupby(report.flows, key=lambda row: row["measure"]):
        rows = list(group)
        most = max(rows, key=lambda row: (row["high"] or row["low"], row["year"]))
        title = FLOW_TITLES.get(measure, measure)
        words = (
            f"{title}, reported as done, all hosts, by year, {_span(rows)}: "
            f"most in {most['year']}, {told(most)}, in {_n(most['events'], 'event')}."
        )
        numbers = tuple((str(r["year"]), told(r), f"{r['events']:,}") for r in rows)
        yield Chart(
            f"flow-{measure}", title, _finished(_range(rows), PANEL, 150), words,
            (("Year", "Workers", "Events"), numbers),
        )  # fmt: skip


def _plans(report: Report) -> Iterator[Chart]:
    if not report.plans:
        return
    rows = [_plan(n, row) for n, row in enumerate(report.plans)]
    y = alt.Y("label:N", sort=alt.SortField("n"), axis=alt.Axis(title=None, labelLimit=330))
    x = alt.X("planned_low:Q", scale=alt.Scale(type="sqrt"), axis=alt.Axis(title="workers", format="~s"))
    base = alt.Chart(_data(rows)).encode(y=y)
    done = base.transform_filter("datum.n_done > 0")
    green = colour("done")
    layers = [
        base.mark_bar(color=colour("plan"), size=10, fillOpacity=0.3).encode(x=x, x2="planned_top:Q"),
        base.mark_tick(color=colour("plan"), thickness=2.5, size=12).encode(x=x),
        base.mark_tick(color=colour("plan"), thickness=2.5, size=12).encode(x="planned_top:Q"),
        done.mark_rule(color=green, strokeWidth=2).encode(x="done_low:Q", x2="done_top:Q"),
        done.mark_point(shape="circle", filled=True, color=green, size=55, opacity=1).encode(x="done_low:Q"),
    ]
    numbers = tuple(
        (str(r["first_reported_on"]), r["host"], r["measure"], told(r, "planned_low", "planned_high"),
         told(r, "done_low", "done_high") if r["n_done"] else "–", _verdict(r))
        for r in report.plans
    )  # fmt: skip
    kept = sum(1 for row in report.plans if row["n_done"])
    words = f"{_n(len(rows), 'plan')} of {report.n_plans:,}; of {kept} something is reported as done since."
    header = ("First reported", "Host", "Measure", "Planned", "Done since", "Verdict")
    spec = _finished(alt.layer(*layers), WIDE - 330, 22 * len(rows), left=40)
    yield Chart("plans", "Planned and done", spec, words, (header, numbers), is_wide=True)


def _plan(number: int, row: Row) -> Row:
    label = f"{row['first_reported_on']:%Y-%m} {row['host']}, {row['measure']}: {_verdict(row)}"
    return {
        "n": number, "label": f"{label}{' ' * number}", "n_done": row["n_done"],
        "planned_low": row["planned_low"] or 0, "planned_top": row["planned_high"] or row["planned_low"],
        "done_low": row["done_low"] or 0, "done_top": row["done_high"] or row["done_low"],
    }  # fmt: skip


def _verdict(row: Row) -> str:
    return VERDICTS.get(row["verdict"], str(row["verdict"]).replace("_", " "))


def _defections(report: Report) -> Iterator[Chart]:
    if not report.defections:
        return
    rows = [
        {**row, "low": row["low"] or 0, "top": row["high"] or row["low"] or 0} for row in report.defections
    ]
    base = alt.Chart(_data(rows)).encode(
        x=alt.X("day:T", axis=alt.Axis(title=None, format="%Y", tickCount=8))
    )
    y = alt.Y("low:Q", scale=alt.Scale(type="sqrt"), axis=alt.Axis(title="people", tickCount=5))
    shape = alt.Shape("status:N", scale=alt.Scale(
        domain=["done", "underway", "planned", "failed"], range=["circle", "square", "diamond", "cross"]
    ), legend=alt.Legend(orient="top", title=None))  # fmt: skip
    layers = [
        base.mark_rule(color=colour("low"), strokeWidth=1.5).encode(y=y, y2="top:Q"),
        base.mark_point(filled=True, color=colour("low"), size=60, opacity=0.75).encode(y=y, shape=shape),
    ]
    biggest = sorted(rows, key=lambda row: -row["top"])[: LABELLED if len(rows) <= 60 else 0]
    labels = alt.Chart(_data(biggest)).mark_text(color=colour("dim"), dy=-11, fontSize=11)
    layers.append(labels.encode(x="day:T", y="low:Q", text="host:N"))
    most = max(rows, key=lambda row: row["top"])
    words = (
        f"{_n(len(rows), 'point')} from {rows[0]['day']} to {rows[-1]['day']}; the largest is "
        f"{told(most)} on {most['day']} ({most['host']}, {most['status']})."
    )
    numbers = tuple((str(r["day"]), r["host"], r["status"], told(r)) for r in report.defections)
    spec = _finished(alt.layer(*layers), WIDE - 60, 230)
    header = ("Day", "Host", "Status", "People")
    yield Chart("defections", "Who fled, and when", spec, words, (header, numbers), is_wide=True)


@cache
def _land() -> dict[str, Any]:
    topology: dict[str, Any] = json.loads(LAND.read_text(encoding="utf-8"))
    return topology


def _map(report: Report) -> Iterator[Chart]:
    if not report.places:
        return
    rows = [
        {**row, "size": row["high"] or row["low"], "is_open": row["high"] is None} for row in report.places
    ]
    most = max(row["size"] for row in rows) or 1
    land = alt.Chart(
        alt.InlineData(values=_land(), format=alt.TopoDataFormat(feature="land", type="topojson"))
    )
    size = alt.Size(
        "size:Q", scale=alt.Scale(type="linear", domain=[0, most], range=[0, LARGEST]), legend=None
    )
    circles = alt.Chart(_data(rows)).encode(longitude="longitude:Q", latitude="latitude:Q", size=size)
    blue = colour("low")
    labels = alt.Chart(_data(_apart(rows))).mark_text(
        color=colour("ink"), fontSize=11, fontWeight="bold", dy=-10
    )
    layers = [
        land.mark_geoshape(fill=colour("land"), stroke=colour("grid"), strokeWidth=0.5),
        circles.transform_filter("!datum.is_open").mark_circle(color=blue, opacity=0.55, stroke=blue),
        circles.transform_filter("datum.is_open")
        .mark_circle(color=blue, fillOpacity=0.12, stroke=blue, strokeWidth=2, strokeDash=[4, 3]),
        circles.mark_circle(color=colour("ink"), opacity=1).encode(size=alt.value(5)),
        labels.encode(longitude="longitude:Q", latitude="latitude:Q", text="host:N"),
    ]  # fmt: skip
    words = (
        f"Workers at their last reported number in {_n(len(rows), 'country')}".replace(
            "countrys", "countries"
        )
        + ": "
        + "; ".join(f"{row['host']} {told(row)} ({row['year']})" for row in report.places[:5])
        + "."
    )
    numbers = tuple((r["host"], told(r), str(r["year"])) for r in report.places)
    chart = alt.layer(*layers).project(type="equalEarth")
    spec = _finished(chart, WIDE, 340)
    yield Chart(
        "map", "Where they were last reported", spec, words, (("Host", "Workers", "Year"), numbers), True
    )


def _apart(rows: Sequence[Row]) -> list[Row]:
    """The largest places whose names do not run into each other."""
    kept: list[Row] = []
    for row in rows:
        free = (
            abs(row["longitude"] - other["longitude"]) > 22 or abs(row["latitude"] - other["latitude"]) > 7
            for other in kept
        )  # fmt: skip
        if len(kept) < LABELLED and all(free):
            kept.append(row)
    return kept


def _cells(rows: Sequence[Row], x: str, y: str, value: str) -> Any:
    """A grid of shaded cells with their number in them."""
    base = alt.Chart(_data(rows)).encode(
        x=alt.X(f"{x}:O", axis=alt.Axis(title=None, labelAngle=-90, orient="top")),
        y=alt.Y(f"{y}:N", axis=alt.Axis(title=None, labelLimit=170)),
    )
    opacity = alt.FillOpacity(f"{value}:Q", scale=alt.Scale(range=[0.08, 0.6]), legend=None)
    shade = base.mark_rect(fill=colour("low"), stroke=colour("grid"), strokeWidth=0.5).encode(
        fillOpacity=opacity
    )
    return alt.layer(shade, base.mark_text(fontSize=11, color=colour("ink")).encode(text=f"{value}:Q"))


def _sectors(report: Report) -> Iterator[Chart]:
    if not report.sectors:
        return
    rows = report.sectors
    sectors, years = {row["sector"] for row in rows}, {row["year"] for row in rows}
    most = max(rows, key=lambda row: row["events"])
    words = (
        f"Events by kind of work, {min(years)} to {max(years)}: {_n(len(sectors), 'kind')}; most told of are "
        f"{most['sector']} in {most['year']} ({_n(most['events'], 'event')})."
    )
    numbers = tuple((r["sector"], str(r["year"]), f"{r['events']:,}") for r in rows)
    spec = _finished(_cells(rows, "year", "sector", "events"), 24 * len(years), 22 * len(sectors), left=30)
    header = ("Work", "Year", "Events")
    yield Chart("sectors", "What work they are sent for", spec, words, (header, numbers), is_wide=True)


def _coverage(report: Report) -> Iterator[Chart]:
    if not report.coverage:
        return
    rows = [{**row, "sign": SIGNS[row["state"]]} for row in report.coverage]
    outlets, days = {row["outlet"] for row in rows}, sorted({row["day"] for row in rows})
    fills = {"new pages": "done", "nothing new": "low", "failed": "fail", "not looked": "paper"}
    base = alt.Chart(_data(rows)).encode(
        x=alt.X("day:O", axis=alt.Axis(title=None, labelAngle=-90, orient="top")),
        y=alt.Y("outlet:N", axis=alt.Axis(title=None, labelLimit=170)),
    )
    fill = alt.Fill("state:N", legend=None, scale=alt.Scale(
        domain=list(fills), range=[colour(name) for name in fills.values()]
    ))  # fmt: skip
    chart = alt.layer(
        base.mark_rect(stroke=colour("grid"), fillOpacity=0.25).encode(fill=fill),
        base.mark_text(color=colour("ink"), fontSize=12).encode(text="sign:N"),
    )
    failed = [row for row in rows if row["state"] == "failed"]
    gaps = [row for row in rows if row["state"] == "not looked"]
    words = (
        f"{_n(len(outlets), 'outlet')} over {_n(len(days), 'day')} to {days[-1]}: "
        f"{_n(len(failed), 'day')} on which an outlet did not answer, "
        f"{len(gaps):,} on which it was not asked. "
        "● new pages, · nothing new, ✕ failed, empty: not looked."
    )
    numbers = tuple((r["outlet"], str(r["day"]), r["state"]) for r in rows if r["state"] != "nothing new")
    spec = _finished(chart, max(26 * len(days), 60), 24 * len(outlets), left=30)
    header = ("Outlet", "Day", "State")
    yield Chart("coverage", "Looked, or not", spec, words, (header, numbers), is_wide=True)
