"""Roles of marked spans: a model that learned from the train rows judges those of the test rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.language.roles import RoleRecipe, learn_roles, roles_of
from heedful.loops.evaluate.sets import held_out_rows, train_rows
from heedful.loops.evaluate.spans import marked, whole_texts
from heedful.loops.evaluate.tasks import Figure, Rows, measure, task
from heedful.sources.packaged import vocabulary

Marks = npt.NDArray[np.bool_]
ROLE_OF = {"ADR": "effect", "WD": "withdrawal", "SSI": "indication", "DI": "indication"}


@task("psytar.roles")
def roles(data: Path, train: Path) -> list[Figure]:
    """Accuracy over effect, withdrawal and illness or indication, on spans as people marked them."""
    texts, spans = marked(whole_texts(train_rows(train, "psytar/sentences")), tuple(ROLE_OF))
    model = learn_roles(texts, with_roles(spans), cues=vocabulary().rules, recipe=RoleRecipe(), seed=0)
    texts, spans = marked(whole_texts(held_out_rows(data, "psytar/sentences")), tuple(ROLE_OF))
    gold = with_roles(spans)["role"].to_numpy()
    said = roles_of(texts, spans, model, cues=vocabulary().rules).to_numpy()
    right = gold == said
    figures = [measure("psytar.roles", "accuracy", gold.size, lambda rows: float(right[rows].mean()), baseline=0.814, bar=0.87)]
    return figures + [_f1_of(role, gold == role, said == role) for role in model.roles]


def _f1_of(role: str, gold: Marks, said: Marks) -> Figure:
    def f1(rows: Rows) -> float:
        marked_or_said = int(gold[rows].sum() + said[rows].sum())
        return float(2 * (gold & said)[rows].sum() / marked_or_said) if marked_or_said else float("nan")

    return measure("psytar.roles", f"F1 {role}", gold.size, f1)


def with_roles(spans: pl.DataFrame) -> pl.DataFrame:
    """Spans with the role of their type."""
    return spans.with_columns(role=pl.col("type").replace_strict(ROLE_OF, return_dtype=pl.String))
