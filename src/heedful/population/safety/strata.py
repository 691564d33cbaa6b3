"""Strata of spontaneous reports by what each report says of the person's age and sex, within which expected counts are taken.

A drug of the old and an effect of the old are told of together without either doing anything: within age groups the excess goes. A report
that does not say is a stratum of its own, "unknown", never left out and never guessed.

Reference: DuMouchel 1999, Am Stat 53:177-190; Szarfman, Machado & O'Neill 2002, Drug Saf 25:381-392 (strata by age group and sex).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from heedful.core.errors import SettingsError

AGE_BREAKS = (2, 5, 13, 17, 46, 76, 86)
"""First year of each age group but the youngest."""
OLDEST = 120
UNKNOWN = "unknown"


def age_group() -> pl.Expr:
    """Group of the column `age` (years): "0-1", "2-4", …, "86+"; "unknown" where it is missing or outside 0 to `OLDEST`."""
    starts = (0, *AGE_BREAKS)
    names = [f"{low}-{high - 1}" for low, high in zip(starts, AGE_BREAKS, strict=False)] + [f"{starts[-1]}+"]
    group = pl.lit(names[-1])
    for below, name in zip(reversed(AGE_BREAKS), reversed(names[:-1]), strict=True):
        group = pl.when(pl.col("age") < below).then(pl.lit(name)).otherwise(group)
    return pl.when(pl.col("age").is_between(0, OLDEST)).then(group).otherwise(pl.lit(UNKNOWN))


def sex_group() -> pl.Expr:
    """Of the column `sex`: "F", "M", or "unknown" for anything else."""
    return pl.when(pl.col("sex").is_in(["F", "M"])).then(pl.col("sex")).otherwise(pl.lit(UNKNOWN))


GROUPS: dict[str, Callable[[], pl.Expr]] = {"age": age_group, "sex": sex_group}


def with_strata(reports: pl.DataFrame, strata: Sequence[str]) -> pl.DataFrame:
    """`reports` with `stratum`, the groups of all `strata` in one text; unchanged without strata.

    reports: rows of `heedful.population.safety.accounts` with the columns `age` (years, null where the report does not say) and `sex`
    (F, M, empty). strata: of `GROUPS`. Errors: `SettingsError` for another name, one given twice, or one that no report says anything of.

    >>> rows = pl.DataFrame({"person": ["a", "b", "c"], "age": [1.9, 80.0, None], "sex": ["F", "", "M"]})
    >>> with_strata(rows, ["age", "sex"])["stratum"].to_list()
    ['0-1, F', '76-85, unknown', 'unknown, M']
    """
    if not strata:
        return reports
    wrong = [name for name in strata if name not in GROUPS]
    if wrong or len(set(strata)) < len(strata):
        raise SettingsError(f"Strata are of {', '.join(GROUPS)}, each named once; not {', '.join(strata)}.")
    grouped = reports.with_columns(GROUPS[name]().alias(f"_{name}") for name in strata if name in reports.columns)
    for name in strata:
        if f"_{name}" not in grouped.columns or grouped.filter(pl.col(f"_{name}") != UNKNOWN).is_empty():
            raise SettingsError(f"No report says its {name}, so there are no strata of it. Leave it out, or give files that carry it.")
    parts = [f"_{name}" for name in strata]
    return grouped.with_columns(stratum=pl.concat_str(parts, separator=", ")).drop(parts)


def unknown(reports: pl.DataFrame, strata: Sequence[str]) -> dict[str, int]:
    """Of each stratum, how many reports do not say it."""
    people = reports.unique("person")
    return {name: people.filter(GROUPS[name]() == UNKNOWN).height for name in strata}
