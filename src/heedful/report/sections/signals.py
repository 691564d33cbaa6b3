"""Population signals: what was said where by how many people, against what was expected; official series beside them."""

from __future__ import annotations

import polars as pl

from heedful.population.thresholds import site_chance
from heedful.report.charts.signals import signal_chart
from heedful.report.content import PageContent
from heedful.report.html import Html, command, element, empty, fold, join, legend, scroll, section, table
from heedful.report.sections.left_out import left_out_note
from heedful.report.sections.panels import Panel, official_panels, talk_panels
from heedful.report.wording import counted, day, explain, figures, name, number, place_name, probability, span


def signals(content: PageContent) -> Html:
    """The section; small multiples of the series with the most alarms, then every alarm as a table."""
    talk, official = talk_panels(content), official_panels(content)
    if not talk and not official:
        return section("signals", "Population signals", empty(_nothing(content)))
    parts: list[Html | None] = [
        element(
            "p",
            "Each picture counts people, not posts: somebody who writes ten times a day counts once. An alarm is a count above "
            "what this very series led to expect. It is a question for a person to look at, not an outbreak.",
            class_="lead",
        ),
        legend(
            ("line blue", "people a day"),
            ("box band", "expected, up to the detector's bound"),
            ("mark alarm", "alarm"),
            ("box-open", "withheld: too few people to show"),
            *([("ring", "nowcast: what a count that is not final will come to, with its 95 % interval")] if _nowcast(content) else []),
        ),
        _level(content),
    ]
    if talk:
        parts += [element("h3", "What people say"), _grid(talk, content, "talk")]
    if official:
        parts += [element("h3", "Official series"), _grid(official, content, "official")]
    parts += [left_out_note(content.left_out), _alert_table(content), _alarm_table(content), _untested(content)]
    return section("signals", "Population signals", *parts)


def _nowcast(content: PageContent) -> bool:
    return bool(content.alarms["nowcast"].count())


def _level(content: PageContent) -> Html | None:
    """How many alerts chance alone would raise, and how many the settings held back."""
    if not content.alarms["p"].count():
        return None
    called = content.alerts.height
    fired = content.alarms.filter("alarm").height
    said = f"{counted(fired, 'alarm')} of related places, strata and detectors make {counted(called, 'alert')}. "
    chance = site_chance(content.alarms, content.q_limit)
    said += f"By chance alone about {number(round(chance))} alerts a year are to be expected at this level (q up to {content.q_limit:g})."
    held = content.alerts.filter("held_back").height
    if held:
        said += f" {counted(held, 'alert')} {'was' if held == 1 else 'were'} held back: the settings say how many a day can be looked at."
    return element("p", said, class_="small")


def _alert_table(content: PageContent) -> Html | None:
    """One row an alert, newest first."""
    rows = content.alerts.sort("day", "rank", descending=[True, False])
    if rows.is_empty():
        return None
    shown = pl.DataFrame(
        [
            {
                "Day": day(row["day"], year=True),
                "Signal": name(row["signal"], content.labels),
                "Place": place_name(row["place"], content.places),
                "Since": day(row["since"]),
                "Series": number(row["series"]),
                "q": probability(row["q"]),
                "Why": row["why"],
                "Rows": explain("alert", row["signal"], row["place"], row["day"]),
            }
            for row in rows.head(100).iter_rows(named=True)
        ]
    )
    note = element(
        "p",
        "An alert gathers the alarms of one signal on one day in places within each other. Alerts of the last weeks are worked on with ",
        command("heedful alerts list"),
        ".",
        class_="small",
    )
    whole = table(shown, f"{counted(rows.height, 'alert')}, newest first", numeric=["Series", "q"], code=["Rows"])
    return fold(f"{counted(rows.height, 'alert')}: alarms that belong together", join([note, whole]))


def _nothing(content: PageContent) -> str:
    if content.counts.height or content.series.height:
        return "No series is long enough to draw: a picture needs three days or weeks of counts. A longer stretch of posts would fill it."
    return "No posts and no official series were read. A file of public posts, or a table of official counts, would fill this section."


def _grid(panels: list[Panel], content: PageContent, group: str) -> Html:
    return element("div", *[_card(panel, content, f"{group}{number}") for number, panel in enumerate(panels)], class_="multiples")


def _card(panel: Panel, content: PageContent, name_: str) -> Html:
    title = panel.title(content.labels, content.places)
    finding = _finding(panel)
    unit = panel.unit if panel.period_days == 1 else f"{panel.unit} in {panel.period_days} days"
    drawing = signal_chart(panel.points, f"{title}. {finding}", name_, unit=unit)
    source = f"{panel.source}, {unit}" if panel.source else "people a day"
    newest = panel.alarms.head(1).to_dicts()
    why = [element("p", element("strong", f"{day(row['day'], year=_long(panel))}: "), row["why"], class_="why") for row in newest]
    caption = element("figcaption", element("h4", title), element("p", finding, class_="finding"))
    points = panel.points.select(
        pl.col("day").cast(pl.String).alias("Day"),
        pl.when("withheld").then(pl.lit("withheld")).otherwise(figures("value")).alias("Count"),
        figures("expected").alias("Expected"),
        figures("bound").alias("Bound"),
        *([figures("nowcast").alias("Nowcast")] if panel.points["nowcast"].count() else []),
        pl.when("alarm").then(pl.lit("alarm")).otherwise(pl.lit("")).alias("Alarm"),
    )
    numbers = fold("Numbers", table(points, f"{title}, {source}", numeric=["Count", "Expected", "Bound"], limit=400), about=title)
    return element("figure", caption, scroll(Html(drawing), f"Chart: {title}"), *why, numbers, class_="card alarmed" if newest else "card")


def _finding(panel: Panel) -> str:
    days = panel.alarms["day"].n_unique()
    if not days:
        tested = panel.points["bound"].count()
        when = span(panel.points["day"].min(), panel.points["day"].max())  # type: ignore[arg-type]
        return f"No alarm, {when}." if tested else f"Not tested, {when}."
    top = panel.alarms.sort(pl.col("observed") / pl.col("expected").clip(1), "day", descending=True, nulls_last=True).row(0, named=True)
    against = f"; {number(top['expected'])} expected" if top["expected"] is not None else ""
    when = day(top["day"], year=_long(panel))
    return f"{counted(days, 'alarm day')}. Strongest on {when}: {number(top['observed'])}{against}."


def _long(panel: Panel) -> bool:
    """Whether a day without its year could be two days of the picture."""
    days = panel.points["day"]
    return (days.max() - days.min()).days > 330  # type: ignore[operator, union-attr]


def _alarm_table(content: PageContent) -> Html | None:
    fired = content.alarms.filter("alarm").sort("day", "q", "detector", "signal", "place", descending=[True, False, False, False, False])
    if fired.is_empty():
        return element("p", "No detector raised an alarm.")
    shown = pl.DataFrame(
        [
            {
                "Day": day(row["day"], year=True),
                "Signal": name(row["signal"], content.labels),
                "Place": place_name(row["place"], content.places),
                "Detector": row["detector"],
                "Observed": number(row["observed"]),
                "Expected": number(row["expected"]),
                "Bound": number(row["bound"]),
                "p": probability(row["p"]),
                "q": probability(row["q"]),
                "By chance a year": "–" if row["chance"] is None else f"{row['chance']:.2g}",
                "Known": "" if row["completeness"] is None else f"{100 * row['completeness']:.0f} %",
                "Weighed down": number(row["down_weighted"]),
                "Trend": {None: "", True: "kept", False: "none"}[row["trend"]],
                "Why": row["why"],
                "Rows": explain("alarm", row["detector"], row["signal"], row["place"], row["stratum"], row["day"]),
            }
            for row in fired.head(200).iter_rows(named=True)
        ]
    )
    note = element(
        "p",
        "q is the share of false ones to expect among the day's signals, and within a signal its series, if alarms down to this one are "
        "believed; beside it how many alarms a year chance alone would raise there at that level. Known is the share of the final count "
        "that was in by then; earlier high weeks that were weighed down and a kept trend are flexible Farrington's. "
        "The last column is a command that shows the rows behind the alarm, for example ",
        command(shown["Rows"][0]),
        ".",
        class_="small",
    )
    whole = table(
        shown,
        f"All {counted(fired.height, 'alarm')} by detector, newest first",
        numeric=["Observed", "Expected", "Bound", "p", "q", "By chance a year", "Known", "Weighed down"],
        code=["Rows"],
    )
    return fold(f"All {counted(fired.height, 'alarm')} by detector, with their reasons", join([note, whole]))


def _untested(content: PageContent) -> Html | None:
    missing = content.alarms.filter(pl.col("bound").is_null() & ~pl.col("alarm"))
    if missing.is_empty():
        return None
    reasons = missing.group_by("why").agg(n=pl.len()).sort("n", "why", descending=[True, False])
    shown = reasons.select(pl.col("why").alias("Why it could not be tested"), pl.col("n").cast(pl.String).alias("Series and dates"))
    return fold(
        f"{counted(missing.height, 'test')} could not be made",
        table(shown, "Tests that could not be made", numeric=["Series and dates"], limit=20),
    )
