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
from heedful.language import axes, stopping
from heedful.language.axes import any_of
from heedful.language.masking import DRUG, FINDING, masked_sentences
from heedful.language.mentions import place, texts_of_diary
from heedful.language.onset import duration_days, onset_days, persistence
from heedful.language.reading import english, read_tagged
from heedful.language.severity import severity
from heedful.language.tagger.beside import Taggers
from heedful.language.tagger.tagger import Tagger
from heedful.language.vocabulary import Vocabulary

P = TypeVar("P", bound=Purpose)

CARD = Card(
    name="language.experiences",
    definition="A drug and an effect (or a stop, switch or missed dose) of oneself or one's family, where words around give the effect its "
    "axis; the drug is the nearest of the sentence, else the last one named before it. Effects are terms of the vocabulary and, without a "
    "code, spans that a tagger finds beside them (language.spans).",
    units="1",
    reference="Axes after PsyTAR (Zolnoori 2019) and the questions of pharmacovigilance; patterns of our own.",
    limits="English only; one drug an effect; in posts other than reviews a finding without words that tie it to the drug is none; "
    "the order of events in time is not read; of a text the first 100,000 bytes are read.",
)
METHODS.add(CARD.name, Method(CARD))

LONGEST = 100_000
"""Bytes of a text that are read: beyond that it is no account of a person."""

_TOUCHES = ("self", "family", "child", "partner", "parent")
_FINDINGS = ("symptom", "condition")


@derivation(reads=(Posts,), writes=Experiences, by=None, needs=("vocabulary", "gazetteer", "taggers"), version=5)
def experiences(
    posts: Frame[Public, Posts], *, vocabulary: Vocabulary, gazetteer: Gazetteer, taggers: Taggers
) -> Frame[Public, Experiences]:
    """Experiences told in posts. Read from the texts, not from mentions: it needs sentences and the cues of stopping."""
    texts = posts.data.filter(english(pl.col("language")))
    texts = texts.with_columns(declared="place_declared", review=pl.col("kind") == "review")
    return posts.derive(Experiences, _experiences(texts, vocabulary, gazetteer, taggers))


@derivation(
    reads=(Diary,), writes=Experiences, by=None, needs=("vocabulary", "gazetteer", "taggers"),
    key_as={"person": "author", "entry": "post"}, version=5,
)  # fmt: skip
def diary_experiences(
    diary: Frame[Consented[P], Diary], *, vocabulary: Vocabulary, gazetteer: Gazetteer, taggers: Taggers
) -> Frame[Consented[P], Experiences]:
    """Experiences told in diary entries, under source 'diary'; the author is the participant."""
    texts = texts_of_diary(diary.data).with_columns(review=pl.lit(False))
    return diary.derive(Experiences, _experiences(texts, vocabulary, gazetteer, taggers))


def _experiences(texts: pl.DataFrame, vocabulary: Vocabulary, gazetteer: Gazetteer, taggers: Taggers) -> pl.DataFrame:
    tagger = taggers.of(vocabulary.language)
    told = experiences_in(texts["text"], vocabulary, reviews=texts["review"], tagger=tagger)
    return place(texts, told, gazetteer).select(*Experiences.columns).sort("source", "post", "author", "n")


def experiences_in(
    texts: pl.Series, vocabulary: Vocabulary, *, reviews: pl.Series | None = None, treatments: pl.Series | None = None,
    tagger: Tagger | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Experiences told in texts, each once a text, with its number `n`; see `tellings`."""
    told = tellings(texts, vocabulary, reviews=reviews, treatments=treatments, tagger=tagger)
    told = told.unique(["row", "treatment", "axis", "effect"], keep="first", maintain_order=True)
    labels = vocabulary.terms.filter(pl.col("type") == "drug").unique("code", keep="first", maintain_order=True)
    told = told.join(labels.select(treatment="code", treatment_label="label"), on="treatment", how="left", maintain_order="left")
    return told.with_columns(pl.col("treatment_label").fill_null(pl.col("treatment")), n=pl.int_range(pl.len(), dtype=pl.Int32).over("row"))


def tellings(
    texts: pl.Series, vocabulary: Vocabulary, *, reviews: pl.Series | None = None, treatments: pl.Series | None = None,
    tagger: Tagger | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Each time that texts tell of an experience: `row` of the text and the columns of `Experiences` that come from the text itself.

    Parameters
    ----------
    texts: String; a missing one tells nothing.
    reviews: Boolean; in a review of a treatment a finding that is present is an effect unless words say otherwise. None: no text is one.
    treatments: String; the drug concept that a text is about, for texts that do not name one (a review under its drug's page). None: none.
    tagger: what it finds beside the vocabulary is a finding as well, without a name: a writer's own words would be one person's alone.
    """
    texts = _shortened(texts)
    found = read_tagged(texts, vocabulary, tagger).drop("probability")
    found = found.with_columns(label=pl.when(pl.col("concept") != "").then("label").otherwise(pl.lit("")))
    about = pl.lit(None, pl.String) if treatments is None else pl.lit(treatments).gather(pl.col("row"))
    found = found.with_columns(drug_about=about)
    treated = found.filter(_is_treatment() | pl.col("drug_about").is_not_null())["row"]
    rows = treated.unique().sort() if treatments is None else pl.Series("row", range(len(texts)), dtype=pl.Int32).filter(
        treatments.is_not_null() | pl.Series(range(len(texts)), dtype=pl.Int32).is_in(treated.implode())
    )  # fmt: skip
    if not rows.len():
        return pl.DataFrame(schema=_TELLING)
    found = found.filter(pl.col("row").is_in(rows.implode()))
    chosen = pl.DataFrame({"row": rows}).with_columns(text=texts.gather(rows).fill_null(""))
    sentences, placed = masked_sentences(chosen, found)
    sentences = _spoken_of(_said(sentences), placed, treatments, reviews)
    carried = ["row", "part", "subject", "subject_before", "review", *FLAGS, *(f"{flag}_before" for flag in FLAGS)]
    placed = _with_treatment(placed).join(sentences.select(carried), on=["row", "part"], how="left", maintain_order="left")
    findings = _findings(placed)
    told = pl.concat([findings, _events(placed, sentences), _told_of_drugs(sentences, findings)], how="diagonal")
    return told.sort("row", "start", "axis").select(pl.col(name).cast(kind) for name, kind in _TELLING.items())


_TELLING = {
    "row": pl.Int32(),
    "treatment": pl.String(),
    **{name: Experiences.columns[name].dtype for name in ("axis", "effect", "effect_label", "severity", "onset_days", "duration_days")},
    **{name: Experiences.columns[name].dtype for name in ("persistence", "reason", "reason_words", "switched_from", "switched_to")},
    **{name: Experiences.columns[name].dtype for name in ("taken_with", "start", "end")},
}


def _shortened(texts: pl.Series) -> pl.Series:
    long = (texts.str.len_bytes() > LONGEST).fill_null(False).arg_true()
    if not long.len():
        return texts
    return texts.clone().scatter(long, [text.encode()[:LONGEST].decode("utf-8", "ignore") for text in texts.gather(long)])


FLAGS = {
    "asked": r"\?[\s\W]*$",
    "withdrawing": axes.WITHDRAWAL,
    "taking": axes.TAKING,
    "stopped": stopping.STOPPED,
    "heading": r"side ?-?(?:effects?|affects?)\b",
    "follows": axes.FOLLOWS,
    "listed": axes.LISTED,
    "reported": axes.REPORTED,
}
"""What a sentence may speak of, by the words that it holds."""


def _said(sentences: pl.DataFrame) -> pl.DataFrame:
    """What each sentence speaks of (`FLAGS`), and what the one before it does (NAME_before)."""
    flags = sentences.sort("row", "part").with_columns(**{flag: any_of("words", pattern) for flag, pattern in FLAGS.items()})
    return flags.with_columns(pl.col(flag).shift(1).over("row").fill_null(False).alias(f"{flag}_before") for flag in FLAGS)


def _spoken_of(sentences: pl.DataFrame, placed: pl.DataFrame, treatments: pl.Series | None, reviews: pl.Series | None) -> pl.DataFrame:
    """Sentences with the drug that each speaks of: `subject` (named in it or before, else what the text is about) and "
    "`subject_before`."""
    drugs = placed.filter(_is_treatment())
    # A sentence that names several leaves open which of them the next one speaks of: "" stands for that.
    several = pl.when(pl.col("concept").n_unique() > 1).then(pl.lit("")).otherwise(pl.col("concept").first())
    last = drugs.group_by("row", "part", maintain_order=True).agg(drug_last=several)
    row = pl.col("row")
    about = pl.lit(None, pl.String) if treatments is None else pl.lit(treatments).gather(row)
    review = pl.lit(False) if reviews is None else pl.lit(reviews).gather(row).fill_null(False)
    sentences = sentences.join(last, on=["row", "part"], how="left", maintain_order="left").with_columns(review=review)
    # A post that names a drug speaks of it from then on; before that only a text with one drug does.
    one = drugs.group_by("row").agg(drug_one=pl.when(pl.col("concept").n_unique() == 1).then(pl.col("concept").first()))
    sentences = sentences.join(one, on="row", how="left", maintain_order="left")
    earlier = pl.col("drug_last").forward_fill().over("row")
    sentences = sentences.with_columns(
        subject=pl.when(about.is_null()).then(pl.coalesce(earlier, "drug_one")).otherwise(pl.coalesce("drug_last", about)),
        subject_before=pl.coalesce(earlier.shift(1).over("row"), about),
    )
    return sentences.with_columns(pl.when(pl.col(name) != "").then(name).alias(name) for name in ("subject", "subject_before", "drug_last"))


def _is_treatment() -> pl.Expr:
    """A drug that is taken, or that is gone without: 'two days without sertraline' is about it, 'I am not on sertraline' is not."""
    without = pl.col("cue").str.to_lowercase().is_in(["without", "w/o", "off", "no more"])
    return (pl.col("type") == "drug") & ((pl.col("assertion") != "absent") | without)


def _with_treatment(found: pl.DataFrame) -> pl.DataFrame:
    """What is found, with the drug before and after it in its sentence.

    A drug that is not taken ('I am not on sertraline') is no treatment. Columns drug_before, drug_after, at_before, at_after, and
    drug_second, which follows drug_after.
    """
    drugs = found.filter(_is_treatment())
    here = drugs.select("row", "part", "start", drug="concept", at="start")
    for side, way in (("before", "backward"), ("after", "forward")):
        near = here.rename({name: f"{name}_{side}" for name in ("drug", "at")})
        found = found.sort("start").join_asof(
            near.sort("start"), on="start", by=["row", "part"], strategy=way, check_sortedness=False,  # type: ignore[arg-type]
        )  # fmt: skip
    following = here.sort("start").with_columns(drug_second=pl.col("drug").shift(-1).over("row", "part"))
    found = found.join(
        following.select("row", "part", "drug_second", at_after="at").unique(["row", "part", "at_after"]),
        on=["row", "part", "at_after"], how="left", maintain_order="left",
    )  # fmt: skip
    return found.sort("row", "start", "type")


def _findings(placed: pl.DataFrame) -> pl.DataFrame:
    """Symptoms and conditions with an axis: adverse, withdrawal, benefit, no_effect, interaction."""
    role, resolved = pl.col("role"), pl.col("assertion") == "resolved"
    # "Two days without the drug and the headache is awful": the drug is what is lacking.
    lacking = (pl.col("assertion") == "absent") & any_of(
        "left", rf"\b(?:without|w/o|off)(?: \w+){{0,2}} {DRUG}[^.;]*\b(?:and|,|i|now)\b[^.;]*$"
    )
    present = (pl.col("assertion") == "present") | lacking
    # "It gave me nausea that went away": an effect that passed, or did not, whatever became of it.
    given = resolved & (role.is_in(["adverse_effect", "withdrawal"]) | any_of("left", axes.GAVE))
    named = pl.col("drug_before").is_not_null() | pl.col("drug_after").is_not_null()
    for_it = (role == "indication") | any_of("left", axes.INDICATION) | any_of("right", axes.INDICATION_AFTER)
    # "Decreased appetite, nausea": less of the one is not less of the other. What went away after some days was an effect that passed.
    good = (role == "benefit") & ~any_of("left", axes.LESS_OF_ANOTHER)
    passed = (resolved | good) & pl.col("review") & (any_of("right", axes.PASSED) | any_of("left", axes.AT_FIRST))
    tied = (any_of("left", axes.ADVERSE_BEFORE) & named | any_of("right", axes.ADVERSE_AFTER)) & ~pl.col("reported")
    spoken = any_of("left", r"\b(?:side|adverse) ?-?(?:effects?|affects?|reactions?)\b[^.]*$") | any_of("left", axes.GAVE)
    going_on = pl.col("follows") & ~named & (pl.col("taking_before") | pl.col("heading_before") & pl.col("listed"))
    doing_without = pl.col("withdrawing") & (named | pl.col("subject").is_not_null()) | (
        (pl.col("stopped_before") | pl.col("withdrawing_before")) & ~named & pl.col("follows")
    )
    led = _given_as_reason()
    axis = (
        pl.when(present & any_of("left", rf"(?:{stopping.INTERACTION})[^.;]*$"))
        .then(pl.lit("interaction"))
        .when(passed & ~named | given)
        .then(pl.lit("adverse"))
        .when(present & any_of("right", axes.BETTER) & (named | pl.col("review")))
        .then(pl.lit("benefit"))
        .when((present | resolved) & good | resolved & (role.is_in(["none", "indication"])) & (named | pl.col("review")))
        .then(pl.lit("benefit"))
        .when(present & (role == "no_effect"))
        .then(pl.lit("no_effect"))
        .when(present & (role == "withdrawal") & ~led)
        .then(pl.lit("withdrawal"))
        .when(present & led)
        .then(pl.lit("adverse"))
        .when(present & (role == "adverse_effect") & ~pl.col("asked"))
        .then(pl.lit("adverse"))
        .when(present & doing_without & ~for_it)
        .then(pl.lit("withdrawal"))
        .when(present & for_it)
        .then(pl.lit(None, pl.String))
        .when(present & ~pl.col("asked") & (tied | spoken | going_on | pl.col("review")))
        .then(pl.lit("adverse"))
    )
    # English names the drug first ("Zoloft gave me nausea and Prozac …"): one that comes after must be twice as near.
    before, after = pl.col("start") - pl.col("at_before"), pl.col("at_after") - pl.col("start")
    nearer_before = before.fill_null(1 << 30) <= 2 * after.fill_null(1 << 29)
    treatment = (
        pl.when(nearer_before)
        .then(pl.coalesce("drug_before", "drug_after", "subject"))
        .otherwise(pl.coalesce("drug_after", "drug_before", "subject"))
    )
    told = placed.filter(pl.col("type").is_in(_FINDINGS), pl.col("experiencer").is_in(_TOUCHES)).with_columns(
        axis=axis, treatment=treatment
    )
    told = told.filter(pl.col("axis").is_not_null(), pl.col("treatment").is_not_null())
    others = (
        placed.filter(pl.col("type") == "drug")
        .group_by("row", "part")
        .agg(_drugs=pl.col("concept").sort_by("start").unique(maintain_order=True))
    )
    told = told.join(others, on=["row", "part"], how="left", maintain_order="left")
    words = pl.concat_str(pl.col("left").str.slice(-120), pl.lit(FINDING), pl.col("right").str.slice(0, 120))
    surface = pl.col("surface").str.to_lowercase()
    together = pl.col("axis") == "interaction"
    first = pl.when(together).then(pl.coalesce(pl.col("_drugs").list.first(), "treatment")).otherwise("treatment")
    told = told.with_columns(treatment=first)
    other = pl.col("_drugs").list.set_difference(pl.concat_list("treatment")).list.first()
    return told.select(
        "row", "part", "start", "end", "treatment", "axis",
        effect="concept",
        effect_label="label",
        severity=_known(severity(pl.col("left"), surface, pl.col("right"))),
        onset_days=pl.when(pl.col("axis").is_in(["adverse", "withdrawal", "interaction", "benefit"])).then(onset_days(words)),
        duration_days=duration_days(words),
        persistence=_known(persistence(pl.col("left"), surface, pl.col("right"))),
        taken_with=pl.when(together).then(other),
    )  # fmt: skip


def _known(level: pl.Expr) -> pl.Expr:
    return pl.when(level != "unknown").then(level)


def _given_as_reason() -> pl.Expr:
    """Whether a finding is the reason for stopping: an effect of the drug, not of doing without."""
    because = r"\b(?:because|due to|bc|cuz|over|since|from)\b[^.;]*$"
    return (
        (pl.col("role") == "reason") & pl.col("stopped")
        | any_of("left", rf"{stopping.STOPPED}[^.;]*{because}")
        | any_of("left", r"\b(?:because of|due to|thanks to)\b[^.;]*$") & any_of("right", stopping.STOPPED)
        | any_of("right", rf"^[^.;]{{0,40}}\b(?:why i|made me|so i|that i|had to|reason i)\b[^.;]{{0,20}}(?:stop|quit|{stopping.STOPPED})")
    )


def _events(placed: pl.DataFrame, sentences: pl.DataFrame) -> pl.DataFrame:
    """Stops, switches and missed doses that did happen, with the reason that is given."""
    # "My doctor switched me": it was done to oneself, whoever did it.
    mine = pl.col("experiencer").is_in(_TOUCHES) | any_of("surface", r"(?i)\b(?:me|myself)\b")
    happened = pl.col("assertion").is_in(["present", "historical"]) & mine
    events = placed.filter(pl.col("type") == "event", happened, ~pl.col("asked")).rename({"concept": "axis"}).drop("label")
    findings = (
        placed.filter(pl.col("type").is_in(_FINDINGS), pl.col("role") == "reason").select("row", "part", "start", "label").sort("start")
    )
    events = events.sort("start").join_asof(findings, on="start", by=["row", "part"], strategy="forward", check_sortedness=False)
    after = sentences.select(
        "row", pl.col("part") - 1, next_words=pl.when(~pl.col("words").str.contains(DRUG)).then(pl.col("words").str.slice(0, 200))
    )
    events = events.join(after, on=["row", "part"], how="left", maintain_order="left")
    around = pl.concat_str(pl.col("left"), pl.col("surface").str.to_lowercase(), pl.col("right"))
    events = events.with_columns(words=around)
    (code, said), (next_code, next_said) = stopping.reason(pl.col("words")), stopping.reason(pl.col("next_words"), plainly=True)
    # Stopping and changing say nothing of forgetting; to forget a dose is to miss it.
    forgot = (pl.col("axis") == "missed_dose") & (pl.col("code") == "forgot")
    events = events.with_columns(
        code=pl.when(code != "").then(code).otherwise(next_code), said=pl.when(code != "").then(said).otherwise(next_said)
    )
    spurious = (pl.col("code") == "forgot") & ~forgot
    given = (pl.col("code") != "") & ~spurious
    events = events.with_columns(
        reason=pl.when(given).then("code"), reason_words=pl.when(given).then(pl.col("said").str.replace_all("[DF]", "…"))
    )
    left, to = _switched()
    switch = pl.col("axis") == "switch"
    events = events.with_columns(switched_from=pl.when(switch).then(left), switched_to=pl.when(switch).then(to)).with_columns(
        treatment=pl.when(switch)
        .then(pl.coalesce("switched_from", "switched_to", "drug_before", "drug_after", "subject"))
        .otherwise(pl.coalesce("drug_after", "drug_before", "subject"))
    )
    return events.filter(pl.col("treatment").is_not_null()).select(
        "row", "part", "start", "end", "treatment", "axis", "reason", "reason_words", "switched_from", "switched_to",
        effect=pl.lit(""),
        effect_label=pl.col("label").fill_null(""),
        onset_days=pl.when(pl.col("axis").is_in(["stop", "switch"])).then(onset_days(pl.col("words"), of_event=True)),
        duration_days=pl.when(pl.col("axis") == "missed_dose").then(duration_days(pl.col("words"))),
    )  # fmt: skip


def _switched() -> tuple[pl.Expr, pl.Expr]:
    """From which drug and to which, of the drugs beside the cue; null where it is not said."""
    first, second = pl.col("drug_after"), pl.col("drug_second")
    pair = any_of("words", stopping.FROM_TO) | any_of("words", stopping.SWAPPED)
    reverse = any_of("words", stopping.TO_FROM)
    only_to, only_from = any_of("words", stopping.ONLY_TO), any_of("words", stopping.ONLY_FROM)
    known = pl.coalesce("drug_before", "subject_before")
    left = pl.when(reverse).then(second).when(pair | only_from).then(first).when(only_to).then(known)
    to = pl.when(reverse | only_to).then(first).when(pair | only_from).then(second)
    # "Switched from A" after which B is named is B only in so many words; a drug is not left for itself.
    return left, pl.when(to.ne_missing(left)).then(to)


def _told_of_drugs(sentences: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """What a sentence says of the drug as a whole (`axes.TOLD`), where it names no finding that has the axis already."""
    near = pl.coalesce(
        "drug_last", pl.when(pl.col("review")).then("subject").otherwise(pl.col("drug_last").shift(1).over("row", order_by="part"))
    )
    sentences = sentences.with_columns(treatment=pl.coalesce(near, pl.when(pl.col("drug_one").is_null()).then("subject")))
    sentences = sentences.filter(pl.col("treatment").is_not_null(), ~pl.col("asked"))
    parts = [_told(sentences, axis, pattern) for axis, pattern in axes.TOLD.items()]
    parts[1] = parts[1].join(parts[0], on=["row", "part"], how="anti")
    told = pl.concat(parts).join(findings.select("row", "part", "axis"), on=["row", "part", "axis"], how="anti")
    return told.select(
        "row", "part", "start", "end", "treatment", "axis",
        effect=pl.lit(""),
        effect_label=pl.lit(""),
        duration_days=duration_days(pl.col("words").str.slice(0, 400)),
        onset_days=onset_days(pl.col("words").str.slice(0, 400)),
    )  # fmt: skip


def _told(sentences: pl.DataFrame, axis: str, pattern: str) -> pl.DataFrame:
    """Sentences in which `pattern` stands and no word before it takes it back."""
    at = sentences.with_columns(_at=pl.col("words").str.find(axes.plain(pattern))).filter(pl.col("_at").is_not_null())
    at = at.with_columns(pl.col("_at").cast(pl.Int64))
    near = pl.col("words").cast(pl.Binary).bin.slice((pl.col("_at") - 60).clip(0), pl.min_horizontal("_at", 60))
    before = at.select(near.cast(pl.String, strict=False).fill_null("")).to_series()
    doubtful = before.str.contains(axes.plain(axes.DOUBTFUL))
    denied = before.str.contains(axes.plain(axes.DENIED)) if axis != "no_effect" else pl.Series([False]).new_from_index(0, at.height)
    return at.filter(~doubtful & ~denied).select("row", "part", "start", "end", "treatment", "words", axis=pl.lit(axis))
