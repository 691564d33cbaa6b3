"""SKOS: the same vocabulary in three formats, its hierarchy and matches, and what is refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.errors import SourceError
from heedful.sources.vocabularies.reading import read_vocabulary
from heedful.sources.vocabularies.skos import read_skos
from heedful.sources.vocabularies.triples import Text, turtle_statements, xml_statements

TURTLE = '''# Ours
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
PREFIX ex: <http://ex.org/>
@prefix dct: <http://purl.org/dc/terms/> .
ex:scheme a skos:ConceptScheme ; dct:title "Small"@en ; dct:license <https://example.org/license> ; .
ex:1 a skos:Concept ; skos:prefLabel "Pain"@en, "Dolor"@es ; skos:notation "P1" .
ex:2 a skos:Concept; skos:prefLabel "Head \\"pain\\""@en ; skos:altLabel """head
ache"""@en-GB ; skos:hiddenLabel "hedache" ; skos:broader ex:1 ;
  skos:exactMatch <http://id.nlm.nih.gov/mesh/D006261> ; skos:closeMatch <http://purl.obolibrary.org/obo/HP_0002315> ;
  skos:note [ a ex:x ; ex:y (1 2.5 "z" true) ] .
ex:3 a skos:Concept ; skos:prefLabel "Weg"@de .
ex:4 a skos:Concept ; skos:prefLabel "Gone"@en ; <http://www.w3.org/2002/07/owl#deprecated> "true"^^<http://www.w3.org/2001/XMLSchema#boolean> .
'''
XML = """<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [ <!ENTITY skos "http://www.w3.org/2004/02/skos/core#"> ]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:skos="http://www.w3.org/2004/02/skos/core#"
  xmlns:dct="http://purl.org/dc/terms/" xmlns:owl="http://www.w3.org/2002/07/owl#" xml:base="http://ex.org/">
<skos:ConceptScheme rdf:about="scheme"><dct:title xml:lang="en">Small</dct:title><dct:license rdf:resource="https://example.org/license"/></skos:ConceptScheme>
<skos:Concept rdf:about="1" xml:lang="en"><skos:prefLabel>Pain</skos:prefLabel><skos:prefLabel xml:lang="es">Dolor</skos:prefLabel>
  <skos:notation>P1</skos:notation><skos:narrower><skos:Concept rdf:about="http://ex.org/2"/></skos:narrower></skos:Concept>
<rdf:Description rdf:about="http://ex.org/2"><rdf:type rdf:resource="&skos;Concept"/><skos:prefLabel xml:lang="en">Head "pain"</skos:prefLabel>
  <skos:altLabel xml:lang="en-GB">head
ache</skos:altLabel><skos:hiddenLabel>hedache</skos:hiddenLabel>
  <skos:exactMatch rdf:resource="http://id.nlm.nih.gov/mesh/D006261"/><skos:closeMatch rdf:resource="http://purl.obolibrary.org/obo/HP_0002315"/></rdf:Description>
<skos:Concept rdf:about="3"><skos:prefLabel xml:lang="de">Weg</skos:prefLabel></skos:Concept>
<skos:Concept rdf:about="4"><skos:prefLabel xml:lang="en">Gone</skos:prefLabel><owl:deprecated>true</owl:deprecated></skos:Concept>
</rdf:RDF>
"""


def as_triples() -> str:
    """The Turtle text, statement by statement, as N-Triples."""
    lines = []
    for subject, predicate, value, _ in turtle_statements(Path("x.ttl"), TURTLE):
        name = subject if subject.startswith("_:") else f"<{subject}>"
        if isinstance(value, Text):
            escaped = value.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            said = f'"{escaped}"' + (f"@{value.language}" if value.language else "")
        else:
            said = value if value.startswith("_:") else f"<{value}>"
        lines.append(f"{name} <{predicate}> {said} .")
    return "\n".join(lines)


@pytest.mark.parametrize(("name", "text"), [("x.ttl", TURTLE), ("x.voc", TURTLE), ("x.rdf", XML), ("x.nt", as_triples())])
def test_formats_are_known_by_their_content_and_say_the_same(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    file = read_vocabulary(path, "symptom")
    assert set(file.terms.select("term", "code").rows()) == {("Pain", "P1"), ('Head "pain"', "2"), ("head ache", "2")}
    assert file.crosswalks.rows() == [("2", "MESH", "D006261", "exact"), ("2", "HP", "0002315", "close")]
    assert file.left_out == {"not an exact synonym, or an abbreviation": 1, "without a label in the language 'en'": 1}
    assert (file.source, file.licence) == ("Small", "https://example.org/license")
    assert read_vocabulary(path, "symptom", "P1").terms["term"].to_list() == ['Head "pain"', "head ache"]
    assert read_vocabulary(path, "symptom", language="es").terms["term"].to_list() == ["Dolor"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@prefix a: <http://x/> .\na:b a c:d .", "line 2: the prefix c: is not declared"),
        ("<http://x/a> <http://x/b> .", "line 1: '.' is no name"),
        ('<http://x/a> <http://x/b> "c"\n\n<http://x/d>', "line 3: '<http://x/d>' stands where '.' should"),
        ('<http://x/a> <http://x/b> "c', "is no Turtle"),
        ('<http://x/a> <http://x/b> "\\q" .', "is no escape"),
        ('<http://x/a> <http://x/b> "c" .', "without a SKOS concept"),
        ("<http://x/a> <http://x/b> " + "[ <http://x/b> " * 200, "within each other"),
        ("<http://x/a> <http://x/b>", "the file ends within a statement"),
        (TURTLE.replace("@en", "@fr").replace("@en-GB", "@fr").replace("@de", "@fr"), "none of its"),
    ],
)
def test_faults_of_turtle_are_named(text: str, said: str) -> None:
    with pytest.raises(SourceError, match=said.replace(".", r"\.").replace("[", r"\[")):
        read_skos(Path("x.ttl"), turtle_statements(Path("x.ttl"), text), "symptom")


LAUGHS = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">&b;</rdf:RDF>'
OUTSIDE = (
    '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">&a;</rdf:RDF>'
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAUGHS, "entities that are no plain addresses"),
        (OUTSIDE, "entities that are no plain addresses"),
        (XML[:900], "damaged or cut"),
        ("<html><body/></html>", "without rdf:RDF"),
        (
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' + "<a>" * 300 + "</a>" * 300 + "</rdf:RDF>",
            "within each other",
        ),
    ],
)
def test_hostile_and_broken_xml_is_refused(text: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read_skos(Path("x.rdf"), xml_statements(Path("x.rdf"), text.encode()), "symptom")


def test_json_ld_is_refused_with_its_cure(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonld"
    path.write_text('{"@context": {}, "@graph": []}')
    with pytest.raises(SourceError, match=r"JSON-LD.*N-Triples"):
        read_vocabulary(path, "symptom")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(SourceError):
        list(turtle_statements(Path("x.ttl"), text))


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
def test_literals_come_back(words: str) -> None:
    escaped = "".join(f"\\U{ord(mark):08X}" if mark in '"\\\n\r' else mark for mark in words)
    (statement,) = turtle_statements(Path("x.nt"), f'<http://x/a> <http://x/b> "{escaped}" .')
    assert statement.object == Text(words)
