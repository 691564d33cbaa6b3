"""Near-duplicates against the definition, pair by pair, and against another program's sketches."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.errors import SchemaError, SettingsError
from heedful.language.voices.minhash import banded_pairs, bands_for, estimated_jaccard, sketches
from heedful.language.voices.near_duplicates import (
    groups_of_copies,
    near_duplicates,
    run_near_duplicates,
    text_shingles,
)
from heedful.language.voices.shingles import ShingleSets, shingle_sets
from heedful.loops.parity import parity


def as_sets(sets: list[set[int]]) -> ShingleSets:
    """Sets of numbers in the form in which they are joined."""
    starts = np.concatenate([[0], np.cumsum([len(of) for of in sets])]).astype(np.int64)
    return ShingleSets(starts, np.array([value for of in sets for value in sorted(of)], np.uint64))


def by_definition(sets: list[set[int]], threshold: float) -> list[tuple[int, int, float]]:
    """Every pair, one by one."""
    pairs = [(i, j, len(a & b) / len(a | b)) for (i, a), (j, b) in combinations(enumerate(sets), 2) if a and b]
    return [pair for pair in pairs if pair[2] >= threshold]


SETS = st.lists(st.sets(st.integers(0, 12), max_size=10), max_size=25)


@given(sets=SETS, threshold=st.sampled_from([0.05, 0.1, 0.3, 1 / 3, 0.5, 0.6, 2 / 3, 0.9, 1.0]))
def test_join_finds_exactly_the_pairs_of_the_definition(sets: list[set[int]], threshold: float) -> None:
    found = near_duplicates(as_sets(sets), threshold)
    assert list(zip(found.first.tolist(), found.second.tolist(), found.likeness.tolist(), strict=True)) == by_definition(sets, threshold)


@given(sets=SETS, threshold=st.sampled_from([0.3, 0.5, 0.9]))
def test_groups_are_the_chains_of_pairs(sets: list[set[int]], threshold: float) -> None:
    group = list(range(len(sets)))
    for i, j, _ in by_definition(sets, threshold):
        low, high = sorted((group[i], group[j]))
        group = [low if of == high else of for of in group]
    assert groups_of_copies(as_sets(sets), threshold).tolist() == group


@given(words=st.lists(st.lists(st.integers(0, 3), max_size=7), min_size=1, max_size=6), width=st.integers(1, 4))
def test_shingles_are_the_runs_of_words(words: list[list[int]], width: int) -> None:
    text = np.array([number for number, of in enumerate(words) for _ in of], np.int64)
    sets = shingle_sets(np.array([word for of in words for word in of], np.uint64), text, len(words), width)
    runs = [{tuple(of[i : i + width]) for i in range(max(len(of) - width, 0) + 1)} if of else set() for of in words]
    assert np.diff(sets.starts).tolist() == [len(of) for of in runs]
    for i, j in combinations(range(len(words)), 2):
        a, b = (set(sets.shingle[sets.starts[n] : sets.starts[n + 1]].tolist()) for n in (i, j))
        assert len(a & b) == len(runs[i] & runs[j])


def test_copies_are_found_through_case_marks_and_look_alike_letters() -> None:
    texts = pl.Series(["The vaccine changes your DNA, share this", "the vаccine changes your dna: SHARE THIS!!", "I slept well"])
    assert groups_of_copies(text_shingles(texts)).tolist() == [0, 0, 2]


def test_many_word_for_word_copies_are_one_group_and_are_not_listed_pair_by_pair() -> None:
    sets = text_shingles(pl.Series(["stop the jabs now friends"] * 20_000 + ["a text of its own kind"]))
    groups = groups_of_copies(sets)
    assert set(groups.tolist()) == {0, 20_000}
    with pytest.raises(SettingsError, match="groups of copies"):
        near_duplicates(sets)


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.5, float("nan")])
def test_impossible_threshold(threshold: float) -> None:
    with pytest.raises(SettingsError, match="threshold"):
        near_duplicates(as_sets([{1}, {1}]), threshold)


def test_sketches_estimate_without_bias_and_bands_find_likely_pairs() -> None:
    random = np.random.default_rng(0)
    sets = [{str(value) for value in random.choice(60, 40, replace=False)} for _ in range(60)]
    rows = sketches(sets, 256)
    first, second = np.triu_indices(60, 1)
    true = np.array([len(sets[i] & sets[j]) / len(sets[i] | sets[j]) for i, j in zip(first, second, strict=True)])
    estimate = estimated_jaccard(rows, first, second)
    assert abs(float((estimate - true).mean())) < 0.02
    assert float(np.sqrt(((estimate - true) ** 2).mean())) < 1.3 * float(np.sqrt((true * (1 - true) / 256).mean()))
    assert len(banded_pairs(rows, 0.2)) > 0.95 * len(true)


def test_bands_are_those_of_datasketch() -> None:
    # b and r of MinHashLSH(threshold=t, num_perm=n) in datasketch 2.0.0
    theirs = {(0.3, 64): (21, 3), (0.5, 128): (25, 5), (0.7, 128): (14, 9), (0.8, 256): (17, 15), (0.9, 100): (4, 23)}
    assert {asked: bands_for(*asked) for asked in theirs} == theirs


def test_sketches_are_those_of_datasketch() -> None:
    # MinHash(num_perm=4), updated with "fever dose stop" and "dose stop week", in datasketch 2.0.0; then of nothing
    assert sketches([{"fever dose stop", "dose stop week"}, set()], 4).tolist() == [
        [1285099847, 914698201, 300685539, 2290976181],
        [4294967295, 4294967295, 4294967295, 4294967295],
    ]


def test_an_unknown_shingle_or_a_missing_column_is_refused() -> None:
    documents = pl.DataFrame({"id": [0, 1], "text": ["a b", "a b"]})
    with pytest.raises(SettingsError, match="3-grams"):
        run_near_duplicates({"shingle": "sentences"}, {"documents": documents})
    with pytest.raises(SettingsError, match="seed"):
        run_near_duplicates({"seed": 3}, {"documents": documents})
    with pytest.raises(SchemaError, match="text"):
        run_near_duplicates({}, {"documents": documents.drop("text")})


def test_characters_as_shingles() -> None:
    documents = pl.DataFrame({"id": [7, 9], "text": ["abcd", "abce"]})
    answer = run_near_duplicates({"shingle": "character 2-grams", "threshold": 0.5}, {"documents": documents})
    assert answer["pairs"] == [[7, 9, 0.5]]
    assert answer["pairs_at_least_0.5"] == 1


def test_the_reference_case_is_equal(shared_reference: Path) -> None:
    results = parity(shared_reference / "trust", "provenance.near_duplicates")
    assert [result.message for result in results if not result.passed] == []
