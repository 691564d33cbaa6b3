"""Behaviour and body: from minutes, nights and dispensings to named features, adherence and changes. Importing it registers its methods."""

from __future__ import annotations

from heedful.behavior import actigraphy as actigraphy
from heedful.behavior import adherence as adherence
from heedful.behavior import agreement as agreement
from heedful.behavior import answers as answers
from heedful.behavior import cosinor as cosinor
from heedful.behavior import cusum_online as _cusum_online  # noqa: F401
from heedful.behavior import features as features
from heedful.behavior import glucose as glucose
from heedful.behavior import hrv as hrv
from heedful.behavior import measurement_error as measurement_error
from heedful.behavior import mobility as mobility
from heedful.behavior import nightsignal as _nightsignal
from heedful.behavior import phone as phone
from heedful.behavior import rhrad as _rhrad  # noqa: F401
from heedful.behavior.adherence.dispensed import adherence as _dispensed_adherence
from heedful.behavior.change import baseline_change
from heedful.behavior.daily import daily_features
from heedful.behavior.glucose.daily import daily_glucose
from heedful.behavior.sleep import nightly_sleep
from heedful.behavior.sleep_regularity import sleep_regularity
from heedful.core.derivations import Derivation

DERIVATIONS: tuple[Derivation, ...] = (
    daily_features,
    daily_glucose,
    nightly_sleep,
    sleep_regularity,
    _nightsignal.nightsignal,
    baseline_change,
    _dispensed_adherence,
)
"""All derivations of this room."""
