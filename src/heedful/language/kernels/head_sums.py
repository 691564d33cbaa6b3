"""What a text adds to each head, as sums: once a distinct word for all that lies within it, by look-up for all that lies between words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from heedful.language.kernels.compiling import inlined, inner
from heedful.language.kernels.gram_columns import BASIS, BITS, EDGE, column_at, mix_byte, mix_word
from heedful.language.kernels.index import FLAGS, hash_word, word_id
from heedful.language.kernels.record import Rows
from heedful.language.kernels.rows import add_row, fetch, set_bits
from heedful.language.kernels.tokens import WIDEST
from heedful.language.kernels.word_kinds import Kinds, class_of_word, packed_byte

WAYS = 4
"""Places that a word may have in the memo. A word that has none of them pushes one out: however texts are made, each word costs at most
as much as a new one."""

NEAR = 4
"""Words to either side of a mention that count as near, as `heedful.language.heads.around` has it."""

MOST = 3
"""A kind of mention counts no further."""

LEVELS = 5
"""0, 1, 2 to 3, 4 to 7, 8 and more uses of a kind of words: `heedful.language.heads.counts.STEPS`."""

LINE = 16
"""Numbers (float32) of a cache line: so many of a row are brought near at once."""

HEADER = 8
"""Numbers (float32) of a row of the memo that hold its key."""

ALONE_AT, EVENTFUL_AT = np.uint64(1 << 30), np.uint64(1 << 31)
"""Bits of the fourth number of a key: the word's flags, as they stand in `Index.roots`."""

MOST_CLASSES = 1 << 22
"""A class of `word_kinds` is below this."""

_ONE, _SIX, _LOW_SIX, _HALF, _THIRTY = np.uint64(1), np.uint64(6), np.uint64(63), np.uint64(32), np.uint64(30)


class Grams(NamedTuple):
    """What n-grams of one kind add to the heads. A row for each known column, `unknown` for all others.

    known: for each 64 columns a bit a column, and the number of known columns up to the last of them.

    All rows lie one behind the other, each as wide as a multiple of eight numbers.

    `used`: whether any head reads them.
    """

    used: bool
    known: npt.NDArray[np.uint64]
    rows: npt.NDArray[np.float32]
    unknown: npt.NDArray[np.float64]


class HeadTables(NamedTuple):
    """All heads that run together, as tables of rows to be added.

    A text's sums lie in one vector: words, characters, marked, near, kinds, mentions, from `bounds[i]` to `bounds[i + 1]`. In each of them
    every head that reads it has its outputs, then the sum of squares of its norm, and a head's first block of words the count of n-grams
    that it knows.
    kind_rows: by kind of words, then by mark written, and level. length_rows: by range of length (`lengths` are where they begin).
    mention_rows: by type of mention, then for each type by assertion, experiencer, role, severity (`mention_at`: where each begins).
    mentioned: by type, the word that stands for a mention. shown: by term, whether it counts as a mention.
    parts: a row a block of a head: where its sums begin, its outputs, its first output. shares: what it weighs.
    seen: a row a head: where its count of known n-grams stands.
    """

    words: Grams
    characters: Grams
    near: Grams
    marked: Grams
    bounds: npt.NDArray[np.int64]
    kinds: Kinds
    kind_rows: npt.NDArray[np.float32]
    length_rows: npt.NDArray[np.float32]
    lengths: npt.NDArray[np.int64]
    mention_rows: npt.NDArray[np.float64]
    mention_at: npt.NDArray[np.int64]
    mentioned: npt.NDArray[np.uint64]
    shown: npt.NDArray[np.uint8]
    parts: Rows[np.int64]
    shares: npt.NDArray[np.float64]
    intercepts: npt.NDArray[np.float64]
    seen: npt.NDArray[np.int64]
    mark_steps: npt.NDArray[np.uint8]
    letters: npt.NDArray[np.uint8]


class Memo(NamedTuple):
    """Words met before; a pure cache, whatever it forgets is worked out again.

    keys and sums are the same memory: a row a place, of whole cache lines, so that a word is read from as few of them as can be. It begins
    with the key, four numbers: first 8 folded bytes, next 8, hash of the word, vocabulary id << 32 | flags << 30 | class << 8 | length + 1
    (0: empty). After it (`HEADER`) stands what the word adds to words and characters.
    tails: folded bytes from the 17th on. next: which way goes next, sets of places less one, float32 numbers of a row.
    """

    keys: npt.NDArray[np.uint64]
    tails: Rows[np.uint64]
    sums: npt.NDArray[np.float32]
    next: npt.NDArray[np.int64]


class Waiting(NamedTuple):
    """Words of a sentence as read: folded bytes (`words` and `bytes` are the same memory), length (at most 65), first of their places."""

    words: Rows[np.uint64]
    bytes: Rows[np.uint8]
    lengths: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]


class Work(NamedTuple):
    """Room for one text: by word its hash and what it is (0: a word; -1: within a mention; else 1 + type of the mention it begins);
    the words kept beside mentions; places of rows; sums of the text, of a new word; counts; nodes of
    phrases begun; the beginning of a word."""

    hashes: npt.NDArray[np.uint64]
    told: npt.NDArray[np.int8]
    kept: npt.NDArray[np.uint64]
    close: npt.NDArray[np.int8]
    rows: npt.NDArray[np.int64]
    sums: npt.NDArray[np.float64]
    word_sums: npt.NDArray[np.float64]
    kinds: npt.NDArray[np.int32]
    mentions: npt.NDArray[np.int32]
    active: npt.NDArray[np.int64]
    cut: npt.NDArray[np.uint8]
    cut_packed: npt.NDArray[np.uint64]


@inlined
def find_gram(column, grams, width, rows, found):  # type: ignore[no-untyped-def]
    """Note where the row of a column lies, as number `found` of `rows`, and have it brought near; returns how many are noted."""
    where = np.uint64(column)
    block = (where >> _SIX) << _ONE
    bits = grams.known[block] >> (where & _LOW_SIX)
    if bits & _ONE:
        at = np.int64(grams.known[block + _ONE] - set_bits(bits)) * width
        fetch(grams.rows, at)
        fetch(grams.rows, at + width - 1)
        rows[found] = at
        return found + 1
    return found


@inlined
def add_grams(found, asked, grams, rows, sums, first, width):  # type: ignore[no-untyped-def]
    """Add the rows found to `sums` from `first` on; the others of the `asked` n-grams no head knows."""
    for i in range(found):
        add_row(sums, first, grams.rows, rows[i], width)
    add_unknown(asked - found, grams, sums, first, width)


@inlined
def add_unknown(unknown, grams, sums, first, width):  # type: ignore[no-untyped-def]
    """Add what `unknown` n-grams tell that no head knows: they lengthen the norm."""
    if unknown > 0:
        for j in range(width):
            sums[first + j] += unknown * grams.unknown[j]


@inlined
def await_word(at, packed, word, length, memo, waiting):  # type: ignore[no-untyped-def]
    """Put down a folded word as number `at` of its sentence and have its places in the memo brought near."""
    length = min(length, WIDEST + 1)
    first = np.int64(hash_word(packed, min(length, WIDEST)) & np.uint64(memo.next[1])) * WAYS
    for j in range(0, memo.next[2], LINE):
        fetch(memo.sums, first * memo.next[2] + j)
    waiting.words[at, 0], waiting.words[at, 1] = packed[0], packed[1]
    waiting.lengths[at], waiting.places[at] = length, first
    if length > 16:
        for i in range(2, 8):
            waiting.words[at, i] = packed[i]


@inlined
def key_at(place, memo):  # type: ignore[no-untyped-def]
    """Where the key of a place begins."""
    return place * (memo.next[2] >> 1)


@inlined
def memo_place(at, index, tables, memo, waiting, work):  # type: ignore[no-untyped-def]
    """The place in the memo of word `at` of the sentence; it is put there if it was not."""
    first, length = waiting.places[at], waiting.lengths[at]
    low, high, held = waiting.words[at, 0], waiting.words[at, 1], np.uint64(length + 1)
    for place in range(first, first + WAYS):
        key = key_at(place, memo)
        if memo.keys[key] == low and memo.keys[key + 1] == high and (memo.keys[key + 3] & np.uint64(255)) == held:
            same = True
            if length > 16:
                for i in range(6):
                    same = same and memo.tails[place, i] == waiting.words[at, i + 2]
            if same:
                return place
    return _learn_word(first, held, waiting.words[at], waiting.bytes[at], length, index, tables, memo, work)


@inner
def _learn_word(first, held, packed, word, length, index, tables, memo, work):  # type: ignore[no-untyped-def]
    place = np.int64(-1)
    for free in range(first + WAYS - 1, first - 1, -1):
        if memo.keys[key_at(free, memo) + 3] == 0:
            place = np.int64(free)
    if place < 0:
        place = first + memo.next[0] % WAYS
        memo.next[0] += 1
    end = min(length, WIDEST)
    if length > 16:
        for i in range(6):
            memo.tails[place, i] = packed[i + 2]
    known = np.int64(word_id(packed, word, length, index.tags, index.words, index.wide))
    kind = np.int64(class_of_word(packed, word, length, tables.kinds, work.cut, work.cut_packed))
    state = BASIS
    for i in range(end):
        state = mix_byte(state, np.uint64(packed_byte(packed, word, i)))
    flags = np.uint64(index.roots[known, FLAGS]) if known >= 0 else np.uint64(0)
    key = key_at(place, memo)
    memo.keys[key], memo.keys[key + 1], memo.keys[key + 2] = packed[0], packed[1], state
    memo.keys[key + 3] = (np.uint64(known & 0xFFFFFFFF) << _HALF) | (flags << _THIRTY) | np.uint64(kind << 8) | held
    words, characters = tables.bounds[1], tables.bounds[2] - tables.bounds[1]
    sums = work.word_sums
    for j in range(words + characters):
        sums[j] = 0.0
    if tables.words.used:
        found = find_gram(column_at(mix_word(BASIS, state), BITS), tables.words, words, work.rows, 0)
        add_grams(found, 1, tables.words, work.rows, sums, 0, words)
    if tables.characters.used:
        found, asked = 0, 0
        for begin in range(end + 2):
            state = BASIS
            for last in range(begin, min(begin + 5, end + 2)):
                inside = 0 < last < end + 1
                state = mix_byte(state, np.uint64(packed_byte(packed, word, last - 1)) if inside else EDGE)
                if last - begin >= 2:
                    found, asked = find_gram(column_at(state, BITS), tables.characters, characters, work.rows, found), asked + 1
        add_grams(found, asked, tables.characters, work.rows, sums, words, characters)
    for j in range(words + characters):
        memo.sums[place * memo.next[2] + HEADER + j] = sums[j]
    return place


@inner
def begin_text(work):  # type: ignore[no-untyped-def]
    """Forget the text before."""
    for j in range(work.sums.size):
        work.sums[j] = 0.0
    for j in range(work.kinds.size):
        work.kinds[j] = 0
    for j in range(work.mentions.size):
        work.mentions[j] = 0


@inner
def note_mention(kind, first, last, found, at, tables, work):  # type: ignore[no-untyped-def]
    """Count the mention on words `first` to `last - 1` of the text, of type `kind` and with the attributes `found[at[i]]`."""
    work.told[first] = 1 + kind
    for token in range(first + 1, last):
        work.told[token] = -1
    starts = tables.mention_at
    work.mentions[kind] += 1
    for attribute in range(4):
        size = (starts[attribute + 1] - starts[attribute]) // starts[0]
        work.mentions[starts[attribute] + kind * size + found[at[attribute]]] += 1


@inlined
def end_text(n, tables, work, scores, seen):  # type: ignore[no-untyped-def]
    """The heads' scores of a text of `n` words from its sums, and how many of its n-grams each head knows."""
    bounds, sums = tables.bounds, work.sums
    if tables.words.used:
        found = 0
        for token in range(1, n):
            state = mix_word(mix_word(BASIS, work.hashes[token - 1]), work.hashes[token])
            found = find_gram(column_at(state, BITS), tables.words, bounds[1], work.rows, found)
        add_grams(found, max(0, n - 1), tables.words, work.rows, sums, 0, bounds[1])
    mentions = 0
    for kind in range(tables.mention_at[0]):
        mentions += work.mentions[kind]
    if tables.marked.used:
        _runs(n, tables.mentioned, tables.marked, 3, False, work, sums, bounds[2], bounds[3] - bounds[2])
    if tables.near.used and mentions > 0:
        _runs(n, tables.mentioned, tables.near, 2, True, work, sums, bounds[3], bounds[4] - bounds[3])
    first, width = bounds[4], bounds[5] - bounds[4]
    if width > 0:
        for kind in range(work.kinds.size):
            uses = work.kinds[kind]
            if uses > 0:
                level = 1 if uses == 1 else 2 if uses < 4 else 3 if uses < 8 else 4
                add_row(sums, first, tables.kind_rows, np.int64(kind * LEVELS + level) * width, width)
        reached = 0
        while reached < tables.lengths.size and tables.lengths[reached] <= n:
            reached += 1
        add_row(sums, first, tables.length_rows, np.int64(reached) * width, width)
    if mentions > 0:
        first, width = bounds[5], bounds[6] - bounds[5]
        for kind in range(work.mentions.size):
            uses = min(work.mentions[kind], MOST)
            if uses > 0:
                for j in range(width):
                    sums[first + j] += uses * tables.mention_rows[kind * width + j]
    for o in range(scores.size):
        scores[o] = tables.intercepts[o]
    for part in range(tables.parts.shape[0]):
        begin, outputs, to = tables.parts[part, 0], tables.parts[part, 1], tables.parts[part, 2]
        norm = sums[begin + outputs]
        if norm > 0:
            share = tables.shares[part] / np.sqrt(norm)
            for o in range(outputs):
                scores[to + o] += share * sums[begin + o]
    for head in range(seen.size):
        seen[head] = sums[tables.seen[head]]


@inner
def _runs(n, mentioned, grams, longest, only_near, work, sums, first, width):  # type: ignore[no-untyped-def]
    """Add runs of up to `longest` words, a mention being one word: of the whole text, or of the words near a mention."""
    kept = 0
    for token in range(n):
        if work.told[token] >= 0:
            work.kept[kept] = mentioned[work.told[token] - 1] if work.told[token] > 0 else work.hashes[token]
            work.close[kept] = work.told[token] > 0
            kept += 1
    if only_near:
        kept = _only_near(kept, work)
    found, asked = 0, 0
    for begin in range(kept):
        state = BASIS
        for last in range(begin, min(begin + longest, kept)):
            state = mix_word(state, work.kept[last])
            found, asked = find_gram(column_at(state, BITS), grams, width, work.rows, found), asked + 1
    add_grams(found, asked, grams, work.rows, sums, first, width)


@inner
def _only_near(kept, work):  # type: ignore[no-untyped-def]
    """Keep the words within `NEAR` of a mention; how many they are."""
    last = -NEAR - 1
    for at in range(kept):  # 1: a mention; 2: near one
        if work.close[at] == 1:
            last = at
        elif at - last <= NEAR:
            work.close[at] = 2
    following, out = kept + NEAR, 0
    for at in range(kept - 1, -1, -1):
        if work.close[at] == 1:
            following = at
        elif following - at <= NEAR:
            work.close[at] = 2
    for at in range(kept):
        if work.close[at] > 0:
            work.kept[out] = work.kept[at]
            out += 1
    return out
