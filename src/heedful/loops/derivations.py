"""All derivations of both loops: a derivation that stands here is run, explained, and tested against the law."""

from __future__ import annotations

from heedful.behavior.actigraphy_daily import nightly_actigraphy
from heedful.behavior.adherence.dispensed import adherence
from heedful.behavior.adherence.prescribed import adherence_prescribed
from heedful.behavior.adherence.stays import adherence_outside_stays
from heedful.behavior.adherence.taken import doses_taken
from heedful.behavior.adherence.taxonomy import abc_taxonomy
from heedful.behavior.annotations import DERIVATIONS as ANNOTATIONS
from heedful.behavior.arm_angle_daily import arm_angle_sleep
from heedful.behavior.beats_daily import beat_variability
from heedful.behavior.calibrated_reports import self_reports
from heedful.behavior.change import baseline_change
from heedful.behavior.change_points import person_change_points
from heedful.behavior.daily import daily_features
from heedful.behavior.ema_compliance import ema_compliance
from heedful.behavior.glucose.daily import daily_glucose
from heedful.behavior.hours_daily import day_hours, live_hours
from heedful.behavior.hrv_daily import nightly_variability
from heedful.behavior.illness_signal import illness_signal
from heedful.behavior.main_sleeps import main_sleeps
from heedful.behavior.night_body import night_body
from heedful.behavior.nightsignal import nightsignal
from heedful.behavior.phone_daily import daily_phone
from heedful.behavior.phone_sensors_daily import daily_phone_sensors
from heedful.behavior.place_daily import daily_places
from heedful.behavior.questionnaires import daily_answers
from heedful.behavior.reported import DERIVATIONS as REPORTED
from heedful.behavior.rhythm_daily import daily_rhythm
from heedful.behavior.sleep import nightly_sleep
from heedful.behavior.sleep_regularity import sleep_regularity
from heedful.behavior.social_jet_lag import social_jet_lag
from heedful.core.derivations import Derivation
from heedful.language.experiences import diary_experiences
from heedful.language.mentions import diary_mentions
from heedful.loops.estimates import PERSONAL as BODIES
from heedful.loops.group_agreement import DERIVATIONS as GROUP_AGREEMENT
from heedful.loops.own_posts import own_posts
from heedful.loops.public import PUBLIC_LOOP
from heedful.person import DERIVATIONS as PERSON

PERSONAL_LOOP: tuple[Derivation, ...] = (
    diary_mentions,
    diary_experiences,
    own_posts,
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
    ema_compliance,
    nightly_actigraphy,
    arm_angle_sleep,
    nightly_variability,
    beat_variability,
    *REPORTED,
    self_reports,
    adherence,
    adherence_outside_stays,
    adherence_prescribed,
    doses_taken,
    abc_taxonomy,
    night_body,
    daily_places,
    daily_phone,
    daily_phone_sensors,
    *ANNOTATIONS,
    nightsignal,
    baseline_change,
    illness_signal,
    person_change_points,
    *PERSON,
    *BODIES,
    *GROUP_AGREEMENT,
)


def all_derivations() -> tuple[Derivation, ...]:
    """The derivations of the public and the personal loop."""
    return (*PUBLIC_LOOP, *PERSONAL_LOOP)
