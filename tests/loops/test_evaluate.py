"""The evaluation on tiny made-up sets: what is judged, what is absent, and that a miss is a miss."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import numpy as np
import orjson
import pytest

from heedful.core.errors import NotFoundError, RegistryError, SettingsError, SourceError
from heedful.language.heads.packing import PackedHeadError
from heedful.loops.evaluate import running, tasks
from heedful.loops.evaluate.examples import examples, learn_from, to_judge
from heedful.loops.evaluate.running import evaluate_language
from heedful.loops.evaluate.sets import held_out_rows as rows_to_judge
from heedful.loops.evaluate.sets import read_set, train_rows
from heedful.loops.evaluate.tasks import AbsentSetError, Figure, interval, load_tasks, measure
from heedful.loops.learning import learn_head, learnable, load_head


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> Path:
    path = folder / f"{name}.jsonl.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(b"\n".join(map(orjson.dumps, rows))))
    return folder


def segments(test: str = "test") -> list[dict[str, object]]:
    calm, tense = "we had tea and it was fine today", "I am so scared and stressed I cannot sleep"
    return [
        {
            "id": str(n),
            "post_id": str(n),
            "text": f"{tense if n % 2 else calm} {n % 7}",
            "label": n % 2,
            "split": test if n >= 60 else "train",
        }
        for n in range(80)
    ]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch):
    """A registry of the test's own."""
    own: dict[str, tasks.Task] = {}
    monkeypatch.setattr(running, "load_tasks", lambda: own)
    return own


def figure(passed: bool | None) -> Figure:
    return Figure("t", "F1", 1, 0.5, 0.4, 0.6, None, None, passed)


def test_stress_is_learned_and_judged(tmp_path: Path) -> None:
    write(tmp_path, "dreaddit/segments", segments())
    result = evaluate_language(tmp_path, only="dreaddit")
    assert [(f.task, f.metric, f.n) for f in result.figures] == [("dreaddit.stress", "F1", 20), ("dreaddit.stress", "AUC", 20)]
    assert all(f.value == 1.0 and f.passed for f in result.figures)
    assert result.passed


def test_learns_from_another_folder_and_judges_rows_of_any_other_split(tmp_path: Path) -> None:
    learned = write(tmp_path / "a", "dreaddit/segments", [row for row in segments() if row["split"] == "train"])
    judged = write(tmp_path / "b", "dreaddit/segments", [row for row in segments("held out") if row["split"] != "train"])
    assert evaluate_language(judged, learned, "dreaddit").passed
    with pytest.raises(AbsentSetError, match="to learn from"):
        train_rows(judged, "dreaddit/segments")
    with pytest.raises(AbsentSetError, match="to judge on"):
        rows_to_judge(learned, "dreaddit/segments")


def test_an_absent_set_is_neither_pass_nor_miss(tmp_path: Path, only: dict[str, tasks.Task]) -> None:
    def absent(data: Path, train: Path) -> list[Figure]:
        return [figure(True)] if read_set(data, "none/here") else []

    only.update({"a": absent})
    result = evaluate_language(tmp_path)
    assert not result.figures
    assert "none/here" in result.absent["a"]
    assert not result.passed  # nothing was judged
    only["b"] = lambda data, train: [figure(None)]
    assert evaluate_language(tmp_path).passed
    only["c"] = lambda data, train: [figure(False)]
    assert not evaluate_language(tmp_path).passed


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such folder"):
        evaluate_language(tmp_path / "nowhere")
    with pytest.raises(NotFoundError, match="No task is named zzz"):
        evaluate_language(tmp_path, only="zzz")


def test_every_task_has_a_name_of_its_own() -> None:
    known = load_tasks()
    assert {
        "psytar",
        "rhmd",
        "dreaddit",
        "caves",
        "smm4h",
        "druglib.severe",
        "druglib.effectiveness",
        "worry",
        "cssrs.risk",
        "crisis",
    } <= set(known)
    with pytest.raises(RegistryError, match="two evaluation tasks"):
        tasks.task("psytar")(lambda data, train: [])


def test_broken_lines_are_named_with_their_number(tmp_path: Path) -> None:
    write(tmp_path, "x/y", [{"split": "test"}])
    path = tmp_path / "x/y.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a":1}\n{"a":'))
    with pytest.raises(SourceError, match="line 2: is not JSON"):
        read_set(tmp_path, "x/y")
    path.write_bytes(gzip.compress(b"[1]"))
    with pytest.raises(SourceError, match="is not an object"):
        read_set(tmp_path, "x/y")
    path.write_bytes(b"no gzip")
    with pytest.raises(SourceError, match="cannot be unpacked"):
        read_set(tmp_path, "x/y")


def test_bars_are_floors_or_ceilings() -> None:
    hits = np.array([1.0, 1.0, 1.0, 0.0])

    def share(rows: np.ndarray) -> float:
        return float(hits[rows].mean())

    assert measure("t", "m", 4, share, bar=0.75).passed
    assert not measure("t", "m", 4, share, bar=0.76).passed
    assert measure("t", "m", 4, share, bar=0.75, at_most=True).passed
    assert measure("t", "m", 4, share).passed is None


def test_the_interval_covers_what_it_should() -> None:
    random = np.random.default_rng(1)
    covered = 0
    for seed in range(60):
        sample = random.normal(size=80)
        low, high = interval(lambda rows, sample=sample: float(sample[rows].mean()), 80, draws=300, seed=seed)
        covered += low <= 0 <= high
    assert covered >= 52
    assert math.isnan(interval(lambda rows: 0.0, 0)[0])


def test_a_learned_head_is_the_same_every_time_and_reads_back(tmp_path: Path) -> None:
    write(tmp_path, "dreaddit/segments", segments())
    one, other = (learn_head("stress", tmp_path, tmp_path / name) for name in ("one.npz", "other.npz"))
    assert one.path.read_bytes() == other.path.read_bytes()
    assert one.card.name == "stress"
    test, made = to_judge("stress", tmp_path), learn_from("stress", tmp_path)[0]
    assert load_head(one.path).probabilities(test.fields) == pytest.approx(made.probabilities(test.fields), abs=5e-3)


def test_heads_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no head named nothing"):
        learn_head("nothing", tmp_path, tmp_path / "x")
    with pytest.raises(NotFoundError):
        learn_head("stress", tmp_path, tmp_path / "x")
    with pytest.raises(RegistryError):
        examples("nothing", [])
    with pytest.raises(NotFoundError, match="heedful learn"):
        load_head(tmp_path / "x")
    (tmp_path / "x").write_bytes(b"x")
    with pytest.raises(PackedHeadError):
        load_head(tmp_path / "x")
    assert "treatment" in {card.name for card in learnable()}
