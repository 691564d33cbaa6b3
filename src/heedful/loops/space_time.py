"""Clusters of an official signal in space and time: its newest counts by place, scanned over neighborhoods of all sizes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import polars as pl

from heedful.core.errors import NotFoundError, SettingsError
from heedful.core.schemas import Series
from heedful.loops.archive import end_of_day, one_series
from heedful.loops.site import Site
from heedful.population.archive import SERIES, as_known
from heedful.population.cases import Floats
from heedful.population.estimates import Population
from heedful.population.scan import Scan, clusters, expected_by_population, nearest_neighbor_zones, scan
from heedful.population.scan_negative_binomial import scan_negative_binomial
from heedful.population.scan_permutation import scan_permutation

Model = Literal["permutation", "expectation", "negative_binomial", "population"]
MODELS: tuple[Model, ...] = ("permutation", "expectation", "negative_binomial", "population")


@dataclass(frozen=True)
class Asked:
    """What is scanned: the newest `dates` dates, against the `baseline` dates before them (expectation and negative binomial), in zones of
    up to `neighbors` places; judged by `replicas` drawn from `seed`."""

    signal: str
    model: Model = "permutation"
    dates: int = 8
    baseline: int = 52
    neighbors: int = 15
    replicas: int = 999
    seed: int = 1
    source: str = ""
    stratum: str = "all"


def scan_places(site: Site, coordinates: pl.DataFrame, asked: Asked, known_on: date | None = None) -> tuple[pl.DataFrame, list[str]]:
    """Clusters (places, from, to, cases, expected, ratio, p, p_gumbel), the most likely first, and sentences on what was left out.

    Errors: `NotFoundError` if nothing of the signal is known there, `SettingsError` for what cannot be scanned.
    """
    issued = as_known(site.lake.read(Series).filter(pl.col("signal") == asked.signal), [*SERIES, "day"], end_of_day(known_on))
    rows = issued.join(coordinates, on="place")
    if rows.is_empty():
        raise NotFoundError(f"Nothing of {asked.signal} is known of the {coordinates.height} places of the file.")
    rows = one_series(rows, asked.signal, asked.stratum, asked.source)
    steps = rows["period_days"].unique().to_list()
    if steps not in ([1], [7]):
        raise SettingsError(f"A scan needs daily or weekly counts; {asked.signal} has periods of {steps} days.")
    if not rows["unit"].str.starts_with("{").all():
        raise SettingsError(f"{asked.signal} is measured in {rows['unit'][0]!r}: only counts can be scanned.")
    return _scanned(rows, asked, int(steps[0]), _people(site, rows))


def _scanned(rows: pl.DataFrame, asked: Asked, step: int, people: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Clusters of long rows place, day, value, longitude, latitude."""
    needed = asked.dates + (asked.baseline if asked.model in ("expectation", "negative_binomial") else 0)
    last: date = rows["day"].max()  # type: ignore[assignment]
    days = [last - timedelta(days=step * back) for back in range(needed - 1, -1, -1)]
    wide = rows.filter(pl.col("day").is_in(days), pl.col("value").is_not_null()).pivot(
        "day", index="place", values="value", sort_columns=True
    )
    missing = [str(one) for one in days if str(one) not in wide.columns]
    if missing:
        raise SettingsError(f"No place counted on {missing[0]} and {len(missing) - 1} other dates; ask for fewer dates or baseline dates.")
    whole = wide.drop_nulls().sort("place")
    if asked.model == "population":
        whole = whole.join(people, on="place", how="semi")
    lost = sorted(set(rows["place"]) - set(whole["place"]))
    said = [f"{len(lost)} places are left out: a date is missing there, or their population: {', '.join(lost[:5])}."] if lost else []
    if whole.height < 2:
        raise SettingsError(f"Fewer than two places have a count on all {needed} dates from {days[0]} to {days[-1]}.")
    at = whole.select("place").join(rows.unique("place"), on="place", how="left", maintain_order="left")
    zones = nearest_neighbor_zones(at["longitude"].to_numpy(), at["latitude"].to_numpy(), min(asked.neighbors, whole.height))
    counts = whole.select(str(one) for one in days).to_numpy().T.astype(np.float64)
    size = whole.select("place").join(people, on="place", how="left", maintain_order="left")["people"].to_numpy()
    found = _scan(counts, zones, asked, size)
    window = counts[-asked.dates :]
    told = []
    for one in clusters(found, zones):
        cases = float(window[-one.duration :, list(one.places)].sum())
        places = [str(whole["place"][place]) for place in one.places]
        told.append((", ".join(places), days[-one.duration], days[-1], cases, cases / one.inside, one.inside, one.p, one.p_gumbel))
    columns = ["places", "from", "to", "cases", "expected", "ratio", "p", "p_gumbel"]
    return pl.DataFrame(told, schema=columns, orient="row"), [
        f"{whole.height} places, {len(zones)} zones, the newest {asked.dates} dates to {days[-1]}; "
        f"{asked.replicas} replicas (seed {asked.seed}). p is of the most likely cluster, too large for the others.",
        *said,
    ]  # fmt: skip


def _scan(counts: Floats, zones: list[list[int]], asked: Asked, people: Floats) -> Scan:
    window, before = counts[-asked.dates :], counts[: -asked.dates]
    if asked.model == "permutation":
        return scan_permutation(window, zones, asked.replicas, asked.seed)
    if asked.model == "population":
        return scan(
            window, expected_by_population(window, np.tile(people, (asked.dates, 1))), zones, "population", asked.replicas, asked.seed
        )
    mean = np.maximum(before.mean(axis=0), 0.5 / len(before))  # a place without a case is not a place where none can be
    expected = np.tile(mean, (asked.dates, 1))
    if asked.model == "expectation":
        return scan(window, expected, zones, "expectation", asked.replicas, asked.seed)
    excess = float(np.maximum(before.var(axis=0, ddof=1) - mean, 0).sum())
    size = float((mean**2).sum()) / excess if excess > 0 else np.inf
    return scan_negative_binomial(window, expected, size, zones, replicas=asked.replicas, seed=asked.seed)


def _people(site: Site, rows: pl.DataFrame) -> pl.DataFrame:
    """How many people live in each place: the newest denominator of the series, else the site's population table."""
    told = rows.filter(pl.col("denominator") > 0).sort("day").group_by("place").agg(people=pl.col("denominator").last())
    held: Population = site.engine.resources["population"]
    known = held.rows.filter(pl.col("stratum") == "all").select("place", pl.col("people").cast(pl.Float64))
    return pl.concat([told.cast({"people": pl.Float64}), known.join(told, on="place", how="anti")])
