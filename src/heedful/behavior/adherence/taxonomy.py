"""Initiation, implementation and persistence of each drug (the ABC taxonomy), from prescriptions in the record and dispensings.

Initiation: days from the first prescription of the drug (its code or its name in a MedicationRequest or MedicationStatement) to the first
dispensing. Persistence: days from the first dispensing to the end of the supply before the first gap of more than 90 days, or to the last
dispensing where no such gap came: then it is at least that long (`persistent[90]` is 1). Implementation,
how the dose is taken in between, is CMA7 (`dispensed`) and the share of days with a dose (`taken`).

Vrijens et al. 2012, Br J Clin Pharmacol 73:691; the permissible gap: Caetano et al. 2006, Clin Ther 28:1411. A gap may be a stay in
hospital or another pharmacy; a prescription that was never dispensed leaves no row here.
"""

from __future__ import annotations

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Adherence, Dispensings, Records

PERMITTED_GAP = 90
INITIATION, PERSISTENCE, PERSISTENT = "initiation[days]", "persistence[days_90]", "persistent[90]"
_PRESCRIPTIONS = ("MedicationRequest", "MedicationStatement")


@derivation(reads=(Dispensings, Records), writes=Adherence, by=("person",), version=1)
def abc_taxonomy(dispensings: Frame[Consented[P], Dispensings], records: Frame[Consented[P], Records]) -> Frame[Consented[P], Adherence]:
    """`initiation[days]`, `persistence[days_90]` and `persistent[90]` (1: no gap of over 90 days) of every dispensed drug.

    Missing as `no_prescription` where the record names none on or before the first dispensing, as `no_days_supplied` where a supply is not
    known. Window: from the first dispensing to the last.
    """
    drugs = _drugs(dispensings.data)
    return dispensings.derive(
        Adherence, pl.concat([_initiation(drugs, records.data), _persistence(drugs)]).sort("person", "drug", "measure")
    )


def _drugs(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each person and drug: first and last dispensing, number, days to the end of what lasted, whether a gap ended it."""
    stated = pl.when(pl.col("days_supplied") > 0).then("days_supplied")
    computed = pl.when((pl.col("daily_dose") > 0) & (pl.col("quantity") > 0)).then(pl.col("quantity") / pl.col("daily_dose"))
    supplies = rows.select("person", "drug", "dispensed_on", "row", supply=pl.coalesce(stated, computed)).sort(
        "person", "drug", "dispensed_on", "row"
    )
    drug = ["person", "drug"]
    day = pl.col("dispensed_on").to_physical().cast(pl.Float64)
    # what is at hand ends where the running sum of supplies, begun anew wherever it ran out, ends: a largest end so far
    spent = pl.col("supply").cum_sum().over(drug)
    ends = (day - (spent - pl.col("supply"))).cum_max().over(drug) + spent
    with_ends = supplies.with_columns(first=day.min().over(drug), at=day, ends=ends)
    gap = (pl.col("at").shift(-1).over(drug) - pl.col("ends")) > PERMITTED_GAP
    return with_ends.with_columns(gap=gap.fill_null(value=False)).group_by(drug, maintain_order=True).agg(
        window_start=pl.col("dispensed_on").first(), window_end=pl.col("dispensed_on").last().dt.offset_by("1d"),
        events=pl.len().cast(pl.Int32), unknown=pl.col("supply").has_nulls(), stopped=pl.col("gap").any(),
        lasted=(pl.col("ends") - pl.col("first")).filter("gap").first(),
        so_far=(pl.col("at") - pl.col("first")).last(),
    )  # fmt: skip


def _initiation(drugs: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    prescribed = records.filter(pl.col("type").is_in(_PRESCRIPTIONS) & pl.col("day").is_not_null())
    names = pl.concat(
        [prescribed.select("person", "day", drug=pl.col(name).str.to_lowercase()) for name in ("code", "display")]
    ).drop_nulls()
    known = drugs.with_columns(key=pl.col("drug").str.to_lowercase())
    first = (
        known.join(names, left_on=["person", "key"], right_on=["person", "drug"], how="left")
        .filter(pl.col("day").is_null() | (pl.col("day") <= pl.col("window_start")))
        .group_by("person", "drug").agg(day=pl.col("day").min())
    )  # fmt: skip
    waited = (pl.col("window_start") - pl.col("day")).dt.total_days().cast(pl.Float64)
    return _rows(drugs.join(first, on=["person", "drug"], how="left"), INITIATION, waited, "no_prescription")


def _persistence(drugs: pl.DataFrame) -> pl.DataFrame:
    lasted = pl.when(~pl.col("unknown")).then(pl.when("stopped").then("lasted").otherwise("so_far"))
    without = pl.when(~pl.col("unknown")).then((~pl.col("stopped")).cast(pl.Float64))
    return pl.concat([_rows(drugs, PERSISTENCE, lasted, "no_days_supplied"), _rows(drugs, PERSISTENT, without, "no_days_supplied")])


def _rows(drugs: pl.DataFrame, measure: str, value: pl.Expr, reason: str) -> pl.DataFrame:
    return drugs.select(
        "person", "drug", "window_start", "window_end", measure=pl.lit(measure), value=value, events="events"
    ).with_columns(missing=pl.when(pl.col("value").is_null()).then(pl.lit(reason)).otherwise(pl.lit("")))  # fmt: skip
