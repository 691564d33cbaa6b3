"""A site that holds given public posts, as after a run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.clock import FixedClock
from heedful.core.labels import Public
from heedful.core.schemas import Posts
from heedful.engine.local import Changed
from heedful.loops.claim_bank import claim_file
from heedful.loops.settings import Settings
from heedful.loops.site import Site

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


def post(author: str, text: str, minute: int = 0) -> dict[str, Any]:
    at = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(minutes=minute)
    return {
        "source": "a", "post": f"{author}-{minute}", "author": author, "day": DAY, "posted_at": at, "known_at": at, "text": text,
        "kind": "post", "synthetic": True,
    }  # fmt: skip


def posted_site(folder: Path, posts: Iterable[dict[str, Any]], claims: Iterable[str] = ()) -> Site:
    """`claims`: of the site's bank, each false by example.org."""
    folder.mkdir(exist_ok=True)
    for claim in claims:
        claim_file(folder).add(claim, "https://example.org/checked", "false", NOW)
    site = Site(Settings(), folder, FixedClock(NOW))
    done = site.lake.append(Posts, Posts.check(pl.DataFrame(list(posts), infer_schema_length=None)), 1)
    changed = Changed()
    changed.add((Posts, Public), done.changed, fresh=True)
    site.engine.update(changed, 1)
    return site
