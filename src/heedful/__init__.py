"""heedful listens carefully: public talk and consented lives in; signals, features, timelines, plans and help out."""

__version__ = "0.1.0"
