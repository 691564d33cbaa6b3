"""Rumours by week and place, and the audiences of each week: what the disclosure door lets through of `heedful.population.rumours`.

A week stands for the four weeks that end with it (up to the last day of it on which anybody posted). One person counts once for a claim
and a stance, in the place that their posts of the four weeks declare most often; who declares none counts for the world alone. Cells are
withheld as those of `Estimates`. Growth is of people who spread the claim for the first time within the four weeks; it is told of cells
that are shown.

A week's numbers are protected each by themselves, not against being compared with the week before, three quarters of which they share.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from heedful.core.places import parent_place, place_levels
from heedful.core.schemas import Audiences, Rumours
from heedful.population.counts import withhold
from heedful.population.estimates import PER, wilson
from heedful.population.opinion import STANCES
from heedful.population.people_mentions import ANY
from heedful.population.rumours import ASKS, LEAST_DAYS, LEAST_PEOPLE, SPREADS, WINDOW, Growth, audiences, cascades, growth

LOOKBACK = WINDOW - 7
_CELL = ["day", "claim", "stance", "place"]
_WORLD = "world"
_GROWTH = {"growth": pl.Float64, "growth_low": pl.Float64, "growth_high": pl.Float64, "doubling_days": pl.Float64, "speed": pl.String}


def rumour_weeks(people: pl.DataFrame, claims: pl.DataFrame, declared: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Rows of `Rumours` without cascades.

    Parameters
    ----------
    people: rows of `PeopleMentions` (those with concept 'any' in the world say who posted). claims: of `Claims`. declared: of
    `DeclaredPlaces`. All without the days of voices that are left out. minimum: smallest number of people that is shown.

    A week in which nobody posted has no row. A withheld row has no number.
    """
    posted = people.filter((pl.col("concept") == ANY) & (pl.col("place") == _WORLD)).select("day", "author").unique()
    told = claims.filter(pl.col("stance").is_in(STANCES))
    weeks = _weeks(posted, told)
    if weeks.is_empty():
        return Rumours.empty()
    homes = _homes(in_windows(declared, weeks))
    said = in_windows(told, weeks).select("week", "author", "claim", "stance", "day").join(homes, on=["week", "author"], how="left")
    everybody = in_windows(posted, weeks).select("week", "author", claim=pl.lit(ANY), stance=pl.lit(ANY))
    everybody = everybody.join(homes, on=["week", "author"], how="left")
    one_each = pl.concat([everybody, said.drop("day")]).unique()
    cells = _at_all_levels(one_each).group_by("week", "claim", "stance", "place").agg(people=pl.len().cast(pl.Int64))
    judged = _judged(cells.rename({"week": "day"}), minimum)
    first = _at_all_levels(said.filter(pl.col("stance") == SPREADS).group_by("week", "author", "claim", "place").agg(pl.col("day").min()))
    speeds = _speeds(first, weeks, judged.filter((pl.col("suppressed") == "") & (pl.col("stance") == SPREADS)))
    rows = judged.join(_places_below(judged), on=_CELL, how="left").join(speeds, on=_CELL, how="left")
    shown = pl.col("suppressed") == ""
    rows = rows.with_columns(places=pl.when(shown).then(pl.col("places").fill_null(0)), why=_why())
    absent = [pl.lit(None, pl.Int64).alias(name) for name in ("cascades", "largest", "deepest", "communities", "in_communities")]
    return Rumours.check(rows.with_columns(absent).select(*Rumours.columns)).sort(Rumours.key)


def with_cascades(rumours: pl.DataFrame, posts: pl.DataFrame, claims: pl.DataFrame, minimum: int, *, grouped: bool) -> pl.DataFrame:
    """`rumours` (of `rumour_weeks`) with cascades and communities where those who spread a claim in the world are shown.

    posts: source, post, author, reply_to, day. grouped: whether a graph library is there to find communities.
    """
    where = (pl.col("stance") == SPREADS) & (pl.col("place") == _WORLD) & (pl.col("suppressed") == "")
    weeks = rumours.filter(where).select("day").unique().sort("day")
    if weeks.is_empty():
        return rumours
    found = []
    for (monday,) in weeks.iter_rows():
        inside = pl.col("day").is_between(monday - pl.duration(days=LOOKBACK), monday + pl.duration(days=6))
        held = cascades(posts.filter(inside).sort("source", "post"), claims.filter(inside), minimum, grouped=grouped)
        found.append(held.select(pl.lit(monday, pl.Date).alias("day"), *held.columns))
    numbers = ["cascades", "largest", "deepest", "communities", "in_communities"]
    held = pl.concat(found).with_columns(stance=pl.lit(SPREADS), place=pl.lit(_WORLD))
    return rumours.drop(numbers).join(held, on=_CELL, how="left").with_columns(
        pl.when(where).then("cascades").fill_null(pl.when(where).then(pl.lit(0))).alias("cascades"),
        *(pl.when(where).then(name).alias(name) for name in numbers[1:]),
    ).select(*Rumours.columns).sort(Rumours.key)  # fmt: skip


def audience_weeks(
    people: pl.DataFrame, claims: pl.DataFrame, declared: pl.DataFrame, minimum: int, left_out: Iterable[str] = ()
) -> pl.DataFrame:
    """Rows of `Audiences`; arguments as of `rumour_weeks`. left_out: topics that make no audience (words of crisis)."""
    posted = people.filter(pl.col("place") == _WORLD)
    met = claims.filter(pl.col("stance").is_in([SPREADS, ASKS]))
    weeks = _weeks(posted.filter(pl.col("concept") == ANY), met)
    if weeks.is_empty():
        return Audiences.empty()
    region = pl.col("place").str.splitn("/", 3)
    cut = pl.concat_str(region.struct.field("field_0"), region.struct.field("field_1"), separator="/", ignore_nulls=True)
    homes = _homes(in_windows(declared.with_columns(place=cut), weeks))
    topics = posted.filter((pl.col("concept") != ANY) & ~pl.col("concept").is_in(list(left_out)))
    topics = in_windows(topics, weeks).select("week", "author", topic="concept").unique()
    found = [
        _audiences_of(week, claim, mine, topics.filter(pl.col("week") == week), homes.filter(pl.col("week") == week), minimum)
        for (week, claim), mine in in_windows(met, weeks).sort("week", "claim").group_by("week", "claim", maintain_order=True)
        if mine["author"].n_unique() >= minimum
    ]
    return Audiences.check(pl.concat([Audiences.empty(), *found])).sort(Audiences.key)


def _audiences_of(week: object, claim: object, met: pl.DataFrame, topics: pl.DataFrame, homes: pl.DataFrame, minimum: int) -> pl.DataFrame:
    rows = audiences(topics, homes.select("author", "place"), met.select("author"), minimum)
    why = pl.format(
        "{} people of {} write of it; {} of them spread the claim or asked about it, {} % (95 % {} to {}) meet it.",
        "people", "place", "met", *((100 * pl.col(name)).round(1) for name in ("share", "low", "high")),
    )  # fmt: skip
    return rows.with_columns(
        claim=pl.lit(claim, pl.String), day=pl.lit(week, pl.Date), suppressed=pl.lit(""), why=why,
    ).select(*Audiences.columns)  # fmt: skip


def in_windows(rows: pl.DataFrame, weeks: pl.DataFrame) -> pl.DataFrame:
    """Rows (day, …) once for each of the four weeks (`week`, its Monday) in whose window they lie, of those in `weeks`."""
    monday = pl.col("day").dt.truncate("1w")
    ends = [monday + pl.duration(days=7 * n) for n in range(WINDOW // 7)]
    spread = rows.with_columns(week=pl.concat_list(ends)).explode("week", empty_as_null=False, keep_nulls=False)
    return spread.join(weeks.select("week"), on="week", how="semi")


def _weeks(posted: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """week, last (day with posts) of weeks with posts in whose window a claim was taken up."""
    weeks = posted.group_by(week=pl.col("day").dt.truncate("1w")).agg(last=pl.col("day").max())
    return weeks.join(in_windows(told, weeks).select("week").unique(), on="week", how="semi").sort("week")


def _homes(declared: pl.DataFrame) -> pl.DataFrame:
    """week, author, place: declared most often in the window, the first by code if two are."""
    counted = declared.group_by("week", "author", "place").agg(pl.col("posts").sum())
    return (
        counted.sort("posts", "place", descending=[True, False]).unique(["week", "author"], keep="first").select("week", "author", "place")
    )


def _at_all_levels(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(place_levels("place")).explode("place", empty_as_null=False, keep_nulls=False)


def _judged(cells: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Shown and withheld cells with posters, share and interval; a cell whose posters are withheld is withheld too."""
    named = cells.with_columns(signal=pl.concat_str("claim", "stance", separator="\x1f"), known_on="day")
    judged = withhold(named.sort("day", "signal", "place"), minimum).drop("signal", "known_on")
    posted = judged.filter(pl.col("claim") == ANY).select("day", "place", posters="people", hidden=pl.col("suppressed") != "")
    rows = judged.filter(pl.col("claim") != ANY).join(posted, on=["day", "place"])
    reason = pl.when((pl.col("suppressed") == "") & pl.col("hidden")).then(pl.lit("complementary")).otherwise("suppressed")
    rows = rows.with_columns(suppressed=reason).with_columns(
        pl.when(pl.col("suppressed") == "").then(name).alias(name) for name in ("people", "posters")
    )
    rows = rows.with_columns(share=pl.col("people") / pl.col("posters")).with_columns(wilson("share", "posters", "low", "high"))
    return rows.with_columns(pl.col("share", "low", "high") * PER).drop("hidden")


def _places_below(judged: pl.DataFrame) -> pl.DataFrame:
    shown = judged.filter(pl.col("suppressed") == "").with_columns(place=parent_place("place"))
    return shown.group_by(_CELL).agg(places=pl.len().cast(pl.Int64))


def _speeds(first: pl.DataFrame, weeks: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """Growth of each shown cell; first: week, claim, place, day (of each person's first post that spreads the claim)."""
    cell = ["week", "claim", "place"]
    told = first.join(shown.select(week="day", claim="claim", place="place"), on=cell, how="semi")
    daily = told.group_by(cell).agg("day").join(weeks, on="week")
    rows = []
    for row in daily.sort("week", "claim", "place").iter_rows(named=True):
        start = min(row["day"])
        at = np.array([(day - start).days for day in row["day"]])
        speed = growth(np.bincount(at, minlength=(row["last"] - start).days + 1).astype(np.int64))
        rows.append((row["week"], row["claim"], SPREADS, row["place"], *_numbers(speed)))
    schema = {"day": pl.Date, "claim": pl.String, "stance": pl.String, "place": pl.String, **_GROWTH}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _numbers(speed: Growth) -> tuple[float | None, float | None, float | None, float | None, str]:
    if np.isnan(speed.rate):
        return None, None, None, None, f"Too early to tell its speed: that needs {LEAST_DAYS} days and {LEAST_PEOPLE} people who spread it."
    middle, low, high = speed.doubling
    if speed.low > 0:
        said = f"New people who spread it double every {middle:.1f} days (95 % {low:.1f} to {high:.1f})."
        return speed.rate, speed.low, speed.high, middle, said
    if speed.high < 0:
        said = f"It is fading: new people who spread it halve every {-np.log(2) / speed.rate:.1f} days."
    else:
        rate, least, most = (f"{100 * value:+.0f}" for value in (speed.rate, speed.low, speed.high))
        said = f"Neither growing nor fading for sure: {rate} % a day (95 % {least} to {most})."
    return speed.rate, speed.low, speed.high, None, said


def _why() -> pl.Expr:
    doing = {"spreads": "spread", "refutes": "refuted", "asks": "asked about", "jokes": "joked about"}
    numbers = (pl.col(name).round(0).cast(pl.Int64) for name in ("share", "low", "high"))
    said = pl.format(
        "In the four weeks to the week of {}, {} of {} people who posted {} it: {} of 100,000 (95 % {} to {}).",
        pl.col("day").cast(pl.String), "people", "posters", pl.col("stance").replace(doing), *numbers,
    )  # fmt: skip
    speed = pl.when(pl.col("speed").is_not_null()).then(pl.concat_str(pl.lit(" "), "speed")).otherwise(pl.lit(""))
    withheld = pl.lit("Withheld to protect the few people behind it or behind a neighboring place.")
    return pl.when(pl.col("suppressed") == "").then(said + speed).otherwise(withheld)


__all__ = ["LOOKBACK", "audience_weeks", "in_windows", "rumour_weeks", "with_cascades"]
