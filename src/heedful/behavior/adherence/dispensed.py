"""How well each drug was at hand, from a participant's dispensings alone: CMA1 and CMA7 of each drug, and CMA7 by calendar quarter."""

from __future__ import annotations

import numpy as np
import polars as pl

from heedful.behavior.adherence.continuous import cma
from heedful.behavior.adherence.windows import Events, Units, events
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Adherence, Dispensings

ALL_DRUGS = "all"
QUARTERLY = "CMA7[quarter]"


@derivation(reads=(Dispensings,), writes=Adherence, by=("person",), version=1)
def adherence(dispensings: Frame[Consented[P], Dispensings]) -> Frame[Consented[P], Adherence]:
    """`CMA1`, `CMA7` and `CMA7[quarter]` of every drug of a person, and of all drugs taken as one (drug 'all').

    Window: from the first dispensing of the drug to the person's last dispensing of any drug, the last day of which anything is known
    (no clock is asked; whether somebody stopped after it cannot be seen). Carry-over crosses drugs in 'all'; doses are not compared.
    Supply is `days_supplied`, else quantity over daily dose. Missing: `no_days_supplied` where a dispensing has neither, `too_short`
    where the window holds too little (one dispensing only, or no day).
    """
    held, series, whole = series_of(ordered_supplies(dispensings.data))
    quarter = _quarters(whole)
    parts = [rows_of_measure(name, held, units, series) for name, units in (("CMA1", whole), ("CMA7", whole), (QUARTERLY, quarter))]
    return dispensings.derive(Adherence, pl.concat(parts).sort("person", "drug", "window_start", "measure"))


def ordered_supplies(data: pl.DataFrame) -> pl.DataFrame:
    """Every dispensing twice: under its drug, and under all drugs; `series` numbers person and drug."""
    stated = pl.when(pl.col("days_supplied") > 0).then("days_supplied")
    computed = pl.when((pl.col("daily_dose") > 0) & (pl.col("quantity") > 0)).then(pl.col("quantity") / pl.col("daily_dose"))
    known = data.select(
        "person", "drug", "dispensed_on", "row", supply=pl.coalesce(stated, computed), last=pl.col("dispensed_on").max().over("person")
    )
    both = pl.concat([known.with_columns(name="drug"), known.filter(pl.col("drug") != ALL_DRUGS).with_columns(name=pl.lit(ALL_DRUGS))])
    ordered = both.sort("person", "name", "dispensed_on", "drug", "row")
    return ordered.with_columns(series=pl.struct("person", "name").rle_id())


def series_of(supplies: pl.DataFrame) -> tuple[Events, pl.DataFrame, Units]:
    """Of `ordered_supplies`: the events; person, name, last day and whether a supply is unknown (`supply`) of each series; and its whole
    window, from its first event to that last day."""
    held = events(supplies, patient="series", date="dispensed_on", duration="supply", dose=None, medication="drug")
    series = held.patients.to_frame("series").join(
        supplies.group_by("series").agg(pl.col("person", "name", "last").first(), pl.col("supply").has_nulls()),
        on="series", how="left", maintain_order="left",
    )  # fmt: skip
    first, last = held.date[held.begin[:-1]], series.get_column("last").to_physical().to_numpy().astype(np.float64)
    return held, series, Units(np.arange(len(first)), first, last, first, last)


def _quarters(whole: Units) -> Units:
    """The calendar quarters that each window touches, cut to it."""
    months = [edge.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) // 3 for edge in (whole.start, whole.end - 1)]
    counts = np.where(whole.end > whole.start, months[1] - months[0] + 1, 0)
    of_unit = np.repeat(np.arange(len(counts)), counts)
    number = np.repeat(months[0], counts) + np.arange(len(of_unit)) - np.repeat(np.cumsum(counts) - counts, counts)
    start, end = ((3 * n).astype("datetime64[M]").astype("datetime64[D]").astype(np.float64) for n in (number, number + 1))
    return Units(
        whole.patient[of_unit], whole.follow_up_start[of_unit], whole.follow_up_end[of_unit],
        np.maximum(start, whole.start[of_unit]), np.minimum(end, whole.end[of_unit]),
    )  # fmt: skip


def rows_of_measure(name: str, held: Events, units: Units, series: pl.DataFrame, shown: Units | None = None) -> pl.DataFrame:
    """Rows of `Adherence`, one a unit; `shown` holds the windows that are told where `units` runs on another calendar."""
    mine, shown = series[units.patient], shown or units
    value = pl.Series(cma(name[:4], held, units), dtype=pl.Float64).fill_nan(None)
    table = mine.select(
        "person", drug="name", window_start=pl.Series(shown.start, dtype=pl.Float64).cast(pl.Int32).cast(pl.Date),
        window_end=pl.Series(shown.end, dtype=pl.Float64).cast(pl.Int32).cast(pl.Date), measure=pl.lit(name), value=value,
        events=pl.Series(_events_inside(held, units), dtype=pl.Int32), unknown="supply",
    )  # fmt: skip
    why = (
        pl.when(pl.col("value").is_not_null())
        .then(pl.lit(""))
        .when("unknown")
        .then(pl.lit("no_days_supplied"))
        .otherwise(pl.lit("too_short"))
    )
    return table.with_columns(missing=why).drop("unknown")


def _events_inside(held: Events, units: Units) -> np.ndarray:
    """Number of events in each unit's window, its last day included as in AdhereR."""
    key = np.repeat(np.arange(len(held.patients)), np.diff(held.begin)) * _FAR + held.date
    low = np.searchsorted(key, units.patient * _FAR + units.start, "left")
    high = np.searchsorted(key, units.patient * _FAR + units.end, "right")
    return np.asarray(high - low, np.int32)


_FAR = 2.0**25
"""More days than any date has: keeps patients apart in one sorted array."""
