"""A small file of our own for every source: what the source checks read.

`SAMPLES[name](folder)` writes a sample into an empty folder and answers its path and the options to read it with. A sample holds
good rows, a repeated one, and at least one row that cannot be read; a few dozen records, so that small batches cut it many times.
A source whose options declare a mapping is one that never recognises a file by itself.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from heedful.sources.base import Options

Sample = Callable[[Path], tuple[Path, Options]]
SAMPLES: dict[str, Sample] = {}


def sample(name: str) -> Callable[[Sample], Sample]:
    def keep(write: Sample) -> Sample:
        SAMPLES[name] = write
        return write

    return keep


def _written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    data = text.encode()
    path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return path


# --- records ----------------------------------------------------------------------------------------------------------


def reference(person: int) -> dict[str, str]:
    return {"reference": f"Patient/p{person}", "display": "Doe, Jane"}


def patient(person: int) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": f"p{person}",
        "text": {"status": "generated", "div": "<div>Jane Doe</div>"},
        "identifier": [{"system": "urn:x", "value": "SSN-1"}],
        "name": [{"family": "Doe", "given": ["Jane"]}],
        "telecom": [{"system": "phone", "value": "555-0100"}],
        "address": [{"line": ["1 Main St"], "city": "Boston", "state": "MA", "postalCode": "02101", "country": "US"}],
        "gender": "female",
        "birthDate": "1970-05",
        "communication": [{"language": {"coding": [{"code": "en-US"}]}}],
    }


def observation(person: int, day: int, value: float, unit: str = "[lb_av]", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"o{person}-{day}-{value}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7", "display": "Body weight"}]},
        "subject": reference(person),
        "effectiveDateTime": f"2024-02-{day:02}T08:30:00-05:00",
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
    } | more


def fhir_resources() -> list[Any]:
    loinc = "http://loinc.org"
    systolic = {
        "code": {"coding": [{"system": loinc, "code": "8480-6"}]},
        "valueQuantity": {"value": 120, "unit": "mmHg", "code": "mm[Hg]"},
    }
    diastolic = {
        "code": {"coding": [{"system": loinc, "code": "8462-4"}]},
        "valueQuantity": {"value": 80, "unit": "mmHg", "code": "mm[Hg]"},
    }
    panel = {"code": {"coding": [{"system": loinc, "code": "85354-9"}]}, "component": [systolic, diastolic], "valueQuantity": None}
    panel = {name: value for name, value in observation(1, 3, 0.0, **panel).items() if value is not None}
    drug = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "314076", "display": "lisinopril 10 MG"}]}
    dispense = {
        "resourceType": "MedicationDispense",
        "status": "completed",
        "medicationCodeableConcept": drug,
        "subject": reference(1),
        "whenHandedOver": "2024-02-01",
        "daysSupply": {"value": 4, "code": "wk"},
        "dosageInstruction": [
            {"timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}, "doseAndRate": [{"doseQuantity": {"value": 1}}]}
        ],
    }
    return [
        patient(1),
        patient(2),
        *(observation(1, day, 150.0 + day) for day in range(1, 15)),
        observation(2, 1, 70.0, "kg"),
        observation(2, 1, 70.0, "kg", id="again"),
        observation(2, 1, 71.0, "kg"),
        observation(2, 2, 70.0, "stone"),
        panel,
        {"resourceType": "Condition", "id": "c1", "subject": reference(1), "onsetDateTime": "2012", "note": [{"text": "Jane said"}]},
        {"resourceType": "Condition", "id": "c2", "onsetDateTime": "2012-05"},
        {"resourceType": "Condition", "id": "c3", "subject": reference(1), "onsetDateTime": "May 2012"},
        dispense,
        dispense,
        {"resourceType": "Claim", "id": "x"},
        {"resourceType": "Consent", "id": "k", "patient": reference(1), "status": "active", "provision": {"type": "permit"}},
        "not a resource",
    ]


@sample("records.fhir")
def fhir(folder: Path) -> tuple[Path, Options]:
    lines = [json.dumps(item) for item in fhir_resources()]
    return _written(folder, "export.ndjson", "\n".join([*lines[:9], '{"resourceType": "Patient", ', *lines[9:], ""])), Options("clinic")


@sample("records.dispensing")
def dispensing(folder: Path) -> tuple[Path, Options]:
    rows = [f"{n % 5},0{1 + n % 9}/2{n % 9}/2033,4,med{'AB'[n % 2]},{30 + n}" for n in range(40)]
    bad = ["7,05/26/2033,4,medA,0", "7,26/05/2033,4,medA,30", ",05/26/2033,4,medA,30", "7,05/26/2033,4,medA", "7,05/26/2033,4,,30"]
    head = "PATIENT_ID,DATE,PERDAY,CATEGORY,DURATION"
    return _written(folder, "events.csv.gz", "\n".join([head, *rows[:20], *bad, rows[0], *rows[20:], ""])), Options("pharmacy")


@sample("records.mapped")
def mapped(folder: Path) -> tuple[Path, Options]:
    rows = [f"p{n % 3};2024-03-{1 + n // 3:02}T0{n % 9}:15;{60 + n},5;note {n}" for n in range(40)]
    bad = ["p1;yesterday;60,5;x", "p1;2024-03-01T08:00;many;x", ";2024-03-01T08:00;60,5;x", "p1;2024-03-01T08:00"]
    settings = {
        "table": "observations",
        "columns": {"person": "who", "start_at": "when", "value": "kg"},
        "code": "body_weight",
        "unit": "kg",
        "zone": "Europe/Berlin",
        "decimal": ",",
        "how": "self_reported",
    }
    text = "\n".join(["who;when;kg;remark", *rows[:20], *bad, rows[0], *rows[20:], ""])
    return _written(folder, "weights.csv", text), Options("diary_app", settings=settings)


# --- series -----------------------------------------------------------------------------------------------------------


@sample("series.ilinet")
def ilinet(folder: Path) -> tuple[Path, Options]:
    head = "REGION TYPE,REGION,YEAR,WEEK,% WEIGHTED ILI,%UNWEIGHTED ILI,AGE 0-4,AGE 25-49,AGE 65,ILITOTAL,NUM. OF PROVIDERS,TOTAL PATIENTS"
    title = "PERCENTAGE OF VISITS FOR INFLUENZA-LIKE-ILLNESS REPORTED BY SENTINEL PROVIDERS"
    rows = [f"National,X,2014,{week},1.{week},1.2,{week},X,3,{10 * week},190,{1000 * week}" for week in range(40, 54)]
    rows += [f"HHS Regions,Region {n},2015,1,1.5,1.2,1,2,3,6,190,1000" for n in range(1, 11)]
    bad = ["National,X,2015,53,1,1,1,1,1,1,1,1", "National,X,last,1,1,1,1,1,1,1,1,1", "National,X,2015"]
    return _written(folder, "ILINet.csv", "\n".join([title, head, *rows, *bad, ""])), Options("cdc")


@sample("series.table")
def series_table(folder: Path) -> tuple[Path, Options]:
    rows = [
        f"2024-0{vintage}-03,{fips},2023-12-{day},{vintage * day}"
        for vintage in (1, 2)
        for fips in ("36", "US")
        for day in range(16, 31, 7)
    ]
    bad = ["2024-01-03,36,2023-12-33,5", "2024-01-03,36,2023-12-09,many", ",36,2023-12-02,5", "2024-01-03,,2023-12-02,5", "2024-01-03,36"]
    empty = ["2024-01-03,01,2023-12-16,NA", "2024-01-03,01,,5"]
    return _written(folder, "vintages.csv", "\n".join(["vintage,location,week_ending,value", *rows, *bad, *empty, rows[0], ""])), Options(
        "nhsn"
    )


# --- posts ------------------------------------------------------------------------------------------------------------


def _lines(*items: Any) -> str:
    return "".join((item if isinstance(item, str) else json.dumps(item)) + "\n" for item in items)


@sample("posts.table")
def posts_table(folder: Path) -> tuple[Path, Options]:
    rows = [f'{n},user{n % 4},2024-03-{1 + n:02}T10:00:00Z,"head aches, day {n}",en' for n in range(28)]
    bad = ["90,user1,someday,no time,en", "91,user1,2024-03-01T10:00:00Z"]
    empty = ["92,user1,2024-03-01T10:00:00Z,,en"]
    return _written(folder, "posts.csv", "\n".join(["id,author,created_at,text,lang", *rows[:10], *bad, *empty, *rows[10:], ""])), Options(
        "forum"
    )


@sample("posts.reddit")
def reddit(folder: Path) -> tuple[Path, Options]:
    comment = {"author": "a", "created_utc": 1_134_365_188, "subreddit": "s", "link_id": "t3_1", "parent_id": "t1_0"}
    items = [comment | {"id": f"c{n}", "body": f"it hurts {n}"} for n in range(25)]
    gone = comment | {"id": "g", "body": "[deleted]"}
    return _written(folder, "RC.jsonl.gz", _lines(*items[:9], '{"id": "cut', gone, *items[9:])), Options("reddit")


@sample("posts.bluesky")
def bluesky(folder: Path) -> tuple[Path, Options]:
    def commit(author: int, key: int, operation: str = "create") -> dict[str, Any]:
        body: dict[str, Any] = {"operation": operation, "collection": "app.bsky.feed.post", "rkey": f"k{key}", "rev": "r"}
        if operation == "create":
            body |= {"record": {"$type": "app.bsky.feed.post", "text": f"fever {key}", "createdAt": "2025-05-01T00:00:00Z"}, "cid": "c"}
        return {"did": f"did:plc:a{author}", "time_us": 1_750_000_000_000_000 + key, "kind": "commit", "commit": body}

    events = [commit(n % 3, n) for n in range(25)]
    gone = {
        "did": "did:plc:a2",
        "time_us": 1_750_000_000_000_030,
        "kind": "account",
        "account": {"active": False, "did": "did:plc:a2", "status": "deleted"},
    }
    return _written(folder, "jetstream.jsonl", _lines(*events[:9], "{", commit(0, 3, "delete"), *events[9:], gone)), Options("bluesky")


@sample("posts.mastodon")
def mastodon(folder: Path) -> tuple[Path, Options]:
    def status(number: int, **more: Any) -> dict[str, Any]:
        return {
            "id": str(number),
            "visibility": "public",
            "created_at": f"2024-03-{1 + number % 28:02}T13:53:56.596Z",
            "content": f"<p>coughing, day {number}</p>",
            "language": "en",
            "uri": f"https://a.example/statuses/{number}",
            "in_reply_to_id": None,
            "spoiler_text": "",
            "account": {"uri": f"https://a.example/users/u{number % 3}", "acct": "u", "indexable": True},
        } | more

    items = [status(number) for number in range(25)]
    aside = [status(90, created_at="never"), status(91, visibility="private"), {"event": "delete", "payload": "3"}]
    return _written(folder, "statuses.jsonl", _lines(*items[:9], *aside, *items[9:])), Options("mastodon")


# --- wearables --------------------------------------------------------------------------------------------------------


@sample("apple_health")
def apple_health(folder: Path) -> tuple[Path, Options]:
    def record(kind: str, unit: str, value: str, minute: int, **more: str) -> str:
        at = f"2024-03-01 {8 + minute // 60:02}:{minute % 60:02}:00 +0100"
        attributes = {
            "type": kind,
            "sourceName": "Watch",
            "unit": unit,
            "creationDate": at,
            "startDate": at,
            "endDate": at,
            "value": value,
        } | more
        return "<Record " + " ".join(f'{name}="{text}"' for name, text in attributes.items()) + "/>"

    rows = [record("HKQuantityTypeIdentifierHeartRate", "count/min", str(60 + n), n) for n in range(20)]
    rows += [
        record("HKQuantityTypeIdentifierStepCount", "count", "12", n, device="&lt;HKDevice: 0x2811&gt;, name:Watch") for n in range(20)
    ]
    bad = [
        record("HKQuantityTypeIdentifierHeartRate", "count/min", "fast", 50),
        record("HKQuantityTypeIdentifierHeartRate", "count/min", "60", 51, startDate="soon"),
    ]
    me = '<Me HKCharacteristicTypeIdentifierDateOfBirth="1980-05-06" HKCharacteristicTypeIdentifierBiologicalSex="HKBiologicalSexFemale"/>'
    text = "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<HealthData locale="en_US">',
            me,
            *rows[:15],
            *bad,
            rows[0],
            *rows[15:],
            "</HealthData>",
        ]
    )
    return _written(folder, "export.xml", text), Options("apple", subject="me")


@sample("records.omop")
def omop(folder: Path) -> tuple[Path, Options]:
    cdm = folder / "cdm"
    cdm.mkdir()

    def write(name: str, *lines: str) -> None:
        (cdm / name).write_text("\n".join([*lines, ""]))

    concepts = ["3025315,Body weight,Measurement,LOINC,29463-7", "9529,kilogram,Unit,UCUM,kg", "372328,Otitis media,Condition,SNOMED,65363002",
                "19073183,amoxicillin 250 MG,Drug,RxNorm,308182"]  # fmt: skip
    write("CONCEPT.csv", "concept_id,concept_name,domain_id,vocabulary_id,concept_code", *concepts)
    write(
        "PERSON.csv",
        "person_id,gender_concept_id,year_of_birth,person_source_value",
        "1,8507,1998,SSN",
        "2,8532,2014,SSN",
        ",8532,2014,SSN",
    )
    weights = [f"{n},{1 + n % 2},3025315,2013-05-{1 + n:02},2013-05-{1 + n:02} 08:00:00,{48 + n},9529,kg" for n in range(20)]
    weights += ["30,1,3025315,2013-05-01,2013-05-01 08:00:00,48,9529,kg", "31,1,3025315,2013-06-01,2013-06-01 00:00:00,,0,",
                "32,1,0,2013-06-01,,7,0,odd", "33,1,3025315,soon,,48,9529,kg", "34,,3025315,2013-06-01,,48,9529,kg",
                "35,1,3025315,2013-06-01,,heavy,9529,kg"]  # fmt: skip
    columns = "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,value_as_number,unit_concept_id,unit_source_value"
    write("MEASUREMENT.csv", columns, *weights)
    columns = "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_end_date,visit_source_value"
    visits = [f"{n},1,{(9201, 9202, 9203)[n % 3]},2002-11-{1 + n:02},2002-11-{2 + n:02},enc-{n}" for n in range(9)]
    write("VISIT_OCCURRENCE.csv", columns, *visits, "10,1,9201,soon,,x", "11,1,9201,2002-12-01,,x")
    write("DEATH.csv", "person_id,death_date,death_type_concept_id,cause_concept_id", "2,2020-02-01,38003566,372328", ",2020-02-01,1,1")
    columns = "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_end_date,condition_source_value"
    write("CONDITION_OCCURRENCE.csv", columns, *(f"{n},1,372328,2002-10-{1 + n:02},2003-03-20,H66" for n in range(9)))
    columns = "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_type_concept_id,days_supply,quantity"
    write("DRUG_EXPOSURE.csv", columns, *(f"{n},1,19073183,2014-04-{1 + n % 8:02},{'32869' if n % 3 else '32838'},14,0" for n in range(10)))
    return cdm, Options("hospital", zone="America/New_York")


# --- answers ----------------------------------------------------------------------------------------------------------


@sample("answers.redcap")
def redcap(folder: Path) -> tuple[Path, Options]:
    project = folder / "project"
    project.mkdir()
    head = '"Variable / Field Name","Form Name","Field Type","Choices, Calculations, OR Slider Labels","Text Validation Type OR Show Slider Number",Identifier?'
    fields = ["record_id,visit,text,,,", "visit_on,visit,text,,date_ymd,", "surname,visit,text,,,y", "weight,visit,text,,number_comma_decimal,",
              'mood,visit,radio,"0, low | 1, middling, or so | 2, high",,', 'pain,visit,checkbox,"1, head | 2, back",,', "words,visit,notes,,,"]  # fmt: skip
    (project / "dictionary.csv").write_text("\n".join([head, *fields, ""]))
    columns = "record_id,visit_on,surname,weight,mood,pain___1,pain___2,words,visit_complete"
    rows = [f'{n % 9},2024-03-{1 + n:02},Doe,"7{n % 10},5",{n % 3},1,0,"said, so",2' for n in range(18)]
    rows += [rows[3], "4,2024-04-01,Doe,much,1,0,0,,0", "5,2024-04-02,Doe,,7,0,0,,0", ",2024-04-03,Doe,70,,,,,0", "6,,Doe,70,1,0,1,,0"]
    (project / "data.csv").write_text("\n".join([columns, *rows, ""]))
    return project, Options("study", zone="Europe/Berlin")


# --- wearables: one module beside the tests of the family -------------------------------------------------------------

from tests.sources.phones import samples as phones  # noqa: E402, F401
from tests.sources.wearables import samples as wearables  # noqa: E402, F401  (it registers its samples by `sample`, above)


@sample("records.pharmcat")
def pharmcat(folder: Path) -> tuple[Path, Options]:
    def told(drug: str, number: int) -> dict[str, Any]:
        genotype = {"diplotypes": [{"gene": "CYP2C19", "label": f"*1/*{number}", "phenotypes": ["Intermediate Metabolizer"]}]}
        annotation = {
            "drugRecommendation": f"Look at {drug}<br>twice",
            "classification": "Strong",
            "population": "general",
            "genotypes": [genotype],
        }
        broken = {"drugRecommendation": "No genes are named"}
        guideline = {
            "name": f"Guideline for {drug}",
            "version": "2025-11",
            "url": "https://example.org",
            "annotations": [annotation, broken],
        }
        return {"name": drug, "guidelines": [guideline]}

    drugs = {f"drug{number}": told(f"drug{number}", number) for number in range(12)}
    report = {"title": "t", "timestamp": "2025-11-14T22:36:36.135Z", "pharmcatVersion": "3.1.0", "dataVersion": "2025-11", "genes": {},
              "drugs": {"CPIC": drugs}}  # fmt: skip
    return _written(folder, "me.report.json", json.dumps(report)), Options("pharmcat", subject="me")
