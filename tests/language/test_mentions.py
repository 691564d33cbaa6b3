"""What is said of a mention; sentences are our own or stand in reports/language.md as ones that clinical rules read wrongly."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from tests.language.conftest import NOW

from heedful.core.frames import Frame
from heedful.core.labels import Care, Consented, Public
from heedful.core.registry import METHODS
from heedful.core.schemas import INSTANT, Diary, Mentions, Posts
from heedful.core.seals import seal
from heedful.language.matching import find
from heedful.language.mentions import diary_mentions, mentions
from heedful.language.places import PlaceNames
from heedful.language.rules import ASSERTIONS
from heedful.language.tagger.beside import NONE
from heedful.language.vocabulary import Vocabulary
from heedful.population.people_mentions import people_mentions
from heedful.sources.packaged import taggers

Make = Callable[..., Frame[Public, Posts]]


@pytest.fixture
def told(posts_of: Make, vocabulary: Vocabulary, gazetteer: PlaceNames) -> Callable[..., pl.DataFrame]:
    return lambda *texts, **columns: mentions(posts_of(*texts, **columns), vocabulary=vocabulary, gazetteer=gazetteer, taggers=NONE).data


@pytest.mark.parametrize(
    ("text", "surface", "assertion", "cue"),
    [
        ("I have a headache", "headache", "present", ""),
        ("no nausea, vomiting or rash", "rash", "absent", "no"),
        ("no chest pain but has fever", "fever", "present", ""),
        ("no chest pain but has fever", "chest pain", "absent", "no"),
        ("I haven't had any headaches", "headaches", "absent", "haven't had any"),
        ("the patient denies nausea", "nausea", "absent", "denies"),
        ("no longer depressed", "depressed", "resolved", "no longer"),
        ("my headache went away", "headache", "resolved", "went away"),
        ("couldn't lift my arms", "couldn't lift my arms", "present", ""),
        ("no orgasm", "no orgasm", "present", ""),
        ("I can't sleep", "can't sleep", "present", ""),
        ("no big deal), difficulty reaching orgasm", "difficulty reaching orgasm", "present", ""),
        ("I will not take it again as the pain was extreme", "pain", "present", ""),
        ("not sure why, but my headache is back", "headache", "present", ""),
        ("maybe it is the flu", "the flu", "possible", "maybe"),
        ("if you get a fever call me", "fever", "hypothetical", "if you get"),
        ("does it cause headaches?", "headaches", "question", "does it cause"),
        ("it does cause headaches.", "headaches", "present", ""),
        ("used to have migraines", "migraines", "historical", "used to have"),
        ("I had a rash. No fever", "rash", "present", ""),
    ],
)
def test_assertion(told: Callable[..., pl.DataFrame], text: str, surface: str, assertion: str, cue: str) -> None:
    rows = told(text).filter(pl.col("surface") == surface).select("assertion", pl.col("cue").str.to_lowercase())
    expected = cue if assertion != "present" else rows["cue"][0]
    assert rows.rows() == [(assertion, expected)]


@pytest.mark.parametrize(
    ("text", "experiencer"),
    [
        ("I have the flu", "self"),
        ("headache all day", "self"),
        ("my mom has the flu", "parent"),
        ("my son has a fever", "child"),
        ("he has covid", "other"),
        ("people with asthma", "generic"),
        ("my doctor says I have asthma", "self"),
    ],
)
def test_experiencer(told: Callable[..., pl.DataFrame], text: str, experiencer: str) -> None:
    assert told(text)["experiencer"].to_list() == [experiencer]


@pytest.mark.parametrize(
    ("text", "concept", "role"),
    [
        ("Zoloft gave me nausea", "HP:0002018", "adverse_effect"),
        ("it gave me nausea", "HP:0002018", "none"),
        ("I take Zoloft. Side effects: nausea", "HP:0002018", "adverse_effect"),
        ("took ibuprofen for my headache", "HP:0002315", "indication"),
        ("ibuprofen helped my headache", "HP:0002315", "benefit"),
        ("coming off Effexor I had brain zaps", "symptom:brain_zaps", "withdrawal"),
    ],
)
def test_role_needs_a_drug(told: Callable[..., pl.DataFrame], text: str, concept: str, role: str) -> None:
    assert told(text).filter(pl.col("concept") == concept)["role"].to_list() == [role]


def test_severity(told: Callable[..., pl.DataFrame]) -> None:
    assert told("a severe headache", "mild nausea", "my cough is horrible", "fever")["severity"].to_list() == [
        "severe",
        "mild",
        "severe",
        "unknown",
    ]


def test_place_is_declared_or_named_or_none(told: Callable[..., pl.DataFrame]) -> None:
    assert told("flu in Boston", place_declared="London, UK").select("place", "place_how").rows() == [("GB/ENG/2643743", "declared")]
    assert told("flu in Boston").select("place", "place_how").rows() == [("US/MA/4930956", "named")]
    assert told("flu", place_declared="the moon").select("place", "place_how").rows() == [("", "none")]


def test_texts_of_other_languages_are_not_read_as_english(told: Callable[..., pl.DataFrame]) -> None:
    text = "pain et fromage"
    assert [told(text, language=tag).height for tag in ("fr", "es-MX", "en", "en-GB", "und")] == [0, 0, 1, 1, 1]
    assert told(text).height == 1


def test_a_posts_answer_does_not_depend_on_the_others(told: Callable[..., pl.DataFrame]) -> None:
    texts = ["Zoloft gave me nausea", "flu in Paris, Texas'", "", "'s headache? no", "no fever 🤮", "I live in London"]
    together = told(*texts).drop("post")
    assert together.equals(pl.concat([told(text).drop("post") for text in texts if told(text).height]))
    assert told().height == 0


def test_diaries_keep_their_label_and_name_their_source(vocabulary: Vocabulary, gazetteer: PlaceNames) -> None:
    rows = {"person": "p", "entry": "e1", "day": date(2026, 1, 5), "written_at": NOW, "known_at": NOW, "text": "no fever in Boston"}
    diary = seal(pl.DataFrame([rows]).with_columns(pl.col("written_at", "known_at").cast(INSTANT)), Consented[Care], Diary)
    found: Frame[Consented[Care], Mentions] = diary_mentions(diary, vocabulary=vocabulary, gazetteer=gazetteer, taggers=NONE)
    assert found.label == Consented[Care]
    columns = ("source", "post", "author", "surface", "assertion", "place")
    assert found.data.select(columns).rows() == [("diary", "e1", "p", "fever", "absent", "US/MA/4930956")]


def test_the_card_is_registered() -> None:
    assert METHODS.get("language.mentions").card.limits


def assertions_of(gold: list[tuple[str, int, int]], rules: pl.DataFrame) -> list[str]:
    """What the rules say of gold spans: the spans' own strings are the vocabulary."""
    strings = sorted({text[a:b] for text, a, b in gold})
    terms = pl.DataFrame({"term": strings, "code": strings, "label": strings}).with_columns(type=pl.lit("symptom"))
    texts = list(dict.fromkeys(text for text, _, _ in gold))
    found = find(pl.Series(texts), Vocabulary(terms, rules).index)
    said = {(texts[p], a, b): ASSERTIONS[how] for p, a, b, how in found.select("post", "start", "end", "assertion").iter_rows()}
    keys = [(text, len(text[:a].encode()), len(text[:b].encode())) for text, a, b in gold]
    return [said[key] for key in keys if key in said]


def test_side_effects_in_patients_words_are_seldom_called_absent(shared_data: Path, vocabulary: Vocabulary) -> None:
    """negspacy: 9.6 % of PsyTAR's; OpenMed: 10.4 % (reports/language.md)."""
    with gzip.open(shared_data / "nlp/psytar/sentences.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    gold = [(row["text"], s["start"], s["end"]) for row in rows for s in row["spans"] if s["type"] == "ADR"]
    said = assertions_of(gold, vocabulary.rules)
    assert len(said) > 3_500
    assert said.count("absent") / len(said) < 0.01
    assert said.count("resolved") / len(said) < 0.01


def test_negation_in_clinical_reports(shared_data: Path, vocabulary: Vocabulary) -> None:
    """medspaCy .891, negspacy .944 (reports/language.md)."""
    with gzip.open(shared_data / "nlp/negex_context/sentences.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in map(json.loads, file) if row["start"] is not None]
    right = wrong = missed = 0
    for negated in (True, False):
        some = [(r["text"], r["start"], r["end"]) for r in rows if (r["negation"] == "Negated") == negated]
        said = assertions_of(some, vocabulary.rules).count("absent")
        right, wrong, missed = (said, wrong, len(some) - said) if negated else (right, said, missed)
    assert 2 * right / (2 * right + wrong + missed) > 0.93


def test_what_only_the_tagger_finds_has_context_and_probability_but_no_code(
    posts_of: Make, vocabulary: Vocabulary, gazetteer: PlaceNames
) -> None:
    texts = (
        "Zoloft: my brain felt like static, no sex drive. No constant mumbling.",
        "My brain felt like static.",
        "Tengo el síndrome de Sjögren y diabetes",
    )
    resources = {"vocabulary": vocabulary, "gazetteer": gazetteer}
    found = mentions(posts_of(*texts), **resources, taggers=taggers()).data
    plain = mentions(posts_of(*texts), **resources, taggers=NONE).data
    uncoded = found.filter(pl.col("concept") == "")
    assert uncoded.filter(pl.col("post") == "0").select("surface", "label", "type", "assertion", "experiencer").row(0) == (
        "brain felt like static", "brain felt like static", "symptom", "present", "self",
    )  # fmt: skip
    assert uncoded["probability"].is_between(0, 1).all()
    assert "1" not in found["post"].to_list()  # no health context: no drug, symptom or condition is named
    assert uncoded.filter(pl.col("post") == "2")["surface"].to_list() == ["síndrome de Sjögren"]
    assert found.filter(pl.col("concept") != "").drop("probability").equals(plain.drop("probability"))
    assert plain["probability"].is_null().all()
    coded = found.filter(pl.col("concept") == "HP:0046504")["probability"]
    assert coded.is_between(0.5, 1).all()
    assert coded.len() == 1


def test_an_uncoded_mention_counts_nobody(posts_of: Make, vocabulary: Vocabulary, gazetteer: PlaceNames) -> None:
    found = mentions(posts_of("Zoloft: my brain felt like static"), vocabulary=vocabulary, gazetteer=gazetteer, taggers=taggers())
    assert found.data["concept"].to_list() == ["drug:sertraline", ""]
    assert people_mentions(found).data["concept"].unique().to_list() == ["drug:sertraline"]
