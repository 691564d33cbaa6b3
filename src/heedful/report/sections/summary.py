"""The summary: what was read, what stands out, what was not counted and why, in plain words."""

from __future__ import annotations

import polars as pl

from heedful.report.content import PageContent
from heedful.report.html import Html, element, section
from heedful.report.wording import counted, day, feature_name, name, number, place_name, short, span

MOST_FINDINGS = 5
_LOST = (
    ("quarantined", "could not be read and went to quarantine"),
    ("refused", "were refused at a door (no consent, opted out, or deleted)"),
    ("skipped", "were left out on purpose"),
    ("superseded", "were replaced by a newer version"),
)


def summary(content: PageContent) -> Html:
    """The section that a hurried reader reads."""
    return section(
        "summary",
        "Summary",
        _tiles(content),
        element(
            "div",
            element("div", element("h3", "What was read"), *_read(content), class_="card"),
            element("div", element("h3", "What stands out"), _list(_findings(content)), class_="card"),
            element("div", element("h3", "What was not counted, and why"), _list(_uncounted(content)), class_="card"),
            class_="thirds",
        ),
        *[element("p", note, class_="note") for note in content.notes],
    )


def _list(items: list[Html]) -> Html:
    return element("ul", *[element("li", item) for item in items])


def _tiles(content: PageContent) -> Html | None:
    alarms = content.alarms.filter("alarm").select(pl.struct("signal", "place", "stratum", "day").n_unique()).item()
    unusual = content.changes.filter(pl.col("level") >= 1).select(pl.struct("person", "day").n_unique()).item()
    told = content.experiences.filter(pl.col("source") != "diary")["author"].n_unique()
    sent = content.decisions.filter(pl.col("outcome") == "send").height
    tiles = [
        (int(content.accounting["rows_in"].sum()), "records read"),
        (alarms, "alarm days of signals"),
        (told, "people telling of treatments"),
        (len(content.people()), "participants"),
        (unusual, "unusual days of a person"),
        (content.decisions.height, "decisions"),
        (sent, "messages"),
    ]
    shown = [element("div", element("dt", words), element("dd", f"{value:,}")) for value, words in tiles if value]
    return element("dl", *shown, class_="tiles") if shown else None


def _read(content: PageContent) -> list[Html]:
    accounting = content.accounting
    if accounting.is_empty():
        return [element("p", "No input was read.")]
    kinds = accounting.group_by("kind").agg(n=pl.len(), rows=pl.col("rows_in").sum()).sort("rows", "kind", descending=[True, False])
    lead = f"{counted(int(accounting['rows_in'].sum()), 'record')} from {counted(accounting.height, 'input')}."
    items = [
        element("li", f"{kind}: {counted(rows, 'record')}" + (f" in {n} inputs" if n > 1 else "")) for kind, n, rows in kinds.iter_rows()
    ]
    days = [frame["day"] for frame in (content.counts, content.series, content.features) if frame.height]
    covered = [element("p", "Days covered: " + span(min(d.min() for d in days), max(d.max() for d in days)) + ".")] if days else []  # type: ignore[type-var, arg-type]
    return [element("p", lead), element("ul", *items), *covered]


def _findings(content: PageContent) -> list[Html]:
    found = [*_alarm_findings(content), *_gap_findings(content), *_change_findings(content)]
    if not found:
        return [element("span", "Nothing stands out, as far as it could be tested. The sections below say what could not.")]
    return found


def _alarm_findings(content: PageContent) -> list[Html]:
    """The strongest alarm of each series; the same signal at several places counts once, at the place with the most people."""
    ratio = (pl.col("observed") / pl.col("expected").clip(1)).fill_null(0)
    best = (
        content.alarms.filter("alarm")
        .sort(ratio, "day", "detector", "place", descending=[True, True, False, False])
        .unique(["signal", "place", "stratum"], keep="first", maintain_order=True)
        .sort("observed", "day", "place", descending=[True, True, False])
        .unique("signal", keep="first", maintain_order=True)
        .head(MOST_FINDINGS)
    )
    return [
        _finding(
            f"{name(row['signal'], content.labels)}, {place_name(row['place'], content.places)}.",
            f" {number(row['observed'])} on {day(row['day'])}"
            + (f"; {number(row['expected'])} were expected." if row["expected"] is not None else "."),
        )
        for row in best.iter_rows(named=True)
    ]


def _change_findings(content: PageContent) -> list[Html]:
    worst = content.changes.filter(pl.col("level") >= 1).sort("level", "day", "person", "detector", descending=[True, True, False, False])
    chosen = worst.unique(["person"], keep="first", maintain_order=True).head(3)
    return [
        _finding(f"Participant {short(row['person'])}, {day(row['day'])}.", f" {feature_name(row['feature'])}: {row['why']}")
        for row in chosen.iter_rows(named=True)
    ]


def _gap_findings(content: PageContent) -> list[Html]:
    low = content.adherence.filter((pl.col("value") < 0.8) & (pl.col("drug") != "all") & (pl.col("measure") == "CMA7"))
    if low.is_empty():
        return []
    people = low["person"].n_unique()
    return [_finding("Medicines.", f" {counted(people, 'participant')} had a medicine at hand on less than 80 % of days (CMA7).")]


def _finding(strong: str, rest: str) -> Html:
    return element("span", element("strong", strong), rest)


def _uncounted(content: PageContent) -> list[Html]:
    lost: list[Html] = []
    for column, words in _LOST:
        n = int(content.accounting[column].sum())
        if n:
            told = words.replace("were ", "was ", 1) if n == 1 else words
            lost.append(_finding(counted(n, "record"), f" {told}."))
    withheld = content.counts.filter(pl.col("suppressed") != "").height
    if withheld:
        lost.append(_finding(counted(withheld, "count"), " withheld, because too few people stand behind them."))
    untested = content.alarms.filter(pl.col("bound").is_null() & ~pl.col("alarm")).height
    if untested:
        lost.append(_finding(counted(untested, "test"), " could not be made, mostly at the start of a series."))
    missing = content.features.filter(pl.col("missing") != "").height
    if missing:
        lost.append(
            _finding(counted(missing, "value"), f" of {content.features.height:,} daily features not known; they are never taken as zero.")
        )
    nothing = "Every record that was read was counted." if content.accounting.height else "Nothing was read, so nothing was left out."
    return lost or [element("span", nothing)]
