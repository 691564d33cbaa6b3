"""Random base rows of every table: small worlds, so that keys meet often; texts that language has something to say about."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from heedful.core.schemas import Answers, Diary, Dispensings, LinkedAccounts, Observations, People, Posts, Records, Schema, Series

PEOPLE = ("ana", "bo", "cy")
FIRST = date(2026, 3, 1)
DAYS = 12
TEXTS = (
    "I have a terrible headache today", "no headache anymore, so happy", "Sertraline made me nauseous and I can't sleep", "my son has a fever in Boston",
    "does garlic cure the flu, or does ibuprofen help with fever?", "stopped taking metformin because of the nausea", "lovely weather", "fever again, and a cough, and after the new vaccine my headache was worse for three weeks, so share this with everyone you love", "I'm so worried, does garlic cure the flu?", "I want to kill myself", "took ibuprofen for a headache while pregnant", "I got fever, headache and cough", "wine with dinner #alcohol",
)  # fmt: skip
PLACES = (None, "Boston, MA", "London", "nowhere at all")


def instant(rng: random.Random, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, rng.randrange(24), rng.choice((0, 15, 30)), tzinfo=UTC)


def some_day(rng: random.Random) -> date:
    return FIRST + timedelta(days=rng.randrange(DAYS))


def known(rng: random.Random, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 23, tzinfo=UTC) + timedelta(days=rng.randrange(4))


def post(rng: random.Random) -> dict[str, Any]:
    day = some_day(rng)
    return {
        "source": rng.choice("ab"), "post": str(rng.randrange(60)), "author": rng.choice("uvwxyz"), "day": day, "posted_at": instant(rng, day),
        "known_at": known(rng, day), "text": rng.choice(TEXTS), "place_declared": rng.choice(PLACES), "kind": "post", "synthetic": True,
    }  # fmt: skip


def observation(rng: random.Random) -> dict[str, Any]:
    aside = rng.random()
    if aside < 0.3:
        return positions(rng) if aside < 0.2 else phone_use(rng)
    day = some_day(rng)
    code = rng.choice(
        (
            "steps",
            "steps",
            "heart_rate",
            "heart_rate",
            "sleep_stage",
            "resting_heart_rate",
            "glucose",
            "dose_taken",
            "activity_count",
            "hrv_rmssd",
            "rr_interval",
            "arm_angle",
            "respiratory_rate",
            "skin_temperature",
            "sleep_minutes",
            "body_weight",
        )
    )
    start = instant(rng, day) if code != "sleep_stage" else datetime(day.year, day.month, day.day, rng.choice((22, 23, 1, 2)), tzinfo=UTC)
    length = {
        "steps": 10,
        "heart_rate": 0,
        "sleep_stage": rng.choice((60, 240)),
        "resting_heart_rate": 1_440,
        "glucose": 0,
        "dose_taken": 0,
        "activity_count": 1,
        "hrv_rmssd": 5,
        "rr_interval": 0,
        "arm_angle": 0,
        "respiratory_rate": 0,
        "skin_temperature": 0,
        "sleep_minutes": 400,
        "body_weight": 0,
    }[code]
    value = {
        "steps": rng.randrange(900),
        "heart_rate": rng.randrange(45, 120),
        "sleep_stage": None,
        "resting_heart_rate": rng.randrange(50, 70),
        "glucose": rng.randrange(40, 300),
        "dose_taken": rng.randrange(2),
        "activity_count": rng.randrange(900),
        "hrv_rmssd": rng.randrange(20, 90),
        "rr_interval": rng.randrange(290, 1_200),
        "arm_angle": rng.randrange(-90, 90),
        "respiratory_rate": rng.randrange(10, 20),
        "skin_temperature": rng.randrange(33, 36),
        "sleep_minutes": rng.randrange(200, 600),
        "body_weight": rng.randrange(60, 64),
    }[code]
    return {
        "person": rng.choice(PEOPLE), "code": code, "day": start.date(), "start_at": start, "end_at": start + timedelta(minutes=length), "offset_minutes": rng.choice((0, 0, 0, 120)) if code == "sleep_stage" else 0,
        "value": None if value is None else float(value), "value_code": rng.choice(("asleep", "awake", "deep", "in_bed")) if code == "sleep_stage" else None,
        "unit": {"steps": "{steps}", "sleep_stage": "{stage}", "glucose": "mg/dL"}.get(code, "/min"), "device": rng.choice(("watch", "phone")), "how": rng.choice(("measured", "measured", "self_reported")), "row": 0,
        "known_at": known(rng, day), "extra": None,
    }  # fmt: skip


def beats_at_night(rng: random.Random) -> pl.DataFrame:
    """Three pieces of 40 beats in a row in one night of one person, a few of them missed."""
    day, person, rows = some_day(rng), rng.choice(PEOPLE), []
    for hour in (0, 2, 5):
        at = datetime(day.year, day.month, day.day, hour, rng.choice((0, 30)), tzinfo=UTC)
        for _ in range(40):
            value = rng.randrange(850, 950) * (1 + (rng.random() < 0.02))
            rows.append(_of_phone(rng, "rr_interval", at) | {
                "person": person, "value": float(value), "unit": "ms", "end_at": at + timedelta(milliseconds=value), "device": "watch",
            })  # fmt: skip
            at += timedelta(milliseconds=value)
    return Observations.check(pl.DataFrame(rows, schema={name: dtype for name, dtype in Observations.dtypes().items() if name in rows[0]}))


def still_morning(rng: random.Random) -> pl.DataFrame:
    """430 minutes of one person's morning, one after another, with a rate and a count of steps in each; a short walk in them."""
    day, person = some_day(rng), rng.choice(PEOPLE)
    start, walk = datetime(day.year, day.month, day.day, rng.choice((0, 4)), tzinfo=UTC), rng.randrange(5)
    rows = [
        _of_phone(rng, code, start + timedelta(minutes=minute)) | {
            "person": person, "value": float(value), "unit": unit, "end_at": start + timedelta(minutes=minute + 1), "device": "watch",
        }
        for minute in range(430)
        for code, value, unit in (("heart_rate", rng.randrange(50, 80), "/min"), ("steps", 60 * (minute < walk), "{steps}"))
    ]  # fmt: skip
    return Observations.check(pl.DataFrame(rows, schema={name: dtype for name, dtype in Observations.dtypes().items() if name in rows[0]}))


def positions(rng: random.Random) -> dict[str, Any]:
    """Half a position: where the other half falls on the same quarter of an hour and place in the file, there is a whole one."""
    day, code = some_day(rng), rng.choice(("latitude", "longitude"))
    at = datetime(day.year, day.month, day.day, rng.choice((0, 3, 6, 12, 18, 23)), rng.choice((0, 30)), tzinfo=UTC)
    value = rng.choice((52.5, 52.51, 52.54)) if code == "latitude" else rng.choice((13.4, 13.41, 13.47))
    return _of_phone(rng, code, at) | {"value": value, "unit": "deg"}


def phone_use(rng: random.Random) -> dict[str, Any]:
    """What a phone reports of its use."""
    code, unit, words, most = rng.choice((
        ("screen_event", "{event}", ("on", "unlocked", "unlocked", "off", "locked"), None), ("phone_call", "s", ("incoming", "outgoing", "missed"), 900),
        ("phone_message", "{messages}", ("received", "sent"), 1), ("app_use", "{event}", ("a", "b"), None),
        ("conversation", "s", (None,), 900), ("phone_battery", "%", ("charging", "discharging"), 100), ("ambient_light", "lx", (None,), 900),
    ))  # fmt: skip
    told = json.dumps({"contact": rng.choice("xyz")}) if code == "phone_call" else None
    value = None if most is None else float(rng.randint(1, most))
    return _of_phone(rng, code, instant(rng, some_day(rng))) | {
        "value": value,
        "value_code": rng.choice(words),
        "unit": unit,
        "extra": told,
    }


def _of_phone(rng: random.Random, code: str, at: datetime) -> dict[str, Any]:
    return {
        "person": rng.choice(PEOPLE), "code": code, "day": at.date(), "start_at": at, "end_at": at, "offset_minutes": 0, "value_code": None, "device": "phone",
        "how": "measured", "row": 0, "known_at": known(rng, at.date()), "extra": None,
    }  # fmt: skip


def dispensing(rng: random.Random) -> dict[str, Any]:
    day = FIRST + timedelta(days=30 * rng.randrange(8) + rng.randrange(5))
    return {
        "person": rng.choice(PEOPLE), "drug": rng.choice(("A10BA02", "N06AB06")), "drug_system": "ATC", "day": day, "dispensed_on": day,
        "days_supplied": rng.choice((14.0, 30.0, None)), "daily_dose": rng.choice((1.0, 2.0, None)), "quantity": rng.choice((28.0, None)),
        "row": 0, "known_at": known(rng, day),
    }  # fmt: skip


def diary(rng: random.Random) -> dict[str, Any]:
    day = some_day(rng)
    return {
        "person": rng.choice(PEOPLE), "entry": str(rng.randrange(20)), "day": day, "written_at": instant(rng, day), "text": rng.choice(TEXTS),
        "known_at": known(rng, day),
    }  # fmt: skip


def goal_or_genes(rng: random.Random, day: date) -> dict[str, Any]:
    """A goal of the record, or what a guideline says of a drug for somebody's genes."""
    told = {
        "genes": "CYP2C19 *1/*2",
        "set": "CPIC",
        "guideline": "g",
        "version": "2025-11-05",
        "classification": "Strong",
        "population": rng.choice(("general", "adults")),
    }
    genes = {"resourceType": "Observation", "valueString": rng.choice(("Ask.", "Look.")), "heedful": told}
    goal = {
        "resourceType": "Goal",
        "lifecycleStatus": rng.choice(("active", "cancelled")),
        "description": {"text": rng.choice(("Walk", "Rest"))},
        "target": [
            {
                "measure": {"coding": [{"system": "http://loinc.org", "code": "55423-8"}]},
                "detailQuantity": {"value": 5000, "code": "{steps}"},
            }
        ],
    }
    kind, document, code, system = rng.choice(
        (("Goal", goal, "g", "local"), ("Observation", genes, "n06ab06", "urn:heedful:pharmacogenomics"))
    )
    return {
        "person": rng.choice(PEOPLE), "resource": f"{kind}/{kind[0]}{rng.randrange(3)}", "type": kind, "day": day, "happened_at": instant(rng, day), "code": code,
        "system": system, "display": "as told", "status": "active", "known_at": known(rng, day), "json": json.dumps(document),
    }  # fmt: skip


def record(rng: random.Random) -> dict[str, Any]:
    day = some_day(rng)
    kind = rng.choice(("Condition", "MedicationRequest", "Observation", "Immunization", "Encounter", "other"))
    if kind == "other":
        return goal_or_genes(rng, day)
    document: dict[str, Any] = {"resourceType": kind}
    code = "38341003"
    if kind == "Encounter":
        document["class"] = {"code": rng.choice(("IMP", "AMB"))}
    if kind == "MedicationRequest":
        code = rng.choice(("A10BA02", "N06AB06"))
        often = {"frequency": rng.choice((1, 2)), "period": 1, "periodUnit": "d"}
        document["dosageInstruction"] = [{"timing": {"repeat": often}, "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}]}]
    return {
        "person": rng.choice(PEOPLE), "resource": f"{kind}/{rng.randrange(9)}", "type": kind, "day": day, "happened_at": instant(rng, day), "code": code,
        "system": "http://snomed.info/sct", "display": rng.choice(("Hypertension", "Asthma")), "status": "active", "known_at": known(rng, day),
        "json": json.dumps(document),
        "ended_at": instant(rng, day + timedelta(days=rng.randrange(20))) if kind == "Encounter" else None,
    }  # fmt: skip


def person(rng: random.Random) -> dict[str, Any]:
    return {
        "person": rng.choice(PEOPLE),
        "zone": rng.choice(("UTC", "Europe/Berlin")),
        "birth_year": 1980,
        "place": rng.choice(("US/MA", "US/NY", None)),
        "known_at": known(rng, FIRST),
    }


def answer(rng: random.Random) -> dict[str, Any]:
    day = some_day(rng)
    form, items = rng.choice((("phq9", 9), ("WHO-5", 5), ("mood", 2)))
    return {
        "person": rng.choice(PEOPLE), "instrument": form, "item": rng.choice((f"item_{rng.randint(1, items)}", "alcohol")), "day": day, "asked_at": instant(rng, day),
        "value": rng.choice((None, 0.0, 1.0, 3.0)), "known_at": known(rng, day),
    }  # fmt: skip


def link(rng: random.Random) -> dict[str, Any]:
    """An account of one's own, or the one that everybody claims."""
    who = rng.choice(PEOPLE)
    return {
        "person": who, "source": rng.choice("ab"), "author": rng.choice("uvx"[PEOPLE.index(who)] + "w"),
        "zone": rng.choice((None, "UTC", "America/New_York")), "proof": "statement", "proof_by": who, "proof_reference": f"form {rng.randrange(9)}",
        "known_at": known(rng, some_day(rng)),
    }  # fmt: skip


def series(rng: random.Random) -> dict[str, Any]:
    day = FIRST + timedelta(days=7 * rng.randrange(20))
    return {
        "source": "office", "signal": rng.choice(("ili", "rsv")), "place": rng.choice(("US", "US/NY")), "stratum": "all", "day": day, "period_days": 7,
        "value": float(rng.randrange(40)), "unit": "{count}", "known_at": known(rng, day),
    }  # fmt: skip


def years_of_weeks(rng: random.Random) -> pl.DataFrame:
    """Four years of one weekly series before `FIRST`, and half a year after it with one burst, one week in twelve not issued: for what looks years back."""
    rows = [
        series(rng)
        | {
            "signal": "ili",
            "place": "US",
            "day": day,
            "value": 400.0 if week == 20 else float(rng.randrange(20, 40)),
            "known_at": known(rng, day),
        }
        for week, day in ((week, FIRST + timedelta(days=7 * week)) for week in range(-208, 26))
        if week == 20 or rng.random() > 1 / 12
    ]
    return Series.check(pl.DataFrame(rows, schema={name: dtype for name, dtype in Series.dtypes().items() if name in rows[0]}))


def rumour_in_a_town(rng: random.Random) -> pl.DataFrame:
    """Posts of fourteen neighbors over three weeks, all of the flu, half of whom ask about a claim of the bank; some answer each other."""
    told = ("does garlic cure the flu, or does ibuprofen help with fever?", "fever again, and a cough")
    rows = []
    for n in range(28):
        day = FIRST + timedelta(days=rng.randrange(21))
        rows.append(post(rng) | {
            "post": f"r{n}", "author": f"neighbor{n % 14}", "day": day, "posted_at": instant(rng, day), "known_at": known(rng, day),
            "text": told[n % 2 if n < 14 else 1], "place_declared": "Boston, MA", "source": "a", "reply_to": f"r{n - 1}" if n % 4 else None,
        })  # fmt: skip
    return Posts.check(pl.DataFrame(rows, schema={name: dtype for name, dtype in Posts.dtypes().items() if name in rows[0]}))


def weeks_of_posts(rng: random.Random, weeks: int = 82) -> pl.DataFrame:
    """A cough a day of one neighbor for weeks on end, up to the Monday of `FIRST`'s week, and of eight in the last of them: for what looks at seasons."""
    monday = FIRST - timedelta(days=FIRST.weekday())
    rows = []
    for n in range(-7 * weeks, 1):
        day = monday + timedelta(days=n)
        rows += [
            post(rng) | {
                "post": f"w{n}-{author}", "author": f"neighbor{author}", "day": day, "posted_at": instant(rng, day), "known_at": known(rng, day),
                "text": "fever again, and a cough", "place_declared": "Boston, MA", "source": "a",
            } for author in range(8 if n >= -7 else 1)
        ]  # fmt: skip
    return Posts.check(pl.DataFrame(rows, schema={name: dtype for name, dtype in Posts.dtypes().items() if name in rows[0]}))


MAKERS: dict[type[Schema], Callable[[random.Random], dict[str, Any]]] = {
    Posts: post, Observations: observation, Dispensings: dispensing, Diary: diary, Answers: answer, Records: record, People: person, Series: series,
    LinkedAccounts: link,
}  # fmt: skip


def random_rows(schema: type[Schema], rng: random.Random, count: int) -> pl.DataFrame:
    made = [MAKERS[schema](rng) for _ in range(count)]
    told = set().union(*made)  # a row may leave out what only rows of its kind have
    return schema.check(pl.DataFrame(made, schema={name: dtype for name, dtype in schema.dtypes().items() if name in told}))
