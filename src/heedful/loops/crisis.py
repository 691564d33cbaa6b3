"""Crisis words in public posts as counts of people by place and day, through the disclosure door: never a post, never a person.

Posts are read and counted in one step, so that no row anywhere says of whom the words fired: not in the lake, not in `explain` (a day's
cell would name nobody but all posters of the day, and is not offered), not in a view. Nothing reads the table but people.
"""

from __future__ import annotations

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Aggregate, Public
from heedful.core.places import Gazetteer, place_levels
from heedful.core.schemas import CrisisCounts, PeopleMentions, Posts, Voices
from heedful.core.voices import VoiceChoice
from heedful.language.crisis import CRISIS_KINDS, CRISIS_PATTERN
from heedful.language.reading import english
from heedful.population.alarms import Detection
from heedful.population.counts import count_people
from heedful.population.left_out import gone_days
from heedful.population.people_mentions import ANY
from heedful.trust.doors import disclose_beside


@derivation(reads=(Posts, PeopleMentions, Voices), writes=CrisisCounts, by=("day",), needs=("gazetteer", "detection", "voices"), version=2)
def crisis_counts(
    posts: Frame[Public, Posts], people: Frame[Public, PeopleMentions], flagged: Frame[Public, Voices], *,
    gazetteer: Gazetteer, detection: Detection, voices: VoiceChoice,
) -> Frame[Aggregate, CrisisCounts]:  # fmt: skip
    """People whose posts hold words of a kind, by place and day, as known on each day; without the voices that the site leaves out."""
    posted = people.data.filter(pl.col("concept") == ANY)
    rows = posts.derive(PeopleMentions, pl.concat([_people_of_words(posts.data, gazetteer), posted]))
    return disclose_beside(
        rows, flagged, lambda said, flags, minimum: _counted(said, gone_days(flags, voices.exclude), minimum), detection.minimum_cell,
        CrisisCounts,
    )  # fmt: skip


def _people_of_words(posts: pl.DataFrame, gazetteer: Gazetteer) -> pl.DataFrame:
    """Rows of `PeopleMentions` with the kinds of words as concepts; they live for the length of a call."""
    fired = posts.filter(english(pl.col("language")), pl.col("text").str.contains(CRISIS_PATTERN))
    placed = fired.with_columns(gazetteer.resolve(fired["place_declared"], fired["text"])["place"]).with_columns(place_levels("place"))
    kinds = [pl.when(pl.col("text").str.contains(words)).then(pl.lit(f"crisis:{kind}")) for kind, words in CRISIS_KINDS.items()]
    return (
        placed.with_columns(concept=pl.concat_list(kinds).list.drop_nulls())
        .explode("concept", empty_as_null=False, keep_nulls=False)
        .explode("place", empty_as_null=False, keep_nulls=False)
        .group_by("day", "place", "concept", "author")
        .agg(pl.struct("source", "post").n_unique().cast(pl.Int32).alias("posts"), pl.col("known_at").min())
        .select(*PeopleMentions.columns)
    )


def _counted(people: pl.DataFrame, gone: pl.DataFrame, minimum: int) -> pl.DataFrame:
    counted = count_people(people, minimum, gone).filter(pl.col("signal") != ANY)
    return counted.select(*CrisisCounts.columns).sort(CrisisCounts.key)
