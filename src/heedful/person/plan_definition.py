"""Applying a computable guideline (FHIR R4 PlanDefinition) to one person: goals, actions and proposed requests, as a draft to be approved.

`$apply` without CQL: conditions and dynamic values are FHIRPath (the subset of `person.fhirpath`), honored; triggers are not evaluated,
they only say when to apply; nested plans and activities are followed by their canonical url. Nothing is ordered: what comes out are
proposals.

Reference: HL7 FHIR R4 PlanDefinition/$apply and ActivityDefinition/$apply. Equals the R4 fixtures of cqframework/clinical-reasoning 1a38bc6
that its own tests assert: ids of generated resources are the definition's id (an activity used twice gets a second id from its action),
and "59" for a count becomes 59.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from heedful.core.columns import check_arguments
from heedful.core.errors import HeedfulError, NotFoundError
from heedful.core.registry import Card, method
from heedful.person.fhirpath import Setting, evaluate, is_true

Resource = dict[str, Any]
FHIRPATH = ("text/fhirpath", "text/fhir-path")
PERTAINS_TO_GOAL = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"
_DEEPEST = 20

_KEPT = (
    "id", "title", "description", "textEquivalent", "priority", "code", "documentation", "condition", "relatedAction", "type",
    "groupingBehavior", "selectionBehavior", "requiredBehavior", "precheckBehavior", "cardinalityBehavior", "timingDateTime", "timingAge",
    "timingPeriod", "timingDuration", "timingRange", "timingTiming",
)  # fmt: skip
"""Elements of an action that its request keeps; prefix, trigger, participant and transform have no place there."""
_WHOLE = ("count", "countMax", "frequency", "frequencyMax", "offset")
_DECIMAL = ("duration", "durationMax", "period", "periodMax")


class PlanDefinitionError(HeedfulError):
    """A definition is missing, unreadable, or uses what is not offered."""


@dataclass(frozen=True)
class Case:
    """Whom a plan is applied to, and what may be looked at.

    `subject`, `practitioner`, `encounter` are references such as 'Patient/1'; `resources` all that is known, definitions included; `now`
    the instant for today() and now() (None: such expressions are refused); `record` what `%record` holds in an expression.
    """

    subject: str
    resources: Sequence[Mapping[str, Any]]
    practitioner: str | None = None
    encounter: str | None = None
    now: datetime | None = None
    record: Sequence[Mapping[str, Any]] = ()

    def find(self, reference: str) -> Mapping[str, Any] | None:
        """The resource of this reference, or None."""
        kind, _, identity = reference.rpartition("/")
        kind = kind.rsplit("/", 1)[-1]
        for resource in self.resources:
            if resource.get("id") == identity and (not kind or resource.get("resourceType") == kind):
                return resource
        return None

    def definition(self, canonical: str) -> Mapping[str, Any]:
        """The definition of this canonical url, 'url|version' or 'url'. Errors: `NotFoundError`."""
        url, _, version = canonical.partition("|")
        for resource in self.resources:
            if resource.get("url") == url and (not version or resource.get("version") == version):
                return resource
        raise NotFoundError(f"No definition {canonical} among the {len(self.resources)} resources given; add it to them.")


@dataclass
class Applied:
    """What applying a plan gives: the request group, goals and proposed requests (nested groups among them)."""

    plan: Mapping[str, Any]
    group: Resource
    goals: list[Resource] = field(default_factory=list)
    requests: list[Resource] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)
    """Elements that a dynamic value has filled, as 'CommunicationRequest.payload'."""


def apply_plan_definition(plan: Mapping[str, Any], case: Case) -> Applied:
    """Apply `plan` to the case.

    An action is left out, with all below it, unless every applicability condition gives exactly true. Errors: `PlanDefinitionError` for
    a condition or value in another language than FHIRPath, a kind of activity that is not offered, or plans nested in a circle;
    `NotFoundError` for a definition that is not there; `FhirPathError`.

    >>> plan = {"resourceType": "PlanDefinition", "id": "walk", "url": "http://x/walk", "action": [{"title": "Walk"}, {"title": "Rest",
    ...     "condition": [{"kind": "applicability", "expression": {"language": "text/fhirpath", "expression": "%subject.active"}}]}]}
    >>> patient = {"resourceType": "Patient", "id": "1", "active": False}
    >>> [action["title"] for action in apply_plan_definition(plan, Case("Patient/1", [patient])).group["action"]]
    ['Walk']
    """
    if plan.get("resourceType") != "PlanDefinition":
        raise PlanDefinitionError(f"A PlanDefinition is applied, not a {plan.get('resourceType')}.")
    return _Application(case).apply(plan, ())


def care_plan(applied: Applied, case: Case) -> Resource:
    """The result as one CarePlan that contains group, goals and requests."""
    inside = [applied.group, *applied.goals, *applied.requests]
    contained = _with_local_references(inside)
    made: Resource = {"resourceType": "CarePlan", "id": applied.plan["id"], "contained": contained}
    made |= {"instantiatesCanonical": applied.group["instantiatesCanonical"], "status": "active", "intent": "proposal"}
    made |= {"subject": {"reference": case.subject}} | _authorship(case, "author")
    if applied.goals:
        made["goal"] = [{"reference": f"#{goal['id']}"} for goal in applied.goals]
    made["activity"] = [{"reference": {"reference": f"#{applied.group['id']}"}}]
    return made


def request_bundle(applied: Applied) -> Resource:
    """The result as a collection of resources; the group points to its goals."""
    group = dict(applied.group)
    if applied.goals:
        goals = [{"url": PERTAINS_TO_GOAL, "valueReference": {"reference": f"Goal/{goal['id']}"}} for goal in applied.goals]
        group["extension"] = goals
    entries = [group, *applied.goals, *applied.requests]
    return {"resourceType": "Bundle", "id": applied.plan["id"], "type": "collection", "entry": [{"resource": one} for one in entries]}


def _with_local_references(resources: Iterable[Resource]) -> list[Resource]:
    """The resources with references among them as '#id'."""
    copied = [copy.deepcopy(resource) for resource in resources]
    local = {f"{resource['resourceType']}/{resource['id']}": f"#{resource['id']}" for resource in copied}

    def turn(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("reference") in local:
                value["reference"] = local[value["reference"]]
            for part in value.values():
                turn(part)
        elif isinstance(value, list):
            for part in value:
                turn(part)

    turn(copied)
    return copied


def _authorship(case: Case, author: str) -> Resource:
    made: Resource = {}
    if case.encounter:
        made["encounter"] = {"reference": case.encounter}
    if case.practitioner:
        made[author] = {"reference": case.practitioner}
    return made


class _Application:
    """One run: the case and the ids that are taken."""

    def __init__(self, case: Case) -> None:
        self.case, self.taken = case, set[str]()
        self.variables: dict[str, Any] = {
            "subject": self._known(case.subject, "subject"), "patient": self._known(case.subject, "subject"),
            "practitioner": case.practitioner and self._known(case.practitioner, "practitioner"),
            "encounter": case.encounter and self._known(case.encounter, "encounter"), "record": list(case.record),
        }  # fmt: skip

    def _known(self, reference: str, role: str) -> Mapping[str, Any]:
        found = self.case.find(reference)
        if found is None:
            raise NotFoundError(f"The {role} {reference} is not among the resources given; add it to them.")
        return found

    def apply(self, plan: Mapping[str, Any], above: tuple[str, ...]) -> Applied:
        identity = plan.get("id")
        if not identity:
            raise PlanDefinitionError("A PlanDefinition has no id; the resources made from it are named after it.")
        if identity in above or len(above) >= _DEEPEST:
            raise PlanDefinitionError(f"The plan {identity} is nested in itself: {' > '.join([*above, identity])}. Break the circle.")
        group: Resource = {"resourceType": "RequestGroup", "id": self._free(identity, "RequestGroup", "")}
        group |= {"instantiatesCanonical": _canonical(plan), "status": "active", "intent": "proposal"}
        group |= {"subject": {"reference": self.case.subject}} | _authorship(self.case, "author")
        applied = Applied(plan, group)
        for number, goal in enumerate(plan.get("goal", []), 1):
            applied.goals.append(_goal(goal, number, self.case))
        actions = [made for action in plan.get("action", []) if (made := self._action(action, applied, (*above, identity))) is not None]
        if actions:
            group["action"] = actions
        return applied

    def _free(self, identity: str, kind: str, action: str) -> str:
        """An id that nothing of this kind has yet."""
        name, count = identity, 1
        while f"{kind}/{name}" in self.taken:
            name = f"{identity}-{action or count}" if count == 1 else f"{identity}-{action or 'action'}-{count}"
            count += 1
        self.taken.add(f"{kind}/{name}")
        return name

    def _action(self, action: Mapping[str, Any], applied: Applied, above: tuple[str, ...]) -> Resource | None:
        if not all(self._applies(condition, applied.plan, action) for condition in action.get("condition", [])):
            return None
        made: Resource = {name: copy.deepcopy(action[name]) for name in _KEPT if name in action}
        if "timingTiming" in made:
            made["timingTiming"] = _timing(made["timingTiming"])
        target: Resource | None = None
        canonical = action.get("definitionCanonical") or action.get("definitionUri")
        if canonical is not None:
            target = self._followed(str(canonical), "definitionCanonical" in action, action, applied, above, made)
        for value in action.get("dynamicValue", []):
            self._fill(value, applied.plan, action, made, target, applied.filled)
        below = [inner for part in action.get("action", []) if (inner := self._action(part, applied, above)) is not None]
        if below:
            made["action"] = below
        return made

    def _applies(self, condition: Mapping[str, Any], plan: Mapping[str, Any], action: Mapping[str, Any]) -> bool:
        if condition.get("kind", "applicability") != "applicability":
            return True  # start and stop conditions travel with the request; they are not for now
        expression = self._expression(condition.get("expression", {}), f"condition of action {action.get('title', action.get('id'))!r}")
        return is_true(expression, self.variables["subject"], self._setting(plan, action))

    def _expression(self, told: Mapping[str, Any], place: str) -> str:
        if told.get("language") not in FHIRPATH:
            raise PlanDefinitionError(
                f"The {place} is in {told.get('language')!r}; only text/fhirpath is offered. Translate it, or decide it beforehand."
            )
        if not told.get("expression"):
            raise PlanDefinitionError(f"The {place} has no expression.")
        return str(told["expression"])

    def _setting(self, definition: Mapping[str, Any], action: Mapping[str, Any] | None = None) -> Setting:
        variables = {**self.variables, "context": definition, "resource": definition, "rootResource": definition}
        return Setting(variables if action is None else {**variables, "action": action}, self.case.now, self.case.find)

    def _followed(
        self, canonical: str, followed: bool, action: Mapping[str, Any], applied: Applied, above: tuple[str, ...], made: Resource
    ) -> Resource | None:
        """The request that the action's definition stands for; a questionnaire (or any uri) is pointed to as it is."""
        kind = re.search(r"/(\w+)/[^/]+$", canonical.partition("|")[0])
        if not followed or (kind and kind.group(1) == "Questionnaire"):
            made["resource"] = {"reference": canonical}
            return None
        definition = self.case.definition(canonical)
        if definition.get("resourceType") == "Questionnaire":
            made["resource"] = {"reference": canonical}
            return None
        if definition.get("resourceType") == "PlanDefinition":
            nested = self.apply(definition, above)
            applied.requests += [nested.group, *nested.requests]
            applied.goals += nested.goals
            applied.filled += nested.filled
            target = nested.group
        elif definition.get("resourceType") == "ActivityDefinition":
            target = self._activity(definition, str(action.get("id", "")), applied.filled)
            applied.requests.append(target)
        else:
            raise PlanDefinitionError(
                f"{canonical} is a {definition.get('resourceType')}; only plans, activities, questionnaires are followed."
            )
        made["resource"] = {"reference": f"{target['resourceType']}/{target['id']}"}
        return target

    def _activity(self, activity: Mapping[str, Any], action: str, filled: list[str]) -> Resource:
        kind = str(activity.get("kind", ""))
        if kind not in _KINDS:
            raise PlanDefinitionError(f"Activity {activity.get('id')}: the kind {kind!r} is not offered, only {', '.join(_KINDS)}.")
        made: Resource = {"resourceType": kind, "id": self._free(str(activity["id"]), kind, action), "status": "draft"}
        made |= _KINDS[kind](activity, self.case)
        for value in activity.get("dynamicValue", []):
            self._fill(value, activity, None, made, made, filled)
        return made

    def _fill(
        self, value: Mapping[str, Any], definition: Mapping[str, Any], action: Mapping[str, Any] | None, made: Resource,
        target: Resource | None, filled: list[str],
    ) -> None:  # fmt: skip
        """Put a dynamic value where its path says: 'action. ...' in the action itself, else in the request it makes."""
        path = str(value.get("path", "")).removeprefix("%")
        expression = self._expression(value.get("expression", {}), f"dynamic value {path!r} of {definition.get('id')}")
        found = evaluate(expression, self.variables["subject"], self._setting(definition, action))
        if not found:
            return
        holder, place = (made, path.removeprefix("action.")) if path.startswith("action.") or target is None else (target, path)
        _put(holder, place, found)
        first = re.split(r"[.\[]", place)[0]
        filled.append(f"{holder.get('resourceType', 'action')}.{first}")


def _canonical(definition: Mapping[str, Any]) -> list[str]:
    url = definition.get("url")
    if not url:
        return []
    return [f"{url}|{definition['version']}" if definition.get("version") else str(url)]


def _goal(goal: Mapping[str, Any], number: int, case: Case) -> Resource:
    made: Resource = {"resourceType": "Goal", "id": str(number), "lifecycleStatus": "proposed"}
    if "category" in goal:
        made["category"] = [goal["category"]]
    made |= {name: goal[name] for name in ("description", "priority") if name in goal}
    made["subject"] = {"reference": case.subject}
    if "start" in goal:
        made["startCodeableConcept"] = goal["start"]
    if "target" in goal:
        made["target"] = [_target(target) for target in goal["target"]]
    return made


def _target(target: Mapping[str, Any]) -> Resource:
    made = {name: value for name, value in target.items() if name != "due"}
    return made | ({"dueDuration": target["due"]} if "due" in target else {})


def _timing(timing: Mapping[str, Any]) -> Resource:
    """The timing with counts that were written as text as numbers."""
    repeat = dict(timing.get("repeat", {}))
    for name in (*_WHOLE, *_DECIMAL):
        if isinstance(repeat.get(name), str):
            try:
                repeat[name] = int(repeat[name]) if name in _WHOLE else float(repeat[name])
            except ValueError as error:
                raise PlanDefinitionError(f"timing.repeat.{name} is {repeat[name]!r}, not a number.") from error
    return {**timing, "repeat": repeat} if "repeat" in timing else dict(timing)


def _taken(activity: Mapping[str, Any], names: Mapping[str, str]) -> Resource:
    """Elements of the activity under the names they have in the request."""
    return {new: copy.deepcopy(activity[old]) for old, new in names.items() if old in activity}


def _instantiated(activity: Mapping[str, Any], case: Case, requester: str) -> Resource:
    made: Resource = {"instantiatesCanonical": _canonical(activity)} if _canonical(activity) else {}
    return made | {"subject": {"reference": case.subject}} | _authorship(case, requester)


def _communication(activity: Mapping[str, Any], case: Case) -> Resource:
    made = _instantiated(activity, case, "requester")
    made.pop("instantiatesCanonical", None)  # CommunicationRequest has no such element in R4
    if "code" in activity:
        made["reasonCode"] = [copy.deepcopy(activity["code"])]
    return made | _taken(activity, {"doNotPerform": "doNotPerform", "priority": "priority"})


def _service(activity: Mapping[str, Any], case: Case) -> Resource:
    made = _instantiated(activity, case, "requester") | {"intent": activity.get("intent", "proposal")}
    made |= _taken(activity, {
        "code": "code", "bodySite": "bodySite", "priority": "priority", "doNotPerform": "doNotPerform", "quantity": "quantityQuantity",
        "timingTiming": "occurrenceTiming", "timingDateTime": "occurrenceDateTime", "timingPeriod": "occurrencePeriod",
    })  # fmt: skip
    if "occurrenceTiming" in made:
        made["occurrenceTiming"] = _timing(made["occurrenceTiming"])
    return made


def _medication(activity: Mapping[str, Any], case: Case) -> Resource:
    made = _instantiated(activity, case, "requester") | {"intent": activity.get("intent", "proposal")}
    return made | _taken(activity, {
        "productCodeableConcept": "medicationCodeableConcept", "productReference": "medicationReference", "dosage": "dosageInstruction",
        "priority": "priority", "doNotPerform": "doNotPerform",
    })  # fmt: skip


def _task(activity: Mapping[str, Any], case: Case) -> Resource:
    made = _instantiated(activity, case, "requester") | {"intent": activity.get("intent", "proposal")}
    made["for"] = made.pop("subject")
    if _canonical(activity):
        made["instantiatesCanonical"] = _canonical(activity)[0]
    return made | _taken(activity, {"code": "code", "description": "description", "priority": "priority"})


_KINDS = {"CommunicationRequest": _communication, "ServiceRequest": _service, "MedicationRequest": _medication, "Task": _task}


_PART = re.compile(r"^(\w+)(?:\[(\d+)\])?$")


def _put(holder: Resource, path: str, found: list[Any]) -> None:
    """Put the values at 'a.b[0].c', making what is missing on the way."""
    parts = [_PART.match(part) for part in path.split(".")]
    if not path or not all(parts):
        raise PlanDefinitionError(f"The path {path!r} cannot be followed; write names and [numbers], such as payload[0].contentString.")
    steps = [(part[1], None if part[2] is None else int(part[2])) for part in parts if part is not None]
    for name, place in steps[:-1]:
        holder = _inside(holder, name, place, path)
    name, place = steps[-1]
    values = [float(value) if isinstance(value, Decimal) else value for value in found]
    if place is None:
        holder[name] = values if isinstance(holder.get(name), list) or len(values) > 1 else values[0]
        return
    items = holder.setdefault(name, [])
    _long_enough(items, place, path)
    items[place : place + 1] = values


def _inside(holder: Resource, name: str, place: int | None, path: str) -> Resource:
    if place is None and not isinstance(holder.get(name), list):
        inner = holder.setdefault(name, {})
    else:
        items = holder.setdefault(name, [])
        _long_enough(items, place or 0, path)
        if len(items) == (place or 0):
            items.append({})
        inner = items[place or 0]
    if not isinstance(inner, dict):
        raise PlanDefinitionError(f"The path {path!r}: {name} holds a plain value; nothing can be put inside it.")
    return inner


def _long_enough(items: Any, place: int, path: str) -> None:
    if not isinstance(items, list) or place > len(items):
        raise PlanDefinitionError(f"The path {path!r} leaves a gap in a list; fill the places before {place} first.")


_ARGUMENTS = {"plan_definition", "plan_definitions", "subject", "practitioner", "encounter", "fhir_version", "form", "now"}


@method(Card(
    name="plans.apply_plan_definition",
    definition="A FHIR R4 PlanDefinition applied to one person: CarePlan, RequestGroup, Goals and proposed requests.",
    units="JSON",
    reference="HL7 FHIR R4 PlanDefinition/$apply",
    equals="R4 fixtures of cqframework/clinical-reasoning 1a38bc6 without CQL",
    limits="FHIRPath (a stated subset), no CQL; activities: CommunicationRequest, ServiceRequest, MedicationRequest, Task; no triggers.",
))  # fmt: skip
def run_apply_plan_definition(arguments: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A parity case: one plan gives its care plan and bundle; several give what can be asserted of the requests each makes."""
    check_arguments("plans.apply_plan_definition", arguments, _ARGUMENTS)
    if str(arguments.get("fhir_version", "4.0.1"))[:1] != "4":
        raise PlanDefinitionError(f"FHIR {arguments['fhir_version']} is not offered; the definitions are read as R4.")
    if arguments.get("form", "care_plan") not in ("care_plan", "bundle"):
        raise PlanDefinitionError(f"The form is care_plan or bundle, not {arguments['form']!r}.")
    case = Case(
        str(arguments["subject"]), [one for document in inputs.values() for one in _resources(document)], arguments.get("practitioner"),
        arguments.get("encounter"), datetime.fromisoformat(arguments["now"]) if "now" in arguments else None,
    )  # fmt: skip
    if "plan_definitions" in arguments:
        applied = {name: apply_plan_definition(_plan(name, case), case) for name in arguments["plan_definitions"]}
        return {"assertions": [_asserted(name, one) for name, one in applied.items()]}
    one = apply_plan_definition(_plan(str(arguments["plan_definition"]), case), case)
    return {"care_plan": care_plan(one, case), "request_bundle_r5_form": request_bundle(one)}


def _resources(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The resources of a bundle, or the document itself."""
    if document.get("resourceType") == "Bundle":
        return [found for entry in document.get("entry", []) for found in _resources(entry["resource"])]
    return [document]


def _plan(identity: str, case: Case) -> Mapping[str, Any]:
    found = case.find(f"PlanDefinition/{identity}")
    if found is None:
        raise NotFoundError(f"There is no PlanDefinition {identity} among the {len(case.resources)} resources given.")
    return found


def _asserted(name: str, applied: Applied) -> dict[str, Any]:
    """The kind of request made; of one what a dynamic value filled, of several how many and whether their ids differ."""
    made = [request for request in applied.requests if request["resourceType"] != "RequestGroup"]
    told: dict[str, Any] = {"plan": name, "resource_type": made[0]["resourceType"] if made else None}
    if len(made) > 1:
        return told | {"count": len(made), "distinct_ids": len({request["id"] for request in made}) == len(made)}
    filled = [entry.split(".")[1] for entry in applied.filled if made and entry.startswith(f"{told['resource_type']}.")]
    return told | {"must_have": filled[0] if filled else None}
