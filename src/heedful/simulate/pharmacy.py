"""Medicines of participants: when they collect them, and which doses their pill box saw missed."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from heedful.simulate.town import PHARMACY, Town

SUPPLY_DAYS = 30
HISTORY_DAYS = 300


def dispensing(town: Town) -> pl.DataFrame:
    """Dispensing events in AdhereR's columns: PATIENT_ID, DATE, PERDAY, CATEGORY, DURATION; from 300 days before the first day.

    Good refillers come within three days of the end of their supply; poor ones on average twelve days after it.
    """
    rows = []
    for row, (person, drug, poor) in enumerate(town.people.select("person", "drug", "poor_refills").iter_rows()):
        rng = town.rng(PHARMACY, row)
        day = -HISTORY_DAYS + int(rng.integers(0, 20))
        while drug is not None and day < town.size.days:
            rows.append((person, town.day(day), 1, drug, SUPPLY_DAYS))
            day += SUPPLY_DAYS + int(rng.poisson(12) if poor else rng.integers(-3, 3))
    return pl.DataFrame(
        rows,
        schema={"PATIENT_ID": pl.String, "DATE": pl.Date, "PERDAY": pl.Int64, "CATEGORY": pl.String, "DURATION": pl.Int64},
        orient="row",
    )


def missed_doses(town: Town) -> dict[str, tuple[date, ...]]:
    """Days on which people with a pill box took no dose: one in six for poor refillers, one in forty for the rest."""
    out = {}
    for row, (person, drug, poor, box) in enumerate(town.people.select("person", "drug", "poor_refills", "pillbox").iter_rows()):
        rng = town.rng(PHARMACY, 100_000 + row)
        missed = np.flatnonzero(rng.random(town.size.days) < (1 / 6 if poor else 1 / 40))
        if drug is not None and box:
            out[person] = tuple(town.day(int(day)) for day in missed)
    return out


def doses(town: Town, missed: dict[str, tuple[date, ...]]) -> pl.DataFrame:
    """Doses that pill boxes saw: columns person, zone, wall (local wall clock), around eight in the morning."""
    zones = dict(town.people.select("person", "zone").iter_rows())
    rows = []
    for number, (person, days) in enumerate(sorted(missed.items())):
        minute = town.rng(PHARMACY, 200_000 + number).integers(470, 500, town.size.days)
        for index in range(town.size.days):
            if town.day(index) not in days:
                rows.append((person, zones[person], town.day(index), int(minute[index])))
    return pl.DataFrame(rows, schema={"person": pl.String, "zone": pl.String, "date": pl.Date, "minute": pl.Int64}, orient="row").select(
        "person", "zone", wall=pl.col("date").cast(pl.Datetime("us")) + pl.duration(minutes=pl.col("minute"))
    )
