"""Carried on by what derived tables differ, or derived from all rows: the engine says the same, whatever comes, is late, goes, or restarts."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from heedful.behavior.annotations import annotations_diary
from heedful.behavior.change import baseline_change
from heedful.behavior.change_points import person_change_points
from heedful.behavior.daily import daily_features
from heedful.behavior.devices import TODAY
from heedful.behavior.hours_daily import day_hours
from heedful.behavior.illness_signal import illness_signal
from heedful.behavior.nightsignal import nightsignal
from heedful.behavior.rhythm_daily import daily_rhythm
from heedful.core.derivations import Carried, HistoryState, derivation
from heedful.core.errors import SchemaError
from heedful.core.frames import Frame
from heedful.core.labels import Consented, Held, P
from heedful.core.schemas import Changes, Diary, Features, Observations, Schema
from heedful.engine import histories, portions
from heedful.engine.local import Changed, Engine
from heedful.store.lake import Lake

CARRIED = (daily_rhythm, baseline_change, nightsignal, illness_signal, person_change_points)
DERIVATIONS = (daily_features, day_hours, annotations_diary, *CARRIED)
PEOPLE = ("ana", "bo", "cy")
FIRST = datetime(2026, 3, 1)
Rows = dict[type[Schema], pl.DataFrame]


def observation(rng: random.Random, person: str, day: int, known: int) -> dict[str, Any]:
    code = rng.choice(("steps", "heart_rate", "heart_rate", "resting_heart_rate"))
    at = FIRST + timedelta(days=day, hours=rng.choice((2, 3, 10, 15)), minutes=rng.randrange(60))
    value = {"steps": rng.randrange(90), "heart_rate": rng.randrange(50, 80), "resting_heart_rate": rng.randrange(50, 70)}[code]
    minutes = {"steps": 1, "heart_rate": 0, "resting_heart_rate": 1_440}[code]
    start = at.replace(hour=0, minute=0) if code == "resting_heart_rate" else at
    return {
        "person": person, "code": code, "day": at.date(), "start_at": start, "end_at": start + timedelta(minutes=minutes), "offset_minutes": 0,
        "value": float(value), "unit": "{steps}" if code == "steps" else "/min", "device": "watch", "how": "measured", "row": 0,
        "known_at": datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=known),
    }  # fmt: skip


def entry(rng: random.Random, person: str, day: int, known: int) -> dict[str, Any]:
    at = FIRST + timedelta(days=day, hours=20)
    text = rng.choice(("wine #alcohol", "in Rome #travel", "nothing"))
    told = {"person": person, "entry": f"{day}-{rng.randrange(2)}", "day": at.date(), "written_at": at, "text": text}
    return told | {"known_at": datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=known)}


MAKERS: dict[type[Schema], Any] = {Observations: observation, Diary: entry}


class Site:
    """A lake and an engine, started anew now and then; what was told by states is counted."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.rng, self.batch, self.told = folder, random.Random(seed), 0, 0
        self.start()

    def start(self) -> None:
        self.lake = Lake(self.folder)
        self.engine = Engine(self.lake, DERIVATIONS, {"devices": TODAY})
        told = self.engine._told_differences

        def counted(*args: Any) -> Any:
            self.told += 1
            return told(*args)

        self.engine._told_differences = counted  # type: ignore[method-assign]

    def rows(self, day: int) -> Rows:
        rng = self.rng
        late = rng.choice((0, 0, 1, 3, 50))
        days = [max(0, day - rng.choice((0, 0, 0, late))) for _ in range(rng.randrange(2, 40))]
        found: Rows = {}
        for schema, some in ((Observations, days), (Diary, days[:1] if rng.random() < 0.2 else [])):
            made = [MAKERS[schema](rng, rng.choice(PEOPLE), one, self.batch) for one in some]
            if made:
                rows = schema.check(pl.DataFrame(made, schema={name: schema.dtypes()[name] for name in made[0]}))
                found[schema] = rows.unique(list(schema.key), keep="first", maintain_order=True)
        return found

    def take(self, found: Rows) -> None:
        self.batch += 1
        changed = Changed()
        for schema, rows in found.items():
            changed.add((schema, Consented[Held]), self.lake.append(schema, rows, self.batch).changed)
        self.engine.update(changed, self.batch)

    def remove(self, column: str, value: Any) -> None:
        self.batch += 1
        changed = Changed()
        for schema in MAKERS:
            rows = self.lake.scan(schema.table, schema).filter(pl.col(column) == value).select(list(schema.columns)).collect()
            if rows.height:
                keys = pl.DataFrame({"person": [value]}) if column == "person" else rows.select(schema.key)
                self.lake.delete(schema, keys)
                changed.add((schema, Consented[Held]), rows)
        self.engine.update(changed, self.batch)

    @property
    def held(self) -> dict[str, set[str]]:
        return {name: set(one.state.people()) for name, one in self.engine._histories._of.items()}

    def assert_as_computed_once(self) -> None:
        stored = self.engine.stored()
        for name, want in self.engine.recompute().items():
            key = list(self.engine.plan.step(name).derivation.writes.key)
            assert_frame_equal(stored[name].sort(key), want.sort(key), check_exact=True)


@given(st.integers(0, 2**32))
@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate])
def test_carried_on_equals_derived(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site, day = Site(Path(folder), seed), 0
        with site.lake.writer_lock():
            for _ in range(site.rng.choice((8, 25))):
                day += site.rng.choice((0, 0, 1, 1, 4)) if site.rng.random() < 0.95 else 60
                act = site.rng.random()
                if act < 0.85:
                    site.take(site.rows(day))
                elif act < 0.9:
                    site.remove("person", site.rng.choice(PEOPLE))
                elif act < 0.96:
                    site.remove("day", (FIRST + timedelta(days=site.rng.randrange(day + 1))).date())
                else:
                    site.engine.rebuild([site.rng.choice(DERIVATIONS).name], site.batch)
            site.assert_as_computed_once()
        site.start()
        with site.lake.writer_lock():
            for _ in range(3):  # after a restart nobody is held: states are opened from the lake
                assert site.batch
                site.take(site.rows(day))
            site.assert_as_computed_once()


def filled(folder: Path) -> Site:
    site = Site(folder, 1)
    with site.lake.writer_lock():
        for day in range(40):
            site.take(site.rows(day))
    return site


def test_people_are_held_from_the_second_update_on_and_after_a_restart(tmp_path: Path) -> None:
    site = filled(tmp_path)
    assert all(people == set(PEOPLE) for people in site.held.values())
    site.start()
    assert not any(site.held.values())
    before = site.told
    with site.lake.writer_lock():
        for _ in range(4):
            site.take(site.rows(40))
        site.assert_as_computed_once()
    assert all(site.held.values())
    assert site.told > before


def test_an_erasure_reaches_every_state(tmp_path: Path) -> None:
    site = filled(tmp_path)
    site.engine._histories.went("posts", None)  # what went in public is nothing of theirs
    assert all(people == set(PEOPLE) for people in site.held.values())
    with site.lake.writer_lock():
        site.remove("person", "bo")
        assert all("bo" not in people for people in site.held.values())
        site.assert_as_computed_once()
    assert all(rows.filter(pl.col("person") == "bo").is_empty() for rows in site.engine.stored().values())


def test_states_go_when_a_version_rises_or_an_update_breaks_off_or_another_process_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = filled(tmp_path)
    with site.lake.writer_lock():
        site.engine.rebuild([daily_features.name], site.batch)
        assert not any(site.held.values())
        for _ in range(3):
            site.take(site.rows(40))
        assert any(site.held.values())
        monkeypatch.setattr(site.lake, "settle", lambda *_: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception):
            site.take(site.rows(41))
        monkeypatch.undo()
        site.take(site.rows(41))
        assert not any(site.held.values())  # derived once, not yet opened
        for _ in range(2):
            site.take(site.rows(41))
        assert any(site.held.values())
    other = Site(tmp_path, 2)
    with other.lake.writer_lock():
        other.take(other.rows(42))
    with site.lake.writer_lock():
        assert not any(site.held.values())
        site.take(site.rows(43))
        site.assert_as_computed_once()


def test_a_table_that_another_process_made_is_heard_of(tmp_path: Path) -> None:
    """Nobody noted anything when these people were opened; then another process takes the first note, of a day still to come."""
    site = Site(tmp_path, 1)
    with site.lake.writer_lock():
        for day in range(30):
            site.take({Observations: site.rows(day)[Observations]})
        assert all(people == set(PEOPLE) for people in site.held.values())
    other, at = Site(tmp_path, 2), FIRST + timedelta(days=31, hours=20)
    told = {"entry": "1", "day": at.date(), "written_at": at, "text": "in Rome #travel", "known_at": datetime(2026, 9, 1, tzinfo=UTC)}
    notes = pl.DataFrame([{"person": person} | told for person in PEOPLE], schema_overrides={"written_at": Diary.dtypes()["written_at"]})
    with other.lake.writer_lock():
        other.take({Diary: Diary.check(notes)})
    with site.lake.writer_lock():
        assert not any(site.held.values())
        for _ in range(3):
            site.take({Observations: site.rows(31)[Observations]})
        site.assert_as_computed_once()


def resting(days: int, raised: range, batch: int) -> Rows:
    """A resting heart rate a day of ana, higher on some days; each batch says something that no detector reads."""
    start = [FIRST + timedelta(days=day) for day in range(days)]
    rows = pl.DataFrame({
        "person": "ana", "code": "resting_heart_rate", "day": [at.date() for at in start], "start_at": start, "offset_minutes": 0,
        "end_at": [at + timedelta(days=1) for at in start], "unit": "/min", "device": "watch", "how": "measured", "row": 0,
        "value": [60.0 + 7 * day % 5 + 25 * (day in raised) for day in range(days)], "extra": str(batch),
        "known_at": datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=batch),
    }, schema_overrides={name: Observations.dtypes()[name] for name in ("start_at", "end_at", "offset_minutes", "row")})  # fmt: skip
    return {Observations: Observations.check(rows)}


def test_what_another_process_answered_is_not_taken_for_what_was_answered_here(tmp_path: Path) -> None:
    site, other = Site(tmp_path, 1), Site(tmp_path, 2)
    for number, (process, raised) in enumerate(((site, range(0)), (other, range(30, 80)), (site, range(0)))):
        with process.lake.writer_lock():
            process.batch = 10 * number
            process.take(resting(100, raised, number))
            process.assert_as_computed_once()


def test_people_whom_the_function_answers_come_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a day for many: their whole histories are not handed over at once."""
    site = filled(tmp_path)
    handed, derive = list[set[str]](), site.engine._derive

    def watched(step: Any, inputs: list[pl.DataFrame], keys: pl.DataFrame | None = None) -> pl.DataFrame:
        if step.derivation is person_change_points and keys is not None:
            handed.append(set(keys["person"]))
        return derive(step, inputs, keys)

    monkeypatch.setattr(site.engine, "_derive", watched)
    monkeypatch.setattr(portions, "PEOPLE_A_CALL", 1)
    monkeypatch.setattr(portions, "FEW_ROWS", 1)
    with site.lake.writer_lock():
        for day in (41, 42):
            rows = [observation(site.rng, person, day, 99) for person in PEOPLE for _ in range(20)]
            made = pl.DataFrame(rows, schema={name: Observations.dtypes()[name] for name in rows[0]})
            site.take({Observations: Observations.check(made).unique(list(Observations.key), maintain_order=True)})
        site.assert_as_computed_once()
    assert set[str]().union(*handed) == set(PEOPLE)
    assert max(map(len, handed)) == 1


def test_a_load_is_derived_and_few_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = filled(tmp_path)
    monkeypatch.setattr(histories, "FEW_ROWS", 0)
    monkeypatch.setattr(histories, "ROWS_A_PERSON", 0)
    monkeypatch.setattr(histories, "MOST_HELD", 1)
    with site.lake.writer_lock():
        before = site.told
        site.take({Observations: site.rows(41)[Observations]})
        assert site.told == before
        site.take(site.rows(42))
        site.assert_as_computed_once()


def test_a_history_is_one_of_derived_tables() -> None:
    def start() -> HistoryState:
        raise AssertionError

    def weekly(observations: Frame[Consented[P], Observations]) -> Frame[Consented[P], Features]:
        return observations.derive(Features, Features.empty())

    with pytest.raises(SchemaError, match="carried on by rows of derived tables"):
        derivation(reads=(Observations,), writes=Features, by=("person", "day"), fold=Carried(start))(weekly)


def test_without_its_fold_a_derivation_answers_the_same(tmp_path: Path) -> None:
    plain = [replace(one, fold=None) for one in DERIVATIONS]
    site = filled(tmp_path / "carried")
    other = Site(tmp_path / "plain", 1)
    other.engine = Engine(other.lake, plain, {"devices": TODAY})
    with other.lake.writer_lock():
        for day in range(40):
            other.take(other.rows(day))
    for name, rows in other.engine.stored().items():
        key = list(Changes.key) if "detector" in rows.columns else sorted(rows.columns)
        assert_frame_equal(site.engine.stored()[name].sort(key), rows.sort(key), check_exact=True)
