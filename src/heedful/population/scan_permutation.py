"""Space-time permutation scan: which places had more of their cases lately than all places had? It needs cases alone, no population.

Expected in a place on a date: cases of the place times cases of the date over all cases. A zone over the last dates is scored like the
population-based scan, C log(C / B) + (N - C) log((N - C) / (N - B)); replicas give the dates of all cases anew at random to their places,
so that every place and every date keeps its cases. A rise everywhere at once is not seen, by design.

Reference: Kulldorff, Heffernan, Hartman, Assunção & Mostashari 2005, PLoS Med 2(3):e59. The model of R scanstatistics
`scan_permutation` and of SaTScan's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, plain
from heedful.population.scan import Scan, best_poisson, check_zones, newest_first, poisson_scores, scan_case, sum_plan, zone_sums


def scan_permutation(counts: Floats, zones: Sequence[Sequence[int]], replicas: int = 0, seed: int | None = None) -> Scan:
    """Scan the dates of `counts`, the newest last.

    Parameters
    ----------
    counts: [dates, places], whole numbers. zones: places of each zone. replicas: how many to judge by; they need a `seed`.

    Errors: `SettingsError` for missing, negative or fractional counts, no case at all, an empty zone, or replicas without a seed.

    >>> counts = np.array([[4.0, 5, 6], [5, 4, 5], [4, 5, 12]])
    >>> found = scan_permutation(counts, [[0], [1], [2]])
    >>> found.zone, found.duration, round(float(found.score.max()), 3)
    (2, 1, 0.332)
    """
    counts = np.asarray(counts, dtype=np.float64)
    check_zones(counts, zones, replicas, seed)
    if (counts != np.floor(counts)).any() or not counts.sum():
        raise SettingsError("scan_permutation: dates are given anew to single cases, so counts must be whole, and some above 0.")
    plan, total = sum_plan(zones), counts.sum()
    expected = permutation_expected(counts)
    by_zone = zone_sums(newest_first(expected), plan)
    score, inside, outside = poisson_scores(zone_sums(newest_first(counts), plan), by_zone, total)
    zone, column = divmod(int(np.argmax(score)), counts.shape[0])
    best = np.zeros(replicas)
    random = np.random.default_rng(seed)
    for replica in range(replicas):
        best[replica] = best_poisson(newest_first(_dates_anew(counts, random)), by_zone, plan, total)
    p = float((1 + (best >= score[zone, column]).sum()) / (1 + replicas)) if replicas else float("nan")
    return Scan(score, inside, outside, zone, column + 1, p, best)


def permutation_expected(counts: Floats) -> Floats:
    """Cases of the place times cases of the date over all cases, [dates, places].

    >>> permutation_expected(np.array([[1.0, 3], [3, 1]])).tolist()
    [[2.0, 2.0], [2.0, 2.0]]
    """
    return np.asarray(counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum())


def _dates_anew(counts: Floats, random: np.random.Generator) -> Floats:
    """The same cases by place and the same by date, otherwise at random."""
    dates, places = counts.shape
    whole = counts.astype(np.int64)
    date = np.repeat(np.arange(dates), whole.sum(axis=1))
    place = np.repeat(np.arange(places), whole.sum(axis=0))
    random.shuffle(date)
    return np.bincount(date * places + place, minlength=dates * places).reshape(dates, places).astype(np.float64)


@method(
    Card(
        name="surveillance.scan_statistic_permutation",
        definition="Highest likelihood ratio of more cases than the margins of place and date explain, against cases with permuted dates.",
        units="1",
        reference="Kulldorff et al. 2005, PLoS Med 2(3):e59",
        limits="Sees no rise that is everywhere at once; a place whose population grows looks like a cluster.",
    )
)
def run_scan_permutation(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: score and risks of each zone and duration, the most likely cluster and its p."""
    case = scan_case(arguments, inputs)
    found = scan_permutation(case.counts, case.zones, int(arguments.get("replicates", 0)), int(arguments.get("seed", 1)))
    return {
        **case.answer(found),
        "relative_risk_inside": plain(found.inside.ravel()),
        "relative_risk_outside": plain(found.outside.ravel()),
    }
