from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar

import polars as pl
import pytest

from heedful.core.errors import LabelError, SettingsError
from heedful.core.frames import Frame
from heedful.core.labels import Care, Consented, Held, Public, PublicHealth, Research
from heedful.core.schemas import Decisions, Features, Posts
from heedful.core.seals import raw, seal
from heedful.intervene.burden import Budget
from heedful.intervene.decide import Decision, Due, Rules, decide, decide_many
from heedful.intervene.decision_points import DecisionPoint, scheduled
from heedful.intervene.eligibility import Eligibility
from heedful.intervene.ledger_state import LedgerState, ledger_states
from heedful.intervene.policies import Context, FixedPolicy, Policy, RulePolicy
from heedful.intervene.state import PersonState

POINT = DecisionPoint("evening", time(18), window_minutes=60, messages=("walk_short", "walk_goal"))
DUE = scheduled(POINT, "America/New_York", datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))[0]
AT = DUE.at
RULES = Rules(FixedPolicy(probability=0.5), b"key")
STATE = PersonState("p1", "America/New_York", birth_year=1980, values={"goal": 7000.0})


def _features(*rows: tuple[str, date, str, float | None]) -> Frame[Consented[Care], Features]:
    data = pl.DataFrame(rows, schema={"person": pl.String, "day": pl.Date, "feature": pl.String, "value": pl.Float64}, orient="row")
    missing = pl.when(pl.col("value").is_null()).then(pl.lit("not_worn")).otherwise(pl.lit(""))
    return seal(data.with_columns(unit=pl.lit("1"), coverage=pl.lit(1.0), missing=missing), Consented[Care], Features)


FEATURES = _features(("p1", date(2026, 3, 1), "steps[sum]", 4000.0), ("p2", date(2026, 3, 1), "steps[sum]", 9999.0))


def _decide(
    state: PersonState = STATE, consent: bool = True, ledger: LedgerState | None = None, rules: Rules = RULES, at: datetime = AT
) -> Decision:
    return decide(POINT, Due(state, DUE, consent, ledger or LedgerState()), FEATURES, rules, at)


STEPS_OF_THE_ORDER = [
    ("availability", {"state": {"driving": True}}),
    ("consent", {"consent": False}),
    ("eligibility", {"rules": {"eligibility": Eligibility(needs=("sleep_minutes[main]",))}}),
    ("safety", {"state": {"crisis_at": AT - timedelta(days=3)}}),
    ("burden", {"ledger": LedgerState((AT - timedelta(hours=2),))}),
    ("quiet_hours", {"rules": {"budget": Budget(quiet=replace(Budget().quiet, start=time(17)))}}),
]  # fmt: skip


def _with(*faults: dict[str, object]) -> Decision:
    state, rules, consent, ledger = STATE, RULES, True, None
    for fault in faults:
        state = replace(state, **fault.get("state", {}))  # type: ignore[arg-type]
        rules = replace(rules, **fault.get("rules", {}))  # type: ignore[arg-type]
        consent = bool(fault.get("consent", consent))
        ledger = fault.get("ledger", ledger)  # type: ignore[assignment]
    return _decide(state, consent, ledger, rules)


@pytest.mark.parametrize("first", range(len(STEPS_OF_THE_ORDER)))
def test_the_first_step_that_says_no_is_the_one_that_is_named_whatever_else_speaks_against_it(first: int) -> None:
    decision = _with(*[fault for _, fault in STEPS_OF_THE_ORDER[first:]])
    assert (decision.outcome, decision.refused_by) == ("refused", STEPS_OF_THE_ORDER[first][0])
    assert decision.action == "none"
    assert (decision.text, decision.deliver_by, decision.u, decision.probability) == (None, None, None, None)
    assert decision.reason.endswith(".")


def test_without_consent_the_features_are_not_even_looked_at() -> None:
    assert _decide(consent=False).features == "{}"


def test_a_decision_to_send_carries_its_text_its_probability_and_the_time_by_which_it_must_leave() -> None:
    decisions = [_decide(replace(STATE, person=f"p{n}")) for n in range(40)]
    sent = [decision for decision in decisions if decision.outcome == "send"]
    assert 8 <= len(sent) <= 32
    for decision in sent:
        assert decision.action in POINT.messages
        assert decision.probability == 0.25
        assert decision.text
        assert decision.deliver_by == AT + timedelta(minutes=60)
    for decision in decisions:
        if decision.outcome == "no_message":
            assert (decision.action, decision.probability, decision.text) == ("none", 0.5, None)
    assert {decision.outcome for decision in decisions} == {"send", "no_message"}


def test_the_same_arguments_give_the_same_decision_and_it_fits_the_ledger() -> None:
    decision = _decide()
    assert _decide() == decision
    row = Decisions.check(pl.DataFrame([decision.row()], schema_overrides=Decisions.dtypes())).row(0, named=True)
    assert row["scheduled_at"] == AT
    assert row["offset_minutes"] == -300
    assert row["policy"] == "fixed/1"
    assert json.loads(row["features"])["features"] == {"steps[sum]": 4000.0}


def test_only_the_persons_own_newest_days_before_the_decision_are_seen() -> None:
    features = _features(
        ("p1", date(2026, 2, 20), "old", 1.0), ("p1", date(2026, 3, 2), "today", 1.0), ("p2", date(2026, 3, 1), "not_mine", 1.0),
        ("p1", date(2026, 2, 27), "a", 1.0), ("p1", date(2026, 3, 1), "a", None), ("p1", date(2026, 2, 28), "b", float("nan")),
    )  # fmt: skip
    decision = decide(POINT, Due(STATE, DUE, True), features, RULES, AT)
    assert json.loads(decision.features)["features"] == {"a": None, "b": None}


@dataclass(frozen=True)
class _Failing(Policy):
    name: ClassVar[str] = "failing"
    version: ClassVar[int] = 7

    def wish(self, context: Context) -> Mapping[str, float]:
        raise ZeroDivisionError("no posterior")


def test_an_error_inside_means_no_message_never_a_coin() -> None:
    decision = _decide(rules=replace(RULES, policy=_Failing()))
    assert (decision.outcome, decision.refused_by, decision.action) == ("refused", "error", "none")
    assert (decision.probability, decision.u) == (None, None)
    assert "ZeroDivisionError: no posterior" in decision.reason
    assert decision.policy == "failing/7"


@pytest.mark.parametrize("zone", ["Mars/Olympus", None])
def test_a_zone_that_is_wrong_or_missing_never_sends(zone: str | None) -> None:
    assert _decide(replace(STATE, zone=zone)).outcome == "refused"


def test_a_late_decision_is_refused_so_that_messages_never_pile_up_and_an_early_one_is_an_error() -> None:
    assert _decide(at=AT + timedelta(minutes=60)).refused_by == "availability"
    assert _decide(at=AT + timedelta(minutes=59)).outcome != "refused"
    assert _decide(at=AT - timedelta(seconds=1)).refused_by == "error"


def test_the_message_is_withheld_if_quiet_hours_have_begun_since_it_was_due() -> None:
    point = replace(POINT, local_time=time(20, 30), window_minutes=120)
    due = scheduled(point, "America/New_York", datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))[0]
    ahead = [decide(point, Due(replace(STATE, person=f"p{n}"), due, True), FEATURES, RULES, due.at) for n in range(20)]
    assert {decision.deliver_by for decision in ahead if decision.outcome == "send"} == {due.at + timedelta(minutes=30)}
    late = decide(point, Due(STATE, due, True), FEATURES, RULES, due.at + timedelta(minutes=31))
    assert late.refused_by == "quiet_hours"


def test_a_message_whose_number_is_not_known_is_no_choice() -> None:
    for n in range(30):
        assert _decide(replace(STATE, person=f"p{n}", values={})).action in ("walk_short", "none")


def test_an_age_limit_counts_the_younger_age_and_refuses_an_unknown_one() -> None:
    rules = replace(RULES, eligibility=Eligibility(minimum_age=18))
    assert _decide(replace(STATE, birth_year=2008), rules=rules).refused_by == "eligibility"
    assert _decide(replace(STATE, birth_year=2007), rules=rules).refused_by == ""
    assert _decide(replace(STATE, birth_year=None), rules=rules).refused_by == "eligibility"


@pytest.mark.parametrize("label", [Consented[Research], Consented[PublicHealth], Consented[Held], Public])
def test_frames_that_are_not_consented_for_care_are_refused_before_anything_else(label: type) -> None:
    frame = seal(Features.empty(), label, Features)
    with pytest.raises(LabelError):
        decide(POINT, Due(STATE, DUE, True), frame, RULES, AT)
    with pytest.raises(LabelError):
        decide_many(POINT, [Due(STATE, DUE, True)], frame, RULES, AT)


def test_raw_rows_public_posts_and_bare_rows_are_refused_as_well() -> None:
    for frame in (raw(Features.empty(), Features), seal(Posts.empty(), Public, Posts), Features.empty()):
        with pytest.raises(LabelError):
            decide(POINT, Due(STATE, DUE, True), frame, RULES, AT)  # type: ignore[arg-type]


def test_many_at_once_are_the_same_as_one_by_one() -> None:
    rules = replace(RULES, policy=RulePolicy())
    rows = [(f"p{n}", date(2026, 3, 1) - timedelta(days=n % 9), "steps[sum]", 500.0 * n if n % 5 else None) for n in range(60)]
    features = _features(*rows, *[(person, day - timedelta(days=1), feature, 1.0) for person, day, feature, _ in rows])
    dues = [Due(replace(STATE, person=f"p{n}", asleep=n % 11 == 0), DUE, n % 7 != 0) for n in range(60)]
    assert decide_many(POINT, dues, features, rules, AT) == [decide(POINT, due, features, rules, AT) for due in dues]


def test_the_same_person_twice_in_one_call_is_refused() -> None:
    with pytest.raises(SettingsError, match="twice"):
        decide_many(POINT, [Due(STATE, DUE, True)] * 2, FEATURES, RULES, AT)


def test_what_was_sent_before_is_read_from_the_ledger() -> None:
    decisions = [_decide(replace(STATE, person=f"p{n}")) for n in range(20)]
    table = Decisions.check(pl.DataFrame([decision.row() for decision in decisions], schema_overrides=Decisions.dtypes()))
    states = ledger_states(table)
    assert set(states) == {decision.person for decision in decisions if decision.outcome == "send"}
    assert all(state.sent_at == (AT,) for state in states.values())


def test_where_a_human_must_be_asked_only_what_would_be_sent_waits() -> None:
    point = replace(POINT, needs_approval=True)
    decisions = [decide(point, Due(replace(STATE, person=f"p{n}"), DUE, True), FEATURES, RULES, AT) for n in range(20)]
    assert all(decision.needs_approval == (decision.outcome == "send") for decision in decisions)


def test_the_key_does_not_show_in_a_printed_rule() -> None:
    assert "key" not in repr(RULES)
