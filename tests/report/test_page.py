from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from tests.report.content import PEOPLE, content

from heedful.report.content import PageContent
from heedful.report.html import Html
from heedful.report.page import SECTIONS, page, write_page
from heedful.report.sections.decisions import decisions
from heedful.report.sections.people import people
from heedful.report.sections.plans import plans
from heedful.report.sections.quality import quality
from heedful.report.sections.signals import signals
from heedful.report.sections.summary import summary


@pytest.fixture(scope="module")
def full() -> str:
    return page(content())


@pytest.fixture(scope="module")
def bare() -> str:
    return page(PageContent(title="Nothing", subtitle="yet", made_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC), run="look"))


def test_the_page_is_one_small_file_that_asks_for_nothing(full: str, tmp_path: Path) -> None:
    out = tmp_path / "new" / "page.html"
    write_page(content(), out)
    assert out.read_text(encoding="utf-8") == full
    assert [path.name for path in out.parent.iterdir()] == ["page.html"]
    assert len(full.encode()) < 3_000_000
    assert "default-src 'none'" in full
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\((?!#)|(?:src|srcset)=", full)
    assert set(re.findall(r'href="([^"]*)"', full)) == {f"#{anchor}" for anchor, _, _ in SECTIONS}


def test_headings_go_down_one_level_at_a_time_and_ids_are_unique(full: str, bare: str) -> None:
    for each in (full, bare):
        levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", each)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
        ids = re.findall(r' id="([^"]+)"', each)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'aria-labelledby="([^"]+)"', each)) <= set(ids)
        assert set(re.findall(r"url\(#([^)]+)\)", each)) <= set(ids)


def test_every_chart_states_its_finding_and_has_its_numbers(full: str) -> None:
    figures = re.findall(r"<figure.*?</figure>", full, re.DOTALL)
    assert len(figures) >= 15
    for figure in figures:
        assert re.search(r'<svg[^>]*role="img"[^>]*aria-label="[^"]{30,}"', figure), figure[:200]
        assert "<table>" in figure


def test_an_empty_page_says_what_would_fill_each_section(bare: str) -> None:
    assert "<svg class" not in bare
    assert bare.count('class="empty"') >= 6
    assert "Found against the truth" not in bare
    for anchor in ("signals", "experiences", "people", "plans", "decisions"):
        section = re.search(rf'<section id="{anchor}".*?</section>', bare, re.DOTALL)
        assert section
        assert re.search(r"would (?:fill|lead)|could lead", section.group()), anchor


def test_text_of_people_is_shown_as_text(full: str) -> None:
    assert "&lt;b&gt;queasy&lt;/b&gt;" in full
    assert "<b>queasy" not in full


def test_a_public_page_holds_no_author_no_post_and_no_person() -> None:
    whole = content()
    public = PageContent(
        title="t", subtitle="s", made_at=whole.made_at, run="run", counts=whole.counts, alarms=whole.alarms, series=whole.series,
        experiences=whole.experiences.with_columns(pl.lit("secret-author-77").alias("author"), pl.lit("post-id-4711").alias("post")),
    )  # fmt: skip
    made = page(public)
    assert "secret-author-77" not in made
    assert "post-id-4711" not in made
    assert "Participant" not in made
    assert "No data of a participant is on this page." in made


def test_authors_count_once_and_diaries_stay_with_their_person(full: str) -> None:
    section = re.search(r'<section id="experiences".*?</section>', full, re.DOTALL)
    assert section
    public = content().experiences.filter(pl.col("source") != "diary")
    sertraline = public.filter(pl.col("treatment_label") == "sertraline")["author"].n_unique()
    assert f"most people, {sertraline}, tell of Sertraline" in section.group()
    assert "queasy in the morning" not in section.group()
    assert "queasy in the morning" in full


def test_a_table_that_does_not_add_up_is_said_so() -> None:
    whole = content()
    lost = whole.accounting.with_columns(rows_in=pl.when(pl.col("input") == "pharmacy.csv").then(215).otherwise("rows_in"))
    made = page(PageContent(title="t", subtitle="s", made_at=whole.made_at, run="run", accounting=lost))
    assert "This table does not add up." in made
    assert "pharmacy.csv: 3 records unaccounted for" in made
    assert "adds up for every input" not in made


def test_commands_name_real_rows(full: str) -> None:
    alarm = (
        content()
        .alarms.filter("alarm")
        .sort("day", "detector", "signal", "place", descending=[True, False, False, False])
        .row(0, named=True)
    )
    assert f"heedful explain alarm {alarm['detector']} {alarm['signal']} {alarm['place']} all {alarm['day']}" in full
    assert "heedful explain decision d00" in full


def test_the_same_content_gives_the_same_page(full: str) -> None:
    whole = content()
    shuffled = content(
        alarms=whole.alarms.reverse(), counts=whole.counts.reverse(), features=whole.features.reverse(), decisions=whole.decisions.reverse()
    )
    assert page(shuffled) == full


@pytest.mark.parametrize(
    ("absent", "section"),
    [
        ("alarms", signals), ("series", signals), ("counts", signals), ("features", people), ("changes", people), ("dispensings", people),
        ("deliveries", decisions), ("outcomes", decisions), ("decisions", decisions), ("features", quality), ("quarantine", quality),
        ("accounting", summary), ("alarms", summary), ("approvals", plans),
    ],
)  # fmt: skip
def test_any_table_may_be_absent(absent: str, section: Callable[[PageContent], Html]) -> None:
    whole = content()
    lacking = content(**{absent: getattr(whole, absent).clear()})
    assert section(lacking).endswith("</section>")
    assert section(lacking) != section(whole)


def test_unknown_reasons_units_and_columns_of_null_do_not_stop_the_page() -> None:
    whole = content()
    odd = whole.features.with_columns(missing=pl.when(pl.col("missing") == "").then("missing").otherwise(pl.lit("eaten_by_dog")))
    no_numbers = whole.changes.with_columns(
        pl.lit(None, pl.Float64).alias(column) for column in ("observed", "expected", "spread", "false_alarm_rate")
    )
    untested = whole.alarms.with_columns(pl.lit(None, pl.Float64).alias(column) for column in ("observed", "expected", "bound", "p", "q"))
    withheld = whole.counts.with_columns(people=pl.lit(None, pl.Int64), posts=pl.lit(None, pl.Int64), suppressed=pl.lit("minimum"))
    made = page(content(features=odd, changes=no_numbers, alarms=untested, counts=withheld))
    assert "eaten by dog" in made
    assert PEOPLE[0][:8] in made
