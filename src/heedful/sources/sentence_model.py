"""A sentence encoder from a folder: `model.safetensors`, `config.json` and `tokenizer.json`, as models of that kind are handed on.

Nothing is fetched: the folder is the user's. The tokenizer library (extra `semantic`) is loaded only here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

from heedful.core.errors import NotFoundError, SettingsError
from heedful.language.semantic.encoder import Build, SentenceModelError, sentence_vectors

FILES = ("config.json", "model.safetensors", "tokenizer.json")
LONGEST = 256
"""Tokens of a text that are read."""

_KINDS: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "I64": np.dtype("<i8")}


@dataclass(frozen=True, eq=False)
class FolderEncoder:
    """Weights, measures and tokenizer of a folder; a `heedful.language.semantic.encoder.SentenceEncoder`."""

    weights: dict[str, npt.NDArray[np.float32]]
    build: Build
    tokenizer: Any

    def encode(self, texts: pl.Series) -> npt.NDArray[np.float32]:
        read = self.tokenizer.encode_batch(texts.fill_null("").to_list())
        return sentence_vectors([one.ids for one in read], self.weights, self.build)


def sentence_encoder(folder: Path) -> FolderEncoder:
    """The encoder of a folder.

    Raises `NotFoundError` for a file that is not there, `SettingsError` without the extra, `SentenceModelError` for files that are not of a
    BERT model with absolute positions.
    """
    for name in FILES:
        if not (folder / name).is_file():
            raise NotFoundError(f"{folder / name}: there is no such file. Give the folder of a sentence encoder with {', '.join(FILES)}.")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        from tokenizers import Tokenizer  # an extra: only who asks for sentence vectors needs it  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise SettingsError("Sentence vectors need a tokenizer: pip install 'heedful[semantic]'.") from error
    try:
        about = orjson.loads((folder / "config.json").read_bytes())
        build = Build(about["num_hidden_layers"], about["num_attention_heads"], about.get("layer_norm_eps", 1e-12))
        supported = about["model_type"] == "bert" and about["hidden_act"] == "gelu"
        supported = supported and about.get("position_embedding_type", "absolute") == "absolute"
        longest = min(LONGEST, about["max_position_embeddings"])
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except (KeyError, TypeError, ValueError, orjson.JSONDecodeError) as error:
        raise SentenceModelError(
            f"{folder}: config.json does not describe a sentence encoder ({type(error).__name__}: {error})."
        ) from error
    if not supported:
        raise SentenceModelError(f"{folder}: only BERT models with GELU and absolute positions can be run, such as all-MiniLM-L6-v2.")
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    return FolderEncoder(read_weights(folder / "model.safetensors"), build, tokenizer)


def read_weights(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Arrays by name of a safetensors file: eight bytes with the length of a JSON header, the header, the numbers.

    Raises `SentenceModelError` if it is none. A name's prefix "bert." is taken off.
    """
    content = path.read_bytes()
    try:
        length = int.from_bytes(content[:8], "little")
        header = orjson.loads(content[8 : 8 + length])
        return {
            name.removeprefix("bert."): _array(content, 8 + length, about)
            for name, about in header.items()
            if name != "__metadata__" and about["dtype"] in _KINDS
        }
    except (KeyError, TypeError, ValueError, orjson.JSONDecodeError) as error:
        raise SentenceModelError(f"{path}: this is not a safetensors file ({type(error).__name__}). Fetch the model again.") from error


def _array(content: bytes, begin: int, about: dict[str, Any]) -> npt.NDArray[np.float32]:
    first, last = about["data_offsets"]
    kind = _KINDS[about["dtype"]]
    if begin + last > len(content) or last < first:
        raise ValueError("numbers are missing")
    flat = np.frombuffer(content, kind, (last - first) // kind.itemsize, begin + first)
    return flat.reshape(about["shape"]).astype(np.float32)
