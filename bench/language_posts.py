"""Posts of about 200 characters for the bench of language: real ones out of a folder of sets, else those of a made town."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import orjson
import polars as pl

ABOUT = 200
"""Characters of a post."""

_LEAST = 40


def language_posts(count: int, data: Path | None, folder: Path) -> tuple[pl.Series, str]:
    """`count` posts and a word for where they are from."""
    if data is not None and data.is_dir():
        texts = real_texts(data)
        if len(texts) >= 1_000:
            return cut_and_glued(texts, count), f"real texts of {data.name}, cut and glued to about {ABOUT} characters"
    from bench.posts import written

    made = pl.read_ndjson(written(folder, min(count, 200_000)))["text"].to_list()
    return cut_and_glued(made, count), f"a made town's texts, glued to about {ABOUT} characters"


def real_texts(data: Path) -> list[str]:
    """Every longer string of every line of every set in the folder, once each."""
    found: dict[str, None] = {}
    for path in sorted(data.rglob("*.jsonl.gz")):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            if line.strip():
                found.update(dict.fromkeys(_strings(orjson.loads(line))))
    return list(found)


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if len(value) >= _LEAST and " " in value else []
    if isinstance(value, dict):
        return [text for part in value.values() for text in _strings(part)]
    return [text for part in value for text in _strings(part)] if isinstance(value, list) else []


def cut_and_glued(texts: list[str], count: int, seed: int = 7) -> pl.Series:
    """`count` posts: long texts cut at a space, short ones joined, in an order of their own; where there are too few, halves of two."""
    rng = np.random.default_rng(seed)
    posts: list[str] = []
    held = ""
    for place in rng.permutation(len(texts)).tolist():
        text = texts[place]
        while len(text) > 1.5 * ABOUT:
            cut = text.find(" ", int(ABOUT * (0.5 + 0.75 * rng.random())))
            if cut < 0:
                break
            posts.append(text[:cut])
            text = text[cut + 1 :]
        held = f"{held} {text}".strip()
        if len(held) >= 0.6 * ABOUT:
            posts.append(held[: 2 * ABOUT])
            held = ""
        if len(posts) >= count:
            break
    real = len(posts)
    while len(posts) < count:
        one, other = (posts[place] for place in rng.integers(0, real, 2))
        posts.append(f"{one[: ABOUT // 2]} {other[len(other) // 2 :]}")
    return pl.Series("text", posts[:count], dtype=pl.String)
