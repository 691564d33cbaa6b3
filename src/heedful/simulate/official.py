"""The official series of the town: weekly visits for influenza-like illness by state, late, incomplete at first, and revised."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from heedful.simulate.concepts import PLACES
from heedful.simulate.town import SERIES, Town

HISTORY_WEEKS = 260
COMPLETENESS = (0.62, 0.86, 0.96, 1.0)
"""Share of a week's visits that is known 1, 2, 3 and 4 weeks after its last day."""


def official_series(town: Town) -> pl.DataFrame:
    """Columns place (state), date (Monday of the week), issue_date, value.

    Weeks that ended before the first day were issued once, complete; later ones four times, a week apart, up to four weeks after
    the last day of the town. Outbreaks add visits in their state while they last.
    """
    monday = town.size.first_day - timedelta(days=town.size.first_day.weekday())
    rows = []
    states = sorted({place.code.rsplit("/", 1)[0] for place in PLACES})
    for number, state in enumerate(states):
        rng = town.rng(SERIES, number)
        for week in range(-HISTORY_WEEKS, town.size.days // 7):
            begin = monday + timedelta(weeks=week)
            season = 1 + 0.6 * np.cos(2 * np.pi * (begin.timetuple().tm_yday - 30) / 365.25)
            extra = sum(
                _hit(outbreak.first_day, outbreak.last_day, begin) for outbreak in town.outbreaks if outbreak.place.startswith(state + "/")
            )
            final = int(rng.poisson(220 * season * (1 + 1.6 * extra)))
            known = [(4, final)] if week < 0 else [(lag + 1, int(rng.binomial(final, share))) for lag, share in enumerate(COMPLETENESS)]
            rows += [(state, begin, begin + timedelta(days=6 + 7 * lag), value) for lag, value in known]
    return pl.DataFrame(rows, schema={"place": pl.String, "date": pl.Date, "issue_date": pl.Date, "value": pl.Int64}, orient="row").sort(
        "place", "date", "issue_date"
    )


def _hit(first: object, last: object, begin: object) -> float:
    """Share of a week's days on which an outbreak was going on."""
    days = [begin + timedelta(days=n) for n in range(7)]  # type: ignore[operator]
    return sum(first <= day <= last for day in days) / 7  # type: ignore[operator]
