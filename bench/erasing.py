"""Erasing one participant of a full site: base rows, derived rows, acts, then the bytes on disk; with a receipt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.measure import Line, Watch, at_most, fresh_process

BAR = 10.0


def lines(folder: Path, people: int, times: int) -> list[Line]:
    from bench.measure import Times, median

    fresh_process("erasing:fill", folder, people)
    answer = fresh_process("erasing:work", folder, people, times)
    taken = Times([Watch(*one) for one in answer["times"]]).as_dict()
    return [
        at_most(
            f"erasing one of {people:,} people × 30 days", median(taken["undisturbed"]), "s", BAR, f"{median(taken['clock']):.1f} s",
            "",
            f"median of {times} people, each with vacuum and receipt, {answer['rows']:,} rows of {answer['held']:,}; the first after opening "
            f"{Watch(*answer['times'][0]).undisturbed:.1f} s; {answer['peak_mb']:,.0f} MB",
        )
    ]  # fmt: skip


def fill(folder: str, people: str) -> dict[str, Any]:
    from bench.sites import month_site

    with_time = Watch()
    import time

    begun = time.perf_counter()
    month_site(Path(folder), int(people))
    with_time.clock = time.perf_counter() - begun
    return {"seconds": with_time.clock}


def work(folder: str, people: str, times: str) -> dict[str, Any]:
    from bench.measure import watch
    from bench.minutes import raw_id
    from bench.sites import month_site, open_site
    from heedful.core.schemas import Observations
    from heedful.loops.rights import erase_person

    site = open_site(month_site(Path(folder), int(people)))
    import polars as pl

    held = site.lake.scan("observations", Observations).select(pl.len()).collect().item()
    taken: list[tuple[float, float, float]] = []
    rows = 0
    for number in range(int(times)):
        person = site.participant_key.name(raw_id((number * 337 + 11) % int(people)))
        with watch() as one:
            receipt = erase_person(site, person)
        taken.append((one.clock, one.processor, one.waited))
        rows = sum(receipt["rows"].values())
        left = site.lake.scan("observations", Observations).filter(pl.col("person") == person).select(pl.len()).collect().item()
        assert left == 0, f"{left} rows of an erased person are still there"
    site.close()
    return {"times": taken, "rows": rows, "held": held}
