"""People's timelines: who is drawn, what a measure of medication taking reads like, and what self-reports stand for."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import polars as pl
from tests.report.content import FIRST, LAST, PEOPLE, content

from heedful.behavior.calibrated_reports import self_reports
from heedful.behavior.group_agreement import agreement_figures
from heedful.behavior.reported import _agreements
from heedful.core.labels import Consented, Held
from heedful.core.schemas import Features, GroupAgreements
from heedful.core.seals import seal
from heedful.report.sections.estimates import estimates
from heedful.report.sections.people import MOST_PEOPLE, people


def reports(person: str, pairs: int, alone: int, rng: np.random.Generator) -> pl.DataFrame:
    """Days of which the last `alone` have a report only."""
    measured = rng.normal(6000, 1500, pairs + alone)
    rows = []
    for way, values in (("reported", 500 + 1.1 * measured), ("measured", measured[:pairs])):
        rows += [
            {"person": person, "day": FIRST + dt.timedelta(days=n), "feature": f"steps[{way}]", "value": value, "unit": "{steps}", "coverage": 1.0, "missing": ""}
            for n, value in enumerate(values)
        ]  # fmt: skip
    return Features.check(pl.DataFrame(rows, schema=Features.dtypes()))


def test_reports_are_shown_raw_and_calibrated_by_own_days_and_by_the_group() -> None:
    rng = np.random.default_rng(2)
    group = agreement_figures(_agreements(pl.concat([reports(f"q{n}", 20, 0, rng) for n in range(20)])), 3)
    own = pl.concat([reports(PEOPLE[0], 20, 6, rng), reports(PEOPLE[1], 0, 5, rng)])
    told = self_reports(seal(own, Consented[Held], Features)).data
    shown = content(agreements=_agreements(own), self_reports=told, group_agreements=group)
    page = people(shown)
    assert "Reports beside measurements" in page
    assert "(regression calibration, n = 20 days of this person with both)" in page
    assert re.search(r"\(regression calibration, n = 20 people; SIMEX [\d,]+ \[[\d,]+, [\d,]+\] on average\)", page)
    assert "too few days of this person with both (0)" in page
    table = estimates(shown)
    assert "Calibrated: a usual report of" in table
    assert re.search(r"SIMEX \d\.\d\d \[\d\.\d\d, \d\.\d\d\]", table)
    hidden = content(self_reports=told, group_agreements=agreement_figures(_agreements(reports("q", 20, 0, rng)), 3))
    assert "n = 20 people" not in people(hidden)
    assert "Fewer than 10 people" in estimates(hidden)
    assert GroupAgreements.check(hidden.group_agreements)["slope"].null_count() == 1


def test_medicines_are_drawn_although_others_have_more_unusual_days() -> None:
    whole = content()
    alone = whole.dispensings.head(1).with_columns(person=pl.lit("zz_only_medicine"))
    many = pl.concat(
        [whole.features.filter(pl.col("person") == PEOPLE[0]).with_columns(person=pl.lit(f"a{n}")) for n in range(MOST_PEOPLE + 1)]
    )
    page = people(content(features=many, dispensings=alone, adherence=whole.adherence.clear(), changes=whole.changes.clear()))
    assert page.count('class="person"') == MOST_PEOPLE
    assert "the first of these with medicines" in page
    assert "Medicines at hand" in page


def test_days_are_no_per_cent() -> None:
    row = {"person": PEOPLE[0], "drug": "drug:metformin", "window_start": FIRST, "window_end": LAST, "events": 3, "missing": ""}
    rows = [
        row | {"measure": name, "value": value}
        for name, value in (("persistence[days_90]", 655.0), ("persistent[90]", 1.0), ("CMA7[quarter]", 0.5))
    ]
    page = people(content(adherence=pl.DataFrame(rows, schema=content().adherence.schema)))
    assert "655 days" in page
    assert "65500" not in page
    assert ">yes<" in page
    assert "By quarter" in page


def test_what_was_taken_says_how_reliable_each_way_is_and_more_than_all_is_explained() -> None:
    row = {"person": PEOPLE[0], "drug": "drug:metformin", "window_start": FIRST, "window_end": LAST, "events": 30, "missing": ""}
    schema = content().adherence.schema
    seen = [row | {"measure": "taken[pillbox]", "value": 0.8}, row | {"measure": "taken[agreement]", "value": 0.9}]
    page = people(content(adherence=pl.DataFrame(seen, schema=schema)))
    assert "How reliable: a pill box sees that it was opened" in page
    assert "Over 100 %" not in page
    page = people(content(adherence=pl.DataFrame([row | {"measure": "CMA1[prescribed_dose]", "value": 1.2}], schema=schema)))
    assert "CMA1, days by the prescribed dose" in page
    assert "Over 100 %: more days were supplied than passed" in page
    assert "How reliable" not in page
