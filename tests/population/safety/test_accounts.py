"""Accounts against openEBGM's own hand-counted example, and what they must not add up."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.errors import SchemaError, SettingsError
from heedful.population.safety.accounts import SOCIAL, SPONTANEOUS, count_accounts

PRODUCTS = ["A", "B", "B", "B", "C", "A", "A", "B", "B", "C"]
EVENTS = ["1", "2", "2", "3", "3", "2", "3", "3", "3", "1"]
STRATA = ["Male1"] * 5 + ["Female1"] * 3 + ["Male2"] * 2


def reports(**more: list[str]) -> pl.DataFrame:
    """Ten reports of one product and one event each: tests/testthat/testA_Counts.R of openEBGM 0.9.1."""
    people = [f"p{n}" for n in range(10)]
    return pl.DataFrame({"person": people, "drug": PRODUCTS, "effect": EVENTS, "source": ["clinic"] * 10, **more})


def test_counts_and_expectations_are_those_openebgm_counted_by_hand() -> None:
    found = count_accounts(reports(), set()).pairs
    assert found.select("drug", "effect", "observed").rows() == [
        ("A", "1", 1), ("A", "2", 1), ("A", "3", 1), ("B", "2", 2), ("B", "3", 3), ("C", "1", 1), ("C", "3", 1),
    ]  # fmt: skip
    assert found["expected"].to_list() == pytest.approx([0.6, 0.9, 1.5, 1.5, 2.5, 0.4, 1.0])
    assert set(found["kind"]) == {SPONTANEOUS}


def test_stratified_expectations_too() -> None:
    found = count_accounts(reports(stratum=STRATA), set()).pairs
    assert found["expected"].to_list() == pytest.approx([0.2, 0.4 + 2 / 3, 0.4 + 4 / 3, 1.2 + 1 / 3, 1.7 + 2 / 3, 0.7, 0.9])


def test_a_person_counts_once_however_often_they_tell() -> None:
    once = count_accounts(reports(), set())
    again = count_accounts(pl.concat([reports(), reports(), reports().head(3)]), set())
    assert again.pairs.equals(once.pairs)
    assert (once.repeats, again.repeats) == (0, 13)


def test_social_and_spontaneous_reports_are_never_added() -> None:
    both = pl.concat([reports(), reports().with_columns(pl.lit("forum").alias("source"))])
    found = count_accounts(both, {"forum"}).pairs
    assert found.filter(kind=SOCIAL).drop("kind").equals(found.filter(kind=SPONTANEOUS).drop("kind"))
    assert set(found["total"]) == {10}


def test_the_same_words_from_many_people_are_one_account() -> None:
    crowd = pl.DataFrame({
        "person": ["z", "b", "c", "d"], "drug": ["x"] * 4, "effect": ["rash"] * 4, "source": ["forum"] * 4,
        "day": [date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 3), date(2025, 1, 3)], "fingerprint": ["same", "same", "same", None],
    })  # fmt: skip
    found = count_accounts(crowd, {"forum"})
    assert (found.campaigns, found.pairs["observed"][0], found.pairs["drug_total"][0]) == (2, 2, 2)


def test_an_account_without_effect_counts_for_its_drug_alone() -> None:
    quiet = pl.DataFrame({"person": ["q"], "drug": ["A"], "effect": [None], "source": ["clinic"]}, schema_overrides={"effect": pl.String})
    found = count_accounts(pl.concat([reports(), quiet]), set()).pairs.filter(drug="A", effect="1").row(0, named=True)
    assert (found["observed"], found["drug_total"], found["effect_total"], found["total"]) == (1, 4, 2, 11)


WORDS = st.tuples(st.sampled_from("pqrs"), st.sampled_from("xy"), st.sampled_from(["", "a", "b"]), st.sampled_from(["forum", "clinic"]))


@given(st.lists(WORDS, max_size=30), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing_and_every_fourfold_table_exists(rows: list[tuple[str, ...]], random: object) -> None:
    schema = {"person": pl.String, "drug": pl.String, "effect": pl.String, "source": pl.String}
    shuffled = [*rows, *rows[:5]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    found = count_accounts(pl.DataFrame(rows, schema=schema, orient="row"), {"forum"}).pairs
    assert found.equals(count_accounts(pl.DataFrame(shuffled, schema=schema, orient="row"), {"forum"}).pairs)
    neither = found["total"] - found["drug_total"] - found["effect_total"] + found["observed"]
    assert (neither >= 0).all()


def test_what_nobody_can_count_is_refused() -> None:
    with pytest.raises(SchemaError, match="source is not there"):
        count_accounts(reports().drop("source"), set())
    with pytest.raises(SchemaError, match="1 of 10 experiences have no drug"):
        count_accounts(reports().with_columns(drug=pl.Series([None, *PRODUCTS[1:]])), set())
    with pytest.raises(SchemaError, match="two strata"):
        count_accounts(pl.concat([reports(stratum=STRATA), reports(stratum=["else"] * 10)]), set())
    with pytest.raises(SettingsError, match="collection"):
        count_accounts(reports(), "forum")
