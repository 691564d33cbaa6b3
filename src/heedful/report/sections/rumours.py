"""Rumours: how many people took a claim up, where and how fast, and which audiences a correction should reach first; groups only."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from heedful.report.content import PageContent
from heedful.report.html import Html, element, empty, fold, section, table
from heedful.report.wording import counted, day, explain, name, number, place_name

_TITLE = "Rumours: how far, how fast, and whom a correction should reach first"
_CLAIMS, _PLACES, _AUDIENCES = 4, 10, 6
_STANCES = {"spreads": "spread it", "refutes": "refute it", "asks": "ask about it", "jokes": "joke about it"}
_NUMERIC = ("People of posters", "Per 100,000 (95 %)", "New people a day (95 %)", "Audience", "Met it", "Meets it (95 %)", "Newly reached")


def rumours(content: PageContent) -> Html | None:
    """The section; nothing where no claim of the bank was taken up. The newest week: the world first, then places, then audiences."""
    if content.rumours.is_empty():
        return None
    week: date = max(content.rumours["day"].to_list())
    rows = content.rumours.filter(pl.col("day") == week)
    shown = rows.filter(pl.col("suppressed") == "")
    if shown.is_empty():
        few = f"Every number is withheld: fewer than {content.minimum_cell} people took up any claim, or they would follow from others."
        return section("rumours", _TITLE, empty(few))
    spread, below = pl.col("people").filter(pl.col("stance") == "spreads").max().over("claim"), pl.col("place") != "world"
    falling = [True, False, False, True, False, False]
    shown = shown.sort(spread, "claim", below, "people", "stance", "place", descending=falling, nulls_last=True)
    world = shown.filter(pl.col("place") == "world")
    lead = (
        "Claims of this site's bank as people who post take them up, in the four weeks that end with the newest week. A person counts once "
        "for each claim and stance. Whether a claim is true is the word of its source, shown after it. Intervals tell chance alone: those "
        "who post are not everybody, and who reads without posting is not seen."
    )
    return section(
        "rumours",
        _TITLE,
        element("p", lead, class_="lead"),
        element("p", _finding(world, week, content), class_="finding"),
        *_claims(shown, week, content),
        element("p", _withheld(rows.height - shown.height), class_="small"),
        _cascades(world, content),
        _reading(),
    )


def _finding(world: pl.DataFrame, week: date, content: PageContent) -> str:
    spread = world.filter(pl.col("stance") == "spreads")
    if spread.is_empty():
        return f"Week of {day(week, year=True)}: too few people spread any claim to show how many."
    top = spread.row(0, named=True)
    speed = str(top["why"]).partition(").")[2].strip()
    return (
        f"Week of {day(week, year=True)}: {counted(spread.height, 'claim')} spread by enough people to show. First: "
        f"{name(top['claim'], content.labels)}, spread by {counted(top['people'], 'person', 'people')}. {speed}"
    )


def _claims(shown: pl.DataFrame, week: date, content: PageContent) -> list[Html]:
    """Two tables a claim: where and how fast; audiences."""
    parts = []
    claims = shown["claim"].unique(maintain_order=True)
    for claim in claims.head(_CLAIMS):
        mine, words = shown.filter(pl.col("claim") == claim), name(claim, content.labels)
        rows = pl.DataFrame([_row(row, content) for row in mine.head(_PLACES).iter_rows(named=True)])
        parts.append(table(rows, f"{words}{_rest(mine, _PLACES)}", numeric=_NUMERIC, code=["Where from"]))
        parts.append(_audiences(claim, words, week, content))
    if len(claims) > _CLAIMS:
        parts.append(element("p", f"{counted(len(claims) - _CLAIMS, 'more claim')}: heedful rumours list", class_="small"))
    return parts


def _row(row: dict[str, Any], content: PageContent) -> dict[str, str | None]:
    return {
        "Where": "All places" if row["place"] == "world" else place_name(row["place"], content.places),
        "What people do": _STANCES[row["stance"]],
        "People of posters": f"{row['people']:,} of {row['posters']:,}",
        "Per 100,000 (95 %)": f"{number(row['share'])} ({number(row['low'])}–{number(row['high'])})",
        "New people a day (95 %)": _growth(row),
        "Where from": explain("rumour", row["claim"], row["stance"], row["place"], row["day"]),
    }


def _growth(row: dict[str, Any]) -> str:
    if row["stance"] != "spreads":
        return "–"
    if row["growth"] is None:
        return "too early"
    return "{:+.0f} % ({:+.0f} to {:+.0f})".format(*(100 * row[part] for part in ("growth", "growth_low", "growth_high")))


def _rest(rows: pl.DataFrame, first: int) -> str:
    return f"; the first {first} of {rows.height:,}" if rows.height > first else ""


def _audiences(claim: str, words: str, week: date, content: PageContent) -> Html:
    rows = content.audiences.filter((pl.col("day") == week) & (pl.col("claim") == claim)).sort("rank")
    if rows.is_empty():
        return element("p", f"{words}: no audience is large enough to be named for a correction.", class_="small")
    return table(
        pl.DataFrame([_audience(row, content) for row in rows.head(_AUDIENCES).iter_rows(named=True)]),
        f"Whom a correction should reach first: groups, never persons; a person decides what is said{_rest(rows, _AUDIENCES)}",
        numeric=_NUMERIC,
        code=["Where from"],
    )


def _audience(row: dict[str, Any], content: PageContent) -> dict[str, str | None]:
    newly = row["newly_reached"]
    return {
        "Where": place_name(row["place"], content.places),
        "Who write of": name(row["topic"], content.labels),
        "Audience": f"{row['people']:,}",
        "Met it": f"{row['met']:,}",
        "Meets it (95 %)": f"{100 * row['share']:.0f} % ({100 * row['low']:.0f}–{100 * row['high']:.0f})",
        "Newly reached": "withheld" if newly is None else number(newly),
        "Where from": explain("audience", row["claim"], row["place"], row["topic"], row["day"]),
    }


def _withheld(hidden: int) -> str:
    if not hidden:
        return "Nothing is withheld in the newest week."
    verb = "is" if hidden == 1 else "are"
    return f"{counted(hidden, 'number')} of the newest week {verb} withheld to protect the few people behind them."


def _cascades(world: pl.DataFrame, content: PageContent) -> Html | None:
    rows = world.filter((pl.col("stance") == "spreads") & (pl.col("cascades") > 0))
    if rows.is_empty():
        return None
    shown = [
        {
            "Claim": name(row["claim"], content.labels),
            "Cascades": f"{row['cascades']:,}",
            "People in the largest": f"{row['largest']:,}",
            "Longest chain": f"{row['deepest']:,}",
            "Communities": "not counted" if row["communities"] is None else f"{row['communities']:,}",
            "People in them": "–" if row["in_communities"] is None else f"{row['in_communities']:,}",
        }
        for row in rows.iter_rows(named=True)
    ]
    numeric = ("Cascades", "People in the largest", "Longest chain", "Communities", "People in them")
    caption = "Cascades of replies and reposts, and communities in them; too small ones are not counted"
    return table(pl.DataFrame(shown), caption, numeric=numeric)


def _reading() -> Html:
    return fold(
        "How to read these numbers",
        element(
            "p",
            "Per 100,000: people of the stance among those who posted, with Wilson's interval. New people a day: growth of those who "
            "spread the claim for the first time in the four weeks, by a quasi-Poisson trend; an interval above 0 says that it grows. An "
            "audience is a declared region and a topic that people there write of. Who spread the claim or asked about it was met by it; "
            "the share that meets it is drawn towards that of all audiences. Audiences are in the order in which a correction reaches most "
            "people who are met by the claim; newly reached leaves out those whom the audiences before it hold already.",
        ),
    )
