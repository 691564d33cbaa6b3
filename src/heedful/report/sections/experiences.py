"""Treatment experiences: how many people say what a treatment did, each effect on an axis of its own."""

from __future__ import annotations

import polars as pl

from heedful.report.charts.experiences import AXES, DRUGS, experience_chart
from heedful.report.content import PageContent
from heedful.report.html import Html, element, empty, figure, fold, join, section, table
from heedful.report.wording import counted, name


def experiences(content: PageContent) -> Html:
    """The section, from public posts only; experiences in diaries stand with their person. Fewer people than the minimum are not shown."""
    public = content.experiences.filter(pl.col("source") != "diary")
    if public.is_empty():
        return section(
            "experiences",
            "Treatment experiences",
            empty("No public text tells of a treatment and what it did. Posts or reviews that name medicines would fill this section."),
        )
    named = public.with_columns(drug=pl.col("treatment_label").fill_null(pl.col("treatment")))
    least = content.minimum_cell
    all_drugs = named.group_by("drug").agg(everyone=pl.col("author").n_unique()).sort("everyone", "drug", descending=[True, False])
    everyone = all_drugs.filter(pl.col("everyone") >= least)
    if everyone.is_empty():
        return section(
            "experiences",
            "Treatment experiences",
            empty(f"Fewer than {least} people tell of any one treatment: too few to be shown without pointing at somebody."),
        )
    people = named.group_by("drug", "axis").agg(people=pl.col("author").n_unique())
    people = people.with_columns(
        shown=pl.when(pl.col("people") < least).then(pl.lit(f"< {least}")).otherwise(pl.col("people").cast(pl.String))
    )
    labels = {row["drug"]: name(row["drug"], content.labels) for row in everyone.iter_rows(named=True)}
    ordered = everyone.join(people, on="drug", how="left").sort("everyone", "drug", "axis", descending=[True, False, False])
    shown = ordered.with_columns(pl.col("drug").replace(labels))
    finding = _finding(shown)
    drawing = experience_chart(shown, finding, "experiences")
    rest = everyone.height - DRUGS
    more = f" {counted(rest, 'more treatment')} with fewer people are in the table." if rest > 0 else ""
    withheld = all_drugs.height - everyone.height
    more += f" {counted(withheld, 'treatment')} of which fewer than {least} people tell: withheld." if withheld else ""
    return section(
        "experiences",
        "Treatment experiences",
        element(
            "p",
            "People who tell of a treatment and what it did, in their own words. A person may stand in several columns; columns are not "
            "added up. People who write are not all people who take a medicine: these numbers say what is told, not how often it happens.",
            class_="lead",
        ),
        figure("People by treatment and by what they tell", finding + more, drawing, _numbers(shown), _effects(named, labels, least)),
    )


def _finding(people: pl.DataFrame) -> str:
    top = people.row(0, named=True)
    told = people.filter(pl.col("drug") == top["drug"]).sort("people", "axis", descending=[True, False]).head(3)
    words = ", ".join(
        f"{row['shown']} {AXES[row['axis']][0] if row['axis'] in AXES else row['axis']}" for row in told.iter_rows(named=True)
    )
    drugs = people["drug"].n_unique()
    return f"{counted(drugs, 'treatment')}; most people, {top['everyone']:,}, tell of {top['drug']} ({words})."


def _numbers(people: pl.DataFrame) -> Html:
    wide = people.select("drug", "everyone", "axis", "shown").pivot("axis", index=["drug", "everyone"], values="shown", sort_columns=True)
    axes = [axis for axis in AXES if axis in wide.columns]
    shown = wide.select(
        pl.col("drug").alias("Treatment"),
        pl.col("everyone").cast(pl.String).alias("People"),
        *[pl.col(axis).fill_null("0").alias(AXES[axis][0].capitalize()) for axis in axes],
    )
    return fold("Numbers", table(shown, "People by treatment and axis", numeric=shown.columns[1:]))


def _effects(named: pl.DataFrame, labels: dict[str, str], least: int) -> Html:
    each = (
        named.filter(pl.col("effect_label") != "")
        .group_by("drug", "axis", "effect_label")
        .agg(people=pl.col("author").n_unique())
        .sort("people", "drug", "axis", "effect_label", descending=[True, False, False, False])
    )
    told = each.filter(pl.col("people") >= least, pl.col("drug").is_in(list(labels)))
    few = element(
        "p", f"{counted(each.height - told.height, 'more effect')} told by fewer than {least} people are withheld.", class_="small"
    )
    shown = told.select(
        pl.col("drug").replace(labels).alias("Treatment"),
        pl.col("axis").replace({axis: words for axis, (words, _) in AXES.items()}).alias("Axis"),
        pl.col("effect_label").alias("Effect or reason"),
        pl.col("people").cast(pl.String).alias("People"),
    )
    whole = table(shown, "Effects and reasons told, most people first", numeric=["People"], limit=60)
    return fold("Which effects and reasons", join([whole, few]) if each.height > told.height else whole)
