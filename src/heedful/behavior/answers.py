"""Questionnaires scored by their published keys: PHQ-9, GAD-7, WHO-5, AUDIT-C, PSQI.

Every function takes one row a person and gives one row of scores. A missing answer, or one outside its range, makes the scores that need it
missing (none of these keys imputes; only the PSQI takes an unanswered "other reason", q5j, as never). Scores screen; they diagnose nothing.
PHQ-9: a positive item 9 (thoughts of being better off dead or of hurting oneself) is for a human to see, whatever the total says.

PHQ-9: Kroenke, Spitzer and Williams 2001, J Gen Intern Med 16:606. GAD-7: Spitzer et al. 2006, Arch Intern Med 166:1092. WHO-5: Topp et al.
2015, Psychother Psychosom 84:167. AUDIT-C: Bush et al. 1998, Arch Intern Med 158:1789. PSQI: Buysse et al. 1989, Psychiatry Res 28:193.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

_DISTURBANCES = tuple(f"q5{letter}" for letter in "bcdefghi")


def phq9(answers: pl.DataFrame) -> pl.DataFrame:
    """`total` (0 to 27), `severity`, `item9_positive`, `positive_screen_10` from item_1 to item_9 (0 to 3).

    >>> phq9(pl.DataFrame({f"item_{n}": [1, 3] for n in range(1, 10)})).rows()
    [(9, 'mild', True, False), (27, 'severe', True, True)]
    """
    bands = ((5, "minimal"), (10, "mild"), (15, "moderate"), (20, "moderately severe"), (None, "severe"))
    total = _total(9, 3)
    return answers.select(
        total=total, severity=_band(total, bands), item9_positive=_item("item_9", 3) > 0, positive_screen_10=total >= 10
    )  # fmt: skip


def gad7(answers: pl.DataFrame) -> pl.DataFrame:
    """`total` (0 to 21) and `severity` from item_1 to item_7 (0 to 3)."""
    total = _total(7, 3)
    return answers.select(total=total, severity=_band(total, ((5, "minimal"), (10, "mild"), (15, "moderate"), (None, "severe"))))


def who5(answers: pl.DataFrame) -> pl.DataFrame:
    """`raw` (0 to 25), `percent` and `low_wellbeing` (at most 50 %) from item_1 to item_5 (0 to 5)."""
    raw = _total(5, 5)
    return answers.select(raw=raw, percent=4 * raw, low_wellbeing=4 * raw <= 50)


def audit_c(answers: pl.DataFrame) -> pl.DataFrame:
    """`total` (0 to 12), `positive_men_4` and `positive_women_3` from item_1 to item_3 (0 to 4)."""
    total = _total(3, 4)
    return answers.select(total=total, positive_men_4=total >= 4, positive_women_3=total >= 3)


def psqi(answers: pl.DataFrame) -> pl.DataFrame:
    """Seven components (0 to 3), `global` (0 to 21), `poor_sleeper` (over 5) and `sleep_efficiency_percent`.

    From `bedtime`, `risetime` (HH:MM), `latency_minutes`, `hours_slept`, `q5a` to `q5j`, `q6_quality`, `q7_medication`, `q8_awake`,
    `q9_enthusiasm` (0 to 3 each).
    """
    answers = answers.with_columns(sleep_efficiency_percent=_efficiency(answers))
    latency, slept, efficient = (pl.col(name).cast(pl.Float64) for name in ("latency_minutes", "hours_slept", "sleep_efficiency_percent"))
    fell_asleep = _steps(latency, (15, 30, 60)) + _item("q5a", 3)
    disturbed = pl.sum_horizontal([_item(name, 3) for name in _DISTURBANCES], ignore_nulls=False) + _item("q5j", 3).fill_null(0)
    tired = _item("q8_awake", 3) + _item("q9_enthusiasm", 3)
    components = {
        "subjective_quality": _item("q6_quality", 3), "latency": _steps(fell_asleep, (0, 2, 4)),
        "duration": _fall(slept, (7, 6, 5), strict=True), "efficiency": _fall(efficient, (85, 75, 65)),
        "disturbance": _steps(disturbed, (0, 9, 18)), "medication": _item("q7_medication", 3),
        "daytime_dysfunction": _steps(tired, (0, 2, 4)),
    }  # fmt: skip
    scored = answers.select(**components, sleep_efficiency_percent="sleep_efficiency_percent")
    whole = pl.sum_horizontal(list(components), ignore_nulls=False)
    return scored.with_columns(**{"global": whole, "poor_sleeper": whole > 5})


SCORES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "PHQ-9": phq9, "GAD-7": gad7, "WHO-5": who5, "AUDIT-C": audit_c, "PSQI": psqi,
}  # fmt: skip


@method(Card(
    name="questionnaire.score",
    definition="Totals, bands and screens of PHQ-9, GAD-7, WHO-5, AUDIT-C and PSQI by their published keys.",
    units="{score}",
    reference="Kroenke 2001; Spitzer 2006; Topp 2015; Bush 1998; Buysse 1989",
    equals="the published keys",
    limits="A screen, never a diagnosis; the cut-offs come from the populations of these papers.",
))  # fmt: skip
def run_score(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: scores of every row of `responses`, by column."""
    check_arguments("questionnaire.score", arguments, ("instrument",))
    name = str(arguments["instrument"])
    if name not in SCORES:
        raise SettingsError(f"There is no key for the questionnaire {name!r}; there are {', '.join(SCORES)}.")
    return SCORES[name](inputs["responses"]).to_dict(as_series=False)


def _item(name: str, most: int) -> pl.Expr:
    """An answer as a whole number; missing if it is none of 0 to `most`."""
    value = pl.col(name).cast(pl.Float64, strict=False)
    return pl.when(value.is_in([float(n) for n in range(most + 1)])).then(value.cast(pl.Int64, strict=False))


def _total(items: int, most: int) -> pl.Expr:
    return pl.sum_horizontal([_item(f"item_{n}", most) for n in range(1, items + 1)], ignore_nulls=False)


def _band(total: pl.Expr, bands: tuple[tuple[int | None, str], ...]) -> pl.Expr:
    """The first band whose upper bound exceeds the total; missing with it."""
    out = pl.lit(None, dtype=pl.String)
    for bound, label in reversed(bands):
        out = pl.when(total.is_not_null() if bound is None else total < bound).then(pl.lit(label)).otherwise(out)
    return out


def _steps(value: pl.Expr, bounds: tuple[int, int, int]) -> pl.Expr:
    """0 up to the first bound, 1 up to the second, 2 up to the third, 3 above."""
    return pl.sum_horizontal([(value > bound).cast(pl.Int64) for bound in bounds], ignore_nulls=False)


def _fall(value: pl.Expr, bounds: tuple[int, int, int], *, strict: bool = False) -> pl.Expr:
    """0 from the first bound on, 3 below the third; `strict`: 0 only above the first."""
    first = value <= bounds[0] if strict else value < bounds[0]
    return pl.sum_horizontal([first.cast(pl.Int64), *[(value < bound).cast(pl.Int64) for bound in bounds[1:]]], ignore_nulls=False)


def _efficiency(answers: pl.DataFrame) -> pl.Series:
    """Hours slept as a share of the hours from bedtime to rising (a day at most), in percent."""
    bed, rise = (_clock_minutes(answers.get_column(name)) for name in ("bedtime", "risetime"))
    hours = ((rise - bed) % 1440) / 60
    slept = answers.get_column("hours_slept").cast(pl.Float64).fill_null(np.nan).to_numpy()
    share = 100 * np.divide(slept, hours, out=np.full(len(hours), np.nan), where=hours > 0)
    return pl.Series(share, dtype=pl.Float64).fill_nan(None)


def _clock_minutes(column: pl.Series) -> NDArray[np.float64]:
    """Minutes after midnight of HH:MM, also with seconds; NaN if it cannot be read."""
    text = column.cast(pl.String)
    at = text.str.to_time("%H:%M", strict=False).fill_null(text.str.to_time("%H:%M:%S", strict=False))
    return (60 * at.dt.hour().cast(pl.Float64) + at.dt.minute()).fill_null(np.nan).to_numpy()
