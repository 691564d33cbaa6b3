"""Behaviour and body: from minutes, nights and dispensings to named features, adherence and changes. Importing it registers its methods."""

from __future__ import annotations

from heedful.behavior import adherence as adherence
from heedful.behavior import answers as answers
from heedful.behavior import nightsignal as _nightsignal
from heedful.behavior.adherence.dispensed import adherence as _dispensed_adherence
from heedful.behavior.change import baseline_change
from heedful.behavior.daily import daily_features
from heedful.behavior.sleep import nightly_sleep
from heedful.core.derivations import Derivation

DERIVATIONS: tuple[Derivation, ...] = (
    daily_features,
    nightly_sleep,
    _nightsignal.nightsignal,
    baseline_change,
    _dispensed_adherence,
)
"""All derivations of this room."""
