from __future__ import annotations

from html.parser import HTMLParser

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from heedful.report.html import Html, element, table


class Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1))
def test_no_text_can_break_out(text: str) -> None:
    parser = Texts()
    parser.feed(element("p", text, title=text))
    parser.close()
    assert parser.tags == ["p"]
    assert "".join(parser.texts) == text


def test_html_is_kept_and_empty_attributes_are_left_out() -> None:
    assert element("p", Html("<b>x</b>"), "<", None, class_=None, hidden=True) == "<p hidden><b>x</b>&lt;</p>"


def test_a_table_says_when_it_is_cut_and_shows_missing_as_a_dash() -> None:
    made = table(pl.DataFrame({"Day": ["1", "2", "3"], "n": ["7", None, "9"]}), "Days", numeric=["n"], limit=2)
    assert made.count("<tr>") == 3
    assert "The first 2 of 3 rows." in made
    assert '<td class="number">–</td>' in made
    assert 'tabindex="0" aria-label="Table: Days"' in made
