"""Elements of an XML document as they end, without its namespaces: bounded, no entity expanded, damage said in one sentence."""

from __future__ import annotations

import io
from collections.abc import Iterator

from lxml import etree

from heedful.core.errors import SourceError
from heedful.sources.wearables.parts import Part

DEPTH = 200
_CURE = "Export the file again."


def started_and_ended(part: Part) -> Iterator[tuple[str, str, etree._Element]]:
    """("start" or "end", name, element) in the order of the document; what has ended may be cleared by the caller."""
    data = io.BytesIO(part.bytes())
    try:
        for event, element in etree.iterparse(data, events=("start", "end"), resolve_entities=False, no_network=True, huge_tree=False):
            if isinstance(element.tag, str):
                yield event, element.tag.rsplit("}", 1)[-1], element
    except etree.XMLSyntaxError as error:
        raise SourceError(part.place, f"its XML is damaged or cut ({str(error)[:120]})", _CURE, error.lineno or None) from error


def text(element: etree._Element, *names: str) -> str:
    """The text of the first descendant along `names`, whatever its namespace; '' if there is none."""
    for name in names:
        found = next((child for child in element if isinstance(child.tag, str) and child.tag.rsplit("}", 1)[-1] == name), None)
        if found is None:
            return ""
        element = found
    return (element.text or "").strip()


def is_xml_of(head: bytes, root: bytes) -> bool:
    """Whether the first element of `head` is `root`."""
    start = head[:4_096].replace(b"\0", b"")
    return b"<" + root in start and start.lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").startswith(b"<") and not _before(start, root)


def _before(start: bytes, root: bytes) -> bool:
    """Whether another element stands before the first `root`."""
    ahead = start[: start.index(b"<" + root)]
    return any(ahead[place + 1 : place + 2] not in (b"?", b"!") for place in range(len(ahead)) if ahead[place : place + 1] == b"<")
