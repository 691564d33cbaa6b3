"""The participants of simulated towns as people for `heedful evaluate illness`: watches that know heart rate, steps and sleep only.

Their illnesses are plain (7 to 12 beats) and nothing else raises a night, unlike in the cohort (`simulate.cohort`): a detector must not
waste alarms on them. The town is the one of `heedful demo`.
"""

from __future__ import annotations

import numpy as np

from heedful.simulate.cohort import MINUTES, NIGHT, NIGHT_FEATURES, Member
from heedful.simulate.devices import ASLEEP, WatchData, record
from heedful.simulate.town import Size, Town, build

PEOPLE_OF_A_TOWN = 20
_QUIET_LEAST = 60
_NOON = MINUTES // 2


def town_members(count: int, seed: int, days: int = 90) -> list[Member]:
    """`count` people with a watch, of as many towns as that takes; the same whatever the count.

    >>> [one.person for one in town_members(2, seed=1)]
    ['1-0-p000', '1-0-p001']
    """
    out = list[Member]()
    for number in range(-(-count // PEOPLE_OF_A_TOWN)):
        town = build(
            1_000 * seed + number, Size(posters=50, posts=0, days=days, participants=2 * PEOPLE_OF_A_TOWN, watches=PEOPLE_OF_A_TOWN)
        )
        out += [_member(town, record(town, row), f"{seed}-{number}-") for row in range(min(PEOPLE_OF_A_TOWN, count - len(out)))]
    return out


def _member(town: Town, data: WatchData, prefix: str) -> Member:
    days = len(data.steps)
    rate = np.where(data.worn, data.heart_rate, np.nan).astype(np.float32)
    steps = np.where(data.worn, data.steps, 0).astype(np.int16)
    coverage = data.worn[:, :NIGHT].mean(axis=1)
    quiet = data.worn[:, :NIGHT] & (data.steps[:, :NIGHT] == 0)
    nights = np.full((days, len(NIGHT_FEATURES)), np.nan)
    total = np.where(quiet, data.heart_rate[:, :NIGHT], 0).sum(axis=1)
    nights[:, 0] = np.where(quiet.sum(axis=1) >= _QUIET_LEAST, total / np.maximum(quiet.sum(axis=1), 1), np.nan)
    asleep = ((data.sleep == ASLEEP) & data.worn).ravel()
    # a night belongs to the day on which it ends: from noon before to noon
    evenings = np.concatenate([np.zeros(_NOON, np.bool_), asleep])[: days * MINUTES].reshape(days, MINUTES)
    nights[:, 4] = np.where(coverage > 0, evenings.sum(axis=1), np.nan)
    walked = steps.sum(axis=1).astype(np.float64)
    nights[1:, 5] = np.where(data.worn.mean(axis=1) < 0.3, np.nan, walked)[:-1]
    raised, onset = np.zeros(days, np.bool_), -1
    for illness in town.illnesses:
        if illness.person == data.person:
            onset, last = ((day - town.size.first_day).days for day in (illness.first_day, illness.last_day))
            raised[onset : last + 1] = True
    return Member(prefix + data.person, rate, steps, nights, coverage, onset, raised, (), np.zeros(days, np.bool_))
