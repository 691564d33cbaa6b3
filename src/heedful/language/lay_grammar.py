"""How people say what is wrong: a deviation of a part of the body or of a function, put together from two small tables.

Ontologies name findings ("anorgasmia"), patients build them ("no sex drive", "feet were so swollen", "can barely climb stairs"). Every way
of saying a deviation, with every word for a part that it has a meaning for, is one term; the kernels read them as they read any term.
"""

from __future__ import annotations

import itertools
import re

import polars as pl

PHRASE_COLUMNS = {"deviation": pl.String, "phrase": pl.String}
MEANING_COLUMNS = {"deviation": pl.String, "words": pl.String, "code": pl.String, "label": pl.String, "type": pl.String}
NUMBERS = tuple(str(number) for number in (*range(3, 21), *range(22, 30), *range(30, 105, 5)))
"""What {number} stands for: pounds gained or lost that people tell."""
_CHOICE = re.compile(r"\[([^\]]*)\]")


def grammar_terms(phrases: pl.DataFrame, meanings: pl.DataFrame) -> pl.DataFrame:
    """All terms of a grammar: columns term, code, label, type, in the order of `meanings`; of equal terms the first is kept.

    Parameters
    ----------
    phrases: columns deviation, phrase. In a phrase "{}" is the part, "[a|b]" one of these ("[|a]": or nothing), "{number}" a number.
    meanings: columns deviation, words (of the part, by "|"), code, label, type.

    A deviation without phrases, or without meanings, makes nothing.

    >>> phrases = pl.DataFrame({"deviation": ["numb"], "phrase": ["numbness in [|my] {}"]})
    >>> meaning = {"deviation": ["numb"], "words": ["foot|feet"], "code": ["HP:0033748"], "label": ["Hypoesthesia"], "type": ["symptom"]}
    >>> grammar_terms(phrases, pl.DataFrame(meaning))["term"].to_list()
    ['numbness in foot', 'numbness in my foot', 'numbness in feet', 'numbness in my feet']
    """
    ways = phrases.select("deviation", way=pl.col("phrase").map_elements(expanded, pl.List(pl.String))).explode("way")
    parts = meanings.with_columns(pl.col("words").str.split("|")).explode("words").with_row_index("order")
    said = parts.join(ways, on="deviation", maintain_order="left_right").with_columns(
        term=pl.struct("way", "words").map_elements(lambda row: row["way"].replace("{}", row["words"]), pl.String)
    )
    return said.select("term", "code", "label", "type").unique("term", keep="first", maintain_order=True)


def expanded(phrase: str) -> list[str]:
    """The ways of saying that a phrase with choices stands for.

    >>> expanded("{} [is|was] [|so] dry")
    ['{} is dry', '{} is so dry', '{} was dry', '{} was so dry']
    """
    parts = _CHOICE.split(phrase.replace("{number}", f"[{'|'.join(NUMBERS)}]"))
    choices = [part.split("|") if place % 2 else [part] for place, part in enumerate(parts)]
    return [" ".join("".join(chosen).split()) for chosen in itertools.product(*choices)]
