"""All glucose indices of many people's sensor readings, person by person.

Readings are taken as local time, sorted; missing ones are left out of what is computed from readings and bridge nothing in the grid.
`inter_gap_minutes` is the longest gap bridged for MAGE, MAG and the standard deviations; CONGA, MODD and the area always take 45, as the
peer does. Equal to iglu_python 0.4.3 (its order of people too: by name in some tables, by appearance in others).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.glucose import range_and_risk as risk
from heedful.behavior.glucose import variability
from heedful.behavior.glucose.day_grid import DayGrid, GlucoseError, day_grid
from heedful.behavior.glucose.excursions import STEP_MINUTES, mage, naive_mage
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

_ABOVE, _BELOW = (140, 180, 250), (54, 70)
_RANGES = ((70, 180), (63, 140))
_DAY = 86_400
_ARGUMENTS = frozenset({
    "target_ranges_mg_dl", "mage_version", "mage_short_window", "mage_long_window", "conga_n_hours", "modd_lag_days", "inter_gap_minutes",
    "unit",
})  # fmt: skip


@dataclass(frozen=True)
class Readings:
    """One person's readings: local seconds since 1970, sorted, and mg/dL (NaN missing); at least one is known."""

    person: str
    at_s: NDArray[np.int64]
    glucose: NDArray[np.float64]

    @property
    def known(self) -> NDArray[np.float64]:
        """Readings without the missing ones."""
        return self.glucose[np.isfinite(self.glucose)]

    def grid(self, *, step_minutes: int | None = None, gap_minutes: float = 45) -> DayGrid:
        """Laid out on whole days."""
        return day_grid(self.at_s, self.glucose, step_minutes=step_minutes, gap_minutes=gap_minutes)


def readings(table: pl.DataFrame) -> list[Readings]:
    """People in order of appearance. Columns: id, time (ISO 8601, local), gl (mg/dL)."""
    lost = [name for name in ("id", "time", "gl") if name not in table.columns]
    if lost:
        raise GlucoseError(f"The readings lack {', '.join(lost)}; give a table with id, time and gl (mg/dL).")
    time = pl.col("time") if table.schema["time"].is_temporal() else pl.col("time").cast(pl.String).str.to_datetime(time_unit="us")
    try:
        laid = table.select(
            person=pl.col("id").cast(pl.String), at=time.dt.epoch("s"), glucose=pl.col("gl").cast(pl.Float64).fill_nan(None)
        )
    except pl.exceptions.PolarsError as error:
        raise GlucoseError(
            f"A time or a reading cannot be read ({str(error).splitlines()[0]}). Write times as local ones without a zone."
        ) from error
    if laid.get_column("at").null_count():
        raise GlucoseError("A reading has no time; set such rows aside.")
    out = []
    for part in laid.partition_by("person", maintain_order=True):
        rows = part.sort("at", maintain_order=True)
        glucose = rows.get_column("glucose").fill_null(float("nan")).to_numpy()
        if not np.isfinite(glucose).any() or np.nanmin(glucose) <= 0:
            raise GlucoseError(f"{part.item(0, 'person')} has no reading, or one that is not above 0 mg/dL; set such rows aside.")
        out.append(Readings(part.item(0, "person"), rows.get_column("at").to_numpy(), glucose))
    return out


def active_share(held: Readings) -> dict[str, Any]:
    """How much of the time from first to last reading the sensor was active, percent; days rounded to a tenth; first and last time."""
    at = held.at_s[np.isfinite(held.glucose)]
    between = np.diff(at) / 60
    if not len(between) or not round(float(np.median(between))):
        raise GlucoseError(f"{held.person} has too few readings, or many at one time: their step is not known.")
    step = round(float(np.median(between)))
    expected = round(float(at[-1] - at[0]) / 60 / step) + 1
    gaps = between[between > step]
    missing = round((float(gaps.sum()) - len(gaps) * step) / step)
    first, last = (str(np.datetime64(int(second), "s")).replace("T", " ") + "+00:00" for second in (at[0], at[-1]))
    return {
        "active_percent": (expected - missing) / expected * 100, "ndays": round(float(at[-1] - at[0]) / _DAY, 1),
        "start_date": first, "end_date": last,
    }  # fmt: skip


@method(Card(
    name="glucose.summary",
    definition="Time in, above and below range, means, variability, risk and excursions of continuous glucose readings.",
    units="mg/dL; percents %; indices 1",
    reference="Battelino et al. 2019, Diabetes Care 42:1593; Broll et al. 2021, PLoS ONE 16:e0248560 (iglu)",
    equals="iglu_python 0.4.3, within 1e-9",
    limits="Needs about 14 days at 70 % of readings to be stable; finger-stick values bias all but GMI and ranges.",
))  # fmt: skip
def run_summary(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: a table an index, one row a person."""
    unknown = sorted(set(arguments) - _ARGUMENTS)
    if unknown:
        raise SettingsError(f"glucose.summary does not know {', '.join(unknown)}; it knows {', '.join(sorted(_ARGUMENTS))}.")
    if arguments.get("unit", "mg/dL") != "mg/dL":
        raise SettingsError(f"Readings in {arguments['unit']} are not taken; turn them into mg/dL first.")
    appeared = readings(inputs["glucose"])
    by_name = sorted(appeared, key=lambda held: held.person)
    ranges = [(min(pair), max(pair)) for pair in arguments.get("target_ranges_mg_dl", _RANGES)]
    found = {name: _column(by_name, column, of) for name, (column, of) in _single(arguments).items()}
    if inputs["glucose"].schema["id"].is_integer():  # only here does the program leave numbers for names as they are
        by_number = sorted(appeared, key=lambda held: int(held.person))
        found["lbgi"] = _column(by_number, *_single(arguments)["lbgi"]) | {"id": [int(held.person) for held in by_number]}
    return found | {
        "mage": _column(appeared, "MAGE", _mage(arguments)),
        "gri": _column(appeared, "GRI", lambda held: risk.risk_index(held.known)),
        "auc": _column(appeared, "hourly_auc", lambda held: variability.hourly_area(held.grid())),
        "in_range_percent": _table(appeared, lambda held: {f"in_range_{a}_{b}": risk.percent_in(held.known, a, b) for a, b in ranges}),
        "above_percent": _table(appeared, lambda held: {f"above_{limit}": risk.percent_above(held.known, limit) for limit in _ABOVE}),
        "below_percent": _table(appeared, lambda held: {f"below_{limit}": risk.percent_below(held.known, limit) for limit in _BELOW}),
        "active_percent": _table(appeared, active_share),
        "sd_measures": _table(appeared, lambda held: variability.deviations(held.grid(gap_minutes=_gap(arguments)))),
    }


def _single(arguments: Mapping[str, Any]) -> dict[str, tuple[str, Callable[[Readings], float]]]:
    """Indices of one column that the peer lists by name."""
    hours, days = int(arguments.get("conga_n_hours", 24)), int(arguments.get("modd_lag_days", 1))
    if hours < 1 or days < 1:
        raise SettingsError(f"CONGA over {hours} hours and MODD over {days} days: both must be at least 1.")
    return {
        "mean_glu": ("mean", lambda held: float(held.known.mean())),
        "sd_glu": ("SD", lambda held: float(held.known.std(ddof=1))),
        "cv_glu": ("CV", lambda held: risk.variation(held.known)),
        "gmi": ("GMI", lambda held: risk.management_indicator(held.known)),
        "modd": ("MODD", lambda held: variability.modd(held.grid(), days)),
        "conga": ("CONGA", lambda held: variability.conga(held.grid(), hours)),
        "lbgi": ("LBGI", lambda held: risk.low_and_high_risk(held.known)[0]),
        "hbgi": ("HBGI", lambda held: risk.low_and_high_risk(held.known)[1]),
        "j_index": ("J_index", lambda held: risk.j_index(held.known)),
        "adrr": ("ADRR", lambda held: risk.daily_risk_range(held.at_s // _DAY, held.glucose)),
        "mag": ("MAG", lambda held: variability.mag(held.grid(gap_minutes=_gap(arguments)))),
        "grade": ("GRADE", lambda held: risk.grade(held.known)),
        "ea1c": ("eA1C", lambda held: risk.estimated_a1c(held.known)),
    }


def _mage(arguments: Mapping[str, Any]) -> Callable[[Readings], float]:
    version = arguments.get("mage_version", "ma")
    if version not in ("ma", "naive"):
        raise SettingsError(f"There is no MAGE {version!r}; choose ma (moving averages) or naive.")
    short, long = int(arguments.get("mage_short_window", 5)), int(arguments.get("mage_long_window", 32))
    if version == "naive":
        return lambda held: naive_mage(held.glucose)
    return lambda held: mage(held.grid(step_minutes=STEP_MINUTES, gap_minutes=_gap(arguments)), short, long)


def _gap(arguments: Mapping[str, Any]) -> float:
    return float(arguments.get("inter_gap_minutes", 45))


def _column(people: list[Readings], name: str, of: Callable[[Readings], float]) -> dict[str, list[Any]]:
    return _table(people, lambda held: {name: of(held)})


def _table(people: list[Readings], of: Callable[[Readings], Mapping[str, Any]]) -> dict[str, list[Any]]:
    rows = [of(held) for held in people]
    columns = {name: [_plain(row[name]) for row in rows] for name in rows[0]} if rows else {}
    return {"id": [held.person for held in people], **columns}


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
