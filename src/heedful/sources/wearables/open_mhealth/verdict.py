"""Does a document keep its JSON Schema? The part of drafts 4 to 7 that the schemas of Open mHealth, Granola and IEEE 1752.1 are written in.

A schema is found by folder, name and version, never by its `$id`: one of Open mHealth's names another version. A version `1.x` is the
highest of its major version. What a schema asks beyond this part is refused by name, never passed over.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from heedful.core.errors import SettingsError

_FILE = re.compile(r"(?P<name>.+)-(?P<major>\d+)\.(?P<minor>\d+|x)\.json")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_IGNORED = frozenset(
    ("$schema", "$id", "id", "title", "description", "default", "examples", "references", "definitions", "deprecation", "definition",
     "$comment", "reason", "supersededBy", "date")
)  # fmt: skip
"""What says something of a schema, and nothing of a document."""


@dataclass(frozen=True)
class Schema:
    """One schema file: its folder (omh, granola, ieee) and its content."""

    space: str
    name: str
    content: Mapping[str, Any]

    @property
    def is_draft_four(self) -> bool:
        return "draft-04" in str(self.content.get("$schema", ""))


class Schemas:
    """The schemas of a folder such as the one that openmhealth/schemas calls `schema`: folders by namespace, files by name and version."""

    def __init__(self, folder: Path) -> None:
        self._found: dict[tuple[str, str, int], list[tuple[int, Schema]]] = {}
        for path in sorted(folder.rglob("*.json")):
            named = _FILE.fullmatch(path.name)
            if named and named["minor"] != "x":
                space, content = path.relative_to(folder).parts[0], orjson.loads(path.read_bytes())
                key = (space, named["name"], int(named["major"]))
                self._found.setdefault(key, []).append((int(named["minor"]), Schema(space, path.name, content)))
        if not self._found:
            raise SettingsError(f"{folder}: there is no schema in it; files are called such as omh/body-weight-2.0.json.")

    def get(self, space: str, name: str, version: str) -> Schema:
        """The schema; `version` is such as 2.0 or 1.x. Raises `SettingsError` if it is not there."""
        major, _, minor = version.partition(".")
        versions = self._found.get((space, name, int(major) if major.isdecimal() else -1), [])
        if minor == "x" and versions:
            return max(versions, key=lambda one: one[0])[1]
        for number, schema in versions:
            if str(number) == minor:
                return schema
        raise SettingsError(f"There is no schema {space}/{name}-{version}.json in the folder of schemas.")

    def faults(self, document: Any, schema: Schema) -> list[str]:
        """What is wrong with a document, each as "place: reason"; empty if it keeps the schema."""
        return list(self._check(document, schema.content, schema, ""))

    def _check(self, value: Any, asked: Any, root: Schema, place: str) -> Iterator[str]:
        if isinstance(asked, bool):
            if not asked:
                yield f"{place or 'document'}: nothing may stand here"
            return
        if "$ref" in asked:
            # Drafts 4 to 7: whatever stands beside a reference does not count.
            content, origin = self._referred(str(asked["$ref"]), root)
            yield from self._check(value, content, origin, place)
            return
        for keyword, demand in asked.items():
            if keyword in _IGNORED:
                continue
            if keyword in ("allOf", "anyOf", "oneOf", "not"):
                yield from self._combined(keyword, value, demand, root, place)
            elif keyword in ("properties", "additionalProperties", "items"):
                yield from self._nested(keyword, value, asked, root, place)
            elif keyword in _KEYWORDS:
                if not _KEYWORDS[keyword](value, demand, root.is_draft_four):
                    yield f"{place or 'document'}: {_shown(value)} does not keep {keyword} {_shown(demand)}"
            else:
                raise SettingsError(f"{root.name}: the keyword {keyword} of its schema is not understood.")

    def _combined(self, keyword: str, value: Any, demand: Any, root: Schema, place: str) -> Iterator[str]:
        if keyword == "not":
            if not any(True for _ in self._check(value, demand, root, place)):
                yield f"{place or 'document'}: {_shown(value)} is what must not stand here"
            return
        if keyword == "allOf":
            for one in demand:
                yield from self._check(value, one, root, place)
            return
        faults = [list(self._check(value, one, root, place)) for one in demand]
        kept = sum(not one for one in faults)
        if not kept:
            yield min(faults, key=len)[0]
        elif keyword == "oneOf" and kept > 1:
            yield f"{place or 'document'}: {_shown(value)} is {kept} things at once of which it may be one"

    def _nested(self, keyword: str, value: Any, asked: Mapping[str, Any], root: Schema, place: str) -> Iterator[str]:
        if keyword == "items":
            if isinstance(value, list):
                each = asked["items"]
                for number, one in enumerate(value):
                    if not isinstance(each, list):
                        yield from self._check(one, each, root, f"{place}[{number}]")
                    elif number < len(each):
                        yield from self._check(one, each[number], root, f"{place}[{number}]")
            return
        if not isinstance(value, dict):
            return
        known = asked.get("properties", {})
        for name, one in value.items():
            if keyword == "properties" and name in known:
                yield from self._check(one, known[name], root, f"{place}.{name}".lstrip("."))
            elif keyword == "additionalProperties" and name not in known:
                yield from self._check(one, asked["additionalProperties"], root, f"{place}.{name}".lstrip("."))

    def _referred(self, reference: str, root: Schema) -> tuple[Any, Schema]:
        address, _, pointer = reference.partition("#")
        origin = root
        if address:
            named = _FILE.fullmatch(address.rsplit("/", 1)[-1])
            if named is None:
                raise SettingsError(f"{root.name}: its reference {reference!r} is not understood.")
            space = "ieee" if "ieee" in address else address.split("/")[-2] if "/" in address else root.space
            origin = self.get(space, named["name"], f"{named['major']}.{named['minor']}")
        content: Any = origin.content
        for step in pointer.strip("/").split("/") if pointer.strip("/") else ():
            step = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(content, Mapping) or step not in content:
                raise SettingsError(f"{root.name}: its reference {reference!r} leads nowhere.")
            content = content[step]
        return content, origin


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()[:80]


def is_stamp(value: str) -> bool:
    """Whether a time is written as RFC 3339 asks: date, time to the second, and offset.

    >>> is_stamp("2020-02-05T09:45:00-08:00"), is_stamp("2020-02-30T09:45:00Z"), is_stamp("2020-02-05T09:45:00")
    (True, False, False)
    """
    found = _STAMP.fullmatch(value)
    if not found:
        return False
    try:
        datetime.fromisoformat(f"{found[1]}T{found[2].replace(':60', ':59')}{'+00:00' if found[4] in 'Zz' else found[4]}")
    except ValueError:
        return False
    return True


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


_FORMATS: dict[str, Callable[[str], bool]] = {
    "date-time": is_stamp,
    "uri": lambda value: _URI.fullmatch(value) is not None and value.isascii(),
    "iri": lambda value: _URI.fullmatch(value) is not None,
    "uuid": _is_uuid,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of_type(value: Any, name: str, is_draft_four: bool) -> bool:
    match name:
        case "integer":
            return _is_number(value) and (isinstance(value, int) or (not is_draft_four and math.isfinite(value) and value == int(value)))
        case "number":
            return _is_number(value)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case "null":
            return value is None
    raise SettingsError(f"The type {name!r} of a schema is not understood.")


def _types(value: Any, demand: Any, is_draft_four: bool) -> bool:
    return any(_of_type(value, name, is_draft_four) for name in ([demand] if isinstance(demand, str) else demand))


def _same(left: Any, right: Any) -> bool:
    """JSON's equality: true is not 1, though 1.0 is 1."""
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _format(value: Any, demand: str, is_draft_four: bool) -> bool:
    if demand not in _FORMATS:
        raise SettingsError(f"The format {demand!r} of a schema is not understood.")
    return not isinstance(value, str) or _FORMATS[demand](value)


_KEYWORDS: dict[str, Callable[[Any, Any, bool], bool]] = {
    "type": _types,
    "enum": lambda value, demand, _: any(_same(value, one) for one in demand),
    "const": lambda value, demand, _: _same(value, demand),
    "required": lambda value, demand, _: not isinstance(value, dict) or all(name in value for name in demand),
    "pattern": lambda value, demand, _: not isinstance(value, str) or re.search(demand, value) is not None,
    "format": _format,
    "minimum": lambda value, demand, _: not _is_number(value) or value >= demand,
    "maximum": lambda value, demand, _: not _is_number(value) or value <= demand,
    "minItems": lambda value, demand, _: not isinstance(value, list) or len(value) >= demand,
    "maxItems": lambda value, demand, _: not isinstance(value, list) or len(value) <= demand,
    "minLength": lambda value, demand, _: not isinstance(value, str) or len(value) >= demand,
    "maxLength": lambda value, demand, _: not isinstance(value, str) or len(value) <= demand,
}
"""Keyword -> whether a value keeps it; a keyword on another type than its own keeps."""
