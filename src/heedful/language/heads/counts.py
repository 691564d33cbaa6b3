"""How often a text uses each kind of word of a lexicon, and how it is written: marks, capitals, digits, length.

Counts become steps (at least 1, 2, 4, 8), so that a linear model can treat the first word of a kind otherwise than the fifth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from heedful.language.heads.grams import Tokens, column_of, count_columns
from heedful.language.heads.lexicons import phrases

STEPS = (1, 2, 4, 8)
LENGTHS = (5, 10, 20, 40, 80, 160, 320)
"""Words at which a longer range of lengths begins."""

WRITTEN = (
    ("exclamation", r"!"), ("question", r"\?"), ("ellipsis", r"\.\.\.|…"), ("comma", r","), ("digit", r"\d+"),
    ("shouted", r"\b[A-Z]{3,}\b"), ("capitalized", r"[a-z,;] [A-Z][a-z]+"), ("link", r"https?://|www\."), ("handle", r"@\w"),
    ("tag", r"#\w"),
    ("quote", r"[\"“”]"), ("emoji", r"[\x{1F300}-\x{1FAFF}\x{2600}-\x{27BF}]"), ("line", r"\n"), ("colon", r":"), ("bracket", r"[(\[]"),
)  # fmt: skip
"""What is counted in the text as written, by regular expression."""

Floats = npt.NDArray[np.float64]


def lexicon_counts(tokens: Tokens, lexicon: Mapping[str, str]) -> Floats:
    """How often each kind of `lexicon` occurs in each text; shape (texts, kinds). A word may count for several kinds.

    >>> from heedful.language.heads.grams import tokenize
    >>> lexicon_counts(tokenize(pl.Series(["I can't, I can't go on"])), {"i": "i, my", "hopeless": "cant go on", "unable": "can*"}).tolist()
    [[2.0, 1.0, 2.0]]
    """
    kinds = {kind: place for place, kind in enumerate(lexicon)}
    words, ids = np.unique(np.array(tokens.words(), dtype=object).astype(str), return_inverse=True)
    known = {word: place for place, word in enumerate(words.tolist())}
    found = np.zeros((tokens.texts, len(kinds)))
    for kind, phrase in phrases(lexicon):
        parts = [_ids(part, known, words) for part in phrase.split()]
        if all(part.size for part in parts):
            np.add.at(found[:, kinds[kind]], _texts_with(parts, ids, tokens.text), 1)
    return found


def _ids(part: str, known: Mapping[str, int], words: npt.NDArray[np.str_]) -> npt.NDArray[np.intp]:
    if part.endswith("*"):
        first, last = np.searchsorted(words, [part[:-1], part[:-1] + "\uffff"])
        return np.arange(first, last)
    return np.array([known[part]] if part in known else [], np.intp)


def _texts_with(parts: list[npt.NDArray[np.intp]], ids: npt.NDArray[np.intp], text: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The text of each place where the parts stand in a row."""
    at = np.flatnonzero(np.isin(ids, parts[0]))
    for step, part in enumerate(parts[1:], 1):
        at = at[at + step < ids.size]
        at = at[np.isin(ids[at + step], part) & (text[at + step] == text[at])]
    return text[at]


def written_counts(texts: pl.Series) -> Floats:
    """How often each of `WRITTEN` occurs in each text as written; shape (texts, marks)."""
    columns = [texts.fill_null("").str.count_matches(pattern).to_numpy().astype(float) for _, pattern in WRITTEN]
    return np.column_stack(columns)


def steps(counts: Floats, names: Sequence[str], edges: tuple[int, ...] = STEPS) -> sparse.csr_array:
    """A feature of 1 for each edge that a count reaches, in the column of its name and edge. `counts` has shape (texts, names)."""
    parts = []
    for edge in edges:
        rows, kinds = np.nonzero(counts >= edge)
        columns = np.array([column_of(f"{name} {edge}") for name in names], np.int32)
        parts.append((rows.astype(np.int32), columns[kinds]))
    rows, columns = (np.concatenate(part) for part in zip(*parts, strict=True))
    return count_columns(rows, columns, counts.shape[0])


def kind_steps(texts: pl.Series, tokens: Tokens, lexicon: Mapping[str, str]) -> sparse.csr_array:
    """The steps of all counts of a text, and in which range its length falls; hashed columns as those of n-grams."""
    lengths = np.bincount(tokens.text, minlength=tokens.texts)
    ranges = np.searchsorted(LENGTHS, lengths, side="right").astype(np.int32)
    places = np.array([column_of(f"length {place}") for place in range(len(LENGTHS) + 1)], np.int32)
    length = count_columns(np.arange(tokens.texts, dtype=np.int32), places[ranges], tokens.texts)
    words = steps(lexicon_counts(tokens, lexicon), list(lexicon))
    return sparse.csr_array(words + steps(written_counts(texts), [f"written {name}" for name, _ in WRITTEN]) + length)
