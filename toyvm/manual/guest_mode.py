"""The manual's chapter on guest mode: what the hardware of level assist offers a monitor."""

from __future__ import annotations

from toyvm.isa.guest_mode import AREA, EXITS, INTERCEPTS, NESTED_RULES, RULES, Side
from toyvm.manual.document import Chapter, Points, Table


def guest_mode_chapter() -> Chapter:
    return Chapter(
        "Guest mode",
        (
            Points(RULES),
            "The guest-state area:",
            Table(("member", "who writes it", "meaning"), tuple((row.name, row.side, row.description) for row in AREA)),
            "The intercept mask. Bits without a row are reserved.",
            _intercepts(),
            "Codes of exits:",
            Table(
                ("exit", "code", "tval", "meaning"),
                tuple((row.name, str(row.code), row.tval, row.description) for row in EXITS),
            ),
            "Nested tables:",
            Points(NESTED_RULES),
        ),
    )


def _intercepts() -> Table:
    return Table(
        ("intercept", "bit", "always", "exits before"),
        tuple((row.name, str(row.bit), "yes" if row.always else "", row.description) for row in INTERCEPTS),
    )


assert {row.side for row in AREA} == set(Side)
