"""Spontaneous reports by the same measures as public telling, never in one table with it: others report, for other reasons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from heedful.core.errors import SettingsError
from heedful.population.cases import Floats
from heedful.population.safety.accounts import SPONTANEOUS, count_accounts
from heedful.population.safety.ebgm import learned_scores
from heedful.population.safety.fourfold import fourfold
from heedful.population.safety.information_component import information_component
from heedful.population.safety.masking import masking
from heedful.population.safety.prr import prr
from heedful.population.safety.ror import ror
from heedful.population.safety.strata import with_strata

LEAST_REPORTS = 3
_FOURFOLD = ("observed", "drug_total", "effect_total", "total")


def spontaneous_signals(reports: pl.DataFrame, strata: Sequence[str] = ()) -> pl.DataFrame:
    """Drug, effect, reports, expected, prr, ror, ic and ebgm with their intervals, by_prr, by_ror, by_ic of pairs with at least
    `LEAST_REPORTS`; masked_by, another drug without whose reports fewer of the effect would be expected, and expected_without it; signals
    first. ebgm and eb05 are null where the pairs are too few to learn from.

    reports: rows person (the report), drug, effect, source, none of them of public posts; for strata age (years) and sex, too.
    strata: "age", "sex". expected, ic and ebgm are then taken within them and signals by IC come first; PRR, ROR, masking have none.
    Errors: `SettingsError` if a source is 'social', or for strata that no report tells of.
    """
    counted = count_accounts(with_strata(reports, strata), ())
    if set(counted.pairs["kind"].unique()) - {SPONTANEOUS}:
        raise SettingsError("spontaneous_signals: public posts are counted apart; leave them out.")
    pairs = counted.pairs
    table = fourfold(*(pairs[name].to_numpy() for name in _FOURFOLD))
    proportional, odds = prr(table), ror(table)
    observed, expected = pairs["observed"].to_numpy(), pairs["expected"].to_numpy()
    component = information_component(observed, expected)
    shrunk = learned_scores(observed, expected)
    effect = pairs["effect"].rank("dense").to_numpy().astype(np.int64) - 1
    told, drug_total, effect_total, total = (pairs[name].to_numpy() for name in _FOURFOLD)
    hidden = masking(effect, told, drug_total, effect_total, total)
    masker = pl.Series(np.where(hidden.masker >= 0, hidden.masker, 0))
    nothing = np.full(pairs.height, np.nan)
    rows = pairs.select("drug", "effect", "expected", reports="observed").with_columns(
        prr=_finite(proportional.ratio), prr_low=_finite(proportional.low), prr_high=_finite(proportional.high),
        ror=_finite(odds.ratio), ror_low=_finite(odds.low), ror_high=_finite(odds.high),
        ic=_finite(component.estimate), ic_low=_finite(component.low),
        ebgm=_finite(shrunk.ebgm if shrunk else nothing), eb05=_finite(shrunk.low if shrunk else nothing),
        masked_by=pl.when(pl.Series(hidden.masker >= 0)).then(pairs["drug"].gather(masker)).otherwise(pl.lit("")),
        expected_without=_finite(hidden.expected),
        by_prr=pl.Series(proportional.signal), by_ror=pl.Series(odds.signal), by_ic=pl.Series(component.signal),
    )  # fmt: skip
    kept = rows.filter(pl.col("reports") >= LEAST_REPORTS)
    excess = pl.col("reports") - pl.col("expected")
    rules = pl.col("by_prr").cast(pl.Int8) + pl.col("by_ror").cast(pl.Int8)
    first = pl.col("by_ic").cast(pl.Int8) if strata else rules
    return kept.sort(first, excess, "drug", "effect", descending=[True, True, False, False])


def _finite(values: Floats) -> pl.Series:
    return pl.Series(np.where(np.isfinite(values), values, np.nan)).fill_nan(None)
