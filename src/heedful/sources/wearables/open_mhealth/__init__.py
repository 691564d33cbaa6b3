"""Open mHealth and IEEE 1752.1: the data points, and the verdict whether a document keeps its schema."""

from heedful.sources.wearables.open_mhealth import source as source
