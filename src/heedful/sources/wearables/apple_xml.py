"""From the bytes of an `export.xml` to records in plain XML, block by block: Apple's own as they stand, others as lxml understands them.

The internal DTD subset is cut off (iOS 16 writes a broken one, and without it no entity can be declared, so no entity bomb works) and
control characters that XML forbids become spaces; after that nothing is forgiven.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
from lxml import etree

from heedful.core.errors import SourceError
from heedful.sources.wearables.archives import BROKEN_CURE, DECODING

BLOCK = 65_536
"""Bytes read at once: what is lost where compressed data is damaged."""
LONGEST_PROLOG = 1 << 20

_ROOT = b"<HealthData"
_PLACE = re.compile(r", line \d+, column \d+$")
_DECLARED = re.compile(rb"""<\?xml[^>]*encoding=["']([^"']+)""")
_SPACES = (9, 10, 13)
_ALLOWED = bytes(byte if byte >= 32 or byte in _SPACES else 32 for byte in range(256))
_SPACED = bytes(max(byte, 32) for byte in range(256))
_REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|([a-z]+));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_ATTRIBUTE = re.compile(rb"""\s([^\s=>]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})
_NAMED_ANEW = str.maketrans(dict.fromkeys("=> \r\n\t", "_"))
"""A name space may hold what ends a name in the plain form."""

Attributes = dict[str, str]


def text_of(raw: bytes) -> str:
    """What the bytes of an attribute's value say.

    >>> text_of(b"mmol&lt;180&gt;/L&#10;")
    'mmol<180>/L\\n'
    """
    text = raw.translate(_SPACED).decode()
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(found: re.Match[str]) -> str:
    hexadecimal, decimal, name = found.groups()
    return _NAMED[name] if name else chr(int(hexadecimal, 16) if hexadecimal else int(decimal))


def element_of(tag: bytes) -> tuple[str, Attributes]:
    """Name and attributes of a start tag that was found to be well formed.

    >>> element_of(b'<Workout duration="3" source=\\'"A"\\'/>')
    ('Workout', {'duration': '3', 'source': '"A"'})
    """
    tag = tag.translate(_SPACED)
    name = re.split(rb"[ >]", tag[1:], maxsplit=1)[0].removesuffix(b"/")
    return name.decode(), {key.decode(): text_of(double or single) for key, double, single in _ATTRIBUTE.findall(tag)}


class Judge:
    """lxml, from a place between two tags on: what it understands is written anew in the plain form that `apple_scan` trusts.

    `open_names`: the elements that are open at this place, from the root on; `ended`: whether the root was closed before it. An entity
    cannot be declared after a root has begun, so that those of XML itself are all that there are.
    """

    def __init__(self, open_names: Sequence[str], *, ended: bool = False) -> None:
        self.error: etree.XMLSyntaxError | None = None
        self._written: list[str] = []
        self._parser = etree.XMLParser(target=self, resolve_entities=True, no_network=True)
        begun = "<HealthData></HealthData>" if ended else "".join(f"<{name}>" for name in open_names)
        self._parser.feed(f'<?xml version="1.0" encoding="UTF-8"?>{begun}'.encode())
        self._written.clear()

    def start(self, tag: str, attributes: Attributes) -> None:
        told = " ".join(f'{name.translate(_NAMED_ANEW)}="{value.translate(_ESCAPED)}"' for name, value in attributes.items())
        self._written.append(f"<{tag.translate(_NAMED_ANEW)} {told} >")

    def end(self, tag: str) -> None:
        self._written.append("</element >\n")

    def close(self) -> None: ...

    def rewritten(self, block: bytes, *, last: bool = False) -> bytes:
        """The elements that this block completes; after an error, which is kept, those before it."""
        if self.error is None:
            try:
                self._parser.feed(block.translate(_ALLOWED))
                if last:
                    self._parser.close()
            except etree.XMLSyntaxError as error:
                self.error = error
        written = "".join(self._written).encode()
        self._written.clear()
        return written


def broken(path: Path, error: BaseException, lines: int) -> SourceError:
    """What to say of a file that breaks off, or is no XML, after `lines` whole lines that were read without trouble."""
    if isinstance(error, etree.XMLSyntaxError):
        line = lines + (error.lineno or 1)
        said = _PLACE.sub("", " ".join(str(error.msg).split()))  # its line counts from where it began to judge, ours from the file's start
        return SourceError(path, f"the XML breaks off or is malformed here ({said})", BROKEN_CURE, line)
    return SourceError(path, f"the compressed data is damaged ({error})", BROKEN_CURE)


def after_prolog(path: Path, stream: IO[bytes]) -> tuple[bytes, int]:
    """The bytes from `<HealthData` on that were read so far, and how many lines stand before them. Raises `SourceError` on no export."""
    cure = "Give the export.zip of Apple's Health app (profile picture, Export All Health Data), or the export.xml in it."
    read = b""
    try:
        while _ROOT not in read and len(read) < LONGEST_PROLOG and (block := stream.read(BLOCK)):
            read += block
    except DECODING as error:
        raise SourceError(path, f"the compressed data is damaged ({error})", BROKEN_CURE) from error
    declared = _DECLARED.search(read[:200])
    if declared and declared[1].upper() not in (b"UTF-8", b"US-ASCII", b"ASCII"):
        raise SourceError(path, f"the XML is in {declared[1].decode('ascii', 'replace')}, and Apple writes UTF-8", cure)
    at = read.find(_ROOT)
    if at < 0:
        raise SourceError(path, "there is no <HealthData> element in its first megabyte", cure)
    return read[at:], read.count(b"\n", 0, at)


def lines_in(block: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> int:
    """How many lines end in these bytes."""
    return int(np.count_nonzero(block == ord("\n")))
