"""Tables for `scan`, filled once a vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np

from heedful.language.kernels.compiling import allocating, stamp
from heedful.language.kernels.index import RULE_ROOT, TERM_ROOT, hash_step, hash_word, tag_of
from heedful.language.kernels.tokens import WIDEST


def _fill_words(source: int) -> Any:
    @allocating
    def fill_words(blob, ends, ids, tags, words, wide):  # type: ignore[no-untyped-def]
        """Put distinct folded words (`blob` up to `ends`) with their ids into the empty `tags` and `words`; long tails go to `wide`."""
        _ = source
        word = np.zeros(WIDEST, np.uint8)
        packed = word.view(np.uint64)
        mask = np.uint64(tags.size - 1)
        begin, used = 0, 0
        for w in range(ends.size):
            packed[:] = 0
            length = ends[w] - begin
            word[:length] = blob[begin : ends[w]]
            hashed = hash_word(packed, length)
            slot = hashed & mask
            while tags[slot] != 0:
                slot = (slot + np.uint64(1)) & mask
            tags[slot] = tag_of(hashed)
            words[slot, 0], words[slot, 1] = packed[0], packed[1]
            words[slot, 2], words[slot, 3] = np.uint64(length + 128 * used), np.uint64(ids[w])
            for i in range(16, length):
                wide[used] = word[i]
                used += 1
            begin = ends[w]

    return fill_words


fill_words = _fill_words(stamp())


def _fill_trie(source: int) -> Any:
    @allocating
    def fill_trie(phrase_of, ids, is_rule, rules_next, roots, steps, bloom, term_at, rule_at):  # type: ignore[no-untyped-def]
        """Grow the trie of all phrases, given as token rows (phrase, word id) in order; returns how many nodes there are.

        Phrases are numbered terms first. The first of equal terms wins; equal rules are chained through `rules_next`.
        """
        _ = source
        mask, nodes, terms = np.uint64(steps.shape[0] - 1), 1, 0
        for p in range(is_rule.size):
            terms += not is_rule[p]
        at = 0
        while at < phrase_of.size:
            phrase = phrase_of[at]
            kind = RULE_ROOT if is_rule[phrase] else TERM_ROOT
            if roots[ids[at], kind] == 0:
                roots[ids[at], kind] = nodes
                nodes += 1
            node = np.int64(roots[ids[at], kind])
            at += 1
            while at < phrase_of.size and phrase_of[at] == phrase:
                key = (node << 32) | np.int64(ids[at])
                h = hash_step(key)
                slot = h & mask
                while steps[slot, 0] != -1 and steps[slot, 0] != key:
                    slot = (slot + np.uint64(1)) & mask
                if steps[slot, 0] == -1:
                    steps[slot, 0], steps[slot, 1] = key, nodes
                    bit = h >> np.uint64(40)
                    bloom[(bit >> np.uint64(6)) & np.uint64(bloom.size - 1)] |= np.uint64(1) << (bit & np.uint64(63))
                    nodes += 1
                node = steps[slot, 1]
                at += 1
            if not is_rule[phrase]:
                if term_at[node] < 0:
                    term_at[node] = phrase
            elif rule_at[node] < 0:
                rule_at[node] = phrase - terms
            else:
                rule = rule_at[node]
                while rules_next[rule] >= 0:
                    rule = rules_next[rule]
                rules_next[rule] = phrase - terms
        return nodes

    return fill_trie


fill_trie = _fill_trie(stamp())
