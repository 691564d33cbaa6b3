"""Notes for prescriber and pharmacist: a drug that this person takes, and what a guideline says of it for this person's genes.

Only where a report is in the record (`records.pharmcat`); heedful reads no genome. A drug is taken if it was dispensed or stands in the
record as a prescription or statement, by its name. The note carries the guideline's name, version and strength, and the report's
day: old guidelines must not speak unnoticed. It waits for approval like every item of a plan; no dose is changed here.
"""

from __future__ import annotations

from typing import Any

import orjson
import polars as pl

from heedful.core.derivations import derivation
from heedful.core.errors import SchemaError
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Dispensings, Plans, Records
from heedful.person.wording import drug_name

SYSTEM = "urn:heedful:pharmacogenomics"
_SAID = {"genes", "guideline", "version", "classification", "population"}
_PRESCRIBED = ("MedicationRequest", "MedicationStatement", "MedicationDispense")


@derivation(reads=(Records, Dispensings), writes=Plans, by=("person",), version=1)
def pharmacogenomic_notes(
    records: Frame[Consented[P], Records], dispensings: Frame[Consented[P], Dispensings]
) -> Frame[Consented[P], Plans]:
    """One item a drug taken and guideline that speaks of it, with the person's genes as the report names them (see the module)."""
    told = records.data.filter(pl.col("system") == SYSTEM)
    words = pl.concat([
        dispensings.data.select("person", text=drug_name(pl.col("drug")).str.to_lowercase()),
        records.data.filter(pl.col("type").is_in(_PRESCRIBED)).select("person", text=pl.col("display").str.to_lowercase()),
    ]).drop_nulls().unique()  # fmt: skip
    return records.derive(Plans, gene_notes(told, words))


def gene_notes(told: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Rows of `Plans`: what a report's guidelines say of the drugs that `words` name.

    told: rows of `Records` of the pharmacogenomic system. words: person, text (lower case).
    """
    told = told.select("person", "resource", "day", "json", drug="code")
    # By whole words: "simvastatin" is taken where "simvastatin 20 MG oral tablet" was dispensed.
    named = pl.format(" {} ", pl.col("text").str.replace_all(r"[^a-z0-9]+", " ")).str.contains(pl.format(" {} ", "drug"), literal=True)
    taken = told.join(words, on="person").filter(named)
    taken = told.join(taken.select("person", "resource").unique(), on=["person", "resource"], how="semi")
    items = [item for row in taken.sort("person", "resource").iter_rows(named=True) if (item := _item(row)) is not None]
    return pl.DataFrame(items, schema=Plans.dtypes()).sort("person", "item")


def _item(row: dict[str, Any]) -> dict[str, Any] | None:
    """The note; None for a resource of this system that says no guideline, which another program may have written."""
    try:
        document = orjson.loads(row["json"])
    except orjson.JSONDecodeError as error:
        raise SchemaError(f"records: {row['resource']} holds no JSON ({error}); read its source again.") from error
    found = document.get("heedful")
    if not isinstance(found, dict) or not set(found) >= _SAID or "valueString" not in document:
        return None
    population = found["population"]
    whom = f" For: {population}." if population and population != "general" else ""
    told = ", ".join(str(part) for part in (found["guideline"], f"version {found['version']}", found["classification"]) if part)
    report = f", report of {row['day']}" if row["day"] else ", a report without a date"
    return {
        "person": row["person"], "item": f"pharmacogenomics {row['drug']} {row['resource']}", "kind": "activity",
        "title": f"Look at {row['drug']} against the person's genes", "target": None, "unit": None, "measure": None, "comparator": None,
        "from_day": row["day"], "reason": f"{found['genes']}{report}. The guideline says: {document['valueString']}{whom}",
        "evidence": told, "given_by": None,
    }  # fmt: skip
