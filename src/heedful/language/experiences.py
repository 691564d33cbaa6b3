"""Experiences: a treatment and what it did, each effect on an axis of its own; and what was done about the treatment."""

from __future__ import annotations

from typing import TypeVar

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, Public, Purpose
from heedful.core.places import Gazetteer
from heedful.core.registry import METHODS, Card, Method
from heedful.core.schemas import Diary, Experiences, Posts
from heedful.language.mentions import place, texts_of_diary
from heedful.language.reading import english, read
from heedful.language.vocabulary import Vocabulary

P = TypeVar("P", bound=Purpose)

CARD = Card(
    name="language.experiences",
    definition="A drug and an effect (or a stop, switch or missed dose) of oneself or one's family, where cue words give the effect its "
    "axis; the drug is the nearest of the sentence, else the only one of the text.",
    units="1",
    reference="Axes after PsyTAR (Zolnoori 2019) and the questions of pharmacovigilance; rules of our own.",
    limits="English only; an effect without cue words is no experience, so recall is low; one drug an effect; a switch names the drug that "
    "stands before the cue, else the one after it; the order of events in time is not read.",
)
METHODS.add(CARD.name, Method(CARD))

_TOUCHES = ("self", "family")


@derivation(reads=(Posts,), writes=Experiences, by=None, needs=("vocabulary", "gazetteer"), version=2)
def experiences(posts: Frame[Public, Posts], *, vocabulary: Vocabulary, gazetteer: Gazetteer) -> Frame[Public, Experiences]:
    """Experiences told in posts. Read from the texts, not from mentions: it needs sentences and the cues of stopping."""
    texts = posts.data.filter(english(pl.col("language")))
    return posts.derive(Experiences, _experiences(texts.with_columns(declared="place_declared"), vocabulary, gazetteer))


@derivation(
    reads=(Diary,), writes=Experiences, by=None, needs=("vocabulary", "gazetteer"), key_as={"person": "author", "entry": "post"}, version=2
)
def diary_experiences(
    diary: Frame[Consented[P], Diary], *, vocabulary: Vocabulary, gazetteer: Gazetteer
) -> Frame[Consented[P], Experiences]:
    """Experiences told in diary entries, under source 'diary'; the author is the participant."""
    return diary.derive(Experiences, _experiences(texts_of_diary(diary.data), vocabulary, gazetteer))


def _experiences(texts: pl.DataFrame, vocabulary: Vocabulary, gazetteer: Gazetteer) -> pl.DataFrame:
    found = _with_treatment(read(texts["text"], vocabulary))
    told = pl.concat([_effects(found), _events(found)]).sort("row", "start")
    told = told.unique(["row", "treatment", "axis", "effect"], keep="first", maintain_order=True)
    told = told.with_columns(n=pl.int_range(pl.len(), dtype=pl.Int32).over("row"))
    return place(texts, told, gazetteer).select(*Experiences.columns).sort("source", "post", "author", "n")


def _with_treatment(found: pl.DataFrame) -> pl.DataFrame:
    """What is found, with the drug before and after it in its sentence, and the only drug of the text if it names just one.

    A drug that is not taken ('I am not on sertraline') is no treatment. Columns drug_before, drug_after, drug_only and their labels.
    """
    drugs = found.filter(pl.col("type") == "drug", pl.col("assertion") != "absent")
    here = drugs.select("row", "sentence", "start", drug="concept", drug_label="label", at="start")
    for side, way in (("before", "backward"), ("after", "forward")):
        near = here.rename({name: f"{name}_{side}" for name in ("drug", "drug_label", "at")})
        found = found.sort("start").join_asof(
            near.sort("start"), on="start", by=["row", "sentence"], strategy=way, check_sortedness=False,  # type: ignore[arg-type]
        )  # fmt: skip
    only = drugs.group_by("row").agg(pl.col("concept", "label").first(), kinds=pl.col("concept").n_unique()).filter(pl.col("kinds") == 1)
    only = only.select("row", drug_only="concept", drug_label_only="label")
    return found.join(only, on="row", how="left").sort("row", "start", "type")


def _effects(found: pl.DataFrame) -> pl.DataFrame:
    """Symptoms and conditions with a role: adverse, withdrawal, benefit, no_effect."""
    role, present, resolved = pl.col("role"), pl.col("assertion") == "present", pl.col("assertion") == "resolved"
    relief = resolved & role.is_in(["none", "indication"]) & (pl.col("drug_before").is_not_null() | pl.col("drug_after").is_not_null())
    axis = (
        pl.when(present & (role == "adverse_effect"))
        .then(pl.lit("adverse"))
        .when(present & (role == "withdrawal"))
        .then(pl.lit("withdrawal"))
        .when((present | resolved) & (role == "benefit") | relief)
        .then(pl.lit("benefit"))
        .when(present & (role == "no_effect"))
        .then(pl.lit("no_effect"))
    )
    # English names the drug first ("Zoloft gave me nausea and Prozac …"): one that comes after must be twice as near.
    before, after = pl.col("start") - pl.col("at_before"), pl.col("at_after") - pl.col("start")
    nearer_before = before.fill_null(1 << 30) <= 2 * after.fill_null(1 << 29)
    effects = found.filter(pl.col("type").is_in(["symptom", "condition"]), pl.col("experiencer").is_in(_TOUCHES)).with_columns(axis=axis)
    return _rows(effects.with_columns(effect="concept", effect_label="label"), nearer_before)


def _events(found: pl.DataFrame) -> pl.DataFrame:
    """Stops, switches and missed doses that did happen, with the symptom that is given as the reason."""
    reasons = found.filter(pl.col("role") == "reason", pl.col("type").is_in(["symptom", "condition"]))
    happened = pl.col("assertion").is_in(["present", "historical"]) & pl.col("experiencer").is_in(_TOUCHES)
    events = found.filter(pl.col("type") == "event", happened).drop("label")
    named = reasons.select("row", "sentence", "start", "label").sort("start")
    by = ["row", "sentence"]
    events = events.sort("start").join_asof(named, on="start", by=by, strategy="forward", check_sortedness=False)
    events = events.with_columns(axis="concept", effect=pl.lit(""), effect_label=pl.col("label").fill_null(""))
    return _rows(events, pl.col("axis") == "switch")


def _rows(told: pl.DataFrame, before_first: pl.Expr) -> pl.DataFrame:
    """Rows that have an axis and a treatment: of the drugs on either side the one that `before_first` prefers, else the text's only one."""
    told = told.with_columns(_first=before_first)
    named = [
        pl.when("_first").then(pl.coalesce(f"{name}_before", f"{name}_after", f"{name}_only"))
        .otherwise(pl.coalesce(f"{name}_after", f"{name}_before", f"{name}_only")).alias(column)
        for name, column in (("drug", "treatment"), ("drug_label", "treatment_label"))
    ]  # fmt: skip
    told = told.with_columns(named).filter(pl.col("axis").is_not_null(), pl.col("treatment").is_not_null())
    return told.select("row", "start", "end", "treatment", "treatment_label", "axis", "effect", "effect_label")
