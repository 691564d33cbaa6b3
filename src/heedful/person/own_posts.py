"""Symptoms and treatments that a participant told of themselves in public, under an account that they linked, on their timeline."""

from __future__ import annotations

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import OwnPosts, Timeline
from heedful.language.experiences import experiences_in
from heedful.language.reading import english, read_languages, read_tagged
from heedful.language.tagger.beside import Taggers
from heedful.language.vocabulary import Vocabulary
from heedful.person.wording import drug_name

_FINDINGS = ("symptom", "condition")
_ABOUT_ONESELF = "self"
_EFFECT = {
    "adverse": "{} as an adverse effect of {}",
    "withdrawal": "{} when doing without {}",
    "interaction": "{} when taking {} with another medicine",
    "benefit": "{} helped by {}",
    "no_effect": "{} not helped by {}",
}
_WHOLE = {
    "adverse": "an adverse effect of {}", "withdrawal": "something missed when doing without {}",
    "interaction": "an effect of {} with another medicine", "benefit": "{} helped", "no_effect": "{} did not help",
    "stop": "stopped {}", "switch": "switched from or to {}", "missed_dose": "missed a dose of {}",
}  # fmt: skip
_SYMPTOM_AXES = ("adverse", "withdrawal", "interaction")


@derivation(reads=(OwnPosts,), writes=Timeline, by=("person", "day"), needs=("vocabulary", "taggers"), version=1)
def timeline_own_posts(posts: Frame[Consented[P], OwnPosts], *, vocabulary: Vocabulary, taggers: Taggers) -> Frame[Consented[P], Timeline]:
    """What a linked post says of its writer's own health: symptoms and conditions that are present (lane symptom), and experiences with a
    treatment (its effects: lane symptom; whether it helped, stops, switches and missed doses: lane medication).

    What is denied, asked, supposed, long past or of somebody else is left out, and so is what has no code in the vocabulary. All stands
    on the day of the post. `item` is the finding's or the treatment's name with the post in brackets.
    """
    texts = posts.data.sort("person", "day", "source", "post")
    told = pl.concat([_symptoms(texts, vocabulary, taggers), _experiences(texts, vocabulary, taggers)])
    # A finding that is told as a treatment's effect is one thing on the axis, not two.
    told = told.sort("row", "finding", "rank", "start").unique(["row", "finding"], keep="first", maintain_order=True)
    rows = texts.with_row_index("row").with_columns(pl.col("row").cast(pl.Int32)).join(told, on="row", how="inner").select(
        "person", "day", "lane", value=pl.lit(None, pl.Float64), unit=pl.lit(None, pl.String), from_table=pl.lit("own_posts"),
        item=pl.format("{} [{} {}]", "finding", "source", "post"), text=pl.format("Told in an own public post: {}.", "said"),
    )  # fmt: skip
    return posts.derive(Timeline, rows.select(*Timeline.columns).sort(Timeline.key))


def _symptoms(texts: pl.DataFrame, vocabulary: Vocabulary, taggers: Taggers) -> pl.DataFrame:
    found = read_languages(texts["text"], texts["language"], vocabulary, taggers)
    own = found.filter(
        pl.col("type").is_in(_FINDINGS), pl.col("concept") != "", pl.col("assertion") == "present", pl.col("experiencer") == _ABOUT_ONESELF
    )
    worst = pl.when(pl.col("severity") == "unknown").then(pl.lit("")).otherwise(pl.format(", {}", "severity"))
    return own.select(
        "row", "start", finding="label", rank=pl.lit(1, pl.Int8), lane=pl.lit("symptom"), said=pl.concat_str(pl.col("label"), worst)
    )


def _experiences(texts: pl.DataFrame, vocabulary: Vocabulary, taggers: Taggers) -> pl.DataFrame:
    read_as = pl.when(english(pl.col("language"))).then("text").otherwise(pl.lit(""))
    spoken = texts.select(read_as.alias("text"), review=pl.col("kind") == "review")
    tagger = taggers.of(vocabulary.language)
    told = experiences_in(spoken["text"], vocabulary, reviews=spoken["review"], tagger=tagger)
    told = _of_oneself(told, read_tagged(spoken["text"], vocabulary, tagger))
    named = (pl.col("effect") != "") & pl.col("axis").is_in(list(_EFFECT))
    drug = drug_name(pl.col("treatment_label"))
    said: pl.Expr = pl.lit(None, pl.String)
    for axis, words in _WHOLE.items():
        of_effect = pl.format(_EFFECT[axis], "effect_label", drug) if axis in _EFFECT else pl.lit(None, pl.String)
        whole = pl.when(named).then(of_effect).otherwise(pl.format(words, drug))
        said = pl.when(pl.col("axis") == axis).then(whole).otherwise(said)
    lane = pl.when(pl.col("axis").is_in(_SYMPTOM_AXES) & named).then(pl.lit("symptom")).otherwise(pl.lit("medication"))
    finding = pl.when(named).then("effect_label").otherwise(pl.concat_str("axis", pl.lit(" "), "treatment_label").str.replace("_", " "))
    return told.select("row", "start", finding=finding, rank=pl.lit(0, pl.Int8), lane=lane, said=said).filter(pl.col("said").is_not_null())


def _of_oneself(told: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Experiences of the writer: the words that tell them are about the writer; where an experience has no such words, nobody else is
    spoken of in the whole text."""
    who = found.group_by("row", "start").agg(own=(pl.col("experiencer") == _ABOUT_ONESELF).all())
    alone = found.group_by("row").agg(alone=(pl.col("experiencer") == _ABOUT_ONESELF).all())
    judged = told.join(who, on=["row", "start"], how="left", maintain_order="left").join(alone, on="row", how="left", maintain_order="left")
    return judged.filter(pl.coalesce("own", "alone", pl.lit(value=False)))
