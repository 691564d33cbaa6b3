"""Reading the same texts once, though several derivations ask: mentions, experiences and labels come one after the other in a run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

import polars as pl

With = ParamSpec("With")


def remembered(read: Callable[Concatenate[pl.Series, With], pl.DataFrame]) -> Callable[Concatenate[pl.Series, With], pl.DataFrame]:
    """`read` that answers from memory when it is asked again for the texts it was asked for last, with the same objects beside them.

    They are compared text by text, which takes a hundredth of the time of reading them. A frame is never changed in place, so that
    callers may share one.
    """
    last: list[tuple[pl.Series, tuple[object, ...], pl.DataFrame]] = []

    def reading(texts: pl.Series, /, *given: With.args, **named: With.kwargs) -> pl.DataFrame:
        beside = (*given, *named.values())
        for known, before, found in tuple(last):
            if [*map(id, before)] == [*map(id, beside)] and known.equals(texts, check_dtypes=True):
                return found
        found = read(texts, *given, **named)
        last[:] = [(texts, beside, found)]
        return found

    functools.update_wrapper(reading, read)
    return reading
