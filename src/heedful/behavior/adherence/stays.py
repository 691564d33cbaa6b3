"""Hospital stays: days on which the ward gives the medicines, and what lies at home is not used up.

A stay is an inpatient encounter of the clinical record (class IMP, ACUTE or NONAC of HL7 v3 ActCode) from its first day up to its last,
which counts as spent at home. These days are taken out of the calendar: supplies last so much longer, gaps are so much shorter, a
dispensing in a stay counts from its end. It is what AdhereR calls special periods with `carryover` (`compute_event_durations`); not
compared with its output.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.adherence.dispensed import ordered_supplies, rows_of_measure, series_of
from heedful.behavior.adherence.windows import Units
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Adherence, Dispensings, Records

OUTSIDE = "CMA7[outside_stays]"
INPATIENT = ("IMP", "ACUTE", "NONAC")
LONGEST_DAYS = 366
"""A longer stay is a home or an encounter that nobody closed: it is left out."""
_FAR = 2**25


@derivation(reads=(Dispensings, Records), writes=Adherence, by=("person",), version=2)
def adherence_outside_stays(
    dispensings: Frame[Consented[P], Dispensings], records: Frame[Consented[P], Records]
) -> Frame[Consented[P], Adherence]:
    """`CMA7[outside_stays]` of every drug of people with a hospital stay between its first and the last dispensing; see `adherence`."""
    stayed = hospital_days(records.data)
    supplies = ordered_supplies(dispensings.data.join(stayed, on="person", how="semi"))
    if supplies.is_empty():
        return dispensings.derive(Adherence, Adherence.empty())
    held, series, units = series_of(supplies)
    away = _Away(stayed, series.get_column("person"))
    owner = np.repeat(np.arange(len(held.patients)), np.diff(held.begin))
    start, end = away.at_home(units.patient, units.start), away.at_home(units.patient, units.end)
    outside = Units(units.patient, start, end, start, end)
    rows = rows_of_measure(OUTSIDE, replace(held, date=away.at_home(owner, held.date)), outside, series, shown=units)
    touched = pl.Series((units.end - units.start) > (end - start))
    return dispensings.derive(Adherence, rows.filter(touched).sort("person", "drug", "window_start"))


def hospital_days(records: pl.DataFrame) -> pl.DataFrame:
    """The days of stays, each once: columns person, day."""
    stays = records.filter((pl.col("type") == "Encounter") & pl.col("happened_at").is_not_null() & pl.col("ended_at").is_not_null()).filter(
        pl.col("json").str.json_path_match("$.class.code").is_in(INPATIENT)
    )
    # The local day on which it ended is the one that the record writes; an instant alone would say the day in UTC.
    ended = pl.col("json").str.json_path_match("$.period.end").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    begin, end = pl.coalesce("day", pl.col("happened_at").dt.date()), pl.coalesce(ended, pl.col("ended_at").dt.date())
    whole = stays.select("person", begin=begin, end=end).filter(
        (pl.col("end") > pl.col("begin")) & ((pl.col("end") - pl.col("begin")).dt.total_days() <= LONGEST_DAYS)
    )
    days = whole.select("person", day=pl.date_ranges("begin", pl.col("end") - pl.duration(days=1))).explode("day")
    return days.unique().sort("person", "day")


class _Away:
    """How many hospital days lie before a day, person by person of a list."""

    def __init__(self, days: pl.DataFrame, people: pl.Series) -> None:
        names = people.unique().sort()
        self._number = np.searchsorted(names.to_numpy(), people.to_numpy())
        mine = days.join(names.to_frame("person"), on="person", how="semi")
        person = np.searchsorted(names.to_numpy(), mine.get_column("person").to_numpy())
        self._key = person * _FAR + mine.get_column("day").to_physical().to_numpy().astype(np.int64)

    def at_home(self, place: NDArray[np.int64], day: NDArray[np.float64]) -> NDArray[np.float64]:
        """`day` less the hospital days before it of the person at each place of the list."""
        person = self._number[place] * _FAR
        before = np.searchsorted(self._key, person + np.ceil(day).astype(np.int64)) - np.searchsorted(self._key, person)
        return np.asarray(day - before, dtype=np.float64)
