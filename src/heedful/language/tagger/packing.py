"""A tagger as a few hundred kilobytes: its heaviest rows of weights in bytes, and everything else in JSON."""

from __future__ import annotations

import dataclasses
import zlib

import numpy as np
import orjson
import polars as pl

from heedful.core.errors import SettingsError
from heedful.language.tagger.tagger import Recipe, Tagger

_FORM = "heedful tagger 1"


def pack(tagger: Tagger, *, rows: int) -> bytes:
    """The tagger with only the `rows` rows that have the largest weights, each weight as one of 255 steps of its tag's range."""
    largest = np.abs(tagger.weights).max(axis=1)
    kept = np.sort(np.argsort(-largest, kind="stable")[:rows])
    kept = kept[largest[kept] > 0]
    scale = np.maximum(np.abs(tagger.weights[kept]).max(axis=0, initial=0.0), 1e-9) / 127
    levels = np.round(tagger.weights[kept] / scale).astype(np.int8)
    head = {
        "form": _FORM,
        "types": tagger.types,
        "steps": tagger.steps.round(4).tolist(),
        "dictionary": tagger.dictionary.to_list(),
        "edges": np.argwhere(tagger.edges).tolist(),
        "recipe": dataclasses.asdict(tagger.recipe),
        "scale": scale.astype(float).tolist(),
        "rows": len(kept),
    }
    gaps = np.diff(kept, prepend=0).astype("<u4").tobytes()
    content = orjson.dumps(head)
    # Tag by tag, so that like stands beside like.
    return zlib.compress(len(content).to_bytes(4, "little") + content + gaps + np.ascontiguousarray(levels.T).tobytes(), 9)


def unpack(packed: bytes) -> Tagger:
    """The tagger of `pack`. Raises `SettingsError` if the bytes are none."""
    try:
        content = zlib.decompress(packed)
        size = 4 + int.from_bytes(content[:4], "little")
        head = orjson.loads(content[4:size])
        if head["form"] != _FORM:
            raise ValueError(head["form"])
        steps, n = np.array(head["steps"]), int(head["rows"])
        kept = np.cumsum(np.frombuffer(content, "<u4", n, size))
        levels = np.frombuffer(content, np.int8, offset=size + 4 * n).reshape(steps.shape[1], n).T
        recipe = Recipe(**head["recipe"])
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"This is not a tagger that heedful packed ({error}). Build it again with scripts/build_taggers.py.") from error
    weights = np.zeros((1 << recipe.bits, steps.shape[1]), np.float32)
    weights[kept] = levels * np.array(head["scale"], np.float32)
    edges = np.zeros((3, 256), bool)
    for side, byte in head["edges"]:
        edges[side, byte] = True
    return Tagger(tuple(head["types"]), weights, steps, pl.Series(head["dictionary"], dtype=pl.String), edges, recipe)
