"""Sources: every kind of file that heedful reads, one member a kind; importing this package registers ours."""

from heedful.sources import answers, phones, posts, records, series, wearables

__all__ = ["answers", "phones", "posts", "records", "series", "wearables"]
