"""A form of ODK: its questions with type, label and choices, from XForm XML or from an XLSForm workbook (.xlsx or .xls).

Types are those that an answer is kept by: number, one, many, day, text, or left (a position, picture, signature, barcode or file).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from lxml import etree

from heedful.core.errors import SourceError
from heedful.sources.answers.xls import MAGIC, xls_sheets
from heedful.sources.wearables.archives import DECODING

Kind = Literal["number", "one", "many", "day", "text", "left"]
_CURE = "Download the form again."
_LARGEST = 20_000_000
_NUMBER, _DAY = ("int", "integer", "decimal", "range"), ("date", "time", "dateTime", "datetime")
_LEFT = ("geopoint", "geotrace", "geoshape", "binary", "barcode", "intent", "image", "audio", "video", "file", "photo",
         "background-audio", "gps", "location")  # fmt: skip
_BEGIN = re.compile(r"begin[ _](group|repeat|loop)(?: over .*)?$")
_END = re.compile(r"end[ _](group|repeat|loop)")
_SELECT = re.compile(
    r"(?:(select_one|select one|select1|select_multiple|select multiple|select all that apply|add select one prompt using|"
    r"add select multiple prompt using|rank)(?:_external|_from_file)?)(?: from)? +([^ ]+)( +or[_ ](?:specify[_ ])?other)?$"
)
_META = ("start", "end", "today", "deviceid", "username", "phonenumber", "email", "subscriberid", "simserial", "audit", "note", "calculate",
         "hidden", "acknowledge", "trigger", "xml-external", "csv-external", "start-geopoint", "")  # fmt: skip


@dataclass(frozen=True)
class Question:
    """`name`: its path below the form, such as "household/age"; `choices`: by code, empty where they are not in the form."""

    name: str
    kind: Kind
    label: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Form:
    """A form. `started`: paths of fields that the phone fills with when the form was begun, ended, or on which day, the best first."""

    name: str
    questions: Mapping[str, Question]
    started: tuple[str, ...] = ()


def is_form(head: bytes) -> bool:
    """Whether a file that begins so is an XForm."""
    return b"http://www.w3.org/2002/xforms" in head and re.search(rb"<(\w+:)?html", head) is not None


def parsed(data: bytes, place: str) -> etree._Element:
    """The root of an XML document. Raises `SourceError` for a damaged one; no entity is expanded, nothing fetched."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SourceError(
            place, f"its XML is damaged or cut ({str(error)[:120]})", _CURE, getattr(error, "lineno", None) or None
        ) from error


def local(element: etree._Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def xform(data: bytes, place: str) -> Form:
    """The form in an XForm document. Raises `SourceError` if it has no primary instance."""
    root = parsed(data, place)
    named: dict[str, list[etree._Element]] = {}
    for element in root.iter():
        named.setdefault(local(element), []).append(element)
    instances = [one for one in named.get("instance", []) if _within(one) == "model" and len(one)]
    if not instances:
        raise SourceError(place, "it has no instance: it is no whole XForm", _CURE)
    top = instances[0][0]
    base = "/" + local(top)
    binds = {one.get("nodeset", ""): one for one in named.get("bind", [])}
    texts = _texts(named.get("translation", []))
    lists = {one.get("id", ""): one for one in instances[1:]}
    questions = {}
    for kind in ("input", "select1", "select", "odk:rank", "rank", "range", "upload", "secret"):
        for control in named.get(kind, []):
            nodeset = control.get("ref") or getattr(binds.get(control.get("bind", "")), "get", lambda _: "")("nodeset") or ""
            path = nodeset.removeprefix(base + "/")
            written = getattr(binds.get(nodeset), "get", lambda _: None)("type") or "string"
            questions[path] = Question(path, _kind(kind, written.split(":")[-1]), _label(control, texts), _choices(control, lists, texts))
    started = [("start", "timestamp"), ("end", "timestamp"), ("today", "date")]
    when = [
        nodeset.removeprefix(base + "/")
        for wanted, preload in started
        for nodeset, bind in binds.items()
        if _attribute(bind, "preload") == preload and _attribute(bind, "preloadParams") == wanted
    ]
    return Form(top.get("id") or local(top), questions, tuple(when))


def _within(element: etree._Element) -> str:
    above = element.getparent()
    return local(above) if above is not None else ""


def _attribute(element: etree._Element, name: str) -> str:
    return next((str(value) for key, value in element.attrib.items() if str(key).rsplit("}", 1)[-1] == name), "")


def _kind(control: str, written: str) -> Kind:
    if control == "select1":
        return "one"
    if control in ("select", "rank"):
        return "many"
    if control == "upload" or written in _LEFT:
        return "left"
    return "number" if written in _NUMBER or control == "range" else "day" if written in _DAY else "text"


def _texts(translations: list[etree._Element]) -> dict[str, str]:
    found: dict[str, str] = {}
    # pyxform writes "-" where a language has no words: then another language's are taken.
    for translation in sorted(translations, key=lambda one: (not one.get("default"), not one.get("lang", "").lower().startswith("en"))):
        for one in translation:
            plain = next((value for value in one if local(value) == "value" and not value.get("form")), None)
            words = " ".join("".join(plain.itertext()).split()) if plain is not None else ""
            if words not in ("", "-"):
                found.setdefault(one.get("id", ""), words)
    return found


def _label(element: etree._Element, texts: Mapping[str, str]) -> str:
    label = next((child for child in element if local(child) == "label"), None)
    if label is None:
        return ""
    reference = re.search(r"itext\('(.*?)'\)", label.get("ref", ""))
    return texts.get(reference[1], "") if reference else " ".join("".join(label.itertext()).split())


def _choices(control: etree._Element, lists: Mapping[str, etree._Element], texts: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in (child for child in control if local(child) == "item"):
        value = next((child.text or "" for child in item if local(child) == "value"), "")
        found[value.strip()] = _label(item, texts)
    itemset = next((child for child in control if local(child) == "itemset"), None)
    source = re.search(r"instance\('(.*?)'\)", itemset.get("nodeset", "")) if itemset is not None else None
    if source and source[1] in lists and itemset is not None:
        value = next((child.get("ref", "") for child in itemset if local(child) == "value"), "name")
        label = next((child.get("ref", "") for child in itemset if local(child) == "label"), "label")
        translated = re.fullmatch(r"jr:itext\((.*)\)", label)
        for item in lists[source[1]].iter():
            cells = {local(child): (child.text or "").strip() for child in item}
            if value in cells:
                shown = texts.get(cells.get(translated[1], ""), "") if translated else cells.get(label, "")
                found[cells[value]] = shown
    return found


def xlsform(data: bytes, place: str) -> Form:
    """The form in a workbook with sheets survey, choices and settings. Raises `SourceError` if it is none."""
    sheets = _sheets(data, place)
    alone = [cells for cells in sheets.values() if cells and {"type", "name"} <= {name.strip().lower() for name in cells[0]}]
    if "survey" not in sheets and len(alone) == 1:
        sheets["survey"] = alone[0]
    if "survey" not in sheets:
        raise SourceError(place, "it has no sheet named survey: it is no XLSForm", _CURE)
    lists: dict[str, dict[str, str]] = {}
    for row in _rows(sheets.get("choices", sheets.get("choices and columns", []))):
        lists.setdefault(row.get("list_name", row.get("list name", "")), {})[row.get("name", row.get("value", ""))] = _shown(row)
    for row in _rows(sheets["survey"]):
        if (other := _SELECT.match(" ".join(row.get("type", row.get("command", "")).split()))) and other[3]:
            lists.setdefault(other[2], {}).setdefault("other", "Other")
    questions, folders, when = dict[str, Question](), list[str](), dict[str, str]()
    for row in _rows(sheets["survey"]):
        kind = " ".join(row.get("type", row.get("command", "")).split())
        name = row.get("name", "")
        if _BEGIN.match(kind.lower()):
            folders.append(name)
        elif _END.match(kind.lower()):
            del folders[-1:]
        elif kind.lower() in _META:
            if kind in ("start", "end", "today") and name:
                when.setdefault(kind, "/".join([*folders, name]))
        elif name:
            path = "/".join([*folders, name])
            choice = _SELECT.match(kind)
            choices = lists.get(choice[2], {}) if choice else {}
            many = bool(choice) and ("multiple" in kind or "all that apply" in kind or kind.startswith("rank"))
            how: Kind = ("many" if many else "one") if choice else _kind("input", kind.replace("datetime", "dateTime"))
            questions[path] = Question(path, how, _shown(row), choices)
            if choice and choice[3]:
                questions[path + "_other"] = Question(path + "_other", "text", "Specify other.")
    settings = next(_rows(sheets.get("settings", [])), {})
    name = settings.get("form_id", settings.get("id_string", "")) or re.sub(r"\.xlsx?$", "", place.rsplit("/", 1)[-1], flags=re.IGNORECASE)
    return Form(name, questions, tuple(when[one] for one in ("start", "end", "today") if one in when))


def _shown(row: Mapping[str, str]) -> str:
    labels = {name: value for name, value in row.items() if name.startswith("label") and value}
    english = next((value for name, value in labels.items() if name.split(":")[-1].strip().startswith("en")), "")
    return labels.get("label") or english or next(iter(labels.values()), "")


def _rows(cells: list[list[str]]) -> Iterator[dict[str, str]]:
    """Rows by the header's names (lower case), the empty ones left out."""
    names = [name.strip().lower() for name in cells[0]] if cells else []
    for row in cells[1:]:
        found = {name: value.strip() for name, value in zip(names, row, strict=False) if name}
        if any(found.values()):
            yield found


def _sheets(data: bytes, place: str) -> dict[str, list[list[str]]]:
    """The cells of a workbook's sheets as text, by the sheet's name in lower case."""
    if data.startswith(MAGIC):
        return xls_sheets(data, place)
    if not data.startswith(b"PK"):
        raise SourceError(place, "it is no workbook", "Save it as .xlsx, or give the form's XML.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            shared = [_text(one) for one in _member(archive, "xl/sharedStrings.xml", place)] if "xl/sharedStrings.xml" in names else []
            targets = {
                one.get("Id", ""): one.get("Target", "").lstrip("/").removeprefix("xl/")
                for one in _member(archive, "xl/_rels/workbook.xml.rels", place)
            }
            found = {}
            for sheet in _member(archive, "xl/workbook.xml", place).iter("{*}sheet"):
                name, target = sheet.get("name", "").strip().lower(), targets.get(_attribute(sheet, "id"), "")
                if f"xl/{target}" in names:
                    found[name] = _cells(_member(archive, f"xl/{target}", place), shared)
            return found
    except (*DECODING, KeyError, ValueError, IndexError) as error:
        raise SourceError(place, f"the workbook cannot be read ({type(error).__name__}: {str(error)[:80]})", _CURE) from error


def _member(archive: zipfile.ZipFile, name: str, place: str) -> etree._Element:
    with archive.open(name) as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise SourceError(place, f"its part {name} would grow beyond {_LARGEST // 1_000_000} MB (a zip bomb)", _CURE)
    return parsed(data, place)


def _text(element: etree._Element) -> str:
    return "".join(str(one.text or "") for one in element.iter("{*}t"))


def _cells(sheet: etree._Element, shared: list[str]) -> list[list[str]]:
    rows = []
    for row in sheet.iter("{*}row"):
        cells: list[str] = []
        for cell in row.iter("{*}c"):
            column = _column(cell.get("r", "")) if cell.get("r") else len(cells)
            if column > 1_000:
                break
            cells.extend([""] * (column + 1 - len(cells)))
            value = next((child.text or "" for child in cell if local(child) == "v"), "")
            kind = cell.get("t", "n")
            cells[column] = shared[int(value)] if kind == "s" and value else _text(cell) if kind == "inlineStr" else value
        rows.append(cells)
    return rows


def _column(reference: str) -> int:
    number = 0
    for letter in reference:
        if not letter.isalpha():
            break
        number = 26 * number + ord(letter.upper()) - 64
    return number - 1
