"""The fixed policy: the same probability whatever is known, shared alike by the messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from heedful.core.errors import SettingsError
from heedful.intervene.policies.base import POLICIES, Context, Policy


@dataclass(frozen=True)
class FixedPolicy(Policy):
    """Send with a fixed probability: the micro-randomised trial in its plainest form.

    `probability`: of sending anything, 0 to 1; clipped to [low, high] like every policy's.
    Reference: Klasnja et al. 2015, Health Psychol 34:1220.
    """

    name: ClassVar[str] = "fixed"
    version: ClassVar[int] = 1
    probability: float = 0.4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.probability <= 1:
            raise SettingsError(f"Policy fixed: probability={self.probability} is not between 0 and 1.")

    def wish(self, context: Context) -> Mapping[str, float]:
        return {name: self.probability / len(context.messages) for name in context.messages}


POLICIES.add(FixedPolicy.name, FixedPolicy)
