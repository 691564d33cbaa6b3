"""A draft safety case in the shape of ICH E2B(R3), for a person to complete, judge and send, or not. Nothing here sends anything.

It comes from a form that somebody filled in, or from what a participant told of themselves under consent for care (the type of
`from_diary` says so): a public post never becomes a case. What heedful does not know stays empty with a null flavor and is listed:
seriousness, outcome and MedDRA codes are judgments of a person. The message is marked as training (processing code T), and a comment at
its head says that it is a draft.

Reference: ICH E2B(R3) Implementation Guide 5.02 (2016) and its OIDs; HL7 ICSR (ISO/HL7 27953-2). Elements and codes are those of the FDA's
example instances (2022).
"""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import polars as pl

from heedful.core.errors import NotFoundError, SettingsError
from heedful.core.frames import Frame, checked
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Experiences, People

STATUS = "draft, not submitted"
NAMESPACE, _XSI = "urn:hl7-org:v3", "http://www.w3.org/2001/XMLSchema-instance"
_OID = "2.16.840.1.113883.3.989.2.1.1"
_ID = "2.16.840.1.113883.3.989.2.1.3"
_MEDDRA = "2.16.840.1.113883.6.163"
OUTCOMES = {
    "recovered": "1", "recovering": "2", "not_recovered": "3", "recovered_with_sequelae": "4", "fatal": "5", "unknown": "0",
}  # fmt: skip
SERIOUS = {
    "death": ("34", "resultsInDeath"), "life_threatening": ("21", "isLifeThreatening"),
    "hospitalization": ("33", "requiresInpatientHospitalization"),
    "disability": ("35", "resultsInPersistentOrSignificantDisability"), "birth_defect": ("12", "congenitalAnomalyBirthDefect"),
    "other": ("26", "otherMedicallyImportantCondition"),
}  # fmt: skip
REPORTERS = {"physician": "1", "pharmacist": "2", "other_health_professional": "3", "lawyer": "4", "consumer": "5"}
SEXES = {"male": ("1", "Male"), "female": ("2", "Female")}
AXES = ("adverse", "withdrawal", "no_effect", "interaction")
"""Of `Experiences`: what may become a case."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is known of a case; everything but drug, reaction and the day on which it came may be empty.

    serious: of `SERIOUS`, None where nobody has judged. meddra: code and version of the reaction. sender: organization that would send it.
    """

    case: str
    received_on: date
    drug: str
    reaction: str
    reaction_on: date | None = None
    outcome: str = ""
    serious: tuple[str, ...] | None = None
    meddra_code: str = ""
    meddra_version: str = ""
    sex: str = ""
    age: int | None = None
    reporter: str = ""
    country: str = ""
    sender: str = ""
    narrative: str = ""

    def __post_init__(self) -> None:
        for name, known in (("outcome", OUTCOMES), ("reporter", REPORTERS)):
            if getattr(self, name) and getattr(self, name) not in known:
                raise SettingsError(f"A case's {name} is one of {', '.join(known)}, or empty; not {getattr(self, name)!r}.")
        strange = [one for one in self.serious or () if one not in SERIOUS]
        if strange:
            raise SettingsError(f"serious names {', '.join(strange)}; the criteria are {', '.join(SERIOUS)}.")
        if not (self.case.strip() and self.drug.strip() and self.reaction.strip()):
            raise SettingsError("A case needs an id, a drug and a reaction. Fill in case, drug and reaction.")
        if self.age is not None and not 0 <= self.age <= 130:
            raise SettingsError(f"{self.age} is not an age in years.")


def from_form(form: Mapping[str, Any]) -> Case:
    """A case from a filled-in form (the names of `Case`). Errors: `SettingsError` that names the entry."""
    known = {each.name for each in fields(Case)}
    unknown = sorted(set(form) - known)
    if unknown:
        raise SettingsError(f"The form has no entry {', '.join(unknown)}; its entries are {', '.join(each.name for each in fields(Case))}.")
    absent = [name for name in ("case", "received_on", "drug", "reaction") if not form.get(name)]
    if absent:
        raise SettingsError(f"The form lacks {', '.join(absent)}.")
    for name in ("received_on", "reaction_on"):
        if form.get(name) is not None and not isinstance(form[name], date):
            raise SettingsError(f"{name} is {form[name]!r}; write a day as 2026-03-02, without quotes.")
    serious = form.get("serious")
    return Case(**{**form, "serious": None if serious is None else tuple(serious)})


@checked
def from_diary(
    told: Frame[Consented[Care], Experiences], people: Frame[Consented[Care], People], entry: str, n: int, received_on: date
) -> Case:
    """A case from one experience that a participant wrote down, under consent for care in force; who it was is not in it.

    Errors: `NotFoundError` if there is no such experience, `SettingsError` if it tells of nothing that could be a case.
    """
    found = told.data.filter((pl.col("source") == "diary") & (pl.col("post") == entry) & (pl.col("n") == n))
    if not found.height:
        raise NotFoundError(f"There is no experience {n} in the diary entry {entry}, or its writer has no consent for care in force.")
    row = found.row(0, named=True)
    if row["axis"] not in AXES:
        raise SettingsError(f"The experience tells of {row['axis'].replace('_', ' ')}: that is no safety case ({', '.join(AXES)}).")
    reaction = row["effect_label"] or row["effect"] or "Drug ineffective"
    known = people.data.filter(pl.col("person") == row["author"])
    person = known.row(known.height - 1, named=True) if known.height else {}
    born = person.get("birth_year")
    return Case(
        case=f"{entry}-{n}",
        received_on=received_on,
        drug=row["treatment_label"] or row["treatment"],
        reaction=reaction,
        sex=str(person["sex"]) if person.get("sex") in SEXES else "",
        age=None if born is None else row["day"].year - born,
        reporter="consumer",
        country=(person.get("place") or "").partition("/")[0],
        narrative=f"In a diary entry of {row['day']} the participant tells of {reaction} with {row['treatment_label'] or row['treatment']}"
        + (f", severity {row['severity']}" if row["severity"] else "")
        + (f", within {row['onset_days']:g} days of the start" if row["onset_days"] is not None else "")
        + ". Read by rules from the participant's own words; a person has not judged it.",
    )  # fmt: skip


_MANDATORY: tuple[tuple[str, str, str], ...] = (
    ("C.1.1", "worldwide unique number: country, organization and a number of its own", "sender"),
    ("C.2.r.3", "reporter's country", "country"),
    ("C.2.r.4", "reporter's qualification", "reporter"),
    ("C.3.2", "sender's organization", "sender"),
    ("E.i.2.1b", "MedDRA code of the reaction (lowest level term), with its version", "meddra_code"),
    ("E.i.3.2", "whether the reaction is serious, and by which criterion", "serious"),
    ("E.i.7", "outcome of the reaction", "outcome"),
    ("H.1", "case narrative", "narrative"),
)
_ALWAYS = (
    ("C.1.7", "whether the case fulfils the local criteria for an expedited report"),
    ("C.3.1", "type of the sender, such as a company or a health professional"),
    ("D.1", "patient's initials, or the reason why they are masked"),
    ("G.k.8", "action taken with the drug"),
)


def missing(case: Case) -> list[tuple[str, str]]:
    """Elements (number, name) that a person has still to fill in or judge, in the guide's order."""
    empty = [(number, name) for number, name, of in _MANDATORY if getattr(case, of) in ("", None)]
    patient = [("D.2.2", "patient's age, age group or birth date")] * (case.age is None) + [("D.5", "patient's sex")] * (not case.sex)
    start = [("E.i.4", "day on which the reaction began")] * (case.reaction_on is None)
    version = [("E.i.2.1a", "MedDRA version of the reaction's code")] * bool(case.meddra_code and not case.meddra_version)
    return sorted([*empty, *patient, *start, *version, *_ALWAYS])


def draft(case: Case, made_at: datetime) -> bytes:
    """The draft as XML. What is unknown carries a null flavor: NI (no information) or, for the patient's name, MSK (masked)."""
    ET.register_namespace("", NAMESPACE)
    ET.register_namespace("xsi", _XSI)
    batch = _make(None, "MCCI_IN200100UV01", ITSVersion="XML_1.0")
    now = f"{made_at:%Y%m%d%H%M%S}+0000"
    _make(batch, "id", extension=f"DRAFT-{case.case}", root=f"{_ID}.22")
    _make(batch, "creationTime", value=now)
    _make(batch, "responseModeCode", code="D")
    _make(batch, "interactionId", extension="MCCI_IN200100UV01", root="2.16.840.1.113883.1.6")
    _make(batch, "name", code="1", displayName="ichicsr", codeSystem=f"{_OID}.1")
    message = _make(batch, "PORR_IN049016UV")
    _make(message, "id", extension=f"DRAFT-{case.case}", root=f"{_ID}.1")
    _make(message, "creationTime", value=now)
    _make(message, "interactionId", extension="PORR_IN049016UV", root="2.16.840.1.113883.1.6")
    _make(message, "processingCode", code="T")
    _make(message, "processingModeCode", code="T")
    _make(message, "acceptAckCode", code="AL")
    _party(message, "receiver", "RCV", "12", "")
    _party(message, "sender", "SND", "11", case.sender)
    process = _make(message, "controlActProcess", classCode="CACT", moodCode="EVN")
    _make(process, "code", code="PORR_TE049016UV", codeSystem="2.16.840.1.113883.1.18")
    _make(process, "effectiveTime", value=now)
    _investigation(_make(process, "subject", typeCode="SUBJ"), case)
    _party(batch, "receiver", "RCV", "14", "")
    _party(batch, "sender", "SND", "13", case.sender)
    ET.indent(batch, " ")
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<!-- {STATUS.upper()}: for review by a person; not for transmission. -->\n'
    return head.encode() + ET.tostring(batch, encoding="utf-8") + b"\n"


def _investigation(subject: ET.Element, case: Case) -> None:
    event = _make(subject, "investigationEvent", classCode="INVSTG", moodCode="EVN")
    for root in ("1", "2"):
        _make(event, "id", extension=f"DRAFT-{case.case}", root=f"{_ID}.{root}")
    _make(event, "code", code="PAT_ADV_EVNT", codeSystem="2.16.840.1.113883.5.4")
    _make(event, "text").text = case.narrative or "No narrative."
    _make(event, "statusCode", code="active")
    _make(_make(event, "effectiveTime"), "low", value=f"{case.received_on:%Y%m%d}")
    _make(event, "availabilityTime", value=f"{case.received_on:%Y%m%d}")
    assessment = _make(_make(event, "component", typeCode="COMP"), "adverseEventAssessment", classCode="INVSTG", moodCode="EVN")
    _patient(_make(assessment, "subject1", typeCode="SBJ"), case)
    suspect = _make(_make(assessment, "component", typeCode="COMP"), "causalityAssessment", classCode="OBS", moodCode="EVN")
    _make(suspect, "code", code="20", codeSystem=f"{_OID}.19", displayName="interventionCharacterization")
    _value(suspect, "CE", code="1", displayName="Suspect", codeSystem=f"{_OID}.13")
    used = _make(_make(suspect, "subject2", typeCode="SUBJ"), "productUseReference", classCode="SBADM", moodCode="EVN")
    _make(used, "id", root=_uuid(case.case, "drug"))
    for code, name in (("1", "additionalDocumentsAvailable"), ("23", "localCriteriaForExpedited")):
        asked = _make(_make(event, "component", typeCode="COMP"), "observationEvent", classCode="OBS", moodCode="EVN")
        _make(asked, "code", code=code, codeSystem=f"{_OID}.19", displayName=name)
        _value(asked, "BL", **({"value": "false"} if code == "1" else {"nullFlavor": "NI"}))
    _reporter(event, case)
    _sender(event, case)
    characteristic = _make(_make(event, "subjectOf2", typeCode="SUBJ"), "investigationCharacteristic", classCode="OBS", moodCode="EVN")
    _make(characteristic, "code", code="1", codeSystem=f"{_OID}.23", displayName="ICH ReportType")
    _value(characteristic, "CE", code="1", displayName="Spontaneous report", codeSystem=f"{_OID}.2")
    earlier = _make(_make(event, "subjectOf2", typeCode="SUBJ"), "investigationCharacteristic", classCode="OBS", moodCode="EVN")
    _make(earlier, "code", code="2", codeSystem=f"{_OID}.23", displayName="otherCaseIds")
    _value(earlier, "BL", nullFlavor="NI")


def _patient(subject: ET.Element, case: Case) -> None:
    role = _make(subject, "primaryRole", classCode="INVSBJ")
    person = _make(role, "player1", classCode="PSN", determinerCode="INSTANCE")
    _make(person, "name", nullFlavor="MSK")
    if case.sex in SEXES:
        code, shown = SEXES[case.sex]
        _make(person, "administrativeGenderCode", code=code, displayName=shown, codeSystem="1.0.5218")
    else:
        _make(person, "administrativeGenderCode", nullFlavor="NI")
    if case.age is not None:
        aged = _make(_make(role, "subjectOf2", typeCode="SBJ"), "observation", classCode="OBS", moodCode="EVN")
        _make(aged, "code", code="3", displayName="age", codeSystem=f"{_OID}.19")
        _value(aged, "PQ", value=str(case.age), unit="a")
    _reaction(role, case)
    drugs = _make(_make(role, "subjectOf2", typeCode="SBJ"), "organizer", classCode="CATEGORY", moodCode="EVN")
    _make(drugs, "code", code="4", codeSystem=f"{_OID}.20", displayName="drugInformation")
    given = _make(_make(drugs, "component", typeCode="COMP"), "substanceAdministration", classCode="SBADM", moodCode="EVN")
    _make(given, "id", root=_uuid(case.case, "drug"))
    kind = _make(_make(given, "consumable", typeCode="CSM"), "instanceOfKind", classCode="INST")
    _make(_make(kind, "kindOfProduct", classCode="MMAT", determinerCode="KIND"), "name").text = case.drug


def _reaction(role: ET.Element, case: Case) -> None:
    seen = _make(_make(role, "subjectOf2", typeCode="SBJ"), "observation", classCode="OBS", moodCode="EVN")
    _make(seen, "id", root=_uuid(case.case, "reaction"))
    _make(seen, "code", code="29", codeSystem=f"{_OID}.19", displayName="reaction")
    when = _make(seen, "effectiveTime", **{f"{{{_XSI}}}type": "IVL_TS"})
    _make(when, "low", **({"value": f"{case.reaction_on:%Y%m%d}"} if case.reaction_on else {"nullFlavor": "NI"}))
    version = {"codeSystemVersion": case.meddra_version} if case.meddra_version else {}
    coded = {"code": case.meddra_code, "codeSystem": _MEDDRA, **version} if case.meddra_code else {"nullFlavor": "NI"}
    _value(seen, "CE", **coded)
    told = _part(seen, "30", "reactionForTranslation")
    _value(told, "ED").text = case.reaction
    for criterion, (code, name) in SERIOUS.items():
        judged = {"nullFlavor": "NI"} if case.serious is None or criterion not in case.serious else {"value": "true"}
        _value(_part(seen, code, name), "BL", **judged)
    ended = {"code": OUTCOMES[case.outcome], "codeSystem": f"{_OID}.11"} if case.outcome else {"nullFlavor": "NI"}
    _value(_part(seen, "27", "outcome"), "CE", **ended)


def _reporter(event: ET.Element, case: Case) -> None:
    first = _make(_make(event, "outboundRelationship", typeCode="SPRT"), "relatedInvestigation", classCode="INVSTG", moodCode="EVN")
    _make(first, "code", code="1", codeSystem=f"{_OID}.22", displayName="initialReport")
    _make(_assigned(_make(first, "subjectOf2", typeCode="SUBJ")), "code", code="2", displayName="other", codeSystem=f"{_OID}.3")
    source = _make(event, "outboundRelationship", typeCode="SPRT")
    _make(source, "priorityNumber", value="1")
    report = _make(source, "relatedInvestigation", classCode="INVSTG", moodCode="EVN")
    _make(report, "code", code="2", codeSystem=f"{_OID}.22", displayName="sourceReport")
    who = _assigned(_make(report, "subjectOf2", typeCode="SUBJ"))
    person = _make(who, "assignedPerson", classCode="PSN", determinerCode="INSTANCE")
    _make(person, "name", nullFlavor="MSK")
    qualified = _make(person, "asQualifiedEntity", classCode="QUAL")
    _make(qualified, "code", **({"code": REPORTERS[case.reporter], "codeSystem": f"{_OID}.6"} if case.reporter else {"nullFlavor": "UNK"}))
    located = _make(_make(person, "asLocatedEntity", classCode="LOCE"), "location", classCode="COUNTRY", determinerCode="INSTANCE")
    _make(located, "code", **({"code": case.country, "codeSystem": "1.0.3166.1.2.2"} if case.country else {"nullFlavor": "NI"}))


def _sender(event: ET.Element, case: Case) -> None:
    who = _assigned(_make(event, "subjectOf1", typeCode="SUBJ"))
    _make(who, "code", nullFlavor="NI")
    organization = _make(who, "representedOrganization", classCode="ORG", determinerCode="INSTANCE")
    named = _make(organization, "name", **({} if case.sender else {"nullFlavor": "NI"}))
    named.text = case.sender or None


def _assigned(subject: ET.Element) -> ET.Element:
    act = _make(subject, "controlActEvent", classCode="CACT", moodCode="EVN")
    return _make(_make(act, "author", typeCode="AUT"), "assignedEntity", classCode="ASSIGNED")


def _party(parent: ET.Element, tag: str, kind: str, root: str, name: str) -> None:
    device = _make(_make(parent, tag, typeCode=kind), "device", classCode="DEV", determinerCode="INSTANCE")
    _make(device, "id", **({"extension": name, "root": f"{_ID}.{root}"} if name else {"nullFlavor": "NI"}))


def _part(parent: ET.Element, code: str, name: str) -> ET.Element:
    part = _make(_make(parent, "outboundRelationship2", typeCode="PERT"), "observation", classCode="OBS", moodCode="EVN")
    _make(part, "code", code=code, codeSystem=f"{_OID}.19", displayName=name)
    return part


def _value(parent: ET.Element, kind: str, **attributes: str) -> ET.Element:
    return _make(parent, "value", **{f"{{{_XSI}}}type": kind}, **attributes)


def _make(parent: ET.Element | None, tag: str, **attributes: str) -> ET.Element:
    name = f"{{{NAMESPACE}}}{tag}"
    return ET.Element(name, attributes) if parent is None else ET.SubElement(parent, name, attributes)


def _uuid(case: str, part: str) -> str:
    """The same for the same case, so that a draft that is made again is the same file."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:heedful:{case}:{part}"))
