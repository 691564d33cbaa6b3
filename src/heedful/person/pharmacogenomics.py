"""Pharmacogenomics: from a person's two alleles to a metabolizer phenotype, and from that to what a guideline's table says of a drug.

The two functions of a diplotype give the phenotype by the gene's consensus terms; drug, population and phenotype then pick one row of a
recommendation table that the caller brings, with its date: guidelines change, and an old table must not speak unnoticed.

References: Caudle et al. 2017, Genet Med 19:215 (terms); Lee et al. 2022, Clin Pharmacol Ther 112:959 (CYP2C19); Cooper-DeHoff et al.
2022, Clin Pharmacol Ther 111:1007 (SLCO1B1). Equals the phenotype and recommendation tables of PharmCAT (5431bf1, 905306f, 77e5430).
Findings for prescriber and pharmacist to judge; no dose is changed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from heedful.core.columns import check_arguments
from heedful.core.errors import HeedfulError, NotFoundError
from heedful.core.registry import Card, method

NORMAL, NONE, DECREASED, INCREASED = "Normal function", "No function", "Decreased function", "Increased function"
UNDECIDED = ("Uncertain function", "Unknown function")
INDETERMINATE = "Indeterminate"
STALE_DAYS = 730
"""A recommendation table older than two years is refused unless the caller says otherwise."""


class PharmacogenomicsError(HeedfulError):
    """An allele, gene or table is unknown, ambiguous or out of date."""


def _pairs(*rows: tuple[str, str, str]) -> dict[frozenset[str], str]:
    return {frozenset((first, second)): phenotype for first, second, phenotype in rows}


PHENOTYPES: Mapping[str, Mapping[frozenset[str], str]] = {
    "CYP2C19": _pairs(
        (NORMAL, NORMAL, "Normal Metabolizer"),
        (INCREASED, INCREASED, "Ultrarapid Metabolizer"),
        (NORMAL, INCREASED, "Rapid Metabolizer"),
        (NORMAL, NONE, "Intermediate Metabolizer"),
        (INCREASED, NONE, "Intermediate Metabolizer"),
        (NORMAL, DECREASED, "Likely Intermediate Metabolizer"),
        (INCREASED, DECREASED, "Likely Intermediate Metabolizer"),
        (DECREASED, DECREASED, "Likely Intermediate Metabolizer"),
        (DECREASED, NONE, "Likely Poor Metabolizer"),
        (NONE, NONE, "Poor Metabolizer"),
    ),
    "SLCO1B1": _pairs(
        (NORMAL, NORMAL, "Normal Function"),
        (NORMAL, INCREASED, "Normal Function"),
        (INCREASED, INCREASED, "Increased Function"),
        (NORMAL, DECREASED, "Decreased Function"),
        (NORMAL, NONE, "Decreased Function"),
        (INCREASED, NONE, "Decreased Function"),
        (INCREASED, DECREASED, "Decreased Function"),
        (DECREASED, DECREASED, "Poor Function"),
        (DECREASED, NONE, "Poor Function"),
        (NONE, NONE, "Poor Function"),
    ),
}
"""Phenotype of two allele functions, in any order; a pair that holds an undecided one is not listed."""


@dataclass(frozen=True)
class Recommendation:
    """A row of the guideline's table."""

    text: str
    classification: str


def phenotypes(gene: str, diplotypes: Sequence[str], functions: Mapping[str, str]) -> list[str]:
    """Phenotype of each diplotype ('*1/*17'), by the function of each allele of this gene.

    Errors: `PharmacogenomicsError` for a gene without a table here, a diplotype that is not two alleles, or an allele without function:
    a missing allele must not pass as normal.

    >>> phenotypes("CYP2C19", ["*1/*17", "*2/*2"], {"*1": "Normal function", "*2": "No function", "*17": "Increased function"})
    ['Rapid Metabolizer', 'Poor Metabolizer']
    """
    if gene not in PHENOTYPES:
        raise PharmacogenomicsError(f"{gene}: no phenotype table for this gene here, only for {', '.join(PHENOTYPES)}.")
    known: dict[str, str] = {}
    for diplotype in diplotypes:
        if diplotype not in known:
            known[diplotype] = _phenotype(gene, diplotype, functions)
    return [known[diplotype] for diplotype in diplotypes]


def _phenotype(gene: str, diplotype: str, functions: Mapping[str, str]) -> str:
    alleles = [allele.strip() for allele in diplotype.split("/")]
    if len(alleles) != 2 or not all(alleles):
        raise PharmacogenomicsError(f"{gene} {diplotype!r} is not a diplotype; write two alleles with a stroke, such as *1/*2.")
    for allele in alleles:
        if allele not in functions:
            raise PharmacogenomicsError(
                f"{gene} {allele}: no function is given for this allele; add it to the table or ask the laboratory."
            )
    pair = frozenset(functions[allele].strip().capitalize() for allele in alleles)
    if pair & set(UNDECIDED):
        return _with_undecided(gene, pair)
    if pair not in PHENOTYPES[gene]:
        raise PharmacogenomicsError(f"{gene} {diplotype}: the functions {', '.join(sorted(pair))} have no phenotype; known are "
                                    f"{NORMAL}, {NONE}, {DECREASED}, {INCREASED}, {', '.join(UNDECIDED)}.")  # fmt: skip
    return PHENOTYPES[gene][pair]


def _with_undecided(gene: str, pair: frozenset[str]) -> str:
    """SLCO1B1: one lost allele beside an undecided one still says something; anything else is indeterminate."""
    if gene == "SLCO1B1" and pair & {NONE, DECREASED}:
        return "Possible Decreased Function"
    return INDETERMINATE


def recommendation(
    table: Sequence[Mapping[str, str]], drug: str, phenotype: str, population: str = "general", *, issued: date | None = None,
    today: date | None = None, gene: str | None = None,
) -> Recommendation:  # fmt: skip
    """What the table says of `drug` for this phenotype in this population.

    Parameters
    ----------
    table: rows with drug, population, phenotype, recommendation, classification and, where more than one gene counts, gene. issued: the
    table's date; with `today` given, a table older than two years is refused.

    Errors: `PharmacogenomicsError` if the table is out of date or has two answers, `NotFoundError` if it has none.

    >>> rows = [{"drug": "d", "population": "general", "phenotype": "p", "recommendation": "Ask.", "classification": "Strong"}]
    >>> recommendation(rows, "d", "p").text
    'Ask.'
    """
    if today is not None and (issued is None or (today - issued).days > STALE_DAYS):
        age = "of unknown date" if issued is None else f"of {issued}, more than two years old"
        raise PharmacogenomicsError(f"The recommendation table is {age}; fetch the current guideline before anybody acts on it.")
    found = {
        Recommendation(row["recommendation"], row["classification"])
        for row in table
        if _same(row["drug"], drug) and _same(row["phenotype"], phenotype) and _same(row.get("population", "general"), population)
        and (gene is None or _same(row.get("gene", gene), gene))
    }  # fmt: skip
    if not found:
        raise NotFoundError(f"The table says nothing of {drug}, {phenotype}, population {population!r}: no recommendation, not a safe one.")
    if len(found) > 1:
        raise PharmacogenomicsError(f"The table says {len(found)} different things of {drug}, {phenotype}, {population!r}; name the gene.")
    return found.pop()


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


_ARGUMENTS = {"genes", "drugs", "lookups"}


@method(Card(
    name="plans.pharmacogenomic_recommendation",
    definition="Phenotype of a diplotype from its alleles' functions; a guideline table's recommendation for drug, population, phenotype.",
    units="text",
    reference="Caudle et al. 2017, Genet Med 19:215; Lee et al. 2022; Cooper-DeHoff et al. 2022",
    equals="PharmCAT phenotype and recommendation tables of 2022, exactly",
    limits="CYP2C19 and SLCO1B1 only; copy numbers and phasing are the laboratory's; texts are as old as the table that is given.",
))  # fmt: skip
def run_pharmacogenomic_recommendation(arguments: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A parity case: `diplotypes` (gene, diplotype), `allele_function` by gene, `recommendation_table`."""
    check_arguments("plans.pharmacogenomic_recommendation", arguments, _ARGUMENTS)
    diplotypes: pl.DataFrame = inputs["diplotypes"]
    _only_known("gene", diplotypes["gene"].unique().to_list(), arguments.get("genes"))
    _only_known("drug", [look["drug"] for look in arguments["lookups"]], arguments.get("drugs"))
    functions = inputs["allele_function"]
    found: list[str] = []
    for gene, diplotype in diplotypes.select("gene", "diplotype").iter_rows():
        found += phenotypes(gene, [diplotype], functions.get(gene, {}))
    table = inputs["recommendation_table"]
    told = [
        recommendation(table, look["drug"], look["phenotype"], look.get("population", "general"), gene=look.get("gene"))
        for look in arguments["lookups"]
    ]
    return {
        "phenotype": found, "recommendation": [row.text for row in told], "classification": [row.classification for row in told],
    }  # fmt: skip


def _only_known(kind: str, named: Sequence[str], allowed: Sequence[str] | None) -> None:
    extra = sorted(set(named) - set(allowed)) if allowed is not None else []
    if extra:
        raise PharmacogenomicsError(f"The case is about the {kind}s {', '.join(allowed or [])}, but also asks for {', '.join(extra)}.")
