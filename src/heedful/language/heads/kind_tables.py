"""A lexicon laid out for `heedful.language.kernels.word_kinds`: the same counts as `heedful.language.heads.counts.lexicon_counts`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, takewhile

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.text_buffers import text_buffers
from heedful.language.heads.lexicons import phrases
from heedful.language.kernels.build import fill_words
from heedful.language.kernels.index import hash_step
from heedful.language.kernels.word_kinds import LONGEST_PHRASE, Kinds, Words


def kind_tables(lexicon: Mapping[str, str]) -> Kinds:
    """The tables of a lexicon; kinds are numbered in its order. Raises `SettingsError` for a phrase of too many words."""
    place = {kind: number for number, kind in enumerate(lexicon)}
    listed = [(place[kind], phrase.split()) for kind, phrase in phrases(lexicon)]
    for _, parts in listed:
        if len(parts) > LONGEST_PHRASE:
            raise SettingsError(f"The phrase '{' '.join(parts)}' has more than {LONGEST_PHRASE} words. Shorten it.")
    # A class is a word or the beginning of one; what begins shorter beginnings belongs to them too.
    classes = {part: number for number, part in enumerate(sorted({part for _, parts in listed for part in parts}), 1)}
    stems = sorted((part.rstrip("*"), number) for part, number in classes.items())
    members = {part: _members(part, classes, stems) for part in classes}
    of_class: list[list[int]] = [[] for _ in range(len(classes) + 1)]
    of_node: list[list[int]] = [[]]
    roots, steps = np.zeros(len(classes) + 1, np.int32), dict[tuple[int, int], int]()
    for kind, parts in listed:
        if len(parts) == 1:
            for member in members[parts[0]]:
                of_class[member].append(kind)
            continue
        nodes = {0}
        for depth, part in enumerate(parts):
            following = set()
            for node in nodes:
                for member in members[part]:
                    known = int(roots[member]) if depth == 0 else steps.get((node, member), 0)
                    if not known:
                        of_node.append([])
                        known = len(of_node) - 1
                        if depth == 0:
                            roots[member] = known
                        else:
                            steps[node, member] = known
                    following.add(known)
            nodes = following
        for node in nodes:
            of_node[node].append(kind)
    begun = {part[:-1]: number for part, number in classes.items() if part.endswith("*")}
    whole = {part: number for part, number in classes.items() if not part.endswith("*")}
    lengths = [len(part.encode()) for part in begun] or [1]
    return Kinds(
        _words(whole), _words(begun), min(lengths), max(lengths), *_rows(of_class), roots, _steps(steps), *_rows(of_node),
    )  # fmt: skip


def _members(part: str, classes: Mapping[str, int], stems: Sequence[tuple[str, int]]) -> list[int]:
    if not part.endswith("*"):
        return [classes[part]]
    begun = takewhile(lambda stem: stem[0].startswith(part[:-1]), islice(stems, bisect_left(stems, (part[:-1], 0)), None))
    return sorted(number for _, number in begun)


def _rows(lists: Iterable[list[int]]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    kept = list(lists)
    ends = np.cumsum([0, *(len(one) for one in kept)])
    return ends.astype(np.int32), np.array([value for one in kept for value in one], np.int32)


def _words(known: Mapping[str, int]) -> Words:
    tags = np.zeros(1 << max(4, (4 * len(known)).bit_length()), np.uint8)
    words = np.zeros((tags.size, 4), np.uint64)
    names = pl.Series("word", list(known), dtype=pl.String)
    wide = np.zeros(int((names.str.len_bytes().cast(pl.Int64) - 16).clip(0).sum()) + 1, np.uint8)
    at, blob = text_buffers(names)
    fill_words(blob, at[1:], np.array(list(known.values()), np.int32), tags, words, wide)
    return Words(tags, words, wide)


def _steps(steps: Mapping[tuple[int, int], int]) -> npt.NDArray[np.int64]:
    table = np.full((1 << max(4, (2 * len(steps)).bit_length()), 2), -1, np.int64)
    mask = table.shape[0] - 1
    keys = np.array([(node << 32) | member for node, member in steps], np.int64)
    hashes: npt.NDArray[np.uint64] = hash_step.py_func(keys)  # as it is: compiling it for a few hundred steps would take longer
    for key, hashed, after in zip(keys.tolist(), hashes.tolist(), steps.values(), strict=True):
        slot = hashed & mask
        while table[slot, 0] != -1:
            slot = (slot + 1) & mask
        table[slot] = key, after
    return table
