"""The risk of a medication gap, judged forward in time on a dispensing table (`heedful evaluate lapse FILE`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.core.errors import NotFoundError, SettingsError
from heedful.core.frames import Frame
from heedful.core.labels import Care, Consented, P
from heedful.core.schemas import Dispensings
from heedful.loops.evaluate.tasks import Figure, Rows, measure
from heedful.loops.run import run_site
from heedful.loops.settings import Settings
from heedful.loops.site import Input, Site
from heedful.person.calibration import calibration, net_benefit, roc_area
from heedful.person.lapse import landmarks, supplies
from heedful.sources.base import SOURCES, Options

THRESHOLDS = (0.3, 0.5, 0.7)
LEAST_LOOKS = 30
_TASK = "medication_gap_14d"


def evaluate_lapse(dispensings: Frame[Consented[P], Dispensings]) -> list[Figure]:
    """Figures of the risk on every past week of every person and drug, each from what was dispensed before that week.

    The baseline of the Brier score is the share of gaps among all looks that had ended by then: what somebody would have said who knew the
    place but not the person. Intervals come from drawing people anew. Net benefit is told beside the better of acting on all and on nobody.

    Raises `NotFoundError` if fewer than `LEAST_LOOKS` looks can be judged, or all ended alike.
    """
    seen = landmarks(supplies(dispensings.data)).filter(pl.col("refills") > 0)
    if seen.height < LEAST_LOOKS or seen["happened"].n_unique() < 2:
        raise NotFoundError(
            f"{seen.height} weeks can be judged (at least {LEAST_LOOKS}, with and without a gap, are needed); it needs people with "
            "three refills or more."
        )
    seen = seen.sort("on", "person", "drug")
    happened, risk = seen["happened"].to_numpy().astype(np.float64), seen["probability"].to_numpy()
    members = [np.flatnonzero((seen["person"] == person).to_numpy()) for person in seen["person"].unique().sort()]

    def people(rows: Rows) -> NDArray[np.intp]:
        return np.concatenate([members[row] for row in rows])

    def told(metric: str, statistic: object, baseline: float | None = None, note: str = "") -> Figure:
        return measure(_TASK, metric, len(members), lambda rows: statistic(people(rows)), baseline=baseline, note=note)  # type: ignore[operator]

    so_far = _share_so_far(seen)
    looks = f"{seen.height} weeks of {len(members)} people; a gap followed {happened.mean():.0%} of them"
    figures = [
        told("AUC", lambda rows: roc_area(happened[rows], risk[rows]), 0.5, looks),
        told("Brier score", lambda rows: float(((risk - happened)[rows] ** 2).mean()), float(((so_far - happened) ** 2).mean())),
        told("calibration slope", lambda rows: _calibrated(happened[rows], risk[rows])[0]),
        told("observed over expected", lambda rows: _calibrated(happened[rows], risk[rows])[1]),
    ]
    for threshold in THRESHOLDS:
        best = max(float(net_benefit(happened, risk, [threshold])[1][0]), 0.0)
        figures.append(
            told(f"net benefit at {threshold}", lambda rows, t=threshold: float(net_benefit(happened[rows], risk[rows], [t])[0][0]), best)
        )
    return figures


def own_dispensings(file: Path, folder: Path) -> Frame[Consented[Care], Dispensings]:
    """The dispensings of one file, looked at as one's own, under a consent for care in `folder`, which the caller deletes."""
    site = Site(Settings(), folder, own_files=True)
    try:
        run_site(site, [Input(file, SOURCES.get("records.dispensing"), Options(file.name))])
        return site.view(Dispensings, Care)
    finally:
        site.close()


def _share_so_far(seen: pl.DataFrame) -> NDArray[np.float64]:
    """For each look, the share of gaps among the looks that had ended (two weeks and the gap itself later); one half before any had."""
    on, happened = seen["on"].to_numpy(), seen["happened"].to_numpy()
    ended = np.searchsorted(on, on - 17, side="right")
    gaps = np.concatenate([[0], np.cumsum(happened)])
    return (gaps[ended] + 1) / (ended + 2)


def _calibrated(happened: NDArray[np.float64], risk: NDArray[np.float64]) -> tuple[float, float]:
    try:
        found = calibration(happened, risk)
    except SettingsError:  # a draw of people in which all ended alike has no slope; `measure` leaves such draws out
        return float("nan"), float("nan")
    return found.slope, found.observed_expected
