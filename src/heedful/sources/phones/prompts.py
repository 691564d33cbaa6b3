"""What phones' platforms share about questions that were asked: answers by file, and prompts that were let pass, which are rows as well.

A prompt without an answer is a row whose item says what became of it (`prompt (expired)`) and that has neither number nor words: so the
share of prompts that were answered can be counted (`behavior.ema_compliance`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from heedful.core.errors import SourceError
from heedful.sources.answers.drafted import AnswerDraft
from heedful.sources.wearables.parts import Part

LARGEST_TYPED = 100_000
"""A larger number in somebody's own words may be a telephone number or an identifier, and is not kept either."""
FREE_TEXT = "(free text, not kept)"
"""The words of an answer in somebody's own words: that it was given is known, what it says is not."""
PENDING = "prompt that was not over yet"


def let_pass(draft: AnswerDraft, line: int, person: str, instrument: str, became: str, asked_at: datetime) -> None:
    """A prompt that nobody answered; `became` is expired, dismissed, …"""
    draft.add(line, person, instrument, f"prompt ({became})", asked_at, None, None)


def answer_drafts(parts: Sequence[Part], read: Callable[[Part, AnswerDraft], None], done: int, alone: bool) -> Iterator[AnswerDraft]:
    """A draft of each file; one that is refused is set aside with its reason, and raises `SourceError` if nothing else was given."""
    for part in parts:
        done += part.size
        draft = AnswerDraft(part.name, done=done)
        try:
            read(part, draft)
        except SourceError as error:
            if alone:
                raise
            draft = AnswerDraft(part.name, done=done, unread=[(error.line or 1, f"{error.reason}; {error.cure}", None)])
        yield draft
