"""What every policy shares: probabilities are clipped, chance is a keyed hash, and what was drawn is said in full.

A policy only says how probable each message should be. The base clips the probability of sending anything to [low, high], so
that "no message" is always possible and effects can be estimated afterwards; draws `u` from a keyed hash of person, decision
point and scheduled time, so that a replay needs no stored random state; and returns the action with its probability.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import ClassVar

from heedful.core.errors import HeedfulError, SettingsError
from heedful.core.registry import Registry

NO_MESSAGE = "none"


class PolicyError(HeedfulError):
    """A policy answered something that is no probability; nothing is sent on its word."""


@dataclass(frozen=True)
class Context:
    """What a policy may look at: who, when, which messages are allowed, and the features (None where one is missing)."""

    person: str
    point: str
    scheduled_at: datetime
    messages: tuple[str, ...]
    values: Mapping[str, float | None]


@dataclass(frozen=True)
class Choice:
    """What was drawn: action (a message or 'none'), its probability after clipping, `u`, and the probability of every action."""

    action: str
    probability: float
    u: float
    probabilities: dict[str, float]


def keyed_u(key: bytes, person: str, point: str, scheduled_at: datetime) -> float:
    """A number in [0, 1) that only the holder of `key` can foresee: keyed BLAKE2b of (person, point, scheduled time).

    The same arguments give the same number for ever; `scheduled_at` counts to the microsecond, in whatever zone it is written.
    The parts carry their lengths, so that two different triples are never hashed alike. 53 bits are used. Raises `SettingsError`
    for a key of no or more than 64 bytes.

    >>> keyed_u(b"secret", "p1", "evening", datetime(2026, 3, 1, 18, tzinfo=UTC))
    0.668493324148313
    """
    if not 0 < len(key) <= 64:
        raise SettingsError(f"The key of the draw has {len(key)} bytes; it must have 1 to 64, or anybody could foresee decisions.")
    at = scheduled_at.astimezone(UTC).isoformat(timespec="microseconds")
    parts = b"".join(len(part).to_bytes(4, "big") + part for part in (person.encode(), point.encode(), at.encode()))
    return (int.from_bytes(blake2b(parts, key=key, digest_size=8).digest(), "big") >> 11) * 2.0**-53


@dataclass(frozen=True)
class Policy(ABC):
    """Base of all policies; a member gives `name`, `version` and `wish`.

    Parameters
    ----------
    low, high: bounds of the probability of sending anything, 0 <= low <= high < 1.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    low: float = field(default=0.1, kw_only=True)
    high: float = field(default=0.8, kw_only=True)

    def __post_init__(self) -> None:
        if not (0 <= self.low <= self.high < 1):
            raise SettingsError(
                f"Policy {self.name}: low={self.low} and high={self.high} must keep 0 <= low <= high < 1, "
                "so that no message is always possible."
            )

    @property
    def label(self) -> str:
        """Name and version as the ledger keeps them."""
        return f"{self.name}/{self.version}"

    @abstractmethod
    def wish(self, context: Context) -> Mapping[str, float]:
        """How probable each message of `context.messages` should be, before clipping; absent ones count as 0, the rest is "none"."""

    def probabilities(self, context: Context) -> dict[str, float]:
        """Probability of each message and of "none": clipped, summing to 1. Raises `PolicyError` on what is no probability.

        If the clip asks for more than the policy wished, the messages keep their shares; wished for none at all, all share alike.
        Without any message allowed the answer is "none" alone.
        """
        messages = context.messages
        if not messages:
            return {NO_MESSAGE: 1.0}
        wished = self._checked_wish(context)
        total = sum(wished.values())
        send = min(max(total, self.low), self.high)
        shares = {name: wished[name] / total if total > 0 else 1 / len(messages) for name in messages}
        out = {name: send * share for name, share in shares.items()}
        out[NO_MESSAGE] = 1.0 - send
        return out

    def choose(self, context: Context, key: bytes) -> Choice:
        """Draw an action. The messages lie in their order from 0 up, "none" takes the rest: u below the sum sends."""
        probabilities = self.probabilities(context)
        u = keyed_u(key, context.person, context.point, context.scheduled_at)
        above = 0.0
        for name in context.messages:
            above += probabilities[name]
            if u < above:
                return Choice(name, probabilities[name], u, probabilities)
        return Choice(NO_MESSAGE, probabilities[NO_MESSAGE], u, probabilities)

    def _checked_wish(self, context: Context) -> dict[str, float]:
        wish = self.wish(context)
        strange = sorted(set(wish) - set(context.messages) - {NO_MESSAGE})
        if strange:
            raise PolicyError(f"Policy {self.label} wants {strange}, which is not allowed here: {list(context.messages)}.")
        wished = {name: float(wish.get(name, 0.0)) for name in context.messages}
        # A missing or absurd probability is an error, never a coin: the answer to errors is no message.
        if any(not math.isfinite(value) or value < 0 for value in wished.values()) or sum(wished.values()) > 1 + 1e-9:
            raise PolicyError(f"Policy {self.label} answered {wished}: not probabilities from 0 up that sum to at most 1.")
        return wished


POLICIES: Registry[type[Policy]] = Registry("policies", ("heedful.intervene.policies",))
"""Policies by name; members are classes that can be made without arguments. Third parties add theirs as `heedful.policies`."""
