"""Statements of an RDF document in Turtle (which N-Triples is a part of) or RDF/XML: subject, predicate, object, with the line.

Only what vocabularies use: names in full or with a prefix, blank nodes, literals with language, lists; no named graphs, no quoted triples.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

from lxml import etree

from heedful.core.errors import SourceError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_AGAIN = "Correct the line, or download the file again."
DEPTH = 100
"""Nodes within nodes that are followed."""


class Text(NamedTuple):
    """A literal: its words and its language tag ('' if none)."""

    value: str
    language: str = ""


class Statement(NamedTuple):
    """Subject and predicate as addresses (or `_:name`), object as an address or a `Text`; `line` of the predicate."""

    subject: str
    predicate: str
    object: str | Text
    line: int


_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\#[^\n]*)
      |(?P<line>\n)
      |(?P<long>\"\"\"(?:(?:\"|\"\")?(?:[^\"\\]|\\.))*\"\"\"|'''(?:(?:'|'')?(?:[^'\\]|\\.))*''')
      |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      |(?P<iri><[^<>"{}|^`\\\s]*>)
      |(?P<tag>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
      |(?P<type>\^\^)
      |(?P<number>[+-]?(?:\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?)
      |(?P<blank>_:[\w.·-]*[\w·-])
      |(?P<name>[\w·-]*(?:\.[\w·-]+)*:(?:[\w:·%-]|\\.|\.(?=[\w:·%\\-]))*)
      |(?P<word>[A-Za-z]+)
      |(?P<mark>[.;,\[\]()])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


def turtle_statements(path: Path, text: str) -> Iterator[Statement]:
    """Statements of a Turtle or N-Triples document. Raises `SourceError` with the line at which it cannot be read on."""
    return _Turtle(path, text).statements()


class _Turtle:
    """A reader with one token of look-ahead."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text, self.at, self.line = path, text, 0, 1
        self.prefixes, self.base, self.blanks = dict[str, str](), "", 0
        self.kind, self.value = "", ""
        self.depth, self.found = 0, list[Statement]()
        self._next()

    def statements(self) -> Iterator[Statement]:
        while self.kind:
            if self.kind == "tag" and self.value in ("@prefix", "@base"):
                self._directive(dotted=True)
            elif self.kind == "word" and self.value.lower() in ("prefix", "base"):
                self._directive(dotted=False)
            else:
                inner = self.value == "["
                subject = self._node()
                if not (inner and self.value == "."):
                    self._predicates(subject)
                self._expect(".")
            yield from self.found
            self.found = []

    def _fail(self, reason: str) -> SourceError:
        return SourceError(self.path, reason, _AGAIN, self.line)

    def _next(self) -> None:
        while True:
            if self.at >= len(self.text):
                self.kind = self.value = ""
                return
            found = _TOKEN.match(self.text, self.at)
            if found is None:
                raise self._fail(f"{self.text[self.at : self.at + 30].splitlines()[0]!r} is no Turtle")
            self.kind, self.value, self.at = str(found.lastgroup), found[0], found.end()
            if self.kind == "line":
                self.line += 1
            elif self.kind == "long":
                self.line += self.value.count("\n")
                return
            elif self.kind != "space":
                return

    def _expect(self, mark: str) -> None:
        if self.value != mark:
            raise self._fail(
                f"{self.value[:30]!r} stands where {mark!r} should" if self.kind else f"the file ends where {mark!r} should stand"
            )
        self._next()

    def _directive(self, *, dotted: bool) -> None:
        what = self.value.lstrip("@").lower()
        self._next()
        prefix = self.value
        if what == "prefix":
            if self.kind != "name" or not prefix.endswith(":"):
                raise self._fail(f"{prefix[:30]!r} is no prefix")
            self._next()
        if self.kind != "iri":
            raise self._fail(f"{self.value[:30]!r} is no address in <>")
        address = self._address(self.value)
        if what == "prefix":
            self.prefixes[prefix[:-1]] = address
        else:
            self.base = address
        self._next()
        if dotted:
            self._expect(".")

    def _address(self, value: str) -> str:
        return urljoin(self.base, value[1:-1]) if self.base else value[1:-1]

    def _node(self) -> str:
        """A subject, or an object that is no literal."""
        kind, value = self.kind, self.value
        if kind == "iri":
            self._next()
            return self._address(value)
        if kind == "name":
            prefix, _, name = value.partition(":")
            if prefix not in self.prefixes:
                raise self._fail(f"the prefix {prefix}: is not declared")
            self._next()
            return self.prefixes[prefix] + re.sub(r"\\(.)", r"\1", name)
        if kind == "blank":
            self._next()
            return value
        if value in ("[", "("):
            self.depth += 1
            if self.depth > DEPTH:
                raise self._fail(f"more than {DEPTH} nodes stand within each other")
            self._next()
            self.blanks += 1
            node = f"_:node{self.blanks}"
            if value == "[":
                if self.value != "]":
                    self._predicates(node)
                self._expect("]")
            else:
                while self.value != ")":
                    line = self.line
                    self.found.append(Statement(node, RDF + "_item", self._object(), line))
                self._next()
            self.depth -= 1
            return node
        raise self._fail(f"{value[:30]!r} is no name" if kind else "the file ends within a statement")

    def _predicates(self, subject: str) -> None:
        while True:
            line = self.line
            if self.kind == "word" and self.value == "a":
                self._next()
                predicate = RDF + "type"
            else:
                predicate = self._node()
            self.found.append(Statement(subject, predicate, self._object(), line))
            while self.value == ",":
                self._next()
                self.found.append(Statement(subject, predicate, self._object(), line))
            while self.value == ";":
                self._next()
                if self.value in (".", "]"):
                    return
                if self.value != ";":
                    break
            else:
                return

    def _object(self) -> str | Text:
        kind, value = self.kind, self.value
        if kind in ("text", "long"):
            self._next()
            language = ""
            if self.kind == "tag":
                language = self.value[1:]
                self._next()
            elif self.kind == "type":
                self._next()
                self._node()
            return Text(self._unescaped(value[3:-3] if kind == "long" else value[1:-1]), language)
        if kind == "number" or (kind == "word" and value in ("true", "false")):
            self._next()
            return Text(value)
        return self._node()

    def _unescaped(self, value: str) -> str:
        def one(found: re.Match[str]) -> str:
            if found[1]:
                number = int(found[1][1:], 16)
                if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
                    raise self._fail(f"{found[0]} is no character")
                return chr(number)
            if found[2] not in _ESCAPES:
                raise self._fail(f"{found[0]} is no escape")
            return _ESCAPES[found[2]]

        return re.sub(r"\\(?:(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})|(.))", one, value, flags=re.DOTALL)


def xml_statements(path: Path, content: bytes) -> Iterator[Statement]:
    """Statements of an RDF/XML document, as it is read; no entity is expanded, nothing is fetched.

    Raises `SourceError` with the line where the XML is damaged, declares entities, or is no RDF.
    """
    reader = _RdfXml(path)
    yield from reader.statements(content)


class _RdfXml:
    def __init__(self, path: Path) -> None:
        self.path, self.blanks = path, 0

    def statements(self, content: bytes) -> Iterator[Statement]:
        depth = 0
        for event, element in safe_elements(self.path, content):
            if event == "start":
                if depth == 0 and element.tag != f"{{{RDF}}}RDF":
                    raise SourceError(self.path, "it is XML without rdf:RDF", "Export it as SKOS in RDF/XML or Turtle.", element.sourceline)
                depth += 1
                if depth > DEPTH:
                    raise SourceError(self.path, f"more than {DEPTH} elements stand within each other", _AGAIN, element.sourceline)
                continue
            depth -= 1
            if depth == 1:
                found = list[Statement]()
                self._node(element, _base(element), found)
                yield from found
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]

    def _node(self, element: etree._Element, base: str, found: list[Statement]) -> str:
        about, name, node = (element.get(f"{{{RDF}}}{key}") for key in ("about", "ID", "nodeID"))
        if about is not None:
            subject = urljoin(base, about)
        elif name is not None:
            subject = f"{base}#{name}"
        else:
            self.blanks += node is None
            subject = f"_:{node}" if node is not None else f"_:node{self.blanks}"
        if element.tag != f"{{{RDF}}}Description":
            found.append(Statement(subject, RDF + "type", _name(element), element.sourceline or 0))
        for key, value in element.attrib.items():
            if "}" in str(key) and not str(key).startswith((f"{{{RDF}}}", _XML)):
                found.append(Statement(subject, str(key)[1:].replace("}", ""), Text(str(value)), element.sourceline or 0))
        for child in element:
            if isinstance(child.tag, str):
                found.append(Statement(subject, _name(child), self._object(child, base, found), child.sourceline or 0))
        return subject

    def _object(self, element: etree._Element, base: str, found: list[Statement]) -> str | Text:
        resource, node = element.get(f"{{{RDF}}}resource"), element.get(f"{{{RDF}}}nodeID")
        if resource is not None:
            return urljoin(base, resource)
        if node is not None:
            return f"_:{node}"
        inner = [child for child in element if isinstance(child.tag, str)]
        if inner:
            return self._node(inner[0], base, found)
        language = element.xpath("string(ancestor-or-self::*[@xml:lang][1]/@xml:lang)")
        return Text(element.text or "", str(language))


def _name(element: etree._Element) -> str:
    return str(element.tag)[1:].replace("}", "") if str(element.tag).startswith("{") else str(element.tag)


def _base(element: etree._Element) -> str:
    return str(element.xpath("string(ancestor-or-self::*[@xml:base][1]/@xml:base)"))


def safe_elements(path: Path, content: bytes) -> Iterator[tuple[str, etree._Element]]:
    """("start" or "end", element) in order; entities, other than the five of XML, are refused, and nothing is fetched."""
    head = content[: content.find(b">", content.find(b"<!DOCTYPE")) + 200_000] if b"<!DOCTYPE" in content[:10_000] else b""
    entity = re.search(rb"<!ENTITY", head)
    if entity:
        # Protégé writes namespaces as entities: plain addresses are put in their place by hand, whatever else is declared is refused.
        content = _plain_entities(path, content)
    try:
        for event, element in etree.iterparse(
            io.BytesIO(content), events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        ):
            if isinstance(element.tag, str):
                yield event, element
    except etree.XMLSyntaxError as error:
        line = (error.lineno or 0) or None
        raise SourceError(path, f"its XML is damaged or cut ({str(error)[:120]})", "Download it again.", line) from error


def _plain_entities(path: Path, content: bytes) -> bytes:
    """The document with the entities that stand for plain addresses filled in, and its DTD taken out."""
    start = content.find(b"<!DOCTYPE")
    end = content.find(b"]>", start)
    declared = content[start : end if end > 0 else len(content)]
    pattern = rb'<!ENTITY\s+([\w.-]+)\s+"(https?://[^"<>&%\s]{1,300})"\s*>'
    known = dict(re.findall(pattern, declared))
    if end < 0 or len(re.findall(rb"<!ENTITY", declared)) != len(re.findall(pattern, declared)) or len(known) > 100:
        line = content[:start].count(b"\n") + 1
        raise SourceError(path, "it declares entities that are no plain addresses", "Export it without a DTD.", line)
    lines = b"\n" * content[start : end + 2].count(b"\n")
    rest = content[end + 2 :]
    filled = re.sub(rb"&([\w.-]+);", lambda found: known.get(found[1], found[0]), rest)
    return content[:start] + lines + filled
