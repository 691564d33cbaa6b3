"""A demo's score: what was found of what its simulator had hidden, what was missed, what was raised falsely."""

from __future__ import annotations

import polars as pl

from heedful.report.content import PageContent
from heedful.report.html import Html, element, legend, section, table
from heedful.report.wording import share


def score(content: PageContent) -> Html | None:
    """The section; only where there is a known truth."""
    if content.score.is_empty():
        return None
    rows = [_row(row) for row in content.score.iter_rows(named=True)]
    numbers = content.score.select(
        pl.col("what").alias("What"),
        *[
            pl.col(column).cast(pl.String).alias(words)
            for column, words in (("truth", "There were"), ("found", "Found"), ("missed", "Missed"), ("false", "Falsely raised"))
        ],
        pl.struct("found", "truth")
        .map_elements(lambda row: share(row["found"] / row["truth"]) if row["truth"] else "–", pl.String)
        .alias("Found of all"),
        pl.col("note").alias("How it was judged"),
    )
    return section(
        "score",
        "Found against the truth",
        element(
            "p",
            "The town is simulated, so what really happened is known. The same loop that reads real files was run over it; here is what it "
            "found, what it missed and what it raised without cause.",
            class_="lead",
        ),
        legend(("box teal", "found"), ("box empty-box", "missed"), ("box alarm", "falsely raised")),
        element("div", *rows, class_="scores", aria_hidden="true"),
        table(numbers, "Found, missed and falsely raised", numeric=numbers.columns[1:6]),
    )


def _row(row: dict[str, object]) -> Html:
    found, missed, false = int(row["found"]), int(row["missed"]), int(row["false"])  # type: ignore[call-overload]
    whole = max(found + missed + false, 1)
    bars = [
        element("span", str(n), style=f"flex:{n / whole:.4f}", class_=f"part {class_}", title=f"{n} {words}")
        for n, class_, words in ((found, "found", "found"), (missed, "missed", "missed"), (false, "false", "falsely raised"))
        if n
    ]
    return element("div", element("span", str(row["what"]), class_="what"), element("span", *bars, class_="bar"), class_="score")
