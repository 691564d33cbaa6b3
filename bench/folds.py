"""One new minute of everybody added to their warm days, and the day's features read; the derivation over all rows of the day beside it.
Below it the detectors that are carried on: rhythm, NightSignal, CuSum, change points, each beside its derivation or batch function.

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


def detectors(people: int = PEOPLE, days: int = 90) -> dict[str, float]:
    """Microseconds of processor time a person: a step of each detector over `days` days of history, and all of them at once."""
    from heedful.behavior.change_points import person_change_points
    from heedful.behavior.cusum_online import MINUTES as DAY
    from heedful.behavior.cusum_online import CusumOnline, cusum_online
    from heedful.behavior.nightsignal import night_levels
    from heedful.behavior.rhythm_daily import daily_rhythm
    from heedful.behavior.warm_change_points import WarmChangePoints
    from heedful.behavior.warm_cusum import WarmCusum
    from heedful.behavior.warm_nights import WarmNights
    from heedful.behavior.warm_rhythm import WarmRhythm
    from heedful.core.labels import Care, Consented
    from heedful.core.schemas import Annotations, DayHours, Features
    from heedful.core.seals import seal

    rng, names = np.random.default_rng(3), [f"{n:032d}" for n in range(people)]
    day = pl.Series(np.tile(np.arange(days, dtype=np.int32), people)).cast(pl.Date)
    person = pl.Series(np.repeat(names, days))
    found = dict[str, float]()

    hours = pl.DataFrame({"person": person, "day": day, "signal": "steps", "known": 2**24 - 1} | {
        f"h{hour:02d}": rng.poisson(300, people * days).astype(float) for hour in range(24)
    }, schema=DayHours.dtypes())  # fmt: skip
    last = day[days - 1]
    today, rhythm = hours.filter(pl.col("day") == last), WarmRhythm()
    rhythm.step(hours)
    keys = [(name, days - 1) for name in names]
    found["rhythm, an hour set"] = median(timed(lambda: rhythm.step(today)) for _ in range(9))
    found["rhythm, read"] = median(timed(lambda: rhythm.read(keys)) for _ in range(9))
    week = seal(hours.filter(pl.col("day") > last - pl.duration(days=7)), Consented[Care], DayHours)
    found["rhythm, derived from the week"] = median(timed(lambda: daily_rhythm(week)) for _ in range(9))

    who, night = np.repeat(np.arange(people), days), np.tile(np.arange(days), people)
    value, nights = rng.normal(60, 2, people * days).round(), WarmNights()
    nights.open(person.to_list(), night, value)
    newest = np.full(people, days - 1)
    found["nightsignal, the newest night"] = median(timed(lambda: nights.step(names, newest, value[:people])) for _ in range(9))
    found["nightsignal, all nights"] = median(timed(lambda: night_levels(who, night, value)) for _ in range(9))

    features = pl.DataFrame([
        {"person": name, "day": n, "feature": feature, "value": float(rng.normal()), "unit": "1", "coverage": 1.0, "missing": ""}
        for name in names for n in range(days) for feature in ("steps[sum]", "heart_rate_mean", "wear_minutes", "sedentary_minutes")
    ]).with_columns(pl.col("day").cast(pl.Int32).cast(pl.Date))  # fmt: skip
    changes = WarmChangePoints()
    changes.step(features)
    found["change points, looked for"] = timed(changes.read)
    moved = features.filter(pl.col("day") == last).with_columns(value=pl.lit(0.5))
    found["change points, today's features set"] = median(timed(lambda: changes.step(moved)) for _ in range(9))
    found["change points, read"] = median(timed(changes.read) for _ in range(9))
    frames = seal(Features.check(features), Consented[Care], Features), seal(Annotations.empty(), Consented[Care], Annotations)
    found["change points, derived"] = timed(lambda: person_change_points(*frames))

    rate, settings = rng.normal(60, 2, (36, DAY)), CusumOnline()
    still = np.zeros(rate.shape, np.bool_)
    cusum, minutes = WarmCusum(rate[:35], still[:35], settings), iter(range(DAY))
    found["cusum, a minute"] = people * median(timed(lambda: cusum.step(next(minutes), 61.0, walked=False)) for _ in range(900))
    found["cusum, 36 days"] = people * timed(lambda: cusum_online(rate, still, settings))
    return {name: 1e6 * seconds / people for name, seconds in found.items()}


def timed(call: Any) -> float:
    begin = process_time()
    call()
    return process_time() - begin


if __name__ == "__main__":
    for people in (1, PEOPLE):
        print(f"{people} people:", ", ".join(f"{name} {np.round(value, 1)} µs a person" for name, value in work(people).items()))
    for name, value in detectors().items():
        print(f"{name}: {value:,.1f} µs a person")
