"""People with a watch, for judging illness detectors: one illness each at most, and everything else that raises a heart rate at night.

The town (`town`, `devices`) shows that the loop works; its illnesses are plain to see. Here they are not: the rise is often small, begins
up to three days before the first symptom, and alcohol, travel, vaccination, the cycle and hard training raise the same numbers. Some of
these are declared, some are not. Nights are dropped or cut short as watches do. Figures are of the simulator, not of people.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from heedful.core.errors import SettingsError

FIRST_DAY = date(2026, 1, 5)
"""A Monday."""
MINUTES, NIGHT = 1_440, 420
NIGHT_FEATURES = ("resting_heart_rate", "hrv_rmssd", "respiratory_rate", "skin_temperature", "sleep_minutes", "steps")
"""What a night is judged by, in the order of the columns of `Member.nights`; steps are those of the day before."""
_RICH = (1, 2, 3)
"""Columns that only half of the watches have."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Note:
    """Something that a person declared, or that the record or the clock shows: `kind` as in `behavior.annotations`; a drink or a
    vaccination stands on the day itself and works on the night after it."""

    kind: str
    day: int


@dataclass(frozen=True)
class Member:
    """One person. Days count from `FIRST_DAY`; a night belongs to the day on which it ends.

    `rate` [days, 1440] (/min, NaN where not worn), `steps` [days, 1440], `nights` [days, 6] (columns `NIGHT_FEATURES`, NaN where
    missing), `coverage` [days] (share of the night that was worn). `onset`: day of the first symptom, -1 if never ill; `raised`: days on
    which illness moves the numbers. `notes`: what is known of other causes; `other` [days]: days on which one of them, known or not, works.
    """

    person: str
    rate: NDArray[np.float32]
    steps: NDArray[np.int16]
    nights: Floats
    coverage: Floats
    onset: int
    raised: NDArray[np.bool_]
    notes: tuple[Note, ...]
    other: NDArray[np.bool_] = field(repr=False)

    @property
    def days(self) -> int:
        """Days recorded."""
        return len(self.nights)


def member(seed: int, number: int, days: int = 120) -> Member:
    """Person `number` of the cohort of `seed`; the same whatever other people are drawn. Errors: `SettingsError` under 70 days."""
    if days < 70:
        raise SettingsError(f"A cohort for illness detectors needs at least 70 days (35 come before the first judgement), not {days}.")
    rng = np.random.default_rng([seed, number, 71])
    push, raised, onset = _illness(days, rng)
    effects, notes, other = _other_causes(days, rng)
    # beats, HRV (%), breaths, degrees, minutes asleep, share of steps
    effects = effects + push[:, None] * np.array([1.0, -rng.uniform(0.5, 3), rng.uniform(0.02, 0.3), rng.uniform(0.01, 0.12), 8.0, 0.0])
    nights = _nights(days, effects, push, onset, rng)
    steps, rate = _minutes(nights, rng)
    worn, coverage = _worn(days, rng)
    rate[~worn] = np.nan
    steps[~worn] = 0
    cut = coverage < 1
    nights[:, 4] *= np.where(cut, coverage, 1.0)
    nights[coverage < 0.15] = np.nan
    daily = steps.sum(axis=1).astype(np.float64)
    nights[:, 5] = np.concatenate([[np.nan], np.where(worn.mean(axis=1)[:-1] < 0.3, np.nan, daily[:-1])])
    if rng.random() < 0.5:
        nights[:, _RICH] = np.nan
    nights[:, 0] = _night_rate(rate, steps)
    return Member(f"m{number:04d}", rate, steps, nights, coverage, onset, raised, notes, other)


def day_of(index: int) -> date:
    """The calendar day with this number."""
    return FIRST_DAY + timedelta(days=index)


def _illness(days: int, rng: np.random.Generator) -> tuple[Floats, NDArray[np.bool_], int]:
    """Raised beats by day, the days they work on, and the day of the first symptom (-1: never ill, one person in five)."""
    push = np.zeros(days)
    beats = float(np.clip(rng.lognormal(np.log(4.5), 0.5), 1.0, 14.0))
    lead, length = int(rng.integers(0, 4)), int(rng.integers(4, 9))
    onset = int(rng.integers(45, days - 14))
    if rng.random() < 0.2:
        return push, push > 0, -1
    day = np.arange(days) - onset
    rise = np.where(day < -lead, 0.0, np.clip((day + lead + 1) / (lead + 2), 0, 1))
    push = beats * rise * np.clip(1 - np.maximum(day - 1, 0) / length, 0, 1)
    return push, push > 0, onset


def _other_causes(days: int, rng: np.random.Generator) -> tuple[Floats, tuple[Note, ...], NDArray[np.bool_]]:
    """Effects [days, 6] of alcohol, travel, vaccination, the cycle and training, what is declared of them, and the days they work on."""
    effects, notes = np.zeros((days, 6)), list[Note]()
    weekend = np.arange(days) % 7 >= 5
    drinks = rng.random(days) < rng.uniform(0, 0.12) * np.where(weekend, 2.2, 0.5)
    for day in np.flatnonzero(drinks).tolist():
        effects[day] += np.array([1, -4.5, 0.08, 0.02, -4, 0]) * rng.uniform(2, 7)
        if rng.random() < 0.7:
            notes.append(Note("alcohol", day - 1))
    for _ in range(rng.integers(0, 3)):
        begin, beats = int(rng.integers(36, days - 4)), rng.uniform(0, 3)
        fade = np.array([1, 0.8, 0.5, 0.3])
        effects[begin : begin + 4] += fade[:, None] * np.array([beats, -3 * beats, 0.05 * beats, 0.0, -60, 0.15])
        notes.append(Note("travel", begin))
    if rng.random() < 0.5:
        shot, beats = int(rng.integers(36, days - 3)), rng.uniform(2, 8)
        effects[shot : shot + 2] += np.array([1, 0.4])[:, None] * np.array([beats, -3 * beats, 0.08 * beats, 0.07 * beats, 10, -0.2])
        if rng.random() < 0.9:
            notes.append(Note("vaccination", shot - 1))
    if rng.random() < 0.45:
        length, start, beats, told = int(rng.integers(26, 32)), int(rng.integers(0, 28)), rng.uniform(1, 3), rng.random() < 0.7
        phase = (np.arange(days) - start) % length
        effects[phase >= length - 13] += np.array([beats, -4 * beats, 0.1, 0.3, 0, 0])
        notes += [Note("cycle_start", first) for first in np.flatnonzero(phase == 0).tolist() if told]
    effects[rng.random(days) < 0.02] += np.array([3.0, -8, 0.1, 0.05, 0, 0])
    return effects, tuple(sorted(notes, key=lambda note: (note.day, note.kind))), np.abs(effects).sum(axis=1) > 0


def _nights(days: int, effects: Floats, push: Floats, onset: int, rng: np.random.Generator) -> Floats:
    """The six numbers of every night: a level of the person, weekdays, a slow drift, noise that lasts from night to night, the effects."""
    level = np.array([rng.normal(60, 6), rng.normal(45, 12), rng.normal(15, 1.4), rng.normal(34, 0.5), rng.normal(430, 25), 0.0])
    spread = np.array([rng.uniform(1.0, 2.2), rng.uniform(4, 8), rng.uniform(0.25, 0.5), rng.uniform(0.12, 0.3), rng.uniform(30, 60), 0.3])
    shock = rng.normal(size=(days, 6))
    shock[:, 1] = -0.5 * shock[:, 0] + np.sqrt(0.75) * shock[:, 1]
    keep = np.array([rng.uniform(0.2, 0.6), 0.2, 0.4, 0.4, 0.1, 0.2])
    noise = np.zeros((days, 6))
    for day in range(days):
        noise[day] = keep * noise[day - 1] * (day > 0) + np.sqrt(1 - keep**2) * shock[day]
    weekend = (np.arange(days) % 7 >= 5)[:, None] * np.array([rng.uniform(0, 1.5), -2.0, 0.0, 0.0, 30.0, -0.1])
    season = np.sin(2 * np.pi * (np.arange(days) / rng.uniform(80, 160) + rng.random()))[:, None] * np.array([1.5, -3, 0.1, 0.1, 5, 0.05])
    nights = level + spread * noise + weekend + season + effects
    nights[:, 1] = (level[1] + (spread * noise + weekend + season)[:, 1]) * np.exp(effects[:, 1] / 100)
    late = (push > 0) & (np.arange(days) >= max(onset, 0))  # who has no symptoms yet walks as ever
    walk = noise[:, 5] * 0.3 + weekend[:, 5] + effects[:, 5] - np.where(late, 0.07 * push, 0.0)
    nights[:, 5] = np.clip(rng.normal(6_800, 1_700), 2_500, 13_000) * np.exp(np.clip(walk, -2, 1))
    nights[:, 1] = nights[:, 1].clip(5, 200)
    return nights


def _minutes(nights: Floats, rng: np.random.Generator) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """Steps and heart rate of every minute: nothing walked from midnight to seven but one short walk, bouts of five minutes later."""
    days = len(nights)
    hour = np.arange(MINUTES // 5) // 12
    weight = np.where(hour < 7, 0.004, np.where(hour >= 22, 0.3, 1.0))
    chance = nights[:, 5][:, None] / (5 * 62.0) * weight / weight.sum()
    walking = np.repeat(rng.random((days, MINUTES // 5)) < chance, 5, axis=1)
    steps = np.where(walking, rng.normal(62, 24, walking.shape).clip(5, 150), 0).astype(np.int16)
    awake = np.arange(MINUTES) >= NIGHT
    noise = np.repeat(rng.normal(0, 2.5, (days, MINUTES // 5)), 5, axis=1) + rng.normal(0, 1.5, (days, MINUTES))
    hours = np.repeat(rng.normal(0, 1.8, (days, 24)), 60, axis=1) * awake
    rate = nights[:, :1] + np.where(awake, 9.0, 0.0) + hours + 0.45 * steps + noise
    return steps, np.round(rate).clip(35, 195).astype(np.float32)


def _worn(days: int, rng: np.random.Generator) -> tuple[NDArray[np.bool_], Floats]:
    """Minutes worn, and the share of each night: some nights off, one stretch of days, some nights that begin late."""
    worn = np.ones((days, MINUTES), np.bool_)
    for day in np.flatnonzero(rng.random(days) < 0.6):
        start = int(rng.integers(17 * 60, 20 * 60))
        worn[day, start : start + int(rng.integers(15, 80))] = False
    worn[rng.random(days) < 0.04, :NIGHT] = False
    for day in np.flatnonzero(rng.random(days) < 0.04):
        worn[day, : int(NIGHT * rng.uniform(0.4, 0.8))] = False
    away = int(rng.integers(36, days - 5))
    worn[away : away + int(rng.integers(2, 5))] = False
    return worn, worn[:, :NIGHT].mean(axis=1)


def _night_rate(rate: NDArray[np.float32], steps: NDArray[np.int16]) -> Floats:
    """Mean of the quiet minutes before seven, NaN under an hour of them; `resting_heart_rate[nightsignal]` cuts it to a whole number."""
    quiet = np.isfinite(rate[:, :NIGHT]) & (steps[:, :NIGHT] == 0)
    total = np.where(quiet, rate[:, :NIGHT], 0.0).sum(axis=1)
    return np.where(quiet.sum(axis=1) >= 60, total / np.maximum(quiet.sum(axis=1), 1), np.nan)
