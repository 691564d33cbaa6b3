"""Of consenting participants whose body signal was known in a week, how many had an unusual day: as found, and modelled for small areas.

As found: participants per 100,000 with a judged value, with Wilson's interval, by declared place. Modelled: multilevel regression and
post-stratification over place, age and sex (`small_areas`), where the site's population table divides places by age or sex; each place of
the table has an estimate, those without a participant too. A place has an effect of its own only where its number can be shown: what is
withheld acts through age and sex alone. Age and sex are those that participants declare; who declares none that the table has is left out
of the model, and counted.

Reference: as `heedful.population.small_areas`; Wilson 1927.
"""

from __future__ import annotations

import polars as pl

from heedful.core.places import WORLD, place_levels
from heedful.core.schemas import Estimates
from heedful.population.body_signals import STRATA
from heedful.population.counts import withhold
from heedful.population.estimates import FEW, NAMED, PER, Population, wilson
from heedful.population.people_mentions import ANY
from heedful.population.small_areas import NOWHERE, Areas, area_cells, in_age_groups, small_areas

_CELL = ["day", "signal", "place"]
_WITHHELD = "Withheld to protect the few people behind it or behind a neighboring place."
_SHARES = ("share", "low", "high")


def body_estimates(days: pl.DataFrame, population: Population, minimum: int) -> pl.DataFrame:
    """Rows of `Estimates` from rows of `BodyDays` of whole weeks; a participant counts once a week. `minimum`: fewest people shown."""
    if days.is_empty():
        return Estimates.empty()
    areas = area_cells(population.rows)
    people = days.group_by("person", "signal", pl.col("day").dt.truncate("1w")).agg(
        pl.col("place", "birth_year", "sex").sort_by("day").last(), unusual=pl.col("unusual").any()
    )
    parts = []
    for (signal,), mine in people.group_by("signal", maintain_order=True):
        judged = _judged(mine, minimum)
        found = _as_found(judged)
        modelled = [_modelled(week, judged.filter(pl.col("day") == day), areas, minimum) for (day,), week in mine.group_by("day")]
        tables = [table for table in modelled if table.height]
        if tables:
            both = found.join(pl.concat(tables), on=["day", "place"], how="full", coalesce=True)
        else:
            both = found.with_columns(_NOT_MODELLED)
        parts.append(both.with_columns(signal=pl.lit(str(signal)), stratum=pl.lit(STRATA[str(signal)])))
    return _told(pl.concat(parts, how="diagonal_relaxed"), areas)


_NOT_MODELLED = [
    *(pl.lit(None, pl.Float64).alias(name) for name in ("weighted", "weighted_low", "weighted_high", "effective_n")),
    pl.lit(None, pl.Int64).alias("weighted_people"), pl.lit("").alias("missing"),
]  # fmt: skip


def _judged(mine: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """By day and place (every level): people and posters with what may not be shown marked, as counts of posters are."""
    levels = mine.with_columns(place_levels("place")).explode("place", empty_as_null=False, keep_nulls=False)
    both = pl.concat([levels.filter("unusual").with_columns(signal=pl.lit("it")), levels.with_columns(signal=pl.lit(ANY))])
    counted = both.group_by(_CELL).agg(people=pl.len().cast(pl.Int64)).with_columns(known_on=pl.col("day"))
    judged = withhold(counted.sort(_CELL), minimum).drop("known_on")
    posted = judged.filter(pl.col("signal") == ANY).select(
        "day", "place", posters="people", posters_hidden=pl.col("suppressed") != ""
    )  # fmt: skip
    said = judged.filter(pl.col("signal") == "it").drop("signal")
    rows = posted.join(said, on=["day", "place"], how="left").with_columns(
        pl.col("people").fill_null(0), hidden=pl.col("posters_hidden") | (pl.col("suppressed").fill_null("") != "")
    )
    own = pl.when("posters_hidden").then(pl.lit("complementary")).otherwise(pl.lit(""))
    return rows.with_columns(suppressed=pl.when(pl.col("suppressed").fill_null("") != "").then("suppressed").otherwise(own))


def _as_found(judged: pl.DataFrame) -> pl.DataFrame:
    """Shares of places where somebody had an unusual day; a withheld row has no number."""
    told = judged.filter((pl.col("people") > 0) | pl.col("hidden"))
    shown = told.filter(~pl.col("hidden")).with_columns(share=pl.col("people") / pl.col("posters"))
    shown = shown.with_columns(wilson("share", "posters", "low", "high")).with_columns(pl.col(name) * PER for name in _SHARES)
    withheld = told.filter(pl.col("hidden")).select("day", "place", "suppressed")
    columns = ["day", "place", "people", "posters", *_SHARES, "suppressed"]
    return pl.concat([shown.select(columns), withheld], how="diagonal_relaxed")


def _modelled(week: pl.DataFrame, judged: pl.DataFrame, areas: Areas, minimum: int) -> pl.DataFrame:
    """Modelled columns of one week by place; empty without a table that divides places, or where too few said yes or no."""
    empty = pl.DataFrame(schema=_MODELLED)
    if not areas.kinds:
        return empty
    age = pl.col("day").dt.year() - pl.col("birth_year")
    groups = areas.rows["age"].unique().sort().to_list() if "age" in areas.kinds else []
    people = week.with_columns(age=in_age_groups(age, groups)) if groups else week
    people = people.join(areas.rows.select(areas.kinds).unique(), on=list(areas.kinds), how="semi")
    yes = int(people["unusual"].sum())
    if min(yes, people.height - yes) < minimum:
        return empty
    sample = _sample(people, judged, areas)
    found = small_areas(sample, areas)
    undeclared = week.height - people.height
    said = _missing(sample, areas, minimum)
    many = str(undeclared) if undeclared >= minimum else "a few"
    lost = f"{many} participants who declare no such {' or '.join(areas.kinds)}" if undeclared else ""
    missing = pl.concat_str(pl.col("missing").replace("", None), pl.lit(lost or None, pl.String), separator="; ", ignore_nulls=True)
    found = found.join(said.with_columns(missing=missing), on="place", how="left").with_columns(
        pl.col("missing").fill_null(""),
        day=pl.lit(week["day"][0]),
        weighted=pl.col("share") * PER,
        weighted_low=pl.col("low") * PER,
        weighted_high=pl.col("high") * PER,
        weighted_people=pl.lit(people.height, pl.Int64),
    )
    return found.select(*_MODELLED)


_MODELLED = {
    "day": pl.Date, "place": pl.String, "weighted": pl.Float64, "weighted_low": pl.Float64, "weighted_high": pl.Float64,
    "weighted_people": pl.Int64, "effective_n": pl.Float64, "missing": pl.String,
}  # fmt: skip


def _sample(people: pl.DataFrame, judged: pl.DataFrame, areas: Areas) -> pl.DataFrame:
    """Cells of the sample: each person in the place of the table that they declare, or none; and none where its number is withheld."""
    shown = judged.filter(~pl.col("hidden"))["place"]
    named = areas.rows.select("place").unique().filter(pl.col("place").is_in(shown.implode()))
    levels = people.with_row_index("who").select("who", place_levels("place")).explode("place", empty_as_null=False, keep_nulls=False)
    homes = levels.join(named, on="place", how="semi").select("who", home="place")
    placed = people.with_row_index("who").join(homes, on="who", how="left").with_columns(place=pl.col("home").fill_null(NOWHERE))
    return placed.group_by("place", *areas.kinds).agg(n=pl.len(), y=pl.col("unusual").sum()).sort("place", *areas.kinds)


def _missing(sample: pl.DataFrame, areas: Areas, minimum: int) -> pl.DataFrame:
    """By place above: which places, age groups and sexes of its population nobody, or far too few, of those that can be shown stand for."""
    above = areas.rows.with_columns(parent=place_levels("place").list.slice(1)).explode("parent", empty_as_null=False, keep_nulls=False)
    rows = []
    for (parent,), cells in above.group_by("parent", maintain_order=True):
        mine = sample.join(cells.select("place").unique(), on="place", how="semi")
        said = [text for kind in ("place", *areas.kinds) if (text := _lacking(mine, cells, kind, minimum, str(parent)))]
        rows.append((str(parent), "; ".join(said)))
    return pl.DataFrame(rows, schema={"place": pl.String, "missing": pl.String}, orient="row")


def _lacking(mine: pl.DataFrame, cells: pl.DataFrame, kind: str, minimum: int, parent: str) -> str:
    """What of one division of a place's population the sample lacks, in words."""
    wanted = cells.group_by(kind).agg(pl.col("size").sum()).with_columns(part=pl.col("size") / pl.col("size").sum())
    both = wanted.join(mine.group_by(kind).agg(pl.col("n").sum()), on=kind, how="left").with_columns(pl.col("n").fill_null(0))
    total = int(both["n"].sum())
    if not total:
        return f"nobody who can be shown of {parent}" if kind == "place" else ""
    named = both.filter(pl.col("n") < FEW * total * pl.col("part")).sort("size", kind, descending=[True, False])
    words = "" if kind == "place" else f"{kind} "
    nobody, some = (named.filter(pl.col("n") < minimum)[kind].to_list(), named.filter(pl.col("n") >= minimum)[kind].to_list())
    texts = [f"nobody who can be shown of {_listed(words, nobody)}"] if nobody else []
    return "; ".join(texts + ([f"far too few of {_listed(words, some)}"] if some else []))


def _listed(words: str, names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return words + ", ".join(names[:NAMED]) + more


def _told(rows: pl.DataFrame, areas: Areas) -> pl.DataFrame:
    """Rows of `Estimates`: what is modelled has a number even where what was found is withheld, and says so."""
    modelled = pl.col("weighted").is_not_null()
    hidden = pl.col("suppressed").fill_null("") != ""
    kinds = " and ".join(("place", *areas.kinds))
    found = pl.format(
        "{} of {} participants whose value was known in the week of {}: {} of 100,000 (95 % {} to {}).",
        "people", "posters", pl.col("day").cast(pl.String), *(_figure(name) for name in _SHARES),
    )  # fmt: skip
    unseen = pl.format("Nobody who can be shown takes part here in the week of {}.", pl.col("day").cast(pl.String))
    model = pl.format(
        " Modelled from {} participants by " + kinds + " (MRP) for its population: {} ({} to {}), as precise as a random sample of {}{}.",
        "weighted_people", *(_figure(name) for name in ("weighted", "weighted_low", "weighted_high")),
        pl.col("effective_n").round().cast(pl.Int64),
        pl.when(pl.col("missing") != "").then(pl.concat_str(pl.lit("; missing: "), "missing")).otherwise(pl.lit("")),
    )  # fmt: skip
    lacking = (
        " Not modelled: too few participants had, or had not, an unusual day, or the place is not in the population table."
        if areas.kinds
        else " Not modelled: the site has no population table by age or sex ([population] file)."
    )
    told = pl.coalesce(found, unseen) + pl.when(modelled).then(model).otherwise(pl.lit(lacking))
    rows = rows.with_columns(
        suppressed=pl.when(modelled | ~hidden).then(pl.lit("")).otherwise("suppressed"),
        why=pl.when(modelled | ~hidden).then(told).otherwise(pl.lit(_WITHHELD)),
        design_effect=pl.when(pl.col("posters").is_not_null() & (pl.col("place") != WORLD)).then(pl.col("posters") / pl.col("effective_n")),
        imbalance_before=pl.lit(None, pl.Float64),
        imbalance_after=pl.lit(None, pl.Float64),
        trimmed=pl.lit(None, pl.Int64),
    )
    return Estimates.check(rows.with_columns(pl.col("missing").fill_null("")).select(*Estimates.columns)).sort(Estimates.key)


def _figure(name: str) -> pl.Expr:
    value = pl.col(name)
    whole = value.round().cast(pl.Int64, strict=False).cast(pl.String)
    return pl.when(value >= 100).then(whole).otherwise(value.round_sig_figs(3).cast(pl.String).str.replace(r"\.0$", ""))
