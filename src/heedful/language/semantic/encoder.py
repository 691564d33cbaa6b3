"""Sentence vectors of a small BERT model, in NumPy alone: token embeddings, layers of attention, the mean over tokens, unit length.

Arrays in, arrays out: token ids come from the user's tokenizer, weights from the user's model (`heedful.sources.sentence_model`).

Reference: Devlin et al. 2019, BERT; Reimers and Gurevych 2019, Sentence-BERT; meant for all-MiniLM-L6-v2 (Wang et al. 2020) and any other
model of that build (mean over tokens, absolute positions, GELU).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import erf

from heedful.core.errors import HeedfulError

Floats = npt.NDArray[np.float32]
Weights = Mapping[str, Floats]

PIECE = 32
"""Texts encoded at once."""


class SentenceModelError(HeedfulError):
    """A model's files are not those of a sentence encoder that can be run."""


class SentenceEncoder(Protocol):
    """Anything that turns texts into vectors of unit length, shape (texts, dimensions); a missing or empty text may have any vector."""

    def encode(self, texts: pl.Series) -> Floats: ...


@dataclass(frozen=True)
class Build:
    """A model's measures: `layers`, attention `heads`, and what is added to a variance."""

    layers: int
    heads: int
    epsilon: float


def sentence_vectors(tokens: Sequence[Sequence[int]], weights: Weights, build: Build) -> Floats:
    """Vectors of unit length, shape (texts, dimensions), float32.

    Parameters
    ----------
    tokens: ids of each text, marks of its beginning and end included, no more than the model has positions.
    weights: arrays by their usual names ("embeddings.word_embeddings.weight", "encoder.layer.0.attention.self.query.weight", ...).

    Raises `SentenceModelError` for a weight that is not there.
    """
    try:
        width = weights["embeddings.word_embeddings.weight"].shape[1]
        found = np.zeros((len(tokens), width), np.float32)
        order = sorted(range(len(tokens)), key=lambda text: len(tokens[text]))  # texts of like length share a piece
        for first in range(0, len(order), PIECE):
            texts = order[first : first + PIECE]
            found[texts] = _encode([tokens[text] for text in texts], weights, build)
    except KeyError as error:
        raise SentenceModelError(f"The model has no weight {error}. Give the folder of a BERT sentence encoder.") from error
    return found


def _encode(tokens: Sequence[Sequence[int]], weights: Weights, build: Build) -> Floats:
    longest = max(1, *map(len, tokens))
    ids, real = np.zeros((len(tokens), longest), np.int64), np.zeros((len(tokens), longest), np.bool_)
    for row, one in enumerate(tokens):
        ids[row, : len(one)], real[row, : len(one)] = one, True
    state = (
        weights["embeddings.word_embeddings.weight"][ids]
        + weights["embeddings.position_embeddings.weight"][:longest]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    state = _normalize(state, weights, "embeddings.LayerNorm", build)
    barred = np.where(real, 0.0, -1e9).astype(np.float32)[:, None, None, :]
    for layer in range(build.layers):
        state = _layer(state, barred, weights, f"encoder.layer.{layer}.", build)
    mean = (state * real[:, :, None]).sum(axis=1) / np.maximum(real.sum(axis=1), 1)[:, None]
    return np.asarray(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9), np.float32)


def _layer(state: Floats, barred: Floats, weights: Weights, name: str, build: Build) -> Floats:
    own = f"{name}attention.self."
    query, key, value = (_split(_linear(state, weights, own + part), build.heads) for part in ("query", "key", "value"))
    scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(query.shape[-1])) + barred
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    seen = (scores / scores.sum(axis=-1, keepdims=True)) @ value
    seen = seen.transpose(0, 2, 1, 3).reshape(state.shape)
    state = _normalize(state + _linear(seen, weights, f"{name}attention.output.dense"), weights, f"{name}attention.output.LayerNorm", build)
    inner = _linear(state, weights, f"{name}intermediate.dense")
    inner = inner * np.float32(0.5) * (1 + erf(inner / np.float32(np.sqrt(2))))
    return _normalize(state + _linear(inner, weights, f"{name}output.dense"), weights, f"{name}output.LayerNorm", build)


def _split(state: Floats, heads: int) -> Floats:
    texts, places, width = state.shape
    return state.reshape(texts, places, heads, width // heads).transpose(0, 2, 1, 3)


def _linear(state: Floats, weights: Weights, name: str) -> Floats:
    return state @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _normalize(state: Floats, weights: Weights, name: str, build: Build) -> Floats:
    centered = state - state.mean(axis=-1, keepdims=True)
    variance = (centered**2).mean(axis=-1, keepdims=True)
    return np.asarray(centered / np.sqrt(variance + np.float32(build.epsilon)) * weights[f"{name}.weight"] + weights[f"{name}.bias"])
