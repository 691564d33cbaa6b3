"""Self-reports beside measurements: what a person's reports stand for, and what those of all who agreed to such a figure do."""

from __future__ import annotations

from typing import Any

import polars as pl

from heedful.behavior.calibrated_reports import calibrated_by_group, stands_for
from heedful.behavior.group_agreement import simex_words
from heedful.behavior.reported import amount
from heedful.report.content import PageContent
from heedful.report.html import Html, element, fold, join, table
from heedful.report.wording import explain, feature_name

CALIBRATION = (
    "A value that was only reported is calibrated: the measured value that goes with such a report, on days or in people with both "
    "(regression calibration), with the interval in which 95 of 100 would lie. SIMEX says what people with such a usual report have "
    "on average, the report freed of its error from day to day, with the 95 % interval of that average."
)


def own_reports(content: PageContent, person: str) -> Html | None:
    """Sentences on this person's reports, by what is reported: how far they agree, what a report without a measurement stands for."""
    own = pl.col("person") == person
    agreements, reports = content.agreements.filter(own), content.self_reports.filter(own)
    if agreements.is_empty() and reports.is_empty():
        return None
    told = pl.concat([agreements.select("code"), reports.select("code")]).unique()
    groups = content.group_agreements.filter(pl.col("suppressed") == "").join(told, on="code", how="semi")
    by_group = calibrated_by_group(reports, groups)
    said = [
        agreements.select("code", "sentence"),
        reports.select("code", "sentence"),
        groups.select("code", "sentence"),
        by_group.select("code", "sentence"),
    ]
    sentences = pl.concat([part.with_columns(place=pl.lit(place)) for place, part in enumerate(said)]).sort("code", "place")
    lines = [element("li", sentence) for sentence in sentences["sentence"]]
    calibrated = element("p", CALIBRATION, class_="small") if reports.height else None
    return join([element("h4", "Reports beside measurements"), element("ul", *lines), calibrated])


def group_reports(content: PageContent) -> Html | None:
    """The published figures over participants as a table, with what was withheld; nothing where nobody reports beside a device."""
    rows = content.group_agreements.sort("code")
    if rows.is_empty():
        return None
    shown = rows.filter(pl.col("suppressed") == "")
    hidden = [element("p", sentence, class_="small") for sentence in rows.filter(pl.col("suppressed") != "")["sentence"]]
    lead = element(
        "p", "What participants report beside what devices measured, over those who agreed to such a figure. " + CALIBRATION, class_="small"
    )  # fmt: skip
    if shown.is_empty():
        return join([element("h3", "Participants' own reports"), lead, *hidden])
    numbers = table(
        pl.DataFrame([_row(row) for row in shown.iter_rows(named=True)]), "Self-reports against measurements, rounded",
        numeric=("People", "Days", "Reliability"), code=["Where from"],
    )  # fmt: skip
    told = element("ul", *[element("li", sentence) for sentence in shown["sentence"]])
    return join(
        [element("h3", "Participants' own reports"), lead, told, fold("Numbers", numbers, about="participants' own reports"), *hidden]
    )


def _row(row: dict[str, Any]) -> dict[str, str | None]:
    unit = str(row["unit"]).strip("{}")
    shown: dict[str, str | None] = {
        "What": f"{feature_name(row['code'])}, {unit}",
        "People": f"{row['people']:,}",
        "Days": f"{row['pairs']:,}",
        "Report minus measurement": f"{amount(row['bias'])} ({amount(row['bias_low'])} to {amount(row['bias_high'])})",
        "One day of one person": f"{amount(row['lower'])} to {amount(row['upper'])}",
        "Drift in 30 days": f"{amount(row['drift'])} ({amount(row['drift_low'])} to {amount(row['drift_high'])})",
        "A usual report": None,
        "Calibrated": None,
        "SIMEX slope": None,
        "Reliability": None,
        "Where from": explain("group_agreement", row["code"]),
    }
    if row["slope"] is None:
        return shown
    found = {key: value or 0.0 for key, value in stands_for(row, row["usual_reported"]).items()}
    return shown | {
        "A usual report": amount(row["usual_reported"]),
        "Calibrated": f"{amount(found['calibrated'])} [{amount(found['low'])}, {amount(found['high'])}], slope {row['slope']:.2f}",
        "SIMEX slope": None if row["simex_slope"] is None else simex_words(row),
        "Reliability": f"{row['reliability']:.2f}",
    }
