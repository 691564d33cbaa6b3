"""What a loop found, compared with what is true: found, missed, falsely raised, how late. Pure: tables in, scores out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from heedful.simulate.truth import Illness, Outbreak, Rumour


@dataclass(frozen=True)
class Score:
    """A comparison. `wanted`: true things that could be found; `found` and `missed` of them.

    `raised`: what the loop said; `false`: what of it is not true, `excused`: what a rumour or news explain (neither true nor
    counted as false). `tested`: cells that were judged and could have been raised; 0 where that is not known.
    `median_delay_days`: from the first day of what was found to the first day it was raised. `details`: one row a thing wanted.
    """

    what: str
    wanted: int
    found: int
    raised: int
    false: int
    excused: int = 0
    tested: int = 0
    median_delay_days: float | None = None
    details: pl.DataFrame | None = None

    @property
    def missed(self) -> int:
        return self.wanted - self.found

    @property
    def recall(self) -> float | None:
        """Share of the true things that were found; None if there were none."""
        return self.found / self.wanted if self.wanted else None

    @property
    def precision(self) -> float | None:
        """Share of what was raised, excused things aside, that is true; None if nothing was raised."""
        judged = self.raised - self.excused
        return (judged - self.false) / judged if judged else None

    @property
    def false_rate(self) -> float | None:
        """False ones by tested cells; None where the number of these is not known."""
        return self.false / self.tested if self.tested else None

    def row(self) -> dict[str, object]:
        """The score as a line of a table."""
        return {
            "what": self.what, "wanted": self.wanted, "found": self.found, "missed": self.missed, "raised": self.raised,
            "false": self.false, "excused": self.excused, "tested": self.tested, "recall": self.recall, "precision": self.precision,
            "median_delay_days": self.median_delay_days,
        }  # fmt: skip


def score_alarms(
    alarms: pl.DataFrame, outbreaks: Sequence[Outbreak], rumours: Sequence[Rumour] = (), grace_days: int = 3, what: str = "outbreaks"
) -> Score:
    """Alarms of detectors against outbreaks.

    Parameters
    ----------
    alarms: rows of `Alarms` (signal, place, day, alarm); a null `alarm` was not tested.
    grace_days: an alarm up to so many days after the last day of an outbreak still counts as true, as windows look back.

    An outbreak is found by an alarm of one of its signals in its place, or a place above it (its state, country, the world),
    between its first and last day. An alarm is a cell (signal, place, day); several detectors that raise it count once. It is
    excused if a rumour or news of its signal were going on there; else false.
    """
    cells = alarms.filter(pl.col("alarm").is_not_null()).group_by("signal", "place", "day").agg(pl.col("alarm").any())
    raised = cells.filter("alarm").with_row_index("cell")
    details, true = [], set[int]()
    for outbreak in outbreaks:
        where = pl.col("signal").is_in(outbreak.signals) & pl.col("place").is_in(places_above(outbreak.place))
        hits = raised.filter(where & _during(outbreak.first_day, outbreak.last_day))
        true |= set(raised.filter(where & _during(outbreak.first_day, outbreak.last_day, grace_days))["cell"])
        first, delay = _first(hits, outbreak.first_day)
        details.append(
            {
                "name": outbreak.name,
                "place": outbreak.place,
                "first_day": outbreak.first_day,
                "found_on": first,
                "delay_days": delay,
                "alarms": hits.height,
            }
        )
    excused = set[int]()
    for rumour in rumours:
        # Whoever lives under a place of rumour talks of it: places above and, for a world-wide one, all.
        here = pl.lit(True) if rumour.place == "world" else pl.col("place").is_in(places_above(rumour.place))
        hit = raised.filter(pl.col("signal").is_in(rumour.signals) & here & _during(rumour.first_day, rumour.last_day, grace_days))
        excused |= set(hit["cell"]) - true
    return _scored(what, details, raised.height, raised.height - len(true) - len(excused), len(excused), cells.height)


def score_changes(
    changes: pl.DataFrame, illnesses: Sequence[Illness], people: Mapping[str, str], grace_days: int = 2, what: str = "illnesses"
) -> Score:
    """Changes of level 1 or more against the illnesses of participants.

    Parameters
    ----------
    changes: rows of `Changes`, of one detector or several; level -1 was not judged.
    people: raw id of the town -> pseudonym in `changes`; illnesses of anybody else are not wanted.
    grace_days: a change up to so many days after the illness still counts as true.

    A raised cell is a person's day, however many detectors and features raise it.
    """
    days = changes.filter(pl.col("level") >= 0).group_by("person", "day").agg((pl.col("level") >= 1).any().alias("raised"))
    raised = days.filter("raised").with_row_index("cell")
    details, true = [], set[int]()
    for illness in illnesses:
        if illness.person not in people:
            continue
        mine = pl.col("person") == people[illness.person]
        hits = raised.filter(mine & _during(illness.first_day, illness.last_day, grace_days))
        true |= set(hits["cell"])
        first, delay = _first(hits, illness.first_day)
        details.append(
            {"name": illness.person, "first_day": illness.first_day, "found_on": first, "delay_days": delay, "alarms": hits.height}
        )
    return _scored(what, details, raised.height, raised.height - len(true), 0, days.height)


def score_experiences(experiences: pl.DataFrame, truth: pl.DataFrame, what: str = "experiences") -> Score:
    """Experiences found in posts against those that the grammar put there, post by post: drug, axis and, where it has one, effect.

    `experiences`: rows of `Experiences` (post, treatment 'drug:NAME', axis, effect). `truth`: rows of `truth_posts.csv`, which
    must hold every post that was read. `details`: recall by axis.
    """
    wanted = truth.filter(pl.col("axis").fill_null("") != "").select(
        post="id", drug=pl.lit("drug:") + pl.col("drug"), axis="axis", effect=pl.col("effect").fill_null("")
    )  # fmt: skip
    with_effect = pl.col("axis").is_in(["adverse", "withdrawal"])
    said = experiences.select(
        "post", drug="treatment", axis="axis", effect=pl.when(with_effect).then("effect").otherwise(pl.lit(""))
    ).unique()  # fmt: skip
    both = wanted.unique().join(said, on=["post", "drug", "axis", "effect"], how="semi")
    by_axis = wanted.unique().group_by("axis").len("wanted").join(both.group_by("axis").len("found"), on="axis", how="left")
    details = by_axis.with_columns(pl.col("found").fill_null(0)).sort("axis")
    return Score(what, wanted.unique().height, both.height, said.height, said.height - both.height, details=details)


def score_mentions(mentions: pl.DataFrame, truth: pl.DataFrame, what: str = "who has what now") -> Score:
    """Mentions of symptoms that somebody has now, themselves, against the grammar's truth, post by post and concept by concept.

    `mentions`: rows of `Mentions`; those of type symptom, present, of the self, count as said. `details`: by kind of post, how many
    there are and in how many a present symptom was (rightly or wrongly) said.
    """
    here = (pl.col("assertion") == "present") & (pl.col("experiencer") == "self")
    said = mentions.filter(here & (pl.col("type") == "symptom") & (pl.col("concept") != "")).select(id="post", concept="concept").unique()
    wanted = truth.filter(here).select("id", "concept").unique()
    both = wanted.join(said, on=["id", "concept"], how="semi")
    details = (
        truth.select("id", "kind").join(said.select("id").unique().with_columns(said=pl.lit(1)), on="id", how="left")
        .group_by("kind").agg(pl.len().alias("posts"), pl.col("said").sum()).sort("kind")
    )  # fmt: skip
    return Score(what, wanted.height, both.height, said.height, said.height - both.height, details=details)


def score_responses(outcomes: pl.DataFrame, responders: set[str]) -> pl.DataFrame:
    """Mean outcome after a message and after none, for responders and the rest.

    `outcomes`: person, action, value (null where missing). Columns of the answer: responder, decisions, with_message, without, effect.
    """
    sent = pl.col("action") != "none"
    return (
        outcomes.filter(pl.col("value").is_not_null())
        .group_by(pl.col("person").is_in(list(responders)).alias("responder"))
        .agg(
            pl.len().alias("decisions"), pl.col("value").filter(sent).mean().alias("with_message"),
            pl.col("value").filter(~sent).mean().alias("without"),
        )
        .with_columns(effect=pl.col("with_message") - pl.col("without"))
        .sort("responder")
    )  # fmt: skip


def places_above(place: str) -> list[str]:
    """A place and all above it.

    >>> places_above("US/NY/5110629")
    ['world', 'US', 'US/NY', 'US/NY/5110629']
    """
    parts = place.split("/")
    return ["world", *("/".join(parts[: n + 1]) for n in range(len(parts)))]


def _during(first: date, last: date, grace_days: int = 0) -> pl.Expr:
    return pl.col("day").is_between(first, last + timedelta(days=grace_days))


def _first(hits: pl.DataFrame, begin: date) -> tuple[date | None, int | None]:
    """The first day of hits and its distance from `begin` in days; None without a hit."""
    if not hits.height:
        return None, None
    first: date = hits["day"].sort()[0]
    return first, (first - begin).days


def _scored(what: str, details: list[dict[str, object]], raised: int, false: int, excused: int, tested: int) -> Score:
    table = pl.DataFrame(details, infer_schema_length=None) if details else pl.DataFrame()
    found = table.filter(pl.col("found_on").is_not_null()) if details else table
    delay = found["delay_days"].median() if found.height else None
    return Score(
        what, len(details), found.height, raised, false, excused, tested, float(delay) if isinstance(delay, int | float) else None, table
    )
