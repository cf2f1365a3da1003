"""Names that are not there: the error that says so, with the nearest one that is."""

from __future__ import annotations

from collections.abc import Iterable

from toyvm.errors import UsageError


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UsageError:
    """The error for a `kind` of thing called `name`, with a suggestion from `known`."""
    from difflib import get_close_matches

    near = get_close_matches(str(name), list(known), 1)
    return UsageError(f"no {kind} {name!r}" + (f"; did you mean {near[0]}?" if near else ""))
