"""Roles of spans: learned where the sentence, or the one before it, decides."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from heedful.core.errors import SettingsError
from heedful.language.roles import RoleRecipe, learn_roles, roles_of
from heedful.language.vocabulary import Vocabulary

WORDS = ("anxiety", "headache", "insomnia", "sweating", "tremor")
FRAMES = {
    "indication": ("I take it for my {}.", "Why I take it. The {}."),
    "effect": ("It gave me {}.", "Here are my side effects. Awful {}."),
    "withdrawal": ("When I stopped it I had {}.", "I quit cold turkey. Then {}."),
}
SMALL = RoleRecipe(passes=20, rate=0.05, bits=14)
SCHEMA = {"post": pl.Int32, "start": pl.Int32, "end": pl.Int32, "role": pl.String}


def told(n: int, seed: int) -> tuple[pl.Series, pl.DataFrame]:
    random = np.random.default_rng(seed)
    texts, spans = [], []
    for post in range(n):
        role = list(FRAMES)[random.integers(3)]
        frame, word = FRAMES[role][random.integers(2)], WORDS[random.integers(len(WORDS))]
        start = frame.index("{")
        texts.append(frame.format(word))
        spans.append((post, start, start + len(word), role))
    return pl.Series(texts), pl.DataFrame(spans, schema=SCHEMA, orient="row")


def test_the_words_around_decide(vocabulary: Vocabulary) -> None:
    model = learn_roles(*told(150, 0), cues=vocabulary.rules, recipe=SMALL, seed=0)
    texts, spans = told(60, 1)
    assert roles_of(texts, spans, model, cues=vocabulary.rules).to_list() == spans["role"].to_list()


def test_answers_keep_the_order_of_the_spans(vocabulary: Vocabulary) -> None:
    model = learn_roles(*told(150, 0), cues=vocabulary.rules, recipe=SMALL, seed=0)
    texts, spans = told(60, 1)
    mixed = spans.sample(fraction=1, shuffle=True, seed=2)
    assert roles_of(texts, mixed, model, cues=vocabulary.rules).to_list() == mixed["role"].to_list()
    assert roles_of(texts, spans.head(0), model, cues=vocabulary.rules).len() == 0


def test_nothing_cannot_be_learned_from(vocabulary: Vocabulary) -> None:
    with pytest.raises(SettingsError, match="spans are none"):
        learn_roles(pl.Series(["a"]), pl.DataFrame(schema=SCHEMA), cues=vocabulary.rules, recipe=SMALL, seed=0)


def test_a_span_without_a_word_gets_a_role_all_the_same(vocabulary: Vocabulary) -> None:
    model = learn_roles(*told(50, 0), cues=vocabulary.rules, recipe=SMALL, seed=0)
    spans = pl.DataFrame([(0, 0, 1, "effect"), (1, 2, 3, "effect")], schema=SCHEMA, orient="row")
    assert roles_of(pl.Series(["!", "..."]), spans, model, cues=vocabulary.rules).len() == 2
