"""Sources that fell silent: a device that stopped delivering what it used to, or that delivers nothing but zeros.

A missing day looks like a quiet life unless somebody says that the watch is in a drawer. For every person, device and code the days
with data are taken; the usual gap is the 95 % point of the days between two of them. A source has `stopped` when the days since its
last delivery are more than twice its usual gap, and more than three. It gives `only zeros` when its newest days are all zero and that
many zeros in a row would come with a probability under 0.001, had each day the share of zeros that the days before them had
(one zero and one other day added, after Laplace). Of fewer than seven days with data nothing is said.
"""

from __future__ import annotations

from datetime import date

import polars as pl

LOOKBACK_DAYS = 120
LEAST_DAYS = 7
LEAST_SILENCE = 3
RARE = 0.001
_COUNTED = ("steps", "distance", "active_energy", "floors", "activity_count", "exercise_minutes", "active_zone_minutes")
"""Codes of which a zero is a claim about the person; of others a zero is not plausible and never gets here."""

SOURCE_STATE: dict[str, pl.DataType] = {
    "person": pl.String(), "device": pl.String(), "code": pl.String(), "state": pl.String(), "last_day": pl.Date(),
    "days_delivered": pl.Int64(), "usual_gap": pl.Int64(), "silent_days": pl.Int64(), "zero_days": pl.Int64(), "sentence": pl.String(),
}  # fmt: skip


def source_states(days: pl.DataFrame, today: date) -> pl.DataFrame:
    """The state of every source of every person.

    Parameters
    ----------
    days: columns person, device, code, day and `value`, the greatest value of that day (null for coded values); days may repeat.
    today: the day on which it is asked; later days are not looked at.

    Returns
    -------
    One row a person, device and code of `SOURCE_STATE`: `state` is 'delivering', 'stopped', 'only zeros' or 'too few days'; `silent_days`
    are those since the last day with data, `zero_days` the newest days in a row that are all zero, `usual_gap` in days.

    >>> steady = pl.DataFrame({"day": [date(2026, 1, d) for d in range(1, 15)]}).with_columns(
    ...     person=pl.lit("p"), device=pl.lit("Watch"), code=pl.lit("steps"), value=pl.lit(4000.0))
    >>> source_states(steady, date(2026, 1, 16))["state"].item(), source_states(steady, date(2026, 1, 20))["state"].item()
    ('delivering', 'stopped')
    """
    source = ["person", "device", "code"]
    seen = days.filter(pl.col("day") <= today, pl.col("day") > pl.lit(today).dt.offset_by(f"-{LOOKBACK_DAYS}d"))
    seen = seen.group_by(*source, "day").agg(pl.col("value").max()).sort(*source, "day")
    seen = seen.with_columns(
        gap=pl.col("day").diff().dt.total_days().over(source),
        zero=((pl.col("value") == 0) & pl.col("code").is_in(_COUNTED)).fill_null(False),
    )
    seen = seen.with_columns(newest_zero=(~pl.col("zero")).cast(pl.Int64).reverse().cum_sum().reverse().over(source) == 0)
    earlier = ~pl.col("newest_zero")
    states = seen.group_by(source, maintain_order=True).agg(
        last_day=pl.col("day").last(),
        days_delivered=pl.len().cast(pl.Int64),
        usual_gap=pl.col("gap").quantile(0.95, "higher").cast(pl.Int64),
        zero_days=pl.col("newest_zero").sum().cast(pl.Int64),
        zero_share=((pl.col("zero") & earlier).sum() + 1) / (earlier.sum() + 2),
        earlier_days=earlier.sum(),
    )
    states = states.with_columns(silent_days=(pl.lit(today) - pl.col("last_day")).dt.total_days())
    stopped = (pl.col("silent_days") > LEAST_SILENCE) & (pl.col("silent_days") > 2 * pl.col("usual_gap"))
    zeros = (pl.col("earlier_days") >= LEAST_DAYS) & (pl.col("zero_share") ** pl.col("zero_days") < RARE)
    states = states.with_columns(
        state=pl.when(pl.col("days_delivered") < LEAST_DAYS).then(pl.lit("too few days"))
        .when(stopped).then(pl.lit("stopped")).when(zeros).then(pl.lit("only zeros")).otherwise(pl.lit("delivering"))
    )  # fmt: skip
    return states.with_columns(sentence=_sentence()).select(*SOURCE_STATE)


def _sentence() -> pl.Expr:
    what = pl.format("{} of {}", pl.col("code").str.replace_all("_", " "), "device")
    before = pl.format("its {} days with data are usually at most {} apart", "days_delivered", _days("usual_gap"))
    return (
        pl.when(pl.col("state") == "stopped")
        .then(pl.format("{}: nothing for {}, last on {}; {}.", what, _days("silent_days"), pl.col("last_day").cast(pl.String), before))
        .when(pl.col("state") == "only zeros")
        .then(pl.format("{}: nothing but zeros on the newest {} with data; before, zeros were rare.", what, _days("zero_days")))
        .when(pl.col("state") == "too few days")
        .then(pl.format("{}: {} with data, too few to know what is usual.", what, _days("days_delivered")))
        .otherwise(pl.format("{}: delivering, last on {}.", what, pl.col("last_day").cast(pl.String)))
    )


def _days(column: str) -> pl.Expr:
    return pl.format("{} {}", column, pl.when(pl.col(column) == 1).then(pl.lit("day")).otherwise(pl.lit("days")))
