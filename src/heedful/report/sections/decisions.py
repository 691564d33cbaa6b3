"""Decisions: when help was offered, when not and why, with which probability, and what was measured afterwards."""

from __future__ import annotations

import polars as pl

from heedful.report.charts.decisions import endings_chart, outcomes_chart, probabilities_chart
from heedful.report.content import PageContent
from heedful.report.html import Html, element, empty, figure, fold, section, table
from heedful.report.wording import counted, explain, number, share, short, unit_words

REFUSALS = {
    "availability": "not available",
    "consent": "no consent in force",
    "eligibility": "not eligible",
    "safety": "a safety stop",
    "burden": "enough already",
    "quiet_hours": "quiet hours",
    "error": "an error: no message",
}
_ARMS = {"send": "message", "no_message": "no message"}


def decisions(content: PageContent) -> Html:
    """The section: how decisions ended, probabilities, outcomes by arm, messages and the newest decisions."""
    if content.decisions.is_empty():
        return section(
            "decisions",
            "Decisions and outcomes",
            empty("No decision was taken. A decision point in heedful.toml and a participant's consent to care would fill this section."),
        )
    return section(
        "decisions",
        "Decisions and outcomes",
        element(
            "p",
            "Each decision is written down with its reason and probability before anything leaves. “No message” is always possible, and on "
            "any error it is what happens.",
            class_="lead",
        ),
        element("div", _endings(content.decisions), _probabilities(content.decisions), *_outcomes(content), class_="pair"),
        _messages(content),
        _newest(content.decisions),
    )


def _endings(decisions: pl.DataFrame) -> Html:
    words = (
        pl.when(pl.col("outcome") == "refused")
        .then(pl.lit("refused: ") + pl.col("refused_by").replace(REFUSALS))
        .otherwise(pl.col("outcome").replace({"send": "message sent out", "no_message": "no message, by policy"}))
    )
    kind = pl.when(pl.col("refused_by") == "error").then(pl.lit("error")).otherwise("outcome")
    order = pl.col("kind").replace_strict({"send": 0, "no_message": 1, "refused": 2, "error": 3}, return_dtype=pl.Int8)
    ends = decisions.group_by(what=words, kind=kind).agg(n=pl.len()).sort(order, "n", "what", descending=[False, True, False])
    refused = decisions.filter(pl.col("outcome") == "refused").height
    sent = decisions.filter(pl.col("outcome") == "send").height
    finding = f"{counted(decisions.height, 'decision')}: {sent:,} led to a message, {refused:,} were refused, each with its reason."
    shown = ends.select(pl.col("what").alias("How it ended"), pl.col("n").cast(pl.String).alias("Decisions"))
    return figure(
        "How decisions ended",
        finding,
        endings_chart(ends, finding, "endings"),
        fold("Numbers", table(shown, "Decisions by how they ended", numeric=["Decisions"])),
    )


def _probabilities(decisions: pl.DataFrame) -> Html | None:
    drawn = decisions.filter(pl.col("probability").is_not_null() & pl.col("outcome").is_in(list(_ARMS)))
    if drawn.is_empty():
        return None
    low, high = drawn["probability"].min(), drawn["probability"].max()
    finding = f"Actions were taken with a probability between {share(low)} and {share(high)}, so that what follows can be compared."  # type: ignore[arg-type]
    by_policy = drawn.group_by("policy", "outcome").agg(n=pl.len(), mean=pl.col("probability").mean()).sort("policy", "outcome")
    shown = by_policy.select(
        pl.col("policy").alias("Policy"),
        pl.col("outcome").replace(_ARMS).alias("Action"),
        pl.col("n").cast(pl.String).alias("Decisions"),
        pl.col("mean").round(3).cast(pl.String).alias("Mean probability"),
    )
    numbers = fold("By policy", table(shown, "Decisions by policy and action", numeric=["Decisions", "Mean probability"]))
    return figure("With which probability", finding, probabilities_chart(drawn, finding, "probabilities"), numbers)


def _outcomes(content: PageContent) -> list[Html]:
    joined = content.outcomes.join(content.decisions.select("decision", "outcome"), on="decision").filter(
        pl.col("outcome").is_in(list(_ARMS))
    )
    names = (
        joined.filter(pl.col("value").is_not_null())
        .group_by("name")
        .agg(n=pl.len())
        .sort("n", "name", descending=[True, False])
        .head(2)["name"]
    )
    return [_outcome(joined.filter(pl.col("name") == name), name, place) for place, name in enumerate(names)]


def _outcome(joined: pl.DataFrame, name: str, place: int) -> Html:
    known = joined.filter(pl.col("value").is_not_null()).sort("outcome", "decision")
    # A fixed spread of the dots: the golden ratio fills the row evenly without chance.
    after = known.select(arm=pl.col("outcome").replace(_ARMS), value="value", at=(pl.int_range(pl.len()) * 0.6180339887) % 1)
    means = after.group_by("arm").agg(n=pl.len(), mean=pl.col("value").mean()).sort("arm")
    unit = unit_words(known["unit"][0])
    said = "; ".join(
        f"after {row['arm']} {number(row['mean'])} {unit} on average ({row['n']:,} decisions)" for row in means.iter_rows(named=True)
    )
    missing = joined.height - known.height
    unknown = f"Not known after {counted(missing, 'decision')}." if missing else "Known after every decision."
    finding = f"{said[:1].upper()}{said[1:]}. {unknown} A plain comparison: it is not yet an estimated effect."
    title = f"What followed: {name.replace('_', ' ')}"
    reasons = joined.group_by("missing").agg(n=pl.len()).sort("n", "missing", descending=[True, False])
    shown = reasons.select(
        pl.when(pl.col("missing") == "").then(pl.lit("known")).otherwise(pl.col("missing").str.replace_all("_", " ")).alias("Outcome"),
        pl.col("n").cast(pl.String).alias("Decisions"),
    )
    numbers = fold("Known and missing", table(shown, f"{title}: known and missing", numeric=["Decisions"]))
    return figure(title, finding, outcomes_chart(after, unit, f"{title}. {finding}", f"outcome{place}"), numbers)


def _messages(content: PageContent) -> Html | None:
    if content.deliveries.is_empty():
        return None
    texts = (
        content.deliveries.group_by("text", "channel", "status")
        .agg(n=pl.len())
        .sort("n", "text", "status", descending=[True, False, False])
    )
    shown = texts.select(
        pl.col("text").alias("Message"),
        pl.col("channel").alias("Channel"),
        pl.col("status").str.replace_all("_", " ").alias("State"),
        pl.col("n").cast(pl.String).alias("Times"),
    )
    return fold(
        f"{counted(content.deliveries.height, 'message')} in the outbox",
        table(shown, "Messages by text and state", numeric=["Times"], limit=40),
    )


def _newest(decisions: pl.DataFrame) -> Html:
    rows = decisions.sort("scheduled_at", "decision", descending=True).head(40)
    shown = pl.DataFrame(
        [
            {
                "Due": f"{row['scheduled_at']:%Y-%m-%d %H:%M} UTC",
                "Participant": short(row["person"]),
                "Decision point": row["decision_point"],
                "Ended": _ended(row["outcome"], row["refused_by"]),
                "Probability": "–" if row["probability"] is None else f"{row['probability']:.2f}",
                "Reason": row["reason"],
                "Rows": explain("decision", row["decision"]),
            }
            for row in rows.iter_rows(named=True)
        ]
    )
    return fold(
        "The newest decisions with their reasons",
        table(shown, f"The newest {rows.height} of {decisions.height:,} decisions", numeric=["Probability"], code=["Rows"]),
    )


def _ended(outcome: str, refused_by: str) -> str:
    return f"refused: {REFUSALS.get(refused_by, refused_by)}" if outcome == "refused" else _ARMS.get(outcome, outcome)
