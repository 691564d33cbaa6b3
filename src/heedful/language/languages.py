"""Which language a text is in: declared, else told by its small words; short or mixed texts are left open.

Only languages with rules of their own matter here: a text that is told to be Spanish is read with Spanish words, and one that is told to be
in yet another language is not read as English. A text that is left open is read as English, as it is when nothing is declared.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.text_buffers import text_buffers

OTHER, OPEN = "other", ""
"""Answers for a language without small words here (Greek, Russian, Japanese), and for a text that is too short or too mixed to tell."""

LEAST = 2.4
"""Least weight of small words by which a language is told."""
LEAD = 1.35
"""How many times the weight of the next language."""
FOREIGN = 4
"""Letters of other scripts from which on a text is in another language, unless it has as many words in Latin ones."""
_SLOTS = 2_048


@dataclass(frozen=True, eq=False)
class SmallWords:
    """Function words by language.

    Parameters: `words` with columns word (at most 8 bytes in UTF-8, lower case) and language (code of two letters).

    Raises `SettingsError` on a missing column or a longer word.
    """

    words: pl.DataFrame

    def __post_init__(self) -> None:
        lost = [name for name in ("word", "language") if name not in self.words.columns]
        if lost:
            raise SettingsError(f"The table of small words lacks {', '.join(lost)}. Its columns are word and language.")
        long = self.words.filter(~pl.col("word").str.len_bytes().is_between(1, 8))["word"].to_list()
        if long or self.words["word"].n_unique() > _SLOTS // 2:
            raise SettingsError(
                f"Small words have 1 to 8 bytes, and there are at most {_SLOTS // 2}; remove {', '.join(long[:3]) or 'some'}."
            )

    @cached_property
    def languages(self) -> list[str]:
        """The languages that can be told."""
        return self.words["language"].unique().sort().to_list()

    @cached_property
    def fingerprint(self) -> str:
        """Changes with any word, and with how a language is told."""
        said = f"{LEAST} {LEAD} {FOREIGN} " + self.words.select("word", "language").write_csv()
        return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()

    def told(self, texts: pl.Series) -> pl.Series:
        """The language of each text: a code of `languages`, `OTHER`, or `OPEN`; each text by itself.

        Its first 256 bytes are read. A word of one language alone weighs 1, one that several share less. Missing texts are open.
        """
        offsets, data = text_buffers(texts)
        n, names = texts.len(), self.languages
        votes, words, foreign = np.zeros((n, len(names)), np.float32), np.zeros(n, np.int32), np.zeros(n, np.int32)
        _count(data, offsets, *self._table, votes, words, foreign)
        best = votes.argmax(1) if names else np.zeros(n, np.int64)
        top = votes.max(1, initial=0.0)
        votes[np.arange(n), best] = -1.0
        clear = (top >= LEAST) & (top >= LEAD * votes.max(1, initial=0.0))
        answer = np.where(clear, best, len(names))
        answer[(foreign >= FOREIGN) & (foreign > 2 * top)] = len(names) + 1
        return pl.Series("language", [*names, OPEN, OTHER]).gather(pl.Series(answer.astype(np.uint32)))

    @cached_property
    def _table(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.float32]]:
        from heedful.language.kernels.language_votes import slot_of

        keys = np.zeros(_SLOTS, np.uint64)
        weights = np.zeros((_SLOTS, len(self.languages)), np.float32)
        shared = dict(self.words.group_by("word").len().iter_rows())
        for word, language in self.words.select("word", "language").iter_rows():
            key = int.from_bytes(word.encode().ljust(8, b"\0"), "little")
            slot = slot_of(key, _SLOTS)
            while keys[slot] and int(keys[slot]) != key:
                slot = (slot + 1) % _SLOTS
            keys[slot] = key
            weights[slot, self.languages.index(language)] = 1.0 / shared[word] ** 0.5
        return keys, weights


def declared_language(declared: pl.Expr) -> pl.Expr:
    """The language of a declared tag ("en-US" → "en"); "" where none is declared ("und", "", missing)."""
    first = declared.str.to_lowercase().str.extract(r"^([a-z]{2,3})\b").fill_null("")
    return pl.when(first.is_in(["und", "mul", "zxx", "qme", "qst"])).then(pl.lit("")).otherwise(first)


def spoken(texts: pl.Series, declared: pl.Series, small_words: SmallWords) -> pl.Series:
    """The language of each text: the declared one, else the one that its small words tell; `OPEN` if neither."""
    said = pl.DataFrame({"declared": declared.cast(pl.String)}).select(language=declared_language(pl.col("declared")))["language"]
    silent = (said == "").arg_true()
    if not silent.len():
        return said
    told = small_words.told(texts.gather(silent) if silent.len() < texts.len() else texts)
    return said.scatter(silent, told)


def _count(data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], *rest: npt.NDArray[np.generic]) -> None:
    from heedful.language.kernels.language_votes import count_votes

    count_votes(data, offsets, *rest)
