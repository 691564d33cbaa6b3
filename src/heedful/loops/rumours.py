"""Rumours at a site: claims of its bank as public posts take them up, and audiences for corrections; groups of people only."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from heedful.core.errors import NotFoundError
from heedful.core.labels import Public
from heedful.core.schemas import Claims, DeclaredPlaces, PeopleMentions, Posts, Schema, Voices
from heedful.language.claim_matches import claim_id
from heedful.loops.claim_bank import claim_file
from heedful.loops.site import Site
from heedful.population.left_out import gone_days
from heedful.population.opinion import without
from heedful.population.people_mentions import ANY
from heedful.population.rumours import ASKS, SPREADS, WINDOW, audiences, cascades, reach


def site_rumours(site: Site) -> pl.DataFrame:
    """Speed and reach of each claim over the last `WINDOW` days with posts, with its text and its source's verdict."""
    claims, homes = _counted(site, Claims), _counted(site, DeclaredPlaces)
    found = reach(claims, homes, _last(site), site.settings.disclosure.minimum_cell)
    return found.join(_bank(site), on="claim", how="left")


def site_cascades(site: Site) -> pl.DataFrame:
    """Cascades and communities of replies and reposts around each claim."""
    posts = site.lake.read(Posts).select("source", "post", "author", "reply_to", "day")
    posts = posts.filter(pl.col("day") > _last(site) - timedelta(days=WINDOW))
    return cascades(posts, _counted(site, Claims), site.settings.disclosure.minimum_cell)


def site_audiences(site: Site, claim: str) -> pl.DataFrame:
    """Audiences (declared region x topic) that a correction of `claim` (its id, or the beginning of it) should reach first."""
    known = _bank(site)["claim"].to_list()
    hits = [one for one in known if one.startswith(claim)] if claim else []
    if len(hits) != 1:
        raise NotFoundError(f"{claim!r} names {len(hits)} claims of the bank. See their ids with: heedful rumours list")
    since = _last(site) - timedelta(days=WINDOW)
    claims, homes, said = (_counted(site, schema).filter(pl.col("day") > since) for schema in (Claims, DeclaredPlaces, PeopleMentions))
    region = pl.col("place").str.splitn("/", 3)
    regions = homes.with_columns(
        place=pl.concat_str(region.struct.field("field_0"), region.struct.field("field_1"), separator="/", ignore_nulls=True)
    )
    declared = regions.group_by("author", "place").agg(pl.col("posts").sum()).sort("posts", "place", descending=[True, False])
    topics = said.filter((pl.col("place") == "world") & (pl.col("concept") != ANY)).select("author", topic="concept")
    met = claims.filter((pl.col("claim") == hits[0]) & pl.col("stance").is_in([SPREADS, ASKS]))
    return audiences(topics, declared.unique("author", keep="first"), met, site.settings.disclosure.minimum_cell)


def _counted(site: Site, schema: type[Schema]) -> pl.DataFrame:
    """Rows of a public table without the days of voices that the site leaves out."""
    flagged = site.engine.table(Voices, Public).data
    return without(site.engine.table(schema, Public).data, gone_days(flagged, site.settings.voices.exclude))


def _bank(site: Site) -> pl.DataFrame:
    known = claim_file(site.folder).claims().select(text="claim", verdict="verdict")
    return known.with_columns(claim=pl.Series([claim_id(text) for text in known["text"]], dtype=pl.String))


def _last(site: Site) -> date:
    newest = site.engine.table(Claims, Public).data["day"].max()
    return newest if isinstance(newest, date) else site.clock.now().date()
