"""Tables of terms: both separators, what the head says, every fault by its line, and that what is written is read back."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.vocabularies.concepts import TERM_TYPES, VocabularyFile
from heedful.sources.vocabularies.reading import read_vocabulary
from heedful.sources.vocabularies.table import read_table, table_text

HEAD = "term,code,label,type\n"


def test_columns_in_any_order_with_quotes_and_comments(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        '# Licence: CC0\n# version: 3\n\ncode,Term,type,note,label\r\nmy:1,"long covid",condition,x,"Long COVID, any"\r\n\n', "utf-8-sig"
    )
    file = read_vocabulary(path)
    assert file.terms.rows() == [("long covid", "my:1", "Long COVID, any", "condition")]
    assert (file.source, file.version, file.licence) == ("own.csv", "3", "CC0")


def test_quotes_are_letters_between_tabs() -> None:
    file = read_table(Path("a.tsv"), 'term\tcode\tlabel\nthe "runs"\tmy:1\tDiarrhea\n', "symptom")
    assert file.terms.rows() == [('the "runs"', "my:1", "Diarrhea", "symptom")]


@pytest.mark.parametrize(
    ("text", "kind", "line", "said"),
    [
        ("# nothing\n", "", None, "no table"),
        ("term,code,label\na,b,c\n", "", 1, "no column type"),
        ("# x\nterm,label,type\na,b,symptom\n", "", 2, "no column code"),
        (HEAD, "", 1, "no term"),
        (HEAD + "a,b,c,symptom\n", "drug", 1, "--type"),
        (HEAD + "\na,b\n", "", 3, "2 values below 4"),
        (HEAD + "\nd,,c,symptom\n", "", 3, "code is empty"),
        (HEAD + "a,b,c,symptoms\n", "", 2, "'symptoms' is not a type"),
        (HEAD + '"a,b,c,symptom\n', "", None, "Close each quote"),
        ('"', "", 1, "Close each quote"),
        ('"term"x,code\na,b\n', "", 1, "Close each quote"),
        (HEAD + '"a\na",b,c,symptom\n', "", 3, "line end"),
    ],
)
def test_faults_are_named_by_line(text: str, kind: str, line: int | None, said: str) -> None:
    with pytest.raises(SourceError, match=said) as raised:
        read_table(Path("own.csv"), text, kind)
    assert line is None or raised.value.line == line


def test_the_rest_is_kept() -> None:
    file = read_table(Path("own.csv"), HEAD + "Rash,b,c,symptom\n\nd,,c,symptom\ne,f\ng,h,i,drug\n")
    assert file.terms["term"].to_list() == ["Rash", "g"]
    for fault, said in zip(file.broken, ("line 4: code is empty", "line 5"), strict=True):
        assert f"own.csv, {said}" in fault


def test_of_several_codes_the_first_counts_and_the_others_are_crosswalks() -> None:
    rows = "Rash,my:1,c,symptom\nrash,HP:0000988,c,symptom\nRASH,D2,c,symptom\nwelt,HP:0000988,c,symptom\n"
    file = read_table(Path("own.csv"), HEAD + rows)
    assert file.broken == ()
    assert file.terms.select("term", "code").rows() == [("Rash", "my:1"), ("welt", "HP:0000988")]
    assert file.crosswalks.rows() == [("my:1", "HP", "0000988", "same name"), ("my:1", "code", "D2", "same name")]


def test_what_is_no_vocabulary_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    for content, said in ((b"", "no text"), (b"a\0b", "not a text file"), (b"term,code\nna\xefve,x\n", "line 2: it is not UTF-8")):
        path.write_bytes(content)
        with pytest.raises(SourceError, match=said):
            read_vocabulary(path)
    with pytest.raises(SourceError, match="folder"):
        read_vocabulary(tmp_path)
    with pytest.raises(SourceError, match="not exist"):
        read_vocabulary(tmp_path / "none.csv")
    path.write_text(HEAD + "a,b,c,symptom\n")
    with pytest.raises(SourceError, match="hierarchy"):
        read_vocabulary(path, below="HP:1")
    with pytest.raises(SettingsError, match="--type is one of"):
        read_vocabulary(path, "symtom")


WORD = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)


@given(
    st.lists(st.tuples(WORD, WORD, WORD, st.sampled_from(TERM_TYPES)), min_size=1, max_size=8, unique_by=lambda row: row[0].casefold()),
    WORD,
)
def test_a_written_table_is_read_back(rows: list[tuple[str, str, str, str]], licence: str) -> None:
    terms = pl.DataFrame(rows, schema=["term", "code", "label", "type"], orient="row")
    back = read_table(Path("own.tsv"), table_text(VocabularyFile(terms, "x", "", licence)))
    assert back.terms.equals(terms)
    assert (back.source, back.version, back.licence) == ("x", "", licence)


def test_a_gzipped_file_is_unpacked_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "own.obo.gz"
    path.write_bytes(gzip.compress(b"[Term]\nid: X:1\nname: glorp\n"))
    assert read_vocabulary(path, "symptom").terms.select("term", "code").rows() == [("glorp", "X:1")]
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(SourceError, match="cannot be unpacked"):
        read_vocabulary(path, "symptom")
    monkeypatch.setattr("heedful.sources.vocabularies.reading.LARGEST", 1_000)
    path.write_bytes(gzip.compress(b" " * 1_001))
    with pytest.raises(SourceError, match="more than 1,000 bytes, unpacked"):
        read_vocabulary(path, "symptom")
