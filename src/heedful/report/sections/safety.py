"""Told more than expected: how telling of side and withdrawal effects is distributed over treatments; never a finding about a drug."""

from __future__ import annotations

from typing import Any

import polars as pl

from heedful.population.safety.ebgm import LEAST_PAIRS
from heedful.report.charts.experiences import AXES
from heedful.report.content import PageContent
from heedful.report.disproportion import lacking
from heedful.report.html import Html, element, empty, fold, section, table
from heedful.report.sections.niches import niche_table
from heedful.report.wording import counted, name, number

_TITLE = "Effects told more with one treatment than with others"
_FIRST = 12
_MEASURES = {"by_prr": "PRR", "by_ror": "ROR", "by_ebgm": "EBGM"}
_PRR, _ROR, _EBGM = "PRR (95 %)", "ROR (95 %)", "EBGM (EB05–EB95)"
_NUMERIC = ("People", "Expected", _PRR, _ROR, _EBGM)


def safety(content: PageContent) -> Html:
    """The section, from public posts only; pairs of treatment and effect with too few people are counted but not named."""
    if content.safety.is_empty():
        return section("safety", _TITLE, empty(_nothing(content)), niche_table(content))
    shown = _ordered(content)
    if shown.is_empty():
        few = empty(f"{_withheld(content)} More people who tell of the same effect would fill this section.")
        return section("safety", _TITLE, few, niche_table(content))
    return section(
        "safety",
        _TITLE,
        element(
            "p",
            "How telling is distributed: how many people tell of a treatment and an effect, beside how many would if that effect were told "
            "of as often with every treatment. This is not how often an effect happens, and no finding about a treatment. Who writes, what "
            "is in the news, and what a treatment is taken for all move these numbers. A high ratio is a question for a person to look at.",
            class_="lead",
        ),
        niche_table(content),
        element("p", _finding(shown, content), class_="finding"),
        _table(shown.head(_FIRST), f"People by treatment and effect, against what is expected{_rest(shown)}", content),
        _notes(content),
        _all(shown, content),
        _reading(),
    )


def _nothing(content: PageContent) -> str:
    why = lacking(content.experiences) or "Treatments were not compared for this page."
    return f"{why} More posts or reviews that name medicines and what they did would fill this section."


def _ordered(content: PageContent) -> pl.DataFrame:
    """Pairs that are shown, those told more than expected by most measures first, then those with most people above expected."""
    rules = pl.sum_horizontal(pl.col(name).fill_null(False).cast(pl.Int64) for name in _MEASURES)
    kept = content.safety.filter(pl.col("suppressed") == "").with_columns(rules=rules, excess=pl.col("people") - pl.col("expected"))
    return kept.sort("rules", "excess", "treatment", "axis", "effect", descending=[True, True, False, False, False])


def _rest(shown: pl.DataFrame) -> str:
    return f"; the first {_FIRST} of {shown.height:,}" if shown.height > _FIRST else ""


def _finding(shown: pl.DataFrame, content: PageContent) -> str:
    above = shown.filter(pl.col("rules") > 0)
    pairs = _pairs(shown.height)
    if above.is_empty():
        return f"{pairs} can be shown; none is told of clearly more than with other treatments."
    top = above.row(0, named=True)
    return (
        f"{pairs} can be shown; {above.height:,} of them are told of more than expected by at least one measure. First: "
        f"{_effect(top, content)} with {name(top['treatment'], content.labels)}, told by {counted(top['people'], 'person', 'people')}; "
        f"{_figure(top['expected'])} expected."
    )


def _effect(row: dict[str, Any], content: PageContent) -> str:
    words = name(row["effect"], content.labels)
    return f"{words} ({AXES['withdrawal'][0]})" if row["axis"] == "withdrawal" else words


def _table(pairs: pl.DataFrame, caption: str, content: PageContent) -> Html:
    shown = pl.DataFrame([_row(row, content) for row in pairs.iter_rows(named=True)])
    if content.safety["ebgm"].is_null().all():
        shown = shown.drop(_EBGM)
    return table(shown, caption, numeric=_NUMERIC)


def _all(shown: pl.DataFrame, content: PageContent) -> Html | None:
    if shown.height <= _FIRST:
        return None
    return fold("All pairs of treatment and effect", _table(shown, "All pairs of treatment and effect that can be shown", content))


def _row(row: dict[str, Any], content: PageContent) -> dict[str, str]:
    only = row["prr"] is None
    return {
        "Treatment": name(row["treatment"], content.labels),
        "Effect": _effect(row, content),
        "People": f"{row['people']:,}",
        "Expected": _figure(row["expected"]),
        _PRR: "only here" if only else _ratio(row, "prr", "prr_low", "prr_high"),
        _ROR: "only here" if only else _ratio(row, "ror", "ror_low", "ror_high"),
        _EBGM: _ratio(row, "ebgm", "eb05", "eb95"),
        "More than expected by": ", ".join(words for rule, words in _MEASURES.items() if row[rule]),
    }


def _ratio(row: dict[str, Any], middle: str, low: str, high: str) -> str:
    shown = _figure(row[middle])
    return shown if row[low] is None else f"{shown} ({_figure(row[low])}–{_figure(row[high])})"


def _figure(value: float | None) -> str:
    """A ratio or an expected count: below 1 with two decimals, since a first decimal of nought would say nothing."""
    if value is None or value >= 1:
        return number(value)
    return "< 0.01" if value < 0.005 else f"{value:.2f}"


def _withheld(content: PageContent) -> str:
    hidden = content.safety.filter(pl.col("suppressed") != "").height
    if not hidden:
        return ""
    verb, least = "is" if hidden == 1 else "are", content.minimum_cell
    return f"{_pairs(hidden)} {verb} withheld: fewer than {least} people stand behind a number, or it would follow from the others."


def _notes(content: PageContent) -> Html | None:
    sentences = [_withheld(content), _without_ebgm(content)]
    return element("p", " ".join(filter(None, sentences)), class_="small") if any(sentences) else None


def _without_ebgm(content: PageContent) -> str:
    if content.safety["ebgm"].is_not_null().any():
        return ""
    pairs = content.safety.height
    if pairs >= LEAST_PAIRS:
        return f"EBGM is not shown: what it learns from {_pairs(pairs)} depends on where its search begins."
    return f"EBGM is not shown: it learns from all pairs together and needs at least {LEAST_PAIRS}; {pairs:,} were told of."


def _pairs(many: int) -> str:
    return counted(many, "pair of treatment and effect", "pairs of treatment and effect")


def _reading() -> Html:
    return fold(
        "How to read these numbers",
        element(
            "p",
            "An account is one person and one treatment, however often the person writes of it; people are counted once in each row. "
            "Expected: accounts of the treatment times accounts of the effect, over all accounts. Every public account of a treatment "
            "counts, also those that tell of a benefit, of stopping or of a missed dose.",
        ),
        element(
            "p",
            "PRR: share of the treatment's accounts that tell of the effect, over that share among all other treatments; marked where at "
            "least 3 people tell, the ratio is 2 or more and chi-squared 4 or more. ROR: the same with odds; marked where as many people "
            "tell and its 95 % interval lies above 1. EBGM: observed over expected, drawn towards what all rows show together; marked "
            "where EB05 is above 2. Only here: no other treatment's account tells of the effect, so that there is no ratio to show and "
            "PRR counts as above 2. Where many rows are looked at, some are marked by chance. Texts that repeat the same words under "
            "several names are not taken out.",
        ),
    )
