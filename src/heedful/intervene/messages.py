"""Messages: actions with their texts by language and reading level, filled with a person's own numbers."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from heedful.core.errors import HeedfulError

LEVELS = ("plain", "standard")
FALLBACK_LANGUAGE = "en"


class MessageError(HeedfulError):
    """A message does not exist in the library, or lacks a value that its text shows."""


@dataclass(frozen=True)
class Message:
    """One text of an action. `{names}` in braces are filled from the person's values.

    `action`: what the ledger calls it. `language`: BCP 47 tag. `level`: 'plain' (short words, short sentences) or 'standard'.
    `not_for`: tags of people to whom the action must not go, such as 'no_walking'.
    """

    action: str
    language: str
    level: str
    text: str
    not_for: frozenset[str] = frozenset()

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the values that the text shows."""
        return tuple(name for _, name, _, _ in string.Formatter().parse(self.text) if name)


class Library:
    """Messages by action, language and level.

    Every action has an English text, which stands in where the person's language has none; a level that is missing is replaced
    by the other one of the same language first. Raises `MessageError` for two texts in one place, and for an action without
    English.
    """

    def __init__(self, messages: Iterable[Message]) -> None:
        self._texts: dict[tuple[str, str, str], Message] = {}
        self._not_for: dict[str, frozenset[str]] = {}
        for message in messages:
            place = (message.action, message.language, message.level)
            if place in self._texts:
                raise MessageError(f"There are two messages {place}; a decision could not say which was sent.")
            self._texts[place] = message
            self._not_for[message.action] = self._not_for.get(message.action, frozenset()) | message.not_for
        english = {action for action, language, _ in self._texts if language == FALLBACK_LANGUAGE}
        lost = sorted(set(self._not_for) - english)
        if lost:
            raise MessageError(f"The actions {lost} have no English text, which stands in where a person's language has none.")

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(sorted(self._not_for))

    def __iter__(self) -> Iterator[Message]:
        return iter(self._texts.values())

    def not_for(self, action: str) -> frozenset[str]:
        """Tags of people to whom an action must not go, from all of its texts. Raises `MessageError` if it does not exist."""
        if action not in self._not_for:
            raise MessageError(f"There is no message {action!r} in the library. Known: {', '.join(self.actions)}.")
        return self._not_for[action]

    def text_for(self, action: str, language: str, level: str) -> Message:
        """The text of an action for a reader: own language (with its region, then without), then English; own level, then another."""
        self.not_for(action)
        for tongue in (language, language.split("-")[0].lower(), FALLBACK_LANGUAGE):
            for wanted in (level, *LEVELS):
                if (action, tongue, wanted) in self._texts:
                    return self._texts[action, tongue, wanted]
        raise MessageError(f"There is no text of {action!r} at any level of {', '.join(LEVELS)}.")


def render(message: Message, values: Mapping[str, float | str]) -> str:
    """The text with its values filled in; numbers as whole numbers. Raises `MessageError` if one is missing.

    >>> render(Message("walk", "en", "plain", "You took {steps} steps."), {"steps": 6234.0})
    'You took 6,234 steps.'
    """
    lost = [name for name in message.needs if values.get(name) is None]
    if lost:
        raise MessageError(f"The message {message.action} ({message.language}, {message.level}) shows {lost}, which is not known.")
    grouping = {"en": ",", "de": ".", "es": "."}.get(message.language.split("-")[0], " ")
    shown = {
        name: value if isinstance(value, str) else f"{round(value):,}".replace(",", grouping)
        for name, value in ((name, values[name]) for name in message.needs)
    }
    return message.text.format_map(shown)


def deliver_by(scheduled_at: datetime, window_minutes: int, quiet_begins: datetime | None) -> datetime:
    """The instant after which a message is not sent any more: the end of the window, or the start of quiet hours before it."""
    end = scheduled_at + timedelta(minutes=window_minutes)
    return end if quiet_begins is None else min(end, quiet_begins)
