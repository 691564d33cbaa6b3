"""Social jet lag: two hours later on weekends, worked by hand."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from heedful.behavior.social_jet_lag import social_jet_lag


def test_two_hours_later_on_free_days(rows: SimpleNamespace) -> None:
    made = []
    for n in range(14):  # nights that end on Monday 2 March, Tuesday …
        late = 2 if (rows.monday + dt.timedelta(days=n)).weekday() >= 5 else 0
        made.append(rows.observed("sleep_stage", rows.monday + dt.timedelta(days=n, hours=late), 420, "asleep"))
    out = rows.derive(social_jet_lag, made).sort("day")
    assert out["missing"].to_list()[:6] == ["too_short"] * 6
    assert out["value"].to_list()[6:] == pytest.approx([120.0] * 8)
    assert out["coverage"].to_list()[-1] == pytest.approx(14 / 28)
