"""Roughly when a past thing was, from the words around the cue that says so: "three years ago", "in 2015", "as a child"."""

from __future__ import annotations

import polars as pl

_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "a couple of": 2, "couple of": 2, "couple": 2,
    "three": 3, "a few": 3, "few": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "un": 1, "una": 1, "dos": 2, "tres": 3, "unos": 3, "cuatro": 4, "cinco": 5,
    "diez": 10,
    "einem": 1, "zwei": 2, "drei": 3, "einigen": 3, "vier": 4, "fünf": 5, "zehn": 10,
    "deux": 2, "trois": 3, "quelques": 3, "quatre": 4, "cinq": 5, "dix": 10,
}  # fmt: skip
_UNITS = (
    ("D", r"days?|d[ií]as?|tag(?:en)?|jours?"), ("W", r"weeks?|semanas?|wochen?|semaines?"),
    ("M", r"months?|mes(?:es)?|monat(?:en)?|mois"),
    ("Y", r"years?|yrs?|años?|jahr(?:en)?|ans?|années?"),
)  # fmt: skip
_COUNT = r"(\d{1,2}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + ")"
_STAGES = (
    ("childhood", r"as a (?:child|kid|baby)|childhood|de (?:pequeñ|niñ)[oa]|cuando era (?:pequeñ|niñ)[oa]|mi infancia|"
                  r"als (?:kind|baby)|kindheit|étant (?:petite?|enfant)|quand j'étais (?:petite?|enfant)|enfance|"
                  r"when i was (?:a kid|a child|little|young)|growing up"),
    ("youth", r"as a teen(?:ager)?|in my (?:teens|twenties|20s)|in (?:high school|college)|"
              r"de (?:joven|adolescente)|jugend|als teenager|adolescence"),
    ("pregnancy", r"my pregnancy|mi embarazo|der schwangerschaft|ma grossesse"),
    ("-P1Y", r"last (?:year|winter|summer|spring|fall)|(?:el )?(?:año|invierno|verano) pasado|letzte[sn] (?:jahr|winter|sommer)|"
             r"l'an(?:née)? derni(?:er|ère)|l'(?:hiver|été) dernier"),
    ("-P1M", r"last month|(?:el )?mes pasado|letzten monat|(?:le )?mois dernier"),
)  # fmt: skip


def rough_date(words: pl.Series) -> pl.Series:
    """A year ("2015"), how long ago ("-P3Y", as an ISO 8601 duration before the text's day), a stage of life (childhood, youth, pregnancy),
    or null where the words say no more than that it is past.

    "A few" counts as three and "a couple" as two; a number of decades as tens of years.

    >>> rough_date(pl.Series(["I had it three years ago", "back in 2015", "as a child", "used to have", "hace dos años"])).to_list()
    ['-P3Y', '2015', 'childhood', None, '-P2Y']
    """
    low = pl.col("words").str.to_lowercase()
    answers = [pl.when(low.str.contains(rf"\b(?:{pattern})")).then(pl.lit(stage)) for stage, pattern in _STAGES[:3]]
    ago = [_ago(low, unit, pattern) for unit, pattern in _UNITS]
    year = low.str.extract(r"\b(?:in|since|from|en|im jahr|summer of|fall of|winter of|spring of|back in) ((?:19|20)\d\d)\b", 1)
    last = [pl.when(low.str.contains(rf"\b(?:{pattern})")).then(pl.lit(stage)) for stage, pattern in _STAGES[3:]]
    return pl.DataFrame({"words": words}).select(dated=pl.coalesce(*ago, year, *answers, *last))["dated"]


def _ago(low: pl.Expr, unit: str, pattern: str) -> pl.Expr:
    count = pl.coalesce(
        low.str.extract(rf"\b{_COUNT} (?:{pattern}) (?:ago|back)\b", 1),
        low.str.extract(rf"\b(?:hace|vor|il y a|y a) {_COUNT} (?:{pattern})\b", 1),
    )
    number = count.replace_strict(_NUMBERS, default=count.cast(pl.Int32, strict=False), return_dtype=pl.Int32)
    return pl.when(number.is_not_null()).then(pl.format("-P{}" + unit, number))
