"""Other orders of a term's words that cannot mean anything else: "back pain" is "pain in the back", "swelling of the lips" "lip swelling".

Free order would be wrong ("house cat", "cat house"; "fear of pain", "pain of fear"). So only a finding that is felt or seen, beside the
part of the body that has it, is turned round, in these ways only; what is a term by itself stays that term.
"""

from __future__ import annotations

import polars as pl

TURNED = (
    "pain", "pains", "ache", "aches", "swelling", "edema", "oedema", "inflammation", "weakness", "numbness", "tingling", "stiffness",
    "tightness", "tenderness", "redness", "itching", "itchiness", "dryness", "soreness", "cramp", "cramps", "cramping", "spasm",
    "spasms", "tremor", "tremors", "bleeding", "burning", "discomfort", "pressure", "twitching", "rash", "infection", "ulcer", "ulcers",
    "cyst", "cysts", "fracture",
)  # fmt: skip
"""What a part of the body has: named after the part ("lip swelling"), or before it ("swelling of the lip")."""

PARTS = (
    "abdomen", "ankle", "arm", "back", "belly", "bladder", "body", "bone", "bowel", "brain", "breast", "buttock", "calf", "cheek",
    "chest", "chin", "colon", "ear", "eardrum", "elbow", "eye", "eyebrow", "eyelid", "face", "feet", "finger", "fingernail", "foot",
    "forearm", "forehead", "gland", "groin", "gum", "gut", "hand", "head", "heart", "heel", "hip", "intestine", "jaw", "joint",
    "kidney", "knee", "knuckle", "leg", "ligament", "limb", "lip", "liver", "lung", "mouth", "muscle", "nail", "neck", "nerve",
    "nipple", "node", "nose", "nostril", "ovary", "palm", "pancreas", "pelvis", "penis", "rectum", "rib", "scalp", "scrotum", "shin",
    "shoulder", "sinus", "skin", "skull", "sole", "spine", "stomach", "temple", "tendon", "testicle", "thigh", "throat", "thumb", "toe",
    "toenail", "tongue", "tonsil", "tooth", "uterus", "vagina", "vein", "vulva", "wrist",
)  # fmt: skip
"""Of these the last word of a part must be one, in the singular or with an s."""

_HEADS = "|".join(sorted(TURNED, key=len, reverse=True))
_PART = rf"(?:[a-z-]+ )?(?:{'|'.join(PARTS)})s?"
_LOOSE = r"\b(?:of|in|on|at|and|or|with|to|by|from|the|my|after|during|due|no|not|a)\b"
"""Words that make more of a part than a part."""


def other_orders(terms: pl.DataFrame) -> pl.DataFrame:
    """The terms again in their other safe orders: columns term, code, label, type; none that `terms` holds, and of equal ones the first.

    `terms`: columns term, code, label, type, in English. Drugs have no other order; nor has a term whose part is more than two words, or
    ends in none of `PARTS`.

    >>> rows = [("ankle swelling", "a", "", "symptom"), ("inflammation of the joint", "b", "", "symptom"), ("bad pain", "c", "", "symptom")]
    >>> other_orders(pl.DataFrame(rows, schema=["term", "code", "label", "type"], orient="row")).select("term", "code").rows()
    ... # doctest: +NORMALIZE_WHITESPACE
    [('swelling of ankle', 'a'), ('swelling of the ankle', 'a'), ('swelling of my ankle', 'a'), ('swelling in ankle', 'a'),
     ('swelling in the ankle', 'a'), ('swelling in my ankle', 'a'), ('joint inflammation', 'b')]
    """
    term = pl.col("term").str.to_lowercase()
    findings = terms.filter(pl.col("type") != "drug").with_row_index("order")
    after = findings.with_columns(part=term.str.extract(rf"^({_PART}) (?:{_HEADS})$"), head=term.str.extract(rf" ({_HEADS})$"))
    before = findings.with_columns(
        part=term.str.extract(rf"^(?:{_HEADS}) (?:of|in) (?:the |my )?({_PART})$"), head=term.str.extract(rf"^({_HEADS}) ")
    )
    ways = [f" {word}{owner} " for word in ("of", "in") for owner in ("", " the", " my")]
    after, before = (pl.concat([table, _several(table)]) for table in (after, before))
    turned = [
        *(_said(after, pl.concat_str("head", pl.lit(way), "part")) for way in ways),
        _said(before, pl.concat_str("part", pl.lit(" "), "head")),
    ]
    found = pl.concat(turned).sort("order", maintain_order=True).unique("term", keep="first", maintain_order=True)
    return found.join(terms.select(term.alias("term")), on="term", how="anti", maintain_order="left").drop("order")


def _several(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings whose part ends in a word too short for the plural that longer words have by themselves, in that plural."""
    return findings.filter(pl.col("part").str.contains(r"(?:^| )[a-z]{3}$")).with_columns(pl.col("part") + "s")


def _said(findings: pl.DataFrame, way: pl.Expr) -> pl.DataFrame:
    plain = findings.filter(pl.col("part").is_not_null(), pl.col("head").is_not_null(), ~pl.col("part").str.contains(_LOOSE))
    return plain.select("order", way.alias("term"), "code", "label", "type")
