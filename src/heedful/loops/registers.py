"""Whether lately read posts still look like the register of the heads that label them; what a run says if they do not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from heedful.core.labels import Public
from heedful.core.schemas import Mentions, TextLabels
from heedful.language.text_labels import FAMILIAR_SHARE, STRANGE, UNFAMILIAR
from heedful.loops.site import Site

DAYS = 28
"""Days before the newest label that are looked at."""

FEWEST = 20
"""Posts below which nothing is said."""


@dataclass(frozen=True)
class Register:
    """How strange posts are to a head: 1 as its own register, about 20 at most; `posts` that it read."""

    head: str
    strangeness: float
    posts: int

    def said(self) -> str:
        """One plain sentence."""
        return (
            f"Posts do not look like what the head {self.head} was learned on: sentences of words that it never met are "
            f"{self.strangeness:.1f} times as common as there (limit {STRANGE:g}; {self.posts:,} posts of the last {DAYS} days). "
            "Do not believe its labels in text_labels."
        )


def registers(site: Site) -> list[Register]:
    """Of each head, over the posts that name a drug."""
    labels = _rows(site, TextLabels, None).filter(pl.col("label") == UNFAMILIAR)
    if not labels.height:
        return []
    newest = labels.select(pl.col("day").max()).item()
    days = (newest - timedelta(days=DAYS - 1), newest)
    named = _rows(site, Mentions, days).filter(pl.col("type") == "drug", pl.col("day").is_between(*days))
    posts = named.select("source", "post", "author").n_unique()
    sums = labels.filter(pl.col("day").is_between(*days)).group_by("head").agg(pl.col("probability").sum()).sort("head")
    return [Register(head, total / max(1, posts) / FAMILIAR_SHARE, posts) for head, total in sums.iter_rows()]


def strange_registers(site: Site) -> list[Register]:
    """Those of which a run warns."""
    return [one for one in registers(site) if one.strangeness > STRANGE and one.posts >= FEWEST]


def _rows(site: Site, schema: type[Mentions] | type[TextLabels], days: tuple[date, date] | None) -> pl.DataFrame:
    steps = site.engine.plan.writers.get((schema, Public), [])
    return pl.concat([schema.empty(), *(site.lake.read_derived(step.table, schema, None, days) for step in steps)])
