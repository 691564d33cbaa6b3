"""Cosinor of a recording: the cosine that fits the counts best, with its period fixed or free.

    count(x) = mesor + amplitude cos(2 pi x / period + acrophase),  x in epochs from the start of the recording

Reference: Cornelissen 2014, Theor Biol Med Model 11:16. With a free period least squares has several minima: the one is found into which
Gauss-Newton steps lead downhill from the initial period, starting from the best wave of that period. pyActigraphy 1.2.2 starts elsewhere
and ends here too where it ends well; `cosinor_bounded` takes its steps, and the reference cases compare these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.actigraphy.cases import known_only, plain, recording_of
from heedful.behavior.actigraphy.cosinor_bounded import bounded_cosinor
from heedful.behavior.actigraphy.recordings import DAY, SECOND, Floats, Recordings
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

_STEPS, _HALVINGS, _CLOSE = 200, 40, 1e-11
_TURNED = 64
"""Epochs over which the wave is turned on by complex multiplication before sine and cosine are computed anew."""

_PARAMETERS = 4


@dataclass(frozen=True)
class Cosinor:
    """Of each person: `mesor` and `amplitude` (counts), `acrophase` (radians, 0 to 2 pi; the first peak comes where 2 pi x / period +
    acrophase = 2 pi), `period` (epochs), `rss` (residual sum of squares), and whether the steps for the period came to rest.

    NaN where fewer than four counts are there.
    """

    mesor: Floats
    amplitude: Floats
    acrophase: Floats
    period: Floats
    rss: Floats
    converged: NDArray[np.bool_]


def cosinor(held: Recordings, period: float | None = None, *, free: bool = False) -> Cosinor:
    """Fit every recording; missing counts are left out.

    `period`: in epochs, a day if None; where `free`, the one to begin with. Raises `SettingsError` if it is not above two epochs.

    >>> from heedful.behavior.actigraphy.recordings import recordings
    >>> wave = 100 + 50 * np.cos(2 * np.pi * np.arange(4320) / 1450 + 4)
    >>> found = cosinor(recordings([wave], [np.datetime64("2026-03-01T07:00")], 60), free=True)
    >>> [round(float(value[0]), 6) for value in (found.mesor, found.amplitude, found.acrophase, found.period)]
    [100.0, 50.0, 4.0, 1450.0]
    """
    begin_with = DAY / held.epoch if period is None else float(period)
    if not begin_with > 2:
        raise SettingsError(f"A period of {begin_with} epochs cannot be seen in a recording: give more than two.")
    out = np.full((len(held), 5), np.nan)
    converged = np.zeros(len(held), np.bool_)
    _fit(held.counts, held.begin, begin_with, free, out, converged)
    mesor, amplitude, acrophase, fitted, rss = (out[:, k].copy() for k in range(out.shape[1]))
    return Cosinor(mesor, amplitude, acrophase, fitted, rss, converged)


@njit(cache=True)
def _fit(counts, begin, period, free, out, converged):  # type: ignore[no-untyped-def]
    for p in range(len(out)):
        y = counts[begin[p] : begin[p + 1]]
        many = 0
        for i in range(len(y)):
            many += y[i] == y[i]
        if many < _PARAMETERS:
            continue
        center = (len(y) - 1) / 2.0  # counted from the middle, phase and period hardly depend on each other
        turn = 2 * np.pi / period
        wave = _step(y, center, turn, np.zeros(3), False)[0][:3]
        rss = _step(y, center, turn, wave, False)[1]
        converged[p] = not free
        for _ in range(_STEPS if free else 0):
            change, rss = _step(y, center, turn, wave, True)
            size = 1.0
            for _halving in range(_HALVINGS):
                new_wave, new_turn = wave + size * change[:3], turn + size * change[3]
                new = _step(y, center, new_turn, new_wave, False)[1]
                if new <= rss:
                    break
                size /= 2
            if not new <= rss:
                converged[p] = True  # nowhere downhill any more
                break
            done = abs(size * change[3]) <= _CLOSE * turn and rss - new <= _CLOSE * rss
            wave, turn, rss = new_wave, new_turn, new
            if done:
                converged[p] = True
                break
        phase = np.arctan2(-wave[2], wave[1]) - turn * center
        out[p, 0], out[p, 1] = wave[0], np.hypot(wave[1], wave[2])
        out[p, 2], out[p, 3], out[p, 4] = phase % (2 * np.pi), 2 * np.pi / turn, rss


@njit(cache=True)
def _step(y, center, turn, wave, with_turn):  # type: ignore[no-untyped-def]
    """Gauss-Newton change of mesor, cosine, sine (and turn an epoch) from `wave`, and the residual sum of squares at `wave`."""
    n = _PARAMETERS if with_turn else _PARAMETERS - 1
    gram, right = np.zeros((n, n)), np.zeros(n)
    row = np.zeros(_PARAMETERS)
    rss = 0.0
    cosine_on, sine_on = np.cos(turn), np.sin(turn)
    cosine = sine = 0.0
    for i in range(len(y)):
        x = i - center
        if i % _TURNED == 0:
            cosine, sine = np.cos(turn * x), np.sin(turn * x)
        else:
            cosine, sine = cosine * cosine_on - sine * sine_on, sine * cosine_on + cosine * sine_on
        if y[i] != y[i]:
            continue
        residual = y[i] - wave[0] - wave[1] * cosine - wave[2] * sine
        rss += residual * residual
        row[0], row[1], row[2], row[3] = 1.0, cosine, sine, x * (wave[2] * cosine - wave[1] * sine)
        for j in range(n):
            right[j] += row[j] * residual
            for k in range(j + 1):
                gram[j, k] += row[j] * row[k]
    change = np.zeros(_PARAMETERS)
    scale = np.zeros(n)
    for j in range(n):
        scale[j] = 1.0 / np.sqrt(gram[j, j]) if gram[j, j] > 0 else 0.0
    for j in range(n):
        for k in range(j + 1):
            gram[j, k] *= scale[j] * scale[k]
            gram[k, j] = gram[j, k]
        if scale[j] == 0:
            gram[j, j] = 1.0
        gram[j, j] += 1e-14
    change[:n] = scale * np.linalg.solve(gram, scale * right)
    return change, rss


@method(Card(
    name="actigraphy.cosinor",
    definition="Mesor, amplitude and acrophase of the cosine nearest to the counts, its period fixed or found near an initial one.",
    units="{counts}; acrophase in rad, period in epochs",
    reference="Cornelissen 2014, Theor Biol Med Model 11:16",
    equals="pyActigraphy 1.2.2 Cosinor.fit, within 1e-4, by its own steps (cosinor_bounded), also where they end in a worse minimum",
    limits="Activity is no cosine: mesor and amplitude are summaries; a free period ends in the minimum next to where it began.",
))  # fmt: skip
def run_cosinor(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: the program's fit of one recording."""
    known_only("actigraphy.cosinor", arguments, ("period_fixed", "initial_period_epochs", "epoch_seconds"))
    held = recording_of(inputs)
    if "epoch_seconds" in arguments and arguments["epoch_seconds"] * SECOND != held.epoch:
        raise SettingsError(f"The case speaks of epochs of {arguments['epoch_seconds']} s, its recording has {held.epoch / SECOND:g} s.")
    period = float(arguments.get("initial_period_epochs") or DAY / held.epoch)
    if not period > 2:
        raise SettingsError(f"A period of {period} epochs cannot be seen in a recording: give more than two.")
    found = bounded_cosinor(held.counts, period, free=not arguments.get("period_fixed", False))
    return {name: plain(value) for name, value in asdict(found).items()}
