"""Plausible content for pages: seeded, invented, and filling every section."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import polars as pl

from heedful.core.schemas import Audiences, Mentions, Niches, Rumours
from heedful.report.content import PageContent

FIRST, DAYS = dt.date(2026, 1, 12), 60
LAST = FIRST + dt.timedelta(days=DAYS - 1)
LABELS = {
    "HP:0001945": "fever",
    "HP:0012735": "cough",
    "HP:0002315": "headache",
    "HP:0002013": "vomiting",
    "HP:0012378": "fatigue",
    "HP:0000360": "tinnitus",
    "drug:sertraline": "sertraline",
    "ili_visits": "visits for influenza-like illness",
    "drug:metformin": "metformin",
    "drug:lisinopril": "lisinopril",
}
PLACES = {"US": "United States", "US/NY": "New York", "US/CA": "California", "US/TX": "Texas", "DE": "Germany"}
PEOPLE = ("p7f3a91c02d44", "p1be0c55a9910", "pc90d2e11f7a8", "p0aa41bd9e3c7")


def _at(day: dt.date, hour: float = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(hours=hour)


def _days() -> list[dt.date]:
    return [FIRST + dt.timedelta(days=n) for n in range(DAYS)]


def content(**changed: Any) -> PageContent:
    """A whole page's content, the same at each call; `changed` replaces fields."""
    random = np.random.default_rng(20260312)
    counts, alarms = _signals(random)
    features, changes = _features(random)
    decisions, deliveries, outcomes = _decisions(random)
    given: dict[str, Any] = {
        "title": "The town of Lindenau",
        "run": "demo",
        "made_at": dt.datetime(2026, 3, 13, 7, 42, tzinfo=dt.UTC),
        "subtitle": "Sixty winter days of a simulated town: 2,400 people who write in public, 40 who take part, and one wave of influenza.",
        "notes": ("This town was simulated with seed 7. Its posts were made from a grammar and are marked synthetic.",),
        "labels": LABELS,
        "places": PLACES,
        "counts": counts,
        "alarms": alarms,
        "series": _series(random),
        "experiences": (told := _experiences(random)).filter(pl.col("source") != "diary"),
        "diary_experiences": told.filter(pl.col("source") == "diary"),
        "diary_mentions": _mentions(),
        "safety": _safety(),
        **{name: rows for name, rows in talk().items() if name != "niches"},
        "features": features,
        "changes": changes,
        "dispensings": _dispensings(),
        "adherence": _adherence(),
        "risks": _risks(),
        "plans": _plans(),
        "approvals": _approvals(),
        "timeline": _timeline(),
        "decisions": decisions,
        "deliveries": deliveries,
        "outcomes": outcomes,
        "quarantine": _quarantine(),
        "accounting": _accounting(),
        "score": _score(),
    }
    return PageContent(**(given | changed))


def _signals(random: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows, alarms = [], []
    means = {"HP:0001945": 14, "HP:0012735": 22, "HP:0002315": 18, "HP:0002013": 7, "HP:0012378": 12, "HP:0000360": 2}
    for signal, mean in means.items():
        for place, scale in (("US/NY", 1.0), ("US/CA", 1.4), ("US/TX", 0.35)):
            expected = mean * scale * (1 + 0.15 * np.sin(np.arange(DAYS) * 2 * np.pi / 7))
            wave = np.exp(-(((np.arange(DAYS) - 41) / 5.5) ** 2)) * (
                2.6 if signal in ("HP:0001945", "HP:0012735") and place == "US/NY" else 0
            )
            people = random.poisson(expected * (1 + wave))
            for n, day in enumerate(_days()):
                small = people[n] < 5
                rows.append(
                    {
                        "signal": signal,
                        "place": place,
                        "stratum": "all",
                        "day": day,
                        "known_at": _at(day, 30),
                        "suppressed": "minimum" if small else "",
                        "people": None if small else int(people[n]),
                        "posts": None if small else int(people[n] * 1.3),
                        "denominator": 900,
                    }
                )
                alarms += _tests(signal, place, day, people, n)
    return pl.DataFrame(rows, infer_schema_length=None), pl.DataFrame(alarms, infer_schema_length=None)


def _tests(signal: str, place: str, day: dt.date, people: np.ndarray, n: int) -> list[dict[str, Any]]:
    row = {"signal": signal, "place": place, "stratum": "all", "day": day, "observed": float(people[n])}
    if n < 9:
        why = f"Not tested: {n} days of history, and 9 are needed."
        return [row | {"detector": "ears.c2", "expected": None, "bound": None, "p": None, "q": None, "alarm": False, "why": why}]
    before = people[n - 9 : n - 2]
    mean, spread = float(before.mean()), float(max(before.std(ddof=1), 0.5))
    bound = mean + 3 * spread
    fired = bool(people[n] > bound and people[n] > 4)
    said = f"{people[n]} people, where the seven days before the gap had {mean:.1f} on average and the bound is {bound:.1f}."
    told = row | {
        "expected": mean,
        "bound": bound,
        "p": 0.0004 if fired else 0.3,
        "q": 0.012 if fired else 0.6,
        "alarm": fired,
        "why": said,
    }
    return [told | {"detector": "ears.c2"}] + ([told | {"detector": "ears.c3"}] if fired else [])


def _series(random: np.random.Generator) -> pl.DataFrame:
    rows = []
    for place, mean in (("US", 4200), ("US/NY", 310)):
        for n in range(52):
            week = dt.date(2025, 3, 16) + dt.timedelta(weeks=n)
            value = mean * (1 + 1.4 * np.exp(-(((n - 46) / 4) ** 2))) * random.normal(1, 0.05)
            rows.append(
                {
                    "source": "ILINet",
                    "signal": "ili_visits",
                    "place": place,
                    "stratum": "all",
                    "day": week,
                    "period_days": 7,
                    "value": round(value),
                    "denominator": 90_000.0,
                    "unit": "{count}",
                    "known_at": _at(week, 24 * 12),
                }
            )
    return pl.DataFrame(rows)


def _experiences(random: np.random.Generator) -> pl.DataFrame:
    rows, text = [], 0
    tells = {
        "sertraline": (
            88,
            [
                ("adverse", "nausea", 0.3),
                ("adverse", "insomnia", 0.2),
                ("benefit", "less anxious", 0.4),
                ("withdrawal", "brain zaps", 0.15),
                ("stop", "nausea", 0.12),
                ("missed_dose", "forgot", 0.1),
            ],
        ),
        "ibuprofen": (61, [("benefit", "headache gone", 0.6), ("adverse", "stomach pain", 0.12), ("no_effect", "headache", 0.14)]),
        "metformin": (47, [("adverse", "diarrhoea", 0.45), ("benefit", "lower sugar", 0.4), ("switch", "stomach upset", 0.1)]),
        "lisinopril": (34, [("adverse", "dry cough", 0.5), ("switch", "dry cough", 0.3), ("benefit", "lower pressure", 0.3)]),
        "zolpidem": (19, [("benefit", "sleep", 0.5), ("adverse", "sleepwalking", 0.16), ("stop", "afraid of dependence", 0.2)]),
        "oseltamivir": (12, [("benefit", "fever gone sooner", 0.4), ("no_effect", "fever", 0.3), ("adverse", "vomiting", 0.3)]),
    }
    for drug, (people, told) in tells.items():
        for person in range(people):
            for n, (axis, effect, chance) in enumerate(told):
                if random.random() < chance or (n == 0 and random.random() < 0.3):
                    text += 1
                    day = FIRST + dt.timedelta(days=int(random.integers(DAYS)))
                    rows.append(
                        {
                            "source": "town",
                            "post": f"t{text}",
                            "n": 0,
                            "author": f"a-{drug}-{person}",
                            "day": day,
                            "known_at": _at(day, 9),
                            "place": "US/NY",
                            "treatment": f"drug:{drug}",
                            "treatment_label": drug,
                            "axis": axis,
                            "effect": "",
                            "effect_label": effect,
                            "start": 0,
                            "end": 8,
                        }
                    )
    day = FIRST + dt.timedelta(days=33)
    rows.append(
        {
            "source": "diary",
            "post": "d1",
            "n": 0,
            "author": PEOPLE[0],
            "day": day,
            "known_at": _at(day, 21),
            "place": "",
            "treatment": "drug:metformin",
            "treatment_label": "metformin",
            "axis": "adverse",
            "effect": "",
            "effect_label": "queasy in the morning",
            "start": 0,
            "end": 6,
        }
    )
    return pl.DataFrame(rows)


def _mentions() -> pl.DataFrame:
    """What one diary says: two symptoms that are there, one that is not, one of somebody else."""
    told = [(33, "fever", "present", "self"), (34, "fever", "present", "self"), (34, "cough", "present", "self"),
            (35, "nausea", "absent", "self"), (35, "rash", "present", "child")]  # fmt: skip
    rows = [
        {
            "source": "diary", "post": f"d{n}", "author": PEOPLE[0], "day": FIRST + dt.timedelta(days=n), "known_at": _at(FIRST, 9), "place": "",
            "place_how": "none", "start": place, "end": place + 5, "surface": word, "concept": f"own:{word}", "label": word, "type": "symptom",
            "assertion": assertion, "experiencer": whose, "role": "none", "severity": "unknown",
        }
        for place, (n, word, assertion, whose) in enumerate(told)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema={name: kind for name, kind in Mentions.dtypes().items() if name in rows[0]})


def _safety() -> pl.DataFrame:
    """Rows with every measure, with a ratio that does not exist, with a small expected count, and two that are withheld."""
    names = ("people", "expected", "prr", "prr_low", "prr_high", "ror", "ror_low", "ror_high", "ebgm", "eb05", "eb95")
    told: list[tuple[str, str, str, tuple[float | None, ...], tuple[bool, bool, bool]]] = [
        ("sertraline", "adverse", "nausea", (33, 16.8, 3.4, 2.0, 5.8, 4.8, 2.5, 9.1, 1.9, 1.4, 2.5), (True, True, False)),
        ("sertraline", "withdrawal", "brain zaps", (14, 4.7, None, None, None, None, None, None, 2.6, 2.1, 3.9), (True, False, True)),
        ("metformin", "adverse", "diarrhoea", (21, 6.2, 5.9, 3.1, 11.2, 9.8, 4.4, 21.9, 3.1, 2.2, 4.3), (True, True, True)),
        ("ibuprofen", "adverse", "nausea", (5, 11.6, 0.35, 0.14, 0.86, 0.28, 0.1, 0.75, 0.52, 0.27, 0.92), (False, False, False)),
        ("oseltamivir", "adverse", "vomiting", (3, 0.32, 21, 3.9, 113, 27, 4.0, 183, 2.4, 0.97, 6.1), (True, True, False)),
    ]
    rows = [
        {"treatment": drug, "axis": axis, "effect": effect, "suppressed": ""}
        | dict(zip(names, numbers, strict=True))
        | dict(zip(("by_prr", "by_ror", "by_ebgm"), marks, strict=True))
        for drug, axis, effect, numbers, marks in told
    ]
    for drug, reason in (("zolpidem", "minimum"), ("lisinopril", "complementary")):
        rows.append({"treatment": drug, "axis": "adverse", "effect": "rash on one arm", "suppressed": reason})
    return pl.DataFrame(rows, infer_schema_length=None)


def _features(random: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    features, changes = [], []
    for who, person in enumerate(PEOPLE[:3]):
        ill = 38 + 4 * who
        rest = 58.0 + 5 * who
        for n, day in enumerate(_days()):
            sick = np.exp(-(((n - ill) / 2.6) ** 2)) if who < 2 else 0.0
            worn = random.random() > 0.07 and not (who == 1 and 18 <= n <= 22)
            values = {
                "steps[sum]": ("{steps}", max(0, random.normal(7800 - 900 * who, 2300) * (1 - 0.72 * sick))),
                "resting_heart_rate[nightsignal]": ("/min", rest + random.normal(0, 1.3) + 9 * sick),
                "sleep_onset[main]": ("min", (-55 + 40 * who + random.normal(0, 34) + (60 if day.weekday() >= 5 else 0)) - 50 * sick),
                "sleep_offset[main]": ("min", 405 + 25 * who + random.normal(0, 30) + (70 if day.weekday() >= 5 else 0) + 70 * sick),
                "sleep_minutes[main]": ("min", random.normal(430, 40)),
                "wear_minutes": ("min", random.normal(1290, 80)),
            }
            for name, (unit, value) in values.items():
                missing = "not_worn" if not worn else ("too_short" if name.startswith("sleep") and random.random() < 0.05 else "")
                features.append(
                    {
                        "person": person,
                        "day": day,
                        "feature": name,
                        "value": None if missing else float(value),
                        "unit": unit,
                        "coverage": 0.0 if missing else float(random.uniform(0.75, 1)),
                        "missing": missing,
                    }
                )
                if name.startswith("resting") and n >= 14:
                    changes.append(_change(person, day, rest, None if missing else float(value), n))
    return pl.DataFrame(features, infer_schema_length=None), pl.DataFrame(changes, infer_schema_length=None)


def _change(person: str, day: dt.date, usual: float, value: float | None, nights: int) -> dict[str, Any]:
    level = -1 if value is None else int(value > usual + 3.2) + int(value > usual + 6)
    why = (
        "The watch was not worn, so this night cannot be judged."
        if value is None
        else (f"{value:.0f} a minute, {value - usual:.0f} above the median of {usual:.0f} over {nights} nights.")
    )
    return {
        "person": person,
        "day": day,
        "detector": "nightsignal",
        "feature": "resting_heart_rate[nightsignal]",
        "observed": value,
        "expected": usual,
        "spread": 1.4,
        "level": level,
        "nights_used": nights,
        "false_alarm_rate": 0.018,
        "why": why,
    }


def _dispensings() -> pl.DataFrame:
    rows = []
    plan = {("drug:metformin", 0): (-12, 19, 57), ("drug:lisinopril", 0): (-20, 8, 40), ("drug:sertraline", 1): (2, 33)}
    for (drug, who), offsets in plan.items():
        for offset in offsets:
            day = FIRST + dt.timedelta(days=offset)
            rows.append(
                {
                    "person": PEOPLE[who],
                    "drug": drug,
                    "drug_system": "local",
                    "day": day,
                    "dispensed_on": day,
                    "days_supplied": 30.0,
                    "quantity": 60.0,
                    "daily_dose": 2.0,
                    "dose_unit": "{tablet}",
                    "row": 0,
                    "known_at": _at(day, 12),
                }
            )
    return pl.DataFrame(rows)


def _adherence() -> pl.DataFrame:
    base = {"window_start": FIRST, "window_end": LAST + dt.timedelta(days=1), "missing": ""}
    return pl.DataFrame(
        [
            base | {"person": PEOPLE[0], "drug": "drug:metformin", "measure": "CMA1", "value": 1.0, "events": 3},
            base | {"person": PEOPLE[0], "drug": "drug:metformin", "measure": "CMA7", "value": 0.78, "events": 3},
            base | {"person": PEOPLE[0], "drug": "drug:lisinopril", "measure": "CMA7", "value": 0.95, "events": 3},
            base | {"person": PEOPLE[1], "drug": "drug:sertraline", "measure": "CMA7", "value": 0.92, "events": 2},
        ]
    )


def _risks() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "person": PEOPLE[0],
                "day": LAST,
                "risk": "medication_gap_14d: drug:metformin",
                "probability": 0.42,
                "low": 0.14,
                "high": 0.74,
                "why": "The supply of metformin lasts until 8 April 2026; 1 of 2 earlier refills came 3 or more days late.",
            },
            {
                "person": PEOPLE[1],
                "day": LAST,
                "risk": "medication_gap_14d: drug:sertraline",
                "probability": None,
                "low": None,
                "high": None,
                "why": "The supply of sertraline lasts until 15 March 2026; there is no earlier refill to judge by.",
            },
        ]
    )


def _plans() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "person": PEOPLE[0],
                "item": "steps",
                "kind": "goal",
                "title": "Walk 8,200 steps a day",
                "target": 8200.0,
                "unit": "{steps}",
                "from_day": LAST,
                "reason": "On 9 valid days between 2 and 12 March this person reached this number on about four of ten days.",
                "evidence": "Adaptive goals at the 60th percentile: Adams et al. 2013, PLoS ONE 8:e82901.",
            },
            {
                "person": PEOPLE[0],
                "item": "adherence: drug:metformin",
                "kind": "activity",
                "title": "Talk about what gets in the way of taking metformin",
                "target": 0.8,
                "unit": "1",
                "from_day": LAST,
                "reason": "Metformin was at hand on 78 % of the days (CMA7), from 3 dispensings.",
                "evidence": "",
            },
            {
                "person": PEOPLE[1],
                "item": "sleep_regularity",
                "kind": "goal",
                "title": "Go to sleep at about the same time every night",
                "target": 60.0,
                "unit": "min",
                "from_day": LAST,
                "reason": "Over the last 28 nights the time of falling asleep varied by 68 min.",
                "evidence": "Windred et al. 2024.",
            },
        ]
    )


def _approvals() -> pl.DataFrame:
    return pl.DataFrame(
        [{"approval": "ap1", "person": PEOPLE[1], "item": "sleep_regularity", "answer": "approved", "by": "Dr. Ada", "at": _at(LAST, 9)}]
    )


def _timeline() -> pl.DataFrame:
    rows = [
        (9, "measurement", "Observation/3", "Blood pressure was 138 over 86 mmHg.", "records"),
        (19, "medication", "dispensed: drug:metformin", "Metformin was dispensed for 30 days.", "dispensings"),
        (36, "diary", "d1", "Slept badly, throat hurts, <b>queasy</b> in the morning since the new tablets & no appetite.", "diary"),
        (44, "condition", "Condition/8", "Influenza was recorded; it ended on 1 March.", "records"),
    ]
    return pl.DataFrame(
        [
            {
                "person": PEOPLE[0],
                "day": FIRST + dt.timedelta(days=n),
                "lane": lane,
                "item": item,
                "value": None,
                "unit": None,
                "text": text,
                "from_table": table,
            }
            for n, lane, item, text, table in rows
        ],
        schema_overrides={"value": pl.Float64, "unit": pl.String},
    )


def _decisions(random: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    decisions, deliveries, outcomes = [], [], []
    refusals = ("availability", "quiet_hours", "burden", "consent", "safety", "eligibility", "error")
    texts = {
        "walk-1": "A ten minute walk after lunch counts too.",
        "walk-2": "You have walked more than usual this week. Keep it gentle and steady.",
    }
    for n in range(420):
        day = FIRST + dt.timedelta(days=n % DAYS)
        refused = random.random() < 0.24
        why = str(random.choice(refusals, p=(0.36, 0.2, 0.22, 0.1, 0.05, 0.05, 0.02))) if refused else ""
        chance = float(np.clip(random.beta(5, 4), 0.1, 0.9))
        u = float(random.random())
        sent = u < chance and not refused
        outcome = "refused" if refused else ("send" if sent else "no_message")
        action = str(random.choice(list(texts))) if sent else "none"
        decisions.append(
            {
                "decision": f"d{n:05d}",
                "person": PEOPLE[n % 4],
                "decision_point": "after_lunch",
                "scheduled_at": _at(day, 13 + (n % 7) / 60),
                "decided_at": _at(day, 13.2),
                "outcome": outcome,
                "refused_by": why,
                "policy": "steps_rule 1",
                "action": action,
                "reason": f"Refused: {why.replace('_', ' ')}."
                if refused
                else "Fewer steps than usual until noon, and the person was available.",
                "probability": None if refused else (chance if sent else 1 - chance),
                "u": None if refused else u,
                "features": json.dumps({"steps_until_noon": 2100}),
                "offset_minutes": 60,
            }
        )
        if sent:
            deliveries.append(
                {
                    "decision": f"d{n:05d}",
                    "channel": "file",
                    "text": texts[action],
                    "deliver_by": _at(day, 15),
                    "status": str(random.choice(["sent", "sent", "sent", "expired", "awaiting_approval"])),
                    "at": _at(day, 13.3),
                }
            )
        if not refused:
            lost = random.random() < 0.1
            outcomes.append(
                {
                    "decision": f"d{n:05d}",
                    "name": "steps_after",
                    "value": None if lost else float(random.gamma(3, 130) + 70 * sent),
                    "unit": "{steps}",
                    "window_end": _at(day, 14.2),
                    "missing": "not_worn" if lost else "",
                }
            )
    return pl.DataFrame(decisions, infer_schema_length=None), pl.DataFrame(deliveries), pl.DataFrame(outcomes, infer_schema_length=None)


def _quarantine() -> pl.DataFrame:
    reasons = {
        "The line is not JSON: it breaks off after 812 characters. Fetch the file again.": 14,
        "posted_at '2026-13-01' is not a date.": 3,
    }
    return pl.DataFrame(
        [
            {"source": "town", "file": "posts.jsonl", "line": 100 * k + n, "reason": reason, "content": None, "known_at": _at(LAST, 6)}
            for k, (reason, many) in enumerate(reasons.items(), 1)
            for n in range(many)
        ],
        schema_overrides={"content": pl.String},
    )


def talk() -> dict[str, pl.DataFrame]:
    """Rumours, audiences and niches as a site derives them."""
    week, rows = dt.date(2026, 3, 2), []
    for stance, place, people, posters in (
        ("spreads", "world", 120, 9_000), ("refutes", "world", 40, 9_000), ("spreads", "US/NY", 60, 2_000), ("asks", "US/NY", None, None),
    ):  # fmt: skip
        shown = people is not None
        share = 1e5 * people / posters if people and posters else None
        world = shown and stance == "spreads" and place == "world"
        rows.append(
            {
                "claim": "c1", "stance": stance, "place": place, "day": week, "people": people, "posters": posters, "share": share,
                "low": share and 0.8 * share, "high": share and 1.2 * share, "places": 2 if shown else None,
                "growth": 0.2 if world else None, "growth_low": 0.1 if world else None, "growth_high": 0.3 if world else None,
                "doubling_days": 3.5 if world else None, "cascades": 2 if world else None, "largest": 31 if world else None,
                "deepest": 4 if world else None, "communities": 3 if world else None, "in_communities": 28 if world else None,
                "suppressed": "" if shown else "minimum",
                "why": "120 of 9,000 (95 % 1,067 to 1,600). New people who spread it double every 3.5 days.",
            }
        )  # fmt: skip
    audience = {
        "claim": "c1", "place": "US/NY", "topic": "HP:0001945", "day": week, "rank": 1, "people": 300, "met": 60, "share": 0.2, "low": 0.16, "high": 0.25,
        "reached": 60.0, "newly_reached": 60.0, "suppressed": "", "why": "One sentence.",
    }  # fmt: skip
    second = {"topic": "HP:0012735", "rank": 2, "people": 90, "met": 9, "share": 0.11, "reached": 9.9, "newly_reached": None}
    niches = [
        ("sertraline", "stop:side_effect", dt.date(2026, 1, 1), 14, "", "One."),
        ("sertraline", "misuse", dt.date(2026, 1, 1), None, "minimum", "Two."),
    ]
    return {
        "rumours": Rumours.check(pl.DataFrame(rows, schema=Rumours.dtypes())),
        "audiences": Audiences.check(pl.DataFrame([audience, audience | second], schema=Audiences.dtypes())),
        "niches": Niches.check(pl.DataFrame(niches, schema=Niches.dtypes(), orient="row")),
    }


def _accounting() -> pl.DataFrame:
    columns = ("input", "kind", "rows_in", "rows_out", "quarantined", "refused", "skipped", "superseded", "reasons")
    return pl.DataFrame(
        [
            (
                "posts.jsonl",
                "posts as JSON lines",
                48_210,
                46_902,
                17,
                611,
                680,
                0,
                "611 by authors who opted out; 680 reposts without a word of their own",
            ),
            (
                "watches.csv",
                "minute data of watches",
                345_600,
                331_115,
                0,
                8_640,
                0,
                5_845,
                "8,640 of a participant who withdrew; 5,845 re-exported",
            ),
            ("pharmacy.csv", "dispensings", 212, 212, 0, 0, 0, 0, ""),
            ("ilinet.csv", "official series with issue dates", 104, 104, 0, 0, 0, 0, ""),
        ],
        schema=columns,
        orient="row",
    )


def _score() -> pl.DataFrame:
    return pl.DataFrame(
        [
            ("Outbreaks", 3, 2, 1, 2, "Found if an alarm was raised within seven days of its first case."),
            ("Illnesses of participants", 11, 8, 3, 5, "Found if a night was unusual between two days before and five after onset."),
            ("Gaps in medicines", 26, 24, 2, 0, "Found if the gap overlaps one that was simulated."),
        ],
        schema=("what", "truth", "found", "missed", "false", "note"),
        orient="row",
    )
