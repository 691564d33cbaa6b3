"""Results of a head by group, the transfer matrix, and the packaged cards, on tiny made-up sets."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest
from typer.testing import CliRunner

from heedful.cli.main import app
from heedful.core.errors import SettingsError
from heedful.language.heads.cards import CARDS
from heedful.loops.evaluate import transfer as transfer_module
from heedful.loops.evaluate.examples import SETS, learn_from
from heedful.loops.evaluate.head_results import packaged_results
from heedful.loops.evaluate.judged_heads import judge
from heedful.loops.evaluate.semantic import semantic_claims
from heedful.loops.evaluate.transfer import LEXICON, transfer, valence
from heedful.loops.learning import card_of


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    path = folder / f"{name}.jsonl.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(b"\n".join(map(orjson.dumps, rows))))


@pytest.fixture
def segments(tmp_path: Path) -> Path:
    calm, tense = "we had tea and it was fine", "I am so scared and stressed, it is awful"
    write(tmp_path, "dreaddit/segments", [
        {"id": str(n), "post_id": str(n), "text": f"{tense if n % 2 else calm} {'so ' * (n % 5)}{n % 7}", "label": n % 2,
         "subreddit": "anxiety" if n % 10 < 7 else f"rare{n % 3}", "split": "test" if n >= 60 else "train"}
        for n in range(160)
    ])  # fmt: skip
    return tmp_path


def test_results_of_a_head_add_up(segments: Path) -> None:
    lines = judge("stress", learn_from("stress", segments)[0], segments)
    whole = lines[0]
    assert (whole.by, whole.n, whole.value, whole.auc) == ("all", 100, 1.0, 1.0)
    assert whole.unsure is not None
    by = {kind: [line for line in lines if line.by == kind] for kind in ("subreddit", "length", "label")}
    assert {line.group for line in by["subreddit"]} == {"anxiety", "others"}  # small groups are put together
    assert sum(line.n for line in by["subreddit"]) == sum(line.n for line in by["length"]) == 100
    assert [line.group for line in by["label"]] == ["stress"]


def test_a_head_is_set_beside_a_lexicon(segments: Path) -> None:
    head = learn_from("stress", segments)[0]
    question = "bad feeling"
    asked, columns = transfer_module.QUESTIONS[question]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer_module, "QUESTIONS", {question: (asked[:1], columns)})
        cells = transfer(segments, lambda name: head)
    assert [(cell.head, cell.judged, cell.own) for cell in cells] == [("stress", columns[0].name, True), (LEXICON, columns[0].name, False)]
    assert all(cell.auc == 1.0 and cell.n == 100 for cell in cells)


def test_the_lexicon_knows_bad_from_good() -> None:
    bad, good, none = valence(pl.Series(["I hate this, I am scared and sad", "great and lovely, thanks", None]))
    assert bad > none == 0 > good


def test_packaged_cards_have_results_for_every_learnable_head() -> None:
    results, cells = packaged_results()
    assert set(results) == set(SETS) <= set(CARDS)
    for name, lines in results.items():
        assert lines[0].by == "all", name
        assert {line.by for line in lines} >= {"all", "length"}
        assert all(line.value is None or -1 <= line.value <= 1 for line in lines)
    assert all(0 <= cell.low <= cell.auc <= cell.high <= 1 for cell in cells)
    assert LEXICON in {cell.head for cell in cells}
    card, lines, row = card_of("treatment")
    assert card.ships
    assert {line.by for line in lines} == {"all", "label", "drug", "length"}
    assert any(cell.own for cell in row)
    with pytest.raises(SettingsError, match="no head named"):
        card_of("nothing")


def test_the_command_shows_a_card() -> None:
    result = CliRunner().invoke(app, ["learn", "show", "stress"])
    assert result.exit_code == 0
    assert "Dreaddit" in result.output
    assert "calibration" in result.output
    document = json.loads(CliRunner().invoke(app, ["learn", "show", "treatment", "--json"]).output)
    assert document["card"]["licence"] == "CC BY 4.0"
    assert document["results"][0]["by"] == "all"


class Letters:
    """A stub encoder: which letters a text has."""

    def encode(self, texts: pl.Series) -> np.ndarray:
        found = np.array([[1e-3 + (letter in (text or "")) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts], np.float32)
        return found.reshape(texts.len(), 26) / np.linalg.norm(found.reshape(texts.len(), 26), axis=1, keepdims=True)


def test_claims_are_retrieved_with_an_encoder(tmp_path: Path) -> None:
    claims = ["garlic cures fever", "masks cause harm", "the moon drives tides", "tea prevents colds", "water remembers"]
    write(tmp_path, "checkthat2020_claim_retrieval/verified_claims", [{"id": n, "claim": c, "title": ""} for n, c in enumerate(claims)])
    write(tmp_path, "checkthat2020_claim_retrieval/tweets", [
        {"text": f"{claims[n % 5]} they say", "claim_ids": [n % 5], "split": "train" if n < 20 else "dev"} for n in range(30)
    ])  # fmt: skip
    figures = semantic_claims(tmp_path, tmp_path, Letters())
    assert [(figure.n, figure.value, figure.bar) for figure in figures] == [(10, 1.0, 0.9)]
