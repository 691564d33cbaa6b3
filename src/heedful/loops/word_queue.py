"""The two queues that public texts fill and people empty: new words, and bursts that match no claim."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from heedful.core.errors import NotFoundError, SettingsError
from heedful.core.schemas import Claims, Mentions, Posts, Schema, Voices
from heedful.language.bursts import Said, read_said
from heedful.language.claim_bursts import claim_bursts
from heedful.language.new_words import new_words
from heedful.language.vocabulary import TERM_COLUMNS
from heedful.loops.site import Site
from heedful.loops.vocabularies import FOLDER, findable, keep
from heedful.population.left_out import gone_days
from heedful.sources.vocabularies.concepts import TERM_TYPES, VocabularyFile
from heedful.sources.vocabularies.reading import read_vocabulary
from heedful.store.verdicts import VerdictFile

WINDOW, BASELINE = 7, 28
"""Days."""

ACCEPTED = "accepted_words"
"""Vocabulary of a site that accepted phrases go into."""


def verdict_file(folder: Path) -> VerdictFile:
    """Verdicts on both queues."""
    return VerdictFile(folder / "verdicts.jsonl")


def word_queue(site: Site, until: date | None = None) -> pl.DataFrame:
    """New words of the week up to `until` (the newest day with posts, if not given) that nobody has accepted or dismissed, by people whose
    voices the counts do not leave out."""
    said = _said(site, until, unmatched=False)
    found = new_words(said, site.settings.disclosure.minimum_cell) if said is not None else new_words(_nothing(), 1)
    return found.filter(~pl.col("phrase").is_in(verdict_file(site.folder).settled("word")))


def burst_queue(site: Site, until: date | None = None) -> pl.DataFrame:
    """Bursts of the week up to `until` that match no claim of the bank and that nobody has dismissed."""
    said = _said(site, until, unmatched=True)
    found = claim_bursts(said, site.settings.disclosure.minimum_cell) if said is not None else claim_bursts(_nothing(), 1)
    return found.filter(~pl.col("burst").is_in(verdict_file(site.folder).settled("burst")))


def accept_word(site: Site, phrase: str, code: str, label: str, kind: str) -> Path:
    """Put a phrase into the site's vocabulary of accepted words; the next run reads all texts again. Returns the vocabulary's file.

    Raises `SettingsError` if the phrase cannot be found in texts, has a meaning there already, or code, label or type cannot be used.
    """
    phrase, code, label = _plain(phrase), code.strip(), " ".join(label.split())
    if kind not in TERM_TYPES:
        raise SettingsError(f"{kind!r} is not a type; write one of {', '.join(TERM_TYPES)}.")
    if not code or any(letter.isspace() for letter in code):
        raise SettingsError(
            f"{code!r} cannot be a code. Write one without blanks, such as HP:0002315, or one of your own: local:brain_zaps."
        )
    if not label:
        raise SettingsError("The label is empty. Write the concept's name, as pages should show it.")
    entry = pl.DataFrame({"term": [phrase], "code": [code], "label": [label], "type": [kind]}, schema=TERM_COLUMNS)
    path = site.folder / FOLDER / f"{ACCEPTED}.tsv"
    known = read_vocabulary(path).terms.select(list(TERM_COLUMNS)) if path.exists() else entry.clear()
    held = known.filter(pl.col("term").str.to_lowercase() == phrase.lower())
    if held.height:
        raise SettingsError(f"{phrase!r} has been accepted already, as {held['code'][0]}. Change it in {path}.")
    file, lost = findable(VocabularyFile(pl.concat([known, entry]), source="accepted by people of this site", licence="of this site"))
    if phrase in lost:
        raise SettingsError(f"{phrase!r} is never found in a text: too long, or with a comma, bracket or sentence end. Give fewer words.")
    kept = keep(file, ACCEPTED, site.folder, replacing=True)
    now = site.clock.now()
    verdict_file(site.folder).add("word", phrase, "accepted", code, now)
    site.ledger.audit(now, "new word", {"phrase": phrase, "verdict": "accepted", "code": code, "label": label, "type": kind})
    return kept


def dismiss(site: Site, queue: str, thing: str, reason: str) -> None:
    """Take a phrase (queue word) or a burst (queue burst) off its list for good. Raises `NotFoundError` for a burst that is not listed."""
    thing = _plain(thing) if queue == "word" else thing.strip()
    if queue == "burst" and thing not in burst_queue(site)["burst"].to_list():
        raise NotFoundError(f"There is no burst {thing} on the list. See: heedful claims bursts")
    now = site.clock.now()
    verdict_file(site.folder).add(queue, thing, "dismissed", reason, now)
    site.ledger.audit(now, "new word" if queue == "word" else "claim burst", {"thing": thing, "verdict": "dismissed", "reason": reason})


def has_baseline(site: Site) -> bool:
    """Whether the site holds posts old enough to say what is new."""
    days = site.lake.scan(Posts.table, Posts).select(pl.col("day").min().alias("first"), pl.col("day").max().alias("last")).collect()
    first, last = days.row(0)
    return first is not None and (last - first).days >= WINDOW


def _said(site: Site, until: date | None, *, unmatched: bool) -> Said | None:
    """Texts with a mention of the window and the baseline before it; without those that match a claim, if asked so."""
    last = until or site.lake.scan(Posts.table, Posts).select(pl.col("day").max()).collect().item()
    if last is None:
        return None
    first = last - timedelta(days=WINDOW + BASELINE - 1)
    name = ["source", "post"]
    spans = _derived(site, Mentions, first, last).filter(pl.col("source") != "diary", pl.col("concept") != "").select(*name, "start", "end")
    texts = site.lake.read(Posts, days=(first, last)).join(spans.select(name).unique(), on=name, how="semi")
    if not unmatched:  # a campaign's words are no new words; as a burst it is to be seen
        gone = gone_days(_derived(site, Voices, first, last), site.settings.voices.exclude)
        texts = texts.join(gone.select("day", "author"), on=["day", "author"], how="anti")
    if unmatched:
        texts = texts.join(_derived(site, Claims, first, last).select(name), on=name, how="anti")
    texts = (
        texts.sort("day", *name).select(*name, "text", "author", recent=pl.col("day") > last - timedelta(days=WINDOW)).with_row_index("row")
    )
    return read_said(texts, texts.select("row", *name).join(spans, on=name).select("row", "start", "end"))


def _derived(site: Site, schema: type[Schema], first: date, last: date) -> pl.DataFrame:
    """Rows of the days of a derived table of the public loop."""
    steps = [step for step in site.engine.plan.steps if step.derivation.writes is schema and step.inputs[0][0] is Posts]
    parts = [site.lake.read_derived(step.table, schema, None, (first, last)) for step in steps]
    return pl.concat([schema.empty(), *parts])


def _nothing() -> Said:
    none = pl.DataFrame(schema={"text": pl.String, "author": pl.String, "recent": pl.Boolean})
    return read_said(none, pl.DataFrame(schema={"row": pl.UInt32, "start": pl.Int32, "end": pl.Int32}))


def _plain(phrase: str) -> str:
    plain = " ".join(phrase.split()).lower()
    if not plain:
        raise SettingsError("The phrase is empty. Write it as the list shows it, in quotes.")
    return plain
