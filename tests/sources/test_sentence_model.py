"""A sentence encoder read from a folder: what is not there or broken is named; a tiny one of our own is read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest

from heedful.core.errors import NotFoundError
from heedful.language.semantic.encoder import SentenceModelError
from heedful.sources.sentence_model import read_weights, sentence_encoder


def write_weights(path: Path, arrays: dict[str, np.ndarray]) -> None:
    header, blob = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        kind = {"float32": "F32", "float16": "F16"}[array.dtype.name]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(blob), len(blob) + array.nbytes]}
        blob += array.tobytes()
    packed = orjson.dumps(header)
    path.write_bytes(len(packed).to_bytes(8, "little") + packed + blob)


def test_weights_are_read_back(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "bert.b": np.ones(2, np.float16)}
    write_weights(tmp_path / "w", arrays)
    found = read_weights(tmp_path / "w")
    assert found["a"].tolist() == arrays["a"].tolist()
    assert found["b"].dtype == np.float32


@pytest.mark.parametrize("content", [b"", b"\x05\x00\x00\x00\x00\x00\x00\x00{{{{{", b"\xff" * 40])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(SentenceModelError, match="not a safetensors file"):
        read_weights(tmp_path / "w")


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    write_weights(tmp_path / "w", {"a": np.arange(6, dtype=np.float32)})
    (tmp_path / "w").write_bytes((tmp_path / "w").read_bytes()[:-4])
    with pytest.raises(SentenceModelError):
        read_weights(tmp_path / "w")


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"config\.json"):
        sentence_encoder(tmp_path)


def test_a_tiny_model_of_our_own(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="the extra 'semantic' is not installed")
    words = {"[UNK]": 0, "fever": 1, "cough": 2}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    about = {"model_type": "bert", "hidden_act": "gelu", "num_hidden_layers": 0, "num_attention_heads": 1, "max_position_embeddings": 8}
    (tmp_path / "config.json").write_bytes(orjson.dumps(about))
    embedded = np.array([[0.1, 0.2, 0.7], [1, 0, 0], [0, 1, 0]], np.float32)
    write_weights(
        tmp_path / "model.safetensors",
        {
            "embeddings.word_embeddings.weight": embedded,
            "embeddings.position_embeddings.weight": np.zeros((8, 3), np.float32),
            "embeddings.token_type_embeddings.weight": np.zeros((1, 3), np.float32),
            "embeddings.LayerNorm.weight": np.ones(3, np.float32),
            "embeddings.LayerNorm.bias": np.zeros(3, np.float32),
        },
    )
    vectors = sentence_encoder(tmp_path).encode(pl.Series(["fever", "fever fever", "cough", None, "fever " * 50]))
    assert np.linalg.norm(vectors[[0, 1, 2, 4]], axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors[0] == pytest.approx(vectors[1], abs=1e-6)  # a mean; the long one is cut
    assert float(vectors[0] @ vectors[2]) < 0.5
    (tmp_path / "config.json").write_bytes(orjson.dumps(about | {"model_type": "t5"}))
    with pytest.raises(SentenceModelError, match="only BERT"):
        sentence_encoder(tmp_path)
    (tmp_path / "config.json").write_bytes(b"{}")
    with pytest.raises(SentenceModelError, match=r"config\.json"):
        sentence_encoder(tmp_path)
