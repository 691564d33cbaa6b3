"""MeSH: the same descriptors in XML and ASCII, types by tree, branches, registry numbers, and faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from heedful.core.errors import SourceError
from heedful.sources.vocabularies.reading import read_vocabulary

RECORDS = [
    ("D012816", "Signs and Symptoms", ["Symptoms"], ["C23.888"], ""), ("D006261", "Headache", ["Cephalgia", "Head Pain"], ["C23.888.592.612.441"], ""),
    ("D003920", "Diabetes Mellitus", [], ["C18.452.394.750", "C19.246"], ""), ("D001241", "Aspirin", ["Acetylsalicylic Acid"], ["D02.455.426"], "R16CO5Y76E"),
    ("D014481", "United States", ["USA"], ["Z01.107.567.875"], ""), ("D003866", "Depressive Disorder", [], ["F03.600.300"], "50-78-2"),
]  # fmt: skip


def xml() -> str:
    body = ""
    for code, heading, entries, trees, number in RECORDS:
        terms = "".join(f"<Term><TermUI>T</TermUI><String>{one}</String></Term>" for one in (heading, *entries))
        places = "".join(f"<TreeNumber>{tree}</TreeNumber>" for tree in trees)
        registered = f"<RegistryNumber>{number or '0'}</RegistryNumber>"
        body += (
            f"<DescriptorRecord><DescriptorUI>{code}</DescriptorUI>\n<DescriptorName><String>{heading}</String></DescriptorName>"
            f'<TreeNumberList>{places}</TreeNumberList><ConceptList><Concept PreferredConceptYN="Y">{registered}<TermList>{terms}</TermList></Concept>'
            '<Concept PreferredConceptYN="N"><TermList><Term><String>Narrower</String></Term></TermList></Concept></ConceptList></DescriptorRecord>\n'
        )
    head = '<?xml version="1.0"?>\n<!DOCTYPE DescriptorRecordSet SYSTEM "https://www.nlm.nih.gov/databases/dtd/nlmdescriptorrecordset_20250101.dtd">\n'
    return head + f'<DescriptorRecordSet LanguageCode="eng">\n{body}</DescriptorRecordSet>\n'


def ascii_text() -> str:
    parts = []
    for code, heading, entries, trees, number in RECORDS:
        lines = ["*NEWRECORD", "RECTYPE = D", f"MH = {heading}", *(f"ENTRY = {one}|T047|EQV|NLM (1994)|abcdef" for one in entries)]
        lines += [
            "ENTRY = Narrower|T047|NRW|NLM (1994)|abcdef",
            *(f"MN = {tree}" for tree in trees),
            f"UI = {code}",
            f"RN = {number or '0'}",
            "",
        ]
        parts.append("\n".join(lines))
    return "\n".join(parts)


FILES = {"desc2025.xml": xml(), "d2025.bin": ascii_text()}


@pytest.mark.parametrize("name", FILES)
def test_types_follow_from_the_tree(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(FILES[name])
    file = read_vocabulary(path)
    assert {(term, code.removeprefix("MESH:"), kind) for term, code, kind in file.terms.select("term", "code", "type").rows()} == {
        ("Signs and Symptoms", "D012816", "symptom"), ("Symptoms", "D012816", "symptom"), ("Headache", "D006261", "symptom"), ("Cephalgia", "D006261", "symptom"),
        ("Head Pain", "D006261", "symptom"), ("Diabetes Mellitus", "D003920", "condition"), ("Depressive Disorder", "D003866", "condition"),
        ("Aspirin", "D001241", "drug"), ("Acetylsalicylic Acid", "D001241", "drug"),
    }  # fmt: skip
    assert (file.source, file.version) == ("MeSH", "2025")
    assert file.left_out["in trees of other things than symptoms, conditions and drugs"] == 1
    assert {("MESH:D001241", "UNII", "R16CO5Y76E", "exact"), ("MESH:D003866", "CAS", "50-78-2", "exact")} <= set(file.crosswalks.rows())
    assert ("MESH:D003920", "MESH_TREE", "C19.246", "exact") in file.crosswalks.rows()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("below", ["C23.888", "D012816"])
def test_a_branch_by_tree_number_or_descriptor(name: str, below: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(FILES[name])
    assert set(read_vocabulary(path, below=below).terms["code"]) == {"MESH:D006261"}
    with pytest.raises(SourceError, match="no descriptor or tree number Q1"):
        read_vocabulary(path, below="Q1")


def test_broken_records_are_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "d2025.bin"
    path.write_text(ascii_text().replace("UI = D001241\n", "").replace("MN = C19.246", "nonsense"))
    file = read_vocabulary(path)
    assert "Aspirin" not in file.terms["term"].to_list()
    assert [("a record has no UI" in one, "nonsense" in one) for one in file.broken] == [(False, True), (True, False)]
    assert all("line" in one for one in file.broken)


def test_damaged_and_hostile_xml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "desc2025.xml"
    for text, said in (
        (xml()[:-40], "damaged or cut"),
        (
            '<!DOCTYPE DescriptorRecordSet [<!ENTITY a SYSTEM "file:///etc/passwd">]><DescriptorRecordSet>&a;</DescriptorRecordSet>',
            "entities",
        ),
        ("<DescriptorRecordSet></DescriptorRecordSet>", "no descriptor"),
    ):
        path.write_text(text)
        with pytest.raises(SourceError, match=said):
            read_vocabulary(path)
