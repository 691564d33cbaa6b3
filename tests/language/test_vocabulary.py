from __future__ import annotations

import gzip
from importlib.resources import files

import polars as pl
import pytest

from heedful.core.errors import SettingsError
from heedful.language.vocabulary import Vocabulary

TERMS = pl.DataFrame({"term": ["flu"], "code": ["condition:influenza"], "label": ["Influenza"], "type": ["condition"]})
RULES = pl.DataFrame({"phrase": ["no"], "kind": ["absent"], "side": ["before"], "window": [3]})


def test_fingerprint_changes_with_terms_and_rules() -> None:
    base = Vocabulary(TERMS, RULES).fingerprint
    assert base == Vocabulary(TERMS.clone(), RULES.clone()).fingerprint
    assert base != Vocabulary(TERMS.with_columns(label=pl.lit("Flu")), RULES).fingerprint
    assert base != Vocabulary(TERMS, RULES.with_columns(window=pl.lit(4))).fingerprint


@pytest.mark.parametrize(
    ("terms", "rules", "message"),
    [
        (TERMS.drop("label"), RULES, "lacks label"),
        (TERMS.with_columns(code=pl.lit(None, pl.String)), RULES, "lacks code"),
        (TERMS.with_columns(type=pl.lit("spell")), RULES, "type spell"),
        (TERMS, RULES.drop("window"), "rules table lacks window"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(terms: pl.DataFrame, rules: pl.DataFrame, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Vocabulary(terms, rules)


@pytest.mark.parametrize("bad", [{"kind": "denied"}, {"side": "left"}, {"window": 9}])
def test_a_rule_that_cannot_be_used_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="The rule 'no'"):
        _ = Vocabulary(TERMS, RULES.with_columns(**{name: pl.lit(value) for name, value in bad.items()})).index


def test_the_packaged_vocabulary(vocabulary: Vocabulary) -> None:
    known = {term.lower(): code for term, code in vocabulary.terms.select("term", "code").iter_rows()}
    assert known["can't sleep"] == known["insomnia"] == "HP:0100785"
    assert known["zoloft"] == "drug:sertraline"
    assert known["flu"] == "condition:influenza"
    assert not {"falls", "corn", "honey", "at 10"} & known.keys()
    assert vocabulary.terms["term"].str.to_lowercase().is_duplicated().sum() == 0
    assert vocabulary.terms.group_by("code").agg(pl.col("type").n_unique()).filter(pl.col("type") > 1).height == 0


def test_packaged_tables_name_source_version_and_licence_and_are_small() -> None:
    data = files("heedful") / "data"
    for name, words in (
        ("vocabulary.tsv.gz", ("Human Phenotype Ontology 2025-01-16", "MIT")),
        ("gazetteer.tsv.gz", ("GeoNames", "CC BY 4.0")),
    ):
        head = gzip.decompress((data / name).read_bytes())[:1_000].decode()
        assert head.startswith("#")
        assert all(word in head for word in words)
    assert sum(len(f.read_bytes()) for f in data.iterdir() if f.name.endswith((".gz", ".tsv"))) < 4_000_000
