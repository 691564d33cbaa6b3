from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from heedful.intervene.library import LIBRARY
from heedful.intervene.messages import Library, Message, MessageError, deliver_by, render

AT = datetime(2026, 3, 1, 18, tzinfo=UTC)


def test_there_are_six_english_actions_at_both_levels_and_some_in_spanish_and_german() -> None:
    places = {(message.action, message.language, message.level) for message in LIBRARY}
    english = {action for action, language, _ in places if language == "en"}
    assert len(english) >= 6
    assert all((action, "en", level) in places for action in english for level in ("plain", "standard"))
    assert {language for _, language, _ in places} >= {"es", "de"}


def _grade(text: str) -> float:
    """Flesch-Kincaid grade with vowel groups as syllables (Kincaid 1975)."""
    words = re.findall(r"[A-Za-z']+", text)
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e$", "", word.lower())))) for word in words)
    sentences = max(1, len(re.findall(r"[.!?]", text)))
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59


@pytest.mark.parametrize(
    "message", [message for message in LIBRARY if (message.language, message.level) == ("en", "plain")], ids=lambda m: m.action
)
def test_plain_english_is_at_sixth_grade_or_below(message: Message) -> None:
    assert _grade(message.text) <= 6


@pytest.mark.parametrize("message", list(LIBRARY), ids=lambda m: f"{m.action}-{m.language}-{m.level}")
def test_every_message_renders_and_fits_a_short_notification(message: Message) -> None:
    text = render(message, {"goal": 7250.0, "steps": 6234.4})
    assert "{" not in text
    assert len(text) <= 160


def test_numbers_are_grouped_as_the_language_does() -> None:
    assert "7.250 Schritte" in render(LIBRARY.text_for("walk_goal", "de-AT", "plain"), {"goal": 7250.0})
    assert "7,250 steps" in render(LIBRARY.text_for("walk_goal", "en", "plain"), {"goal": 7250.0})


def test_the_level_gives_way_before_the_language_and_the_language_to_english() -> None:
    assert LIBRARY.text_for("walk_short", "es", "standard").language == "es"
    assert LIBRARY.text_for("wind_down", "es-MX", "plain").language == "en"


def test_a_missing_value_an_unknown_action_two_texts_and_no_english_are_errors() -> None:
    with pytest.raises(MessageError, match="goal"):
        render(LIBRARY.text_for("walk_goal", "en", "plain"), {})
    with pytest.raises(MessageError, match="Known"):
        LIBRARY.text_for("buy_now", "en", "plain")
    with pytest.raises(MessageError, match="two messages"):
        Library([Message("a", "en", "plain", "x"), Message("a", "en", "plain", "y")])
    with pytest.raises(MessageError, match="no English"):
        Library([Message("a", "de", "plain", "x")])


def test_a_message_must_leave_before_its_window_ends_or_quiet_hours_begin() -> None:
    assert deliver_by(AT, 60, None) == AT + timedelta(hours=1)
    assert deliver_by(AT, 60, AT + timedelta(minutes=20)) == AT + timedelta(minutes=20)
