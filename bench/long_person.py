"""One person with a heart rate every second for months or years, all of it pending at once: taken through the door, derived, derived anew."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.measure import Line, at_most, emptied, fresh_process, peak_mb, watch

SECONDS = 86_400
FIRST = datetime(2020, 1, 1, tzinfo=UTC)
BAR_MB = 1_500


def lines(folder: Path, rows: int) -> list[Line]:
    place = emptied(folder / "long-person")
    answer = fresh_process("long_person:work", rows, place)
    emptied(place)
    parts = {name: (answer[name]["peak_mb"], answer[name]["processor"]) for name in ("taken", "derived", "anew")}
    said = "; ".join(f"{name} {seconds:,.0f} s of processor, {mb:,.0f} MB" for name, (mb, seconds) in parts.items())
    return [
        at_most(
            f"memory over one person of {rows:,} rows", max(mb for mb, _ in parts.values()), "MB", BAR_MB, "", "",
            f"a heart rate a second, all pending and derived at once, then every derivation anew as after a new version: {said}; "
            f"{answer['stored']:,} derived rows, {answer['differ']} of them other after deriving anew",
        )
    ]  # fmt: skip


def work(rows: str, folder: str) -> dict[str, Any]:
    from bench.sites import agree, open_site, take
    from heedful.core.schemas import Observations
    from heedful.engine.intake import Accounts
    from heedful.sources.base import BATCH_ROWS

    site = open_site(Path(folder), FIRST + timedelta(seconds=int(rows)) + timedelta(days=2))
    found: dict[str, Any] = {}
    with site.writing():
        agree(site, range(1))
        site.intake.derive()
        site.intake.derive_every = 10**12  # the worst case: nothing is derived before everything is there
        accounts = Accounts()
        with _phase(found, "taken"):
            for at in range(0, int(rows), BATCH_ROWS):
                take(site, "watch", Observations, heart_rates(at, min(BATCH_ROWS, int(rows) - at)), accounts)
        with _phase(found, "derived"):
            site.intake.derive(lambda name: print(name, file=sys.stderr, flush=True))
        before = site.engine.stored()
        with _phase(found, "anew"):
            written = site.engine.rebuild([step.derivation.name for step in site.engine.plan.steps], site.ledger.last_batch())
    site.close()
    return {**found, "stored": sum(table.height for table in before.values()), "differ": sum(written.values())}


def heart_rates(first: int, count: int) -> pl.DataFrame:
    """`count` seconds from second `first` on: a day's course, some noise, and a night's rest."""
    second = np.arange(first, first + count)
    rng = np.random.default_rng(first)
    value = (62 + 9 * np.sin((second % SECONDS) / SECONDS * 2 * np.pi - 1.9) + rng.normal(0, 3, count)).round()
    start = np.datetime64(FIRST.replace(tzinfo=None), "us") + second.astype("timedelta64[s]")
    return pl.DataFrame({"start_at": start, "value": value}).select(
        person=pl.lit("p000000"), code=pl.lit("heart_rate"), day=pl.col("start_at").cast(pl.Date),
        start_at=pl.col("start_at").dt.replace_time_zone("UTC"), end_at=pl.col("start_at").dt.replace_time_zone("UTC"),
        offset_minutes=pl.lit(0, pl.Int16), value="value", value_code=pl.lit(None, pl.String), unit=pl.lit("/min"), device=pl.lit("strap"),
        how=pl.lit("measured"), row=pl.lit(0, pl.Int32), known_at=(pl.col("start_at") + timedelta(hours=1)).dt.replace_time_zone("UTC"),
        extra=pl.lit(None, pl.String),
    )  # fmt: skip


@contextlib.contextmanager
def _phase(found: dict[str, Any], name: str) -> Iterator[None]:
    """The most memory held, and the time, of one part of the work; the most that was held before is forgotten, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    with watch() as times:
        yield
    found[name] = {"peak_mb": peak_mb(), "processor": times.processor, "clock": times.clock}
    print(name, found[name], file=sys.stderr, flush=True)
