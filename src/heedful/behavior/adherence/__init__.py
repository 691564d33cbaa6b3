"""Medication adherence from dispensing: gaps, CMA1 to CMA9, episodes, sliding windows, groups of medications."""

from __future__ import annotations

from heedful.behavior.adherence import continuous, dispensed, episodes, gaps, groups, sliding, taken, taxonomy

__all__ = ["continuous", "dispensed", "episodes", "gaps", "groups", "sliding", "taken", "taxonomy"]
