"""`heedful demo`."""

from __future__ import annotations

import time
from pathlib import Path

import polars as pl

from heedful.cli.console import ReadingProgress, accounts_table, aside, emit, say, table
from heedful.loops.demo import Demo, run_demo
from heedful.report.content import Score
from heedful.report.gather import accounting, gather
from heedful.report.page import write_page

NOTES = (
    "Everything on this page is simulated: no person, post or measurement is real.",
    "Decisions are replayed at the times at which they would have been due, on the days before them only.",
)


def demo(folder: Path, seed: int, json: bool) -> None:
    """Run it, write the page, print the scores."""
    begun = time.monotonic()

    def step(text: str) -> None:
        if not json:
            aside.print(f"[{time.monotonic() - begun:5.1f} s] {text}", markup=False)

    with ReadingProgress(json) as progress:
        made = run_demo(folder, seed, step, progress)
    step("writing the page")
    page = folder / "heedful.html"
    content = gather(made.site, "demo", "A simulated town", f"Seed {seed}; its truth is known", notes=NOTES, score=_score(made))
    write_page(content, page)
    rows = accounting(made.site)
    made.site.close()
    if json:
        emit(
            {
                "page": str(page),
                "scores": [score.row() for score in made.scores],
                "decisions": made.result.decisions,
                "sent": made.result.sent,
            }
        )
        return
    accounts_table("What was read", rows)
    shown = ["what", "wanted", "found", "missed", "raised", "false", "excused", "median_delay_days"]
    table("Found, missed and falsely raised", shown, [[score.row()[name] for name in shown] for score in made.scores])
    say(f"The page: {page.resolve()}")


def _score(made: Demo) -> pl.DataFrame:
    rows = [
        {
            "what": s.what, "truth": s.wanted, "found": s.found, "missed": s.missed, "false": s.false,
            "note": f"{s.raised:,} raised"
            + (f"; {s.excused:,} of them explained by rumours or news" if s.excused else "")
            + ("" if s.median_delay_days is None else f"; median delay {s.median_delay_days:g} days"),
        } for s in made.scores
    ]  # fmt: skip
    return Score.check(pl.DataFrame(rows, schema=Score.dtypes()))
