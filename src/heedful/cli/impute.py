"""`heedful impute`: a person's days of a feature with the missing ones filled and marked, for programs that need every row."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from heedful.behavior.imputation import imputed_days
from heedful.cli.console import emit, open_site, say, table
from heedful.core.errors import NotFoundError
from heedful.core.labels import Care
from heedful.core.schemas import Features


def impute(config: Path, person: str, feature: str, days: int, json: bool) -> None:
    """Print a feature's days; nothing that is filled is kept."""
    with open_site(config) as site:
        name = site.person(person)
        rows = site.view(Features, Care).data.filter((pl.col("person") == name) & (pl.col("feature") == feature)).sort("day")
        if rows.is_empty():
            raise NotFoundError(f"{person} has no day of {feature!r}. Features are listed in docs/features.md.")
        found = imputed_days(rows, days)
        site.ledger.audit(site.clock.now(), "read", {"person": name, "feature": feature, "imputed": int(found["imputed"].sum())})
    shown = found.select("day", "value", "unit", "imputed", "from_days", "missing")
    if json:
        emit({"feature": feature, "days": shown.to_dicts()})
        return
    marked = [(day, value, unit, f"filled from {n} days" if filled else "", why) for day, value, unit, filled, n, why in shown.rows()]
    table(f"{feature} of {person}", ["day", "value", "unit", "imputed", "missing because"], marked)
    say(f"{int(found['imputed'].sum())} of {found.height} days were filled with the median of like days; they were not measured.")
