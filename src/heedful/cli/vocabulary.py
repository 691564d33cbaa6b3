"""`heedful vocabulary`: add words of your own, see which vocabularies count, and try them on a text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from heedful import __version__
from heedful.cli.console import emit, open_site, say, table
from heedful.core.errors import SourceError
from heedful.language.reading import read
from heedful.loops.settings import Settings, load_settings
from heedful.loops.vocabularies import findable, held_vocabularies, keep, site_vocabulary
from heedful.sources import packaged
from heedful.sources.vocabularies.concepts import VocabularyFile
from heedful.sources.vocabularies.reading import read_vocabulary

_MENTION = ("surface", "concept", "label", "type", "assertion", "cue", "experiencer", "severity", "start")


def add(config: Path, path: Path, kind: str, below: str, name: str, release: str, licence: str, replacing: bool, json: bool) -> None:
    """Check a file and keep its terms in the site's folder; `release` and `licence` are what the user says of it, and win over the file."""
    with open_site(config) as site:
        held_vocabularies(site.settings, site.folder)  # a broken one is said now, not by the next run
        read_file = read_vocabulary(path, kind, below)
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
        emit({"name": kept.stem, "path": str(kept), **_about(file), "terms": file.terms.height, "left_out": left_out, "never_found": lost})
        return
    say(f"Added {file.terms.height:,} terms of {file.terms['code'].n_unique():,} concepts as {kept.stem} ({kept}).")
    for reason, count in left_out.items():
        say(f"  left out: {count:,} {reason}")
    if lost:
        say(f"  such as: {'; '.join(lost[:3])}")
    if not file.licence:
        say("  The file states no licence. Say it with --licence, so that others know what they may do with the results.")
    say("The next heedful run reads all texts again with it. Try it first: heedful vocabulary test TEXT")


def listed(config: Path, json: bool) -> None:
    """The vocabularies that count, first the ones that win."""
    settings, folder = _settings(config)
    own = [{"name": held.name, "path": str(held.path), **_about(held.file), "terms": held.file.terms.height}
           for held in held_vocabularies(settings, folder)]  # fmt: skip
    notes = packaged.vocabulary_notes()
    terms = packaged.vocabulary().terms.height
    if json:
        ours = {"name": "packaged", "path": "", "source": "heedful", "version": __version__, "licence": "", "terms": terms, "notes": notes}
        emit({"vocabularies": [*own, ours], "fingerprint": site_vocabulary(settings, folder).fingerprint})
        return
    columns = ["name", "source", "version", "licence", "terms"]
    rows = [[held[name] or "not stated" for name in columns] for held in own]
    table("Vocabularies; of equal terms the first counts", columns, [*rows, ["packaged", "heedful", __version__, "as below", terms]])
    for note in notes:
        say(f"  {note}")


def test(config: Path, text: str, json: bool) -> None:
    """The mentions and events in a text."""
    settings, folder = _settings(config)
    found = read(pl.Series([text]), site_vocabulary(settings, folder)).select(_MENTION)
    if json:
        emit({"mentions": found.to_dicts()})
        return
    shown = found.select("surface", "concept", "type", "assertion", "cue", "experiencer")
    table("Mentions", ["words", "code", "type", "assertion", "cue", "of whom"], shown.rows())
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
