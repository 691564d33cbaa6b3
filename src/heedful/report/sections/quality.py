"""Data quality: what became of every record, what could not be read, and how much of each day is known."""

from __future__ import annotations

import polars as pl

from heedful.report.charts.quality import coverage_chart
from heedful.report.content import PageContent
from heedful.report.html import Html, element, empty, figure, fold, join, legend, section, table
from heedful.report.wording import counted, definition, feature_name, share, short

_COLUMNS = {
    "rows_in": "Read",
    "rows_out": "Counted",
    "quarantined": "Quarantined",
    "refused": "Refused",
    "skipped": "Skipped",
    "superseded": "Replaced",
}
MOST_FEATURES = 14


def quality(content: PageContent) -> Html:
    """The section; it never leaves out a table that does not add up."""
    return section(
        "quality",
        "Data quality",
        _accounting(content.accounting),
        _quarantine(content.quarantine),
        _silent(content.sources),
        _coverage(content.features),
    )


def _accounting(accounting: pl.DataFrame) -> Html:
    title = element("h3", "What became of every record")
    if accounting.is_empty():
        return join(
            [title, empty("No input was read. A file given to “heedful look”, or a source in heedful.toml, would fill this table.")]
        )
    ends = pl.sum_horizontal("rows_out", "quarantined", "refused", "skipped", "superseded")
    balance = accounting.with_columns(open=pl.col("rows_in") - ends)
    wrong = balance.filter(pl.col("open") != 0)
    verdict = (
        element(
            "p",
            f"The table adds up for every input: {counted(int(accounting['rows_in'].sum()), 'record')} read, each in exactly one column.",
        )
        if wrong.is_empty()
        else element(
            "p",
            element("strong", "This table does not add up. "),
            "; ".join(
                f"{row['input']}: {abs(row['open']):,} records {'unaccounted for' if row['open'] > 0 else 'too many'}"
                for row in wrong.iter_rows(named=True)
            )
            + ". Please report it as a fault of heedful.",
            class_="note bad",
        )
    )
    shown = balance.select(
        pl.col("input").alias("Input"),
        pl.col("kind").alias("Recognised as"),
        *[pl.col(column).map_elements(lambda n: f"{n:,}", pl.String).alias(words) for column, words in _COLUMNS.items()],
        pl.when(pl.col("open") == 0).then(pl.lit("yes")).otherwise(pl.format("no, by {}", "open")).alias("Adds up"),
        pl.col("reasons").alias("Reasons"),
    )
    return join([title, verdict, table(shown, "Records by input and what became of them", numeric=list(_COLUMNS.values()))])


def _quarantine(quarantine: pl.DataFrame) -> Html:
    title = element("h3", "What could not be read")
    if quarantine.is_empty():
        return join([title, element("p", "Every record could be read; the quarantine is empty.")])
    reasons = (
        quarantine.group_by("source", "reason")
        .agg(
            n=pl.len(),
            where=pl.format("{}, line {}", pl.col("file").sort_by("file", "line").first(), pl.col("line").sort_by("file", "line").first()),
        )
        .sort("n", "source", "reason", descending=[True, False, False])
    )
    shown = reasons.select(
        pl.col("reason").alias("Reason"),
        pl.col("source").alias("Source"),
        pl.col("n").map_elements(lambda n: f"{n:,}", pl.String).alias("Records"),
        pl.col("where").alias("First seen"),
    )
    return join([title, table(shown, "Quarantined records by reason; the lines themselves are kept sealed", numeric=["Records"], limit=30)])


def _silent(sources: pl.DataFrame) -> Html | None:
    if sources.is_empty():
        return None
    title = element("h3", "What stopped delivering")
    quiet = sources.filter(pl.col("state").is_in(["stopped", "only zeros"])).sort("person", "last_day", "device", "code")
    judged = sources.filter(pl.col("state") != "too few days").height
    unjudged = sources.height - judged
    few = f" Of {unjudged} more there are too few days to know what is usual." if unjudged else ""
    if quiet.is_empty():
        return join([title, element("p", f"Nothing: all {counted(judged, 'source')} delivered as they used to.{few}")])
    lead = (
        f"{counted(quiet.height, 'source')} of {judged} fell silent. Days without them are not known; they are never counted as zero.{few}"
    )
    shown = quiet.select(
        pl.col("person").map_elements(short, pl.String).alias("Participant"),
        pl.col("sentence").alias("What is missing"),
        pl.col("last_day").cast(pl.String).alias("Last day with data"),
        pl.when(pl.col("state") == "stopped").then("silent_days").otherwise("zero_days").cast(pl.String).alias("Days"),
    )
    return join([title, element("p", lead), table(shown, "Sources that stopped, or give nothing but zeros", numeric=["Days"], limit=40)])


def _coverage(features: pl.DataFrame) -> Html:
    title = "How much of each day is known"
    if features.is_empty():
        return join(
            [element("h3", title), empty("No daily features were computed. An export of a watch or phone would fill this picture.")]
        )
    known = (
        features.group_by("feature")
        .agg(days=pl.len(), known=(pl.col("missing") == "").sum(), coverage=pl.col("coverage").mean())
        .sort("days", "known", "feature", descending=[True, True, False])
    )
    names = known.with_columns(
        shown=pl.col("feature").map_elements(lambda f: feature_name(f) + (f" ({definition(f)})" if definition(f) else ""), pl.String)
    )
    drawn = (
        names.head(MOST_FEATURES)
        .select("feature", "shown")
        .join(features.group_by("feature", "missing").agg(n=pl.len()), on="feature", maintain_order="left")
        .select(feature="shown", missing="missing", n="n")
    )
    total, held = int(known["days"].sum()), int(known["known"].sum())
    finding = f"{share(held / total)} of {total:,} daily values are known; the rest are missing with a reason."
    key = legend(
        ("box blue", "known"),
        ("box amber", "too little recorded"),
        ("box alarm", "not plausible"),
        ("box hatched", "not worn"),
        ("box soft", "nothing recorded"),
    )
    rows = names.select(
        pl.col("feature").alias("Feature"),
        pl.col("days").cast(pl.String).alias("Person-days"),
        pl.col("known").cast(pl.String).alias("Known"),
        pl.col("coverage").map_elements(share, pl.String).alias("Mean coverage"),
    )
    numbers = fold("Numbers", table(rows, "Known days and mean coverage by feature", numeric=rows.columns[1:], limit=60))
    return figure(title, finding, coverage_chart(drawn, finding, "coverage"), key, numbers)
