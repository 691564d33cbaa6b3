from __future__ import annotations

import unicodedata

import pytest

from heedful.language import folding as f


@pytest.mark.parametrize(
    ("written", "folded"),
    [("Ä", "a"), ("ß", "ss"), ("ﬁ", "fi"), ("Ｆ", "f"), ("İ", "i"), ("е", "e"), ("9", "9"), ("½", "12"), ("한", "한"), ("!", ""), ("́", "")],
)
def test_folds(written: str, folded: str) -> None:
    assert f.fold(written) == folded


def test_the_table_says_what_the_functions_say() -> None:
    table = f.fold_table()
    whole = [point for first, after in f._WHOLE.items() for point in (first - 1, *range(first, after, 97), after - 1, after)]
    for point in [*range(0x250), 0x301, 0x430, 0x200D, 0x2019, 0x2022, 0xFE0F, 0xFDFA, 0x1F92E, 0x1F3FD, 0x4E00, *whole]:
        character = chr(point)
        kind = f.class_of(character)
        assert table.classes[point] == kind
        expected = {f.WORD: f.fold(character), f.EMOJI: character}.get(kind, "")
        assert bytes(table.folded[table.at[point] : table.at[point + 1]]).decode() == expected


def test_ascii_words_are_letters_and_digits_and_fold_to_lower_case() -> None:
    # The kernels count on it when they read eight bytes at a time.
    for point in range(128):
        character = chr(point)
        assert (f.class_of(character) == f.WORD) == character.isalnum()
        if character.isalnum():
            assert f.fold(character) == character.lower()


def test_no_character_folds_to_more_than_twelve_times_its_bytes() -> None:
    table = f.fold_table()
    lengths = table.at[1:] - table.at[:-1]
    assert all(lengths[p] <= 12 * len(chr(p).encode()) for p in lengths.nonzero()[0])


def test_vowel_signs_of_other_scripts_stay() -> None:
    assert unicodedata.category("ा") == "Mc"
    assert f.class_of("ा") == f.WORD
