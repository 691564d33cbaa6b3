"""REDCap's data dictionary: what each field asks, in which form, and whether it may be kept."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from heedful.core.errors import SourceError

_NAMES = {
    "field": ("Variable / Field Name", "field_name"), "form": ("Form Name", "form_name"), "type": ("Field Type", "field_type"),
    "choices": ("Choices, Calculations, OR Slider Labels", "select_choices_or_calculations"),
    "validation": ("Text Validation Type OR Show Slider Number", "text_validation_type_or_show_slider_number"),
    "identifier": ("Identifier?", "identifier"),
}  # fmt: skip
"""Columns as the page downloads them, and as the API gives them."""
_CODED = ("radio", "dropdown", "yesno", "truefalse", "checkbox")
_NUMBERS = ("slider", "calc")
_CONTACTS = ("email", "phone", "zipcode", "postalcode_canada", "ssn", "mrn_10d", "mrn_generic", "vmrn")
_BIRTH = ("dob", "birth", "geburt", "naissance", "nacimiento")
_CURE = "Download it from REDCap: Project Setup, Data Dictionary; it stands as dictionary.csv beside the data."

Kept = Literal["number", "coded", "day", "text", ""]


@dataclass(frozen=True)
class Field:
    """A field. `kept`: how its answers are kept, '' if not, and then `why`. `choices`: code -> label."""

    name: str
    form: str
    kind: str
    validation: str
    kept: Kept
    why: str
    choices: dict[str, str]

    @property
    def has_comma(self) -> bool:
        """Whether its numbers are written with a decimal comma."""
        return "comma" in self.validation

    @property
    def is_day(self) -> bool:
        """Whether it may say when its form was filled in: a date that is nobody's birthday."""
        return self.kept == "day"


def is_dictionary(names: Sequence[str]) -> bool:
    """Whether a header is that of a data dictionary."""
    return any(set(first) <= set(names) for first in zip(*(_NAMES[part] for part in ("field", "form", "type")), strict=True))


def dictionary(path: Path) -> list[Field]:
    """The fields, in order; the first is the record's id. Raises `SourceError` if the file is no dictionary."""
    text = path.read_bytes().decode("utf-8-sig", "replace").replace("\0", "")
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise SourceError(path, f"the data dictionary cannot be read ({error})", _CURE) from error
    if not rows or not is_dictionary(list(rows[0])):
        raise SourceError(path, "it is no data dictionary, or holds no field", _CURE)
    return [_field({part: _cell(row, names) for part, names in _NAMES.items()}) for row in rows]


def _cell(row: dict[str, str], names: tuple[str, ...]) -> str:
    return next((row[name].strip() for name in names if isinstance(row.get(name), str)), "")


def _field(cells: dict[str, str]) -> Field:
    return described(cells["field"], cells["form"], cells["type"], cells["choices"], cells["validation"], cells["identifier"])


def described(name: str, form: str, kind: str, choices: str, validation: str, identifier: str) -> Field:
    """A field from what the dictionary says of it, in the dictionary's own spelling.

    >>> described("mood", "visit", "radio", "0, low | 1, high", "", "").choices
    {'0': 'low', '1': 'high'}
    """
    kind, validation = kind.lower(), validation.lower()
    kept, why = _how(name.lower(), kind, validation, identifier.lower())
    return Field(name, form, kind, validation, kept, why, _choices(kind, choices))


def _how(name: str, kind: str, validation: str, identifier: str) -> tuple[Kept, str]:
    if identifier in ("y", "yes", "1", "true") or validation in _CONTACTS:
        return "", "answer that identifies a person, by the dictionary"
    if validation.startswith(("date", "datetime")):
        return ("", "date of birth") if any(word in name for word in _BIRTH) else ("day", "")
    if kind in _CODED:
        return "coded", ""
    if kind in _NUMBERS or validation.startswith(("number", "integer", "time")):
        return ("text" if validation.startswith("time") else "number"), ""
    if kind in ("text", "notes"):
        return "", "free text, which may identify a person (setting: keep)"
    return "", "field that holds no answer (file, signature, description)"


def _choices(kind: str, written: str) -> dict[str, str]:
    """Codes and labels: `1, one | 2, two`.

    >>> _choices("radio", "1, one | 2, two, or more")
    {'1': 'one', '2': 'two, or more'}
    """
    if kind == "yesno":
        return {"1": "Yes", "0": "No"}
    if kind == "truefalse":
        return {"1": "True", "0": "False"}
    if kind not in _CODED:
        return {}
    pairs = (choice.partition(",") for choice in written.split("|"))
    return {code.strip(): label.strip() for code, comma, label in pairs if comma}
