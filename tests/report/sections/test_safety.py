from __future__ import annotations

import re

import polars as pl
from tests.report.content import content

from heedful.population.safety.ebgm import LEAST_PAIRS
from heedful.report.sections.safety import safety


def _rows(markup: str) -> list[list[str]]:
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", markup) if "<td" in row]


def test_those_marked_by_most_measures_come_first() -> None:
    rows = _rows(safety(content()))
    assert [row[:2] for row in rows] == [
        ["Metformin", "Diarrhoea"],
        ["Sertraline", "Nausea"],
        ["Sertraline", "Brain zaps (withdrawal)"],
        ["Oseltamivir", "Vomiting"],
        ["Ibuprofen", "Nausea"],
    ]
    assert rows[0][2:] == ["21", "6.2", "5.9 (3.1–11.2)", "9.8 (4.4–21.9)", "3.1 (2.2–4.3)", "PRR, ROR, EBGM"]
    assert rows[4][2:] == ["5", "11.6", "0.35 (0.14–0.86)", "0.28 (0.10–0.75)", "0.52 (0.27–0.92)", "–"]


def test_the_finding_is_about_telling() -> None:
    made = safety(content())
    assert "5 pairs of treatment and effect can be shown; 4 of them are told of more than expected by at least one measure." in made
    assert "Diarrhoea with Metformin, told by 21 people; 6.2 expected." in made
    assert "no finding about a treatment" in made
    assert not re.search(r"\b(?:causes?|caused|risk|dangerous|unsafe|signal of harm)\b", made)


def test_a_ratio_that_does_not_exist_says_so() -> None:
    zaps = next(row for row in _rows(safety(content())) if "zaps" in row[1])
    assert zaps[4:6] == ["only here", "only here"]


def test_withheld_pairs_are_counted_and_not_named() -> None:
    made = safety(content())
    assert "2 pairs of treatment and effect are withheld: fewer than 3 people stand behind a number" in made
    assert "rash on one arm" not in made.lower()
    assert "Zolpidem" not in made
    assert "fewer than 10 people" in safety(content(minimum_cell=10))


def test_without_enough_pairs_ebgm_is_left_out_with_the_reason() -> None:
    whole = content().safety
    made = safety(content(safety=whole.with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("ebgm", "eb05", "eb95"))))
    assert "EBGM (EB05" not in made
    assert f"EBGM is not shown: it learns from all pairs together and needs at least {LEAST_PAIRS}; 7 were told of." in made
    assert "EBGM is not shown" not in safety(content())


def test_nothing_to_compare_says_why_and_what_would_fill_it() -> None:
    nothing = content().safety.clear()
    assert "No public text tells of a side effect" in safety(content(safety=nothing, experiences=content().experiences.clear()))
    two = content().experiences.filter(pl.col("treatment_label").is_in(["sertraline", "metformin"]))
    made = safety(content(safety=nothing, experiences=two))
    assert "tell of 2 of the 3 treatments" in made
    assert "would fill this section" in made
    hidden = content().safety.filter(pl.col("suppressed") != "")
    made = safety(content(safety=hidden))
    assert "<table" not in made
    assert "2 pairs of treatment and effect are withheld" in made


def test_many_rows_are_folded_away() -> None:
    first = content().safety.row(0, named=True)
    many = pl.DataFrame([first | {"effect": f"effect {n:02d}"} for n in range(20)], schema=content().safety.schema)
    made = safety(content(safety=many))
    assert "the first 12 of 20" in made
    assert "All pairs of treatment and effect" in made
    assert len(_rows(made)) == 12 + 20
