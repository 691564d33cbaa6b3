"""AWARE's table of experience samples (`esms`): questions that the phone asked, and what became of each.

Statuses and kinds of question as in AWARE's client (ESM.java): 0 new, 1 dismissed, 2 answered, 3 expired, 4 visible, 5 branched over,
6 replaced or timed out. `esm_json` holds the question; older tables have its fields as columns of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from heedful.sources.answers.drafted import AnswerDraft, number
from heedful.sources.phones.prompts import FREE_TEXT, LARGEST_TYPED, PENDING, let_pass
from heedful.sources.phones.streams import CURE, Record, instant, portions
from heedful.sources.wearables.parts import Part

MARKS = ("device_id", "timestamp", "esm_status", "esm_user_answer")
NOT_ASKED = "question that was not shown, by a condition of the form"
_BECAME = {"1": "dismissed", "3": "expired", "6": "replaced"}
_CHOICES = {"2": "esm_radios", "3": "esm_checkboxes", "5": "esm_quick_answers"}
_TIMES, _AFFECT, _TYPED = ("7", "11", "12"), "8", "1"
_TOGETHER = 1.0
"""Seconds between questions of one queue: the client stamps them a millisecond apart, and they are one prompt."""

Place = Callable[[Record, datetime], tuple[str, datetime]]
"""Whose row it is, and its time in the zone where the phone was."""


def read(part: Part, draft: AnswerDraft, placed: Place) -> None:
    """The answers and prompts of one file; what is typed freely is not kept."""
    found = list[tuple[str, str, datetime, int, Record, Mapping[str, Any]]]()
    for records, unread in portions(part):
        draft.unread += unread
        for line, record in records:
            try:
                question = _question(record)
                person, at = placed(record, instant(record["timestamp"]))
                found.append((person, _instrument(record, question), at, line, record, question))
            except (ValueError, KeyError, OverflowError, OSError) as error:
                draft.unread.append((line, f"the line of esms cannot be read ({type(error).__name__}: {str(error)[:80]}); {CURE}", None))
    for asked_at, (person, instrument, _, line, record, question) in _prompts(found):
        try:
            _one(draft, line, person, instrument, asked_at, record, question)
        except (ValueError, OverflowError, OSError) as error:
            draft.unread.append((line, f"the answer cannot be read ({str(error)[:80]}); {CURE}", None))


def _prompts(found: list[Any]) -> Iterator[tuple[datetime, Any]]:
    """Each row with the time at which its prompt began."""
    found.sort(key=lambda row: (row[0], row[1], row[2], row[3]))
    of, begin, last = None, None, None
    for row in found:
        if of != row[:2] or last is None or (row[2] - last).total_seconds() > _TOGETHER:
            of, begin = row[:2], row[2]
        last = row[2]
        assert begin is not None
        yield begin, row


def _one(
    draft: AnswerDraft, line: int, person: str, instrument: str, asked_at: datetime, record: Record, question: Mapping[str, Any]
) -> None:
    status = str(int(float(record["esm_status"] or 0)))
    if status in _BECAME:
        let_pass(draft, line, person, instrument, _BECAME[status], asked_at)
    elif status == "2":
        value, words = _answer(record["esm_user_answer"].strip(), question)
        written = (record.get("double_esm_user_answer_timestamp") or "").strip()
        answered = instant(written).astimezone(asked_at.tzinfo) if (number(written) or 0) > 0 else None
        draft.add(line, person, instrument, _item(question), asked_at, value, words, answered_at=answered)
    elif status == "5":
        draft.skipped[NOT_ASKED] += 1
    elif status in ("0", "4"):
        draft.skipped[PENDING] += 1
    else:
        raise ValueError(f"esm_status {status[:20]!r} is none of 0 to 6")


def _question(record: Record) -> Mapping[str, Any]:
    """The question's fields; those of the row itself where it has no `esm_json`. Raises `ValueError` for JSON that is none."""
    written = (record.get("esm_json") or "").strip()
    if not written:
        return record
    found = orjson.loads(written)
    found = found[0] if isinstance(found, list) and found else found
    found = found.get("esm", found) if isinstance(found, dict) else found
    if not isinstance(found, dict):
        raise ValueError("its esm_json is no question")
    return found


def _instrument(record: Record, question: Mapping[str, Any]) -> str:
    trigger = str(record.get("esm_trigger") or question.get("esm_trigger") or "").strip()
    return trigger[:80] or "esm"


def _item(question: Mapping[str, Any]) -> str:
    return str(question.get("esm_title") or question.get("esm_instructions") or "question").strip()[:80] or "question"


def _answer(written: str, question: Mapping[str, Any]) -> tuple[float | None, str | None]:
    """Number and words of an answer: of a scale its number, of choices those that the question offers."""
    kind = str(question.get("esm_type") or "").strip().removesuffix(".0")
    value = number(written)
    if kind in _CHOICES:
        return (value, written) if _offered(written, question.get(_CHOICES[kind])) else (None, FREE_TEXT)
    if value is not None and (kind != _TYPED or abs(value) < LARGEST_TYPED):
        return value, None
    return None, written[:80] if kind in (*_TIMES, _AFFECT) and written else FREE_TEXT


def _offered(written: str, offered: Any) -> bool:
    """Whether all that was ticked stands among the choices; what somebody wrote beside "other" does not."""
    if isinstance(offered, str):
        try:
            offered = orjson.loads(offered)
        except orjson.JSONDecodeError:
            return False
    choices = [str(one).strip() for one in offered] if isinstance(offered, list) else []
    try:
        several = orjson.loads(written)
    except orjson.JSONDecodeError:
        several = None
    ticked = [str(one).strip() for one in several] if isinstance(several, list) else [written]
    return all(one in choices for one in ticked) or all(one.strip() in choices for one in written.split(","))
