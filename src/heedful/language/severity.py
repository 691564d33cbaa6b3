"""How bad something is said to be: mild, moderate or severe, by the nearest word of degree around or within its span."""

from __future__ import annotations

import polars as pl

from heedful.core.registry import METHODS, Card, Method

CARD = Card(
    name="language.severity",
    definition="Severe, moderate or mild by the word of degree nearest to the finding, in its clause; of equally near ones the strongest.",
    units="1",
    reference="Levels of PsyTAR (Zolnoori 2019); words of our own.",
    limits="English only; what only the situation shows ('in bed for a week') is unknown; of amounts 20 pounds and more are severe.",
)
METHODS.add(CARD.name, Method(CARD))

_SEVERE = (
    r"(?:very|extreme(?:ly)?|severe(?:ly)?|sever?ly|terribl[ey]|horribl[ey]|horrid|horrific|horrendous|major|really|excessive(?:ly)?|"
    r"total(?:ly)?|"
    r"complete(?:ly)?|deep|intense(?:ly)?|full[- ]?blown|lots of|a lot of|alot of|tons? of|unbelievabl[ey]|worst|overwhelming|"
    r"significant(?:ly)?|"
    r"paralyzing|miserabl[ey]|explosive|absolute(?:ly)?|massive(?:ly)?|violent(?:ly)?|killing me|serious(?:ly)?|with a vengeance|"
    r"incredibl[ey]|"
    r"dreadful(?:ly)?|awful(?:ly)?|so much|debilitating|excruciating|gravely|unbearabl[ey]|super|from hell|profuse(?:ly)?|"
    r"dramatic(?:ally)?|"
    r"marked(?:ly)?|highly|extremly|huge|insane(?:ly)?|crazy|bad|badly|so bad|nasty|brutal|crippling|agonizing|terrifying|"
    r"uncontrollabl[ey]|heavy|"
    r"ridiculous(?:ly)?|hella|mega|damn|fucking|so+|too|crushing|pounding|splitting|raging|profound(?:ly)?|acute|constant and|"
    r"incapacitating|"
    r"exceptional(?:ly)?|soaked|drenched|drenching|vicious|wicked|strong|powerful|rampant|unreal|extra|enormous|vastly|alarming(?:ly)?)"
)
_MODERATE = r"(?:some|moderate(?:ly)?|somewhat|fairly|noticeabl[ey]|quite|medium|moderately severe|a fair bit)"
_MILD = (
    r"(?:slight(?:ly)?|mild(?:ly)?|a little(?: bit)?|little bit|minor|a bit(?: of)?|bit of|a touch of|small|subtle|kinda|kind of|"
    r"sort of|minimal|tiny|a tad|weak|low[- ]grade|tolerable|manageable|bearable|not (?:too|that|so|very) bad|not (?:a )?(?:big|"
    r"huge) (?:deal|problem))"
)
_AMOUNT = r"(?:(?:[2-9]\d|1\d\d)\+? ?(?:lbs?|pounds)|(?:[1-9]\d)\+? ?(?:kg|kilos))"
_SMALL_AMOUNT = r"(?:1?\d ?(?:lbs?|pounds)|\d ?(?:kg|kilos))"
_PLAIN = r"(?:\bnot (?:too |that |so |very )?|n't (?:too |that |so |very )?|\bno )$"
_NEAR_BEFORE, _NEAR_AFTER = 34, 30


def severity(left: pl.Expr, span: pl.Expr, right: pl.Expr) -> pl.Expr:
    """severe, moderate, mild or unknown.

    Parameters: the words before the finding, of it, and after it, in lower case, within its sentence. Words within the span decide first,
    then those of the clause before it (up to 34 bytes), then those after it ("was severe").

    >>> rows = pl.DataFrame({"a": ["i had terrible ", "a bit of ", "", "sleepy, "], "b": ["nausea", "rash", "slight cough", "rash"]})
    >>> rows.select(severity(pl.col("a"), pl.col("b"), pl.lit(" was very bad"))).to_series().to_list()
    ['severe', 'mild', 'mild', 'severe']
    """
    # A comma ends what a word of degree before a finding reaches; that of a sentence such as "it was severe, the rash" is let go.
    near = left.str.slice(-_NEAR_BEFORE).str.extract(r"([^,;:.()]*)$", 1)
    after = right.str.slice(0, _NEAR_AFTER).str.extract(r"^([^,;:.()]*)", 1)
    linked = after.str.extract(
        r"^ *(?:(?:is|was|are|were|been|got|gets|became|that is|that was|has been|which is|which was) (.*)|((?:so|really|"
        r"very)? ?(?:bad|badly|"
        r"terribly|from hell|with a vengeance|like crazy|severely|a lot|a little|a bit|slightly|horribly).*))$",
        0,
    )
    close = near.str.extract(r"((?:\S+\s+){0,3}\S*\s*)$", 1)
    return (
        pl.when(_level(span).is_not_null())
        .then(_level(span))
        .when(_level(close).is_not_null())
        .then(_level(close))
        .when(_level(linked).is_not_null())
        .then(_level(linked))
        .otherwise(pl.lit("unknown"))
    )


def _level(words: pl.Expr) -> pl.Expr:
    """The level of the last word of degree: the words nearest to a finding stand at the end; milder ones hedge what they stand before."""
    # "Light headed", "sex drive", "not really", "too": words of degree that are none.
    words = words.fill_null("").str.replace_all(
        r"\b(?:light[- ]?head\w*|some (?:times?|thing|how|one|day)|not really|deep sleep|"
        r"(?:me|i|it|there|it's|them|too), too|so (?:i|that|my|it|the|far))\b",
        "",
    )
    severe = words.str.contains(rf"\b{_SEVERE}\b") | words.str.contains(rf"\b{_AMOUNT}")
    mild = words.str.contains(rf"\b{_MILD}\b")
    moderate = words.str.contains(rf"\b{_MODERATE}\b") | words.str.contains(rf"\b{_SMALL_AMOUNT}\b")
    return pl.when(mild).then(pl.lit("mild")).when(severe).then(pl.lit("severe")).when(moderate).then(pl.lit("moderate"))
