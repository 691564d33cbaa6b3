"""FHIRPath, a stated subset: questions asked of FHIR resources (as JSON) in conditions and dynamic values of plan definitions.

Offered: literals (text, number, true, false, @date, quantity of calendar time such as 5 years, {}), paths with choice elements (`value`
finds valueQuantity), indexers, `%variables`, `$this`; operators `. [] + - * / div mod & | = != ~ !~ < <= > >= in contains and or xor
implies is as`; the functions named in `FUNCTIONS`. Anything else raises. Dates are compared as FHIR says: of different precision they give
no answer; arithmetic is on calendar dates. `today()` and `now()` need the caller's instant: nothing here reads a clock.

Reference: HL7 FHIRPath 2.0.0 (N1). It agrees with the HAPI engine where the reference cases of `plans.apply_plan_definition` ask.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from heedful.core.errors import HeedfulError

Items = list[Any]


class FhirPathError(HeedfulError):
    """An expression cannot be read, uses what is not offered, or asks for one value where there are several."""


@dataclass(frozen=True)
class Span:
    """A quantity of calendar time, such as 5 years."""

    number: int
    unit: str


@dataclass(frozen=True)
class Setting:
    """What an expression may look at beside its focus: `variables` (without %), the instant `now`, and `resolve` for references."""

    variables: Mapping[str, Any]
    now: datetime | None = None
    resolve: Callable[[str], Any] | None = None


def evaluate(expression: str, focus: Any, setting: Setting | None = None) -> Items:
    """The collection that `expression` gives when asked of `focus` (a resource or element as JSON; a list is a collection).

    >>> patient = {"resourceType": "Patient", "name": [{"given": ["Ann", "B."]}], "birthDate": "1980-05-01"}
    >>> evaluate("Patient.name.given.first() + '!'", patient), evaluate("name.where(family.exists())", patient)
    (['Ann!'], [])
    >>> evaluate("today() - 18 years >= birthDate", patient, Setting({}, datetime(2026, 1, 1)))
    [True]

    Errors: `FhirPathError`.
    """
    return _Evaluation(expression, setting or Setting({}), _items(focus)).run()


def is_true(expression: str, focus: Any, setting: Setting | None = None) -> bool:
    """Whether the expression gives exactly true; an empty answer is not true. Errors: `FhirPathError`, also for another kind of answer."""
    found = evaluate(expression, focus, setting)
    if found in ([], [False]):
        return False
    if found == [True] and found[0] is True:
        return True
    raise FhirPathError(f"{expression!r} gives {found!r}, not true or false; a condition must ask a yes-or-no question.")


def check_expression(expression: str) -> None:
    """Raise `FhirPathError` if the expression cannot be read; nothing is asked."""
    _parsed(expression)


_TOKENS = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^'\\]|\\.)*')
  | (?P<date>@(?:\d{4}(?:-\d\d(?:-\d\d)?)?(?:T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)?(?:Z|[+-]\d\d:\d\d)?)?|T\d\d(?::\d\d(?::\d\d)?)?))
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<variable>%(?:[A-Za-z_][\w-]*|`[^`]+`|'[^']+'))
  | (?P<this>\$(?:this|index|total))
  | (?P<name>[A-Za-z_]\w*|`[^`]+`)
  | (?P<sign>!=|!~|<=|>=|[-+*/&|=~<>().,\[\]{}])
    )""",
    re.VERBOSE,
)
_BINARY = {
    "implies": 1, "or": 2, "xor": 2, "and": 3, "in": 4, "contains": 4, "=": 5, "!=": 5, "~": 5, "!~": 5, "<": 6, "<=": 6, ">": 6, ">=": 6,
    "|": 7, "is": 8, "as": 8, "+": 9, "-": 9, "&": 9, "*": 10, "/": 10, "div": 10, "mod": 10,
}  # fmt: skip
_UNITS = ("year", "month", "week", "day", "hour", "minute", "second")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}

Node = tuple[Any, ...]


@lru_cache(maxsize=512)
def _parsed(expression: str) -> Node:
    return _Parser(expression).whole()


class _Parser:
    """Precedence climbing over the tokens of one expression."""

    def __init__(self, expression: str) -> None:
        self.expression, self.tokens, self.place = expression, list[tuple[str, str]](), 0
        at = 0
        text = expression.rstrip()
        while at < len(text):
            found = _TOKENS.match(text, at)
            if not found or found.end() == at:
                raise FhirPathError(f"{expression!r}: cannot be read from {text[at : at + 20]!r} on.")
            self.tokens.append((str(found.lastgroup), found.group(str(found.lastgroup))))
            at = found.end()

    def whole(self) -> Node:
        node = self.binary(0)
        if self.place < len(self.tokens):
            self.fail()
        return node

    def peek(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        if self.place >= len(self.tokens) or (wanted is not None and self.peek() != wanted):
            self.fail(wanted)
        self.place += 1
        return self.tokens[self.place - 1][1]

    def fail(self, wanted: str | None = None) -> None:
        seen = repr(self.peek()) if self.peek() else "its end"
        raise FhirPathError(f"{self.expression!r}: cannot be read at {seen}" + (f"; {wanted!r} was expected." if wanted else "."))

    def binary(self, least: int) -> Node:
        left = self.unary()
        while (sign := self.peek()) in _BINARY and _BINARY[sign] > least and self.tokens[self.place][0] in ("sign", "name"):
            self.take()
            right = ("type", self.type_name()) if sign in ("is", "as") else self.binary(_BINARY[sign])
            left = ("binary", sign, left, right)
        return left

    def type_name(self) -> str:
        name = self.take()
        while self.peek() == ".":
            self.take()
            name = self.take()
        return name.strip("`")

    def unary(self) -> Node:
        if self.peek() in ("-", "+"):
            return ("sign", self.take(), self.unary())
        return self.path()

    def path(self) -> Node:
        node = self.term()
        while self.peek() in (".", "["):
            if self.take() == "[":
                node = ("index", node, self.binary(0))
                self.take("]")
            else:
                node = self.invocation(node)
        return node

    def term(self) -> Node:
        if self.place >= len(self.tokens):
            self.fail()
        kind, text = self.tokens[self.place]
        if text == "(":
            self.take()
            inner = self.binary(0)
            self.take(")")
            return inner
        if text == "{":
            self.take()
            self.take("}")
            return ("empty",)
        if kind == "text":
            self.take()
            return ("literal", _unescaped(text[1:-1]))
        if kind == "number":
            return self.number()
        if kind == "date":
            self.take()
            return ("literal", text[1:])
        if kind == "variable":
            self.take()
            return ("variable", text[1:].strip("`'"))
        if kind == "this":
            self.take()
            return ("this", text)
        if text in ("true", "false"):
            self.take()
            return ("literal", text == "true")
        if kind == "name":
            return self.invocation(("focus",))
        self.fail()
        raise AssertionError

    def number(self) -> Node:
        text = self.take()
        value: Any = int(text) if text.isdigit() else Decimal(text)
        if self.peek().removesuffix("s") in _UNITS and self.tokens[self.place][0] == "name":
            return ("literal", Span(int(value), self.take().removesuffix("s")))
        return ("literal", value)

    def invocation(self, on: Node) -> Node:
        if self.place < len(self.tokens) and self.tokens[self.place][0] == "this":
            return ("this", self.take())
        if self.place >= len(self.tokens) or self.tokens[self.place][0] != "name":
            self.fail()
        name = self.take().strip("`")
        if self.peek() != "(":
            return ("member", on, name)
        self.take("(")
        arguments: list[Node] = []
        if name in ("ofType", "as", "is") and self.peek() != ")":
            arguments.append(("type", self.type_name()))
        while self.peek() != ")":
            arguments.append(self.binary(0))
            if self.peek() != ")":
                self.take(",")
        self.take(")")
        if name not in FUNCTIONS:
            raise FhirPathError(f"{self.expression!r}: the function {name}() is not offered; offered are {', '.join(sorted(FUNCTIONS))}.")
        return ("function", on, name, tuple(arguments))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", lambda m: chr(int(m[1][1:], 16)) if len(m[1]) == 5 else _ESCAPES.get(m[1], m[1]), text)


@dataclass
class _Evaluation:
    """One expression asked of one focus."""

    expression: str
    setting: Setting
    root: Items

    def run(self) -> Items:
        return self.value(_parsed(self.expression), self.root, self.root)

    def fail(self, why: str) -> FhirPathError:
        return FhirPathError(f"{self.expression!r}: {why}")

    def value(self, node: Node, focus: Items, this: Items) -> Items:
        """`focus` is what a bare name is looked up in; `this` what $this says."""
        kind = node[0]
        if kind == "literal":
            return [node[1]]
        if kind == "empty":
            return []
        if kind == "focus":
            return focus
        if kind == "this":
            if node[1] != "$this":
                raise self.fail(f"{node[1]} is not offered.")
            return this
        if kind == "variable":
            return self.variable(node[1])
        if kind == "member":
            return _member(self.value(node[1], focus, this), node[2])
        if kind == "index":
            place = self.single(self.value(node[2], self.root, this))
            items = self.value(node[1], focus, this)
            return [items[place]] if isinstance(place, int) and 0 <= place < len(items) else []
        if kind == "sign":
            number = self.single(self.value(node[2], focus, this))
            return [] if number is None else [-number if node[1] == "-" else number]
        if kind == "function":
            return FUNCTIONS[node[2]](self, self.value(node[1], focus, this), node[3], this)
        return self.binary(node, focus, this)

    def variable(self, name: str) -> Items:
        if name not in self.setting.variables:
            raise self.fail(
                f"there is no variable %{name} here; there are {', '.join(f'%{one}' for one in sorted(self.setting.variables))}."
            )
        return _items(self.setting.variables[name])

    def single(self, items: Items) -> Any:
        """The one item, None if there is none."""
        if len(items) > 1:
            raise self.fail(f"one value was expected, there are {len(items)}; take first() or where(...).")
        return items[0] if items else None

    def truth(self, items: Items) -> bool | None:
        one = self.single(items)
        return one if one is None or isinstance(one, bool) else True

    def binary(self, node: Node, focus: Items, this: Items) -> Items:
        sign = node[1]
        left = self.value(node[2], focus, this)
        if sign in ("is", "as"):
            fits = [item for item in left if _has_type(item, node[3][1])]
            return fits if sign == "as" else [bool(fits)] if left else []
        right = self.value(node[3], focus, this)
        if sign in ("and", "or", "xor", "implies"):
            return _logic(sign, self.truth(left), self.truth(right))
        if sign == "|":
            return _distinct([*left, *right])
        if sign in ("=", "!="):
            equal = _equal_collections(left, right)
            return [] if equal is None else [equal == (sign == "=")]
        if sign in ("~", "!~"):
            return [_equivalent(left, right) == (sign == "~")]
        if sign == "in":
            return [any(_equal(self.single(left), item) for item in right)] if left else []
        if sign == "contains":
            return [any(_equal(self.single(right), item) for item in left)] if right else []
        one, other = self.single(left), self.single(right)
        if sign == "&":
            return ["".join("" if part is None else _string(part) for part in (one, other))]
        if one is None or other is None:
            return []
        if sign in ("<", "<=", ">", ">="):
            return self.order(sign, one, other)
        return self.arithmetic(sign, one, other)

    def order(self, sign: str, one: Any, other: Any) -> Items:
        numeric = _is_number(one) and _is_number(other)
        if not numeric and not (isinstance(one, str) and isinstance(other, str)):
            raise self.fail(f"{one!r} and {other!r} cannot be put in order.")
        if isinstance(one, str) and _DATE.match(one) and _DATE.match(other) and len(one) != len(other):
            return _by_precision(sign, one, other)
        return [{"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[sign]]

    def arithmetic(self, sign: str, one: Any, other: Any) -> Items:
        if isinstance(other, Span) and isinstance(one, str) and sign in "+-":
            return [_moved(one, other, 1 if sign == "+" else -1)]
        if sign == "+" and isinstance(one, str) and isinstance(other, str):
            return [one + other]
        if not (_is_number(one) and _is_number(other)):
            raise self.fail(f"{sign} cannot be taken of {one!r} and {other!r}.")
        a: Any = Decimal(str(one)) if isinstance(one, float) else one
        b: Any = Decimal(str(other)) if isinstance(other, float) else other
        if sign in ("/", "div", "mod") and b == 0:
            return []
        if sign == "/":
            return [Decimal(a) / Decimal(b)]
        if sign == "div":
            return [int(Decimal(a) / Decimal(b))]
        if sign == "mod":
            return [a - b * int(Decimal(a) / Decimal(b))]
        return [a + b if sign == "+" else a - b if sign == "-" else a * b]

    def instant(self) -> datetime:
        if self.setting.now is None:
            raise self.fail("today() and now() need an instant, and none was given.")
        return self.setting.now


def _items(value: Any) -> Items:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def _member(items: Items, name: str) -> Items:
    """Elements of this name; the type's name at a resource is the resource; a choice element is found by its stem."""
    found: Items = []
    for item in items:
        if not isinstance(item, Mapping):
            continue
        if item.get("resourceType") == name:
            found.append(item)
        elif name in item:
            found += _items(item[name])
        else:
            choices = [key for key in item if key.startswith(name) and key[len(name) : len(name) + 1].isupper()]
            if len(choices) == 1:
                found += _items(item[choices[0]])
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _string(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float | Decimal):
        raise FhirPathError(f"{value!r} has no text; name one of its elements.")
    return str(value)


_DATE = re.compile(r"^\d{4}(-\d\d(-\d\d(T.*)?)?)?$")


def _by_precision(sign: str, one: str, other: str) -> Items:
    """Order of dates of different precision: known only where the common part differs."""
    common = min(len(one), len(other))
    if one[:common] == other[:common]:
        return []
    return [(one[:common] < other[:common]) == (sign in ("<", "<="))]


def _moved(when: str, span: Span, way: int) -> str:
    """A date or dateTime moved by calendar time; the day is cut to the month's length."""
    if not _DATE.match(when) or len(when) < 10:
        raise FhirPathError(f"{when!r} is not a date to the day; calendar time cannot be added.")
    day, rest, count = date.fromisoformat(when[:10]), when[10:], way * span.number
    if span.unit in ("hour", "minute", "second"):
        if not rest:
            raise FhirPathError(f"{when!r} is a date; {span.unit}s cannot be added to it.")
        moved = datetime.fromisoformat(when.replace("Z", "+00:00")) + timedelta(**{f"{span.unit}s": count})
        return moved.isoformat().replace("+00:00", "Z")
    if span.unit in ("week", "day"):
        return (day + timedelta(days=count * (7 if span.unit == "week" else 1))).isoformat() + rest
    months = day.year * 12 + day.month - 1 + count * (12 if span.unit == "year" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1])).isoformat() + rest


def _equal(one: Any, other: Any) -> bool:
    if _is_number(one) and _is_number(other):
        return Decimal(str(one)) == Decimal(str(other))
    return type(one) is type(other) and bool(one == other)


def _equal_collections(left: Items, right: Items) -> bool | None:
    if not left or not right:
        return None
    if len(left) == len(right) == 1 and all(isinstance(item, str) and _DATE.match(item) for item in (*left, *right)):
        one, other = left[0], right[0]
        if len(one) != len(other):
            return False if one[: min(len(one), len(other))] != other[: min(len(one), len(other))] else None
    return len(left) == len(right) and all(_equal(one, other) for one, other in zip(left, right, strict=True))


def _equivalent(left: Items, right: Items) -> bool:
    """As equal, but order, case and runs of blanks do not count, and empty is like empty."""
    rest = [_folded(item) for item in right]
    for item in left:
        if _folded(item) not in rest:
            return False
        rest.remove(_folded(item))
    return not rest


def _folded(item: Any) -> Any:
    return " ".join(item.lower().split()) if isinstance(item, str) else item


def _distinct(items: Items) -> Items:
    found: Items = []
    for item in items:
        if not any(_equal(item, other) for other in found):
            found.append(item)
    return found


def _logic(sign: str, one: bool | None, other: bool | None) -> Items:
    """Three-valued logic; None is empty."""
    if sign == "and":
        answer = False if one is False or other is False else None if one is None or other is None else True
    elif sign == "or":
        answer = True if one is True or other is True else None if one is None or other is None else False
    elif sign == "xor":
        answer = None if one is None or other is None else one != other
    else:
        answer = True if one is False or other is True else None if one is None or other is None else False
    return [] if answer is None else [answer]


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda item: isinstance(item, str), "boolean": lambda item: isinstance(item, bool),
    "integer": lambda item: isinstance(item, int) and not isinstance(item, bool), "decimal": lambda item: isinstance(item, float | Decimal),
    "quantity": lambda item: isinstance(item, Mapping) and "value" in item, "date": lambda item: isinstance(item, str) and len(item) <= 10
    and bool(_DATE.match(item)), "datetime": lambda item: isinstance(item, str) and bool(_DATE.match(item)),
    "coding": lambda item: isinstance(item, Mapping) and "code" in item,
    "codeableconcept": lambda item: isinstance(item, Mapping) and ("coding" in item or "text" in item),
    "reference": lambda item: isinstance(item, Mapping) and "reference" in item,
}  # fmt: skip


def _has_type(item: Any, name: str) -> bool:
    if isinstance(item, Mapping) and "resourceType" in item:
        return bool(item["resourceType"] == name)
    if name.lower() not in _TYPES:
        if name[:1].isupper() and isinstance(item, Mapping):
            return False
        raise FhirPathError(f"The type {name} is not offered; offered are resource types and {', '.join(sorted(_TYPES))}.")
    return _TYPES[name.lower()](item)


Function = Callable[[_Evaluation, Items, tuple[Node, ...], Items], Items]


def _where(run: _Evaluation, items: Items, arguments: tuple[Node, ...], this: Items) -> Items:
    if not arguments:
        return items
    return [item for item in items if run.truth(run.value(arguments[0], [item], [item])) is True]


def _select(run: _Evaluation, items: Items, arguments: tuple[Node, ...], this: Items) -> Items:
    return [found for item in items for found in run.value(arguments[0], [item], [item])]


def _all(run: _Evaluation, items: Items, arguments: tuple[Node, ...], this: Items) -> Items:
    return [len(_where(run, items, arguments, this)) == len(items)]


def _iif(run: _Evaluation, items: Items, arguments: tuple[Node, ...], this: Items) -> Items:
    if run.truth(run.value(arguments[0], items, this)) is True:
        return run.value(arguments[1], items, this)
    return run.value(arguments[2], items, this) if len(arguments) > 2 else []


def _resolve(run: _Evaluation, items: Items, arguments: tuple[Node, ...], this: Items) -> Items:
    if run.setting.resolve is None:
        raise run.fail("resolve() needs the resources, and none were given.")
    references = [item["reference"] if isinstance(item, Mapping) else item for item in items]
    return [found for reference in references if (found := run.setting.resolve(reference)) is not None]


def _of_type(run: _Evaluation, items: Items, arguments: tuple[Node, ...], this: Items) -> Items:
    return [item for item in items if _has_type(item, arguments[0][1])]


def _is(run: _Evaluation, items: Items, arguments: tuple[Node, ...], this: Items) -> Items:
    one = run.single(items)
    return [] if one is None else [_has_type(one, arguments[0][1])]


def _extension(run: _Evaluation, items: Items, arguments: tuple[Node, ...], this: Items) -> Items:
    url = run.single(run.value(arguments[0], items, this))
    return [found for found in _member(items, "extension") if isinstance(found, Mapping) and found.get("url") == url]


def _not(run: _Evaluation, items: Items, arguments: tuple[Node, ...], this: Items) -> Items:
    truth = run.truth(items)
    return [] if truth is None else [not truth]


def _plain(of: Callable[[Items], Items]) -> Function:
    """A function of the collection alone."""
    return lambda run, items, arguments, this: of(items)


def _combined(of: Callable[[Items, Items], Items]) -> Function:
    """A function of two collections; the argument is asked of the root."""
    return lambda run, items, arguments, this: of(items, run.value(arguments[0], run.root, this))


def _of_one(of: Callable[..., Any]) -> Function:
    """A function of one value and single arguments; no value, or a missing argument's value, gives none."""

    def called(run: _Evaluation, items: Items, arguments: tuple[Node, ...], this: Items) -> Items:
        one = run.single(items)
        given = [run.single(run.value(argument, run.root, this)) for argument in arguments]
        if one is None or any(value is None for value in given):
            return []
        try:
            answer = of(one, *given)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise run.fail(f"a function cannot be taken of {one!r} ({error}).") from error
        return [] if answer is None else _items(answer)

    return called


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _substring(text: str, start: int, length: int | None = None) -> str | None:
    if not 0 <= start < len(_text(text)):
        return None
    return text[start:] if length is None else text[start : start + max(length, 0)]


def _whole(value: Any) -> int | None:
    return int(value) if re.fullmatch(r"[+-]?\d+", _string(value)) else 1 if value is True else 0 if value is False else None


FUNCTIONS: Mapping[str, Function] = {
    "empty": _plain(lambda items: [not items]),
    "exists": lambda run, items, arguments, this: [bool(_where(run, items, arguments, this))],
    "where": _where, "select": _select, "all": _all, "iif": _iif, "resolve": _resolve, "ofType": _of_type, "as": _of_type, "is": _is,
    "extension": _extension, "not": _not,
    "hasValue": _plain(lambda items: [len(items) == 1 and not isinstance(items[0], Mapping)]),
    "count": _plain(lambda items: [len(items)]), "distinct": _plain(_distinct),
    "isDistinct": _plain(lambda items: [len(_distinct(items)) == len(items)]),
    "allTrue": _plain(lambda items: [all(item is True for item in items)]),
    "anyTrue": _plain(lambda items: [any(item is True for item in items)]),
    "first": _plain(lambda items: items[:1]), "last": _plain(lambda items: items[-1:]), "tail": _plain(lambda items: items[1:]),
    "single": lambda run, items, arguments, this: [] if (one := run.single(items)) is None else [one],
    "skip": lambda run, items, arguments, this: items[max(0, int(run.single(run.value(arguments[0], run.root, this)))) :],
    "take": lambda run, items, arguments, this: items[: max(0, int(run.single(run.value(arguments[0], run.root, this))))],
    "union": _combined(lambda items, other: _distinct([*items, *other])), "combine": _combined(lambda items, other: [*items, *other]),
    "intersect": _combined(lambda items, other: _distinct([item for item in items if any(_equal(item, one) for one in other)])),
    "exclude": _combined(lambda items, other: [item for item in items if not any(_equal(item, one) for one in other)]),
    "subsetOf": _combined(lambda items, other: [all(any(_equal(item, one) for one in other) for item in items)]),
    "startsWith": _of_one(lambda text, part: _text(text).startswith(part)),
    "endsWith": _of_one(lambda text, part: _text(text).endswith(part)),
    "contains": _of_one(lambda text, part: part in _text(text)), "indexOf": _of_one(lambda text, part: _text(text).find(part)),
    "lower": _of_one(lambda text: _text(text).lower()), "upper": _of_one(lambda text: _text(text).upper()),
    "trim": _of_one(lambda text: _text(text).strip()), "length": _of_one(lambda text: len(_text(text))), "substring": _of_one(_substring),
    "replace": _of_one(lambda text, old, new: _text(text).replace(old, new)), "split": _of_one(lambda text, part: _text(text).split(part)),
    "matches": _of_one(lambda text, pattern: re.search(pattern, _text(text)) is not None),
    "join": lambda run, items, arguments, this: [
        (str(run.single(run.value(arguments[0], run.root, this))) if arguments else "").join(_text(item) for item in items)
    ],
    "toString": _of_one(_string), "toInteger": _of_one(_whole), "toDecimal": _of_one(lambda value: Decimal(_string(value))),
    "abs": _of_one(abs), "floor": _of_one(lambda value: int(value // 1)), "ceiling": _of_one(lambda value: int(-(-value // 1))),
    "round": _of_one(lambda value, places=0: round(Decimal(str(value)), places)),
    "today": lambda run, items, arguments, this: [run.instant().date().isoformat()],
    "now": lambda run, items, arguments, this: [run.instant().isoformat().replace("+00:00", "Z")],
}  # fmt: skip
"""Every function that may be called."""
