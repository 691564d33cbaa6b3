"""Body signals: on how many consenting participants of a place is resting heart rate, or sleep, unusually high that day?

`body_days` says of each participant's day whether it lies far above their own baseline; the rows stay under the participants' label.
`count_unusual` is the arithmetic that the disclosure door calls on the rows of those who agreed to public-health use. Counts carry the
strata "participants with heart rate" and "participants with sleep": participants are not posters, and a day counts as zero only where
somebody's value was known (rows of the signal 'any' in the same stratum, the denominator).

Reference: Radin et al. 2020, Lancet Digit Health 2:e85-e93 (anomalous resting heart rate and sleep of a region's wearers follow its
influenza-like illness). Here unusual is `heedful.behavior.change` at level 1 or more: 3.5 robust standard deviations above 28 days before.
"""

from __future__ import annotations

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.places import place_levels
from heedful.core.registry import METHODS, Card, Method
from heedful.core.schemas import BodyDays, Changes, Counts, People
from heedful.population.counts import withhold
from heedful.population.people_mentions import ANY

HEART, SLEEP = "body:resting_heart_rate_high", "body:sleep_long"
FEATURES = {
    HEART: ("resting_heart_rate[nightsignal]", "resting_heart_rate[vendor]"),
    SLEEP: ("sleep_minutes[stages]", "sleep_minutes[vendor]"),
}
"""Features by signal, the one that counts first; the next stands in where the first is not judged that day."""
STRATA = {HEART: "participants with heart rate", SLEEP: "participants with sleep"}
NAMES = {HEART: "Resting heart rate unusually high", SLEEP: "Sleep unusually long"}
KINDS = {HEART: ("heart", "activity", "profile"), SLEEP: ("sleep", "profile")}
"""Kinds of data that a consent must cover: what the feature is computed from, and the declared place."""
DETECTOR = "baseline_28"
_NAMES = tuple(name for names in FEATURES.values() for name in names)

CARD = Card(
    name="population.body_signals",
    definition="Participants whose resting heart rate or sleep is 3.5 robust standard deviations above their own 28 days before, by "
    "declared place and day, of those with a judged value.",
    units="{people}",
    reference="Radin et al. 2020, Lancet Digit Health 2:e85-e93",
    equals="",
    limits="Participants are few and chosen by themselves; heat, alcohol, exercise and vaccination raise resting heart rate too. Below the "
    "minimum cell nothing is shown, and nothing is tested.",
)
METHODS.add(CARD.name, Method(CARD))


@derivation(reads=(Changes, People), writes=BodyDays, by=("person",), only={"changes": _NAMES}, version=2)
def body_days(changes: Frame[Consented[P], Changes], people: Frame[Consented[P], People]) -> Frame[Consented[P], BodyDays]:
    """Days of which something is known, and whether they were unusual: one row a person, day and signal, with the declared place,
    birth year and sex."""
    judged = changes.data.filter((pl.col("detector") == DETECTOR) & (pl.col("level") >= 0))
    signal = {name: signal for signal, names in FEATURES.items() for name in names}
    rank = {name: rank for names in FEATURES.values() for rank, name in enumerate(names)}
    judged = judged.filter(pl.col("feature").is_in(list(signal))).with_columns(
        signal=pl.col("feature").replace_strict(signal, return_dtype=pl.String),
        rank=pl.col("feature").replace_strict(rank, return_dtype=pl.Int64),
        unusual=(pl.col("level") >= 1) & (pl.col("observed") > pl.col("expected")),
    )
    first = judged.sort("person", "day", "signal", "rank").unique(["person", "day", "signal"], keep="first", maintain_order=True)
    told = people.data.select("person", pl.col("place").fill_null(""), "birth_year", "sex")
    homes = told.unique("person", keep="last", maintain_order=True)
    rows = first.join(homes, on="person", how="left").with_columns(pl.col("place").fill_null(""))
    return changes.derive(BodyDays, rows.select(*BodyDays.columns).sort(BodyDays.key))


def count_unusual(days: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Rows of `Counts` from rows of `BodyDays` (whole days): people with an unusual day, and those with any known value as 'any'.

    A row is known at the end of its day. Withheld as counts of posters are; a shown count whose denominator is withheld is withheld too.
    """
    levels = days.with_columns(place_levels("place")).explode("place", empty_as_null=False, keep_nulls=False)
    levels = levels.with_columns(stratum=pl.col("signal").replace_strict(STRATA, return_dtype=pl.String))
    cell = ["day", "stratum", "place"]
    seen = levels.with_columns(signal=pl.lit(ANY))
    both = pl.concat([levels.filter("unusual"), seen]).group_by(*cell, "signal").agg(people=pl.col("person").n_unique().cast(pl.Int64))
    # the two strata are families of their own: a person may stand in both
    parts = [
        withhold(both.filter(pl.col("stratum") == stratum).with_columns(known_on=pl.col("day")).sort("day", "signal", "place"), minimum)
        for stratum in STRATA.values()
    ]
    judged = pl.concat(parts)
    shown = pl.col("suppressed") == ""
    posted = judged.filter(pl.col("signal") == ANY).select(*cell, denominator=pl.when(shown).then("people"))
    rows = judged.join(posted, on=cell).with_columns(
        suppressed=pl.when(shown & pl.col("denominator").is_null()).then(pl.lit("complementary")).otherwise("suppressed")
    )
    end = (pl.col("day") + pl.duration(days=1)).cast(pl.Datetime("us", "UTC")) - pl.duration(microseconds=1)
    rows = rows.with_columns(people=pl.when(shown).then("people"), posts=pl.lit(None, pl.Int64), known_at=end)
    return Counts.check(rows.select(*Counts.columns)).sort(Counts.key)
