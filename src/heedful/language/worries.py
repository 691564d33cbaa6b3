"""Posts whose writer says, in the first person and in so many words, that they worry; for counting people (`heedful.loops.estimates`)."""

from __future__ import annotations

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Public
from heedful.core.schemas import Posts, Worries
from heedful.language.reading import english

_BE = r"i(?:['’]m| am|m)|we(?:['’]re| are)|i feel|i(?:['’]m| am) (?:feeling|getting)|i was|makes me|making me|got me"
_VERY = r"(?:(?:so|really|very|a bit|a little|pretty|kinda|super|too|getting|honestly|just|seriously|still)\s+)*"
_FELT = r"worried|scared|afraid|anxious|terrified|frightened|nervous|concerned|freaked out"
WORRY_PATTERN = (
    rf"(?i)\b(?:{_BE})\s+{_VERY}(?:{_FELT})\b|\bi (?:{_VERY})?(?:worry|fear)\b|\b(?:worries|scares|frightens|terrifies|worrying) me\b"
)
"""English, first person. "I'm not worried", "don't be afraid", "she is worried" and "no one is scared" do not fit it."""


@derivation(reads=(Posts,), writes=Worries, by=None, version=1)
def worries(posts: Frame[Public, Posts]) -> Frame[Public, Worries]:
    """Posts, declared English or not declared, in which the writer says to worry. Which words it was is not kept."""
    fired = posts.data.filter(english(pl.col("language")), pl.col("text").str.contains(WORRY_PATTERN))
    return posts.derive(Worries, fired.select(*Worries.columns).sort(Worries.key))
