"""Of the people who posted in a week, how many said something: as found, and weighted to the population of the places that they declare.

One person counts once a week for a signal and stands in one place: the one that their posts of the week declare most often (the first by
code if two are declared as often). Who declares none counts for the world alone. A place that is only named in a text is no stratum.

As found: people per 100,000 posters with Wilson's 95 % interval. Weighted: post-stratification to the places one level below, where the
site's population table has at least two of them. A place whose count is withheld is never used by itself: all such places, and the people
of the place above who declare none of those that are shown, are one stratum, so that the weighted value follows from what is shown.
Weights are cut at `TRIM` times their mean. Precision by Kish's design effect, the interval by Wilson's at the effective number.

Both intervals are of chance alone: as if posters were drawn from their place. Who posts at all is not drawn, and no weight cures that.

Reference: Wilson 1927, J Am Stat Assoc 22:209-212; Holt & Smith 1979, J R Stat Soc A 142:33-46; Kish 1965, Survey Sampling; Austin 2009,
Stat Med 28:3083-3107 (standardized differences).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.errors import SchemaError
from heedful.core.frames import Frame
from heedful.core.labels import Public
from heedful.core.places import Gazetteer, parent_place, place_levels
from heedful.core.registry import METHODS, Card, Method
from heedful.core.schemas import DeclaredPlaces, Estimates, PeopleMentions, Posts
from heedful.population.counts import withhold
from heedful.population.people_mentions import ANY

PER = 100_000
TRIM = 5.0
"""Largest weight, as a multiple of the mean weight."""
FEW = 0.5
"""A place has far too few posters where its share of them is under this part of its share of the population."""
NAMED = 5
"""Missing places that are named; how many there are is always said."""
_Z = 1.959964

CARD = Card(
    name="population.estimates",
    definition="People per 100,000 who posted in a week, as found with Wilson's interval, and post-stratified to the population of "
    "declared places with trimmed weights, Kish's effective number and standardized differences before and after.",
    units="/(100000.{people})",
    reference="Holt & Smith 1979; Kish 1965; Wilson 1927; Austin 2009",
    equals="weights as heedful.population.weighting (balance 0.23.0) on the same people; Wilson as statsmodels",
    limits="Place is the only stratum that posters declare: age and sex are neither known nor guessed. Weights do not cure who posts. "
    "Small areas of posters are not modelled: too few people there are withheld, or part of the place above; of participants they are.",
)
METHODS.add(CARD.name, Method(CARD))

_POPULATION = {"place": pl.String, "stratum": pl.String, "people": pl.Float64}
_CELL = ["day", "signal", "place"]
_AREA = ["day", "signal", "parent"]


@dataclass(frozen=True, eq=False)
class Population:
    """How many people live where: the resource `population` of a site; empty without a table.

    rows: place, stratum ('all', or one such as 'age:65+'), people. Each place needs one row 'all'. Errors: `SchemaError`, naming it.
    """

    rows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_POPULATION))

    def __post_init__(self) -> None:
        absent = [name for name in _POPULATION if name not in self.rows.columns]
        if absent:
            raise SchemaError(f"The population table has no column {', '.join(absent)}; its columns are place, stratum, people.")
        bad = self.rows.filter(pl.col("people").is_null() | ~(pl.col("people") > 0) | ~pl.col("people").is_finite())
        if bad.height:
            raise SchemaError(f"The population table gives {bad['place'][0]} {bad['people'][0]} people. Write a number above 0, or no row.")
        twice = self.rows.filter(pl.struct("place", "stratum").is_duplicated())
        if twice.height:
            raise SchemaError(f"The population table has two rows of {twice['place'][0]}, stratum {twice['stratum'][0]}. Keep one.")
        whole = self.rows.filter(pl.col("stratum") == "all")["place"]
        torn = self.rows.filter(~pl.col("place").is_in(whole.implode()))
        if torn.height:
            raise SchemaError(f"The population table has strata of {torn['place'][0]}, but no row with stratum 'all' for it. Add one.")

    @property
    def fingerprint(self) -> str:
        text = self.rows.select(*_POPULATION).sort("place", "stratum").write_csv()
        return blake2b(text.encode(), digest_size=16).hexdigest() if self.rows.height else "none"

    @cached_property
    def cells(self) -> pl.DataFrame:
        """parent, place, size of the places below each place, where there are two or more; a place without a row is their sum."""
        sizes = self.rows.filter(pl.col("stratum") == "all").select("place", size="people")
        for _level in range(2):
            above = sizes.group_by(parent_place("place")).agg(pl.col("size").sum()).filter(pl.col("place").is_not_null())
            sizes = pl.concat([sizes, above.join(sizes, on="place", how="anti").select("place", "size")])
        cells = sizes.with_columns(parent=parent_place("place")).filter(pl.col("parent").is_not_null())
        return cells.filter(pl.len().over("parent") > 1).select("parent", "place", "size").sort("parent", "place")

    @property
    def strata(self) -> list[str]:
        """What the table knows beside places, for example 'age'."""
        others = self.rows.filter(pl.col("stratum") != "all")["stratum"]
        return sorted({stratum.partition(":")[0] for stratum in others.to_list()})


@derivation(reads=(Posts,), writes=DeclaredPlaces, by=("day", "author"), needs=("gazetteer",), version=1)
def declared_places(posts: Frame[Public, Posts], *, gazetteer: Gazetteer) -> Frame[Public, DeclaredPlaces]:
    """Where each author's posts of a day declare to be; never where a text merely names a place."""
    told = posts.data.filter(pl.col("place_declared").is_not_null())
    nothing = pl.repeat(None, told.height, dtype=pl.String, eager=True)
    placed = told.with_columns(gazetteer.resolve(told["place_declared"], nothing)["place"]).filter(pl.col("place") != "")
    counted = placed.group_by("day", "author", "place").agg(posts=pl.len().cast(pl.Int32), known_at=pl.col("known_at").min())
    return posts.derive(DeclaredPlaces, counted.select(*DeclaredPlaces.columns).sort(DeclaredPlaces.key))


def week_of_people(said: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """Rows of `PeopleMentions` by week: each author once a signal, at every level of the place that they declare.

    said: day, author, signal (`ANY` for having posted). declared: rows of `DeclaredPlaces` of the same days.
    """
    week = pl.col("day").dt.truncate("1w")
    homes = (
        declared.group_by(week, "author", "place").agg(pl.col("posts").sum())
        .sort("posts", "place", descending=[True, False]).unique(["day", "author"], keep="first").select("day", "author", "place")
    )  # fmt: skip
    people = said.select(week, "author", concept="signal").unique().join(homes, on=["day", "author"], how="left")
    end = (pl.col("day") + pl.duration(days=7)).cast(pl.Datetime("us", "UTC")) - pl.duration(microseconds=1)
    rows = people.with_columns(place_levels("place"), posts=pl.lit(1, pl.Int32), known_at=end)
    return rows.explode("place", empty_as_null=False, keep_nulls=False).select(*PeopleMentions.columns)


def estimates(people: pl.DataFrame, population: Population, minimum: int) -> pl.DataFrame:
    """Rows of `Estimates` from those of `week_of_people`; a withheld row has no number. `minimum`: smallest number of people shown."""
    if people.is_empty():
        return Estimates.empty()
    cells = people.group_by("day", "place", signal="concept").agg(people=pl.len().cast(pl.Int64)).with_columns(known_on=pl.col("day"))
    judged = withhold(cells.sort(*_CELL), minimum).drop("known_on")
    posted = judged.filter(pl.col("signal") == ANY).select("day", "place", posters="people", posters_withheld=pl.col("suppressed") != "")
    rows = judged.filter(pl.col("signal") != ANY).join(posted, on=["day", "place"])
    hidden = pl.when((pl.col("suppressed") == "") & pl.col("posters_withheld")).then(pl.lit("complementary")).otherwise("suppressed")
    rows = rows.with_columns(suppressed=hidden)
    shown = rows.filter(pl.col("suppressed") == "")
    shown = shown.with_columns(share=pl.col("people") / pl.col("posters"))
    shown = shown.with_columns(wilson("share", "posters", "low", "high")).join(
        _weighted(shown, rows, posted, population), on=_CELL, how="left"
    )
    shown = shown.with_columns(pl.col(name) * PER for name in _SHARES).with_columns(why=_why(population))
    withheld = rows.filter(pl.col("suppressed") != "").select(*_CELL, "suppressed", why=pl.lit(_WITHHELD))
    found = pl.concat([shown.drop("posters_withheld"), withheld], how="diagonal_relaxed").with_columns(
        pl.col("missing").fill_null(""), stratum=pl.lit("all")
    )
    return Estimates.check(found.select(*Estimates.columns)).sort(Estimates.key)


_SHARES = ("share", "low", "high", "weighted", "weighted_low", "weighted_high")
_WITHHELD = "Withheld to protect the few people behind it or behind a neighboring place."


def wilson(share: str, size: str, low: str, high: str) -> list[pl.Expr]:
    """Wilson's 95 % interval of a share of `size` people."""
    p, n = pl.col(share), pl.col(size)
    middle = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * (p * (1 - p) / n + _Z**2 / (4 * n**2)).sqrt()
    return [(middle - half).clip(0, 1).alias(low), (middle + half).clip(0, 1).alias(high)]


def _weighted(shown: pl.DataFrame, rows: pl.DataFrame, posted: pl.DataFrame, population: Population) -> pl.DataFrame:
    """The weighted columns of the rows that are shown, where the population table has places below them."""
    strata = _strata(shown, rows, posted, population.cells)
    mean = pl.col("size").sum() / pl.col("n").sum()
    strata = strata.with_columns(weight=pl.col("size") / pl.col("n"), cap=TRIM * mean.over(_AREA))
    strata = strata.with_columns(cut=pl.col("weight") > pl.col("cap"), weight=pl.min_horizontal("weight", "cap"))
    missing = _missing(posted, population.cells)
    n, w, y = pl.col("n"), pl.col("weight"), pl.col("y")
    whole = strata.join(missing, on=["day", "parent"], how="left").with_columns(
        target=pl.col("size") / (pl.col("size").sum().over(_AREA) + pl.col("lost").fill_null(0)),
        before=n / n.sum().over(_AREA),
        after=n * w / (n * w).sum().over(_AREA),
    )
    spread = (pl.col("target") * (1 - pl.col("target"))).sqrt()
    places = pl.len() + pl.col("lost_places").first().fill_null(0)
    lost = pl.col("lost_difference").first().fill_null(0)
    found = whole.group_by(_AREA).agg(
        weighted=(w * y).sum() / (w * n).sum(),
        weighted_people=n.sum(),
        design_effect=n.sum() * (n * w * w).sum() / (n * w).sum() ** 2,
        imbalance_before=(((pl.col("before") - pl.col("target")).abs() / spread).sum() + lost) / places,
        imbalance_after=(((pl.col("after") - pl.col("target")).abs() / spread).sum() + lost) / places,
        trimmed=pl.when("cut").then(n).otherwise(0).sum(),
        missing=pl.col("missing").first(),
        strata=pl.len(),
    )  # fmt: skip
    found = found.filter(pl.col("strata") > 1).with_columns(effective_n=pl.col("weighted_people") / pl.col("design_effect"))
    found = found.with_columns(wilson("weighted", "effective_n", "weighted_low", "weighted_high")).rename({"parent": "place"})
    return found.drop("strata")


def _strata(shown: pl.DataFrame, rows: pl.DataFrame, posted: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """n people, y of them who said it, size of the population, by shown row (day, signal, parent) and stratum.

    A stratum is a place below whose numbers are shown; or everybody else, who stand for the places whose numbers are withheld.
    """
    areas = shown.select("day", "signal", pl.col("place").alias("parent"), total_y="people", total_n="posters")
    areas = areas.join(cells.select("parent").unique(), on="parent", how="semi")
    below = posted.with_columns(parent=parent_place("place")).filter(pl.col("parent").is_not_null())
    said = rows.select(*_CELL, y="people", hidden=pl.col("suppressed") != "")
    grid = areas.join(below, on=["day", "parent"]).join(said, on=_CELL, how="left").join(cells, on=["parent", "place"], how="left")
    grid = grid.with_columns(
        n="posters", y=pl.col("y").fill_null(0), visible=~(pl.col("posters_withheld") | pl.col("hidden").fill_null(False))
    )
    alone = grid.filter(pl.col("visible") & pl.col("size").is_not_null()).select(*_AREA, "n", "y", "size")
    visible = pl.col("visible")
    rest = grid.group_by(_AREA).agg(
        n=pl.col("total_n").first() - pl.col("n").filter(visible).sum(),
        y=pl.col("total_y").first() - pl.col("y").filter(visible).sum(),
        size=pl.col("size").filter(~visible).sum(),
    )
    return pl.concat([alone, rest.filter((pl.col("size") > 0) & (pl.col("n") > 0)).select(alone.columns)])


def _missing(posted: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """By day and place: people, number and standardized differences of the places below with no poster, and in words."""
    days = posted.select("day", parent="place").join(cells.select("parent").unique(), on="parent", how="semi")
    grid = days.join(cells, on="parent").join(posted, on=["day", "place"], how="left")
    n = pl.when(~pl.col("posters_withheld")).then(pl.col("posters"))
    grid = grid.with_columns(share=pl.col("size") / pl.col("size").sum().over("day", "parent"), absent=pl.col("posters").is_null(), n=n)
    known = pl.col("n").sum().over("day", "parent")
    known_share = pl.col("share").filter(pl.col("n").is_not_null()).sum().over("day", "parent")
    grid = grid.with_columns(few=(pl.col("n") / known < FEW * pl.col("share") / known_share).fill_null(False)).sort(
        "day", "parent", "size", "place", descending=[False, False, True, False]
    )
    absent, t = pl.col("absent"), pl.col("share").filter("absent")
    found = grid.group_by("day", "parent", maintain_order=True).agg(
        lost=pl.col("size").filter(absent).sum(),
        lost_places=absent.sum().cast(pl.Int64),
        lost_difference=(t / (t * (1 - t)).sqrt()).sum(),
        lost_share=t.sum(),
        nobody=pl.col("place").filter(absent).head(NAMED).str.join(", "),
        few_places=pl.col("few").sum().cast(pl.Int64),
        few=pl.col("place").filter("few").head(NAMED).str.join(", "),
    )
    more = [pl.when(pl.col(many) > NAMED).then(pl.format(" and {} more", pl.col(many) - NAMED)).otherwise(pl.lit(""))
            for many in ("lost_places", "few_places")]  # fmt: skip
    percent = (100 * pl.col("lost_share")).round(1).cast(pl.String)
    nobody = pl.when(pl.col("lost_places") > 0).then(pl.format("nobody from {}{} ({} % of the population)", "nobody", more[0], percent))
    few = pl.when(pl.col("few_places") > 0).then(pl.format("far too few from {}{}", "few", more[1]))
    return found.with_columns(missing=pl.concat_str([nobody, few], separator="; ", ignore_nulls=True)).drop(
        "nobody", "few", "few_places", "lost_share"
    )


def _why(population: Population) -> pl.Expr:
    """One plain sentence a shown row."""
    raw = pl.format(
        "{} of {} people who posted in the week of {} said so: {} of 100,000 (95 % {} to {}).",
        "people", "posters", pl.col("day").cast(pl.String), *(_figure(name) for name in ("share", "low", "high")),
    )  # fmt: skip
    weighted = pl.format(
        " Weighted to the population of the places below: {} ({} to {}), as precise as {} people with equal weights{}{}.",
        *(_figure(name) for name in ("weighted", "weighted_low", "weighted_high")),
        pl.col("effective_n").round().cast(pl.Int64),
        pl.when(pl.col("trimmed") > 0).then(pl.format("; the weights of {} people were cut", "trimmed")).otherwise(pl.lit("")),
        pl.when(pl.col("missing") != "").then(pl.concat_str(pl.lit("; missing: "), "missing")).otherwise(pl.lit("")),
    )
    lacking = (
        " Not weighted: the site has no population table ([population] file)."
        if population.rows.is_empty()
        else " Not weighted: fewer than two places below it have both people in the population table and posters that can be shown."
    )
    others = f" Not weighted by {', '.join(population.strata)}: posters do not declare it." if population.strata else ""
    return raw + pl.when(pl.col("weighted").is_not_null()).then(weighted).otherwise(pl.lit(lacking)) + pl.lit(others)


def _figure(name: str) -> pl.Expr:
    """Three figures, whole from 100 on."""
    value = pl.col(name)
    return pl.when(value >= 100).then(value.round().cast(pl.Int64).cast(pl.String)).otherwise(
        value.round_sig_figs(3).cast(pl.String).str.replace(r"\.0$", "")
    )  # fmt: skip
