"""The risk of a medication gap, judged forward in time on a dispensing table (`heedful evaluate lapse FILE`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit, logit

from heedful.core.errors import NotFoundError, SettingsError
from heedful.core.frames import Frame
from heedful.core.labels import Care, Consented, P
from heedful.core.schemas import Dispensings
from heedful.loops.evaluate.tasks import Figure, Rows, measure
from heedful.loops.run import run_site
from heedful.loops.settings import Settings
from heedful.loops.site import Input, Site
from heedful.person.calibration import calibration, net_benefit, roc_area
from heedful.person.lapse import GAP_DAYS, HORIZON_DAYS, landmarks, place_shift, supplies
from heedful.sources.base import SOURCES, Options

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Below the share of gaps acting on everybody is hard to beat; at and above it a risk earns its place or not."""
LEAST_LOOKS = 30
_TASK = "medication_gap_14d"


def judged_weeks(dispensings: Frame[Consented[P], Dispensings]) -> pl.DataFrame:
    """Every past week of every person and drug with an earlier refill (`landmarks`), in order of time.

    Raises `NotFoundError` if fewer than `LEAST_LOOKS` can be judged, or all ended alike.
    """
    seen = landmarks(supplies(dispensings.data)).filter(pl.col("refills") > 0)
    if seen.height < LEAST_LOOKS or seen["happened"].n_unique() < 2:
        raise NotFoundError(
            f"{seen.height} weeks can be judged (at least {LEAST_LOOKS}, with and without a gap, are needed); it needs people with "
            "three refills or more."
        )
    return seen.sort("on", "person", "drug")


def evaluate_lapse(seen: pl.DataFrame) -> list[Figure]:
    """Figures of the risk on the weeks of `judged_weeks`, each from what was dispensed before that week.

    Twice: as the risk says it, and moved to this place by one number (`place_shift`) that each week learns from the weeks that had ended
    by then. The baseline of the Brier score is the share of gaps among all looks that had ended by then: what somebody would have said
    who knew the place but not the person. Intervals come from drawing people anew. Net benefit is what is gained over the better of
    acting on everybody and on nobody: above 0 the risk is of use at that threshold. A third time with hindsight (`landmarks`), as a
    mark of what a person's own refills could say at all.
    """
    happened, risk = seen["happened"].to_numpy().astype(np.float64), seen["probability"].to_numpy()
    # In an order that no pseudonym decides: the same file gives the same intervals.
    people_first = seen.group_by("person").agg(pl.col("on").min(), pl.len(), pl.col("probability").sum()).sort("on", "len", "probability")
    members = [np.flatnonzero((seen["person"] == person).to_numpy()) for person in people_first["person"]]

    def people(rows: Rows) -> NDArray[np.intp]:
        return np.concatenate([members[row] for row in rows])

    def told(metric: str, statistic: object, baseline: float | None = None, note: str = "") -> Figure:
        return measure(_TASK, metric, len(members), lambda rows: statistic(people(rows)), baseline=baseline, note=note)  # type: ignore[operator]

    so_far = float(((_share_so_far(seen) - happened) ** 2).mean())
    looks = f"{seen.height} weeks of {len(members)} people; a gap followed {happened.mean():.0%} of them"
    figures = []
    for name, each in (("", risk), ("moved: ", _moved(seen)), ("hindsight: ", seen["hindsight"].to_numpy())):
        figures += [
            told(f"{name}AUC", lambda rows, p=each: roc_area(happened[rows], p[rows]), 0.5, looks),
            told(f"{name}Brier score", lambda rows, p=each: float(((p - happened)[rows] ** 2).mean()), so_far),
            told(f"{name}calibration slope", lambda rows, p=each: _calibrated(happened[rows], p[rows])[0]),
            told(f"{name}observed over expected", lambda rows, p=each: _calibrated(happened[rows], p[rows])[1]),
        ]
        figures += [
            told(f"{name}net benefit gained at {at}", lambda rows, p=each, t=at: _gained(happened[rows], p[rows], t), 0.0)
            for at in THRESHOLDS
        ]
    return figures


def proposed_shift(seen: pl.DataFrame) -> float:
    """What `risk.lapse_shift` would be by all weeks of this table that have ended."""
    return place_shift(seen["happened"].to_numpy(), seen["probability"].to_numpy())


def own_dispensings(file: Path, folder: Path) -> Frame[Consented[Care], Dispensings]:
    """The dispensings of one file, looked at as one's own, under a consent for care in `folder`, which the caller deletes."""
    site = Site(Settings(), folder, own_files=True)
    try:
        run_site(site, [Input(file, SOURCES.get("records.dispensing"), Options(file.name))])
        return site.view(Dispensings, Care)
    finally:
        site.close()


def _moved(seen: pl.DataFrame) -> NDArray[np.float64]:
    """The risk of each look, moved by what the looks say that had ended before it."""
    happened, risk, ended = seen["happened"].to_numpy(), seen["probability"].to_numpy(), _ended(seen)
    shifts = {count: place_shift(happened[:count], risk[:count]) for count in np.unique(ended).tolist()}
    return np.asarray(expit(logit(risk) + np.array([shifts[count] for count in ended.tolist()])), dtype=np.float64)


def _ended(seen: pl.DataFrame) -> NDArray[np.intp]:
    """How many looks had ended before each: two weeks and the gap itself later."""
    on = seen["on"].to_numpy()
    return np.searchsorted(on, on - (HORIZON_DAYS + GAP_DAYS), side="right")


def _gained(happened: NDArray[np.float64], risk: NDArray[np.float64], at: float) -> float:
    model, everybody = net_benefit(happened, risk, [at])
    return float(model[0] - max(everybody[0], 0.0))


def _share_so_far(seen: pl.DataFrame) -> NDArray[np.float64]:
    """For each look, the share of gaps among the looks that had ended; one half before any had."""
    happened, ended = seen["happened"].to_numpy(), _ended(seen)
    gaps = np.concatenate([[0], np.cumsum(happened)])
    return (gaps[ended] + 1) / (ended + 2)


def _calibrated(happened: NDArray[np.float64], risk: NDArray[np.float64]) -> tuple[float, float]:
    try:
        found = calibration(happened, risk)
    except SettingsError:  # a draw of people in which all ended alike has no slope; `measure` leaves such draws out
        return float("nan"), float("nan")
    return found.slope, found.observed_expected
