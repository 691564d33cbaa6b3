"""A head as plain arrays and one JSON text, and back: what is kept in a file is the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from heedful.core.errors import HeedfulError
from heedful.language.heads.blocks import Block, BlockWeights
from heedful.language.heads.head import Head, Recipe, Stage
from heedful.language.heads.logistic import Logistic

FORMAT = 1
Arrays = dict[str, npt.NDArray[Any]]


class PackedHeadError(HeedfulError):
    """Arrays are not those of a head, or of one made by another version."""


def pack(head: Head) -> Arrays:
    """Arrays by name; weights and rarities in half precision, which moves no probability by more than .002."""
    about = {
        "format": FORMAT,
        "recipe": {"name": head.recipe.name, "kind": head.recipe.kind, "labels": head.recipe.labels,
                   "blocks": [[b.kind, b.weight, b.field] for b in head.recipe.blocks],
                   "strengths": head.recipe.strengths, "inputs": head.recipe.inputs},
        "stages": [
            {"inputs": stage.inputs, "threshold": stage.threshold, "band": stage.band, "offsets": stage.offsets.tolist(),
             "center": stage.logistic.center.tolist(), "scale": stage.logistic.scale.tolist(), "weights": stage.logistic.weights.tolist()}
            for stage in head.stages
        ],
        "unseen": [block.unseen for block in head.blocks],
        "strange": head.strange,
    }  # fmt: skip
    arrays: Arrays = {
        "about": np.frombuffer(orjson.dumps(about), np.uint8),
        "weights": head.weights[:-1].astype(np.float16),
        "intercepts": head.weights[-1].astype(np.float32),
        "absent": head.absent,
    }
    for place, block in enumerate(head.blocks):
        arrays[f"steps_{place}"] = np.diff(block.columns, prepend=0).astype(np.uint32)
        arrays[f"rarity_{place}"] = block.rarity.astype(np.float16)
    return arrays


def unpack(arrays: Mapping[str, npt.NDArray[Any]]) -> Head:
    """The head of `pack`. Raises `PackedHeadError` if these are not the arrays of one."""
    try:
        about = orjson.loads(arrays["about"].tobytes())
        if about["format"] != FORMAT:
            raise PackedHeadError(f"This head is of format {about['format']}, not {FORMAT}. Learn it again: heedful learn HEAD.")
        made = about["recipe"]
        blocks = tuple(Block(*one) for one in made["blocks"])
        recipe = Recipe(
            made["name"], made["kind"], tuple(made["labels"]), blocks, tuple(made["strengths"]), tuple(made["inputs"])
        )  # fmt: skip
        weights = np.vstack([arrays["weights"].astype(np.float32), arrays["intercepts"][None, :].astype(np.float32)])
        learned = tuple(
            BlockWeights(
                block, np.cumsum(arrays[f"steps_{place}"], dtype=np.int64).astype(np.int32), arrays[f"rarity_{place}"].astype(np.float32),
                about["unseen"][place],
            )
            for place, block in enumerate(blocks)
        )  # fmt: skip
        return Head(recipe, learned, weights, arrays["absent"], tuple(map(_stage, about["stages"])), about["strange"])
    except (KeyError, TypeError, ValueError, orjson.JSONDecodeError) as error:
        raise PackedHeadError(f"This is not a head ({type(error).__name__}: {error}). Learn it again: heedful learn HEAD.") from error


def _stage(about: Mapping[str, Any]) -> Stage:
    logistic = Logistic(np.array(about["center"]), np.array(about["scale"]), np.array(about["weights"]))
    return Stage(about["inputs"], logistic, about["threshold"], (about["band"][0], about["band"][1]), np.array(about["offsets"]))
