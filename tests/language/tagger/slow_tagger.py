"""The tagger said again in plain Python, slowly: features from strings, sums in lists, every step of every tag."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import polars as pl
from tests.language import slow_twin

from heedful.language.tagger.layout import unit_of
from heedful.language.tagger.tagger import Tagger
from heedful.language.tagger.tags import with_edges

CHAIN = 1 << 14
_ALL = (1 << 64) - 1
_K1, _K2 = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F
Mark = tuple[int, int, int]


def mix(a: int, b: int) -> int:
    h = ((a ^ b * _K1 & _ALL) * _K2) & _ALL
    return h ^ h >> 32


def hashed(word: bytes, seed: int) -> int:
    h = seed
    for byte in word:
        h = ((h ^ byte) * _K1) & _ALL
        h ^= h >> 32
    return h * _K2 & _ALL


def tokens(text: str) -> list[dict[str, Any]]:
    """Words, parted before a capital that follows a small letter or one that is not ASCII."""
    data, out = text.encode(), []
    for _, start, end, gap, _ in slow_twin.tokens(text)[:-1]:
        cuts = [i for i in range(start + 1, end) if 65 <= data[i] <= 90 and (97 <= data[i - 1] <= 122 or data[i - 1] >= 128)]
        for number, (a, b) in enumerate(itertools.pairwise([start, *cuts, end])):
            word, first, last, _, _ = slow_twin.tokens(data[a:b].decode())[0]
            bytes_ = word.encode()[:64]
            written = data[a + first : a + last]
            own = [65 <= c <= 90 for c in written]
            shape = own[0] + 2 * any(own[1:]) + 4 * any(97 <= c <= 122 for c in written) + 8 * any(48 <= c <= 57 for c in written)
            shape += 16 * any(c >= 128 for c in written)
            out.append(
                {
                    "start": a, "end": a + last, "word": bytes_, "shape": 1 + shape + 32 * (len(bytes_) == 1),
                    "sign": data[a - 1] if a else 1, "gap": 0 if number else gap, "marks": {},
                }
            )  # fmt: skip
    return out


def sentences(chain: list[dict[str, Any]]) -> None:
    groups: list[list[dict[str, Any]]] = []
    for token in chain:
        if not groups or token["gap"] == 3:
            groups.append([])
        groups[-1].append(token)
    for ordinal, group in enumerate(groups):
        commas, n = sum(token["gap"] == 1 for token in group[1:]), len(group)
        dense = 0 if not commas else 1 if commas * 8 < n else 2 if commas * 4 < n else 3
        for token in group:
            token["list"] = 1 + dense + 4 * (0 if n < 4 else 1 if n < 10 else 2) + 12 * min(ordinal, 2)


def mark(chain: list[dict[str, Any]], marks: list[Mark]) -> None:
    for start, end, kind in marks:
        covered = [token for token in chain if token["end"] > start and token["start"] < end]
        for token in covered:
            token["marks"][15 + kind] = 1 + (token is covered[0]) + 2 * (token is covered[-1])


def own_features(token: dict[str, Any], grams: bool) -> list[int]:
    word, out = token["word"], [mix(hashed(token["word"], 1), 1), mix(token["shape"], 12)]
    for k in range(1, 6):
        if len(word) > k:
            out += [mix(part(word[:k], 2), k + 1), mix(part(word[-k:], 3), k + 6)]
    if grams and len(word) > 4:
        out += [mix(hashed(word[i : i + 4], 4), 50) for i in range(min(len(word) - 3, 20))]
    return out


def part(word: bytes, seed: int) -> int:
    return int(float(hashed(word, seed)))


def beside_features(token: dict[str, Any] | None, base: int) -> list[int]:
    if token is None:
        return [mix(7, base + slot) for slot in (0, 3, 7, 8, 11, 12, 13)]
    word = token["word"]
    out = [mix(hashed(word, 1), base), mix(token["shape"], base + 11), mix(1 + token["gap"], base + 13)]
    if len(word) > 3:
        out += [mix(part(word[:3], 2), base + 3), mix(part(word[-3:], 3), base + 8)]
    if len(word) > 2:
        out.append(mix(part(word[-2:], 3), base + 7))
    if token["sign"]:
        out.append(mix(token["sign"], base + 12))
    return out + [mix(value, base + slot) for slot, value in token["marks"].items()]


def features(chain: list[dict[str, Any]], t: int, grams: bool) -> list[int]:
    at = {step: chain[t + step] if 0 <= t + step < len(chain) else None for step in range(-3, 4)}
    words = {step: 7 if token is None else token.setdefault("hash", hashed(token["word"], 1)) for step, token in at.items()}
    token = chain[t]
    out = token.setdefault("own", own_features(token, grams)) + beside_features(at[-1], 300) + beside_features(at[1], 500)
    out += [mix(words[step], 100 * (step + 4)) for step in (-3, -2, 2, 3)]
    pairs = ((-1, 0), (0, 1), (-1, 1), (-2, -1), (1, 2))
    out += [mix(words[a], words[b] + 1000 + p & _ALL) for p, (a, b) in enumerate(pairs)]
    for slot, value in token["marks"].items():
        out += [mix(value, slot + 1), mix(value, words[0] + 2000 + slot & _ALL), mix(value, token["shape"] * 64 + 5000 + slot)]
    if token["sign"]:
        out.append(mix(token["sign"], 13))
    after = 9 if at[1] is None else 1 + at[1]["gap"]
    out += [mix(1 + token["gap"], 14), mix(token["list"], 15), mix(token["list"], words[0] + 4000 & _ALL)]
    return [*out, mix(after * 16 + 1 + token["gap"], 3000)]


class SlowTagger:
    """A tagger as Python numbers."""

    def __init__(self, tagger: Tagger, caution: float | None = None) -> None:
        self.tagger, self.unit, self.known = tagger, unit_of(tagger), {}
        caution = tagger.recipe.caution if caution is None else caution
        self.tags, self.shift = tagger.weights.shape[1], 64 - tagger.recipe.bits
        self.steps = [
            [float(s) - (caution if j <= self.tags and k and k % 4 in (0, 1) else 0.0) if s > -5e3 else None for k, s in enumerate(row)]
            for j, row in enumerate(tagger.steps)
        ]
        self.whole: list[list[Any]] = [[None if s is None else round(s / self.unit) for s in row] for row in self.steps]

    def row(self, feature: int) -> list[int] | None:
        if feature not in self.known:
            weights = self.tagger.weights[feature].astype(float)
            relative = [int(x) for x in np.rint((weights - weights[0]) / self.unit)]
            self.known[feature] = relative if any(relative) else None
        return self.known[feature]

    def scores(self, chain: list[dict[str, Any]]) -> list[list[int]]:
        out = []
        for t in range(len(chain)):
            rows = [row for f in features(chain, t, self.tagger.recipe.grams) if (row := self.row(f >> self.shift))]
            out.append([sum(column) for column in zip(*rows, strict=True)] if rows else [0] * self.tags)
        return out

    def find(self, text: str, marks: list[Mark]) -> list[tuple[int, int, str, float]]:
        """Spans without the characters beside them: start, end, type, probability."""
        every, out = tokens(text), []
        for first in range(0, len(every), CHAIN):
            chain = every[first : first + CHAIN]
            sentences(chain)
            mark(chain, marks)
            scores = self.scores(chain)
            path = self.likeliest(scores)
            begins = [i for i, tag in enumerate(path) if tag and (tag - 1) % 4 in (0, 3)]
            ends = [i for i, tag in enumerate(path) if tag and (tag - 1) % 4 in (2, 3)]
            if begins:
                chances = self.chances(scores, list(zip(begins, ends, strict=True)), path)
                for a, b, chance in zip(begins, ends, chances, strict=True):
                    out.append((chain[a]["start"], chain[b]["end"], self.tagger.types[(path[a] - 1) // 4], chance))
        return out

    def likeliest(self, scores: list[list[int]]) -> list[int]:
        ways = [[(j, self.whole[j][k]) for j in range(self.tags) if self.whole[j][k] is not None] for k in range(self.tags)]
        best: list[float] = [-math.inf if s is None else s + e for s, e in zip(self.whole[self.tags], scores[0], strict=True)]
        came = []
        for row in scores[1:]:
            new, whence = [], []
            for k in range(self.tags):
                value, which = -math.inf, 0
                for j, step in ways[k]:
                    if best[j] + step > value:
                        value, which = best[j] + step, j
                new.append(value + row[k])
                whence.append(which)
            came.append(whence)
            best = new
        last = [-math.inf if s is None else b + s for s, b in zip(self.whole[self.tags + 1], best, strict=True)]
        path = [last.index(max(last))]
        for whence in reversed(came):
            path.append(whence[path[-1]])
        return path[::-1]

    def chances(self, scores: list[list[int]], spans: list[tuple[int, int]], path: list[int]) -> list[float]:
        """Log-sums over all paths, forward and backward; a span's is that of the paths through it."""
        e = np.array(scores, float) * self.unit
        step = np.array([[-np.inf if s is None else s for s in row] for row in self.steps])
        n, tags = e.shape
        alpha, beta = np.empty((n, tags)), np.empty((n, tags))
        with np.errstate(divide="ignore"):
            alpha[0] = step[tags] + e[0]
            for i in range(1, n):
                alpha[i] = _log_sum(alpha[i - 1][:, None] + step[:tags], 0) + e[i]
            beta[n - 1] = step[tags + 1]
            for i in range(n - 2, -1, -1):
                beta[i] = _log_sum(step[:tags] + (e[i + 1] + beta[i + 1])[None, :], 1)
            total = _log_sum((alpha[-1] + beta[-1])[None, :], 1)[0]
        out = []
        for a, b in spans:
            along = sum(step[path[i - 1], path[i]] + e[i, path[i]] for i in range(a + 1, b + 1))
            out.append(float(np.exp(alpha[a, path[a]] + along + beta[b, path[b]] - total)))
        return out


def _log_sum(values: Any, axis: int) -> Any:
    top = values.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    return np.log(np.exp(values - top).sum(axis=axis)) + top.squeeze(axis)


def slow_tag(texts: pl.Series, tagger: Tagger, marks: pl.DataFrame) -> pl.DataFrame:
    """`heedful.language.tagger.tagger.tag` for marks of all kinds (post, start, end, kind)."""
    slow, rows = SlowTagger(tagger), []
    by_post: dict[int, list[Mark]] = {}
    for post, start, end, kind in marks.iter_rows():
        by_post.setdefault(post, []).append((start, end, kind))
    for post, text in enumerate(texts.fill_null("")):
        rows += [(post, *span) for span in slow.find(text, by_post.get(post, []))]
    schema = {"post": pl.Int32, "start": pl.Int32, "end": pl.Int32, "type": pl.String, "probability": pl.Float64}
    return with_edges(texts, pl.DataFrame(rows, schema=schema, orient="row"), tagger.edges)
