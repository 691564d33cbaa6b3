"""`heedful learn`: a head's weights from a user's own copy of its set, the same every time, and reading them back."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heedful.core.errors import NotFoundError, SettingsError
from heedful.language.heads.cards import CARDS, HeadCard
from heedful.language.heads.head import Head
from heedful.language.heads.learning import OutOfFold
from heedful.language.heads.packing import pack, unpack
from heedful.loops.evaluate.examples import SETS, learn_from
from heedful.loops.evaluate.head_results import packaged_results
from heedful.loops.evaluate.judged_heads import HeadResult
from heedful.loops.evaluate.transfer import Cell


@dataclass(frozen=True)
class Learned:
    """Where the weights lie, how many bytes they are, the head's card, and what it reached out of fold."""

    path: Path
    size: int
    card: HeadCard
    out_of_fold: list[OutOfFold]


def learnable() -> list[HeadCard]:
    """Cards of the heads that `learn_head` makes."""
    return [CARDS[name] for name in SETS]


def card_of(name: str) -> tuple[HeadCard, list[HeadResult], list[Cell]]:
    """A head's card, its results on test rows by label and group, and its row of the transfer matrix, as measured for this version.

    Raises `SettingsError` for an unknown head.
    """
    if name not in CARDS:
        raise SettingsError(f"There is no head named {name}. Known: {', '.join(CARDS)}.")
    results, cells = packaged_results()
    return CARDS[name], results.get(name, []), [cell for cell in cells if cell.head == name]


def learn_head(name: str, data: Path, out: Path) -> Learned:
    """Learn head `name` from the train rows of its set in `data` and write it to `out`.

    Raises `SettingsError` for an unknown head, `NotFoundError` if the folder or its set is not there.
    """
    if name not in SETS:
        raise SettingsError(f"There is no head named {name}. Known: {', '.join(SETS)}.")
    if not data.is_dir():
        raise NotFoundError(f"{data}: there is no such folder. Give a folder of sets in the shape of ../shared/data/nlp.")
    head, out_of_fold = learn_from(name, data)
    content = to_bytes(head)
    out.write_bytes(content)
    return Learned(out, len(content), CARDS[name], out_of_fold)


def to_bytes(head: Head) -> bytes:
    """The file of a head (NumPy's .npz); the same head gives the same bytes."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **pack(head))
    return file.getvalue()


def load_head(path: Path) -> Head:
    """The head of a file. Raises `NotFoundError` if it is not there, `PackedHeadError` if it is not one."""
    from heedful.language.heads.packing import PackedHeadError

    if not path.is_file():
        raise NotFoundError(f"{path}: there is no such file. Make it with heedful learn HEAD --data FOLDER.")
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return unpack(dict(arrays))
    except (ValueError, OSError, EOFError) as error:
        raise PackedHeadError(f"{path}: this is not a head ({error}). Learn it again: heedful learn HEAD.") from error
