"""Heads at run time: all of them with the mentions in one scan, the same answers as `heedful.language.heads.head.Head` gives."""

from __future__ import annotations

import functools
import itertools
import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.text_buffers import text_buffers
from heedful.language.folding import fold_table
from heedful.language.heads.around import NEAR
from heedful.language.heads.blocks import BlockWeights
from heedful.language.heads.counts import LENGTHS, STEPS, WRITTEN
from heedful.language.heads.grams import column_of
from heedful.language.heads.head import Head, second_stage
from heedful.language.heads.kind_tables import kind_tables
from heedful.language.heads.lexicons import ENGLISH
from heedful.language.kernels.gram_columns import BITS
from heedful.language.kernels.head_scan import Held, scan_heads, split_sentences
from heedful.language.kernels.head_sums import HEADER, LEVELS, LINE, MOST_CLASSES, WAYS, Grams, HeadTables, Memo, Waiting, Work
from heedful.language.kernels.head_sums import NEAR as KERNEL_NEAR
from heedful.language.kernels.marks import written_tables
from heedful.language.kernels.record import record_of
from heedful.language.kernels.rows import EIGHT
from heedful.language.kernels.scan import COLUMNS, SENTENCE, _space
from heedful.language.kernels.tokens import WIDEST
from heedful.language.kernels.word_kinds import LONGEST_PHRASE
from heedful.language.matching import TYPES
from heedful.language.rules import ASSERTIONS, EXPERIENCERS, ROLES, SEVERITIES
from heedful.language.vocabulary import FIGURE, Vocabulary

assert NEAR == KERNEL_NEAR
assert len(STEPS) == LEVELS - 1
Floats = npt.NDArray[np.float64]

MEMO = 1 << 17
"""Words that the memo has room for."""

PIECE = 1 << 24
"""Bytes of text scanned at once."""

KEPT = 1 << 18
"""Words of the longest text for which room is kept from call to call."""

_SHORT = 4_096
"""Bytes of texts for which there is always room."""

SOURCES = ("words", "characters", "marked", "near", "kinds", "mentions")
"""Blocks that can be run, in the order of the sums; the others are of two texts or of several fields."""

_ATTRIBUTES = (("assertion", ASSERTIONS), ("experiencer", EXPERIENCERS), ("role", ROLES), ("severity", SEVERITIES))


@dataclass(frozen=True, eq=False)
class Reading:
    """What one scan found: `found` as of `heedful.language.matching.find`; by head `scores` of its first stage, shape (texts, outputs), and
    `unseen`, the share of n-grams that the head never met, shape (texts, heads)."""

    heads: tuple[Head, ...]
    found: pl.DataFrame
    scores: tuple[Floats, ...]
    unseen: Floats

    def probabilities(self, head: int, sequence: npt.NDArray[np.generic] | None = None) -> Floats:
        """As `Head.probabilities` of the head with that number."""
        one = self.heads[head]
        return second_stage(one.stages, one.recipe.kind, self.scores[head], one.absent, sequence)

    def strange(self, head: int) -> npt.NDArray[np.bool_]:
        """Which texts hold mostly words that the head never met; one in twenty of its own register does."""
        found: npt.NDArray[np.bool_] = self.unseen[:, head] > self.heads[head].strange
        return found

    def strangeness(self, head: int) -> float:
        """As `Head.strangeness`."""
        strange = self.strange(head)
        return float(strange.mean() / 0.05) if strange.size else 0.0


class HeadReader:
    """Heads that read one text ("text"), made ready to run together on what `vocabulary` finds.

    Raises `SettingsError` for a head that reads several fields or pairs of texts. The memo of words is a cache: no answer depends on it.
    """

    def __init__(self, heads: tuple[Head, ...], vocabulary: Vocabulary, memo: int = MEMO) -> None:
        for head in heads:
            for block in head.recipe.blocks:
                if block.kind not in SOURCES or block.field != "text":
                    raise SettingsError(f"The head {head.recipe.name} reads '{block.kind}' of '{block.field}', not single texts. "
                                        f"Give it its fields with Head.probabilities.")  # fmt: skip
            if head.recipe.blocks[0].kind != "words":
                raise SettingsError(f"The head {head.recipe.name} does not begin with a block of words, by which its register is known.")
        self.heads, self.vocabulary = heads, vocabulary
        self._memo_size, self._lock = memo, threading.Lock()
        self._held: tuple[Held, npt.NDArray[np.int64]] | None = None

    @functools.cached_property
    def tables(self) -> HeadTables:
        """The heads as the kernel reads them."""
        return head_tables(self.heads, self.vocabulary)

    @functools.cached_property
    def _memo(self) -> Memo:
        assert self.tables.kinds.class_at.size <= MOST_CLASSES
        row = -(-(HEADER + int(self.tables.bounds[2])) // LINE) * LINE
        bare = np.zeros(self._memo_size * row + LINE, np.float32)
        first = -bare.ctypes.data % (4 * LINE) // 4  # rows begin where cache lines do
        rows = bare[first : first + self._memo_size * row]
        tails = np.zeros((self._memo_size, WIDEST // 8 - 2), np.uint64)
        return Memo(rows.view(np.uint64), tails, rows, np.array([0, self._memo_size // WAYS - 1, row], np.int64))

    def forget(self) -> None:
        """Empty the memo, as before the first text."""
        with self._lock:
            self._memo.keys.reshape(self._memo_size, -1)[:, 3] = 0

    def read(self, texts: pl.Series) -> Reading:
        """Mentions and scores of `texts`; a missing text is an empty one."""
        outputs, found, first = self.tables.intercepts.size, [], 0
        scores, seen = np.empty((texts.len(), outputs)), np.empty((texts.len(), len(self.heads)))
        words = np.empty(texts.len(), np.int64)
        for piece in _pieces(texts):
            offsets, data = text_buffers(piece)
            there = slice(first, first + piece.len())
            rows = self._scan(data, offsets, scores[there], seen[there], words[there])
            found.append(pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.Int32)).with_columns(pl.col("post") + first))
            first += piece.len()
        grams = np.maximum(1, np.maximum(0, 2 * words - 1))
        ends = np.cumsum([0, *(head.absent.size for head in self.heads)])
        parts = tuple(scores[:, a:b] for a, b in itertools.pairwise(ends))
        return Reading(self.heads, pl.concat(found), parts, 1.0 - seen / grams[:, None])

    def read_sentences(self, texts: pl.Series) -> tuple[Reading, npt.NDArray[np.int32]]:
        """As `read` of the sentences of `texts`, every one of them a text; and the text that each is of."""
        table = fold_table()
        offsets, data = text_buffers(texts)
        begins, ends, text = split_sentences(data, offsets, table.classes, table.at, table.folded)
        if not begins.size:
            return self.read(texts.clear()), text
        sentences = pl.select(pl.lit(texts.fill_null("")).gather(text).cast(pl.Binary)).to_series()
        starts = pl.Series(begins - offsets[text])
        cut = pl.select(pl.lit(sentences).bin.slice(pl.lit(starts), pl.lit(pl.Series(ends - begins)))).to_series()
        return self.read(cut.cast(pl.String)), text

    def _record(self, longest: int) -> npt.NDArray[np.int64]:
        """All that the kernel needs, with room for texts of up to `longest` bytes; kept for the next call, for which it is made once."""
        if self._held is None or self._held[0].work.hashes.size < longest // 2 + 2 or self._held[0].work.hashes.size > KEPT:
            words = np.zeros((SENTENCE, WIDEST // 8), np.uint64)
            waiting = Waiting(words, words.view(np.uint8), np.zeros(SENTENCE, np.int64), np.zeros(SENTENCE, np.int64))
            work = _work(self.tables, max(longest, _SHORT))
            held = Held(self.vocabulary.index, self.tables, self._memo, _space(), waiting, work)
            self._held = held, record_of(held)
        return self._held[1]

    def _scan(
        self, data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], scores: Floats, seen: Floats, words: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int32]:
        whole, last = int(offsets[-1] - offsets[0]), offsets.size - 1
        parts, post, room = [], 0, max(2 * SENTENCE, whole // 64)
        with self._lock:
            record = self._record(whole if whole <= _SHORT else int(np.diff(offsets).max()))
            while post < last:
                out = np.empty((room, len(COLUMNS)), np.int32)
                rows, reached = scan_heads(record, data, offsets, post, out, scores, seen, words)
                parts.append(out[:rows])
                room, post = (room if reached > post else 2 * room), reached
        return np.concatenate(parts) if parts else np.empty((0, len(COLUMNS)), np.int32)


def _work(tables: HeadTables, longest: int) -> Work:
    room = max(longest // 2 + 2, 4 * WIDEST)  # a word is a byte and what parts it from the next, or a wide character
    cut = np.zeros(WIDEST, np.uint8)
    return Work(
        np.empty(room, np.uint64), np.empty(room, np.int8), np.empty(room, np.uint64), np.empty(room, np.int8),
        np.empty(3 * room if tables.marked.used else 2 * room, np.int64), np.zeros(int(tables.bounds[-1])),
        np.zeros(max(1, int(tables.bounds[2]))), np.zeros(len(ENGLISH) + len(WRITTEN), np.int32),
        np.zeros(int(tables.mention_at[-1]), np.int32), np.zeros(LONGEST_PHRASE + 2, np.int64), cut, cut.view(np.uint64),
    )  # fmt: skip


def _pieces(texts: pl.Series) -> list[pl.Series]:
    if not texts.len():
        return [texts.cast(pl.String)]
    piece = (texts.str.len_bytes().fill_null(0).cast(pl.Int64).cum_sum() - 1).clip(0) // PIECE
    cuts = [0, *(piece != piece.shift(1)).fill_null(False).arg_true().to_list(), texts.len()]
    return [texts.slice(a, b - a) for a, b in itertools.pairwise(cuts)]


# --- tables


def head_tables(heads: tuple[Head, ...], vocabulary: Vocabulary) -> HeadTables:
    """All heads laid out side by side for the kernel."""
    plan = _Plan(heads)
    names = [*ENGLISH, *(f"written {name}" for name, _ in WRITTEN)]
    kind_rows = np.zeros((len(names) * LEVELS, plan.width("kinds")))
    for kind, name in enumerate(names):
        steps = plan.rows("kinds", np.array([column_of(f"{name} {edge}") for edge in STEPS], np.int32))
        kind_rows[kind * LEVELS + 1 : (kind + 1) * LEVELS] = np.cumsum(steps, axis=0)
    lengths = plan.rows("kinds", np.array([column_of(f"length {place}") for place in range(len(LENGTHS) + 1)], np.int32))
    mentions = [f"mention {kind}" for kind in TYPES]
    mentions += [f"mention {kind}:{word}" for _, listed in _ATTRIBUTES for kind in TYPES for word in listed]
    mark_steps, letters = written_tables()
    parts, shares, seen = plan.parts()
    grams = {source: plan.grams(source) for source in SOURCES[:4]}
    return HeadTables(
        **grams, bounds=plan.bounds, kinds=kind_tables(ENGLISH), kind_rows=kind_rows.astype(np.float32).ravel(),
        length_rows=lengths.astype(np.float32).ravel(),
        lengths=np.array(LENGTHS, np.int64),
        mention_rows=plan.rows("mentions", np.array([column_of(name) for name in mentions], np.int32)).ravel(),
        mention_at=np.cumsum([len(TYPES), *(len(TYPES) * len(listed) for _, listed in _ATTRIBUTES)]),
        mentioned=np.array([column_of(f"type {kind}") for kind in TYPES], np.uint64),
        shown=(vocabulary.terms["code"] != FIGURE).cast(pl.UInt8).to_numpy().copy(),
        parts=parts, shares=shares, intercepts=np.concatenate([head.weights[-1] for head in heads]).astype(np.float64), seen=seen,
        mark_steps=mark_steps, letters=letters,
    )  # fmt: skip


_AT_ONCE = 1 << 14


class _Plan:
    """Where in the sums each block of each head stands."""

    def __init__(self, heads: tuple[Head, ...]) -> None:
        self.heads = heads
        self.blocks: dict[str, list[tuple[int, int, BlockWeights]]] = {source: [] for source in SOURCES}
        for number, head in enumerate(heads):
            at = 0
            for block in head.blocks:
                self.blocks[block.block.kind].append((number, at, block))
                at += block.columns.size
        self.bounds = np.cumsum([0, *(self.width(source) for source in SOURCES)])

    def width(self, source: str) -> int:
        """Numbers of all heads that read `source`, up to a multiple of eight."""
        return -(-sum(self._numbers(source, number) for number, _, _ in self.blocks[source]) // EIGHT) * EIGHT

    def _numbers(self, source: str, head: int) -> int:
        return self.heads[head].absent.size + 1 + (source == "words")

    def rows(self, source: str, columns: npt.NDArray[np.int32]) -> Floats:
        """What each of `columns` adds, shape (columns, numbers)."""
        parts = [np.zeros((columns.size, 0))]
        for number, first, block in self.blocks[source]:
            where = np.minimum(np.searchsorted(block.columns, columns), max(0, block.columns.size - 1))
            known = block.columns[where] == columns if block.columns.size else np.zeros(columns.size, bool)
            rarity = np.where(known, block.rarity[where] if block.columns.size else 0, np.float32(block.unseen)).astype(np.float64)
            weights = self.heads[number].weights[first + where].astype(np.float64)
            added = [weights * (rarity * known)[:, None], (rarity * rarity)[:, None]]
            parts.append(np.hstack([*added, known[:, None].astype(np.float64)] if source == "words" else added))
        parts.append(np.zeros((columns.size, self.width(source) - sum(part.shape[1] for part in parts))))
        return np.hstack(parts)

    def _rows(self, source: str, columns: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """`rows` in single precision, some at a time: all at once would take several times the room of the result."""
        found = np.empty((columns.size, self.width(source)), np.float32)
        for at in range(0, columns.size, _AT_ONCE):
            found[at : at + _AT_ONCE] = self.rows(source, columns[at : at + _AT_ONCE])
        return found

    def grams(self, source: str) -> Grams:
        """The table of n-grams of `source`."""
        listed = [block.columns for _, _, block in self.blocks[source]]
        known = np.unique(np.concatenate([np.zeros(0, np.int32), *listed]))
        bits = np.zeros((1 << BITS) // 8, np.uint8)
        np.bitwise_or.at(bits, known >> 3, (1 << (known & 7)).astype(np.uint8))
        up_to = np.searchsorted(known, np.arange(64, (1 << BITS) + 1, 64)).astype(np.uint64)
        unknown = next(iter(np.setdiff1d(np.arange(known.size + 1, dtype=np.int32), known)))
        return Grams(
            bool(listed), np.column_stack([bits.view(np.uint64), up_to]).ravel(), self._rows(source, known).ravel(),
            self.rows(source, np.array([unknown], np.int32))[0],
        )  # fmt: skip

    def parts(self) -> tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.int64]]:
        """Of every block: where its sums begin, its outputs, the first output of its head, and its weight; of a head where it counts."""
        first_output = np.cumsum([0, *(head.absent.size for head in self.heads)])
        rows, shares, seen = [], [], np.zeros(len(self.heads), np.int64)
        for source, bound in zip(SOURCES, self.bounds.tolist(), strict=False):
            at = bound
            for number, _, block in self.blocks[source]:
                outputs = self.heads[number].absent.size
                rows.append((at, outputs, first_output[number]))
                shares.append(block.block.weight)
                if source == "words":
                    seen[number] = at + outputs + 1
                at += self._numbers(source, number)
        return np.array(rows, np.int64).reshape(-1, 3), np.array(shares), seen
