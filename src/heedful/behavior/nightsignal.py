"""NightSignal: two nights in a row with a resting heart rate well above this person's median.

Night values are the mean of the heart rates between 0 and 7 o'clock (minutes with steps left out), each rate and the mean cut to a
whole number. The baseline of a night is the median of all night values so far, this night included, cut to a whole number. A night at
least 4 (red) or 3 (yellow) beats above it, that follows a night of which the same is true, is level 2 or 1; a single high night stays 0.

Alavi et al. 2022, Nature Medicine 28:175. Equal to nightsignal.py (StanfordBioinformatics/wearable-infection, 99b3bd79), its branches
for Fitbit and for Apple Watch apart. They differ: *Fitbit* fills a single missing night with the mean of its neighbours, cut to a whole
number, if one of them has a further neighbour on its other side; *AppleWatch* only if the following night is followed by another, uncut,
and leaves out every day on which no step was counted within one day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.annotations import expected_nights
from heedful.behavior.false_alarms import explanation, rate_sentence, wilson
from heedful.core.derivations import Carried, HistoryState, derivation
from heedful.core.errors import SettingsError
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.registry import Card, method
from heedful.core.schemas import Annotations, Changes, Features

YELLOW_BPM, RED_BPM, CONSECUTIVE_NIGHTS = 3.0, 4.0, 2
NIGHT_VALUE = "resting_heart_rate[nightsignal]"
_FITBIT, _APPLE = 0, 1
_DEVICES = {"Fitbit": _FITBIT, "AppleWatch": _APPLE}


@dataclass(frozen=True)
class Nights:
    """One entry a night, filled ones included; sorted by person, then day.

    `person` (number), `day` (days since 1970), `value` and `median` (/min), `spread` (1.4826 times the median absolute deviation of the
    night values so far), `used` (night values so far, this one included), `level` 0, 1, 2, `filled` (no measurement that night).
    """

    person: NDArray[np.int64]
    day: NDArray[np.int64]
    value: NDArray[np.float64]
    median: NDArray[np.float64]
    spread: NDArray[np.float64]
    used: NDArray[np.int64]
    level: NDArray[np.int64]
    filled: NDArray[np.bool_]


def night_levels(
    person: NDArray[np.int64], day: NDArray[np.int64], value: NDArray[np.float64], *, yellow: float = YELLOW_BPM, red: float = RED_BPM,
    consecutive: int = CONSECUTIVE_NIGHTS, device: str = "Fitbit",
) -> Nights:  # fmt: skip
    """Levels of many people's nights. Input sorted by person and day, one row a night, no missing value.

    >>> nights = night_levels(np.zeros(5, int), np.arange(5), np.array([60.0, 60, 60, 65, 65]))
    >>> nights.level.tolist(), nights.median.tolist()
    ([0, 0, 0, 0, 2], [60.0, 60.0, 60.0, 60.0, 60.0])
    """
    if device not in _DEVICES:
        raise SettingsError(f"NightSignal knows the devices {', '.join(_DEVICES)}, not {device!r}; take the nearer one.")
    all_person, all_day, all_value, filled = _fill(person, day, value.astype(np.float64), _DEVICES[device])
    median, spread, used, level = _levels(all_person, all_day, all_value, yellow, red, consecutive)
    return Nights(all_person, all_day, all_value, median, spread, used, level, filled)


def _history() -> HistoryState:
    from heedful.behavior.warm_nights import NightHistory  # which reads this file

    return NightHistory()


@derivation(
    reads=(Features, Annotations), writes=Changes, by=("person",), only={"features": (NIGHT_VALUE,)}, version=2, fold=Carried(_history)
)  # fmt: skip
def nightsignal(
    features: Frame[Consented[P], Features], annotations: Frame[Consented[P], Annotations]
) -> Frame[Consented[P], Changes]:  # fmt: skip
    """NightSignal over a person's whole history, one row for each night with a value (a filled night counts, but gets no row).

    Level as published, from the first night on, whatever is annotated; `because` says what explains a night. `nights_used` says how few
    stand behind an early one. `false_alarm_rate` is the share of this person's earlier nights without a declared cause at level 1 or more
    (`false_alarms`).
    """
    values = (
        features.data.filter((pl.col("feature") == NIGHT_VALUE) & pl.col("value").is_finite())
        .sort("person", "day").with_columns(number=pl.col("person").rle_id().cast(pl.Int64))
    )  # fmt: skip
    number, day, value = (values.get_column(name).to_physical().to_numpy() for name in ("number", "day", "value"))
    nights = night_levels(number, day, value)
    table = pl.DataFrame({
        "number": nights.person, "day": pl.Series(nights.day).cast(pl.Int32).cast(pl.Date), "observed": nights.value,
        "expected": nights.median, "spread": nights.spread, "nights_used": nights.used, "level": nights.level, "filled": nights.filled,
    })  # fmt: skip
    named = table.join(values.select("number", "person").unique(), on="number", how="left", maintain_order="left").join(
        expected_nights(annotations.data), on=["person", "day"], how="left", maintain_order="left"
    )
    plain = pl.col("because").is_null().cast(pl.Int64)
    alarms = plain * (pl.col("level") >= 1).cast(pl.Int64)
    named = named.with_columns(
        earlier=(plain.cum_sum() - plain).over("person"), raised=(alarms.cum_sum() - alarms).over("person")
    ).filter(~pl.col("filled"))  # fmt: skip
    return features.derive(Changes, findings(named))


def findings(named: pl.DataFrame) -> pl.DataFrame:
    """Rows of `Changes` from nights (`observed`, `expected`, `spread`, `nights_used`, `level`, `because`) with the nights that nothing
    explains before them (`earlier`) and how many of those were raised (`raised`)."""
    low, high = wilson(pl.col("raised"), pl.col("earlier"))
    told = pl.concat_str(explanation(pl.col("because")), rate_sentence(pl.col("raised"), pl.col("earlier")))
    return named.select(
        "person", "day", detector=pl.lit("nightsignal"), feature=pl.lit(NIGHT_VALUE), observed="observed", expected="expected",
        spread="spread", level=pl.col("level").cast(pl.Int16), nights_used=pl.col("nights_used").cast(pl.Int32),
        false_alarm_rate=pl.when(pl.col("earlier") > 0).then(pl.col("raised") / pl.col("earlier")),
        why=pl.concat_str(_why(), pl.when(pl.col("level") >= 1).then(told).otherwise(pl.lit(""))),
        false_alarm_low=low, false_alarm_high=high, because="because",
    )  # fmt: skip


def _why() -> pl.Expr:
    above = (pl.col("observed") - pl.col("expected")).round(0).cast(pl.Int64)
    side = pl.when(above > 0).then(pl.format("{} above", above)).when(above < 0).then(pl.format("{} below", -above)).otherwise(pl.lit("at"))
    bound = pl.when(pl.col("level") == 2).then(int(RED_BPM)).otherwise(int(YELLOW_BPM))
    against = pl.format("the median of {} nights so far ({} a minute)", pl.col("nights_used"), pl.col("expected").cast(pl.Int64))
    return (
        pl.when(pl.col("level") >= 1)
        .then(pl.format("Second night in a row with a resting heart rate at least {} over the median: {} {}.", bound, side, against))
        .when(above >= YELLOW_BPM).then(pl.format("One high night, {} {}; a single night is not judged unusual.", side, against))
        .otherwise(pl.format("As usual: {} {}.", side, against))
    )  # fmt: skip


@method(Card(
    name="illness.nightsignal",
    definition="Nights whose resting heart rate is 4 (red) or 3 (yellow) beats or more over the median so far, twice in a row.",
    units="{level}",
    reference="Alavi et al. 2022, Nature Medicine 28:175",
    equals="nightsignal.py (StanfordBioinformatics/wearable-infection 99b3bd79), exactly, for Fitbit and AppleWatch input",
    limits="The baseline holds the illness itself; needs two high nights; travel, alcohol and vaccination look the same.",
))  # fmt: skip
def run_nightsignal(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: heart rates (and steps) of one person to the state of each night."""
    device = str(arguments.get("device", "Fitbit"))
    first, last = arguments.get("night_hours", (0, 7))
    rates = _apple_rates(inputs["heart_rate"], inputs["steps"]) if device == "AppleWatch" else _fitbit_rates(inputs["heart_rate"])
    nights = (
        rates.filter(pl.col("at").dt.hour().is_between(first, last, closed="left")).group_by(day=pl.col("at").dt.date())
        .agg(value=pl.col("rate").floor().sum() // pl.len()).sort("day")
    )  # fmt: skip
    day = nights.get_column("day").to_physical().to_numpy().astype(np.int64)
    found = night_levels(
        np.zeros(len(day), np.int64), day, nights.get_column("value").to_numpy(),
        yellow=float(arguments.get("yellow_threshold_bpm", YELLOW_BPM)),
        red=float(arguments.get("red_threshold_bpm", RED_BPM)), consecutive=int(arguments.get("consecutive_nights", CONSECUTIVE_NIGHTS)),
        device=device,
    )  # fmt: skip
    return {"night": [str(np.datetime64(int(d), "D")) for d in found.day], "state": found.level.tolist()}


def _fitbit_rates(rates: pl.DataFrame) -> pl.DataFrame:
    text = pl.col("Datetime").cast(pl.String)
    return rates.filter(pl.col("Steps").cast(pl.Float64) == 0).select(
        at=text.str.slice(0, 19).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us"), rate=pl.col("HR").cast(pl.Float64)
    )


def _apple_rates(rates: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Rates outside the minutes that the program marks as walked: from the start in steps of 60 s, while not past the end."""
    started, ended = (_instant(f"{edge}_Date", f"{edge}_Time") for edge in ("Start", "End"))
    walked = (
        steps.filter(pl.col("Start_Date").cast(pl.String) == pl.col("End_Date").cast(pl.String)).select(start=started, end=ended)
        .filter(pl.col("end") >= pl.col("start"))
        .with_columns(minute=pl.int_ranges(0, (pl.col("end") - pl.col("start")).dt.total_seconds() // 60 + 1))
        .explode("minute").select(minute=(pl.col("start") + pl.duration(minutes=pl.col("minute"))).dt.truncate("1m")).unique()
    )  # fmt: skip
    known = walked.select(day=pl.col("minute").dt.date()).unique()
    return (
        rates.select(at=_instant("Start_Date", "Start_Time"), rate=pl.col("Heartrate").cast(pl.Float64))
        .with_columns(minute=pl.col("at").dt.truncate("1m"), day=pl.col("at").dt.date())
        .join(known, on="day", how="semi").join(walked, on="minute", how="anti")
    )  # fmt: skip


def _instant(date: str, time: str) -> pl.Expr:
    text = pl.concat_str(pl.col(date).cast(pl.String), pl.col(time).cast(pl.String), separator=" ")
    return text.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us")


@njit(cache=True)
def _fill(person, day, value, device):  # type: ignore[no-untyped-def]
    """The nights with single missing ones filled, as the branch for this device does."""
    n = len(day)
    out_person, out_day, out_value = np.empty(2 * n, np.int64), np.empty(2 * n, np.int64), np.empty(2 * n, np.float64)
    filled = np.zeros(2 * n, np.bool_)
    count = 0
    for i in range(n):
        if i > 0 and person[i] == person[i - 1] and day[i] - day[i - 1] == 2:
            after = i + 1 < n and person[i + 1] == person[i] and day[i + 1] - day[i] == 1
            before = i > 1 and person[i - 2] == person[i] and day[i - 1] - day[i - 2] == 1
            if after or (before and device == _FITBIT):
                mean = (value[i] + value[i - 1]) / 2
                mean = np.floor(mean) if device == _FITBIT else np.rint(mean * 10) / 10
                out_person[count], out_day[count], out_value[count], filled[count] = person[i], day[i] - 1, mean, True
                count += 1
        out_person[count], out_day[count], out_value[count] = person[i], day[i], value[i]
        count += 1
    return out_person[:count], out_day[:count], out_value[:count], filled[:count]


@njit(cache=True)
def _levels(person, day, value, yellow, red, consecutive):  # type: ignore[no-untyped-def]
    n = len(day)
    median, spread = np.empty(n, np.float64), np.empty(n, np.float64)
    used, level = np.empty(n, np.int64), np.zeros(n, np.int64)
    so_far = np.empty(n, np.float64)
    count = yellow_run = red_run = 0
    for i in range(n):
        fresh = i == 0 or person[i] != person[i - 1]
        if fresh:
            count = 0
        at = np.searchsorted(so_far[:count], value[i])
        for j in range(count, at, -1):
            so_far[j] = so_far[j - 1]
        so_far[at] = value[i]
        count += 1
        middle = (so_far[(count - 1) // 2] + so_far[count // 2]) / 2
        median[i], used[i] = np.trunc(middle), count
        spread[i] = 1.4826 * np.median(np.abs(so_far[:count] - middle))
        follows = not fresh and day[i] - day[i - 1] == 1
        yellow_run = (yellow_run if follows else 0) + 1 if value[i] >= median[i] + yellow else 0
        red_run = (red_run if follows else 0) + 1 if value[i] >= median[i] + red else 0
        level[i] = 2 if red_run >= consecutive else (1 if yellow_run >= consecutive else 0)
    return median, spread, used, level
