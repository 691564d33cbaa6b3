"""Guidelines of a site applied to its people: PlanDefinitions with conditions on the record, daily features, preferences and barriers.

What a condition (FHIRPath) may ask: `%subject`, the Patient of what the person declared; and `%record`, all else that is known of the
person as FHIR resources: those of the clinical record as received, an Observation for each daily feature that has a LOINC code (mean of
the newest 14 known days), one for the newest CMA7 of each drug (system `urn:heedful:adherence`), and one for each answer of the
instruments `preferences` and `barriers` (systems `urn:heedful:preferences`, `urn:heedful:barriers`). `today()` is the newest day known.

Every action that applies becomes an item that waits for approval, with its condition as reason and the guideline, its version, date and
cited evidence. Somebody's "no" to an action's code, or a barrier told for it, is written into the reason: a human weighs it, no program.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from hashlib import blake2b
from typing import Any

import orjson
import polars as pl

from heedful.core.derivations import derivation
from heedful.core.errors import HeedfulError, SchemaError, SettingsError
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Adherence, Answers, Features, People, Plans, Records
from heedful.person.fhirpath import check_expression
from heedful.person.plan import STEPS
from heedful.person.plan_definition import FHIRPATH, Case, apply_plan_definition

Resource = dict[str, Any]

PREFERENCES, BARRIERS = "preferences", "barriers"
RECENT_DAYS = 14
LOINC_OF_FEATURE = {STEPS: "55423-8", "sleep_minutes[stages]": "93832-4", "resting_heart_rate[vendor]": "40443-4"}
_EVIDENCE = ("citation", "documentation", "justification")
_LOINC, _OURS = "http://loinc.org", "urn:heedful:"


@dataclass(frozen=True)
class Guidelines:
    """Definitions of a site: `resources` are PlanDefinitions and what they point to (ActivityDefinitions, nested plans)."""

    resources: tuple[Mapping[str, Any], ...] = ()

    @property
    def fingerprint(self) -> str:
        """Part of the derivation's version: a changed guideline is applied to everybody again."""
        return blake2b(orjson.dumps(self.resources, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()

    @property
    def silent(self) -> bool:
        """Without a plan nobody has an item: the engine need not read what is known of people to say so."""
        return not self.plans

    @cached_property
    def plans(self) -> list[Mapping[str, Any]]:
        """PlanDefinitions that no other one nests, by id; retired ones are left out."""
        nested = {canonical for one in self.resources for canonical in _canonicals(one.get("action", []))}
        found = [one for one in self.resources if one.get("resourceType") == "PlanDefinition" and one.get("status") != "retired"]
        return sorted((one for one in found if one.get("url", "") not in nested), key=lambda one: str(one["id"]))


def with_contained(resources: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The resources, and beside each plan the definitions that it contains: '#walk' in the plan p becomes the url 'p#walk' in both.

    >>> plan = {"resourceType": "PlanDefinition", "id": "p", "action": [{"definitionCanonical": "#walk"}],
    ...     "contained": [{"resourceType": "ActivityDefinition", "id": "walk"}]}
    >>> [(one["id"], one.get("url")) for one in with_contained([plan])]
    [('p', None), ('walk', 'p#walk')]
    """
    found: list[Mapping[str, Any]] = []
    for one in resources:
        inside = one.get("contained", []) if one.get("resourceType") == "PlanDefinition" else []
        if not inside:
            found.append(one)
            continue
        holder = copy.deepcopy(dict(one))
        for action in _actions(holder.get("action", [])):
            if str(action.get("definitionCanonical", "")).startswith("#"):
                action["definitionCanonical"] = f"{one.get('id')}{action['definitionCanonical']}"  # type: ignore[index]
        found += [holder, *({**definition, "url": f"{one.get('id')}#{definition.get('id')}"} for definition in inside)]
    return found


def check_guideline(resources: Sequence[Mapping[str, Any]]) -> list[str]:
    """Ids of the plans in `resources`. Raises `SettingsError` naming what cannot be applied: no plan, no id, a language other than
    FHIRPath, a condition that cannot be read, or a definition that is pointed to and not there."""
    plans = [one for one in resources if one.get("resourceType") == "PlanDefinition"]
    if not plans:
        raise SettingsError("There is no PlanDefinition in it. Give a PlanDefinition, or a Bundle of it with its ActivityDefinitions.")
    urls = {str(one.get("url")) for one in resources}
    for plan in plans:
        if not plan.get("id"):
            raise SettingsError("A PlanDefinition has no id; its items are named after it.")
        for action in _actions(plan.get("action", [])):
            _check_action(plan, action)
        lost = sorted(url for url in _canonicals(plan.get("action", [])) if url not in urls and "/Questionnaire/" not in url)
        if lost:
            raise SettingsError(f"PlanDefinition {plan['id']} points to {', '.join(lost)}; put those definitions into the same Bundle.")
    return [str(plan["id"]) for plan in plans]


def _check_action(plan: Mapping[str, Any], action: Mapping[str, Any]) -> None:
    for condition in action.get("condition", []):
        if condition.get("kind", "applicability") != "applicability":
            continue
        told = condition.get("expression", {})
        place = f"PlanDefinition {plan['id']}, action {action.get('title', action.get('id', '?'))!r}"
        if told.get("language") not in FHIRPATH:
            raise SettingsError(f"{place}: a condition is in {told.get('language')!r}; only text/fhirpath can be asked. Translate it.")
        try:
            check_expression(str(told.get("expression", "")))
        except HeedfulError as error:
            raise SettingsError(f"{place}: {error}") from error


@derivation(reads=(People, Records, Answers, Features, Adherence), writes=Plans, by=("person",), needs=("guidelines",), version=1,
            only={"features": tuple(LOINC_OF_FEATURE)})  # fmt: skip
def guideline_plan(
    people: Frame[Consented[P], People],
    records: Frame[Consented[P], Records],
    answers: Frame[Consented[P], Answers],
    features: Frame[Consented[P], Features],
    adherence: Frame[Consented[P], Adherence],
    *,
    guidelines: Guidelines,
) -> Frame[Consented[P], Plans]:
    """Items of every guideline of the site for every person of whom more than an id is known (see the module)."""
    if not guidelines.plans:
        return records.derive(Plans, Plans.empty())
    own_answers = answers.data.filter(pl.col("instrument").is_in([PREFERENCES, BARRIERS])).sort("person", "instrument", "item", "asked_at")
    parts = {
        "people": people.data, "records": records.data, "answers": own_answers,
        "features": features.data.filter(pl.col("feature").is_in(list(LOINC_OF_FEATURE))), "adherence": adherence.data,
    }  # fmt: skip
    everyone = sorted(set().union(*(frame["person"].to_list() for frame in parts.values())))
    split = {name: dict(_by_person(frame)) for name, frame in parts.items()}
    items = []
    for person in everyone:
        mine = {name: split[name].get(person, frame.clear()) for name, frame in parts.items()}
        items += [{"person": person, **item} for plan in guidelines.plans for item in _applied(plan, person, mine, guidelines)]
    return records.derive(Plans, pl.DataFrame(items, schema=Plans.dtypes()).sort("person", "item"))


def _by_person(frame: pl.DataFrame) -> Iterable[tuple[str, pl.DataFrame]]:
    return ((str(person), own) for (person,), own in frame.group_by("person", maintain_order=True))


def _applied(plan: Mapping[str, Any], person: str, mine: Mapping[str, pl.DataFrame], guidelines: Guidelines) -> list[dict[str, Any]]:
    newest = _newest_day(mine)
    record = [*_record(mine["records"]), *_feature_observations(mine["features"])]
    record += [*_adherence(mine["adherence"]), *_answers(mine["answers"])]
    patient = _patient(person, mine["people"])
    case = Case(f"Patient/{person}", [patient, *record, *guidelines.resources], now=datetime.combine(newest, time(), UTC), record=record)
    name, evidence = _named(plan), _evidence(plan)
    try:
        applied = apply_plan_definition(plan, case)
    except HeedfulError as error:
        return [_item(f"guideline {plan['id']}", "activity", f"{name} could not be applied", str(error), evidence, newest)]
    found = []
    reasons = {str(action.get("id", action.get("title"))): _reason(action) for action in _actions(plan.get("action", []))}
    for place, action in _placed(applied.group.get("action", [])):
        key = str(action.get("id", action.get("title")))
        title = str(action.get("title") or action.get("description") or action.get("textEquivalent") or "An action without words")
        said = [f"{name}: {reasons.get(key) or 'it applies without a condition'}.", *_said(action, mine["answers"])]
        found.append(_item(f"guideline {plan['id']} {place}", "activity", title, " ".join(said), _evidence(action) or evidence, newest))
    for number, goal in enumerate(applied.goals, 1):
        words = goal.get("description", {}).get("text") or "A goal without words"
        found.append(_item(f"guideline {plan['id']} goal {number}", "goal", str(words), f"A goal of {name}.", evidence, newest))
    return found


def _item(item: str, kind: str, title: str, reason: str, evidence: str | None, from_day: date) -> dict[str, Any]:
    return {
        "item": item, "kind": kind, "title": title, "target": None, "unit": None, "measure": None, "comparator": None,
        "from_day": from_day, "reason": reason, "evidence": evidence, "given_by": None,
    }  # fmt: skip


def _placed(actions: Sequence[Mapping[str, Any]], above: str = "") -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Actions without actions below them, with their place ('2.1'): a group is no item of its own."""
    for number, action in enumerate(actions, 1):
        place = f"{above}{number}"
        if action.get("action"):
            yield from _placed(action["action"], f"{place}.")
        else:
            yield place, action


def _actions(actions: Sequence[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for action in actions:
        yield action
        yield from _actions(action.get("action", []))


def _canonicals(actions: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    for action in _actions(actions):
        if action.get("definitionCanonical"):
            yield str(action["definitionCanonical"]).partition("|")[0]


def _reason(action: Mapping[str, Any]) -> str:
    """The action's conditions in the guideline's own words, else as they are written."""
    told = [condition.get("expression", {}) for condition in action.get("condition", []) if condition.get("kind") == "applicability"]
    return " and ".join(str(one.get("description") or f"{one.get('expression')} is true") for one in told)


def _said(action: Mapping[str, Any], answers: pl.DataFrame) -> list[str]:
    codes = [str(coding.get("code")) for concept in action.get("code", []) for coding in concept.get("coding", [])]
    told = answers.filter(pl.col("item").is_in([*codes, str(action.get("id"))]))
    found = []
    for row in told.unique(["instrument", "item"], keep="last", maintain_order=True).iter_rows(named=True):
        what = row["value_text"] or ("yes" if row["value"] else "no")
        word = "preference" if row["instrument"] == PREFERENCES else "barrier"
        found.append(f"The person's own {word} for {row['item']}, {row['day']}: {what}.")
    return found


def _named(plan: Mapping[str, Any]) -> str:
    version = ", ".join(str(part) for part in (plan.get("version") and f"version {plan['version']}", plan.get("date")) if part)
    return f"{plan.get('title') or plan.get('name') or plan['id']}{f' ({version})' if version else ''}"


def _evidence(holder: Mapping[str, Any]) -> str | None:
    """What a plan or action cites: its citations, documentation and justifications."""
    cited = [*holder.get("documentation", []), *holder.get("relatedArtifact", [])]
    told = [one.get("citation") or one.get("display") or one.get("url") for one in cited if one.get("type") in _EVIDENCE]
    return "; ".join(str(one) for one in told if one) or None


def _newest_day(mine: Mapping[str, pl.DataFrame]) -> date:
    days = [frame["day"].max() for name, frame in mine.items() if name in ("records", "answers", "features")]
    ends = [*days, mine["adherence"]["window_end"].max()]
    known = mine["people"]["known_at"].max()
    found = [day for day in (*ends, known.date() if isinstance(known, datetime) else None) if isinstance(day, date)]
    return max(found, default=date(1970, 1, 1))


def _patient(person: str, rows: pl.DataFrame) -> Resource:
    patient: Resource = {"resourceType": "Patient", "id": person}
    for row in rows.iter_rows(named=True):
        if row["birth_year"] is not None:
            patient["birthDate"] = str(row["birth_year"])
        if row["sex"] is not None:
            patient["gender"] = row["sex"]
    return patient


def _record(rows: pl.DataFrame) -> list[Resource]:
    found = []
    for resource, text in rows.sort("resource").select("resource", "json").iter_rows():
        try:
            found.append(orjson.loads(text))
        except orjson.JSONDecodeError as error:
            raise SchemaError(f"records: {resource} holds no JSON ({error}); read its source again.") from error
    return found


def _observation(identity: str, system: str, code: str, day: date, value: Resource) -> Resource:
    coding = {"coding": [{"system": system, "code": code}]}
    return {"resourceType": "Observation", "id": identity, "status": "final", "code": coding, "effectiveDateTime": day.isoformat(), **value}


def _quantity(value: float, unit: str) -> Resource:
    return {"valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}}


def _feature_observations(rows: pl.DataFrame) -> list[Resource]:
    known = rows.filter((pl.col("missing") == "") & pl.col("value").is_finite()).sort("feature", "day")
    recent = known.group_by("feature", maintain_order=True).agg(
        pl.col("value").tail(RECENT_DAYS).mean(), pl.col("day").last(), pl.col("unit").last()
    )
    return [
        _observation(f"feature-{number}", _LOINC, LOINC_OF_FEATURE[row["feature"]], row["day"], _quantity(row["value"], row["unit"]))
        for number, row in enumerate(recent.iter_rows(named=True), 1)
    ]


def _adherence(rows: pl.DataFrame) -> list[Resource]:
    newest = rows.filter((pl.col("measure") == "CMA7") & pl.col("value").is_finite()).sort("drug", "window_end", "window_start")
    newest = newest.unique("drug", keep="last", maintain_order=True)
    return [
        _observation(f"adherence-{number}", f"{_OURS}adherence", row["drug"], row["window_end"], _quantity(row["value"], "1"))
        for number, row in enumerate(newest.iter_rows(named=True), 1)
    ]


def _answers(rows: pl.DataFrame) -> list[Resource]:
    newest = rows.unique(["instrument", "item"], keep="last", maintain_order=True)
    found = []
    for number, row in enumerate(newest.iter_rows(named=True), 1):
        value = {"valueString": row["value_text"]} if row["value_text"] is not None else _quantity(row["value"], "1")
        found.append(_observation(f"{row['instrument']}-{number}", f"{_OURS}{row['instrument']}", row["item"], row["day"], value))
    return found
