"""The illegal flows: refused by mypy, by pyright, and at run time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
import pytest

from heedful.core.errors import LabelError
from heedful.core.frames import Frame, checked
from heedful.core.labels import Care, Consented, Held, Public, PublicHealth, Purpose, Raw, Research
from heedful.core.schemas import BodyDays, Features, LinkedAccounts, Mentions, Observations, OwnPosts, PeopleMentions, Posts, Schema
from heedful.core.seals import seal
from heedful.trust.consent import EMPTY
from heedful.trust.doors import consent_door, disclose, disclose_consented, own_posts_door, public_door
from heedful.trust.pseudonyms import PseudonymKey

P = TypeVar("P", bound=Purpose)
FLOWS = Path(__file__).parent / "wrong" / "flows.py"
WRONG = {number: line.split("# WRONG: ")[1] for number, line in enumerate(FLOWS.read_text().splitlines(), start=1) if "# WRONG: " in line}


def test_there_are_twelve_flows() -> None:
    assert len(WRONG) == 12


def test_mypy_refuses_exactly_the_wrong_lines() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(FLOWS)], capture_output=True, text=True, check=False
    )
    found = {int(match[1]): match[2] for match in re.finditer(r"flows\.py:(\d+): error: (.*)", run.stdout)}
    assert found.keys() == WRONG.keys(), run.stdout + run.stderr
    assert all("incompatible type" in message or "has incompatible" in message for message in found.values()), found


def test_pyright_refuses_exactly_the_wrong_lines() -> None:
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, str(FLOWS)]
    run = subprocess.run(command, cwd=FLOWS.parents[3], capture_output=True, text=True, check=False)
    answers = json.loads(run.stdout)["generalDiagnostics"]
    found = {answer["range"]["start"]["line"] + 1: answer for answer in answers if answer["severity"] == "error"}
    assert found.keys() == WRONG.keys(), found
    assert {answer["rule"] for answer in found.values()} == {"reportArgumentType"}


@checked
def decide(features: Frame[Consented[Care], Features]) -> int:
    return len(features)


@checked
def mentions(posts: Frame[Public, Posts]) -> int:
    return len(posts)


@checked
def of_diary(mentions: Frame[Consented[P], Mentions]) -> int:
    return len(mentions)


@checked
def activity(rows: Frame[Consented[P], Observations]) -> int:
    return len(rows)


@checked
def timeline(posts: Frame[Consented[P], OwnPosts]) -> int:
    return len(posts)


@checked
def compare(one: Frame[Consented[P], Features], two: Frame[Consented[P], Features]) -> int:
    return len(one) + len(two)


def nobody(people: pl.DataFrame, minimum: int) -> pl.DataFrame:
    raise AssertionError("a refused flow must not reach the arithmetic")


def empty(label: Any, schema: type[Schema]) -> Any:
    return seal(schema.empty(), label, schema)


WRONG_CALLS: dict[str, Callable[[], Any]] = {
    "public to a decision about a person": lambda: decide(empty(Public, Features)),
    "raw to a subject room": lambda: mentions(empty(Raw, Posts)),
    "raw to counts": lambda: disclose(empty(Raw, PeopleMentions), nobody, 5),
    "research consent to care": lambda: decide(empty(Consented[Research], Features)),
    "care data to surveillance": lambda: disclose_consented(empty(Consented[Care], Features), nobody, 5),
    "research data to surveillance": lambda: disclose_consented(empty(Consented[Research], BodyDays), nobody, 5),
    "bodies that nobody was asked about to surveillance": lambda: disclose_consented(empty(Consented[Held], BodyDays), nobody, 5),
    "public to consented": lambda: of_diary(empty(Public, Mentions)),
    "an unlinked public post to a person": lambda: timeline(empty(Public, Posts)),
    "a link that is nobody's consent": lambda: own_posts_door(empty(Public, Posts), empty(Public, LinkedAccounts), EMPTY),
    "a participant's own post back to what is public": lambda: mentions(empty(Consented[Care], OwnPosts)),
    "the wrong schema": lambda: activity(empty(Consented[Care], Features)),
}


def test_every_flow_is_tried_at_run_time() -> None:
    assert WRONG_CALLS.keys() == set(WRONG.values())


@pytest.mark.parametrize("flow", sorted(WRONG_CALLS))
def test_the_flow_raises_at_run_time(flow: str) -> None:
    with pytest.raises(LabelError):
        WRONG_CALLS[flow]()


def test_what_is_held_decides_nothing() -> None:
    with pytest.raises(LabelError, match="Held"):
        decide(empty(Consented[Held], Features))


def test_two_purposes_are_not_compared() -> None:
    assert compare(empty(Consented[Care], Features), empty(Consented[Care], Features)) == 0
    with pytest.raises(LabelError):
        compare(empty(Consented[Care], Features), empty(Consented[PublicHealth], Features))


def test_bare_rows_get_no_label() -> None:
    with pytest.raises(LabelError, match="cannot be made from bare rows"):
        Frame(object(), Posts.empty(), Public, Posts)
    with pytest.raises(LabelError, match="rows without a label"):
        mentions(Posts.empty())  # type: ignore[arg-type]


def test_raw_rows_are_hidden() -> None:
    with pytest.raises(LabelError, match="may hold identifiers"):
        _ = empty(Raw, Posts).data


def test_the_two_name_spaces_are_not_joined() -> None:
    secret = b"s" * 32
    public, participant = PseudonymKey.of("public", secret), PseudonymKey.of("participant", secret)
    assert public.name("ada") != participant.name("ada")
    with pytest.raises(LabelError, match="never joined"):
        public_door(empty(Raw, Posts), participant, set(), set())
    with pytest.raises(LabelError, match="never joined"):
        consent_door(empty(Raw, Observations), public, pl.DataFrame(), set())


def test_posts_do_not_pass_the_consent_door() -> None:
    key = PseudonymKey.of("participant", b"s" * 32)
    row = {
        "source": "s", "post": "1", "author": "ada", "day": date(2026, 1, 1), "posted_at": datetime(2026, 1, 1, tzinfo=UTC),
        "known_at": datetime(2026, 1, 1, tzinfo=UTC), "text": "hi", "kind": "post", "synthetic": False,
    }  # fmt: skip
    with pytest.raises(LabelError, match="takes tables of participants"):
        consent_door(seal(pl.DataFrame([row]), Raw, Posts), key, pl.DataFrame(), set())
