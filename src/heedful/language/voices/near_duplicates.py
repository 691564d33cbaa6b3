"""Near-duplicates: pairs of texts whose sets of shingles are alike, found exactly, and the groups of copies that they form.

The likeness of two texts is Jaccard's: shingles in both over shingles in either. A prefix filter finds every pair at or above the
threshold: with its shingles in order of rarity, a text can only reach the threshold with a text that shares one of its first few
(Chaudhuri et al. 2006; Xiao et al. 2008, PPJoin). Nothing is estimated and nothing missed. Texts with the same set are joined once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit

from heedful.core.columns import check_arguments
from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method
from heedful.language.heads.grams import hash_words, tokenize
from heedful.language.voices.minhash import banded_pairs, estimated_jaccard, sketches
from heedful.language.voices.shingles import ShingleSets, shingle_sets

THRESHOLD = 0.5
MOST_PAIRS = 20_000_000
"""Pairs beyond which an answer is refused: it would no longer fit in memory, and nobody reads it."""

_REPORTED_FROM = 0.3
"""A parity case lists the pairs from here on, whatever its threshold."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of texts `first` < `second` (row numbers), ascending, and their `likeness`, 0 to 1; all of shape (pairs,)."""

    first: Integers
    second: Integers
    likeness: npt.NDArray[np.float64]


def text_shingles(texts: pl.Series, width: int = 3) -> ShingleSets:
    """Sets of runs of `width` folded words: case, accents, punctuation and look-alike letters make no difference.

    >>> text_shingles(pl.Series(["Take it NOW!", "take it, now", None])).starts.tolist()
    [0, 1, 2, 2]
    """
    tokens = tokenize(texts)
    return shingle_sets(hash_words(tokens), tokens.text, len(texts), width)


def near_duplicates(sets: ShingleSets, threshold: float = THRESHOLD, *, most_pairs: int = MOST_PAIRS) -> Pairs:
    """All pairs of texts with a likeness of at least `threshold`; a text without shingles is like no other.

    Raises `SettingsError` if the threshold is not above 0 and at most 1, or if more than `most_pairs` pairs reach it.

    >>> found = near_duplicates(text_shingles(pl.Series(["a b c d e", "a b c d f", "x y z"])), 0.5)
    >>> found.first.tolist(), found.second.tolist(), found.likeness.tolist()
    ([0], [1], [0.5])
    """
    group, apart = _distinct(sets)
    joined = _join_distinct(apart, threshold, most_pairs)
    members = np.argsort(group, kind="stable")
    sizes = np.bincount(group, minlength=apart.texts)
    _check_count(int((sizes * (sizes - 1) // 2).sum() + (sizes[joined.first] * sizes[joined.second]).sum()), most_pairs)
    begins = np.concatenate([[0], np.cumsum(sizes)])
    own = np.flatnonzero((sizes > 1) & (np.diff(apart.starts) > 0))
    a, b, of = _expand(members, begins, np.concatenate([own, joined.first]), np.concatenate([own, joined.second]))
    likeness = np.concatenate([np.ones(len(own)), joined.likeness])[of]
    first, second = np.minimum(a, b), np.maximum(a, b)
    kept = (first != second) & ((of >= len(own)) | (a < b))
    order = np.lexsort((second[kept], first[kept]))
    return Pairs(first[kept][order], second[kept][order], likeness[kept][order])


def groups_of_copies(sets: ShingleSets, threshold: float = THRESHOLD) -> Integers:
    """The group of each text, shape (texts,): texts are in one group if a chain of near-duplicates connects them.

    A group is named by its first text, so a text of its own has its own row number. Ten thousand word-for-word copies cost what one does,
    and no pair is kept, so that no campaign is too large. Raises `SettingsError` if the threshold is not above 0 and at most 1.

    >>> groups_of_copies(text_shingles(pl.Series(["a b c", "x y z", "A b c!", ""]))).tolist()
    [0, 1, 0, 3]
    """
    group, apart = _distinct(sets)
    shingle, by_size, kinds = _by_rarity(apart, threshold)
    of_text = _connected(apart.starts, shingle, by_size, kinds, threshold)[group]
    return _named(of_text, np.diff(sets.starts) == 0)


def groups_in_windows(sets: ShingleSets, windows: Iterable[Integers], threshold: float = THRESHOLD) -> Iterator[Integers]:
    """`groups_of_copies` of each window by itself; what only depends on the texts is worked out once for all windows.

    windows: numbers of the texts of each, shape (n,). A group is named by the place of its first text in the window.

    >>> sets = text_shingles(pl.Series(["a b c", "x y z", "A b c!", ""]))
    >>> [groups.tolist() for groups in groups_in_windows(sets, [np.array([0, 1]), np.array([1, 2, 0, 3])])]
    [[0, 1], [0, 1, 1, 3]]
    """
    group, apart = _distinct(sets)
    # rarity among all texts instead of the window's: any fixed order of the shingles finds the same pairs
    shingle, _, kinds = _by_rarity(apart, threshold)
    sizes = np.diff(apart.starts)
    for window in windows:
        chosen, within = np.unique(group[window], return_inverse=True)
        own = sizes[chosen]
        starts = np.concatenate([[0], np.cumsum(own)]).astype(np.int64)
        shingles = shingle[np.repeat(apart.starts[chosen] - starts[:-1], own) + np.arange(starts[-1])]
        of_text = _connected(starts, shingles, np.argsort(own, kind="stable"), kinds, threshold)[within]
        yield _named(of_text, own[within] == 0)


def _named(of_text: Integers, empty: npt.NDArray[np.bool_]) -> Integers:
    """The first text of each text's component; a text without shingles is its own."""
    _, firsts, place = np.unique(of_text, return_index=True, return_inverse=True)
    named = firsts[place].astype(np.int64)
    named[empty] = np.flatnonzero(empty)
    return named


def _distinct(sets: ShingleSets) -> tuple[Integers, ShingleSets]:
    """The number of each text's set, and the sets that differ, in order of their first text."""
    sizes = np.diff(sets.starts)
    group, firsts = _by_sum(sets)
    alike = np.repeat(sets.starts[firsts[group]] - sets.starts[:-1], sizes) + np.arange(len(sets.shingle))
    if (sizes != sizes[firsts[group]]).any() or (sets.shingle != sets.shingle[alike]).any():
        group, firsts = _by_bytes(sets)
    chosen = np.zeros(sets.texts, np.bool_)
    chosen[firsts] = True
    starts = np.concatenate([[0], np.cumsum(sizes[firsts])]).astype(np.int64)
    return group, ShingleSets(starts, sets.shingle[np.repeat(chosen, sizes)])


def _by_sum(sets: ShingleSets) -> tuple[Integers, Integers]:
    """Texts numbered by the sum of their shingles, and the first text of each number: those of one number are almost surely alike."""
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(sets.shingle, dtype=np.uint64)])
    sums = total[sets.starts[1:]] - total[sets.starts[:-1]]
    _, firsts, group = np.unique(sums, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    return number[group], firsts[order]


def _by_bytes(sets: ShingleSets) -> tuple[Integers, Integers]:
    """The same by the shingles themselves, for texts whose sums coincide by chance."""
    blob, bounds = sets.shingle.tobytes(), (sets.starts * sets.shingle.itemsize).tolist()
    numbers: dict[bytes, int] = {}
    group = np.fromiter((numbers.setdefault(blob[a:b], len(numbers)) for a, b in pairwise(bounds)), np.int64, sets.texts)
    return group, np.unique(group, return_index=True)[1]


def _join_distinct(sets: ShingleSets, threshold: float, most_pairs: int) -> Pairs:
    shingle, by_size, kinds = _by_rarity(sets, threshold)
    first, second, likeness, total = _join(sets.starts, shingle, by_size, kinds, threshold, most_pairs)
    _check_count(total, most_pairs)
    return Pairs(np.minimum(first, second), np.maximum(first, second), likeness)


def _by_rarity(sets: ShingleSets, threshold: float) -> tuple[Integers, Integers, int]:
    """Each set's shingles as numbers, the rarest first; the sets in order of size; how many shingles there are."""
    if not 0 < threshold <= 1:
        raise SettingsError(f"A likeness of {threshold} cannot be the threshold; give one above 0 and at most 1 (0.5 is usual).")
    _, kind, counts = np.unique(sets.shingle, return_inverse=True, return_counts=True)
    rarity = np.empty(len(counts), np.int64)
    rarity[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    of = np.repeat(np.arange(sets.texts), np.diff(sets.starts))
    # sorting text and rarity as one number is several times faster than by two keys
    shingle = np.sort(of * len(counts) + rarity[kind]) - of * len(counts)
    return shingle, np.argsort(np.diff(sets.starts), kind="stable"), len(counts)


def _check_count(pairs: int, most: int) -> None:
    if pairs > most:
        raise SettingsError(
            f"At least {pairs:,} pairs of texts reach the threshold, and at most {most:,} are listed. "
            "Ask for groups of copies, raise the threshold, or take a shorter period."
        )


def _expand(members: Integers, begins: Integers, left: Integers, right: Integers) -> tuple[Integers, Integers, Integers]:
    """Every member of set `left[i]` with every one of `right[i]`, and i."""
    wide = begins[right + 1] - begins[right]
    sizes = (begins[left + 1] - begins[left]) * wide
    of = np.repeat(np.arange(len(left)), sizes)
    place = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return members[begins[left][of] + place // wide[of]], members[begins[right][of] + place % wide[of]], of


@njit(cache=True)
def _join(starts, shingle, by_size, kinds, threshold, most):  # type: ignore[no-untyped-def]
    """Pairs of sets at or above the threshold, and how many there are (it stops once there are too many).

    Sets come by size, so that the newest entries of a list are the largest and a list can be left at the first that is too small.
    """
    n = len(by_size)
    head = np.full(kinds, -1, np.int64)
    after, owner = np.empty(len(shingle), np.int64), np.empty(len(shingle), np.int64)
    seen_by = np.full(n, -1, np.int64)
    room = 1024
    first, second, likeness = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.float64)
    count = entries = 0
    slack = 1e-9  # 0.3 * 10 is a little more than 3
    for x in by_size:
        begin, end = starts[x], starts[x + 1]
        size = end - begin
        if size == 0:
            continue
        prefix = size - np.int64(np.ceil(threshold * size - slack)) + 1
        for at in range(begin, begin + prefix):
            entry = head[shingle[at]]
            while entry >= 0:
                y = owner[entry]
                other = starts[y + 1] - starts[y]
                if other < threshold * size - slack:
                    break
                if seen_by[y] != x:
                    seen_by[y] = x
                    shared = 0
                    i, j = begin, starts[y]
                    while i < end and j < starts[y + 1]:
                        if shingle[i] == shingle[j]:
                            shared += 1
                            i += 1
                            j += 1
                        elif shingle[i] < shingle[j]:
                            i += 1
                        else:
                            j += 1
                    alike = shared / (size + other - shared)
                    if alike >= threshold:
                        if count == most:
                            return first[:count], second[:count], likeness[:count], count + 1
                        if count == room:
                            room *= 2
                            first, second = _wider(first, room), _wider(second, room)
                            wider = np.empty(room, np.float64)
                            wider[:count] = likeness
                            likeness = wider
                        first[count], second[count], likeness[count] = x, y, alike
                        count += 1
                entry = after[entry]
        for at in range(begin, begin + prefix):
            after[entries], owner[entries] = head[shingle[at]], x
            head[shingle[at]] = entries
            entries += 1
    return first[:count], second[:count], likeness[:count], count


@njit(cache=True)
def _connected(starts, shingle, by_size, kinds, threshold):  # type: ignore[no-untyped-def]
    """The component of each set, by a number of its own: as `_join`, but what is connected already is not compared."""
    n = len(by_size)
    head = np.full(kinds, -1, np.int64)
    after, owner = np.empty(len(shingle), np.int64), np.empty(len(shingle), np.int64)
    seen_by, above = np.full(n, -1, np.int64), np.arange(n)
    entries = 0
    slack = 1e-9
    for x in by_size:
        begin, end = starts[x], starts[x + 1]
        size = end - begin
        if size == 0:
            continue
        prefix = size - np.int64(np.ceil(threshold * size - slack)) + 1
        for at in range(begin, begin + prefix):
            entry = head[shingle[at]]
            while entry >= 0:
                y = owner[entry]
                other = starts[y + 1] - starts[y]
                if other < threshold * size - slack:
                    break
                if seen_by[y] != x:
                    seen_by[y] = x
                    if _root(above, x) != _root(above, y):
                        shared = 0
                        i, j = begin, starts[y]
                        while i < end and j < starts[y + 1]:
                            if shingle[i] == shingle[j]:
                                shared += 1
                                i += 1
                                j += 1
                            elif shingle[i] < shingle[j]:
                                i += 1
                            else:
                                j += 1
                        if shared / (size + other - shared) >= threshold:
                            above[_root(above, x)] = _root(above, y)
                entry = after[entry]
        for at in range(begin, begin + prefix):
            after[entries], owner[entries] = head[shingle[at]], x
            head[shingle[at]] = entries
            entries += 1
    for x in range(n):
        above[x] = _root(above, x)
    return above


@njit(cache=True)
def _root(above, x):  # type: ignore[no-untyped-def]
    while above[x] != x:
        above[x] = above[above[x]]
        x = above[x]
    return x


@njit(cache=True)
def _wider(values, room):  # type: ignore[no-untyped-def]
    wider = np.empty(room, np.int64)
    wider[: len(values)] = values
    return wider


@method(Card(
    name="provenance.near_duplicates",
    definition="Pairs of texts by the Jaccard likeness of their sets of word runs, exactly; and what a MinHash sketch makes of them.",
    units="1",
    reference="Broder 1997, SEQUENCES; Xiao et al. 2008, WWW (PPJoin)",
    equals="exact sets, to the last bit; for sketches, bands and their errors datasketch 2.0.0 (affine32, seed 1), exactly",
    limits="Likeness of wording, not of meaning: a paraphrase is missed, a shared slogan found. Copies need not be a campaign.",
))  # fmt: skip
def run_near_duplicates(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: texts to the exact pairs from 0.3 on, and the figures of the peer's sketch at the case's threshold.

    Texts are parted at white space and compared as they are written, as the peer's user did.
    """
    check_arguments("provenance.near_duplicates", arguments, ("shingle", "threshold", "permutations"))
    threshold, permutations = float(arguments.get("threshold", THRESHOLD)), int(arguments.get("permutations", 128))
    documents = inputs["documents"]
    if missing := {"id", "text"} - set(documents.columns):
        raise SchemaError(f"The documents have no column {' or '.join(sorted(missing))}; they have {', '.join(documents.columns)}.")
    written = _written_shingles(documents["text"], str(arguments.get("shingle", "word 3-grams")))
    found = near_duplicates(_as_sets(written), min(_REPORTED_FROM, threshold))
    names = documents["id"].to_list()
    listed, alike = found.likeness >= _REPORTED_FROM, found.likeness >= threshold
    true = set(zip(found.first[alike].tolist(), found.second[alike].tolist(), strict=True))
    rows = sketches(written, permutations)
    error = estimated_jaccard(rows, found.first[listed], found.second[listed]) - found.likeness[listed]
    banded = {(int(i), int(j)) for i, j in banded_pairs(rows, threshold)}
    return {
        "pairs": [
            [names[i], names[j], value]
            for i, j, value in zip(found.first[listed], found.second[listed], found.likeness[listed].tolist(), strict=True)
        ],
        f"pairs_at_least_{threshold:g}": len(true),
        "peer_minhash_rmse": float(np.sqrt((error**2).mean())) if error.size else None,
        f"peer_lsh_recall_at_{threshold:g}": len(banded & true) / len(true) if true else None,
        f"peer_lsh_precision_at_{threshold:g}": len(banded & true) / len(banded) if banded else None,
    }


def _written_shingles(texts: pl.Series, shingle: str) -> list[set[str]]:
    """The sets as text, runs joined as they stand. Raises `SettingsError` on a kind of shingle that is not known."""
    asked = re.fullmatch(r"(word|char|character) (\d+)-grams?", shingle.strip())
    if asked is None or int(asked[2]) < 1:
        raise SettingsError(f"Shingles are 'word 3-grams' or 'character 5-grams' of any length from 1, not {shingle!r}.")
    width, glue = int(asked[2]), " " if asked[1] == "word" else ""
    parts = [(text or "").split() if glue else list(text or "") for text in texts.cast(pl.String)]
    return [{glue.join(of[at : at + width]) for at in range(max(len(of) - width, 0) + 1) if of} for of in parts]


def _as_sets(written: list[set[str]]) -> ShingleSets:
    """Sets of strings as numbers, one an expression: exact, without hashes."""
    number: dict[str, int] = {}
    rows = [sorted(number.setdefault(shingle, len(number)) for shingle in of) for of in written]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return ShingleSets(starts, np.array([value for row in rows for value in row], np.uint64))
