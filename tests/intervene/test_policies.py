"""One suite that every registered policy passes; registering is enough to be tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from heedful.core.errors import SettingsError
from heedful.intervene.policies import POLICIES, Context, FixedPolicy, Policy, PolicyError, Rule, RulePolicy, keyed_u
from heedful.intervene.policies.base import NO_MESSAGE

KEY = b"a key of the test"
AT = datetime(2026, 3, 1, 18, tzinfo=UTC)
NAMES = POLICIES.names()

values = st.dictionaries(st.sampled_from(["steps[sum]", "sleep_minutes[main]"]), st.one_of(st.none(), st.floats(0, 50_000)), max_size=2)
contexts = st.builds(
    Context,
    person=st.text(max_size=20),
    point=st.sampled_from(["evening", "noon"]),
    scheduled_at=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    messages=st.lists(st.sampled_from(["walk_short", "walk_goal", "stand_up", "refill"]), max_size=4, unique=True).map(tuple),
    values=values,
)
bounds = st.tuples(st.floats(0, 0.99), st.floats(0, 0.99)).map(sorted)


@pytest.mark.parametrize("name", NAMES)
@given(context=contexts, clip=bounds)
def test_probabilities_sum_to_one_within_the_clip_and_no_message_is_always_possible(name: str, context: Context, clip: list[float]) -> None:
    policy = POLICIES.get(name)(low=clip[0], high=clip[1])
    probabilities = policy.probabilities(context)
    assert sum(probabilities.values()) == pytest.approx(1, abs=1e-12)
    assert min(probabilities.values()) >= 0
    assert set(probabilities) == {*context.messages, NO_MESSAGE}
    assert probabilities[NO_MESSAGE] > 0
    if context.messages:
        assert clip[0] - 1e-12 <= 1 - probabilities[NO_MESSAGE] <= clip[1] + 1e-12
    else:
        assert probabilities == {NO_MESSAGE: 1.0}


@pytest.mark.parametrize("name", NAMES)
@given(context=contexts)
def test_a_replay_draws_the_same_and_the_logged_probability_is_the_actions(name: str, context: Context) -> None:
    policy = POLICIES.get(name)()
    choice = policy.choose(context, KEY)
    assert POLICIES.get(name)().choose(context, KEY) == choice
    assert 0 <= choice.u < 1
    assert choice.probability == choice.probabilities[choice.action]
    assert choice.action in (*context.messages, NO_MESSAGE)


@pytest.mark.parametrize("name", NAMES)
def test_actions_come_as_often_as_their_probability_says(name: str) -> None:
    policy = POLICIES.get(name)()
    people = 4_000
    context = [Context(f"p{n}", "evening", AT, ("walk_short", "walk_goal"), {"steps[sum]": 4_000.0}) for n in range(people)]
    choices = [policy.choose(one, KEY) for one in context]
    for action, probability in choices[0].probabilities.items():
        share = np.mean([choice.action == action for choice in choices])
        # Four standard errors; the draw is a fixed hash, so this cannot flicker.
        assert share == pytest.approx(probability, abs=4 * (probability * (1 - probability) / people) ** 0.5 + 1e-12)


def test_u_is_uniform_and_equals_the_stated_construction() -> None:
    from hashlib import blake2b

    drawn = [keyed_u(KEY, f"p{n % 50}", "evening", AT + timedelta(days=n)) for n in range(5_000)]
    assert kstest(drawn, "uniform").pvalue > 0.001
    digest = blake2b(
        b"\x00\x00\x00\x02p1\x00\x00\x00\x07evening\x00\x00\x00\x202026-03-01T18:00:00.000000+00:00", key=KEY, digest_size=8
    ).digest()  # fmt: skip
    assert keyed_u(KEY, "p1", "evening", AT) == (int.from_bytes(digest, "big") >> 11) / 2**53


def test_u_hangs_on_the_instant_not_on_how_it_is_written_and_never_runs_names_together() -> None:
    assert keyed_u(KEY, "p", "e", AT) == keyed_u(KEY, "p", "e", AT.astimezone(timezone(timedelta(hours=-5))))
    assert keyed_u(KEY, "ab", "c", AT) != keyed_u(KEY, "a", "bc", AT)
    assert keyed_u(KEY, "p", "e", AT) != keyed_u(b"another", "p", "e", AT)
    with pytest.raises(SettingsError, match="foresee"):
        keyed_u(b"", "p", "e", AT)


@pytest.mark.parametrize(("low", "high"), [(0.5, 0.4), (0.1, 1.0), (-0.1, 0.5)])
def test_a_clip_that_would_take_no_message_away_is_refused(low: float, high: float) -> None:
    with pytest.raises(SettingsError, match="no message is always possible"):
        FixedPolicy(low=low, high=high)


@dataclass(frozen=True)
class _Broken(Policy):
    name: ClassVar[str] = "broken"
    version: ClassVar[int] = 1
    answer: float = float("nan")
    action: str = "walk_short"

    def wish(self, context: Context) -> Mapping[str, float]:
        return {self.action: self.answer}


@pytest.mark.parametrize("broken", [_Broken(), _Broken(answer=-0.1), _Broken(answer=1.2), _Broken(answer=0.5, action="buy_now")])
def test_what_is_no_probability_is_an_error_and_never_a_coin(broken: Policy) -> None:
    with pytest.raises(PolicyError):
        broken.choose(Context("p", "e", AT, ("walk_short",), {}), KEY)


@pytest.mark.parametrize(("steps", "wanted"), [(3_000.0, 0.6), (6_000.0, 0.3), (12_000.0, 0.1), (None, 0.3)])
def test_the_first_rule_that_holds_counts_and_a_missing_feature_fires_none(steps: float | None, wanted: float) -> None:
    context = Context("p", "e", AT, ("walk_short", "walk_goal"), {"steps[sum]": steps})
    assert 1 - RulePolicy(low=0).probabilities(context)[NO_MESSAGE] == pytest.approx(wanted)


def test_a_rule_whose_message_is_not_allowed_falls_to_the_allowed_ones() -> None:
    context = Context("p", "e", AT, ("stand_up",), {"steps[sum]": 10.0})
    assert RulePolicy().probabilities(context)["stand_up"] == pytest.approx(0.6)


def test_impossible_rules_are_refused() -> None:
    with pytest.raises(SettingsError):
        Rule("steps[sum]", "<", 1, 1.5)
    with pytest.raises(SettingsError):
        Rule("steps[sum]", "==", 1, 0.5)  # type: ignore[arg-type]
