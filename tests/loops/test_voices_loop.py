"""Voices in the public loop: a simulated campaign changes counts only in the shown way, and leaves with its posts; the setting decides."""

from __future__ import annotations

import random
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.core.labels import Public
from heedful.core.schemas import Posts
from heedful.core.voices import VoiceChoice
from heedful.engine.local import Changed, Engine
from heedful.language.claim_matches import SiteClaims, claims
from heedful.language.mentions import mentions
from heedful.language.voices.voices import voices
from heedful.loops.public import counts, left_out
from heedful.loops.resources import site_resources
from heedful.loops.settings import Settings, load_settings
from heedful.population.people_mentions import people_mentions, posters
from heedful.store.lake import Lake

LOOP = (mentions, people_mentions, posters, voices, claims, counts, left_out)
BANK = pl.DataFrame({"claim": ["Garlic cures the flu."], "source": ["https://example.org"], "verdict": ["false"]})
DAY, HEADACHE = date(2026, 3, 2), "HP:0002315"
LONG = "Since the new tablets I have a terrible headache for three weeks now so please share this with everyone you love and care for"


def post(author: str, text: str, day: date = DAY, minute: int = 0, known: int = 0) -> dict[str, Any]:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
    return {
        "source": "a", "post": f"{author}-{day}-{minute}", "author": author, "day": day, "posted_at": at, "known_at": at + timedelta(days=known),
        "text": text, "kind": "post", "synthetic": True,
    }  # fmt: skip


class Loop:
    """The public loop up to the counts, over a lake of its own."""

    def __init__(self, folder: Path, exclude: tuple[str, ...] | None = None) -> None:
        known = {} if exclude is None else {"voices": VoiceChoice(exclude)}
        self.lake, self.batch = Lake(folder), 0
        self.engine = Engine(self.lake, LOOP, site_resources(Settings()) | {"claims": SiteClaims(BANK)} | known)

    def take(self, rows: list[dict[str, Any]]) -> None:
        self.batch += 1
        table = Posts.check(pl.DataFrame(rows, infer_schema_length=None))
        done = self.lake.append(Posts, table, self.batch)
        self._update(done.changed, fresh=not done.corrected)

    def forget(self, authors: list[str]) -> None:
        self.batch += 1
        gone = self.lake.read(Posts).filter(pl.col("author").is_in(authors))
        self.lake.delete(Posts, gone.select(Posts.key))
        self._update(gone, fresh=False)

    def _update(self, rows: pl.DataFrame, *, fresh: bool) -> None:
        changed = Changed()
        changed.add((Posts, Public), rows, fresh=fresh)
        self.engine.update(changed, self.batch)

    def world(self, name: str) -> dict[str, int | None]:
        rows = self.engine.stored()[name].filter(pl.col("place") == "world").sort("known_at").unique("signal", keep="last")
        return dict(rows.select("signal", "people").iter_rows())


PEOPLE = [post(f"p{n}", f"I have a headache, {'a bad one' * (n % 2)}", minute=n * n) for n in range(12)]
CAMPAIGN = [post(f"c{n}", LONG + "!" * (n % 3), minute=17 * n) for n in range(20)]


def test_a_campaign_changes_the_counts_only_in_the_shown_way(tmp_path: Path) -> None:
    calm, loud, open_ = Loop(tmp_path / "calm"), Loop(tmp_path / "loud"), Loop(tmp_path / "open", ())
    calm.take(PEOPLE)
    for loop in (loud, open_):
        loop.take(PEOPLE)
        loop.take(CAMPAIGN)
    assert loud.world("counts") == calm.world("counts")
    assert calm.world("counts")[HEADACHE] == 12
    assert calm.world("left_out") == {}
    assert loud.world("left_out")[HEADACHE] == 20
    assert open_.world("counts")[HEADACHE] == 32
    assert open_.world("left_out") == {}
    assert loud.engine.stored()["left_out"]["flags"].unique().to_list() == ["copy_paste"]


def test_when_a_campaigns_posts_are_deleted_its_flags_go_and_who_remains_counts_again(tmp_path: Path) -> None:
    loop = Loop(tmp_path)
    loop.take([*PEOPLE, *CAMPAIGN[:3]])
    assert loop.engine.stored()["voices"].height == 3
    loop.forget(["c0"])
    assert loop.engine.stored()["voices"].is_empty()
    assert loop.world("counts")[HEADACHE] == 14
    assert loop.world("left_out") == {}


def test_the_setting_is_checked_and_is_part_of_the_version(tmp_path: Path) -> None:
    file = tmp_path / "heedful.toml"
    file.write_text('[voices]\nexclude = ["newz"]\n')
    with pytest.raises(SettingsError, match=r"newz.*copy_paste"):
        load_settings(file)
    file.write_text('[voices]\nexclude = ["news"]\n')
    assert site_resources(load_settings(file))["voices"].fingerprint != site_resources(Settings())["voices"].fingerprint


TEXTS = (
    LONG,
    LONG + " now",
    "I have a headache",
    "Breaking: flu cases rise, headache too",
    "garlic cures the flu, my headache",
    "lovely weather",
)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_incremental_equals_full(seed: int) -> None:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        loop = Loop(Path(folder))
        for _ in range(5):
            if rng.random() < 0.25:
                loop.forget(rng.sample("uvwxyz", 2))
                continue
            loop.take([
                post(rng.choice("uvwxyz"), rng.choice(TEXTS), DAY + timedelta(days=rng.randrange(5)), rng.randrange(40), rng.randrange(3))
                for _ in range(rng.randint(1, 40))
            ])  # fmt: skip
        full = loop.engine.recompute()
        for name, rows in loop.engine.stored().items():
            assert rows.sort(rows.columns).equals(full[name].sort(rows.columns)), name
