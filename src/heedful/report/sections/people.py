"""A person's days on one axis, what changed, risks and medicines; only when tables of participants are given."""

from __future__ import annotations

from typing import Any

import polars as pl

from heedful.behavior.adherence.dispensed import QUARTERLY
from heedful.behavior.clock_features import clock_words
from heedful.report.charts.timeline import Days, timeline_chart
from heedful.report.content import PageContent
from heedful.report.html import Html, element, empty, figure, fold, join, legend, section, table
from heedful.report.sections.days import days_of
from heedful.report.sections.reports import own_reports
from heedful.report.wording import counted, day, feature_name, name, number, share, short, span

MOST_PEOPLE = 3
MEASURES = {
    "CMA1": "CMA1, supply over the days between refills",
    "CMA7": "CMA7, share of days covered",
    "CMA7[quarter]": "CMA7, share of days covered",
    "CMA7[outside_stays]": "CMA7, hospital stays left out",
    "CMA1[prescribed_dose]": "CMA1, days by the prescribed dose",
    "CMA7[prescribed_dose]": "CMA7, days by the prescribed dose",
    "initiation[days]": "From prescription to first supply",
    "persistence[days_90]": "Until a gap of over 90 days",
    "persistent[90]": "Without a gap of over 90 days",
    "taken[pillbox]": "Doses taken, as the pill box saw",
    "taken[reported]": "Doses taken, as reported",
    "taken[agreement]": "Days on which both say the same",
    "taken[calibrated]": "Doses taken, as reported, calibrated by the days with both",
}
RELIABILITY = (
    "How reliable: a pill box sees that it was opened, not that a tablet was swallowed, and counts a day without opening as missed; "
    "reports lean towards more than was taken; a dispensing says only what could have been taken. None is the truth: on how many days box "
    "and report say the same stands beside them, and what the reports come to on the box's scale."
)
RISKS = {"medication_gap_14d": "A gap in a medicine within 14 days"}
_DRAWN_LANES = ("activity", "sleep", "heart", "change")


def people(content: PageContent) -> Html:
    """The section: at most `MOST_PEOPLE` timelines, those with the most unusual days first, one with medicines among them."""
    everyone = content.people()
    title = "A person's timeline" if len(everyone) == 1 else "People's timelines"
    if not everyone:
        return section(
            "people",
            title,
            empty("No data of a participant is on this page. An export of a watch or phone, dispensings or a record would fill it."),
        )
    rest = len(everyone) - MOST_PEOPLE
    drawn = _drawn(everyone, content)
    kind = f"the {MOST_PEOPLE} with the most unusual days are drawn"
    if drawn != everyone[:MOST_PEOPLE]:
        kind = f"{MOST_PEOPLE} are drawn: those with the most unusual days, and the first of these with medicines"
    more = f" Of {counted(len(everyone), 'participant')} {kind}." if rest > 0 else ""
    lead = "Every row stands on the same days. Hatched means not known, with the reason; it never means zero." + more
    parts = [_person(content, person, number_) for number_, person in enumerate(drawn)]
    return section("people", title, element("p", lead, class_="lead"), *parts)


def _drawn(everyone: list[str], content: PageContent) -> list[str]:
    """Who is drawn. Medicines must not stay unseen because others have more unusual days: one with some takes the last place."""
    first = everyone[:MOST_PEOPLE]
    medicated = set(content.adherence["person"]) | set(content.dispensings["person"])
    if not medicated or medicated & set(first):
        return first
    return [*first[:-1], next(person for person in everyone if person in medicated)]


def _person(content: PageContent, person: str, place: int) -> Html:
    days = days_of(content, person)
    own = pl.col("person") == person
    changes = content.changes.filter(own & (pl.col("level") >= 1)).sort(
        "day", "level", "detector", "feature", descending=[True, True, False, False]
    )
    return element(
        "article",
        element("h3", f"Participant {short(person)}", id=f"person{place}"),
        _picture(days, changes, person, place),
        _changes(changes),
        _risks(content.risks.filter(own)),
        _adherence(content, content.adherence.filter(own)),
        own_reports(content, person),
        _events(content.timeline.filter(own)),
        _own_posts(content.timeline.filter(own & (pl.col("from_table") == "own_posts"))),
        _own_experiences(content.diary_experiences.filter(pl.col("author") == person)),
        class_="person",
        aria_labelledby=f"person{place}",
    )


def _picture(days: Days | None, changes: pl.DataFrame, person: str, place: int) -> Html:
    if days is None:
        return empty("There is no day of sleep, heart rate, steps or medicines to draw. What else is known stands below.")
    finding = _finding(days, changes)
    title = f"Days of participant {short(person)}, {span(days.first, days.last)}"
    drawing = timeline_chart(days, f"{title}. {finding}", f"person{place}")
    key = legend(*_entries(days))
    return figure(title, finding, drawing, key, fold("Numbers", _numbers(days), about=title), level=4)


def _entries(days: Days) -> list[tuple[str, str]]:
    """The legend of what is drawn, and of nothing else."""
    goal = days.steps.height and days.steps["goal"].count()
    entries = [
        (days.nights.height, "box night", "night"),
        (days.heart.height, "line blue", "resting heart rate"),
        (days.heart.height and days.heart.drop_nulls(["low", "value"]).height, "box band", "usual range"),
        (days.heart.height or days.steps.height, "mark level1", "unusual"),
        (days.heart.height or days.steps.height, "mark level2", "very unusual"),
        (days.steps.height, "box teal", "goal met" if goal else "steps"),
        (goal, "box soft", "below the goal"),
        (goal and days.steps.filter(pl.col("goal").is_null() & pl.col("value").is_not_null()).height, "box grey", "no goal yet"),
        (days.supplies.height, "box soft", "medicine at hand"),
        (_told(days, "diary"), "box purple", "symptom told in the diary"),
        (_told(days, "post"), "box ring", "symptom told in an own public post"),
        (True, "box hatched", "not known; outlined: no supply" if days.supplies.height else "not known"),
    ]
    return [(swatch, words) for shown, swatch, words in entries if shown]


def _told(days: Days, where: str) -> int:
    """How many symptoms are told in the diary, or in posts."""
    return days.symptoms.filter(pl.col("told") == where).height if days.symptoms.height else 0


def _finding(days: Days, changes: pl.DataFrame) -> str:
    said = []
    if days.nights.height:
        known = days.nights.filter(pl.col("missing") == "")
        shift = (
            known.select((pl.col("onset") - 720).mod(1440).median(), pl.col("offset").mod(1440).median()).row(0) if known.height else None
        )
        usual = f", usually {clock_words(shift[0] + 720)} to {clock_words(shift[1])}" if shift and None not in shift else ""
        said.append(f"{known.height} of {counted(days.nights.height, 'night')} known{usual}")
    if days.heart.height:
        said.append(f"resting heart rate known on {counted(days.heart['value'].count(), 'day')}")
    if days.steps.height:
        said.append(f"median {number(days.steps['value'].median())} steps a day")  # type: ignore[arg-type]
    gaps = days.supplies.filter(pl.col("kind") == "gap") if days.supplies.height else days.supplies
    if gaps.height:
        without = gaps.select((pl.col("to_day") - pl.col("from_day")).dt.total_days().sum()).item()
        said.append(f"{counted(without, 'day')} without supply of a medicine")
    seen = changes.filter(pl.col("day").is_between(days.first, days.last))["day"].n_unique()
    said.append(f"{counted(seen, 'unusual day')}" if seen else "no unusual day")
    text = "; ".join(said)
    return text[:1].upper() + text[1:] + "."


def _numbers(days: Days) -> Html:
    parts = []
    if days.nights.height:
        parts.append(
            days.nights.select(
                "day",
                pl.col("onset").map_elements(clock_words, pl.String).alias("Asleep"),
                pl.col("offset").map_elements(clock_words, pl.String).alias("Awake"),
            )
        )
    if days.heart.height:
        parts.append(days.heart.select("day", pl.col("value").round(1).cast(pl.String).alias("Resting heart rate")))
    if days.steps.height:
        parts.append(days.steps.select("day", pl.col("value").round(0).cast(pl.Int64).cast(pl.String).alias("Steps")))
    if not parts:
        rows = days.supplies.select(
            pl.col("drug").alias("Medicine"),
            pl.col("kind").alias("What"),
            pl.col("from_day").cast(pl.String).alias("From"),
            pl.col("to_day").cast(pl.String).alias("Until, not included"),
        )
        return table(rows, "Days covered and gaps, by medicine")
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.join(part, on="day", how="full", coalesce=True)
    shown = whole.sort("day", descending=True).with_columns(pl.col("day").cast(pl.String)).rename({"day": "Day"})
    return table(shown, "Nights, resting heart rate and steps by day, newest first", numeric=shown.columns[1:])


def _changes(changes: pl.DataFrame) -> Html:
    if changes.is_empty():
        return join([element("h4", "What changed"), element("p", "Nothing was unusual for this person, as far as it could be judged.")])
    items = [_change(row) for row in changes.head(6).iter_rows(named=True)]
    rest = changes.height - 6
    older = fold(
        f"{counted(rest, 'older change')}",
        element("ol", *[_change(row) for row in changes.slice(6, 60).iter_rows(named=True)], class_="changes"),
    )
    return join([element("h4", "What changed"), element("ol", *items, class_="changes"), older if rest > 0 else None])


def _change(row: dict[str, Any]) -> Html:
    level = int(row["level"])
    base = f"{row['feature']}, {row['detector']}, baseline of {row['nights_used']} days"
    return element(
        "li",
        element("span", "very unusual" if level > 1 else "unusual", class_=f"badge level{level}"),
        element(
            "span",
            element("strong", f"{day(row['day'], year=True)} · {feature_name(str(row['feature']))}. "),
            str(row["why"]),
            " ",
            element("span", f"({base})", class_="small"),
        ),
    )


def _risks(risks: pl.DataFrame) -> Html | None:
    newest = risks.sort("day", "risk").unique("risk", keep="last", maintain_order=True)
    if newest.is_empty():
        return None
    items = []
    for row in newest.iter_rows(named=True):
        bar = None
        if row["probability"] is not None and row["low"] is not None and row["high"] is not None:
            spread = f"left:{row['low'] * 100:.1f}%;width:{max(row['high'] - row['low'], 0.005) * 100:.1f}%"
            bar = element(
                "span",
                element("span", style=spread, class_="range"),
                element("span", style=f"left:{row['probability'] * 100:.1f}%", class_="point"),
                class_="interval",
                aria_hidden="true",
            )
        value = f"{share(row['probability'])} (90 % interval {share(row['low'])} to {share(row['high'])})" if bar else "No number yet"
        what, _, about = row["risk"].partition(": ")
        title = RISKS.get(what, feature_name(what)) + (f": {name(about, {})}" if about else "")
        items.append(element("li", element("strong", title), bar, element("span", f"{value}, stated for {day(row['day'])}. ", row["why"])))
    return join([element("h4", "Named risks"), element("ul", *items, class_="risks")])


def _adherence(content: PageContent, adherence: pl.DataFrame) -> Html | None:
    if adherence.is_empty():
        return None
    rows = adherence.sort("drug", "measure", "window_start")
    quarterly = rows.filter(pl.col("measure") == QUARTERLY)
    over = rows.filter(pl.col("value") > 1, ~pl.col("measure").str.contains("[days", literal=True)).height
    why = (
        "Over 100 %: more days were supplied than passed before the last dispensing, by refills that came early or, of all medicines "
        "together, by several at a time. It says nothing of taking more than was prescribed."
    )
    caption = "How each medicine was at hand and taken; CMA as AdhereR defines it"
    return join(
        [
            element("h4", "Medicines at hand"),
            _measures(content, rows.filter(pl.col("measure") != QUARTERLY), caption),
            element("p", why, class_="small") if over else None,
            element("p", RELIABILITY, class_="small") if rows["measure"].str.starts_with("taken[").any() else None,
            fold("By quarter", _measures(content, quarterly, "CMA7 of each calendar quarter")) if quarterly.height else None,
        ]
    )


def _measures(content: PageContent, rows: pl.DataFrame, caption: str) -> Html:
    shown = pl.DataFrame(
        [
            {
                "Medicine": "all" if row["drug"] == "all" else name(row["drug"], content.labels),
                "Measure": MEASURES.get(row["measure"], row["measure"]),
                "Window": f"{day(row['window_start'], year=True)} to {day(row['window_end'], year=True)}",
                "Dispensings": str(row["events"]),
                "Value": _measured(row),
            }
            for row in rows.iter_rows(named=True)
        ],
        schema=dict.fromkeys(("Medicine", "Measure", "Window", "Dispensings", "Value"), pl.String),
    )
    return table(shown, caption, numeric=["Dispensings", "Value"])


def _measured(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return f"not known: {row['missing'].replace('_', ' ')}"
    if "[days" in row["measure"]:
        return counted(round(row["value"]), "day")
    if row["measure"].startswith("persistent["):
        return "yes" if row["value"] else "no"
    return share(row["value"])


def _events(timeline: pl.DataFrame) -> Html | None:
    listed = pl.col("lane").is_in(_DRAWN_LANES) | (pl.col("from_table") == "own_posts")
    other = timeline.filter(~listed).sort("day", "lane", "item", descending=[True, False, False])
    if other.is_empty():
        return None
    shown = other.select(
        pl.col("day").cast(pl.String).alias("Day"),
        pl.col("lane").alias("About"),
        pl.col("text").alias("What"),
        pl.col("from_table").alias("From table"),
    )
    return fold(
        f"{counted(other.height, 'other thing')} on this axis",
        table(shown, "Everything else on this person's axis, newest first", limit=60),
    )


def _own_posts(told: pl.DataFrame) -> Html | None:
    if told.is_empty():
        return None
    what = pl.col("text").str.replace("Told in an own public post: ", "", literal=True)
    shown = told.sort("day", "item", descending=[True, False]).select(
        pl.col("day").cast(pl.String).alias("Day"),
        (what.str.slice(0, 1).str.to_uppercase() + what.str.slice(1)).alias("What"),
        pl.col("item").str.extract(r"\[(.*)\]$").alias("Post"),
    )
    words = "Told of themselves in public, under a linked account, newest first"
    return fold("Told in own public posts", table(shown, words, limit=60))


def _own_experiences(told: pl.DataFrame) -> Html | None:
    if told.is_empty():
        return None
    shown = told.sort("day", "n", descending=[True, False]).select(
        pl.col("day").cast(pl.String).alias("Day"),
        pl.col("treatment_label").alias("Treatment"),
        pl.col("axis").alias("Axis"),
        pl.col("effect_label").alias("Effect or reason"),
    )
    return fold("Experiences told in the diary", table(shown, "Experiences told in this person's own diary, newest first", limit=60))
