from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from tests.language.conftest import NOW

from heedful.core.frames import Frame
from heedful.core.labels import Consented, Held, Public
from heedful.core.registry import METHODS
from heedful.core.schemas import INSTANT, Diary, Posts
from heedful.core.seals import seal
from heedful.language.experiences import diary_experiences, experiences, experiences_in
from heedful.language.places import PlaceNames
from heedful.language.tagger.beside import NONE
from heedful.language.vocabulary import Vocabulary
from heedful.sources import packaged

Make = Callable[..., Frame[Public, Posts]]


@pytest.fixture
def told(posts_of: Make, vocabulary: Vocabulary, gazetteer: PlaceNames) -> Callable[..., pl.DataFrame]:
    return lambda *texts: experiences(posts_of(*texts), vocabulary=vocabulary, gazetteer=gazetteer, taggers=NONE).data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zoloft gave me nausea and insomnia", [("sertraline", "adverse", "Nausea"), ("sertraline", "adverse", "Insomnia")]),
        ("I quit Cymbalta cold turkey and got brain zaps", [("duloxetine", "stop", ""), ("duloxetine", "withdrawal", "Brain zaps")]),
        ("ibuprofen helped my headache", [("ibuprofen", "benefit", "Headache")]),
        ("On Lexapro I am no longer depressed", [("escitalopram", "benefit", "Depression")]),
        ("Seroquel didn't help my insomnia", [("quetiapine", "no_effect", "Insomnia")]),
        (
            "stopped taking lexapro because of the weight gain",
            [("escitalopram", "stop", "Increased body weight"), ("escitalopram", "adverse", "Increased body weight")],
        ),
        ("Switched from Prozac to Zoloft", [("fluoxetine", "switch", "")]),
        ("missed my dose of effexor today", [("venlafaxine", "missed_dose", "")]),
        ("I take Effexor. Today I missed a dose", [("venlafaxine", "missed_dose", "")]),
        ("I never missed a dose of effexor", []),
        ("does Zoloft cause nausea?", []),
        ("people say Zoloft gives them nausea", []),
        ("Zoloft or Prozac. Something gave me nausea", []),
        ("my headaches stopped", []),
        ("stopped at the pharmacy, no zoloft there", []),
        ("nausea all day", []),
    ],
)
def test_axes(told: Callable[..., pl.DataFrame], text: str, expected: list[tuple[str, str, str]]) -> None:
    assert told(text).select("treatment_label", "axis", "effect_label").rows() == expected


def test_each_effect_takes_the_nearest_drug_of_its_sentence(told: Callable[..., pl.DataFrame]) -> None:
    rows = told("Zoloft gave me nausea and Prozac gave me insomnia").select("treatment_label", "effect_label").rows()
    assert rows == [("sertraline", "Nausea"), ("fluoxetine", "Insomnia")]


def test_the_same_experience_is_told_once_and_numbers_run(told: Callable[..., pl.DataFrame]) -> None:
    rows = told("Zoloft gave me nausea, terrible nausea and rash", "flu", "Zoloft gave me nausea")
    assert rows.select("post", "n", "effect_label").rows() == [("0", 0, "Nausea"), ("0", 1, "Skin rash"), ("2", 0, "Nausea")]


def test_an_events_span_is_its_cue(told: Callable[..., pl.DataFrame]) -> None:
    text = "Ich… stopped taking lexapro"
    start, end = told(text).select("start", "end").row(0)
    assert text.encode()[start:end].decode() == "stopped taking"


def test_a_posts_answer_does_not_depend_on_the_others(told: Callable[..., pl.DataFrame]) -> None:
    texts = ["Zoloft gave me nausea", "I stopped it", "Prozac helped my anxiety", "missed a dose"]
    alone = pl.concat([told(text).drop("post") for text in texts])
    assert told(*texts).drop("post").equals(alone)
    assert told().height == 0


def test_diaries(vocabulary: Vocabulary, gazetteer: PlaceNames) -> None:
    rows = {
        "person": "p",
        "entry": "e1",
        "day": date(2026, 1, 5),
        "written_at": NOW,
        "known_at": NOW,
        "text": "ibuprofen helped my headache",
    }
    diary = seal(pl.DataFrame([rows]).with_columns(pl.col("written_at", "known_at").cast(INSTANT)), Consented[Held], Diary)
    found = diary_experiences(diary, vocabulary=vocabulary, gazetteer=gazetteer, taggers=NONE)
    assert found.label == Consented[Held]
    assert found.data.select("source", "post", "author", "axis").rows() == [("diary", "e1", "p", "benefit")]


def test_the_card_is_registered() -> None:
    assert METHODS.get("language.experiences").card.limits


PAIRS = pl.read_csv(Path(__file__).parent / "experience_pairs.tsv", separator="\t", comment_prefix="#", quote_char=None, infer_schema=False)


def answered(side: str, vocabulary: Vocabulary) -> pl.DataFrame:
    """What is found in the texts of a side, beside what is wanted; '-' for nothing."""
    found = experiences_in(PAIRS[side], vocabulary).with_columns(pl.col("onset_days", "duration_days").cast(pl.String))
    rows = []
    for n, pair in enumerate(PAIRS.iter_rows(named=True)):
        told = found.filter(pl.col("row") == n, pl.col("axis") == pair["axis"])
        said = told[pair["column"]][0] if told.height else None
        rows.append((pair["axis"], pair["column"], pair[side], pair[f"of_{side}"], said or "-"))
    return pl.DataFrame(rows, schema=["axis", "column", "text", "wanted", "said"], orient="row")


def test_there_are_enough_pairs_and_none_twice() -> None:
    assert PAIRS.height >= 120
    assert PAIRS.select("axis", "column", "hit", "miss").is_unique().all()
    assert PAIRS["column"].n_unique() >= 9


@pytest.mark.parametrize("side", ["hit", "miss"])
def test_every_pair_is_told_apart(side: str, vocabulary: Vocabulary) -> None:
    assert answered(side, vocabulary).filter(pl.col("wanted") != pl.col("said")).rows() == []


def test_what_the_tagger_finds_beside_the_vocabulary_is_an_effect(vocabulary: Vocabulary) -> None:
    texts = pl.Series(["Effexor gave me brain fuzz and zombie legs, plus nausea"])
    tagger = packaged.tagger("side_effects")
    told = experiences_in(texts, vocabulary, tagger=tagger)
    assert told.select("axis", "effect", "effect_label").rows() == [("adverse", "", ""), ("adverse", "HP:0002018", "Nausea")]
    assert texts[0][told["start"][0] : told["end"][0]] == "brain fuzz"
    assert told["treatment_label"].unique().to_list() == ["venlafaxine"]
    assert experiences_in(texts, vocabulary)["effect_label"].to_list() == ["Nausea"]


def test_of_a_child_partner_or_parent_as_of_oneself(vocabulary: Vocabulary) -> None:
    texts = pl.Series(
        ["Zoloft gave my son nausea", "Zoloft gave my wife nausea", "Zoloft gave my mother nausea", "Zoloft gave my boss nausea"]
    )
    assert experiences_in(texts, vocabulary).filter(pl.col("axis") == "adverse")["row"].to_list() == [0, 1, 2]
