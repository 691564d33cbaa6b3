"""What derivations need beside rows, by the names in their `needs`: packaged tables and settings, each with a fingerprint."""

from __future__ import annotations

from typing import Any

from heedful.loops.settings import Settings
from heedful.population.alarms import Detection
from heedful.sources.packaged import gazetteer, vocabulary


def site_resources(settings: Settings) -> dict[str, Any]:
    """Vocabulary, gazetteer and detection settings of a site."""
    return {"vocabulary": vocabulary(), "gazetteer": gazetteer(), "detection": Detection(minimum_cell=settings.disclosure.minimum_cell)}
