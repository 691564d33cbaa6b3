"""What a person reports beside what a device measured: the days, and how far the two agree in this person.

Self-report is never mixed with measurement (`devices`): a day's feature takes it only where nothing was measured. Here both are kept
side by side, so that wherever a report is used its bias in this very person can be told: the mean difference (report minus measurement),
its interval, the limits within which 95 % of differences lie (Bland and Altman 1986), and whether it drifts over time. What a report on
a day without a measurement stands for is told by `calibrated_reports`, from the days and the people that have both.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.agreement import bland_altman
from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.core.codes import CODES
from heedful.core.derivations import Derivation, Fold, Key, derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.registry import METHODS, Card, Method
from heedful.core.schemas import Agreements, Features, Observations

SUMMED = ("steps", "distance", "exercise_minutes", "sleep_minutes")
"""Codes whose rows of a day add up; of others the day's mean is taken."""
REPORTED_CODES = {"activity": ("steps", "distance", "exercise_minutes"), "sleep": ("sleep_minutes",), "body": ("body_weight",)}
"""By kind of data, so that a consent that covers one kind only lets that kind be seen."""
LEAST_PAIRS = 7
DAYS_A_MONTH = 30

CARD = Card(
    name="behavior.reported_agreement",
    definition="Bland-Altman bias and limits of a person's self-reported daily values against measured ones, and the slope of the "
    "difference over time, from days that have both.",
    units="unit of the feature; drift: that unit per 30 days",
    reference="Bland & Altman 1986, Lancet 327:307",
    limits="Says nothing of days on which only one was there, which may differ; days are taken as independent; a report that was copied "
    "from the device agrees with it.",
)
METHODS.add(CARD.name, Method(CARD))


def _daily(kind: str) -> Derivation:
    codes = REPORTED_CODES[kind]

    def function(observations: Frame[Consented[P], Observations], devices: DeviceTrust = TODAY) -> Frame[Consented[P], Features]:
        return observations.derive(Features, _pairs(observations.data.filter(pl.col("code").is_in(codes)), devices))

    function.__doc__ = (
        f"`CODE[reported]` of days that have a report, `CODE[measured]` of those that have both (coverage 1), for {', '.join(codes)}."
    )
    declare = derivation(
        reads=(Observations,),
        writes=Features,
        by=("person", "day"),
        needs=("devices",),
        only={"observations": codes},
        version=3,
        name=f"reported_{kind}",
        fold=Fold(_Unreported, _Unreported.read),
    )
    return declare(function)


class _Unreported:
    """Person-days without a report, of which nothing follows however many minutes were measured; others are not held."""

    def __init__(self, devices: DeviceTrust = TODAY) -> None:
        self._held: set[Key] = set()

    def open(self, rows: pl.DataFrame, /) -> list[Key]:
        self._held |= set(_person_days(rows))
        return self.step(rows)

    def step(self, rows: pl.DataFrame, /) -> list[Key]:
        told = rows.filter(pl.col("how") == "self_reported")
        self.forget(_person_days(told))
        return [key for key in _person_days(rows) if key not in self._held]

    def forget(self, keys: Iterable[Key], /) -> None:
        self._held -= set(keys)

    def forget_person(self, person: str, /) -> None:
        self._held = {key for key in self._held if key[0] != person}

    def keys(self) -> set[Key]:
        return self._held

    def __contains__(self, key: object, /) -> bool:
        return key in self._held

    def read(self, keys: Iterable[Key]) -> pl.DataFrame:
        return Features.empty()


def _person_days(rows: pl.DataFrame) -> list[Key]:
    days = rows.select("person", "day").unique()
    return list(zip(days["person"].to_list(), days["day"].to_physical().to_list(), strict=True))


def _pairs(rows: pl.DataFrame, devices: DeviceTrust = TODAY) -> pl.DataFrame:
    """Of each person, day and code with a plausible report: its value of the day, and that of the measurement where there is one.

    Of several devices the most trusted one, then the one with the greatest total, speaks; reports of several apps are taken alike.
    """
    told = rows.filter(pl.col("how") == "self_reported").select("person", "day", "code").unique()
    if told.is_empty():
        return Features.empty()
    rows = rows.join(told, on=["person", "day", "code"], how="semi")
    low = pl.col("code").replace_strict({name: float(CODES[name].low) for name in CODES}, return_dtype=pl.Float64)
    high = pl.col("code").replace_strict({name: float(CODES[name].high) for name in CODES}, return_dtype=pl.Float64)
    sound = rows.filter(pl.col("value").is_between(low, high))
    own = pl.when(pl.col("how") == "self_reported").then(pl.lit("reported")).otherwise(pl.lit("measured"))
    total = pl.when(pl.col("code").is_in(SUMMED).first()).then(pl.col("value").sum()).otherwise(pl.col("value").mean())
    by_device = (
        sound.with_columns(devices.of(pl.col("code")), way=own)
        .sort("person", "day", "code", "way", "device", "start_at", "row")
        .group_by("person", "day", "code", "way", "device", maintain_order=True)
        .agg(value=total, trust=pl.col("trust").max())
    )
    best = (
        by_device.sort("trust", "value", "device", descending=[True, True, False])
        .group_by("person", "day", "code", "way", maintain_order=True)
        .first()
        .filter((pl.col("way") == "reported").any().over("person", "day", "code"))
    )
    unit = pl.col("code").replace_strict({name: CODES[name].unit for name in CODES}, return_dtype=pl.String)
    return best.select(
        "person", "day", feature=pl.format("{}[{}]", "code", "way"), value="value", unit=unit, coverage=pl.lit(1.0),
        missing=pl.lit(""),
    ).sort("person", "day", "feature")  # fmt: skip


reported_activity, reported_sleep, reported_body = (_daily(kind) for kind in REPORTED_CODES)


NAMES = tuple(f"{code}[{way}]" for codes in REPORTED_CODES.values() for code in codes for way in ("reported", "measured"))


@derivation(reads=(Features,), writes=Agreements, by=("person",), only={"features": NAMES}, version=4)
def reported_agreement(features: Frame[Consented[P], Features]) -> Frame[Consented[P], Agreements]:
    """Agreement of reports with measurements of each person with at least `LEAST_PAIRS` days of both (see the card)."""
    return features.derive(Agreements, _agreements(features.data))


def _agreements(features: pl.DataFrame) -> pl.DataFrame:
    told = days_told(features)
    both = told.filter(pl.col("value_measured").is_not_null())
    found = [
        _one(str(person), str(code), own.sort("day"))
        for (person, code), own in both.sort("person", "code").group_by("person", "code", maintain_order=True)
        if own.height >= LEAST_PAIRS
    ]
    return pl.DataFrame(found, schema=Agreements.dtypes())


def days_told(features: pl.DataFrame) -> pl.DataFrame:
    """Days with a report: person, day, code, value, unit and `value_measured`, null where nothing was measured."""
    named = features.filter(pl.col("feature").is_in(NAMES))
    split = named.with_columns(code=pl.col("feature").str.extract(r"^(.*)\["), way=pl.col("feature").str.extract(r"\[(.*)\]$"))
    measured = split.filter(pl.col("way") == "measured").select("person", "day", "code", value_measured="value")
    return split.filter(pl.col("way") == "reported").join(measured, on=["person", "day", "code"], how="left")


def _one(person: str, code: str, own: pl.DataFrame) -> dict[str, object]:
    reported, measured = own["value"].to_numpy(), own["value_measured"].to_numpy()
    found = bland_altman(reported, measured)
    months = own["day"].cast(pl.Int32).to_numpy() / DAYS_A_MONTH
    drift, drift_error = _slope(months, reported - measured)
    unit = str(own["unit"][0])
    words = unit.strip("{}")
    spreads = float(reported.std(ddof=1)), float(measured.std(ddof=1))
    low, high = found.bias_interval
    way = "more" if found.bias > 0 else "less"
    clear = low > 0 or high < 0
    share = f" ({abs(found.bias) / abs(measured.mean()):.0%} of what was measured)".replace("%", " %") if measured.mean() else ""
    said = (
        f"Reports {amount(abs(found.bias))} {quantity(code, unit)} {way} than measured on average{share}"
        if clear
        else f"Reports of {code.replace('_', ' ')} are on average not clearly more or less than measured "
        f"({amount(found.bias, '+')} {words})"
    )
    drifting = abs(drift) > 2 * drift_error
    moved = f"; the difference moves by {amount(drift, '+')} {words} in 30 days" if drifting else ""
    return {
        "person": person, "code": code, "since": own["day"][0], "day": own["day"][-1], "pairs": found.pairs,
        "bias": found.bias, "bias_low": low, "bias_high": high,
        "lower": found.lower, "upper": found.upper, "drift": drift, "drift_error": drift_error, "unit": unit,
        "reported_mean": float(reported.mean()), "reported_sd": spreads[0],
        "measured_mean": float(measured.mean()), "measured_sd": spreads[1],
        "correlation": float(np.corrcoef(reported, measured)[0, 1]) if min(spreads) > 0 else None,
        "sentence": f"{said}, over {found.pairs} days with both; single days differ by "
        f"{amount(found.lower)} to {amount(found.upper)} {words}{moved}.",
    }  # fmt: skip


def amount(value: float, sign: str = "") -> str:
    """Three digits of a number as people read it: 36,800 rather than 3.68e+04."""
    return f"{float(f'{value:.3g}'):{sign},.0f}" if abs(value) >= 100 else f"{value:{sign}.3g}"


def quantity(code: str, unit: str) -> str:
    """What is counted, after a number: 'steps', 'min of sleep minutes'."""
    words, name = unit.strip("{}"), code.replace("_", " ")
    return words if words == name else f"{words} of {name}"


def _slope(at: NDArray[np.float64], value: NDArray[np.float64]) -> tuple[float, float]:
    """Least squares slope and its standard error."""
    x, y = at - at.mean(), value - value.mean()
    slope = float((x * y).sum() / (x**2).sum())
    rest = y - slope * x
    return slope, float(np.sqrt((rest**2).sum() / (len(x) - 2) / (x**2).sum()))


DERIVATIONS = (reported_activity, reported_sleep, reported_body, reported_agreement)
