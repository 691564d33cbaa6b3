"""Actigraphy: sleep and wake by epoch, rest-activity rhythm and its regularity, from counts of a wrist-worn device."""

from __future__ import annotations

from heedful.behavior.actigraphy import (
    cole_kripke,
    cosinor,
    crespo,
    nonparametric,
    oakley,
    roenneberg,
    sadeh,
    scripps,
    sleep_regularity,
    transition_probability,
    van_hees,
)

__all__ = [
    "cole_kripke",
    "cosinor",
    "crespo",
    "nonparametric",
    "oakley",
    "roenneberg",
    "sadeh",
    "scripps",
    "sleep_regularity",
    "transition_probability",
    "van_hees",
]
