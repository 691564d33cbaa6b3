"""Heart-rate variability of the day, computed from the intervals between beats that a source delivers (code `rr_interval`).

Beats. Of each person's day one device: the most trusted (`devices`), then the one with most plausible intervals (300 to 2,000 ms), then the
first by name. An interval more than half of which lies within the one before it is left out: the same beat, told twice. One that differs by
more than 20 % from the median of the eleven around it counts as no normal beat and is replaced by the line between its neighbors.

Pieces. Five minutes of the local clock each; of an hour that the clock shows twice both. Of a piece the longest run of intervals without a
gap of more than a second counts. It is *short* with 30 intervals or more of which at most 10 % are replaced, and *whole* if it lasts 270
seconds or more as well. Short pieces give mean, RMSSD, pNN50 and SD1; whole ones SDNN, SD2 and the powers of the bands (0.04-0.15 and
0.15-0.4 Hz), which need the length.

`[beats_night]` is the median of the pieces between 0 and 7 o'clock, at least three; `[beats_day]` of those from 7 to 24 o'clock, at least
one, exercise included. `[beats_24h]` is the Task Force's long-term set over all normal intervals of a day of which 18 hours or more are
covered. Optical pulses are not R waves: compare a person with themselves, on one device.

Task Force of the ESC and NASPE 1996, Circulation 93:1043; 20 %: Malik et al. 1989, Eur Heart J 10:1060 (there against the interval before);
short stretches: Munoz et al. 2015, PLoS ONE 10:e0138921.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.behavior.hrv.ectopic import normal, replaced
from heedful.behavior.hrv.poincare import poincare
from heedful.behavior.hrv.summary import powers, time_features, triangular_index
from heedful.behavior.rows import of_codes
from heedful.core.codes import CODES
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features, Observations

CODE = "rr_interval"
LEAST_INTERVALS, WHOLE_SECONDS, MOST_REPLACED = 30, 270.0, 0.10
GAP_SECONDS, PIECE_MINUTES = 1.0, 5
NIGHT_END, DAY_END = 7 * 60, 24 * 60
LEAST_NIGHT_PIECES, LEAST_DAY_PIECES = 3, 1
ASKED_HOURS, LEAST_HOURS = 6.0, 18.0
"""Hours of intervals from which on the long-term set is spoken of, and from which on it is told."""
_SHORT = {"rr_mean": "ms", "hrv_rmssd": "ms", "hrv_pnn50": "%", "hrv_sd1": "ms"}
_WHOLE = {"hrv_sdnn": "ms", "hrv_sd2": "ms", "hrv_lf": "ms2", "hrv_hf": "ms2", "hrv_lf_hf": "1"}
_LONG = {"hrv_sdnn": "ms", "hrv_sdann": "ms", "hrv_sdnn_index": "ms", "hrv_rmssd": "ms", "hrv_triangular_index": "1"}

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@derivation(reads=(Observations,), writes=Features, by=("person", "day"), needs=("devices",), only={"observations": (CODE,)}, version=1)
def beat_variability(observations: Frame[Consented[P], Observations], devices: DeviceTrust = TODAY) -> Frame[Consented[P], Features]:
    """`rr_mean`, `hrv_rmssd`, `hrv_pnn50`, `hrv_sd1`, `hrv_sdnn`, `hrv_sd2`, `hrv_lf`, `hrv_hf` and `hrv_lf_hf`, of the night and of the
    day, and `hrv_sdnn`, `hrv_sdann`, `hrv_sdnn_index`, `hrv_rmssd` and `hrv_triangular_index` of 24 hours, of each local day with
    intervals.

    Those of the night exist where an interval begins in it, those of the day likewise, those of 24 hours where six hours are covered.
    Coverage: share of the night's 84 or the day's 204 pieces that count, and of 24 hours the share that intervals cover. Missing as
    `implausible` without a plausible interval in that time, `too_short` with too few pieces or hours.
    """
    rows = of_codes(observations.data, (CODE,))
    if rows.is_empty():
        return observations.derive(Features, Features.empty())
    made = [row for person, day, beats in _days(rows, devices) for row in _features(person, day, beats)]
    table = pl.DataFrame(made, schema=Features.dtypes(), orient="row")
    return observations.derive(Features, table.sort("person", "day", "feature"))


def _days(rows: pl.DataFrame, devices: DeviceTrust) -> Iterator[tuple[str, object, pl.DataFrame]]:
    """Each person's day with its chosen device's intervals in order: minute of the local day, number of the piece (of all time), begin and
    end (s), value; `sound` says which are plausible."""
    code = CODES[CODE]
    begin, end = (pl.col(name).dt.epoch("us") / 1e6 for name in ("start_at", "end_at"))
    utc, midnight = pl.col("start_at").dt.epoch("us") // 60_000_000, pl.col("day").to_physical().cast(pl.Int64) * 1_440
    placed = rows.select(
        "person", "day", "device", devices.of(CODE), "start_at", "row", "value", begin=begin, end=end,
        sound=pl.col("value").is_between(code.low, code.high).fill_null(value=False),
        minute=utc + pl.col("offset_minutes") - midnight, piece=(utc + pl.col("offset_minutes") % PIECE_MINUTES) // PIECE_MINUTES,
    )  # fmt: skip
    key = ["person", "day"]
    best = (
        placed.group_by(*key, "trust", "device").agg(sound=pl.col("sound").sum(), any=pl.col("sound").any())
        .sort(*key, "any", "trust", "sound", "device", descending=[False, False, True, True, True, False])
        .group_by(key, maintain_order=True).first().select(*key, "trust", "device")
    )  # fmt: skip
    mine = placed.join(best, on=[*key, "trust", "device"]).sort(*key, "begin", "row", "value")
    for (person, day), beats in mine.group_by(key, maintain_order=True):
        yield str(person), day, beats


def _features(person: str, day: object, beats: pl.DataFrame) -> Iterator[tuple[object, ...]]:
    minute, piece, begin, value = (beats.get_column(name).to_numpy() for name in ("minute", "piece", "begin", "value"))
    sound = beats.get_column("sound").to_numpy()
    kept = np.flatnonzero(sound)
    kept = kept[_follows(begin[kept], value[kept] / 1_000)]
    pieces = _pieces(piece[kept], minute[kept], begin[kept], value[kept])
    for way, low, high, least in (("beats_night", 0, NIGHT_END, LEAST_NIGHT_PIECES), ("beats_day", NIGHT_END, DAY_END, LEAST_DAY_PIECES)):
        inside = (minute >= low) & (minute < high)
        if not inside.any():
            continue
        reason = "too_short" if (inside & sound).any() else "implausible"
        here = [measures for at, measures in pieces if low <= at < high]
        for name, unit in (_SHORT | _WHOLE).items():
            found = [one[name] for one in here if name in one and np.isfinite(one[name])]
            said = len(found) >= least
            share = min(1.0, len(found) * PIECE_MINUTES / (high - low))
            yield person, day, f"{name}[{way}]", float(np.median(found)) if said else None, unit, share, "" if said else reason
    yield from _long_term(person, day, piece[kept], begin[kept], value[kept])


def _follows(begin: Floats, seconds: Floats) -> NDArray[np.bool_]:
    """Which intervals lie for half of their length or more after the end of all above them."""
    if not len(begin):
        return np.zeros(0, np.bool_)
    ended = np.maximum.accumulate(begin + seconds)
    return np.concatenate([[True], begin[1:] >= ended[:-1] - seconds[1:] / 2])


def _pieces(piece: Integers, minute: Integers, begin: Floats, value: Floats) -> list[tuple[int, dict[str, float]]]:
    """Of each piece of five minutes that counts the minute of the day in which its longest run begins, and its measures."""
    if not len(value):
        return []
    is_normal = normal(value)
    apart = np.diff(begin) - value[:-1] / 1_000 > GAP_SECONDS
    edges = np.concatenate([[0], np.flatnonzero(apart | (np.diff(piece) != 0)) + 1, [len(value)]])
    longest: dict[int, tuple[int, int]] = {}
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        held = longest.get(int(piece[first]), (0, 0))
        if last - first > held[1] - held[0]:
            longest[int(piece[first])] = (first, last)
    out = list[tuple[int, dict[str, float]]]()
    for _, (first, last) in sorted(longest.items()):
        good = is_normal[first:last]
        if last - first >= LEAST_INTERVALS and (~good).mean() <= MOST_REPLACED:
            out.append((int(minute[first]), _measures(replaced(value[first:last], good))))
    return out


def _measures(rr: Floats) -> dict[str, float]:
    """Of one run without a gap; those that need the length only where it is whole."""
    time, plot = time_features(rr), poincare(rr)
    short = {"rr_mean": time["mean_nni"], "hrv_rmssd": time["rmssd"], "hrv_pnn50": time["pnni_50"], "hrv_sd1": plot["SD1"]}
    if rr.sum() < WHOLE_SECONDS * 1_000:
        return short
    bands = powers(rr)
    return short | {
        "hrv_sdnn": time["sdnn"], "hrv_sd2": plot["SD2"], "hrv_lf": bands["lf"], "hrv_hf": bands["hf"], "hrv_lf_hf": bands["lf_hf_ratio"]
    }  # fmt: skip


def _long_term(person: str, day: object, piece: Integers, begin: Floats, value: Floats) -> Iterator[tuple[object, ...]]:
    """The Task Force's 24-hour set over normal intervals; SDANN and the SDNN index of pieces with 30 normal intervals or more."""
    covered = float(value.sum()) / 3.6e6
    if covered < ASKED_HOURS:
        return
    said = covered >= LEAST_HOURS
    found = dict.fromkeys(_LONG, float("nan"))
    if said:
        good = normal(value)
        nn, slot = value[good], piece[good]
        pairs = good[1:] & good[:-1] & (np.diff(begin) - value[:-1] / 1_000 <= GAP_SECONDS)
        by_slot = (
            pl.DataFrame({"slot": slot, "nn": nn}).group_by("slot").agg(mean=pl.col("nn").mean(), sd=pl.col("nn").std(), count=pl.len())
        )
        by_slot = by_slot.filter(pl.col("count") >= LEAST_INTERVALS).sort("slot")
        means, deviations = by_slot.get_column("mean").to_numpy(), by_slot.get_column("sd").to_numpy()
        found = {
            "hrv_sdnn": float(np.std(nn, ddof=1)), "hrv_sdann": float(np.std(means, ddof=1)), "hrv_sdnn_index": float(deviations.mean()),
            "hrv_rmssd": float(np.sqrt(np.mean(np.diff(value)[pairs] ** 2))), "hrv_triangular_index": triangular_index(nn),
        }  # fmt: skip
    for name, unit in _LONG.items():
        kept = said and np.isfinite(found[name])
        yield person, day, f"{name}[beats_24h]", found[name] if kept else None, unit, min(1.0, covered / 24), "" if kept else "too_short"
