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
from heedful.behavior import resting_rates as _resting_rates  # noqa: F401
from heedful.behavior import rhrad as _rhrad  # noqa: F401
from heedful.behavior.actigraphy_daily import nightly_actigraphy
from heedful.behavior.adherence.dispensed import adherence as _dispensed_adherence
from heedful.behavior.adherence.taken import doses_taken
from heedful.behavior.adherence.taxonomy import abc_taxonomy
from heedful.behavior.annotations import DERIVATIONS as _ANNOTATIONS
from heedful.behavior.arm_angle_daily import arm_angle_sleep
from heedful.behavior.beats_daily import beat_variability
from heedful.behavior.change import baseline_change
from heedful.behavior.change_points import person_change_points
from heedful.behavior.daily import daily_features
from heedful.behavior.glucose.daily import daily_glucose
from heedful.behavior.hours_daily import day_hours, live_hours
from heedful.behavior.hrv_daily import nightly_variability
from heedful.behavior.illness_signal import illness_signal
from heedful.behavior.main_sleeps import main_sleeps
from heedful.behavior.night_body import night_body
from heedful.behavior.phone_daily import daily_phone
from heedful.behavior.place_daily import daily_places
from heedful.behavior.questionnaires import daily_answers
from heedful.behavior.rhythm_daily import daily_rhythm
from heedful.behavior.sleep import nightly_sleep
from heedful.behavior.sleep_regularity import sleep_regularity
from heedful.behavior.social_jet_lag import social_jet_lag
from heedful.core.derivations import Derivation

DERIVATIONS: tuple[Derivation, ...] = (
    daily_features,
    daily_glucose,
    day_hours,
    live_hours,
    nightly_sleep,
    main_sleeps,
    sleep_regularity,
    social_jet_lag,
    daily_rhythm,
    daily_answers,
    nightly_actigraphy,
    arm_angle_sleep,
    nightly_variability,
    beat_variability,
    night_body,
    daily_places,
    daily_phone,
    *_ANNOTATIONS,
    _nightsignal.nightsignal,
    baseline_change,
    illness_signal,
    person_change_points,
    _dispensed_adherence,
    doses_taken,
    abc_taxonomy,
)
"""All derivations of this room."""
