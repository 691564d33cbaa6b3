"""Labels are types: who may see a number travels with it (DESIGN, "Doors and labels").

A label is a class used only as a type argument: ``Frame[Public, Posts]``, ``Frame[Consented[Care], Features]``. The classes
have no instances; at run time a frame carries the same class (or generic alias), so that an illegal flow that escaped the type
checker still raises `LabelError`.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar, get_args, get_origin


class Purpose:
    """What a participant agreed to; never instantiated."""


class Care(Purpose):
    """Care of this very person: timeline, plan, decisions."""


class Research(Purpose):
    """Named research; never flows back into care."""


class PublicHealth(Purpose):
    """Contribution to regional series, through the disclosure door."""


class Held(Purpose):
    """Stored because at least one purpose is, or was, agreed to. It can be kept up to date by derivations, and nothing else:
    a reader asks the consent door for a real purpose first."""


P = TypeVar("P", bound=Purpose)


class Label:
    """Base of the four labels; never instantiated."""


class Raw(Label):
    """Just read; may hold identifiers. Only a door may look inside."""


class Public(Label):
    """Said in public; the author is a pseudonym of the public space, identifiers are stripped."""


class Consented(Label, Generic[P]):
    """A participant's, under purpose `P`; the pseudonym is of the participant space."""


class Aggregate(Label):
    """No row stands for a person."""


PURPOSES: dict[str, type[Purpose]] = {"care": Care, "research": Research, "public_health": PublicHealth}


def describe(label: Any) -> str:
    """The label as a user reads it.

    >>> describe(Consented[Care])
    'Consented[Care]'
    """
    if get_origin(label) is Consented:
        return f"Consented[{get_args(label)[0].__name__}]"
    return str(getattr(label, "__name__", label))


def admits(wanted: Any, given: Any, bound: dict[TypeVar, Any]) -> bool:
    """Whether a value labelled `given` may go where `wanted` is written; type variables are bound on first sight.

    >>> admits(Consented[P], Consented[Care], {}), admits(Consented[Care], Consented[Research], {})
    (True, False)
    """
    if isinstance(wanted, TypeVar):
        return bool(bound.setdefault(wanted, given) == given)
    if get_origin(wanted) is Consented and get_origin(given) is Consented:
        return admits(get_args(wanted)[0], get_args(given)[0], bound)
    return bool(wanted == given)
