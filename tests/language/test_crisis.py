"""Words that call for a human: what fires, of which kind, and what does not."""

from __future__ import annotations

import polars as pl
import pytest

from heedful.core.registry import METHODS
from heedful.language.crisis import CRISIS_KINDS, CRISIS_PATTERN, crises, crisis_words
from heedful.simulate.grammar import KINDS


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I want to die", "self_harm"),
        ("I do not want to be alive anymore", "self_harm"),
        ("i don’t want to live", "self_harm"),
        ("no reason to live", "self_harm"),
        ("thinking about ending it all", "self_harm"),
        ("I've been cutting myself again", "self_harm"),
        ("everyone would be better off without me", "self_harm"),
        ("I overdosed last night", "overdose"),
        ("took all my pills", "overdose"),
        ("took 30 tablets", "overdose"),
        ("I can't breathe", "emergency"),
        ("crushing chest pain", "emergency"),
        ("my throat is closing up", "emergency"),
        ("she is unconscious", "emergency"),
        ("my face is drooping", "emergency"),
        ("dying to see you", None),
        ("this traffic is killing me", None),
        ("took my pills as usual", None),
        ("the breathing exercise helps", None),
        ("died laughing", None),
        ("", None),
        (None, None),
    ],
)
def test_kinds(text: str | None, kind: str | None) -> None:
    told = crises(pl.Series([text], dtype=pl.String))
    assert told["kind"].to_list() == [kind]
    words = told["words"][0]
    assert (words is None) == (kind is None)
    assert words is None or words in (text or "")
    assert crisis_words(pl.Series([text], dtype=pl.String))[0] == words


def test_self_harm_goes_before_the_others() -> None:
    assert crises(pl.Series(["overdosed because I want to die"])).row(0) == ("self_harm", "want to die")


def test_one_pattern_holds_them_all() -> None:
    texts = pl.Series(["I want to die", "overdosed", "can't breathe", "fine"])
    assert texts.str.contains(CRISIS_PATTERN).to_list() == [True, True, True, False]
    assert set(CRISIS_KINDS) == {"self_harm", "overdose", "emergency"}


def test_what_the_simulator_calls_a_crisis_is_one() -> None:
    texts = pl.Series([sentence for kind in KINDS.values() for sentence in kind.sentences])
    names = [name for name, kind in KINDS.items() for _ in kind.sentences]
    fired = crisis_words(texts).is_not_null()
    assert {name for name, hit in zip(names, fired, strict=True) if hit} == {"crisis"}


def test_the_card_is_registered() -> None:
    assert METHODS.get("language.crisis_words").card.limits
