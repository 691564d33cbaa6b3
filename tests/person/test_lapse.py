"""The risk of a medication gap: against its prior and posterior written out day by day, never peeking, and calibrated on people drawn anew."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.core.lapse_shift import MOST_SHIFT, LapseShift
from heedful.person.calibration import calibration, roc_area
from heedful.person.lapse import (
    EARLIEST,
    FADING,
    GAP_DAYS,
    PRIOR_LATE,
    PRIOR_REFILLS,
    SHIFT_PRECISION,
    landmarks,
    lapse_probability,
    place_shift,
    shifted,
    supplies,
)

START = date(2026, 1, 1)
FAR = 60


def _dispensings(offsets: list[int], supply: int = 30, person: str = "p") -> pl.DataFrame:
    days = [START + timedelta(days=offset) for offset in offsets]
    rows = {"dispensed_on": days, "days_supplied": [float(supply)] * len(days), "row": [0] * len(days)}
    return pl.DataFrame(rows).with_columns(person=pl.lit(person), drug=pl.lit("d"))


def _by_masses(lateness: list[int], waited: int) -> float:
    """The posterior as masses on whole days: the late half of the prior lies anywhere from `GAP_DAYS` on, say on one far day."""
    days = range(EARLIEST, GAP_DAYS)
    masses = dict.fromkeys(days, PRIOR_REFILLS * (1 - PRIOR_LATE) / len(days)) | {FAR: PRIOR_REFILLS * PRIOR_LATE}
    for age, late in enumerate(reversed(lateness)):
        masses[late] = masses.get(late, 0.0) + FADING**age
    open_ = {day: mass for day, mass in masses.items() if day > waited}
    return sum(mass for day, mass in open_.items() if day >= GAP_DAYS) / sum(open_.values())


@given(st.lists(st.integers(-30, 40), max_size=12), st.integers(-13, 2))
def test_the_risk_is_the_share_of_the_open_masses(lateness: list[int], waited: int) -> None:
    faded = FADING ** np.arange(len(lateness))[::-1]
    late, open_ = (float(faded[np.array(lateness, dtype=int) > bound].sum()) for bound in (GAP_DAYS - 1, waited))
    a, b = lapse_probability([late], [open_], [waited])
    assert float(a[0] / (a[0] + b[0])) == pytest.approx(_by_masses(lateness, waited))


@given(st.lists(st.integers(1, 80), min_size=3, max_size=12), st.integers(0, 400))
def test_a_look_at_the_past_never_peeks(gaps: list[int], cut: int) -> None:
    offsets = np.cumsum([0, *gaps]).tolist()
    whole = landmarks(supplies(_dispensings(offsets)))
    # What comes later is moved; looks up to the last dispensing before the cut, with the next one kept, must not change.
    known = [offset for offset in offsets if offset <= cut]
    moved = landmarks(supplies(_dispensings([*known, *[offset + 500 for offset in offsets if offset > cut]])))
    until = (START - date(1970, 1, 1)).days + (known[-1] if known else 0)
    same = ["on", "waited", "refills", "probability"]
    assert whole.filter(pl.col("on") < until).select(same).equals(moved.filter(pl.col("on") < until).select(same))


def test_a_look_says_what_happened_next() -> None:
    # Supply to day 30; refilled on day 34 (4 late), then on 64 (on time, supply of 34 + 30).
    looks = landmarks(supplies(_dispensings([0, 34, 64])), every=7).with_columns(day=pl.col("on") - (START - date(1970, 1, 1)).days)
    assert looks.select("day", "waited", "refills", "happened").rows() == [(21, -9, 0, 1), (28, -2, 0, 1), (56, -8, 1, 0), (63, -1, 1, 0)]


def test_it_is_calibrated_on_people_whose_laws_are_drawn_from_the_prior() -> None:
    random = np.random.default_rng(11)
    looks = []
    for number in range(400):
        offsets, end = [0], 30
        delays: list[int] = []
        for _ in range(14):
            # The Dirichlet process one draw at a time (Blackwell and MacQueen): anew from the base law, or an earlier delay again.
            if random.random() < PRIOR_REFILLS / (PRIOR_REFILLS + len(delays)):
                delay = int(random.integers(GAP_DAYS, 30) if random.random() < PRIOR_LATE else random.integers(EARLIEST, GAP_DAYS))
            else:
                delay = delays[int(random.integers(len(delays)))]
            delays.append(delay)
            offsets.append(max(end + delay, offsets[-1] + 1))
            end = max(end, offsets[-1]) + 30
        looks.append(landmarks(supplies(_dispensings(offsets, person=f"p{number}"))))
    seen = pl.concat(looks)
    happened, risk = seen["happened"].to_numpy(), seen["probability"].to_numpy()
    found = calibration(happened, risk)
    assert found.observed_expected == pytest.approx(1, abs=0.05)
    assert found.slope == pytest.approx(1, abs=0.12)
    assert roc_area(happened, risk) > 0.7
    # Whoever knew these people's later refills too would have done better.
    assert roc_area(happened, seen["hindsight"].to_numpy()) > roc_area(happened, risk)


def test_hindsight_knows_every_refill_but_the_one_that_is_judged() -> None:
    # Refills 4, 0 and 9 days late; 9 days before the end of the second supply (late: 4 and 9 known, 0 is to come).
    looks = landmarks(supplies(_dispensings([0, 34, 64, 103])), every=7)
    day = pl.col("on") - (START - date(1970, 1, 1)).days
    second = looks.filter(day == 56).row(0, named=True)
    assert (second["waited"], second["refills"], second["happened"]) == (-8, 1, 0)
    a, b = lapse_probability([2.0], [2.0], [-8])
    assert second["hindsight"] == pytest.approx(float(a[0] / (a[0] + b[0])))


@given(st.lists(st.tuples(st.booleans(), st.floats(0.02, 0.98)), max_size=60))
def test_a_places_shift_solves_its_equation(looks: list[tuple[bool, float]]) -> None:
    happened, risk = np.array([one for one, _ in looks], dtype=float), np.array([two for _, two in looks], dtype=float)
    shift = place_shift(happened, risk)
    if abs(shift) < MOST_SHIFT:
        assert (happened - shifted(risk, LapseShift(shift))).sum() == pytest.approx(SHIFT_PRECISION * shift, abs=1e-6)


def test_a_shift_moves_risks_and_keeps_their_order() -> None:
    risk = np.array([0.1, 0.5, 0.9])
    assert (np.diff(shifted(risk, LapseShift(1.0))) > 0).all()
    assert (shifted(risk, LapseShift(1.0)) > risk).all()
    assert shifted(risk, LapseShift()) is risk
    with pytest.raises(SettingsError, match="log odds"):
        LapseShift(9.0)
