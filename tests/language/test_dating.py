"""Roughly when: in the words of four languages."""

from __future__ import annotations

import polars as pl
import pytest

from heedful.language.dating import rough_date
from heedful.language.reading import read, read_languages
from heedful.language.vocabulary import Vocabulary

SAID = [
    ("3 years ago", "-P3Y"), ("a couple of weeks ago", "-P2W"), ("a few months back", "-P3M"), ("an year ago", "-P1Y"), ("ten days ago", "-P10D"), ("years ago", None),
    ("back in 2015", "2015"), ("since 1999", "1999"), ("last winter", "-P1Y"), ("last month", "-P1M"), ("as a kid", "childhood"), ("in high school", "youth"),
    ("hace dos años", "-P2Y"), ("hace 6 meses", "-P6M"), ("el año pasado", "-P1Y"), ("cuando era niña", "childhood"), ("vor drei Jahren", "-P3Y"),
    ("letztes Jahr", "-P1Y"), ("als Kind", "childhood"), ("il y a deux ans", "-P2Y"), ("l'année dernière", "-P1Y"), ("quand j'étais petite", "childhood"), ("", None),
]  # fmt: skip


@pytest.mark.parametrize(("words", "dated"), SAID)
def test_rough_dates(words: str, dated: str | None) -> None:
    assert rough_date(pl.Series([words])).to_list() == [dated]


def test_historical_mentions_are_dated_and_no_others(vocabulary: Vocabulary) -> None:
    rows = read(
        pl.Series(
            ["I had a migraine three years ago", "I have a migraine, it began three years ago in 2015 or so", "used to have migraines"]
        ),
        vocabulary,
    )
    assert rows.select("row", "assertion", "dated").rows()[0] == (0, "historical", "-P3Y")
    assert rows.filter(pl.col("assertion") != "historical")["dated"].null_count() == rows.filter(pl.col("assertion") != "historical").height
    assert rows.row(-1, named=True)["dated"] is None
    spanish = read_languages(pl.Series(["hace dos años tuve migraña"]), pl.Series(["es"]), vocabulary)
    assert spanish.select("assertion", "dated").rows() == [("historical", "-P2Y")]
