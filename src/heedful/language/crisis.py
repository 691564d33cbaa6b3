"""Words that call for a human at once: self-harm, overdose, emergency. Tuned for recall; never an automatic act, never a diagnosis.

A hit says which words fired. It stops every message to the person (the safety stop of the decision loop) until a human clears it.
"""

from __future__ import annotations

import polars as pl

CRISIS_PATTERN = (
    r"(?i)\b(?:kill(?:ing)? my\s?self|end (?:it all|my life)|suicid(?:e|al)|want(?:ed)? to die|better off dead|self[- ]?harm(?:ed|ing)?|"
    r"cut(?:ting)? myself|hurt(?:ing)? myself|overdos(?:e|ed|ing)|took (?:all|too many) (?:of )?(?:my |the )?pills|no reason to live|"
    r"can(?:'|’)?t go on|can(?:'|’)?t breathe|chest pain)\b"
)


def crisis_words(texts: pl.Series) -> pl.Series:
    """The first words of each text that fired, or null.

    >>> crisis_words(pl.Series(["I want to die", "dying to see you", None])).to_list()
    ['want to die', None, None]
    """
    return texts.str.extract(f"({CRISIS_PATTERN})", 1)
