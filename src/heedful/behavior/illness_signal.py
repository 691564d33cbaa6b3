"""The joint score of `illness` over a person's features, as findings: which nights are unlike this person's, and in what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.annotations import CYCLE_START, expected_nights, held_nights, second_half
from heedful.behavior.false_alarms import explanation, rate_sentence, wilson
from heedful.behavior.illness import NIGHT_FEATURES, IllnessNights, IllnessSettings, follow_on, no_nights, prepared
from heedful.behavior.night_matrix import NAMES, SOURCES, STEPS, night_matrix
from heedful.core.derivations import Carried, HistoryState, derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Annotations, Changes, Features

SCORE = "night_score"
TOLD = 0.5
"""Least part of the score at which a feature is named."""
UNCOVERED = "Could not be judged: recorded for less than half of the usual time of the night."


def _decides(features: pl.DataFrame, annotations: pl.DataFrame) -> pl.DataFrame:
    """What `illness_signal` depends on: steps belong to the night after them and decide nothing until that night has a value."""
    known = features.filter(pl.col("feature").is_in(NAMES) & pl.col("value").is_finite())
    of_day = pl.col("feature").is_in(SOURCES[STEPS])
    newest = pl.col("day").filter(~of_day).max().over("person")
    told = known.filter(~of_day | (pl.col("day") < newest)).select("person", "day", "feature", "value", "coverage")
    return pl.concat([told, annotations.select("person", "day", "kind", "source")], how="diagonal")


def _history() -> HistoryState:
    from heedful.behavior.warm_illness import IllnessHistory  # which reads this file

    return IllnessHistory()


@derivation(
    reads=(Features, Annotations), writes=Changes, by=("person",), only={"features": NAMES}, version=2, decided_by=_decides,
    fold=Carried(_history),
)  # fmt: skip
def illness_signal(
    features: Frame[Consented[P], Features], annotations: Frame[Consented[P], Annotations]
) -> Frame[Consented[P], Changes]:  # fmt: skip
    """One row a night with anything recorded, over a person's whole history, each from the nights before it.

    `observed` is the lower score of the night and the one before (of the night alone where there is no such night), `expected` 0, `spread`
    1. The sentence names the features that make the score, their usual values, this person's threshold, and how often it was passed.
    """
    notes = annotations.data.sort("person", "day", "kind")
    held = expected_nights(notes)
    nights = night_matrix(features.data)
    if not nights.recorded.any():
        return features.derive(Changes, Changes.empty())
    declared = {str(own["person"][0]): own for own in notes.partition_by("person", maintain_order=True)}
    found = []
    for begin, end in zip(nights.start[:-1].tolist(), nights.start[1:].tolist(), strict=True):
        own = slice(begin, end)
        person = str(nights.person[begin])
        found.append(_person(person, nights.day[own], nights.value[own], nights.recorded[own], declared.get(person, notes.clear())))
    rows = nights_table(found).join(held, on=["person", "day"], how="left", maintain_order="left")
    plain = (pl.col("because").is_null() & (pl.col("level") >= 0)).cast(pl.Int64)
    alarm = plain * (pl.col("level") >= 1).cast(pl.Int64)
    rows = rows.with_columns(judged=(plain.cum_sum() - plain).over("person"), raised=(alarm.cum_sum() - alarm).over("person"))
    return features.derive(Changes, findings(rows))


def findings(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `Changes` from nights (`observed`, `level`, `nights_used`, `why`, `because`) with the nights before them that were judged and
    that nothing explains (`judged`), and how many of those were raised (`raised`)."""
    low, high = wilson(pl.col("raised"), pl.col("judged"))
    told = pl.concat_str(explanation(pl.col("because")), rate_sentence(pl.col("raised"), pl.col("judged")))
    return rows.select(
        "person", "day", detector=pl.lit("illness_signal"), feature=pl.lit(SCORE), observed="observed", expected=pl.lit(0.0),
        spread=pl.lit(1.0), level="level", nights_used="nights_used",
        false_alarm_rate=pl.when(pl.col("judged") > 0).then(pl.col("raised") / pl.col("judged")),
        why=pl.concat_str("why", pl.when(pl.col("level") >= 1).then(told).otherwise(pl.lit(""))),
        false_alarm_low=low, false_alarm_high=high, because="because",
    )  # fmt: skip


def _person(
    person: str, day: NDArray[np.int64], value: NDArray[np.float64], recorded: NDArray[np.bool_], notes: pl.DataFrame
) -> dict[str, Any]:  # fmt: skip
    kinds, declared = notes["kind"].to_list(), notes["day"].to_physical().to_numpy().astype(np.int64)
    nights = judged_on(day, value, kinds, declared, no_nights(len(day), value.shape[1]), 0)
    return told_nights(person, day, value, nights, np.flatnonzero(recorded))


def judged_on(
    day: NDArray[np.int64], value: NDArray[np.float64], kinds: list[str], declared: NDArray[np.int64], nights: IllnessNights, begin: int
) -> IllnessNights:  # fmt: skip
    """One person's nights judged from `begin` on, into `nights`; what was noted, on which days, explains some and tells the cycle."""
    first = int(day[0])
    held = held_nights(kinds, declared, first, int(day[-1]) - first + 1)[day - first]
    starts = declared[np.array([kind == CYCLE_START for kind in kinds], np.bool_)]
    weekend = (day + 3) % 7 >= 5  # day 0 was a Thursday
    shift, floor = np.array([f.shift for f in NIGHT_FEATURES]), np.array([f.floor for f in NIGHT_FEATURES])
    context = np.column_stack([weekend, second_half(starts, day)])
    return follow_on(day, prepared(value), shift, floor, context, held, nights, begin)


def told_nights(
    person: str, day: NDArray[np.int64], value: NDArray[np.float64], nights: IllnessNights, places: NDArray[np.int64]
) -> dict[str, Any]:  # fmt: skip
    """What is said of some nights of a person, column by column."""
    pair, score = nights.pair[places], nights.score[places]
    return {
        "person": [person] * len(places), "day": day[places], "observed": np.where(np.isfinite(pair), pair, score),
        "level": nights.level[places], "nights_used": nights.used[places],
        "why": [_why(place, nights, value) if np.isfinite(value[place, :-1]).any() else UNCOVERED for place in places.tolist()],
    }  # fmt: skip


def nights_table(parts: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """`told_nights` of several people as one table."""
    columns = dict[str, Any]()
    for name, first in parts[0].items():
        lists = isinstance(first, list)
        columns[name] = [one for part in parts for one in part[name]] if lists else np.concatenate([part[name] for part in parts])
    table = pl.DataFrame(columns, schema_overrides=dict.fromkeys({"person", "why", "because"} & columns.keys(), pl.String))
    return table.with_columns(
        pl.col("day").cast(pl.Int32).cast(pl.Date), pl.col("observed").fill_nan(None), pl.col("level").cast(pl.Int16),
        pl.col("nights_used").cast(pl.Int32),
    )  # fmt: skip


def _why(place: int, nights: IllnessNights, value: NDArray[np.float64]) -> str:
    if nights.level[place] < 0:
        least = IllnessSettings().least
        return f"Could not be judged: {nights.used[place]} earlier nights have a value, {least} are needed."
    against = f"score {nights.pair[place]:.1f}" if np.isfinite(nights.pair[place]) else f"score {nights.score[place]:.1f}, no night before"
    bound = f"this person's threshold {nights.threshold[place]:.1f}, from {nights.used[place]} nights"
    if nights.level[place] == 0:
        return f"As usual: {against}, {bound}."
    how = "very " if nights.level[place] == 2 else ""
    return (
        f"Second night in a row {how}unlike this person's nights, in the way that nights of an infection are: "
        f"{_named(place, nights, value)}; {against}, {bound}."
    )


def _named(place: int, nights: IllnessNights, value: NDArray[np.float64]) -> str:
    """The features that make the score, strongest first: 'resting heart rate 66 (usually 59.8)'."""
    order = np.argsort(-np.nan_to_num(nights.part[place]), kind="stable")
    named = [column for column in order if np.nan_to_num(nights.part[place, column]) >= TOLD] or [order[0]]
    words = []
    for column in named:
        usual = nights.expected[place, column]
        usual = np.exp(usual) if NIGHT_FEATURES[column].log else usual
        words.append(f"{NIGHT_FEATURES[column].words} {value[place, column]:.4g} (usually {usual:.4g})")
    return ", ".join(words)
