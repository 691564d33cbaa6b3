"""The scan of an Apple export against lxml and plain Python, on made documents: well formed in every way, cut, and with bytes changed."""

from __future__ import annotations

import io
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from heedful.core.errors import SourceError
from heedful.sources.wearables import apple_columns, apple_records, apple_xml
from heedful.sources.wearables.apple_columns import Names, TooManyNamesError, stamp_of
from heedful.sources.wearables.apple_records import Reading
from heedful.sources.wearables.apple_scan import MOST_NOTES
from heedful.sources.wearables.stamps import parse

FIELDS = ("type", "unit", "sourceName", "sourceVersion", "device")
KNOWN = (*FIELDS, "startDate", "endDate", "value", "creationDate")
WITHIN = ("WorkoutStatistics", "HeartRateVariabilityMetadataList", "InstantaneousBeatsPerMinute")
READ_ELSEWHERE = (*WITHIN, "Correlation", "ActivitySummary", "HealthData", "ExportDate", "Me", "Workout")

Record = tuple[Any, ...]


@dataclass
class Told:
    """What a document says: writer, stamps and value of each record; notes by record; attributes and elements that are not known."""

    records: list[Record] = field(default_factory=list)
    notes: list[tuple[int, str, str]] = field(default_factory=list)
    aside: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    wrong: bool = False


def instant(stamp: Any) -> int | None:
    read = parse(stamp.tobytes())
    return int(read.instant[0]) if read.valid[0] else None


class Plainly:
    """The same by lxml's parser and dictionaries."""

    def __init__(self) -> None:
        self.told, self._within, self._inside = Told(), list[str](), 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        told, asked = self.told, attributes.get
        self._within.append(tag)
        if tag in ("Record", "Workout"):
            self._inside = len(self._within)
            kind, unit, value = asked("type"), asked("unit"), asked("value")
            if tag == "Workout":
                kind, value = asked("workoutActivityType", "HKWorkoutActivityTypeOther"), asked("duration")
                unit = None if value is None else asked("durationUnit", "min")
            else:
                told.aside.update(name for name in attributes if name not in KNOWN)
            device = asked("device")
            writer = (kind, unit, asked("sourceName"), asked("sourceVersion"), device and device[device.find(">") :])
            told.records.append((writer, instant(stamp_of(asked("startDate"))), instant(stamp_of(asked("endDate"))), value))
            if tag == "Workout":
                self._tell(attributes, {name: name for name in ("totalDistance", "totalEnergyBurned")}, "{}Unit")
        elif tag == "MetadataEntry":
            if self._inside == len(self._within) - 1 > 0:
                self._note(asked("key", ""), asked("value", ""))
        elif tag == "WorkoutStatistics" and self._inside:
            self._tell(
                attributes,
                {
                    name: name + asked("type", "").removeprefix("HKQuantityTypeIdentifier")
                    for name in ("sum", "average", "minimum", "maximum")
                },
                "unit",
            )
        else:
            told.skipped += tag in ("Correlation", "ActivitySummary")
            told.aside[tag] += tag not in READ_ELSEWHERE

    def end(self, tag: str) -> None:
        assert self._within.pop() == tag
        self._inside = self._inside if len(self._within) >= self._inside else 0

    def _tell(self, attributes: dict[str, str], names: dict[str, str], unit: str) -> None:
        for name, key in names.items():
            if name in attributes:
                self._note(key, f"{attributes[name]} {attributes.get(unit.format(name), '')}".strip())

    def _note(self, key: str, value: str) -> None:
        self.told.notes.append((len(self.told.records) - 1, key, value))

    def close(self) -> None: ...


def plainly(document: bytes) -> Told:
    target = Plainly()
    parser = etree.XMLParser(target=target, resolve_entities=True, no_network=True)
    try:
        parser.feed(bytes(byte if byte >= 32 or byte in b"\t\n\r" else 32 for byte in document))
        parser.close()
    except etree.XMLSyntaxError:
        target.told.wrong = True
    return target.told


def scanned(document: bytes, most: int) -> tuple[Told, Names]:
    told, names, before = Told(), Names(), 0
    try:
        for found in Reading(names, most).batches(Path("export.xml"), io.BytesIO(document)):
            columns = found.columns
            assert columns.size <= most
            names.resolve(columns)
            writers, texts = list(names._writers), columns.texts(np.arange(columns.size))
            starts, ends = (column.reshape(-1, 26) for column in (columns.starts, columns.ends))
            for row, text in enumerate(texts):
                told.records.append((writers[columns.writers[row]], instant(starts[row]), instant(ends[row]), text))
                plain = columns.plain[row]
                assert (plain < 0) == (text is None)
                assert plain == 1 or np.isnan(columns.numbers[row])  # nothing of the batch before it
                assert plain != 1 or str(columns.numbers[row]) == str(float(text or ""))  # -0.0 is not 0.0
            assert (np.diff(columns.noted) >= 0).all()
            told.notes += [(before + int(row), "", str(number)) for row, number in zip(columns.noted, columns.notes, strict=True)]
            told.aside.update(found.aside)
            told.skipped += found.skipped.total()
            before += columns.size
    except SourceError:
        told.wrong = True
    return told, names


def agree(document: bytes, most: int, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apple_xml, "BLOCK", block)
        theirs, (ours, names) = plainly(document), scanned(document, most)
    assert ours.wrong == theirs.wrong
    if theirs.wrong:  # lxml may tell some elements less before an error, or some more of the tag in which it lies
        least = min(len(ours.records), len(theirs.records))
        assert abs(len(ours.records) - len(theirs.records)) <= 4
        assert ours.records[:least] == theirs.records[:least]
        return
    assert ours.records == theirs.records
    assert ours.notes == [(row, "", str(names.notes[key, value])) for row, key, value in theirs.notes]
    assert +ours.aside == +theirs.aside
    assert ours.skipped == theirs.skipped


class Writer:
    """Documents by chance. `odd`: how often something stands there that Apple does not write."""

    def __init__(self, seed: int, odd: float) -> None:
        self.random, self.odd = random.Random(seed), odd

    def oddly(self) -> bool:
        return self.random.random() < self.odd

    def text(self) -> str:
        return "".join(self.random.choices("ab1 .-<>&\"'é€😀ü\t\n\x0b;", k=self.random.randrange(6)))

    def quoted(self, text: str) -> str:
        quote = "'" if self.oddly() else '"'
        names = {"<": "&lt;", "&": "&amp;", quote: "&quot;" if quote == '"' else "&apos;"}
        shown = [f"&#{ord(one)};" if self.oddly() and ord(one) > 31 else names.get(one, one) for one in text]
        return quote + "".join(shown).replace(">", self.random.choice([">", "&gt;", "&#x3e;"])) + quote

    def attributes(self, names: tuple[str, ...]) -> str:
        chosen = [name for name in names if self.random.random() < 0.8]
        if self.oddly():
            chosen.append(self.random.choice(["more", "value", "key", "a.b-c", "xmlns:h", "über"]))
        gap = self.random.choice([" ", "  ", "\n "]) if self.oddly() else " "
        return "".join(gap + f"{name}{' = ' if self.oddly() else '='}{self.quoted(self.value(name))}" for name in chosen)

    def value(self, name: str) -> str:
        if self.oddly():
            return self.text()
        stamp = f"2024-0{self.random.randrange(1, 9)}-11 08:00:00 +0100"
        return {
            "startDate": self.random.choice([stamp, "20150616071820-0700", "2015061607182x-0700", "", "2024-02-30"]),
            "endDate": stamp,
            "value": self.random.choice(
                ["5", "-0", "12.25", ".5", "5.", "1e3", "0.1234567890123456789", "nan", "Core", "007", "--1", "1.2.3"]
            ),
            "device": f"<<HKDevice: 0x28{self.random.randrange(10)}>, name:iPhone>",
            "type": self.random.choice(["HKQuantityTypeIdentifierStepCount", "HKCategoryTypeIdentifierSleepAnalysis"]),
        }.get(name, self.random.choice(["App", "Ada’s iPhone", "count", "1"]))

    def element(self, depth: int = 0) -> str:
        name, told = self.random.choice(
            [("Record", KNOWN)] * 6
            + [
                ("MetadataEntry", ("key", "value")),
                ("Workout", ("workoutActivityType", "duration", "durationUnit", "totalDistance", "totalDistanceUnit", "startDate")),
                ("WorkoutStatistics", ("type", "sum", "maximum", "unit")),
                ("Correlation", ("type",)),
                ("ActivitySummary", ("dateComponents",)),
                ("WorkoutEvent", ("type",)),
                ("HeartRateVariabilityMetadataList", ()),
            ]
        )
        if self.oddly():
            name = self.random.choice(["Unheard-of", "a.b", "Record2", "x:y", "ß", "MetadataEntry"])
        head = f"<{name}{self.attributes(told)}{' ' if self.oddly() else ''}"
        inside = "".join(self.element(depth + 1) for _ in range(self.random.choice([0, 0, 1, 2]) if depth < 3 else 0))
        if self.oddly():
            inside += self.random.choice(
                ["text", "<!-- a comment -->", "<![CDATA[<Record/>]]>", "<?go on?>", "&amp;", "\r\n", "\x01", "]]>"]
            )
        return f"{head}/>\n" if not inside and not self.oddly() else f"{head}>{inside}</{name}{' ' if self.oddly() else ''}>\n"

    def document(self) -> bytes:
        elements = "".join(self.element() for _ in range(self.random.randrange(12)))
        return f'<HealthData locale="en_GB">\n{elements}</HealthData>\n'.encode()

    def damaged(self, document: bytes) -> bytes:
        at = self.random.randrange(20, len(document))
        if self.random.random() < 0.4:
            return document[:at]
        changed = self.random.choice(
            [b"<", b">", b'"', b"&", b"\xff", b"\xe2\x80", b"\r", b"\x00", b"/", b" ", b"=", b"", b"\xef\xbf\xbf", b"'"]
        )
        return document[:at] + changed + document[at + self.random.randrange(3) :]


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.0, 0.005, 0.05]), st.sampled_from([7, 64, 65_536]), st.sampled_from([1, 3, 1_000]))
def test_any_document_says_what_lxml_says(seed: int, odd: float, block: int, most: int) -> None:
    agree(Writer(seed, odd).document(), most, block)


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.01]), st.sampled_from([7, 64, 65_536]))
def test_a_damaged_document_is_refused_as_lxml_refuses_it(seed: int, odd: float, block: int) -> None:
    writer = Writer(seed, odd)
    agree(writer.damaged(writer.document()), 1_000, block)


def of(*elements: str) -> bytes:
    return ('<HealthData locale="en_GB">\n' + "\n".join(elements) + "\n</HealthData>").encode()


def test_there_is_room_for_long_values_and_many_names() -> None:
    """More of everything than room was made for, in one batch: texts, notes, writers, sayings, others."""
    long = f'<Record type="long" value="{"7" * 900_000}"/>'
    writers = (f'<Record type="HK{n}" device="{"d" * 200}{n}" value="1"/>' for n in range(1_500))
    notes = (f'<Record value="{n}"><MetadataEntry key="n" value="{n * 7:0300}"/><MetadataEntry key="m"/></Record>' for n in range(3_000))
    agree(of(long, *writers, *notes, *(f"<Other{n}/>" for n in range(9_000))), 10_000, 65_536)


def test_a_batch_of_long_values_is_cut_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apple_records, "MOST_TEXT", 100_000)
    records = [f'<Record value="{"7" * 50_000}{n}"><MetadataEntry key="n" value="{n}"/></Record>' for n in range(40)]
    agree(of(*records), 1_000, 65_536)
    sizes = [found.columns.size for found in Reading(Names(), 1_000).batches(Path("export.xml"), io.BytesIO(of(*records)))]
    assert sum(sizes) == 40
    assert len(sizes) > 5


def test_a_tag_of_megabytes_is_lxmls_to_judge() -> None:
    agree(of('<Record type="a" value="1"/>', f'<Odd more="{"m" * 3_000_000}"/>', '<Record type="b" value="2"/>'), 1_000, 65_536)
    agree(of('<Record type="a" value="1"/>', f'<Odd more="{"m" * 3_000_000}', '<Record type="b" value="2"/>'), 1_000, 65_536)


def test_of_one_record_a_thousand_notes_are_kept() -> None:
    notes = "".join(f'<MetadataEntry key="k{n}" value="v"/>' for n in range(MOST_NOTES + 200))
    told, _ = scanned(of(f'<Record type="a" value="1">{notes}</Record>', '<Record type="a" value="2"/>'), 10)
    assert len(told.notes) == MOST_NOTES
    assert told.aside == {f"MetadataEntry beyond {MOST_NOTES:,} of one record": 200}


def test_notes_are_of_the_record_in_which_they_stand() -> None:
    note = '<MetadataEntry key="{0}" value="{0}"/>'.format
    workout = f'<Workout duration="3">{note("a")}<WorkoutEvent type="x">{note("b")}</WorkoutEvent>{note("c")}</Workout>'
    document = of(
        f'<Record type="a" value="1"/>{note("d")}', workout, f'<Correlation>{note("e")}<Record value="2"/>{note("f")}</Correlation>'
    )
    told, names = scanned(document, 10)
    assert told.notes == [(1, "", str(names.notes[key, key])) for key in "ac"]
    agree(document, 10, 7)


def test_more_writers_than_one_person_can_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apple_columns, "MOST_WRITERS", 2_000)
    with pytest.raises(TooManyNamesError, match="more than 2,000"):
        scanned(of(*(f'<Record type="HK{n}" value="1"/>' for n in range(2_001))), 1_500)
