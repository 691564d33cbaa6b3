"""Sleep scorers against pyActigraphy, heart-rate variability against NeuroKit2, sample entropy of a day's beats, adherence of many patients.

Ours and the peers' are seconds of processor, the best of three passes after one that compiles. Peers run in environments of their own, made
here; one that cannot be installed is neither a pass nor a miss.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.measure import Line, at_least, at_most, fresh_process

SCORERS = {
    "cole_kripke": "Cole-Kripke",
    "sadeh": "Sadeh",
    "scripps": "Scripps",
    "oakley": "Oakley",
    "crespo": "Crespo",
    "roenneberg": "Roenneberg",
}
MONTH = 30 * 1_440
ARM_RATE = 50
"""Samples a second of a raw wrist recording."""
PINS: dict[str, tuple[tuple[str, ...], ...]] = {
    "pyActigraphy": (
        ("--no-deps", "pyActigraphy==1.2.2"),
        ("numpy==1.23.5", "pandas==1.5.3", "scipy<1.13", "numba<0.60", "scikit-learn<1.5", "statsmodels<0.15", "lmfit", "joblib", "plotly",
         "pyexcel", "pyexcel-ods3", "pyexcel-xlsx", "stochastic", "spm1d"),
    ),
    "neurokit2": (("neurokit2",),),
}  # fmt: skip
"""pyActigraphy fails on newer libraries; what it lacks here (accelerometer, which does not build) only one of its readers needs."""


def lines(folder: Path, beats: int, patients: int) -> list[Line]:
    ours = fresh_process("behavior:work", folder, beats, patients, one_core=True)
    actigraphy, hrv = peer(folder, "pyActigraphy", "counts.npy"), peer(folder, "neurokit2", "rr.npy")
    found = [
        _ratio(f"sleep scorer {name}", ours[key], actigraphy, key, 100, "one person's month of minutes, pyActigraphy 1.2.2")
        for key, name in SCORERS.items()
    ]  # fmt: skip
    no_peer = (
        "angle, sustained inactivity and sleep period window; pyActigraphy has none of them, and GGIR is not run here: the bar is our own"
    )
    found.append(at_most("van Hees, 6 hours of raw axes at 50 Hz", ours["van_hees"], "s", 1, beside=no_peer))
    parts = {key: ours[f"hrv_{key}"] for key in ("time", "frequency", "nonlinear")}
    if isinstance(hrv, dict):
        each = ", ".join(f"{key} {hrv[key] / mine:.1f} ×" for key, mine in parts.items())
        hrv = {"set": sum(hrv.values())}
    else:
        each = ""
    note = f"time, frequency and nonlinear indices; NeuroKit2's hrv_nonlinear makes a few more (multifractal, symbolic): {each}"
    found.append(_ratio("HRV set, 1,000 RR", sum(parts.values()), hrv, "set", 50, note))
    names = {"clean": "clean", "outliers": "with gross outliers (one in 200 from 300 to 60,000 ms)", "rough": "white noise, whole ms"}
    found += [
        at_most(f"sample entropy, {beats:,} RR {said}", ours[f"entropy_{key}"], "s", 5, "", "", "m = 2, tolerance 0.2 standard deviations")
        for key, said in names.items()
    ]  # fmt: skip
    found.append(
        at_most(
            f"CMA1 to CMA9, {patients:,} patients", ours["cma"], "s", 20, "", "", f"{int(ours['events']):,} dispensings, from a table; {ours['peak_mb']:.0f} MB"
        )
    )  # fmt: skip
    return found


def _ratio(what: str, ours: float, theirs: dict[str, float] | str, key: str, bar: float, note: str) -> Line:
    if isinstance(theirs, str):
        return Line(what, float("nan"), "×", f"≥ {bar:g}", True, beside=f"the peer could not be installed or run: {theirs}")
    return at_least(what, theirs[key] / ours, "×", bar, f"{1e3 * ours:.2f} ms", f"{1e3 * theirs[key]:,.0f} ms", note)


# --- work of a process of its own


def work(folder: str, beats: str, patients: str) -> dict[str, float]:
    import numpy as np

    from bench.measure import peak_mb

    counts, rr = made_counts(), made_beats(1_000)
    np.save(Path(folder) / "counts.npy", counts)
    np.save(Path(folder) / "rr.npy", rr)
    found = scorers(counts) | variability(rr) | entropies(int(beats)) | adherence(int(patients))
    return found | {"peak_mb": peak_mb()} | {"van_hees": arm()}


def fastest(act: Callable[[], object], rounds: int = 3) -> float:
    act()
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        act()
        times.append(time.process_time() - begun)
    return min(times)


def made_counts() -> Any:
    """Counts of a month of minutes: busy days, quiet nights, a little of both in both."""
    import numpy as np

    rng = np.random.default_rng(1)
    awake = np.arange(MONTH) % 1_440 >= 7 * 60
    return np.where(rng.random(MONTH) < np.where(awake, 0.8, 0.1), rng.poisson(np.where(awake, 200, 15)), 0).astype(float)


def arm() -> float:
    """Van Hees from raw axes of a quarter of a day: angle, sustained inactivity, the night's window."""
    import numpy as np

    from heedful.behavior.actigraphy.van_hees import arm_angle, sleep_period, sustained_inactivity

    axes = np.random.default_rng(1).normal(0, 1, (6 * 3_600 * ARM_RATE, 3))
    axes[len(axes) // 3 :] = np.array([0.0, 0.6, 0.8]) + np.random.default_rng(2).normal(0, 0.01, axes[len(axes) // 3 :].shape)

    def night() -> None:
        angle = arm_angle(axes, ARM_RATE)
        sustained_inactivity(angle)
        sleep_period(angle)

    return fastest(night)


def made_beats(count: int, seed: int = 1) -> Any:
    """RR intervals in whole ms: respiration, slow waves and noise."""
    import numpy as np

    rng, n = np.random.default_rng(seed), np.arange(count)
    slow = np.cumsum(rng.normal(0, 1.5, count))
    return np.clip(
        850 + 25 * np.sin(0.53 * n) + 18 * np.sin(1.44 * n) + (slow - slow.mean()) % 90 + rng.normal(0, 12, count), 400, 1500
    ).round()


def scorers(counts: Any) -> dict[str, float]:
    import numpy as np

    from heedful.behavior.actigraphy.cole_kripke import cole_kripke
    from heedful.behavior.actigraphy.crespo import crespo
    from heedful.behavior.actigraphy.oakley import oakley
    from heedful.behavior.actigraphy.recordings import recordings
    from heedful.behavior.actigraphy.roenneberg import roenneberg
    from heedful.behavior.actigraphy.sadeh import sadeh
    from heedful.behavior.actigraphy.scripps import scripps

    month = recordings([counts], [np.datetime64("2026-03-01T00:00")], 60)
    tasks: dict[str, Callable[[], object]] = {
        "cole_kripke": lambda: cole_kripke(month), "sadeh": lambda: sadeh(month), "scripps": lambda: scripps(month),
        "oakley": lambda: oakley(month), "crespo": lambda: crespo(month), "roenneberg": lambda: roenneberg(month),
    }  # fmt: skip
    return {name: fastest(act) for name, act in tasks.items()}


def variability(rr: Any) -> dict[str, float]:
    import numpy as np

    from heedful.behavior.hrv.frequency_domain import frequency_domain
    from heedful.behavior.hrv.nonlinear import nonlinear
    from heedful.behavior.hrv.time_domain import time_domain

    near = 0.2 * float(np.std(rr, ddof=1))
    return {
        "hrv_time": fastest(lambda: time_domain(rr)), "hrv_frequency": fastest(lambda: frequency_domain(rr)),
        "hrv_nonlinear": fastest(lambda: nonlinear(rr, tolerance_ms=near, short_scales=(4, 11), long_scales=(12, None))),
    }  # fmt: skip


def entropies(beats: int) -> dict[str, float]:
    """Once each after a short pass that compiles: a pass takes seconds."""
    import numpy as np

    from heedful.behavior.hrv.entropy import sample_entropy

    rng = np.random.default_rng(2)
    clean = made_beats(beats, 3)
    outliers = clean.copy()
    hit = rng.random(beats) < 0.005
    outliers[hit] = rng.uniform(300, 60_000, int(hit.sum()))
    rough = rng.normal(850, 50, beats).round()
    sample_entropy(clean[:500], 10.0)
    found = {}
    for name, rr in (("clean", clean), ("outliers", outliers), ("rough", rough)):
        begun = time.process_time()
        sample_entropy(rr, 0.2 * float(np.std(rr, ddof=1)))
        found[f"entropy_{name}"] = time.process_time() - begun
    return found


def adherence(patients: int) -> dict[str, float]:
    """CMA1 to CMA9 of a year of follow-up, the table read into events anew."""
    import numpy as np
    import polars as pl

    from heedful.behavior.adherence.continuous import cma
    from heedful.behavior.adherence.windows import events, windows

    rng = np.random.default_rng(4)
    count = rng.poisson(10.8, patients).clip(1)
    patient = np.repeat(np.arange(patients), count)
    day = rng.integers(0, 365, len(patient))
    table = pl.DataFrame({
        "patient_id": patient, "date": pl.Series(20_000 + day, dtype=pl.Int32).cast(pl.Date), "duration_days": rng.choice([14.0, 30.0, 60.0], len(patient)),
        "daily_dose": rng.choice([1.0, 2.0], len(patient)), "medication": rng.choice(["A", "B"], len(patient)),
    }).with_columns(pl.col("date").cast(pl.String))  # fmt: skip

    def all_measures() -> None:
        held = events(table)
        units = windows(held, {"followup_window_days": 365})
        for number in range(1, 10):
            cma(f"CMA{number}", held, units)

    return {"cma": fastest(all_measures, 1), "events": float(len(patient))}


# --- peers


def peer(folder: Path, name: str, file: str) -> dict[str, float] | str:
    """Seconds by task of a peer in its own environment, or why there are none."""
    home = folder / f"peer-{name}"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary"]
        for command in ([sys.executable, "-m", "venv", str(home)], *([*install, *wanted] for wanted in PINS[name])):
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
            if done.returncode:
                return (done.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
        (home / "ready").touch()
    work = [str(python), str(Path(__file__).with_name("behavior_peers.py")), name, str(folder / file)]
    done = subprocess.run(work, capture_output=True, text=True, check=False, timeout=900, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer
