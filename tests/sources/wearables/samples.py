"""Samples of Fitbit's exports for the source checks (see `tests.sources.samples`, which must import this module)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.sources.samples import sample

from heedful.sources.base import Options


@sample("wearables.fitabase")
def fitabase(folder: Path) -> tuple[Path, Options]:
    minutes = [f"{1 + n % 2},4/12/2016 2:{n:02}:00 PM,{n % 5}" for n in range(30)]
    bad = ["1,4/12/2016 2:40:00 PM,many", "1,31/12/2016 2:41:00 PM,7", "1,4/12/2016 2:42:00 PM", ",4/12/2016 2:43:00 PM,7"]
    days = [f"{person},4/{day}/2016,{person * day}" for person in (1, 2, 3) for day in (12, 13)]
    export = folder / "fitabase"
    export.mkdir()
    (export / "minuteStepsNarrow_merged.csv").write_text(
        "\n".join(["Id,ActivityMinute,Steps", *minutes[:9], *bad, minutes[0], *minutes[9:], ""])
    )
    (export / "dailySteps_merged.csv").write_text("\n".join(["Id,ActivityDay,StepTotal", *days, ""]))
    return export, Options("study", zone="Europe/Berlin")


@sample("wearables.fitbit_takeout")
def fitbit_takeout(folder: Path) -> tuple[Path, Options]:
    def stamped(values: list[Any], day: int = 23) -> list[dict[str, Any]]:
        return [{"dateTime": f"06/{day}/23 08:{minute:02}:00", "value": value} for minute, value in enumerate(values)]

    export, google = folder / "Fitbit" / "Global Export Data", folder / "Fitbit" / "Physical Activity_GoogleData"
    for one in (export, google):
        one.mkdir(parents=True)
    steps = [
        *stamped([str(n % 5) for n in range(20)]),
        {"dateTime": "soon", "value": "3"},
        {"dateTime": "06/23/23 09:00:00", "value": "many"},
    ]
    heart = stamped([{"bpm": 60 + n, "confidence": 2} for n in range(15)] + [{"bpm": 600, "confidence": 0}])
    (export / "steps-2023-06-23.json").write_text(json.dumps([*steps, steps[0]]))
    (export / "heart_rate-2023-06-23.json").write_text(json.dumps(heart))
    csv = [f"2023-06-{day}T08:0{n}:00Z,{n}" for day in (23, 24) for n in range(9)]
    (google / "steps_2023-06-01.csv").write_text("\n".join(["timestamp,steps", *csv, ""]))
    return folder / "Fitbit", Options("watch", subject="p1", zone="Europe/Berlin")
