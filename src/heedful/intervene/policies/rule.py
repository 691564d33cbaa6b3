"""The rule policy: the first rule that holds for the features says how probable a message is, and which."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from heedful.core.errors import SettingsError
from heedful.intervene.policies.base import POLICIES, Context, Policy

Comparison = Literal["<", "<=", ">", ">="]

_COMPARE: dict[str, Callable[[float, float], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True)
class Rule:
    """If `feature` is known and compares with `threshold`, send with `probability`; `message` '' means any that is allowed."""

    feature: str
    comparison: Comparison
    threshold: float
    probability: float
    message: str = ""

    def __post_init__(self) -> None:
        if self.comparison not in _COMPARE:
            raise SettingsError(f"Rule on {self.feature}: {self.comparison!r} is none of {', '.join(_COMPARE)}.")
        if not 0 <= self.probability <= 1:
            raise SettingsError(f"Rule on {self.feature}: probability={self.probability} is not between 0 and 1.")

    def holds(self, values: Mapping[str, float | None]) -> bool:
        """Whether the rule fires; a feature that is missing never fires one."""
        value = values.get(self.feature)
        return value is not None and _COMPARE[self.comparison](value, self.threshold)


DEFAULT_RULES = (Rule("steps[sum]", "<", 6_000, 0.6, "walk_short"), Rule("steps[sum]", ">=", 10_000, 0.1))


@dataclass(frozen=True)
class RulePolicy(Policy):
    """Probabilities by rules that a clinician can read; the first that holds counts, else `otherwise`.

    A rule's message that is not allowed now is replaced by the allowed ones, with the same probability in all.
    """

    name: ClassVar[str] = "rule"
    version: ClassVar[int] = 1
    rules: tuple[Rule, ...] = DEFAULT_RULES
    otherwise: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.otherwise <= 1:
            raise SettingsError(f"Policy rule: otherwise={self.otherwise} is not between 0 and 1.")

    def wish(self, context: Context) -> Mapping[str, float]:
        rule = next((rule for rule in self.rules if rule.holds(context.values)), None)
        if rule is not None and rule.message in context.messages:
            return {rule.message: rule.probability}
        probability = rule.probability if rule is not None else self.otherwise
        return {name: probability / len(context.messages) for name in context.messages}


POLICIES.add(RulePolicy.name, RulePolicy)
