"""Findings in plain words: numbers with their units, reasons for what is missing, names of drugs, features and days."""

from __future__ import annotations

import polars as pl

MISSING_WORDS = {
    "not_worn": "the device was not worn",
    "no_data": "nothing was recorded",
    "too_short": "too little was recorded",
    "implausible": "the recorded values are not plausible",
}

UNIT_WORDS = {
    "{steps}": "steps", "/min": "a minute", "m": "m", "kcal": "kcal", "{floors}": "floors", "mg/dL": "mg/dL", "Cel": "°C",
    "kg": "kg", "mm[Hg]": "mmHg", "{doses}": "doses", "{counts}": "counts",
}  # fmt: skip

NAMES = {"waso": "awake after falling asleep", "sleep_onset": "fell asleep", "sleep_offset": "woke up"}


def drug_name(drug: pl.Expr) -> pl.Expr:
    """A drug code as a person would say it: without the prefix of its vocabulary."""
    return drug.str.replace(r"^drug:", "")


def feature_name(feature: pl.Expr) -> pl.Expr:
    """The name of a feature without its definition, as words.

    >>> pl.DataFrame({"f": ["resting_heart_rate[nightsignal]"]}).select(feature_name(pl.col("f"))).item()
    'Resting heart rate'
    """
    bare = feature.str.replace(r"\[.*$", "")
    bare = bare.replace_strict(NAMES, default=bare).str.replace_all("_", " ")
    return bare.str.slice(0, 1).str.to_uppercase() + bare.str.slice(1)


def number(value: pl.Expr) -> pl.Expr:
    """A number to be read: whole from 100 on, with a comma at thousands; else with at most one decimal.

    >>> pl.DataFrame({"v": [12345.4, 61.25, 7.0]}).select(number(pl.col("v"))).to_series().to_list()
    ['12,345', '61.3', '7']
    """
    whole = value.round(0).cast(pl.Int64).cast(pl.String).str.replace(r"^(-?\d+)(\d{3})$", "${1},${2}")
    short = value.round(1, mode="half_away_from_zero").cast(pl.String).str.replace(r"\.0$", "")
    return pl.when(value.abs() >= 100).then(whole).otherwise(short)


def amount(value: pl.Expr, unit: pl.Expr) -> pl.Expr:
    """A number with its UCUM unit in words; minutes from one hour on as hours and minutes; shares as per cent."""
    minutes = value.round(0).cast(pl.Int64)
    hours = pl.format("{} h {} min", minutes // 60, minutes % 60)
    words = unit.replace_strict(UNIT_WORDS, default=unit)
    plain = pl.when(words.is_in(["", "1"])).then(number(value)).otherwise(pl.format("{} {}", number(value), words))
    return (
        pl.when((unit == "min") & (minutes >= 60)).then(hours)
        .when(unit == "%").then(pl.format("{} %", number(value)))
        .otherwise(plain)
    )  # fmt: skip


def missing_reason(missing: pl.Expr) -> pl.Expr:
    """Why there is no number, as a clause."""
    return missing.replace_strict(MISSING_WORDS, default=missing.str.replace_all("_", " "))


def date_words(day: pl.Expr) -> pl.Expr:
    """A day as it is spoken: 4 March 2026."""
    return day.dt.strftime("%-d %B %Y")
