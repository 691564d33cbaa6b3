"""The Poincaré plot, each interval against the next: its width (SD1) and length (SD2), and how unlike its two halves are.

Points above the diagonal are decelerations (the next interval is longer), points below accelerations; `d` and `a` name their shares.

Brennan et al. 2001, IEEE T Bio-Med Eng 48:1342; Toichi et al. 1997 (CSI, CVI); Piskorski and Guzik 2011, Med Biol Eng Comput 49:1289;
Yan et al. 2017, Biomed Eng Online 16 (doi 10.1186/s12938-017-0402-3). Equal to NeuroKit2 0.2.13.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heedful.behavior.hrv.intervals import ratio


def poincare(rr_ms: NDArray[np.float64]) -> dict[str, float]:
    """SD1 and SD2 in ms (n - 1), the ellipse's area S in ms2, and the sympathetic and vagal indices of Toichi.

    >>> found = poincare(np.array([800.0, 810, 790, 805, 800]))
    >>> round(found["SD1"], 2), round(found["SD2"], 2)
    (11.18, 4.56)
    """
    before, after = rr_ms[:-1], rr_ms[1:]
    sd1 = float(np.std((before - after) / np.sqrt(2), ddof=1))
    sd2 = float(np.std((before + after) / np.sqrt(2), ddof=1))
    area = 16 * sd1 * sd2
    return {
        "SD1": sd1, "SD2": sd2, "SD1SD2": ratio(sd1, sd2), "S": np.pi * sd1 * sd2, "CSI": ratio(sd2, sd1),
        "CVI": float(np.log10(area)) if area > 0 else float("nan"), "CSI_Modified": ratio(4 * sd2**2, sd1),
    }  # fmt: skip


def asymmetry(rr_ms: NDArray[np.float64]) -> dict[str, float]:
    """Indices of Guzik (GI), Porta (PI), slope (SI) and area (AI) in percent, and the parts of SD1, SD2 and SDNN on either side."""
    before, after = rr_ms[:-1], rr_ms[1:]
    count, change = len(before), after - before
    slower, faster, same = change > 0, change < 0, change == 0
    distance = np.abs(change) / np.sqrt(2)
    along = np.abs((before - before.mean()) + (after - after.mean())) / np.sqrt(2)
    angle = np.abs(np.arctan(1) - np.arctan(after / before))
    sector = angle * (before**2 + after**2) / 2
    sd1d, sd1a = (float(np.sqrt(np.sum(distance[side] ** 2) / (count - 1))) for side in (slower, faster))
    sd2d, sd2a = (float(np.sqrt((np.sum(along[side] ** 2) + 0.5 * np.sum(along[same] ** 2)) / (count - 1))) for side in (slower, faster))
    sdnnd, sdnna = float(np.sqrt(0.5 * (sd1d**2 + sd2d**2))), float(np.sqrt(0.5 * (sd1a**2 + sd2a**2)))
    percent = {name: 100 * ratio(np.sum(of[slower]), np.sum(of)) for name, of in (("GI", distance), ("SI", angle), ("AI", sector))}
    return percent | {
        "PI": 100 * ratio(float(faster.sum()), float(count - same.sum())),
        "C1d": _part(sd1d, sd1a), "C1a": _part(sd1a, sd1d), "SD1d": sd1d, "SD1a": sd1a,
        "C2d": _part(sd2d, sd2a), "C2a": _part(sd2a, sd2d), "SD2d": sd2d, "SD2a": sd2a,
        "Cd": _part(sdnnd, sdnna), "Ca": _part(sdnna, sdnnd), "SDNNd": sdnnd, "SDNNa": sdnna,
    }  # fmt: skip


def _part(mine: float, other: float) -> float:
    return ratio(mine**2, mine**2 + other**2)
