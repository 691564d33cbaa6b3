"""Crisis words in public posts: counted by place and day through the disclosure door, and nowhere on the site said of whom."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import NotFoundError
from heedful.core.labels import Aggregate, Public
from heedful.core.row_ids import SINGULAR, table_of
from heedful.core.schemas import CrisisCounts, Posts
from heedful.core.voices import VoiceChoice
from heedful.engine.local import Changed, Engine
from heedful.language.claim_matches import claims
from heedful.language.mentions import mentions
from heedful.language.voices.voices import voices
from heedful.loops.claim_bank import site_claims
from heedful.loops.crisis import crisis_counts
from heedful.loops.derivations import all_derivations
from heedful.loops.resources import site_resources
from heedful.loops.settings import Settings
from heedful.population.people_mentions import people_mentions, posters
from heedful.store.lake import Lake

DAY = date(2026, 3, 2)
LOOP = (mentions, people_mentions, posters, voices, claims, crisis_counts)
SIGNAL = "crisis:self_harm"


def post(author: str, text: str, minute: int = 0, known: int = 0, place: str | None = None) -> dict[str, Any]:
    at = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(minutes=minute)
    return {
        "source": "a", "post": f"{author}-{minute}", "author": author, "day": DAY, "posted_at": at, "known_at": at + timedelta(days=known),
        "text": text, "kind": "post", "place_declared": place, "synthetic": True,
    }  # fmt: skip


def people(*numbers: int, text: str = "some days I want to die", **more: Any) -> list[dict[str, Any]]:
    """One post an author, each worded apart, so that none looks copied."""
    rng = random.Random(7)
    own = [" ".join("".join(rng.choices("aeioulmnrst", k=6)) for _ in range(12)) for _ in range(40)]
    return [post(f"p{n}", f"{text} {own[n]}", minute=n * n, **more) for n in numbers]


def counted(folder: Path, rows: list[dict[str, Any]], *, exclude: tuple[str, ...] | None = None) -> tuple[Engine, pl.DataFrame]:
    lake = Lake(folder)
    known = {} if exclude is None else {"voices": VoiceChoice(exclude)}
    engine = Engine(lake, LOOP, site_resources(Settings()) | {"claims": site_claims(None)} | known)
    done = lake.append(Posts, Posts.check(pl.DataFrame(rows, infer_schema_length=None)), 1)
    changed = Changed()
    changed.add((Posts, Public), done.changed, fresh=True)
    engine.update(changed, 1)
    return engine, engine.table(CrisisCounts, Aggregate).data


def test_people_are_counted_with_their_denominator(tmp_path: Path) -> None:
    calm = [post(f"q{n}", f"{'nice ' * n}weather", minute=500 + n * n) for n in range(9)]
    _, counts = counted(tmp_path, [*people(*range(11)), post("p0", "no reason to live", minute=999), *calm])
    row = counts.row(0, named=True)
    assert counts.height == 1
    assert (row["signal"], row["place"], row["day"]) == (SIGNAL, "world", DAY)
    assert (row["people"], row["posts"], row["denominator"], row["suppressed"]) == (11, 12, 20, "")


def test_a_text_counts_for_each_kind_of_words_in_it(tmp_path: Path) -> None:
    _, counts = counted(tmp_path, people(*range(12), text="I want to die and took all my pills"))
    assert dict(counts.select("signal", "people").iter_rows()) == {SIGNAL: 12, "crisis:overdose": 12}


def test_too_few_are_withheld_here_and_beside_a_larger_place(tmp_path: Path) -> None:
    minimum = Settings().disclosure.minimum_cell
    _, few = counted(tmp_path / "few", people(*range(minimum - 1)))
    assert few.select("people", "posts", "suppressed").rows() == [(None, None, "minimum")]
    boston, london = people(*range(minimum + 3), place="Boston, MA"), people(*range(30, 31), place="London, UK")
    _, told = counted(tmp_path / "told", [*boston, *london])
    shown = told.filter(pl.col("suppressed") == "")
    assert (shown["people"] >= minimum).all()
    assert not set(told.filter(pl.col("place").str.starts_with("GB"))["people"].drop_nulls())
    total, american = (told.filter(pl.col("place") == place)["people"].item() for place in ("world", "US"))
    assert None in (total, american), "the one Londoner could be worked out"


def test_a_campaign_is_left_out_and_the_setting_shows_it(tmp_path: Path) -> None:
    copied = "I do not want to live like this so sign the petition for better care in every town of the land today please"
    rows = [*people(*range(8)), *(post(f"c{n}", copied + "!" * (n % 3), minute=17 * n) for n in range(20))]
    assert counted(tmp_path / "without", rows)[1]["people"].item() == 8
    assert counted(tmp_path / "with", rows, exclude=())[1]["people"].item() == 28


def test_no_row_says_of_whom_the_words_fired(tmp_path: Path) -> None:
    """Words that are no term of the vocabulary leave no row of an author but that they posted. (Of those that are one, such as "want to
    die", there are mentions as of any concept, which are counted and not shown: test_explain.)"""
    engine, counts = counted(tmp_path, people(*range(12), text="there is no point in going on"))
    assert counts["people"].to_list() == [12]
    for name, rows in engine.stored().items():
        if name != "posters" and "author" in rows.columns:
            assert rows.is_empty(), name


def test_there_is_no_table_id_or_reader_of_it() -> None:
    writers = [derivation for derivation in all_derivations() if derivation.writes is CrisisCounts]
    assert [derivation.name for derivation in writers] == ["crisis_counts"]
    assert not {"author", "person", "post"} & set(CrisisCounts.columns)
    assert not [derivation for derivation in all_derivations() if CrisisCounts in derivation.reads]
    assert CrisisCounts.table not in SINGULAR
    with pytest.raises(NotFoundError):
        table_of("crisis_count:0123456789ab")
