"""MotionWatch MTN: a signed XML log of properties and channels, of which the channel `motion` holds the counts."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from lxml import etree

from heedful.core.errors import SourceError
from heedful.sources.wearables.actigraphy.epochs import CURE, Epochs, Format, Wanted, evenly, number


def fits(head: bytes) -> bool:
    """Whether a file that begins so is a MotionWatch MTN."""
    return b"<motionfile" in head[:2_000]


def read(data: bytes, place: str, wanted: Wanted) -> Epochs:
    """The recording; `place` names the file in errors. Raises `SourceError` where it is damaged or says too little."""
    body = data.removeprefix(b"\xef\xbb\xbf")
    end = body.find(b"</log2>")
    if end < 0:
        raise SourceError(place, "it breaks off: its log does not end", CURE)
    start = body.find(b"<log2")
    try:
        # Of the file only the log: the signature after it is no part of the one root that XML allows.
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        log = etree.fromstring(body[max(0, start) : end + 7], parser)
    except etree.XMLSyntaxError as error:
        raise SourceError(place, f"its XML is damaged ({error.msg})", CURE, error.lineno) from error
    properties = {_text(one, "name").lstrip("+="): _text(one, "content") for one in log.iter("property")}
    channel = next((one for one in log.iter("channel") if _text(one, "name") == "motion"), None)
    if channel is None:
        raise SourceError(place, "it has no channel motion", CURE)
    if number(_text(channel, "offset") or "0") != 0:
        raise SourceError(place, "its channel begins after the recording (offset), which is not understood", "Send us the file's header.")
    seconds = number(_text(channel, "epoch"))
    try:
        begin = datetime.fromisoformat(properties.get("StartTime", ""))
    except ValueError as error:
        raise SourceError(place, "it has no StartTime that can be read", CURE) from error
    if not seconds > 0:
        raise SourceError(place, "its channel motion has no length of an epoch", CURE)
    cells = [cell for cell in "".join(channel.findtext("data") or "").replace("\n", "").replace("\r", "").split(",") if cell.strip()]
    counts = np.array([number(cell) for cell in cells])
    line = int(getattr(channel.find("data"), "sourceline", 1) or 1)
    return Epochs(
        f"MotionWatch {properties.get('Device', '')}".strip(), seconds, evenly(begin.replace(tzinfo=None), seconds, len(counts)), counts,
        line + np.arange(len(counts)) // 10,
    )  # fmt: skip


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


MTN = Format("MTN", fits, read)
