"""What stands around a mention within its sentence: a bounded walk to either side, so that long texts cost no more a word."""

from __future__ import annotations

import numpy as np

from heedful.language.kernels.compiling import inner
from heedful.language.kernels.tokens import GAP_COMMA
from heedful.language.rules import (
    ABLE,
    AFTER,
    ASKED,
    ASSERTION,
    BEFORE,
    CANCEL,
    CONDITION,
    EXPERIENCER,
    GROUP,
    NEXT,
    OF_DRUG,
    PLAIN,
    REACH,
    ROLE,
    SEVERITY,
    SIDE,
    TERMINATOR,
    THROUGHOUT,
    VALUE,
    WINDOW,
)

STEPS = 32
"""Most tokens of a walk, those of other mentions included."""

PRIORITY = np.array([12, 3, 6, 4, 7, 5, 1, 2, 0, 8], np.int64)
"""Which assertion wins where several reach a mention: figurative, resolved, refused, absent, hypothetical, question, possible, historical,
reported."""

FAR = 1_000
ABSENT, HYPOTHETICAL, QUESTION, REPORTED = 1, 3, 5, 9
ASSERTED, ASSERTED_BY, EXPERIENCED, EXPERIENCED_BY, PLAYS, SEVERE = range(6)
"""Places in what `context_of` finds; the `_BY`s are cues, or -1. Then, in the same order, how far the best of each group was."""
PENDING = 12
"""Then, for each assertion that may be taken back (`ABLE`, `BEFORE_NOW`): the nearest cue, or -1, and how far it was."""
DRUG_ASKED = 16
"""1 if the mention is a drug; filled by the caller."""
FOUND_SIZE = 17


@inner
def context_of(first, last, n, gap, covered, asked, cues, cue_at, rules, found):  # type: ignore[no-untyped-def]
    """Fill `found` for the mention on tokens `first` to `last - 1` of a sentence of `n` tokens.

    `cues[c]` are first token, token after the last and rule of a cue; `cue_at[0, t]` is the cue that ends with token t,
    `cue_at[1, t]` the one that begins with it (-1: none). `covered[t]`: token t belongs to a mention. `found[DRUG_ASKED]` is the
    caller's.
    """
    for i in range(DRUG_ASKED):
        found[i] = FAR
    found[ASSERTED], found[EXPERIENCED], found[PLAYS], found[SEVERE] = 0, 0, 0, 0
    found[ASSERTED_BY], found[EXPERIENCED_BY] = -1, -1
    found[PENDING], found[PENDING + 2] = -1, -1
    _walk(-1, first - 1, n, gap, covered, asked, cues, cue_at, rules, found)
    _walk(1, last, n, gap, covered, asked, cues, cue_at, rules, found)
    for pending in (PENDING, PENDING + 2):
        if found[pending] >= 0:
            _assert(ABSENT, found[pending], found[pending + 1], found)


@inner
def _walk(step, at, n, gap, covered, asked, cues, cue_at, rules, found):  # type: ignore[no-untyped-def]
    passed, steps, listed, plain, open_ = 0, 0, True, True, True  # no comma but in a list; no comma; no other clause
    side = BEFORE if step < 0 else AFTER
    while 0 <= at < n and steps < STEPS and passed <= REACH:
        between = gap[at + 1] if step < 0 else gap[at]
        plain = plain and between < GAP_COMMA
        # A comma carries a cue on only within a list of mentions.
        listed = listed and (between < GAP_COMMA or (between == GAP_COMMA and covered[at if step < 0 else at - 1] == 1))
        cue = cue_at[0 if step < 0 else 1, at]
        if cue < 0:
            passed += 1 - covered[at]
            at += step
            steps += 1
            continue
        rule = cues[cue, 2]
        while rule >= 0:
            if rules[rule, GROUP] == TERMINATOR:
                open_ = False
            elif not rules[rule, SIDE] & side or passed > rules[rule, WINDOW]:
                pass
            elif rules[rule, GROUP] == CANCEL:
                if rules[rule, VALUE] == ABLE:
                    if side == BEFORE and open_ and listed:
                        found[PENDING] = -1
                elif side == AFTER:  # "never had it until": that which ends the clause says that it is new
                    found[PENDING + 2] = -1
            else:
                _weigh(rule, cue, passed, side, asked, listed, plain, open_, rules, found)
            rule = rules[rule, NEXT]
        width = cues[cue, 1] - cues[cue, 0]
        passed += width
        steps += width
        at += step * width


@inner
def _weigh(rule, cue, passed, side, asked, listed, plain, open_, rules, found):  # type: ignore[no-untyped-def]
    group, value = rules[rule, GROUP], rules[rule, VALUE]
    if group == EXPERIENCER:
        distance = passed if side == BEFORE else passed + 4  # who is named before the mention counts more
        if distance < found[6 + EXPERIENCED]:
            found[EXPERIENCED], found[EXPERIENCED_BY], found[6 + EXPERIENCED] = value, cue, distance
    elif not open_:
        return
    elif group == ASSERTION:
        condition = rules[rule, CONDITION]
        if (condition == ASKED and not asked) or (condition == PLAIN and not plain) or (condition == OF_DRUG and not found[DRUG_ASKED]):
            return
        wide = value == HYPOTHETICAL or value == QUESTION or value == REPORTED  # these hold for the whole sentence
        if not listed and condition != THROUGHOUT and not wide:
            return
        if condition < ABLE or side == AFTER:
            _assert(value, cue, passed, found)
        elif found[PENDING + 2 * (condition - ABLE)] < 0:
            found[PENDING + 2 * (condition - ABLE)], found[PENDING + 2 * (condition - ABLE) + 1] = cue, passed
    elif group == ROLE:
        if passed < found[6 + PLAYS]:
            found[PLAYS], found[6 + PLAYS] = value, passed
    elif group == SEVERITY and plain and passed < found[6 + SEVERE]:
        found[SEVERE], found[6 + SEVERE] = value, passed


@inner
def _assert(value, cue, passed, found):  # type: ignore[no-untyped-def]
    distance = PRIORITY[value] * FAR + passed
    if distance < found[6 + ASSERTED] or found[ASSERTED_BY] < 0:
        found[ASSERTED], found[ASSERTED_BY], found[6 + ASSERTED] = value, cue, distance
