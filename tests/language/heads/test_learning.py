"""A head learned from a small made-up language whose rules are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from heedful.core.errors import SettingsError
from heedful.language.heads import learning
from heedful.language.heads.blocks import Block, Passage, count
from heedful.language.heads.cards import CARDS
from heedful.language.heads.folds import auc, best_offsets, best_threshold, f1, fold_of
from heedful.language.heads.head import UNSURE, Recipe
from heedful.language.heads.learning import LearningError, calibration_error, learn
from heedful.language.heads.neighbors import neighbor_scores
from heedful.language.heads.packing import PackedHeadError, pack, unpack
from heedful.language.heads.recipes import RECIPES

WORDS = ("rash", "fine", "zaps", "sleep", "walk", "tea", "rain", "desk")
RECIPE = Recipe("toy", "labels", ("rash", "zaps"), (Block("words"), Block("characters")), (0.1, 1.0), ("own", "all", "near"))


def made_up(seed: int, rows: int = 120) -> tuple[dict[str, Passage], np.ndarray]:
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice(WORDS, 5)) for _ in range(rows)]
    truth = np.array([["rash" in text, "zaps" in text] for text in texts], float)
    return {"text": Passage(pl.Series(texts))}, truth


@pytest.fixture(scope="module")
def toy():
    fields, truth = made_up(0)
    return learn(RECIPE, fields, truth, np.arange(120), np.arange(120) // 4)


def test_learns_and_says_what_it_reached(toy) -> None:
    head, cards = toy
    fields, truth = made_up(1)
    assert f1(truth > 0, head.answers(fields) > 0) > 0.9
    assert [card.label for card in cards] == ["rash", "zaps"]
    assert all(card.value > 0.85 and card.auc > 0.9 for card in cards)


def test_probabilities_are_calibrated_and_it_abstains(toy) -> None:
    head, _ = toy
    fields, truth = made_up(2, 400)
    found = head.probabilities(fields)
    assert ((found >= 0) & (found <= 1)).all()
    assert calibration_error(truth[:, 0] > 0, found[:, 0]) < 0.2
    plain, cautious = head.answers(fields), head.answers(fields, unsure=True)
    assert (cautious[cautious != UNSURE] == plain[cautious != UNSURE]).all()
    assert (cautious == UNSURE).any()


def test_learning_and_packing_give_the_same_again(toy) -> None:
    head, _ = toy
    fields, truth = made_up(0)
    again, _ = learn(RECIPE, fields, truth, np.arange(120), np.arange(120) // 4)
    assert all((pack(head)[name] == array).all() for name, array in pack(again).items())
    back = unpack(pack(head))
    assert back.recipe == head.recipe
    assert back.probabilities(fields) == pytest.approx(head.probabilities(fields), abs=5e-3)
    assert (back.answers(fields) == head.answers(fields)).mean() > 0.99


def test_what_is_no_head_is_refused(toy) -> None:
    arrays = pack(toy[0])
    with pytest.raises(PackedHeadError, match="heedful learn"):
        unpack({name: array for name, array in arrays.items() if name != "weights"})


def test_strange_texts_are_noticed(toy) -> None:
    head, _ = toy
    assert head.strangeness(made_up(3)[0]) < 3
    assert head.strangeness({"text": Passage(pl.Series(["das ist ganz anders", "nichts davon bekannt"]))}) == pytest.approx(20)


def test_neighbors_decide_where_the_text_does_not() -> None:
    random = np.random.default_rng(5)
    told = random.random(100) < 0.5
    texts = [word for one in told for word in ("stopping it" if one else "taking it", "dizzy then")]
    truth = np.array([[flag] for one in told for flag in (False, one)], float)
    truth[0] = truth[2] = 1
    review = np.repeat(np.arange(100), 2)
    recipe = Recipe("after", "labels", ("withdrawal",), (Block("words"),), (0.1, 1.0), ("own", "near"))
    # the linear stage must see both kinds of sentence, so the first one tells its own label to the second stage only
    both = np.column_stack([truth[:, 0], np.repeat(told, 2).astype(float)])
    head, _ = learn(replace(recipe, labels=("withdrawal", "stopping")), {"text": Passage(pl.Series(texts))}, both, review, review)
    assert head.stages[0].inputs == "near"


def test_classes_and_numbers() -> None:
    fields, truth = made_up(6)
    classes = truth[:, 0] + 2 * truth[:, 1] * (1 - truth[:, 0])
    head, cards = learn(replace(RECIPE, kind="classes", labels=("none", "rash", "zaps")), fields, classes, np.arange(120))
    assert cards[0].metric == "macro F1"
    assert cards[0].value > 0.8
    assert (head.answers(fields) == classes).mean() > 0.9
    amount = truth @ np.array([2.0, -1.0]) + 5
    number, told = learn(replace(RECIPE, kind="number", labels=("amount",)), fields, amount, np.arange(120))
    assert told[0].value > 0.8
    assert number.probabilities(fields)[:, 0] == pytest.approx(amount, abs=1.2)


def test_rows_that_cannot_teach_are_refused() -> None:
    fields, truth = made_up(7)
    with pytest.raises(LearningError, match="'zaps' holds for 0 of 120"):
        learn(RECIPE, fields, truth * [1, 0], np.arange(120))
    with pytest.raises(LearningError, match="5 rows"):
        learn(RECIPE, {"text": Passage(pl.Series(["a"] * 5))}, truth[:5], np.arange(5))


def test_blocks_that_cannot_be_made_are_refused() -> None:
    fields, _ = made_up(8, 3)
    with pytest.raises(SettingsError, match="kinds are words"):
        count(Block("sounds"), fields)
    with pytest.raises(SettingsError, match="given no vocabulary"):
        count(Block("mentions"), fields)


def test_groups_stay_on_one_side_of_a_fold() -> None:
    groups = np.array(["a", "b", "c", "d", "e", "f"] * 4)
    fold = fold_of(groups, 3)
    assert all(len(set(fold[groups == one])) == 1 for one in set(groups))


def test_choices_on_scores() -> None:
    truth = np.array([True] * 20 + [False] * 80)
    scores = np.r_[np.linspace(1, 2, 20), np.linspace(-2, 0.5, 80)]
    assert 0.5 < best_threshold(truth, scores) < 1.2
    assert auc(truth, scores) == 1.0
    offsets = best_offsets(np.array([0, 1] * 50), np.tile([1.0, 0.4], (100, 1)) + np.eye(2)[np.array([0, 1] * 50)] * 0.5, 2)
    assert offsets[1] > offsets[0]


def test_absent_neighbors_stand_for_themselves() -> None:
    found = neighbor_scores(np.array([[1.0], [2.0]]), np.array([0, 1]), np.array([0.5]))
    assert found.tolist() == [[0.5, 0.5, 0.5, 0.5]] * 2


def test_every_recipe_has_a_card() -> None:
    assert set(RECIPES) <= set(CARDS)
    assert [name for name, card in CARDS.items() if card.ships] == ["treatment"]


def test_holding_features_back_by_their_odds_is_still_one_weight_a_feature() -> None:
    """Scaled features and plain weights give the same scores as plain features and the weights that come back."""
    random = np.random.default_rng(0)
    rows = sparse.csr_array(sparse.random(60, 30, 0.3, random_state=1, dtype=np.float32, format="csr"))
    wanted = np.where(random.random((60, 2)) < 0.4, 1.0, -1.0)
    used = random.random((60, 2)) < 0.8
    found = learning._fit(rows, wanted, used, np.full(2, 0.3), True, 0.5)
    for output in range(2):
        mine = np.flatnonzero(used[:, output])
        scale = learning._leaning(rows[mine], wanted[mine, output] > 0, 0.5)
        scaled = sparse.csr_array(rows.multiply(scale[None, :]))
        plain = learning._fit(scaled, wanted[:, [output]], used[:, [output]], np.full(1, 0.3), True)
        assert scaled @ plain[:-1, 0] + plain[-1, 0] == pytest.approx(rows @ found[:-1, output] + found[-1, output], abs=0.02)


def test_a_feature_that_says_nothing_is_held_back() -> None:
    flags = np.array([True, True, False, False])
    rows = sparse.csr_array(np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1]], np.float32))
    scale = learning._leaning(rows, flags, 0.5)
    assert scale[0] < scale[1] == pytest.approx(scale[2])


def test_offsets_are_drawn_to_those_of_even_classes() -> None:
    assert learning._even(np.array([0, 0, 0, 1]), 2).tolist() == pytest.approx([-0.549306, 0.549306], abs=1e-5)
