"""One axis for a person: what the wearable, the pharmacy, the record and the diary say, one plain sentence each.

Five derivations write `Timeline`; each owns its items, so that their rows never meet under one key. Mentions carry an author and
no `person`, so they share no key column with the timeline: the diary stands here in the participant's own words instead.
"""

from __future__ import annotations

import polars as pl

from heedful.behavior.clock_features import clock, is_clock
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Adherence, Changes, Diary, Dispensings, Features, Records, Timeline
from heedful.person.wording import amount, date_words, drug_name, feature_name, missing_reason, number

_COLUMNS = list(Timeline.columns)

_FEATURE_LANES = (
    ("heart", r"heart|hrv|rmssd|sdnn|oxygen|respiratory|blood_pressure"),
    ("sleep", r"sleep|bed|wake|waso|midsleep|night"),
    ("activity", r"step|active|activity|distance|floors|sedentary|exercise|workout|wear|cadence|bout"),
)
_MEDICATION_TYPES = ("MedicationRequest", "MedicationStatement", "MedicationDispense", "MedicationAdministration", "Immunization")
_MEASUREMENT_TYPES = ("Observation", "DiagnosticReport")
_NO_EVENT_TYPES = (
    "Claim", "ExplanationOfBenefit", "Coverage", "CareTeam", "DocumentReference", "Communication", "CommunicationRequest",
    "QuestionnaireResponse", "Device", "ResearchSubject",
)  # fmt: skip
"""Kept in the record, but no event of a person's health: bills, teams, papers; answers have rows of their own."""


@derivation(reads=(Features,), writes=Timeline, by=("person", "day"), version=2)
def timeline_features(features: Frame[Consented[P], Features]) -> Frame[Consented[P], Timeline]:
    """A person's features of a day as sentences; a missing one says why it is missing. Lanes activity, sleep, heart, measurement.

    `item` is the feature's full name, `value` and `unit` are the feature's.
    """
    bare = pl.col("feature").str.replace(r"\[.*$", "")
    lane: pl.Expr = pl.lit("measurement")
    for label, pattern in reversed(_FEATURE_LANES):
        lane = pl.when(bare.str.contains(pattern)).then(pl.lit(label)).otherwise(lane)
    name = feature_name(pl.col("feature"))
    reading = pl.when(is_clock(bare)).then(clock(pl.col("value"))).otherwise(amount(pl.col("value"), pl.col("unit")))
    known = pl.format("{}: {}.", name, reading)
    unknown = pl.format("{} is not known: {}.", name, missing_reason(pl.col("missing")))
    rows = features.data.select(
        "person", "day", "value", "unit", lane=lane, item="feature", from_table=pl.lit("features"),
        text=pl.when(pl.col("value").is_null()).then(unknown).otherwise(known),
    )  # fmt: skip
    return features.derive(Timeline, rows.select(_COLUMNS))


@derivation(reads=(Changes,), writes=Timeline, by=("person", "day"), version=2)
def timeline_changes(changes: Frame[Consented[P], Changes]) -> Frame[Consented[P], Timeline]:
    """What was unusual for this person on a day (level 1 or more); days as usual and days that could not be judged are left out."""
    name = feature_name(pl.col("feature"))
    timed = is_clock(pl.col("feature"))
    observed, expected = (pl.when(timed).then(clock(pl.col(one))).otherwise(number(pl.col(one))) for one in ("observed", "expected"))
    usual = pl.format("{} was unusual for this person: {}, usually {}.", name, observed, expected)
    rows = changes.data.filter(pl.col("level") >= 1).select(
        "person", "day", value="observed", unit=pl.lit(None, pl.String), lane=pl.lit("change"), from_table=pl.lit("changes"),
        item=pl.format("{}: {}", "detector", "feature"),
        text=pl.when(pl.col("why") != "").then("why").otherwise(pl.coalesce(usual, pl.format("{} was unusual for this person.", name))),
    )  # fmt: skip
    return changes.derive(Timeline, rows.select(_COLUMNS))


@derivation(reads=(Diary,), writes=Timeline, by=("person", "day"), version=1)
def timeline_diary(diary: Frame[Consented[P], Diary]) -> Frame[Consented[P], Timeline]:
    """Diary entries in the participant's own words, lane diary; `item` is the entry's id."""
    rows = diary.data.select(
        "person", "day", lane=pl.lit("diary"), item="entry", value=pl.lit(None, pl.Float64), unit=pl.lit(None, pl.String),
        text="text", from_table=pl.lit("diary"),
    )  # fmt: skip
    return diary.derive(Timeline, rows.select(_COLUMNS))


@derivation(reads=(Dispensings, Adherence), writes=Timeline, by=("person",), version=2)
def timeline_medication(
    dispensings: Frame[Consented[P], Dispensings], adherence: Frame[Consented[P], Adherence]
) -> Frame[Consented[P], Timeline]:
    """Dispensings by drug and day, and measures of medication taking on the last day of their window. Lane medication."""
    rows = pl.concat([_dispensed(dispensings.data), _taken(adherence.data)])
    return dispensings.derive(Timeline, rows.sort("person", "day", "item"))


def _dispensed(dispensings: pl.DataFrame) -> pl.DataFrame:
    # A drug dispensed twice on a day is one thing on the axis, with the supplies added.
    days = pl.col("days_supplied")
    daily = dispensings.group_by("person", "day", "drug").agg(
        days.sort_by("row").sum().alias("value"), days.is_not_null().any().alias("known")
    )
    name = drug_name(pl.col("drug"))
    text = (
        pl.when("known")
        .then(pl.format("{} was dispensed, enough for {} days.", name, number(pl.col("value"))))
        .otherwise(pl.format("{} was dispensed; for how many days is not known.", name))
    )
    return daily.select(
        "person", "day", lane=pl.lit("medication"), item=pl.format("dispensed {}", "drug"),
        value=pl.when("known").then("value"), unit=pl.lit("d"), text=text, from_table=pl.lit("dispensings"),
    )  # fmt: skip


def _taken(adherence: pl.DataFrame) -> pl.DataFrame:
    name = pl.when(pl.col("drug") == "all").then(pl.lit("medicine")).otherwise(drug_name(pl.col("drug")))
    span = pl.format("between {} and {}", date_words(pl.col("window_start")), date_words(pl.col("window_end") - pl.duration(days=1)))
    hand = pl.col("measure").str.starts_with("CMA")
    days = pl.col("measure").str.contains("[days", literal=True)
    percent, measured = number(pl.col("value") * 100), pl.format("{} {} ({})", "measure", name, span)
    known = (
        pl.when(hand).then(pl.format("{} was at hand on {} % of the days {} ({}).", name, percent, span, "measure"))
        .when(days).then(pl.format("{}: {} days.", measured, number(pl.col("value"))))
        .otherwise(pl.format("{}: {} %.", measured, percent))
    )  # fmt: skip
    unknown = (
        pl.when(hand).then(pl.format("How much {} was at hand {} is not known ({}).", name, span, "measure"))
        .otherwise(pl.format("{} is not known.", measured))
    )  # fmt: skip
    return adherence.select(
        "person", day=pl.col("window_end") - pl.duration(days=1), lane=pl.lit("medication"),
        item=pl.format("{} {} from {}", "measure", "drug", "window_start"), value="value",
        unit=pl.when(days).then(pl.lit("d")).otherwise(pl.lit("1")),
        text=pl.when(pl.col("value").is_null()).then(unknown).otherwise(known), from_table=pl.lit("adherence"),
    )  # fmt: skip


@derivation(reads=(Records,), writes=Timeline, by=("person",), version=1)
def timeline_records(records: Frame[Consented[P], Records]) -> Frame[Consented[P], Timeline]:
    """What the clinical record holds, on its day: lanes condition, medication and measurement; rows without a day, and bills, are left out.

    `item` is the resource's id, which no other derivation of the timeline uses.
    """
    kind = pl.col("type")
    lane = (
        pl.when(kind.is_in(_MEDICATION_TYPES)).then(pl.lit("medication"))
        .when(kind.is_in(_MEASUREMENT_TYPES)).then(pl.lit("measurement"))
        .otherwise(pl.lit("condition"))
    )  # fmt: skip
    what = pl.coalesce("display", "code", kind)
    status = pl.when(pl.col("status").fill_null("") != "").then(pl.format(" ({})", "status")).otherwise(pl.lit(""))
    reading = pl.when(pl.col("value").is_null()).then(pl.lit("")).otherwise(
        pl.format(": {}", amount(pl.col("value"), pl.col("unit").fill_null("")))
    )  # fmt: skip
    rows = records.data.filter(pl.col("day").is_not_null() & ~kind.is_in(_NO_EVENT_TYPES)).select(
        "person", "day", "value", "unit", lane=lane, item="resource", from_table=pl.lit("records"),
        text=pl.format("In the record as {}: {}{}{}.", _words(kind), what, reading, status),
    )  # fmt: skip
    return records.derive(Timeline, rows.select(_COLUMNS))


def _words(resource_type: pl.Expr) -> pl.Expr:
    """A FHIR resource type as words: MedicationRequest becomes medication request."""
    return resource_type.str.replace_all(r"([a-z])([A-Z])", "$1 $2").str.to_lowercase()
