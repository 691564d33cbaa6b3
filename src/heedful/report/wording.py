"""How the page says numbers, days, concepts and places, and which command shows the rows behind them."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Mapping

import polars as pl

UNITS = {"{steps}": "steps", "/min": "a minute", "min": "min", "%": "%", "1": "", "{count}": "", "h": "h", "{doses}": "doses"}


def number(value: float | None) -> str:
    """A number as it is read: whole from 100 on, else with at most one decimal, below 1 two figures; an en dash where there is none.

    >>> number(12345.6), number(3.14), number(2.0), number(0.0413), number(None)
    ('12,346', '3.1', '2', '0.041', '–')
    """
    if value is None or value != value:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}".removesuffix(".0") if abs(value) >= 1 or value == 0 else f"{value:.2g}"


def figures(column: str) -> pl.Expr:
    """A column of numbers as they are read in a table: one decimal, below 1 two figures.

    >>> pl.DataFrame({"x": [12.34, 2.0, 0.0413, None]}).select(figures("x")).to_series().to_list()
    ['12.3', '2', '0.041', None]
    """
    value = pl.col(column).cast(pl.Float64)
    shown = pl.when(value.abs() < 1).then(value.round_sig_figs(2)).otherwise(value.round(1))
    return shown.cast(pl.String).str.replace(r"\.0$", "")


def counted(n: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "person", "people"), counted(2000, "record")
    ('1 person', '2,000 records')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def share(value: float | None) -> str:
    """A share as per cent, without pretending to more than it is worth.

    >>> share(0.5), share(0.004), share(0.9991)
    ('50 %', '< 1 %', '> 99 %')
    """
    if value is None or value != value:
        return "–"
    if 0 < value < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < value < 1 else f"{value * 100:.0f} %"


def probability(value: float | None) -> str:
    """A p or q value.

    >>> probability(0.00001), probability(0.0312), probability(None)
    ('< 0.001', '0.031', '–')
    """
    if value is None or value != value:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def day(value: datetime.date | None, *, year: bool = False) -> str:
    """A day as people write it.

    >>> day(datetime.date(2026, 3, 7)), day(datetime.date(2026, 3, 7), year=True)
    ('7 Mar', '7 Mar 2026')
    """
    if value is None:
        return "–"
    return f"{value.day} {value:%b %Y}" if year else f"{value.day} {value:%b}"


def span(first: datetime.date, last: datetime.date) -> str:
    """From a day to a day.

    >>> span(datetime.date(2026, 3, 7), datetime.date(2026, 4, 1))
    '7 Mar to 1 Apr 2026'
    """
    return f"{day(first, year=first.year != last.year)} to {day(last, year=True)}"


def instant(value: datetime.datetime) -> str:
    """An instant with its zone, to the minute.

    >>> instant(datetime.datetime(2026, 3, 7, 8, 5, tzinfo=datetime.timezone.utc))
    '7 Mar 2026, 08:05 UTC'
    """
    return f"{day(value.date(), year=True)}, {value:%H:%M} {value.tzname() or ''}".rstrip()


def name(code: str, names: Mapping[str, str]) -> str:
    """The preferred name of a concept or signal; without one, its code made readable.

    >>> name("HP:0001945", {"HP:0001945": "Fever"}), name("drug:sertraline", {}), name("ili_visits", {})
    ('Fever', 'Sertraline', 'Ili visits')
    """
    words = names.get(code) or code.removeprefix("drug:").replace("_", " ")
    return words[:1].upper() + words[1:]


def place_name(code: str, names: Mapping[str, str]) -> str:
    """The name of a place code.

    >>> place_name("world", {}), place_name("US/NY", {}), place_name("", {})
    ('everywhere', 'US/NY', 'no place')
    """
    return names.get(code) or {"world": "everywhere", "": "no place"}.get(code, code)


def feature_name(feature: str) -> str:
    """A feature without its definition.

    >>> feature_name("resting_heart_rate[nightsignal]")
    'Resting heart rate'
    """
    words = feature.split("[")[0].replace("_", " ")
    return words[:1].upper() + words[1:]


def definition(feature: str) -> str:
    """The definition that a feature carries in its name; empty if it has none.

    >>> definition("resting_heart_rate[nightsignal]")
    'nightsignal'
    """
    return feature.partition("[")[2].rstrip("]")


def unit_words(unit: str | None) -> str:
    """A UCUM unit in words."""
    return UNITS.get(unit or "", (unit or "").strip("{}"))


def short(pseudonym: str) -> str:
    """The beginning of a pseudonym: enough to tell people of one page apart."""
    return pseudonym if len(pseudonym) <= 10 else pseudonym[:8] + "…"


def explain(kind: str, *key: object) -> str:
    """The command that shows the rows behind a number.

    >>> explain("alarm", "ears.c2", "HP:0001945", "US/NY", "all", datetime.date(2026, 3, 7))
    'heedful explain alarm ears.c2 HP:0001945 US/NY all 2026-03-07'
    """
    return " ".join(["heedful explain", kind, *(shlex.quote(str(part)) for part in key)])
