"""One new minute of everybody added to their warm days, and the day's features read; the derivation over all rows of the day beside it.
Below it the detectors that are carried on, each beside its derivation or batch function: as functions of arrays, then as the engine holds them.

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

    hours = pl.DataFrame({"person": person, "day": day, "signal": "steps", "known": 2**24 - 1, "alive": None} | {
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


def histories(people: int = PEOPLE, days: int = 90) -> dict[str, float]:
    """Microseconds of processor time a person of what the engine carries on over `days` days: today's features again (a live minute), an
    earlier day's (a late row), and the derivation over everything."""
    from heedful.behavior.change import baseline_change
    from heedful.behavior.change_points import person_change_points
    from heedful.behavior.illness_signal import illness_signal
    from heedful.behavior.nightsignal import nightsignal
    from heedful.core.derivations import Carried
    from heedful.core.labels import Care, Consented
    from heedful.core.schemas import Annotations, Features
    from heedful.core.seals import seal

    rng = np.random.default_rng(4)
    names = (
        "steps[sum]",
        "heart_rate_mean",
        "resting_heart_rate[nightsignal]",
        "sleep_minutes[stages]",
        "skin_temperature[night]",
        "active_minutes",
    )
    at = pl.Series(np.tile(np.repeat(np.arange(days, dtype=np.int32), len(names)), people)).cast(pl.Date)
    rows = Features.check(pl.DataFrame({
        "person": np.repeat([f"{n:032d}" for n in range(people)], days * len(names)), "day": at, "feature": list(names) * (people * days),
        "value": rng.normal(60, 3, people * days * len(names)).round(1), "unit": "1", "coverage": 1.0, "missing": "",
    }))  # fmt: skip
    notes, gone, found = Annotations.empty(), rows.clear().select("person", "day", "feature"), dict[str, float]()

    def minute(state: Any, came: pl.DataFrame) -> None:
        state.step(0, gone, came)
        state.read()

    for derivation in (baseline_change, nightsignal, illness_signal, person_change_points):
        assert isinstance(derivation.fold, Carried)
        mine = rows.filter(pl.col("feature").is_in(list(derivation.only.get("features", names))))
        state, everybody = derivation.fold.start(), mine["person"].unique().to_list()
        found[f"{derivation.name}, opened"] = timed(lambda: state.open(everybody, [mine, notes]))  # noqa: B023
        for when, back in (("today again", 0), ("three days late", 3)):
            parts = [
                mine.filter(pl.col("day") == at[-1] - pl.duration(days=back)).with_columns(pl.col("value") + number)
                for number in range(1, 10)
            ]
            found[f"{derivation.name}, {when}"] = median(timed(partial(minute, state, part)) for part in parts)
        frames = seal(mine, Consented[Care], Features), seal(notes, Consented[Care], Annotations)
        found[f"{derivation.name}, derived"] = min(timed(lambda: derivation(*frames)) for _ in range(2))  # noqa: B023
    return {name: 1e6 * seconds / people for name, seconds in found.items()}


def resting_hours() -> dict[str, float]:
    """Microseconds of RHR-AD: a minute, the first question of an hour (its envelope is fitted), a further one, and one hour of all at once."""
    from datetime import datetime, timedelta

    from heedful.behavior.rhrad import rhrad_online
    from heedful.behavior.warm_rhrad import WarmRhrad

    rng, first, count = np.random.default_rng(5), datetime(2026, 3, 1), 33 * 1_440
    at = [first + timedelta(minutes=n) for n in range(count)]
    minutes = pl.DataFrame({"at": at, "rate": rng.normal(60, 3, count), "steps": (rng.random(count) < 0.01) * 10.0})
    held, found = WarmRhrad(minutes), dict[str, float]()
    found["rhrad, asked for the first time in an hour"] = timed(held.read)
    found["rhrad, asked again"] = median(timed(held.read) for _ in range(99))
    later = iter(range(1, 10_000))
    found["rhrad, a minute"] = median(timed(lambda: held.step(at[-1] + timedelta(minutes=next(later)), 61.0, 0.0)) for _ in range(900))
    hours = len(rhrad_online(minutes))
    found["rhrad, an hour of all at once"] = timed(lambda: rhrad_online(minutes)) / max(1, hours)
    return {name: 1e6 * seconds for name, seconds in found.items()}


def timed(call: Any) -> float:
    begin = process_time()
    call()
    return process_time() - begin


if __name__ == "__main__":
    for people in (1, PEOPLE):
        print(f"{people} people:", ", ".join(f"{name} {np.round(value, 1)} µs a person" for name, value in work(people).items()))
    for part in (detectors, histories, resting_hours):
        for name, value in part().items():
            print(f"{name}: {value:,.1f} µs a person")
