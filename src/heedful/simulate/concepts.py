"""The words of the town: symptoms with their codes and everyday names, drugs and what they do, places, relatives."""

from __future__ import annotations

from dataclasses import dataclass

INFLUENZA = "condition:influenza"


@dataclass(frozen=True)
class Symptom:
    """A symptom as people of the town say it: `noun` fits "I have …" and "no more …"."""

    code: str
    label: str
    nouns: tuple[str, ...]
    weight: float


SYMPTOMS = {
    symptom.code: symptom
    for symptom in (
        Symptom("HP:0001945", "Fever", ("a fever", "a high temperature"), 0.07),
        Symptom("HP:0012735", "Cough", ("a cough", "a bad cough"), 0.14),
        Symptom("HP:0025439", "Pharyngitis", ("a sore throat",), 0.08),
        Symptom("HP:0025143", "Chills", ("chills", "the chills"), 0.03),
        Symptom("HP:0002315", "Headache", ("a headache", "a pounding headache"), 0.22),
        Symptom("HP:0012378", "Fatigue", ("fatigue", "awful tiredness"), 0.15),
        Symptom("HP:0002018", "Nausea", ("nausea", "terrible nausea"), 0.06),
        Symptom("HP:0100785", "Insomnia", ("insomnia",), 0.12),
        Symptom("HP:0000988", "Skin rash", ("a rash", "a skin rash"), 0.04),
        Symptom("HP:0002321", "Vertigo", ("dizziness", "vertigo"), 0.05),
        Symptom("HP:0002014", "Diarrhea", ("diarrhea",), 0.04),
    )
}
FLU_LIKE = ("HP:0001945", "HP:0012735", "HP:0025439", "HP:0025143", "HP:0012378")
FLU_WEIGHTS = (0.34, 0.28, 0.14, 0.12, 0.12)


@dataclass(frozen=True)
class Drug:
    """A drug of the town: share of people who take it, what it is taken for, its adverse effects (code -> share of effect posts)."""

    name: str
    share: float
    purpose: str
    adverse: dict[str, float]
    withdrawal: str = ""


DRUGS = (
    Drug("sertraline", 0.07, "my mood", {"HP:0002018": 0.8, "HP:0100785": 0.2}, "HP:0002321"),
    Drug("lisinopril", 0.04, "my blood pressure", {"HP:0012735": 1.0}),
    Drug("cetirizine", 0.04, "my allergies", {}),
)
TELLING = {"adverse": 0.3, "benefit": 0.15, "withdrawal": 0.05, "stop": 0.08, "missed_dose": 0.1, "taking": 0.32}
"""Share of the drug posts of somebody who takes a drug, by axis; what a drug does not do becomes 'taking'."""


@dataclass(frozen=True)
class Place:
    """A town with its GeoNames id in the code, its zone, how people write it, and its share of the posters."""

    code: str
    name: str
    written: tuple[str, ...]
    zone: str
    share: float
    people: int


PLACES = (
    Place("US/NY/5128581", "New York City", ("New York City, NY", "New York, NY", "NYC"), "America/New_York", 0.28, 8_300_000),
    Place("US/NY/5110629", "Buffalo", ("Buffalo, NY", "Buffalo, New York"), "America/New_York", 0.16, 280_000),
    Place("US/MA/4930956", "Boston", ("Boston, MA", "Boston, Massachusetts"), "America/New_York", 0.14, 650_000),
    Place("US/IL/4887398", "Chicago", ("Chicago, IL", "Chicago, Illinois"), "America/Chicago", 0.2, 2_700_000),
    Place("US/TX/4671654", "Austin", ("Austin, TX", "Austin, Texas"), "America/Chicago", 0.12, 960_000),
    Place("US/OR/5746545", "Portland", ("Portland, OR", "Portland, Oregon"), "America/Los_Angeles", 0.1, 640_000),
)

RELATIVES = ("mom", "dad", "son", "daughter", "sister", "brother", "wife", "husband", "grandma")
