"""Steps within the day: sums, bouts of rest and activity, fragmentation and walking cadence, of each time segment with minutes.

A row is a minute. A bout is a run of rows of one segment with at least (active) or fewer than (sedentary) the threshold of steps; minutes
that are not there do not break it. Days without any step are left out, and minutes with more steps than plausible. `peakNminutecadence`
is the mean of the N highest minutes, `maxNminutecadence` the highest mean of N rows in a row; both need N rows. The uncensored mean leaves
out runs of an hour or more without steps, taken as not worn. Bands of cadence include the step above their upper end, as the peer counts.
Without a bout of its kind a feature is missing, not 0.

Tudor-Locke et al. 2017 (cadence). Equal to RAPIDS (carissalow/rapids cd01725d, AGPL, its numbers only), fitbit_steps_intraday.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from heedful.behavior.segments import COMMON_ARGUMENTS, as_case, assign, in_study, keyed, rows_of, segments_for
from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

_BANDS = ("0", "1to19", "20to39", "40to59", "60to79", "80to99", "100to119")
_ARGUMENTS = frozenset({
    "reference_hour", "threshold_active_bout", "threshold_device_nonwear_time", "threshold_minute_level_step_count",
    "include_zero_step_rows",
})  # fmt: skip


@dataclass(frozen=True)
class Steps:
    """Settings: hour from which times count, steps a minute of an active bout, minutes without steps that are not worn (0: never), most
    steps a minute (0: no limit), whether days without steps count."""

    reference_hour: int = 0
    active: int = 10
    not_worn_minutes: int = 60
    most_a_minute: int = 1000
    days_without_steps: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.reference_hour < 24 or min(self.active, self.not_worn_minutes, self.most_a_minute) < 0:
            raise SettingsError(f"{self}: the hour must be 0 to 23, the thresholds not below 0.")


def steps_features(placed: pl.DataFrame, settings: Steps) -> pl.DataFrame:
    """Features of each segment. `placed` has one row a minute and segment in order of time: the segment's columns, `steps`, `local`."""
    steps = pl.col("steps")
    clock = (pl.col("local").dt.hour().cast(pl.Float64) - settings.reference_hour) * 60 + pl.col("local").dt.minute() + (
        pl.col("local").dt.second() / 60
    )  # fmt: skip
    sums = placed.group_by("name", maintain_order=True).agg(
        sumsteps=steps.sum(), maxsteps=steps.max(), minsteps=steps.min(), avgsteps=steps.mean(), stdsteps=steps.std(),
        firststeptime=clock.filter(steps != 0).first(), laststeptime=clock.filter(steps != 0).last(), **_cadence(),
    )  # fmt: skip
    bouts = _runs(placed, steps >= settings.active)
    out = keyed(placed).join(sums, left_on="local_segment", right_on="name", how="inner")
    for table in (_bouts(bouts, "sedentary", False), _bouts(bouts, "active", True), _fragmentation(bouts), _worn(placed, settings)):
        out = out.join(table, left_on="local_segment", right_on="name", how="left")
    return out


def _cadence() -> dict[str, pl.Expr]:
    steps = pl.col("steps")
    enough = {n: pl.len() >= n for n in (1, 5, 20, 30, 60)}
    return {
        "meancadence": steps.mean(),
        **{f"peak{n}minutecadence": pl.when(enough[n]).then(steps.top_k(n).mean()) for n in (1, 30, 60)},
        **{f"max{n}minutecadence": pl.when(enough[n]).then(steps.rolling_mean(n).max()) for n in (5, 20, 30, 60)},
        **{f"totalminutes{name}cadence": steps.is_between(*_band(name)).sum() for name in _BANDS},
        "totalminutes120pluscadence": (steps >= 120).sum(),
        **{f"totalminutesabove{n}cadence": (steps > n).sum() for n in (0, 19, 100)},
    }


def _band(name: str) -> tuple[int, int]:
    """Both ends of a cadence band, the upper one step above its name: RAPIDS counts a minute of 20 steps in 1to19 and in 20to39."""
    low, _, high = name.partition("to")
    return int(low), int(high or low) + 1


def _runs(placed: pl.DataFrame, state: pl.Expr) -> pl.DataFrame:
    """Runs of rows of one segment and state: `name`, `state`, `minutes`, `total` steps."""
    runs = placed.with_columns(state=state).with_columns(run=pl.struct("name", "state").rle_id())
    return runs.group_by("run", maintain_order=True).agg(
        pl.col("name").first(), pl.col("state").first(), minutes=pl.len().cast(pl.Float64), total=pl.col("steps").sum()
    )


def _bouts(bouts: pl.DataFrame, kind: str, active: bool) -> pl.DataFrame:
    minutes = pl.col("minutes")
    return bouts.filter(pl.col("state") == active).group_by("name").agg(
        minutes.count().cast(pl.Float64).alias(f"countepisode{kind}bout"),
        *(how.alias(f"{name}duration{kind}bout") for name, how in (
            ("sum", minutes.sum()), ("max", minutes.max()), ("min", minutes.min()), ("avg", minutes.mean()), ("std", minutes.std()),
        )),
    )  # fmt: skip


def _fragmentation(bouts: pl.DataFrame) -> pl.DataFrame:
    minutes, count = pl.col("minutes"), pl.len().cast(pl.Float64)
    weight = 2 * pl.int_range(1, pl.len() + 1).cast(pl.Float64) - count - 1
    return bouts.filter(pl.col("state")).group_by("name").agg(
        activetosedentarytransitionprobability=1 / minutes.mean(),
        sumdurationactivitylessthan5minutes=minutes.filter(minutes < 5).sum(),
        sumdurationactivity5to105minutes=minutes.filter(minutes.is_between(5, 10)).sum(),
        sumdurationactivitygreaterthan10minutes=minutes.filter(minutes > 10).sum(),
        ginicoefficient=(weight * minutes.sort()).sum() / (count * minutes.sum()),
    )  # fmt: skip


def _worn(placed: pl.DataFrame, settings: Steps) -> pl.DataFrame:
    """Mean cadence over the minutes that are taken as worn."""
    runs = _runs(placed, pl.col("steps") == 0)
    limit = settings.not_worn_minutes
    worn = pl.col("minutes").filter(~(pl.col("state") & (pl.col("minutes") >= limit))) if limit else pl.col("minutes")
    return runs.group_by("name").agg(uncensoredmeancadence=pl.when(worn.sum() > 0).then(pl.col("total").sum() / worn.sum()))


@method(Card(
    name="features.steps_intraday",
    definition="Sums of steps, sedentary and active bouts, fragmentation and walking cadence of a time segment.",
    units="{steps}; min; {steps}/min; 1",
    reference="Vega et al. 2021, Front Digit Health 3:769823 (RAPIDS); Tudor-Locke et al. 2017",
    equals="RAPIDS cd01725d fitbit_steps_intraday, its own test file, within 1e-9",
    limits="A bout spans minutes without a row; sleep is not left out here.",
))  # fmt: skip
def run_steps(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: one row a segment with minutes."""
    check_arguments("features.steps_intraday", arguments, _ARGUMENTS | COMMON_ARGUMENTS)
    settings = Steps(
        int(arguments.get("reference_hour", 0)), int(arguments.get("threshold_active_bout", 10)),
        int(arguments.get("threshold_device_nonwear_time", 60)), int(arguments.get("threshold_minute_level_step_count", 1000)),
        bool(arguments.get("include_zero_step_rows", False)),
    )  # fmt: skip
    rows = rows_of(inputs["raw"], arguments).with_columns(pl.col("steps").cast(pl.Float64))
    kept = in_study(rows, arguments)
    if not settings.days_without_steps:
        kept = kept.filter(pl.col("steps").sum().over(pl.col("local").dt.date()) > 0)
    if settings.most_a_minute:
        kept = kept.filter(pl.col("steps") <= settings.most_a_minute)
    if kept.is_empty():
        return {}
    placed = assign(kept, segments_for(rows, inputs["time_segments"], arguments)).sort("order", "name", "at_ms", maintain_order=True)
    return as_case(steps_features(placed, settings), "fitbit_steps_intraday_rapids_") if placed.height else {}
