"""Every feature that a derivation writes has a card, with the unit that it carries; no card is of a feature that nobody writes."""

from __future__ import annotations

import random
from fnmatch import fnmatchcase

import polars as pl
import pytest
from tests.laws.base_rows import random_rows

from heedful.behavior.features.cards import CARDS, card_of, features_page
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Answers, ContextFeatures, Features, Observations
from heedful.core.seals import seal
from heedful.engine.plan import Plan
from heedful.loops.derivations import all_derivations
from heedful.loops.resources import site_resources
from heedful.loops.settings import Settings


@pytest.fixture(scope="module")
def written() -> pl.DataFrame:
    """Names and units of all features that come of random observations and answers."""
    rng = random.Random(3)
    base = {schema: random_rows(schema, rng, 3_000) for schema in (Observations, Answers)}
    known = site_resources(Settings())
    feeding = {table.table for d in all_derivations() if d.writes is Features for table in d.reads} | {
        Features.table,
        ContextFeatures.table,
    }
    results: dict[str, list[pl.DataFrame]] = {}
    for step in Plan(all_derivations()).steps:
        derivation = step.derivation
        held = [
            seal(base[schema] if schema in base else pl.concat(results[schema.table]), Consented[Care], schema)
            for schema in derivation.reads
            if schema in base or schema.table in results
        ]
        if derivation.writes.table not in feeding or len(held) != len(derivation.reads) or not set(derivation.needs) <= known.keys():
            continue
        found = derivation(*held, **{name: known[name] for name in derivation.needs})
        results.setdefault(derivation.writes.table, []).append(found.data)
    return pl.concat([*results["features"], *results["context_features"]]).select("feature", "unit").unique()


def test_every_feature_has_a_card(written: pl.DataFrame) -> None:
    assert [name for name in written["feature"] if card_of(name) is None] == []
    wrong = [
        (name, unit, card.unit)
        for name, unit in written.iter_rows()
        if (card := card_of(name)) is not None and card.unit not in (unit, "that of the code")
    ]
    assert wrong == []


def test_every_card_is_of_a_feature_that_random_rows_reach(written: pl.DataFrame) -> None:
    names = written["feature"].to_list()
    unmet = {name for name in CARDS if not any(fnmatchcase(each, name.replace("[", "[[]")) for each in names)}
    # what the random rows do not hold: SDNN, a vendor's variability of the day, hours of beats, other questionnaires
    unmet -= {name for name in unmet if name.endswith("[beats_24h]")}
    assert unmet <= {"hrv_sdnn[night]", "hrv_sdnn[vendor]", "hrv_rmssd[vendor]", "gad7[total]", "audit_c[total]", "psqi[global]"}


def test_the_page_names_every_card() -> None:
    page = features_page()
    assert all(f"`{name}`" in page for name in CARDS)
