"""Which side and withdrawal effects public posts tell of with a treatment, beside what would be told if telling did not depend on it.

People are counted once for each treatment. A pair of treatment and effect is withheld, together with every figure that would give it
away, where fewer people than the site's minimum stand in a cell of its fourfold table.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.population.safety.accounts import count_accounts
from heedful.population.safety.ebgm import learned_scores
from heedful.population.safety.fourfold import fourfold
from heedful.population.safety.prr import prr
from heedful.population.safety.ror import ror
from heedful.report.content import Safety

AXES = ("adverse", "withdrawal")
LEAST_TREATMENTS, LEAST_ACCOUNTS = 3, 50
"""With fewer treatments "all others" is one other medicine; with fewer accounts nearly every expected count lies below one person."""
EB05_ABOVE = 2.0
"""Usual rule for EBGM: Szarfman, Machado & O'Neill 2002, Drug Saf 25:381-392."""

_PAIR = ["treatment", "axis", "effect"]


def disproportion(experiences: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Every pair told of, as rows of `Safety`; none where there is too little to compare (`lacking` says what).

    Parameters
    ----------
    experiences: rows of `Experiences`; those of diaries are left out. minimum: smallest number of people that is shown.
    """
    told = public_accounts(experiences)
    if lacking(experiences):
        return Safety.empty()
    pairs = count_accounts(told, told["source"].unique().to_list()).pairs
    table = fourfold(*(pairs[name].to_numpy() for name in ("observed", "drug_total", "effect_total", "total")))
    proportional, odds = prr(table), ror(table)
    shrunk = _shrunk(pairs)
    numbers = {
        "people": pairs["observed"],
        "expected": pairs["expected"],
        "prr": _finite(proportional.ratio),
        "prr_low": _finite(proportional.low),
        "prr_high": _finite(proportional.high),
        "ror": _finite(odds.ratio),
        "ror_low": _finite(odds.low),
        "ror_high": _finite(odds.high),
        **shrunk,
        "by_prr": pl.Series(proportional.signal),
        "by_ror": pl.Series(odds.signal),
        "by_ebgm": shrunk["eb05"] > EB05_ABOVE,
    }
    axis, effect = _unpacked(pairs["effect"])
    rows = pl.DataFrame({"treatment": pairs["drug"], "axis": axis, "effect": effect, "suppressed": _suppressed(pairs, minimum), **numbers})
    shown = pl.col("suppressed") == ""
    return Safety.check(rows.with_columns(pl.when(shown).then(pl.col(name)).alias(name) for name in numbers).sort(_PAIR))


def lacking(experiences: pl.DataFrame) -> str:
    """Why the experiences are too few to compare treatments; empty if they are enough."""
    told = public_accounts(experiences)
    if told.filter(pl.col("effect") != "").is_empty():
        return "No public text tells of a side effect or of a withdrawal effect with a treatment."
    treatments, accounts = told["drug"].n_unique(), told.select("person", "drug").n_unique()
    if treatments < LEAST_TREATMENTS:
        return f"Public texts tell of {treatments} of the {LEAST_TREATMENTS} treatments that a comparison needs at least."
    if accounts < LEAST_ACCOUNTS:
        return f"Public texts hold {accounts} accounts (a person and a treatment); a comparison needs at least {LEAST_ACCOUNTS}."
    return ""


def public_accounts(experiences: pl.DataFrame) -> pl.DataFrame:
    """Rows person, drug, effect, source, day for `count_accounts`: an effect is its axis and name; what helped or was stopped is none."""
    label = pl.when(pl.col("effect_label") != "").then("effect_label").otherwise("effect").fill_null("")
    effect = pl.when(pl.col("axis").is_in(AXES) & (label != "")).then(pl.concat_str("axis", label, separator=":")).otherwise(pl.lit(""))
    return experiences.filter(pl.col("source") != "diary").select(
        person="author", drug=pl.when(pl.col("treatment_label") != "").then("treatment_label").otherwise("treatment"), effect=effect,
        source="source", day="day",
    )  # fmt: skip


def _unpacked(effect: pl.Series) -> tuple[pl.Series, pl.Series]:
    parts = effect.str.splitn(":", 2)
    return parts.struct.field("field_0"), parts.struct.field("field_1")


def _shrunk(pairs: pl.DataFrame) -> dict[str, pl.Series]:
    """EBGM of every pair; null for all where they are too few, or where the fit ended at one optimum from one start alone."""
    found = learned_scores(pairs["observed"].to_numpy(), pairs["expected"].to_numpy())
    if found is None:
        return {name: pl.repeat(None, pairs.height, dtype=pl.Float64, eager=True) for name in ("ebgm", "eb05", "eb95")}
    return {"ebgm": _finite(found.ebgm), "eb05": _finite(found.low), "eb95": _finite(found.high)}


def _finite(values: npt.NDArray[np.float64]) -> pl.Series:
    return pl.Series(np.where(np.isfinite(values), values, np.nan)).fill_nan(None)


def _suppressed(pairs: pl.DataFrame, minimum: int) -> pl.Series:
    """'minimum' for a pair with a cell below it; 'complementary' for the smallest shown pair of an effect whose withheld ones would
    otherwise follow by subtraction, since the total of an effect can be had from any of its expected counts."""
    told, drug, effect, total = (pl.col(name) for name in ("observed", "drug_total", "effect_total", "total"))
    small = pl.any_horizontal([cell.is_between(1, minimum - 1) for cell in (told, drug - told, total - drug - effect + told)])
    judged = pairs.with_row_index("row").with_columns(small=small)
    hidden, people = pl.col("small").sum().over("effect"), pl.col("observed").filter("small").sum().over("effect")
    open_ = (hidden == 1) | people.is_between(1, minimum - 1)
    least = (pl.col("row") == pl.col("row").sort_by("observed", "row").first()).over("effect", "small")
    reason = pl.when("small").then(pl.lit("minimum")).when(open_ & least).then(pl.lit("complementary")).otherwise(pl.lit(""))
    return judged.select(reason.alias("suppressed"))["suppressed"]
