from __future__ import annotations

import polars as pl
import pytest

from heedful.simulate.concepts import DRUGS, FLU_LIKE, SYMPTOMS
from heedful.simulate.grammar import DRUG_KINDS, KINDS, sentence
from heedful.simulate.posts import write_posts
from heedful.simulate.town import build


@pytest.fixture(scope="module")
def town_and_posts():
    town = build(7)
    table = write_posts(town)
    return town, table.posts.join(table.truth, on="id").join(town.posters.select("author", "place", "drug"), on="author", suffix="_taken")


def test_there_are_about_forty_thousand_all_marked_and_in_the_order_of_time(town_and_posts) -> None:
    _, posts = town_and_posts
    assert posts.height == pytest.approx(40_500, rel=0.03)
    assert posts["synthetic"].all()
    assert posts["id"].is_unique().all()
    assert posts["created_at"].is_sorted()
    assert posts["text"].str.contains(r"[{}]").sum() == 0


def test_fever_and_cough_rise_in_the_outbreak_and_not_elsewhere(town_and_posts) -> None:
    town, posts = town_and_posts
    flu = posts.filter((pl.col("kind") == "present") & pl.col("concept").is_in(FLU_LIKE)).with_columns(day=pl.col("created_at").dt.date())
    wave = town.outbreaks[0]
    during = pl.col("day").is_between(wave.first_day, wave.last_day)
    here = pl.col("place") == wave.place
    days = (wave.last_day - wave.first_day).days + 1

    def rate(rows: pl.DataFrame) -> tuple[float, float]:
        return rows.filter(during).height / days, rows.filter(pl.col("day") < wave.first_day).height / (
            wave.first_day - town.size.first_day
        ).days

    inside, before = rate(flu.filter(here))
    assert inside > 2.5 * before
    inside, before = rate(flu.filter(pl.col("place").is_in([outbreak.place for outbreak in town.outbreaks]).not_()))
    assert inside < 1.25 * before


def test_a_drug_has_the_effects_that_it_truly_has_and_only_its_takers_speak_of_it(town_and_posts) -> None:
    _, posts = town_and_posts
    told = posts.filter(pl.col("drug") != "")
    assert (told["drug"] == told["drug_taken"]).all()
    assert set(told["kind"]) <= set(DRUG_KINDS)
    for drug in DRUGS:
        effects = told.filter((pl.col("drug") == drug.name) & (pl.col("axis") == "adverse"))["effect"]
        assert set(effects) == set(drug.adverse)
        for effect, share in drug.adverse.items():
            assert (effects == effect).mean() == pytest.approx(share, abs=0.07)


def test_the_truth_names_what_stands_in_the_text(town_and_posts) -> None:
    _, posts = town_and_posts
    for code, symptom in SYMPTOMS.items():
        mine = posts.filter(pl.col("concept") == code)
        words = "|".join(noun.split()[-1] for noun in symptom.nouns)
        assert mine["text"].str.contains(words).all(), code
    assert posts.filter(pl.col("axis") == "adverse")["assertion"].unique().to_list() == ["present"]
    assert set(posts.filter(pl.col("kind") == "family")["experiencer"]) == {"family"}


def test_rumours_and_news_speak_of_the_flu_and_nobody_has_it(town_and_posts) -> None:
    town, posts = town_and_posts
    rumour = posts.filter(pl.col("kind") == "rumour")
    assert rumour.height > 20
    assert set(rumour["assertion"]) == {""}
    garlic = town.rumours[0]
    assert rumour["created_at"].dt.convert_time_zone("America/Los_Angeles").dt.date().min() >= garlic.first_day


def test_some_posts_hold_what_the_public_door_must_strip(town_and_posts) -> None:
    _, posts = town_and_posts
    assert posts["text"].str.contains("@example.com").sum() > 10


def test_every_sentence_of_every_kind_can_be_said() -> None:
    for kind in KINDS.values():
        for n in range(len(kind.sentences)):
            text = sentence(kind, (n, 0, 0), symptom="a bad cough", drug="sertraline", relative="mom", place="Boston", purpose="my mood")
            assert "{" not in text
            assert "no a " not in text
