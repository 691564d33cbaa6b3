"""Normal intervals beside a plain twin, and a record whose wrong beats are known."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from heedful.behavior.hrv.ectopic import normal, replaced


def plain(rr: list[float]) -> list[bool]:
    """The record mirrored at its ends again and again has a period of twice its length."""
    period = rr + rr[::-1]
    middle = [float(np.median([period[(i + k) % len(period)] for k in range(-5, 6)])) for i in range(len(rr))]
    return [abs(one - mid) <= 0.2 * mid for one, mid in zip(rr, middle, strict=True)]


@given(st.lists(st.integers(300, 2_000), max_size=60))
def test_normal_is_the_plain_twins(rr: list[int]) -> None:
    values = [float(one) for one in rr]
    assert normal(np.array(values)).tolist() == plain(values)


def test_missed_and_early_beats_are_found_and_bridged() -> None:
    rng = np.random.default_rng(0)
    rr = 900 + rng.normal(0, 20, 400)
    wrong = np.zeros(400, np.bool_)
    for place in (50, 120, 300):
        rr[place], wrong[place] = 2 * rr[place], True  # a beat that was missed
    rr[200], rr[201] = 450.0, 1_350.0  # an early beat and its pause
    wrong[[200, 201]] = True
    assert (~normal(rr)).tolist() == wrong.tolist()
    mended = replaced(rr, ~wrong)
    assert mended[~wrong].tolist() == rr[~wrong].tolist()
    assert np.abs(mended - 900).max() < 80
