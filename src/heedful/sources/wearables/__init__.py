"""Watches, phones and actigraphs: one module a maker's format, each a `Source`."""

from heedful.sources.wearables import apple_health as apple_health
from heedful.sources.wearables import fitabase as fitabase
from heedful.sources.wearables import fitbit_takeout as fitbit_takeout
