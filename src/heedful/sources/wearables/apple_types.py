"""What Apple's types and units mean in ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from heedful.core.codes import CODES

How = Literal["measured", "vendor_derived"]
Shape = Literal["number", "fraction", "stage", "category", "duration"]

QUANTITY, CATEGORY, WORKOUT = "HKQuantityTypeIdentifier", "HKCategoryTypeIdentifier", "HKWorkoutActivityType"

_KNOWN: tuple[tuple[str, str, How], ...] = (
    ("StepCount", "steps", "measured"),
    ("DistanceWalkingRunning", "distance", "measured"),
    ("ActiveEnergyBurned", "active_energy", "vendor_derived"),
    ("BasalEnergyBurned", "basal_energy", "vendor_derived"),
    ("FlightsClimbed", "floors", "measured"),
    ("AppleExerciseTime", "exercise_minutes", "vendor_derived"),
    ("HeartRate", "heart_rate", "measured"),
    ("RestingHeartRate", "resting_heart_rate", "vendor_derived"),
    ("HeartRateVariabilitySDNN", "hrv_sdnn", "vendor_derived"),
    ("OxygenSaturation", "oxygen_saturation", "measured"),
    ("RespiratoryRate", "respiratory_rate", "measured"),
    ("BloodPressureSystolic", "systolic_blood_pressure", "measured"),
    ("BloodPressureDiastolic", "diastolic_blood_pressure", "measured"),
    ("VO2Max", "vo2max", "vendor_derived"),
    ("BodyMass", "body_weight", "measured"),
    ("Height", "body_height", "measured"),
    ("BodyMassIndex", "body_mass_index", "measured"),
    ("BodyFatPercentage", "body_fat", "measured"),
    ("BodyTemperature", "body_temperature", "measured"),
    ("AppleSleepingWristTemperature", "skin_temperature", "measured"),
    ("BloodGlucose", "glucose", "measured"),
    ("DietaryEnergyConsumed", "dietary_energy", "measured"),
    ("DietaryCaffeine", "caffeine", "measured"),
    ("DietaryWater", "water", "measured"),
)
_CODE_OF: dict[str, tuple[str, How]] = {QUANTITY + name: (code, how) for name, code, how in _KNOWN}  # fmt: skip
_SLEEP, _MINDFUL = CATEGORY + "SleepAnalysis", CATEGORY + "MindfulSession"

CODES_READ = tuple(sorted({code for code, _ in _CODE_OF.values()} | {"sleep_stage", "mindful_minutes", "rr_interval", "workout"}))
"""Codes of ours that an export can hold; further types come as "apple:HK…"."""

STAGES = {
    "HKCategoryValueSleepAnalysisInBed": "in_bed",
    "HKCategoryValueSleepAnalysisAsleep": "asleep",
    "HKCategoryValueSleepAnalysisAsleepUnspecified": "asleep",
    "HKCategoryValueSleepAnalysisAwake": "awake",
    "HKCategoryValueSleepAnalysisAsleepCore": "light",
    "HKCategoryValueSleepAnalysisAsleepDeep": "deep",
    "HKCategoryValueSleepAnalysisAsleepREM": "rem",
}

_COUNT = {"count": (1.0, 0.0)}
_MASS_IN_MG = {"kg": 1e6, "g": 1e3, "mg": 1.0, "mcg": 1e-3, "oz": 28_349.523125, "lb": 453_592.37, "st": 6_350_293.18}
_LENGTH_IN_M = {"m": 1.0, "km": 1e3, "cm": 0.01, "mm": 1e-3, "mi": 1_609.344, "ft": 0.3048, "in": 0.0254, "yd": 0.9144}
_VOLUME_IN_ML = {
    "mL": 1.0, "cL": 10.0, "dL": 100.0, "L": 1e3, "fl_oz_us": 29.5735295625, "fl_oz_imp": 28.4130625, "cup_us": 236.5882365,
    "cup_imp": 284.130625, "pt_us": 473.176473, "pt_imp": 568.26125,
}  # fmt: skip
_ENERGY_IN_KCAL = {"kcal": 1.0, "Cal": 1.0, "cal": 1e-3, "kJ": 1 / 4.184, "J": 1 / 4_184}
_TIME_IN_MIN = {"min": 1.0, "s": 1 / 60, "ms": 1 / 60_000, "hr": 60.0, "h": 60.0, "d": 1_440.0}


def _scaled(units: dict[str, float], ours: float = 1.0) -> dict[str, tuple[float, float]]:
    return {unit: (factor / ours, 0.0) for unit, factor in units.items()}


_FROM_APPLE: dict[str, dict[str, tuple[float, float]]] = {
    "{steps}": _COUNT,
    "{floors}": _COUNT,
    "kg/m2": {**_COUNT, "kg/m^2": (1.0, 0.0)},
    "/min": {"count/min": (1.0, 0.0), "count/s": (60.0, 0.0), "Hz": (60.0, 0.0)},
    "m": _scaled(_LENGTH_IN_M),
    "cm": _scaled(_LENGTH_IN_M, 0.01),
    "kg": _scaled(_MASS_IN_MG, 1e6),
    "mg": _scaled(_MASS_IN_MG),
    "mL": _scaled(_VOLUME_IN_ML),
    "kcal": _scaled(_ENERGY_IN_KCAL),
    "min": _scaled(_TIME_IN_MIN),
    "ms": _scaled(_TIME_IN_MIN, 1 / 60_000),
    "Cel": {"degC": (1.0, 0.0), "degF": (5 / 9, -160 / 9), "K": (1.0, -273.15)},
    "mm[Hg]": {"mmHg": (1.0, 0.0), "kPa": (1 / 0.133322387415, 0.0), "Pa": (1 / 133.322387415, 0.0)},
    "%": {"%": (1.0, 0.0)},
    "mL/kg/min": {"mL/kg·min": (1.0, 0.0), "mL/min·kg": (1.0, 0.0), "mL/(kg*min)": (1.0, 0.0), "ml/kg/min": (1.0, 0.0)},
    "mg/dL": {"mg/dL": (1.0, 0.0), "mg/L": (0.1, 0.0), "g/L": (100.0, 0.0), "mmol/L": (18.01558800000541, 0.0)},
}
_MOLAR = re.compile(r"mmol<(\d+(?:\.\d+)?)>/L")


@dataclass(frozen=True)
class Meaning:
    """How records of one type and unit become observations: value = `factor` x theirs + `shift`, in `unit`.

    `shape`: number; fraction (0.97 and 97 both mean 97 %); stage and category (the value is a word); duration (the value is how
    long it took, where no number is given). `trouble`: why such a record cannot be read; empty if it can.
    """

    code: str
    unit: str
    how: How = "measured"
    shape: Shape = "number"
    factor: float = 1.0
    shift: float = 0.0
    low: float = float("-inf")
    high: float = float("inf")
    value_code: str | None = None
    trouble: str = ""


def meaning(kind: str | None, unit: str | None) -> Meaning:
    """What a record of Apple's type `kind` in Apple's `unit` is; an unknown type keeps its name as "apple:HK…" and its own unit.

    >>> meaning("HKQuantityTypeIdentifierDistanceWalkingRunning", "mi").factor
    1609.344
    >>> meaning("HKQuantityTypeIdentifierNikeFuel", "count").code
    'apple:HKQuantityTypeIdentifierNikeFuel'
    """
    if not kind:
        return Meaning("", "", trouble="the record has no type")
    if kind == _SLEEP:
        return Meaning("sleep_stage", CODES["sleep_stage"].unit, "vendor_derived", "stage")
    if kind == _MINDFUL:
        return _known("mindful_minutes", "measured", "min", shape="duration")
    if kind.startswith(WORKOUT):
        return _known("workout", "measured", unit or "min", shape="duration", value_code=snake(kind.removeprefix(WORKOUT)))
    if kind in _CODE_OF:
        code, how = _CODE_OF[kind]
        return _known(code, how, unit or "", shape="fraction" if CODES[code].unit == "%" else "number")
    shape: Shape = "category" if kind.startswith(CATEGORY) or unit is None else "number"
    return Meaning(f"apple:{kind}", unit or "{code}", shape=shape)


def _known(name: str, how: How, unit: str, *, shape: Shape, value_code: str | None = None) -> Meaning:
    code = CODES[name]
    found = _FROM_APPLE[code.unit].get(unit)
    if code.unit == "mg/dL" and (molar := _MOLAR.fullmatch(unit)):
        found = (float(molar[1]) / 10, 0.0)
    if found is None:
        trouble = f"the unit {unit!r} is not known for {name} (kept in {code.unit}); please report it"
        return Meaning(name, code.unit, how, shape, trouble=trouble)
    return Meaning(name, code.unit, how, shape, *found, code.low, code.high, value_code)


_PRODUCT = re.compile(r"iPhone|Apple Watch|iPad|iPod|Apple Vision|HomePod")
_FIELD = re.compile(r"(\w+):((?:[^,>]|,(?! \w+:))*)")


def clean(name: str | None) -> str:
    """A source's name with plain spaces and quotes: Apple writes no-break spaces and curly quotes.

    >>> clean("Ada’s Apple\\xa0Watch ")
    "Ada's Apple Watch"
    """
    plain = (name or "").replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    return " ".join(plain.split())


@lru_cache(maxsize=10_000)
def device_name(source: str, version: str | None, device: str | None) -> str:
    """The device or app that spoke: the product and its model for Apple's own devices, else the app's name.

    An owner's name ("Ada's iPhone") stays out, and so do memory addresses, serial and software numbers, so that one phone is one device.
    A record is a device's own, not an app's, if its source is named after a product or has the device's software version.

    >>> device_name("Ada's iPhone", "17.1", "<<HKDevice: 0x28>, name:iPhone, model:iPhone, hardware:iPhone12,1, software:17.1>")
    'iPhone (iPhone12,1)'
    >>> device_name("Connect", "33", None)
    'Connect'
    """
    fields = dict(_FIELD.findall(device or ""))
    product = _PRODUCT.search(source)
    own = bool(product) or (bool(version) and version == fields.get("software", "").strip())
    if not own:
        return source or "unknown"
    name = product[0] if product else clean(fields.get("name")) or source
    hardware = fields.get("hardware", "").strip()
    return f"{name} ({hardware})" if hardware else name


def category_word(value: str) -> str:
    """Apple's category value in our spelling.

    >>> category_word("HKCategoryValueSeverityMild")
    'severity_mild'
    """
    return snake(value.removeprefix("HKCategoryValue"))


def snake(words: str) -> str:
    """`TraditionalStrengthTraining` as `traditional_strength_training`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", words).lower()
