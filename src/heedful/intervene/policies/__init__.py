"""Policies: how probable each message is; the shared base clips, draws and logs."""

from heedful.intervene.policies.base import POLICIES, Choice, Context, Policy, PolicyError, keyed_u
from heedful.intervene.policies.fixed import FixedPolicy
from heedful.intervene.policies.rule import Rule, RulePolicy

__all__ = ["POLICIES", "Choice", "Context", "FixedPolicy", "Policy", "PolicyError", "Rule", "RulePolicy", "keyed_u"]
