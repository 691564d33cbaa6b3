"""Space-time scan statistics: which group of neighboring places had, over the last dates, more cases than chance explains?

Every zone (a set of places) and every duration (dates back from the last) is scored; the highest score is the most likely cluster. As the
largest of very many, it is judged against the largest score of replicas drawn without a cluster: by counting them, or, finer than one in
their number, by the Gumbel distribution that largest values follow (`Scan.p_gumbel`). `clusters` lists the others that share no place.

- Expectation-based: score = C log(C / B) + B - C for C cases where B are expected, 0 if C <= B; replicas are Poisson counts.
- Population-based: C log(C / B) + (N - C) log((N - C) / (N - B)), N all cases; replicas share out the N cases among places and dates.

Permutation and negative binomial scans stand in `heedful.population.scan_permutation` and `scan_negative_binomial`.

Reference: Neill et al. 2005, KDD 2005:218-227; Kulldorff 2001, J R Stat Soc A 164:61-72; Abrams, Kulldorff & Kleinman 2010, Int J Health
Geogr 9:61 (Gumbel).
Equals R scanstatistics 1.1.2 `scan_eb_poisson` and `scan_pb_poisson` within 1e-8, p within sampling error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats, plain

Model = Literal["expectation", "population"]
Ints = npt.NDArray[np.int64]
EQUATOR_KM, FLATTENING = 6378.137, 1 / 298.257223563
FEWEST_FOR_GUMBEL = 99
"""Replicas whose mean and spread are worth a tail beyond them."""
_REPLICAS_AT_ONCE = 50


@dataclass(frozen=True)
class Scan:
    """[zones, durations]: `score`, `inside` and `outside`, cases over expected cases in and out of the zone. The most likely cluster is
    `zone` over the last `duration` dates; `p`, share of replicas (with the data one of them) whose best score is at least as high, NaN
    without replicas; `replicas` their best scores."""

    score: Floats
    inside: Floats
    outside: Floats
    zone: int
    duration: int
    p: float
    replicas: Floats

    @property
    def p_gumbel(self) -> float:
        """The same p from a Gumbel distribution fitted to the replicas; NaN with fewer than `FEWEST_FOR_GUMBEL`."""
        return gumbel_p(float(self.score[self.zone, self.duration - 1]), self.replicas)


@dataclass(frozen=True)
class Cluster:
    """`places` of `zone` over the last `duration` dates; `inside`, cases over expected; p as of a most likely cluster, so too large rather
    than too small for a further one."""

    zone: int
    places: tuple[int, ...]
    duration: int
    score: float
    inside: float
    p: float
    p_gumbel: float


def scan(
    counts: Floats,
    expected: Floats,
    zones: Sequence[Sequence[int]],
    model: Model = "expectation",
    replicas: int = 0,
    seed: int | None = None,
) -> Scan:
    """Scan the dates of `counts`, the newest last.

    Parameters
    ----------
    counts, expected: [dates, places], counts whole, expected above 0; for the population model they have the same sum.
    zones: places of each zone. replicas: how many to judge by; they need a `seed`.

    Errors: `SettingsError` for other shapes, expected counts of 0, an empty zone, or replicas without a seed.

    >>> found = scan(np.array([[1.0, 2, 1], [1, 2, 9]]), np.full((2, 3), 2.0), [[0], [1], [2], [1, 2]])
    >>> found.zone, found.duration, round(float(found.score.max()), 3)
    (2, 1, 6.537)
    """
    counts, expected = np.asarray(counts, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    _check(counts, expected, zones, model, replicas, seed)
    plan = sum_plan(zones)
    total = counts.sum() if model == "population" else -1.0
    score, inside, outside = poisson_scores(zone_sums(newest_first(counts), plan), zone_sums(newest_first(expected), plan), total)
    place = int(np.argmax(score))
    zone, column = divmod(place, counts.shape[0])
    best = _replicate(expected, plan, model, replicas, seed, total)
    p = float((1 + (best >= score[zone, column]).sum()) / (1 + replicas)) if replicas else float("nan")
    return Scan(score, inside, outside, zone, column + 1, p, best)


def _check(counts: Floats, expected: Floats, zones: Sequence[Sequence[int]], model: str, replicas: int, seed: int | None) -> None:
    if model not in get_args(Model):
        raise SettingsError(f"scan: the model is {' or '.join(get_args(Model))}, not {model!r}.")
    check_expected(counts, expected)
    check_zones(counts, zones, replicas, seed)


def check_expected(counts: Floats, expected: Floats) -> None:
    """Raises `SettingsError` unless there is an expected count above 0 for every count."""
    if counts.ndim != 2 or counts.shape != expected.shape or not counts.size:
        raise SettingsError(f"scan: counts {counts.shape} and expected counts {expected.shape} must be [dates, places] alike.")
    if not (expected > 0).all() or not np.isfinite(expected).all():
        raise SettingsError("scan: expected counts must be above 0. Leave out places without people.")


def check_zones(counts: Floats, zones: Sequence[Sequence[int]], replicas: int, seed: int | None) -> None:
    """Raises `SettingsError` for missing or negative counts, zones of no or unknown places, and replicas without a seed."""
    if counts.ndim != 2 or not counts.size:
        raise SettingsError(f"scan: counts {counts.shape} must be [dates, places], at least one of each.")
    if not (counts >= 0).all():
        date, place = (int(part[0]) for part in np.nonzero(~(counts >= 0)))
        raise SettingsError(
            f"scan: date {date + 1}, place {place + 1} has a count of {counts[date, place]:g}. Counts must be 0 or more, none missing: "
            "give 0 where nothing happened, and leave out a place or date that is not known."
        )
    if not len(zones) or any(not len(zone) or min(zone) < 0 or max(zone) >= counts.shape[1] for zone in zones):
        raise SettingsError(f"scan: each zone needs at least one of the places 0 to {counts.shape[1] - 1}.")
    if replicas and seed is None:
        raise SettingsError("scan: replicas are drawn at random; give a seed so that the answer can be had again.")


class SumPlan(NamedTuple):
    """How zone sums follow from each other: zones in `order`, smaller first; each is `parent` (-1: nothing) plus its `places` from
    `start` to the next."""

    order: Ints
    parent: Ints
    start: Ints
    places: Ints


def sum_plan(zones: Sequence[Sequence[int]]) -> SumPlan:
    """A zone that is another plus one place is summed from that one: neighbors' zones are nested, so nearly all are."""
    sets = [frozenset(zone) for zone in zones]
    known: dict[frozenset[int], int] = {}
    order = sorted(range(len(sets)), key=lambda zone: len(sets[zone]))
    parent, start, places = np.full(len(sets), -1), np.zeros(len(sets) + 1, dtype=np.int64), list[int]()
    for position, zone in enumerate(order):
        members = sets[zone]
        without = next((place for place in sorted(members) if members - {place} in known), None)
        if without is None:
            places.extend(sorted(members))
        else:
            parent[position] = known[members - {without}]
            places.append(without)
        start[position + 1] = len(places)
        known.setdefault(members, zone)
    return SumPlan(np.array(order), parent, start, np.array(places))


def newest_first(counts: Floats) -> Floats:
    """[places, durations] sums over the last dates."""
    return np.ascontiguousarray(np.cumsum(counts[::-1], axis=0).T)


@numba.njit(cache=True, nogil=True)
def zone_sums(by_place: Floats, plan: SumPlan) -> Floats:
    """[zones, durations] sums."""
    sums = np.zeros((len(plan.order), by_place.shape[1]))
    for position in range(len(plan.order)):
        zone = plan.order[position]
        row = sums[zone]
        if plan.parent[position] >= 0:
            above = sums[plan.parent[position]]
            for duration in range(len(row)):
                row[duration] = above[duration]
        for place in range(plan.start[position], plan.start[position + 1]):
            other = by_place[plan.places[place]]
            for duration in range(len(row)):
                row[duration] += other[duration]
    return sums


def poisson_scores(cases: Floats, expected: Floats, total: float) -> tuple[Floats, Floats, Floats]:
    """Scores and risks; `total` below 0 stands for the expectation model."""
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = cases / expected
        if total < 0:
            return np.where(cases > expected, cases * np.log(inside) + expected - cases, 0.0), inside, np.full_like(inside, np.nan)
        outside = np.where(total > expected, (total - cases) / (total - expected), 1.0)
        rest = np.where(total - cases > 0, (total - cases) * np.log(outside), 0.0)
        return np.where(cases > expected, cases * np.log(inside) + rest, 0.0), inside, outside


def _replicate(expected: Floats, plan: SumPlan, model: Model, replicas: int, seed: int | None, total: float) -> Floats:
    """Best score of each replica."""
    random = np.random.default_rng(seed)
    by_zone = zone_sums(newest_first(expected), plan)
    best = np.zeros(replicas)
    for first in range(0, replicas, _REPLICAS_AT_ONCE):
        size = min(_REPLICAS_AT_ONCE, replicas - first)
        if model == "expectation":
            drawn = random.poisson(expected, (size, *expected.shape))
        else:
            share = expected.ravel() / expected.sum()
            drawn = random.multinomial(int(total), share, size).reshape(size, *expected.shape)
        for replica in range(size):
            best[first + replica] = best_poisson(newest_first(drawn[replica].astype(np.float64)), by_zone, plan, total)
    return best


@numba.njit(cache=True, nogil=True, error_model="numpy")
def best_poisson(by_place: Floats, expected: Floats, plan: SumPlan, total: float) -> float:
    """Highest score. (C - B)^2 / (2 B), for the population model plus (C - B)^2 / (N - B), is never below it and spares the logarithm."""
    cases, best = zone_sums(by_place, plan), 0.0
    for zone in range(len(cases)):
        for duration in range(cases.shape[1]):
            c, b = cases[zone, duration], expected[zone, duration]
            excess = c - b
            if excess <= 0:
                continue
            if total < 0:
                if excess * excess > 2 * b * best:
                    best = max(best, c * np.log(c / b) - excess)
            elif excess * excess * (0.5 / b + 1 / max(total - b, 1e-300)) > best:
                rest = (total - c) * np.log((total - c) / (total - b)) if total > c and total > b else 0.0
                best = max(best, c * np.log(c / b) + rest)
    return best


def gumbel_p(score: float, replicas: Floats) -> float:
    """Upper tail at `score` of the Gumbel distribution with the replicas' mean and standard deviation; NaN with fewer than
    `FEWEST_FOR_GUMBEL` replicas, or all of one score.

    Reference: Abrams, Kulldorff & Kleinman 2010, Int J Health Geogr 9:61.

    >>> round(gumbel_p(9.0, np.random.default_rng(1).gumbel(4, 1, 999)), 4)
    0.0057
    """
    spread = float(np.std(replicas, ddof=1)) if len(replicas) >= FEWEST_FOR_GUMBEL else 0.0
    if spread == 0:
        return float("nan")
    scale = spread * np.sqrt(6) / np.pi
    return float(-np.expm1(-np.exp(-(score - float(np.mean(replicas)) + np.euler_gamma * scale) / scale)))


def clusters(found: Scan, zones: Sequence[Sequence[int]], most: int = 10) -> list[Cluster]:
    """The most likely cluster and then the next ones that share no place with one before, with a score above 0, highest first.

    Parameters
    ----------
    zones: as scanned. most: how many at most.

    Reference: Kulldorff 1997, Commun Stat Theory Methods 26:1481-1496 (secondary clusters).

    >>> zones = [[0], [1], [2], [1, 2]]
    >>> found = scan(np.array([[1.0, 2, 1], [5, 2, 9]]), np.full((2, 3), 2.0), zones)
    >>> [(one.places, one.duration, round(one.score, 2)) for one in clusters(found, zones)]
    [((2,), 1, 6.54), ((0,), 1, 1.58)]
    """
    best = found.score.max(axis=1)
    taken, listed = set[int](), list[Cluster]()
    for zone in np.argsort(-best, kind="stable").tolist():
        if len(listed) == most or not best[zone] > 0:
            break
        places = tuple(zones[zone])
        if taken.intersection(places):
            continue
        taken.update(places)
        column = int(np.argmax(found.score[zone]))
        p = float((1 + (found.replicas >= best[zone]).sum()) / (1 + len(found.replicas))) if len(found.replicas) else float("nan")
        listed.append(
            Cluster(
                zone,
                places,
                column + 1,
                float(best[zone]),
                float(found.inside[zone, column]),
                p,
                gumbel_p(float(best[zone]), found.replicas),
            )
        )
    return listed


def expected_by_population(counts: Floats, population: Floats) -> Floats:
    """All cases of `counts` [dates, places] shared out equally among dates, and within a date by `population` (R scanstatistics' way: a
    population or disease that grows looks like a cluster of the last dates).

    >>> expected_by_population(np.array([[2.0, 2], [4, 4]]), np.array([[1.0, 3], [1, 3]])).tolist()
    [[1.5, 4.5], [1.5, 4.5]]
    """
    population = np.broadcast_to(population, counts.shape)
    if not (population > 0).all():
        raise SettingsError("scan: a population is not above 0. Leave out places without people.")
    return population * (counts.sum() / (len(counts) * population.sum(axis=1, keepdims=True)))


def nearest_neighbor_zones(longitude: Floats, latitude: Floats, most: int) -> list[list[int]]:
    """Each place alone, with its nearest neighbor, with its two nearest, … up to `most` places, each set once. Degrees.

    >>> nearest_neighbor_zones(np.array([0.0, 1, 5]), np.zeros(3), 2)
    [[0], [0, 1], [1], [2], [2, 1]]
    """
    distance = _kilometers(np.radians(longitude), np.radians(latitude))
    np.fill_diagonal(distance, -1)
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :most]
    zones: dict[frozenset[int], list[int]] = {}
    for row in nearest.tolist():
        for size in range(1, len(row) + 1):
            zones.setdefault(frozenset(row[:size]), row[:size])
    return list(zones.values())


def _kilometers(longitude: Floats, latitude: Floats) -> Floats:
    """Distances [places, places] along the ellipsoid of WGS 84, to a few meters (Andoyer's formula: Meeus 1998, ch. 11)."""
    middle, half = np.sin((latitude[:, None] + latitude) / 2) ** 2, np.sin((latitude[:, None] - latitude) / 2) ** 2
    across = np.sin((longitude[:, None] - longitude) / 2) ** 2
    s = half * (1 - across) + (1 - middle) * across
    c = (1 - half) * (1 - across) + middle * across
    with np.errstate(divide="ignore", invalid="ignore"):
        angle = np.arctan(np.sqrt(s / c))
        r = np.sqrt(s * c) / angle
        near, far = (3 * r - 1) / (2 * c), (3 * r + 1) / (2 * s)
        distance = 2 * angle * EQUATOR_KM * (1 + FLATTENING * (near * middle * (1 - half) - far * (1 - middle) * half))
    return np.where(s > 0, distance, 0.0)


_TIMES = ("year", "month", "week", "day", "date", "time")


def case_table(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> tuple[pl.DataFrame, str, str, list[Any]]:
    """Cases of the scanned times, names of the place and time columns, places in order of their first row."""
    cases = inputs["cases"]
    time = next((name for name in _TIMES if name in cases.columns), None)
    if time is None:
        raise SchemaError(f"scan: cases have no column of times ({', '.join(_TIMES)}); they have {', '.join(cases.columns)}.")
    other = inputs["zones"] if "zones" in inputs else inputs["places"]
    place = next((name for name in other.columns if name in cases.columns and name != time), None)
    if place is None:
        raise SchemaError("scan: zones or places share no column of places with the cases.")
    limits = arguments.get(f"{time}s")
    if limits is not None:
        cases = cases.filter(pl.col(time).is_between(limits[0], limits[-1]))
    return cases, place, time, cases[place].unique(maintain_order=True).to_list()


def case_matrix(cases: pl.DataFrame, place: str, time: str, value: str, places: list[Any]) -> Floats:
    """[times, places] of one column."""
    if value not in cases.columns:
        raise SchemaError(f"scan: cases have no column {value!r}; they have {', '.join(cases.columns)}.")
    wide = cases.pivot(on=place, index=time, values=value).sort(time).select([str(one) for one in places])
    matrix = wide.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    if np.isnan(matrix).any():
        raise SchemaError(f"scan: {value} is missing for a place at a time. Give a row for each, with 0 where nothing happened.")
    return matrix


@dataclass(frozen=True)
class ScanCase:
    """A reference case: its cases, their columns of places and times, places in order, `counts` [times, places], zones by name."""

    cases: pl.DataFrame
    place: str
    time: str
    places: list[Any]
    counts: Floats
    names: list[Any]
    zones: list[list[int]]

    def column(self, name: str) -> Floats:
        """[times, places] of another column of the cases."""
        return case_matrix(self.cases, self.place, self.time, name, self.places)

    def answer(self, found: Scan) -> dict[str, Any]:
        """What every scan's case asks for."""
        durations = self.counts.shape[0]
        return {
            "zone": [name for name in self.names for _ in range(durations)],
            "duration": list(range(1, durations + 1)) * len(self.names),
            "score": plain(found.score.ravel()),
            "cluster_counties": [self.places[position] for position in self.zones[found.zone]],
            "cluster_duration": found.duration,
            "cluster_score": float(found.score.max()),
            "p_value_monte_carlo": found.p,
            "p_value_gumbel": found.p_gumbel,
        }


def scan_case(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> ScanCase:
    """Cases and zones of a reference case."""
    cases, place, time, places = case_table(arguments, inputs)
    number = {name: position for position, name in enumerate(places)}
    if "zones" in inputs:
        table = inputs["zones"]
        unknown = [name for name in table[place].unique().to_list() if name not in number]
        if unknown:
            raise SettingsError(f"scan: zones name places without cases: {', '.join(map(str, unknown[:5]))}.")
        by_zone = table.group_by("zone", maintain_order=True).agg(pl.col(place))
        names, zones = by_zone["zone"].to_list(), [[number[name] for name in row] for row in by_zone[place].to_list()]
    else:
        where = inputs["places"].join(pl.DataFrame({place: places}), on=place, how="right")
        neighbors = int(arguments["nearest_neighbours"])
        zones = nearest_neighbor_zones(where["longitude"].to_numpy(), where["latitude"].to_numpy(), neighbors)
        names = list(range(1, len(zones) + 1))
    return ScanCase(cases, place, time, places, case_matrix(cases, place, time, "count", places), names, zones)


def _run(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame], model: Model) -> tuple[dict[str, Any], Scan]:
    case = scan_case(arguments, inputs)
    if model == "population" or "baseline" not in case.cases.columns:
        expected = expected_by_population(case.counts, case.column("population"))
    else:
        expected = case.column("baseline")
    found = scan(case.counts, expected, case.zones, model, int(arguments.get("replicates", 0)), int(arguments.get("seed", 1)))
    return case.answer(found), found


@method(
    Card(
        name="surveillance.scan_statistic_expectation",
        definition="Highest log likelihood ratio of more cases than expected over all zones and last dates, against Poisson replicas.",
        units="1",
        reference="Neill et al. 2005, KDD 2005:218-227",
        equals="R scanstatistics 1.1.2 scan_eb_poisson, within 1e-8",
        limits="Expected counts are taken as known, and counts as Poisson: overdispersion looks like clusters.",
    )
)
def run_scan_expectation(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: score and relative risk of each zone and duration, the most likely cluster and its p."""
    answer, found = _run(arguments, inputs, "expectation")
    return {**answer, "relative_risk": plain(np.maximum(found.inside, 1).ravel())}


@method(
    Card(
        name="surveillance.scan_statistic_population",
        definition="Highest log likelihood ratio of a higher rate inside than outside over all zones and last dates, given all cases.",
        units="1",
        reference="Kulldorff 2001, J R Stat Soc A 164:61-72",
        equals="R scanstatistics 1.1.2 scan_pb_poisson, within 1e-8",
        limits="A rise everywhere is shared out over all dates, and looks like a cluster of the last ones.",
    )
)
def run_scan_population(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: score and relative risks of each zone and duration, the most likely cluster and its p."""
    answer, found = _run(arguments, inputs, "population")
    return {**answer, "relative_risk_inside": plain(found.inside.ravel()), "relative_risk_outside": plain(found.outside.ravel())}
