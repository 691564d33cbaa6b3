"""A draft case: its elements are those of the FDA's example instances, what is unknown is empty and listed, and only care data get in."""

from __future__ import annotations

import gzip
import itertools
import re
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from heedful.core.errors import LabelError, NotFoundError, SettingsError
from heedful.core.labels import Care, Consented, Public, Research
from heedful.core.schemas import Experiences, People
from heedful.core.seals import seal
from heedful.population.safety.case_draft import STATUS, Case, draft, from_diary, from_form, missing

EXAMPLES = Path(__file__).parents[4] / "shared" / "data" / "interop" / "icsr_e2b_r3"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FULL = {
    "case": "17", "received_on": date(2026, 3, 1), "drug": "Sertraline", "reaction": "nausea", "reaction_on": date(2026, 2, 20), "outcome": "recovering",
    "serious": ["hospitalization"], "meddra_code": "10028813", "meddra_version": "27.0", "sex": "female", "age": 41, "reporter": "physician",
    "country": "US", "sender": "City clinic", "narrative": "She had nausea from the third day.",
}  # fmt: skip


def paths(element: ET.Element, above: str = "") -> set[str]:
    here = f"{above}/{element.tag.rpartition('}')[2]}"
    return {here} | {path for child in element for path in paths(child, here)}


def codes(root: ET.Element) -> set[tuple[str, str, str]]:
    """Code, code system and name of what observations are about."""
    return {
        (one.get("code", ""), one.get("codeSystem", ""), one.get("displayName", ""))
        for one in root.iter("{urn:hl7-org:v3}code")
        if one.get("displayName")
    }


@pytest.fixture(scope="module")
def examples() -> list[ET.Element]:
    files = sorted(EXAMPLES.glob("FAERS*.xml.gz"))
    if not files:
        pytest.skip(f"no example instances in {EXAMPLES}")
    return [ET.fromstring(gzip.decompress(file.read_bytes())) for file in files]


def test_every_element_and_code_of_a_draft_stands_in_the_examples(examples: list[ET.Element]) -> None:
    known, named = set().union(*map(paths, examples)), set().union(*map(codes, examples))
    for case in (from_form(FULL), Case(case="18", received_on=date(2026, 3, 1), drug="X", reaction="rash")):
        root = ET.fromstring(draft(case, NOW))
        assert paths(root) <= known
        own = {("2", "2.16.840.1.113883.3.989.2.1.1.3", "other")}  # first sender: other (the examples are sent by a regulator)
        assert codes(root) - own <= named


def test_what_is_listed_as_missing_stands_where_the_examples_say_that_its_element_stands() -> None:
    """The examples name each element's number in a comment after it; what a draft leaves empty is at that path, with a null flavor."""
    files = sorted(EXAMPLES.glob("FAERS*.xml.gz"))
    if not files:
        pytest.skip(f"no example instances in {EXAMPLES}")
    places: dict[str, set[str]] = {}
    for file in files:
        root = ET.fromstring(gzip.decompress(file.read_bytes()), ET.XMLParser(target=ET.TreeBuilder(insert_comments=True)))
        for parent in root.iter():
            held = list(parent)
            for before, one in itertools.pairwise(held):
                if one.tag is ET.Comment and isinstance(before.tag, str):
                    for number in re.findall(r"\b[A-H]\.(?:[\w]+\.?)+", str(one.text)):
                        places.setdefault(number.rstrip("."), set()).add(before.tag.rpartition("}")[2])
    bare = ET.fromstring(draft(Case(case="18", received_on=date(2026, 3, 1), drug="X", reaction="rash"), NOW))
    empty = {one.tag.rpartition("}")[2] for one in bare.iter() if one.get("nullFlavor")}
    named = {"C.2.r.3": "code", "C.2.r.4": "code", "C.3.1": "code", "C.3.2": "name", "D.1": "name", "D.5": "administrativeGenderCode"}
    for number, tag in named.items():
        assert tag in places[number], (number, places.get(number))
        assert tag in empty


def test_children_stand_in_the_order_of_the_examples(examples: list[ET.Element]) -> None:
    """Schema order, learned: of two different children of the same element, none comes before the other only in the draft."""

    def orders(element: ET.Element, above: str, into: set[tuple[str, str, str]]) -> None:
        here = f"{above}/{element.tag.rpartition('}')[2]}"
        tags = [child.tag.rpartition("}")[2] for child in element]
        into |= {(here, one, other) for n, one in enumerate(tags) for other in tags[n + 1 :] if one != other}
        for child in element:
            orders(child, here, into)

    known: set[tuple[str, str, str]] = set()
    for example in examples:
        orders(example, "", known)
    mine: set[tuple[str, str, str]] = set()
    orders(ET.fromstring(draft(from_form(FULL), NOW)), "", mine)
    assert mine <= known, sorted(mine - known)


def test_the_draft_says_that_it_is_one() -> None:
    text = draft(from_form(FULL), NOW).decode()
    assert STATUS == "draft, not submitted"
    assert "DRAFT, NOT SUBMITTED: for review by a person" in text
    assert 'processingCode code="T"' in text
    assert draft(from_form(FULL), NOW).decode() == text


def test_what_is_given_is_there_and_what_is_not_is_listed() -> None:
    text = draft(from_form(FULL), NOW).decode()
    for words in ("Sertraline", "nausea", "10028813", "20260220", "City clinic", 'value="41"'):
        assert words in text
    assert {number for number, _ in missing(from_form(FULL))} == {"C.1.7", "C.3.1", "D.1", "G.k.8"}
    assert "E.i.2.1a" in {number for number, _ in missing(from_form(FULL | {"meddra_version": ""}))}
    assert "codeSystemVersion" not in draft(from_form(FULL | {"meddra_version": ""}), NOW).decode()
    bare = Case(case="18", received_on=date(2026, 3, 1), drug="X", reaction="rash")
    assert {"C.1.1", "C.2.r.4", "D.5", "E.i.2.1b", "E.i.3.2", "E.i.4", "E.i.7", "H.1"} <= {number for number, _ in missing(bare)}
    empty = draft(bare, NOW).decode()
    assert 'displayName="Male"' not in empty
    assert empty.count('value="true"') == 0  # nobody judged it serious


def test_not_serious_is_a_judgment_too() -> None:
    case = from_form(FULL | {"serious": []})
    assert "E.i.3.2" not in {number for number, _ in missing(case)}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"outcom": "fatal"}, "no entry outcom"), ({"outcome": "dead"}, "outcome is one of"), ({"serious": ["bad"]}, "serious names bad"),
        ({"drug": ""}, "lacks drug"), ({"received_on": "2026-03-01"}, "without quotes"), ({"age": 200}, "not an age"),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_read(changed: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        from_form(FULL | changed)


def told(axis: str = "adverse") -> pl.DataFrame:
    row = {
        "source": "diary", "post": "e1", "n": 0, "author": "p", "day": date(2026, 2, 20), "known_at": NOW, "place": "", "treatment": "drug:sertraline",
        "treatment_label": "sertraline", "axis": axis, "effect": "HP:0002018", "effect_label": "Nausea", "onset_days": 3.0, "start": 0, "end": 4,
    }  # fmt: skip
    return Experiences.check(pl.DataFrame([row], schema={name: Experiences.dtypes()[name] for name in row}))


PEOPLE = People.check(
    pl.DataFrame({"person": ["p"], "birth_year": [1980], "sex": ["female"], "place": ["US/NY"], "known_at": [NOW]}).cast(
        {"birth_year": pl.Int32}
    )
)


def test_a_participants_own_experience_becomes_a_draft_without_their_name() -> None:
    case = from_diary(seal(told(), Consented[Care], Experiences), seal(PEOPLE, Consented[Care], People), "e1", 0, date(2026, 3, 2))
    assert (case.drug, case.reaction, case.sex, case.age, case.country, case.reporter) == (
        "sertraline",
        "Nausea",
        "female",
        46,
        "US",
        "consumer",
    )
    assert case.serious is None
    people = seal(PEOPLE, Consented[Care], People)
    with pytest.raises(NotFoundError):
        from_diary(seal(told(), Consented[Care], Experiences), people, "e2", 0, date(2026, 3, 2))
    with pytest.raises(SettingsError, match="no safety case"):
        from_diary(seal(told("benefit"), Consented[Care], Experiences), people, "e1", 0, date(2026, 3, 2))


@pytest.mark.parametrize("label", [Public, Consented[Research]])
def test_a_public_post_or_research_data_never_become_a_case(label: object) -> None:
    with pytest.raises(LabelError):
        from_diary(seal(told(), label, Experiences), seal(PEOPLE, Consented[Care], People), "e1", 0, date(2026, 3, 2))  # type: ignore[type-var, arg-type]
