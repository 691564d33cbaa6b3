"""One new minute of everybody added to their warm days, and the day's features read; the derivation over all rows of the day beside it.

.venv/bin/python -m bench.folds
"""

from __future__ import annotations

from functools import partial
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import polars as pl

PEOPLE, HELD_MINUTES, MINUTES = 200, 1_200, 200


def work(people: int = PEOPLE) -> dict[str, float]:
    """Microseconds of processor time a person: adding a minute (two rows), reading the features, reading the hours, the derivations."""
    from bench.minutes import month
    from heedful.behavior.daily import daily_features
    from heedful.behavior.folds import WarmDays
    from heedful.behavior.hours_daily import day_hours
    from heedful.core.labels import Care, Consented
    from heedful.core.schemas import Observations
    from heedful.core.seals import seal

    day = month(range(people), 1).with_columns(minute=pl.col("start_at").dt.hour().cast(pl.Int32) * 60 + pl.col("start_at").dt.minute())
    later = [day.filter(pl.col("minute") == HELD_MINUTES + number).drop("minute") for number in range(MINUTES)]
    begun = day.filter(pl.col("minute") < HELD_MINUTES).drop("minute")
    held, _ = WarmDays.start(begun)
    held.step(later[0])
    held.read()
    held.hours()
    names = ("step", "read", "hours")
    took: dict[str, list[float]] = {name: [] for name in names}
    for rows in later[1:]:
        for name, call in zip(names, (partial(held.step, rows), held.read, held.hours), strict=True):
            took[name].append(timed(call))
    everything = seal(pl.concat([begun, *later]), Consented[Care], Observations)
    took["start"] = [timed(lambda: WarmDays.start(everything.data))]
    took["daily_features"] = [timed(lambda: daily_features(everything)) for _ in range(9)]
    took["day_hours"] = [timed(lambda: day_hours(everything)) for _ in range(9)]
    return {name: 1e6 * median(times) / people for name, times in took.items()}


def timed(call: Any) -> float:
    begin = process_time()
    call()
    return process_time() - begin


if __name__ == "__main__":
    for people in (1, PEOPLE):
        print(f"{people} people:", ", ".join(f"{name} {np.round(value, 1)} µs a person" for name, value in work(people).items()))
