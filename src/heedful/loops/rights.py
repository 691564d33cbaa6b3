"""Rights of a participant: erase all that is held, down to the last derived row and file; export all that is held."""

from __future__ import annotations

import json
import shutil
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from heedful.core.labels import Care, Consented, Held
from heedful.core.schemas import TABLES, Dispensings, Observations, People, Plans, Records, Schema
from heedful.loops.site import Site
from heedful.person import care_plan
from heedful.person.fhir_export import dispensing_resource, observation_resources, patient_resource, record_resource


def erase_person(site: Site, person: str) -> dict[str, Any]:
    """Erase one participant (a pseudonym): base rows, every derived row, acts in the ledger, messages, then the files they lay in.

    Afterwards the lake equals one that never held the person. Returns the receipt; it is kept, and names nobody.
    """
    with site.writing():
        messages = site.ledger.rows("decisions", person=person)["decision"].to_list()
        rows = site.intake.delete("person", [person])
        for name, count in site.ledger.forget_person(person).items():
            rows[name] = count
        for decision in messages:
            (site.folder / "outbox" / f"{decision}.txt").unlink(missing_ok=True)
        shutil.rmtree(site.folder / "safety_drafts" / person, ignore_errors=True)
        for name in site.lake.names():
            if _may_hold_people(name):
                site.lake.vacuum(name)
                site.lake.forget_history(name)
        now = site.clock.now()
        receipt = {
            "erasure": blake2b(f"{person}{now.isoformat()}".encode(), digest_size=8).hexdigest(),
            "rows": rows,
            "at": now.isoformat(),
        }
        site.ledger.insert(
            "erasures",
            [
                {
                    "erasure": receipt["erasure"],
                    "scope": "person",
                    "subject": person,
                    "receipt": json.dumps(rows, sort_keys=True),
                    "at": now,
                }
            ],
        )
        site.ledger.audit(now, "erase", {"erasure": receipt["erasure"], "tables": len(rows)})
    return receipt


def export_person(site: Site, person: str, out: Path) -> dict[str, int]:
    """Write all that is held about a participant: one CSV a table, and FHIR R4 for all that FHIR has a place for; returns rows by file.

    The participant sees everything held, whatever its purpose: it is theirs.
    """
    out.mkdir(parents=True, exist_ok=True)
    written: dict[str, int] = {}
    for schema in TABLES.values():
        rows = _rows_of(site, schema, person)
        if rows.height:
            file = out / f"{schema.table}.csv"
            rows.write_csv(file)
            written[file.name] = rows.height
    written |= _fhir(site, person, out)
    (out / "README.txt").write_text(_readme(site, person, written), "utf-8")
    site.ledger.audit(site.clock.now(), "export", {"person": person, "files": len(written)})
    return written


def _rows_of(site: Site, schema: type[Schema], person: str) -> pl.DataFrame:
    if schema.kind == "ledger":
        if "person" in schema.columns:
            return site.ledger.rows(schema.table, person=person)
        if schema.table in ("deliveries", "outcomes"):
            return site.ledger.rows(schema.table).join(
                site.ledger.rows("decisions", person=person).select("decision"), on="decision", how="semi"
            )
        return schema.empty()
    column = "person" if "person" in schema.columns else "author" if schema.stream == "either" and "author" in schema.columns else ""
    if not column:
        return schema.empty()
    if schema.kind == "base":
        return site.lake.read(schema, pl.DataFrame({column: [person]}))
    frames = [frame.data for frame, _ in site.held(schema)] if (schema, Consented[Held]) in site.engine.plan.writers else []
    return pl.concat([schema.empty(), *(frame.filter(pl.col(column) == person) for frame in frames)])


def _fhir(site: Site, person: str, out: Path) -> dict[str, int]:
    """Bundle of the person, the record, dispensings and the plan; observations, which may be millions, one a line."""
    mine = pl.DataFrame({"person": [person]})
    held = {schema: site.lake.read(schema, mine) for schema in (People, Records, Dispensings, Observations)}
    resources = [patient_resource(row) for row in held[People].iter_rows(named=True)]
    resources += [record_resource(row) for row in held[Records].iter_rows(named=True)]
    resources += [dispensing_resource(row, number) for number, row in enumerate(held[Dispensings].iter_rows(named=True), 1)]
    plans = site.view(Plans, Care)
    if not plans.data.filter((pl.col("person") == person) & pl.col("given_by").is_null()).is_empty():
        resources += care_plan(plans, site.ledger.rows("approvals"), person, site.clock.now())
    written = {}
    if resources:
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource} for resource in resources]}
        (out / "fhir_bundle.json").write_bytes(orjson.dumps(bundle, option=orjson.OPT_INDENT_2))
        written["fhir_bundle.json"] = len(resources)
    if held[Observations].height:
        with (out / "fhir_observations.ndjson").open("wb") as file:
            file.writelines(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in observation_resources(held[Observations]))
        written["fhir_observations.ndjson"] = held[Observations].height
    return written


def _readme(site: Site, person: str, written: dict[str, int]) -> str:
    lines = [
        f"Everything that {site.settings.site.name} holds about participant {person}, as of {site.clock.now():%Y-%m-%d %H:%M} UTC.",
        "One CSV file a table; what the columns mean stands in docs/data-model.md of heedful. Nothing here is a diagnosis.",
        "",
        *(f"{name}: {count} rows" for name, count in written.items()),
        "",
        f"To have all of it erased, ask for: heedful erase {person}",
    ]
    return "\n".join(lines) + "\n"


def _may_hold_people(name: str) -> bool:
    schema = TABLES[name.split("/")[0]]
    return schema.stream in ("personal", "either")
