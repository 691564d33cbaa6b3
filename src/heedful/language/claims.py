"""Which known claim a text repeats: words and word parts in common, judged together by a small learned scorer that may abstain.

Not a lie detector: it answers "this text is about that claim of the bank", never whether either is true.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse, special

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.core.text_buffers import text_buffers
from heedful.language.folding import fold_table

CARD = Card(
    name="language.claims",
    definition="The claims of a bank that share most words and word parts with a text, ordered by a logistic score, or none.",
    units="1",
    reference="BM25 (Robertson 1994) and tf-idf of character runs, re-ranked by logistic regression, as in CheckThat! 2020 task 2.",
    limits="Words in common only: a claim told in other words is missed; whether a text spreads or refutes a claim is not said.",
)
METHODS.add(CARD.name, Method(CARD))

BITS = 20
CANDIDATES = 40
_SATURATION, _LENGTH = 1.2, 0.75
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClaimBank:
    """Claims as sparse rows: `words` (BM25 weights), `runs` (tf-idf, unit length), `plain` (each word once), `numbers` (words with digits);
    and the weight of each word and run."""

    words: sparse.csr_matrix
    runs: sparse.csr_matrix
    plain: sparse.csr_matrix
    numbers: sparse.csr_matrix
    word_weight: Floats
    run_weight: Floats


@dataclass(frozen=True)
class ClaimScorer:
    """What `learn_scorer` learned.

    weights: of `FEATURES` (the last is the constant), to order the claims of a text. acceptance: likewise, for the probability that the
    first one is right. threshold: least probability at which it counts as matched.
    """

    weights: tuple[float, ...]
    acceptance: tuple[float, ...]
    threshold: float


FEATURES = (
    "runs", "words", "words of text", "words of claim", "numbers", "runs behind best", "words behind best", "first by runs",
    "first by words",
)  # fmt: skip


def build_bank(claims: pl.Series) -> ClaimBank:
    """The bank of claims (claim and title in one string each). Raises `SettingsError` if it is empty."""
    if not claims.len():
        raise SettingsError("The claim bank is empty. Add claims to it first.")
    plain, numbers, runs = _counts(claims)
    n = claims.len()
    word_weight = np.log1p((n - _documents(plain) + 0.5) / (_documents(plain) + 0.5))
    run_weight = np.log((1 + n) / (1 + _documents(runs))) + 1.0
    lengths = np.asarray(plain.sum(axis=1)).ravel()
    norm = _SATURATION * (1 - _LENGTH + _LENGTH * lengths / max(lengths.mean(), 1e-9))
    saturated = plain.copy()
    saturated.data = plain.data * (_SATURATION + 1) / (plain.data + np.repeat(norm, np.diff(plain.indptr)))
    return ClaimBank(
        words=sparse.csr_matrix(saturated.multiply(word_weight)),
        runs=_unit(runs, run_weight),
        plain=(plain > 0).astype(float).tocsr(),
        numbers=numbers,
        word_weight=word_weight,
        run_weight=run_weight,
    )


def learn_scorer(
    bank: ClaimBank, texts: pl.Series, right: list[set[int]], strangers: pl.Series, *, let_through: float = 0.01, decay: float = 1.0
) -> ClaimScorer:
    """Learn from texts and the rows of the bank that are right for each, and from texts that repeat no claim; deterministic.

    The threshold lets the share `let_through` of the strangers pass (0.5 at least; so too if there are none).
    """
    rows, places, features = candidates(bank, texts)
    gold = np.array([place in right[row] for row, place in zip(rows.tolist(), places.tolist(), strict=True)], float)
    weights = _logistic(features, gold, decay)
    first = _first(rows, features @ weights)
    stranger_rows, _, stranger_features = candidates(bank, strangers)
    others = stranger_features[_first(stranger_rows, stranger_features @ weights)]
    acceptance = _logistic(np.concatenate([features[first], others]), np.append(gold[first], np.zeros(len(others))), decay)
    passed = _chance(others, acceptance)
    threshold = max(0.5, float(np.quantile(passed, 1 - let_through))) if passed.size else 0.5
    return ClaimScorer(tuple(weights.tolist()), tuple(acceptance.tolist()), threshold)


def match(bank: ClaimBank, texts: pl.Series, scorer: ClaimScorer, *, best: int = 5, abstain: bool = True) -> pl.DataFrame:
    """The likeliest claims of each text: columns post, claim (row of the bank), score (0 to 1) and accepted, best first.

    `accepted` is the probability that the text's first claim is right; a text whose first one is below the threshold has no row, unless
    `abstain` is False.
    """
    rows, places, features = candidates(bank, texts)
    columns = {"post": rows, "claim": places, "score": _chance(features, scorer.weights), "accepted": _chance(features, scorer.acceptance)}
    found = pl.DataFrame(columns, schema_overrides={"post": pl.Int32, "claim": pl.Int32})
    found = found.sort("post", "score", "claim", descending=[False, True, False]).group_by("post", maintain_order=True).head(best)
    found = found.with_columns(pl.col("accepted").first().over("post"))
    return found.filter(pl.col("accepted") > scorer.threshold) if abstain else found


def _first(rows: npt.NDArray[np.int64], scores: Floats) -> npt.NDArray[np.intp]:
    """Of the candidates of each text the one with the highest score."""
    order = np.lexsort((-scores, rows))
    return order[np.flatnonzero(np.diff(rows[order], prepend=-1) != 0)]


def _chance(features: Floats, weights: Floats | tuple[float, ...]) -> Floats:
    return np.asarray(special.expit(features @ np.asarray(weights)))


def _logistic(features: Floats, gold: Floats, decay: float) -> Floats:
    """Weights of a logistic regression with an L2 penalty on all but the constant."""
    from scipy.optimize import minimize  # 16 MB and slow to load: only where a scorer is learned

    def loss(w: Floats) -> tuple[float, Floats]:
        margin = features @ w
        value = np.logaddexp(0, margin).sum() - gold @ margin + 0.5 * decay * (w[:-1] @ w[:-1])
        return float(value), features.T @ (special.expit(margin) - gold) + decay * np.append(w[:-1], 0.0)

    return np.asarray(minimize(loss, np.zeros(features.shape[1]), jac=True, method="L-BFGS-B").x)


def candidates(
    bank: ClaimBank, texts: pl.Series, beside: npt.NDArray[np.int64] | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Row of the text, row of the claim and features (`FEATURES` and a constant) of the claims nearest to each text.

    beside: rows of the bank, shape (texts, any), that are looked at as well; for one that words alone did not bring the constant is 0.
    """
    plain, numbers, runs = _counts(texts)
    known = sparse.csr_matrix((plain > 0).astype(float))
    by_words, by_runs = (known @ bank.words.T).tocsr(), (_unit(runs, bank.run_weight) @ bank.runs.T).tocsr()
    weighed = sparse.csr_matrix(known.multiply(bank.word_weight))
    shared = (weighed @ bank.plain.T).tocsr()
    of_text = np.asarray(weighed.sum(axis=1)).ravel() + 1e-9
    of_claim = np.asarray(bank.plain.multiply(bank.word_weight).sum(axis=1)).ravel() + 1e-9
    same, of_number = (numbers.sign() @ bank.numbers.sign().T).tocsr(), np.asarray(bank.numbers.sign().sum(axis=1)).ravel()
    parts: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]] = []
    for row in range(texts.len()):
        words, parts_of_words = by_words[[row]].toarray()[0], by_runs[[row]].toarray()[0]
        sum_ = parts_of_words / max(parts_of_words.max(initial=0), 1e-9) + words / max(words.max(initial=0), 1e-9)
        chosen = np.argsort(-sum_, kind="stable")[:CANDIDATES]
        chosen = chosen[sum_[chosen] > 0]
        brought = chosen.size
        if beside is not None:
            chosen = np.concatenate([chosen, np.setdiff1d(beside[row], chosen)])
        scaled, run, common = words[chosen] / of_text[row], parts_of_words[chosen], shared[[row]].toarray()[0][chosen]
        number = same[[row]].toarray()[0][chosen] / np.maximum(of_number[chosen], 1)
        top_words, top_run = words.max(initial=0) / of_text[row], parts_of_words.max(initial=0)
        columns = (run, scaled, common / of_text[row], common / of_claim[chosen], number, top_run - run, top_words - scaled,
                   (run >= top_run) * 1.0, (scaled >= top_words) * 1.0, (np.arange(chosen.size) < brought) * 1.0)  # fmt: skip
        parts.append((np.full(chosen.size, row), chosen, np.asarray(np.stack(columns, axis=1), np.float64)))
    width = len(FEATURES) + 1
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, width))
    rows, places, features = (np.concatenate(part) for part in zip(*parts, strict=True))
    return rows.astype(np.int64), places.astype(np.int64), features


@dataclass(frozen=True, eq=False)
class TextRows:
    """Texts as sparse rows beside a bank's. weighed: each word once, with the bank's weight. Runs are made when asked for."""

    weighed: sparse.csr_matrix
    run_text: npt.NDArray[np.int32]
    run: npt.NDArray[np.int64]
    run_weight: Floats

    def runs(self, rows: npt.NDArray[np.int64]) -> sparse.csr_matrix:
        """tf-idf of the runs of letters of these texts (ascending), unit length; one row each."""
        begin, end = np.searchsorted(self.run_text, rows), np.searchsorted(self.run_text, rows, side="right")
        sizes = end - begin
        inside = np.repeat(begin - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes) + np.arange(int(sizes.sum()))
        return _unit(_matrix(np.repeat(np.arange(rows.size), sizes), self.run[inside], rows.size), self.run_weight)


def text_rows(bank: ClaimBank, texts: pl.Series) -> TextRows:
    """Texts with the weights of a bank; a missing text is an empty row."""
    word_text, words, _, run_text, runs = _grams(texts)
    known = _matrix(word_text, words, texts.len())
    known.sum_duplicates()
    known.data[:] = bank.word_weight[known.indices]
    return TextRows(known, run_text, runs, bank.run_weight)


def _grams(texts: pl.Series) -> tuple[npt.NDArray[Any], ...]:
    from heedful.language.kernels.claim_grams import text_grams

    offsets, data = text_buffers(texts)
    table = fold_table()
    found: tuple[npt.NDArray[Any], ...] = text_grams(data, offsets, table.classes, table.at, table.folded, BITS)
    return found


def _counts(texts: pl.Series) -> tuple[sparse.csr_matrix, sparse.csr_matrix, sparse.csr_matrix]:
    """How often each word, each word with a digit, and each run occurs: sparse rows by text."""
    word_text, words, digits, run_text, runs = _grams(texts)
    n = texts.len()
    return _matrix(word_text, words, n), _matrix(word_text[digits], words[digits], n), _matrix(run_text, runs, n)


def _matrix(rows: npt.NDArray[np.integer], columns: npt.NDArray[np.int64], n: int) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(rows.size), (rows, columns)), shape=(n, 1 << BITS))


def _documents(counts: sparse.csr_matrix) -> Floats:
    return np.bincount(counts.indices, minlength=1 << BITS).astype(float)


def _unit(counts: sparse.csr_matrix, weight: Floats) -> sparse.csr_matrix:
    """Rows of (1 + log count) x weight, of unit length."""
    rows = counts.copy()
    rows.data = (1 + np.log(rows.data)) * weight[rows.indices]
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(lengths, 1e-9)) @ rows)
