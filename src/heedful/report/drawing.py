"""From an Altair chart to an SVG that belongs to the page: its colours are CSS variables, its tooltips native, its numbers short."""

from __future__ import annotations

import datetime
import itertools
import re
from typing import TYPE_CHECKING, Any

import lxml.etree as etree
import polars as pl

from heedful.report.theme import HATCHED, STAND_IN, config

if TYPE_CHECKING:
    import altair as alt

_COLOURS = {stand_in: f"var(--{name})" for name, stand_in in STAND_IN.items()} | {HATCHED: "url(#hatch)"}
_KEPT = {
    "d", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "cx", "cy", "r", "transform", "fill", "stroke", "stroke-width",
    "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "opacity", "fill-opacity", "stroke-opacity", "text-anchor", "font-size",
    "font-weight", "clip-path", "id", "rx",
}  # fmt: skip
_LONG = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")
_SVG = "{http://www.w3.org/2000/svg}"


def rows(data: pl.DataFrame) -> alt.InlineData:
    """Rows as chart data; dates and instants become milliseconds since 1970, UTC, so that no zone can move a day."""
    import altair

    temporal = [name for name, dtype in data.schema.items() if dtype == pl.Date or isinstance(dtype, pl.Datetime)]
    plain = data.with_columns(pl.col(temporal).cast(pl.Datetime("ms")).cast(pl.Int64)).fill_nan(None)
    # As text: Altair copies, hashes and validates rows many times over, which took two thirds of the page's time.
    return altair.InlineData(values=plain.write_json(), format=altair.JsonDataFormat(type="json"))


def milliseconds(day: datetime.date) -> int:
    """A day's UTC midnight as chart data.

    >>> milliseconds(datetime.date(1970, 1, 2))
    86400000
    """
    return (day - datetime.date(1970, 1, 1)).days * 86_400_000


def svg(chart: alt.TopLevelMixin, label: str, name: str) -> str:
    """The chart as an SVG string for inclusion in the page.

    `label` is what a screen reader says instead of the picture: it must state the finding. `name` must be unique in the page;
    it keeps ids of clip paths apart. A mark's `description` channel becomes its native tooltip.
    """
    import vl_convert

    spec: dict[str, Any] = chart.to_dict(validate=False)
    spec["config"] = config()
    spec.pop("$schema", None)
    root = etree.fromstring(vl_convert.vegalite_to_svg(spec).encode(), etree.XMLParser(huge_tree=True, resolve_entities=False))
    size = root.get("width"), root.get("height")
    _rename_clips(root, name)
    _clean(root)
    for key in list(root.attrib):
        del root.attrib[key]
    width, height = (str(round(float(part or 0))) for part in size)
    root.attrib.update({"class": "chart", "role": "img", "aria-label": label, "width": width, "height": height})
    root.set("viewBox", f"0 0 {size[0]} {size[1]}")
    etree.cleanup_namespaces(root)
    return _themed(etree.tostring(root, encoding="unicode"))


def _rename_clips(root: etree._Element, name: str) -> None:
    numbers = itertools.count()
    renamed = {}
    for clip in root.iter(f"{_SVG}clipPath"):
        renamed[f"url(#{clip.get('id')})"] = new = f"{name}-{next(numbers)}"
        clip.set("id", new)
    for element in root.iter():
        if element.get("clip-path") in renamed:
            element.set("clip-path", f"url(#{renamed[element.get('clip-path', '')]})")


def _clean(element: etree._Element) -> None:
    """Drop what paints nothing, keep a mark's description as its <title>, lift lone wrappers."""
    for child in list(element):
        told = child.get("aria-label")
        hidden = child.get("display") == "none" or _paints_nothing(child)
        if hidden:
            element.remove(child)
            continue
        for key in [key for key in child.attrib if key not in _KEPT]:
            del child.attrib[key]
        if child.get("transform") == "translate(0,0)":
            del child.attrib["transform"]
        _clean(child)
        if told and child.tag != f"{_SVG}g" and not len(child):
            etree.SubElement(child, f"{_SVG}title").text = told
        if child.tag == f"{_SVG}g" and not child.attrib:
            at = element.index(child)
            element[at : at + 1] = list(child)
        elif child.tag == f"{_SVG}g" and not len(child):
            element.remove(child)


def _paints_nothing(child: etree._Element) -> bool:
    classes = (child.get("class") or "").split()
    frame = "background" in classes or "foreground" in classes
    return frame and child.get("fill") in (None, "none", "transparent") and child.get("stroke") in (None, "none", "transparent")


def _themed(text: str) -> str:
    text = re.sub(r"#fe0[12][0-9a-f]{2}", lambda found: _COLOURS[found.group()], text)
    return re.sub(r'(?<= )(?:d|transform|x|y|x2|y2|width|height)="[^"]*"', lambda found: _LONG.sub(_short, found.group()), text)


def _short(found: re.Match[str]) -> str:
    return f"{float(found.group()):.1f}".removesuffix(".0")
