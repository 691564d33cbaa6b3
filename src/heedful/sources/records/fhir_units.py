"""What a FHIR Observation measures and in which unit, turned into our codes and their units."""

from __future__ import annotations

import re
from typing import Any

from heedful.core.codes import BY_LOINC, CODES, Code

LOINC = "http://loinc.org"
OWN, HOW = "urn:heedful:code", "urn:heedful:how"
"""Systems of heedful's own codes and of how a number came about, as its export writes them."""
ALSO: dict[str, str] = {
    "3141-9": "body_weight", "8331-1": "body_temperature", "2708-6": "oxygen_saturation", "15074-8": "glucose", "41653-7": "glucose",
    "14743-9": "glucose", "76534-7": "systolic_blood_pressure", "76535-4": "diastolic_blood_pressure",
}  # fmt: skip
"""LOINC codes of the same quantity by another method or in another unit; glucose of serum or plasma is a laboratory's, and a record."""

_OF_VENDOR = re.compile(r"[a-z][a-z0-9_]{0,30}:[\w.-]{1,200}", re.ASCII)

Scale = tuple[float, float]

_TO: dict[str, dict[str, Scale]] = {
    "kg": {"kg": (1, 0), "g": (0.001, 0), "[lb_av]": (0.45359237, 0), "[oz_av]": (0.028349523125, 0)},
    "cm": {"cm": (1, 0), "m": (100, 0), "mm": (0.1, 0), "[in_i]": (2.54, 0), "[ft_i]": (30.48, 0)},
    "m": {"m": (1, 0), "km": (1000, 0), "[mi_i]": (1609.344, 0), "[ft_i]": (0.3048, 0), "cm": (0.01, 0)},
    "Cel": {"Cel": (1, 0), "[degF]": (5 / 9, -160 / 9), "K": (1, -273.15)},
    "mg/dL": {"mg/dL": (1, 0), "mmol/L": (18.0156, 0), "g/L": (100, 0)},
    "/min": {"/min": (1, 0), "{beats}/min": (1, 0), "{breaths}/min": (1, 0), "1/min": (1, 0)},
    "mm[Hg]": {"mm[Hg]": (1, 0), "kPa": (7.500616827, 0)},
    "%": {"%": (1, 0), "1": (100, 0)},
    "kg/m2": {"kg/m2": (1, 0)},
    "kcal": {"kcal": (1, 0), "cal": (0.001, 0), "kJ": (1 / 4.184, 0), "J": (1 / 4184, 0), "[Cal]": (1, 0)},
    "min": {"min": (1, 0), "h": (60, 0), "s": (1 / 60, 0)},
    "ms": {"ms": (1, 0), "s": (1000, 0)},
    "{steps}": {"{steps}": (1, 0), "1": (1, 0), "{#}": (1, 0), "{count}": (1, 0)},
}
"""Our unit -> UCUM unit -> (factor, summand)."""

_SPELLINGS = {
    "lbs": "[lb_av]", "lb": "[lb_av]", "in": "[in_i]", "C": "Cel", "degC": "Cel", "°C": "Cel", "F": "[degF]", "degF": "[degF]",
    "°F": "[degF]", "mmHg": "mm[Hg]", "mm Hg": "mm[Hg]", "bpm": "/min", "beats/min": "/min", "beats/minute": "/min",
    "breaths/min": "/min", "breaths/minute": "/min", "per minute": "/min", "steps": "{steps}", "mg/dl": "mg/dL", "mmol/l": "mmol/L",
    "percent": "%", "kg/m^2": "kg/m2", "{Beats}/min": "/min", "{Breaths}/min": "/min", "hour": "h", "minutes": "min",
}  # fmt: skip


def code_of(concept: Any) -> Code | None:
    """Our code of a CodeableConcept, if one of its LOINC codings is ours."""
    for coding in concept.get("coding", []) if isinstance(concept, dict) else []:
        if coding.get("system") == LOINC:
            loinc = str(coding.get("code", ""))
            if loinc in BY_LOINC or loinc in ALSO:
                return BY_LOINC.get(loinc) or CODES[ALSO[loinc]]
    return None


def own_code(concept: Any) -> Code | None:
    """Our code of a CodeableConcept that heedful's own export wrote; of a vendor's own measure ("apple:HK…") one without a unit."""
    for coding in concept.get("coding", []) if isinstance(concept, dict) else []:
        if coding.get("system") == OWN and isinstance(name := coding.get("code"), str):
            if name in CODES:
                return CODES[name]
            if _OF_VENDOR.fullmatch(name):
                return Code(name, "body", "", "a vendor's own measure")
    return None


def unit_of(quantity: dict[str, Any]) -> str:
    """UCUM unit of a Quantity: its code, else its printed unit in a known spelling; '' if neither."""
    code = str(quantity.get("code", ""))
    named = code if quantity.get("system", "http://unitsofmeasure.org") == "http://unitsofmeasure.org" and code else ""
    shown = named or str(quantity.get("unit", ""))
    return _SPELLINGS.get(shown, shown)


def scale_of(unit: str, to: str) -> Scale | None:
    """Factor and summand that turn `unit` into `to`; None where the way is not known."""
    return _TO.get(to, {to: (1.0, 0.0)}).get(unit)


def converted(value: float, unit: str, to: str) -> float | None:
    """`value` in the unit `to`; None where the way from `unit` is not known.

    >>> round(converted(185, "[lb_av]", "kg"), 3), converted(98.6, "[degF]", "Cel"), converted(1, "mg", "kg")
    (83.915, 37.0, None)
    """
    scale = scale_of(unit, to)
    if scale is None:
        return None
    # Twelve digits: conversion must not show off digits that no device has.
    return value if scale == (1, 0) else float(f"{value * scale[0] + scale[1]:.12g}")
