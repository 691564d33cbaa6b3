"""What a column of texts says, as rows with words instead of numbers: the step that mentions and experiences share."""

from __future__ import annotations

import re

import polars as pl

from heedful.language.dating import rough_date
from heedful.language.languages import OPEN, declared_language, spoken
from heedful.language.matching import find
from heedful.language.once import remembered
from heedful.language.rules import ASSERTIONS, EVENTS, EXPERIENCERS, ROLES, SEVERITIES
from heedful.language.tagger.beside import NONE, Taggers, found_beside, touching
from heedful.language.tagger.tagger import Tagger
from heedful.language.vocabulary import FIGURE, Vocabulary, parted


@remembered
def read(texts: pl.Series, vocabulary: Vocabulary) -> pl.DataFrame:
    """One row a mention or event, by text and place in it.

    Columns: `row` of the text, `sentence` (number within the text), `start`, `end` (bytes), `surface`, `concept`, `label`, `type`
    (symptom, condition, drug, or 'event' with concept stop, switch or missed_dose), `assertion`, `experiencer`, `cue`, `severity`,
    `role` (all of `ROLES`), `misspelled` (whether a word of the surface is a misspelled one), `dated` (of a historical mention, roughly
    when: see `rough_date`; else null), `drugs` (distinct drugs of the text), `drug_near` (whether the sentence names one).
    Figures of speech are left out, with the words in them. A missing text says nothing.
    """
    rows = _rows(texts, found_in(texts, vocabulary), _named(vocabulary), vocabulary)
    rows = rows.filter(pl.col("concept") != FIGURE)
    drug = pl.col("concept").filter(pl.col("type") == "drug")
    return rows.sort("row", "start", "type").with_columns(
        drugs=drug.n_unique().over("row"), drug_near=(pl.col("type") == "drug").any().over("row", "sentence")
    )


@remembered
def found_in(texts: pl.Series, vocabulary: Vocabulary) -> pl.DataFrame:
    """`find` with the vocabulary's index."""
    return find(parted(texts, vocabulary.language), vocabulary.index)


@remembered
def read_tagged(texts: pl.Series, vocabulary: Vocabulary, tagger: Tagger | None) -> pl.DataFrame:
    """`read`, and what a tagger finds beside it in texts with health context, with the column `probability`.

    A span that touches nothing of the vocabulary's is a row without a code: `concept` is "", `label` its words in lower case. What the
    vocabulary finds takes the probability of the span that touches it; `probability` is null where the tagger sees no span.
    """
    known = read(texts, vocabulary)
    if tagger is None:
        return known.with_columns(probability=pl.lit(None, pl.Float64))
    beside = found_beside(texts, found_in(texts, vocabulary), vocabulary, tagger)
    known = known.with_columns(probability=touching(known.select(pl.col("row").alias("post"), "start", "end"), beside.spans))
    if not beside.found.height:
        return known
    uncoded = pl.DataFrame({"type": beside.types}).select(code=pl.lit(""), label=pl.lit(""), type="type")
    more = _rows(texts, beside.found, pl.concat([_named(vocabulary), uncoded]), vocabulary)
    more = more.with_columns(
        label=pl.col("surface").str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", " "), probability=beside.probability
    )
    drugs = known.filter(pl.col("type") == "drug")
    more = more.join(known.select("row", "drugs").unique("row"), on="row", how="left", maintain_order="left")
    near = drugs.select("row", "sentence", drug_near=pl.lit(value=True)).unique()
    more = more.join(near, on=["row", "sentence"], how="left", maintain_order="left")
    more = more.with_columns(pl.col("drugs").fill_null(0), pl.col("drug_near").fill_null(value=False))
    return pl.concat([known, more.select(known.columns)]).sort("row", "start", "type")


def _named(vocabulary: Vocabulary) -> pl.DataFrame:
    """Code, label and type of the terms and then of the rules."""
    rules = vocabulary.rules.select(
        code=pl.when(pl.col("kind").is_in(EVENTS)).then("kind").otherwise(pl.lit("")), label=pl.lit(""), type=pl.lit("event")
    )
    return pl.concat([vocabulary.terms.select("code", "label", "type"), rules])


def _rows(texts: pl.Series, found: pl.DataFrame, named: pl.DataFrame, vocabulary: Vocabulary) -> pl.DataFrame:
    """Numbers as words, row by row."""
    meant = named.select(pl.all().gather(found["term"])) if found.height else named.clear()
    text = texts.gather(found["post"]).cast(pl.Binary)
    rows = found.select(
        pl.col("post").alias("row"),
        "sentence",
        "start",
        "end",
        _slice(text, "start", "end").alias("surface"),
        meant["code"].alias("concept"),
        meant["label"],
        meant["type"],
        _word(ASSERTIONS, "assertion"),
        _word(EXPERIENCERS, "experiencer"),
        pl.when(pl.col("cue_start") < 0).then(pl.lit("")).otherwise(_slice(text, "cue_start", "cue_end")).alias("cue"),
        _word(SEVERITIES, "severity"),
        _word(ROLES, "role"),
    )
    return rows.with_columns(misspelled=_misspelled(rows["surface"], vocabulary), dated=_dated(rows, text, found))


def read_languages(texts: pl.Series, declared: pl.Series, vocabulary: Vocabulary, taggers: Taggers = NONE) -> pl.DataFrame:
    """`read_tagged` of each text with the words and rules of its language, with the column `language` beside.

    The language is the declared one (a tag such as "es-MX"), else the one that the text's small words tell, else that of `vocabulary`.
    Texts in a language without a vocabulary say nothing. `row` counts all texts.
    """
    language = languages_of(texts, declared, vocabulary)
    parts = []
    for code, own in {**vocabulary.others, vocabulary.language: vocabulary}.items():  # its own last: that is what is asked for again
        rows = (language == code).arg_true()
        if rows.len() or code == vocabulary.language:
            found = read_tagged(texts if rows.len() == texts.len() else texts.gather(rows), own, taggers.of(code))
            at = pl.lit(rows.cast(pl.Int32)).gather(pl.col("row")) if found.height else pl.col("row")
            parts.append(found.with_columns(row=at, language=pl.lit(code)))
    return pl.concat(parts).sort("row", "start", "type") if len(parts) > 1 else parts[0]


def languages_of(texts: pl.Series, declared: pl.Series, vocabulary: Vocabulary) -> pl.Series:
    """The language of each text, as `read_languages` takes it; "other" if it is told to be none that is known."""
    if vocabulary.small_words is None:
        said = pl.DataFrame({"declared": declared.cast(pl.String)}).select(language=declared_language(pl.col("declared")))["language"]
    else:
        said = spoken(texts, declared, vocabulary.small_words)
    return pl.DataFrame({"said": said}).select(
        language=pl.when(pl.col("said") == OPEN).then(pl.lit(vocabulary.language)).otherwise("said")
    )["language"]


def english(language: pl.Expr) -> pl.Expr:
    """Whether a text may be read with English words: declared English, or not declared. (In French, 'pain' is bread.)"""
    return language.is_null() | language.str.contains(r"^(?i:en\b|und\b|$)")


def _word(words: tuple[str, ...], column: str) -> pl.Expr:
    return pl.lit(pl.Series(words)).gather(pl.col(column)).alias(column)


def _slice(text: pl.Series, start: str, end: str) -> pl.Expr:
    begin = pl.col(start).clip(0)
    return pl.lit(text).bin.slice(begin, (pl.col(end) - begin).clip(0)).cast(pl.String)


def _misspelled(surfaces: pl.Series, vocabulary: Vocabulary) -> pl.Series:
    if not vocabulary.spelling.height or not surfaces.len():
        return pl.Series("misspelled", [False]).new_from_index(0, surfaces.len())
    each = surfaces.unique()
    written = vocabulary.written
    flags = [any(word in written for word in re.findall("[a-z]+", surface.lower())) for surface in each]
    return pl.DataFrame({"surface": surfaces}).join(
        pl.DataFrame({"surface": each, "misspelled": flags}, schema={"surface": pl.String, "misspelled": pl.Boolean}),
        on="surface", how="left", maintain_order="left",
    )["misspelled"]  # fmt: skip


_AROUND = 40
"""Bytes before and after a cue in which its date stands."""


def _dated(rows: pl.DataFrame, text: pl.Series, found: pl.DataFrame) -> pl.Series:
    past = (rows["assertion"] == "historical").arg_true()
    empty = pl.Series("dated", [None], pl.String).new_from_index(0, rows.height)
    if not past.len():
        return empty
    cue = pl.DataFrame({"text": text.gather(past), "start": found["cue_start"].gather(past), "end": found["cue_end"].gather(past)})
    begin = (pl.col("start") - _AROUND).clip(0)
    around = cue.select(said=pl.col("text").bin.slice(begin, pl.col("end") - begin + _AROUND))["said"]
    words = pl.Series([piece.decode("utf-8", "ignore") for piece in around], dtype=pl.String)
    return empty.scatter(past, rough_date(words))
