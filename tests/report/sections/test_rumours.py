"""The section of rumours: people per 100,000 with interval, growth, audiences, cascades; withheld numbers are counted, never shown."""

from __future__ import annotations

import re

import polars as pl
from tests.report.content import content, talk

from heedful.core.schemas import Audiences, Rumours
from heedful.report.sections.rumours import rumours
from heedful.report.sections.safety import safety


def text(part: object) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", str(part)))


def test_a_rumour_is_told_with_its_interval_and_its_audiences() -> None:
    shown = text(rumours(content(**talk(), labels={"c1": "Garlic cures the flu. (false)", "HP:0001945": "Fever"})))
    for words in (
        "Garlic cures the flu. (false)", "120 of 9,000", "1,333 (1,067–1,600)", "+20 % (+10 to +30)", "double every 3.5 days", "60 of 2,000", "refute it",
        "20 % (16–25)", "withheld", "Communities", "1 number of the newest week is withheld",
        "heedful explain rumour c1 spreads US/NY 2026-03-02", "heedful explain audience c1 US/NY HP:0001945 2026-03-02",
    ):  # fmt: skip
        assert words in shown
    assert "asks" not in shown.replace("asked", "")


def test_without_claims_there_is_no_section_and_withheld_ones_are_said() -> None:
    assert rumours(content(rumours=Rumours.empty(), audiences=Audiences.empty())) is None
    hidden = talk()["rumours"].filter(pl.col("suppressed") != "")
    assert "Every number is withheld" in text(rumours(content(rumours=hidden)))


def test_niches_stand_in_the_section_of_safety_with_where_they_come_from() -> None:
    shown = text(safety(content(**talk())))
    assert "Niches of safety, 2026" in shown
    assert "stopped: side effect" in shown
    assert "heedful explain niche sertraline stop:side_effect 2026-01-01" in shown
    assert "1 count withheld" in shown
