"""One small ontology, written in both formats."""

OBO = r"""format-version: 1.2
data-version: x/releases/2025-01-16
ontology: x
property_value: http://purl.org/dc/terms/license https://example.org/license

[Term]
id: X:1
name: All

[Term]
id: X:2
name: Head pain ! a comment
synonym: "head \"ache\"" EXACT layperson [ORCID:1]
synonym: "cephalgia" EXACT []
synonym: "HP" EXACT abbreviation []
synonym: "pain" BROAD []
is_a: X:1 ! All

[Term]
id: X:3
name: Side \{left\} ache
synonym: "cephalgia" EXACT []
is_a: X:2 {source="y"} ! Head pain

[Term]
id: X:4
name: Mild

[Term]
id: X:5
name: Gone
is_obsolete: true

[Typedef]
id: part_of
name: part of
"""

_IRI = "http://purl.obolibrary.org/obo/X_"


def _synonym(text: str, scope: str = "Exact", kind: str = "") -> dict[str, str]:
    return {"pred": f"has{scope}Synonym", "val": text} | ({"synonymType": kind} if kind else {})


OBOGRAPHS = {
    "graphs": [
        {
            "id": "http://purl.obolibrary.org/obo/x.json",
            "meta": {
                "version": "x/releases/2025-01-16",
                "basicPropertyValues": [{"pred": "http://purl.org/dc/terms/license", "val": "https://example.org/license"}],
            },
            "nodes": [
                {"id": _IRI + "1", "lbl": "All", "type": "CLASS"},
                {
                    "id": _IRI + "2",
                    "lbl": "Head pain",
                    "type": "CLASS",
                    "meta": {
                        "synonyms": [
                            _synonym('head "ache"', kind="http://purl.obolibrary.org/obo/x#layperson"),
                            _synonym("cephalgia"),
                            _synonym("HP", kind="http://purl.obolibrary.org/obo/x#abbreviation"),
                            _synonym("pain", "Broad"),
                        ]
                    },
                },
                {"id": _IRI + "3", "lbl": "Side {left} ache", "type": "CLASS", "meta": {"synonyms": [_synonym("cephalgia")]}},
                {"id": _IRI + "4", "lbl": "Mild", "type": "CLASS"},
                {"id": _IRI + "5", "lbl": "Gone", "type": "CLASS", "meta": {"deprecated": True}},
                {"id": _IRI + "6", "type": "CLASS"},
                {"id": "http://purl.obolibrary.org/obo/BFO_0000050", "lbl": "part of", "type": "PROPERTY"},
            ],
            "edges": [
                {"sub": _IRI + "2", "pred": "is_a", "obj": _IRI + "1"},
                {"sub": _IRI + "3", "pred": "is_a", "obj": _IRI + "2"},
            ],
        }
    ]
}
