"""Vocabulary and gazetteer of the package, and posts made of bare texts."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from heedful.core.frames import Frame
from heedful.core.labels import Public
from heedful.core.schemas import Posts
from heedful.core.seals import seal
from heedful.language.places import PlaceNames
from heedful.language.vocabulary import Vocabulary
from heedful.sources import packaged

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return packaged.vocabulary()


@pytest.fixture(scope="session")
def gazetteer() -> PlaceNames:
    return packaged.gazetteer()


@pytest.fixture(scope="session")
def posts_of() -> Callable[..., Frame[Public, Posts]]:
    def make(*texts: str, **columns: object) -> Frame[Public, Posts]:
        rows = pl.DataFrame({"text": list(texts)}, schema={"text": pl.String}).with_row_index("post")
        fixed = {
            "source": "here",
            "author": "ann",
            "day": date(2026, 1, 5),
            "posted_at": NOW,
            "known_at": NOW,
            "kind": "post",
            "synthetic": True,
        }
        rows = rows.with_columns(pl.col("post").cast(pl.String), **{name: pl.lit(value) for name, value in (fixed | columns).items()})
        return seal(rows, Public, Posts)

    return make


def real_texts(file: str, **kept: str) -> pl.Series:
    """Texts of a set in ../shared/data/nlp whose fields equal `kept`; the test is skipped where the set is not there."""
    path = Path(__file__).resolve().parents[3] / "shared" / "data" / "nlp" / file
    if not path.exists():
        pytest.skip(f"{path} is not there")
    with gzip.open(path) as lines:
        rows = [json.loads(line) for line in lines]
    return pl.Series([row["text"] for row in rows if all(row[name] == value for name, value in kept.items())], dtype=pl.String)
