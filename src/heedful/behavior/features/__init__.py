"""Features of wearables over time segments, as other programs define them. Importing it registers their methods."""

from __future__ import annotations

from heedful.behavior.features import heart_rate_intraday as heart_rate_intraday
from heedful.behavior.features import steps_intraday as steps_intraday
