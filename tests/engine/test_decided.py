"""Keys whose deciding rows are as they were are not answered again; all others are, whatever came, changed, went or broke off."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.derivations import Carried
from heedful.core.labels import Consented, Held
from heedful.core.schemas import Features
from heedful.engine.decided import Decided
from heedful.engine.local import Changed
from heedful.loops.derivations import all_derivations

PEOPLE = "abcd"
worlds = st.lists(st.dictionaries(st.sampled_from(PEOPLE), st.lists(st.integers(0, 2), unique=True, max_size=3)), min_size=2, max_size=6)


def table(world: dict[str, list[int]]) -> pl.DataFrame:
    rows = [(person, value) for person, values in world.items() for value in values]
    return pl.DataFrame(rows, schema={"person": pl.String, "value": pl.Int64}, orient="row")


@given(worlds, st.lists(st.booleans(), min_size=6, max_size=6))
def test_exactly_those_that_differ_are_named(worlds: list[dict[str, list[int]]], broken: list[bool]) -> None:
    decided, keys = Decided(), pl.DataFrame({"person": list(PEOPLE)})
    known: dict[str, set[int]] | None = None
    for world, breaks in zip(worlds, broken, strict=False):
        decided.drop()
        now = {person: set(world.get(person, ())) for person in PEOPLE}
        changed = set(decided.differing("f", keys, table(world))["person"])
        must = {person for person in PEOPLE if known is None or now[person] != known[person]}
        assert must <= changed
        if known is not None:  # who has no rows is asked again each time: nothing of them is kept
            assert changed <= must | {person for person in PEOPLE if not now[person]}
        if breaks:
            known = None
        else:
            decided.keep()
            known = now


def test_a_derivation_that_is_computed_anew_is_asked_of_all() -> None:
    decided, keys, rows = Decided(), pl.DataFrame({"person": ["a"]}), table({"a": [1]})
    assert decided.differing("f", keys, rows).height == 1
    decided.keep()
    assert decided.differing("f", keys, rows).is_empty()
    decided.forget("f")
    assert decided.differing("f", keys, rows).height == 1


def test_whole_rows_beside_those_that_only_tell_what_they_touch() -> None:
    changed, node = Changed(), (Features, Consented[Held])
    whole = pl.DataFrame({"person": ["a"], "day": [date(2026, 3, 1)], "value": [1.0]})
    changed.add(node, whole.select("person", "day"))
    changed.add(node, whole)
    rows = changed.of(node)
    assert rows is not None
    assert rows.columns == ["person", "day"]
    assert rows.height == 2


def test_what_a_person_was_answered_from_is_forgotten_alone() -> None:
    decided = Decided()
    rows = pl.DataFrame({"person": ["a", "b"], "value": [1, 2]})
    keys = rows.select("person")
    assert decided.differing("x", keys, rows)["person"].to_list() == ["a", "b"]
    decided.keep()
    decided.forget("x", pl.Series(["a"]))
    assert decided.differing("x", keys, rows)["person"].to_list() == ["a"]


def test_what_goes_in_public_leaves_what_is_known_of_people() -> None:
    """A stream of posts has deletions all the time. No answer that is kept, or carried on, follows from it alone."""
    decided, keys = Decided(), pl.DataFrame({"person": ["a"]})
    for went, asked in ((("posts", None), 0), (("features/daily_features", ["a"]), 0), (("features/daily_features", None), 1)):
        decided.differing("x", keys, keys)
        decided.keep()
        decided.went(*went)
        assert decided.differing("x", keys, keys).height == asked
    kept = [one for one in all_derivations() if one.decided_by is not None or isinstance(one.fold, Carried)]
    assert len(kept) > 4
    assert all(schema.stream == "personal" for one in kept for schema in one.reads)
