"""Which part a named symptom or illness plays: effect of a treatment, withdrawal, or the illness that is treated; learned from examples.

The same words are a side effect in one text and the reason for the drug in the next, so the words around decide: those of the
sentence, of the one before it, and the roles of the spans before and after in the same text (a chain, as in
`heedful.language.tagger.chain`, whose elements are spans instead of tokens).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.core.text_buffers import text_buffers
from heedful.language.folding import fold_table
from heedful.language.matching import build_index, find
from heedful.language.rules import RULE_COLUMNS
from heedful.language.tagger.features import Tokens, places_of

CARD = Card(
    name="language.roles",
    definition="Effect, withdrawal or indication of a marked span, by its words, those around it and in the sentence before, cues of "
    "the rules and how far they are, and the roles of its neighbors in the sentence.",
    units="1",
    reference="Labels of PsyTAR (Zolnoori 2019); a linear-chain conditional random field over the spans of a sentence.",
    limits="Learned on reviews of four antidepressants; no packaged weights; withdrawal is seldom recognized (F1 about .4).",
)
METHODS.add(CARD.name, Method(CARD))

ROLES = ("effect", "indication", "withdrawal")
"""`indication`: the illness, or a sign of it, for which something is taken; the two cannot be told apart from text (reports/quality.md)."""

CUE_KINDS = ("adverse_effect", "indication", "benefit", "withdrawal", "no_effect", "stop", "switch", "missed_dose", "resolved")
"""Kinds of the rules whose phrases are looked for around a span (`heedful.language.rules`)."""


Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RoleRecipe:
    """How roles are learned: passes, rate, decay and drop of `heedful.language.tagger.chain.learn`; 2**bits weights a role."""

    passes: int = 30
    rate: float = 0.01
    decay: float = 1e-4
    drop: float = 0.3
    bits: int = 18


@dataclass(frozen=True, eq=False)
class RoleModel:
    """What `learn_roles` learned: roles, weights (2**bits, roles) and steps (roles + 2, roles) between spans that follow each other."""

    roles: tuple[str, ...]
    weights: npt.NDArray[np.float32]
    steps: npt.NDArray[np.float64]
    recipe: RoleRecipe


def learn_roles(texts: pl.Series, spans: pl.DataFrame, *, cues: pl.DataFrame, recipe: RoleRecipe, seed: int) -> RoleModel:
    """Learn the roles of spans; the same input and `seed` give the same model.

    Parameters
    ----------
    texts: String; whole texts, since the sentence before a span counts.
    spans: columns post (row of the text), start, end (bytes in it), role.

    Raises `SettingsError` if there is no span.
    """
    from heedful.language.tagger.chain import learn

    if not spans.height:
        raise SettingsError("There is nothing to learn roles from: the spans are none.")
    ordered = spans.sort("post", "start", "end")
    roles = tuple(ordered["role"].unique().sort().to_list())
    gold = ordered["role"].replace_strict(list(roles), range(len(roles)), return_dtype=pl.Int8).to_numpy()
    at, features, chains = _features(texts, ordered, cues, recipe.bits)
    generator = np.random.default_rng(seed)
    orders = np.stack([generator.permutation(chains.size - 1) for _ in range(recipe.passes)])
    noise = generator.integers(0, 1 << 32, (1 << 20) - 3, dtype=np.uint32)
    allowed = np.ones((len(roles) + 2, len(roles)), bool)
    weights, steps = learn(
        at, features, chains, gold, allowed, 1 << recipe.bits, orders, recipe.rate, recipe.decay, recipe.drop, noise
    )  # fmt: skip
    return RoleModel(roles, weights, steps, recipe)


def roles_of(texts: pl.Series, spans: pl.DataFrame, model: RoleModel, *, cues: pl.DataFrame) -> pl.Series:
    """The likeliest role of each span (columns post, start, end), in the order given; the spans of a text are judged together."""
    from heedful.language.tagger.chain import decode

    ordered = spans.with_row_index("row").sort("post", "start", "end")
    at, features, chains = _features(texts, ordered, cues, model.recipe.bits)
    tags = decode(at, features, chains, model.weights, model.steps, 0.0)
    said = ordered.select("row", role=pl.Series(model.roles, dtype=pl.String).gather(tags.astype(np.int64)))
    return said.sort("row")["role"]


def _features(texts: pl.Series, ordered: pl.DataFrame, cues: pl.DataFrame, bits: int) -> tuple[Places, npt.NDArray[np.int32], Places]:
    from heedful.language.kernels.role_features import role_features
    from heedful.language.kernels.token_features import token_rows
    from heedful.language.kernels.tokens import GAP_STOP

    offsets, data = text_buffers(texts)
    table = fold_table()
    text, start, end, gap, slots, gram_at, _ = token_rows(data, offsets, table.classes, table.at, table.folded)
    tokens = Tokens(text, start - offsets[text], end - offsets[text], gap, gram_at, np.empty(0, np.int32))
    first, after = places_of(ordered, tokens)
    if not text.size:  # spans on texts without a word: nothing is known of them
        return np.zeros(first.size + 1, np.int64), np.empty(0, np.int32), np.arange(first.size + 1)
    sentence = np.cumsum((gap == GAP_STOP) | (np.diff(text, prepend=-1) != 0))
    at = np.minimum(first, text.size - 1)
    near = np.hstack([_cues_near(texts, tokens, first, after, sentence, cues), _setting(tokens, at, sentence)])
    feature_at, features = role_features(text, gap, slots, first, after, near, bits)
    begins = np.flatnonzero(np.diff(sentence[at], prepend=-1) != 0)
    return feature_at, features, np.append(begins, first.size).astype(np.int64)


def _cues_near(
    texts: pl.Series, tokens: Tokens, first: Places, after: Places, sentence: Places, cues: pl.DataFrame
) -> npt.NDArray[np.int64]:
    """How near the last cue of each kind before a span is, and the next one after it: (spans, 2 * kinds), 0 (none) to 5."""
    cues = cues.filter(pl.col("kind").is_in(CUE_KINDS)).unique(["phrase", "kind"], maintain_order=True)
    near = np.zeros((first.size, 2 * len(CUE_KINDS)), np.int64)
    at = np.minimum(first, tokens.text.size - 1)
    for k, kind in enumerate(CUE_KINDS):
        phrases = cues.filter(pl.col("kind") == kind)["phrase"]
        types = pl.Series(["symptom"], dtype=pl.String).new_from_index(0, phrases.len())
        found = find(texts, build_index(phrases, types, pl.DataFrame(schema=RULE_COLUMNS))).sort("post", "start")
        place, _ = places_of(found, tokens)
        if not place.size:
            continue
        for side, index in ((0, np.searchsorted(place, first) - 1), (1, np.searchsorted(place, after))):
            there = place[np.clip(index, 0, place.size - 1)]
            known = (index >= 0) & (index < place.size) & (tokens.text[there] == tokens.text[at])
            apart, away = np.abs(sentence[there] - sentence[at]), np.abs(there - at)
            level = np.select([(apart == 0) & (away <= 6), apart == 0, apart == 1, apart <= 3], [5, 4, 3, 2], 1)
            near[:, 2 * k + side] = np.where(known, level, 0)
    return near


def _setting(tokens: Tokens, at: Places, sentence: Places) -> npt.NDArray[np.int64]:
    """How many spans stand in a span's sentence, which sentence of its text it is, how many sentences are left (each at most 8)."""
    own = sentence[at]
    begins = np.searchsorted(tokens.text, tokens.text[at], side="left")
    ends = np.searchsorted(tokens.text, tokens.text[at], side="right") - 1
    _, inverse, counts = np.unique(own, return_inverse=True, return_counts=True)
    return np.minimum(np.stack([counts[inverse], own - sentence[begins], sentence[ends] - own], axis=1), 8)
