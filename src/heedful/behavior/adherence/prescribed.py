"""Supply without dose: a dispensing that states neither days nor a daily dose, measured by the dose that the record had prescribed.

A package of so many says nothing of how long it lasts. Where the clinical record holds a prescription of the same drug (by its code or its
name) on or before the day of the dispensing, the newest one's dose a day tells: days are quantity over dose. It is what AdhereR does with
prescribing and dispensing tables (`compute_event_durations`); not compared with its output. These measures stand beside `CMA1` and `CMA7`,
which stay unknown: a dose on paper is not the dose that the pharmacist went by.

Units must be the same. A quantity without one (so many tablets) goes with a dose in tablets or another unit of count only, never with
milligrams; an instruction of several steps, as needed, or of a range ("once or twice a day") tells no dose.
"""

from __future__ import annotations

import polars as pl

from heedful.behavior.adherence.dispensed import ordered_supplies, rows_of_measure, series_of
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Adherence, Dispensings, Records

MEASURES = ("CMA1[prescribed_dose]", "CMA7[prescribed_dose]")
NOT_IN_FORCE = ("cancelled", "draft", "entered-in-error", "on-hold", "unknown")
COUNTED = ("", "1", "tablet", "tablets", "tab", "tabs", "tbl", "capsule", "capsules", "cap", "pill", "pills", "piece", "dose", "doses")
"""Units of so many pieces, without braces and in small letters."""
_DAYS = {"h": 1 / 24, "d": 1.0, "wk": 7.0, "mo": 30.0}
_STEP = "$.dosageInstruction[0]."


@derivation(reads=(Dispensings, Records), writes=Adherence, by=("person",), version=1)
def adherence_prescribed(
    dispensings: Frame[Consented[P], Dispensings], records: Frame[Consented[P], Records]
) -> Frame[Consented[P], Adherence]:
    """`CMA1[prescribed_dose]` and `CMA7[prescribed_dose]` of drugs with a dispensing whose days only a prescription tells; see `adherence`.

    Missing as `no_days_supplied` where another dispensing of the drug cannot be told even so, as `too_short` like `CMA1`.
    """
    filled = supplied_by_prescription(dispensings.data, prescribed_doses(records.data))
    told = filled.filter("filled")
    if told.is_empty():
        return dispensings.derive(Adherence, Adherence.empty())
    held, series, units = series_of(ordered_supplies(filled.join(told, on="person", how="semi")))
    rows = pl.concat([rows_of_measure(measure, held, units, series) for measure in MEASURES])
    mine = pl.concat([told.select("person", "drug"), told.select("person", drug=pl.lit("all"))]).unique()
    return dispensings.derive(Adherence, rows.join(mine, on=["person", "drug"], how="semi").sort("person", "drug", "measure"))


def prescribed_doses(records: pl.DataFrame) -> pl.DataFrame:
    """Of each prescription that tells a plain dose: person, `drug` (code, and name, in small letters), `since`, `dose` a day, `dose_in`."""
    step = {
        name: pl.col("json").str.json_path_match(_STEP + path)
        for name, path in (
            ("value", "doseAndRate[0].doseQuantity.value"), ("unit", "doseAndRate[0].doseQuantity.unit"), ("needed", "asNeededBoolean"),
            ("code", "doseAndRate[0].doseQuantity.code"), ("frequency", "timing.repeat.frequency"), ("period", "timing.repeat.period"),
            ("period_unit", "timing.repeat.periodUnit"), ("reason", "asNeededCodeableConcept"), ("most", "timing.repeat.frequencyMax"),
            ("longest", "timing.repeat.periodMax"),
        )
    }  # fmt: skip
    days = step["period_unit"].replace_strict(_DAYS, default=None, return_dtype=pl.Float64)
    value, often, period = (step[name].cast(pl.Float64, strict=False) for name in ("value", "frequency", "period"))
    plain = records.filter(
        (pl.col("type") == "MedicationRequest") & pl.col("day").is_not_null(), ~pl.col("status").is_in(NOT_IN_FORCE).fill_null(value=False)
    ).filter(
        pl.col("json").str.json_path_match("$.dosageInstruction[1]").is_null() & (step["needed"].fill_null("false") != "true"),
        *(step[name].is_null() for name in ("reason", "most", "longest")),
    )
    doses = plain.select(
        "person", "code", "display", "resource", since="day", dose=value * often / (period * days),
        dose_in=_plain(pl.coalesce(step["code"], step["unit"])),
    ).filter((pl.col("dose") > 0) & pl.col("dose").is_finite())  # fmt: skip
    kept = ("person", "resource", "since", "dose", "dose_in")
    names = [doses.select(*kept, drug=pl.col(name).str.to_lowercase()) for name in ("code", "display")]
    return pl.concat(names).drop_nulls("drug").sort("person", "drug", "since", "resource")


def supplied_by_prescription(dispensings: pl.DataFrame, doses: pl.DataFrame) -> pl.DataFrame:
    """The dispensings with `days_supplied` told by the newest prescription before them where nothing else does; `filled` marks these."""
    rows = dispensings.with_columns(key=pl.col("drug").str.to_lowercase(), own_unit=_plain(pl.col("dose_unit"))).sort("dispensed_on")
    newest = doses.unique(["person", "drug", "since"], keep="last", maintain_order=True).rename({"drug": "key"}).drop("resource")
    joined = rows.join_asof(
        newest.sort("since"), left_on="dispensed_on", right_on="since", by=["person", "key"], strategy="backward", check_sortedness=False
    )
    silent = ~(pl.col("days_supplied") > 0).fill_null(value=False) & ~(pl.col("daily_dose") > 0).fill_null(value=False)
    counted = pl.col("dose_in").is_in(COUNTED) & pl.col("own_unit").is_in(COUNTED)
    told = silent & (pl.col("quantity") > 0) & ((pl.col("dose_in") == pl.col("own_unit")) | counted)
    filled = told.fill_null(value=False)
    return joined.with_columns(
        filled=filled, days_supplied=pl.when(filled).then(pl.col("quantity") / pl.col("dose")).otherwise("days_supplied")
    ).select(*dispensings.columns, "filled").sort("person", "drug", "dispensed_on", "row")  # fmt: skip


def _plain(unit: pl.Expr) -> pl.Expr:
    """A unit in small letters, without braces; '' where there is none."""
    return unit.fill_null("").str.to_lowercase().str.strip_chars("{} ")
