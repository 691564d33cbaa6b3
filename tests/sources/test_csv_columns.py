"""CSV columns: headers that are none, names that collide, and where reading goes on."""

from __future__ import annotations

import csv as standard
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SourceError
from heedful.sources.csv_columns import LINE, Columns, numbers, peeked, table

Read = Callable[..., Any]


@pytest.mark.parametrize("names", [("line", "at", "reason"), ("*", "^a$", "b"), ("", "", "a"), ("a", "a", "a"), ("source", "day", "extra")])
def test_any_names_can_be_columns(tmp_path: Path, names: tuple[str, ...]) -> None:
    path = tmp_path / "x.csv"
    path.write_text(",".join(names) + "\n1,2,3\n")
    columns = Columns(path, {})
    (cut,) = columns.portions()
    row = table(cut)
    assert row.select(pl.col(name) for name in columns.names).row(0) == ("1", "2", "3")
    assert row[LINE].to_list() == [2]


def test_a_participants_columns_may_be_called_as_ours_are(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "x.csv"
    path.write_text("at,line,reason\n2024-03-01T10:00,70,p1\n")
    columns = {"start_at": "at", "value": "line", "person": "reason"}
    got = read("records.mapped", path, table="observations", columns=columns, code="body_weight")
    assert got["observations"].select("person", "value").rows() == [("p1", 70)]


@pytest.mark.parametrize("text", ["one column\n1\n", "\n\n", "x" * 2_000_000 + ",y\n", 'a,"b\n', "a\0,b\n1,2\n"])
def test_what_has_no_header_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(SourceError):
        list(Columns(path, {}).portions())


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)


@settings(deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), max_size=6), st.sampled_from(",;\t|"))
def test_what_the_standard_library_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    buffer = io.StringIO()
    standard.writer(buffer, delimiter=delimiter, quoting=standard.QUOTE_ALL, lineterminator="\n").writerows([("first", "second"), *rows])
    path.write_text(buffer.getvalue(), encoding="utf-8", newline="")
    columns = Columns(path, {"delimiter": delimiter})
    found = [row for cut in columns.portions() for row in table(cut).select("first", "second").fill_null("").rows()]
    assert found == rows


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_peeking_never_fails(head: bytes) -> None:
    first = peeked(head)
    assert all(len(row) == len(first.names) for row in first.rows)


def test_numbers() -> None:
    frame = pl.DataFrame({"n": ["1.5", " 2 ", "1e3", "nan", "inf", "1,5", "", None, "0x1"]})
    assert frame.select(numbers("n")).to_series().to_list() == [1.5, 2.0, 1000.0, None, None, None, None, None, None]
    frame = pl.DataFrame({"n": ["1,5", "1.234,5", "7"]})
    assert frame.select(numbers("n", ",")).to_series().to_list() == [1.5, 1234.5, 7.0]
