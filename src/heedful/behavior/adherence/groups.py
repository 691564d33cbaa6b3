"""A CMA for each group of medications, groups being logical expressions over the events' columns.

Follow-up and observation window are the patient's, not the group's. All patients appear in every group, missing where the group has none of
their events; what no group holds makes up `__ALL_OTHERS__`. Equal to AdhereR 0.8.1's medication groups; expressions are R's, of which this
subset is understood: == != < <= > >= %in% c(…), & | !, parentheses, text, numbers, TRUE and FALSE, column names, {other group}.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from heedful.behavior.adherence.continuous import cma
from heedful.behavior.adherence.windows import Units, carry, check, events, plain, windows
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

ALL_OTHERS = "__ALL_OTHERS__"
_ARGUMENTS = ("measure", "medication_groups", "flatten_medication_groups", "follow_up_window_start_per_medication_group")
_TOKEN = re.compile(
    r"\s*(?:(?P<group>\{[^}]*\})|(?P<text>'[^']*'|\"[^\"]*\")|(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?)|(?P<operator>%in%|==|!=|<=|>=|&&?|\|\|?|[<>!(),-])"
    r"|(?P<name>[A-Za-z_.][\w.]*))"
)
_COMPARE = ("==", "!=", "<", "<=", ">", ">=")


def group_filters(groups: Mapping[str, str], columns: list[str]) -> dict[str, pl.Expr]:
    """One filter a group, `ALL_OTHERS` last. Raises `SettingsError` on an expression that is not understood, with its place.

    >>> filters = group_filters({"A": "class == 'a'", "B": "{A} & dose > 2"}, ["class", "dose"])
    >>> pl.DataFrame({"class": ["a", "a", "b"], "dose": [1, 3, 3]}).select(**filters).rows()
    [(True, False, False), (True, True, False), (False, False, True)]
    """
    filters: dict[str, pl.Expr] = {}
    for name in groups:
        _resolve(name, groups, columns, filters, ())
    ordered = {name: filters[name] for name in groups}
    return ordered | {ALL_OTHERS: ~pl.any_horizontal(list(ordered.values()))}


@method(Card(
    name="adherence.continuous_medication_availability_by_group",
    definition="CMA1 to CMA9 for each group of medications that a logical expression selects.",
    units="1",
    reference="Dima and Dediu 2017, PLoS ONE 12:e0174426",
    equals="AdhereR 0.8.1 with medication.groups, to rounding",
    limits="Windows are the patient's, not the group's: a drug begun late looks poorly taken.",
))  # fmt: skip
def run_by_group(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: one row a group and patient."""
    check("adherence.continuous_medication_availability_by_group", arguments, _ARGUMENTS)
    if not arguments.get("flatten_medication_groups", True):
        raise SettingsError("Groups come as one flat table; ask for flatten_medication_groups true.")
    if not isinstance(arguments["medication_groups"], Mapping):
        raise SettingsError("medication_groups is a name and an expression for each group; a column's name is not taken for its groups.")
    table = inputs["events"]
    held = events(table)
    units = windows(held, arguments)
    out: dict[str, list[Any]] = {"patient_id": [], "adherence": [], "medication_group": []}
    for name, chosen in group_filters(dict(arguments["medication_groups"]), table.columns).items():
        part = table.filter(chosen.fill_null(value=False))
        if part.is_empty():
            continue
        kept = events(part)
        at = pl.DataFrame({"patient": kept.patients}).join(held.patients.to_frame("patient").with_row_index("at"), on="patient", how="left")
        mine = at.get_column("at").to_numpy()
        spans = (units.follow_up_start, units.follow_up_end, units.start, units.end)
        of_group = Units(units.patient[: len(mine)], *(span[mine] for span in spans))
        if arguments.get("follow_up_window_start_per_medication_group"):
            of_group = windows(kept, arguments)
        found = cma(str(arguments["measure"]), kept, of_group, carry(arguments))
        values: list[float | None] = [None] * len(held.patients)
        for place, value in zip(mine.tolist(), plain(found), strict=True):
            values[place] = value
        out["patient_id"] += held.patients.to_list()
        out["adherence"] += values
        out["medication_group"] += [name] * len(values)
    return out


def _resolve(name: str, groups: Mapping[str, str], columns: list[str], done: dict[str, pl.Expr], above: tuple[str, ...]) -> pl.Expr:
    if name in above:
        raise SettingsError(f"The medication group {name} is defined by itself: {' -> '.join((*above, name))}. Break the circle.")
    if name not in groups:
        raise SettingsError(f"There is no medication group {name}; there are {', '.join(groups)}.")
    if name not in done:
        done[name] = _Parser(name, groups[name], columns, lambda other: _resolve(other, groups, columns, done, (*above, name))).whole()
    return done[name]


@dataclass
class _Parser:
    """Recursive descent over one expression."""

    name: str
    source: str
    columns: list[str]
    group: Callable[[str], pl.Expr]

    def __post_init__(self) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(self.source.rstrip()):
            found = _TOKEN.match(self.source, at)
            if not found:
                raise self._trouble(f"cannot be read from {self.source[at : at + 20]!r} on")
            self.tokens.append((str(found.lastgroup), found.group().strip()))
            at = found.end()
        self.at = 0

    def whole(self) -> pl.Expr:
        out = self._either()
        if self.at < len(self.tokens):
            raise self._trouble(f"goes on with {self.tokens[self.at][1]!r} after its end")
        return out

    def _either(self) -> pl.Expr:
        out = self._both()
        while self._take("|", "||"):
            out = out | self._both()
        return out

    def _both(self) -> pl.Expr:
        out = self._negation()
        while self._take("&", "&&"):
            out = out & self._negation()
        return out

    def _negation(self) -> pl.Expr:
        return ~self._negation() if self._take("!") else self._comparison()

    def _comparison(self) -> pl.Expr:
        left = self._value()
        if self._take("%in%"):
            return left.is_in(self._list())
        operator = self._take(*_COMPARE)
        if not operator:
            return left
        right = self._value()
        sides = {"==": left == right, "!=": left != right, "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
        return sides[operator]

    def _value(self) -> pl.Expr:
        if self._take("("):
            inner = self._either()
            self._expect(")")
            return inner
        if self._take("-"):
            return -self._value()
        if self.at >= len(self.tokens):
            raise self._trouble("ends where a value is needed")
        kind, word = self.tokens[self.at]
        self.at += 1
        if kind == "group":
            return self.group(word[1:-1])
        if kind in ("text", "number"):
            return pl.lit(_constant(kind, word))
        if word in ("TRUE", "FALSE"):
            return pl.lit(word == "TRUE")
        if kind == "name" and word in self.columns:
            return pl.col(word)
        raise self._trouble(f"names {word!r}, which is no column; there are {', '.join(self.columns)}")

    def _list(self) -> list[Any]:
        if self._take("c"):
            self._expect("(")
        else:
            raise self._trouble("needs c(…) after %in%")
        out = []
        while not self._take(")"):
            if self.at >= len(self.tokens):
                raise self._trouble("ends within c(…)")
            kind, word = self.tokens[self.at]
            if kind in ("text", "number"):
                out.append(_constant(kind, word))
            self.at += 1
        return out

    def _take(self, *words: str) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at][1] in words:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return ""

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._trouble(f"lacks a {word!r}")

    def _trouble(self, what: str) -> SettingsError:
        return SettingsError(f"The medication group {self.name}, {self.source!r}, {what}. Write it like \"class == 'a' & daily_dose > 2\".")


def _constant(kind: str, word: str) -> str | float:
    return word[1:-1] if kind == "text" else float(word)
