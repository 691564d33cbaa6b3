"""Negative binomial space-time scan: clusters among counts that vary by more than chance on their own.

Counts have mean m and variance w m, w = 1 + m / size. A zone over the last d dates is scored by the efficient score of a rise, over its
standard deviation: sum((y - m) / w) / sqrt(sum(m / w)) for a rise that stands all d dates ("hotspot"), or with a rise that grows by as much
each date, weights 1, 2, …, d from its first date ("emerging"). Overdispersed counts fill a Poisson scan with clusters; this one is fair.

Reference: Tango, Takahashi & Kohriyama 2011, Biometrics 67:106-115. R scanstatistics 1.1.2 `scan_eb_negbin` leaves the square root out
of the denominator (its issue 7), which favors small zones: `mode="scanstatistics"`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats
from heedful.population.scan import (
    Scan,
    SumPlan,
    check_expected,
    check_zones,
    expected_by_population,
    newest_first,
    scan_case,
    sum_plan,
    zone_sums,
)

Outbreak = Literal["hotspot", "emerging"]
Mode = Literal["corrected", "scanstatistics"]


def scan_negative_binomial(
    counts: Floats, expected: Floats, size: Floats | float, zones: Sequence[Sequence[int]], outbreak: Outbreak = "hotspot",
    replicas: int = 0, seed: int | None = None, mode: Mode = "corrected",
) -> Scan:  # fmt: skip
    """Scan the dates of `counts`, the newest last.

    Parameters
    ----------
    counts, expected: [dates, places], expected above 0.
    size: of the negative binomial (variance = m + m^2 / size), broadcast to them; infinite: Poisson.
    zones: places of each zone. replicas: how many to judge by; they need a `seed`.

    `inside` of the result is cases over expected; `outside` is NaN, as nothing outside is looked at.

    Errors: `SettingsError` for other shapes, expected counts or sizes not above 0, an empty zone, replicas without a seed.

    >>> counts = np.array([[4.0, 5, 6], [5, 4, 5], [4, 5, 19]])
    >>> [round(float(scan_negative_binomial(counts, np.full((3, 3), 5.0), size, [[0], [1], [2]]).score.max()), 2) for size in (np.inf, 5.0)]
    [6.26, 4.43]
    """
    counts, expected = np.asarray(counts, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    check_zones(counts, zones, replicas, seed)
    check_expected(counts, expected)
    if outbreak not in get_args(Outbreak) or mode not in get_args(Mode):
        raise SettingsError(f"scan_negative_binomial: {outbreak!r} or {mode!r} is none of {get_args(Outbreak)} and {get_args(Mode)}.")
    size = np.broadcast_to(np.asarray(size, dtype=np.float64), counts.shape)
    if not (size > 0).all():
        raise SettingsError("scan_negative_binomial: a size of the negative binomial is above 0; infinite means Poisson.")
    plan, inflation = sum_plan(zones), 1 + expected / size
    spread = _spread(expected / inflation, plan, outbreak)
    spread = np.sqrt(spread) if mode == "corrected" else spread
    score = _excess((counts - expected) / inflation, plan, outbreak) / spread
    inside = zone_sums(newest_first(counts), plan) / zone_sums(newest_first(expected), plan)
    zone, column = divmod(int(np.argmax(score)), counts.shape[0])
    best, random = np.zeros(replicas), np.random.default_rng(seed)
    for replica in range(replicas):
        drawn = _drawn(expected, size, random)
        best[replica] = (_excess((drawn - expected) / inflation, plan, outbreak) / spread).max()
    p = float((1 + (best >= score[zone, column]).sum()) / (1 + replicas)) if replicas else float("nan")
    return Scan(score, inside, np.full_like(inside, np.nan), zone, column + 1, p, best)


def _excess(excess: Floats, plan: SumPlan, outbreak: Outbreak) -> Floats:
    """[zones, durations] numerators. Adding up twice weighs the newest of d dates by d, the oldest by 1."""
    by_place = newest_first(excess)
    return np.asarray(zone_sums(by_place if outbreak == "hotspot" else np.ascontiguousarray(np.cumsum(by_place, axis=1)), plan))


def _spread(information: Floats, plan: SumPlan, outbreak: Outbreak) -> Floats:
    """[zones, durations] variances of the numerators: sum of (d - k)^2 i_k over k = 0 .. d - 1 dates back, or of i_k."""
    if outbreak == "hotspot":
        return np.asarray(zone_sums(newest_first(information), plan))
    back = np.arange(len(information))[::-1, None]
    d = np.arange(1, len(information) + 1)
    zero, one, two = (np.asarray(zone_sums(newest_first(information * back**power), plan)) for power in (0, 1, 2))
    return d**2 * zero - 2 * d * one + two


def _drawn(expected: Floats, size: Floats, random: np.random.Generator) -> Floats:
    finite = np.isfinite(size)
    rate = expected.copy()
    rate[finite] = random.gamma(size[finite], (expected / size)[finite])
    return random.poisson(rate).astype(np.float64)


@method(
    Card(
        name="surveillance.scan_statistic_negative_binomial",
        definition="Highest standardized score of a rise, standing or growing, over all zones and last dates, overdispersed replicas.",
        units="1",
        reference="Tango, Takahashi & Kohriyama 2011, Biometrics 67:106-115",
        equals="R scanstatistics 1.1.2 scan_eb_negbin, but for the square root that it leaves out",
        limits="Expected counts and sizes are taken as known.",
    )
)
def run_scan_negative_binomial(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: score of each zone and duration, the most likely cluster and its p."""
    case = scan_case(arguments, inputs)
    columns = case.cases.columns
    expected = case.column("baseline") if "baseline" in columns else expected_by_population(case.counts, case.column("population"))
    size = case.column("theta") if "theta" in columns else float(arguments["theta"])
    outbreak, mode = arguments.get("outbreak", "hotspot"), arguments.get("mode", "scanstatistics")
    replicas, seed = int(arguments.get("replicates", 0)), int(arguments.get("seed", 1))
    return case.answer(scan_negative_binomial(case.counts, expected, size, case.zones, outbreak, replicas, seed, mode))
