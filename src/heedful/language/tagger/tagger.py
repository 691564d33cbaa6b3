"""Learn to find spans from texts in which somebody has marked them; find them in other texts."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.core.text_buffers import text_buffers
from heedful.language.folding import fold_table
from heedful.language.tagger.dictionary import (
    DICTIONARY,
    MARK_COLUMNS,
    dictionary_marks,
    learn_dictionary,
    occurrences,
    strings_index,
    vocabulary_marks,
)
from heedful.language.tagger.features import Tokens, features_of
from heedful.language.tagger.layout import scores_of, steps_of
from heedful.language.tagger.tags import SPAN_COLUMNS, Edges, allowed_steps, edges_of, tags_of
from heedful.language.vocabulary import Vocabulary

if TYPE_CHECKING:
    from heedful.language.kernels.emissions import Chain, Memo, Scores
    from heedful.language.kernels.index import Index
    from heedful.language.kernels.likeliest import Path, Steps

CARD = Card(
    name="language.spans",
    definition="Spans that a linear-chain conditional random field finds likeliest, over hashed words, word parts, shapes, gaps, "
    "neighbors, and marks of a vocabulary and of the examples' own strings.",
    units="1",
    reference="Lafferty, McCallum, Pereira (ICML 2001). Packaged weights: PsyTAR (Zolnoori 2019), SocialDisNER (Gasco 2022), Broad Twitter "
    "Corpus (Derczynski 2016), each CC BY 4.0; scripts/build_taggers.py.",
    limits="One register each: reviews of four antidepressants, Spanish tweets of patients' associations, English tweets. Spans are in one "
    "piece. The probability is of exactly this span and type, calibrated in the packaged register only (expected calibration error .03).",
)
METHODS.add(CARD.name, Method(CARD))

MOST_TYPES = 30
_FOLDS = 5
_NOISE = (1 << 20) - 3


@dataclass(frozen=True)
class Recipe:
    """How a tagger learns, and how ready it is to see a span.

    Parameters
    ----------
    passes, rate, decay, drop: of `heedful.language.tagger.chain.learn`.
    bits: the table of weights has 2**bits rows.
    grams: whether runs of four letters within words count; they help where words are built of parts (Spanish, German).
    trusted: a string of the examples enters the dictionary if at least this share of its occurrences is marked.
    caution: taken from the score of every span; below zero more is found, above zero what is found is more often right.
    """

    passes: int = 12
    rate: float = 0.015
    decay: float = 1e-4
    drop: float = 0.2
    bits: int = 20
    grams: bool = False
    trusted: float = 0.5
    caution: float = -1.25


@dataclass(frozen=True, eq=False)
class Tagger:
    """What `learn_tagger` learned.

    Parameters
    ----------
    types: of spans, in the order of their tags.
    weights: (2**bits, tags) float32. steps: (tags + 2, tags) float64, see `heedful.language.tagger.chain`.
    dictionary: strings of the examples. edges: see `heedful.language.tagger.tags.edges_of`.
    """

    types: tuple[str, ...]
    weights: npt.NDArray[np.float32]
    steps: npt.NDArray[np.float64]
    dictionary: pl.Series
    edges: Edges
    recipe: Recipe

    @functools.cached_property
    def index(self) -> Index:
        """The dictionary as the kernels read it."""
        return strings_index(self.dictionary)

    @functools.cached_property
    def scores(self) -> Scores:
        """The weights as the kernels read them."""
        return scores_of(self)

    @functools.lru_cache(4)  # noqa: B019 — a tagger lives as long as the process
    def ready(self, caution: float) -> Steps:
        """The steps as the kernels read them, with this caution."""
        return steps_of(self, caution)

    @functools.cached_property
    def _spaces(self) -> threading.local:
        return threading.local()

    def space(self) -> tuple[Memo, Chain, Path]:
        """Memory of this thread for the kernels; in it words met before, which are pure functions of their letters."""
        from heedful.language.kernels.tagging import space

        if not hasattr(self._spaces, "held"):
            self._spaces.held = space(self.scores.blocks)
        held: tuple[Memo, Chain, Path] = self._spaces.held
        return held


def learn_tagger(texts: pl.Series, spans: pl.DataFrame, *, recipe: Recipe, seed: int, vocabulary: Vocabulary | None = None) -> Tagger:
    """Learn from `texts` and their `spans`; the same input and `seed` give the same tagger.

    Parameters
    ----------
    texts: String; a missing one holds nothing. One text is one chain: give whole posts rather than sentences.
    spans: columns post (row of the text), start, end (bytes in it), type. Of overlapping spans the first counts.
    vocabulary: its terms become marks on the tokens; the same must be given to `tag`.

    Raises `SettingsError` if there is no span, one lies outside of its text, or there are more than 30 types.
    """
    from heedful.language.tagger.chain import learn

    types = _checked(texts, spans)
    generator = np.random.default_rng(seed)
    rows = pl.Series(np.arange(texts.len()), dtype=pl.Int32)
    fold = generator.integers(0, _FOLDS, texts.len())
    # A dictionary made of the same texts would mark every span of theirs: each fold is marked with the words of the others.
    marks = [
        dictionary_marks(texts, learn_dictionary(texts, spans, rows.filter(fold != k), recipe.trusted), rows.filter(fold == k))
        for k in range(_FOLDS)
    ]
    tokens = features_of(texts, pl.concat([vocabulary_marks(texts, vocabulary), *marks]), bits=recipe.bits, grams=recipe.grams)
    chains = _chains(tokens)
    orders = np.stack([generator.permutation(chains.size - 1) for _ in range(recipe.passes)])
    noise = generator.integers(0, 1 << 32, _NOISE, dtype=np.uint32)
    weights, steps = learn(
        tokens.feature_at, tokens.features, chains, tags_of(tokens, spans, types), allowed_steps(len(types)), 1 << recipe.bits, orders,
        recipe.rate, recipe.decay, recipe.drop, noise,
    )  # fmt: skip
    return Tagger(types, weights, steps, learn_dictionary(texts, spans, rows, recipe.trusted), edges_of(texts, tokens, spans), recipe)


def tag(texts: pl.Series, tagger: Tagger, *, vocabulary: Vocabulary | None = None, caution: float | None = None) -> pl.DataFrame:
    """The likeliest spans of texts (`SPAN_COLUMNS`) with their probability, in order; they do not overlap.

    `vocabulary`: the one of `learn_tagger`. `caution`: instead of that of the recipe. `probability`: that exactly this span is one of
    this type, among all ways to mark the text. A text of more than 16,384 tokens is read in pieces of so many.
    """
    return tag_marked(texts, tagger, vocabulary_marks(texts, vocabulary), caution=caution)


def tag_marked(texts: pl.Series, tagger: Tagger, marks: pl.DataFrame, *, caution: float | None = None) -> pl.DataFrame:
    """`tag`, where it is known already where the vocabulary's terms stand (`heedful.language.tagger.dictionary.vocabulary_marks`)."""
    from heedful.language.kernels.tagging import tag_all

    rows = pl.Series(np.arange(texts.len()), dtype=pl.Int32)
    known = occurrences(texts, tagger.index, rows).select("post", "start", "end", kind=pl.lit(DICTIONARY, pl.Int32))
    both = pl.concat([marks.select(*MARK_COLUMNS), known]).sort("post", "start", "kind")
    offsets, data = text_buffers(texts.fill_null(""))
    ready = tagger.recipe.caution if caution is None else caution
    found, shares = tag_all(
        data, offsets, fold_table(), np.ascontiguousarray(both.to_numpy()), tagger.edges, len(tagger.types), tagger.scores,
        tagger.ready(ready), tagger.space(),
    )  # fmt: skip
    kind = pl.Series(tagger.types, dtype=pl.String).gather(found[:, 3])
    columns = {"post": found[:, 0], "start": found[:, 1], "end": found[:, 2], "type": kind, "probability": shares}
    return pl.DataFrame(columns, schema_overrides=SPAN_COLUMNS)


def _checked(texts: pl.Series, spans: pl.DataFrame) -> tuple[str, ...]:
    lost = [name for name in SPAN_COLUMNS if name not in spans.columns]
    if lost or not spans.height:
        raise SettingsError(f"There is nothing to learn from: the spans {'lack ' + ', '.join(lost) if lost else 'are none'}.")
    types = tuple(spans["type"].unique().sort().to_list())
    if len(types) > MOST_TYPES:
        raise SettingsError(f"{len(types)} types of spans are too many for one tagger; learn one for each group of at most {MOST_TYPES}.")
    beyond = spans.filter((pl.col("post") < 0) | (pl.col("post") >= texts.len()))
    ends = texts.str.len_bytes().fill_null(0)
    outside = beyond if beyond.height else spans.filter((pl.col("start") < 0) | (pl.col("end") > ends.gather(spans["post"])))
    if outside.height:
        raise SettingsError(f"The span {outside.row(0)} lies outside of its text; `post` counts texts and start and end their bytes.")
    return types


def _chains(tokens: Tokens) -> npt.NDArray[np.int64]:
    begins = np.flatnonzero(np.diff(tokens.text, prepend=-1) != 0)
    return np.append(begins, tokens.text.size).astype(np.int64)
