"""A `Frame[Label, Schema]` is the only thing that travels between rooms: rows, what they are, and who may see them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

import polars as pl

from heedful.core.errors import LabelError
from heedful.core.labels import Label, Raw, admits, describe
from heedful.core.schemas import Schema

L = TypeVar("L", bound=Label)
S = TypeVar("S", bound=Schema)
T = TypeVar("T", bound=Schema)
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_SEALED = object()


class Frame(Generic[L, S]):
    """Rows of one schema under one label; immutable.

    Made only by a door, a store or a source (`heedful.core.seals`), or from another frame by `derive`, which keeps the label.
    `data` are the rows as a polars DataFrame with exactly the schema's columns; a `Raw` frame hides them.

    Errors: `LabelError` when the rows of a `Raw` frame are asked for; `SchemaError` when rows do not fit the schema.
    """

    __slots__ = ("_data", "label", "schema")

    def __init__(self, token: object, data: pl.DataFrame, label: Any, schema: type[S]) -> None:
        if token is not _SEALED:
            raise LabelError(
                "A Frame cannot be made from bare rows: a label is a promise that only a door can give. "
                "Pass the rows through a door (heedful.trust.doors), or use frame.derive() to keep a label."
            )
        self._data = schema.check(data)
        self.label = label
        self.schema = schema

    @property
    def data(self) -> pl.DataFrame:
        """The rows. Raises `LabelError` on a `Raw` frame: it may hold names, and only a door may look."""
        if self.label is Raw:
            raise LabelError(
                f"Raw rows of {self.schema.table} may hold identifiers. Send them through the public door or the consent door first."
            )
        return self._data

    def derive(self, schema: type[T], data: pl.DataFrame) -> Frame[L, T]:
        """New rows computed from this frame's: same label, new schema. Missing nullable columns are added as nulls."""
        return Frame(_SEALED, data, self.label, schema)

    def __len__(self) -> int:
        return self._data.height

    def __repr__(self) -> str:
        return f"Frame[{describe(self.label)}, {self.schema.__name__}] of {len(self):,} rows"


def checked(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Check every `Frame` argument of `function` against its annotation at each call; the run-time half of the label types.

    A type variable in the annotations means the same label at every place of one call. Raises `LabelError`.
    """

    @functools.wraps(function)
    def call(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        admit(function, arguments, named)
        return function(*arguments, **named)

    return call


def admit(function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Raise `LabelError` unless every frame among the arguments is what the annotations of `function` ask for."""
    hints, signature = _contract(function)
    bound: dict[TypeVar, Any] = {}
    for name, value in signature.bind(*arguments, **named).arguments.items():
        wanted = hints.get(name)
        if get_origin(wanted) is Frame:
            _admit_one(function, name, wanted, value, bound)


@functools.cache
def _contract(function: Callable[..., Any]) -> tuple[dict[str, Any], inspect.Signature]:
    return get_type_hints(function), inspect.signature(function)


def _admit_one(function: Callable[..., Any], name: str, wanted: Any, value: Any, bound: dict[TypeVar, Any]) -> None:
    place = f"{function.__qualname__}({name}=…)"
    if not isinstance(value, Frame):
        raise LabelError(f"{place} wants a labelled Frame and was given {type(value).__name__}: rows without a label have no promise.")
    label, schema = get_args(wanted)
    if not admits(label, value.label, bound):
        shown = bound.get(label, label)
        raise LabelError(
            f"{place} takes {describe(shown)} and was given {describe(value.label)}. This flow is not allowed (DESIGN, doors and labels); "
            "data changes its label only at a door."
        )
    if not isinstance(schema, TypeVar) and value.schema is not schema:
        raise LabelError(f"{place} takes rows of {schema.__name__} and was given {value.schema.__name__}.")
