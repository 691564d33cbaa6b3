"""Sensors that two people may have swapped: the same recording under two names, and bodies that change places overnight.

*The same recording*: a day of one code on which every row (time and value) of two people is the same, at least 30 rows with five different
values. Two bodies never agree so far; one file was given twice, or two people are one.

*Changed places*: after some day A's body looks as B's did before it, and B's as A's. A body is its signature: median of resting heart
rate, variability, breathing and time of sleep over fourteen days (at least five known), each in units of the spread from day to day that
people of the site have. Both must have moved, by a sum of squares of `LEAST_MOVE` or more, and both must have come nearer to the other's
place than a quarter of the way. It needs people who differ; twins in rest and rhythm are not found, nor is a sensor lent for two nights.

A finding is a question for who handed out the devices. Nothing is moved from one person to another. The rule is heedful's own.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

LEAST_ROWS, LEAST_VALUES = 30, 5
SIGNATURE = ("resting_heart_rate[nightsignal]", "hrv_rmssd[night]", "respiratory_rate[night]", "sleep_midpoint", "sleep_minutes[stages]")
WINDOW_DAYS, LEAST_DAYS = 14, 5
LEAST_MOVE, NEAR, LEAST_SHARED = 8.0, 0.25, 2
Floats = NDArray[np.float64]

FOUND = {"person": pl.String, "other": pl.String, "day": pl.Date, "finding": pl.String, "says": pl.String}


def same_recordings(observations: pl.DataFrame) -> pl.DataFrame:
    """Days that two people share to the last row: person, other, day, finding (`same_recording`), says.

    `observations`: rows of `Observations` of measured codes; those that people report themselves are left out.
    """
    rows = observations.filter((pl.col("how") != "self_reported") & pl.col("value").is_not_null())
    days = rows.group_by("person", "code", "day").agg(
        rows=pl.len(), values=pl.col("value").n_unique(), device=pl.col("device").min(),
        mark=pl.struct("start_at", "value").hash(seed=7).sum(),
    ).filter((pl.col("rows") >= LEAST_ROWS) & (pl.col("values") >= LEAST_VALUES))  # fmt: skip
    pairs = days.join(days, on=["code", "day", "rows", "mark"], suffix="_other").filter(pl.col("person") < pl.col("person_other"))
    told = pl.format(
        "{} rows of {} ({}) are the same under both names; one file was given for two people", "rows", "code", "device"
    )  # fmt: skip
    return _found(pairs.select("person", pl.col("person_other").alias("other"), "day", finding=pl.lit("same_recording"), says=told))


def changed_places(features: pl.DataFrame) -> pl.DataFrame:
    """Pairs of people whose bodies changed places from `day` on, the best day of each pair: as `same_recordings`, finding `changed_places`.

    `features`: rows of `Features`.
    """
    known = features.filter(pl.col("feature").is_in(SIGNATURE) & pl.col("value").is_finite()).select("person", "day", "feature", "value")
    if known.is_empty():
        return pl.DataFrame(schema=FOUND)
    people, first, cube = _cube(known)
    cube /= _spread(cube)
    best: dict[tuple[int, int], tuple[float, int]] = {}
    for place in range(LEAST_DAYS, cube.shape[1] - LEAST_DAYS + 1):
        before = _medians(cube[:, max(0, place - WINDOW_DAYS) : place])
        after = _medians(cube[:, place : place + WINDOW_DAYS])
        moved = np.flatnonzero(_apart(before, after) >= LEAST_MOVE)
        for at, a in enumerate(moved):
            others = moved[at + 1 :]
            if not len(others):
                continue
            own = np.minimum(_apart(before[[a]], after[[a]]), _apart(before[others], after[others]))
            crossed = np.maximum(_apart(before[others], after[[a]]), _apart(before[[a]], after[others]))
            for b, gain in zip(others[crossed <= NEAR * own], (own - crossed)[crossed <= NEAR * own], strict=True):
                pair = (int(a), int(b))
                if gain > best.get(pair, (0.0, 0))[0]:
                    best[pair] = (float(gain), place)
    return _found(pl.DataFrame(
        [(people[a], people[b], first + place, gain) for (a, b), (gain, place) in best.items()],
        {"person": pl.String, "other": pl.String, "day": pl.Int32, "gain": pl.Float64}, orient="row",
    ).with_columns(
        pl.col("day").cast(pl.Date), finding=pl.lit("changed_places"),
        says=pl.format("from this day on each looks as the other did before, by {} squared spreads; the devices may have been swapped",
                       pl.col("gain").round(1).cast(pl.String)),
    ))  # fmt: skip


def _cube(known: pl.DataFrame) -> tuple[list[str], int, Floats]:
    """People, the first day (days since 1970), and values [people, days, features]; NaN where nothing is known."""
    people = known["person"].unique().sort()
    day = known["day"].to_physical().to_numpy()
    first = int(day.min())
    cube = np.full((len(people), int(day.max()) - first + 1, len(SIGNATURE)), np.nan)
    who = known["person"].replace_strict(people, pl.int_range(len(people), eager=True)).to_numpy()
    which = known["feature"].replace_strict(list(SIGNATURE), range(len(SIGNATURE))).to_numpy()
    cube[who, day - first, which] = known["value"].to_numpy()
    return people.to_list(), first, cube


def _spread(cube: Floats) -> Floats:
    """From day to day, by feature: the standard deviation that the median of all steps between neighboring days speaks of."""
    steps = np.abs(np.diff(cube, axis=1)).reshape(-1, cube.shape[2])
    middle = np.array([np.median(column[np.isfinite(column)]) if np.isfinite(column).any() else np.nan for column in steps.T])
    return np.where(middle > 0, middle / (0.6745 * np.sqrt(2)), np.nan)


def _medians(days: Floats) -> Floats:
    """Median by person and feature of `days` [people, days, features]; NaN with fewer than `LEAST_DAYS` known."""
    count = np.isfinite(days).sum(axis=1)
    filled = np.sort(days, axis=1)  # NaN goes last
    low = np.take_along_axis(filled, np.maximum((count - 1) // 2, 0)[:, None], axis=1)[:, 0]
    high = np.take_along_axis(filled, np.minimum(count // 2, days.shape[1] - 1)[:, None], axis=1)[:, 0]
    return np.where(count >= LEAST_DAYS, (low + high) / 2, np.nan)


def _apart(one: Floats, other: Floats) -> Floats:
    """Sum of squared differences over the features that both know; NaN, near nothing, where these are fewer than `LEAST_SHARED`."""
    square = (one - other) ** 2
    shared = np.isfinite(square).sum(axis=-1)
    return np.where(shared >= LEAST_SHARED, np.nansum(square, axis=-1), np.nan)


def _found(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(FOUND.keys()).sort("day", "person", "other", "says")
