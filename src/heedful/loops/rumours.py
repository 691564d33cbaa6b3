"""Rumours at a site: claims of its bank as public posts take them up, and audiences for corrections; groups of people only."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import polars as pl

from heedful.core.derivations import Derivation, derivation
from heedful.core.errors import NotFoundError
from heedful.core.frames import Frame
from heedful.core.labels import Aggregate, Public
from heedful.core.schemas import Audiences, Claims, DeclaredPlaces, PeopleMentions, Posts, Rumours, Voices
from heedful.core.voices import VoiceChoice
from heedful.language.claim_matches import claim_id
from heedful.language.crisis import CRISIS_CONCEPTS
from heedful.loops.claim_bank import claim_file
from heedful.population.alarms import Detection
from heedful.population.left_out import gone_days
from heedful.population.opinion import without
from heedful.population.rumour_weeks import LOOKBACK, audience_weeks, rumour_weeks, with_cascades
from heedful.population.rumours import SPREADS
from heedful.trust.doors import disclose_beside

if TYPE_CHECKING:  # a site knows its derivations
    from heedful.loops.site import Site


@dataclass(frozen=True)
class Graphs:
    """The graph library that finds communities, as installed: the resource `graphs`. Installing it makes rumours be derived again."""

    fingerprint: str = "none"


def graph_library() -> Graphs:
    """networkx and its version, or none (extra 'graphs')."""
    try:
        return Graphs(f"networkx {version('networkx')}")
    except PackageNotFoundError:
        return Graphs()


@derivation(
    reads=(PeopleMentions, DeclaredPlaces, Claims, Voices, Posts), writes=Rumours, by=("day",), lookback=LOOKBACK, lookahead=6,
    needs=("detection", "voices", "graphs"), version=1, empty_without=Claims,
)  # fmt: skip
def rumours(
    people: Frame[Public, PeopleMentions],
    declared: Frame[Public, DeclaredPlaces],
    claims: Frame[Public, Claims],
    flagged: Frame[Public, Voices],
    posts: Frame[Public, Posts],
    *,
    detection: Detection,
    voices: VoiceChoice,
    graphs: Graphs,
) -> Frame[Aggregate, Rumours]:
    """How many people took a claim of the bank up in the four weeks to a week, by stance and declared place, how fast it spreads, and its
    cascades and communities, through the disclosure door; without the voices that the site leaves out."""

    def count(rows: pl.DataFrame, flags: pl.DataFrame, minimum: int) -> pl.DataFrame:
        gone = gone_days(flags, voices.exclude)
        told = without(claims.data, gone)
        found = rumour_weeks(without(rows, gone), told, without(declared.data, gone), minimum)
        linked = without(posts.data.select("source", "post", "author", "reply_to", "day"), gone)
        return with_cascades(found, linked, told, minimum, grouped=graphs.fingerprint != "none")

    return disclose_beside(people, flagged, count, detection.minimum_cell, Rumours)


@derivation(
    reads=(PeopleMentions, DeclaredPlaces, Claims, Voices), writes=Audiences, by=("day",), lookback=LOOKBACK, lookahead=6,
    needs=("detection", "voices"), version=1, empty_without=Claims,
)  # fmt: skip
def audiences(
    people: Frame[Public, PeopleMentions],
    declared: Frame[Public, DeclaredPlaces],
    claims: Frame[Public, Claims],
    flagged: Frame[Public, Voices],
    *,
    detection: Detection,
    voices: VoiceChoice,
) -> Frame[Aggregate, Audiences]:
    """Audiences (declared region and topic) of the four weeks to a week that a correction of a claim should reach first, through the
    disclosure door; without the voices that the site leaves out."""

    def count(rows: pl.DataFrame, flags: pl.DataFrame, minimum: int) -> pl.DataFrame:
        gone = gone_days(flags, voices.exclude)
        said, told, homes = (without(table, gone) for table in (rows, claims.data, declared.data))
        return audience_weeks(said, told, homes, minimum, CRISIS_CONCEPTS)

    return disclose_beside(people, flagged, count, detection.minimum_cell, Audiences)


DERIVATIONS: tuple[Derivation, ...] = (rumours, audiences)


def site_rumours(site: Site) -> pl.DataFrame:
    """Rows of `Rumours` of the newest week, most spreading first, with the claim's text and its source's verdict."""
    found = newest(site.engine.table(Rumours, Aggregate).data).join(_bank(site), on="claim", how="left")
    spread, below = pl.col("people").filter(pl.col("stance") == SPREADS).max().over("claim"), pl.col("place") != "world"
    falling = [True, False, False, True, False, False]
    return found.sort(spread, "claim", below, "people", "stance", "place", descending=falling, nulls_last=True)


def site_audiences(site: Site, claim: str) -> pl.DataFrame:
    """Rows of `Audiences` of the newest week, for a claim named by its id or the beginning of it."""
    known = _bank(site)["claim"].to_list()
    hits = [one for one in known if one.startswith(claim)] if claim else []
    if len(hits) != 1:
        raise NotFoundError(f"{claim!r} names {len(hits)} claims of the bank. See their ids with: heedful rumours list")
    return newest(site.engine.table(Audiences, Aggregate).data.filter(pl.col("claim") == hits[0])).sort("rank")


def newest(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of the newest week that there is."""
    return rows.filter(pl.col("day") == pl.col("day").max())


def claim_texts(site: Site) -> dict[str, str]:
    """Text of each claim of the bank, with the verdict of its source, by id."""
    return {claim: f"{text} ({verdict})" for text, verdict, claim in _bank(site).iter_rows()}


def _bank(site: Site) -> pl.DataFrame:
    known = claim_file(site.folder).claims().select(text="claim", verdict="verdict")
    return known.with_columns(claim=pl.Series([claim_id(text) for text in known["text"]], dtype=pl.String))
