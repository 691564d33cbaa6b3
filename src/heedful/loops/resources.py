"""What derivations need beside rows, by the names in their `needs`: packaged tables and settings, each with a fingerprint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from heedful.loops.settings import Settings
from heedful.loops.vocabularies import site_vocabulary
from heedful.population.alarms import Detection
from heedful.sources.packaged import gazetteer


def site_resources(settings: Settings, folder: Path | None = None) -> dict[str, Any]:
    """Vocabulary, gazetteer and detection settings of a site whose data lies in `folder`."""
    return {
        "vocabulary": site_vocabulary(settings, folder),
        "gazetteer": gazetteer(),
        "detection": Detection(minimum_cell=settings.disclosure.minimum_cell),
    }
