"""`heedful vocabulary`: add words of your own or take them out, see which vocabularies and crosswalks count, and try them on a text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from heedful import __version__
from heedful.cli.console import aside, emit, open_site, say, table
from heedful.core.errors import SourceError
from heedful.language.reading import languages_of, read_languages
from heedful.loops.settings import Settings, load_settings
from heedful.loops.vocabularies import crosswalk, findable, held_vocabularies, keep, remove, site_crosswalks, site_vocabulary, taken_over
from heedful.sources import packaged
from heedful.sources.vocabularies.concepts import VocabularyFile
from heedful.sources.vocabularies.reading import read_vocabulary

_MENTION = (
    "surface", "concept", "label", "type", "assertion", "cue", "experiencer", "severity", "start", "language", "misspelled", "dated",
)  # fmt: skip
SHOWN = 20
"""Faults that are shown one by one."""


BROKEN = 2
"""Exit code where part of a file was broken and the rest is kept."""


def add(
    config: Path, path: Path, kind: str, below: str, name: str, release: str, licence: str, replacing: bool, json: bool,
    language: str = "en", names: str = "",
) -> int:  # fmt: skip
    """Check a file and keep its terms in the site's folder; `release` and `licence` are what the user says of it, and win over the file.

    language: of SKOS labels. names: of RxNorm, sources whose names are taken, by commas.
    Returns the exit code: `BROKEN` if part was broken.
    """
    with open_site(config) as site:
        held_vocabularies(site.settings, site.folder)  # a broken one is said now, not by the next run
        read_file = read_vocabulary(path, kind, below, language, tuple(one.strip() for one in names.split(",") if one.strip()))
        file, lost = findable(replace(read_file, version=release or read_file.version, licence=licence or read_file.licence))
        if not file.terms.height:
            raise SourceError(path, "none of its terms can be found in a text", "Write terms of at most eight words, without commas.")
        kept = keep(file, name or path.stem, site.folder, replacing=replacing)
        left_out = {
            **file.left_out,
            **({"never found in a text (too long, or with a comma, bracket or sentence end)": len(lost)} if lost else {}),
        }
        site.ledger.audit(site.clock.now(), "vocabulary", {"name": kept.stem, "terms": file.terms.height, "version": file.version})
    if json:
        emit({
            "name": kept.stem, "path": str(kept), **_about(file), "terms": file.terms.height, "left_out": left_out, "never_found": lost,
            "crosswalks": file.crosswalks.height, "taken_over": taken_over(file), "broken": list(file.broken),
        })  # fmt: skip
        return BROKEN if file.broken else 0
    say(f"Added {file.terms.height:,} terms of {file.terms['code'].n_unique():,} concepts as {kept.stem} ({kept}).")
    for reason, count in left_out.items():
        say(f"  left out: {count:,} {reason}")
    if file.crosswalks.height:
        say(f"  with {file.crosswalks.height:,} codes of other systems: heedful vocabulary crosswalk CODE")
    if lost:
        say(f"  such as: {'; '.join(lost[:3])}")
    if taken := taken_over(file):
        say(f"  {taken:,} of them are packaged terms, too: these count under your codes now, with the packaged codes as crosswalks")
    if not file.licence:
        say("  The file states no licence. Say it with --licence, so that others know what they may do with the results.")
    say("The next heedful run reads all texts again with it. Try it first: heedful vocabulary test TEXT")
    for fault in file.broken[:SHOWN]:
        aside.print(fault, markup=False)
    if file.broken:
        aside.print(
            f"{len(file.broken):,} broken records were left out, the rest is kept. Correct them, and add the file again with --replace."
        )
    return BROKEN if file.broken else 0


def removed(config: Path, name: str, json: bool) -> None:
    """Take a vocabulary out of the site's folder."""
    with open_site(config) as site:
        gone = remove(site.settings, site.folder, name)
        site.ledger.audit(site.clock.now(), "vocabulary", {"name": name, "removed": True})
    if json:
        emit({"name": name, "removed": [str(path) for path in gone]})
        return
    say(f"Removed {name}. The next heedful run reads all texts again without it.")


def crosswalks(config: Path, code: str, json: bool) -> None:
    """The codes of other systems for a concept, or ours for one of theirs (SYSTEM:CODE)."""
    settings, folder = _settings(config)
    rows = crosswalk(site_crosswalks(settings, folder), code)
    if json:
        emit({"code": code, "crosswalks": rows.to_dicts()})
        return
    table("Crosswalks", ["vocabulary", "code", "system", "code there", "how near"], rows.rows())
    if not rows.height:
        say(
            f"No vocabulary here has a code of another system for {code}. Codes are written as in "
            "HP:0002315, drug:sertraline or MESH:D006261."
        )


def listed(config: Path, json: bool, with_crosswalks: bool = False) -> None:
    """The vocabularies that count, first the ones that win; with their crosswalks by system, if asked."""
    settings, folder = _settings(config)
    own = [{"name": held.name, "path": str(held.path), **_about(held.file), "terms": held.file.terms.height}
           for held in held_vocabularies(settings, folder)]  # fmt: skip
    notes = packaged.vocabulary_notes()
    terms = packaged.vocabulary().terms.height
    if json:
        ours = {"name": "packaged", "path": "", "source": "heedful", "version": __version__, "licence": "", "terms": terms, "notes": notes}
        document = {
            "vocabularies": [*own, ours], "packaged_tables": packaged.tables().to_dicts(),
            "fingerprint": site_vocabulary(settings, folder).fingerprint,
        }  # fmt: skip
        emit(document | ({"crosswalks": _by_system(settings, folder).to_dicts()} if with_crosswalks else {}))
        return
    columns = ["name", "source", "version", "licence", "terms"]
    rows = [[held[name] or "not stated" for name in columns] for held in own]
    table("Vocabularies; of equal terms the first counts", columns, [*rows, ["packaged", "heedful", __version__, "as below", terms]])
    packaged_columns = ["table", "language", "source", "version", "licence", "terms"]
    table("What is packaged", packaged_columns, packaged.tables().select(packaged_columns).rows())
    for note in notes:
        say(f"  {note}")
    if with_crosswalks:
        table("Crosswalks", ["vocabulary", "system", "how near", "concepts", "codes"], _by_system(settings, folder).rows())


def _by_system(settings: Settings, folder: Path | None) -> pl.DataFrame:
    groups = site_crosswalks(settings, folder).group_by("vocabulary", "system", "match", maintain_order=True)
    return groups.agg(concepts=pl.col("code").n_unique(), codes=pl.len())


def test(config: Path, text: str, json: bool, language: str) -> None:
    """The mentions and events in a text, in the language given, else the one it is told to be in."""
    settings, folder = _settings(config)
    vocabulary = site_vocabulary(settings, folder)
    texts, declared = pl.Series([text]), pl.Series([language or None], dtype=pl.String)
    found = read_languages(texts, declared, vocabulary).select(_MENTION)
    spoken = languages_of(texts, declared, vocabulary).item()
    if json:
        emit({"language": spoken, "mentions": found.to_dicts()})
        return
    shown = found.select("surface", "concept", "type", "assertion", "cue", "experiencer", pl.when("misspelled").then(pl.lit("misspelled")))
    table(f"Mentions ({spoken})", ["words", "code", "type", "assertion", "cue", "of whom", ""], shown.rows())
    if not found.height:
        say("No mention. Words that should be found can be added with: heedful vocabulary add FILE")


def _settings(config: Path) -> tuple[Settings, Path | None]:
    """Settings and folder of the site; without a site the packaged vocabulary alone is in use."""
    if not config.exists():
        return Settings(), None
    settings = load_settings(config)
    return settings, config.parent / settings.site.folder


def _about(file: VocabularyFile) -> dict[str, str]:
    return {"source": file.source, "version": file.version, "licence": file.licence}
