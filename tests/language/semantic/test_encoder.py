"""The sentence encoder against a plain twin that goes token by token, and finding claims with any encoder."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from heedful.language.claims import build_bank
from heedful.language.semantic.encoder import Build, SentenceModelError, sentence_vectors
from heedful.language.semantic.retrieval import learn_ranking, rank, semantic_bank, semantic_candidates

WIDTH, INNER, LAYERS, HEADS = 8, 12, 2, 2
BUILD = Build(LAYERS, HEADS, 1e-12)


def random_weights(seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray:
        return random.normal(0, 0.5, shape).astype(np.float32)

    weights = {
        "embeddings.word_embeddings.weight": some(20, WIDTH),
        "embeddings.position_embeddings.weight": some(16, WIDTH),
        "embeddings.token_type_embeddings.weight": some(2, WIDTH),
    }
    norms, linear = ["embeddings.LayerNorm"], {}
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        linear |= {f"{at}attention.self.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")}
        linear |= {
            f"{at}attention.output.dense": (WIDTH, WIDTH),
            f"{at}intermediate.dense": (INNER, WIDTH),
            f"{at}output.dense": (WIDTH, INNER),
        }
        norms += [f"{at}attention.output.LayerNorm", f"{at}output.LayerNorm"]
    for name, shape in linear.items():
        weights |= {f"{name}.weight": some(*shape), f"{name}.bias": some(shape[0])}
    for name in norms:
        weights |= {f"{name}.weight": 1 + some(WIDTH), f"{name}.bias": some(WIDTH)}
    return weights


def plain(ids: list[int], w: dict[str, np.ndarray]) -> np.ndarray:
    """The same in loops over one text."""

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        return (x - x.mean()) / math.sqrt(x.var() + 1e-12) * w[name + ".weight"] + w[name + ".bias"]

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return w[name + ".weight"] @ x + w[name + ".bias"]

    words = w["embeddings.word_embeddings.weight"]
    places, kind = w["embeddings.position_embeddings.weight"], w["embeddings.token_type_embeddings.weight"][0]
    state = [norm(words[i] + places[p] + kind, "embeddings.LayerNorm") for p, i in enumerate(ids)]
    size = WIDTH // HEADS
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        q, k, v = ([linear(x, f"{at}attention.self.{part}") for x in state] for part in ("query", "key", "value"))
        after = []
        for t, x in enumerate(state):
            seen = np.zeros(WIDTH)
            for head in range(HEADS):
                cut = slice(head * size, (head + 1) * size)
                odds = np.array([math.exp(float(q[t][cut] @ key[cut]) / math.sqrt(size)) for key in k])
                seen[cut] = sum(o * value[cut] for o, value in zip(odds / odds.sum(), v, strict=True))
            x = norm(x + linear(seen, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
            inner = linear(x, f"{at}intermediate.dense")
            inner = np.array([h * 0.5 * (1 + math.erf(h / math.sqrt(2))) for h in inner])
            after.append(norm(x + linear(inner, f"{at}output.dense"), f"{at}output.LayerNorm"))
        state = after
    mean = np.mean(state, axis=0)
    return mean / np.linalg.norm(mean)


@pytest.mark.parametrize("seed", range(3))
def test_vectors_equal_those_of_the_plain_twin_whatever_they_are_encoded_with(seed: int) -> None:
    weights, random = random_weights(seed), np.random.default_rng(seed)
    tokens = [random.integers(0, 20, random.integers(1, 16)).tolist() for _ in range(70)]
    found = sentence_vectors(tokens, weights, BUILD)
    np.testing.assert_allclose(found, [plain(ids, weights) for ids in tokens], atol=2e-5)


def test_a_weight_that_is_not_there_is_named() -> None:
    weights = random_weights(0)
    del weights["encoder.layer.1.output.dense.bias"]
    with pytest.raises(SentenceModelError, match=r"encoder\.layer\.1\.output\.dense\.bias"):
        sentence_vectors([[1, 2]], weights, BUILD)


MEANS = {"physician": "doctor", "automobile": "car", "jab": "vaccine", "shot": "vaccine", "feline": "cat"}


class Thesaurus:
    """A stub encoder: words by their meaning, hashed."""

    def encode(self, texts: pl.Series) -> np.ndarray:
        found = np.full((texts.len(), 64), 1e-3, np.float32)
        for row, text in enumerate(texts.fill_null("")):
            for word in text.lower().split():
                found[row, sum(map(ord, MEANS.get(word, word))) % 64] += 1
        return found / np.linalg.norm(found, axis=1, keepdims=True)


CLAIMS = pl.Series(["doctor sells car", "vaccine makes cat bald", "moon is cheese", "river runs dry", "salt cures flu"])


def test_meaning_finds_what_words_do_not() -> None:
    bank = semantic_bank(build_bank(CLAIMS), CLAIMS, Thesaurus())
    texts = pl.Series(
        ["moon is cheese they say", "river runs dry again", "salt cures flu wow", "vaccine makes cat bald", "doctor sells car"] * 4
    )
    ranking = learn_ranking(bank, texts, [{2}, {3}, {4}, {1}, {0}] * 4)
    asked = pl.Series(["physician automobile", "jab feline", None])
    ranked = rank(bank, asked, ranking)
    assert [ranks[0] for ranks in ranked[:2]] == [0, 1]
    rows, places, features = semantic_candidates(bank, asked)
    assert len(rows) == len(places) == len(features)
    assert len(set(zip(rows.tolist(), places.tolist(), strict=True))) == len(rows)  # each claim once a text
    assert rank(bank, pl.Series([], dtype=pl.String), ranking) == []
