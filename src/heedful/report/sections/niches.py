"""Niches first: pregnancy, misuse, no effect and reasons for stopping, which reports to authorities hold least of."""

from __future__ import annotations

import polars as pl

from heedful.population.safety.niches import niche_name
from heedful.report.content import PageContent
from heedful.report.html import Html, element, join, table
from heedful.report.wording import counted, explain, name

_FIRST = 15


def niche_table(content: PageContent) -> Html | None:
    """The table of the newest year with anything to show, and what it is not; nothing where nobody tells of a niche."""
    if content.niches.is_empty():
        return None
    every = content.niches.filter(pl.col("suppressed") == "")
    year = (content.niches if every.is_empty() else every)["day"].max()
    shown = every.filter(pl.col("day") == year).sort("people", "treatment", "niche", descending=[True, False, False])
    hidden = content.niches.filter(pl.col("day") == year).height - shown.height
    withheld = f" {counted(hidden, 'count')} withheld for few people." if hidden else ""
    said = element(
        "p",
        "People who tell of a treatment in pregnancy, of misuse, of no effect, or why they stopped. What is told in public, not how often "
        f"it happens, and counted apart from reports to an authority.{withheld}",
        class_="small",
    )
    if shown.is_empty():
        return said
    rows = pl.DataFrame(
        [
            {
                "Treatment": name(row["treatment"], content.labels), "What is told": niche_name(row["niche"]),
                "People": f"{row['people']:,}",
                "Where from": explain("niche", row["treatment"], row["niche"], row["day"]),
            }
            for row in shown.head(_FIRST).iter_rows(named=True)
        ]
    )  # fmt: skip
    rest = f"; the first {_FIRST} of {shown.height}" if shown.height > _FIRST else ""
    return join([said, table(rows, f"Niches of safety, {shown['day'][0]:%Y}{rest}", numeric=["People"], code=["Where from"])])
