"""Names that are not there: the error that says so, with the nearest one that is."""

from __future__ import annotations

from collections.abc import Iterable

from toyvm.arguments import short
from toyvm.errors import UnknownNameError


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """The error for a `kind` of thing called `name`, with a suggestion from `known`."""
    near = nearest(name, known)
    return UnknownNameError(f"no {kind} {short(name)}" + (f"; did you mean {near}?" if near else ""))


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The one of `known` that `name` may be a slip of."""
    from difflib import get_close_matches

    near = get_close_matches(str(name), list(known), 1)
    return near[0] if near else None
