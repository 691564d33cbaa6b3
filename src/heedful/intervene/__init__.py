"""Help at the right moment: decision points, what forbids a message, policies, messages, outcomes. Pure: nothing is sent from here."""

from heedful.intervene import channels as channels
from heedful.intervene import excursions as excursions
from heedful.intervene import off_policy as off_policy
from heedful.intervene import sample_size as sample_size
from heedful.intervene import uplift as uplift
from heedful.intervene.burden import Budget, QuietHours
from heedful.intervene.decide import Decision, decide, decide_many
from heedful.intervene.decision_points import DecisionPoint, Scheduled, scheduled
from heedful.intervene.ledger_state import LedgerState, ledger_states
from heedful.intervene.messages import Library, Message
from heedful.intervene.outcomes import outcomes
from heedful.intervene.policies import linear_bandit as linear_bandit
from heedful.intervene.policies.base import POLICIES, Policy
from heedful.intervene.state import PersonState

__all__ = [
    "POLICIES",
    "Budget",
    "Decision",
    "DecisionPoint",
    "LedgerState",
    "Library",
    "Message",
    "PersonState",
    "Policy",
    "QuietHours",
    "Scheduled",
    "decide",
    "decide_many",
    "ledger_states",
    "outcomes",
    "scheduled",
]
