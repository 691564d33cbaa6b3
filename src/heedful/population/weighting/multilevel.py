"""Multilevel regression and post-stratification (MRP) of a yes-or-no answer: small groups borrow strength, the population does the rest.

log odds = fixed effects + one normal effect for each level of each grouping. Fixed effects and standard deviations maximize the Laplace
approximation of the likelihood; the levels' effects are those most likely given them. Each cell of the population then counts with its
size. Levels that the sample lacks have effect 0.

Reference: Park, Gelman & Bafumi 2004, Polit Anal 12:375-385; Breslow & Clayton 1993, J Am Stat Assoc 88:9-25.
Equals lme4 `glmer` (nAGQ = 1) within 0.005.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.special import expit

from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats
from heedful.population.survey.calibrate import model_matrix
from heedful.population.survey.design import Codes

MOST_STEPS = 100
_SETTLED = 1e-10
_MOST_HALVINGS = 30


@dataclass(frozen=True)
class Multilevel:
    """A fitted model: `fixed` effects; for each grouping the standard deviation `deviations` and the `effects` of its levels;
    `log_likelihood`, Laplace's."""

    fixed: Floats
    deviations: Floats
    effects: tuple[Floats, ...]
    log_likelihood: float

    def probability(self, variables: Floats, groups: Sequence[Codes]) -> Floats:
        """Probability of yes for rows with `variables` [rows, fixed] and levels `groups`, -1 for one that the sample lacks."""
        odds = variables @ self.fixed
        for effect, levels in zip(self.effects, groups, strict=True):
            odds = odds + np.where(levels >= 0, effect[levels], 0.0)
        return expit(odds)


def fit_multilevel(answers: Floats, variables: Floats, groups: Sequence[Codes]) -> Multilevel:
    """Fit the model.

    Parameters
    ----------
    answers: [n] 0 or 1. variables: [n, fixed]. groups: for each grouping the level 0, 1, … of every row.

    Errors: `SettingsError` if answers are not 0 and 1, or the fit does not end.

    >>> levels = np.repeat([0, 1, 2], 20)
    >>> answers = np.tile([1.0, 0, 0, 0, 0], 12)
    >>> model = fit_multilevel(answers, np.ones((60, 1)), [levels])
    >>> model.fixed.round(3).tolist(), bool(model.deviations[0] < 0.01)
    ([-1.386], True)
    """
    from scipy.optimize import minimize  # 16 MB and slow to load: only where one is fitted

    if not np.isin(answers, (0.0, 1.0)).all() or answers.min() == answers.max():
        raise SettingsError("fit_multilevel: answers must be 0 and 1, and both must occur.")
    indicators = [np.eye(int(levels.max()) + 1)[levels] for levels in groups]
    sizes = [block.shape[1] for block in indicators]
    stacked = np.hstack(indicators)
    fixed = variables.shape[1]
    modes = np.zeros(stacked.shape[1])

    def deviance(point: Floats) -> float:
        scale = np.repeat(point[fixed:], sizes)
        modes[:], value = laplace(answers, variables @ point[:fixed], stacked * scale, modes)
        return value

    start = np.concatenate([_pooled(answers, variables), np.full(len(groups), 0.5)])
    bounds = [(None, None)] * fixed + [(0.0, None)] * len(groups)
    rough = minimize(deviance, start, method="L-BFGS-B", bounds=bounds, options={"eps": 1e-6, "ftol": 1e-12})
    found = minimize(
        deviance, rough.x, method="Nelder-Mead", bounds=bounds, options={"xatol": 1e-6, "fatol": 1e-9, "maxfev": 4000, "adaptive": True}
    )  # fmt: skip
    if not found.success:
        raise SettingsError(f"fit_multilevel: the likelihood has no maximum that can be found ({found.message}). Give a simpler model.")
    value = deviance(found.x)
    deviations = found.x[fixed:]
    effects = np.split(modes * np.repeat(deviations, sizes), np.cumsum(sizes)[:-1])
    return Multilevel(found.x[:fixed], deviations, tuple(effects), -value / 2)


def _pooled(answers: Floats, variables: Floats) -> Floats:
    """Logistic regression without groups: a start."""
    coefficients = np.zeros(variables.shape[1])
    for _step in range(MOST_STEPS):
        p = expit(variables @ coefficients)
        weight = np.maximum(p * (1 - p), 1e-9)
        change = np.linalg.lstsq((variables * weight[:, None]).T @ variables, variables.T @ (answers - p), rcond=None)[0]
        coefficients = coefficients + np.clip(change, -2, 2)
        if np.abs(change).max() < 1e-8:
            break
    return np.clip(coefficients, -20, 20)


def laplace(answers: Floats, offset: Floats, design: Floats, start: Floats, trials: Floats | float = 1.0) -> tuple[Floats, float]:
    """Most likely spherical effects u given the rest, and -2 log of Laplace's likelihood: deviance + |u|^2 + log |D'WD + I|.

    answers: [n] how many of `trials` said yes. offset: [n] log odds without u. design: [n, effects], scaled. start: [effects].
    """
    modes = start.copy()
    odds = offset + design @ modes
    now = _penalized(answers, odds, modes, trials)
    identity = np.eye(len(modes))
    for _step in range(MOST_STEPS):
        p = expit(odds)
        information = (design * (trials * p * (1 - p))[:, None]).T @ design + identity
        change = np.linalg.solve(information, design.T @ (answers - trials * p) - modes)
        for _halving in range(_MOST_HALVINGS):
            ahead = modes + change
            odds = offset + design @ ahead
            value = _penalized(answers, odds, ahead, trials)
            if value <= now + _SETTLED:
                break
            change = change / 2
        modes, settled, now = ahead, now - value < _SETTLED, value
        if settled:
            break
    p = expit(odds)
    _, determinant = np.linalg.slogdet((design * (trials * p * (1 - p))[:, None]).T @ design + identity)
    return modes, float(now + determinant)


def _penalized(answers: Floats, odds: Floats, modes: Floats, trials: Floats | float) -> float:
    return float(2 * (trials * np.logaddexp(0, odds) - answers * odds).sum() + modes @ modes)


_GROUPING = re.compile(r"\(\s*1\s*\|\s*([\w.]+)\s*\)")
_NAME = re.compile(r"[\w.]+")


def _parsed(formula: str) -> tuple[str, list[str], list[str]]:
    """Answer, fixed terms and groupings of "y ~ x + (1|group)".

    >>> _parsed("y ~ x + sex + (1|region)")
    ('y', ['intercept', 'x', 'sex'], ['region'])
    """
    answer, tilde, right = formula.partition("~")
    groups = _GROUPING.findall(right)
    terms = [term.strip() for term in _GROUPING.sub("", right).split("+") if term.strip()]
    fixed = [] if "0" in terms else ["intercept"]
    fixed += [term for term in terms if term not in ("0", "1")]
    if not tilde or not groups or not all(_NAME.fullmatch(term) for term in fixed):
        raise SettingsError(f"multilevel_poststratify: {formula!r} is not of the form 'answer ~ term + (1|grouping)' with plain columns.")
    return answer.strip(), fixed, groups


def _levels(column: pl.Series, known: list[Any]) -> Codes:
    place = {level: number for number, level in enumerate(known)}
    return np.array([place.get(value, -1) for value in column.to_list()], dtype=np.int64)


@method(
    Card(
        name="weighting.multilevel_poststratify",
        definition="Population share of a yes answer, by group and overall, from a multilevel logistic model and the cells' sizes.",
        units="1",
        reference="Park, Gelman & Bafumi 2004, Polit Anal 12:375-385",
        equals="lme4 glmer (Laplace), within 0.005",
        limits="Random intercepts only. Deviations are point estimates, so intervals would be too narrow and are not given.",
    )
)
def run_multilevel_poststratify(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: the model, and estimates by each grouping and overall."""
    if arguments.get("family", "binomial") != "binomial" or arguments.get("approximation", "laplace") != "laplace":
        raise SettingsError("multilevel_poststratify: the family is binomial and the approximation laplace.")
    answer, terms, groupings = _parsed(arguments["formula"])
    sample, cells = inputs["sample"], inputs["cells"]
    lacking = [name for name in groupings if name not in sample.columns or name not in cells.columns]
    if lacking or answer not in sample.columns:
        raise SchemaError(f"Sample and cells need the columns {', '.join(groupings)}, the sample {answer!r} too.")
    known = [sample[name].unique().sort().to_list() for name in groupings]
    names, variables = model_matrix(sample, terms)
    answers = sample[answer].cast(pl.Float64).to_numpy()
    model = fit_multilevel(answers, variables, [_levels(sample[name], levels) for name, levels in zip(groupings, known, strict=True)])
    places = [_levels(cells[name], levels) for name, levels in zip(groupings, known, strict=True)]
    p = model.probability(_as_in_sample(cells, sample, terms), places)
    size = cells[next(name for name in ("N", "n", "Freq", "count") if name in cells.columns)].cast(pl.Float64).to_numpy()
    found: dict[str, Any] = {
        "fixed": dict(zip(names, model.fixed.tolist(), strict=True)),
        "sd": dict(zip(groupings, model.deviations.tolist(), strict=True)),
        "loglik": model.log_likelihood,
        "overall": float(p @ size / size.sum()),
        "raw": float(answers.mean()),
    }
    for name, effect in zip(groupings, model.effects, strict=True):
        level = cells[name].to_numpy()
        found[name] = [float(p[level == one] @ size[level == one] / size[level == one].sum()) for one in np.unique(level)]
        found[f"{name}_levels"] = effect.tolist()
    return found


def _as_in_sample(cells: pl.DataFrame, sample: pl.DataFrame, terms: Sequence[str]) -> Floats:
    """Fixed variables of the cells under the coding of the sample."""
    columns = [term for term in terms if term != "intercept"]
    both = pl.concat([sample.select(columns), cells.select(columns)], how="vertical_relaxed")
    return model_matrix(both, terms)[1][sample.height :] if columns else np.ones((cells.height, len(terms)))
