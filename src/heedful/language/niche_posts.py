"""Posts that tell, in the first person, of a pregnancy or of taking a medicine otherwise than meant; for counting people by treatment."""

from __future__ import annotations

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Public
from heedful.core.schemas import NichePosts, Posts
from heedful.language.reading import english

_BEFORE = r"i['’]?m|i am|i was|while|when|am|being|currently|got|weeks|months"
NICHES = {
    "pregnancy": rf"(?:{_BEFORE}) pregnant|my (?:first |second |third |last |whole )?pregnancy|during pregnancy|"
    r"i(?:['’]m| am|m| was) (?:still )?(?:breast-?feeding|nursing)|trying to conceive",
    "misuse": r"(?:snort(?:ed|ing)|inject(?:ed|ing)) (?:it|them|my|the|some)|to get high|(?:got|getting) high (?:on|off)|"
    r"doubl(?:ed|ing) (?:the|my) dose|took (?:too many|way too (?:many|much)|someone else['’]s|(?:twice|triple|double) (?:the|my) dose)|"
    r"more than (?:i was |i['’]m )?prescribed|(?:without|with no) a? ?prescription|recreationally|"
    r"crush(?:ed|ing) (?:up )?(?:the|my) (?:pills?|tablets?)",
}
"""English words by niche. "My sister is pregnant" and "too many people" do not fit them."""


@derivation(reads=(Posts,), writes=NichePosts, by=None, version=1)
def niche_posts(posts: Frame[Public, Posts]) -> Frame[Public, NichePosts]:
    """Posts, declared English or not declared, in which words of a niche stand. Which words it was is not kept."""
    told = posts.data.filter(english(pl.col("language")))
    parts = [
        told.filter(pl.col("text").str.contains(rf"(?i)\b(?:{words})\b")).with_columns(niche=pl.lit(niche))
        for niche, words in NICHES.items()
    ]
    return posts.derive(NichePosts, pl.concat(parts).select(*NichePosts.columns).sort(NichePosts.key))
