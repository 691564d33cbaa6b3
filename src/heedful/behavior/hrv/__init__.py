"""Heart-rate variability: from the intervals between beats to named indices. Importing it registers its methods."""

from __future__ import annotations

from heedful.behavior.hrv import entropy as entropy
from heedful.behavior.hrv import frequency_domain as frequency_domain
from heedful.behavior.hrv import nonlinear as nonlinear
from heedful.behavior.hrv import summary as summary
from heedful.behavior.hrv import time_domain as time_domain
