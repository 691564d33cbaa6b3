"""Treatment experiences: how many people say what a treatment did, each effect on an axis of its own."""

from __future__ import annotations

import polars as pl

from heedful.report.charts.experiences import AXES, DRUGS, experience_chart
from heedful.report.content import PageContent
from heedful.report.html import Html, element, empty, figure, fold, section, table
from heedful.report.wording import counted, name


def experiences(content: PageContent) -> Html:
    """The section, from public posts only; experiences in diaries stand with their person."""
    public = content.experiences.filter(pl.col("source") != "diary")
    if public.is_empty():
        return section(
            "experiences",
            "Treatment experiences",
            empty("No public text tells of a treatment and what it did. Posts or reviews that name medicines would fill this section."),
        )
    named = public.with_columns(drug=pl.col("treatment_label").fill_null(pl.col("treatment")))
    people = named.group_by("drug", "axis").agg(people=pl.col("author").n_unique())
    everyone = named.group_by("drug").agg(everyone=pl.col("author").n_unique()).sort("everyone", "drug", descending=[True, False])
    labels = {row["drug"]: name(row["drug"], content.labels) for row in everyone.iter_rows(named=True)}
    ordered = everyone.join(people, on="drug", how="left").sort("everyone", "drug", "axis", descending=[True, False, False])
    shown = ordered.with_columns(pl.col("drug").replace(labels))
    finding = _finding(shown)
    drawing = experience_chart(shown, finding, "experiences")
    rest = everyone.height - DRUGS
    more = f" {counted(rest, 'more treatment')} with fewer people are in the table." if rest > 0 else ""
    return section(
        "experiences",
        "Treatment experiences",
        element(
            "p",
            "People who tell of a treatment and what it did, in their own words. A person may stand in several columns; columns are not "
            "added up. People who write are not all people who take a medicine: these numbers say what is told, not how often it happens.",
            class_="lead",
        ),
        figure("People by treatment and by what they tell", finding + more, drawing, _numbers(shown), _effects(named, labels)),
    )


def _finding(people: pl.DataFrame) -> str:
    top = people.row(0, named=True)
    own = {row["axis"]: row["people"] for row in people.filter(pl.col("drug") == top["drug"]).iter_rows(named=True)}
    told = sorted(own.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    words = ", ".join(f"{n} {AXES[axis][0] if axis in AXES else axis}" for axis, n in told)
    drugs = people["drug"].n_unique()
    return f"{counted(drugs, 'treatment')}; most people, {top['everyone']:,}, tell of {top['drug']} ({words})."


def _numbers(people: pl.DataFrame) -> Html:
    wide = people.select("drug", "everyone", "axis", "people").pivot("axis", index=["drug", "everyone"], values="people", sort_columns=True)
    axes = [axis for axis in AXES if axis in wide.columns]
    shown = wide.select(
        pl.col("drug").alias("Treatment"),
        pl.col("everyone").cast(pl.String).alias("People"),
        *[pl.col(axis).fill_null(0).cast(pl.String).alias(AXES[axis][0].capitalize()) for axis in axes],
    )
    return fold("Numbers", table(shown, "People by treatment and axis", numeric=shown.columns[1:]))


def _effects(named: pl.DataFrame, labels: dict[str, str]) -> Html:
    told = (
        named.filter(pl.col("effect_label") != "")
        .group_by("drug", "axis", "effect_label")
        .agg(people=pl.col("author").n_unique())
        .sort("people", "drug", "axis", "effect_label", descending=[True, False, False, False])
    )
    shown = told.select(
        pl.col("drug").replace(labels).alias("Treatment"),
        pl.col("axis").replace({axis: words for axis, (words, _) in AXES.items()}).alias("Axis"),
        pl.col("effect_label").alias("Effect or reason"),
        pl.col("people").cast(pl.String).alias("People"),
    )
    return fold("Which effects and reasons", table(shown, "Effects and reasons told, most people first", numeric=["People"], limit=60))
