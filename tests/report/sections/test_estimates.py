"""The section of estimates: raw, weighted, interval, effective n, who is missing; withheld rows are counted, never shown."""

from __future__ import annotations

import datetime as dt
import re

import polars as pl
from tests.report.content import content

from heedful.core.schemas import Estimates
from heedful.report.sections.estimates import estimates

WEEK = dt.date(2026, 3, 2)


def rows(**changed: object) -> pl.DataFrame:
    row = {
        "signal": "HP:0001945", "place": "US", "stratum": "all", "day": WEEK, "people": 120, "posters": 4_000, "share": 3_000.0, "low": 2_500.0,
        "high": 3_580.0, "weighted": 2_800.0, "weighted_low": 2_100.0, "weighted_high": 3_700.0, "weighted_people": 3_500, "effective_n": 1_750.0,
        "design_effect": 2.0, "imbalance_before": 0.31, "imbalance_after": 0.04, "trimmed": 7, "missing": "nobody from US/AK (0.2 % of the population)",
        "suppressed": "", "why": "One sentence.",
    } | changed  # fmt: skip
    return Estimates.check(pl.DataFrame([row], schema=Estimates.dtypes()))


def text(part: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))


def test_a_row_says_all_that_it_must() -> None:
    shown = text(estimates(content(estimates=rows())))
    for words in (
        "120 of 4,000",
        "3,000 (2,500–3,580)",
        "2,800 (2,100–3,700)",
        "1,750 of 3,500",
        "design effect 2.00",
        "difference 0.31, after 0.04",
        "nobody from US/AK",
    ):
        assert words in shown
    assert "heedful explain estimate HP:0001945 US all 2026-03-02" in shown


def test_without_weights_the_section_says_so() -> None:
    bare = {
        name: None
        for name in Estimates.columns
        if name.startswith(("weighted", "imbalance")) or name in ("effective_n", "design_effect", "trimmed")
    }
    shown = text(estimates(content(estimates=rows(**bare, missing="", why="1 of 2. Not weighted: the site has no population table."))))
    assert "not weighted" in shown
    assert "Not weighted: the site has no population table." in shown


def test_withheld_rows_are_counted_only() -> None:
    few = {name: None for name, column in Estimates.columns.items() if column.nullable}
    hidden = rows(**few, signal="HP:0012735", missing="", suppressed="minimum", why="Withheld.")
    shown = text(estimates(content(estimates=pl.concat([rows(), hidden]))))
    assert "1 share of the newest week is withheld" in shown
    assert "cough" not in shown
    assert "Every share is withheld" in text(estimates(content(estimates=hidden)))
    assert "Nobody posted" in text(estimates(content(estimates=Estimates.empty())))
