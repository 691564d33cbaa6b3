"""The tagger on a language with a known rule, on laws of its parts, and against plain Python."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.language.tagger.chain import NEVER, decode, learn
from heedful.language.tagger.dictionary import MARK_COLUMNS, learn_dictionary
from heedful.language.tagger.features import features_of
from heedful.language.tagger.packing import pack, unpack
from heedful.language.tagger.tagger import Recipe, learn_tagger, tag
from heedful.language.tagger.tags import SPAN_COLUMNS, allowed_steps, edges_of, spans_of, tags_of, with_edges

NO_MARKS = pl.DataFrame(schema=MARK_COLUMNS)
BODY = ("head", "belly", "left knee", "neck", "lower back", "shoulder")
FEELING = ("pain", "ache", "burning", "cramp")


def spoken(n: int, seed: int) -> tuple[pl.Series, pl.DataFrame]:
    """Texts with a complaint ('my left knee pain') and with the same words where they are none ('the left knee exam')."""
    random = np.random.default_rng(seed)
    texts, spans = [], []
    for post in range(n):
        part, feeling = BODY[random.integers(len(BODY))], FEELING[random.integers(len(FEELING))]
        ill = random.random() < 0.5
        before = "Since May I have " if ill else "They looked at the "
        words = f"{part} {feeling}" if ill else f"{part} exam"
        if ill:
            spans.append((post, len(before), len(before) + len(words), "effect"))
        texts.append(f"{before}{words} and that is all.")
    return pl.Series(texts), pl.DataFrame(spans, schema=SPAN_COLUMNS, orient="row")


SMALL = Recipe(bits=14, passes=6, rate=0.05, caution=0.0)


def test_a_rule_is_learned_and_holds_on_other_texts() -> None:
    tagger = learn_tagger(*spoken(200, 0), recipe=SMALL, seed=0)
    texts, gold = spoken(100, 1)
    assert tag(texts, tagger).drop("probability").rows() == gold.rows()


def test_the_same_seed_gives_the_same_tagger() -> None:
    one, two = (learn_tagger(*spoken(50, 0), recipe=SMALL, seed=3) for _ in range(2))
    assert np.array_equal(one.weights, two.weights)
    assert np.array_equal(one.steps, two.steps)


def test_caution_finds_fewer() -> None:
    tagger = learn_tagger(*spoken(60, 0), recipe=SMALL, seed=0)
    texts, _ = spoken(100, 1)
    found = [tag(texts, tagger, caution=c).height for c in (-20.0, 0.0, 20.0, 200.0)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == 0


def test_texts_do_not_lean_on_each_other_and_nothing_is_found_in_nothing() -> None:
    tagger = learn_tagger(*spoken(60, 0), recipe=SMALL, seed=0)
    texts = pl.Series(["I have neck pain", None, "", "🤮 (head ache", "I have neck pain"])
    together = tag(texts, tagger)
    alone = [tag(texts.slice(i, 1), tagger).with_columns(post=pl.lit(i, pl.Int32)) for i in range(5)]
    assert together.rows() == pl.concat(alone).rows()
    assert tag(pl.Series([], dtype=pl.String), tagger).height == 0


def test_a_tagger_survives_being_packed() -> None:
    tagger = learn_tagger(*spoken(200, 0), recipe=SMALL, seed=0)
    packed = pack(tagger, rows=4_000)
    texts, gold = spoken(100, 1)
    assert tag(texts, unpack(packed)).drop("probability").rows() == gold.rows()
    assert pack(tagger, rows=4_000) == packed
    assert len(packed) < 40_000


def test_a_damaged_file_is_refused() -> None:
    with pytest.raises(SettingsError, match="not a tagger"):
        unpack(b"something else")


@pytest.mark.parametrize(
    ("spans", "message"),
    [([], "nothing to learn"), ([(5, 0, 1, "x")], "outside"), ([(0, 0, 400, "x")], "outside"), ([(-1, 0, 1, "x")], "outside")],
)
def test_spans_that_cannot_be_are_refused(spans: list[tuple[int, int, int, str]], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        learn_tagger(pl.Series(["abc"]), pl.DataFrame(spans, schema=SPAN_COLUMNS, orient="row"), recipe=SMALL, seed=0)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_spans_survive_tags(data: st.DataObject) -> None:
    words = data.draw(st.lists(st.sampled_from(["pain", "é", "ab", "🤮", "don't", "x"]), min_size=1, max_size=12))
    text, at, places = "", 0, []
    for word in words:
        places.append((at, at + len(word.encode())))
        text += word + " "
        at += len(word.encode()) + 1
    cuts = sorted(data.draw(st.sets(st.integers(0, len(words)))))
    kinds = data.draw(st.lists(st.sampled_from([None, "a", "b"]), min_size=len(cuts), max_size=len(cuts)))
    spans = [
        (0, places[first][0], places[after - 1][1], kind)
        for (first, after), kind in zip(itertools.pairwise(cuts), kinds, strict=False)
        if kind
    ]
    gold = pl.DataFrame(spans, schema=SPAN_COLUMNS, orient="row")
    tokens = features_of(pl.Series([text]), NO_MARKS, bits=10, grams=True)
    assert spans_of(tokens, tags_of(tokens, gold, ("a", "b")), ("a", "b")).rows() == gold.rows()


def test_hashtags_are_parted_at_their_capitals() -> None:
    tokens = features_of(pl.Series(["#DiaContraElCancer McDonald ÁrbolÉl"]), NO_MARKS, bits=10, grams=False)
    text = "#DiaContraElCancer McDonald ÁrbolÉl".encode()
    words = [text[a:b].decode() for a, b in zip(tokens.start, tokens.end, strict=True)]
    assert words == ["Dia", "Contra", "El", "Cancer", "Mc", "Donald", "ÁrbolÉl"]


def test_edges_follow_the_examples() -> None:
    texts = pl.Series(["in #Libya now", "at #Kiev.", "nausea (at first) gone", "pain (mild)."])
    spans = pl.DataFrame([(0, 3, 9, "x"), (1, 3, 8, "x"), (2, 0, 17, "x"), (3, 0, 11, "x")], schema=SPAN_COLUMNS, orient="row")
    tokens = features_of(texts, NO_MARKS, bits=10, grams=False)
    bare = spans_of(tokens, tags_of(tokens, spans, ("x",)), ("x",))
    assert bare["start"].to_list() == [4, 4, 0, 0]
    assert with_edges(texts, bare, edges_of(texts, tokens, spans)).rows() == spans.rows()


def test_the_dictionary_keeps_what_is_mostly_marked() -> None:
    texts = pl.Series(["pain and fog", "pain in fog", "fog"])
    spans = pl.DataFrame([(0, 0, 4, "x"), (1, 0, 4, "x"), (1, 8, 11, "x")], schema=SPAN_COLUMNS, orient="row")
    assert learn_dictionary(texts, spans, pl.Series([0, 1, 2], dtype=pl.Int32), 0.5).to_list() == ["pain"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 2))
def test_decoding_finds_the_best_of_all_paths(seed: int, n: int, types: int) -> None:
    random = np.random.default_rng(seed)
    allowed = allowed_steps(types)
    tags = allowed.shape[1]
    weights = random.normal(size=(8, tags)).astype(np.float32)
    steps = np.where(allowed, random.normal(size=(tags + 2, tags)), NEVER)
    features = random.integers(0, 8, 2 * n).astype(np.int32)
    found = decode(np.arange(0, 2 * n + 1, 2), features, np.array([0, n]), weights, steps, 0.0)
    best = max(
        itertools.product(range(tags), repeat=n) if tags**n < 60_000 else [tuple(found)],
        key=lambda path: score(path, features, weights, steps),
    )
    assert score(tuple(found), features, weights, steps) == pytest.approx(score(best, features, weights, steps))


def score(path: tuple[int, ...], features: np.ndarray, weights: np.ndarray, steps: np.ndarray) -> float:  # type: ignore[type-arg]
    tags = weights.shape[1]
    emitted = sum(float(weights[features[2 * i], k]) + float(weights[features[2 * i + 1], k]) for i, k in enumerate(path))
    moved = steps[tags, path[0]] + steps[tags + 1, path[-1]] + sum(steps[a, b] for a, b in itertools.pairwise(path))
    return emitted + float(moved)


def test_learning_climbs_the_likelihood_that_plain_python_computes() -> None:
    """One element a chain is a logistic regression: its weights must part the classes as the counts do."""
    features = np.array([0, 0, 0, 0, 1, 1, 1, 1], np.int32)
    gold = np.array([0, 0, 0, 1, 1, 1, 1, 1], np.int8)
    orders = np.stack([np.random.default_rng(i).permutation(8) for i in range(400)])
    allowed = np.ones((4, 2), bool)
    noise = np.full(7, 1 << 31, np.uint32)
    weights, steps = learn(np.arange(9), features, np.arange(9), gold, allowed, 2, orders, 0.05, 0.0, 0.0, noise)
    scores = weights.astype(float) + steps[2] + steps[3]
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert shares[0, 1] == pytest.approx(0.25, abs=0.05)
    assert shares[1, 1] > 0.95
