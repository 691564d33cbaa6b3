"""Plan items: what is proposed to a person, why, and whether a human has said yes."""

from __future__ import annotations

import polars as pl

from heedful.report.content import PageContent
from heedful.report.html import Html, element, empty, section
from heedful.report.wording import counted, day, short

MOST_ITEMS = 12


def plans(content: PageContent) -> Html:
    """The section: items without an answer first."""
    if content.plans.is_empty():
        return section(
            "plans",
            "Plan items",
            empty("No plan item is proposed. Ten valid days of steps, a month of nights, or dispensings over a window could lead to one."),
        )
    answers = content.approvals.sort("at").unique(["person", "item"], keep="last").select("person", "item", "answer", "by", "at")
    held = content.progress.select("person", "item", progress="sentence")
    items = content.plans.join(answers, on=["person", "item"], how="left").join(held, on=["person", "item"], how="left")
    items = items.sort(pl.col("answer").is_not_null() | pl.col("given_by").is_not_null(), "person", "kind", "item")
    waiting = items.filter(pl.col("answer").is_null() & pl.col("given_by").is_null()).height
    lead = (
        f"{counted(waiting, 'item')} waiting for a human's yes or no. Nothing is told to a participant before."
        if waiting
        else "Every item has an answer."
    )
    rest = items.height - MOST_ITEMS
    more = element("p", f"{counted(rest, 'more item')} not shown here.", class_="small") if rest > 0 else None
    cards = [_item(row) for row in items.head(MOST_ITEMS).iter_rows(named=True)]
    return section("plans", "Plan items", element("p", lead, class_="lead"), element("ul", *cards, class_="items"), more)


def _item(row: dict[str, str]) -> Html:
    unanswered = "in the record" if row["given_by"] else "waiting for approval"
    state = {"approved": "approved", "declined": "declined"}.get(row["answer"], unanswered)
    by = f" by {row['by']}, {day(row['at'].date())}" if row["answer"] else ""  # type: ignore[attr-defined]
    evidence = (
        element("p", element("strong", "Evidence: "), row["evidence"], class_="small")
        if row["evidence"]
        else element("p", "Rests on this person's rows only.", class_="small")
    )
    return element(
        "li",
        element(
            "p",
            element("span", state, class_=f"badge {'approved' if row['given_by'] and not row['answer'] else state.split()[0]}"),
            f" {row['kind']} for participant {short(row['person'])}{by}",
            class_="small",
        ),
        element("h3", row["title"]),
        element("p", row["reason"]),
        element("p", element("strong", "Progress: "), row["progress"], class_="small") if row["progress"] else None,
        evidence,
        class_="card",
    )
