"""All derivations of both loops: a derivation that stands here is run, explained, and tested against the law."""

from __future__ import annotations

from heedful.behavior.adherence.dispensed import adherence
from heedful.behavior.change import baseline_change
from heedful.behavior.daily import daily_features
from heedful.behavior.glucose.daily import daily_glucose
from heedful.behavior.nightsignal import nightsignal
from heedful.behavior.reported import DERIVATIONS as REPORTED
from heedful.behavior.sleep import nightly_sleep
from heedful.behavior.sleep_regularity import sleep_regularity
from heedful.core.derivations import Derivation
from heedful.language.experiences import diary_experiences
from heedful.language.mentions import diary_mentions
from heedful.loops.estimates import PERSONAL as BODIES
from heedful.loops.public import PUBLIC_LOOP
from heedful.person import DERIVATIONS as PERSON

PERSONAL_LOOP: tuple[Derivation, ...] = (
    diary_mentions,
    diary_experiences,
    daily_features,
    daily_glucose,
    nightly_sleep,
    sleep_regularity,
    *REPORTED,
    adherence,
    nightsignal,
    baseline_change,
    *PERSON,
    *BODIES,
)


def all_derivations() -> tuple[Derivation, ...]:
    """The derivations of the public and the personal loop."""
    return (*PUBLIC_LOOP, *PERSONAL_LOOP)
