"""`heedful evaluate lapse`."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from heedful.cli.console import emit, say, table
from heedful.core.errors import NotFoundError
from heedful.loops.evaluate.lapse import evaluate_lapse, judged_weeks, own_dispensings, proposed_shift


def lapse(file: Path, json: bool) -> None:
    """A line a figure; nothing of the file is kept."""
    if not file.is_file():
        raise NotFoundError(f"{file}: there is no such file. Give a dispensing table; see: heedful sources")
    with tempfile.TemporaryDirectory(prefix="heedful-evaluate-") as folder:
        weeks = judged_weeks(own_dispensings(file, Path(folder)))
    figures, shift = evaluate_lapse(weeks), proposed_shift(weeks)
    if json:
        emit({"figures": [asdict(figure) for figure in figures], "proposed_lapse_shift": shift})
        return
    rows = [
        [f.metric, f.n, f"{f.value:.3f} [{f.low:.3f}, {f.high:.3f}]", "" if f.baseline is None else f"{f.baseline:.3f}"] for f in figures
    ]
    table("A gap of 3 or more days within 14 days, told from refills alone", ["figure", "people", "value, 95 %", "without it"], rows)
    say(f"{figures[0].note}. Each week is judged from what was dispensed before it; intervals draw people anew.")
    say("Moved: by one number for the whole place, which each week learns from the weeks that had ended before it. Net benefit gained:")
    say("over the better of acting on everybody and on nobody. Hindsight: had all other refills of the same person and drug been")
    say("known, the later ones too; nobody can know them in time, and what is not gained even so, a person's refills do not hold.")
    say("By all weeks of this file the number is, in heedful.toml:")
    say(f"[risk]\nlapse_shift = {shift:.2f}")
