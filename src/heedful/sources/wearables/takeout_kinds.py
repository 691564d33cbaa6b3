"""The files of a Fitbit account export that hold something with a code, and how to read their times and values.

Facts measured on real exports (what else a reader would have to guess): JSON steps, distance, calories and heart rate are UTC without a
zone, and a file begins at local midnight; the same samples stand again in `Physical Activity_GoogleData`, in UTC and cut at UTC
midnight, with equal values (distance in m, not cm) and without the zeros; its `heart_rate_variability` and
`respiratory_rate_sleep_summary` write *local* time with a false Z. Oxygen by the minute is UTC too (it ends minutes after the night's
sleep does), and 50 % there means none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Times = Literal["utc", "local", "date"]
DAY = 1_440


@dataclass(frozen=True)
class Kind:
    """One kind of file. `pattern` fits the file's name; `value` is a column of a CSV or a dotted path in a JSON record.

    `minutes`: length of a row, 0 for instants. `missing`: values that mean nothing was measured. `stamp`: the column of the time.
    `overlaps`: a day's file ends with the first row of the next day's.
    """

    label: str
    pattern: re.Pattern[str]
    code: str
    times: Times
    minutes: int
    value: str
    factor: float = 1.0
    missing: tuple[float, ...] = ()
    how: str = "measured"
    stamp: str = "timestamp"
    unit: str = ""
    overlaps: bool = False

    @property
    def is_json(self) -> bool:
        return self.label.endswith(".json")


def _json(name: str, code: str, times: Times, minutes: int, value: str = "value", **more: object) -> Kind:
    pattern = re.compile(rf"{name}-\d{{4}}-\d\d-\d\d(_\w+)?\.json(\.gz)?")
    return Kind(f"{name}-….json", pattern, code, times, minutes, value, stamp="dateTime", **more)  # type: ignore[arg-type]


def _csv(name: str, code: str, times: Times, minutes: int, value: str, **more: object) -> Kind:
    return Kind(f"{name}….csv", re.compile(rf"{re.escape(name)}[-_ 0-9()]*\.csv(\.gz)?"), code, times, minutes, value, **more)  # type: ignore[arg-type]


_MINUTES = ("sedentary_minutes", "lightly_active_minutes", "moderately_active_minutes", "very_active_minutes")

KINDS: tuple[Kind, ...] = (
    _json("steps", "steps", "utc", 1),
    _json("distance", "distance", "utc", 1, factor=0.01),
    _json("calories", "total_energy", "utc", 1, how="vendor_derived"),
    _json("altitude", "floors", "utc", 1, factor=0.1),
    _json("heart_rate", "heart_rate", "utc", 0, "value.bpm"),
    _json("resting_heart_rate", "resting_heart_rate", "date", DAY, "value.value", missing=(0.0,), how="vendor_derived"),
    *(_json(name, f"fitbit:{name}", "date", DAY, how="vendor_derived", unit="min") for name in _MINUTES),
    _csv("steps_", "steps", "utc", 1, "steps"),
    _csv("distance_", "distance", "utc", 1, "distance"),
    _csv("calories_", "total_energy", "utc", 1, "calories", how="vendor_derived"),
    _csv("altitude_", "floors", "utc", 1, "gain", factor=1 / 3_048),
    _csv("heart_rate_", "heart_rate", "utc", 0, "beats per minute"),
    _csv("active_zone_minutes_", "active_zone_minutes", "utc", 1, "total minutes", how="vendor_derived"),
    _csv("Active Zone Minutes - ", "active_zone_minutes", "local", 1, "total_minutes", how="vendor_derived", stamp="date_time"),
    _csv("Heart Rate Variability Details - ", "hrv_rmssd", "local", 5, "rmssd"),
    _csv("heart_rate_variability_", "hrv_rmssd", "local", 5, "root mean square of successive differences milliseconds"),
    _csv("daily_heart_rate_variability", "hrv_rmssd", "date", DAY, "average heart rate variability milliseconds", how="vendor_derived"),
    _csv("Daily Heart Rate Variability Summary - ", "hrv_rmssd", "date", DAY, "rmssd", how="vendor_derived"),
    _csv("Respiratory Rate Summary - ", "respiratory_rate", "local", 0, "full_sleep_breathing_rate", missing=(-1.0,), how="vendor_derived"),
    _csv("respiratory_rate_sleep_summary_", "respiratory_rate", "local", 0, "full sleep stats - milli breaths per minute", missing=(-1.0,),
         how="vendor_derived"),
    _csv("daily_respiratory_rate", "respiratory_rate", "date", DAY, "breaths per minute", how="vendor_derived"),
    _csv("Daily Respiratory Rate Summary - ", "respiratory_rate", "date", DAY, "daily_respiratory_rate", how="vendor_derived"),
    _csv("daily_resting_heart_rate", "resting_heart_rate", "date", DAY, "beats per minute", missing=(0.0,), how="vendor_derived"),
    _csv("Minute SpO2 - ", "oxygen_saturation", "utc", 1, "value", missing=(50.0,), overlaps=True),
    _csv("oxygen_saturation_", "oxygen_saturation", "utc", 1, "oxygen saturation percentage", missing=(50.0,)),
    _csv("Daily SpO2 - ", "oxygen_saturation", "date", DAY, "average_value", how="vendor_derived"),
    _csv("daily_sleep_temperature_derivations", "skin_temperature", "date", DAY, "nightly temperature celsius", how="vendor_derived"),
    _csv("Stress Score", "stress_score", "date", DAY, "STRESS_SCORE", missing=(0.0,), how="vendor_derived", stamp="DATE"),
)  # fmt: skip
"""In order of preference: of kinds with the same code and length, the first that has a day speaks for it."""

_OWN = "a score or a level of Fitbit's own, whose rule is not published"
_FINER = "rows by the second, or a summary, of what other files of the export hold"
_NO_CLOCK = "skin temperature by the minute, of a clock that is not known; the night's own stands in daily_sleep_temperature_derivations"
LEFT_OUT: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"({names})[-_ 0-9()]*\.(csv|json)(\.gz)?"), why)
    for names, why in (
        ("activity_level|active_minutes|sedentary_period|cardio_load|cardio_load_observed_interval|sleep_score|"
         "CalibrationStatusForReadinessAndLoad|time_in_heart_rate_zones", _OWN),
        ("live_pace|Heart Rate Variability Histogram", _FINER),
        ("body_temperature|Device Temperature|Computed Temperature", _NO_CLOCK),
        ("environment|swim_lengths_data|estimated_oxygen_variation", "nothing that has a code"),
    )
)  # fmt: skip
"""Files of the export that are known and not read, and why."""

SLEEP = re.compile(r"sleep-\d{4}-\d\d-\d\d(_\w+)?\.json(\.gz)?")
FOLDERS = frozenset(
    ("Your Profile", "Global Export Data", "Physical Activity_GoogleData", "Health Fitness Data_GoogleData", "Heart Rate Variability",
     "Temperature", "Oxygen Saturation (SpO2)", "Active Zone Minutes (AZM)", "Stress Score", "Sleep Score", "Physical Activity",
     "Heart Rate", "Sleep")
)  # fmt: skip
"""Folders of one account's export; files elsewhere are another person's or another product's."""


def left_out(name: str) -> str:
    """Why a file of the export is not read; '' if it is, or is not known.

    >>> left_out("sleep_score.csv")
    "a score or a level of Fitbit's own, whose rule is not published"
    """
    return next((why for pattern, why in LEFT_OUT if pattern.fullmatch(name)), "")


def kind_of(name: str) -> Kind | None:
    """The kind of a file by its name.

    >>> kind_of("heart_rate-2023-06-23.json.gz").code, kind_of("steps_2023-06-01.csv").minutes, kind_of("swim_lengths_data.json")
    ('heart_rate', 1, None)
    """
    return next((kind for kind in KINDS if kind.pattern.fullmatch(name)), None)
