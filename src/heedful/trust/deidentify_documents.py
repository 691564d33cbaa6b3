"""De-identification of a clinical record's JSON: its free texts as any text, its codes and references left as they are.

A SNOMED code has the form of a record number, and the address of a code system is a link: taken for a text they would be lost, and the
record with them. So what FHIR types as code, address, id, reference or time is kept where it has that form; all else is free text.
"""

from __future__ import annotations

import re
from typing import Any

import orjson
import polars as pl

from heedful.trust.deidentify import deidentify

_ADDRESS = re.compile(r"(?:https?://|urn:)[^\s@]{1,300}\Z")
_CODE = re.compile(r"[^\s@]{1,64}\Z")
_REFERENCE = re.compile(r"#?(?:[A-Z][A-Za-z]{1,40}/)?[A-Za-z0-9.:_-]{1,80}\Z")
_TIME = re.compile(r"\d{4}(?:-\d\d(?:-\d\d(?:T[\d:.]{4,20}(?:Z|[+-]\d\d:\d\d)?)?)?)?\Z")
_KEPT = {
    "system": _ADDRESS, "url": _ADDRESS, "instantiatesCanonical": _ADDRESS, "instantiatesUri": _ADDRESS, "profile": _ADDRESS,
    "questionnaire": _ADDRESS, "linkId": _CODE,
    "id": _REFERENCE, "reference": _REFERENCE, "resourceType": _CODE, "versionId": _CODE,
}  # fmt: skip
Place = tuple[Any, Any]
"""A dict or list, and the key or index in it."""


def deidentify_documents(documents: pl.Series) -> pl.Series:
    """JSON objects with identifiers in their free texts replaced; missing stays missing, what is no JSON is a text.

    >>> one = '{"code":{"coding":[{"system":"http://snomed.info/sct","code":"698360004"}],"text":"see MRN 12345678"}}'
    >>> deidentify_documents(pl.Series([one])).item()
    '{"code":{"coding":[{"system":"http://snomed.info/sct","code":"698360004"}],"text":"see MRN [ID]"}}'
    """
    parsed: list[Any] = []
    broken: list[int] = []
    places: list[Place] = []
    for row, text in enumerate(documents):
        if text is None:
            parsed.append(None)
            continue
        try:
            parsed.append(orjson.loads(text))
        except orjson.JSONDecodeError:
            parsed.append(None)
            broken.append(row)
            continue
        _gather(parsed[-1], places)
    cleaned = deidentify(pl.Series([holder[key] for holder, key in places], dtype=pl.String))
    for (holder, key), text in zip(places, cleaned, strict=True):
        holder[key] = text
    out = pl.Series([None if one is None else orjson.dumps(one).decode() for one in parsed], dtype=pl.String)
    if broken:
        out = out.scatter(broken, deidentify(documents.gather(broken)))
    return out.rename(documents.name)


def _gather(value: Any, places: list[Place]) -> None:
    """Places of free texts, walked without recursion: a record may be nested deeply."""
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, item in pairs:
            if isinstance(item, dict | list):
                waiting.append(item)
            elif isinstance(item, str) and not _structural(holder, key, item):
                places.append((holder, key))


def _structural(holder: Any, key: Any, text: str) -> bool:
    if isinstance(holder, list):
        return _ADDRESS.match(text) is not None and text.startswith("http://hl7.org/")
    if key == "code" or key == "unit":
        return "system" in holder and _CODE.match(text) is not None
    form = _KEPT.get(key)
    return _TIME.match(text) is not None or (form is not None and form.match(text) is not None)
