"""ODK and its relatives (Kobo, Ona): submissions as XML or as Central's CSV, with the form that they answer."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import Answers, Quarantine
from heedful.sources.answers.drafted import AnswerDraft, answer_batches, number
from heedful.sources.answers.odk_form import Form, Question, is_form, local, parsed, xform, xlsform
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.phones.streams import header
from heedful.sources.wearables.archives import HEAD, is_zip
from heedful.sources.wearables.parts import Part, glimpsed, opened, plain

NAME = "answers.odk"
SETTINGS = ("person", "asked_on", "keep", "instruments")
UNDATED = "answer of a submission without a time: declare asked_on"
FREE_TEXT = "free text, which is not kept"
LEFT = "position, picture, barcode or file, which is not kept"
NOT_ASKED = "field of the form or the phone that is no question"
_CURE = "Correct it in the form's server and export again."
_CENTRAL = ("SubmissionDate", "KEY")
_PEOPLE = ("person", "participant", "participant_id", "record_id", "subject")


class Odk:
    """Reads a folder or zip of submissions beside their forms (XForm .xml or XLSForm .xlsx, .xls), or a CSV of ODK Central alone.

    `person = "field"` names the field that says whose answers they are (else a field named person, participant, participant_id,
    record_id or subject, else `Options.subject`); `asked_on = "field"` when they were given (else the form's start, end or today, else
    the day of submission). Free text is kept only where `keep = ["field"]` says so. Of a choice the label is the text, and a code that is
    a number the value; of several choices each is an item "field___code" with 1 or 0. A repeat's second round is of "form#2".
    """

    card = SourceCard(
        name=NAME,
        says="ODK submissions (XML, or Central's CSV) with their forms (XForm or XLSForm)",
        family="answers",
        tables=(Answers, Quarantine),
        zone_rule="Times carry their offset; those without, and days, are of the declared zone.",
        terms="Data of participants: only under their consent; free text, positions and pictures are not kept.",
        tested_on="forms real (pyxform and JavaRosa); submissions made here after the specification: untested on real submissions",
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """A file of Central by its columns, a form by its namespace; a folder or zip with a form and a submission."""
        if path.is_file() and not is_zip(path, head):
            return 0.9 if set(_CENTRAL) <= set(header(head)) else 0.7 if is_form(head) else 0.0
        if path.is_file() and path.suffix.lower() in (".xlsx", ".docx", ".pptx"):
            return 0.0
        parts = [part for part in glimpsed(path) if _may_be(plain(part.name))]
        heads = [_head(part) for part in parts[:50]]
        if not heads:
            return 0.0
        forms = sum(is_form(one) for one in heads)
        workbooks = sum(part.name.lower().endswith((".xlsx", ".xls")) for part in parts[:50])
        answers = sum(set(_CENTRAL) <= set(header(one)) or _is_submission(one) for one in heads)
        return 0.85 if (forms or workbooks) and forms + answers + workbooks > len(heads) / 2 and (forms or answers) else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of answers. Errors: `SourceError` if neither form nor submission is there; `SettingsError`."""
        wanted = _wanted(path, options.settings)
        with opened(path, _may_be) as parts:
            total = sum(part.size for part in parts)
            yield from answer_batches(_drafts(path, parts, options, wanted), options, known_at, cursor, total)


@dataclass(frozen=True)
class _Wanted:
    person: str
    asked_on: str
    keep: tuple[str, ...]
    instruments: Mapping[str, str]


@dataclass(frozen=True)
class _Submission:
    """Fields of a submission by their path, in order."""

    line: int
    form: str
    fields: list[tuple[str, str]]


def _may_be(name: str) -> bool:
    return name.endswith((".xml", ".csv", ".xlsx", ".xls"))


def _head(part: Part) -> bytes:
    try:
        return part.bytes()[:HEAD]
    except SourceError:
        return b""


def _is_submission(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") and not is_form(head) and (b"instanceID" in head or b" id=" in head[:1_000])


def _wanted(path: Path, settings: Mapping[str, Any]) -> _Wanted:
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise SettingsError(f"{path}: {NAME} does not know the settings {unknown}. It knows: {', '.join(SETTINGS)}.")
    keep, instruments = settings.get("keep", []), settings.get("instruments", {})
    if not isinstance(keep, list | tuple) or not isinstance(instruments, Mapping):
        raise SettingsError(f'{path}: keep is a list of fields, instruments a table such as instruments = {{form = "phq9"}}.')
    return _Wanted(str(settings.get("person", "")), str(settings.get("asked_on", "")), tuple(map(str, keep)), instruments)


def _drafts(path: Path, parts: Sequence[Part], options: Options, wanted: _Wanted) -> Iterator[AnswerDraft]:
    forms, others, troubles, known = dict[str, Form](), list[Part](), list[AnswerDraft](), 0
    for part in parts:
        try:
            data = part.bytes()
            if part.name.lower().endswith((".xlsx", ".xls")):
                form = xlsform(data, part.place)
            elif is_form(data[:HEAD]):
                form = xform(data, part.place)
            else:
                others.append(part)
                continue
            forms.setdefault(form.name, form)
            known += 1
            troubles.append(AnswerDraft(part.name, aside=Counter({"form without answers of its own": 1})))
        except SourceError as error:
            if len(parts) == 1:
                raise
            troubles.append(AnswerDraft(part.name, unread=[(error.line or 1, f"{error.reason}; {error.cure}", None)]))
    yield from troubles
    done = sum(part.size for part in parts) - sum(part.size for part in others)
    for part in others:
        done += part.size
        draft = AnswerDraft(part.name, done=done)
        try:
            for one in _submissions(part, forms, draft):
                known += 1
                _answers(one, forms.get(one.form), options, wanted, draft)
        except SourceError as error:
            if len(parts) == 1:
                raise
            draft.rows, draft.skipped = [], Counter()
            draft.unread = [(error.line or 1, f"{error.reason}; {error.cure}", None)]
        yield draft
    if not known and not any(draft.unread for draft in troubles):
        raise SourceError(path, "it holds neither a form nor a submission", "Give a folder with submissions and their form.")


def _submissions(part: Part, forms: Mapping[str, Form], draft: AnswerDraft) -> Iterator[_Submission]:
    data = part.bytes()
    if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        root = parsed(data, part.place)
        if not _is_submission(data[:HEAD]):
            draft.aside[f"file that is neither form nor submission: {part.name[:80]}"] += 1
            return
        yield _Submission(1, root.get("id") or local(root), list(_leaves(root, "")))
        return
    names = header(data)
    if "KEY" not in names and "meta-instanceID" not in names:
        draft.aside[f"file that is neither form nor submission: {part.name[:80]}"] += 1
        return
    reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig", "replace").replace("\0", "")))
    named = _named(part.name, forms)
    questions = {question.replace("/", "-"): question for question in forms[named].questions} if named in forms else {}
    try:
        for record in reader:
            if None in record or None in record.values():
                short = f"the line has another number of cells than the header's {len(names)}; {_CURE}"
                draft.unread.append((reader.line_num, short, None))
                continue
            fields = [(questions.get(name, name), value) for name, value in record.items()]
            yield _Submission(reader.line_num, named, fields)
    except csv.Error as error:
        raise SourceError(part.place, f"its lines cannot be told apart ({error})", _CURE, reader.line_num) from error


def _named(name: str, forms: Mapping[str, Form]) -> str:
    """The form whose answers a table holds: the one that its name begins with, the only one, or the name itself."""
    stem = Path(plain(name)).stem
    found = sorted((one for one in forms if stem.startswith(one.lower())), key=len, reverse=True)
    return found[0] if found else next(iter(forms)) if len(forms) == 1 else Path(name).stem


def _leaves(element: etree._Element, path: str) -> Iterator[tuple[str, str]]:
    for child in element:
        name = local(child)
        if not name:
            continue
        below = f"{path}/{name}" if path else name
        if len(child):
            yield from _leaves(child, below)
        else:
            yield below, (child.text or "").strip()


def _answers(one: _Submission, form: Form | None, options: Options, wanted: _Wanted, draft: AnswerDraft) -> None:
    fields: dict[str, str] = {}
    for name, value in one.fields:
        fields.setdefault(name, value.strip())
    person = next((fields[name] for name in (wanted.person, *_PEOPLE) if fields.get(name)), options.subject or "self")
    try:
        at = _asked(fields, form, wanted, options.zone)
    except ValueError as error:
        draft.unread.append((one.line, f"the submission's time cannot be read ({str(error)[:80]}); {_CURE}", None))
        return
    instrument = wanted.instruments.get(one.form, one.form)
    questions = form.questions if form else {}
    for name, written in one.fields:
        value = written.strip()
        if not value or name in (wanted.person, *_PEOPLE):
            continue
        question = questions.get(name) or (None if form or name.startswith(("meta", "__")) or name in _OWN else Question(name, "text"))
        if question is None:
            draft.skipped[NOT_ASKED] += 1
        elif at is None:
            draft.skipped[UNDATED] += 1
        else:
            _answer(one.line, person, instrument, question, value, at, wanted, draft)


_OWN = ("SubmissionDate", "KEY", "PARENT_KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected", "Status",
        "ReviewState", "DeviceID", "Edits", "FormVersion", "start", "end", "today", "deviceid", "instanceID")  # fmt: skip


def _answer(
    line: int, person: str, instrument: str, question: Question, value: str, at: datetime, wanted: _Wanted, draft: AnswerDraft
) -> None:
    name, kind = question.name[:120], question.kind
    plain_number = number(value)
    if kind == "left":
        draft.skipped[LEFT] += 1
    elif kind == "number" or (kind == "text" and plain_number is not None):
        if plain_number is None:
            draft.unread.append((line, f"{name}: {value[:40]!r} is no number; {_CURE}", value))
        else:
            draft.add(line, person, instrument, name, at, plain_number, None, at)
    elif kind == "one":
        if question.choices and value not in question.choices:
            draft.unread.append((line, f"{name}: {value[:40]!r} is none of the question's choices; {_CURE}", value))
        else:
            draft.add(line, person, instrument, name, at, plain_number, question.choices.get(value) or value, at)
    elif kind == "many":
        ticked = value.split()
        unknown = [code for code in ticked if question.choices and code not in question.choices]
        if unknown:
            draft.unread.append((line, f"{name}: {unknown[0][:40]!r} is none of the question's choices; {_CURE}", value))
            return
        for code in question.choices or dict.fromkeys(ticked, ""):
            label = question.choices.get(code) or code
            draft.add(line, person, instrument, f"{name}___{code}", at, float(code in ticked), label, at)
    elif kind == "day" or name in wanted.keep:
        draft.add(line, person, instrument, name, at, None, value, at)
    else:
        draft.skipped[FREE_TEXT] += 1


def _asked(fields: Mapping[str, str], form: Form | None, wanted: _Wanted, zone: str) -> datetime | None:
    """When the answers were given, with its zone; None if the submission does not say."""
    usual = ("start", "end", "meta/timeStart", "meta/timeEnd", "today", "SubmissionDate")
    for name in (wanted.asked_on, *(form.started if form else ()), *usual):
        written = fields.get(name, "")
        if written:
            found = datetime.fromisoformat(written)
            if "T" not in written and " " not in written:
                found = datetime.combine(date.fromisoformat(written), time())
            # The server writes the day of submission in UTC: the person's day is of the declared zone.
            placed = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
            return placed.astimezone(ZoneInfo(zone)) if name == "SubmissionDate" else placed
    return None


SOURCES.add(NAME, Odk())
