"""Beiwe: a folder a participant, in it a folder a data stream, in it CSV files by the hour; surveys are answers, the rest observations.

Forms as in Beiwe's documentation of data streams (Onnela lab). Free text of a survey is not kept; neither is any number called.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.schemas import Answers, Observations, Quarantine
from heedful.sources.answers.drafted import AnswerDraft, answer_batches, number
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.phones.prompts import LARGEST_TYPED, answer_drafts, let_pass
from heedful.sources.phones.streams import (
    CURE,
    GRAVITY,
    About,
    Platform,
    Record,
    Stream,
    decimals_of,
    drafts,
    header,
    instant,
    is_csv,
    portions,
    position,
    recognised,
    stream_of,
)
from heedful.sources.wearables.drafts import Draft, Rows, batches
from heedful.sources.wearables.parts import Part, opened

NAME = "phones.beiwe"
NOT_ASKED = "question that was not shown or not answered"
NO_QUESTION = "text shown without a question"
FREE_TEXT = "free text, which is not kept"
ON_SCREEN = "event of a question on the screen: shown, changed, left, handed in"
NO_SCREEN = "event of power that is none of the screen"
_STREAM_FOLDERS = ("accelerometer", "gps", "power_state", "calls", "texts", "survey_answers", "survey_timings", "gyro", "wifi",
                   "bluetooth", "reachability", "proximity", "magnetometer", "devicemotion", "identifiers", "app_log",
                   "audio_recordings", "ios_log")  # fmt: skip
_NAMED = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d)_(\d\d)_(\d\d)([+-]\d\d)_(\d\d)")
_SCREEN = {"screen turned on": "on", "screen turned off": "off", "unlocked": "unlocked", "locked": "locked"}
_CALLS = {"incoming call": "incoming", "outgoing call": "outgoing", "missed call": "missed"}
_TEXTS = {"received sms": "received", "sent sms": "sent", "received": "received", "sent": "sent"}
_CODES = ("acceleration_enmo", "acceleration_mad", "acceleration_mean", "latitude", "longitude", "phone_call", "phone_message",
          "screen_event")  # fmt: skip
_QUESTIONS = ("question id", "question type", "question text", "answer")


def _gps(record: Record, about: About) -> None:
    position(record["latitude"], record["longitude"], about)


def _power(record: Record, about: About) -> None:
    state = _SCREEN.get(record["event"].strip().lower())
    if state is None:
        about.skipped[NO_SCREEN] += 1
        return
    about.add("screen_event", value_code=state)


def _call(record: Record, about: About) -> None:
    contact = orjson.dumps({"contact": record["hashed phone number"][:80]}).decode()
    about.add("phone_call", float(record["duration in seconds"]), value_code=_CALLS[record["call type"].strip().lower()], extra=contact)


def _text(record: Record, about: About) -> None:
    contact = orjson.dumps({"contact": record["hashed phone number"][:80]}).decode()
    about.add("phone_message", 1.0, value_code=_TEXTS[record["sent vs received"].strip().lower()], extra=contact)


_STREAMS = (
    Stream("survey_timings", ("UTC time", "question id", "survey id", "event")),
    Stream("survey_answers", _QUESTIONS),
    Stream("gps", ("timestamp", "UTC time", "latitude", "longitude"), _gps),
    Stream("accelerometer", ("timestamp", "UTC time", "accuracy", "x", "y", "z"), axes=("x", "y", "z")),
    Stream("calls", ("hashed phone number", "call type", "duration in seconds"), _call),
    Stream("texts", ("hashed phone number", "sent vs received"), _text),
    Stream("power_state", ("timestamp", "UTC time", "event"), _power),
    Stream("another stream of Beiwe", ("timestamp", "UTC time")),
)


class Beiwe:
    """Reads a study's or a participant's folder, a zip of it, or one file. The folder above the streams names the participant, else
    `Options.subject`; `decimals` (2) is how fine positions are kept. An answer's item is the question's id, its instrument the survey's.
    """

    card = SourceCard(
        name=NAME,
        says="Beiwe's data of phones: positions, acceleration, screen, calls, texts, surveys and their prompts, a folder a participant",
        family="wearables",
        tables=(Observations, Answers, Quarantine),
        zone_rule="Instants are Unix milliseconds, or UTC in the name of a survey's file; the local day by the declared zone.",
        terms="Data of participants: only under their consent; free text of surveys is not kept.",
        tested_on="real form: surveys and positions of forest's tests; acceleration, screen, calls and texts untested on real files",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By a header that only Beiwe writes; a folder or zip if many of its CSV files are such."""
        return recognised(path, head, _STREAMS[:-1])

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations, then of answers. Errors: `SourceError` if no stream's file is there; `SettingsError`."""
        decimals = decimals_of(path, NAME, options.settings, ("decimals",))
        with opened(path, is_csv) as parts:
            parts = [replace(part, place=_place(path)) for part in parts] if path.is_file() and not zipfile.is_zipfile(path) else parts
            known = [(part, _stream(part, len(parts))) for part in parts]
            if not any(stream for _, stream in known):
                raise SourceError(path, "no file in it is a stream of Beiwe", "Give the folder of a participant or study.")
            total = sum(part.size for part in parts)
            surveys = [part for part, stream in known if stream and stream.name == "survey_answers"]
            timings = [part for part, stream in known if stream and stream.name == "survey_timings"]
            others = [(part, stream) for part, stream in known if not (stream and stream.name in ("survey_answers", "survey_timings"))]
            if not cursor or "draft" in cursor:
                yield from batches(_observed(others, options, decimals), options, known_at, cursor, total)
                cursor = None
            done = sum(part.size for part in (*surveys, *(part for part, _ in others)))
            passed = answer_drafts(timings, partial(_timed, options=options), done, alone=len(known) == 1)
            yield from answer_batches(chain(_answered(surveys, options), passed), options, known_at, cursor, total)


def _place(path: Path) -> str:
    """A single file's place below its study, where it still lies in Beiwe's folders: they say whose it is, and of which survey."""
    folders = path.absolute().parts
    at = next((place for place in range(len(folders) - 2, 0, -1) if folders[place] in _STREAM_FOLDERS), None)
    return path.name if at is None else PurePosixPath(*folders[at - 1 :]).as_posix()


def _stream(part: Part, count: int) -> Stream | None:
    try:
        return stream_of(header(part.bytes()[:65_536]), _STREAMS)
    except SourceError:
        if count == 1:
            raise
        return None


def _observed(known: list[tuple[Part, Stream | None]], options: Options, decimals: int) -> Iterator[Draft]:
    done = 0
    for part, stream in known:
        done += part.size
        if stream is None:
            yield Draft(part.name, Rows().table(), aside=Counter({f"file that is no stream's: {_folder(part)}": 1}), done=done)
            continue
        try:
            for draft in drafts(part, stream, _PLATFORM, options, decimals):
                draft.done = done
                yield draft
        except SourceError as error:
            if len(known) == 1:
                raise
            yield Draft(part.name, Rows().table(), [(error.line or 1, f"{error.reason}; {error.cure}", None)], done=done)


def _folder(part: Part) -> str:
    return next((name for name in PurePosixPath(part.place).parts if name in _STREAM_FOLDERS), part.name[:80])


def _participant(part: Part, options: Options) -> str:
    folders = PurePosixPath(part.place).parts[:-1]
    at = next((place for place, name in enumerate(folders) if name in _STREAM_FOLDERS), 0)
    return folders[at - 1] if at else (options.subject or "self")


def _answered(parts: list[Part], options: Options) -> Iterator[AnswerDraft]:
    done = 0
    for part in parts:
        done += part.size
        draft = AnswerDraft(part.name, done=done)
        try:
            at = _named_time(part)
            _survey(part, at.astimezone(ZoneInfo(options.zone)), _participant(part, options), draft)
        except (ValueError, csv.Error, SourceError) as error:
            draft.rows, draft.skipped = [], Counter()
            draft.unread = [(1, f"the survey cannot be read: {str(error)[:200]}; fetch it again from Beiwe under its own name", None)]
        yield draft


def _named_time(part: Part) -> datetime:
    """The time in a survey's name. Raises `ValueError` for another name."""
    named = _NAMED.match(part.name)
    if not named:
        raise ValueError("its name is no time such as 2022-03-10 14_06_43+00_00.csv")
    day, hour, minute, second, east, rest = named.groups()
    return datetime.fromisoformat(f"{day}T{hour}:{minute}:{second}{east}:{rest}").astimezone(UTC)


def _survey_id(part: Part) -> str:
    folders = PurePosixPath(part.place).parts
    return folders[-2] if len(folders) > 1 and folders[-2] not in _STREAM_FOLDERS else "survey"


def _timed(part: Part, draft: AnswerDraft, options: Options) -> None:
    """Prompts that expired. When a notification came is written nowhere: the prompt's time is that of its end.

    A prompt also ends so at the second at which answers are handed in. Both rows then have one time, that of the answers' file name, and
    are one prompt, which was answered.
    """
    person = _participant(part, options)
    for records, unread in portions(part):
        draft.unread += unread
        for line, record in records:
            try:
                at, survey = instant(record["timestamp"]).replace(microsecond=0), record["survey id"].strip()[:80] or _survey_id(part)
                if record["event"].strip().lower() != "expired":
                    draft.skipped[ON_SCREEN] += 1
                else:
                    let_pass(draft, line, person, survey, "expired", at.astimezone(ZoneInfo(options.zone)))
            except (ValueError, KeyError, OverflowError, OSError) as error:
                why = f"the line of survey_timings cannot be read ({type(error).__name__}: {str(error)[:80]}); {CURE}"
                draft.unread.append((line, why, None))


def _survey(part: Part, at: datetime, person: str, draft: AnswerDraft) -> None:
    survey = _survey_id(part)
    reader = csv.DictReader(io.StringIO(part.bytes().decode("utf-8-sig", "replace").replace("\0", "")))
    for record in reader:
        line = reader.line_num
        if None in record.values() or None in record:
            draft.unread.append((line, "the line has another number of cells than the header; fetch the file again from Beiwe", None))
            continue
        kind, answer = record["question type"].strip().lower(), record["answer"].strip()
        if kind == "info_text_box":
            draft.skipped[NO_QUESTION] += 1
        elif not answer or answer in ("NOT_PRESENTED", "NO_ANSWER_SELECTED"):
            draft.skipped[NOT_ASKED] += 1
        elif kind in ("free_response", "free response", "open response question") and _is_own_words(answer):
            draft.skipped[FREE_TEXT] += 1
        else:
            label = _label(kind, answer, record.get("question answer options") or "")
            draft.add(line, person, survey, record["question id"][:80], at, number(answer), label, answered_at=at)


def _is_own_words(answer: str) -> bool:
    value = number(answer)
    return value is None or abs(value) >= LARGEST_TYPED


def _label(kind: str, answer: str, options: str) -> str | None:
    """The words of a choice: of a radio button the option of that number (from 0), of checkboxes what was ticked."""
    if kind.startswith("radio"):
        choices = [choice.strip() for choice in options.strip().strip("[]").split(";")]
        index = int(answer) if answer.isdigit() else -1
        # Choices that hold a semicolon themselves cannot be told apart: the number is kept, the words are not.
        return (
            choices[index] if 0 <= index < len(choices) and ";;" not in options and "(;)" not in options else None if index >= 0 else answer
        )
    return None if number(answer) is not None else answer


def _person(record: Record, part: Part, options: Options) -> str:
    return _participant(part, options)


def _device(record: Record) -> str:
    return "phone"


_PLATFORM = Platform(_STREAMS, "timestamp", _person, _device, lambda median: 1.0 if median < 4 else GRAVITY)
"""Android gives m/s², iOS g: at rest 9.8 or 1, so that the median tells them apart."""

SOURCES.add(NAME, Beiwe())
