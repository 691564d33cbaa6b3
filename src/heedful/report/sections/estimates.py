"""Estimates: what share of those who post said something, as found and weighted, each with its interval and who is missing."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from heedful.report.content import PageContent
from heedful.report.html import Html, element, empty, fold, section, table
from heedful.report.sections.reports import group_reports
from heedful.report.wording import counted, day, explain, name, number, place_name

_TITLE = "Shares of people who post"
_FIRST = 12
_OPINION = r"^(?:claim|concern|label|worry)\b"
_OF_WEIGHTS = ("Effective n", "Weights")
"""Columns that stand only where one row has them: columns of nothing would hide who is missing."""
_NUMERIC = ("People of posters", "As found", "Weighted", "Effective n")


def estimates(content: PageContent) -> Html:
    """The section: the newest week, what people say of claims and treatments first, then what they say to have; weighted shares first."""
    rows = content.estimates.filter(pl.col("suppressed") == "")
    if rows.is_empty():
        return section("estimates", _TITLE, empty(_nothing(content)), group_reports(content))
    week: date = max(rows["day"].to_list())
    newest = rows.filter(pl.col("day") == week).sort(
        pl.col("weighted").is_null(), pl.col("place") != "world", "people", "signal", "place", descending=[False, False, True, False, False]
    )
    bodies = newest.filter(pl.col("signal").str.starts_with("body:"))
    told = newest.filter(~pl.col("signal").str.starts_with("body:"))
    opinion, health = told.filter(pl.col("signal").str.contains(_OPINION)), told.filter(~pl.col("signal").str.contains(_OPINION))
    weighted = newest["weighted"].count()
    lead = (
        "People per 100,000 who posted that week; a person counts once a week. As found: among those who post. Weighted: as if people of "
        "each place posted as often as they live there. Intervals tell chance alone: those who post are not everybody, and nothing here "
        "says how many are ill."
    )
    finding = f"Week of {day(week, year=True)}: {counted(newest.height, 'share')} can be shown, {weighted:,} of them weighted."
    finding += " " + _not_weighted(newest) if not weighted else ""
    return section(
        "estimates",
        _TITLE,
        element("p", lead, class_="lead"),
        element("p", finding, class_="finding"),
        *(
            table(_rows(part.head(_FIRST), content), f"{title}{_rest(part)}", numeric=_NUMERIC, code=["Where from"])
            for title, part in (
                ("Stance, concerns and worry", opinion),
                ("What people say to have or take", health),
                ("Participants with an unusual week, modelled by place, age and sex", bodies),
            )
            if part.height
        ),
        element("p", _withheld(content), class_="small"),
        fold(
            "How to read these numbers",
            element(
                "p",
                "As found: Wilson's 95 % interval. Weighted: post-stratified to the population table of this site over the places that "
                "posters declare; the interval rests on the effective n, the people that equal weights would need for the same precision. "
                "The design effect says by how much the weights multiply the variance. Difference: mean standardized difference between "
                "posters and population over the places, before and after weighting; what is left is who is missing. Places whose numbers "
                "are withheld are one stratum. Age and sex of posters are never guessed. Participants declare them: their shares "
                "are modelled (multilevel regression and post-stratification) for every place of the population table, those with few "
                "or no participants too.",
            ),
        ),
        group_reports(content),
    )


def _nothing(content: PageContent) -> str:
    if content.estimates.is_empty():
        return "Nobody posted, so there is no share to state. Posts would fill this section."
    return f"Every share is withheld: fewer than {content.minimum_cell} people stand behind it. More posts would fill this section."


def _not_weighted(rows: pl.DataFrame) -> str:
    said = str(rows["why"][0])
    return said[said.find("Not weighted") :] if "Not weighted" in said else ""


def _rest(rows: pl.DataFrame) -> str:
    return f"; the first {_FIRST} of {rows.height:,}" if rows.height > _FIRST else ""


def _withheld(content: PageContent) -> str:
    hidden = content.estimates.filter((pl.col("suppressed") != "") & (pl.col("day") == content.estimates["day"].max())).height
    if not hidden:
        return "Nothing is withheld in the newest week."
    return f"{counted(hidden, 'share')} of the newest week {'is' if hidden == 1 else 'are'} withheld to protect the few people behind them."


def _rows(rows: pl.DataFrame, content: PageContent) -> pl.DataFrame:
    shown = pl.DataFrame([_row(row, content) for row in rows.iter_rows(named=True)])
    return shown.drop(name for name in _OF_WEIGHTS if (shown[name] == "–").all())


def _row(row: dict[str, Any], content: PageContent) -> dict[str, str | None]:
    shown: dict[str, str | None] = {
        "What": name(row["signal"], content.labels),
        "Where": place_name(row["place"], content.places),
        "People of posters": "withheld, or nobody" if row["posters"] is None else f"{row['people']:,} of {row['posters']:,}",
        "As found": "–" if row["share"] is None else _interval(row, "share", "low", "high"),
        "Weighted": "not weighted",
        "Who is missing": "not known without weights",
        "Effective n": "–",
        "Weights": "–",
        "Where from": explain("estimate", row["signal"], row["place"], row["stratum"], row["day"]),
    }
    if row["weighted"] is None:
        return shown
    return shown | {
        "Weighted": _interval(row, "weighted", "weighted_low", "weighted_high"),
        "Effective n": f"{row['effective_n']:,.0f} of {row['weighted_people']:,}",
        "Weights": _weights(row),
        "Who is missing": row["missing"] or "no place",
    }


def _weights(row: dict[str, Any]) -> str:
    """What the weights do; nothing where a model, not weights, makes the difference."""
    said = [] if row["design_effect"] is None else [f"design effect {row['design_effect']:.2f}"]
    if row["imbalance_before"] is not None:
        said.append(f"difference {row['imbalance_before']:.2f}, after {row['imbalance_after']:.2f}")
    if row["trimmed"] is not None:
        said.append(f"{row['trimmed']:,} cut")
    return "; ".join(said) or "–"


def _interval(row: dict[str, Any], middle: str, low: str, high: str) -> str:
    return f"{number(row[middle])} ({number(row[low])}–{number(row[high])})"
