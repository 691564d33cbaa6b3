"""Sources: every kind of file that heedful reads, one member a kind; importing this package registers ours."""

from heedful.sources import posts, records, series, wearables

__all__ = ["posts", "records", "series", "wearables"]
