"""Values that changed as if their unit had: pounds written as kilograms, inches as centimeters, millimoles as milligrams.

A value is asked about when it stands, within `NEAR`, at the factor of two units to the median of what the same person's rows said in the
180 days before it. No body weighs 2.2 times as much half a year later. Only the change can be seen: where all rows of a person are in the
wrong unit nothing is found, unless the value itself is beyond what is plausible (then it was set aside when it was read).

A finding is a question; the value stays until the file says another. The rule is heedful's own.
"""

from __future__ import annotations

import math

import polars as pl

from heedful.core.codes import CODES

WINDOW = "180d"
NEAR = 1.1
"""How far from the factor, as a ratio: a weight moves by a tenth in half a year, seldom more."""
FACTORS: dict[str, tuple[tuple[float, str], ...]] = {
    "body_weight": ((2.20462, "pounds"), (0.157473, "stones")),
    "body_height": ((0.393701, "inches"), (0.01, "meters")),
    "glucose": ((1 / 18.016, "mmol/L"),),
}
"""How many of another unit make one of ours, by code."""
FOUND = {
    "person": pl.String, "code": pl.String, "day": pl.Date, "device": pl.String, "value": pl.Float64, "usual": pl.Float64,
    "unit": pl.String, "says": pl.String,
}  # fmt: skip


def unit_jumps(observations: pl.DataFrame) -> pl.DataFrame:
    """Rows that look as if written in another unit: person, code, day, device, value, usual (median before it), unit, says.

    `observations`: rows of `Observations`. A row without earlier rows of its person and code in the window is not asked about. A change
    back, to 1/2.2 of what was said before, is found as well, and says so.

    >>> from datetime import UTC, date, datetime, timedelta
    >>> at = [datetime(2026, 3, n, tzinfo=UTC) for n in (1, 2, 3)]
    >>> rows = {"person": "p", "code": "body_weight", "start_at": at, "device": "scale", "value": [70.0, 71.0, 155.0]}
    >>> found = unit_jumps(pl.DataFrame(rows).with_columns(day=pl.col("start_at").dt.date()))
    >>> found.select("day", "usual", "says").rows()
    [(datetime.date(2026, 3, 3), 70.5, '2.2 times what the 180 days before say: written in pounds?')]
    """
    rows = observations.filter(pl.col("code").is_in(list(FACTORS)) & (pl.col("value") > 0)).sort("person", "code", "start_at", "device")
    if rows.is_empty():
        return pl.DataFrame(schema=FOUND)
    usual = pl.col("value").rolling_median_by("start_at", window_size=WINDOW, closed="left").over("person", "code")
    rows = rows.with_columns(usual=usual).filter(pl.col("usual").is_not_null())
    parts = [
        rows.filter((pl.col("code") == code) & ((pl.col("value") / pl.col("usual") / ratio).log().abs() < math.log(NEAR))).with_columns(
            says=_says(name, forward=ratio == factor), unit=pl.lit(CODES[code].unit)
        )
        for code, factors in FACTORS.items()
        for factor, name in factors
        for ratio in (factor, 1 / factor)
    ]
    return pl.concat(parts).select(list(FOUND)).sort("person", "code", "day", "device", "value")


def _says(name: str, *, forward: bool) -> pl.Expr:
    times = (pl.col("value") / pl.col("usual")).round_sig_figs(2).cast(pl.String)
    told = f"written in {name}?" if forward else f"were those written in {name}?"
    return pl.format("{} times what the 180 days before say: {}", times, pl.lit(told))
