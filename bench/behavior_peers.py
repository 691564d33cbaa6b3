"""Peers of the behavior room, run by a Python of their own: `python behavior_peers.py PEER FILE` prints seconds of processor by task.

Nothing of heedful is imported here. The best of three passes (of one where a pass is slow); a first pass compiles and is not counted.
"""

from __future__ import annotations

import json
import sys
import time
import types
import warnings
from collections.abc import Callable


def fastest(work: Callable[[], object], rounds: int = 3) -> float:
    times = []
    for _ in range(rounds + 1):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times[1:])


def pyactigraphy(file: str) -> dict[str, float]:
    """Each scorer on one person's month of minutes."""
    import numpy as np
    import pandas as pd  # type: ignore[import-untyped]

    for name in ("accelerometer", "accelerometer.utils", "accelerometer.summarisation"):  # for its reader of another format only
        sys.modules[name] = types.ModuleType(name)
    sys.modules["accelerometer.utils"].date_parser = sys.modules["accelerometer.summarisation"].imputeMissing = None  # type: ignore[attr-defined]
    from pyActigraphy.io import BaseRaw  # type: ignore[import-not-found]

    counts = np.load(file)

    def recording(values: object) -> object:
        at = pd.date_range("2026-03-01", periods=len(values), freq="1min")  # type: ignore[arg-type]
        data = pd.Series(values, index=at)
        return BaseRaw("p", "p", "made", "mono-axial", at[0], at[-1] - at[0], pd.Timedelta("1min"), data, None)

    month = recording(counts)
    tasks = {
        "cole_kripke": (lambda: month.CK(settings="mean"), 2), "sadeh": (month.Sadeh, 1), "scripps": (month.Scripps, 2),
        "oakley": (lambda: month.Oakley(threshold=40), 2), "crespo": (month.Crespo, 2), "roenneberg": (month.Roenneberg, 1),
    }  # fmt: skip
    return {name: fastest(work, rounds) for name, (work, rounds) in tasks.items()}


def neurokit2(file: str) -> dict[str, float]:
    """`hrv`: time, frequency and nonlinear indices of 1,000 intervals."""
    import neurokit2 as nk  # type: ignore[import-not-found]
    import numpy as np

    peaks = np.cumsum(np.load(file)).round().astype(int)
    return {
        "time": fastest(lambda: nk.hrv_time(peaks, sampling_rate=1000)),
        "frequency": fastest(lambda: nk.hrv_frequency(peaks, sampling_rate=1000)),
        "nonlinear": fastest(lambda: nk.hrv_nonlinear(peaks, sampling_rate=1000), 1),
    }  # fmt: skip


PEERS = {"pyActigraphy": pyactigraphy, "neurokit2": neurokit2}


def main() -> None:
    warnings.simplefilter("ignore")
    name, file = sys.argv[1:3]
    print(json.dumps(PEERS[name](file)))


if __name__ == "__main__":
    main()
