"""Whether a digital signal still means what it meant: an alarm when it parts from the official series that it stood for.

Google Flu Trends told twice the visits of the winter 2012-13, and nobody was warned (Lazer, Kennedy, King and Vespignani 2014, Science
343:1203). Here the log ratio of signal to official figure is watched by a two-sided CUSUM (Page 1954) against the `reference` weeks that
lie before the last year, once each official figure is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method

Floats = npt.NDArray[np.float64]

CARD = Card(
    name="early_warning.digital_drift",
    definition="Two-sided CUSUM of the standardized log ratio of a digital signal to the official figure, against the reference weeks "
    "that ended `gap` weeks ago.",
    units="1",
    reference="Page 1954; the case of Lazer et al 2014.",
    limits="Cannot tell which of the two series moved. A reference with a drift in it hides a further one. Weekly noise is taken as "
    "independent after the decision interval has been widened for its lag-1 correlation.",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class DigitalDrift:
    """reference: weeks that say what is usual. gap: weeks between them and now, kept out so that a slow drift does not become usual.
    slack: in standard deviations, drift that is let pass. interval: decision interval at independent weeks."""

    reference: int = 156
    gap: int = 52
    slack: float = 1.0
    interval: float = 5.0

    def __post_init__(self) -> None:
        if self.reference < 20 or self.gap < 0 or self.slack < 0 or self.interval <= 0:
            raise SettingsError(f"Drift needs 20 reference weeks, no negative gap or slack, and an interval above 0; got {self}.")


@dataclass(frozen=True)
class Drift:
    """[weeks] each. ratio: signal over official, over its usual. sum_above, sum_below: the CUSUMs; interval: what either must pass.
    alarm: whether one does; false where it could not be tested (interval is NaN there). After an alarm both sums begin anew."""

    ratio: Floats
    sum_above: Floats
    sum_below: Floats
    interval: Floats
    alarm: npt.NDArray[np.bool_]


def digital_drift(official: Floats, signal: Floats, settings: DigitalDrift | None = None) -> Drift:
    """Watch one signal.

    Parameters
    ----------
    official, signal: [weeks], above 0, NaN where not known. A week's row uses nothing after that week, and is there once its official
    figure is published.

    >>> rng = np.random.default_rng(1)
    >>> official = np.exp(rng.normal(0, 0.1, 300)); signal = official * np.exp(rng.normal(0, 0.1, 300))
    >>> signal[250:] *= 1.6
    >>> alarm = digital_drift(official, signal).alarm
    >>> int(np.flatnonzero(alarm)[0]) in range(250, 254)
    True
    """
    settings = settings or DigitalDrift()
    if official.shape != signal.shape or official.ndim != 1:
        raise SettingsError(f"official and signal must be [weeks] alike; got {official.shape} and {signal.shape}.")
    if (official <= 0).any() or (signal <= 0).any():
        raise SettingsError("official and signal must lie above 0, as their ratio is watched; say NaN for a week that is not known.")
    log_ratio = np.log(signal / official)
    weeks = len(log_ratio)
    ratio, interval = np.full(weeks, np.nan), np.full(weeks, np.nan)
    above, below, alarm = np.zeros(weeks), np.zeros(weeks), np.zeros(weeks, np.bool_)
    for week in range(weeks):
        usual = log_ratio[max(week - settings.gap - settings.reference, 0) : max(week - settings.gap, 0)]
        usual = usual[np.isfinite(usual)]
        last = (0.0, 0.0) if not week or alarm[week - 1] else (above[week - 1], below[week - 1])
        if not np.isfinite(log_ratio[week]) or len(usual) < settings.reference // 2 or usual.std() == 0:
            above[week], below[week] = last
            continue
        distance = (log_ratio[week] - usual.mean()) / usual.std(ddof=1)
        ratio[week] = np.exp(log_ratio[week] - usual.mean())
        above[week], below[week] = max(0.0, last[0] + distance - settings.slack), max(0.0, last[1] - distance - settings.slack)
        interval[week] = settings.interval * _widened(usual)
        alarm[week] = max(above[week], below[week]) > interval[week]
    return Drift(ratio, above, below, interval, alarm)


def _widened(usual: Floats) -> float:
    """Factor on the decision interval: the standard deviation of sums of AR(1) noise grows by sqrt((1 + r) / (1 - r))."""
    lag_one = np.corrcoef(usual[:-1], usual[1:])[0, 1]
    r = min(max(float(lag_one), 0.0), 0.9)
    return float(np.sqrt((1 + r) / (1 - r)))
