"""Codes of what is measured: our short name, LOINC where one exists, UCUM unit, kind of data for consent, plausible range."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = (
    "activity", "sleep", "heart", "body", "glucose", "location", "phone", "medication", "records", "diary", "answers", "profile",
    "own_posts",
)  # fmt: skip
"""Kinds of data that a consent may name."""

NAMED_KINDS = ("own_posts",)
"""Kinds that a consent to everything (``*``) does not cover: it must name them. What somebody says in public is not linked in passing."""

KIND_OF_TABLE = {
    "people": "profile", "diary": "diary", "answers": "answers", "dispensings": "medication", "records": "records",
    "linked_accounts": "own_posts",
}  # fmt: skip


@dataclass(frozen=True)
class Code:
    """One measured thing. `low` and `high` bound what is plausible for one observation, in `unit`."""

    name: str
    kind: str
    unit: str
    meaning: str
    loinc: str = ""
    low: float = float("-inf")
    high: float = float("inf")


_ALL = (
    Code("steps", "activity", "{steps}", "steps taken over the interval", "55423-8", 0, 100_000),
    Code("distance", "activity", "m", "distance covered on foot over the interval", "55430-3", 0, 200_000),
    Code("active_energy", "activity", "kcal", "energy spent by activity over the interval", "41981-2", 0, 20_000),
    Code("total_energy", "activity", "kcal", "energy spent over the interval, at rest included", "41979-6", 0, 30_000),
    Code("basal_energy", "activity", "kcal", "energy spent at rest over the interval", "41980-4", 0, 10_000),
    Code("floors", "activity", "{floors}", "floors climbed over the interval", "", 0, 2_000),
    Code("intensity", "activity", "{level}", "vendor's activity level of the interval, 0 to 3", "", 0, 3),
    Code("activity_count", "activity", "{counts}", "actigraph counts over the epoch", "", 0, 1e7),
    Code("exercise_minutes", "activity", "min", "minutes of exercise over the interval", "55411-3", 0, 1_440),
    Code("workout", "activity", "min", "a workout; value_code names its kind", "", 0, 2_880),
    Code("heart_rate", "heart", "/min", "heart rate", "8867-4", 20, 300),
    Code("resting_heart_rate", "heart", "/min", "resting heart rate as the vendor derives it", "40443-4", 20, 200),
    Code("hrv_sdnn", "heart", "ms", "SDNN over the interval", "80404-7", 0, 1_000),
    Code("hrv_rmssd", "heart", "ms", "RMSSD over the interval", "", 0, 1_000),
    Code("rr_interval", "heart", "ms", "time from one heartbeat to the next, which ends the interval", "", 300, 2_000),
    Code("oxygen_saturation", "heart", "%", "blood oxygen saturation", "59408-5", 30, 100),
    Code("respiratory_rate", "heart", "/min", "breaths a minute", "9279-1", 1, 100),
    Code("systolic_blood_pressure", "heart", "mm[Hg]", "systolic blood pressure", "8480-6", 30, 300),
    Code("diastolic_blood_pressure", "heart", "mm[Hg]", "diastolic blood pressure", "8462-4", 10, 250),
    Code("vo2max", "heart", "mL/kg/min", "maximal oxygen uptake as the vendor estimates it", "", 5, 100),
    Code("sleep_stage", "sleep", "{stage}", "value_code in_bed, asleep, awake, light, deep, rem", ""),
    Code("sleep_minutes", "sleep", "min", "minutes asleep over the interval", "93832-4", 0, 2_880),
    Code("time_in_bed", "sleep", "min", "minutes in bed over the interval", "", 0, 2_880),
    Code("body_weight", "body", "kg", "body weight", "29463-7", 1, 500),
    Code("body_height", "body", "cm", "body height", "8302-2", 20, 280),
    Code("body_mass_index", "body", "kg/m2", "body mass index", "39156-5", 5, 200),
    Code("body_fat", "body", "%", "body fat", "41982-0", 1, 80),
    Code("body_temperature", "body", "Cel", "body temperature", "8310-5", 25, 45),
    Code("skin_temperature", "body", "Cel", "skin temperature, or its deviation where the vendor gives no other", "", -20, 50),
    Code("glucose", "glucose", "mg/dL", "glucose in interstitial fluid or blood", "2339-0", 10, 1_000),
    Code("dietary_energy", "body", "kcal", "energy eaten", "9052-2", 0, 30_000),
    Code("caffeine", "body", "mg", "caffeine taken", "", 0, 10_000),
    Code("water", "body", "mL", "water drunk", "", 0, 30_000),
    Code("mindful_minutes", "activity", "min", "minutes of mindfulness", "", 0, 1_440),
    Code("dose_taken", "medication", "{doses}", "doses taken as a pill box, app or person reports", "", 0, 100),
    Code("stress_score", "heart", "{score}", "stress as the vendor scores it", "", 0, 100),
    Code("active_zone_minutes", "activity", "min", "active zone minutes as the vendor counts them", "", 0, 2_880),
    Code("acceleration_mean", "activity", "m[g]", "mean magnitude of the acceleration, gravity included", "", 0, 16_000),
    Code("acceleration_enmo", "activity", "m[g]", "mean of magnitude minus 1 g, negative values as 0 (ENMO)", "", 0, 16_000),
    Code("acceleration_mad", "activity", "m[g]", "mean amplitude deviation of the acceleration in windows of 6 s (MAD)", "", 0, 16_000),
    Code("arm_angle", "activity", "deg", "angle of the wrist device's z axis to the horizontal, mean of 5 seconds", "", -90, 90),
    Code("latitude", "location", "deg", "latitude, as coarse as the reader was told to keep it", "", -90, 90),
    Code("longitude", "location", "deg", "longitude, as coarse as the reader was told to keep it", "", -180, 180),
    Code("screen_event", "phone", "{event}", "value_code on, off, locked, unlocked", ""),
    Code("phone_call", "phone", "s", "seconds of a call; value_code incoming, outgoing, missed; extra: contact", "", 0, 86_400),
    Code("phone_message", "phone", "{messages}", "a message; value_code received, sent", "", 0, 1_000),
    Code("phone_battery", "phone", "%", "battery of the phone; value_code charging, discharging, not_charging, full", "", 0, 100),
    Code("app_use", "phone", "{event}", "an app came to the front; value_code names its package", ""),
    Code("ambient_light", "phone", "lx", "light around the device", "", 0, 200_000),
    Code("conversation", "phone", "s", "seconds of speech that the phone heard around it", "", 0, 86_400),
    Code("recognized_activity", "activity", "{activity}", "value_code still, walking, … vehicle, as the phone infers it", ""),
)  # fmt: skip

CODES: dict[str, Code] = {code.name: code for code in _ALL}
BY_LOINC: dict[str, Code] = {code.loinc: code for code in _ALL if code.loinc}


def kind_of_code(name: str) -> str:
    """The kind of data that a consent must cover for this code; codes that heedful only stores count as body."""
    return CODES[name].kind if name in CODES else "body"
