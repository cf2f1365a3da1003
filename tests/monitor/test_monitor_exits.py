"""Exits are exact: each counted once, whatever the host had to do before it could be handled."""

from __future__ import annotations

import pytest

from toyvm import Host, assemble_text
from toyvm.image import Image

BYTES = 40_000  # more than the console's buffer holds, twice


def talkative() -> Image:
    return assemble_text(
        f"""
_start:
    li   s0, {BYTES}
1:  in   a0, 1
    out  0, a0
    addi s0, s0, -1
    bnez s0, 1b
    out  8, zero
""",
        "talkative.s",
    ).image


@pytest.mark.parametrize("observed", [False, True])
def test_an_exit_that_had_to_wait_for_the_host_counts_once_and_is_shown_once(observed: bool) -> None:
    data = bytes(n % 251 for n in range(BYTES))
    shown: dict[str, int] = {}

    def look(event: object) -> None:
        reason = event.reason  # type: ignore[attr-defined]
        shown[reason] = shown.get(reason, 0) + 1

    with Host() as host, host.guest("trap", "1M", input=data) as guest:
        guest.load(talkative())
        if observed:
            guest.observe(look, ["in", "out"])
        guest.run()
        assert guest.output == data
        assert {name: guest.exits[name] for name in ("in", "out")} == {"in": BYTES, "out": BYTES + 1}
    if observed:
        assert shown == {"in": BYTES, "out": BYTES + 1}


SHADOWED = """
_start:
    li   s0, 100
    li   s1, 0x20000
1:  ld   t0, 0(s1)
    sd   t0, 0(s1)
    tlbi s1
    addi s0, s0, -1
    bnez s0, 1b
    out  8, zero
"""


@pytest.mark.parametrize(("technique", "fills"), [("trap", 1), ("trap+flush", 100)])
def test_a_page_is_filled_once_until_it_is_forgotten(technique: str, fills: int) -> None:
    with Host() as host, host.guest(technique, "1M") as guest:
        guest.load(assemble_text(SHADOWED, "shadowed.s").image)
        guest.run()
        assert guest.exits["tlbi"] == 100
        assert guest.exits["shadow_page_fault"] == fills + 1, "the data's page, and the code's once"
        assert not guest.exits.get("guest_page_fault")
