"""Masking: a drug that is told of so often for an effect that the effect looks usual, and other drugs' signals for it vanish.

The masking ratio of a drug and an effect is the factor by which every other drug's relative reporting ratio for that effect would rise,
were the drug's accounts taken away: (effect's share of all accounts) / (its share of the accounts of other drugs).

Reference: Maignen, Hauben, Hung & van Holle 2014, Pharmacoepidemiol Drug Saf 23:195-207; Wang et al. 2010, Drug Saf 33:1117-1133.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.population.safety.fourfold import Floats, fourfold

CARD = Card(
    name="safety.masking",
    definition="Factor by which other drugs' observed over expected for an effect rises when the drug that hides it most is taken away; "
    "and the pairs' expected counts without it.",
    units="1",
    reference="Maignen et al. 2014, Pharmacoepidemiol Drug Saf 23:195-207",
    limits="One masking drug an effect; expected counts without strata.",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class Masking:
    """[pairs]. `ratio`: the pair's own masking ratio (above 1: it hides others), infinite where nobody else tells of the effect.
    `masker`: which pair masks this one, -1 if none has a ratio above `least`. `expected`: the pair's expected count once its masker's
    accounts are taken away; its plain one without a masker."""

    ratio: Floats
    masker: npt.NDArray[np.int64]
    expected: Floats


def masking(
    effect: npt.NDArray[np.int64], observed: npt.ArrayLike, drug_total: npt.ArrayLike, effect_total: npt.ArrayLike, total: npt.ArrayLike,
    least: float = 1.1,
) -> Masking:  # fmt: skip
    """Which pairs hide which.

    Parameters
    ----------
    effect: [pairs], number of the effect. observed, drug_total, effect_total, total: accounts, as in `fourfold`.
    least: smallest ratio that makes a drug a masker of its effect.

    Errors: `SettingsError` if `least` is under 1, or totals do not fit.

    >>> found = masking(np.array([0, 0]), [90, 2], [100, 10], 100, 1000)
    >>> found.ratio.round(2).tolist(), found.masker.tolist(), found.expected.round(2).tolist()
    ([9.0, 1.01], [-1, 0], [10.0, 0.11])
    """
    if least < 1:
        raise SettingsError(f"masking: a ratio under 1 hides nothing; the least is 1 or more, not {least}.")
    table = fourfold(observed, drug_total, effect_total, total)
    everything, effects = np.add.reduce(table), table.both + table.effect_only
    drugs = table.both + table.drug_only
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (effects / everything) / (table.effect_only / (everything - drugs))
    masker = _strongest(effect, ratio, least)
    other = np.maximum(masker, 0)
    hidden = drugs * (effects - table.both[other]) / np.maximum(everything - drugs[other], 1)
    return Masking(ratio, masker, np.where(masker >= 0, hidden, drugs * effects / everything))


def _strongest(effect: npt.NDArray[np.int64], ratio: Floats, least: float) -> npt.NDArray[np.int64]:
    """The other pair of the same effect with the largest ratio above `least`."""
    order = np.lexsort((-np.nan_to_num(ratio, nan=-np.inf), effect))
    begins = np.flatnonzero(np.diff(effect[order], prepend=effect.min(initial=0) - 1))
    group = np.cumsum(np.isin(np.arange(len(order)), begins)) - 1
    first = order[begins[group]]
    second_place = np.minimum(begins[group] + 1, len(order) - 1)
    second = np.where(effect[order[second_place]] == effect[order], order[second_place], -1)
    chosen = np.where(first == order, second, first)
    masker = np.full(len(order), -1, dtype=np.int64)
    masker[order] = np.where((chosen >= 0) & (ratio[np.maximum(chosen, 0)] > least), chosen, -1)
    return masker
