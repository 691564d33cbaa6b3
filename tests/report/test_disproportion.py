from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.schemas import Experiences
from heedful.population.safety.ebgm import LEAST_PAIRS
from heedful.report.content import Safety
from heedful.report.disproportion import LEAST_ACCOUNTS, disproportion, lacking

DAY = dt.date(2026, 1, 12)
NUMBERS = [name for name, each in Safety.columns.items() if each.nullable]


def _experiences(told: list[tuple[str, str, str, str]], source: str = "forum") -> pl.DataFrame:
    """Rows of (author, treatment, axis, effect)."""
    base = {"source": source, "n": 0, "day": DAY, "known_at": dt.datetime(2026, 1, 12, tzinfo=dt.UTC), "place": "", "start": 0, "end": 1}
    rows = [
        base
        | {"post": f"{source}{number}", "author": author, "treatment": f"drug:{drug}", "treatment_label": drug}
        | {"axis": axis, "effect": "", "effect_label": effect}
        for number, (author, drug, axis, effect) in enumerate(told)
    ]
    return Experiences.check(pl.DataFrame(rows)) if rows else Experiences.empty()


def _telling(cells: dict[tuple[str, str], int], totals: dict[str, int]) -> pl.DataFrame:
    """So many people of each treatment, of whom the first so many tell of the effect; the others of a benefit."""
    told = [(f"{drug}{n}", drug, "benefit", "helped") for drug, total in totals.items() for n in range(total)]
    return _experiences(told + [(f"{drug}{n}", drug, "adverse", effect) for (drug, effect), many in cells.items() for n in range(many)])


TOTALS = {"x": 120, "y": 600, "z": 520}


def test_the_figures_are_those_of_the_fourfold_table() -> None:
    """20, 100, 100, 1020: the table of van Puijenbroek's example as R pvda documents it."""
    found = disproportion(_telling({("x", "rash"): 20, ("y", "rash"): 60, ("z", "rash"): 40}, TOTALS), 3).row(0, named=True)
    assert (found["treatment"], found["axis"], found["effect"], found["people"]) == ("x", "adverse", "rash", 20)
    assert found["expected"] == pytest.approx(120 * 120 / 1240)
    assert found["prr"] == pytest.approx((20 / 120) / (100 / 1120))
    assert found["ror"] == pytest.approx(20 * 1020 / (100 * 100))
    assert found["ror_low"] == pytest.approx(2.04 * np.exp(-1.959964 * np.sqrt(1 / 20 + 1 / 100 + 1 / 100 + 1 / 1020)), rel=1e-6)
    assert (found["by_prr"], found["by_ror"]) == (False, True)


def test_a_person_counts_once_however_often_she_writes() -> None:
    once = _telling({("x", "rash"): 20, ("y", "rash"): 60}, TOTALS)
    often = pl.concat([once, once.with_columns(post=pl.col("post") + "again", day=pl.lit(dt.date(2026, 2, 1)))])
    assert disproportion(often, 3).equals(disproportion(once, 3))


def test_diaries_are_never_counted() -> None:
    public = _telling({("x", "rash"): 20, ("y", "rash"): 60}, TOTALS)
    diary = _experiences([(f"p{n}", "x", "adverse", "rash") for n in range(30)], source="diary")
    assert disproportion(pl.concat([public, diary]), 3).equals(disproportion(public, 3))
    assert disproportion(diary, 3).is_empty()


def test_axes_stay_apart_and_what_helped_is_no_effect() -> None:
    told = [(f"x{n}", "x", "withdrawal", "vertigo") for n in range(9)] + [(f"y{n}", "y", "adverse", "vertigo") for n in range(30)]
    found = disproportion(pl.concat([_telling({}, TOTALS), _experiences(told).with_columns(post=pl.col("post") + "w")]), 3)
    assert found.select("treatment", "axis", "effect", "people").rows() == [
        ("x", "withdrawal", "vertigo", 9),
        ("y", "adverse", "vertigo", 30),
    ]
    assert found["prr"].to_list() == [None, None]
    assert found["by_prr"].to_list() == [True, True]  # nobody else tells of it: the ratio is infinite, thus 2 or more


def test_an_infinite_ratio_is_absent_and_never_a_number() -> None:
    found = disproportion(_telling({("x", "rash"): 20}, TOTALS), 3).row(0, named=True)
    assert [found[name] for name in ("prr", "prr_low", "ror", "ror_high")] == [None] * 4
    assert (found["people"], found["by_ror"]) == (20, False)


def test_a_small_cell_is_withheld_and_cannot_be_had_by_subtraction() -> None:
    found = disproportion(_telling({("x", "rash"): 2, ("y", "rash"): 9, ("z", "rash"): 12}, TOTALS), 3)
    assert dict(found.select("treatment", "suppressed").iter_rows()) == {"x": "minimum", "y": "complementary", "z": ""}
    withheld = found.filter(pl.col("suppressed") != "")
    assert withheld.select(NUMBERS).null_count().row(0) == (2,) * len(NUMBERS)
    assert found.filter(pl.col("suppressed") == "")["people"].to_list() == [12]


def test_all_but_one_telling_of_an_effect_gives_that_one_away_too() -> None:
    found = disproportion(_telling({("x", "rash"): 119, ("y", "rash"): 90}, TOTALS), 3)
    assert found["suppressed"].to_list() == ["minimum", "complementary"]


@given(
    st.dictionaries(st.tuples(st.sampled_from("xyz"), st.sampled_from(["rash", "cough"])), st.integers(1, 12), min_size=1),
    st.integers(3, 6),
)
def test_no_cell_below_the_minimum_follows_from_what_is_shown(cells: dict[tuple[str, str], int], minimum: int) -> None:
    found = disproportion(_telling(cells, {"x": 20, "y": 24, "z": 30}), minimum)
    assert {(row["treatment"], row["effect"]) for row in found.iter_rows(named=True)} == set(cells)
    for (_effect,), rows in found.group_by("effect"):
        shown = rows.filter(pl.col("suppressed") == "")
        assert shown.filter(pl.col("people") < minimum).is_empty()
        if shown.height:
            hidden = [cells[row["treatment"], row["effect"]] for row in rows.filter(pl.col("suppressed") != "").iter_rows(named=True)]
            assert not hidden or (len(hidden) > 1 and sum(hidden) >= minimum)


def test_ebgm_waits_for_enough_pairs() -> None:
    """Every treatment tells of every effect alike, but one pair is told of far more often: it alone lies above 2."""
    random = np.random.default_rng(5)
    drugs, effects = [f"d{n:02d}" for n in range(20)], [f"e{n:02d}" for n in range(15)]
    many = {(drug, effect): int(random.poisson(6)) + 1 for drug in drugs for effect in effects}
    many["d03", "e04"] = 45
    full = disproportion(_telling(many, dict.fromkeys(drugs, 80)), 3)
    assert full.height >= LEAST_PAIRS
    assert full.filter("by_ebgm").select("treatment", "effect").rows() == [("d03", "e04")]
    known = full.filter(pl.col("ebgm").is_not_null())
    assert known.filter((pl.col("eb05") > pl.col("ebgm")) | (pl.col("ebgm") > pl.col("eb95"))).is_empty()
    few = {pair: people for pair, people in many.items() if pair[1] < "e05"}
    assert disproportion(_telling(few, dict.fromkeys(drugs, 80)), 3).select("ebgm", "by_ebgm").null_count().row(0) == (100, 100)


def test_too_little_says_why() -> None:
    assert "No public text tells of a side effect" in lacking(Experiences.empty())
    assert "tell of 2 of the 3 treatments" in lacking(_telling({("x", "rash"): 20}, {"x": 60, "y": 60}))
    few = _telling({("x", "rash"): 5}, {"x": 16, "y": 16, "z": 16})
    assert f"48 accounts (a person and a treatment); a comparison needs at least {LEAST_ACCOUNTS}" in lacking(few)
    assert disproportion(few, 3).is_empty()
    assert lacking(_telling({("x", "rash"): 5}, TOTALS)) == ""
