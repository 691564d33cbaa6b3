"""HTML that cannot be broken by what it shows: every text is escaped unless it is `Html` already."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

import polars as pl


class Html(str):
    """Markup that is safe to put into the page as it is."""

    __slots__ = ()


Child = str | Html | None


def element(tag: str, *children: Child, **attributes: str | bool | None) -> Html:
    """An element; underscores in attribute names become dashes, a trailing one is dropped; `True` is a bare attribute.

    >>> element("p", "1 < 2", class_="why")
    '<p class="why">1 &lt; 2</p>'
    """
    shown = "".join(_attribute(name, value) for name, value in attributes.items() if value is not None and value is not False)
    return Html(f"<{tag}{shown}>{join(children)}</{tag}>")


def join(children: Iterable[Child]) -> Html:
    """Several children one after the other."""
    return Html("".join(child if isinstance(child, Html) else html.escape(child) for child in children if child is not None))


def _attribute(name: str, value: str | bool) -> str:
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'


def scroll(inside: Html, label: str) -> Html:
    """A part of the page that scrolls sideways by itself where it is too wide, by keyboard too."""
    return element("div", inside, class_="scroll", role="group", tabindex="0", aria_label=label)


def table(data: pl.DataFrame, caption: str, *, numeric: Sequence[str] = (), code: Sequence[str] = (), limit: int = 200) -> Html:
    """Rows as a table, headed by their column names; `numeric` columns stand to the right. Says so if rows were left out.

    Cells are strings; those of `code` columns are commands; a missing cell shows as an en dash.
    """
    shown = data.head(limit)
    classes = ["number" if name in numeric else "told" if name in code else _prose(shown[name]) for name in data.columns]
    head = [element("th", name, scope="col", class_=each) for name, each in zip(data.columns, classes, strict=True)]
    body = []
    for row in shown.iter_rows():
        cells = [
            element("td", command(value) if name in code and value else _cell(value), class_=each)
            for name, value, each in zip(data.columns, row, classes, strict=True)
        ]
        body.append(element("tr", *cells))
    rest = f" The first {limit:,} of {data.height:,} rows." if data.height > limit else ""
    whole = element("table", element("caption", caption + rest), element("thead", element("tr", *head)), element("tbody", *body))
    return scroll(whole, f"Table: {caption}")


def _prose(cells: pl.Series) -> str | None:
    """Sentences keep a width that can be read; the table then scrolls instead of squeezing them."""
    longest = cells.str.len_chars().max() if cells.dtype == pl.String else 0
    return "prose" if longest and longest > 40 else None  # type: ignore[operator]


def _cell(value: object) -> Child:
    if value is None or value == "":
        return "–"
    return value if isinstance(value, str) else str(value)


def fold(summary: str, *inside: Child, about: str = "") -> Html:
    """Something for those who want to look closer, closed at first; `about` is only heard, where several folds bear one name."""
    heard = element("span", f" of: {about}", class_="sr") if about else None
    return element("details", element("summary", summary, heard), *inside)


def figure(title: str, finding: str, drawing: str, *after: Child, level: int = 3) -> Html:
    """A chart with its title, the finding in words, and what belongs below it (its table)."""
    caption = element("figcaption", element(f"h{level}", title), element("p", finding, class_="finding") if finding else None)
    return element("figure", caption, scroll(Html(drawing), f"Chart: {title}"), *after)


def empty(sentence: str) -> Html:
    """Why a section has nothing to show, and what would fill it."""
    return element("p", sentence, class_="empty")


def command(text: str) -> Html:
    """A command that a reader can type."""
    return element("code", text)


def section(anchor: str, title: str, *children: Child) -> Html:
    """A section of the page under its own heading; the table of contents links to `anchor`."""
    return element("section", element("h2", title, id=f"{anchor}-title"), *children, id=anchor, aria_labelledby=f"{anchor}-title")


def legend(*entries: tuple[str, str]) -> Html:
    """What the colours and shapes of the charts below mean: pairs of a swatch (a class of page.css) and words."""
    items = [element("li", element("span", class_=f"swatch {swatch}", aria_hidden="true"), words) for swatch, words in entries]
    return element("ul", *items, class_="legend")
