"""What the clinician and the participant read: timeline, baseline, risk, goals and plan. Pure: frames in, frames out."""

from heedful.person import calibration as calibration
from heedful.person import cds_hooks as cds_hooks
from heedful.person import cox as cox
from heedful.person import interrupted_time_series as interrupted_time_series
from heedful.person import n_of_1 as n_of_1
from heedful.person import pharmacogenomics as pharmacogenomics
from heedful.person import plan_definition as plan_definition
from heedful.person import risk_cusum as risk_cusum
from heedful.person import survival as survival
from heedful.person.care_plan import care_plan, plan_states
from heedful.person.goals import percentile_goal
from heedful.person.guidelines import guideline_plan
from heedful.person.own_posts import timeline_own_posts
from heedful.person.pharmacogenomic_notes import pharmacogenomic_notes
from heedful.person.plan import plan
from heedful.person.progress import goal_progress
from heedful.person.record_goals import record_goals
from heedful.person.risk import medication_gap_risk
from heedful.person.timeline import timeline_changes, timeline_diary, timeline_features, timeline_medication, timeline_records

DERIVATIONS = (
    timeline_features, timeline_changes, timeline_diary, timeline_medication, timeline_records, timeline_own_posts, medication_gap_risk,
    plan, record_goals, guideline_plan, pharmacogenomic_notes, goal_progress,
)  # fmt: skip
"""Every derivation of this room, for the loops and for the law's property test."""

__all__ = [
    "DERIVATIONS",
    "care_plan",
    "medication_gap_risk",
    "percentile_goal",
    "plan",
    "plan_states",
    "timeline_changes",
    "timeline_diary",
    "timeline_features",
    "timeline_medication",
    "timeline_own_posts",
    "timeline_records",
]
