"""Where a person goes: distances, radius of gyration, entropies of places and home, from a trace of visits.

A place is an exact pair of latitude and longitude: cluster raw positions first. Distances are great circles (haversine). Entropies:
*random* is the logarithm of the number of places, *uncorrelated* that of Shannon over visits, *real* the Lempel-Ziv estimate from the
order of visits. Home is the place most often visited at night (of several, the one farthest south, then west), or at all if no visit is
at night. Traces identify people like little else: results belong under the kind "location" of a consent.

González et al. 2008, Nature 453:779; Song et al. 2010, Science 327:1018; Pappalardo et al. 2015, Nat Commun 6:8166. Equal to
scikit-mobility 1.3.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.core.errors import HeedfulError, SettingsError
from heedful.core.registry import Card, method

EARTH_RADIUS_KM = 6371.0
NIGHT = ("22:00", "07:00")
_DAY = 86_400
_ARGUMENTS = frozenset({"home_night_start", "home_night_end", "entropy_base", "earth_radius_km"})
Floats = NDArray[np.float64]


class TraceError(HeedfulError):
    """Positions that are no trace of one person."""


@dataclass(frozen=True)
class Trace:
    """Visits of one person in order of time: local seconds since 1970, degrees, and `place`, the number of each position."""

    at_s: NDArray[np.int64]
    latitude: Floats
    longitude: Floats
    place: NDArray[np.int64]

    def visits(self) -> NDArray[np.int64]:
        """Number of visits by place."""
        return np.bincount(self.place)

    def first_visit(self) -> NDArray[np.int64]:
        """Row of the first visit by place."""
        return np.unique(self.place, return_index=True)[1]


def trace(at_s: NDArray[np.int64], latitude: Floats, longitude: Floats) -> Trace:
    """Sort a person's visits by time and number their places from south to north, then west to east.

    Errors: `TraceError` for no visit, or a position that is none on Earth.

    >>> trace(np.array([20, 10]), np.array([52.5, 52.4]), np.array([13.4, 13.4])).place.tolist()
    [0, 1]
    """
    if not len(at_s):
        raise TraceError("The trace has no visit; there is nothing to say of where this person goes.")
    wrong = np.flatnonzero(~((np.abs(latitude) <= 90) & (np.abs(longitude) <= 180)))
    if len(wrong):
        raise TraceError(
            f"Visit {wrong[0]} lies at latitude {latitude[wrong[0]]}, longitude {longitude[wrong[0]]}: nowhere on Earth. Set it aside."
        )
    order = np.argsort(at_s, kind="stable")
    positions = np.column_stack([latitude, longitude])[order]
    place = np.unique(positions, axis=0, return_inverse=True)[1].reshape(-1)
    return Trace(at_s[order], positions[:, 0], positions[:, 1], place)


def distance_km(from_lat: Floats | float, from_lon: Floats | float, to_lat: Floats | float, to_lon: Floats | float,
                radius_km: float = EARTH_RADIUS_KM) -> Floats:  # fmt: skip
    """Great-circle distance between positions in degrees.

    >>> round(float(distance_km(52.52, 13.405, 48.137, 11.575)), 1)
    504.3
    """
    lat1, lon1, lat2, lon2 = (np.asarray(degrees, np.float64) * np.pi / 180 for degrees in (from_lat, from_lon, to_lat, to_lon))
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return radius_km * 2 * np.arctan2(np.sqrt(half), np.sqrt(1 - half))


def jump_lengths(held: Trace, radius_km: float = EARTH_RADIUS_KM) -> Floats:
    """Kilometers from each visit to the next."""
    return distance_km(held.latitude[:-1], held.longitude[:-1], held.latitude[1:], held.longitude[1:], radius_km)


def radius_of_gyration(held: Trace, most_visited: int | None = None, radius_km: float = EARTH_RADIUS_KM) -> float:
    """Root mean squared distance in km from the mean position; of the visits to the `most_visited` places if given."""
    visits, first = held.visits(), held.first_visit()
    chosen = np.lexsort([held.at_s[first], -visits])[:most_visited]
    weight, latitude, longitude = visits[chosen], held.latitude[first[chosen]], held.longitude[first[chosen]]
    center = weight @ latitude / weight.sum(), weight @ longitude / weight.sum()
    return float(np.sqrt(weight @ distance_km(latitude, longitude, *center, radius_km) ** 2 / weight.sum()))


def random_entropy(held: Trace, base: float = 2) -> float:
    """Logarithm of the number of places."""
    return float(np.log(len(held.visits())) / np.log(base))


def uncorrelated_entropy(held: Trace, base: float = 2) -> float:
    """Shannon entropy of visits over places."""
    share = held.visits() / len(held.place)
    return float(-np.sum(share * np.log(share)) / np.log(base))


def real_entropy(held: Trace, base: float = 2) -> float:
    """Lempel-Ziv estimate of the entropy rate of the sequence of places; time grows with the square of the visits."""
    n = len(held.place)
    return float(n * np.log(n) / np.log(base) / _novelty(held.place))


def home(held: Trace, night: tuple[str, str] = NIGHT) -> tuple[float, float]:
    """Latitude and longitude of the home place; the night's ends are included.

    >>> held = trace(np.array([0, 3600, 43200, 46800, 50400]), np.array([1.0, 1.0, 2.0, 2.0, 2.0]), np.zeros(5))
    >>> home(held), home(held, ("09:00", "15:00"))
    ((1.0, 0.0), (2.0, 0.0))
    """
    begin, end = (_second_of_day(time) for time in night)
    at = held.at_s % _DAY
    at_night = (at >= begin) | (at <= end) if begin > end else (at >= begin) & (at <= end)
    place = int(np.argmax(np.bincount(held.place[at_night] if at_night.any() else held.place)))
    row = held.first_visit()[place]
    return float(held.latitude[row]), float(held.longitude[row])


def _second_of_day(time: str) -> int:
    parts = time.split(":")
    if len(parts) not in (2, 3) or not all(part.isdigit() for part in parts) or int(parts[0]) > 23 or any(int(p) > 59 for p in parts[1:]):
        raise SettingsError(f"{time!r} is not a time of day; write 22:00.")
    hours, minutes, seconds = (*map(int, parts), 0)[:3]
    return hours * 3600 + minutes * 60 + seconds


@method(Card(
    name="mobility.individual",
    definition="Jump lengths, distances, radius of gyration, entropies of places and home of one person's trace of visits.",
    units="km; entropies bit (base 2)",
    reference="González et al. 2008, Nature 453:779; Song et al. 2010, Science 327:1018; Pappalardo et al. 2015, Nat Commun 6:8166",
    equals="scikit-mobility 1.3.1, within 1e-12",
    limits="Counts visits, not hours; depends on how raw positions were clustered and how often they were taken.",
))  # fmt: skip
def run_mobility(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: all measures of one person."""
    unknown = sorted(set(arguments) - _ARGUMENTS)
    if unknown:
        raise SettingsError(f"mobility.individual does not know {', '.join(unknown)}; it knows {', '.join(sorted(_ARGUMENTS))}.")
    night = str(arguments.get("home_night_start", NIGHT[0])), str(arguments.get("home_night_end", NIGHT[1]))
    base, radius = float(arguments.get("entropy_base", 2)), float(arguments.get("earth_radius_km", EARTH_RADIUS_KM))
    if base <= 1 or radius <= 0:
        raise SettingsError(f"An entropy to the base {base} or an Earth of {radius} km radius is none.")
    held = _trace_of(inputs["trace"])
    jumps, at_home = jump_lengths(held, radius), home(held, night)
    return {
        "radius_of_gyration_km": radius_of_gyration(held, radius_km=radius),
        "k2_radius_of_gyration_km": radius_of_gyration(held, 2, radius),
        "random_entropy": random_entropy(held, base), "uncorrelated_entropy": uncorrelated_entropy(held, base),
        "real_entropy": real_entropy(held, base), "maximum_distance_km": float(jumps.max()) if len(jumps) else None,
        "distance_straight_line_km": float(jumps.sum()), "number_of_locations": len(held.visits()), "number_of_visits": len(held.place),
        "max_distance_from_home_km": float(distance_km(held.latitude, held.longitude, *at_home, radius).max()),
        "home": list(at_home), "jump_lengths_km": jumps.tolist(),
    }  # fmt: skip


def _trace_of(table: pl.DataFrame) -> Trace:
    lost = [name for name in ("time", "latitude", "longitude") if name not in table.columns]
    if lost:
        raise TraceError(f"The trace lacks {', '.join(lost)}; give time (local), latitude and longitude.")
    if "person" in table.columns and table.get_column("person").n_unique() > 1:
        raise TraceError("The trace holds several people; give one person's visits.")
    time = table.get_column("time")
    try:
        at = time if time.dtype.is_temporal() else time.cast(pl.String).str.to_datetime(time_unit="us")
    except pl.exceptions.PolarsError as error:
        raise TraceError(f"A time cannot be read ({str(error).splitlines()[0]}). Write times as local ones without a zone.") from error
    return trace(
        at.dt.epoch("s").to_numpy(),
        *(table.get_column(name).cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in ("latitude", "longitude")),
    )


@njit(cache=True)
def _novelty(place):  # type: ignore[no-untyped-def]
    """Sum over visits of the shortest run from there on that was not seen before it; the first and the last count 1 and 2."""
    n = len(place)
    same = np.zeros(n + 1, np.int64)  # how far the runs from p and from i + 1 agree
    total = 3.0
    for i in range(n - 1, 0, -1):
        longest = 0
        for p in range(i):
            same[p] = same[p + 1] + 1 if place[p] == place[i] else 0
            longest = max(longest, min(same[p], i - p))
        if i <= n - 2:
            seen = min(longest, n - 1 - i)
            total += seen + 1 + (1 if i + seen + 1 == n else 0)
    return total
