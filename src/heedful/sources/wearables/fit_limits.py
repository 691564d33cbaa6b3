"""What scanning a FIT file may end in, and how much of it is held at once."""

from __future__ import annotations

FULL, BROKEN, NO_DEFINITION = 1, 2, 3
RECORDS = 200_000
"""Records that are scanned in one call."""
DEFINITIONS = 4_096
