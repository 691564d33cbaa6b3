from __future__ import annotations

from datetime import date
from itertools import product

import pytest

from heedful.core.errors import NotFoundError
from heedful.person.pharmacogenomics import PHENOTYPES, PharmacogenomicsError, phenotypes, recommendation

FUNCTIONS = {
    "*1": "Normal function", "*2": "No function", "*9": "Decreased function", "*17": "Increased function", "*12": "Uncertain function",
}  # fmt: skip
ROW = {"drug": "clopidogrel", "population": "NVI", "gene": "CYP2C19", "phenotype": "Poor Metabolizer", "recommendation": "Avoid.",
       "classification": "Moderate"}  # fmt: skip


@pytest.mark.parametrize("gene", PHENOTYPES)
def test_every_pair_has_a_phenotype_whatever_the_order(gene: str) -> None:
    for one, other in product(FUNCTIONS, FUNCTIONS):
        assert phenotypes(gene, [f"{one}/{other}"], FUNCTIONS) == phenotypes(gene, [f"{other}/{one}"], FUNCTIONS)


def test_what_is_not_known_is_never_normal() -> None:
    with pytest.raises(PharmacogenomicsError, match=r"\*99"):
        phenotypes("CYP2C19", ["*1/*99"], FUNCTIONS)
    with pytest.raises(PharmacogenomicsError, match="not a diplotype"):
        phenotypes("CYP2C19", ["*1"], FUNCTIONS)
    with pytest.raises(PharmacogenomicsError, match="CYP9"):
        phenotypes("CYP9", ["*1/*1"], FUNCTIONS)
    with pytest.raises(PharmacogenomicsError, match="no phenotype"):
        phenotypes("CYP2C19", ["*1/*1"], {"*1": "Odd function"})
    with pytest.raises(NotFoundError, match="not a safe one"):
        recommendation([ROW], "warfarin", "Poor Metabolizer", "NVI")


def test_an_old_or_ambiguous_table_is_refused() -> None:
    asked = ("clopidogrel", "Poor Metabolizer", "NVI")
    assert recommendation([ROW], *asked, issued=date(2026, 1, 1), today=date(2026, 6, 1)).classification == "Moderate"
    with pytest.raises(PharmacogenomicsError, match="more than two years"):
        recommendation([ROW], *asked, issued=date(2022, 1, 1), today=date(2026, 6, 1))
    with pytest.raises(PharmacogenomicsError, match="unknown date"):
        recommendation([ROW], *asked, today=date(2026, 6, 1))
    with pytest.raises(PharmacogenomicsError, match="different things"):
        recommendation([ROW, {**ROW, "gene": "ABCB1", "recommendation": "Go on."}], *asked)
    assert recommendation([ROW, {**ROW, "gene": "ABCB1", "recommendation": "Go on."}], *asked, gene="CYP2C19").text == "Avoid."
