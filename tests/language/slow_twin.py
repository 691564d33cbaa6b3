"""The kernels said again in plain Python, slowly: other data structures, strings and sets instead of bytes and tables."""

from __future__ import annotations

from typing import Any

import polars as pl

from heedful.language import rules as r
from heedful.language.folding import APOSTROPHE, BREAK, COMMA, DOT, EMOJI, HYPHEN, IGNORED, QUESTION, STOP, WORD, class_of, fold
from heedful.language.matching import MOST_WORDS, word_ids

CROSSING = {"hypothetical", "question", "reported"}
GIVEN = 1 << 30
"""Stands for the term of a span that the vocabulary does not know."""
ORDER = ["figurative", "resolved", "refused", "absent", "hypothetical", "question", "possible", "historical", "reported"]


def tokens(text: str) -> list[tuple[str, int, int, int, bool]]:
    """(folded, start byte, end byte, gap before, whether the gap holds a '?'), and last one with folded '' for what follows."""
    kinds = [class_of(c) for c in text]
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    out, i, gap, asked = [], 0, 0, False
    while i < len(text):
        if kinds[i] not in (WORD, EMOJI):
            gap = max(gap, _gap(text, kinds, i))
            asked |= kinds[i] == QUESTION
            i += 1
            continue
        start, whole, folded = i, kinds[i] == EMOJI, ""
        folded = text[i] if whole else _fold(text[i])
        i += 1
        while i < len(text):
            if kinds[i] == IGNORED:
                i += 1
            elif not whole and kinds[i] == WORD:
                folded += _fold(text[i])
                i += 1
            elif not whole and kinds[i] == APOSTROPHE and i + 1 < len(text) and kinds[i + 1] == WORD:
                i += 1
            else:
                break
        out.append((folded, at[start], at[i], gap, asked))
        gap, asked = 0, False
    return [*out, ("", at[-1], at[-1], gap, asked)]


def _fold(character: str) -> str:
    return fold(character) if ord(character) < 0x20000 else character


def _gap(text: str, kinds: list[int], i: int) -> int:
    kind = kinds[i]
    before, after = text[i - 1 : i] if i else "", text[i + 1 : i + 2]
    joins = lambda c: bool(c) and (ord(c) >= 128 or c.isalnum())  # noqa: E731
    if kind == COMMA:
        return 1
    if kind == BREAK:
        return 2
    if kind in (STOP, QUESTION):
        return 3
    if kind == HYPHEN:
        return 0 if joins(before) and joins(after) else 2
    if kind == DOT:
        if not (before and after and ord(after) < 128 and after.isalnum()):
            return 3
        if "a" <= before <= "z" and "A" <= after <= "Z":
            return 3
        return 0 if before in "0123456789" and after in "0123456789" else 2
    return 0


class Twin:
    """Terms and rules as dictionaries of word tuples."""

    def __init__(self, terms: pl.Series, types: pl.Series, rules: pl.DataFrame, spelling: pl.DataFrame | None = None) -> None:
        phrases = [self._usable(p) for p in [*terms, *rules["phrase"]]]
        words = sorted({w for p in phrases for w in p})
        self.ids: dict[str, int] = dict(word_ids(pl.Series(words, dtype=pl.String)).iter_rows())
        for written, word in spelling.select("written", "word").iter_rows() if spelling is not None else ():
            if word in self.ids and written not in words:
                self.ids.setdefault(written, self.ids[word])
        self.types, self.terms = types.to_list(), {}
        for n, phrase in enumerate(phrases[: terms.len()]):
            if phrase:
                self.terms.setdefault(tuple(self.ids[w] for w in phrase), n)
        self.rules: dict[tuple[int, ...], list[int]] = {}
        for n, phrase in enumerate(phrases[terms.len() :]):
            if phrase:
                self.rules.setdefault(tuple(self.ids[w] for w in phrase), []).append(n)
        self.kind = rules.select("kind", "side", "window").rows()
        self.n_terms = terms.len()

    @staticmethod
    def _usable(phrase: str) -> list[str]:
        found = tokens(phrase)[:-1]
        broken = any(gap for _, _, _, gap, _ in found[1:]) or any(len(w.encode()) > 64 for w, *_ in found)
        return [] if broken or len(found) > MOST_WORDS else [w for w, *_ in found]

    def find(self, texts: list[str]) -> list[tuple[int, ...]]:
        rows = []
        for post, text in enumerate(texts):
            sentence, number = [], 0
            for token in tokens(text):
                if sentence and (token[3] == 3 or not token[0] or len(sentence) == 512):
                    rows += [(post, *row[:3], number, *row[3:]) for row in self._sentence(sentence, token[4])]
                    sentence, number = [], number + 1
                if token[0]:
                    sentence.append(token)
        return rows

    def _longest(self, ids: list[int | None], gap: list[int], at: int, free: list[bool], known: dict[tuple[int, ...], Any]) -> int:
        best, last = at, at
        while last < len(ids) and last - at < MOST_WORDS and ids[last] is not None and free[last] and (last == at or gap[last] == 0):
            last += 1
            if tuple(ids[at:last]) in known:
                best = last
        return best

    def around(self, text: str, spans: list[tuple[int, int]]) -> list[tuple[int, ...]]:
        """Of each span (bytes, apart from each other and from all terms): sentence, assertion, experiencer, cue, role, severity."""
        rows, sentence, number, left = [], [], 0, list(spans)
        for token in tokens(text):
            if sentence and (token[3] == 3 or not token[0] or len(sentence) == 512):
                here = [span for span in left if span[0] < sentence[-1][2]]
                left = left[len(here) :]
                rows += [(number, *row[3:]) for row in self._sentence(sentence, token[4], here)] if here else []
                sentence, number = [], number + 1
            if token[0]:
                sentence.append(token)
        return rows

    def _sentence(
        self, sentence: list[tuple[str, int, int, int, bool]], asked: bool, given: list[tuple[int, int]] | None = None
    ) -> list[tuple[int, ...]]:
        ids: list[Any] = [self.ids.get(w) if len(w.encode()) <= 64 else None for w, *_ in sentence]
        gap = [g for _, _, _, g, _ in sentence]
        free, mentions, cues = [True] * len(ids), [], []
        at = 0
        while at < len(ids):
            last = self._longest(ids, gap, at, free, self.terms)
            if last > at:
                mentions.append((at, last, self.terms[tuple(ids[at:last])]))
            at = max(last, at + 1)
        for a, b, _ in mentions:
            free[a:b] = [False] * (b - a)
        extra = []
        for start, end in given or []:
            a = next(i for i, token in enumerate(sentence) if token[2] > start)
            b = max([a, *(i for i, token in enumerate(sentence) if i > a and token[1] < end)]) + 1
            extra.append((a, b, GIVEN))
            free[a:b] = [False] * (b - a)
        at = 0
        while at < len(ids):
            last = self._longest(ids, gap, at, free, self.rules)
            if last > at:
                cues.append((at, last, self.rules[tuple(ids[at:last])]))
            elif not free[at] and any(self.kind[n][0] == "inability" for n in self.rules.get((ids[at],), [])):
                cues.append((at, at + 1, self.rules[(ids[at],)]))
            at = max(last, at + 1)
        events = []
        for a, b, rules in cues:
            for rule in rules:
                kind, _, window = self.kind[rule]
                drugs = any(0 <= m - b < window and self.types[t] == "drug" for m, _, t in mentions)
                if kind in r.EVENTS and (window == 0 or drugs):
                    events.append((a, b, self.n_terms + rule))
                    break
        out = []
        for a, b, term in mentions + events if given is None else extra:
            drug = term < self.n_terms and self.types[term] == "drug"
            found = self._around(a, b, gap, free, cues, asked, drug)
            cue = found["cue"]
            span = (sentence[cue[0]][1], sentence[cue[1] - 1][2]) if cue else (-1, -1)
            out.append(
                (
                    sentence[a][1], sentence[b - 1][2], term, r.ASSERTIONS.index(found["assertion"]),
                    r.EXPERIENCERS.index(found["experiencer"]), *span, r.ROLES.index(found["role"]), r.SEVERITIES.index(found["severity"]),
                )
            )  # fmt: skip
        return out

    def _around(self, first: int, last: int, gap: list[int], free: list[bool], cues: list[Any], asked: bool, drug: bool) -> dict[str, Any]:
        reached = []  # kind, distance, cue, whether a list or nothing lies between, whether a clause ended
        for side in ("before", "after"):
            at, passed, steps, listed, plain, clause = (first - 1 if side == "before" else last), 0, 0, True, True, True
            while 0 <= at < len(gap) and steps < 32 and passed <= r.REACH:
                between, neighbour = (gap[at + 1], at) if side == "before" else (gap[at], at - 1)
                if between >= 2 or (between == 1 and free[neighbour]):
                    listed = False
                plain = plain and between == 0
                cue = next((c for c in cues if at == (c[1] - 1 if side == "before" else c[0])), None)
                width = 1
                if cue is None:
                    passed += free[at]
                else:
                    width = cue[1] - cue[0]
                    for rule in cue[2]:
                        kind, stands, window = self.kind[rule]
                        if kind == "terminator":
                            clause = False
                        elif kind == "refused" and not drug:
                            continue
                        elif stands in (side, "either") and passed <= window:
                            reached.append((kind, passed, cue, listed, plain, clause, side))
                    passed += width
                steps += width
                at += width if side == "after" else -width
        return self._judge(reached, asked)

    @staticmethod
    def _judge(reached: list[Any], asked: bool) -> dict[str, Any]:
        found: dict[str, Any] = {"assertion": "present", "experiencer": "self", "role": "none", "severity": "unknown", "cue": None}
        asserted: list[Any] = []
        late: dict[str, list[Any]] = {"absent_unless_unable": [], "absent_unless_new": []}
        news = any(kind == "newly" and side == "after" for kind, *_, side in reached)
        for n, (kind, passed, cue, listed, plain, clause, side) in enumerate(reached):
            unable = any(k == "inability" and fits and ends and where == "before" for k, _, _, fits, _, ends, where in reached[n + 1 :])
            rank, where_to = (passed, asserted) if kind not in late or side == "after" else (passed, late[kind])
            if kind == "question_mark":
                kind = "question" if asked else ""
            elif kind == "absent_here":
                kind = "absent" if plain else ""
            elif kind == "absent_throughout":
                listed, kind = True, "absent"
            elif kind == "absent_unless_unable":
                kind = "" if unable and side == "before" else "absent"
            elif kind == "absent_unless_new":
                kind = "" if news and side == "before" else "absent"
            if kind in r.ASSERTIONS and clause and (listed or kind in CROSSING):
                where_to.append(((ORDER.index(kind), rank), kind, cue))
        for some in late.values():
            asserted += some
        if asserted:
            _, found["assertion"], found["cue"] = min(asserted, key=lambda x: x[0])
        who = [(passed + 4 * (side == "after"), k, cue) for k, passed, cue, _, _, _, side in reached if k in r.EXPERIENCERS]
        if who:
            _, found["experiencer"], cue = min(who, key=lambda x: x[0])
            if found["cue"] is None and found["experiencer"] != "self":
                found["cue"] = cue
        roles = [(passed, k) for k, passed, _, _, _, clause, _ in reached if k in r.ROLES and clause]
        if roles:
            found["role"] = min(roles, key=lambda x: x[0])[1]
        degrees = [(passed, k) for k, passed, _, _, plain, clause, _ in reached if k in r.SEVERITIES and clause and plain]
        if degrees:
            found["severity"] = min(degrees, key=lambda x: x[0])[1]
        return found
