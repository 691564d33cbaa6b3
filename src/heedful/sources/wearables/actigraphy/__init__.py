"""Actigraphs: one module a maker's format, and the source that asks them all."""

from heedful.sources.wearables.actigraphy import accelerometer as accelerometer
from heedful.sources.wearables.actigraphy import source as source
