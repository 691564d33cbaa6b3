"""Words around a mention that say whether it is so, of whom, how bad, and what it has to do with a treatment: rules as data.

A rule is a phrase, a kind, on which side of the mention it stands, and how many words may lie between. Words of other mentions do
not count as distance, so that a list ("no nausea, vomiting or rash") is reached to its end.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SettingsError

ASSERTIONS = (
    "present", "absent", "possible", "hypothetical", "historical", "question", "resolved", "refused", "figurative", "reported",
)  # fmt: skip
"""`refused` is said of drugs only ("I won't take Zoloft"); `reported`: news or studies say so, nobody here has it."""
EXPERIENCERS = ("self", "family", "other", "generic", "child", "partner", "parent", "patient")
"""`patient`: of a writer who treats people; `family`: a relative who is neither child, partner nor parent; `generic`: people at large."""
FAMILY = ("family", "child", "partner", "parent")
ROLES = ("none", "adverse_effect", "indication", "benefit", "withdrawal", "no_effect", "reason", "located")
"""`no_effect` and `reason` serve experiences, `located` serves places; a mention's role shows only the first five."""
SEVERITIES = ("unknown", "mild", "moderate", "severe")
EVENTS = ("stop", "switch", "missed_dose")

PSEUDO, ASSERTION, EXPERIENCER, ROLE, SEVERITY, TERMINATOR, EVENT, CANCEL = range(8)
BEFORE, AFTER, EITHER = 1, 2, 3
REACH = 8
"""Most words between a cue and its mention."""

ALWAYS, ASKED, PLAIN, THROUGHOUT, OF_DRUG, ABLE, BEFORE_NOW = range(7)
"""On what an assertion depends. ALWAYS: it reaches over commas only within a list of mentions. ASKED: the sentence ends with '?'. PLAIN:
it reaches over no comma ("not sciatica, back pain": only the first is denied). THROUGHOUT: over any comma (clinical reports). OF_DRUG:
the mention is a drug ("won't take it again as the pain was extreme" refuses no pain). ABLE: no
inability stands before it ("cannot walk without pain" has pain). BEFORE_NOW: nothing after the mention says that it is new ("never
had migraines before"). The last two are taken back by rules of the group CANCEL."""

_SIDES = {"before": BEFORE, "after": AFTER, "either": EITHER}
_KINDS: dict[str, tuple[int, int]] = {
    **{f"absent_{name}": (ASSERTION, ASSERTIONS.index("absent")) for name in ("here", "throughout", "unless_unable", "unless_new")},
    "inability": (CANCEL, ABLE),
    "newly": (CANCEL, BEFORE_NOW),
    "pseudo": (PSEUDO, 0),
    "terminator": (TERMINATOR, 0),
    "question_mark": (ASSERTION, ASSERTIONS.index("question")),
    **{name: (ASSERTION, i) for i, name in enumerate(ASSERTIONS) if i},
    **{name: (EXPERIENCER, i) for i, name in enumerate(EXPERIENCERS)},
    **{name: (ROLE, i) for i, name in enumerate(ROLES) if i},
    **{name: (SEVERITY, i) for i, name in enumerate(SEVERITIES) if i},
    **{name: (EVENT, i) for i, name in enumerate(EVENTS)},
}

_CONDITIONS = {
    "question_mark": ASKED,
    "absent_here": PLAIN,
    "absent_throughout": THROUGHOUT,
    "refused": OF_DRUG,
    "absent_unless_unable": ABLE,
    "absent_unless_new": BEFORE_NOW,
}

GROUP, VALUE, SIDE, WINDOW, CONDITION, NEXT = range(6)
"""Columns of `rule_table`; NEXT is the next rule of the same phrase, or -1."""

RULE_COLUMNS = {"phrase": pl.String, "kind": pl.String, "side": pl.String, "window": pl.Int32}


def rule_table(rules: pl.DataFrame) -> npt.NDArray[np.int32]:
    """The rules as numbers, one row a rule, in the order given.

    Parameters: `rules` with columns phrase, kind, side (before: the cue stands before the mention; after; either), window (words
    between cue and mention, 0 to 8; for stop, switch and missed_dose the words up to the drug's name, 0 = no drug needed).

    Raises `SettingsError` on an unknown kind or side, or a window that does not fit.
    """
    table = np.full((rules.height, 6), -1, np.int32)
    for n, (phrase, kind, side, window) in enumerate(rules.select(*RULE_COLUMNS).iter_rows()):
        if kind not in _KINDS or side not in _SIDES or not 0 <= window <= REACH:
            raise SettingsError(
                f"The rule '{phrase}' ({kind}, {side}, {window}) cannot be used: kind is one of {', '.join(sorted(_KINDS))}; "
                f"side before, after or either; window 0 to {REACH}. Correct its line in the rules table."
            )
        table[n, :NEXT] = (*_KINDS[kind], _SIDES[side], window, _CONDITIONS.get(kind, ALWAYS))
    return table
