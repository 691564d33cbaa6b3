"""What a self-report stands for where nothing was measured: calibrated by the person's own days with both, and by the people with both.

A report without a measurement is used as it is (`devices`: it comes last, but it comes), and it is biased. Two validation subsets tell by
how much: the days on which this person has both (`self_reports`), and the people who have both (`group_agreements`, through the disclosure
door). Of the latter only the published line is used here, never another person's rows.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from heedful.behavior.measurement_error.calibration import CalibrationLine, calibration_line
from heedful.behavior.reported import NAMES, amount, days_told, quantity
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.registry import METHODS, Card, Method
from heedful.core.schemas import Features, SelfReports

NEWEST = 28
"""As many days with a report only as make the usual report: the newest ones."""
LEAST_OWN = 14
"""Days with both before this person's own line is used."""
_FREED = {"simex": "simex_slope", "simex_low": "simex_low", "simex_high": "simex_high"}

CARD = Card(
    name="behavior.calibrated_reports",
    definition="Mean of a person's newest reports on days without measurement, and the measured value that it stands for: by the least "
    "squares line of this person's days with both, and by that of the people with both (regression calibration, SIMEX).",
    units="unit of the feature",
    reference="Rosner, Spiegelman & Willett 1990, Am J Epidemiol 132:734; Cook & Stefanski 1994, JASA 89:1314",
    limits="Days and people with both may differ from those with a report only: nothing in the data can tell. Far from the reports "
    "that were checked the line is a guess, and its interval is wide.",
)
METHODS.add(CARD.name, Method(CARD))


@derivation(reads=(Features,), writes=SelfReports, by=("person",), only={"features": NAMES}, version=1)
def self_reports(features: Frame[Consented[P], Features]) -> Frame[Consented[P], SelfReports]:
    """Usual report of each person and code on days without measurement, calibrated by the person's days with both (see the card)."""
    told = days_told(features.data).sort("person", "code", "day")
    found = [
        _one(str(person), str(code), own)
        for (person, code), own in told.group_by("person", "code", maintain_order=True)
        if own["value_measured"].null_count()
    ]
    return features.derive(SelfReports, pl.DataFrame(found, schema=SelfReports.dtypes()))


def _one(person: str, code: str, own: pl.DataFrame) -> dict[str, object]:
    alone = own.filter(pl.col("value_measured").is_null()).tail(NEWEST)
    both = own.filter(pl.col("value_measured").is_not_null())
    reported, unit = float(alone["value"].mean()), str(own["unit"][0])  # type: ignore[arg-type]
    line = calibration_line(both["value"].to_numpy(), both["value_measured"].to_numpy()) if both.height >= LEAST_OWN else None
    low, high = line.interval(reported, alone.height) if line else (None, None)
    calibrated = line.at(reported) if line else None
    days = f"{alone.height} days" if alone.height > 1 else "one day"
    said = f"On {days} without a measurement: {amount(reported)} {quantity(code, unit)} as reported"
    if line and low is not None and high is not None:
        said += (
            f"; calibrated {amount(line.at(reported))} [{amount(low)}, {amount(high)}] (regression calibration, n = {both.height} days of "
            "this person with both)."
        )
    else:
        said += f"; too few days of this person with both ({both.height}) to calibrate it by them."
    return {
        "person": person, "code": code, "since": alone["day"][0], "day": alone["day"][-1], "days": alone.height, "reported": reported,
        "pairs": both.height, "calibrated": calibrated, "low": low, "high": high, "unit": unit, "sentence": said,
    }  # fmt: skip


def calibrated_by_group(reports: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """What the usual reports (rows of `SelfReports`) stand for by the people with both (rows of `GroupAgreements`, withheld ones left out).

    Returns person, code, people, calibrated, low, high, simex and the ends of its interval (null where there is none), sentence; nothing
    for a code without a line.
    """
    lines = groups.filter((pl.col("suppressed") == "") & pl.col("slope").is_not_null())
    both = reports.select("person", "code", "reported", "unit").join(lines.drop("unit", "sentence"), on="code")
    rows = [
        {"person": row["person"], "code": row["code"], "people": row["people"], **stands_for(row, row["reported"]),
         "sentence": group_words(row, row["reported"], str(row["unit"]))}
        for row in both.sort("person", "code").iter_rows(named=True)
    ]  # fmt: skip
    numbers = ("calibrated", "low", "high", "simex", "simex_low", "simex_high")
    return pl.DataFrame(
        rows,
        schema={"person": pl.String, "code": pl.String, "people": pl.Int64, **dict.fromkeys(numbers, pl.Float64), "sentence": pl.String},
    )


def stands_for(row: dict[str, Any], report: float) -> dict[str, float | None]:
    """Of a row of `GroupAgreements` with a line: what one person's usual report stands for, with its 95 % prediction interval, and by SIMEX
    what people with such a usual report have on average, with its 95 % confidence interval."""
    known = row["simex_slope"] is not None
    freed = {key: row[column] if known else float("nan") for key, column in _FREED.items()}
    line = CalibrationLine(
        row["people"], row["usual_reported"], row["usual_measured"], row["slope"], row["slope_low"], row["slope_high"], row["residual"],
        **freed, reliability=row["reliability"],
    )  # fmt: skip
    low, high = line.interval(report)
    found: dict[str, float | None] = {"calibrated": line.at(report), "low": low, "high": high}
    simex_low, simex_high = line.simex_interval(report)
    by_simex = {"simex": line.simex_at(report), "simex_low": simex_low, "simex_high": simex_high}
    return found | (by_simex if known else dict.fromkeys(by_simex))


def group_words(line: dict[str, Any], report: float, unit: str) -> str:
    """The same in one sentence."""
    found, people = stands_for(line, report), int(line["people"])
    value, low, high = (amount(float(found[key] or 0.0)) for key in ("calibrated", "low", "high"))
    more = (
        "no SIMEX: reports vary about as much from day to day as between people"
        if found["simex"] is None
        else f"SIMEX {amount(found['simex'])} [{amount(found['simex_low'] or 0.0)}, {amount(found['simex_high'] or 0.0)}] on average"
    )
    return (
        f"By people with both, that much usually reported ({amount(report)} {unit.strip('{}')}) stands for {value} [{low}, {high}] "
        f"(regression calibration, n = {people} people; {more})."
    )
