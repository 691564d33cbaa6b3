"""Treatment episodes: stretches of treatment without a gap longer than permitted, and the CMA inside each.

An episode ends with its supply when the next event comes after a gap longer than permitted (or brings another medication or dose, if
these start a new episode), else with follow-up; the gap is told whole. Equal to `compute.treatment.episodes` and `CMA_per_episode` of
AdhereR 0.8.1, also in this: with `append_gap`, a patient's only episode is shortened, not lengthened, by the permitted gap.
Another thing than AdhereR: a change of dose does start a new episode if asked (`Rules.new_dose`); there the argument has no effect (a
column's name is compared with itself), and so it has none in the reference cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.adherence.continuous import cma
from heedful.behavior.adherence.gaps import event_gaps
from heedful.behavior.adherence.windows import Carry, Events, Units, after, carry, check, events, iso, plain, windows
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

_ARGUMENTS = (
    "medication_change_means_new_treatment_episode", "dosage_change_means_new_treatment_episode", "maximum_permissible_gap",
    "maximum_permissible_gap_unit", "maximum_permissible_gap_append_to_episode",
)  # fmt: skip
_GAP_DAYS = {"days": 1, "weeks": 7, "months": 30, "years": 365}


@dataclass(frozen=True)
class Rules:
    """When an episode ends. `gap`: permitted days; or, if `percent`, percent of the supply's duration."""

    gap: float
    percent: bool = False
    new_medication: bool = False
    new_dose: bool = False
    append_gap: bool = False


@dataclass(frozen=True)
class Episodes:
    """One entry an episode: patient's number, episode's number from 1, first day, days, whole gap at its end."""

    patient: NDArray[np.int64]
    number: NDArray[np.int64]
    start: NDArray[np.float64]
    duration: NDArray[np.float64]
    gap: NDArray[np.float64]

    @property
    def end(self) -> NDArray[np.float64]:
        return self.start + self.duration


def treatment_episodes(held: Events, units: Units, rules: Rules, *, within: bool, how: Carry) -> Episodes:
    """Episodes of all patients in their follow-up; `within`: oversupply is carried over."""
    whole = Units(units.patient, units.follow_up_start, units.follow_up_end, units.follow_up_start, units.follow_up_end)
    found = event_gaps(held, whole, within=within, into=False, how=how)
    permitted = rules.gap / 100 * held.duration if rules.percent else np.full(len(held.date), rules.gap)
    return Episodes(*_episodes(
        held.begin, held.date, held.dose, held.medication, found.gap, permitted, whole.follow_up_end, rules.new_medication, rules.new_dose,
        rules.append_gap,
    ))  # fmt: skip


def per_episode(
    measure: str, held: Events, units: Units, rules: Rules, how: Carry, *, unit: str = "days"
) -> tuple[Episodes, NDArray[np.float64]]:
    """Episodes cut to the observation window (those outside are left out), and the measure inside each, its follow-up being the episode.

    CMA1 to 4 know no carry-over, neither do their episodes. Inside, episodes last whole days (half to even), as in AdhereR, which takes the
    episode's days for as many of the `unit` in which follow-up was stated: CMA9 then looks far beyond the episode.
    """
    low = measure in ("CMA1", "CMA2", "CMA3", "CMA4")
    how = Carry() if low else how
    found = treatment_episodes(held, units, rules, within=not low, how=how)
    start = np.maximum(found.start, units.start[found.patient])
    end = np.minimum(found.end, units.end[found.patient])
    kept = start < end
    follow_up_end = after(found.start[kept], found.duration[kept], unit)
    inside = Units(found.patient[kept], found.start[kept], follow_up_end, start[kept], start[kept] + np.rint(end[kept] - start[kept]))
    cut = Episodes(found.patient[kept], found.number[kept], start[kept], found.duration[kept], found.gap[kept])
    return cut, cma(measure, held, inside, how)


def rules(arguments: Mapping[str, Any]) -> Rules:
    """The rules that a case states."""
    unit = str(arguments.get("maximum_permissible_gap_unit", "days"))
    if unit not in (*_GAP_DAYS, "percent"):
        raise SettingsError(f"A permitted gap is given in {', '.join(_GAP_DAYS)} or percent, not in {unit!r}.")
    return Rules(
        max(float(arguments.get("maximum_permissible_gap", 90)) * _GAP_DAYS.get(unit, 1), 0.0), unit == "percent",
        bool(arguments.get("medication_change_means_new_treatment_episode")),
        bool(arguments.get("dosage_change_means_new_treatment_episode")),
        bool(arguments.get("maximum_permissible_gap_append_to_episode")),
    )  # fmt: skip


@method(Card(
    name="adherence.treatment_episodes",
    definition="Stretches of treatment without a gap longer than permitted; a change of medication or dose may end one too.",
    units="d",
    reference="Dima and Dediu 2017, PLoS ONE 12:e0174426",
    equals="AdhereR 0.8.1 compute.treatment.episodes, to rounding",
    limits="The last episode runs to the end of follow-up if its last gap is within the permitted one.",
))  # fmt: skip
def run_episodes(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: one row an episode."""
    check("adherence.treatment_episodes", arguments, _ARGUMENTS)
    held = events(inputs["events"])
    found = treatment_episodes(held, windows(held, arguments), _as_there(arguments), within=True, how=carry(arguments))
    return _table(held, found, found.end)


@method(Card(
    name="adherence.per_episode",
    definition="CMA1 to CMA9 inside each treatment episode.",
    units="1",
    reference="Dima and Dediu 2017, PLoS ONE 12:e0174426",
    equals="AdhereR 0.8.1 CMA_per_episode, to rounding",
    limits="A dispensing on the very day on which an episode ends counts into it.",
))  # fmt: skip
def run_per_episode(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: one row an episode, with its adherence."""
    check("adherence.per_episode", arguments, ("measure", *_ARGUMENTS))
    held = events(inputs["events"])
    units = windows(held, arguments)
    unit = str(arguments.get("follow_up_window_duration_unit", "days"))
    found, adherence = per_episode(str(arguments["measure"]), held, units, _as_there(arguments), carry(arguments), unit=unit)
    end = np.minimum(found.start + found.duration, units.end[found.patient])
    return _table(held, found, end) | {"adherence": plain(adherence)}


def _as_there(arguments: Mapping[str, Any]) -> Rules:
    return replace(rules(arguments), new_dose=False)


def _table(held: Events, found: Episodes, end: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "patient_id": held.patients.gather(found.patient).to_list(), "episode_id": found.number.tolist(), "episode_start": iso(found.start),
        "end_episode_gap_days": [None if np.isnan(gap) else int(gap) for gap in found.gap],
        "episode_duration_days": plain(found.duration), "episode_end": iso(end),
    }  # fmt: skip


@njit(cache=True)
def _episodes(begin, date, dose, medication, gap, permitted, follow_end, new_medication, new_dose, append):  # type: ignore[no-untyped-def]
    n = len(date)
    patient, number = np.empty(n, np.int64), np.empty(n, np.int64)
    start, duration, end_gap = np.empty(n), np.empty(n), np.empty(n)
    count = 0
    for p in range(len(begin) - 1):
        low, high = begin[p], begin[p + 1]
        while low < high and np.isnan(gap[low]):
            low += 1
        while high > low and np.isnan(gap[high - 1]):
            high -= 1
        first, episode = low, 0
        for i in range(low, high):
            final = i + 1 == high
            changed = not final and ((new_medication and medication[i] != medication[i + 1]) or (new_dose and dose[i] != dose[i + 1]))
            if not (final or changed or gap[i] > permitted[i]):
                continue
            episode += 1
            patient[count], number[count], start[count], end_gap[count] = p, episode, date[first], gap[i]
            until = follow_end[p] if final else date[i + 1]
            duration[count] = until - date[first] - _uncounted(gap[i], permitted[i], final, final and episode == 1, append)
            count += 1
            first = i + 1
    return patient[:count], number[:count], start[:count], duration[:count], end_gap[:count]


@njit(cache=True)
def _uncounted(gap, permitted, final, only, append):  # type: ignore[no-untyped-def]
    """Days between the episode's end and the next event or the end of follow-up."""
    if only:
        return 0.0 if gap < permitted else gap + (permitted if append else 0.0)
    if append:
        return 0.0 if gap <= permitted else gap - permitted
    return 0.0 if final and gap < permitted else gap
