"""What derivations need beside rows, by the names in their `needs`: packaged tables and settings, each with a fingerprint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from heedful.behavior.devices import DeviceTrust
from heedful.core.lapse_shift import LapseShift
from heedful.core.voices import VoiceChoice
from heedful.loops.claim_bank import site_claims
from heedful.loops.estimates import PublicHealthGrants, site_population
from heedful.loops.guidelines import site_guidelines
from heedful.loops.own_posts import OwnPostGrants
from heedful.loops.rumours import graph_library
from heedful.loops.settings import Settings
from heedful.loops.vocabularies import has_own, site_vocabulary
from heedful.population.alarms import Detection
from heedful.population.thresholds import Override, Thresholds
from heedful.sources import packaged_later
from heedful.sources.packaged import heads, taggers


def site_resources(settings: Settings, folder: Path | None = None) -> dict[str, Any]:
    """Vocabulary, gazetteer and detection settings of a site whose data lies in `folder`."""
    return {
        "vocabulary": site_vocabulary(settings, folder) if has_own(settings, folder) else packaged_later.vocabulary(),
        "gazetteer": packaged_later.gazetteer(),
        "taggers": taggers(),
        "heads": heads(),
        "claims": site_claims(folder),
        "guidelines": site_guidelines(folder),
        "devices": DeviceTrust(tuple(sorted((code, tuple(names)) for code, names in settings.devices.trust.items()))),
        "lapse": LapseShift(settings.risk.lapse_shift),
        "voices": VoiceChoice(tuple(settings.voices.exclude)),
        "detection": Detection(minimum_cell=settings.disclosure.minimum_cell),
        "thresholds": site_thresholds(settings),
        "population": site_population(settings.population.file),
        "graphs": graph_library(),
        "public_health": PublicHealthGrants(),  # the site puts its consents in force here
        "own_post_grants": OwnPostGrants(),  # and here
    }


def site_thresholds(settings: Settings) -> Thresholds:
    """The levels of `[detection]`, by signal and place."""
    own = settings.detection
    overrides = tuple(Override(one.signal, one.place, one.alpha, one.q_limit, one.minimum_count) for one in own.overrides)
    return Thresholds(own.alpha, own.q_limit, own.alerts_a_day, overrides)
