"""Where a number comes from: the row in plain words, how it is computed, and the rows that went in, asked for again by its key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from heedful.core.errors import ConsentError, LabelError, NotFoundError
from heedful.core.labels import Aggregate, Consented, Held, Public
from heedful.core.row_ids import row_ids, table_of
from heedful.core.schemas import Counts, Decisions, LeftOut, Schema
from heedful.engine.plan import Step
from heedful.language.crisis import CRISIS_CONCEPTS
from heedful.loops.believed import believed
from heedful.loops.site import Site
from heedful.loops.vocabularies import site_crosswalks
from heedful.trust.consent import people_with, within_named

SHOWN = 20
"""Rows of each table shown; how many there are is always said."""


@dataclass(frozen=True)
class Explanation:
    """`said`: plain words. `row`: the row itself. `behind`: rows that went in, by table, with how many there are in all."""

    said: list[str]
    row: dict[str, Any]
    behind: list[tuple[str, int, pl.DataFrame]]


def explain(site: Site, words: Sequence[str]) -> Explanation:
    """Explain one derived row or decision, named by its id (`alarm:1f0c…`) or by its table and key (`alarm ears.c2 HP:0001945 US/NY …`).

    Raises `NotFoundError`, `ConsentError` where its person did not agree to care, and `LabelError` for a public author's words of crisis:
    these are looked at in counts only.
    """
    shown = " ".join(words)
    schema = table_of(words[0] if len(words) == 1 else f"{words[0]}:")
    if schema is Decisions:
        return _decision(site, words[1] if len(words) == 2 else words[0].split(":", 1)[1])
    if len(words) > 1 and len(words) - 1 != len(schema.key):
        raise NotFoundError(f"A row of {schema.table} is named by {len(schema.key)} values: {', '.join(schema.key)}.")
    for step in site.engine.plan.steps:
        if step.derivation.writes is not schema:
            continue
        rows = site.lake.read_derived(step.table, schema, None)
        if len(words) == 1:
            hits = rows.filter(row_ids(rows, schema) == shown)
        else:
            hits = rows.filter([pl.col(name).cast(pl.String) == word for name, word in zip(schema.key, words[1:], strict=True)])
        if hits.height:
            return _derived(site, step, schema, hits.row(0, named=True))
    raise NotFoundError(f"There is no {shown} on this site. It may have been corrected, erased, or belong to another site.")


def _derived(site: Site, step: Step, schema: type[Schema], row: dict[str, Any]) -> Explanation:
    if step.output[1] is Consented[Held]:
        _ask_consent(site, step, row)
    if step.output[1] is Public and _speak_of_crisis(pl.DataFrame([row])).all():
        raise LabelError("This row says of one public author that words of self-harm or overdose fired. Of these only counts are shown.")
    derivation = step.derivation
    key = {name: row[derivation.key_as.get(name, name)] for name in derivation.key}
    inputs = site.engine.behind(derivation.name, {derivation.key_as.get(name, name): value for name, value in key.items()})
    inputs = [(node, _of_same_text(rows, row)) for node, rows in inputs]
    definition = (derivation.function.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")
    said = [
        *([str(row["why"])] if row.get("why") else []),
        f"This is a row of {schema.table}, written by the derivation {derivation.name}, version {derivation.version}: {definition}",
        f"It was computed for {_words(key)} from {_counted(inputs)}"
        + (f", looking {derivation.lookback} days back." if 0 < derivation.lookback < 10**5 else "."),
    ]
    said += also_known(site, row)
    if schema is Counts:
        said.append(_who_is_left_out(site, row))
    if "devices" in derivation.needs:
        said += believed(inputs, site.engine.resources["devices"])
    for name in derivation.needs:
        said.append(f"It used the {name} {site.engine.resources[name].fingerprint[:60]}.")
    return Explanation(said, row, [(node[0].table, rows.height, _shown(node, _nearest_first(rows, row))) for node, rows in inputs])


def _shown(node: tuple[type[Schema], Any], rows: pl.DataFrame) -> pl.DataFrame:
    """The first rows, those left out that say of a public author that words of crisis fired."""
    return rows.filter(~_speak_of_crisis(rows)).head(SHOWN) if node[1] is Public else rows.head(SHOWN)


def _of_same_text(rows: pl.DataFrame, row: dict[str, Any]) -> pl.DataFrame:
    """Where a row is about one text and texts went in, that text alone: the others of its author are not what it rests on."""
    text = ("source", "post")
    if not all(name in rows.columns and name in row for name in text):
        return rows
    return rows.filter([pl.col(name) == row[name] for name in text])


def _nearest_first(rows: pl.DataFrame, row: dict[str, Any]) -> pl.DataFrame:
    """Rows of the same series before others, the newest first, where more went in than are shown."""
    same = [name for name in ("source", "signal", "concept", "place", "stratum") if name in rows.columns and row.get(name) is not None]
    if rows.height <= SHOWN or not same:
        return rows
    alike = pl.sum_horizontal([(pl.col(name) == row[name]).fill_null(False).cast(pl.Int64) for name in same])
    newest = [name for name in ("day", "known_at") if name in rows.columns]
    return rows.with_columns(_alike=alike).sort("_alike", *newest, descending=True, nulls_last=True).drop("_alike")


def _speak_of_crisis(rows: pl.DataFrame) -> pl.Series:
    named = [pl.col(name).is_in(CRISIS_CONCEPTS).fill_null(False) for name in ("concept", "effect") if name in rows.columns]
    return rows.select(speaks=pl.any_horizontal(pl.repeat(False, pl.len()), *named))["speaks"]


def also_known(site: Site, row: dict[str, Any]) -> list[str]:
    """The codes of other systems for the concept that a row is about, in one sentence; none if it has none."""
    code = str(row.get("concept") or row.get("effect") or row.get("signal") or "")
    known = site_crosswalks(site.settings, site.folder).filter(pl.col("code") == code) if ":" in code else pl.DataFrame()
    if not known.height:
        return []
    others = known.select(pl.concat_str("system", pl.lit(" "), "other")).to_series().unique(maintain_order=True).to_list()
    return [
        f"{code} is also known as {', '.join(others[:8])}{' and others' if len(others) > 8 else ''}: heedful vocabulary crosswalk {code}"
    ]


def _who_is_left_out(site: Site, row: dict[str, Any]) -> str:
    """One sentence: how many people the count leaves out because of flagged voices, as known then."""
    same = [pl.col(name) == row[name] for name in ("signal", "place", "stratum", "day")]
    known = site.engine.table(LeftOut, Aggregate).data.filter(*same, pl.col("known_at") <= row["known_at"]).sort("known_at").tail(1)
    if not known.height:
        return "Nobody was left out of it for a flagged voice."
    left = known.row(0, named=True)
    if left["people"] is None:
        return "A few people, too few to show, were left out of it because their voices are flagged (setting [voices] exclude)."
    return f"{left['people']:,} more people were left out of it, their voices being flagged: {left['flags']} (setting [voices] exclude)."


def _ask_consent(site: Site, step: Step, row: dict[str, Any]) -> None:
    grants, kinds = site.grants(), site.engine.plan.kinds(step)
    person = row.get("person") or row["author"]
    within = True
    if "person" in row and "day" in row:
        dated = pl.DataFrame([{name: row[name] for name in ("person", "day", "written_at") if name in row}])
        within = within_named(dated, grants, "care", kinds).all()
    if person not in people_with(grants, "care", kinds) or not within:
        raise ConsentError("This row is of a participant who has no consent for care in force that covers it; it is not shown.")


def _decision(site: Site, identifier: str) -> Explanation:
    rows = site.ledger.rows("decisions", decision=identifier)
    if not rows.height:
        raise NotFoundError(f"There is no decision {identifier} on this site.")
    row = rows.row(0, named=True)
    if row["person"] not in people_with(site.grants(), "care", {"activity"}):
        raise ConsentError("This decision is about a participant who has no consent for care in force; it is not shown.")
    local = f"{row['scheduled_at']:%Y-%m-%d %H:%M} UTC (offset {row['offset_minutes']} min)"
    said = [
        row["reason"],
        f"The decision point {row['decision_point']} was due at {local}; the answer was {row['outcome'].replace('_', ' ')}.",
    ]
    if row["refused_by"]:
        said.append(f"The step that refused was {row['refused_by'].replace('_', ' ')}; nothing was left to chance.")
    else:
        said.append(
            f"Policy {row['policy']} gave {row['action']} the probability {row['probability']:.3f}; the keyed draw was {row['u']:.4f}."
        )
    seen = json.loads(row["features"])
    snapshot = pl.DataFrame(
        {"seen": list(seen), "value": [json.dumps(value) for value in seen.values()]}, schema={"seen": pl.String, "value": pl.String}
    )
    behind = [("what the policy saw", snapshot.height, snapshot)]
    for table in ("deliveries", "outcomes"):
        found = site.ledger.rows(table, decision=identifier)
        if found.height:
            behind.append((table, found.height, found))
    return Explanation(said, row, behind)


def _words(key: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in key.items())


def _counted(inputs: list[tuple[Any, pl.DataFrame]]) -> str:
    return " and ".join(f"{rows.height:,} rows of {node[0].table}" for node, rows in inputs)
