"""Where numbers come from, with commands that this page's own ids fill in; and how heedful words claims."""

from __future__ import annotations

import polars as pl

from heedful.report.content import PageContent
from heedful.report.html import Html, command, element, section, table
from heedful.report.wording import counted, explain, instant

CLAIMS = (
    (
        "An alarm is a question.",
        "It says that more people said something than this series led to expect. It does not say that an outbreak is there.",
    ),
    (
        "Unusual is measured against the person.",
        "A change says which baseline, how many days stand behind it and how often such a day was raised before. "
        "It is not a diagnosis, and a day without one is not a clean bill of health.",
    ),
    ("Missing is not zero.", "A day on which a watch was not worn has no number of steps; it never counts as a day of no steps."),
    ("People, not posts.", "Counts are of distinct people; a cell with too few of them is withheld."),
    ("What is told is not what happens.", "Experiences are what people wrote. Those who write differ from those who take a medicine."),
    (
        "Later is not because.",
        "What followed a message is not yet its effect; effects are estimated from the logged probabilities, with an interval.",
    ),
    (
        "Nobody is guessed at.",
        "No illness, age, sex or origin is inferred about a person who posts in public, and no post is tied to a participant.",
    ),
)


def provenance(content: PageContent) -> Html:
    """The section: for each kind of number a command with a real key of this page."""
    rows = [row for row in (_alarm(content), _feature(content), _decision(content)) if row]
    how = (
        table(
            pl.DataFrame(rows, orient="row", schema=["A number such as", "is explained by"]),
            "Commands that show the rows behind a number",
            code=["is explained by"],
        )
        if rows
        else element("p", "This page holds no alarm, feature or decision that could be explained.", class_="empty")
    )
    tables = [(table_name, frame.height) for table_name, frame in vars(content).items() if isinstance(frame, pl.DataFrame) and frame.height]
    made = ", ".join(f"{table_name} {height:,}" for table_name, height in tables)
    return section(
        "provenance",
        "Where every number comes from",
        element(
            "p",
            "Every number on this page follows from rows that were read, by a method with a version. ",
            command("heedful explain"),
            " tells it in plain words and then shows the rows.",
            class_="lead",
        ),
        how,
        element(
            "p",
            f"Made {instant(content.made_at)} from {counted(len(tables), 'table')}" + (f" (rows: {made})." if made else "."),
            class_="small",
        ),
    )


def _alarm(content: PageContent) -> tuple[str, str] | None:
    fired = (
        content.alarms.filter("alarm").sort("day", "detector", "signal", "place", descending=[True, False, False, False]).head(1).to_dicts()
    )
    return next(
        (("the newest alarm", explain("alarm", r["detector"], r["signal"], r["place"], r["stratum"], r["day"])) for r in fired), None
    )


def _feature(content: PageContent) -> tuple[str, str] | None:
    known = (
        content.features.filter(pl.col("missing") == "")
        .sort("day", "person", "feature", descending=[True, False, False])
        .head(1)
        .to_dicts()
    )
    return next((("a feature of a person's day", explain("feature", r["person"], r["day"], r["feature"])) for r in known), None)


def _decision(content: PageContent) -> tuple[str, str] | None:
    newest = content.decisions.sort("scheduled_at", "decision", descending=True).head(1).to_dicts()
    return next((("the newest decision", explain("decision", r["decision"])) for r in newest), None)


def claims(_: PageContent) -> Html:
    """The section on how findings are worded."""
    items = [part for title, words in CLAIMS for part in (element("dt", title), element("dd", words))]
    return section("claims", "How we word claims", element("dl", *items, class_="claims"))
