"""RADAR's active app: questionnaires (`questionnaire_phq8`, `questionnaire_esm`, …) and its log of how far each was filled in.

A row is a questionnaire; its answers stand in numbered columns `value.answers.N.questionId`, `.value`, `.startTime`, `.endTime`. It was
asked when the phone notified (`value.timeNotification`), else when it was begun (`value.time`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from heedful.sources.answers.drafted import AnswerDraft, number
from heedful.sources.phones.prompts import FREE_TEXT, let_pass
from heedful.sources.phones.streams import CURE, Record, instant, portions
from heedful.sources.wearables.parts import Part

FORM = ("key.userId", "value.time", "value.name", "value.timeCompleted")
LOG = ("key.userId", "value.time", "value.name", "value.completionPercentage")
NOT_ANSWERED = "question without an answer"
COMPLETE = "log of a questionnaire that was filled in"
_CODED = re.compile(r"[\w.:,+\-/\[\]]{1,40}", re.ASCII)
"""A coded answer, a time or a list of codes; longer ones, of several words or with an @, are somebody's own."""

Place = Callable[[Record, datetime], tuple[str, datetime]]


def read(part: Part, draft: AnswerDraft, placed: Place) -> None:
    """The answers, or the unanswered prompts, of one file."""
    for records, unread in portions(part):
        draft.unread += unread
        for line, record in records:
            held = len(draft.rows)
            try:
                person, asked = placed(record, _asked(record))
                name = record["value.name"].strip()[:80] or "questionnaire"
                if "value.completionPercentage" in record:
                    _logged(draft, line, person, name, asked, record)
                else:
                    _filled(draft, line, person, name, asked, record)
            except (ValueError, KeyError, OverflowError, OSError) as error:
                del draft.rows[held:]
                draft.unread.append((line, f"the questionnaire cannot be read ({type(error).__name__}: {str(error)[:80]}); {CURE}", None))


def _asked(record: Record) -> datetime:
    """When it was asked. Raises `ValueError` for what is no time."""
    notified = (record.get("value.timeNotification") or "").strip()
    return instant(notified if (number(notified) or 0) > 0 else record["value.time"])


def _logged(draft: AnswerDraft, line: int, person: str, name: str, asked: datetime, record: Record) -> None:
    share = number(record["value.completionPercentage"] or "0")
    if share is None or not 0 <= share <= 100:
        raise ValueError("its completionPercentage is no share")
    if share < 100:
        let_pass(draft, line, person, name, "incomplete" if share else "expired", asked)
    else:
        draft.skipped[COMPLETE] += 1


def _filled(draft: AnswerDraft, line: int, person: str, name: str, asked: datetime, record: Record) -> None:
    completed = instant(record["value.timeCompleted"]) if record["value.timeCompleted"].strip() else None
    for place in range(len(record)):
        item = record.get(f"value.answers.{place}.questionId")
        if item is None:
            break
        answer = (record.get(f"value.answers.{place}.value") or "").strip()
        if not item.strip() or not answer:
            draft.skipped[NOT_ANSWERED] += 1
            continue
        value = number(answer)
        words = None if value is not None else answer if _CODED.fullmatch(answer) else FREE_TEXT
        draft.add(line, person, name, item.strip()[:80], asked, value, words, answered_at=completed)
