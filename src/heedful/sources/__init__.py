"""Sources: every kind of file that heedful reads, one member a kind; importing this package registers ours."""

from heedful.sources import answers, posts, records, series, wearables

__all__ = ["answers", "posts", "records", "series", "wearables"]
