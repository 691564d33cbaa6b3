"""Posts: what people say in public, from tables and from the archives and streams of platforms."""

from heedful.sources.posts import bluesky, mastodon, reddit, table

__all__ = ["bluesky", "mastodon", "reddit", "table"]
