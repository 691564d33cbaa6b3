"""Detectors of illness onset, judged forward in time: each morning from what was recorded by then (`heedful evaluate illness`).

An alarm is *told* on the first morning that a detector alarms, and again at the earliest a week later. An onset is found if an alarm is
told from three days before the first symptom to five days after; earliness is the days from that alarm to the symptom (negative: late).
Alarms outside illness are told alarms per 30 days on which illness moves nothing. Placebo onsets are healthy days drawn at random: how
often one of them is "found" in the same window is what chance gives. The first 35 days only teach. Intervals draw people anew.

As published, and at equal alarms: the threshold of each detector's own score at which, on the *even* people, it tells as many alarms
outside illness as NightSignal (yellow; for ours red too) does; everything is reported on the *odd* people. Two worlds: the cohort
(`simulate.cohort`: small rises, many other causes, half of the watches rich) and towns (`illness_town`: plain rises, poor watches).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.annotations import CYCLE_START, held_nights, second_half
from heedful.behavior.cusum_online import CusumOnline, cusum_online
from heedful.behavior.elliptic_envelope import outside_envelope
from heedful.behavior.illness import NIGHT_FEATURES, IllnessSettings, illness_nights, prepared
from heedful.behavior.nightsignal import night_levels
from heedful.behavior.rank_scan import SHORTEST, null_maxima, rank_scan
from heedful.behavior.rhrad import Rhrad, rhrad_offline
from heedful.core.errors import NotFoundError, SettingsError
from heedful.loops.evaluate.illness_town import town_members
from heedful.loops.evaluate.tasks import DRAWS, interval
from heedful.simulate.cohort import FIRST_DAY, MINUTES, Member, member

WARM_UP, QUIET, BEFORE, AFTER = 35, 7, 3, 5
PLACEBOS = 20
MORNING_HOUR = 7
NEVER = -99.0
Floats = NDArray[np.float64]
Levels = NDArray[np.int64]
Detector = Callable[[Member], tuple[Floats, Levels]]


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % bootstrap interval over people; NaN where nothing is behind it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """One detector at one setting. `alarms`: told outside illness, per person and 30 days. `earliness`: mean days before the first symptom,
    of those found. `gain`: sensitivity minus NightSignal's (yellow, or red where as rare as red) on the same people, drawn in pairs."""

    detector: str
    setting: str
    people: int
    onsets: int
    sensitivity: Interval
    placebo: Interval
    alarms: Interval
    earliness: Interval
    gain: Interval
    explained: float = 0.0
    explained_ill: float = 0.0
    """With annotations: alarms held as explained, of those outside illness and of those in the windows of onsets (share)."""


@dataclass(frozen=True)
class IllnessEvaluation:
    """Lines on the simulator, rows on real recordings (as tables), and notes that belong to them."""

    simulated: list[Line]
    real: list[dict[str, object]]
    notes: list[str]


@dataclass(frozen=True)
class _Outcome:
    """One person: found (NaN without an onset), days early (NaN if not found), alarms outside illness, healthy days, placebo share."""

    found: float
    early: float
    alarms: int
    days: int
    placebo: float


def evaluate_illness(people: int = 120, hourly: int = 40, seed: int = 2, days: int = 120, data: Path | None = None) -> IllnessEvaluation:
    """Judge every detector on `people` simulated persons (the hourly ones, which are slow, on the first `hourly`) and on real recordings.

    Errors: `SettingsError` for fewer than 8 people, `NotFoundError` if `data` holds no recording that is known.
    """
    if people < 8 or not 0 <= hourly <= people:
        raise SettingsError(f"evaluate illness: at least 8 people, and no more hourly ones than people: {people}, {hourly}.")
    members = [member(seed, number, days) for number in range(people)]
    lines = _lines(members, {"NightSignal": nightsignal, "own": own}, seed)
    lines += _annotated(members, seed)
    lines += _lines(town_members(people, seed), {"NightSignal": nightsignal, "own": own}, seed, suffix=", town")
    slow: dict[str, Detector] = {"NightSignal": nightsignal, "own": own, "CuSum": cusum, "RHR-Diff": rhr_diff, "RHRAD": rhrad}
    if hourly >= 8:
        lines += _lines(members[:hourly], slow, seed, suffix=", first people")
    notes = [
        f"{people} simulated people of seed {seed}, {days} days; 'equal alarms' is set on the even ones, all figures are of the odd ones.",
        "'town': as many people of simulated towns, whose watches know heart rate, steps and sleep only.",
        f"'first people': CuSum, RHR-Diff and RHRAD, and beside them the others, on the first {hourly} people."
        if hourly >= 8
        else "CuSum, RHR-Diff and RHRAD were not run.",
    ]
    return IllnessEvaluation(lines, [] if data is None else real_rows(real_members(data)), notes)


def told(level: NDArray[np.bool_]) -> list[int]:
    """Days on which an alarm is told, of the days on which there is one: never in the warm-up, again after a week at the earliest.

    >>> told(np.arange(60) >= 40)
    [40, 47, 54]
    """
    out, last = list[int](), -QUIET
    for day in np.flatnonzero(level).tolist():
        if day >= WARM_UP and day - last >= QUIET:
            out.append(day)
            last = day
    return out


def nightsignal(one: Member) -> tuple[Floats, Levels]:
    """The lower excess of two nights in a row over the median so far; published: yellow 3, red 4 beats."""
    known = np.isfinite(one.nights[:, 0])
    day = np.flatnonzero(known).astype(np.int64)
    found = night_levels(np.zeros(len(day), np.int64), day, np.floor(one.nights[known, 0]))
    excess = found.value - found.median
    score, level = np.full(one.days, NEVER), np.zeros(one.days, np.int64)
    pair = np.minimum(excess[1:], excess[:-1])
    score[found.day[1:]] = np.where(np.diff(found.day) == 1, pair, NEVER)
    level[found.day] = found.level
    return score, level


def own(one: Member) -> tuple[Floats, Levels]:
    """`behavior.illness` without annotations; its score at equal alarms is the pair less the threshold."""
    return _own(one, annotated=False)


def own_annotated(one: Member) -> tuple[Floats, Levels]:
    """The same with the cycle as a context and annotated nights kept out of the baseline."""
    return _own(one, annotated=True)


def _own(one: Member, *, annotated: bool, settings: IllnessSettings | None = None) -> tuple[Floats, Levels]:
    value = one.nights.copy()
    value[:, 0] = np.floor(value[:, 0])  # as `resting_heart_rate[nightsignal]` is
    value = prepared(value)
    value[one.coverage < 0.5, 4] = np.nan
    days = np.arange(one.days)
    weekend = (days + FIRST_DAY.weekday()) % 7 >= 5
    starts = np.array([note.day for note in one.notes if note.kind == CYCLE_START], np.int64)
    context = np.column_stack([weekend, second_half(starts, days)]) if annotated else weekend[:, None]
    shift, floor = np.array([f.shift for f in NIGHT_FEATURES]), np.array([f.floor for f in NIGHT_FEATURES])
    found = illness_nights(days, value, shift, floor, context=context, held=held(one) if annotated else None, settings=settings)
    return np.nan_to_num(found.pair - found.threshold, nan=NEVER), found.level


def held(one: Member) -> NDArray[np.bool_]:
    """Nights in the reach of something known."""
    return held_nights([note.kind for note in one.notes], np.array([note.day for note in one.notes], np.int64), 0, one.days)


def cusum(one: Member) -> tuple[Floats, Levels]:
    """The highest CuSum of the hours up to this morning's; published: a run that is significant, over 48 hours long, its maximum past 24.

    The program tells an alarm at the run's first significant hour, which is known only when the run has become long enough; here it is told
    when it is known.
    """
    settings = CusumOnline()
    score, level = np.full(one.days, NEVER), np.zeros(one.days, np.int64)
    held_days = np.flatnonzero(np.isfinite(one.rate).any(axis=1))
    if len(held_days) <= settings.baseline_days:
        return score, level - 1
    found = cusum_online(one.rate[held_days].astype(np.float64), one.steps[held_days] > 0, settings)
    hours = MINUTES // settings.resolution_minutes
    judged = held_days[found.day]
    day, hour = judged[found.step // hours], found.step % hours
    morning = np.where(hour < MORNING_HOUR, day, day + 1)
    significant, high, high_at = False, -1.0, 0
    for place in range(len(found.step)):
        run = found.run[place]
        if run <= 1:
            significant, high, high_at = False, -1.0, 0
        if found.cusum[place] > high:
            high, high_at = float(found.cusum[place]), int(run)
        significant = bool(run) and (significant or found.p_value[place] < settings.p_value)
        if morning[place] < one.days:
            score[morning[place]] = max(score[morning[place]], found.cusum[place])
            if significant and run > settings.steps_of_run and high_at > settings.steps_to_maximum:
                level[morning[place]] = 1
    return score, level


def rhr_diff(one: Member) -> tuple[Floats, Levels]:
    """The rank scan repeated each morning on the hours so far; an alarm if a high interval of a day or more ends within the last day."""
    score, level = np.full(one.days, NEVER), np.zeros(one.days, np.int64)
    held_days = np.flatnonzero(np.isfinite(one.rate).any(axis=1))
    if len(held_days) <= CusumOnline().baseline_days:
        return score, level - 1
    found = cusum_online(one.rate[held_days].astype(np.float64), one.steps[held_days] > 0)
    grid = np.zeros((one.days, 24))
    grid[held_days[found.day]] = np.nan_to_num(found.residual.reshape(len(found.day), 24), nan=0.0)
    values = grid.ravel()
    for day in range(WARM_UP, one.days):
        end = day * 24 + MORNING_HOUR
        scanned = rank_scan(values[:end], null=_null(end))
        fresh = (scanned.last >= end - 24) & (scanned.last - scanned.first >= 24) & (scanned.statistic > 0)
        if fresh.any():
            score[day], level[day] = float(scanned.statistic[fresh].max()), 1
    return score, level


@lru_cache(maxsize=512)
def _null(length: int) -> Floats:
    return null_maxima(max(length, SHORTEST), 1000, 1)


def rhrad(one: Member) -> tuple[Floats, Levels]:
    """RHR-AD repeated each morning on the hours so far; an alarm if one of the last 24 hours is a high anomaly."""
    settings = Rhrad()
    score, level = np.full(one.days, NEVER), np.zeros(one.days, np.int64)
    hour, value = _resting_hours(one, settings)
    for day in range(WARM_UP, one.days):
        past = hour < day * 24 + MORNING_HOUR
        fresh = hour[past] >= day * 24 + MORNING_HOUR - 24
        if past.sum() < 48 or not fresh.any():
            continue
        z = (value[past] - value[past].mean()) / (value[past].std() or 1.0)
        outside = outside_envelope(np.column_stack([z, z]), outside=settings.outside, support=settings.support, seed=settings.seed)
        score[day], level[day] = float(z[fresh].max()), int((outside & (z > 0))[fresh].any())
    return score, level


def _resting_hours(one: Member, settings: Rhrad) -> tuple[NDArray[np.int64], Floats]:
    """Hours since the first day with a smoothed resting rate; all of them look back only."""
    there = np.flatnonzero(np.isfinite(one.rate).ravel())
    start = np.datetime64(FIRST_DAY, "us")
    minutes = pl.DataFrame({
        "at": start + there * np.timedelta64(1, "m").astype("timedelta64[us]"), "rate": one.rate.ravel()[there].astype(np.float64),
        "steps": one.steps.ravel()[there].astype(np.float64),
    })  # fmt: skip
    hours = rhrad_offline(minutes, settings)
    since = (hours["hour"].to_numpy() - start) // np.timedelta64(1, "h")
    return since.astype(np.int64), hours["value"].to_numpy()


def _healthy(one: Member) -> NDArray[np.bool_]:
    """Days that are judged and on which illness moves nothing, nor is the window of an onset."""
    out = np.arange(one.days) >= WARM_UP
    if one.onset >= 0:
        ill = np.flatnonzero(one.raised)
        out[min(one.onset - BEFORE, int(ill[0])) : max(one.onset + AFTER, int(ill[-1])) + 1] = False
    return out


def _outcome(one: Member, alarms: list[int], seed: int) -> _Outcome:
    at, healthy = np.array(alarms, np.int64), _healthy(one)
    found = early = float("nan")
    if one.onset >= 0:
        near = at[(at >= one.onset - BEFORE) & (at <= one.onset + AFTER)]
        found = float(near.size > 0)
        early = float(one.onset - near[0]) if near.size else early
    whole = np.lib.stride_tricks.sliding_window_view(healthy, BEFORE + AFTER + 1).all(axis=1)
    where = np.flatnonzero(whole) + BEFORE
    placebo = float("nan")
    if where.size:
        drawn = np.random.default_rng([seed, int(one.person[1:]) if one.person[1:].isdigit() else 0]).choice(where, PLACEBOS)
        placebo = float(np.mean([((at >= day - BEFORE) & (at <= day + AFTER)).any() for day in drawn]))
    return _Outcome(found, early, int(healthy[at].sum()), int(healthy.sum()), placebo)


def _rate(members: list[Member], levels: list[NDArray[np.bool_]]) -> float:
    days = sum(int(_healthy(one).sum()) for one in members)
    alarms = sum(int(_healthy(one)[np.array(told(level), np.int64)].sum()) for one, level in zip(members, levels, strict=True))
    return 30.0 * alarms / days


def _equal(members: list[Member], scores: list[Floats], rate: float) -> float:
    """The lowest threshold whose alarms outside illness do not exceed `rate`."""
    values = np.unique(np.concatenate(scores))
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] > NEVER and _rate(members, [score >= values[middle] for score in scores]) <= rate:
            high = middle
        else:
            low = middle + 1
    return float(values[low]) if low < len(values) else float("inf")


def _lines(
    members: list[Member], detectors: Mapping[str, Detector], seed: int, *, annotated: bool = False, suffix: str = ""
) -> list[Line]:  # fmt: skip
    """Lines of detectors as published and at equal alarms; `NightSignal` is the first and sets the rates. `suffix` names the world."""
    teach, judge = members[::2], members[1::2]
    found = {name: ([detect(one) for one in teach], [detect(one) for one in judge]) for name, detect in detectors.items()}
    open_ = (lambda one: ~held(one)) if annotated else (lambda one: np.ones(one.days, np.bool_))
    rates = {
        name: _rate(teach, [(level >= least) & open_(one) for one, (_, level) in zip(teach, found["NightSignal"][0], strict=True)])
        for name, least in (("equal alarms", 1), ("as rare as red", 2))
    }
    out = list[Line]()
    settings: list[tuple[str, str, list[NDArray[np.bool_]]]] = []
    for name, (taught, judged) in found.items():
        for label, least in (("yellow", 1), ("red", 2)) if name == "NightSignal" else (("published", 1),):
            setting = "level 1" if name.startswith("own") else label
            settings.append((name, setting, [level >= least for _, level in judged]))
        for label, rate in rates.items() if name.startswith("own") else [("equal alarms", rates["equal alarms"])] * (name != "NightSignal"):
            limit = _equal(teach, [np.where(open_(one), score, NEVER) for one, (score, _) in zip(teach, taught, strict=True)], rate)
            settings.append((name, label, [score >= limit for score, _ in judged]))
    bases = dict[str, list[_Outcome]]()
    for name, setting, levels in settings:
        shown = [level & open_(one) for one, level in zip(judge, levels, strict=True)]
        outcomes = [_outcome(one, told(level), seed) for one, level in zip(judge, shown, strict=True)]
        bases.setdefault(setting, outcomes)
        base = bases["red" if setting == "as rare as red" else "yellow"]
        explained = _explained(judge, levels) if annotated else (0.0, 0.0)
        out.append(_line(name, setting + suffix, outcomes, base, explained))
    return out


def _annotated(members: list[Member], seed: int) -> list[Line]:
    """NightSignal and ours with alarms on annotated nights held as explained (they are told, with their reason, and counted apart)."""
    return _lines(members, {"NightSignal": nightsignal, "own": own_annotated}, seed, annotated=True, suffix=", annotated")


def _explained(members: list[Member], levels: list[NDArray[np.bool_]]) -> tuple[float, float]:
    """Share of alarm nights that are held: outside illness, and in the windows of onsets."""
    counts = np.zeros(4)
    for one, level in zip(members, levels, strict=True):
        day = np.arange(one.days)
        near = (one.onset >= 0) & (day >= one.onset - BEFORE) & (day <= one.onset + AFTER)
        counts += [
            (level & held(one) & _healthy(one)).sum(),
            (level & _healthy(one)).sum(),
            (level & held(one) & near).sum(),
            (level & near).sum(),
        ]
    return float(counts[0] / max(counts[1], 1)), float(counts[2] / max(counts[3], 1))


def _line(name: str, setting: str, outcomes: list[_Outcome], base: list[_Outcome], explained: tuple[float, float]) -> Line:
    found, early, placebo = (np.array([getattr(one, key) for one in outcomes]) for key in ("found", "early", "placebo"))
    alarms, days = (np.array([getattr(one, key) for one in outcomes], float) for key in ("alarms", "days"))
    other = np.array([one.found for one in base])

    def told_with(statistic: Callable[[NDArray[np.intp]], float]) -> Interval:
        return Interval(statistic(np.arange(len(outcomes))), *interval(statistic, len(outcomes), draws=DRAWS))

    return Line(
        name, setting, len(outcomes), int(np.isfinite(found).sum()),
        sensitivity=told_with(lambda rows: _mean(found[rows])),
        placebo=told_with(lambda rows: _mean(placebo[rows])),
        alarms=told_with(lambda rows: float(30 * alarms[rows].sum() / max(days[rows].sum(), 1))),
        earliness=told_with(lambda rows: _mean(early[rows])),
        gain=told_with(lambda rows: _mean(found[rows] - other[rows])),
        explained=explained[0], explained_ill=explained[1],
    )  # fmt: skip


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


PLANTED_BEATS, PLANTED_NIGHTS = (4.0, 6.0), 6
_APPLE = ("applewatch_P355472_resting_heart_rate.csv.gz", "applewatch_P355472_steps.csv.gz")
_FITBIT = "minute_heart_rate_steps_intensity.csv.gz"


def real_members(folder: Path) -> list[Member]:
    """The recordings of `../shared/data/behavior` (the Apple Watch sample of NightSignal's authors, Fitabase minutes); no onset is known.

    Errors: `NotFoundError` if none of the files is there.
    """
    files = {file.name: file for file in folder.rglob("*.csv.gz")}
    out = list[Member]()
    if _APPLE[0] in files:
        rates = pl.read_csv(files[_APPLE[0]]).select(
            person=pl.lit("P355472"), minute=pl.format("{} {}", "Start_Date", pl.col("Start_Time").str.slice(0, 5)), rate="Heartrate"
        )  # fmt: skip
        out += _recorded(rates.with_columns(steps=pl.lit(0)))
    if _FITBIT in files:
        fitbit = pl.read_csv(files[_FITBIT]).select(
            person=pl.format("fitbit {}", "id"), minute=pl.col("minute").str.slice(0, 16).str.replace("T", " "), rate="heartrate",
            steps="steps",
        )  # fmt: skip
        out += _recorded(fitbit)
    if not out:
        raise NotFoundError(f"{folder}: holds neither {_APPLE[0]} nor {_FITBIT}. Give a folder in the shape of ../shared/data/behavior.")
    return out


def _recorded(rows: pl.DataFrame) -> list[Member]:
    out = list[Member]()
    rows = rows.with_columns(at=pl.col("minute").str.to_datetime("%Y-%m-%d %H:%M")).drop_nulls("at")
    for (person,), own_rows in rows.group_by("person", maintain_order=True):
        first = own_rows["at"].min()
        assert first is not None
        start = pl.Series([first]).dt.truncate("1d")[0]
        place = ((own_rows["at"] - start).dt.total_minutes()).to_numpy()
        days = int(place.max()) // MINUTES + 1
        total, count = np.zeros(days * MINUTES), np.zeros(days * MINUTES)
        np.add.at(total, place, np.floor(own_rows["rate"].to_numpy().astype(float)))
        np.add.at(count, place, 1)
        steps = np.zeros(days * MINUTES, np.int16)
        np.maximum.at(steps, place, own_rows["steps"].to_numpy().astype(np.int16))
        rate = np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(days, MINUTES)
        nights = np.full((days, len(NIGHT_FEATURES)), np.nan)
        quiet = np.isfinite(rate[:, :420]) & (steps.reshape(days, MINUTES)[:, :420] == 0)
        with np.errstate(invalid="ignore"):
            nights[:, 0] = np.where(quiet.any(axis=1), np.where(quiet, rate[:, :420], 0).sum(axis=1) / quiet.sum(axis=1), np.nan)
        out.append(Member(
            str(person), rate.astype(np.float32), steps.reshape(days, MINUTES), nights, np.ones(days), -1, np.zeros(days, np.bool_), (),
            np.zeros(days, np.bool_),
        ))  # fmt: skip
    return out


def real_rows(members: list[Member]) -> list[dict[str, object]]:
    """For each recording and detector of nights: nights, alarms told a month, and of rises planted at every judged night the share found
    in the window minus the share in which the untouched recording alarms there anyway."""
    rows = list[dict[str, object]]()
    for one in members:
        nights = int(np.isfinite(one.nights[:, 0]).sum())
        judged = np.flatnonzero(np.isfinite(one.nights[:, 0]) & (np.arange(one.days) >= WARM_UP))
        for name, detect in (("NightSignal", nightsignal), ("own", own)):
            row: dict[str, object] = {"recording": one.person, "detector": name, "nights": nights, "judged": len(judged)}
            if len(judged) < 14:
                rows.append(row | {"note": "too short to be judged"})
                continue
            alarms = told(detect(one)[1] >= 1)
            row |= {"alarms_a_month": round(30 * len(alarms) / (one.days - WARM_UP), 2)}
            for beats in PLANTED_BEATS:
                row |= _planted(one, detect, beats, judged, alarms)
            rows.append(row)
    return rows


def _planted(one: Member, detect: Detector, beats: float, judged: NDArray[np.int64], alarms: list[int]) -> dict[str, object]:
    """Rises of `beats` (half on the first night) of six nights from each judged night on, one at a time."""
    at = np.array(alarms)
    found = plain = count = 0
    for day in judged.tolist():
        if day + PLANTED_NIGHTS > one.days:
            continue
        nights = one.nights.copy()
        nights[day : day + PLANTED_NIGHTS, 0] += beats
        nights[day, 0] -= beats / 2
        fresh = np.array(told(detect(_with(one, nights))[1] >= 1))
        count += 1
        found += bool(((fresh >= day) & (fresh <= day + AFTER)).any())
        plain += bool(((at >= day) & (at <= day + AFTER)).any())
    name = f"planted_{beats:g}"
    return {name: round(found / max(count, 1), 2), f"{name}_untouched": round(plain / max(count, 1), 2)}


def _with(one: Member, nights: Floats) -> Member:
    return Member(one.person, one.rate, one.steps, nights, one.coverage, one.onset, one.raised, one.notes, one.other)
